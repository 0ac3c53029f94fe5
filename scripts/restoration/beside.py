"""What lies beside a page: the scanner's infrared channel, and what people marked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restoration.limiting import Limits, limits_of, open_mask
from restoration.raster.base import FloatImage, Raster
from restoration.raster.tiff import TiffPage, open_page
from restoration.regions import Marks
from restoration.settings import IngestSettings


class ExtraChannel:
    """One sample beside the picture of a master's page, as a raster of one channel."""

    channels = 1

    def __init__(self, page: TiffPage, index: int) -> None:
        self._page = page
        self._index = index

    @property
    def height(self) -> int:
        return self._page.height

    @property
    def width(self) -> int:
        return self._page.width

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """Values in [0, 1] as the scanner wrote them."""
        codes = self._page.read_extra(top, left, height, width)
        assert codes is not None
        chosen = codes[:, :, self._index : self._index + 1]
        return np.asarray(chosen * np.float32(1.0 / 65535.0), dtype=np.float32)


@dataclass(frozen=True)
class Beside:
    """What a stage is told of one page beyond its pixels and its condition report."""

    infrared: Raster | None
    damage: Raster | None
    limits: Limits | None


def beside(
    marks: Marks,
    *,
    master: Path,
    number: int,
    size: tuple[int, int],
    wants_infrared: bool,
    ingest: IngestSettings,
    files: ExitStack,
) -> Beside:
    """What lies beside a page of a master.

    number: 1 for the first page; size: height and width of the page as the stage gets it: what
    lies beside it is of the master's size, and left out where an earlier stage changed that.
    files: closes what is opened when the page is done. Raises ScanError where a mask does not fit.
    """
    if not marks and not wants_infrared:
        return Beside(None, None, None)
    page = files.enter_context(open_page(master, number, limits=ingest))
    extent = (page.height, page.width)
    infrared, damage = None, None
    if extent == size:
        if wants_infrared and "infrared" in page.extra:
            infrared = ExtraChannel(page, page.extra.index("infrared"))
        if marks.damage is not None:
            damage = open_mask(marks.damage, number, extent, files)
    return Beside(infrared, damage, limits_of(marks, number, extent, files))
