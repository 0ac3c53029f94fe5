"""Rhythms in the page's finest differences: the traces that an interpolation's grid leaves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats, Plane

ORDERS = (1, 2, 3)
"""Differences that are looked at: an interpolator of any kind leaves a rhythm in one of them. On a
grid shifted by half a pixel, doubling is seen in the odd orders only, on a shared grid in the
second."""

CAP = 16.0 / 255.0
"""Differences count up to this, so that a few hard edges do not drown the rhythm."""

LARGEST = 8.4
"""Largest factor that is looked for."""

LONELY = 6.0
"""Power of a spectral line over all others near it: an interpolation's rhythm is one exact
frequency over the whole page, a brick wall's is many."""

PEAK = 40.0
"""Power of a spectral line over the median: of some thousand lines of pure chance one exceeds 12
times the median."""


class Differences:
    """Mean absolute finite differences per column (or row) over the whole page."""

    def __init__(self, length: int, axis: int) -> None:
        self.axis = axis
        self._sums = np.zeros((len(ORDERS), length))
        self._counts = np.zeros((len(ORDERS), length))

    def see(self, plane: Plane, start: int) -> None:
        """plane: encoded luminance; start: its first column (axis 1) or row (axis 0)."""
        difference = plane
        for index, order in enumerate(ORDERS):
            if difference.shape[self.axis] < 2:
                return
            ahead, behind = (
                (difference[:, 1:], difference[:, :-1])
                if self.axis == 1
                else (difference[1:], difference[:-1])
            )
            difference = cv2.subtract(ahead, behind)
            size = np.minimum(np.abs(difference), np.float32(CAP))
            total = size.sum(axis=1 - self.axis, dtype=np.float64)
            # Centred: the difference of order k at c looks at c - (k-1)//2 ... c + (k+1)//2.
            first = start + (order // 2)
            place = slice(first, first + total.size)
            self._sums[index, place] += total
            self._counts[index, place] += plane.shape[1 - self.axis]

    def profiles(self) -> npt.NDArray[np.float64]:
        """(orders, length); NaN at the few places that windows do not share."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self._counts > 0, self._sums / self._counts, np.nan)


@dataclass(frozen=True)
class SpectralLine:
    """A spectral line of a difference profile."""

    frequency: float
    order: int
    strength: float
    """Power over the spectrum's median."""
    amplitude: float
    """Amplitude of the rhythm, relative to the mean difference."""


def lines(profiles: npt.NDArray[np.float64]) -> list[SpectralLine]:
    """Spectral lines above PEAK, strongest first (Gallagher 2005; Mahdian and Saic 2008)."""
    found: list[SpectralLine] = []
    # First differences show the picture's own structure most; they serve replication alone.
    for order, profile in list(zip(ORDERS, profiles, strict=True))[1:]:
        rhythm = _rhythm(profile)
        if rhythm is None:
            continue
        size = 4 * rhythm.size
        hann = np.hanning(rhythm.size)
        spectrum = np.abs(np.fft.rfft(rhythm * hann, size)) ** 2
        frequency = np.arange(spectrum.size) / size
        spectrum = np.where(frequency >= 1.0 / LARGEST, spectrum, 0.0)
        typical = float(np.median(spectrum[frequency >= 1.0 / LARGEST]))
        for _ in range(8):
            top = int(spectrum.argmax())
            strength = float(spectrum[top]) / max(typical, 1e-30)
            if strength < PEAK:
                break
            f = float(frequency[top])
            beside = np.r_[spectrum[max(0, top - 60) : max(0, top - 10)], spectrum[top + 11 :][:50]]
            peak = float(spectrum[top])
            spectrum[max(0, top - 24) : top + 25] = 0.0
            if peak < LONELY * float(beside.max(initial=0.0)):
                continue
            # At Nyquist both halves of the spectrum fall on the same line.
            amplitude = float(np.sqrt(peak) / hann.sum()) * (1.0 if f > 0.499 else 2.0)
            found.append(SpectralLine(f, order, strength, amplitude))
    return sorted(found, key=lambda line: (-line.strength, line.frequency))


def _rhythm(profile: Floats) -> Floats | None:
    """The profile's relative deviation from its surroundings; None where it is too short or 0."""
    known = np.isfinite(profile)
    if known.sum() < 64 or float(profile[known].mean()) <= 0.0:
        return None
    filled = np.where(known, profile, 0.0)
    kernel = np.ones(33)
    around = np.convolve(filled, kernel, "same") / np.maximum(
        np.convolve(known.astype(float), kernel, "same"), 1.0
    )
    floor = 1e-3 * float(profile[known].mean())
    relative = filled / np.maximum(around, floor) - 1.0
    return np.where(known & (around > floor), np.clip(relative, -1.0, 3.0), 0.0)


def replicated(profile: Floats) -> float | None:
    """Factor of an exact nearest-neighbour enlargement, from first differences; None if none.

    Between copies of a pixel the difference is exactly 0 over the whole page.
    """
    changes = np.flatnonzero(np.isfinite(profile) & (profile > 0.0))
    missing = np.flatnonzero(~np.isfinite(profile))
    if changes.size < 16:
        return None
    gaps = np.diff(changes)
    # A place that windows do not share hides a change; gaps across one say nothing.
    gaps = gaps[np.searchsorted(missing, changes[1:]) == np.searchsorted(missing, changes[:-1])]
    usual = gaps[gaps <= LARGEST + 1]
    if usual.size < 0.9 * gaps.size or usual.size < 16:
        return None
    factor = float(usual.mean())
    regular = np.abs(usual - factor) < 1.0
    return factor if factor >= 1.1 and float(regular.mean()) >= 0.95 else None
