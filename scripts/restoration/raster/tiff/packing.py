"""How samples lie in the bytes of a row: in whole ones, several in one, or in chroma blocks.

Sources: TIFF 6.0 section 3 (packed grey), section 9 (FillOrder), section 21 (YCbCr data units).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.uint8 | np.uint16]
"""(rows, width, samples) as stored, in native byte order; 2- and 4-bit samples one to a byte."""


@dataclass(frozen=True)
class Packing:
    """The bytes of rows of pixels inside one strip or tile."""

    bits: int
    """2, 4, 8 or 16."""
    samples: int
    """Per pixel inside the segment; 3 where chroma is subsampled."""
    order: str
    """Byte order of the file, ``<`` or ``>``; only 16 bits have one."""
    fill_order: int = 1
    """2: the lowest bit of each byte is the leftmost."""
    across: int = 1
    down: int = 1
    """Pixels along the width and the height that share one pair of chroma samples. Such a block
    is stored as one unit: its Y samples row by row, then Cb, then Cr."""

    @property
    def pixel_bytes(self) -> int | None:
        """Bytes of one pixel; None where a pixel has no bytes of its own."""
        if self.bits < 8 or self.across * self.down > 1:
            return None
        return self.samples * self.bits // 8

    def group_bytes(self, width: int) -> int:
        """Bytes of ``down`` rows of ``width`` pixels: the least that can be unpacked."""
        if self.across * self.down > 1:
            return math.ceil(width / self.across) * (self.across * self.down + 2)
        return math.ceil(width * self.samples * self.bits / 8)

    def stored_bytes(self, rows: int, width: int) -> int:
        """Bytes of ``rows`` rows; a last row of chroma blocks is whole."""
        return math.ceil(rows / self.down) * self.group_bytes(width)

    def unpacked(self, raw: bytes, rows: int, width: int) -> Samples:
        """The samples of the first rows of ``raw``, which must hold ``stored_bytes`` of them."""
        stored = self.stored_bytes(rows, width)
        data = np.frombuffer(raw, np.uint8, stored)
        if self.fill_order == 2:
            data = np.asarray(imagecodecs.bitorder_decode(data), np.uint8)
        if self.across * self.down > 1:
            return self._blocks(data, rows, width)
        shape = (rows, width, self.samples)
        if self.bits < 8:
            run = width * self.samples
            flat: Any = imagecodecs.packints_decode(bytes(data), np.uint8, self.bits, runlen=run)
            return np.asarray(flat, np.uint8).reshape(shape)
        if self.bits == 8:
            return data.reshape(shape)
        return data.view(f"{self.order}u2").astype(np.uint16, copy=False).reshape(shape)

    def _blocks(self, flat: npt.NDArray[np.uint8], rows: int, width: int) -> Samples:
        """Each chroma sample stands for every pixel of its block, as libtiff takes it."""
        across, down = self.across, self.down
        units = flat.reshape(math.ceil(rows / down), -1, across * down + 2)
        high, wide = units.shape[0] * down, units.shape[1] * across
        out = np.empty((high, wide, 3), np.uint8)
        luma = units[..., : across * down].reshape(units.shape[0], units.shape[1], down, across)
        out[..., 0] = luma.transpose(0, 2, 1, 3).reshape(high, wide)
        for channel in (1, 2):
            chroma = units[..., across * down + channel - 1]
            out[..., channel] = chroma.repeat(down, axis=0).repeat(across, axis=1)
        return out[:rows, :width]
