"""The faces of a page: those that the condition report found and those that a person marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from restoration.faces.frame import Frame, Places, points_of
from restoration.findings.faces import FacePlace, FacePlaces, Faces, ReportedFace, Upright

if TYPE_CHECKING:
    from restoration.config.regions import FaceRegions, MarkedFace, Shape

NO_VERDICT = "the condition report has no verdict"
"""Why nobody knows where faces are, where the report does not say it."""

Holds = Callable[["Shape", Places], bool]
"""Whether a shape that a person drew holds a place (x, y) of the master's page."""


@dataclass(frozen=True)
class KnownFace:
    """One face, in pixels of the master's page as it is stored."""

    number: int
    """From 1, in the order of the condition report; those that only a person marked come last."""
    box: tuple[float, float, float, float]
    """Left, top, width, height; from the brows to the chin."""
    frame: Frame
    found: FacePlace | None = None
    """What the condition report says of it; None where only a person saw it."""
    marked: bool = False
    """Whether a person asks for it to be restored."""
    excluded: bool = False
    """Whether a person asks for it to be left alone."""
    strength: float | None = None
    """What a person asks for instead of the recipe's strength."""

    @property
    def measured(self) -> ReportedFace | None:
        """All that was measured of it; None where nobody asked, or only a person saw it."""
        return self.found if isinstance(self.found, ReportedFace) else None

    @property
    def width(self) -> float:
        """Of the box, in pixels."""
        return self.box[2]

    @property
    def middle(self) -> Places:
        """float64 (2,): of the box."""
        left, top, width, height = self.box
        return np.array([left + width / 2.0, top + height / 2.0])


_PLACE = ("box", "points", "mirrored", "pose")


def where_faces_lie(faces: Faces | None) -> FacePlaces:
    """What stages need of a condition report to restore faces or to leave heads alone.

    The faces keep what was measured of them. Where they were not looked for: why nobody knows.
    """
    said = None if faces is None else faces.detail
    if said is not None and said.faces:
        return FacePlaces(faces=said.faces, upright=said.upright)
    if faces is None or faces.value is None:
        return FacePlaces(reason=(said and said.reason) or NO_VERDICT)
    return FacePlaces(upright=faces.detail.upright)


def as_keyed(places: FacePlaces) -> dict[str, Any]:
    """Where faces lie, as it enters the keys of stages that leave heads alone; empty where none
    was found."""
    if places.faces:
        upright = places.upright
        return {
            "detail": {
                "faces": [_keyed(face) for face in places.faces],
                "upright": None if upright is None else upright.model_dump(mode="json"),
            }
        }
    return {} if places.reason is None else {"detail": {"reason": places.reason}}


def _keyed(face: FacePlace) -> dict[str, Any]:
    said = face.model_dump(mode="json", exclude_unset=True)
    return {name: said.get(name) for name in _PLACE}


def known_faces(
    places: FacePlaces | None,
    regions: FaceRegions | None,
    page: int,
    holds: Holds,
) -> list[KnownFace]:
    """Every face of a page. A box or polygon that a person excluded and in which no face was found
    is one, too: of what nobody saw but a person, the whole head is left alone as well.

    places: of the faces that were found; None where there is no report. regions: what a person
    marked on the scan. page: number of the page, 1 for the first.
    """
    if regions is not None and regions.none:
        return []
    included = [] if regions is None else [mark for mark in regions.include if mark.page == page]
    faces: list[KnownFace] = []
    met: set[int] = set()
    for number, entry in enumerate(() if places is None else places.faces, 1):
        face = _found(number, entry)
        marks = [mark for mark in included if holds(mark, face.middle)]
        met.update(id(mark) for mark in marks)
        faces.append(_judged(face, marks[0] if marks else None, regions, page, holds))
    upright = None if places is None else places.upright
    for mark in included:
        if id(mark) not in met:
            face = _drawn(len(faces) + 1, mark, upright)
            faces.append(_judged(face, mark, regions, page, holds))
    for shape in _unseen(regions, page, faces, holds):
        faces.append(replace(_drawn(len(faces) + 1, shape, upright), excluded=True))
    return faces


def _unseen(
    regions: FaceRegions | None, page: int, faces: list[KnownFace], holds: Holds
) -> list[Shape]:
    """What a person excluded where no known face has its middle. A mask has no outline to tell a
    head by: it is left alone as it was painted."""
    if regions is None:
        return []
    drawn = [s for s in regions.exclude if s.page == page and s.mask is None]
    return [s for s in drawn if not any(holds(s, face.middle) for face in faces)]


def _found(number: int, entry: FacePlace) -> KnownFace:
    frame = Frame.of(points_of(entry.points), bool(entry.mirrored))
    return KnownFace(number, entry.box, frame, entry)


def _drawn(number: int, mark: Shape, upright: Upright | None) -> KnownFace:
    """A face that no detector saw; it is taken to stand as the page does."""
    if mark.box is not None:
        box = mark.box
    else:
        assert mark.polygon is not None
        corners = np.asarray(mark.polygon)
        low, high = corners.min(axis=0), corners.max(axis=0)
        width, height = high - low
        box = (float(low[0]), float(low[1]), float(width), float(height))
    rotation, mirrored = (0, False) if upright is None else (upright.rotation, upright.mirrored)
    return KnownFace(number, box, Frame.of_box(box, rotation, mirrored))


def _judged(
    face: KnownFace,
    mark: MarkedFace | None,
    regions: FaceRegions | None,
    page: int,
    holds: Holds,
) -> KnownFace:
    excluded = False
    if regions is not None:
        middle = face.middle
        inside = [s for s in regions.exclude if s.page == page and holds(s, middle)]
        outside = regions.only is not None and not any(
            s.page == page and holds(s, middle) for s in regions.only
        )
        excluded = bool(inside) or outside
    return replace(
        face,
        marked=mark is not None and not excluded,
        excluded=excluded,
        strength=None if mark is None else mark.strength,
    )
