"""LaMa: a user's archive becomes a network that fills holes, and nothing but holes."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from restoration.config.settings import UserWeights
from restoration.engine.hole_filler import HoleFiller, load_hole_filler
from restoration.errors import ConfigError, ScanError
from restoration.networks.architectures.lama import LamaParameters
from restoration.networks.fetch import fetch
from restoration.networks.lama import HALVINGS, Lama
from restoration.networks.load import load_network
from restoration.networks.manifest import Weights, check_use, load_manifest
from support.film import Mask, Pixels

MODELS = Path(__file__).parents[3] / "resources" / "models.yaml"
CPU = torch.device("cpu")


class Archived(torch.nn.Module):
    """A small LaMa as the archives of its authors hold it: inside what trained it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.generator = Lama(num_feat=8, num_block=2)
        self.discriminator = torch.nn.Conv2d(3, 1, 3)

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.generator(image, mask)
        return made


class MaskedMean(torch.nn.Module):
    """Fills a hole with the mean of what is around it."""

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        known = 1 - mask
        mean = (image * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True)
        return image * known + mean * mask


def archived(path: Path, module: torch.nn.Module) -> Path:
    """The module with its code, as TorchScript."""
    shown = (torch.rand(1, 3, 32, 32), (torch.rand(1, 1, 32, 32) > 0.5).float())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(module.eval(), shown, check_trace=False).save(str(path))
    return path


def manifest_of(path: Path) -> dict[str, Weights]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    own = UserWeights(architecture="lama", path=str(path), sha256=digest, licence="Apache-2.0")
    return load_manifest(MODELS, {"lama": own})


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archived(tmp_path_factory.mktemp("lama") / "big-lama.pt", Archived())


@pytest.fixture(scope="module")
def filler(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> HoleFiller:
    models = tmp_path_factory.mktemp("models")
    manifest = manifest_of(archive)
    fetch("lama", manifest, models)
    return load_hole_filler("lama", models, manifest, CPU)


def crop(height: int = 45, width: int = 70) -> tuple[Pixels, Mask]:
    pixels = np.random.default_rng(1).random((height, width, 3), dtype=np.float32)
    hole = np.zeros((height, width), np.bool_)
    hole[10:30, 20:] = True
    return pixels, hole


def test_an_archive_of_torchscript_becomes_the_network(archive: Path, filler: HoleFiller) -> None:
    pixels, hole = crop(48, 72)
    made = filler.fill(pixels, hole)
    with torch.inference_mode():
        expected = Archived().eval()(
            torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None],
            torch.from_numpy(hole.astype(np.float32))[None, None],
        )[0]
    assert np.abs(made - expected.permute(1, 2, 0).numpy()).max() < 1 / 65535
    assert filler.weights_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (filler.name, filler.licence, filler.generative) == ("lama", "Apache-2.0", True)


def test_only_the_hole_is_changed_and_what_lies_in_it_is_not_looked_at(filler: HoleFiller) -> None:
    """Sizes that the network does not take are grown, and cut back."""
    pixels, hole = crop()
    made = filler.fill(pixels, hole)
    assert made.shape == pixels.shape
    assert np.array_equal(made[~hole], pixels[~hole])
    assert not np.array_equal(made[hole], pixels[hole])
    other = np.where(hole[:, :, None], np.float32(0.3), pixels)
    assert np.array_equal(filler.fill(other, hole), made)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_bytes_with_any_number_of_threads(filler: HoleFiller, threads: int) -> None:
    pixels, hole = crop(40, 40)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        made = filler.fill(pixels, hole)
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(made, filler.fill(pixels, hole))


def test_the_parameters_follow_from_the_tensors(archive: Path, tmp_path: Path) -> None:
    manifest = manifest_of(archive)
    fetch("lama", manifest, tmp_path)
    assert '"num_block": 2' in (tmp_path / "lama.json").read_text()
    assert '"num_feat": 8' in (tmp_path / "lama.json").read_text()


def test_an_archive_of_another_network_is_refused(tmp_path: Path) -> None:
    path = archived(tmp_path / "other.pt", MaskedMean())
    with pytest.raises(ConfigError, match="no weights of a lama network"):
        fetch("lama", manifest_of(path), tmp_path / "models")


def test_what_is_no_number_is_never_written() -> None:
    class Broken(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return image / 0.0

    pixels, hole = crop()
    with pytest.raises(ScanError, match="made NaN or infinity"):
        HoleFiller("lama", Broken(), 8, ("0" * 64,), "none", CPU).fill(pixels, hole)


def test_any_module_that_fills_holes_is_run() -> None:
    pixels, hole = crop()
    made = HoleFiller("mean", MaskedMean(), 1, ("0" * 64,), "none", CPU).fill(pixels, hole)
    shown = np.where(hole[:, :, None], 0, pixels)
    mean = shown.sum((0, 1)) / (~hole).sum()
    assert np.abs(made[hole] - mean).max() < 1e-5


def test_lama_fills_holes_and_restores_no_page(tmp_path: Path) -> None:
    manifest = load_manifest(MODELS)
    lama = manifest["lama"]
    assert lama.fills_holes
    assert lama.generative
    assert lama.licence.startswith("Apache-2.0")
    check_use(lama, faces=False, holes=True)
    with pytest.raises(ConfigError, match="fills holes and restores nothing"):
        check_use(lama, faces=False)
    with pytest.raises(ConfigError, match="fills no holes; expected weights of the architecture"):
        check_use(manifest["ffdnet-color"], faces=False, holes=True)
    with pytest.raises(ConfigError, match="fills holes and restores nothing"):
        load_network("lama", tmp_path, manifest, CPU)
    with pytest.raises(ConfigError, match="fills no holes"):
        load_hole_filler("ffdnet-color", tmp_path, manifest, CPU)


def test_the_size_in_the_manifest_is_that_of_the_published_network() -> None:
    """51 million parameters, as its authors say (Suvorov et al. 2022)."""
    lama = load_manifest(MODELS)["lama"]
    assert isinstance(lama.parameters, LamaParameters)
    assert lama.kind.build is not None
    with torch.device("meta"):
        module = lama.kind.build(lama.parameters, 1)
    assert sum(each.numel() for each in module.parameters()) == pytest.approx(51e6, rel=0.01)
    assert lama.kind.multiple(lama.parameters, 1) == 2**HALVINGS
