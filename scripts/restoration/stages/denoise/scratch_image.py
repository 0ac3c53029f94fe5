"""An image that was made in bands and is read by windows: kept on scratch space, not in memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from types import TracebackType

import numpy as np

from restoration.errors import CircumstanceError
from restoration.raster.base import FloatImage
from restoration.raster.prefetch import closing


class ScratchImage:
    """float32 values of any range, in a file without a name that goes with the object."""

    def __init__(self, height: int, width: int, channels: int) -> None:
        """Raises CircumstanceError where the disk has no room."""
        self.height, self.width, self.channels = height, width, channels
        folder = tempfile.gettempdir()
        needed, free = 4 * height * width * channels, shutil.disk_usage(folder).free
        if needed > free:
            raise CircumstanceError(
                f"an image of {width} x {height} px needs {needed / 2**30:.1f} GiB of scratch "
                f"space, {folder} has {free / 2**30:.1f} GiB; set TMPDIR to a larger folder"
            )
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._pixels: np.memmap[tuple[int, int, int], np.dtype[np.float32]] | None = None

    def __enter__(self) -> ScratchImage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pixels = None
        self._file.close()

    def take(self, bands: Iterator[FloatImage]) -> None:
        """The whole image, float32 (rows, width, channels) at a time. Raises CircumstanceError
        where the disk is full."""
        shape = (self.height, self.width, self.channels)
        rows = 0
        try:
            with closing(bands):
                for band in bands:
                    self._file.write(np.ascontiguousarray(band, np.float32).data)
                    rows += len(band)
            self._file.flush()
        except OSError as error:
            raise CircumstanceError(f"scratch space in {tempfile.gettempdir()}: {error}") from None
        if rows != self.height:
            raise ValueError(f"expected {self.height} rows, found {rows}")
        self._pixels = np.memmap(self._file, np.float32, "r", shape=shape)

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """The window, float32 (height, width, channels)."""
        if self._pixels is None:
            raise ValueError("nothing was written yet")
        return np.array(self._pixels[top : top + height, left : left + width])
