"""Lattices of halftone dots: their vectors, their phase at every pixel, their orders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from restoration.raster.base import Plane

PHASES = 48
"""Steps of a lattice's phase along each of its two vectors. A dot's edge is softened by optics to
a sixth of the period or more, so that half a step (1/96) is far below it."""

HIGHEST_ORDER = 8
"""Harmonics k, l beyond carry nothing that optics leave of a dot."""

HIGHEST_FREQUENCY = 0.6
"""Cycles per pixel beyond which a harmonic of the dots is noise: optics and the pixel's own area
leave nothing, and what they leave is aliased."""

SAME = 0.02
"""Vectors that differ by less, relative to their length, are those of one lattice."""

LatticeVector = tuple[float, float]
"""Cycles per pixel downwards and to the right."""


@dataclass(frozen=True)
class ScreenVectors:
    """The two fundamental vectors of a screen."""

    f1: LatticeVector
    f2: LatticeVector
    lines: bool = False
    """Parallel lines across f1: f2 only completes the frame, and no wave depends on it."""

    @cached_property
    def period(self) -> float:
        """Pixels from one row of dots to the next, mean of the two directions."""
        return 2.0 / (float(np.hypot(*self.f1)) + float(np.hypot(*self.f2)))

    def same(self, other: ScreenVectors) -> bool:
        """True where the other describes the same dots, whichever vector it names first."""
        if self.lines != other.lines:
            return False
        limit = SAME / self.period
        if self.lines:
            return _apart(self.f1, other.f1) < limit
        for pair in ((other.f1, other.f2), (other.f2, other.f1)):
            if _apart(self.f1, pair[0]) < limit and _apart(self.f2, pair[1]) < limit:
                return True
        return False

    @cached_property
    def orders(self) -> npt.NDArray[np.bool_]:
        """bool (PHASES, PHASES): which k·f1 + l·f2 a table over the phases may hold.

        In the order of the discrete Fourier transform. Order (0, 0) is the tone itself.
        """
        k = np.rint(np.fft.fftfreq(PHASES, 1.0 / PHASES))
        along, across = np.meshgrid(k, k, indexing="ij")
        down = along * self.f1[0] + across * self.f2[0]
        right = along * self.f1[1] + across * self.f2[1]
        allowed = np.hypot(down, right) < HIGHEST_FREQUENCY
        allowed &= (np.abs(along) <= HIGHEST_ORDER) & (np.abs(across) <= HIGHEST_ORDER)
        if self.lines:
            allowed &= across == 0
        allowed[0, 0] = False
        return np.asarray(allowed)

    @property
    def orders_held(self) -> int:
        """How many harmonics and cross terms that is, a conjugate pair counting once."""
        return int(self.orders.sum()) // 2


def _apart(one: LatticeVector, other: LatticeVector) -> float:
    """Distance of two vectors, of which each is as good as its negative."""
    minus = np.hypot(one[0] - other[0], one[1] - other[1])
    plus = np.hypot(one[0] + other[0], one[1] + other[1])
    return float(min(minus, plus))


def turns(vector: LatticeVector, top: int, left: int, height: int, width: int) -> Plane:
    """Phase of a wave at the pixels of a window, in turns, float32 (height, width) in [0, 2).

    Reckoned in float64 along the two axes, so that it does not lose precision far down a page.
    """
    rows = (vector[0] * np.arange(top, top + height, dtype=np.float64)) % 1.0
    columns = (vector[1] * np.arange(left, left + width, dtype=np.float64)) % 1.0
    return np.add.outer(rows.astype(np.float32), columns.astype(np.float32))
