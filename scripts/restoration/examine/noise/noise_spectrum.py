"""Spectra of flat tiles by frequency band: what the noise findings stand on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats, Stack

RHYTHM = 0.07
"""Lowest frequency, in cycles per pixel, at which a spectral line is looked for."""

LINE = 40.0
"""Power of a spectral line over the usual power of its ring."""

NOTHING = 0.3
"""Standard deviation, in 1/255, that counts as none: less than the rounding of an 8-bit file."""


@dataclass(frozen=True)
class Bands:
    """The frequency bands of a tile."""

    edges: Floats
    """Cycles per pixel, one more than there are bands."""
    index: npt.NDArray[np.intp]
    """Band of each bin (rfft2 layout); -1 below the lowest."""
    weight: Floats
    """2 for bins that stand for their conjugate too, else 1."""
    bins: Floats
    """Weighted bins per band."""
    share: Floats
    """Share of the frequency plane per band; what lies below the lowest is the lowest's."""


@lru_cache(maxsize=4)
def bands(side: int) -> Bands:
    """Half octaves from 1.5 / side cycles per pixel up to the corner of the frequency plane."""
    edges = [1.5 / side, 2.5 / side, 3.5 / side]
    while edges[-1] * np.sqrt(2.0) < 0.39:
        edges.append(edges[-1] * float(np.sqrt(2.0)))
    edges += [0.4, 0.5, 0.6, 0.7072]
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    index = np.searchsorted(np.array(edges), radius, side="right").astype(np.intp) - 1
    weight = np.full(radius.shape, 2.0)
    weight[:, [0, -1]] = 1.0
    count = len(edges) - 1
    bins = np.bincount(index[index >= 0], weight[index >= 0], count)
    share = bins / side**2
    share[0] += float(weight[index < 0].sum()) / side**2
    return Bands(np.array(edges), index, weight, np.asarray(bins), np.asarray(share))


def densities(tiles: Stack) -> npt.NDArray[np.float32]:
    """Spectral densities (tiles, side, side // 2 + 1), (1/255)^2; white noise of standard
    deviation s/255 has density s^2. Planes are removed, a Hann window applied."""
    transformed = transform(tiles)
    return transformed.real**2 + transformed.imag**2


def transform(tiles: Stack) -> npt.NDArray[np.complex64]:
    """Fourier transforms of tiles less their planes, under a Hann window of unit energy."""
    side = tiles.shape[1]
    hann = np.hanning(side + 1)[:-1]
    window = np.outer(hann, hann)
    window /= np.sqrt((window**2).sum())
    flat = without_planes(tiles) * window.astype(np.float32)
    return np.fft.rfft2(flat, axes=(1, 2)).astype(np.complex64)


def without_planes(tiles: Stack) -> Stack:
    """Tiles less their least-squares planes."""
    side = tiles.shape[1]
    ramp = np.arange(side) - (side - 1) / 2.0
    energy = float((ramp**2).sum()) * side
    mean = tiles.mean(axis=(1, 2), dtype=np.float64)
    tall = (tiles.sum(axis=2, dtype=np.float64) * ramp).sum(axis=1) / energy
    wide = (tiles.sum(axis=1, dtype=np.float64) * ramp).sum(axis=1) / energy
    plane = mean[:, None, None] + tall[:, None, None] * ramp[None, :, None]
    return np.asarray(tiles - plane - wide[:, None, None] * ramp, dtype=np.float32)


def band_means(density: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Mean density per band, (tiles, bands)."""
    table = bands(density.shape[1])
    flat = density.reshape(density.shape[0], -1)
    index = table.index.ravel()
    means = np.empty((density.shape[0], table.bins.size))
    for band in range(table.bins.size):
        own = np.flatnonzero(index == band)
        weight = table.weight.ravel()[own]
        means[:, band] = (flat[:, own] * weight).sum(axis=1, dtype=np.float64) / weight.sum()
    return means


def autocorrelation(density: Floats, table: Bands) -> Floats:
    """Mean autocorrelation along rows and columns of noise with this density, by lag from 0 to half
    the tile's side."""
    side = table.index.shape[0]
    covariance = np.fft.irfft2(density[np.maximum(table.index, 0)], s=(side, side))
    both = (covariance[0, : side // 2] + covariance[: side // 2, 0]) / 2.0
    return np.asarray(both / max(float(both[0]), 1e-12))


def width(density: Floats, table: Bands) -> float:
    """Full width at half maximum of the autocorrelation, in pixels of the tile; 0 for no noise."""
    if not density.any():
        return 0.0
    falling = autocorrelation(density, table)
    below = np.flatnonzero(falling < 0.5)
    if below.size == 0:
        return 2.0 * falling.size
    lag = int(below[0])
    share = (falling[lag - 1] - 0.5) / (falling[lag - 1] - falling[lag])
    return 2.0 * float(lag - 1 + share)


def rhythmic(tiles: Stack) -> npt.NDArray[np.bool_]:
    """Which tiles have a spectral line: a halftone's dots, a weave, a moire; (tiles,).

    Noise exceeds the mean of its ring in the frequency plane by 9 to 12 times at most.
    """
    side = tiles.shape[1]
    density = densities(tiles).reshape(len(tiles), -1)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]) * side
    ring = np.rint(radius).astype(np.intp).ravel()
    strongest = np.zeros(len(tiles))
    for number in range(max(3, round(RHYTHM * side)), int(0.7 * side)):
        own = density[:, ring == number]
        top = own.max(axis=1)
        # A line fills up to nine bins under the Hann window.
        typical = np.median(own, axis=1) / np.log(2.0)
        # What cannot be seen is left: the steps of an 8-bit ramp have rhythms, too.
        ratio = np.where(8.0 * top > (NOTHING * side) ** 2, top / np.maximum(typical, 1e-3), 0.0)
        strongest = np.maximum(strongest, ratio)
    return strongest > LINE


def sigma(density: Floats, table: Bands) -> float:
    """Standard deviation of noise with this density."""
    return float(np.sqrt(max(float((density * table.share).sum()), 0.0)))
