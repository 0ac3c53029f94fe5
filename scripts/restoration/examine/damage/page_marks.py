"""All marks of a page: those of both levels of the search, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.judgement import POLARITIES, on_page, page_shifts
from restoration.examine.damage.layer import Groups, Layer, PieceFigures, appended, groups_of
from restoration.examine.damage.mask import TILE, SparsePlane
from restoration.examine.damage.pieces import Figures
from restoration.findings.damage import KINDS, LONG

LEAST_WIDE = 4.0
"""Pixels of the coarse level that its marks are wide at least: what is narrower there is seen
better, and outlined better, at the level of the search."""

OUTLINED, MOST_CORNERS = 1024, 48
"""Cells along the longer side of a mark by which its outline is drawn, and corners of it."""

ROWS = 256
"""Rows of the coarse level that are compared with the finer at a time."""

MarkNumbers = npt.NDArray[np.int32]
"""int32 (height, width): 0 where no mark lies, 1 and up the mark's number."""


@dataclass(frozen=True)
class KindFound:
    """Marks of one kind together, in pixels of the page."""

    count: int
    area_px: int
    light: int
    """How many are lighter than their surroundings."""
    dark: int
    length_px: int | None
    """None of kinds whose length says nothing."""


@dataclass(frozen=True)
class PageMarks:
    """The marks of a page, in pixels of the page. The surer level speaks for a mark."""

    height: int
    width: int
    """Of the page."""
    figures: PieceFigures
    """Odds are those of the mark alone: ``shifts`` says what the page adds."""
    level: int
    shifts: dict[str, float]
    """By kind and polarity: what the page adds to the odds, to three decimals, as the condition
    report tells it and the repair stage takes it over."""
    searched_share: float
    """Share of the page that was searched at the finer level, 0 to 1."""
    _levels: tuple[tuple[SparsePlane, Groups, int], ...]
    """Of each level its numbers, the mark of each number (-1 for none), and the pixels of the page
    that go into one of its own. The finer one comes first."""

    @classmethod
    def of(
        cls, height: int, width: int, fine: Layer, coarse: Layer | None, level: int
    ) -> PageMarks:
        """height, width: of the page. coarse: of a quarter of the resolution; None where the page
        is too small for it."""
        own, fine_marks = fine.marks()
        levels = [(fine.labels, fine_marks, level)]
        step = 1
        if coarse is not None:
            step = fine.labels.height // max(1, coarse.labels.height)
            own, fine_marks, coarse_marks = _joined(own, fine_marks, fine, coarse, step)
            levels = [(fine.labels, fine_marks, level), (coarse.labels, coarse_marks, level * step)]
        shifts = page_shifts(
            own.odds, own.kind, own.lighter, float(fine.labels.height * fine.labels.width)
        )
        return cls(
            height,
            width,
            own.scaled(level),
            level,
            {name: round(shifts.get(name, 0.0), 3) for name in (*KINDS, *POLARITIES)},
            fine.searched / max(1, fine.labels.height * fine.labels.width),
            tuple(levels),
        )

    @property
    def count(self) -> int:
        return len(self.figures.odds)

    def odds(self, shifts: Mapping[str, float] | None = None) -> Figures:
        """Of each mark on this page. shifts: in place of the page's own."""
        added = self.shifts if shifts is None else shifts
        own = self.figures
        return on_page(own.odds, own.kind, own.lighter, added)

    def box(self, number: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of a mark, 0 for the first."""
        own = self.figures
        left, top = round(float(own.left[number])), round(float(own.top[number]))
        right, bottom = round(float(own.right[number])), round(float(own.bottom[number]))
        return left, top, right - left, bottom - top

    def outline(self, number: int) -> list[tuple[int, int]]:
        """Left and top of the corners of a polygon around a mark, a pixel or two outside;
        at most MOST_CORNERS. Of a net of cracks it goes around the net."""
        left, top, width, height = self.box(number)
        step = max(self.level, -(-max(width, height) // OUTLINED))
        rows, columns = -(-height // step), -(-width // step)
        cells = np.zeros((rows + 6, columns + 6), np.uint8)
        # Tiles are kept compressed: many rows of cells at a time.
        band = max(1, TILE // step)
        for row in range(0, rows, band):
            tall = min(band * step, self.height - top - row * step, height - row * step)
            own = self.read(top + row * step, left, tall, min(width, self.width - left))
            down = np.logical_or.reduceat(own == number + 1, np.arange(0, tall, step), axis=0)
            some = np.logical_or.reduceat(down, np.arange(0, down.shape[1], step), axis=1)
            cells[row + 3 : row + 3 + len(some), 3 : 3 + some.shape[1]] = some
        wide = cv2.dilate(cells, np.ones((5, 5), np.uint8))
        lines, _ = cv2.findContours(wide, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        line, stray = max(lines, key=cv2.contourArea), 1.0
        while len(corners := cv2.approxPolyDP(line, stray, True)) > MOST_CORNERS:
            stray *= 1.5
        # Contours run through the middles of cells.
        places = (corners.reshape(-1, 2).astype(np.float64) - 2.5) * step + (left, top)
        return [(round(float(x)), round(float(y))) for x, y in places]

    def read(self, top: int, left: int, height: int, width: int) -> MarkNumbers:
        """The marks' numbers in a window of the page."""
        out = np.zeros((height, width), np.int32)
        for labels, mark, step in self._levels:
            first, start = top // step, left // step
            last = min(labels.height, -(-(top + height) // step))
            end = min(labels.width, -(-(left + width) // step))
            if last <= first or end <= start:
                continue
            small = labels.read(first, start, last - first, end - start)
            if not small.any():
                continue
            numbers = (mark[small] + 1).astype(np.int32)
            large = numbers.repeat(step, axis=0).repeat(step, axis=1)
            part = large[top - first * step :, left - start * step :][:height, :width]
            here = out[: part.shape[0], : part.shape[1]]
            here[here == 0] = part[here == 0]
        return out

    def places(self) -> Iterator[tuple[npt.NDArray[np.intp], Groups, Groups]]:
        """Marks with the rows and columns of the page where their pixels begin, part by part."""
        for labels, mark, step in self._levels:
            for top, left, values in labels.held():
                rows, columns = np.nonzero(values)
                found = mark[values[rows, columns]]
                known = found >= 0
                yield found[known], (top + rows[known]) * step, (left + columns[known]) * step

    def clean(self, top: int, left: int, height: int, width: int) -> bool:
        """True where no mark lies under the window, nor near it."""
        return all(
            labels.clean(
                min(top // step, labels.height - 1),
                min(left // step, labels.width - 1),
                max(1, -(-height // step)),
                max(1, -(-width // step)),
            )
            for labels, _, step in self._levels
        )

    def found(self, kind: str, chosen: npt.NDArray[np.bool_]) -> KindFound:
        """The chosen marks of a kind together."""
        own = self.figures.chosen(chosen & (self.figures.kind == KINDS.index(kind)))
        light = int(own.lighter.sum())
        return KindFound(
            count=len(own.odds),
            area_px=round(float(own.area.sum())),
            light=light,
            dark=len(own.odds) - light,
            length_px=round(float(own.length.sum())) if kind in LONG else None,
        )


def _joined(
    fine: PieceFigures, fine_marks: Groups, above: Layer, coarse: Layer, step: int
) -> tuple[PieceFigures, Groups, Groups]:
    """The marks of both levels, those that overlap as one; and the mark of each number of either.

    Figures are in pixels of the finer level.
    """
    wide, numbers = coarse.marks()
    kept = wide.width >= LEAST_WIDE
    place = np.full(len(wide.odds) + 1, -1, np.intp)
    place[:-1][kept] = np.arange(int(kept.sum()))
    coarse_marks = place[numbers]
    wide = wide.chosen(kept).scaled(step)
    count = len(fine.odds)
    pairs: list[tuple[Groups, Groups]] = []
    shared = np.zeros(len(wide.odds))
    for under, over in _overlaps(above.labels, fine_marks, coarse.labels, coarse_marks, step):
        shared += np.bincount(over, minlength=len(shared))
        both = np.unique(np.stack([under, over + count]), axis=1)
        pairs.append((both[0], both[1]))
    # What both levels cover is counted once, by the finer.
    share = 1.0 - shared / np.maximum(wide.area, 1.0)
    length = np.where(shared > 0, 0.0, wide.length)
    wide = replace(wide, area=wide.area * share, light=wide.light * share, length=length)
    group, total = groups_of(pairs, count + len(wide.odds))
    merged = appended([fine, wide]).grouped(group, total)
    beyond = np.concatenate([group, [-1]])
    finer = beyond[np.where(fine_marks < 0, len(group), fine_marks)]
    return merged, finer, beyond[np.where(coarse_marks < 0, len(group), coarse_marks + count)]


def _overlaps(
    fine: SparsePlane, fine_marks: Groups, coarse: SparsePlane, coarse_marks: Groups, step: int
) -> Iterator[tuple[Groups, Groups]]:
    """Marks of the finer and of the coarser level at each pixel where both have one."""
    for top, left, values in coarse.held():
        for first in range(0, values.shape[0], ROWS):
            over = coarse_marks[values[first : first + ROWS]]
            if (over < 0).all():
                continue
            rows, columns = over.shape
            under = fine_marks[
                fine.read((top + first) * step, left * step, rows * step, columns * step)
            ]
            large = over.repeat(step, axis=0).repeat(step, axis=1)
            both = (under >= 0) & (large >= 0)
            if both.any():
                yield under[both], large[both]
