"""What happens to a print in a drawer: scratches through its surface, dust and hairs on it."""

from __future__ import annotations

import numpy as np

from restoration.demo.simulate import SensorNoise
from restoration.raster.base import Floats

BARE = 0.93
"""sRGB-encoded paper that shows where a scratch took the surface away."""

SHADE = 0.10
"""sRGB-encoded tone of a hair, in the light of the scanner."""


def worn(encoded: Floats, scratches: int, specks: int, hairs: int, noise: SensorNoise) -> Floats:
    """The picture with this many scratches, specks of dust and hairs, at reproducible places.

    encoded: float64 (height, width, channels). Dust and scratches are light, hairs dark.
    """
    picture = encoded.copy()
    height, width = encoded.shape[:2]
    for _ in range(scratches):
        line = _CurvedLine(height, width, noise, length=0.75, bend=0.03)
        _cover(picture, line.covered(0.9), BARE)
    for _ in range(specks):
        _cover(picture, _speck(height, width, noise), BARE)
    for _ in range(hairs):
        line = _CurvedLine(height, width, noise, length=0.15, bend=0.35)
        _cover(picture, line.covered(1.1), SHADE)
    return picture


def _cover(picture: Floats, share: Floats, tone: float) -> None:
    picture += share[..., None] * (tone - picture)


def _uniform(noise: SensorNoise, count: int) -> Floats:
    """Values in [0, 1), nearly uniform: the fraction of widely spread normal ones."""
    return np.mod(noise.normal((count,)) * 16.0, 1.0)


class _CurvedLine:
    """A gently curved line across a part of the picture."""

    def __init__(
        self, height: int, width: int, noise: SensorNoise, length: float, bend: float
    ) -> None:
        """length: as a share of the shorter side; bend: sagitta as a share of the length."""
        start_y, start_x, direction, curve = _uniform(noise, 4)
        reach = length * min(height, width)
        t = np.linspace(-0.5, 0.5, max(8, round(4 * reach)))
        sag = bend * (curve - 0.5) * 2.0 * reach * (1.0 - 4.0 * t**2)
        angle = np.pi * direction
        self.y = (0.15 + 0.7 * start_y) * height + t * reach * np.sin(angle) + sag * np.cos(angle)
        self.x = (0.15 + 0.7 * start_x) * width + t * reach * np.cos(angle) - sag * np.sin(angle)
        self.size = (height, width)

    def covered(self, radius: float) -> Floats:
        """Share of each pixel under a line of this half width, float64 (height, width)."""
        height, width = self.size
        share = np.zeros((height, width))
        reach = int(np.ceil(radius)) + 1
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                row = np.floor(self.y).astype(np.intp) + dy
                column = np.floor(self.x).astype(np.intp) + dx
                inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
                distance = np.hypot(row + 0.5 - self.y, column + 0.5 - self.x)
                value = np.clip(radius + 0.5 - distance, 0.0, 1.0)
                np.maximum.at(share, (row[inside], column[inside]), value[inside])
        return share


def _speck(height: int, width: int, noise: SensorNoise) -> Floats:
    """A speck of dust: an ellipse of 2 to 5 pixels with a soft rim."""
    place_y, place_x, size, flat, turn = _uniform(noise, 5)
    y, x = np.mgrid[0:height, 0:width]
    dy, dx = y + 0.5 - place_y * height, x + 0.5 - place_x * width
    angle = np.pi * turn
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    radius = 1.2 + 1.6 * size
    distance = np.hypot(along, across * (1.0 + flat)) - radius
    return np.asarray(np.clip(0.5 - distance, 0.0, 1.0))
