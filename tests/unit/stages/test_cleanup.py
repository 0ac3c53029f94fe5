"""Cleanup: when it applies, what it says, where the network starts; the pixels' promises are in
test_anchoring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from restoration.config.stages.cleanup import CleanupSettings
from restoration.errors import ScanError
from restoration.raster.base import ArrayRaster, FloatImage
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page, Restored
from restoration.stages.cleanup.stage import CleanupStage
from support import condition, corpus
from support.fake_networks import FakeNetwork, sharpening

PHOTO = corpus.photo("coffee", 40, 100, 64, 80)
SOFT: dict[str, Any] = {"value": 290.0, "detail": {"fraction": 290 / 1200}}
SHARP: dict[str, Any] = {"value": 900.0, "detail": {"fraction": 0.75}}
UNKNOWN: dict[str, Any] = {"value": None, "detail": {"reason": "no tile holds detail"}}


def page(
    resolution: Any,
    noise: float | None,
    pixels: FloatImage = PHOTO,
    ppi: tuple[float, float] | None = (1200.0, 1200.0),
) -> Page:
    report = {"effective_resolution": resolution, "noise": {"value": noise}}
    colour = ColourSpace.from_profile(None, pixels.shape[2])
    return Page("box-1", 1, ArrayRaster(pixels), colour, ppi, condition.report(report), "0" * 64)


def stage(network: FakeNetwork, **settings: Any) -> CleanupStage:
    made = CleanupStage()
    made.setup(CleanupSettings.model_validate(settings), network)
    return made


def drawn(result: Restored | Declined) -> tuple[FloatImage, Restored]:
    assert isinstance(result, Restored)
    return np.concatenate(list(result.bands)), result


def test_a_soft_scan_is_restored_at_its_own_size() -> None:
    network = FakeNetwork(sharpening)
    pixels, result = drawn(stage(network).apply(page(SOFT, 0.5)))
    assert pixels.shape == PHOTO.shape
    assert (result.height, result.width) == PHOTO.shape[:2]
    assert result.ppi == (1200.0, 1200.0)
    assert result.generative
    assert pixels.dtype == np.float32
    assert pixels.min() >= 0.0
    assert pixels.max() <= 1.0
    assert np.abs(pixels - PHOTO).max() > 2 / 255


def test_the_findings_say_what_was_done() -> None:
    network = FakeNetwork(sharpening)
    asked = {"denoise": 0.25, "strength": 0.5, "noisy_above": 2.0}
    _, result = drawn(stage(network, **asked).apply(page(SOFT, 3.0)))
    found = result.findings
    assert found["network"] == "fake"
    assert found["weights_sha256"] == "f" * 64
    assert found["scale"] == 4
    assert found["generative"] is True
    assert found["strength"] == 0.5
    assert found["working_ppi"] == pytest.approx([424.3, 424.3], abs=0.1)
    assert found["network_input_px"] == {"width": 28, "height": 23}
    assert 6 < found["tone_curve_greatest_255"] < 20
    assert "290 ppi" in found["reason"]
    assert "3/255" in found["reason"]
    assert network.asked == [("realesrgan-x4plus", {"denoise": 0.25})]


def test_a_quarter_of_the_resolution_is_a_fraction_of_the_cost() -> None:
    full, soft = FakeNetwork(), FakeNetwork()
    drawn(stage(full, apply="always").apply(page({"value": 1200.0, "detail": {"fraction": 1}}, 0)))
    drawn(stage(soft, apply="always").apply(page(SOFT, 0.0)))
    patches = 17 * 16 * 16
    assert soft.pixels - patches < 0.25 * (full.pixels - patches)


@pytest.mark.parametrize("network", [FakeNetwork(sharpening)])
def test_a_sharp_and_clean_scan_is_left_alone_and_says_why(network: FakeNetwork) -> None:
    result = stage(network, noisy_above=2.0).apply(page(SHARP, 0.8))
    assert isinstance(result, Declined)
    assert "900 ppi" in result.reason
    assert "0.8/255" in result.reason
    assert "300" in result.reason
    assert result.findings == {"effective_ppi": 900.0, "noise_255": 0.8}
    assert network.asked == []


def test_a_halftone_print_is_not_soft() -> None:
    """Its screen never held more, and what a network adds was never there."""
    printed = {"value": 290.0, "detail": {**SOFT["detail"], "limited_by": "halftone"}}
    result = stage(FakeNetwork()).apply(page(printed, None))
    assert isinstance(result, Declined)
    assert "a halftone screen holds 290 ppi" in result.reason


def test_noise_is_the_subject_of_denoise() -> None:
    result = stage(FakeNetwork()).apply(page(SHARP, 9.0))
    assert isinstance(result, Declined)
    assert "noise" not in result.reason


def test_noise_alone_is_a_reason_where_it_is_asked_for() -> None:
    _, result = drawn(stage(FakeNetwork(), noisy_above=2.0).apply(page(SHARP, 4.2)))
    assert result.findings["reason"].startswith("noisy: 4.2/255")
    assert result.findings["working_share"] == 1.0


@pytest.mark.parametrize("resolution", [UNKNOWN, None, {"value": None}])
@pytest.mark.parametrize("noise", [None, 9.0])
def test_a_page_without_detail_is_left_alone(resolution: Any, noise: float | None) -> None:
    result = stage(FakeNetwork()).apply(page(resolution, noise))
    assert isinstance(result, Declined)
    assert result.reason.startswith("no detail to judge")
    if resolution is UNKNOWN:
        assert "no tile holds detail" in result.reason


def test_unknown_noise_leaves_the_decision_to_sharpness() -> None:
    declined = stage(FakeNetwork()).apply(page(SHARP, None))
    assert isinstance(declined, Declined)
    assert "noise" not in declined.reason
    drawn(stage(FakeNetwork()).apply(page(SOFT, None)))


def test_a_master_without_resolution_is_judged_by_its_noise() -> None:
    share_only = {"value": None, "detail": {"fraction": 0.25}}
    noisy = stage(FakeNetwork(), noisy_above=2.0)
    _, result = drawn(noisy.apply(page(share_only, 5.0, ppi=None)))
    assert result.findings["working_ppi"] is None
    assert result.findings["working_share"] == pytest.approx(0.3536, abs=1e-4)
    declined = noisy.apply(page(share_only, 1.0, ppi=None))
    assert isinstance(declined, Declined)


def test_always_restores_what_auto_would_leave() -> None:
    network = FakeNetwork()
    _, result = drawn(stage(network, apply="always").apply(page(UNKNOWN, None)))
    assert result.findings["working_share"] == 1.0
    why = "the recipe asks for it whatever is measured: no tile holds detail"
    assert result.findings["reason"] == why


@pytest.mark.parametrize(
    ("wanted", "share"), [(600.0, 0.5), (5000.0, 1.0), (10.0, 0.125), (425.0, 425 / 1200)]
)
def test_a_working_resolution_of_ones_own(wanted: float, share: float) -> None:
    made = stage(FakeNetwork(), working_ppi=wanted, apply="always")
    _, result = drawn(made.apply(page(SOFT, 0.5)))
    assert result.findings["working_share"] == pytest.approx(share)
    assert result.findings["network_input_px"]["width"] == round(80 * share)


def test_a_working_resolution_needs_a_master_that_states_its_own() -> None:
    with pytest.raises(ScanError, match="states its resolution"):
        stage(FakeNetwork(), working_ppi=400.0).apply(page(SOFT, 5.0, ppi=None))


def test_the_network_is_measured_once_per_job() -> None:
    network = FakeNetwork()
    made = stage(network)
    drawn(made.apply(page(SOFT, 1.0)))
    first = network.pixels
    drawn(made.apply(page(SOFT, 1.0)))
    assert network.pixels - first == first - 17 * 16 * 16


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tiny_scan_does_not_fail(channels: int) -> None:
    tiny = np.full((3, 2, channels), 0.4, np.float32)
    pixels, _ = drawn(stage(FakeNetwork(sharpening), apply="always").apply(page(SOFT, 1.0, tiny)))
    assert pixels.shape == tiny.shape
    assert np.abs(pixels - tiny).max() <= 0.5 / 255


def test_progress_reaches_the_end() -> None:
    seen: list[float] = []
    told = replace(page(SOFT, 1.0), progress=lambda done, unit: seen.append(done))
    drawn(stage(FakeNetwork(band_rows=8)).apply(told))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_empty_paper_is_left_alone_unless_that_is_switched_off() -> None:
    sheet = np.full((420, 440, 3), 0.93, np.float32)
    sheet[180:244, 180:260] = PHOTO
    paper = {"value": [180, 180, 80, 64], "detail": {"occupied": [[180, 180, 80, 64]]}}
    marked = page({**SOFT, "detail": {"fraction": 0.8}}, None, sheet)
    said = marked.report.model_dump(exclude_unset=True)
    marked = replace(marked, report=condition.report(said, paper=paper))
    made, result = drawn(stage(FakeNetwork(sharpening)).apply(marked))
    assert np.array_equal(made[:40], sheet[:40])
    assert result.findings["empty_paper_share"] > 0.3
    everything, result = drawn(stage(FakeNetwork(sharpening), skip_empty_paper=False).apply(marked))
    assert not np.array_equal(everything[:40], sheet[:40])
    assert "empty_paper_px" not in result.findings
    assert np.array_equal(everything[180:244, 180:260], made[180:244, 180:260])
