"""What lies beside a page: the scanner's infrared channel, faces, and what people marked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from restoration.faces.frame import Places
from restoration.faces.known import KnownFace, known_faces
from restoration.faces.protecting import feather_of, protected
from restoration.limiting import Limits, area_of, limits_of, marked_areas, open_mask
from restoration.raster.base import FloatImage, Raster
from restoration.raster.tiff import TiffPage, open_page
from restoration.regions import FaceRegions, Marks, Shape
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

    infrared: Raster | None = None
    damage: Raster | None = None
    limits: Limits | None = None
    faces: tuple[KnownFace, ...] = ()
    keep: Limits | None = None
    """Where a generative network may not work, for the sake of faces; None = nowhere."""
    master: Raster | None = None
    """The master's own page; None where the stage has no use for it."""


def beside(
    marks: Marks,
    *,
    master: Path,
    number: int,
    size: tuple[int, int],
    wants_infrared: bool,
    ingest: IngestSettings,
    files: ExitStack,
    faces: Mapping[str, Any] | None = None,
) -> Beside:
    """What lies beside a page of a master.

    faces: the condition report's finding, for stages that restore faces or leave them alone.

    number: 1 for the first page; size: height and width of the page as the stage gets it: what
    lies beside it is of the master's size, and left out where an earlier stage changed that.
    files: closes what is opened when the page is done. Raises ScanError where a mask does not fit.
    """
    found = ((faces or {}).get("detail") or {}).get("faces")
    if not marks and not wants_infrared and not found:
        return Beside()
    page = files.enter_context(open_page(master, number, limits=ingest))
    extent = (page.height, page.width)
    infrared, damage = None, None
    if extent == size:
        if wants_infrared and "infrared" in page.extra:
            infrared = ExtraChannel(page, page.extra.index("infrared"))
        if marks.damage is not None:
            damage = open_mask(marks.damage, number, extent, files)
    known = _known(marks, number, extent, faces, files)
    return Beside(
        infrared,
        damage,
        limits_of(marks, number, extent, files),
        known,
        _keep(marks, number, extent, known, files),
        page,
    )


def _known(
    marks: Marks,
    number: int,
    extent: tuple[int, int],
    faces: Mapping[str, Any] | None,
    files: ExitStack,
) -> tuple[KnownFace, ...]:
    regions = marks.faces
    if isinstance(marks.regions, FaceRegions):
        regions = marks.regions

    def holds(shape: Shape, place: Places) -> bool:
        area = area_of(shape, marks.folder, extent, files)
        return bool(area.holds(place[1:], place[:1])[0, 0])

    return tuple(known_faces(faces, regions, number, holds))


def _keep(
    marks: Marks,
    number: int,
    extent: tuple[int, int],
    known: tuple[KnownFace, ...],
    files: ExitStack,
) -> Limits | None:
    """The heads of all faces, and the whole of what a person excluded."""
    excluded = () if marks.faces is None else marks.faces.exclude
    areas = protected(known, marked_areas(excluded, marks.folder, number, extent, files))
    return Limits(None, tuple(areas), feather_of(known), extent) if areas else None
