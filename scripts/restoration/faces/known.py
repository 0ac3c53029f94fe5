"""The faces of a page: those that the condition report found and those that a person marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from restoration.faces.frame import Frame, Places, points_of

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
    found: Mapping[str, Any] = field(default_factory=dict)
    """What the condition report says of it; empty where only a person saw it."""
    marked: bool = False
    """Whether a person asks for it to be restored."""
    excluded: bool = False
    """Whether a person asks for it to be left alone."""
    strength: float | None = None
    """What a person asks for instead of the recipe's strength."""

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


def where_faces_lie(report: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a condition report's field ``faces`` that stages need to leave heads alone: where
    they are, or why nobody knows (``detail.reason``). Empty where none was found."""
    finding = report.get("faces") or {}
    detail = finding.get("detail") or {}
    places = [{key: entry.get(key) for key in _PLACE} for entry in detail.get("faces") or ()]
    if places:
        return {"detail": {"faces": places, "upright": detail.get("upright")}}
    if finding.get("value") is None:
        return {"detail": {"reason": detail.get("reason") or NO_VERDICT}}
    return {}


def known_faces(
    finding: Mapping[str, Any] | None,
    regions: FaceRegions | None,
    page: int,
    holds: Holds,
) -> list[KnownFace]:
    """Every face of a page. A box or polygon that a person excluded and in which no face was found
    is one, too: of what nobody saw but a person, the whole head is left alone as well.

    finding: the condition report's field ``faces``. regions: what a person marked on the scan.
    page: number of the page, 1 for the first.
    """
    detail = (finding or {}).get("detail") or {}
    if regions is not None and regions.none:
        return []
    included = [] if regions is None else [mark for mark in regions.include if mark.page == page]
    faces: list[KnownFace] = []
    met: set[int] = set()
    for number, entry in enumerate(detail.get("faces") or (), 1):
        face = _found(number, entry)
        marks = [mark for mark in included if holds(mark, face.middle)]
        met.update(id(mark) for mark in marks)
        faces.append(_judged(face, marks[0] if marks else None, regions, page, holds))
    upright = detail.get("upright") or {}
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


def _found(number: int, entry: Mapping[str, Any]) -> KnownFace:
    left, top, width, height = entry["box"]
    frame = Frame.of(points_of(entry["points"]), bool(entry.get("mirrored", False)))
    return KnownFace(number, (left, top, width, height), frame, entry)


def _drawn(number: int, mark: Shape, upright: Mapping[str, Any]) -> KnownFace:
    """A face that no detector saw; it is taken to stand as the page does."""
    if mark.box is not None:
        box = mark.box
    else:
        assert mark.polygon is not None
        corners = np.asarray(mark.polygon)
        low, high = corners.min(axis=0), corners.max(axis=0)
        width, height = high - low
        box = (float(low[0]), float(low[1]), float(width), float(height))
    rotation, mirrored = int(upright.get("rotation", 0)), bool(upright.get("mirrored", False))
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
