"""What motion and defocus do to a spectrum: attenuations with zeros, as tables to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d
from scipy.special import j1

from restoration.raster.base import Floats32

SIDE = 128
"""Side of the tiles whose spectra are compared, in pixels of their scale."""

LENGTHS = 4.0 * 1.14 ** np.arange(16)
"""Lengths of motion that are tried, in pixels of the scale: 4 to 28.6."""

DIRECTIONS = np.arange(0.0, 180.0, 7.5)
"""Directions of motion that are tried, in degrees."""

RADII = 1.6 * 1.09 ** np.arange(24)
"""Radii of defocus discs that are tried, in pixels of the scale: 1.6 to 11.6."""

LEAST = 1e-4
"""Attenuations of power below this count as this: a window never shows more."""


@dataclass(frozen=True)
class FrequencyPlane:
    """The frequencies of a tile, rfft2 layout flattened, without those that are never used."""

    across: npt.NDArray[np.float64]
    """Cycles per pixel along the rows, 0 to 0.5."""
    down: npt.NDArray[np.float64]
    """Cycles per pixel down the columns, -0.5 to 0.5."""
    used: npt.NDArray[np.bool_]
    """Which bins of the flattened rfft2 layout these are."""


@lru_cache(maxsize=1)
def plane() -> FrequencyPlane:
    """The frequencies between the guard bands along the axes, where straight edges parallel to the
    scan and JPEG's grid put their power, and Nyquist."""
    down = np.fft.fftfreq(SIDE)[:, None] * np.ones((1, SIDE // 2 + 1))
    across = np.fft.rfftfreq(SIDE)[None, :] * np.ones((SIDE, 1))
    radius = np.hypot(down, across)
    guard = 2.0 / SIDE + 1e-9
    used = (np.abs(down) > guard) & (across > guard) & (radius > 4.5 / SIDE) & (radius < 0.48)
    return FrequencyPlane(across[used], down[used], used.ravel())


def motion(length: float, direction: float) -> Floats32:
    """Attenuation of power by straight motion, on the bins of ``plane``.

    length: pixels; direction: degrees counter-clockwise from the row direction as displayed. Zeros
    at whole multiples of 1/length along the direction.
    """
    angle = np.deg2rad(direction)
    down, across = _full()
    along = across * np.cos(angle) - down * np.sin(angle)
    return _seen(np.sinc(length * along) ** 2)


def defocus(radius: float) -> Floats32:
    """Attenuation of power by a disc, on the bins of ``plane``; first zero at 0.61/radius cycles
    per pixel. radius: pixels."""
    argument = np.maximum(2.0 * np.pi * radius * np.hypot(*_full()), 1e-9)
    return _seen((2.0 * j1(argument) / argument) ** 2)


@lru_cache(maxsize=1)
def motions() -> Floats32:
    """The attenuations of all LENGTHS and DIRECTIONS: (lengths, directions, bins)."""
    return np.stack(
        [np.stack([motion(length, direction) for direction in DIRECTIONS]) for length in LENGTHS]
    )


@lru_cache(maxsize=1)
def defoci() -> Floats32:
    """The attenuations of all RADII: (radii, bins)."""
    return np.stack([defocus(radius) for radius in RADII])


def _full() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    down = np.fft.fftfreq(SIDE)[:, None] * np.ones((1, SIDE // 2 + 1))
    across = np.fft.rfftfreq(SIDE)[None, :] * np.ones((SIDE, 1))
    return down, across


def _seen(attenuation: npt.NDArray[np.float64]) -> Floats32:
    """The attenuation as a Hann window shows it: power leaks into the neighbouring bins."""
    leak = np.array([0.25, 1.0, 0.25]) / 1.5
    seen = correlate1d(attenuation, leak, axis=0, mode="wrap")
    seen = correlate1d(seen, leak, axis=1, mode="mirror")
    return np.asarray(np.maximum(seen.ravel()[plane().used], LEAST), dtype=np.float32)
