"""What all findings share: a small proxy of the page, and bounded sets of telling tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.window import PageFacts, Window
from restoration.raster.base import Plane

PROXY_SIDE = 768
"""Longest side of the proxy, in cells."""

TILE_SIDES = (256, 128, 64)
"""Tile side in pixels: the first that fits the page on both sides."""

SCALES = (1, 2, 4)
"""Tiles are taken from the page as it is and from its area averages over 2 x 2 and 4 x 4 pixels:
a tile of a soft scan needs a larger area to show the power law below the fall."""

GRID = {1: 8, 2: 6, 4: 4}
"""By scale, tiles are kept per cell of a GRID x GRID division of the page, so that one contrasty
corner does not speak for the whole page, and memory stays bounded (30 MB)."""

EDGE_CAP = 0.04
"""Gradients count up to this (of full scale): texture all over a tile tells more about resolution
than one hard edge through it."""


@dataclass(frozen=True)
class LuminanceTile:
    """A square tile of encoded luminance."""

    top: int
    left: int
    extent: int
    """Side of the tile on the page, in pixels: its own side times its scale."""
    detail: float
    """Mean capped gradient at half the tile's scale, of full scale."""
    clipped: float
    """Share of samples at either end of the range."""
    luminance: Plane


class Survey:
    """The shared observer; findings read it when they conclude."""

    def __init__(self, page: PageFacts, sides: Sequence[int] = TILE_SIDES) -> None:
        """sides: of the tiles in pixels, largest first."""
        self.page = page
        longest = max(page.height, page.width)
        self.step = max(1, -(-longest // PROXY_SIDE))
        """Pixels per proxy cell, along each side."""
        rows, columns = -(-page.height // self.step), -(-page.width // self.step)
        self._sums = np.zeros((rows, columns, page.channels))
        shorter = min(page.height, page.width)
        self.tile_side = next((side for side in sides if side <= shorter), 0)
        """Side of the tiles in pixels; 0 where the page is too small for any."""
        self._tiles: dict[int, dict[tuple[int, int], LuminanceTile]] = {s: {} for s in SCALES}

    def see(self, window: Window) -> None:
        """Take one window into the proxy and offer its tiles."""
        self._see_proxy(window)
        if self.tile_side:
            self._see_tiles(window)

    @property
    def proxy(self) -> npt.NDArray[np.float32]:
        """The page by area averages of step x step pixels: (rows, columns, channels), [0, 1]."""
        return (self._sums / self._cell_areas()[:, :, None]).astype(np.float32)

    def detailed(
        self, scale: int = 1, box: tuple[int, int, int, int] | None = None
    ) -> list[LuminanceTile]:
        """The tile of most detail of each grid cell, richest first; inside ``box`` if given.

        scale: one of SCALES. box: top, left, height, width in pixels.
        """
        kept = [tile for tile in self._tiles[scale].values() if box is None or _inside(tile, box)]
        return sorted(kept, key=lambda tile: (-tile.detail, tile.top, tile.left))

    def _cell_areas(self) -> npt.NDArray[np.float64]:
        rows, columns = self._sums.shape[:2]
        tall = np.minimum(self.step, self.page.height - np.arange(rows) * self.step)
        wide = np.minimum(self.step, self.page.width - np.arange(columns) * self.step)
        return np.outer(tall, wide).astype(np.float64)

    def _see_proxy(self, window: Window) -> None:
        row_starts, rows = _cells(window.top, window.height, self.step)
        column_starts, columns = _cells(window.left, window.width, self.step)
        target = np.ix_(rows, columns)
        for channel, plane in enumerate(window.planes):
            self._sums[:, :, channel][target] += _block_sums(plane, row_starts, column_starts)

    def _see_tiles(self, window: Window) -> None:
        finer = window.luminance
        ends = ((finer <= 0.5 / 255.0) | (finer >= 254.5 / 255.0)).astype(np.float32)
        for scale in SCALES:
            coarser, coarser_ends = _halved(finer), _halved(ends)
            if min(finer.shape) < self.tile_side:
                return
            self._offer(window, scale, finer, _capped_gradient(coarser), coarser_ends)
            finer, ends = coarser, coarser_ends

    def _offer(
        self, window: Window, scale: int, plane: Plane, activity: Plane, ends: Plane
    ) -> None:
        """Keep the tiles of a window that have more detail than the one kept in their cell.

        plane: luminance at this scale; activity, ends: gradient and clipped share at half of it.
        """
        side, grid, kept = self.tile_side, GRID[scale], self._tiles[scale]
        for top in _places(plane.shape[0], side):
            for left in _places(plane.shape[1], side):
                half = np.s_[top // 2 : (top + side) // 2, left // 2 : (left + side) // 2]
                score = float(activity[half].mean(dtype=np.float64))
                row, column = window.top + top * scale, window.left + left * scale
                extent = side * scale
                cell = (
                    min(grid - 1, (row + extent // 2) * grid // self.page.height),
                    min(grid - 1, (column + extent // 2) * grid // self.page.width),
                )
                if cell in kept and score <= kept[cell].detail:
                    continue
                clipped = float(ends[half].mean(dtype=np.float64))
                pixels = plane[top : top + side, left : left + side].copy()
                kept[cell] = LuminanceTile(row, column, extent, score, clipped, pixels)


def _halved(plane: Plane) -> Plane:
    """Area averages over 2 x 2 pixels; an odd last row or column is left out."""
    height, width = plane.shape[0] // 2, plane.shape[1] // 2
    if height == 0 or width == 0:
        return np.zeros((0, 0), dtype=np.float32)
    even = plane[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))


def _inside(tile: LuminanceTile, box: tuple[int, int, int, int]) -> bool:
    top, left, height, width = box
    return (
        tile.top >= top
        and tile.left >= left
        and tile.top + tile.extent <= top + height
        and tile.left + tile.extent <= left + width
    )


def _places(length: int, side: int) -> list[int]:
    """Starts of tiles along a window: side by side, the last one flush with the end."""
    if length < side:
        return []
    starts = list(range(0, length - side + 1, side))
    if starts[-1] + side < length - side // 2:
        starts.append(length - side)
    return starts


def _cells(start: int, length: int, step: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where the proxy's cells begin inside a window, and which cells they are."""
    first, last = start // step, (start + length - 1) // step
    cells = np.arange(first, last + 1, dtype=np.intp)
    return np.maximum(cells * step - start, 0), cells


def _block_sums(
    plane: Plane, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Sums of a plane over the blocks that begin at these rows and columns."""
    bands = np.add.reduceat(plane, rows, axis=0, dtype=np.float64)
    return np.asarray(np.add.reduceat(bands, columns, axis=1))


def _capped_gradient(plane: Plane) -> Plane:
    """Mean of the two absolute central differences, each up to EDGE_CAP."""
    if plane.size == 0:
        return plane
    kernel = np.array([[-0.5, 0.0, 0.5]], dtype=np.float32)
    total = np.zeros_like(plane)
    for taps in (kernel, kernel.T):
        slope = cv2.absdiff(cv2.filter2D(plane, cv2.CV_32F, taps), 0.0)
        total += np.minimum(slope, np.float32(EDGE_CAP))
    return total * np.float32(0.5)
