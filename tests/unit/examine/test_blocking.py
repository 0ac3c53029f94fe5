"""JPEG blocks: found with their grid and quality, also after a conversion or a resize; not seen
in undamaged pictures, textures and enlargements."""

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.jpeg.blocking import BlockingMeasurer
from restoration.examine.jpeg.jpeg_quantiser import ijg_quality, ijg_table
from restoration.examine.page import examine_page
from restoration.raster.colour.colour_space import ColourSpace
from support import simulated_scans as sim


def blocking(pixels, bits=8, window=1024):
    page = sim.SimulatedPage(sim.scanned(pixels, bits), bits=bits)
    colour = ColourSpace.from_profile(None, page.channels)
    return examine_page(page, ExamineSettings(window=window), colour, [BlockingMeasurer])[
        "blocking"
    ]


def resized(pixels, factor, kernel):
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    big = cv2.resize(pixels, size, interpolation=kernel)
    return np.clip(big[:, :, None] if big.ndim == 2 else big, 0.0, 1.0)


@pytest.mark.parametrize("quality", [90, 75, 40])
@pytest.mark.parametrize("name", ["camera", "coffee", "motorcycle"])
def test_grid_and_quality_of_a_cropped_jpeg(name, quality):
    picture = sim.picture(name if name != "motorcycle" else "rocket")
    damaged = sim.jpeg(picture, quality)[3:, 5:]
    found = blocking(damaged)
    assert found["value"] is True
    assert found["detail"]["grid_offset"] == [5.0, 3.0]
    assert found["detail"]["period_px"] == [8.0, 8.0]
    assert found["detail"]["quality"] == pytest.approx(quality, abs=2)
    assert found["confidence"] > 0.9


def test_strength_grows_with_the_compression():
    strengths = [
        blocking(sim.jpeg(sim.picture("coffee"), quality))["detail"]["strength"]
        for quality in (90, 60, 20)
    ]
    assert 0.2 < strengths[0] < strengths[1] < strengths[2] < 10.0


@pytest.mark.parametrize("quality", [60, 25])
def test_survives_a_tone_curve_noise_and_16_bits(quality):
    damaged = sim.jpeg(sim.picture("coffee"), quality)[2:, 7:]
    converted = sim.noisy(damaged**0.8 * 0.9 + 0.03, 1.0)
    found = blocking(converted, bits=16)
    assert found["value"] is True
    assert found["detail"]["grid_offset"] == [6.0, 1.0]


def test_colour_at_half_resolution_is_told_from_full():
    codes = np.rint(sim.picture("coffee") * 255.0).astype(np.uint8)[:, :, ::-1]
    periods = []
    for sampling in (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ):
        options = [cv2.IMWRITE_JPEG_QUALITY, 60, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
        _, data = cv2.imencode(".jpg", codes, options)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1] / np.float32(255.0)
        periods.append(blocking(picture)["detail"]["chroma_period_px"])
    assert periods == [[16.0, 16.0], [8.0, 8.0]]


@pytest.mark.parametrize(
    ("factor", "kernel", "quality"),
    [
        (1.33, cv2.INTER_CUBIC, 60),
        (1.5, cv2.INTER_LINEAR, 40),
        (2.0, cv2.INTER_CUBIC, 80),
        (0.85, cv2.INTER_CUBIC, 50),
    ],
)
def test_grid_of_a_resized_jpeg(factor, kernel, quality):
    found = blocking(resized(sim.jpeg(sim.picture("coffee"), quality), factor, kernel))
    assert found["value"] is True
    assert found["detail"]["rescaled"] is True
    assert found["detail"]["period_px"] == pytest.approx([8.0 * factor] * 2, rel=0.005)
    assert found["detail"]["quality"] == pytest.approx(quality, abs=3)


@pytest.mark.parametrize("name", ["astronaut", "camera", "chelsea", "coffee", "brick", "grass"])
@pytest.mark.parametrize("bits", [8, 16])
def test_undamaged_pictures_are_not_accused(name, bits):
    found = blocking(sim.picture(name), bits)
    assert found["value"] is False
    assert found["confidence"] >= 0.7


@pytest.mark.parametrize("factor", [8 / 7, 1.6, 2.0, 8 / 3])
@pytest.mark.parametrize("kernel", [cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_the_rhythm_of_an_enlargement_is_not_a_grid(factor, kernel):
    found = blocking(resized(sim.picture("camera")[:400, :400], factor, kernel))
    assert found["value"] is False


def textures():
    down, across = np.mgrid[:400, :400]
    tone = cv2.resize(sim.picture("camera"), (400, 400))
    board = 0.5 + 0.1 * ((down // 8 + across // 8) % 2)
    lines = 0.5 + 0.02 * ((across % 8 < 1) | (down % 8 < 1)) + 0.2 * tone
    waves = np.cos(np.pi * across / 4) + np.cos(np.pi * down / 4)
    enlarged = cv2.resize(tone[:50, :50], (400, 400), interpolation=cv2.INTER_NEAREST)
    wall = (down % 16 < 2) | ((across + 8 * (down // 16 % 2)) % 32 < 2)
    return {
        "checkerboard of 8": board,
        "lines every 8": lines,
        "halftone of 8": (tone > 0.5 + 0.25 * waves) * 0.8 + 0.1,
        "pixels enlarged by 8": enlarged,
        "wall of bricks": np.where(wall, 0.8, 0.4),
    }


@pytest.mark.parametrize("name", list(textures()))
def test_textures_aligned_with_the_pixels_are_not_blocks(name):
    pattern = textures()[name].astype(np.float32)[:, :, None]
    for pixels in (pattern, sim.noisy(pattern, 1.0)):
        assert blocking(pixels)["value"] is False


def test_gentle_compression_is_reported_but_not_called_blocking():
    # Dense texture at quality 96 hides the blocks altogether.
    found = blocking(sim.jpeg(sim.picture("grass"), 96))
    assert found["value"] is False
    assert found["detail"]["compressed"] is True
    assert found["detail"]["reason"]


def test_the_same_whatever_the_windows():
    damaged = sim.jpeg(sim.picture("coffee"), 60)[1:, 2:]
    reports = [blocking(damaged, window=window) for window in (256, 301, 1024)]
    assert {tuple(found["detail"]["grid_offset"]) for found in reports} == {(7.0, 6.0)}
    strengths = [found["detail"]["strength"] for found in reports]
    assert strengths == pytest.approx([strengths[-1]] * 3, rel=0.1)


@pytest.mark.parametrize("pixels", [np.full((300, 300, 1), 0.5), np.full((20, 20, 3), 0.5)])
def test_a_blank_or_tiny_page_is_unknown(pixels):
    found = blocking(pixels.astype(np.float32))
    assert found["value"] is None
    assert found["detail"]["reason"]


@pytest.mark.parametrize("quality", [30, 75, 90])
def test_quality_follows_from_a_few_steps_of_the_table(quality):
    places = [(0, 1), (1, 0), (1, 1), (2, 2), (0, 2)]
    steps = {place: int(ijg_table(quality)[place]) for place in places}
    assert ijg_quality(steps) == pytest.approx(quality, abs=1)
    foreign = {place: 7 + 9 * index for index, place in enumerate(places)}
    assert ijg_quality(foreign) is None
