"""Noise: found where it is, at its own scale, and never read into texture."""

import numpy as np
import pytest

from restoration.examine.noise.flat_tiles import clipped_shares, clipping_gain
from support import simulated_scans as sim


@pytest.mark.parametrize("sigma", [1.0, 6.0, 20.0])
@pytest.mark.parametrize("name", ["leaves7", "camera", "rocket", "brick"])
def test_white_noise_on_photographs_within_20_percent(name, sigma):
    # The photographs' own noise, up to 0.7/255, adds to what was put in.
    picture = sim.noisy(sim.picture(name) * 0.7 + 0.15, sigma)
    found = sim.found(sim.scanned(picture), "noise")
    assert found["value"] == pytest.approx(sigma, rel=0.2)
    assert found["detail"]["full"]["sigma"] == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("bits", [8, 16])
def test_clean_ramp_has_none(bits):
    assert sim.found(sim.scanned(sim.ramp(), bits), "noise", bits=bits)["value"] < 0.2


@pytest.mark.parametrize("name", ["leaves7", "grass", "gravel", "brick", "coffee", "chelsea"])
def test_texture_of_clean_pictures_is_not_noise(name):
    found = sim.found(sim.scanned(sim.picture(name)), "noise")
    assert (found["value"], found["confidence"]) == (None, 0.0)
    assert found["detail"]["reason"]


@pytest.mark.parametrize("sigma", [4.0, 8.0])
def test_noise_of_the_print_enlarged_with_it_is_found_at_a_quarter(sigma):
    source = sim.noisy(sim.centre(sim.picture("rocket") * 0.7 + 0.15, 400, 400), sigma)
    found = sim.found(sim.scanned(sim.enlarged(source, 4.0, "bicubic")), "noise")
    # Cubic interpolation and averaging take a third of it away; that is what is in the scan.
    assert 0.5 * sigma < found["detail"]["quarter"]["sigma"] < 1.0 * sigma
    assert found["detail"]["full"]["sigma"] < 0.5 * sigma
    assert 0.5 * sigma < found["value"] < 1.0 * sigma


def test_channels_and_tones_are_told_apart():
    rng = np.random.default_rng(1)
    flat = np.repeat(np.linspace(0.2, 0.8, 4, dtype=np.float32), 200)[None, :, None]
    level = np.array([1.0, 2.0, 4.0], np.float32) / 255
    page = flat + rng.standard_normal((600, 800, 3)).astype(np.float32) * level
    found = sim.found(sim.scanned(page), "noise")["detail"]
    assert found["full"]["channels"] == pytest.approx([1.0, 2.0, 4.0], rel=0.1)
    assert found["tones"][0] is None
    assert found["tones"][2] == pytest.approx(np.sqrt(21 / 3), rel=0.1)


def test_a_clean_margin_does_not_hide_the_noise_of_the_picture():
    picture = sim.noisy(sim.centre(sim.picture("rocket") * 0.7 + 0.1, 400, 600), 6.0)
    sheet = sim.noisy(sim.on_sheet(picture, (140, 150, 140, 160)), 0.5, seed=4)
    report = sim.report(sim.scanned(sheet), last="noise")
    assert report["paper"]["value"] is not None
    assert report["noise"]["value"] == pytest.approx(6.0, rel=0.2)


def test_digitally_blank_page_has_no_noise():
    blank = np.full((400, 500, 1), 40000, np.uint16)
    assert sim.found(blank, "noise")["value"] == 0.0


@pytest.mark.parametrize("name", ["astronaut", "coffee", "camera"])
def test_noise_that_reaches_black_and_white_within_15_percent(name):
    picture = sim.picture(name)
    found = sim.found(sim.scanned(np.clip(sim.noisy(picture, 50.0), 0.0, 1.0)), "noise")
    assert found["value"] == pytest.approx(50.0, rel=0.15)


def test_what_clipping_takes_from_noise_is_known():
    generator = np.random.default_rng(5)
    for middle, sigma in ((0.2, 0.2), (0.5, 0.4), (0.9, 0.15)):
        values = np.clip(generator.normal(middle, sigma, (600, 600, 1)), 0.0, 1.0)
        codes = np.rint(values * 65535.0).astype(np.uint16)
        gain = clipping_gain(*clipped_shares(codes))
        assert float(values.std() * gain[0]) == pytest.approx(sigma, rel=0.01)
    assert clipping_gain(np.zeros(1), np.zeros(1)).tolist() == [1.0]
