"""Marks of ink on plain paper: connected strokes of one width, dark on light or light on dark.

Letters, drawn lines and seals have in common what leaves and bricks lack: their own tone is even,
the ground right beside them is even, and their width changes little (Epshtein, Ofek and Wexler 2010
build their text detector on the last).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats

Grey = npt.NDArray[np.uint8]

NEIGHBOURHOOD = 41
"""Side of the window, in cells, whose mean a mark is told from: wider than the widest stroke that
is looked for, narrower than most unevenness of a page's light."""

LEAST_CONTRAST = 14.0
"""Of 255, between a mark and its ground; faded pencil lies at 20."""

HEIGHTS = (6, 60)
"""Least and most height of a mark, in cells."""

EVEN_GROUND, EVEN_INK = 0.25, 0.5
"""Greatest standard deviation of the ground and of the mark, of their contrast. JPEG and paper's
grain lie below 0.1 and 0.25; leaves, gravel and brick lie above."""

WIDEST = 0.4
"""Greatest stroke width of a mark, of its height: fat headlines."""

SOFTNESS = 1.0
"""Cells by which a soft edge widens a stroke."""


LONG_STROKE = 40
"""Least extent of a stroke of a drawing, in cells."""

LEAST_DRAWN = 0.04
"""Least share of ink in a square of a drawing; dust on a sky covers less."""

EVEN_SHEET = 0.1
"""As EVEN_GROUND, for squares of a drawing, where no line of letters supports the finding."""

ONE_SHEET = 0.03
"""Greatest standard deviation of the ground between neighbouring squares, of the contrast: one
sheet of paper has one tone, bricks and slates have one each."""

THIN = 8.0
"""Greatest stroke width in a drawing, in cells: the band of shade along the edge of a thing, which
is half a NEIGHBOURHOOD wide, is no stroke."""


@dataclass(frozen=True)
class InkMarks:
    """Marks that pass for ink, in cells; arrays of one entry for each mark."""

    top: Floats
    left: Floats
    height: Floats
    width: Floats
    stroke: Floats
    """Width of the stroke."""
    contrast: Floats
    """Of 255, between mark and ground; positive where the mark is darker."""
    unevenness: Floats
    """Standard deviation of the ground around the mark, of the contrast."""
    openness: Floats
    """Share of ground around the mark."""

    def __len__(self) -> int:
        return int(self.top.size)

    def select(self, chosen: npt.NDArray[np.bool_]) -> InkMarks:
        return InkMarks(*(getattr(self, part.name)[chosen] for part in fields(self)))

    @property
    def bottom(self) -> Floats:
        return np.asarray(self.top + self.height)

    @property
    def right(self) -> Floats:
        return np.asarray(self.left + self.width)

    def transposed(self) -> InkMarks:
        """Rows and columns exchanged."""
        return replace(self, top=self.left, left=self.top, height=self.width, width=self.height)


@dataclass(frozen=True)
class Ground:
    """What lies between the ink, in boxes; arrays of one entry for each box."""

    tone: Floats
    """Mean, of 255."""
    deviation: Floats
    share: Floats
    """Of the box's area."""


class Ink:
    """What stands out from its neighbourhood on one picture, and the ground between it."""

    def __init__(self, grey: Grey, *, dark: bool) -> None:
        """Of a picture uint8 (rows, columns): what is darker, or lighter, than its ground."""
        self.dark = dark
        self._seen = grey if dark else cv2.bitwise_not(grey)
        self.mask = _ink(self._seen)
        # Ground is what touches no ink: the strokes' soft edges count to neither.
        ground = cv2.dilate(self.mask, np.ones((3, 3), np.uint8)) == 0
        kept = np.where(ground, self._seen, np.uint8(0))
        self._sums, self._squares = cv2.integral2(kept, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
        self._counts = cv2.integral(ground.astype(np.uint8), sdepth=cv2.CV_32S)

    def ground(self, top: Floats, left: Floats, bottom: Floats, right: Floats) -> Ground:
        """The ground inside boxes; those may reach over the picture's edge."""
        rows, columns = self._seen.shape
        above, below = (np.clip(side, 0, rows).astype(np.intp) for side in (top, bottom))
        before, after = (np.clip(side, 0, columns).astype(np.intp) for side in (left, right))

        def inside(integral: npt.NDArray[Any]) -> Floats:
            corners = integral[below, after] - integral[above, after]
            return np.asarray(corners - integral[below, before] + integral[above, before], float)

        number = np.maximum(inside(self._counts), 1.0)
        mean = inside(self._sums) / number
        variance = inside(self._squares) / number - mean * mean
        share = number / np.maximum((below - above) * (after - before), 1)
        return Ground(mean, np.sqrt(np.maximum(variance, 0.0)), share)

    def marks(self) -> InkMarks:
        """The connected marks that pass for writing."""
        labels, table = self._components
        count = len(table)
        left, top, width, height, area = (
            table[:, column].astype(np.float64) for column in range(5)
        )
        longer, shorter = np.maximum(height, width), np.minimum(height, width)
        fits = (longer >= HEIGHTS[0]) & (shorter <= HEIGHTS[1]) & (longer <= 14.0 * HEIGHTS[1])
        fits &= (area >= 8) & (area >= 0.03 * height * width)
        fits[0] = False
        stroke = self._stroke_widths(labels, count, area)
        chosen = np.flatnonzero(fits & (stroke <= WIDEST * longer + SOFTNESS))
        tone, spread = self._tones(labels, count, area)
        margin = np.maximum(3.0, 0.5 * np.sqrt(height[chosen] * width[chosen]))
        around = self.ground(
            top[chosen] - margin,
            left[chosen] - margin,
            top[chosen] + height[chosen] + margin,
            left[chosen] + width[chosen] + margin,
        )
        contrast = around.tone - tone[chosen]
        good = (
            (contrast >= LEAST_CONTRAST)
            & (around.share >= 0.1)
            & (around.deviation <= EVEN_GROUND * contrast)
            & (spread[chosen] <= EVEN_INK * contrast)
        )
        chosen = chosen[good]
        signed = contrast[good] if self.dark else -contrast[good]
        uneven = around.deviation[good] / contrast[good]
        return InkMarks(
            top[chosen],
            left[chosen],
            height[chosen],
            width[chosen],
            stroke[chosen],
            signed,
            uneven,
            around.share[good],
        )

    def drawn(self, side: int) -> Floats:
        """Squares of ``side`` cells that hold thin even strokes on plain ground, and enough of
        them: writing, drawings, maps. (rows // side, columns // side): standard deviation of the
        square's ground, of the contrast; NaN where there is nothing of the kind."""
        rows, columns = (length // side for length in self._seen.shape)
        if rows == 0 or columns == 0:
            return np.zeros((rows, columns))
        part = np.s_[: rows * side, : columns * side]
        labels, table = self._components
        # Specks of dust are no strokes, however many there are.
        long = table[:, 2:4].max(axis=1) >= LONG_STROKE
        long[0] = False
        ink, seen = long[labels[part]], self._seen[part].astype(np.float32)

        def mean(plane: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            small = cv2.resize(
                plane.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA
            )
            return np.asarray(small, np.float32)

        share = np.maximum(mean(ink), 1e-6)
        tone = mean(seen * ink) / share
        spread = np.sqrt(np.maximum(mean(seen * seen * ink) / share - tone * tone, 0.0))
        stroke = 4.0 * (mean(self._distance[part] * ink) / share - 0.5)
        top, left = np.arange(rows)[:, None] * side, np.arange(columns)[None, :] * side
        top, left = (np.broadcast_to(at, (rows, columns)).astype(float) for at in (top, left))
        ground = self.ground(top, left, top + side, left + side)
        contrast = ground.tone - tone
        good = (
            (share >= LEAST_DRAWN)
            & (share <= 0.4)
            & (contrast >= LEAST_CONTRAST)
            & (ground.share >= 0.25)
            & (spread <= EVEN_INK * contrast)
            & (stroke <= THIN)
        )
        level = np.asarray(cv2.blur(ground.tone, (3, 3)))
        around = np.asarray(cv2.blur(ground.tone**2, (3, 3))) - level**2
        between = np.sqrt(np.maximum(around, 0.0))
        good &= (ground.deviation <= EVEN_SHEET * contrast) & (between <= ONE_SHEET * contrast)
        return np.where(good, ground.deviation / np.maximum(contrast, 1.0), np.nan)

    def _stroke_widths(self, labels: npt.NDArray[np.int32], count: int, area: Floats) -> Floats:
        """Mean width of each component: four times the mean distance of its cells from its edge,
        as in a long bar; less one half, since a cell on the edge has distance 1."""
        distance = self._distance.ravel()
        total = np.bincount(
            labels.ravel()[self._inked], weights=distance[self._inked], minlength=count
        )
        return np.maximum(1.0, 4.0 * (total / np.maximum(area, 1.0) - 0.5))

    def _tones(
        self, labels: npt.NDArray[np.int32], count: int, area: Floats
    ) -> tuple[Floats, Floats]:
        """Mean and deviation of each component's own tone."""
        values = self._seen.ravel()[self._inked].astype(np.float64)
        flat = labels.ravel()[self._inked]
        number = np.maximum(area, 1.0)
        mean = np.bincount(flat, weights=values, minlength=count) / number
        square = np.bincount(flat, weights=values * values, minlength=count) / number
        return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))

    @cached_property
    def _components(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Number of the component of each cell, 0 for none; left, top, width, height and area of
        each component."""
        _, labels, table, _ = cv2.connectedComponentsWithStats(self.mask, connectivity=8)
        return np.asarray(labels), np.asarray(table)

    @cached_property
    def _distance(self) -> npt.NDArray[np.float32]:
        """Of each cell of ink to the nearest one that is none."""
        return np.asarray(cv2.distanceTransform(self.mask, cv2.DIST_L2, 3))

    @cached_property
    def _inked(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.mask)


def _ink(seen: Grey) -> Grey:
    """255 where a cell is darker than its neighbourhood by a share of its deviation (the rule of
    Niblack 1986, with the least contrast as its floor, so that plain ground stays empty)."""
    side = (NEIGHBOURHOOD, NEIGHBOURHOOD)
    mean = cv2.boxFilter(seen, cv2.CV_32F, side, borderType=cv2.BORDER_REFLECT_101)
    square = cv2.sqrBoxFilter(seen, cv2.CV_32F, side, borderType=cv2.BORDER_REFLECT_101)
    deviation = cv2.sqrt(cv2.max(square - mean * mean, 0.0))
    threshold = mean - cv2.max(0.4 * deviation, 0.5 * LEAST_CONTRAST)
    return np.asarray((seen < threshold).astype(np.uint8) * 255, dtype=np.uint8)
