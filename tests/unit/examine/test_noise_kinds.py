"""Noise beyond the white kind: grain, tones, depths, screens; and what is honestly left unknown."""

from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.noise.noise import NoiseMeasurer
from restoration.examine.page import examine_page
from restoration.raster.colour.colour_space import ColourSpace
from support import simulated_scans as sim
from support.condition import concluded


def grainy(pixels, sigma, size, alike, seed=0):
    """Blurred Gaussian noise of exactly sigma/255, the same in all channels or not."""
    shape = (*pixels.shape[:2], 1 if alike else pixels.shape[2])
    noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), size).reshape(shape)
    return pixels + noise / noise.std((0, 1)) * np.float32(sigma / 255)


def measured(codes, bits=16, before: tuple[Any, ...] = ()):
    page = sim.SimulatedPage(codes, bits)
    colour = ColourSpace.from_profile(None, page.channels)
    return examine_page(page, ExamineSettings(window=1024), colour, [*before, NoiseMeasurer])[
        "noise"
    ]


# Strength, size, channels and depth vary; none of them is a value the thresholds were chosen on.
GRAIN = [
    ("camera", 6.5, 0.9, True, 16),
    ("camera", 13.0, 1.3, True, 8),
    ("coffee", 5.0, 0.8, False, 8),
    ("coffee", 11.0, 1.8, True, 16),
    ("rocket", 3.0, 1.1, False, 16),
    ("rocket", 15.0, 0.7, True, 8),
    ("moon", 9.0, 1.4, True, 8),
]


@pytest.mark.parametrize(("name", "sigma", "size", "alike", "bits"), GRAIN)
def test_grain_within_15_percent(name, sigma, size, alike, bits):
    pixels = grainy(sim.picture(name) * 0.7 + 0.15, sigma, size, alike, seed=11)
    found = measured(sim.scanned(pixels, bits), bits)
    assert found["value"] == pytest.approx(sigma, rel=0.15)
    grain = found["detail"]["grain"]
    expected = np.exp(-1 / (4 * size**2))
    assert grain["correlation"] == pytest.approx(expected, abs=0.12)
    assert grain["equal_channels"] is (alike or pixels.shape[2] == 1)
    if alike:
        assert grain["found"] is True
        # A part of the noise, whichever tiles either was read from.
        assert grain["sigma"] <= found["value"]
        assert found["detail"]["at_most"] is None
        assert grain["sigma"] == pytest.approx(sigma, rel=0.15)
        assert grain["size_px"] == pytest.approx(3.33 * size, rel=0.25)


@pytest.mark.parametrize(
    ("name", "sigma", "bits"),
    [("camera", 1.4, 16), ("chelsea", 7.0, 8), ("coins", 17.0, 16), ("grass", 32.0, 8),
     ("gravel", 41.0, 16), ("astronaut", 50.0, 8), ("brick", 2.6, 16)],
)  # fmt: skip
def test_white_noise_of_any_strength_within_15_percent(name, sigma, bits):
    pixels = sim.noisy(sim.picture(name) * 0.6 + 0.2, sigma, seed=23)
    found = measured(sim.scanned(pixels, bits), bits)
    assert found["value"] == pytest.approx(sigma, rel=0.15)
    assert found["detail"]["kind"] == "white"
    assert found["detail"]["grain"]["found"] is False


def test_white_noise_halves_with_each_scale():
    detail = measured(sim.scanned(sim.noisy(sim.picture("camera") * 0.7 + 0.15, 8.0)))["detail"]
    for scale, name in ((1, "full"), (2, "half"), (4, "quarter")):
        assert detail[name]["kind"] == "white"
        assert detail[name]["sigma"] == pytest.approx(8.0 / scale, rel=0.15)


def test_grain_is_stronger_beneath_full_scale_than_white_noise_would_be():
    page = sim.scanned(grainy(sim.picture("camera") * 0.7 + 0.15, 8.0, 1.5, True))
    detail = measured(page)["detail"]
    assert detail["full"]["kind"] == "correlated"
    assert detail["full"]["sigma"] < 2.0
    assert detail["quarter"]["total"] > 4.0


def test_noise_that_grows_with_the_tone():
    ramp = np.repeat(np.linspace(0.1, 0.9, 800, dtype=np.float32)[None, :, None], 640, axis=0)
    noise = np.random.default_rng(3).standard_normal(ramp.shape).astype(np.float32)
    page = ramp + noise * (2.0 + 8.0 * ramp) / 255
    found = measured(sim.scanned(page))
    tones = found["detail"]["tones"]
    assert found["detail"]["channel_tones"] == [tones]
    for tone in range(1, 5):
        middle = (tone + 0.5) / 6
        assert tones[tone] == pytest.approx(2.0 + 8.0 * middle, rel=0.15)


def test_interpolated_noise_is_not_called_grain():
    source = sim.noisy(sim.centre(sim.picture("rocket") * 0.7 + 0.15, 400, 400), 8.0)
    enlarged = sim.scanned(sim.enlarged(source, 2.0, "bicubic"))
    grain = measured(enlarged, before=(concluded("interpolated", True, factor=2.0),))["detail"]
    assert grain["grain"]["found"] is None


@pytest.mark.parametrize("name", ["grass", "gravel", "chelsea", "leaves7", "coins"])
def test_texture_is_bounded_and_not_called_noise(name):
    found = measured(sim.scanned(sim.picture(name) * 0.7 + 0.15))
    assert found["value"] is None
    assert "texture" in found["detail"]["reason"]
    assert found["detail"]["at_most"] > 1.0


def screened(height, width, period=7.3):
    """A mid-grey printed by dots at 30 degrees."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = np.cos(0.5) * x + np.sin(0.5) * y, -np.sin(0.5) * x + np.cos(0.5) * y
    dots = np.cos(2 * np.pi * u / period) + np.cos(2 * np.pi * v / period)
    return (0.5 + 0.35 * np.tanh(3 * dots))[:, :, None].astype(np.float32)


def test_a_halftone_print_has_no_noise_figure():
    found = measured(sim.scanned(sim.noisy(screened(600, 700), 2.0)))
    assert found["value"] is None
    region = {"box": [0, 0, 700, 600], "kind": "halftone"}
    found = measured(
        sim.scanned(sim.noisy(screened(600, 700), 2.0)),
        before=(concluded("screen", "halftone", regions=[region]),),
    )
    assert found["value"] is None
    assert found["detail"]["reason"] == "halftone screen"


@pytest.mark.parametrize("mapped", [True, False])
def test_beside_a_halftone_clipping_the_noise_is_that_of_the_page(mapped):
    page = np.full((700, 900, 1), 0.7, np.float32)
    page[:, 450:] = screened(700, 450) * 0.5 + 0.2
    codes = sim.scanned(sim.noisy(page, 3.0))
    detail = {"regions": [{"id": "a", "box": [450, 0, 450, 700], "kind": "halftone"}]}
    if mapped:
        detail |= {"cell_px": 50, "map": ["." * 9 + "a" * 9] * 14}
    found = measured(codes, before=(concluded("screen", "halftone", **detail),))
    assert found["value"] == pytest.approx(3.0, rel=0.1)
    assert found["detail"]["screened"] > 0


def test_the_same_whatever_the_number_of_threads():
    codes = sim.scanned(sim.noisy(sim.picture("coffee"), 4.0))
    first = measured(codes)
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        assert measured(codes) == first
    finally:
        cv2.setNumThreads(before)


class TestMemory:
    """What is kept does not grow with the page."""

    sizes: ClassVar = ((1500, 1500), (3000, 4500))

    def test_tiles_are_bounded(self):
        held = []
        for height, width in self.sizes:
            noise = sim.noisy(np.full((500, 500, 1), 0.5, np.float32), 3.0)
            page = np.tile(noise, (height // 500, width // 500, 1))
            found = measured(sim.scanned(page))
            assert found["value"] == pytest.approx(3.0, rel=0.1)
            held.append(found["detail"]["tiles"] * found["detail"]["tile_px"] ** 2)
        assert max(held) <= 6 * 16 * 128**2
