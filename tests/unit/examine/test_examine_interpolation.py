"""Enlarged scans are recognised, by factor and kind; others are not accused."""

import numpy as np
import pytest

from support import simulated_scans as sim

ENLARGED = [
    ("nearest", 2.0, "nearest"),
    ("nearest", 1.5, "nearest"),
    ("bilinear", 2.0, "linear"),
    ("bilinear", 1.5, "linear"),
    ("bilinear", 3.0, "linear"),
    ("bicubic", 2.0, "cubic or longer"),
    ("bicubic", 1.5, "cubic or longer"),
    ("bicubic", 8 / 3, "cubic or longer"),
    ("bicubic", 4.0, "cubic or longer"),
    ("lanczos", 2.0, "cubic or longer"),
    ("lanczos", 3.5, "cubic or longer"),
]


@pytest.mark.parametrize(("kernel", "factor", "kind"), ENLARGED)
def test_factor_and_kind(kernel, factor, kind):
    # Odd ones of the list are 8-bit scans, even ones 16-bit.
    bits = 8 if ENLARGED.index((kernel, factor, kind)) % 2 else 16
    side = int(900 / factor)
    source = sim.noisy(sim.centre(sim.picture("chelsea"), side, side), 1.0)
    big = sim.enlarged(source, factor, kernel)
    report = sim.report(sim.scanned(big, bits), bits=bits, last="effective_resolution")
    found = report["interpolated"]
    assert found["value"] is True
    assert found["detail"]["factor"] == pytest.approx(factor, rel=0.02)
    assert found["detail"]["kind"] == kind
    assert "interpolated" in {warning["code"] for warning in report["warnings"]}
    assert report["effective_resolution"]["value"] <= 1200 / factor * 1.02
    assert report["effective_resolution"]["value"] >= 1200 / factor * 0.8


@pytest.mark.parametrize("name", ["camera", "chelsea", "brick", "grass", "gravel", "leaves7"])
def test_untouched_photographs_are_not_accused(name):
    found = sim.found(sim.scanned(sim.picture(name)), "interpolated")
    assert found["value"] is False


@pytest.mark.parametrize("name", ["astronaut", "coffee", "leaves7"])
def test_jpeg_blocks_are_not_taken_for_interpolation(name):
    damaged = sim.jpeg(sim.picture(name), 80)
    found = sim.found(sim.scanned(damaged, 8), "interpolated", bits=8)
    assert found["value"] is False


def test_one_direction_alone_is_seen():
    source = sim.noisy(sim.centre(sim.picture("leaves7"), 500, 500), 1.0)
    tall = np.repeat(source, 2, axis=0)
    found = sim.report(sim.scanned(tall), last="effective_resolution")
    assert found["interpolated"]["detail"]["factor_down"] == pytest.approx(2.0)
    assert found["interpolated"]["detail"]["factor_across"] is None
    assert found["effective_resolution"]["detail"]["down_fraction"] == pytest.approx(0.5)


def test_ramp_is_unknown():
    assert sim.found(sim.scanned(sim.ramp()), "interpolated")["value"] is None


def test_the_grid_is_found_across_windows():
    source = sim.noisy(sim.centre(sim.picture("leaves7"), 400, 400), 1.0)
    big = sim.scanned(sim.enlarged(source, 2.0, "bicubic"))
    for window in (256, 300, 1024):
        assert sim.found(big, "interpolated", window=window)["detail"]["factor"] == 2.0
