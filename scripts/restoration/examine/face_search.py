"""Where faces are looked for: which detector, at which scale, and what confirms what.

The gradient detector is fast (0.06 s for a megapixel): it searches the finest picture, also
enlarged. The network finds more and errs less, but takes 6 s and 1 GB for a megapixel: it
searches a small picture of the whole page, and then looks at the gradient detector's finds that are
not beyond doubt, each cut out and brought to the size that the network sees best.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from restoration.examine.upright import TURNED, Point, to_stored
from restoration.networks.face_detector import Detection, FaceDetector, Picture

NETWORK_PIXELS = 400_000
"""Pixels of the page that the network searches: 2.5 s and 400 MB. Its smallest face, 80 pixels, is
then a ninth of a page's longer side; smaller ones are left to the gradient detector."""

WEAK, SURE = -0.2, 1.0
"""Scores of the gradient detector: what is looked at, and what needs no second opinion. dlib's own
threshold is 0, at which it finds faces in cloth and leaves."""

ALONE = 0.4
"""Score that counts where the gradient detector searches without the network."""

ENLARGE_BELOW = 6_500_000
"""Pixels up to which the gradient detector searches the picture enlarged twofold as well, which
brings its smallest face from 80 to 40 pixels."""

BAND = 1024
"""Rows of an enlarged picture that are searched at a time, so that memory stays bounded."""

SECOND_LOOKS = 24
"""Most finds that the network is asked about, best first."""

FACE, CUT = 100, 180
"""Side of the face, and of its surroundings, as the network gets them for a second opinion."""


CLEARLY = 0.15
"""By how much the network must like a find better turned than as it stands."""


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

    @property
    def score(self) -> float:
        """0 to 1: 0.5 for a weak find of one detector, 0.95 where both are sure.

        Not a probability: no archive's photographs have been counted.
        """
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
    """Finds of the gradient detector that the network refused."""
    not_asked: int
    """Doubtful finds beyond SECOND_LOOKS, left out."""
    network_scale: float | None
    """Size of the picture that the network searched, of the picture's own."""


def search(picture: Picture, detector: FaceDetector) -> Search:
    """All faces of an upright picture, uint8 (height, width, 3), sRGB."""
    finds = _by_gradients(picture, detector)
    if not detector.has_network:
        kept = [FoundFace(box, box.score, None) for box in finds if box.score >= ALONE]
        return Search(_ordered(kept), 0, 0, None)
    scale, found = _whole_page(picture, detector)
    faces = [FoundFace(box, None, box.score) for box in found]
    doubtful = []
    for find in finds:
        same = next((i for i, face in enumerate(faces) if overlap(find, face.box) > 0.3), None)
        if same is not None:
            best = max(find.score, faces[same].gradients or -1.0)
            faces[same] = replace(faces[same], gradients=best)
        elif find.score >= SURE:
            faces.append(FoundFace(find, find.score, None))
        else:
            doubtful.append(find)
    faces = [_turned_upright(picture, face, detector) for face in faces]
    asked = sorted(doubtful, key=lambda find: -find.score)[:SECOND_LOOKS]
    answers = [second_opinion(picture, find, detector) for find in asked]
    confirmed = [
        FoundFace(find, find.score, answer)
        for find, answer in zip(asked, answers, strict=True)
        if answer is not None
    ]
    unconfirmed, not_asked = len(asked) - len(confirmed), len(doubtful) - len(asked)
    return Search(_ordered([*faces, *confirmed]), unconfirmed, not_asked, scale)


def search_turned(picture: Picture, detector: FaceDetector) -> Search:
    """Faces that lie on their side or upside down, all turned alike.

    Quick, for pictures without an upright face: the gradient detector on a picture of at most a
    megapixel, every find confirmed by the network where there is one.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, float(np.sqrt(1e6 / (height * width))))
    small = resized(picture, scale)
    best = Search([], 0, 0, None)
    for degrees in (90, 270, 180):
        turned = np.ascontiguousarray(np.rot90(small, degrees // 90))
        finds = _distinct(detector.by_gradients(turned, ALONE))[:4]
        kept = []
        for find in finds:
            answer = second_opinion(turned, find, detector) if detector.has_network else None
            if answer is None and (detector.has_network or find.score < SURE):
                continue
            box = turned_back(_scaled(find, 1.0 / scale), degrees, height, width)
            kept.append(FoundFace(box, find.score, answer, degrees))
        if _total(kept) > _total(best.faces):
            best = Search(_ordered(kept), len(finds) - len(kept), 0, None)
    return best


def second_opinion(
    picture: Picture, find: Detection, detector: FaceDetector, turned: int = 0
) -> float | None:
    """The network's score of a find, cut out, turned and brought to its size; None where it sees
    no face in that place."""
    cut = np.ascontiguousarray(np.rot90(_cut_out(picture, find), turned // 90))
    margin = (CUT - FACE) / 2.0
    place = Detection(margin, margin, float(FACE), 0.0)
    seen = [box for box in detector.by_network(cut) if overlap(box, place) > 0.3]
    return max((box.score for box in seen), default=None)


def face_landmarks(picture: Picture, face: FoundFace, detector: FaceDetector) -> list[Point]:
    """The predictor's five points of a face (LANDMARK_NAMES), (down, right) in the picture."""
    turned = np.ascontiguousarray(np.rot90(picture, face.turned // 90))
    box = turned_back(face.box, -face.turned, *turned.shape[:2])
    return to_stored(detector.landmarks(turned, box), TURNED[face.turned], *turned.shape[:2])


def turned_back(box: Detection, degrees: int, height: float, width: float) -> Detection:
    """A box of a picture that was turned counter-clockwise, in the picture as it was.

    height, width: of the picture as it was.
    """
    turn = TURNED[degrees % 360]
    seen = (width, height) if degrees % 180 else (height, width)
    corners = [(box.top, box.left), (box.top + box.side, box.left + box.side)]
    first, last = to_stored(corners, turn, *seen)
    return replace(box, top=min(first[0], last[0]), left=min(first[1], last[1]))


def smallest_side(picture: Picture) -> int:
    """Pixels of the smallest face that ``search`` can find in a picture."""
    return 40 if _is_enlarged(picture) else 80


def overlap(one: Detection, other: Detection) -> float:
    """Area that two boxes share, of the area that they cover together."""
    down = min(one.top + one.side, other.top + other.side) - max(one.top, other.top)
    across = min(one.left + one.side, other.left + other.side) - max(one.left, other.left)
    if down <= 0.0 or across <= 0.0:
        return 0.0
    return down * across / (one.side**2 + other.side**2 - down * across)


def resized(picture: Picture, scale: float) -> Picture:
    """The picture at this scale: area averages where smaller, cubic where larger."""
    if scale == 1.0:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    kernel = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=kernel), dtype=np.uint8)


def _turned_upright(picture: Picture, face: FoundFace, detector: FaceDetector) -> FoundFace:
    """The network also sees faces that lie on their side; the gradient detector does not, and its
    agreement saves asking."""
    if face.gradients is not None or face.network is None:
        return face
    best = face
    for degrees in (90, 270, 180):
        answer = second_opinion(picture, face.box, detector, degrees)
        if answer is not None and answer > max(face.network + CLEARLY, best.network or 0.0):
            best = replace(face, network=answer, turned=degrees)
    return best


def _whole_page(picture: Picture, detector: FaceDetector) -> tuple[float, list[Detection]]:
    scale = float(np.sqrt(NETWORK_PIXELS / (picture.shape[0] * picture.shape[1])))
    scale = min(scale, 2.0)
    found = _distinct(detector.by_network(resized(picture, scale)))
    return scale, [_scaled(box, 1.0 / scale) for box in found]


def _by_gradients(picture: Picture, detector: FaceDetector) -> list[Detection]:
    finds = detector.by_gradients(picture, WEAK)
    if _is_enlarged(picture):
        for top, part in _bands(picture):
            for box in detector.by_gradients(resized(part, 2.0), WEAK):
                half = _scaled(box, 0.5)
                finds.append(replace(half, top=half.top + top))
    return _distinct(finds)


def _is_enlarged(picture: Picture) -> bool:
    return bool(picture.shape[0] * picture.shape[1] <= ENLARGE_BELOW)


def _bands(picture: Picture) -> Iterator[tuple[int, Picture]]:
    """Bands that overlap by the largest face that the picture itself does not show better."""
    rows = picture.shape[0]
    if rows <= BAND:
        yield 0, picture
        return
    for top in range(0, rows - 160, BAND - 160):
        yield top, picture[top : top + BAND]


def _distinct(finds: list[Detection]) -> list[Detection]:
    """The best of those that overlap, best first."""
    kept: list[Detection] = []
    for find in sorted(finds, key=lambda box: (-box.score, box.top, box.left)):
        if all(overlap(find, other) <= 0.3 for other in kept):
            kept.append(find)
    return kept


def _cut_out(picture: Picture, find: Detection) -> Picture:
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


def _scaled(box: Detection, factor: float) -> Detection:
    return Detection(box.top * factor, box.left * factor, box.side * factor, box.score)


def _total(faces: list[FoundFace]) -> float:
    return sum(face.score for face in faces)


def _ordered(faces: list[FoundFace]) -> list[FoundFace]:
    return sorted(faces, key=lambda face: (face.box.top, face.box.left))
