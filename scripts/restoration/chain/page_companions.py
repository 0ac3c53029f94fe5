"""What lies beside a page: the scanner's infrared channel, faces, and what people marked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restoration.chain.marks_on_page import check_on_page, is_blank, to_fill, unused_targets
from restoration.chain.region_limits import PageLimits, area_of, limits_of, marked_areas, open_mask
from restoration.config.regions import FaceRegions, Shape, StageMarks
from restoration.config.settings import IngestSettings
from restoration.faces.frame import Places
from restoration.faces.head_protection import feather_of, protected
from restoration.faces.page_faces import KnownFace, known_faces
from restoration.faces.unmatched_marks import unmet_marks
from restoration.findings.faces import FacePlaces
from restoration.raster.area import Area
from restoration.raster.base import FloatImage, Raster
from restoration.raster.tiff.page import TiffPage, open_infrared, open_page


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
class PageCompanions:
    """What a stage is told of one page beyond its pixels and its condition report."""

    infrared: Raster | None = None
    no_infrared: str = "the master holds no infrared"
    """Why there is no infrared."""
    damage: Raster | None = None
    fill: tuple[tuple[str, Area], ...] = ()
    """Regions in which a person has damage filled, each with its name for a message."""
    limits: PageLimits | None = None
    faces: tuple[KnownFace, ...] = ()
    keep: PageLimits | None = None
    """Where a generative network may not work, for the sake of faces; None = nowhere."""
    master: Raster | None = None
    """The master's own page; None where the stage has no use for it."""
    warnings: tuple[str, ...] = ()
    """Sentences about marks that do not do what the person may have meant."""


def beside(
    marks: StageMarks,
    *,
    master: Path,
    number: int,
    size: tuple[int, int],
    wants_infrared: bool,
    ingest: IngestSettings,
    files: ExitStack,
    faces: FacePlaces | None = None,
) -> PageCompanions:
    """What lies beside a page of a master.

    faces: where they lie, for stages that restore faces or leave them alone.

    number: 1 for the first page; size: height and width of the page as the stage gets it: what
    lies beside it is of the master's size, and left out where an earlier stage changed that.
    files: closes what is opened when the page is done. Raises ScanError where a mask does not fit.
    """
    found = faces is not None and bool(faces.faces)
    if not marks and not wants_infrared and not found:
        return PageCompanions()
    page = files.enter_context(open_page(master, number, limits=ingest))
    extent = (page.height, page.width)
    said = check_on_page(marks, number, page.pages, extent, files)
    said += unused_targets(marks.targets, number, page.channels)
    infrared, why = _infrared(page, size, ingest, files) if wants_infrared else (None, "")
    damage = None
    if extent == size and marks.damage is not None:
        damage = open_mask(marks.damage, number, extent, files)
        if is_blank(damage):
            said.append(f"the mask of damage '{marks.damage}' marks nothing: it is 0 all over")
    known, unmet = _known(marks, number, extent, faces, files)
    return PageCompanions(
        infrared,
        why,
        damage,
        to_fill(marks, number, extent, files),
        limits_of(marks, number, extent, files),
        known,
        _keep(marks, number, extent, known, files),
        page,
        (*said, *unmet),
    )


def _infrared(
    page: TiffPage, size: tuple[int, int], ingest: IngestSettings, files: ExitStack
) -> tuple[Raster | None, str]:
    """The infrared picture of a master's page, and why there is none to be used."""
    channel = "infrared" in page.extra
    own = None if channel else open_infrared(page.path, page.number, limits=ingest)
    if own is not None:
        files.enter_context(own)
    if not channel and own is None:
        return None, PageCompanions.no_infrared
    if (page.height, page.width) != size:
        return None, "the page was brought to another size than its infrared has"
    if own is None:
        return ExtraChannel(page, page.extra.index("infrared")), ""
    if (own.height, own.width) != size:
        return None, (
            f"the infrared picture is {own.width} x {own.height} px, the page "
            f"{page.width} x {page.height} px"
        )
    return own, ""


def _known(
    marks: StageMarks,
    number: int,
    extent: tuple[int, int],
    faces: FacePlaces | None,
    files: ExitStack,
) -> tuple[tuple[KnownFace, ...], list[str]]:
    """The faces of a page, and what is to be said of marks that meet none."""
    regions = marks.faces
    if isinstance(marks.regions, FaceRegions):
        regions = marks.regions

    def holds(shape: Shape, place: Places) -> bool:
        area = area_of(shape, marks.folder, extent, files)
        return bool(area.holds(place[1:], place[:1])[0, 0])

    known = tuple(known_faces(faces, regions, number, holds))
    return known, unmet_marks(faces, regions, number, holds)


def _keep(
    marks: StageMarks,
    number: int,
    extent: tuple[int, int],
    known: tuple[KnownFace, ...],
    files: ExitStack,
) -> PageLimits | None:
    """The heads of all faces, and the whole of what a person excluded."""
    excluded = () if marks.faces is None else marks.faces.exclude
    areas = protected(known, marked_areas(excluded, marks.folder, number, extent, files))
    return PageLimits(None, tuple(areas), feather_of(known), extent) if areas else None
