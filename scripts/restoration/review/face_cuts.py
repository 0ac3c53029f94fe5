"""Which part of a page shows a face, and which way up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from restoration.findings.faces import Faces, ReportedFace
from restoration.records.stage_findings.faces import FaceEntry
from restoration.review.pictures import CutOut

MOST_SIDE = 700
"""Longest side of a face shown whole at 100 %, in pixels of the master. Of a larger one the middle
of this size is shown at 100 %, and the whole made smaller."""

MARGIN = 0.3
"""Room around the box, which reaches from the brows to the chin, on each side: hair and neck."""

ROOM = 0.08
"""Around the points of eyes, nose and mouth, as a share of the box: as far as an eye reaches."""

UPRIGHT = {
    (0, False): 1,
    (0, True): 2,
    (180, False): 3,
    (180, True): 4,
    (270, True): 5,
    (270, False): 6,
    (90, True): 7,
    (90, False): 8,
}
"""Value of TIFF's orientation tag by degrees counter-clockwise and whether the turned page is then
mirrored left to right."""


@dataclass(frozen=True)
class Cut:
    """What is shown of one face, in pixels of the master's page as it is stored."""

    shown: CutOut
    """At 100 %."""
    whole: CutOut | None
    """Made smaller beside it; None where ``shown`` holds the whole face."""
    features: tuple[float, float, float, float]
    """Top, left, height, width: eyes, nose and mouth. The corners of a face's box are hair and
    background, on which other stages may work."""
    upright: int
    """Orientation, 1 to 8 as in TIFF's tag, under which the face stands upright."""


def cut_of(face: FaceEntry, finding: Faces | None, height: int, width: int) -> Cut:
    """What to show of a face.

    finding: what the condition report of its page says of faces; height, width: of the page as
    stored.
    """
    reported, upright = _reported(face, finding)
    left, top, wide, tall = (float(value) for value in face.box)
    largest = max(tall, wide)
    features = _features(() if reported is None else reported.points, (top, left, tall, wide))
    whole = _place(top, left, tall, wide, MARGIN * largest, height, width)
    if largest > MOST_SIDE:
        middle = features[0] + features[2] / 2.0, features[1] + features[3] / 2.0
        half = MOST_SIDE / 2.0
        cut = _place(middle[0] - half, middle[1] - half, MOST_SIDE, MOST_SIDE, 0.0, height, width)
        return Cut(cut, whole, features, upright)
    room = min(MARGIN * largest, (MOST_SIDE - largest) / 2.0)
    return Cut(_place(top, left, tall, wide, room, height, width), None, features, upright)


def _reported(face: FaceEntry, finding: Faces | None) -> tuple[ReportedFace | None, int]:
    """The condition report's entry of a face, None where only a person saw it, and its way up."""
    if finding is None:
        return None, UPRIGHT[0, False]
    detail = finding.detail
    page = detail.upright
    # Faces that only a person marked come after those that were found, and stand as the page does.
    reported = detail.faces[face.face - 1] if face.face <= len(detail.faces) else None
    rotation = 0 if page is None else page.rotation
    if reported is not None:
        rotation = reported.upright_rotation
    return reported, UPRIGHT.get((rotation % 360, page is not None and page.mirrored), 1)


def _features(
    points: Sequence[Sequence[float]], box: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """What the points (left, top) of eyes, nose and mouth take up, with a little room; the middle
    of the box where no detector set any."""
    top, left, tall, wide = box
    if not points:
        return top + tall / 4.0, left + wide / 4.0, tall / 2.0, wide / 2.0
    room = ROOM * max(tall, wide)
    right, down = zip(*points, strict=True)
    return (
        min(down) - room,
        min(right) - room,
        max(down) - min(down) + 2.0 * room,
        max(right) - min(right) + 2.0 * room,
    )


def _place(
    top: float, left: float, tall: float, wide: float, room: float, height: int, width: int
) -> CutOut:
    """With room on each side, as far as the page goes; at least one pixel."""
    first = min(max(round(top - room), 0), height - 1)
    start = min(max(round(left - room), 0), width - 1)
    last = min(max(round(top + tall + room), first + 1), height)
    end = min(max(round(left + wide + room), start + 1), width)
    return CutOut(first, start, last - first, end - start)
