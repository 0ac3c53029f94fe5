"""The second pass of the repair stage: the holes are filled, band by band, and grain put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.evidence import luminance
from restoration.examine.damage.mask import SparsePlane
from restoration.examine.damage.pieces import Pieces
from restoration.raster.base import FloatImage, Plane, Raster, UInt8Image
from restoration.stages.repair.discovery import one_thread
from restoration.stages.repair.fill import fill
from restoration.stages.repair.grain import FillGrain

ROWS = 256
"""Rows of a band."""

COLUMNS = 1024
"""Columns that are filled at a time."""

AROUND = 128
"""Pixels around a block that are seen. A hole that lies inside block and surroundings is filled
alike from both sides of a border; one that is longer is cut there, so far outside the block that
it does not show."""

STRONGEST = 1.5
"""Most that the grain around a hole may exceed that of the page's flat parts: more is picture."""


@dataclass
class Closing:
    """A page, what is to be filled of it, and with what grain."""

    source: Raster
    mask: SparsePlane
    grain: FillGrain | None
    key: str
    progress: Callable[[float, str], None]
    filled: dict[str, int] = field(default_factory=dict)
    """Pixels by method; complete after the last band."""

    def bands(self, findings: dict[str, Any]) -> Iterator[FloatImage]:
        """The page from top to bottom. Adds ``filled_px`` to the findings at the end."""
        source = self.source
        for top in range(0, source.height, ROWS):
            rows = min(ROWS, source.height - top)
            yield self._band(top, rows)
            self.progress((top + rows) / source.height, f"row {top + rows} of {source.height}")
        findings["filled_px"] = dict(sorted(self.filled.items()))

    def drawn_mask(self) -> Iterator[UInt8Image]:
        """255 where the page was filled, uint8 (rows, width, 1)."""
        for top in range(0, self.source.height, ROWS):
            rows = min(ROWS, self.source.height - top)
            marked = self.mask.read(top, 0, rows, self.source.width) > 0
            yield (marked.view(np.uint8) * np.uint8(255))[:, :, None]

    def _band(self, top: int, rows: int) -> FloatImage:
        source, width = self.source, self.source.width
        if self.mask.clean(top, 0, rows, width):
            return source.read(top, 0, rows, width)
        band = np.array(source.read(top, 0, rows, width), np.float32)
        for left in range(0, width, COLUMNS):
            columns = min(COLUMNS, width - left)
            inside = self.mask.read(top, left, rows, columns) > 0
            if inside.any():
                with one_thread():
                    block = self._block(top, left, rows, columns)
                band[:, left : left + columns][inside] = block[inside]
        return band

    def _block(self, top: int, left: int, rows: int, columns: int) -> FloatImage:
        above, before = max(0, top - AROUND), max(0, left - AROUND)
        below = min(self.source.height, top + rows + AROUND)
        after = min(self.source.width, left + columns + AROUND)
        window = (above, before, below - above, after - before)
        pixels, mask = self.source.read(*window), self.mask.read(*window) > 0
        core = np.s_[top - above : top - above + rows, left - before : left - before + columns]
        closed, used = fill(pixels, mask, 0.0 if self.grain is None else self.grain.sigma)
        share = int(mask[core].sum()) / max(1, int(mask.sum()))
        for method, count in used.items():
            self.filled[method] = self.filled.get(method, 0) + round(count * share)
        block = closed[core]
        if self.grain is not None:
            strength = _strength(pixels, mask, self.grain)[core]
            seed = (self.key, top // ROWS, left // COLUMNS)
            block = block + self.grain.draw(rows, columns, seed) * strength[:, :, None]
        return np.clip(block, 0.0, 1.0).astype(np.float32)


def _strength(pixels: FloatImage, mask: npt.NDArray[np.bool_], grain: FillGrain) -> Plane:
    """How strong the grain is around each hole, as a multiple of the page's; 0 outside holes.

    Grain depends on tone: it vanishes in clipped whites. The median of the fine diagonal
    differences around a hole is that of grain, where less than half of them are picture.
    """
    pieces = Pieces.of(mask)
    if pieces.count == 0:
        return np.zeros(mask.shape, np.float32)
    (here,) = pieces.ring(2, 12).quantiles(_diagonal(luminance(pixels)), 0.5)
    sample = grain.draw(128, 128, ("level", 0, 0)) + np.float32(0.5)
    usual = float(np.median(_diagonal(luminance(sample))[1:, 1:]))
    return pieces.each(np.clip(here / max(usual, 1e-6), 0.0, STRONGEST))


def _diagonal(plane: Plane) -> Plane:
    """Magnitude of the 2 x 2 diagonal difference, 0 in the first row and column."""
    out = np.zeros_like(plane)
    out[1:, 1:] = np.abs(plane[1:, 1:] - plane[:-1, 1:] - plane[1:, :-1] + plane[:-1, :-1])
    return out
