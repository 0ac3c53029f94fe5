"""A face of 3000 pixels, with a real network: its mid band comes nearer, its fine band stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from restoration.chain.job_tools import Networks
from restoration.config.settings import load_config
from restoration.config.stages.faces import FacesSettings
from restoration.faces import IDENTITY
from restoration.faces.frame import Frame, points_of
from restoration.faces.page_faces import KnownFace
from restoration.findings.faces import ReportedFace
from restoration.networks.face_detector import Detection, FaceDetector, aligned_points
from restoration.plan.plan import Plan
from restoration.raster.base import ArrayRaster
from restoration.raster.resample import Resampled
from restoration.stages.base import Restored
from restoration.stages.faces.enlarged_face import face_runner
from restoration.stages.faces.stage import FacesStage
from support import weights_at_hand
from support.condition import finding
from support.fake_faces import FakeIdentity, page_of
from support.group_photographs import PORTRAITS, portrait

NETWORK = "realesrgan-x4plus-packaged"
WIDTH = 3000


def networks() -> dict[str, Any]:
    weights_at_hand.models_with(NETWORK)
    config = load_config(
        {
            "recipe": "faces",
            "recipes": {"faces": {"stages": {}}},
            "models_dir": str(weights_at_hand.folders()[0]),
        }
    )
    plan = Plan(config=config, scans=(), device="cpu")
    return {NETWORK: face_runner(Networks(plan, 2)(NETWORK)), IDENTITY: FakeIdentity()}


@pytest.mark.slow
@pytest.mark.weights
def test_the_mid_band_moves_toward_the_truth_and_the_fine_band_stays(
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = portrait("hopper")
    (top, left), side = PORTRAITS["hopper"]
    detector = FaceDetector(weights_at_hand.folders()[0], network=False)
    seen = np.rint(small * 255.0).astype(np.uint8)
    points = aligned_points(detector.landmarks(seen, Detection(top, left, side, 1.0)))
    cut = small[top - 40 : top + side + 60, left - 40 : left + side + 40]
    factor = WIDTH / side
    height, width = round(cut.shape[0] * factor), round(cut.shape[1] * factor)
    sharp = np.clip(Resampled(ArrayRaster(cut), height, width).read(0, 0, height, width), 0, 1)
    # What paper and grain are: finer than the network's pixels, which are ten of the scan's.
    fine = 0.02 * np.random.default_rng(1).standard_normal((height, width, 1))
    fine -= gaussian_filter(fine, (3.0, 3.0, 0.0))
    soft = np.stack([gaussian_filter(sharp[..., c], 0.012 * WIDTH) for c in range(3)], axis=-1)
    truth, scan = (np.clip(x + fine, 0.0, 1.0).astype(np.float32) for x in (sharp, soft))
    places = [((x - left + 40) * factor, (y - top + 40) * factor) for y, x in points]
    frame = Frame.of(points_of(places), False)
    box = (40 * factor, 40 * factor, float(WIDTH), float(WIDTH))
    found = finding(ReportedFace, box=box, points=places, score=0.9, effective_share=0.03)
    face = KnownFace(1, box, frame, found)
    stage = FacesStage()
    loaded = networks()
    stage.setup(FacesSettings(network=NETWORK, grain=False), lambda name, **blend: loaded[name])
    result = stage.apply(page_of(scan, replace(face, marked=True)))
    assert isinstance(result, Restored)
    after = np.concatenate(list(result.bands))
    assert result.mask is not None
    inside = np.concatenate(list(result.mask()))[:, :, 0] > 127
    gain = psnr(mid(after), mid(truth), inside) - psnr(mid(scan), mid(truth), inside)
    moved = np.abs(fine_band(after) - fine_band(scan))[inside] * 255.0
    had = float(fine_band(scan)[inside].std() * 255.0)
    root_mean_square = float(np.sqrt(np.mean(moved**2)))
    with capsys.disabled():
        print(
            f"\n3000 px: mid band {gain:+.2f} dB; fine band of {had:.2f}/255 moved by "
            f"{root_mean_square:.3f}/255 (root mean square), at most {moved.max():.2f}/255"
        )
    assert gain > 0.3
    assert root_mean_square < 0.02 * had


def mid(pixels: np.ndarray) -> np.ndarray:
    """What the network's frame can carry, without the tones."""
    plane = pixels.mean(axis=2)
    return gaussian_filter(plane, 6.0) - gaussian_filter(plane, 120.0)


def fine_band(pixels: np.ndarray) -> np.ndarray:
    """Above a tenth of a cycle per pixel or so: the frame's pixels are ten of the scan's."""
    plane = pixels.mean(axis=2)
    return plane - gaussian_filter(plane, 0.8)


def psnr(one: np.ndarray, other: np.ndarray, where: np.ndarray) -> float:
    return float(-10.0 * np.log10(np.mean((one - other)[where] ** 2)))
