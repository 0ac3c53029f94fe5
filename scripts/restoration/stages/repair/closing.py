"""The second pass of the repair stage: the holes are filled, band by band, and grain put back.

The page is cut into blocks on a fixed grid. Of a block only the holes are looked at, each group of
them in a crop of its own; a band without any is passed on as it is. Several blocks are filled at a
time, by threads of which none has a part in another's work, so that neither their number nor the
rows that are asked for change a bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from restoration.engine.devices import threads_of_networks
from restoration.examine.damage.evidence import luminance
from restoration.examine.damage.mask import SparsePlane, tiles
from restoration.examine.damage.pieces import Pieces
from restoration.raster.base import FloatImage, Mask, Plane, Raster, UInt8Image
from restoration.stages.repair.discovery import one_thread
from restoration.stages.repair.fill import fill, is_tight, leaks
from restoration.stages.repair.grain import FillGrain
from restoration.stages.repair.wide import WideHoles

ROWS = 256
"""Rows of a band."""

COLUMNS = 1024
"""Columns that are filled at a time."""

AROUND = 96
"""Pixels around a block that are seen. A hole that lies inside block and surroundings is filled
alike from both sides of a border; one that is longer is cut there, so far outside the block that
it does not show."""

CROP = 48
"""Pixels around a group of holes that are seen when it is filled, more than the widest filter
reaches. Holes less than this apart are one group."""

CELL = 128
"""Side of the cells of the page, in pixels, by which grain is drawn."""

LEAK_TILES, LEAK_MARGIN = 8, 8
"""Tiles of the mask, at most, that tell whether it is tight, and pixels around each."""

STRONGEST = 1.5
"""Most that the grain around a hole may exceed that of the page's flat parts: more is picture."""

Slices = tuple[slice, slice]


@dataclass(frozen=True)
class Block:
    """A block of the page, and what lies around it."""

    top: int
    """Of the window, on the page."""
    left: int
    pixels: FloatImage
    mask: Mask
    core: Slices
    """Where the block lies in the window."""


@dataclass
class Closing:
    """A page, what is to be filled of it, and with what grain."""

    source: Raster
    mask: SparsePlane
    grain: FillGrain | None
    key: str
    progress: Callable[[float, str], None]
    wide: WideHoles | None = None
    """Those of the page that are filled before all others."""
    filled: dict[str, int] = field(default_factory=dict)
    """Pixels by method; complete after the last band."""
    _tight: bool = False
    """Whether damage shines through around the mask."""

    def bands(self, findings: dict[str, Any]) -> Iterator[FloatImage]:
        """The page from top to bottom. Adds ``filled_px`` to the findings at the end."""
        source = self.source
        waiting: deque[tuple[int, FloatImage, list[Future[dict[str, int]]]]] = deque()
        with one_thread(), ThreadPoolExecutor(threads_of_networks()) as pool:
            if self.wide is not None:
                self.wide.fill()
            self._tight = self._is_tight()
            for top in range(0, source.height, ROWS):
                waiting.append((top, *self._begun(top, pool)))
                # One band ahead: nobody waits while the one before is written.
                if len(waiting) > 1:
                    yield self._finished(*waiting.popleft())
            while waiting:
                yield self._finished(*waiting.popleft())
        findings["filled_px"] = dict(sorted(self.filled.items()))

    def drawn_mask(self) -> Iterator[UInt8Image]:
        """255 where the page was filled, uint8 (rows, width, 1)."""
        for top in range(0, self.source.height, ROWS):
            rows = min(ROWS, self.source.height - top)
            marked = self.mask.read(top, 0, rows, self.source.width) > 0
            yield (marked.view(np.uint8) * np.uint8(255))[:, :, None]

    def _begun(
        self, top: int, pool: ThreadPoolExecutor
    ) -> tuple[FloatImage, list[Future[dict[str, int]]]]:
        """A band as it is, and the work that will put its fillings into it."""
        source, width = self.source, self.source.width
        rows = min(ROWS, source.height - top)
        band = source.read(top, 0, rows, width)
        if self.mask.clean(top, 0, rows, width):
            return band, []
        band, work = np.array(band, np.float32), []
        inside = self.mask.read(top, 0, rows, width) > 0
        for left in range(0, width, COLUMNS):
            columns = min(COLUMNS, width - left)
            if inside[:, left : left + columns].any():
                # Read here: no source need bear to be read by two threads.
                block = self._read(top, left, rows, columns)
                work.append(pool.submit(self._fill, block, band[:, left : left + columns]))
        return band, work

    def _finished(
        self, top: int, band: FloatImage, work: list[Future[dict[str, int]]]
    ) -> FloatImage:
        for block in work:
            for method, count in block.result().items():
                self.filled[method] = self.filled.get(method, 0) + count
        done, height = top + band.shape[0], self.source.height
        self.progress(done / height, f"row {done} of {height}")
        return band

    def _read(self, top: int, left: int, rows: int, columns: int) -> Block:
        above, before = max(0, top - AROUND), max(0, left - AROUND)
        below = min(self.source.height, top + rows + AROUND)
        after = min(self.source.width, left + columns + AROUND)
        window = (above, before, below - above, after - before)
        core = np.s_[top - above : top - above + rows, left - before : left - before + columns]
        return Block(above, before, self.source.read(*window), self.mask.read(*window) > 0, core)

    def _fill(self, block: Block, out: FloatImage) -> dict[str, int]:
        """Writes the block's fillings into ``out``, float32 (rows, columns, c), the block itself.
        Returns the pixels by method."""
        counts: dict[str, int] = {}
        for crop, own in groups(block.mask, block.core):
            pixels, mask = np.ascontiguousarray(block.pixels[crop]), block.mask[crop].copy()
            place = (block.top + crop[0].start, block.left + crop[1].start)
            noise = 0.0 if self.grain is None else self.grain.sigma
            guess = None if self.wide is None else self.wide.guess(*place, *mask.shape)
            found = fill(pixels, mask, noise, self._tight, guess)
            filled = found.pixels
            if self.grain is not None:
                strength = _strength(pixels, mask, self.grain) * np.sqrt(found.made)
                drawn = _drawn(self.grain, self.key, place, mask.shape)
                filled = np.clip(filled + drawn * strength[:, :, None], 0.0, 1.0)
            rows, columns = np.nonzero(own)
            down = crop[0].start - block.core[0].start
            across = crop[1].start - block.core[1].start
            out[rows + down, columns + across] = filled[rows, columns]
            for method, where in found.methods.items():
                counts[method] = counts.get(method, 0) + int(np.count_nonzero(where & own))
        return {method: count for method, count in counts.items() if count}

    def _is_tight(self) -> bool:
        """Of the whole page: whoever drew a mask drew all its holes alike."""
        marked = [
            tile
            for tile in tiles(self.mask.height, self.mask.width, margin=LEAK_MARGIN)
            if self.mask.get(*tile.place) is not None
        ]
        step = -(-len(marked) // LEAK_TILES) if marked else 1
        shares = [
            leaks(self.source.read(*tile.window), self.mask.read(*tile.window) > 0)
            for tile in marked[::step]
        ]
        return is_tight(np.concatenate(shares)) if shares else False


def groups(mask: Mask, core: Slices) -> Iterator[tuple[Slices, Mask]]:
    """The crops in which the holes of a block are filled, and which pixels each is filled for.

    mask: bool (h, w), of the block and what lies around it; core: the block. What a crop is filled
    for lies in the core: bool, of the crop's size.
    """
    near = cv2.dilate(mask.view(np.uint8), np.ones((CROP + 1, CROP + 1), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    wanted = np.zeros(mask.shape, np.bool_)
    wanted[core] = mask[core]
    for number in np.unique(labels[wanted]):
        left, top, width, height = (int(value) for value in boxes[number][:4])
        # The dilation has half of CROP in it.
        crop = (
            slice(max(0, top - CROP // 2), min(mask.shape[0], top + height + CROP // 2)),
            slice(max(0, left - CROP // 2), min(mask.shape[1], left + width + CROP // 2)),
        )
        yield crop, wanted[crop] & (labels[crop] == number)


def _drawn(grain: FillGrain, key: str, place: tuple[int, int], size: tuple[int, ...]) -> FloatImage:
    """The page's grain at this place, float32 (h, w, c); wherever it is asked for the same."""
    (top, left), (height, width) = place, size[:2]
    out = np.empty((height, width, len(grain.channels)), np.float32)
    for row in range(top // CELL, (top + height - 1) // CELL + 1):
        for column in range(left // CELL, (left + width - 1) // CELL + 1):
            cell = grain.draw(CELL, CELL, (key, row, column))
            first, start = max(top, row * CELL), max(left, column * CELL)
            last = min(top + height, (row + 1) * CELL)
            end = min(left + width, (column + 1) * CELL)
            out[first - top : last - top, start - left : end - left] = cell[
                first - row * CELL : last - row * CELL, start - column * CELL : end - column * CELL
            ]
    return out


def _strength(pixels: FloatImage, mask: Mask, grain: FillGrain) -> Plane:
    """How strong the grain is around each hole, as a multiple of the page's; 0 outside holes.

    Grain depends on tone: it vanishes in clipped whites. The median of the fine diagonal
    differences around a hole is that of grain, where less than half of them are picture.
    """
    pieces = Pieces.of(mask)
    if pieces.count == 0:
        return np.zeros(mask.shape, np.float32)
    (here,) = pieces.ring(2, 12).quantiles(_diagonal(luminance(pixels)), 0.5)
    sample = grain.draw(CELL, CELL, ("level", 0, 0)) + np.float32(0.5)
    usual = float(np.median(_diagonal(luminance(sample))[1:, 1:]))
    return pieces.each(np.clip(here / max(usual, 1e-6), 0.0, STRONGEST))


def _diagonal(plane: Plane) -> Plane:
    """Magnitude of the 2 x 2 diagonal difference, 0 in the first row and column."""
    out = np.zeros_like(plane)
    out[1:, 1:] = np.abs(plane[1:, 1:] - plane[:-1, 1:] - plane[1:, :-1] + plane[:-1, :-1])
    return out
