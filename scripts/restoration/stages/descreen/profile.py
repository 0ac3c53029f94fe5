"""The dot profile: how bright a screen prints each phase of its lattice at each tone.

A halftone is a comparison of the picture with a screen function that repeats with the lattice
(Kipphan, Handbook of Print Media, 3.1.3; Amidror, The Theory of the Moiré Phenomenon, ch. 3). At
an even tone the print depends on the phase alone, so that the average of all pixels of one phase
and one tone is the dot as this press printed it and this scanner saw it, with its gain, its
softness and all its harmonics k·f1 + l·f2. Nothing of it is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from restoration.raster.base import Plane
from restoration.stages.descreen.lattice import PHASES, ScreenVectors

TONES = 24
"""Tones of a profile, at equal steps of linear light between the darkest and the lightest."""

CELLS = PHASES * PHASES * TONES

Index = npt.NDArray[np.int32]
"""int32 (h, w): where a pixel's phase begins in a profile's table."""

NEAR, FAR = (1.0, 0.7), (3.0, 2.5)
"""Standard deviations, in steps of phase and of tone, over which evidence is gathered: the near one
is finer than the highest order, the far one fills in what a small region hardly shows."""

FAR_SHARE = 0.05
"""What far evidence counts against near evidence."""

DOUBT = 0.01
"""Share of a tone's mean evidence that speaks for no dot at all: phases nobody saw stay even."""

LEAST_SPAN = 0.05
"""Least range of tones, in linear light."""

DARKEST = 1e-3
"""Evidence (pixels times squared light) below which a tone counts as never seen."""


class ToneOfProfile(NamedTuple):
    """Where a tone lies between the tones of a profile."""

    cell: Index
    share: Plane
    """0 at the cell's own tone, 1 at the next."""


class Range(NamedTuple):
    """The tones of a profile: a faded print has few, and needs them no coarser."""

    darkest: float
    lightest: float

    @classmethod
    def of(cls, tones: Iterable[Plane]) -> Range:
        """The range of the tones, without the few extremes, and a little more."""
        seen = np.concatenate([tone.ravel() for tone in tones])
        low, high = (float(value) for value in np.quantile(seen, (0.001, 0.999)))
        middle, half = 0.5 * (low + high), max(0.55 * (high - low), LEAST_SPAN / 2.0)
        return cls(max(middle - half, 0.0), min(middle + half, 1.0))

    @property
    def step(self) -> float:
        """From one tone of the profile to the next."""
        return (self.lightest - self.darkest) / (TONES - 1)

    def place(self, tone: Plane) -> ToneOfProfile:
        """Cells of tones in linear light; what lies outside the range is clipped."""
        axis = tone - np.float32(self.darkest)
        axis *= np.float32(1.0 / self.step)
        np.clip(axis, 0.0, TONES - 1.001, out=axis)
        cell = axis.astype(np.int32)
        axis -= cell
        return ToneOfProfile(cell, axis)


class Sample(NamedTuple):
    """One window that a profile is learned from."""

    scan: Plane
    """Linear light."""
    expected: Plane
    """The tone, times the dots of the channel's other screens."""
    tone: ToneOfProfile
    phases: Index
    weight: Plane
    """What a pixel counts: less where the tone is uneven, nothing outside the region."""


@dataclass(frozen=True)
class DotProfile:
    """A table over phase and tone of the dots' modulation m: the print is tone x (1 + m)."""

    modulation: Plane
    """float32 (CELLS,), flat; its mean over the phases of a tone is 0."""
    slope: Plane
    """Step to the next tone, flat."""
    range: Range

    @classmethod
    def even(cls, tones: Range) -> DotProfile:
        """No dots."""
        nothing = np.zeros(CELLS, np.float32)
        return cls(nothing, nothing, tones)

    @classmethod
    def learned(cls, samples: Iterable[Sample], lattice: ScreenVectors, tones: Range) -> DotProfile:
        """The least-squares profile: of scan ~ expected x (1 + m)."""
        above, below = np.zeros(CELLS), np.zeros(CELLS)
        for sample in samples:
            _add(above, below, sample)
        shape = (PHASES, PHASES, TONES)
        over, under = _gathered(above.reshape(shape)), _gathered(below.reshape(shape))
        doubt = DOUBT * under.mean(axis=(0, 1)) + DARKEST
        waves = np.fft.fft2(over / (under + doubt), axes=(0, 1))
        waves *= lattice.orders[:, :, None]
        table = np.fft.ifft2(waves, axes=(0, 1)).real
        # Nothing prints darker than black.
        modulation = np.maximum(table, -1.0).astype(np.float32)
        slope = np.zeros_like(modulation)
        slope[:, :, :-1] = np.diff(modulation, axis=2)
        return cls(modulation.ravel(), slope.ravel(), tones)

    def factor(self, phases: Index, tone: ToneOfProfile) -> tuple[Plane, Plane]:
        """1 + m at the phases and tones of a window, and its derivative by the tone."""
        index = phases + tone.cell
        slope = self.slope.take(index)
        factor = self.modulation.take(index)
        factor += slope * tone.share
        factor += 1.0
        slope *= np.float32(1.0 / self.range.step)
        return factor, slope

    def amplitude(self) -> float:
        """Largest root mean square modulation of any tone, times that tone: linear light."""
        table = self.modulation.reshape(-1, TONES)
        spread = np.sqrt((table.astype(np.float64) ** 2).mean(axis=0))
        tones = np.linspace(self.range.darkest, self.range.lightest, TONES)
        return float((spread * tones).max())


def _add(above: npt.NDArray[np.float64], below: npt.NDArray[np.float64], sample: Sample) -> None:
    index = (sample.phases + sample.tone.cell).ravel()
    share = sample.tone.share.ravel()
    moved = (sample.weight * sample.expected).ravel()
    excess = moved * (sample.scan - sample.expected).ravel()
    moved = moved * sample.expected.ravel()
    for offset, part in ((0, 1.0 - share), (1, share)):
        above += np.bincount(index + offset, excess * part, CELLS)
        below += np.bincount(index + offset, moved * part, CELLS)


def _gathered(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Evidence (phases, phases, tones) with that of its neighbours."""
    near, far = (
        gaussian_filter(table, (phase, phase, tone), mode=("wrap", "wrap", "nearest"), truncate=3.0)
        for phase, tone in (NEAR, FAR)
    )
    return np.asarray(near + FAR_SHARE * far)
