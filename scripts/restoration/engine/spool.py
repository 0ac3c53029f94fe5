"""Scratch space for the strips of a very wide image, until the last strip completes their rows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import IO

import numpy as np

from restoration.errors import CircumstanceError
from restoration.raster.base import FloatImage
from restoration.raster.prefetch import closing

_SAMPLE = 3 * 4
"""Bytes of one pixel: three float32."""


class Spool:
    """One nameless file for each strip; it vanishes with the process, however that ends.

    Parameters
    ----------
    height
        Rows of each strip.
    widths
        Columns of each strip, from left to right.

    Raises
    ------
    CircumstanceError
        The temporary folder (``TMPDIR``) has too little room.
    """

    def __init__(self, height: int, widths: Sequence[int]) -> None:
        self._widths = tuple(widths)
        folder = tempfile.gettempdir()
        needed, free = height * sum(widths) * _SAMPLE, shutil.disk_usage(folder).free
        if needed > free:
            raise CircumstanceError(
                f"the strips of this image need {needed / 2**30:.1f} GiB of scratch space, "
                f"{folder} has {free / 2**30:.1f} GiB; set TMPDIR to a larger folder, or raise "
                "engine.memory_gib (a scan in one piece needs no scratch space)"
            )
        self._files: list[IO[bytes]] = []
        for _ in self._widths:
            self._files.append(tempfile.TemporaryFile())  # noqa: SIM115

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files:
            file.close()

    def write(self, index: int, bands: Iterator[FloatImage]) -> None:
        """Take a whole strip. Raises CircumstanceError where the disk is full."""
        file = self._files[index]
        try:
            with closing(bands):
                for band in bands:
                    file.write(np.ascontiguousarray(band).data)
            file.seek(0)
        except OSError as error:
            raise CircumstanceError(f"scratch space in {tempfile.gettempdir()}: {error}") from None

    def beside(self, band: FloatImage) -> FloatImage:
        """The next rows of every strip, with those of the last strip at their right."""
        rows = band.shape[0]
        parts = []
        for file, width in zip(self._files, self._widths, strict=True):
            data = file.read(rows * width * _SAMPLE)
            parts.append(np.frombuffer(data, dtype=np.float32).reshape(rows, width, 3))
        return np.concatenate([*parts, band], axis=1)
