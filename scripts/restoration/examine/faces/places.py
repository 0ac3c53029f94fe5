"""Places of faces: boxes that overlap, are cut out, scaled and turned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from restoration.examine.upright import TURNED, Point, to_stored
from restoration.networks.face_detector import Detection, UprightPicture

FACE, CUT = 100, 180
"""Side of the face, and of its surroundings, as the network gets them for a second opinion."""

SAME = 0.3
"""Overlap from which two boxes are one face: the two detectors draw theirs differently."""

WITHIN = 0.6
"""Share of the smaller box inside the larger one from which it is taken for a part of that face:
an eye, or a pattern of shadows, seen at a finer scale."""


TOUCHES = 2.0
"""Pixels from a tile's edge within which a box touches it."""


@dataclass(frozen=True)
class FoundFace:
    """A face in pixels of the searched picture."""

    box: Detection
    gradients: float | None
    """Score of the gradient detector; None where it did not find this face."""
    network: float | None
    """Score of the network; None where it did not find this face or was not asked."""
    turned: int = 0
    """Degrees counter-clockwise by which the picture is turned for the face to stand upright."""
    points: tuple[Point, ...] = ()
    """Eyes, nose and mouth where the detector measures them, in the order of POINT_NAMES."""

    @property
    def score(self) -> float:
        """0 to 1: 0.5 for a weak find of one detector, 0.95 where both are sure.

        Not a probability: no archive's photographs have been counted.
        """
        if self.points and self.network is not None:
            # RetinaFace's own figure, which is near 1 for all that it keeps.
            return 0.95 * min(max(self.network, 0.0), 1.0) ** 2
        weak = 0.0 if self.gradients is None else min(max(self.gradients / 2.0, 0.0), 1.0)
        if self.network is None:
            return 0.4 + 0.4 * weak
        return 0.4 + 0.4 * min(max(self.network, 0.0), 1.0) + 0.15 * weak


@dataclass(frozen=True)
class Search:
    """What a search of one upright picture gave."""

    faces: list[FoundFace]
    """From top to bottom."""
    unconfirmed: int
    """Finds that a second look refused."""
    not_asked: int
    """Doubtful finds beyond the most that are looked at again, left out."""
    network_scale: float | None
    """Size of the picture that the network searched, of the picture's own."""


def same_face(one: Detection, other: Detection) -> bool:
    """Whether two boxes show one face: much alike, or one a part of the other."""
    down = min(one.top + one.side, other.top + other.side) - max(one.top, other.top)
    across = min(one.left + one.side, other.left + other.side) - max(one.left, other.left)
    if down <= 0.0 or across <= 0.0:
        return False
    within = down * across / min(one.side, other.side) ** 2
    return within > WITHIN or overlap(one, other) > SAME


def overlap(one: Detection, other: Detection) -> float:
    """Area that two boxes share, of the area that they cover together."""
    down = min(one.top + one.side, other.top + other.side) - max(one.top, other.top)
    across = min(one.left + one.side, other.left + other.side) - max(one.left, other.left)
    if down <= 0.0 or across <= 0.0:
        return 0.0
    return down * across / (one.side**2 + other.side**2 - down * across)


def distinct(finds: list[Detection]) -> list[Detection]:
    """The best of those that show one face, best first."""
    kept: list[Detection] = []
    for find in sorted(finds, key=lambda box: (-box.score, box.top, box.left)):
        if not any(same_face(find, other) for other in kept):
            kept.append(find)
    return kept


def tiles(
    picture: UprightPicture, side: int, shared: int
) -> Iterator[tuple[int, int, UprightPicture]]:
    """Top, left and pixels of tiles that overlap by ``shared``, the last flush with the end."""
    for top in starts(picture.shape[0], side, shared):
        for left in starts(picture.shape[1], side, shared):
            yield top, left, picture[top : top + side, left : left + side]


def starts(length: int, side: int, shared: int) -> list[int]:
    """Where tiles of this side begin along a picture's side."""
    if length <= side:
        return [0]
    return [*range(0, length - side, side - shared), length - side]


def cut_off(
    box: Detection, part: UprightPicture, top: int, left: int, picture: UprightPicture
) -> bool:
    """Whether a tile's edge, and not the picture's, cuts or touches this box: another tile, or a
    coarser picture, shows it whole.

    top, left: of the tile in the picture; the box is in pixels of the tile.
    """
    height, width = part.shape[:2]
    bottom, right = box.top + box.side, box.left + box.side
    return bool(
        (top > 0 and box.top < TOUCHES)
        or (left > 0 and box.left < TOUCHES)
        or (top + height < picture.shape[0] and bottom > height - TOUCHES)
        or (left + width < picture.shape[1] and right > width - TOUCHES)
    )


def ordered(faces: list[FoundFace]) -> list[FoundFace]:
    """From top to bottom."""
    return sorted(faces, key=lambda face: (face.box.top, face.box.left))


def turned_back(box: Detection, degrees: int, height: float, width: float) -> Detection:
    """A box of a picture that was turned counter-clockwise, in the picture as it was.

    height, width: of the picture as it was.
    """
    turn = TURNED[degrees % 360]
    seen = (width, height) if degrees % 180 else (height, width)
    corners = [(box.top, box.left), (box.top + box.side, box.left + box.side)]
    first, last = to_stored(corners, turn, *seen)
    return replace(box, top=min(first[0], last[0]), left=min(first[1], last[1]))


def resized(picture: UprightPicture, scale: float) -> UprightPicture:
    """The picture at this scale: area averages where smaller, cubic where larger."""
    if scale == 1.0:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    kernel = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=kernel), dtype=np.uint8)


def cut_out(picture: UprightPicture, find: Detection) -> UprightPicture:
    """The find amid its surroundings, (CUT, CUT, 3)."""
    side = max(2, round(find.side * CUT / FACE))
    top = round(find.top + (find.side - side) / 2.0)
    left = round(find.left + (find.side - side) / 2.0)
    height, width = picture.shape[:2]
    part = picture[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    if part.size == 0:
        return np.zeros((CUT, CUT, 3), np.uint8)
    above, before = max(0, -top), max(0, -left)
    below, after = max(0, top + side - height), max(0, left + side - width)
    # Repeated beyond the page's edge, where a black frame would look like an outline.
    whole = cv2.copyMakeBorder(part, above, below, before, after, cv2.BORDER_REPLICATE)
    kernel = cv2.INTER_AREA if side > CUT else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(whole, (CUT, CUT), interpolation=kernel), dtype=np.uint8)


def scaled(box: Detection, factor: float) -> Detection:
    """A box in pixels of a picture ``factor`` times as large."""
    return Detection(box.top * factor, box.left * factor, box.side * factor, box.score)
