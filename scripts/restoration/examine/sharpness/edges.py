"""Strong straight edges of a tile, and the profiles of tones across them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats, Plane

HALF = 20
"""Profiles reach this many pixels to either side of the edge."""

FINE = 2
"""Samples per pixel along a profile."""

ALONG = 4
"""Profiles are means over this many pixels to either side along the edge: the noise falls to a
third, and what is not straight for 9 pixels is left out."""

CELL = 16
"""At most one edge is taken from each square of this many pixels."""

STRAIGHT = 0.92
"""Least coherence of the gradient's direction (structure tensor; 1 = one direction alone)."""

STRONG = 4.0 / 255.0
"""Least slope at an edge, per pixel, on the plane smoothed by a Gaussian of one pixel."""


@dataclass(frozen=True)
class Edges:
    """Profiles across edges, each rising from left to right."""

    profiles: Floats
    """(edges, 2 HALF FINE + 1), encoded values in [0, 1], the steepest slope near the middle."""
    normals: Floats
    """Direction of the rise in degrees, counter-clockwise from the rows, 0 to 360: (edges,)."""
    places: npt.NDArray[np.intp]
    """Which quarter of which tile each lies in: edges of one contour are one witness. (edges,)"""


def edges(tiles: Sequence[Plane], most: int = 48) -> Edges:
    """The strongest straight edges of some tiles, at most ``most`` of each tile."""
    large = [tile for tile in tiles if min(tile.shape) >= 2 * HALF + 2 * CELL]
    if not large:
        none = np.zeros(0, dtype=np.intp)
        return Edges(np.zeros((0, 2 * HALF * FINE + 1)), np.zeros(0), none)
    found = [_of_tile(tile, most) for tile in large]
    return Edges(
        np.concatenate([own.profiles for own in found]),
        np.concatenate([own.normals for own in found]),
        np.concatenate([own.places + 4 * index for index, own in enumerate(found)]),
    )


def rises(profiles: Floats) -> tuple[Floats, Floats]:
    """Height of each edge and the pixels in which it would rise at its steepest slope.

    For an edge spread by a box of width w this is w, by a disc of radius R it is 1.57 R, by a
    Gaussian of deviation s it is 2.51 s. Only the stretch around the middle in which the profile
    rises all the time counts.
    """
    middle = profiles.shape[1] // 2
    slopes = np.diff(profiles, axis=1) * FINE
    near = slopes[:, middle - 2 * FINE : middle + 2 * FINE]
    steepest = near.max(axis=1)
    start = middle - 2 * FINE + near.argmax(axis=1)
    # A flat or falling sample ends the rise; a twentieth of the slope is noise or another tone.
    rising = slopes > 0.05 * steepest[:, None]
    places = np.arange(slopes.shape[1])
    right = np.where(~rising & (places > start[:, None]), places, slopes.shape[1]).min(axis=1)
    left = np.where(~rising & (places < start[:, None]), places, -1).max(axis=1) + 1
    rows = np.arange(profiles.shape[0])
    height = profiles[rows, right] - profiles[rows, left]
    return height, height / np.maximum(steepest, 1e-9)


def _of_tile(tile: Plane, most: int) -> Edges:
    smooth = cv2.GaussianBlur(tile, (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)
    slope = cv2.magnitude(across, down)
    moments = [cv2.boxFilter(a * b, -1, (9, 9)) for a, b in _pairs(across, down)]
    spread = np.hypot(moments[0] - moments[1], 2.0 * moments[2])
    coherence = spread / np.maximum(moments[0] + moments[1], 1e-12)
    inner = np.zeros_like(slope)
    edge = HALF + ALONG
    inside = np.s_[edge : tile.shape[0] - edge, edge : tile.shape[1] - edge]
    inner[inside] = np.where(coherence[inside] >= STRAIGHT, slope[inside], 0.0)
    rows, columns = _strongest(inner, most)
    # The direction of the structure tensor, not of the single pixel's gradient.
    turn = 0.5 * np.arctan2(
        2.0 * moments[2][rows, columns], moments[0][rows, columns] - moments[1][rows, columns]
    )
    x, y = np.cos(turn), np.sin(turn)
    flip = np.where(across[rows, columns] * x + down[rows, columns] * y < 0.0, -1.0, 1.0)
    x, y = x * flip, y * flip
    quarters = 2 * (rows >= tile.shape[0] // 2) + (columns >= tile.shape[1] // 2)
    profiles = _profiles(tile, rows, columns, x, y)
    return Edges(profiles, np.degrees(np.arctan2(-y, x)) % 360.0, quarters.astype(np.intp))


def _pairs(across: Plane, down: Plane) -> tuple[tuple[Plane, Plane], ...]:
    return (across, across), (down, down), (across, down)


def _strongest(slope: Plane, most: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Places of the steepest pixel of each cell, steepest first."""
    height, width = (side // CELL * CELL for side in slope.shape)
    cells = slope[:height, :width].reshape(height // CELL, CELL, width // CELL, CELL)
    flat = cells.transpose(0, 2, 1, 3).reshape(-1, CELL * CELL)
    best = flat.argmax(axis=1)
    values = flat[np.arange(flat.shape[0]), best]
    order = np.argsort(-values, kind="stable")[:most]
    order = order[values[order] >= STRONG]
    rows = order // (width // CELL) * CELL + best[order] // CELL
    columns = order % (width // CELL) * CELL + best[order] % CELL
    return rows.astype(np.intp), columns.astype(np.intp)


def _profiles(
    tile: Plane,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    x: Floats,
    y: Floats,
) -> Floats:
    """Means along the edge of tones across it, sampled FINE times per pixel."""
    reach = np.arange(-HALF * FINE, HALF * FINE + 1) / FINE
    total = np.zeros((rows.size, reach.size))
    if rows.size == 0:
        return total
    for along in range(-ALONG, ALONG + 1):
        at_x = columns[:, None] + reach[None, :] * x[:, None] - along * y[:, None]
        at_y = rows[:, None] + reach[None, :] * y[:, None] + along * x[:, None]
        total += cv2.remap(
            tile,
            at_x.astype(np.float32),
            at_y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    return total / (2 * ALONG + 1)
