"""Where the dots really lie: the phase of a lattice, followed across a region.

The condition report knows a lattice's vectors to a fraction of a per cent; over a thousand dots
that adds up to whole periods, and paper stretches. So the phase is measured at nodes all over the
region (synchronous demodulation under a Gaussian), freed of its trend, smoothed and interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import Plane
from restoration.stages.descreen.lattice import PHASES, LatticeVector, ScreenVectors, turns
from restoration.stages.descreen.profile import TONES, Index

Complex = npt.NDArray[np.complex64]

WIDTH = 4.0
"""Standard deviation of the demodulating Gaussian, in periods: another lattice at 15 degrees or a
moderate detail of the picture weighs nothing against the screen."""

FINE, COARSE = 32, 64
"""Distance of the nodes in pixels, for periods below and above SHORT: the phase must advance by
less than half a turn from node to node also where a vector is wrong by 2 %."""

SHORT = 5.0


class WaveSurvey:
    """The amplitude of one wave at nodes all over a box of the page."""

    def __init__(
        self, vector: LatticeVector, period: float, box: tuple[int, int, int, int]
    ) -> None:
        """vector: cycles per pixel; box: top, left, height, width in pixels."""
        self.vector = vector
        self.step = FINE if period < SHORT else COARSE
        self.sigma = max(WIDTH * period, 0.5 * self.step)
        self.top, self.left, height, width = box
        self._rows = height // self.step + 2
        self._columns = width // self.step + 2
        self.sums: Complex = np.zeros((self._rows, self._columns), np.complex64)
        self.weights: Plane = np.zeros((self._rows, self._columns), np.float32)

    def add(self, excess: Plane, weight: Plane, top: int, left: int) -> None:
        """Take a window: the scan less its local mean, in linear light, and what counts of it."""
        height, width = excess.shape
        rows, down, tall = self._taps(self.vector[0], top, height, self.top, self._rows)
        columns, right, wide = self._taps(self.vector[1], left, width, self.left, self._columns)
        area = np.s_[rows, columns]
        self.sums[area] += down @ (excess * weight).astype(np.complex64) @ right.T
        self.weights[area] += tall @ weight @ wide.T

    def _taps(
        self, frequency: float, start: int, length: int, origin: int, nodes: int
    ) -> tuple[slice, Complex, Plane]:
        """The nodes that a run of pixels reaches, their demodulating taps and plain weights."""
        reach = 3.0 * self.sigma
        first = max(0, int(np.ceil((start - reach - origin) / self.step)))
        last = min(nodes - 1, int(np.floor((start + length - 1 + reach - origin) / self.step)))
        place = np.arange(start, start + length, dtype=np.float64)
        node = origin + self.step * np.arange(first, last + 1, dtype=np.float64)
        bell = np.exp(-0.5 * ((place[None, :] - node[:, None]) / self.sigma) ** 2)
        wave = np.exp(-2j * np.pi * ((frequency * place) % 1.0))
        return (
            slice(first, last + 1),
            (bell * wave[None, :]).astype(np.complex64),
            bell.astype(np.float32),
        )

    @property
    def strength(self) -> float:
        """Root mean square amplitude over the region, linear light (half the swing)."""
        weight = float(self.weights.sum())
        if weight <= 0.0:
            return 0.0
        power = np.abs(self.sums) ** 2 / np.maximum(self.weights, 1e-6)
        return 2.0 * float(np.sqrt(power.sum() / weight))


WavePair = tuple[WaveSurvey, WaveSurvey]
"""A lattice's two fundamentals; that of lines twice."""


def combined(pair: WavePair) -> float:
    """Root mean square of the amplitudes of a lattice's two fundamentals."""
    return float(np.sqrt((pair[0].strength ** 2 + pair[1].strength ** 2) / 2.0))


@dataclass(frozen=True)
class PhaseField:
    """The phase of one wave, followed: a refined vector and small departures at nodes."""

    vector: LatticeVector
    top: int
    left: int
    step: int
    nodes: Plane
    """Turns to be added, at nodes ``step`` pixels apart, from (top, left)."""

    @classmethod
    def of(cls, survey: WaveSurvey) -> PhaseField:
        """The field that a survey shows. Where it saw no dots, that of the nearest dots."""
        sums, step = survey.sums, survey.step
        down = float(np.angle((sums[1:] * sums[:-1].conj()).sum())) / (2.0 * np.pi)
        right = float(np.angle((sums[:, 1:] * sums[:, :-1].conj()).sum())) / (2.0 * np.pi)
        rows, columns = np.arange(sums.shape[0]), np.arange(sums.shape[1])
        trend = np.add.outer(down * rows, right * columns)
        level = sums * np.exp(-2j * np.pi * trend).astype(np.complex64)
        mean = level.sum()
        offset = float(np.angle(mean)) / (2.0 * np.pi)
        level = level * np.complex64(np.exp(-2j * np.pi * offset))
        departure = np.angle(_spread(level)).astype(np.float32) / np.float32(2.0 * np.pi)
        vector = (survey.vector[0] + down / step, survey.vector[1] + right / step)
        # The trend counts from the first node, the refined vector from the page's corner.
        offset -= (down * survey.top + right * survey.left) / step
        return cls(vector, survey.top, survey.left, step, departure + np.float32(offset % 1.0))

    @classmethod
    def even(cls, vector: LatticeVector, survey: WaveSurvey) -> PhaseField:
        """The field, where a survey has its nodes, of a vector that no dots follow."""
        nodes = np.zeros(survey.sums.shape, np.float32)
        return cls(vector, survey.top, survey.left, survey.step, nodes)

    def at(self, top: int, left: int, height: int, width: int) -> Plane:
        """Phase at the pixels of a window, in turns within [0, 1)."""
        rows = self._between(top - self.top, height, self.nodes.shape[0])
        columns = self._between(left - self.left, width, self.nodes.shape[1])
        near = self.nodes[rows[0] : rows[1], columns[0] : columns[1]]
        # Neighbours across the cut of the angle lie a whole turn apart.
        middle = near[near.shape[0] // 2, near.shape[1] // 2]
        near = middle + np.mod(near - middle + 0.5, 1.0) - 0.5
        phase = turns(self.vector, top, left, height, width)
        phase += rows[2] @ near.astype(np.float32) @ columns[2].T
        phase -= np.floor(phase)
        return phase

    def _between(self, start: int, length: int, nodes: int) -> tuple[int, int, Plane]:
        """First and last node of a run of pixels, and the weights of linear interpolation."""
        axis = np.clip((start + np.arange(length)) / self.step, 0.0, nodes - 1.0)
        lower = np.minimum(axis.astype(np.int64), nodes - 2)
        first, last = int(lower.min()), int(lower.max()) + 2
        weights = np.zeros((length, last - first), np.float32)
        line = np.arange(length)
        weights[line, lower - first] = (1.0 - (axis - lower)).astype(np.float32)
        weights[line, lower - first + 1] = (axis - lower).astype(np.float32)
        return first, last, weights


def _spread(level: Complex) -> Complex:
    """Smoothed over neighbouring nodes; where there is nothing to smooth, the wider mean."""
    parts = [np.ascontiguousarray(level.real), np.ascontiguousarray(level.imag)]
    total: Complex = np.full(level.shape, 1e-6 * level.sum() / level.size, np.complex64)
    for sigma, share in ((0.7, 1.0), (2.5, 0.1), (8.0, 0.01)):
        real, imaginary = (
            cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for part in parts
        )
        total += np.float32(share) * (real + 1j * imaginary).astype(np.complex64)
    return total


@dataclass(frozen=True)
class FollowedScreen:
    """One lattice in one channel of one region, with its phase followed."""

    lattice: ScreenVectors
    along: PhaseField
    across: PhaseField

    def phases(self, top: int, left: int, height: int, width: int) -> Index:
        """Where each pixel's phase begins in a ``DotProfile``."""
        steps = np.float32(PHASES)
        first = (self.along.at(top, left, height, width) * steps).astype(np.int32) % PHASES
        second = (self.across.at(top, left, height, width) * steps).astype(np.int32) % PHASES
        first *= PHASES
        first += second
        first *= TONES
        return first
