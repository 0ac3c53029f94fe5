"""Exposure: dark, light, flat and clipped pictures, and what only looks like one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.paper.paper import PaperMeasurer
from restoration.examine.tones.exposure import ExposureMeasurer
from restoration.examine.tones.tone import ToneMeasurer
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.tone_curve import srgb_tone
from support import corpus
from support import simulated_scans as sim
from support.condition import concluded


def examined(pixels: np.ndarray, *before: type, profile: bytes | None = None) -> dict[str, Any]:
    page = sim.SimulatedPage(sim.scanned(pixels), profile=profile)
    colour = ColourSpace.from_profile(profile, page.channels)
    return examine_page(
        page, ExamineSettings(), colour, [ToneMeasurer, PaperMeasurer, *before, ExposureMeasurer]
    )


def exposure_of(pixels: np.ndarray, *before: type) -> dict[str, Any]:
    found: dict[str, Any] = examined(pixels, *before)["exposure"]
    return found


def codes_of(report: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in report["warnings"]}


def exposed(pixels: np.ndarray, stops: float) -> np.ndarray:
    """The same scene at another exposure: light times a power of two, cut off at white."""
    light = srgb_tone().decode(pixels.astype(np.float64)) * 2.0**stops
    return np.asarray(srgb_tone().encode(np.clip(light, 0.0, 1.0)), np.float32)


PHOTOGRAPHS = ("astronaut", "coffee", "chelsea")


def test_a_photograph_with_much_pure_black_is_clipped() -> None:
    """More than a tenth of the astronaut lies at 0, as the histogram itself says."""
    pixels = sim.picture("astronaut")
    assert (pixels == 0.0).any(axis=2).mean() > 0.1
    found = exposure_of(pixels)
    assert found["value"] == "clipped"
    assert found["detail"]["clipped"]["low"] > 0.05
    assert found["detail"]["clipped"]["high"] < 0.05


@pytest.mark.parametrize("name", ["coffee", "chelsea", "leaves3"])
def test_ordinary_photographs_are_normal(name: str) -> None:
    report = examined(sim.picture(name))
    found = report["exposure"]
    assert found["value"] == "normal"
    assert found["confidence"] >= 0.5
    tones = found["detail"]["lightness"]
    assert tones["p1"] < tones["p50"] < tones["p99"]
    assert not codes_of(report) & {"underexposed", "overexposed", "flat"}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_four_stops_too_little_light_is_said_and_more_light_is_lighter(name: str) -> None:
    picture = sim.picture(name)
    report = examined(exposed(picture, -4.0))
    assert report["exposure"]["value"] == "under"
    assert "underexposed" in codes_of(report)
    (text,) = (w["text"] for w in report["warnings"] if w["code"] == "underexposed")
    assert text.endswith("no stage corrects exposure.")
    medians = [
        exposure_of(exposed(picture, stops))["detail"]["lightness"]["p50"]
        for stops in (-4.0, -2.0, 0.0)
    ]
    assert medians[0] < medians[1] < medians[2]


def grey(lightness: np.ndarray) -> np.ndarray:
    """Encoded grey (h, w, 3) of CIELAB L*."""
    f = (lightness + 16.0) / 116.0
    light = np.where(f > 6.0 / 29.0, f**3, (f - 4.0 / 29.0) * 3.0 * (6.0 / 29.0) ** 2)
    return np.repeat(np.asarray(srgb_tone().encode(light), np.float32)[..., None], 3, axis=2)


def tones(low: float, high: float, seed: int = 1) -> np.ndarray:
    """Patches of evenly spread L*, large enough for the cells to hold one each."""
    patches = np.random.default_rng(seed).uniform(low, high, (40, 50))
    return grey(np.kron(patches, np.ones((12, 12))))


def test_the_figures_are_those_of_the_tones() -> None:
    found = exposure_of(tones(20.0, 80.0))["detail"]
    assert found["lightness"]["p1"] == pytest.approx(20.6, abs=1.0)
    assert found["lightness"]["p50"] == pytest.approx(50.0, abs=2.0)
    assert found["lightness"]["p99"] == pytest.approx(79.4, abs=1.0)
    # L* 20.6 and 79.4 have a luminance of 0.0313 and 0.555.
    assert found["stops"] == pytest.approx(np.log2(0.555 / 0.0313), abs=0.15)
    assert found["clipped"] == {"low": 0.0, "high": 0.0}


@pytest.mark.parametrize(
    ("pixels", "value", "sure"),
    [
        (tones(0.0, 25.0), "under", True),
        (tones(85.0, 99.0), "over", True),
        (tones(40.0, 60.0), "flat", False),
        (tones(5.0, 95.0), "normal", True),
    ],
)
def test_extremes_of_synthetic_tones(pixels: np.ndarray, value: str, sure: bool) -> None:
    found = exposure_of(pixels)
    assert found["value"] == value
    assert (found["confidence"] > 0.5) == sure


def test_a_night_and_snow_may_be_meant_so() -> None:
    """With tones at the other end, no figure tells the subject from the exposure."""
    night, snow = tones(0.0, 12.0), tones(90.0, 99.0)
    inside = np.s_[60:180, 60:180]
    night[inside], snow[inside] = tones(60.0, 95.0)[inside], tones(5.0, 30.0)[inside]
    for pixels, value, code, words in (
        (night, "under", "underexposed", "Dark picture or underexposed: "),
        (snow, "over", "overexposed", "Light picture or overexposed: "),
    ):
        report = examined(pixels)
        assert report["exposure"]["value"] == value
        assert report["exposure"]["confidence"] <= 0.3
        (text,) = (w["text"] for w in report["warnings"] if w["code"] == code)
        assert text.startswith(words)
        assert "\n" not in text


def test_a_clipped_picture_is_said_once() -> None:
    report = examined(exposed(sim.picture("coffee"), 2.0))
    found = report["exposure"]
    assert found["value"] == "clipped"
    assert found["detail"]["clipped"]["high"] > 0.05
    # The warning is the tone finding's.
    assert "clipped_highlights" in codes_of(report)
    assert not codes_of(report) & {"underexposed", "overexposed", "flat"}


def test_a_strong_colour_is_not_clipped() -> None:
    """Its weakest channel ends at 0 at every exposure."""
    pixels = tones(25.0, 75.0)
    pixels[:200, :, 2] = 0.0
    report = examined(pixels)
    assert "clipped_shadows" in codes_of(report)
    assert report["exposure"]["value"] == "normal"


def test_a_white_bed_around_a_picture_is_no_clipping_of_it() -> None:
    picture = tones(15.0, 85.0)
    sheet = np.ones((picture.shape[0] + 400, picture.shape[1] + 400, 3), np.float32)
    sheet[200:-200, 200:-200] = picture
    box = [200, 200, picture.shape[1], picture.shape[0]]
    report = examined(sheet, concluded("paper", box))
    assert "clipped_highlights" in codes_of(report)
    assert report["exposure"]["value"] == "normal"
    assert report["exposure"]["detail"]["clipped"]["high"] == 0.0


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (concluded("screen", "halftone"), "printed picture"),
        (concluded("screen", "stochastic"), "printed picture"),
        (concluded("text", 0.8), "text or line art"),
    ],
)
def test_print_and_text_are_not_judged(before: type, reason: str) -> None:
    found = exposure_of(tones(0.0, 20.0), before)
    assert found["value"] is None
    assert found["confidence"] == 0.0
    assert reason in found["detail"]["reason"]


def test_a_page_without_a_picture_is_unknown() -> None:
    blank = exposure_of(np.full((300, 300, 3), 0.02, np.float32))
    assert (blank["value"], blank["detail"]["reason"]) == (None, "the picture has one tone only")
    assert exposure_of(tones(0.0, 20.0)[:8, :8])["detail"]["reason"] == "the picture is too small"


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_other_colour_spaces(channels: int) -> None:
    pixels = tones(0.0, 25.0)[..., :channels]
    assert exposure_of(pixels)["value"] == "under"
    if channels == 3:
        profile = corpus.PROFILES["Adobe RGB"]()
        space = ColourSpace.from_profile(profile, 3)
        moved = np.asarray(space.from_srgb(tones(20.0, 80.0)), np.float32)
        found = examined(np.clip(moved, 0.0, 1.0), profile=profile)["exposure"]
        assert found["detail"]["lightness"]["p50"] == pytest.approx(50.0, abs=2.0)
