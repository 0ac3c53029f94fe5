"""GFPGAN: what the engine makes of a face is what the package's module makes, byte for byte again.

Weights are seeded, so that a face is not restored, only computed.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from restoration.engine.faces.gfpgan import FaceNetwork
from restoration.errors import CircumstanceError, ConfigError, ScanError
from restoration.networks.architectures.gfpgan import GfpganParameters
from restoration.networks.fetch import fetch
from restoration.networks.load import load_face_restorer, load_network
from restoration.networks.manifest import Weights
from support import by_parameters
from support.seeded_faces import OFFICIAL, SMALL, seeded_face, seeded_module

CPU = torch.device("cpu")

LEVELS = 65535 / 2
"""Levels of a 16-bit image in one unit of the network's [-1, 1]."""


def official(module: torch.nn.Module, face: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        made: torch.Tensor = module(face, return_rgb=False, randomize_noise=False)[0]
    return made


def difference(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.double() - other.double()).abs().max()) * LEVELS


def check_parity(parameters: GfpganParameters) -> None:
    """Rounding alone separates the engine, the package and the package in double precision."""
    module, face = seeded_module(parameters), seeded_face(parameters.out_size)
    ours, theirs = FaceNetwork(module)(face), official(module, face)
    truth = official(copy.deepcopy(module).double(), face.double())
    assert theirs.std() > 0.1
    # Measured at full size: 0.11, 0.10 and 0.05 of a level.
    assert difference(ours, theirs) < 0.5
    assert difference(ours, truth) < 0.5
    assert difference(theirs, truth) < 0.5


@pytest.mark.parametrize(
    "changes",
    [{}, {"out_size": 64}, {"out_size": 256, "channel_multiplier": 1}, {"num_style_feat": 96}],
)
def test_it_computes_what_the_package_computes(changes: dict[str, int]) -> None:
    check_parity(SMALL.model_copy(update=changes))


@pytest.mark.slow
def test_it_computes_what_the_package_computes_at_full_size() -> None:
    check_parity(OFFICIAL)


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("narrow", [0.25, 0.5])
def test_a_face_gives_the_same_bytes_again_whatever_the_threads(narrow: float) -> None:
    parameters = SMALL.model_copy(update={"out_size": 256, "narrow": narrow})
    network, face = FaceNetwork(seeded_module(parameters)), seeded_face(256)
    before = face.clone()
    torch.set_num_threads(1)
    first = network(face)
    for threads in (2, 3, 1):
        torch.set_num_threads(threads)
        assert torch.equal(network(face), first)
    assert torch.equal(face, before)


def test_another_face_in_between_leaves_nothing_behind() -> None:
    network, face = FaceNetwork(seeded_module(SMALL)), seeded_face(128)
    first = network(face)
    assert not torch.equal(network(face.flip(3)), first)
    assert torch.equal(network(face), first)


def test_the_result_is_an_ordinary_tensor() -> None:
    made = FaceNetwork(seeded_module(SMALL))(seeded_face(128))
    assert (made.dtype, tuple(made.shape)) == (torch.float32, (1, 3, 128, 128))
    assert made.is_contiguous()
    assert not made.is_inference()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_an_error(value: float) -> None:
    face = seeded_face(128)
    face[0, 1, 64, 64] = value
    with pytest.raises(ScanError, match="face network made NaN or infinity"):
        FaceNetwork(seeded_module(SMALL))(face)


def test_out_of_memory_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    network = FaceNetwork(seeded_module(SMALL))
    monkeypatch.setattr(network, "_run", full)
    with pytest.raises(CircumstanceError, match=r"a face of 128 x 128 .*more memory$"):
        network(seeded_face(128))


@pytest.mark.parametrize(
    "face", [torch.zeros(1, 3, 96, 128), torch.zeros(1, 3, 128, 128, dtype=torch.float64)]
)
def test_what_is_no_face_is_refused(face: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="expected"):
        FaceNetwork(seeded_module(SMALL))(face)


def test_another_configuration_of_the_class_is_refused() -> None:
    module = seeded_module(SMALL)
    module.different_w = False
    with pytest.raises(TypeError, match="different_w"):
        FaceNetwork(module)


# Loading.


def manifest_of(folder: Path, content: object) -> dict[str, Weights]:
    torch.save(content, folder / "face.pth")
    entry = {
        "name": "face",
        "title": "a face network",
        "architecture": "gfpgan",
        "scale": 1,
        "licence": "CC0",
        "training_data": "none",
        "citation": "none",
        "files": [
            {
                "name": "face.pth",
                "sha256": hashlib.sha256((folder / "face.pth").read_bytes()).hexdigest(),
                "source": {"by_hand": "made by a test"},
            }
        ],
    }
    return {"face": Weights.model_validate(entry)}


def test_a_checkpoint_of_the_authors_kind_is_recognised_and_loaded(tmp_path: Path) -> None:
    module = seeded_module(SMALL)
    manifest = manifest_of(tmp_path, {"params_ema": module.state_dict()})
    fetch("face", manifest, tmp_path)
    loaded = load_face_restorer("face", tmp_path, manifest, CPU)
    assert loaded.weights_sha256 == (manifest["face"].sha256,)
    face = seeded_face(128)
    assert torch.equal(FaceNetwork(loaded.module)(face), FaceNetwork(module)(face))
    with pytest.raises(ConfigError, match="one aligned face, not a page"):
        load_network("face", tmp_path, manifest, CPU)


@pytest.mark.parametrize(
    "changes",
    [{}, {"out_size": 64}, {"channel_multiplier": 1}, {"num_mlp": 2, "num_style_feat": 96}],
)
def test_the_size_is_read_from_the_tensors(changes: dict[str, int]) -> None:
    parameters = SMALL.model_copy(update=changes)
    with torch.device("meta"):
        state = by_parameters.build(parameters, 1).state_dict()
    assert by_parameters.read_off("gfpgan", 1, state) == parameters


def test_the_official_network_has_its_86_million_parameters() -> None:
    with torch.device("meta"):
        module = by_parameters.build(OFFICIAL, 1)
    assert sum(value.numel() for value in module.parameters()) == 86_444_252
    assert by_parameters.read_off("gfpgan", 1, module.state_dict()) == OFFICIAL


@pytest.mark.parametrize("tensor", ["toRGB.0.bias", "stylegan_decoder.style_convs.6.bias"])
def test_a_checkpoint_with_a_tensor_too_few_is_refused(tmp_path: Path, tensor: str) -> None:
    state = seeded_module(SMALL).state_dict()
    del state[tensor]
    manifest = manifest_of(tmp_path, {"params_ema": state})
    with pytest.raises(ConfigError, match="face: "):
        fetch("face", manifest, tmp_path)
