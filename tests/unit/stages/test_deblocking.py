"""JPEG blocks: gone where they were, at any place of the grid; nothing else is blurred."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restoration.raster.base import ArrayRaster, FloatImage
from restoration.stages.denoise.deblocking import TILE, deblocked_change
from restoration.stages.denoise.jpeg_tables import compression_noise, tables
from support import corpus

PHOTO = corpus.photo("coffee", 40, 60, 184, 264)


def stored(pixels: FloatImage, quality: int) -> FloatImage:
    """Through a real JPEG encoder and back."""
    codes = np.rint(pixels * 255).astype(np.uint8)
    grey = codes.shape[2] == 1
    done, file = cv2.imencode(".jpg", codes[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    back = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
    back = back[..., None] if grey else back[..., ::-1]
    return back.astype(np.float32) / 255


def deblocked(pixels: FloatImage, quality: float) -> FloatImage:
    change = list(deblocked_change(ArrayRaster(pixels), quality))
    return pixels + np.concatenate(change)


def psnr(pixels: FloatImage, truth: FloatImage) -> float:
    return float(-10 * np.log10(np.mean((pixels.astype(np.float64) - truth) ** 2)))


def steps(pixels: FloatImage, first: int) -> float:
    """Steps across the block borders, relative to those elsewhere."""
    step = np.abs(np.diff(pixels.mean(axis=2), axis=1)).mean(axis=0)
    border = np.zeros(step.size, bool)
    border[(first - 1) % 8 :: 8] = True
    return float(step[border].mean() / step[~border].mean())


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize(("quality", "gain"), [(15, 0.4), (40, 0.25), (80, 0.1)])
def test_blocks_go_and_the_picture_comes_nearer_to_the_truth(
    grey: bool, quality: int, gain: float
) -> None:
    truth = PHOTO[..., 1:2] if grey else PHOTO
    seen = stored(truth, quality)
    made = deblocked(seen, quality)
    assert psnr(made, truth) > psnr(seen, truth) + gain
    assert abs(steps(made, 0) - steps(truth, 0)) < 0.4 * abs(steps(seen, 0) - steps(truth, 0))
    blurred = cv2.GaussianBlur(seen, (0, 0), 0.7).reshape(seen.shape)
    assert psnr(made, truth) > psnr(blurred, truth)


def test_the_place_of_the_grid_does_not_matter() -> None:
    seen, truth = stored(PHOTO, 25)[3:, 5:], PHOTO[3:, 5:]
    made = deblocked(np.ascontiguousarray(seen), 25)
    assert psnr(made, truth) > psnr(seen, truth) + 0.3
    assert abs(steps(made, 3) - steps(truth, 3)) < 0.4 * abs(steps(seen, 3) - steps(truth, 3))


@pytest.mark.parametrize("level", [0.1, 0.4, 0.93])
def test_a_tone_between_the_steps_stays(level: float) -> None:
    """After a change of tones a flat patch lies on no step of the table."""
    flat = np.full((40, 50, 3), level, np.float32)
    assert np.abs(deblocked(flat, 20) - flat).max() < 0.02 / 255


def test_tiles_leave_no_trace() -> None:
    """A part of the page gives the bits of the whole, away from its own mirrored edge."""
    seen = stored(corpus.photo("astronaut", 0, 0, 2 * TILE + 24, TILE + 40), 30)
    whole = deblocked(seen, 30)
    part = deblocked(np.ascontiguousarray(seen[TILE:, TILE - 80 :]), 30)
    inner = slice(16, -16)
    expected = whole[TILE:, TILE - 80 :][inner, inner]
    assert np.abs(part[inner, inner] - expected).max() < 1e-6


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 400)])
def test_any_size_is_taken(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 0.4, np.float32)
    assert deblocked(pixels, 30).shape == pixels.shape


def test_the_tables_are_those_of_the_encoder() -> None:
    luminance, chrominance = tables(50)
    assert (luminance[0, 0], luminance[7, 7], chrominance[0, 3]) == (16, 99, 47)
    assert tables(100)[0].max() == 1
    codes = np.rint(PHOTO[:16, :16] * 255).astype(np.uint8)
    for quality in (10, 37, 75, 93):
        _, file = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])
        raw = file.tobytes()
        start = raw.index(b"\xff\xdb") + 5
        zigzag = np.frombuffer(raw[start : start + 64], np.uint8)
        luminance, _ = tables(quality)
        # The first diagonals of the zigzag order.
        ours = [luminance[p] for p in ((0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2))]
        assert zigzag[:6].tolist() == ours


def test_stronger_compression_is_stronger_noise() -> None:
    found = [compression_noise(quality) for quality in (10, 30, 60, 90)]
    assert found == sorted(found, reverse=True)
    assert 0.5 < found[-1] < found[0] < 25
