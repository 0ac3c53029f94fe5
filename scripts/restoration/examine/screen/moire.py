"""Moire: slow beats between screens, or between a screen and the scanner's pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

from restoration.examine.screen.lattice import (
    ScreenLattice,
)
from restoration.examine.screen.spectrum import amplitude_at
from restoration.examine.screen.waves import window_sum
from restoration.findings.screen import Moire
from restoration.raster.base import Floats, Stack

SLOW = 0.45
"""Highest beat, relative to the coarsest screen taking part, that the eye sees as moire. The
rosettes of screens 30 degrees apart repeat at 0.52 of the ruling, and are meant."""

FOLDED = 5
"""Highest order of a screen's harmonics that are followed when pixels fold them back."""

CLEAR = 3.0
"""Least amplitude, over that of the bins around, in the root mean square over the tiles."""

VISIBLE = 0.01
"""Least amplitude relative to the mean light, times the channel's share of luminance: yellow always
beats with its neighbours at 15 degrees, and nobody sees it."""

LUMINANCE = {"r": 0.2126, "g": 0.7152, "b": 0.0722, "grey": 1.0}
"""Rec. ITU-R BT.709."""

AROUND = 2.5
"""Distance, in bins, of the eight frequencies that a beat is compared with."""


def moire_of(
    lattices: Sequence[ScreenLattice], tapered: Mapping[str, Stack], means: Mapping[str, float]
) -> Moire:
    """The clearest beat of a print; its period in samples.

    lattices: of the print; tapered: by channel, windowed tiles (n, side, side) of linear light;
    means: by channel, their mean light. Only frequencies at which these screens can beat are
    looked at, so that no texture of the picture is taken for moire; found is None where they beat
    more slowly than a tile can show.
    """
    best = Moire(found=False)
    greatest = 0.0
    side = next(iter(tapered.values())).shape[1]
    too_slow = False
    for vector, cause in beats(lattices):
        length = float(np.hypot(*vector))
        if length * side < AROUND + 1.5:
            too_slow = too_slow or (cause == "scanner" and length * side > 0.05)
            continue
        for channel, stack in tapered.items():
            contrast, clear = _strength(stack, vector, means[channel])
            visible = contrast * LUMINANCE[channel]
            if clear < CLEAR or visible < max(VISIBLE, greatest):
                continue
            greatest = visible
            best = Moire(
                found=True,
                period_px=1.0 / length,
                frequency=(float(vector[0]), float(vector[1])),
                contrast=contrast,
                channel=channel,
                cause=cause,
            )
    if not best.found and too_slow:
        return Moire(found=None, reason="a beat would be slower than the tiles show")
    return best


def beats(lattices: Sequence[ScreenLattice]) -> Iterator[tuple[Floats, str]]:
    """Frequencies at which screens can beat, with the cause: "screens" or "scanner"."""
    orders = [
        (k, m) for k, m in product(range(-FOLDED, FOLDED + 1), range(FOLDED + 1)) if (k, m) > (0, 0)
    ]
    for lattice in lattices:
        for k, m in orders:
            if m and lattice.lines:
                continue
            vector = k * lattice.first + m * lattice.second
            folded = vector - np.rint(vector)
            turns = np.abs(np.rint(vector)).sum()
            if turns > 0 and abs(k) + abs(m) <= FOLDED and _slow(folded, (lattice,)):
                yield folded, "scanner"
    for one, other in combinations(lattices, 2):
        low_one, low_other = _low(one), _low(other)
        for a, b in product(low_one, low_other):
            if _slow(a - b, (one, other)):
                yield a - b, "screens"


def _low(lattice: ScreenLattice) -> list[Floats]:
    return [sign * vector for sign in (1.0, -1.0) for vector in lattice.vectors]


def _slow(vector: Floats, lattices: Sequence[ScreenLattice]) -> bool:
    return float(np.hypot(*vector)) < SLOW * min(lattice.ruling for lattice in lattices)


def _strength(stack: Stack, vector: Floats, mean: float) -> tuple[float, float]:
    """Contrast of a wave, and its amplitude over that of the frequencies around it."""
    side = stack.shape[1]
    total = window_sum(side)

    def power(frequency: npt.NDArray[np.float64]) -> float:
        return float((np.abs(amplitude_at(stack, frequency, total)) ** 2).mean())

    own = power(vector)
    turns = np.arange(8) * np.pi / 4.0
    ring = np.stack([np.sin(turns), np.cos(turns)], axis=1) * AROUND / side
    # The mean, not the median: one strong neighbour is enough to doubt a beat.
    around = float(np.mean([power(vector + offset) for offset in ring]))
    return float(np.sqrt(own)) / mean, float(np.sqrt(own / max(around, 1e-20)))
