"""White noise from the covariance of small blocks: its smallest eigenvalues hold no picture.

Blocks of a picture fill few of the dimensions that they could; white noise fills all alike, so that
the smallest eigenvalues of the blocks' covariance are the variance of the noise (Pyatykh, Hesser
and Zheng, IEEE TIP 22(2), 2013). How many of them are noise alone is told by their mean, which then
equals their median (Chen, Zhu and Heng, ICCV 2015). Noise that is correlated is missed at full
scale and shows at 1/2 and 1/4, where its own pixels are neighbours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats

BLOCK = 5
"""Side of the blocks, in pixels of their scale."""

SCALES = (1, 2, 4)
"""The page as it is and its area averages over 2 x 2 and 4 x 4 pixels."""


def white_level(density: npt.NDArray[np.float64], scale: int) -> tuple[float, float]:
    """Standard deviations at one scale: of the noise that is white there, and of all there is.

    density: mean spectral density (side, side // 2 + 1) of Hann-windowed tiles, side 32 or more.
    """
    side = density.shape[0]
    covariance = _autocovariance(density * _averaging(side, scale))
    lags = covariance[np.ix_(np.arange(-BLOCK + 1, BLOCK) * scale, _across(scale))]
    place = np.arange(BLOCK * BLOCK)
    down, across = place // BLOCK, place % BLOCK
    blocks = lags[
        down[:, None] - down[None, :] + BLOCK - 1, across[:, None] - across[None, :] + BLOCK - 1
    ]
    eigenvalues = np.maximum(np.linalg.eigvalsh((blocks + blocks.T) / 2.0), 0.0)
    return float(np.sqrt(redundant(eigenvalues))), float(np.sqrt(max(float(lags[4, 4]), 0.0)))


def redundant(eigenvalues: Floats) -> float:
    """Mean of the smallest eigenvalues, as many as have a mean that does not exceed their median.

    Chen, Zhu and Heng 2015, algorithm 1.
    """
    ordered = np.sort(eigenvalues)[::-1]
    for first in range(ordered.size):
        rest = ordered[first:]
        if float(rest.mean()) <= float(np.median(rest)) * (1.0 + 1e-9):
            return float(rest.mean())
    return float(ordered[-1])


def _across(scale: int) -> npt.NDArray[np.intp]:
    return np.arange(-BLOCK + 1, BLOCK, dtype=np.intp) * scale


def _averaging(side: int, scale: int) -> npt.NDArray[np.float64]:
    """Power that the average over scale x scale pixels lets through, rfft2 layout."""
    if scale == 1:
        return np.ones((side, side // 2 + 1))
    offsets = np.arange(scale) - (scale - 1) / 2.0
    down, across = (
        np.cos(2.0 * np.pi * f[:, None] * offsets).mean(axis=1)
        for f in (np.fft.fftfreq(side), np.fft.rfftfreq(side))
    )
    return np.asarray(np.outer(down**2, across**2))


def _autocovariance(density: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Autocovariance (side, side) for circular lags, freed of the Hann window's."""
    side = density.shape[0]
    hann = np.hanning(side + 1)[:-1]
    own = np.fft.irfft(np.abs(np.fft.rfft(hann)) ** 2, side)
    own /= own[0]
    return np.asarray(np.fft.irfft2(density, s=(side, side)) / np.outer(own, own))
