"""Keeping generative networks off faces: where a face lies, no stage but ``faces`` restores.

A face that is left alone keeps its whole head in an oval. One that the stage ``faces`` will restore
keeps the face itself, from its brows to its chin: what another network made up there would be
evidence for the face network, nobody could tell afterwards which of the two drew an eye, and where
the checks reject the face it must still be the recorded one. Its hair and neck are cleaned with the
page; otherwise a soft ring would lie between the sharp face and the sharp page.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from restoration.faces.frame import Frame
from restoration.faces.known import KnownFace
from restoration.raster.area import Area, Ellipse

Oval = tuple[tuple[float, float], tuple[float, float]]
"""Middle and half axes (across, down), in pixels of the aligned frame."""

HEAD: Oval = ((256.0, 292.0), (150.0, 200.0))
"""Holds a face with its jaw and forehead: the mean face's outline (FFHQ's crops: about 120 and 170)
and a quarter more, for turned heads."""

FACE_ITSELF: Oval = ((256.0, 310.0), (102.0, 140.0))
"""Holds what the face stage changes by half and more (``masks``)."""

FEATHER_SHARE, LEAST_FEATHER, MOST_FEATHER = 0.08, 4.0, 32.0
"""Width of the transition outside the oval: share of the smallest face's width, and its limits in
pixels."""


def oval_of(frame: Frame, oval: Oval) -> Ellipse:
    """An oval of the aligned frame, on the page."""
    # An aligned place p lies inside where |(p - middle) / axes| <= 1; p = matrix @ (page, 1).
    middle, half = oval
    shrink = 1.0 / np.asarray(half)
    turn = frame.matrix[:, :2] * shrink[:, None]
    shift = (frame.matrix[:, 2] - middle) * shrink
    first, second = np.column_stack([turn, shift]).tolist()
    return Ellipse(((first[0], first[1], first[2]), (second[0], second[1], second[2])))


def protected(
    faces: Sequence[KnownFace], accepted: Container[int], marked: Sequence[Area]
) -> list[Area]:
    """Where no network but the face network may work.

    accepted: numbers of the faces that the stage ``faces`` is still to restore. marked: areas that
    a person excluded.
    """
    ovals = [
        oval_of(face.frame, FACE_ITSELF if face.number in accepted else HEAD) for face in faces
    ]
    return [*ovals, *marked]


def feather_of(faces: Sequence[KnownFace]) -> float:
    """Width in pixels of the transition outside the ovals."""
    if not faces:
        return LEAST_FEATHER
    share = FEATHER_SHARE * min(face.width for face in faces)
    return float(min(max(share, LEAST_FEATHER), MOST_FEATHER))
