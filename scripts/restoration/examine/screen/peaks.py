"""The peaks of single tiles, and how their power is spread."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from restoration.examine.screen.spectrum import (
    bins,
    levels,
    phases,
    prominence,
    refined,
    summits,
    transform,
)

SIDE = 128
"""Side of the tiles that are looked at everywhere, in samples: five periods of the coarsest screen,
and no more than a corner of a small print."""

PEAKS = 10
"""Peaks kept per tile: four inks with two vectors each, and two strangers."""

LEAST = 3.6
"""Least prominence (natural logarithm of power) of a peak that is kept; the highest of 8000 bins of
noise reaches 2.8."""

RINGS = 16
"""Rings of equal width, up to 0.5 cycles per sample, of which the mean power is kept per tile."""

VIVID = 0.07
"""Standard deviation of encoded values from which rings and sectors are measured, else 0."""

SECTORS = 6
"""Sectors of 30 degrees, which tell dots without a lattice from strokes and threads."""


def peaks_of(
    stack: npt.NDArray[np.float32],
    energy: npt.NDArray[np.float64],
    spread: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], ...]:
    """Frequencies, prominences, levels, phases, ring and sector powers of windowed tiles."""
    spectra = transform(stack)
    level = levels(spectra)
    raised = prominence(level)
    count = stack.shape[0]
    frequency, height = np.zeros((count, PEAKS, 2)), np.zeros((count, PEAKS))
    power, phase = np.zeros((count, PEAKS)), np.zeros((count, PEAKS))
    outside = bins(stack.shape[1]).outside
    highest = np.where(outside, np.float32(0.0), raised).max(axis=(1, 2))
    for tile in np.flatnonzero(highest >= LEAST):
        found = summits(raised[tile], LEAST, PEAKS)
        if found.size == 0:
            continue
        frequency[tile, : found.size] = refined(level[tile], found)
        height[tile, : found.size] = raised[tile].ravel()[found]
        power[tile, : found.size] = level[tile].ravel()[found]
        phase[tile, : found.size] = phases(spectra[tile], found)
    # Faint tiles cannot be ink on paper, whatever their texture.
    vivid = np.flatnonzero(spread >= VIVID)
    zones = []
    for index, members in _zones(stack.shape[1]):
        means = np.zeros((count, members.size - 1))
        for tile in vivid:
            own = np.exp(level[tile]).ravel()
            means[tile] = np.bincount(index, own, members.size)[:-1] / members[:-1]
        zones.append(means)
    rings, sectors = (zone / energy[:, None] for zone in zones)
    return frequency, height, power, phase, rings, sectors


@lru_cache(maxsize=2)
def _zones(side: int) -> tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]], ...]:
    """Ring and sector of each bin of a flattened half spectrum (the last number: none), and the
    number of bins of each."""
    rows = (np.arange(side) - side // 2)[:, None] / side
    columns = np.arange(side // 2 + 1)[None, :] / side
    radius = np.hypot(rows, columns)
    ring = np.minimum((radius * 2 * RINGS).astype(np.intp), RINGS)
    turn = np.arctan2(rows, columns) / np.pi + 0.5
    sector = np.minimum((turn * SECTORS).astype(np.intp), SECTORS - 1)
    # The axes belong to straight edges and to the sheet itself.
    axis = (np.abs(rows) * side <= 1) | (columns * side <= 1)
    ring[axis] = RINGS
    sector[axis | (ring < 3) | (ring == RINGS)] = SECTORS
    return tuple(
        (index.ravel(), np.maximum(np.bincount(index.ravel(), minlength=count + 1), 1.0))
        for index, count in ((ring, RINGS), (sector, SECTORS))
    )
