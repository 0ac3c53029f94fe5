"""Where faces are looked for with RetinaFace: windows at several scales, what is double merged."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from restoration.examine.faces.places import (
    FoundFace,
    Search,
    cut_off,
    ordered,
    resized,
    same_face,
    scaled,
    tiles,
    turned_back,
)
from restoration.examine.upright import TURNED, to_stored
from restoration.networks.face_detector import MeasuredFace, UprightPicture

FINEST_PIXELS = 12_000_000
"""Pixels of the finest picture that is searched: 10 x 8 inches at 390 ppi, where the face of a head
of 3 mm is 34 pixels wide. With 28 the small network missed 16 of 40."""

COARSER = 4
"""Each picture is this many times smaller than the one before. The network sees faces of 20 to 500
pixels, so that the pictures overlap in what they show."""

SMALLEST_PICTURE = 512
"""Longer side of the picture with which that ends: a face that fills it is one it knows."""

WINDOW, SHARED = 1024, 128
"""Side of the windows, and how far they overlap: by more than any face that the next coarser
picture does not show better. On ResNet-50 and one core a window
takes 0.4 GB and 3 s."""

KEPT = 0.8
"""Score from which a find counts, facexlib's own."""

SMALLEST = 20
"""Pixels of a face in the finest picture from which it is found."""

PROBED = 6
"""Windows of the finest picture that are looked at, turned, where no face stands upright."""


class PointDetector(Protocol):
    """What the search asks of ``networks.retinaface.RetinaFaceDetector``."""

    def find(self, window: UprightPicture, threshold: float) -> list[MeasuredFace]:
        """Faces of a window."""
        ...


def search(picture: UprightPicture, detector: PointDetector) -> Search:
    """All faces of an upright picture, uint8 (height, width, 3), sRGB."""
    scale = finest_scale(picture)
    found: list[FoundFace] = []
    for factor in _factors(picture):
        smaller = resized(picture, factor)
        for top, left, part in tiles(smaller, WINDOW, SHARED):
            found += _seen(part, (top, left), smaller, factor, detector)
    return Search(ordered(_merged(found)), 0, 0, scale)


def search_turned(picture: UprightPicture, detector: PointDetector) -> Search:
    """Faces that lie on their side or upside down, all turned alike.

    For pictures without an upright face: the coarser pictures and a few windows of the finest one
    are looked at in three turns, and the turn that shows most is searched like an upright page.
    """
    height, width = picture.shape[:2]
    most, best = 0.0, 0
    parts = _probes(picture)
    for degrees in (90, 270, 180):
        total = 0.0
        for part in parts:
            turned = np.ascontiguousarray(np.rot90(part, degrees // 90))
            faces = _seen(turned, (0, 0), turned, 1.0, detector)
            total += sum(face.score for face in _merged(faces))
        if total > most:
            most, best = total, degrees
    if not best:
        return Search([], 0, 0, None)
    turned = np.ascontiguousarray(np.rot90(picture, best // 90))
    found = search(turned, detector)
    faces = [
        replace(
            face,
            box=turned_back(face.box, best, height, width),
            points=tuple(to_stored(face.points, TURNED[best], *turned.shape[:2])),
            turned=best,
        )
        for face in found.faces
    ]
    return replace(found, faces=ordered(faces))


def finest_scale(picture: UprightPicture) -> float:
    """Size of the finest picture that is searched, of the picture's own."""
    return min(1.0, float(np.sqrt(FINEST_PIXELS / (picture.shape[0] * picture.shape[1]))))


def _factors(picture: UprightPicture) -> list[float]:
    """Sizes of the pictures that are searched, of the picture's own, coarsest last."""
    factors = [finest_scale(picture)]
    while factors[-1] * max(picture.shape[:2]) > SMALLEST_PICTURE:
        factors.append(factors[-1] / COARSER)
    return factors


def _probes(picture: UprightPicture) -> list[UprightPicture]:
    """Parts to try in every turn: the coarser pictures, and the busiest windows of the finest."""
    finest, *coarser = _factors(picture)
    smaller = resized(picture, finest)
    busiest = sorted(
        (-float(part[::16, ::16].std()), top, left) for top, left, part in tiles(smaller, WINDOW, 0)
    )[:PROBED]
    parts = [smaller[top : top + WINDOW, left : left + WINDOW] for _, top, left in busiest]
    for factor in coarser:
        parts += [part for _, _, part in tiles(resized(picture, factor), WINDOW, SHARED)]
    return parts


def _seen(
    part: UprightPicture,
    place: tuple[int, int],
    smaller: UprightPicture,
    factor: float,
    detector: PointDetector,
) -> list[FoundFace]:
    """The faces of a window, in pixels of the picture; without those that the window cuts."""
    found = []
    top, left = place
    for face in detector.find(np.ascontiguousarray(part), KEPT):
        if cut_off(face.box, part, top, left, smaller):
            continue
        moved = replace(face.box, top=face.box.top + top, left=face.box.left + left)
        points = tuple(((y + top) / factor, (x + left) / factor) for y, x in face.points)
        box = scaled(moved, 1.0 / factor)
        found.append(FoundFace(box, None, face.box.score, points=points))
    return _merged(found)


def _merged(found: list[FoundFace]) -> list[FoundFace]:
    """The best of those that show one face."""
    kept: list[FoundFace] = []
    for face in sorted(found, key=lambda one: (-one.box.score, one.box.top, one.box.left)):
        if not any(same_face(face.box, other.box) for other in kept):
            kept.append(face)
    return kept
