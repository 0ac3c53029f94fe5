"""Cracks and creases: breaks that take the way of least resistance through an uneven sheet."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from skimage.graph import MCP_Geometric

from damage.light import Picture

Plane = npt.NDArray[np.float32]

COARSE = 2
"""Pixels of the picture per cell in which ways are sought."""


def cracked(
    picture: Picture,
    rng: np.random.Generator,
    count: int = 4,
    branches: int = 3,
    *,
    light: bool = True,
) -> Picture:
    """Emulsion that broke and came off along the breaks: paper or base shows in the gap.

    count: breaks that begin at an edge of the sheet; branches: of each, at most. light: paper; else
    dirt that has settled in the gaps.
    """
    height, width = picture.shape[:2]
    cost = _resistance(rng, (height // COARSE, width // COARSE))
    cover = np.zeros((height, width), np.float32)
    for _ in range(count):
        way = _way(cost, _at_an_edge(rng, cost.shape), _inside(rng, cost.shape))
        wide = float(rng.uniform(1.2, 4.0))
        cover = np.maximum(cover, _gap(way, wide, rng, cover.shape))
        for _ in range(int(rng.integers(0, branches + 1))):
            start = way[int(rng.integers(len(way) // 4, len(way)))]
            own = _way(cost, start, _inside(rng, cost.shape))
            own = own[: max(4, int(len(own) * rng.uniform(0.2, 0.7)))]
            cover = np.maximum(cover, _gap(own, 0.6 * wide, rng, cover.shape))
    tone = rng.uniform(0.8, 1.0) if light else rng.uniform(0.0, 0.15)
    lost = picture + cover[:, :, None] * (np.float32(tone) - picture)
    # The broken edge stands up: a shadow beside it.
    beside = np.clip(np.roll(cover, (1, 1), (0, 1)) - cover, 0, 1)
    return np.clip(lost * (1 - 0.35 * beside[:, :, None]), 0, 1).astype(np.float32)


def creased(picture: Picture, rng: np.random.Generator, count: int = 2) -> Picture:
    """Folds: a ridge that catches the light beside its shadow, flaked where it was bent most."""
    height, width = picture.shape[:2]
    out = picture.astype(np.float32)
    for _ in range(count):
        cost = 0.6 + 0.4 * _resistance(rng, (height // COARSE, width // COARSE))
        way = _way(cost, _at_an_edge(rng, cost.shape), _at_an_edge(rng, cost.shape))
        line = np.full((height, width), 255, np.uint8)
        cv2.polylines(line, [way[:, ::-1] * COARSE], False, 0, 1)
        away = cv2.distanceTransform(line, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        wide = rng.uniform(1.0, 2.2)
        ridge = np.exp(-0.5 * (away / wide) ** 2)
        shade = np.roll(ridge, (2, 2), (0, 1)) * (1 - ridge)
        strength = rng.uniform(0.15, 0.45)
        out = out + (strength * ridge - 0.6 * strength * shade)[:, :, None]
        flakes = _gap(way, 2 * wide, rng, (height, width), kept=0.35)
        out = out + flakes[:, :, None] * (np.float32(0.93) - out)
    return np.clip(out, 0, 1).astype(np.float32)


def _resistance(rng: np.random.Generator, shape: tuple[int, ...]) -> Plane:
    """What a break must overcome, in every cell: even at large, rough at small."""
    rough = rng.uniform(0.05, 1.0, shape).astype(np.float32) ** 2
    broad = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 12)
    return 0.05 + rough + np.clip(broad / broad.std(), -1, 1) * np.float32(0.3) + np.float32(0.3)


def _at_an_edge(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
    place = rng.integers(0, shape)
    axis = int(rng.integers(2))
    place[axis] = rng.choice([0, shape[axis] - 1])
    return np.asarray(place, np.int32)


def _inside(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
    return np.asarray(rng.uniform(0.15, 0.85, 2) * shape, np.int32)


def _way(
    cost: Plane, start: npt.NDArray[np.int32], end: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """Cells (row, column) of the cheapest way (Dijkstra)."""
    seeker = MCP_Geometric(cost)
    seeker.find_costs([tuple(start)], [tuple(end)])
    return np.asarray(seeker.traceback(tuple(end)), np.int32)


def _gap(
    way: npt.NDArray[np.int32],
    wide: float,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    kept: float = 0.9,
) -> Plane:
    """How much of each pixel came off; kept: share of the way on which anything did."""
    cover = np.zeros(shape, np.uint8)
    points = way[:, ::-1].astype(np.float64) * COARSE + rng.uniform(-0.5, 0.5, (len(way), 2))
    if len(points) < 4:
        return np.zeros(shape, np.float32)
    open_here = cv2.GaussianBlur(rng.standard_normal((len(points), 1)), (1, 0), 0, sigmaY=4)[:, 0]
    bar = np.quantile(open_here, 1 - kept)
    taper = np.minimum(1.0, np.linspace(1.3, 0.25, len(points)))
    ragged = cv2.GaussianBlur(rng.standard_normal((len(points), 1)), (1, 0), 0, sigmaY=1.5)[:, 0]
    widths = wide * taper * np.exp(0.8 * ragged)
    for number in np.flatnonzero(open_here[:-1] >= bar):
        ends = np.rint(points[number : number + 2] * 16).astype(np.int32)
        thick = max(1, round(float(widths[number])))
        value = 255 if widths[number] >= 1 else int(255 * widths[number])
        cv2.line(cover, ends[0], ends[1], value, thick, cv2.LINE_AA, 4)
    seen = cv2.GaussianBlur(cover.astype(np.float32) / np.float32(255), (0, 0), 0.5)
    return np.asarray(seen, np.float32)
