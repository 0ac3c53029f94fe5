"""Radial power spectra of tiles: what the resolution and interpolation findings stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats

SpectrumTile = npt.NDArray[np.float32]

AXIS_GUARD = 2
"""Frequency bins beside each axis that are left out: straight edges parallel to the scan (the
sheet's own, mounts, captions) and JPEG's block grid put all their power there, and the Hann window
spreads it over two bins."""


SECTOR = 15.0
"""Half width, in degrees, of the sectors that stand for an axis. A scanner or an interpolation
limits each axis by itself, so that the diagonal carries up to 1.41 times as much; 15 degrees keep
that below 1.04 and still leave bins enough on the ring of a picture interpolated by 8."""


@dataclass(frozen=True)
class Rings:
    """The frequency rings of a square tile of ``side`` pixels, 1/side cycles per pixel wide."""

    side: int
    frequency: Floats
    """Mean frequency of each ring, cycles per pixel, 1/side up to 1/sqrt(2)."""
    index: npt.NDArray[np.intp]
    """Ring of each bin of the half spectrum (rfft2 layout, flattened); -1 where left out."""
    sector: npt.NDArray[np.intp]
    """0: within SECTOR degrees of the horizontal axis, 1: of the vertical axis, 2: between."""
    weight: Floats
    """2 for bins that stand for their conjugate too, else 1; flattened like ``index``."""
    window: SpectrumTile
    """Hann window, normalised so that white noise of variance v has a density of v."""


@lru_cache(maxsize=4)
def rings(side: int) -> Rings:
    """The rings of a tile of ``side`` pixels (even)."""
    fy = np.fft.fftfreq(side)[:, None] * np.ones((1, side // 2 + 1))
    fx = np.fft.rfftfreq(side)[None, :] * np.ones((side, 1))
    radius = np.hypot(fx, fy)
    index = np.rint(radius * side).astype(np.intp) - 1
    guard = AXIS_GUARD / side + 1e-9
    index[(np.abs(fx) <= guard) | (np.abs(fy) <= guard)] = -1
    angle = np.degrees(np.arctan2(np.abs(fy), np.abs(fx)))
    sector = np.where(angle < SECTOR, 0, np.where(angle > 90.0 - SECTOR, 1, 2)).astype(np.intp)
    weight = np.full((side, side // 2 + 1), 2.0)
    weight[:, [0, -1]] = 1.0
    count = int(index.max()) + 1
    frequency = (np.arange(count) + 1.0) / side
    hann = np.hanning(side + 1)[:-1]
    window = np.outer(hann, hann)
    window /= np.sqrt((window**2).sum())
    return Rings(
        side,
        frequency,
        index.ravel(),
        sector.ravel(),
        weight.ravel(),
        window.astype(np.float32),
    )


def power(tile: SpectrumTile) -> Floats:
    """Spectral density of a square tile (side, side) of encoded luminance in [0, 1].

    Returns the flattened half spectrum (rfft2 layout) in (1/255)^2: white noise of standard
    deviation s/255 has density s^2 at all frequencies.
    """
    side = tile.shape[0]
    table = rings(side)
    centred = _without_plane(tile)
    spectrum: npt.NDArray[Any] = np.fft.rfft2(centred * table.window * np.float32(255.0))
    return (spectrum.real.astype(np.float64) ** 2 + spectrum.imag.astype(np.float64) ** 2).ravel()


def _without_plane(tile: SpectrumTile) -> SpectrumTile:
    """The tile less its least-squares plane: slow shading would leak over the whole spectrum."""
    side = tile.shape[0]
    ramp = np.arange(side, dtype=np.float64) - (side - 1) / 2.0
    energy = float((ramp**2).sum()) * side
    rows, columns = tile.sum(axis=1, dtype=np.float64), tile.sum(axis=0, dtype=np.float64)
    # Sums of products, not BLAS: the same bits whatever the number of threads.
    tall, wide = float((rows * ramp).sum()) / energy, float((columns * ramp).sum()) / energy
    plane = float(rows.sum()) / side**2 + ramp[:, None] * tall + ramp[None, :] * wide
    return np.asarray(tile - plane, dtype=np.float32)


def ring_means(density: Floats, side: int, sector: int | None = None) -> Floats:
    """Mean density on each ring, all directions or one sector; NaN where a ring has no bin."""
    table = rings(side)
    keep = table.index >= 0
    if sector is not None:
        keep &= table.sector == sector
    index, weight = table.index[keep], table.weight[keep]
    count = table.frequency.size
    total = np.bincount(index, weight * density[keep], count)
    bins = np.bincount(index, weight, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bins > 0, total / bins, np.nan)


def ring_spectra(
    tiles: Sequence[SpectrumTile], sector: int | None = None
) -> npt.NDArray[np.float64]:
    """``ring_means`` of each tile, shape (tiles, rings)."""
    return np.stack([ring_means(power(tile), tile.shape[0], sector) for tile in tiles])
