"""Fourier ring correlation of one image: how fine the picture agrees with itself.

A tile is split like a checkerboard into pictures that share the scene but not the noise; where
their correlation falls below 1/7, nothing is left but noise (Koho et al., Nature Communications
10:3103, 2019). Each of them has half the pixels per side, so that the answer is either below half
of Nyquist or "at least half". Noise that is correlated between neighbours is taken for picture: the
figure is trusted only where the spectrum ends in a level floor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restoration.examine.spectrum import SpectrumTile
from restoration.raster.base import Floats

THRESHOLD = 1.0 / 7.0
"""Correlation below which two rings share nothing (Rosenthal and Henderson 2003)."""


def ring_correlation(tiles: Sequence[SpectrumTile]) -> tuple[Floats, Floats]:
    """Frequency (cycles per pixel of the tile, up to 0.25) and correlation of the rings.

    tiles: at least one, square, even sides. Both diagonals of the checkerboard are averaged, all
    tiles together.
    """
    half = tiles[0].shape[0] // 2
    hann = np.hanning(half + 1)[:-1]
    window = np.outer(hann, hann)
    down, across = np.fft.fftfreq(half)[:, None], np.fft.rfftfreq(half)[None, :]
    ring = np.rint(np.hypot(down, across) * half).astype(np.intp).ravel()
    count = half // 2
    use = (ring > 0) & (ring <= count)
    sums = np.zeros((3, count + 1))
    for tile in tiles:
        for first, other, shift in (
            (tile[0::2, 0::2], tile[1::2, 1::2], down + across),
            (tile[1::2, 0::2], tile[0::2, 1::2], across - down),
        ):
            one, two = (np.fft.rfft2((p - p.mean()) * window).ravel() for p in (first, other))
            # The second picture was sampled half of its pixel further on.
            turned = two * np.exp(-1j * np.pi * shift).ravel()
            for index, product in enumerate(
                ((one * turned.conj()).real, np.abs(one) ** 2, np.abs(two) ** 2)
            ):
                sums[index] += np.bincount(ring[use], product[use], count + 1)
    correlation = sums[0] / np.maximum(np.sqrt(sums[1] * sums[2]), 1e-12)
    return np.arange(1, count + 1) / half / 2.0, correlation[1:]


def correlation_end(frequency: Floats, correlation: Floats) -> float | None:
    """Frequency at which the rings' correlation falls below THRESHOLD for good; None if it never
    does."""
    smooth = np.convolve(correlation, np.ones(3) / 3.0, "same")
    # The last value lacks a neighbour.
    smooth[-1] = smooth[-2]
    below = smooth < THRESHOLD
    for ring in np.flatnonzero(below):
        if below[ring : ring + 5].mean() >= 0.8:
            if ring == 0:
                return float(frequency[0])
            drop = smooth[ring - 1] - smooth[ring]
            share = (smooth[ring - 1] - THRESHOLD) / max(float(drop), 1e-9)
            step = float(frequency[ring] - frequency[ring - 1])
            return float(frequency[ring - 1]) + float(share) * step
    return None
