"""The screened regions of a page, as the condition report describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.findings.screen import ScreenDetail
from restoration.raster.base import Plane
from restoration.raster.boxes import Box, rows_first
from restoration.stages.descreen.lattice import ScreenVectors

CHANNELS: dict[str, tuple[int, ...]] = {"r": (0,), "g": (1,), "b": (2,)}

NO_LATTICE = "its dots lie on no lattice and cannot be told from detail"

COARSEST, FINEST = 80.0, 2.2
"""Periods, in pixels, between which dots can be told from the picture and from each other: below
FINEST the fundamental itself is at the limit of the scan's sampling."""


@dataclass(frozen=True)
class RegionToDescreen:
    """One screened region."""

    name: str
    box: Box
    share: float
    """Of the page's area."""
    kind: str
    """``halftone`` or ``stochastic``."""
    lattices: Mapping[int, tuple[ScreenVectors, ...]]
    """By channel, strongest first."""

    def refusal(self) -> str | None:
        """Why its screen cannot be taken away; None where it can."""
        if self.kind != "halftone":
            return f"region {self.name}: a {self.kind} screen: {NO_LATTICE}"
        if not self.lattices:
            return f"region {self.name}: the condition report names no lattice"
        for lattice in {each for group in self.lattices.values() for each in group}:
            if lattice.period < FINEST:
                return (
                    f"region {self.name}: dots {lattice.period:.2g} px apart are too fine for the "
                    f"scan's resolution (from {FINEST:g} px on)"
                )
            if lattice.period > COARSEST:
                return (
                    f"region {self.name}: dots {lattice.period:.3g} px apart are too coarse (up to "
                    f"{COARSEST:g} px)"
                )
        return None


def regions_of(said: ScreenDetail, channels: int) -> list[RegionToDescreen]:
    """The regions of the condition report's `Screen`.

    channels: of the page, 1 or 3. Lattices that a region shows in one channel are listed for that
    channel alone.
    """
    regions = []
    for entry in said.regions:
        lattices: dict[int, list[ScreenVectors]] = {}
        for screen in sorted(entry.screens, key=lambda screen: -screen.strength):
            lattice = ScreenVectors(screen.f1, screen.f2, screen.shape == "line")
            for channel in _channels(screen.channel, channels):
                group = lattices.setdefault(channel, [])
                if not any(lattice.same(known) for known in group):
                    group.append(lattice)
        regions.append(
            RegionToDescreen(
                entry.id,
                rows_first(entry.box),
                entry.share,
                entry.kind,
                {channel: tuple(group) for channel, group in sorted(lattices.items())},
            )
        )
    return regions


def _channels(name: str, channels: int) -> tuple[int, ...]:
    """The page's channels that a screen's channel means; grey on a colour page means all."""
    if channels == 1:
        return (0,)
    return CHANNELS.get(name, (0, 1, 2))


class Coverage:
    """Where on the page a region lies: the cells of the report's map, and a margin around them.

    The report decides by cells, and a picture seldom ends on one; so the neighbouring cells that
    belong to no region are looked at too. There the scan itself says where the dots end.
    """

    def __init__(self, said: ScreenDetail, name: str, height: int, width: int) -> None:
        """said: by the condition report; height, width: of the page in pixels."""
        self._size = (height, width)
        rows = said.map
        self._cell = said.cell_px if rows else max(height, width)
        letters = np.array([list(row) for row in rows] if rows else [[name]])
        inside = (letters == name).astype(np.uint8)
        free = (letters == ".").astype(np.uint8)
        grown = cv2.dilate(inside, np.ones((3, 3), np.uint8))
        self._cells = inside.astype(bool)
        self._near = (inside | (grown & free)).astype(bool)
        # Beyond the page the region goes on: a scan's edge is no edge of the picture.
        whole = np.pad(inside, 1, mode="edge")
        self._deep = cv2.erode(whole, np.ones((3, 3), np.uint8))[1:-1, 1:-1].astype(bool)

    @property
    def box(self) -> Box:
        """The smallest box, in pixels, that holds the region and its margin."""
        rows, columns = np.flatnonzero(self._near.any(1)), np.flatnonzero(self._near.any(0))
        if not len(rows):
            return (0, 0, 0, 0)
        top, left = int(rows[0]) * self._cell, int(columns[0]) * self._cell
        bottom = min((int(rows[-1]) + 1) * self._cell, self._size[0])
        right = min((int(columns[-1]) + 1) * self._cell, self._size[1])
        return top, left, bottom - top, right - left

    def inside(self, top: int, left: int, height: int, width: int) -> Plane:
        """1 in the region's own cells, 0 elsewhere, also beyond the page."""
        return self._read(self._cells, top, left, height, width)

    def near(self, top: int, left: int, height: int, width: int) -> Plane:
        """1 in the region's cells and the margin, 0 elsewhere."""
        return self._read(self._near, top, left, height, width)

    def deep(self, top: int, left: int, height: int, width: int) -> Plane:
        """1 in the region's cells that lie among others of it on all sides, 0 elsewhere."""
        return self._read(self._deep, top, left, height, width)

    def touches(self, top: int, left: int, height: int, width: int) -> bool:
        """True where the window holds a pixel of the region or its margin."""
        return bool(self.near(top, left, height, width).any())

    def _read(
        self, cells: npt.NDArray[np.bool_], top: int, left: int, height: int, width: int
    ) -> Plane:
        rows, columns = np.arange(top, top + height), np.arange(left, left + width)
        on_page = np.logical_and.outer(
            (rows >= 0) & (rows < self._size[0]), (columns >= 0) & (columns < self._size[1])
        )
        row = np.clip(rows // self._cell, 0, cells.shape[0] - 1)
        column = np.clip(columns // self._cell, 0, cells.shape[1] - 1)
        return (cells[np.ix_(row, column)] & on_page).astype(np.float32)
