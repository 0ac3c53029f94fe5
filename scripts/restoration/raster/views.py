"""Rasters seen through something: mirrored edges, sRGB values, local bounds, recent rows.

All are lazy and window-independent: a window holds the same bits as the same part of any other.
"""

from __future__ import annotations

import threading

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import FloatImage, Raster
from restoration.raster.colour.colour_space import ColourSpace


class Mirrored:
    """A raster with a margin of its own mirror image (edge pixel repeated) on all four sides."""

    def __init__(self, source: Raster, margin: int) -> None:
        """margin: in pixels; may exceed the raster."""
        self._source = source
        self._margin = margin

    @property
    def height(self) -> int:
        return self._source.height + 2 * self._margin

    @property
    def width(self) -> int:
        return self._source.width + 2 * self._margin

    @property
    def channels(self) -> int:
        return self._source.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        rows = _mirror(top - self._margin, height, self._source.height)
        columns = _mirror(left - self._margin, width, self._source.width)
        first_row, first_column = int(rows.min()), int(columns.min())
        window = self._source.read(
            first_row,
            first_column,
            int(rows.max()) - first_row + 1,
            int(columns.max()) - first_column + 1,
        )
        return np.ascontiguousarray(window[rows - first_row][:, columns - first_column])


def _mirror(first: int, count: int, size: int) -> npt.NDArray[np.int64]:
    place = np.arange(first, first + count) % (2 * size)
    return np.where(place < size, place, 2 * size - 1 - place)


class Cropped:
    """A part of a raster."""

    def __init__(self, source: Raster, top: int, left: int, height: int, width: int) -> None:
        self._source = source
        self._top, self._left = top, left
        self.height, self.width = height, width

    @property
    def channels(self) -> int:
        return self._source.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        return self._source.read(self._top + top, self._left + left, height, width)


class Encoded:
    """A scan as a network sees it: sRGB-encoded, three channels, clipped to [0, 1]."""

    channels = 3

    def __init__(self, source: Raster, colour: ColourSpace) -> None:
        self._source = source
        self._colour = colour

    @property
    def height(self) -> int:
        return self._source.height

    @property
    def width(self) -> int:
        return self._source.width

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        pixels = self._colour.to_srgb(self._source.read(top, left, height, width))
        return np.clip(pixels, 0.0, 1.0)


class InGamut:
    """A scan without its colours outside sRGB, in its own colour space: what the network saw."""

    def __init__(self, source: Raster, colour: ColourSpace) -> None:
        self._encoded = Encoded(source, colour)
        self._colour = colour

    @property
    def height(self) -> int:
        return self._encoded.height

    @property
    def width(self) -> int:
        return self._encoded.width

    @property
    def channels(self) -> int:
        return self._colour.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        return self._colour.from_srgb(self._encoded.read(top, left, height, width))


class Bounds:
    """The range that a restoration may use around each pixel, per channel.

    Blur by any optics averages light: next to an edge it cannot have made a plateau of the print
    brighter or darker than the scan shows it, so what goes beyond the plateaus nearby is invented
    (a halo). Only structures narrower than the blur lost contrast to it. The bounds are therefore
    the local extremes of the scan, widened by the morphological top-hats: what the scan itself
    raises above, or sinks below, its surroundings within ``NARROW`` pixels. At a step edge the
    top-hats are 0; a hair may double its contrast.

    Top-hats: Serra 1982, Image Analysis and Mathematical Morphology, ch. XII.
    """

    NARROW = 5
    """Side of the opening, in pixels of the working resolution: structures below it are detail."""

    REACH = 3
    """Distance, in pixels, within which an edge may be moved to become sharp."""

    HALO = 2 * (NARROW - 1) // 2 + REACH
    """Pixels around a window that decide about it: erosion, dilation, then the local extreme."""

    def __init__(self, source: Raster) -> None:
        """source: the scan at the working resolution, resampled without ringing."""
        self._source = source
        self._detail = np.ones((self.NARROW, self.NARROW), np.uint8)
        self._nearby = np.ones((2 * self.REACH + 1, 2 * self.REACH + 1), np.uint8)

    @property
    def height(self) -> int:
        return self._source.height

    @property
    def width(self) -> int:
        return self._source.width

    @property
    def channels(self) -> int:
        """Lower bounds first, then upper bounds: twice the channels of the scan."""
        return 2 * self._source.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """float32 (height, width, 2 * channels)."""
        first_row, last_row = max(top - self.HALO, 0), min(top + height + self.HALO, self.height)
        first, last = max(left - self.HALO, 0), min(left + width + self.HALO, self.width)
        scan = self._source.read(first_row, first, last_row - first_row, last - first)
        scan = np.ascontiguousarray(scan)
        # OpenCV's default border never wins an erosion or a dilation, so that the image's edge
        # counts as the end of the picture and not as a structure.
        opened = cv2.morphologyEx(scan, cv2.MORPH_OPEN, self._detail).reshape(scan.shape)
        closed = cv2.morphologyEx(scan, cv2.MORPH_CLOSE, self._detail).reshape(scan.shape)
        low = cv2.erode(2.0 * scan - closed, self._nearby).reshape(scan.shape)
        high = cv2.dilate(2.0 * scan - opened, self._nearby).reshape(scan.shape)
        both = np.concatenate([low, high], axis=2)
        row, column = top - first_row, left - first
        return np.ascontiguousarray(both[row : row + height, column : column + width])


class RecentRows:
    """Remembers the last full rows of a raster that several readers go down together.

    Safe to use from several threads. Readers too far apart take the rows away from each other:
    they are then read again, which costs time and changes nothing.
    """

    def __init__(self, source: Raster, rows: int) -> None:
        """rows: how many are kept; a reader that goes back further reads the source again."""
        self._source = source
        self._rows = rows
        self._first = 0
        self._kept: FloatImage = np.empty((0, source.width, source.channels), np.float32)
        # Held while the source is read: another reader mostly waits for the very same rows.
        self._lock = threading.Lock()

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
        with self._lock:
            return self._rows_from(top, height)[:, left : left + width]

    def _rows_from(self, top: int, height: int) -> FloatImage:
        """Full rows; never changed once they were handed out."""
        end = self._first + len(self._kept)
        if not self._first <= top <= end:
            self._first, end = top, top
            self._kept = self._kept[:0]
        missing = top + height - end
        if missing > 0:
            fresh = self._source.read(end, 0, missing, self.width)
            first = max(self._first, min(top, top + height - self._rows))
            self._kept = np.concatenate([self._kept[first - self._first :], fresh])
            self._first = first
        row = top - self._first
        return self._kept[row : row + height]
