"""How an image is cut for a network: bands of rows, and strips of columns where it is very wide.

The geometry follows from the size of the image, the network and the settings alone, never from
the memory of the day, so that the same scan gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restoration.raster.base import FloatImage, Raster


@dataclass(frozen=True)
class Strip:
    """Columns that are computed together, and those of them that are kept."""

    left: int
    width: int
    """The strip as it is read."""
    keep_left: int
    keep_width: int
    """The part whose result is exact; these parts tile the image."""


def cut_strips(width: int, strip_columns: int, radius: int, multiple: int = 1) -> list[Strip]:
    """Strips, each at most ``strip_columns`` kept columns wide, that overlap by the radius.

    The result of a strip equals that of the whole image in its kept part: on either side it has
    ``radius`` more columns, or the true border of the image. One strip where the image fits.

    Parameters
    ----------
    width, strip_columns, radius
        In network input pixels.
    multiple
        Strips begin at multiples of this (networks that fold blocks into channels).
    """
    count = -(-width // strip_columns)
    # Equal strips: a narrow rest would be nearly all overlap.
    each = -(-width // count)
    each += -each % multiple
    overlap = radius + -radius % multiple
    strips = []
    for keep_left in range(0, width, each):
        keep_right = min(width, keep_left + each)
        left, right = max(0, keep_left - overlap), min(width, keep_right + overlap)
        strips.append(Strip(left, right - left, keep_left, keep_right - keep_left))
    return strips


@dataclass(frozen=True)
class Padded:
    """A raster continued to a multiple of a block, mirrored at its lower and right border.

    As ``realesrgan.RealESRGANer.pre_process`` does for networks that fold blocks into channels.
    A side of one pixel has nothing to mirror and is repeated.
    """

    source: Raster
    multiple: int

    @property
    def height(self) -> int:
        return self.source.height + -self.source.height % self.multiple

    @property
    def width(self) -> int:
        return self.source.width + -self.source.width % self.multiple

    @property
    def channels(self) -> int:
        return self.source.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        rows = _mirrored(top, height, self.source.height)
        columns = _mirrored(left, width, self.source.width)
        first_row, first_column = int(rows.min()), int(columns.min())
        window = self.source.read(
            first_row,
            first_column,
            int(rows.max()) - first_row + 1,
            int(columns.max()) - first_column + 1,
        )
        continued: FloatImage = window[rows - first_row][:, columns - first_column]
        return continued


def _mirrored(start: int, count: int, size: int) -> np.ndarray:
    """Indices into an axis of ``size`` samples, mirrored without repeating the last one."""
    index = np.arange(start, start + count)
    return np.where(index < size, index, np.maximum(0, 2 * (size - 1) - index))
