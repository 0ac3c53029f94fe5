"""Where faces are looked for with dlib: which detector, at which scale, and what confirms what.

The gradient detector is fast (0.1 s for a megapixel): it searches the finest picture, enlarged, in
tiles. The network finds more and errs less, but takes 6 s and 1 GB for a megapixel: it searches a
small picture of the whole page, and then looks at the gradient detector's finds that are not beyond
doubt, each cut out and brought to the size that the network sees best.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from restoration.examine.faces.places import (
    CUT,
    FACE,
    FoundFace,
    Search,
    cut_off,
    cut_out,
    distinct,
    ordered,
    overlap,
    resized,
    same_face,
    scaled,
    tiles,
    turned_back,
)
from restoration.examine.upright import TURNED, Point, to_stored
from restoration.networks.face_detector import Detection, FaceDetector, UprightPicture

NETWORK_PIXELS = 400_000
"""Pixels of the page that the network searches: 2.5 s and 400 MB. Its smallest face, 80 pixels, is
then a ninth of a page's longer side; smaller ones are left to the gradient detector."""

SMALLEST = 40
"""Pixels of the smallest face that is found: half of what dlib sees, enlarged twofold."""

WEAK, SURE = -0.2, 1.0
"""Scores of the gradient detector: what is looked at, and what needs no second opinion. dlib's own
threshold is 0, at which it finds faces in cloth and leaves."""

ALONE = 0.4
"""Score that counts where the gradient detector searches without the network."""

WHOLE = 6_500_000
"""Pixels of the picture that the gradient detector searches in one piece: faces from 80 pixels up
to its whole height. Finer than that it searches in tiles."""

TILE, SHARED = 1536, 256
"""Side of the tiles that are searched enlarged twofold, which brings the smallest face from 80 to
40 pixels; and how far they overlap: by the largest face that the whole picture does not show, with
its surroundings. A tile takes 28 MB enlarged, and as much again in dlib."""

FLAT = 2.0
"""Standard deviation of a tile's tones, of 255, below which there is nothing to look for."""

SECOND_LOOKS = 64
"""Most finds that the network is asked about, best first: a class of forty and some doubt. Each
takes 0.2 s."""

CLEARLY = 0.15
"""By how much the network must like a find better turned than as it stands."""

PROBES, PROBE = 8, 768
"""Tiles of most detail, and their side, in which a page without an upright face is searched for
small faces that lie on their side: enough to notice a group, at a fraction of the time."""

HEADS = 16
"""Pixels that are averaged before tiles are compared: heads stand out, the grain of a wall does
not."""


def search(picture: UprightPicture, detector: FaceDetector) -> Search:
    """All faces of an upright picture, uint8 (height, width, 3), sRGB."""
    finds = _by_gradients(picture, detector)
    if not detector.has_network:
        kept = [FoundFace(box, box.score, None) for box in finds if box.score >= ALONE]
        return Search(ordered(kept), 0, 0, None)
    scale, found = _whole_page(picture, detector)
    faces = [FoundFace(box, None, box.score) for box in found]
    doubtful = []
    for find in finds:
        same = next((i for i, face in enumerate(faces) if same_face(find, face.box)), None)
        if same is not None:
            # A find inside a face is a part of it, and says nothing for it.
            if overlap(find, faces[same].box) > 0.2:
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
    return Search(ordered([*faces, *confirmed]), unconfirmed, not_asked, scale)


def search_turned(picture: UprightPicture, detector: FaceDetector) -> Search:
    """Faces that lie on their side or upside down, all turned alike.

    For pictures without an upright face. Quick at first: the gradient detector on a picture of at
    most a megapixel and on the tiles of most detail, its best finds confirmed by the network where
    there is one. The turn that shows most is then searched like an upright page.
    """
    height, width = picture.shape[:2]
    most, best = 0.0, 0
    for degrees in (90, 270, 180):
        seen = sum(_probe(np.rot90(part, degrees // 90), detector) for part in _probes(picture))
        if seen > most:
            most, best = seen, degrees
    if not best:
        return Search([], 0, 0, None)
    found = search(np.ascontiguousarray(np.rot90(picture, best // 90)), detector)
    faces = [
        replace(
            face,
            box=turned_back(face.box, best, height, width),
            turned=(best + face.turned) % 360,
        )
        for face in found.faces
    ]
    return replace(found, faces=ordered(faces))


def _probes(picture: UprightPicture) -> Iterator[UprightPicture]:
    """The whole picture, small, and where that loses detail the tiles of most detail, enlarged."""
    scale = min(1.0, float(np.sqrt(1e6 / (picture.shape[0] * picture.shape[1]))))
    yield resized(picture, scale)
    if scale < 1.0:
        parts = sorted(
            (-_detail(resized(part, 1.0 / HEADS)), top, left)
            for top, left, part in tiles(picture, PROBE, 0)
        )
        for _, top, left in parts[:PROBES]:
            yield resized(picture[top : top + PROBE, left : left + PROBE], 2.0)


def _probe(turned: UprightPicture, detector: FaceDetector) -> float:
    """Sum of the scores of what stands upright here."""
    turned = np.ascontiguousarray(turned)
    total = 0.0
    for find in distinct(detector.by_gradients(turned, ALONE))[:4]:
        answer = second_opinion(turned, find, detector) if detector.has_network else None
        if answer is None and (detector.has_network or find.score < SURE):
            continue
        total += FoundFace(find, find.score, answer).score
    return total


def second_opinion(
    picture: UprightPicture, find: Detection, detector: FaceDetector, turned: int = 0
) -> float | None:
    """The network's score of a find, cut out, turned and brought to its size; None where it sees
    no face in that place."""
    cut = np.ascontiguousarray(np.rot90(cut_out(picture, find), turned // 90))
    margin = (CUT - FACE) / 2.0
    place = Detection(margin, margin, float(FACE), 0.0)
    seen = [box for box in detector.by_network(cut) if overlap(box, place) > 0.3]
    return max((box.score for box in seen), default=None)


def face_landmarks(picture: UprightPicture, face: FoundFace, detector: FaceDetector) -> list[Point]:
    """The predictor's five points of a face (LANDMARK_NAMES), (down, right) in the picture."""
    # The face's surroundings alone are turned: forty copies of a page would take a minute.
    reach = 2.0 * face.box.side
    top, left = (max(0, int(start - reach)) for start in (face.box.top, face.box.left))
    bottom, right = (int(start + face.box.side + reach) for start in (face.box.top, face.box.left))
    part = picture[top:bottom, left:right]
    turned = np.ascontiguousarray(np.rot90(part, face.turned // 90))
    here = replace(face.box, top=face.box.top - top, left=face.box.left - left)
    box = turned_back(here, -face.turned, *turned.shape[:2])
    points = detector.landmarks(turned, box)
    back = to_stored(points, TURNED[face.turned], *turned.shape[:2])
    return [(down + top, along + left) for down, along in back]


def _turned_upright(picture: UprightPicture, face: FoundFace, detector: FaceDetector) -> FoundFace:
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


def _whole_page(picture: UprightPicture, detector: FaceDetector) -> tuple[float, list[Detection]]:
    scale = float(np.sqrt(NETWORK_PIXELS / (picture.shape[0] * picture.shape[1])))
    scale = min(scale, 2.0)
    found = distinct(detector.by_network(resized(picture, scale)))
    return scale, [scaled(box, 1.0 / scale) for box in found]


def _by_gradients(picture: UprightPicture, detector: FaceDetector) -> list[Detection]:
    scale = min(1.0, float(np.sqrt(WHOLE / (picture.shape[0] * picture.shape[1]))))
    whole = detector.by_gradients(resized(picture, scale), WEAK)
    finds = [scaled(box, 1.0 / scale) for box in whole]
    for top, left, part in tiles(picture, TILE, SHARED):
        if _detail(part[::4, ::4]) < FLAT:
            continue
        for box in detector.by_gradients(resized(part, 2.0), WEAK):
            half = scaled(box, 0.5)
            if cut_off(half, part, top, left, picture):
                continue
            finds.append(replace(half, top=half.top + top, left=half.left + left))
    return distinct(finds)


def _detail(part: UprightPicture) -> float:
    """Standard deviation of the tones, of 255."""
    _, deviation = cv2.meanStdDev(np.ascontiguousarray(part))
    return float(deviation.max())
