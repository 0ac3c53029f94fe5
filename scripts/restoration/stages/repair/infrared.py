"""Dust from the scanner's infrared channel: dye film lets infrared through, dust does not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.evidence import finest_noise
from restoration.raster.base import FloatImage, Mask, Plane

DARKEST = 1.0 / 4096.0
"""Values below this count as this, so that densities stay finite."""

SURROUNDINGS = 129
"""Side of the neighbourhood, in pixels, whose median is the light that falls on the film."""

REDUCTION = 4
"""That median is taken on samples this far apart: light varies slowly."""

SURE, LIKELY = 6.0, 3.0
"""Deviations of the noise by which infrared density stands out: somewhere in a piece, and all
over it."""

LEAST_DENSITY = 0.03
"""Least density that counts, whatever the noise: 7 % of the light."""


@dataclass
class DyeAbsorption:
    """How far the picture's dyes absorb infrared: a plane through its densities, fitted by sums.

    Cyan dye absorbs a little infrared, so that the picture shows faintly in the channel:
    infrared density = a + b·red + c·green + d·blue density.
    """

    def __init__(self, channels: int) -> None:
        size = channels + 1
        self._moments = np.zeros((size, size))
        self._products = np.zeros(size)
        self._coefficients: npt.NDArray[np.float64] | None = None

    def see(self, pixels: FloatImage, infrared: Plane) -> None:
        """Add a window. pixels: float32 (h, w, c); infrared: float32 (h, w); both in [0, 1]."""
        step = 7
        rows = _density(pixels[::step, ::step]).reshape(-1, pixels.shape[2])
        target = _density(infrared[::step, ::step]).ravel()
        # Dust itself must not pull the plane: it is the densest.
        keep = target <= np.quantile(target, 0.9)
        design = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)[keep]
        self._moments += design.T @ design
        self._products += design.T @ target[keep]
        self._coefficients = None

    @property
    def coefficients(self) -> npt.NDArray[np.float64]:
        """Constant, then one per channel, none below 0: dye takes light away, it adds none."""
        if self._coefficients is None:
            ridge = 1e-6 * np.trace(self._moments) * np.eye(len(self._products))
            solved = np.linalg.solve(self._moments + ridge, self._products)
            solved[1:] = np.clip(solved[1:], 0.0, 1.0)
            self._coefficients = solved
        return self._coefficients

    def left(self, pixels: FloatImage, infrared: Plane) -> Plane:
        """Infrared density that the dyes do not explain, float32 (h, w)."""
        dyes = _density(pixels).astype(np.float32) @ self.coefficients[1:].astype(np.float32)
        return np.asarray(_density(infrared) - dyes, np.float32)


def opaque(density: Plane) -> Mask:
    """Where something lies on the film. density: of ``DyeAbsorption.left``."""
    above = density - _light(density)
    noise = finest_noise(above)
    likely = above > max(LIKELY * noise, LEAST_DENSITY)
    count, labels = cv2.connectedComponents(likely.view(np.uint8), connectivity=8)
    sure = np.zeros(count, np.bool_)
    sure[np.unique(labels[above > max(SURE * noise, 2.0 * LEAST_DENSITY)])] = True
    sure[0] = False
    found = sure[labels]
    # Infrared is focused a little behind the picture: the rim of a speck is softer there.
    return np.asarray(cv2.dilate(found.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _light(density: Plane) -> Plane:
    """Median of the surroundings: the scanner's light, the film's base."""
    height, width = density.shape
    size = (-(-width // REDUCTION), -(-height // REDUCTION))
    small = cv2.resize(density, size, interpolation=cv2.INTER_AREA)
    # OpenCV's large medians take bytes alone: 0 to 2 in density, steps of 0.008, then averaged.
    low, high = float(small.min()), float(small.max())
    span = max(high - low, 1e-6)
    codes = np.rint((small - low) * (255.0 / span)).astype(np.uint8)
    median = cv2.medianBlur(codes, min(SURROUNDINGS // REDUCTION, 31) | 1).astype(np.float32)
    smooth = cv2.blur(median * np.float32(span / 255.0) + np.float32(low), (9, 9))
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR))


def _density(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.asarray(-np.log10(np.maximum(values, DARKEST)), np.float64)
