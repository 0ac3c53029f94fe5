"""Planes of a page that are mostly empty: made tile by tile, kept small, read by windows."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.tile import SearchTile

TILE = 1024
"""Side of the tiles, in pixels, which lie fast on the page: nothing depends on bands or memory."""

MARGIN = 160
"""Pixels around a tile that help to judge and to fill it."""

Bytes = npt.NDArray[np.uint8]

Numbers = npt.NDArray[Any]
"""Whole numbers of the plane's own type."""


class MaskTile(SearchTile):
    """One tile of the page and the window around it, clipped to the page."""

    @property
    def place(self) -> tuple[int, int]:
        """Row and column among the tiles."""
        return self.top // TILE, self.left // TILE


def tiles(height: int, width: int, margin: int = MARGIN) -> Iterator[MaskTile]:
    """The tiles of a page, row by row."""
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            bottom, right = min(height, top + TILE), min(width, left + TILE)
            # The last tiles may be narrow: they are judged by as much of the page as the others.
            above = max(0, min(top - margin, height - TILE))
            before = max(0, min(left - margin, width - TILE))
            below, after = min(height, bottom + margin), min(width, right + margin)
            yield MaskTile.between((top, left, bottom, right), (above, before, below, after))


class SparsePlane:
    """A plane of whole numbers, mostly 0, of which each tile is kept compressed; clean tiles cost
    nothing.

    A page of 115 megapixels with one percent of damage takes about 1 MB.
    """

    def __init__(self, height: int, width: int, kind: npt.DTypeLike = np.uint8) -> None:
        """kind: of the numbers; bytes, where nothing is said."""
        self.height = height
        self.width = width
        self.kind = np.dtype(kind)
        self._tiles: dict[tuple[int, int], bytes] = {}

    def put(self, tile: MaskTile, values: Numbers) -> None:
        """values: of the plane's kind, (tile.height, tile.width)."""
        if values.any():
            self._tiles[tile.place] = zlib.compress(np.ascontiguousarray(values).tobytes(), 1)

    def write(self, top: int, left: int, values: Numbers) -> None:
        """Put a block of the plane's kind anywhere."""
        height, width = values.shape
        for row in range(top // TILE, (top + height - 1) // TILE + 1):
            for column in range(left // TILE, (left + width - 1) // TILE + 1):
                first, start = max(top, row * TILE), max(left, column * TILE)
                last = min(top + height, (row + 1) * TILE)
                end = min(left + width, (column + 1) * TILE)
                part = values[first - top : last - top, start - left : end - left]
                if part.any() or (row, column) in self._tiles:
                    self._write(row, column, first - row * TILE, start - column * TILE, part)

    def _write(self, row: int, column: int, top: int, left: int, part: Numbers) -> None:
        """Part of a tile, at this place in it."""
        before = self.get(row, column)
        size = (min(TILE, self.height - row * TILE), min(TILE, self.width - column * TILE))
        whole = np.zeros(size, self.kind) if before is None else before.copy()
        whole[top : top + part.shape[0], left : left + part.shape[1]] = part
        self._tiles[row, column] = zlib.compress(whole.tobytes(), 1)

    def held(self) -> Iterator[tuple[int, int, Numbers]]:
        """Top, left and values of every tile that is not clean, row by row."""
        for row, column in sorted(self._tiles):
            values = self.get(row, column)
            assert values is not None
            yield row * TILE, column * TILE, values

    def get(self, row: int, column: int) -> Numbers | None:
        """The tile at this place; None where it is clean."""
        packed = self._tiles.get((row, column))
        if packed is None:
            return None
        height = min(TILE, self.height - row * TILE)
        width = min(TILE, self.width - column * TILE)
        return np.frombuffer(zlib.decompress(packed), self.kind).reshape(height, width)

    def read(self, top: int, left: int, height: int, width: int) -> Numbers:
        """Numbers of the plane's kind, (height, width)."""
        out = np.zeros((height, width), self.kind)
        for row in range(top // TILE, (top + height - 1) // TILE + 1):
            for column in range(left // TILE, (left + width - 1) // TILE + 1):
                values = self.get(row, column)
                if values is None:
                    continue
                first, start = max(top, row * TILE), max(left, column * TILE)
                last = min(top + height, row * TILE + values.shape[0])
                end = min(left + width, column * TILE + values.shape[1])
                out[first - top : last - top, start - left : end - left] = values[
                    first - row * TILE : last - row * TILE,
                    start - column * TILE : end - column * TILE,
                ]
        return out

    def changed(self, change: Callable[[MaskTile, Numbers], Numbers]) -> SparsePlane:
        """The plane with each tile that is not clean replaced by ``change`` of it."""
        other = SparsePlane(self.height, self.width, self.kind)
        for tile in tiles(self.height, self.width):
            values = self.get(*tile.place)
            if values is not None:
                other.put(tile, change(tile, values))
        return other

    def count(self) -> int:
        """Pixels that are not 0."""
        return sum(
            int(np.count_nonzero(np.frombuffer(zlib.decompress(packed), self.kind)))
            for packed in self._tiles.values()
        )

    def clean(self, top: int, left: int, height: int, width: int) -> bool:
        """True where no tile under the window holds anything."""
        return not any(
            (row, column) in self._tiles
            for row in range(top // TILE, (top + height - 1) // TILE + 1)
            for column in range(left // TILE, (left + width - 1) // TILE + 1)
        )
