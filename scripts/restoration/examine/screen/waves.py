"""Waves that whole tiles have in common: frequencies, amplitudes, and their vernier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.screen.spectrum import (
    between_bins,
    hann,
    levels,
    prominence,
    refined,
    summits,
    transform,
)
from restoration.raster.base import Floats, Stack

CLEAR = 4.5
"""Prominence a wave needs in a single tile; the highest of 30,000 bins of noise reaches 3."""

COMMON = 2.0
"""Least mean prominence over many tiles: single speckles do not repeat."""

AGREE = 0.8
"""Least agreement of the phases of tiles, 0 to 1, from which they correct a frequency."""

MOST_WAVES = 28


@dataclass(frozen=True)
class Wave:
    """A frequency that tiles have in common."""

    frequency: Floats
    prominence: float
    """Mean over the tiles."""
    amplitude: float
    """Root mean square over the tiles, linear light, half the peak-to-peak swing."""
    scatter: float
    """Standard deviation of the single tiles' frequencies, cycles per sample."""
    tiles: int
    """Tiles in which it stands out."""


def windowed(tiles: Stack) -> Stack:
    """Tiles (n, side, side) less their means, under a Hann window."""
    centred = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    return np.asarray(centred * hann(tiles.shape[1], tiles.shape[2]), dtype=np.float32)


def window_sum(side: int) -> float:
    """Sum of the Hann window of a tile."""
    return float(side * side) / 4.0


def waves(tapered: Stack) -> list[Wave]:
    """What windowed tiles (n, side, side) of linear light share, greatest amplitude first."""
    count = tapered.shape[0]
    level = levels(transform(tapered))
    raised = prominence(level)
    mean = raised.mean(axis=0)
    # The mean over n tiles of the logarithm of speckle scatters by 1.28 / sqrt(n).
    least = COMMON + (CLEAR - COMMON) / np.sqrt(count)
    found = []
    for flat in summits(mean, least, MOST_WAVES):
        wave = _wave(int(flat), level, raised, float(mean.ravel()[flat]))
        if wave is not None:
            found.append(wave)
    return sorted(found, key=lambda wave: -wave.amplitude)


def _wave(flat: int, level: Stack, raised: Stack, mean: float) -> Wave | None:
    side, width = level.shape[1:]
    row, column = divmod(flat, width)
    rows = np.clip(np.arange(row - 1, row + 2), 0, side - 1)
    columns = np.clip(np.arange(column - 1, column + 2), 0, width - 1)
    frequencies, weights = [], []
    for tile in range(level.shape[0]):
        near = level[tile][np.ix_(rows, columns)]
        down, across = divmod(int(near.argmax()), 3)
        own = int(rows[down]) * width + int(columns[across])
        if raised[tile].ravel()[own] < CLEAR - 1.0:
            continue
        frequency = refined(level[tile], np.array([own]))[0]
        if column <= 1 and frequency[0] * (row - side // 2) < 0.0:
            # Beside the axis the maximum may be the mirror image's.
            frequency = -frequency
        frequencies.append(frequency)
        weights.append(float(np.exp(0.5 * level[tile].ravel()[own])))
    if not frequencies:
        return None
    places, weight = np.array(frequencies), np.array(weights)
    centre = (places * weight[:, None]).sum(axis=0) / weight.sum()
    scatter = float(np.sqrt((((places - centre) ** 2).sum(axis=1) * weight).sum() / weight.sum()))
    offset = centre * side - np.array([row - side // 2, column])
    if column <= 1 and float(np.hypot(*offset)) > 1.0:
        offset = centre * side + np.array([row - side // 2, column])
    power = float(np.exp(level[:, row, column]).mean()) / float(between_bins(offset)) ** 2
    amplitude = 2.0 / window_sum(side) * float(np.sqrt(power))
    return Wave(centre, mean, amplitude, scatter, len(frequencies))


def vernier(
    frequency: Floats,
    amplitudes: npt.NDArray[np.complex128],
    centres: npt.NDArray[np.float64],
    radius: float,
) -> Floats:
    """A wave's frequency, corrected within ``radius`` by its phases in several tiles.

    amplitudes: (n,) complex, measured at ``frequency``; centres: (n, 2). The phase steps between
    tiles so near that the radius allows no second answer are matched first, then those four times
    as far. Unchanged where they do not agree, or hang on fewer than three pairs.
    """
    one, other = np.triu_indices(amplitudes.size, 1)
    apart = centres[other] - centres[one]
    steps = amplitudes[other] * np.conj(amplitudes[one])
    steps = steps * np.exp(-2j * np.pi * (apart * frequency).sum(axis=1))
    distance = np.hypot(apart[:, 0], apart[:, 1])
    best = np.zeros(2)
    for _ in range(2):
        use = (distance > 0.0) & (distance * radius <= 0.45)
        size = np.abs(steps[use])
        if size.sum() <= 0.0 or size.sum() ** 2 < 3.0 * (size**2).sum():
            break
        axis = np.linspace(-radius, radius, 25)
        down, across = np.meshgrid(best[0] + axis, best[1] + axis, indexing="ij")
        turns = down[..., None] * apart[use, 0] + across[..., None] * apart[use, 1]
        agreement = (np.exp(-2j * np.pi * turns) * steps[use]).sum(axis=2).real / size.sum()
        place = np.unravel_index(int(agreement.argmax()), agreement.shape)
        if agreement[place] < AGREE:
            break
        best = np.array([down[place], across[place]])
        radius /= 4.0
    return frequency + best
