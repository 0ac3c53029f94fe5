"""What happens to a print in a drawer: scratches through its surface, dust and hairs on it, a fold
whose emulsion has cracked.

Drawn by formulas of its own: nothing here is what the detector of damage was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restoration.demo.simulate import SensorNoise
from restoration.raster.base import Floats

BARE = 0.93
"""sRGB-encoded paper that shows where the surface is gone."""

SHADE = 0.10
"""sRGB-encoded tone of a hair or of dirt, in the light of the scanner."""


@dataclass(frozen=True)
class Wear:
    """How many marks of each kind."""

    scratches: int = 0
    specks: int = 0
    hairs: int = 0
    cracks: int = 0


def worn(encoded: Floats, wear: Wear, noise: SensorNoise) -> Floats:
    """The picture with this wear, at reproducible places.

    encoded: float64 (height, width, channels). Scratches and cracks are light, hairs dark, four of
    five specks light.
    """
    picture = encoded.copy()
    size = encoded.shape[:2]
    for _ in range(wear.scratches):
        _cover(picture, _scratch(size, noise), BARE)
    for number in range(wear.specks):
        _cover(picture, _speck(size, noise), SHADE if number % 5 == 4 else BARE)
    for _ in range(wear.hairs):
        _cover(picture, _hair(size, noise), SHADE)
    for _ in range(wear.cracks):
        _cover(picture, _crack(size, noise), BARE)
    return picture


def _cover(picture: Floats, share: Floats, tone: float) -> None:
    picture += share[..., None] * (tone - picture)


def _uniform(noise: SensorNoise, count: int) -> Floats:
    """Values in [0, 1), nearly uniform: the fraction of widely spread normal ones."""
    return np.mod(noise.normal((count,)) * 16.0, 1.0)


def _waves(t: Floats, noise: SensorNoise, count: int, first: float) -> Floats:
    """A curve of about unit height out of ``count`` waves, the slowest of ``first`` periods."""
    phases, total = _uniform(noise, count), np.zeros_like(t)
    for number in range(count):
        periods = first * 2.0**number
        total += np.sin(2.0 * np.pi * (periods * t + phases[number])) / 1.6**number
    return total


def _scratch(size: tuple[int, ...], noise: SensorNoise) -> Floats:
    """Through most of the picture, hardly bent, of uneven depth and lifted here and there."""
    start_y, start_x, direction, bend = _uniform(noise, 4)
    reach = 0.75 * min(size)
    t = np.linspace(-0.5, 0.5, max(8, round(4.0 * reach)))
    sag = 0.06 * (bend - 0.5) * reach * (1.0 - 4.0 * t**2)
    y, x = _placed(size, start_y, start_x, direction, t * reach, sag)
    depth = np.clip(0.85 + 0.3 * _waves(t, noise, 4, 2.3), 0.0, 1.0)
    return _stroke(size, y, x, 0.6 + 0.35 * depth, depth)


def _hair(size: tuple[int, ...], noise: SensorNoise) -> Floats:
    """A fibre that curls: its direction turns faster and slower along it."""
    start_y, start_x, direction, length = _uniform(noise, 4)
    reach = (0.12 + 0.1 * length) * min(size)
    t = np.linspace(0.0, 1.0, max(8, round(4.0 * reach)))
    heading = 2.0 * np.pi * direction + 1.3 * _waves(t, noise, 3, 0.7)
    step = reach / len(t)
    y = (0.15 + 0.7 * start_y) * size[0] + step * np.cumsum(np.sin(heading))
    x = (0.15 + 0.7 * start_x) * size[1] + step * np.cumsum(np.cos(heading))
    return _stroke(size, y, x, np.full_like(t, 1.0), np.full_like(t, 0.95))


def _crack(size: tuple[int, ...], noise: SensorNoise) -> Floats:
    """From edge to edge, jagged at every scale, open to a varying width."""
    across, lean = _uniform(noise, 2)
    count = 2 * max(size)
    t = np.linspace(0.0, 1.0, count)
    y = (0.2 + 0.6 * across + (lean - 0.5) * 0.3 * (t - 0.5)) * size[0]
    y = y + 0.012 * size[0] * _waves(t, noise, 7, 1.7)
    gap = np.clip(0.7 + 0.75 * _waves(t, noise, 6, 3.1), 0.0, 2.2)
    return _stroke(size, y, t * size[1], gap, np.minimum(1.0, 2.0 * gap))


def _placed(
    size: tuple[int, ...], down: float, right: float, turn: float, along: Floats, across: Floats
) -> tuple[Floats, Floats]:
    angle = np.pi * turn
    y = (0.15 + 0.7 * down) * size[0] + along * np.sin(angle) + across * np.cos(angle)
    x = (0.15 + 0.7 * right) * size[1] + along * np.cos(angle) - across * np.sin(angle)
    return y, x


def _stroke(size: tuple[int, ...], y: Floats, x: Floats, radius: Floats, depth: Floats) -> Floats:
    """Share of each pixel that a line covers, float64 (height, width).

    radius: half width at every point, in pixels; depth: share that it covers at most there.
    """
    height, width = size
    share = np.zeros((height, width))
    reach = int(np.ceil(radius.max())) + 1
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            row = np.floor(y).astype(np.intp) + dy
            column = np.floor(x).astype(np.intp) + dx
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            distance = np.hypot(row + 0.5 - y, column + 0.5 - x)
            value = depth * np.clip(radius + 0.5 - distance, 0.0, 1.0)
            np.maximum.at(share, (row[inside], column[inside]), value[inside])
    return share


def _speck(size: tuple[int, ...], noise: SensorNoise) -> Floats:
    """A speck of dust of 2 to 9 pixels, small ones more often, of uneven outline."""
    down, right, large, flat, turn = _uniform(noise, 5)
    phases, heights = 2.0 * np.pi * _uniform(noise, 3), 0.22 * _uniform(noise, 3)
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    dy, dx = y + 0.5 - down * size[0], x + 0.5 - right * size[1]
    angle = np.pi * turn
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = (dy * np.cos(angle) - dx * np.sin(angle)) * (1.0 + flat)
    around = np.arctan2(across, along)
    radius = 1.1 + 3.4 * large**2.5
    outline = sum(
        height * np.cos(lobes * around + phase)
        for lobes, height, phase in zip((2, 3, 5), heights, phases, strict=True)
    )
    return np.asarray(np.clip(radius * (1.0 + outline) + 0.5 - np.hypot(along, across), 0.0, 1.0))
