"""The marks of a page at one level of the search, entered tile by tile and joined where tiles cut
them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from restoration.examine.damage.marks import Marks
from restoration.examine.damage.mask import SparsePlane
from restoration.examine.damage.odds import LOWEST
from restoration.examine.damage.pieces import Figures, Labels
from restoration.examine.damage.tile import SearchTile
from restoration.findings.damage import KINDS

Groups = npt.NDArray[np.intp]
"""For each of many things, the number of the group that it belongs to."""


@dataclass(frozen=True)
class PieceFigures:
    """Figures of marks or of their pieces, each (n,), in pixels of the level."""

    odds: Figures
    kind: npt.NDArray[np.intp]
    area: Figures
    length: Figures
    light: Figures
    """How many of its pixels belong to pieces that are lighter than their surroundings."""
    width: Figures
    """Of the widest place: twice the largest distance to its outside, less a pixel."""
    top: Figures
    left: Figures
    bottom: Figures
    right: Figures

    @property
    def lighter(self) -> npt.NDArray[np.bool_]:
        """Whether most of it is lighter than what lies around."""
        return np.asarray(2.0 * self.light > self.area)

    def grouped(self, group: Groups, count: int) -> PieceFigures:
        """The figures of groups of them: the surest piece speaks for all, since a doubtful stretch
        of a scratch that is sure elsewhere is the same scratch; the largest tells the kind."""
        by_kind = np.zeros((count, len(KINDS)))
        np.add.at(by_kind, (group, self.kind), self.area)
        return PieceFigures(
            odds=_most(self.odds, group, count),
            kind=by_kind.argmax(axis=1),
            area=_sum(self.area, group, count),
            length=_sum(self.length, group, count),
            light=_sum(self.light, group, count),
            width=_most(self.width, group, count),
            top=-_most(-self.top, group, count),
            left=-_most(-self.left, group, count),
            bottom=_most(self.bottom, group, count),
            right=_most(self.right, group, count),
        )

    def chosen(self, choice: npt.NDArray[np.bool_]) -> PieceFigures:
        return PieceFigures(*(getattr(self, name)[choice] for name in _NAMES))

    def scaled(self, by: int) -> PieceFigures:
        """On a finer level, of which ``by`` pixels go into one along each side."""
        lengths = ("length", "width", "top", "left", "bottom", "right")
        told = {name: getattr(self, name) * by for name in lengths}
        squares = {name: getattr(self, name) * by**2 for name in ("area", "light")}
        return PieceFigures(odds=self.odds, kind=self.kind, **told, **squares)


_NAMES = ("odds", "kind", "area", "length", "light", "width", "top", "left", "bottom", "right")


def appended(parts: list[PieceFigures]) -> PieceFigures:
    """One after another."""
    if not parts:
        none = np.zeros(0)
        return PieceFigures(none, np.zeros(0, np.intp), *[none] * (len(_NAMES) - 2))
    return PieceFigures(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES)
    )


def groups_of(pairs: list[tuple[Groups, Groups]], count: int) -> tuple[Groups, int]:
    """The groups that pairs of neighbours make of ``count`` things, and how many there are."""
    one = np.concatenate([pair[0] for pair in pairs]) if pairs else np.zeros(0, np.intp)
    other = np.concatenate([pair[1] for pair in pairs]) if pairs else np.zeros(0, np.intp)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
    found, group = connected_components(graph, directed=False)
    return group.astype(np.intp), int(found)


class Layer:
    """Tiles come row by row; each is entered or skipped. Memory grows with what was found."""

    def __init__(self, height: int, width: int) -> None:
        """height, width: of the page at this level."""
        self.labels = SparsePlane(height, width, np.int32)
        """Numbers of pieces, 1 and up."""
        self.searched = 0
        """Pixels of the tiles that were entered."""
        self._parts: list[PieceFigures] = []
        self._count = 0
        self._pairs: list[tuple[Groups, Groups]] = []
        self._above = np.zeros(width + 2, np.int32)
        self._below = np.zeros(width + 2, np.int32)
        self._beside: Labels | None = None
        self._row = 0

    def skip(self, tile: SearchTile) -> None:
        """Nothing is entered of a tile."""
        self._begin(tile)
        self._beside = None

    def enter(self, tile: SearchTile, found: Marks, top: int, left: int) -> None:
        """The marks of a tile and a little around it; top, left: where the tile begins in them."""
        self._begin(tile)
        self.searched += tile.height * tile.width
        core = np.s_[top : top + tile.height, left : left + tile.width]
        count = len(found.own_odds)
        if count == 0:
            self._join(tile, np.zeros((tile.height, tile.width), np.int32))
            return
        area = np.bincount(found.labels[core].ravel(), minlength=count + 1)[1:].astype(np.float64)
        kept = (found.own_odds > LOWEST) & (area > 0)
        numbers = np.zeros(count + 1, np.int32)
        numbers[1:][kept] = self._count + 1 + np.arange(int(kept.sum()))
        labels = numbers[found.labels[core]]
        if kept.any():
            self._parts.append(_figures(found, tile, area, top, left).chosen(kept))
            self._count += int(kept.sum())
            self.labels.write(tile.top, tile.left, labels)
        self._join(tile, labels)

    def marks(self) -> tuple[PieceFigures, Groups]:
        """The figures of every mark, and for each number of ``labels`` the mark: -1 for 0."""
        group, count = groups_of(self._pairs, self._count)
        return appended(self._parts).grouped(group, count), np.concatenate([[-1], group])

    def _begin(self, tile: SearchTile) -> None:
        if tile.top != self._row:
            self._row, self._above = tile.top, self._below
            self._below = np.zeros_like(self._above)
        if tile.left == 0:
            self._beside = None

    def _join(self, tile: SearchTile, labels: Labels) -> None:
        """Pieces that touch one of a tile above or to the left, by an edge or a corner."""
        ahead = np.s_[tile.left : tile.left + tile.width + 2]
        self._meet(labels[0], self._above[ahead])
        if self._beside is not None:
            self._meet(labels[:, 0], np.pad(self._beside, 1))
        self._below[tile.left + 1 : tile.left + 1 + tile.width] = labels[-1]
        self._beside = labels[:, -1]

    def _meet(self, own: Labels, others: Labels) -> None:
        """others: one longer than ``own`` at both ends."""
        for shift in range(3):
            beside = others[shift : shift + len(own)]
            both = (own > 0) & (beside > 0)
            if both.any():
                self._pairs.append(
                    (own[both].astype(np.intp) - 1, beside[both].astype(np.intp) - 1)
                )


def _figures(found: Marks, tile: SearchTile, area: Figures, top: int, left: int) -> PieceFigures:
    """Of what lies in the tile; top, left: where it begins in the marks' window."""
    depth = cv2.distanceTransform((found.labels > 0).view(np.uint8), cv2.DIST_L2, 5)
    deepest = np.zeros(len(area) + 1)
    inside = np.flatnonzero(found.labels)
    np.maximum.at(deepest, found.labels.ravel()[inside], depth.ravel()[inside])
    bottom, right = top + tile.height, left + tile.width
    down, across = tile.top - top, tile.left - left
    return PieceFigures(
        odds=found.own_odds,
        kind=found.kind.astype(np.intp),
        area=area,
        length=found.length * area / np.maximum(found.area, 1.0),
        light=np.where(found.light, area, 0.0),
        width=2.0 * deepest[1:] - 1.0,
        top=np.clip(found.top, top, bottom - 1) + down,
        left=np.clip(found.left, left, right - 1) + across,
        bottom=np.clip(found.top + found.height, top + 1, bottom) + down,
        right=np.clip(found.left + found.width, left + 1, right) + across,
    )


def _sum(values: Figures, group: Groups, count: int) -> Figures:
    return np.bincount(group, values, count).astype(np.float64)


def _most(values: Figures, group: Groups, count: int) -> Figures:
    found = np.full(count, -np.inf)
    np.maximum.at(found, group, values)
    return found
