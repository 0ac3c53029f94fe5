"""The search of a page: the detector tile by tile at two levels, everything that may be damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from restoration.examine.damage.detector import RADIUS, Detector, Evidence
from restoration.examine.damage.evidence import luminance
from restoration.examine.damage.layer import Layer
from restoration.examine.damage.marks import Marks, marks
from restoration.examine.damage.page_marks import PageMarks
from restoration.examine.damage.tile import SearchTile
from restoration.raster.base import FloatImage, Plane, Progress

SIDE = 2048
"""Side of the tiles, in pixels of their level, which lie fast on the page: nothing depends on
bands, windows or memory."""

JUDGED = 32
"""Pixels around a tile in which its marks are seen whole, so that a speck across the border is
judged alike from both sides."""

MARGIN = RADIUS + JUDGED
"""Of a window around its tile: every pixel that is judged has all that its answer depends on."""

COARSE = 4
"""What is too wide for the level of the search is looked for once more at a quarter of it."""

FINEST_PPI = 800.0
"""Resolution up to which a page is searched as it is: specks of a tenth of a millimetre are then
three pixels wide."""

COARSEST = 4
"""Most pixels that go into one of the search: dust on film scanned at 4000 ppi is small."""

SMALLEST = 384
"""Planes narrower than this, in pixels, are not searched at the coarse level: so much reduced, a
small picture is no longer like those on which the detector was trained."""

BAND_PIXELS = 4 << 20
"""Pixels of the page that are read at a time."""

ROWS_BYTES = 256 << 20
"""Most that is held of a row of tiles, over the whole width of the page: a strip of the file is
decoded once then, not once for each tile. Wider pages are read tile by tile."""

ReadPixels = Callable[[int, int, int, int], FloatImage]
"""Top, left, height, width of the page to float32 (h, w, 1 or 3) in [0, 1]."""


def levels(height: int, width: int, ppi: float | None) -> int:
    """Pixels of the page that go into one of the search, along each side: 1, 2 or 4.

    Marks of a 1200-ppi scan are larger in pixels than those on which the detector was trained. A
    page that states no resolution is searched as it is.
    """
    found = 1
    while (
        ppi is not None
        and found < COARSEST
        and ppi / found > FINEST_PPI
        and min(height, width) / found >= 512
    ):
        found *= 2
    return found


class Look(Protocol):
    """How a tile is looked at: by the detector alone, or with more that is known of the page."""

    def evidence(self, tile: SearchTile, plane: Plane) -> Evidence:
        """Of the tile's window; plane: its luminance."""
        ...

    def judged(self, tile: SearchTile, found: Marks, top: int, left: int) -> Marks:
        """The marks with what else is known of them; top, left: where the window in which they lie
        begins, in pixels of the level."""
        ...


@dataclass(frozen=True)
class ByLooks:
    """The detector alone."""

    detector: Detector

    def evidence(self, tile: SearchTile, plane: Plane) -> Evidence:
        return self.detector.search(plane)

    def judged(self, tile: SearchTile, found: Marks, top: int, left: int) -> Marks:
        return found


@dataclass(frozen=True)
class Searched:
    """A page, to be searched."""

    height: int
    width: int
    level: int
    """Pixels of the page per pixel of the search."""
    read: ReadPixels

    @property
    def rows(self) -> int:
        """Of the level; what is left of the page below them is less than one."""
        return self.height // self.level

    @property
    def columns(self) -> int:
        return self.width // self.level

    def plane(self, top: int, left: int, height: int, width: int) -> Plane:
        """Luminance of a window of the level, by area averages over its pixels of the page."""
        step = self.level
        out = np.empty((height, width), np.float32)
        band = max(1, BAND_PIXELS // max(1, width * step * step))
        for first in range(0, height, band):
            count = min(band, height - first)
            place = ((top + first) * step, left * step, count * step, width * step)
            out[first : first + count] = _reduced(luminance(self.read(*place)), step)
        return out


class _Rows:
    """Windows of a level, of which the rows in hand are kept."""

    def __init__(self, page: Searched) -> None:
        self._page = page
        self._top = 0
        self._held = np.zeros((0, page.columns), np.float32)

    def window(self, top: int, left: int, height: int, width: int) -> Plane:
        """As ``Searched.plane``, where windows come row by row."""
        if 4 * height * self._page.columns > ROWS_BYTES:
            return self._page.plane(top, left, height, width)
        last = self._top + len(self._held)
        if top < self._top or top + height > last:
            known = self._held[top - self._top :] if self._top <= top < last else self._held[:0]
            first = top + len(known)
            more = self._page.plane(first, 0, top + height - first, self._page.columns)
            self._top, self._held = top, np.concatenate([known, more])
        return self._held[top - self._top :][:height, left : left + width]


def find_marks(
    page: Searched,
    detector: Detector,
    look: Look | None = None,
    wanted: Callable[[int, int, int, int], bool] = lambda *place: True,
    progress: Progress = lambda done, unit: None,
) -> PageMarks:
    """Everything on the page that may be damage.

    look: how the level of the search is looked at; the detector alone, where nothing is said.
    wanted: whether a part of the page (top, left, height, width) need be searched at all.
    """
    fine = Layer(page.rows, page.columns)
    size = (page.rows // COARSE, page.columns // COARSE)
    two = min(size) >= SMALLEST
    coarse_plane = np.zeros(size if two else (0, 0), np.uint16)
    every, rows = list(search_tiles(page.rows, page.columns)), _Rows(page)
    look = ByLooks(detector) if look is None else look
    for number, tile in enumerate(every):
        progress((number + 1) / len(every), f"search of tile {number + 1} of {len(every)}")
        here = _wants(wanted, tile, page.level)
        if here or two:
            plane = rows.window(*tile.window)
            if two:
                _reduce_into(coarse_plane, tile, plane[tile.core])
        if here:
            _enter(fine, tile, np.ascontiguousarray(plane), look)
        else:
            fine.skip(tile)
    coarse = _coarse(coarse_plane, detector, wanted, page.level) if two else None
    return PageMarks.of(page.height, page.width, fine, coarse, page.level)


def search_tiles(height: int, width: int) -> Iterator[SearchTile]:
    """The tiles of a level, row by row."""
    for top in range(0, height, SIDE):
        for left in range(0, width, SIDE):
            bottom, right = min(height, top + SIDE), min(width, left + SIDE)
            above, before = max(0, top - MARGIN), max(0, left - MARGIN)
            below, after = min(height, bottom + MARGIN), min(width, right + MARGIN)
            yield SearchTile.between((top, left, bottom, right), (above, before, below, after))


def _coarse(
    codes: np.ndarray[tuple[int, ...], np.dtype[np.uint16]],
    detector: Detector,
    wanted: Callable[[int, int, int, int], bool],
    level: int,
) -> Layer:
    layer, look = Layer(*codes.shape), ByLooks(detector)
    for tile in search_tiles(*codes.shape):
        if not _wants(wanted, tile, level * COARSE):
            layer.skip(tile)
            continue
        top, left, height, width = tile.window
        window = codes[top : top + height, left : left + width]
        _enter(layer, tile, window.astype(np.float32) * np.float32(1.0 / 65535.0), look)
    return layer


def _wants(wanted: Callable[[int, int, int, int], bool], tile: SearchTile, step: int) -> bool:
    return wanted(tile.top * step, tile.left * step, tile.height * step, tile.width * step)


def _enter(layer: Layer, tile: SearchTile, plane: Plane, look: Look) -> None:
    """What a window shows, as far as it is judged: its tile and JUDGED pixels around."""
    evidence = look.evidence(tile, plane)
    top, left = max(0, tile.top - JUDGED), max(0, tile.left - JUDGED)
    bottom = min(tile.window_top + tile.window_height, tile.top + tile.height + JUDGED)
    right = min(tile.window_left + tile.window_width, tile.left + tile.width + JUDGED)
    part = np.s_[
        top - tile.window_top : bottom - tile.window_top,
        left - tile.window_left : right - tile.window_left,
    ]
    seen = Evidence(evidence.probability[part], evidence.kind[part])
    found = look.judged(tile, marks(seen, np.ascontiguousarray(plane[part])), top, left)
    layer.enter(tile, found, tile.top - top, tile.left - left)


def _reduce_into(codes: np.ndarray[tuple[int, ...], np.dtype[np.uint16]], tile: SearchTile,
                 plane: Plane) -> None:  # fmt: skip
    """A tile's share of the coarse plane, in 16-bit codes."""
    small = _reduced(plane, COARSE)
    rows, columns = small.shape
    top, left = tile.top // COARSE, tile.left // COARSE
    codes[top : top + rows, left : left + columns] = np.rint(
        np.clip(small, 0.0, 1.0) * np.float32(65535.0)
    )


def _reduced(plane: Plane, step: int) -> Plane:
    """Area averages over step x step pixels; a last odd row or column is left out."""
    if step == 1:
        return plane
    height, width = (side // step for side in plane.shape)
    if height == 0 or width == 0:
        return np.zeros((height, width), np.float32)
    even = np.ascontiguousarray(plane[: height * step, : width * step])
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
