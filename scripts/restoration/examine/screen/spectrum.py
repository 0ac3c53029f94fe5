"""Peaks of tile spectra against their surroundings: where a printing screen shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import scipy.fft

from restoration.raster.base import Floats, Stack

Spectra = npt.NDArray[np.complex64]
"""complex64 (tiles, side, side // 2 + 1) as rfft2 gives them."""

LOWEST = 0.04
HIGHEST = 0.5
"""Cycles per pixel between which a screen is looked for: periods of 25 to 2 pixels (55 lpi at 1200
ppi has 22, 200 lpi at 600 ppi has 3)."""

AROUND = 8
"""Half side, in bins, of the square whose mean logarithm a bin is compared with: wider than the
main lobe of the Hann window, narrower than the distance of a screen from zero frequency."""

FAINT = 1e-10
"""Power that counts as nothing; keeps the logarithm finite."""


@dataclass(frozen=True)
class Bins:
    """The bins of a square tile of ``side`` pixels and how they are looked at."""

    side: int
    window: Stack
    """Periodic Hann window (side, side)."""
    weight: Stack
    """Natural logarithm of the squared radius: pictures fall with 1/f^2 (Field 1987), and this
    makes them flat."""
    outside: npt.NDArray[np.bool_]
    """Bins that are no candidate: too low, too high, or the conjugate of another."""


@lru_cache(maxsize=8)
def bins(side: int) -> Bins:
    """The bins of a tile of ``side`` pixels (even)."""
    rows = (np.arange(side) - side // 2)[:, None] / side
    columns = np.arange(side // 2 + 1)[None, :] / side
    radius = np.hypot(rows, columns)
    outside = (radius < LOWEST) | (radius > HIGHEST) | ((columns == 0) & (rows < 0))
    outside[0, :] = True
    weight = 2.0 * np.log(np.maximum(radius, 1.0 / side))
    return Bins(side, hann(side, side), weight.astype(np.float32), outside)


@lru_cache(maxsize=64)
def hann(height: int, width: int) -> Stack:
    """Periodic Hann window of these sides, float32 (height, width)."""
    down, across = (np.hanning(side + 1)[:-1] for side in (height, width))
    return np.outer(down, across).astype(np.float32)


def transform(tiles: Stack) -> Spectra:
    """Spectra of tiles (n, side, side) that bear their window already, as rfft2 gives them."""
    return np.asarray(scipy.fft.rfft2(tiles, axes=(1, 2), workers=1), dtype=np.complex64)


def levels(spectra: Spectra) -> Stack:
    """Natural logarithm of the power, (tiles, side, side // 2 + 1), rows from the lowest to the
    highest frequency."""
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    power += np.float32(FAINT)
    np.log(power, out=power)
    half = spectra.shape[1] // 2
    return np.concatenate([power[:, half:], power[:, :half]], axis=1)


def phases(spectrum: Spectra, flat: npt.NDArray[np.intp]) -> Floats:
    """Phases at the middle of one tile (side, side // 2 + 1) of bins numbered as in ``levels``."""
    side, width = spectrum.shape
    row, column = np.divmod(flat, width)
    angle = np.angle(spectrum[(row + side // 2) % side, column])
    # Half a turn for each cycle between the corner and the middle.
    return np.asarray(angle + np.pi * ((row - side // 2 + column) % 2), dtype=np.float64)


def prominence(level: Stack) -> Stack:
    """How far each bin's logarithm lies above the mean logarithm around it, after the fall of
    pictures is taken off; same shape as ``level``."""
    count, side = level.shape[:2]
    flat = level + bins(side).weight
    # Columns of negative frequency, so that the axis has surroundings on both sides.
    mirror = flat[:, (side - np.arange(side)) % side, AROUND:0:-1]
    whole = np.concatenate([mirror, flat], axis=2)
    result = np.empty_like(level)
    size = (2 * AROUND + 1, 2 * AROUND + 1)
    for tile in range(count):
        mean = cv2.blur(whole[tile], size, borderType=cv2.BORDER_REFLECT_101)
        np.subtract(flat[tile], mean[:, AROUND:], out=result[tile])
    return result


def summits(raised: npt.NDArray[np.float32], least: float, most: int) -> npt.NDArray[np.intp]:
    """Flat indices of the local maxima (5 x 5) of one prominence map that reach ``least``, the
    most prominent first, at most ``most``."""
    side = raised.shape[0]
    table = bins(side)
    # Over the axis of zero column frequency a maximum is its own neighbour's mirror image.
    mirror = raised[(side - np.arange(side)) % side, 2:0:-1]
    whole = np.concatenate([mirror, raised], axis=1)
    highest = cv2.dilate(whole, np.ones((5, 5), np.uint8))[:, 2:]
    found = np.flatnonzero((raised >= highest) & (raised >= least) & ~table.outside)
    order = np.argsort(-raised.ravel()[found], kind="stable")[:most]
    return np.asarray(found[order], dtype=np.intp)


def refined(level: npt.NDArray[np.float32], flat: npt.NDArray[np.intp]) -> Floats:
    """Frequencies (n, 2) of (row, column) in cycles per pixel of summits of one ``levels`` map, by
    a parabola through the logarithms of three neighbours (exact for a Gaussian peak; within 0.02
    bins for the Hann window)."""
    side, width = level.shape
    row, column = np.divmod(flat, width)
    own = level[row, column].astype(np.float64)
    up, down = level[row - 1, column], level[(row + 1) % side, column]
    mirrored = (side - row) % side
    left = np.where(column > 0, level[row, column - 1], level[mirrored, 1])
    last = np.minimum(column + 1, width - 1)
    right = np.where(column < width - 1, level[row, last], level[mirrored, width - 2])
    moved = []
    for before, after in ((up, down), (left, right)):
        bend = 2.0 * own - before - after
        slope = np.where(bend > 1e-6, (after - before) / (2.0 * np.maximum(bend, 1e-6)), 0.0)
        moved.append(np.clip(slope, -0.5, 0.5))
    rows = (row - side // 2 + moved[0]) / side
    return np.stack([rows, (column + moved[1]) / side], axis=1)


def amplitude_at(
    windowed: Stack, frequency: Floats, window_sum: float
) -> npt.NDArray[np.complex128]:
    """Complex amplitudes (tiles,) of a wave of this frequency in windowed tiles (n, side, side):
    modulus = half the peak-to-peak swing, phase = at the middle of the tile."""
    side = windowed.shape[1]
    place = np.arange(side) - side // 2
    down = np.exp(-2j * np.pi * frequency[0] * place)
    across = np.exp(-2j * np.pi * frequency[1] * place).astype(np.complex64)
    # Plain sums, not BLAS: the same bits whatever the number of threads.
    along = np.einsum("nij,j->ni", windowed, across.real) + 1j * np.einsum(
        "nij,j->ni", windowed, across.imag
    )
    return np.asarray(2.0 / window_sum * (along * down[None, :]).sum(axis=1))


def between_bins(offset: Floats) -> Floats:
    """What a wave ``offset`` (..., 2) bins away from a bin keeps there of its amplitude under the
    Hann window (Harris 1978)."""
    safe = np.clip(np.abs(offset), 1e-6, 0.999)
    return np.asarray(np.prod(np.sinc(safe) / (1.0 - safe**2), axis=-1))
