"""Networks of one's own through spandrel: recognised, converted, run in windows, never guessed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from restoration.config.settings import EngineSettings, UserWeights
from restoration.engine import windows
from restoration.engine.run import run_network
from restoration.errors import ConfigError
from restoration.networks import shims
from restoration.networks.fetch import fetch
from restoration.networks.load import load_network
from restoration.networks.manifest import Weights, load_manifest
from restoration.raster.base import ArrayRaster, FloatImage

CPU = torch.device("cpu")


def nafnet(**sizes: Any) -> torch.nn.Module:
    shims.install()
    from spandrel.architectures.NAFNet import NAFNet

    torch.manual_seed(2)
    found = {"width": 8, "middle_blk_num": 1, "enc_blk_nums": [1], "dec_blk_nums": [1], **sizes}
    module: torch.nn.Module = NAFNet(**found)
    # Seeded weights of this class copy their input; let them do something.
    for part in module.parameters():
        if part.ndim == 4 and part.shape[2:] == (1, 1) and not part.any():
            part.data.fill_(1.0)
    return module


def dncnn(channels: int) -> torch.nn.Module:
    shims.install()
    from spandrel.architectures.DnCNN import DnCNN

    torch.manual_seed(2)
    module: torch.nn.Module = DnCNN(in_nc=channels, out_nc=channels, nc=8, nb=8, act_mode="R")
    return module


def manifest_of(folder: Path, state: Any, **more: Any) -> dict[str, Weights]:
    path = folder / "own.pth"
    torch.save(state, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    body = {"architecture": "spandrel", "path": "own.pth", "sha256": sha256, **more}
    (folder / "none.yaml").write_text("{}")
    return load_manifest(folder / "none.yaml", {"own": UserWeights.model_validate(body)})


@pytest.mark.parametrize("key", [None, "params"])
def test_a_network_is_recognised_by_its_tensors(tmp_path: Path, key: str | None) -> None:
    module = nafnet().eval()
    state = module.state_dict()
    manifest = manifest_of(tmp_path, {key: state} if key else state, generative=False, overlap=32)
    fetch("own", manifest, tmp_path)
    network = load_network("own", tmp_path, manifest, CPU)
    assert (network.scale, network.channels, network.overlap) == (1, 3, 32)
    assert not network.generative
    picture = torch.rand(1, 3, 20, 27)
    with torch.inference_mode():
        expected = module(picture).clamp(0, 1)
        assert torch.allclose(network.module(picture), expected, atol=1e-5)
        assert not torch.allclose(expected, picture, atol=1e-2)


def test_a_network_for_grey_sees_each_channel(tmp_path: Path) -> None:
    module = dncnn(1).eval()
    manifest = manifest_of(tmp_path, module.state_dict())
    fetch("own", manifest, tmp_path)
    network = load_network("own", tmp_path, manifest, CPU)
    picture = torch.rand(1, 3, 12, 9)
    with torch.inference_mode():
        expected = torch.cat([module(picture[:, c : c + 1]) for c in range(3)], 1).clamp(0, 1)
        assert torch.allclose(network.module(picture), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"a.weight": torch.zeros(3)}, "does not recognise"),
        (dncnn(4).state_dict(), "no network that makes a picture of a picture alone"),
    ],
)
def test_what_cannot_restore_a_picture_is_refused(tmp_path: Path, state: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=f"own: .*{said}"):
        fetch("own", manifest_of(tmp_path, state), tmp_path)


def test_a_network_that_enlarges_is_refused(tmp_path: Path) -> None:
    shims.install()
    from spandrel.architectures.Compact import Compact

    state = Compact(num_feat=8, num_conv=2, upscale=2).state_dict()
    with pytest.raises(ConfigError, match="enlarges 2 times"):
        fetch("own", manifest_of(tmp_path, state), tmp_path)


def test_a_network_that_must_be_told_the_noise_is_refused(tmp_path: Path) -> None:
    shims.install()
    from spandrel.architectures.DRUNet import DRUNet

    state = DRUNet(in_nc=4, out_nc=3, nc=[8, 8, 8, 8], nb=4).state_dict()
    with pytest.raises(ConfigError, match="must be told the noise level"):
        fetch("own", manifest_of(tmp_path, state), tmp_path)


class Local(torch.nn.Module):
    """Looks 3 pixels around, at all of them alike."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(picture, 7, 1, 3, count_include_pad=False)


class Shifting(torch.nn.Module):
    """Answers every window with its own mean: what a network does that looks at all of it."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return picture * 0 + picture.mean((2, 3), keepdim=True)


def run(module: torch.nn.Module, pixels: FloatImage, overlap: int, **engine: int) -> FloatImage:
    network = SimpleNamespace(module=module, scale=1, radius=0, overlap=overlap)
    settings = EngineSettings.model_validate(engine)
    return np.concatenate(list(run_network(network, ArrayRaster(pixels), settings, CPU)))


@pytest.mark.parametrize("size", [(150, 90), (64, 64), (65, 63), (5, 200), (1, 1)])
def test_windows_that_overlap_by_twice_the_reach_cover_the_page(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Where a window fades to nothing it was wrong, at most; tolerance: the fade's share."""
    monkeypatch.setattr(windows, "WINDOW", 64)
    pixels = np.random.default_rng(1).random((*size, 3), dtype=np.float32)
    with torch.inference_mode():
        tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        whole = Local()(tensor)[0].permute(1, 2, 0).numpy()
    made = run(Local(), pixels, 32)
    assert made.shape == whole.shape
    assert np.abs(made - whole).max() < 0.1
    assert np.abs(made - whole).mean() < 0.002
    assert np.abs(run(torch.nn.Identity(), pixels, 32) - pixels).max() < 1e-6


def test_the_result_depends_on_the_page_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW", 64)
    pixels = np.random.default_rng(1).random((150, 300, 3), dtype=np.float32)
    first = run(Shifting(), pixels, 32)
    for engine in ({"band_rows": 8}, {"strip_columns": 256}):
        assert np.array_equal(run(Shifting(), pixels, 32, **engine), first)


def test_windows_fade_into_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that answers each window differently leaves no seam."""
    monkeypatch.setattr(windows, "WINDOW", 64)
    ramp = np.linspace(0, 1, 200, dtype=np.float32)
    pixels = np.repeat(np.repeat(ramp[None, :, None], 70, 0), 3, 2)
    made = run(Shifting(), pixels, 32)
    assert np.abs(np.diff(made, axis=1)).max() < 2.5 * 32 / 200 / 32
    assert made.max() - made.min() > 0.5
