"""Pages seen through a tone table: what delivery writes, and what a report shows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.raster.base import FloatImage, Raster, UInt16Image, to_float, to_uint16
from restoration.raster.colour.tone_table import ToneTable


class MappedRaster:
    """A raster whose values a table maps, through 16-bit codes, as delivery maps them."""

    def __init__(self, source: Raster, table: ToneTable) -> None:
        """source: of as many channels as the table; ValueError otherwise."""
        if source.channels != table.channels:
            raise ValueError(f"expected {table.channels} channels, found {source.channels}")
        self._source, self._table = source, table

    @property
    def height(self) -> int:
        return self._source.height

    @property
    def width(self) -> int:
        return self._source.width

    @property
    def channels(self) -> int:
        return self._source.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """The window as float32 (height, width, channels) in [0, 1], mapped and clipped."""
        codes = to_uint16(self._source.read(top, left, height, width))
        page = {"left": left, "page_width": self.width}
        return to_float(self._table.mapped(codes, top, self.height, **page))


@dataclass
class MappedRows:
    """Rows of codes on their way to the deliverable, and what the table clipped of them."""

    codes: Callable[[int, int], UInt16Image]
    """(top, rows) -> uint16 (rows, width, channels), as they come in."""
    table: ToneTable
    page_height: int
    page_width: int
    _counted: int = 0
    """Rows whose clipping is counted."""
    _clipped: npt.NDArray[np.int64] | None = None

    def __call__(self, top: int, rows: int) -> UInt16Image:
        """uint16 (rows, width, channels), mapped."""
        old = self.codes(top, rows)
        new = self.table.mapped(old, top, self.page_height)
        # Rows that are asked for again, to compare or because a file is begun anew, count once.
        fresh = max(self._counted - top, 0)
        if fresh < rows:
            found = _newly_at_the_ends(old[fresh:], new[fresh:])
            self._clipped = found if self._clipped is None else self._clipped + found
            self._counted = top + rows
        return new

    def clipped(self) -> list[list[float]]:
        """Of each channel the shares of samples newly at 0 and newly at full."""
        if self._clipped is None:
            return []
        shares = self._clipped.T / (self.page_height * self.page_width)
        return [[float(f"{share:.6g}") for share in channel] for channel in shares]


def _newly_at_the_ends(old: UInt16Image, new: UInt16Image) -> npt.NDArray[np.int64]:
    """int64 (2, channels): samples newly at 0, newly at full."""
    counts = np.zeros((2, old.shape[2]), np.int64)
    for row, end in enumerate((0, 65535)):
        # Most bands clip nothing, which one look tells.
        if (new == end).any():
            for channel in range(old.shape[2]):
                newly = (new[..., channel] == end) & (old[..., channel] != end)
                counts[row, channel] = np.count_nonzero(newly)
    return counts
