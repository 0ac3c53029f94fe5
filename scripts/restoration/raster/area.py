"""Areas of a page: boxes, polygons, ellipses and masks as weights, read by windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import Raster

Inside = npt.NDArray[np.bool_]
"""bool (height, width)."""

AreaWeights = npt.NDArray[np.float32]
"""float32 (height, width), 0 = outside, 1 = well inside."""


class Area(Protocol):
    """Something that knows which pixel centres it holds."""

    def holds(self, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Inside:
        """rows, columns: pixel centres in the area's own pixels (the first one lies at 0.5)."""
        ...


@dataclass(frozen=True)
class Rectangle:
    """A rectangle, in pixels."""

    left: float
    top: float
    width: float
    height: float

    def holds(self, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Inside:
        down = (rows >= self.top) & (rows < self.top + self.height)
        across = (columns >= self.left) & (columns < self.left + self.width)
        return np.asarray(down[:, None] & across[None, :])


@dataclass(frozen=True)
class Polygon:
    """A closed polygon by the even-odd rule; corners are (x, y) in pixels."""

    corners: tuple[tuple[float, float], ...]

    def holds(self, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Inside:
        inside = np.zeros((rows.size, columns.size), dtype=np.bool_)
        ahead = (*self.corners[1:], self.corners[0])
        for (x0, y0), (x1, y1) in zip(self.corners, ahead, strict=True):
            if y0 == y1:
                continue
            # Each edge that a row crosses flips everything to its right.
            crossed = np.flatnonzero((rows >= min(y0, y1)) & (rows < max(y0, y1)))
            x = x0 + (rows[crossed] - y0) * (x1 - x0) / (y1 - y0)
            inside[crossed] ^= columns[None, :] >= x[:, None]
        return inside


@dataclass(frozen=True)
class Ellipse:
    """All places that a linear map takes into the unit circle."""

    rows: tuple[tuple[float, float, float], tuple[float, float, float]]
    """The map: u = a x + b y + c, once for each of its two axes."""

    def holds(self, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Inside:
        inside = np.zeros((rows.size, columns.size), dtype=np.bool_)
        (a, b, c), (d, e, f) = self.rows
        # Half the height and width of its bounding box, from the inverse map's rows.
        back = np.linalg.inv(np.array([[a, b], [d, e]]))
        middle = -back @ (c, f)
        half = np.sqrt((back**2).sum(axis=1))
        near = np.flatnonzero(np.abs(rows - middle[1]) <= half[1])
        beside = np.flatnonzero(np.abs(columns - middle[0]) <= half[0])
        if near.size and beside.size:
            x, y = columns[beside][None, :], rows[near][:, None]
            within = (a * x + b * y + c) ** 2 + (d * x + e * y + f) ** 2 <= 1.0
            inside[np.ix_(near, beside)] = within
        return inside


@dataclass(frozen=True)
class PaintedMask:
    """An image of the page's size: what is not 0 is inside."""

    image: Raster

    def holds(self, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Inside:
        inside = np.zeros((rows.size, columns.size), dtype=np.bool_)
        down, across = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
        on_page = np.flatnonzero((down >= 0) & (down < self.image.height))
        in_row = np.flatnonzero((across >= 0) & (across < self.image.width))
        if on_page.size == 0 or in_row.size == 0:
            return inside
        down, across = down[on_page], across[in_row]
        height, width = int(down[-1] - down[0]) + 1, int(across[-1] - across[0]) + 1
        window = np.any(self.image.read(int(down[0]), int(across[0]), height, width) > 0.0, axis=2)
        chosen = np.asarray(window)[np.ix_(down - down[0], across - across[0])]
        inside[np.ix_(on_page, in_row)] = chosen
        return inside


@dataclass(frozen=True)
class Allowed:
    """Where a stage may work on a page, with a soft edge that lies inside.

    Lazy and window-independent: a window holds the same weights as the same part of any other.
    """

    height: int
    width: int
    """Of the page, in pixels."""
    scale: tuple[float, float]
    """Pixels of the page per pixel of the areas: down, across."""
    only: Sequence[Area] | None
    """None: everywhere."""
    exclude: Sequence[Area]
    feather: float
    """In pixels of the areas."""

    def weights(self, top: int, left: int, height: int, width: int) -> AreaWeights:
        """The window's weights: 0 outside, exactly; rising to 1 over ``feather`` pixels."""
        soft = self.feather * math.sqrt(self.scale[0] * self.scale[1])
        margin = math.ceil(soft) + 2
        rows = np.arange(top - margin, top + height + margin)
        columns = np.arange(left - margin, left + width + margin)
        inside = self._inside(rows, columns)
        # Beyond the page nothing is forbidden: the page's own border has no soft edge.
        inside[(rows < 0) | (rows >= self.height)] = True
        inside[:, (columns < 0) | (columns >= self.width)] = True
        core = np.s_[margin : margin + height, margin : margin + width]
        if inside.all():
            return np.ones((height, width), np.float32)
        if not inside[core].any():
            return np.zeros((height, width), np.float32)
        distance = cv2.distanceTransform(
            inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
        )
        # Squares of distances between pixels are whole: rounding takes off the last bit, in which
        # OpenCV's answer depends on the window.
        near = np.sqrt(
            np.rint(np.minimum(distance[core], np.ceil(soft + 1.0)).astype(np.float64) ** 2)
        )
        return np.asarray(np.minimum(near / (soft + 1.0), 1.0), dtype=np.float32)

    def _inside(self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Inside:
        down = np.asarray((rows + 0.5) / self.scale[0], dtype=np.float64)
        across = np.asarray((columns + 0.5) / self.scale[1], dtype=np.float64)
        if self.only is None:
            inside = np.ones((rows.size, columns.size), dtype=np.bool_)
        else:
            inside = np.zeros((rows.size, columns.size), dtype=np.bool_)
            for area in self.only:
                inside |= area.holds(down, across)
        for area in self.exclude:
            inside &= ~area.holds(down, across)
        return inside
