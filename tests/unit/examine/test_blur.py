"""Blur: motion with its direction, defocus with its radius; textures and softness are neither."""

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.jpeg.blocking import BlockingMeasurer
from restoration.examine.page import examine_page
from restoration.examine.sharpness.blur import BlurMeasurer
from restoration.raster.colour.colour_space import ColourSpace
from support import simulated_scans as sim


def blur(pixels, bits=16, findings=(BlurMeasurer,)):
    page = sim.SimulatedPage(sim.scanned(pixels, bits), bits=bits)
    colour = ColourSpace.from_profile(None, page.channels)
    return examine_page(page, ExamineSettings(), colour, list(findings))["blur"]


def spread(pixels, kernel):
    """Blurred in linear light, as on film, without the frame in which the edges would show."""
    light = cv2.filter2D(pixels**2.2, -1, kernel, borderType=cv2.BORDER_REFLECT)
    inset = kernel.shape[0] // 2
    light = light[:, :, None] if light.ndim == 2 else light
    return np.clip(light[inset:-inset, inset:-inset], 0.0, 1.0) ** (1 / 2.2)


def motion_kernel(length, direction):
    """A line of ``length`` pixels, counter-clockwise from the rows, sampled eight times finer."""
    fine, side = 8, 2 * int(length / 2 + 2) + 1
    kernel = np.zeros((side * fine, side * fine), np.float32)
    along = np.linspace(-length / 2, length / 2, int(length * 40)) * fine
    middle = (side * fine - 1) / 2
    across = np.rint(middle + along * np.cos(np.deg2rad(direction))).astype(int)
    down = np.rint(middle - along * np.sin(np.deg2rad(direction))).astype(int)
    np.add.at(kernel, (down, across), 1.0)
    kernel = kernel.reshape(side, fine, side, fine).sum(axis=(1, 3))
    return kernel / kernel.sum()


def disc_kernel(radius):
    fine, side = 16, 2 * int(radius + 2) + 1
    place = (np.arange(side * fine) + 0.5) / fine - side / 2
    inside = np.hypot(place[:, None], place[None, :]) <= radius
    kernel = inside.reshape(side, fine, side, fine).mean(axis=(1, 3)).astype(np.float32)
    return kernel / kernel.sum()


@pytest.mark.parametrize(
    ("name", "length", "direction"),
    [
        ("camera", 9.3, 17.0),
        ("coffee", 12.7, 101.0),
        ("grass", 15.5, 143.0),
        ("astronaut", 20.1, 64.0),
        ("brick", 13.0, 38.0),
    ],
)
def test_motion_with_length_and_direction(name, length, direction):
    picture = sim.noisy(spread(sim.picture(name), motion_kernel(length, direction)), 0.8)
    found = blur(picture)
    assert found["value"] == "motion"
    off = abs((found["detail"]["direction_deg"] - direction + 90.0) % 180.0 - 90.0)
    assert off <= 10.0
    assert found["detail"]["length_px"] == pytest.approx(length, rel=0.15)
    assert found["detail"]["radius_px"] is None


def test_direction_turns_counter_clockwise_as_displayed():
    # A rise of 30 degrees on the screen goes up, towards smaller rows.
    picture = spread(sim.picture("camera"), motion_kernel(14.0, 30.0))
    assert blur(picture)["detail"]["direction_deg"] == pytest.approx(30.0, abs=5.0)
    mirrored = blur(picture[::-1].copy())
    assert mirrored["detail"]["direction_deg"] == pytest.approx(150.0, abs=5.0)


def test_motion_of_the_picture_in_an_oversampled_scan():
    small = spread(sim.centre(sim.picture("grass"), 420, 420), motion_kernel(11.0, 70.0))
    scan = sim.noisy(np.clip(sim.enlarged(small, 2.5, "bicubic"), 0.0, 1.0), 1.0)
    found = blur(scan)
    assert found["value"] == "motion"
    assert found["detail"]["length_px"] == pytest.approx(27.5, rel=0.15)
    assert found["detail"]["direction_deg"] == pytest.approx(70.0, abs=10.0)


@pytest.mark.parametrize(("name", "radius"), [("camera", 4.6), ("grass", 5.3), ("leaves7", 6.4)])
def test_defocus_with_radius(name, radius):
    found = blur(sim.noisy(spread(sim.picture(name), disc_kernel(radius)), 0.4))
    assert found["value"] == "defocus"
    assert found["detail"]["radius_px"] == pytest.approx(radius, rel=0.15)
    assert found["detail"]["direction_deg"] is None


@pytest.mark.parametrize("name", ["astronaut", "camera", "chelsea", "coffee", "gravel", "leaves7"])
def test_sharp_pictures_have_none(name):
    found = blur(sim.noisy(sim.picture(name), 0.7))
    assert found["value"] == "none"


@pytest.mark.parametrize(
    ("name", "turn", "said"),
    [
        *(("brick", turn, "none") for turn in (0, 24, 71)),
        *(("grass", 24, "none"), ("grass", 0, None), ("grass", 71, None)),
        *(("rocket", 0, "none"), ("rocket", 24, None), ("rocket", 71, None)),
    ],
)
def test_directional_textures_are_not_motion(name, turn, said):
    picture = sim.picture(name)
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.5)
    turned = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    turned = turned[:, :, None] if turned.ndim == 2 else turned
    assert blur(sim.noisy(turned, 0.7))["value"] == said


def test_fences_and_dots_of_one_size_are_not_blur():
    down, across = np.mgrid[:512, :512]
    fence = ((across * 0.8 + down * 0.6) % 29 < 12) * np.float32(0.6) + 0.2
    generator = np.random.default_rng(4)
    dots = np.full((512, 512), 0.85, np.float32)
    for place in generator.uniform(0, 512, (250, 2)):
        cv2.circle(dots, tuple(int(v * 16) for v in place), 6 * 16, 0.3, -1, cv2.LINE_AA, 4)
    for pattern, said in ((fence, None), (dots, "none")):
        picture = cv2.GaussianBlur(pattern.astype(np.float32), (0, 0), 0.6)[:, :, None]
        assert blur(sim.noisy(picture, 1.0))["value"] == said


@pytest.mark.parametrize("sigma", [1.0, 1.8, 2.6])
def test_ordinary_softness_is_neither_motion_nor_defocus(sigma):
    soft = cv2.GaussianBlur(sim.picture("coffee"), (0, 0), sigma)
    found = blur(sim.noisy(soft, 0.7))
    assert found["value"] is None
    # The picture's own edges add to the Gaussian.
    assert found["detail"]["softness_px"] > 0.8 * sigma


def test_compression_is_named_where_it_is_strong():
    damaged = sim.jpeg(sim.picture("astronaut"), 25)
    found = blur(damaged, bits=8, findings=(BlockingMeasurer, BlurMeasurer))
    assert found["value"] == "compression"
    assert blur(damaged, bits=8)["value"] != "compression"


def test_motion_is_seen_through_compression():
    picture = sim.jpeg(spread(sim.picture("coffee"), motion_kernel(14.0, 55.0)), 75)
    found = blur(picture, bits=8, findings=(BlockingMeasurer, BlurMeasurer))
    assert found["value"] == "motion"
    assert found["detail"]["direction_deg"] == pytest.approx(55.0, abs=10.0)


@pytest.mark.parametrize("pixels", [np.full((400, 400, 1), 0.5), np.full((60, 80, 3), 0.5)])
def test_nothing_to_see_is_unknown(pixels):
    found = blur(sim.noisy(pixels.astype(np.float32), 0.5))
    assert found["value"] is None
    assert found["confidence"] == 0.0
    assert found["detail"]["reason"]
