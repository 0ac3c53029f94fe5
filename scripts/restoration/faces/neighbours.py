"""Faces beside heads that are left alone: nothing of a restored face is put on such a head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from restoration.faces.frame import SIDE, Frame
from restoration.faces.head import head_of
from restoration.faces.head_protection import feather_of
from restoration.faces.page_faces import KnownFace
from restoration.raster.area import Allowed
from restoration.raster.base import Plane

MOST_COVERED = 0.02
"""Share of a face that may lie on a head that is left alone: a strip of its cheek. Beyond, a face
would be restored in part, with a border through it."""

NARROWER = 0.25
"""Width of the transition as a share of that of other stages: a face is to keep its restoration
beside a head."""

STEP = 4
"""Pixels of the frame between the places that are counted."""


def spared(
    left: Sequence[KnownFace], master: tuple[int, int], size: tuple[int, int]
) -> Allowed | None:
    """Where restored faces may be put: not on the heads of the faces that are left alone; None
    where there are none.

    master, size: height and width of the master's page and of the page that is worked on.
    """
    if not left:
        return None
    scale = (size[0] / master[0], size[1] / master[1])
    heads = [head_of(face).area() for face in left]
    return Allowed(*size, scale, None, heads, NARROWER * feather_of(left))


def covered(frame: Frame, weights: Plane, left: Sequence[KnownFace]) -> list[tuple[int, float]]:
    """Numbers of the faces whose heads cover some of a face, and how much of it, most first.

    frame: of the face on the master's page; weights: its mask in the frame.
    """
    rows, columns = np.mgrid[0:SIDE:STEP, 0:SIDE:STEP]
    own = weights[::STEP, ::STEP].ravel()
    places = frame.to_page(np.column_stack([columns.ravel(), rows.ravel()]) + 0.5)
    x, y = places[own > 0.0].T
    shares = own[own > 0.0] / own.sum()
    found = []
    for face in left:
        (a, b, c), (d, e, f) = head_of(face).area().rows
        inside = (a * x + b * y + c) ** 2 + (d * x + e * y + f) ** 2 <= 1.0
        if inside.any():
            found.append((face.number, float(shares[inside].sum())))
    return sorted(found, key=lambda one: -one[1])


def too_near(
    restored: Mapping[int, tuple[Frame, Plane]],
    left: Sequence[KnownFace],
    faces: Sequence[KnownFace],
) -> Iterator[tuple[int, str]]:
    """The restored faces that a head covers that is left alone, and why they are left, too.

    restored: frame and mask of each, by its number; faces: all of the page. One that is left makes
    another head to be left alone, so that it is asked again until no more come.
    """
    waiting, alone = dict(restored), list(left)
    while True:
        met = []
        for number, (frame, weights) in waiting.items():
            by = covered(frame, weights, alone)
            if sum(share for _, share in by) > MOST_COVERED:
                met.append((number, _reason(by)))
        if not met:
            return
        yield from met
        for number, _ in met:
            del waiting[number]
            alone.append(next(face for face in faces if face.number == number))


def _reason(by: Sequence[tuple[int, float]]) -> str:
    number, share = by[0]
    return (
        f"the head of face {number}, which is left as it was recorded, covers {100 * share:.0f} % "
        "of it: it would be restored in part"
    )
