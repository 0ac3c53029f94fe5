"""Between a page and the aligned frame of a face: exact places, no coarse steps, no aliasing.

Cubic B-splines that interpolate (Unser, Splines: A Perfect Fit, IEEE Signal Processing Magazine
16(6), 1999), at places in double precision: OpenCV's warps round places to 1/32 of a pixel, which
shows as steps where a face is wider than the frame. Where the aim is coarser than the source, the
source is first reduced by Lanczos-3. Every value depends on its place alone: bands change no bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates, spline_filter

from restoration.faces.frame import SIDE, Frame
from restoration.raster.base import ArrayRaster, FloatImage, Raster
from restoration.raster.resample import Resampled

MARGIN = 16
"""Pixels around what is looked at: a spline's coefficients forget an edge within a dozen."""


STRIP_PIXELS = 1 << 20
"""Pixels of the page that are read at a time."""


class Splines:
    """An image between its pixels: float32 (height, width, channels), mirrored beyond its edge."""

    def __init__(self, image: FloatImage) -> None:
        self._coefficients = [
            spline_filter(image[:, :, channel].astype(np.float64), order=3, mode="mirror")
            for channel in range(image.shape[2])
        ]

    def at(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> FloatImage:
        """Values at places (the first pixel's centre is 1/2), float32 (*x.shape, channels)."""
        places = [y - 0.5, x - 0.5]
        planes = [
            map_coordinates(plane, places, order=3, mode="mirror", prefilter=False)
            for plane in self._coefficients
        ]
        return np.asarray(np.stack(planes, axis=-1), np.float32)


def in_frame(page: Raster, frame: Frame) -> FloatImage:
    """A face in its aligned frame, float32 (SIDE, SIDE, channels); the page mirrored at its edge.

    Memory follows from the frame's part of the page at the frame's own resolution.
    """
    top, left, bottom, right = frame.bounds((0.0, 0.0), (SIDE, SIDE))
    share = min(frame.scale, 1.0)
    room = int(np.ceil(MARGIN / share))
    top, left = max(top - room, 0), max(left - room, 0)
    bottom, right = min(bottom + room, page.height), min(right + room, page.width)
    if bottom <= top or right <= left:
        raise ValueError("the frame lies beside the page")
    part = reduced(page, (top, left, bottom, right), share)
    splines = Splines(part)
    centres = np.arange(SIDE) + 0.5
    # The inverse of the frame's map, written out: NumPy's product of many small matrices is slow.
    back = np.linalg.inv(frame.matrix[:, :2])
    shift = -back @ frame.matrix[:, 2]
    across, down = centres[None, :], centres[:, None]
    x = back[0, 0] * across + back[0, 1] * down + (shift[0] - left)
    y = back[1, 0] * across + back[1, 1] * down + (shift[1] - top)
    x, y = x * (part.shape[1] / (right - left)), y * (part.shape[0] / (bottom - top))
    return splines.at(x, y)


def reduced(page: Raster, window: tuple[int, int, int, int], share: float) -> FloatImage:
    """A window of the page (top, left, bottom, right), float32 (height, width, channels).

    share: of the page's resolution, at most 1; sides are rounded to whole pixels.
    """
    top, left, bottom, right = window
    part = _Part(page, top, left, bottom - top, right - left)
    rows, columns = max(1, round(part.height * share)), max(1, round(part.width * share))
    view: Raster = Resampled(part, rows, columns) if share < 1.0 else part
    # In strips: all at once would hold the face at the page's own resolution.
    step = max(1, int(STRIP_PIXELS * share / part.width))
    strips = [
        view.read(start, 0, min(step, view.height - start), view.width)
        for start in range(0, view.height, step)
    ]
    return np.concatenate(strips)


@dataclass(frozen=True)
class _Part:
    """A window of a raster, as a raster."""

    page: Raster
    top: int
    left: int
    height: int
    width: int

    @property
    def channels(self) -> int:
        return self.page.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        return self.page.read(self.top + top, self.left + left, height, width)


class OnPage:
    """Planes of the aligned frame, seen from the page."""

    def __init__(self, planes: FloatImage, frame: Frame) -> None:
        """planes: float32 (SIDE, SIDE, n)."""
        self._frame = frame
        # Finer than the page: what the page cannot carry goes before it is sampled.
        coarser = min(1.0 / frame.scale, 1.0)
        side = max(1, round(SIDE * coarser))
        if side < SIDE:
            planes = Resampled(ArrayRaster(planes), side, side).read(0, 0, side, side)
        self._splines, self._share = Splines(planes), side / SIDE

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """float32 (height, width, n) on a window of the page."""
        x, y = self.places(top, left, height, width)
        return self._splines.at(x * self._share, y * self._share)

    def places(
        self, top: int, left: int, height: int, width: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Where the window's pixels lie in the frame: x, y, float64 (height, width) each."""
        across, down = np.meshgrid(
            np.arange(left, left + width) + 0.5, np.arange(top, top + height) + 0.5
        )
        turn, shift = self._frame.matrix[:, :2], self._frame.matrix[:, 2]
        x = turn[0, 0] * across + turn[0, 1] * down + shift[0]
        y = turn[1, 0] * across + turn[1, 1] * down + shift[1]
        return x, y
