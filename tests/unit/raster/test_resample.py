"""Resampling: the same bits by any windows or bands, in the right place, without aliasing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.raster.base import ArrayRaster, FloatImage, to_uint16
from restoration.raster.resample import LINEAR, Resampled, gaussian, resample_bands

SIZES = [(70, 53), (35, 27), (140, 106), (41, 200), (9, 7), (71, 54), (1, 1), (500, 53)]


def noise(height: int, width: int, channels: int = 3) -> FloatImage:
    return np.random.default_rng(7).random((height, width, channels), dtype=np.float32)


def whole(pixels: FloatImage, height: int, width: int, **options: object) -> FloatImage:
    view = Resampled(ArrayRaster(pixels), height, width, **options)  # type: ignore[arg-type]
    return view.read(0, 0, height, width)


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_window_holds_the_same_bits_as_the_whole(height: int, width: int, channels: int) -> None:
    pixels = noise(70, 53, channels)
    view = Resampled(ArrayRaster(pixels), height, width)
    full = view.read(0, 0, height, width)
    generator = np.random.default_rng(1)
    for _ in range(12):
        top, left = int(generator.integers(height)), int(generator.integers(width))
        rows = int(generator.integers(1, height - top + 1))
        columns = int(generator.integers(1, width - left + 1))
        window = view.read(top, left, rows, columns)
        assert np.array_equal(window, full[top : top + rows, left : left + columns])


@settings(max_examples=40, deadline=None)
@given(
    size=st.sampled_from(SIZES),
    cuts=st.lists(st.integers(1, 69), max_size=6, unique=True),
    kernel=st.sampled_from(["lanczos", "linear", "gaussian"]),
)
def test_bands_of_any_rows_give_the_same_bits_as_windows(
    size: tuple[int, int], cuts: list[int], kernel: str
) -> None:
    pixels = noise(70, 53)
    options = {"linear": {"kernel": LINEAR}, "gaussian": {"kernel": gaussian(2.0)}}.get(kernel, {})
    edges = [0, *sorted(cuts), 70]
    bands = (pixels[a:b] for a, b in pairwise(edges))
    made = np.concatenate(list(resample_bands(bands, 70, 53, *size, **options)))
    assert np.array_equal(made, whole(pixels, *size, **options))


def test_the_size_that_a_scan_has_copies_it() -> None:
    pixels = noise(40, 30)
    assert np.array_equal(whole(pixels, 40, 30), pixels)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_flat_tones_keep_their_16_bit_code(height: int, width: int) -> None:
    codes = np.array([[[0, 12345, 65535]]], np.uint16)
    flat = np.broadcast_to(codes.astype(np.float32) / 65535, (70, 53, 3)).astype(np.float32)
    assert np.array_equal(
        to_uint16(whole(flat, height, width)), np.broadcast_to(codes, (height, width, 3))
    )


@pytest.mark.parametrize("factor", [0.25, 0.354, 0.5, 1.5, 4.0])
def test_pixel_centres_stay_aligned(factor: float) -> None:
    """A ramp keeps its slope and place: a shift of half a pixel would show as an offset."""
    size = 160
    made_size = round(size * factor)
    ramp = np.tile(np.linspace(0, 1, size, dtype=np.float32)[:, None, None], (1, 8, 1))
    made = whole(ramp, made_size, 8)[:, 0, 0]
    place = (np.arange(made_size) + 0.5) * size / made_size - 0.5
    inner = (place > 16) & (place < size - 17)
    # Lanczos does not reproduce a straight line exactly; 1/500 of its step is all it misses by.
    assert np.abs(made - place / (size - 1))[inner].max() < 0.3 / (size - 1)


def test_screens_finer_than_the_new_grid_turn_grey_instead_of_moire() -> None:
    y, x = np.mgrid[0:120, 0:120]
    screen = (0.5 + 0.5 * np.cos(2 * np.pi * (0.41 * x + 0.37 * y)))[..., None].astype(np.float32)
    made = whole(screen, 60, 60)[6:-6, 6:-6]
    # Each axis is beyond the new Nyquist frequency (0.25) by half as much again.
    assert np.abs(made - 0.5).max() < 0.5 / 255


def test_detail_that_the_coarser_grid_holds_survives_the_round_trip() -> None:
    y, x = np.mgrid[0:128, 0:128]
    waves = (0.5 + 0.4 * np.sin(2 * np.pi * 0.08 * x) * np.cos(2 * np.pi * 0.07 * y))[..., None]
    there = whole(waves.astype(np.float32), 64, 64)
    back = whole(there, 128, 128)
    assert np.abs(back - waves)[16:-16, 16:-16].max() < 3 / 255


def test_linear_never_leaves_the_range_of_its_neighbours() -> None:
    step = np.zeros((40, 40, 1), np.float32)
    step[:, 20:] = 1.0
    for size in (17, 33, 40, 90):
        made = whole(step, size, size, kernel=LINEAR)
        assert made.min() >= 0.0
        assert made.max() <= 1.0 + 1e-6


def test_grey_in_three_channels_stays_exactly_equal() -> None:
    grey = np.repeat(noise(50, 41, 1), 3, axis=2)
    made = whole(grey, 73, 29)
    assert np.array_equal(made[..., 0], made[..., 1])
    assert np.array_equal(made[..., 0], made[..., 2])


def test_bands_that_do_not_add_up_are_refused() -> None:
    pixels = noise(20, 20)
    with pytest.raises(ValueError, match="expected 20 rows, found 12"):
        list(resample_bands(iter([pixels[:12]]), 20, 20, 10, 10))
    with pytest.raises(ValueError, match="more rows"):
        list(resample_bands(iter([pixels, pixels]), 20, 20, 10, 10))
    with pytest.raises(ValueError, match="columns"):
        list(resample_bands(iter([pixels[:, :9]]), 20, 20, 10, 10))


class Watched:
    """A scan of any height that notes the largest window asked of it."""

    width, channels = 600, 3

    def __init__(self, height: int) -> None:
        self.height = height
        self.largest = 0

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        assert top >= 0
        assert top + height <= self.height
        self.largest = max(self.largest, height * width)
        return np.full((height, width, 3), 0.5, np.float32)


def test_a_taller_scan_needs_no_larger_windows() -> None:
    largest = []
    for height in (4_000, 12_000):
        scan = Watched(height)
        Resampled(scan, height // 4, 150).read(0, 0, height // 4, 150)
        largest.append(scan.largest)
    assert largest[1] <= largest[0] * 1.01
    assert largest[0] < 4_000 * 600 // 2
