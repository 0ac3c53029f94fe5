"""Where a spectrum ends: the noise-floor crossing and the fall below a picture's power law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.spectrum import SpectrumTile, power, ring_means, rings
from restoration.raster.base import Floats

SLOPES = (2.2, 2.9)
"""Exponents of the power law of pictures: density falls as frequency^-2.2 to ^-2.9 (Field 1987;
occluding objects: Lee, Mumford and Huang 2001). Steeper fits mean that the fall has begun."""

FALL = 100.0
"""Power ratio, 20 dB, below the power law at which nothing is left: a transfer of 10 % (MTF10)."""

CLIFF = 6.0
"""Power ratio by which a spectrum drops, within 8 % of frequency and two rings, where the picture
ends above a shelf of something else: JPEG's rounding is no flat floor, and has no cliff either."""

SHELF = 0.7
"""Largest further drop over the next fifth of the frequency, as a share of the cliff's."""

LEAKAGE = 1.25
"""Rings by which the Hann window's main lobe carries a sharp end outwards (measured on cliffs)."""

FIRST_RING = 4
"""Index of the first ring that is used: below it the axis guard leaves nothing."""


@dataclass(frozen=True)
class Falloff:
    """The end of one spectrum."""

    frequency: float
    """Cycles per pixel; 0.5 where the spectrum reaches Nyquist."""
    by: str
    """``noise`` (noise floor crossed), ``transfer`` (20 dB below the power law), ``cliff`` (a
    sudden drop onto a shelf), ``nyquist`` (the spectrum has no end)."""
    slope: float
    """Exponent of the power law."""
    headroom: float
    """Power ratio of picture to floor at low frequency: how clearly the picture stands out."""


def smooth(spectrum: Floats) -> Floats:
    """Geometric mean of three neighbouring rings; NaN where the ring itself is NaN."""
    logs = np.log(np.maximum(spectrum, 1e-12))
    stack = np.stack([np.r_[logs[:1], logs[:-1]], logs, np.r_[logs[1:], logs[-1:]]])
    good = np.isfinite(stack)
    total = np.where(good, stack, 0.0).sum(axis=0) / np.maximum(good.sum(axis=0), 1)
    return np.where(np.isfinite(logs), np.exp(total), np.nan)


def typical(spectra: npt.NDArray[np.float64]) -> Floats:
    """Geometric mean of spectra (tiles, rings), so that no single hard edge rules it."""
    return np.asarray(np.exp(np.log(np.maximum(spectra, 1e-12)).mean(axis=0)))


def plateau(spectrum: Floats, frequency: Floats) -> float:
    """Level of a flat end of an all-direction spectrum; 0 where it still falls like a picture.

    White noise is flat out to the corners of the frequency plane, a picture falls by 3 dB and more
    over the same third of an octave.
    """
    end = (frequency > 0.40) & (frequency < 0.66) & np.isfinite(spectrum)
    if end.sum() < 8:
        return 0.0
    logs, octaves = np.log(np.maximum(spectrum[end], 1e-12)), np.log(frequency[end])
    offset = octaves - octaves.mean()
    slope = float((offset * logs).sum() / (offset**2).sum())
    return float(np.exp(np.median(logs))) if slope > -1.0 else 0.0


def falloff(spectrum: Floats, floor: Floats, frequency: Floats) -> Falloff | None:
    """Where a smoothed ring spectrum ends; None where no picture rises above the floor.

    spectrum, floor: densities in (1/255)^2 per ring; frequency: cycles per pixel.
    """
    usable = np.isfinite(spectrum) & (frequency <= 0.5) & (np.arange(frequency.size) >= FIRST_RING)
    rings_used = np.flatnonzero(usable)
    if rings_used.size < 12:
        return None
    f, p, n = frequency[rings_used], spectrum[rings_used], floor[rings_used]
    headroom = float(np.exp(np.log(p[:5] / np.maximum(n[:5], 1e-9)).mean()))
    if headroom < 5.0 or float(p[:5].mean()) < 4.0:
        return None
    signal = np.maximum(p - n, p * 1e-3)
    end, by, slope = 0.0, "nyquist", 0.0
    upper = f[0] * 2.0
    for _ in range(8):
        fitted = (f <= max(upper, f[4])) & (p > 4.0 * n)
        if fitted.sum() < 3:
            fitted = np.arange(f.size) < 5
        level, slope = _power_law(f[fitted], signal[fitted])
        law = np.exp(level - slope * np.log(f)) / FALL
        previous = end
        end, by = min(_first_below(f, p, n, signal, law), _first_cliff(f, p, slope))
        if abs(end - previous) < 1e-6:
            break
        upper = 0.4 * end
    if by != "nyquist":
        end -= LEAKAGE * float(frequency[0])
    return Falloff(end, by, slope, headroom)


def _power_law(f: Floats, signal: Floats) -> tuple[float, float]:
    """Logarithm of the level at 1 cycle per pixel and the exponent, within SLOPES."""
    x, y = np.log(f), np.log(signal)
    weight = 1.0 / np.arange(1, x.size + 1) ** 0.5
    centre = float((weight * x).sum() / weight.sum())
    spread = float((weight * (x - centre) ** 2).sum())
    slope = -float((weight * (x - centre) * y).sum()) / max(spread, 1e-9)
    slope = min(max(slope, SLOPES[0]), SLOPES[1])
    return float((weight * y).sum() / weight.sum()) + slope * centre, slope


def _first_below(f: Floats, p: Floats, n: Floats, signal: Floats, law: Floats) -> tuple[float, str]:
    """First frequency from which the spectrum stays at its floor or below the law."""
    by_noise, by_transfer = np.log(p / (2.0 * np.maximum(n, 1e-9))), np.log(signal / law)
    margin = np.minimum(by_noise, by_transfer)
    below = margin <= 0.0
    for ring in np.flatnonzero(below):
        ahead = below[ring : ring + 6]
        if ahead.mean() < 0.8:
            continue
        by = "noise" if by_noise[ring] <= by_transfer[ring] else "transfer"
        if ring == 0:
            return float(f[0]), by
        share = margin[ring - 1] / max(margin[ring - 1] - margin[ring], 1e-9)
        return float(f[ring - 1] + share * (f[ring] - f[ring - 1])), by
    return 0.5, "nyquist"


def _first_cliff(f: Floats, p: Floats, slope: float) -> tuple[float, str]:
    """First frequency at which the spectrum, freed of its power law, drops by CLIFF for good."""
    level = np.log(p) + slope * np.log(f)
    # The shelf falls more slowly than the law, so that "for good" is judged on the density itself.
    logs = np.log(p)
    peak_after = np.maximum.accumulate(logs[::-1])[::-1]
    for ring in range(3, f.size - 4):
        foot = int(np.searchsorted(f, 1.08 * f[ring] + 2.0 * (f[1] - f[0])))
        if foot >= f.size - 1:
            break
        drop = level[ring] - level[foot]
        if drop < np.log(CLIFF) or peak_after[foot] > logs[ring] - 0.6 * drop:
            continue
        # A soft lens makes a spectrum fall ever faster; it is no cliff without a shelf behind it.
        beyond = min(int(np.searchsorted(f, 1.2 * f[foot] + 2.0 * (f[1] - f[0]))), f.size - 1)
        if beyond > foot + 2 and level[foot] - level[beyond] > SHELF * drop:
            continue
        half = level[ring] - 0.5 * drop
        middle = ring + int(np.flatnonzero(level[ring : foot + 1] <= half)[0])
        share = (level[middle - 1] - half) / max(level[middle - 1] - level[middle], 1e-9)
        end = f[middle - 1] + min(max(share, 0.0), 1.0) * (f[middle] - f[middle - 1])
        return float(end), "cliff"
    return 0.5, "nyquist"


@dataclass(frozen=True)
class RingSpectra:
    """The ring spectra of a set of tiles: all directions, and the two axes' sectors."""

    frequency: Floats
    round: npt.NDArray[np.float64]
    axes: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
    """Horizontal frequencies (detail along a row), vertical ones; each (tiles, rings)."""


def tile_spectra(tiles: Sequence[SpectrumTile]) -> RingSpectra:
    """The spectra of square tiles of one size, at least one."""
    side = tiles[0].shape[0]
    densities = [power(tile) for tile in tiles]
    around, across, down = (
        np.stack([ring_means(density, side, sector) for density in densities])
        for sector in (None, 0, 1)
    )
    return RingSpectra(rings(side).frequency, around, (across, down))
