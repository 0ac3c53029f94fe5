"""Upscale: the size asked for, exactly; never smaller; the network only where it has evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from restoration.config.stages.upscale import UpscaleSettings
from restoration.raster.base import ArrayRaster, FloatImage
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page, Restored
from restoration.stages.upscale.stage import UpscaleStage
from support import corpus
from support.condition import report
from support.fake_networks import FakeNetwork, sharpening

PHOTO = corpus.photo("coffee", 40, 100, 60, 90)
PPI = (1200.0, 1200.0)


def page(
    share: float | None = 0.5,
    pixels: FloatImage = PHOTO,
    ppi: tuple[float, float] | None = PPI,
) -> Page:
    value = None if share is None else 1200 * share
    resolution = {"value": value, "detail": {"fraction": share, "reason": "an empty page"}}
    colour = ColourSpace.from_profile(None, pixels.shape[2])
    told = report(effective_resolution=resolution)
    return Page("box-1", 1, ArrayRaster(pixels), colour, ppi, told, "0" * 64)


def apply(page: Page, fake: FakeNetwork | None = None, **settings: Any) -> Restored | Declined:
    stage = UpscaleStage()
    stage.setup(UpscaleSettings.model_validate(settings), fake or FakeNetwork())
    return stage.apply(page)


def drawn(result: Restored | Declined) -> tuple[FloatImage, Restored]:
    assert isinstance(result, Restored), result
    pixels = np.concatenate(list(result.bands))
    assert pixels.shape[:2] == (result.height, result.width)
    assert pixels.min() >= 0.0
    assert pixels.max() <= 1.0
    return pixels, result


@pytest.mark.parametrize("factor", [1.5, 2.0, 4.0, 8.0])
@pytest.mark.parametrize("network", ["realesrgan-x4plus", "none"])
def test_a_factor_multiplies_size_and_resolution(factor: float, network: str) -> None:
    pixels, result = drawn(apply(page(), factor=factor, network=network))
    assert pixels.shape == (round(60 * factor), round(90 * factor), 3)
    assert result.ppi == pytest.approx((1200 * factor, 1200 * factor))
    assert result.generative is (network != "none")
    # The same picture, at its place: back at its own size it differs by the fake's coarseness.
    step = max(1, int(factor))
    if factor == step:
        small = pixels.reshape(60, step, 90, step, 3).mean(axis=(1, 3))
        assert np.abs(small - PHOTO).mean() < 8 / 255


def test_factor_one_is_not_applied() -> None:
    network = FakeNetwork()
    result = apply(page(), network, factor=1.0)
    assert isinstance(result, Declined)
    assert "factor 1 leaves the size as it is" in result.reason
    assert network.asked == []


def test_no_target_is_not_applied() -> None:
    result = apply(page())
    assert isinstance(result, Declined)
    assert "neither a factor nor a print size" in result.reason


def test_a_resolution_is_reached_along_both_sides() -> None:
    pixels, result = drawn(apply(page(ppi=(1200.0, 600.0)), ppi=1800.0))
    assert pixels.shape == (180, 135, 3)
    assert result.ppi == pytest.approx((1800.0, 1800.0))


def test_a_resolution_needs_one_to_reckon_from() -> None:
    result = apply(page(ppi=None), ppi=2400.0)
    assert isinstance(result, Declined)
    assert "states no resolution" in result.reason


@pytest.mark.parametrize(
    "target", [{"ppi": 600.0}, {"print_size": {"width_mm": 2.0, "height_mm": 2.0}}]
)
def test_a_scan_is_never_made_smaller(target: dict[str, Any]) -> None:
    result = apply(page(), **target)
    assert isinstance(result, Declined)
    assert "90 x 60 px" in result.reason
    assert "never made smaller" in result.reason


@pytest.mark.parametrize(("width_mm", "height_mm"), [(25.4, 50.8), (50.8, 25.4)])
def test_a_print_holds_the_whole_scan_and_may_be_turned(width_mm: float, height_mm: float) -> None:
    size = {"width_mm": width_mm, "height_mm": height_mm, "ppi": 150.0}
    pixels, result = drawn(apply(page(), print_size=size))
    # 300 x 150 px of paper; the scan is 3:2, so its height decides.
    assert pixels.shape == (150, 225, 3)
    assert result.ppi == pytest.approx((3000.0, 3000.0))
    assert result.findings["size_px"] == {"width": 225, "height": 150}


def test_a_print_of_a_scan_with_two_resolutions_keeps_its_shape() -> None:
    """90 px at 1200 ppi by 60 px at 600 ppi are 0.075 x 0.1 inch."""
    size = {"width_mm": 25.4, "height_mm": 25.4, "ppi": 200.0}
    pixels, _ = drawn(apply(page(ppi=(1200.0, 600.0)), print_size=size))
    assert pixels.shape == (200, 150, 3)


def test_a_print_needs_no_resolution_of_the_master() -> None:
    size = {"width_mm": 25.4, "height_mm": 25.4, "ppi": 180.0}
    pixels, result = drawn(apply(page(ppi=None), print_size=size))
    assert pixels.shape == (120, 180, 3)
    assert result.ppi is None


def test_the_network_starts_at_the_measured_resolution() -> None:
    network = FakeNetwork()
    _, result = drawn(apply(page(0.25), network, factor=2.0, denoise=0.75))
    assert result.findings["network_input_px"] == {"width": 32, "height": 21}
    assert result.findings["method"] == "network, then Lanczos-3"
    assert network.asked == [("realesrgan-x4plus", {"denoise": 0.75})]
    assert result.findings["reason"].startswith("factor 2; the scan holds ")


def test_without_evidence_nothing_is_invented() -> None:
    network = FakeNetwork()
    _, result = drawn(apply(page(None), network, factor=2.0))
    assert network.asked == []
    assert not result.generative
    assert result.findings["method"] == "Lanczos-3"
    assert "an empty page" in result.findings["reason"]


def test_what_a_network_made_is_no_evidence_for_more() -> None:
    network, restored = FakeNetwork(), page(0.25)
    object.__setattr__(restored, "generative", True)
    _, result = drawn(apply(restored, network, factor=2.0))
    assert network.asked == []
    assert not result.generative
    assert "restored this scan before" in result.findings["reason"]


def test_resampling_only_sharpens_nothing() -> None:
    edge = np.full((40, 40, 3), 0.1, np.float32)
    edge[:, 20:] = 0.9
    pixels, result = drawn(apply(page(pixels=edge), factor=3.0, network="none"))
    assert pixels.max() <= 0.9 + 1 / 255
    assert pixels.min() >= 0.1 - 1 / 255
    assert not result.findings["generative"]


@pytest.mark.parametrize("channels", [1, 3])
def test_flat_tones_stay(channels: int) -> None:
    flat = np.full((30, 40, channels), 0.97, np.float32)
    pixels, _ = drawn(apply(page(pixels=flat), FakeNetwork(sharpening), factor=2.0))
    assert pixels.shape == (60, 80, channels)
    assert np.abs(pixels - 0.97).max() <= 0.5 / 255
