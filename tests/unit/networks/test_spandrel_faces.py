"""Face networks of one's own through spandrel: recognised, loaded strictly, run as spandrel does.

Weights are seeded; what they draw is no face.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from restoration.config.settings import UserWeights
from restoration.engine import devices
from restoration.engine.faces.face_runner import PriorFace
from restoration.errors import ConfigError, ScanError
from restoration.networks import shims
from restoration.networks.fetch import fetch
from restoration.networks.load import load_face_restorer, load_network
from restoration.networks.manifest import Weights, load_manifest
from restoration.networks.spandrel_faces import Face
from restoration.plan.plan import MANIFEST
from restoration.raster.base import FloatImage
from support import by_parameters
from support.seeded_faces import SMALL, seeded_face

CPU = torch.device("cpu")

OFFICIAL: dict[str, Any] = {
    "n_embed": 1024,
    "embed_dim": 256,
    "ch": 64,
    "ch_mult": (1, 2, 2, 4, 4, 8),
    "z_channels": 256,
}
"""The size of the authors' RestoreFormer: 73 million parameters."""

SLIM: dict[str, Any] = {
    "n_embed": 64,
    "embed_dim": 32,
    "ch": 32,
    "ch_mult": (1, 1, 1, 1, 1, 2),
    "z_channels": 32,
}


def restoreformer(sizes: dict[str, Any]) -> torch.nn.Module:
    shims.install()
    from spandrel.architectures.RestoreFormer import RestoreFormer

    torch.manual_seed(1)
    module: torch.nn.Module = RestoreFormer(
        **sizes,
        out_ch=3,
        num_res_blocks=2,
        attn_resolutions=(16,),
        dropout=0.0,
        in_channels=3,
        resolution=512,
        double_z=False,
        enable_mid=True,
        head_size=8,
    )
    return module.eval()


def manifest_of(folder: Path, state: Any, **more: Any) -> dict[str, Weights]:
    path = folder / "own.pth"
    torch.save({"params_ema": state}, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    body = {"architecture": "spandrel-face", "path": "own.pth", "sha256": sha256, **more}
    return load_manifest(MANIFEST, {"own": UserWeights.model_validate(body)})


def runner_of(folder: Path, state: Any) -> PriorFace:
    manifest = manifest_of(folder, state, licence="mine")
    fetch("own", manifest, folder)
    return PriorFace(load_face_restorer("own", folder, manifest, CPU), CPU)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before, said = torch.get_num_threads(), devices._threads
    yield
    torch.set_num_threads(before)
    devices._threads = said


def face() -> FloatImage:
    pixels: FloatImage = ((seeded_face(512)[0].permute(1, 2, 0) + 1) / 2).contiguous().numpy()
    return pixels


def by_spandrel(state: Any, pixels: FloatImage) -> FloatImage:
    """Spandrel's own call, with one thread."""
    import spandrel

    torch.set_num_threads(1)
    found: Any = spandrel.ModelLoader(device="cpu").load_from_state_dict(dict(state))
    made: FloatImage = found(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0].numpy()
    return made.transpose(1, 2, 0)


def check_spandrel(folder: Path, sizes: dict[str, Any]) -> tuple[PriorFace, FloatImage]:
    """The runner clips nothing, spandrel does; else their bits are the same. With one thread.

    Returns the runner and what it made of ``face``.
    """
    state = restoreformer(sizes).state_dict()
    runner, pixels = runner_of(folder, state), face()
    devices.use_threads(1)
    made = runner.restore(pixels, 1.0)
    assert (made.dtype, made.shape) == (np.float32, (512, 512, 3))
    assert made.std() > 0.05
    assert np.array_equal(np.clip(made, 0, 1), by_spandrel(state, pixels))
    return runner, made


def test_restoreformer_is_what_spandrel_makes_of_a_face_whatever_the_threads(
    tmp_path: Path,
) -> None:
    runner, made = check_spandrel(tmp_path, SLIM)
    assert (runner.name, runner.side, runner.licence) == ("own", 512, "mine")
    assert (runner.prior, runner.generative) == (True, True)
    devices.use_threads(2)
    assert runner.restore(face(), 0.5).tobytes() == made.tobytes()


@pytest.mark.slow
def test_restoreformer_of_the_authors_size_is_what_spandrel_makes(tmp_path: Path) -> None:
    check_spandrel(tmp_path, OFFICIAL)


def test_a_network_that_makes_no_numbers_is_an_error(tmp_path: Path) -> None:
    state = restoreformer(SLIM).state_dict()
    # Weights that are no numbers are refused when they are fetched; these overflow at work.
    state["decoder.conv_out.weight"] *= 1e38
    assert bool(torch.isfinite(state["decoder.conv_out.weight"]).all())
    with pytest.raises(ScanError, match="'own' made NaN"):
        runner_of(tmp_path, state).restore(face(), 1.0)


@pytest.mark.parametrize("change", ["missing", "extra"])
def test_a_tensor_too_few_or_too_many_is_refused(tmp_path: Path, change: str) -> None:
    state = restoreformer(SLIM).state_dict()
    if change == "missing":
        del state["decoder.norm_out.bias"]
    else:
        state["decoder.more"] = torch.zeros(1)
    with pytest.raises(ConfigError, match=r"own: spandrel .*decoder\.(norm_out\.bias|more)"):
        fetch("own", manifest_of(tmp_path, state), tmp_path)


def test_gfpgan_through_spandrel_would_draw_noise_and_is_refused(tmp_path: Path) -> None:
    with torch.device("meta"):
        module = by_parameters.build(SMALL.model_copy(update={"out_size": 512, "narrow": 1.0}), 1)
    state = {key: torch.zeros(1).expand(value.shape) for key, value in module.state_dict().items()}
    with pytest.raises(ConfigError, match="architecture is gfpgan"):
        by_parameters.read_off("spandrel-face", 1, state)


def test_a_network_for_pages_is_no_network_for_faces(tmp_path: Path) -> None:
    shims.install()
    from spandrel.architectures.Compact import Compact

    state = Compact(num_feat=8, num_conv=2, upscale=2).state_dict()
    with pytest.raises(ConfigError, match=r"own: .*no network for faces"):
        fetch("own", manifest_of(tmp_path, state), tmp_path)


def test_a_network_for_faces_is_no_network_for_pages(tmp_path: Path) -> None:
    state = restoreformer(SLIM).state_dict()
    manifest = manifest_of(tmp_path, state, architecture="spandrel")
    with pytest.raises(ConfigError, match="its architecture is spandrel-face"):
        fetch("own", manifest, tmp_path)
    manifest = manifest_of(tmp_path, state)
    with pytest.raises(ConfigError, match="one aligned face, not a page"):
        load_network("own", tmp_path, manifest, CPU)
    with pytest.raises(ConfigError, match="not one aligned face"):
        load_face_restorer("realesrgan-x4plus", tmp_path, manifest, CPU)


# CodeFormer: its class is not installed with the workflow.

CODEFORMER = {
    key: torch.zeros(1)
    for key in ("position_emb", "idx_pred_layer.1.weight", "quantize.embedding.weight")
}


def test_codeformer_says_why_it_is_not_there_and_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spandrel_extra_arches", None)
    with pytest.raises(ConfigError) as raised:
        fetch("own", manifest_of(tmp_path, CODEFORMER), tmp_path)
    for part in ("CodeFormer", "non-commercial", "install it yourself", "pip install"):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_codeformer_is_called_as_its_authors_call_it(tmp_path: Path) -> None:
    pytest.importorskip("spandrel_extra_arches")
    from spandrel_extra_arches.architectures.CodeFormer import CodeFormer

    torch.manual_seed(1)
    module = CodeFormer(
        dim_embd=512,
        n_head=8,
        n_layers=9,
        codebook_size=1024,
        latent_size=256,
        connect_list=["32", "64", "128", "256"],
        fix_modules=["quantize", "generator"],
    ).eval()
    made = runner_of(tmp_path, module.state_dict()).restore(face(), 1.0)
    torch.set_num_threads(1)
    with torch.no_grad():
        expected = module(seeded_face(512))[0][0].permute(1, 2, 0).numpy()
    assert np.abs(made * 2 - 1 - expected).max() < 1e-5 * np.ptp(expected)


def test_a_face_goes_in_and_comes_out_between_black_and_white() -> None:
    """The network itself knows [-1, 1]."""
    seen = []

    class Copying(torch.nn.Module):
        def forward(self, tensor: torch.Tensor) -> tuple[torch.Tensor, None]:
            seen.append((float(tensor.min()), float(tensor.max())))
            return tensor * 1.5, None

    made = Face(Copying())(torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1))
    assert seen == [(-1.0, 1.0)]
    assert made.flatten().tolist() == [-0.25, 0.5, 1.25]
