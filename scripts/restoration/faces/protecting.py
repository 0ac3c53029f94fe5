"""Keeping generative networks off faces: where a face lies, no stage but ``faces`` restores.

Also accepted faces: what another network made up of a face would be evidence for the face network,
and nobody could tell afterwards which of the two drew an eye.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restoration.faces.frame import Frame
from restoration.faces.known import KnownFace
from restoration.raster.area import Area, Ellipse

MIDDLE, HALF_AXES = (256.0, 292.0), (150.0, 200.0)
"""The oval that holds a face with its jaw and forehead, in pixels of the aligned frame: the mean
face's outline (FFHQ's crops: about 120 and 170) and a quarter more, for turned heads."""

FEATHER_SHARE, LEAST_FEATHER, MOST_FEATHER = 0.08, 4.0, 32.0
"""Width of the transition outside the oval: share of the smallest face's width, and its limits in
pixels."""


def oval_of(frame: Frame) -> Ellipse:
    """The protected oval of one face, on the page."""
    # An aligned place p lies inside where |(p - middle) / axes| <= 1; p = matrix @ (page, 1).
    shrink = 1.0 / np.asarray(HALF_AXES)
    turn = frame.matrix[:, :2] * shrink[:, None]
    shift = (frame.matrix[:, 2] - MIDDLE) * shrink
    first, second = np.column_stack([turn, shift]).tolist()
    return Ellipse(((first[0], first[1], first[2]), (second[0], second[1], second[2])))


def protected(faces: Sequence[KnownFace], marked: Sequence[Area]) -> list[Area]:
    """Where no network but the face network may work; marked: areas that a person excluded."""
    return [*(oval_of(face.frame) for face in faces), *marked]


def feather_of(faces: Sequence[KnownFace]) -> float:
    """Width in pixels of the transition outside the ovals."""
    if not faces:
        return LEAST_FEATHER
    share = FEATHER_SHARE * min(face.width for face in faces)
    return float(min(max(share, LEAST_FEATHER), MOST_FEATHER))
