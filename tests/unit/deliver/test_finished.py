"""What a deliverable says of its grain is what the finished picture shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from restoration.deliver.finished_measures import finished_page
from restoration.findings.report import ConditionReport
from restoration.raster.base import ArrayRaster, FloatImage
from restoration.raster.resample import Resampled
from support import condition

SIGMA = 5.0
"""Of the grain, in 1/255."""


def drawn(seed: int, sigma: float, *, size: float = 1.0, side: int = 640) -> np.ndarray:
    """A pattern of one channel: standard deviation in 1/255, a Gaussian of ``size`` px wide."""
    pattern = gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), size)
    return np.asarray(pattern / pattern.std() * sigma / 255.0, np.float32)[..., None]


def shading(side: int = 640) -> FloatImage:
    """A picture of soft slopes, and busy in one corner."""
    y, x = np.mgrid[0:side, 0:side] / side
    plain = 0.45 + 0.15 * np.sin(3 * x) * np.cos(2 * y)
    plain[: side // 4, : side // 4] += 0.2 * np.sin(400 * x[: side // 4, : side // 4])
    return np.asarray(plain, np.float32)[..., None]


def report(found: bool | None = True, value: float | None = SIGMA, **more: Any) -> ConditionReport:
    grain = {"found": found, "sigma": value, "equal_channels": True, "size_px": 2.4}
    noise = {"value": value, "detail": {"grain": grain, "channels": [value]}}
    return condition.report({"noise": noise, "paper": {"value": None}, **more})


def finished(master: np.ndarray, final: np.ndarray | None, **options: Any) -> dict[str, Any]:
    last = None if final is None else ArrayRaster(final)
    return finished_page(ArrayRaster(master), last, report(**options), tones=False).raw()


@pytest.mark.parametrize("left", [0.0, 0.42, 1.0])
def test_so_much_of_the_grain_is_told_as_is_left(left: float) -> None:
    grain = drawn(1, SIGMA)
    found = finished(shading() + grain, shading() + left * grain + drawn(2, 0.2))
    assert found["grain"]["kept"] == pytest.approx(left, abs=0.02)
    assert found["grain"]["confidence"] > 0.6
    (said,) = found["said"]
    if left == 1.0:
        assert said.startswith("The master's grain is still there, 100 % of its strength")
    else:
        assert said.startswith(f"At least {100 - 100 * left:.0f} % of the master's grain is gone")


def test_texture_of_the_grains_strength_is_no_grain_of_this_photograph() -> None:
    found = finished(shading() + drawn(1, SIGMA), shading() + drawn(2, SIGMA))
    assert found["grain"]["kept"] < 0.05
    strength = found["grain"]["master_255"]
    assert found["grain"]["added_255"] == pytest.approx(strength, rel=0.1)
    assert "There is texture of " in found["said"][0]
    assert found["said"][0].endswith("/255 that the master has not.")


def test_an_enlarged_picture_keeps_its_grain() -> None:
    master = shading() + drawn(1, SIGMA)
    large = Resampled(ArrayRaster(master), 1280, 1280)
    found = finished_page(ArrayRaster(master), large, report(), tones=False).raw()
    assert found["grain"]["kept"] == pytest.approx(1.0, abs=0.02)
    assert "same" not in found["grain"]


def test_grain_is_not_judged_by_the_empty_border() -> None:
    """Paper has no grain: a border with noise of its own would speak for the picture."""
    master, final = shading() + drawn(1, SIGMA), shading() + 0.3 * drawn(1, SIGMA)
    for pixels in (master, final):
        pixels[:256] = 0.9 + drawn(3, SIGMA)[:256]
    found = finished(master, final, paper={"value": [0, 256, 640, 384]})
    assert found["grain"]["kept"] == pytest.approx(0.3, abs=0.03)


def test_a_few_filled_places_take_nothing_of_the_grain() -> None:
    master = shading() + drawn(1, SIGMA)
    final = master.copy()
    final[300:310] = 0.4
    found = finished(master, final)
    assert found["grain"]["kept"] == pytest.approx(0.984, abs=0.001)
    assert found["said"] == [
        "98 % of the pixels looked at are the master's own, with their grain and noise."
    ]


@pytest.mark.parametrize(
    ("value", "found", "why"),
    [
        (None, None, "grain and noise is left was not measured: the master's noise is not known"),
        (0.01, True, "grain is left was not measured: the master has none to speak of"),
        (0.3, None, "may be grain is left was not measured: too few flat places"),
    ],
)
def test_what_cannot_be_measured_is_said_and_has_no_figure(
    value: float | None, found: bool | None, why: str
) -> None:
    master = shading() + drawn(1, SIGMA)
    told = finished(master, 0.5 * master, value=value, found=found)
    assert told["grain"]["kept"] is None
    assert why in told["said"][0]
    assert "%" not in told["said"][0]


def test_noise_of_the_scanner_is_not_called_grain() -> None:
    noise = drawn(1, SIGMA, size=0.01)
    told = finished(shading() + noise, shading() + drawn(2, 0.1), found=False)
    assert "grain" not in told
    assert told["said"][0].startswith("At least 100 % of the master's noise is gone, measured in ")


def test_a_page_that_no_stage_drew_has_its_grain() -> None:
    told = finished(shading(), None)
    assert told["grain"] == {"kept": 1.0, "same": 1.0, "confidence": 1.0}
    assert told["said"] == ["No stage made pixels anew: grain and noise are the master's."]
    mapped = finished_page(ArrayRaster(shading()), None, report(), tones=True).raw()
    assert mapped["said"][0].endswith("the master's, under a table that maps its tones.")
