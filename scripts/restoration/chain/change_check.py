"""Whether a stage changed a page at all: one that meant to and did not has not been applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from restoration.raster.base import FloatImage, Raster, to_uint16
from restoration.raster.prefetch import closing


@dataclass
class ChangeCheck:
    """A stage's bands on their way into its image, compared with the page that came in.

    Compared as they are written, in 16 bits, and only until the first difference.
    """

    bands: Iterator[FloatImage]
    source: Raster
    differs: bool = False
    """Whether any pixel does, among the bands that were taken."""

    def __iter__(self) -> Iterator[FloatImage]:
        top = 0
        with closing(self.bands):
            for band in self.bands:
                if not self.differs:
                    before = self.source.read(top, 0, band.shape[0], self.source.width)
                    self.differs = not np.array_equal(to_uint16(before), to_uint16(band))
                top += band.shape[0]
                yield band
