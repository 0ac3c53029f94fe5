"""The window protocol: how every part of the package reads pixels without holding an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
"""float32 (height, width, channels), values in [0, 1], channels 1 or 3."""

UInt8Image = npt.NDArray[np.uint8]
"""uint8 (height, width, channels), values in [0, 255]."""

UInt16Image = npt.NDArray[np.uint16]
"""uint16 (height, width, channels), values in [0, 65535]."""


Plane = npt.NDArray[np.float32]
"""float32 (height, width): one channel, encoded values in [0, 1] where nothing else is said."""

Stack = npt.NDArray[np.float32]
"""float32 (number, height, width): planes of one size."""

Mask = npt.NDArray[np.bool_]
"""bool (height, width): True is inside."""

Floats = npt.NDArray[np.float64]
"""float64 of any shape: figures that are computed with."""

Floats32 = npt.NDArray[np.float32]
"""float32 of any shape."""

Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and the unit it speaks of ("band 3 of 40")."""


class Raster(Protocol):
    """An image that is read by windows; nothing of it need be in memory."""

    @property
    def height(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        ...

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """The window as float32 (height, width, channels) in [0, 1].

        The window must lie inside the image; the caller clips or pads.
        """
        ...


@dataclass(frozen=True)
class ArrayRaster:
    """A raster over an array that is already in memory."""

    pixels: FloatImage

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        return int(self.pixels.shape[2])

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        return self.pixels[top : top + height, left : left + width]


def to_uint16(pixels: FloatImage) -> UInt16Image:
    """Nearest 16-bit code of values in [0, 1]; what lies outside is clipped.

    ``to_uint16(codes / 65535)`` returns ``codes`` exactly, since float32 carries 24 bits.
    """
    scaled = np.clip(pixels, 0.0, 1.0) * np.float32(65535.0)
    codes: UInt16Image = np.rint(scaled).astype(np.uint16)
    return codes


def to_float(codes: UInt16Image) -> FloatImage:
    """16-bit codes as float32 in [0, 1]."""
    return codes.astype(np.float32) * np.float32(1.0 / 65535.0)
