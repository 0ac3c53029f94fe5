"""Halos of an unsharp mask are found; steps, ringing, screens and soft pictures have none."""

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.sharpness.sharpening import SharpeningMeasurer
from restoration.raster.colour.colour_space import ColourSpace
from support import simulated_scans as sim


def report(pixels, bits=8):
    page = sim.SimulatedPage(sim.scanned(pixels, bits), bits=bits)
    colour = ColourSpace.from_profile(None, page.channels)
    return examine_page(page, ExamineSettings(), colour, [SharpeningMeasurer])


def soft(pixels, sigma):
    blurred = cv2.GaussianBlur(pixels * 0.9 + 0.04, (0, 0), sigma)
    return blurred[:, :, None] if blurred.ndim == 2 else blurred


def unsharp(pixels, amount, radius):
    low = cv2.GaussianBlur(pixels, (0, 0), radius)
    low = low[:, :, None] if low.ndim == 2 else low
    return np.clip(pixels + amount * (pixels - low), 0.0, 1.0)


@pytest.mark.parametrize("name", ["camera", "leaves7", "leaves3"])
@pytest.mark.parametrize(("amount", "radius"), [(1.0, 2.0), (1.5, 1.5)])
def test_unsharp_mask_is_found(name, amount, radius):
    found = report(unsharp(soft(sim.picture(name), 0.9), amount, radius))
    sharpening = found["sharpening"]
    assert sharpening["value"] is True
    assert 0.03 < sharpening["detail"]["overshoot"] < 0.25
    assert 1.0 < sharpening["detail"]["width_px"] < 5.0 * radius
    assert "scanner_sharpening" in {warning["code"] for warning in found["warnings"]}


def test_overshoot_grows_with_the_amount():
    picture = soft(sim.dead_leaves(5, 700), 0.9)
    shares = [
        report(unsharp(picture, amount, 2.0))["sharpening"]["detail"]["overshoot"]
        for amount in (0.5, 1.0, 2.0)
    ]
    assert shares[0] < shares[1] < shares[2]


def test_halo_of_an_enlarged_scan_is_wider():
    small = unsharp(soft(sim.dead_leaves(5, 500), 0.9), 1.5, 1.5)
    widths = [
        report(pixels)["sharpening"]["detail"]["width_px"]
        for pixels in (small, np.clip(sim.enlarged(small, 2.0, "bicubic"), 0.0, 1.0))
    ]
    assert widths[1] == pytest.approx(2.0 * widths[0], rel=0.3)


@pytest.mark.parametrize("name", ["camera", "astronaut", "coffee", "leaves7"])
@pytest.mark.parametrize("sigma", [0.6, 1.2])
def test_soft_pictures_are_not_accused(name, sigma):
    found = report(sim.noisy(soft(sim.picture(name), sigma), 1.0))
    assert found["sharpening"]["value"] is False
    assert not found["warnings"]


def test_clean_steps_have_no_halo():
    picture = sim.dead_leaves(11, 700) * 0.8 + 0.1
    found = report(picture, bits=16)["sharpening"]
    assert found["value"] is False
    assert found["detail"]["overshoot"] < 0.01


@pytest.mark.parametrize("quality", [20, 50])
def test_ringing_of_jpeg_is_no_sharpening(quality):
    picture = soft(sim.dead_leaves(5, 700), 0.8)
    assert report(sim.jpeg(picture, quality))["sharpening"]["value"] is False


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_ringing_of_interpolation_is_no_sharpening(factor):
    picture = soft(sim.dead_leaves(5, 300), 0.5)
    enlarged = np.clip(sim.enlarged(picture, factor, "lanczos"), 0.0, 1.0)
    assert report(enlarged)["sharpening"]["value"] is False


def test_halftone_dots_are_no_halos():
    tone = cv2.resize(sim.picture("camera"), (800, 800))
    down, across = np.mgrid[:800, :800] / 9.0
    waves = np.cos(4.44 * (across + down)) + np.cos(4.44 * (across - down))
    screen = (tone > 0.5 + 0.22 * waves).astype(np.float32) * 0.7 + 0.15
    scan = cv2.GaussianBlur(screen, (0, 0), 1.0)[:, :, None]
    assert report(scan)["sharpening"]["value"] is None


@pytest.mark.parametrize("pixels", [np.full((400, 400, 1), 0.5), np.full((50, 60, 3), 0.5)])
def test_without_edges_nothing_is_said(pixels):
    found = report(pixels.astype(np.float32))["sharpening"]
    assert found["value"] is None
    assert found["confidence"] == 0.0
    assert found["detail"]["reason"]
