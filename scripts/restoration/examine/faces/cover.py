"""How much of a face something covers: a cautious estimate from its two sides."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.upright import Point
from restoration.findings.faces import Occlusion
from restoration.networks.face_detector import UprightPicture

CoverPatch = npt.NDArray[np.float32]
"""float32 (SIDE, SIDE, 3) in [0, 1]: the face upright, its eyes level."""

SIDE = 64
EYES_DOWN, EYE_ASIDE = 22.0, 12.0
"""Where the eyes lie in the patch: rows from the top, columns from the middle."""

CELL = 8
"""Side of the cells that are compared, in pixels of the patch: a third of the eyes' distance."""

OVAL = (35.0, 27.0, 21.0)
"""Row of the oval's middle, its half height and its half width: from the brows to the chin."""

UNLIKE = 0.16
"""Difference of two cells, of full scale, from which they are not the same part of a face."""

STRANGE = 2.5
"""Deviations from the face's own tones from which a cell is none of it."""

ASKEW = 30.0
"""Degrees of yaw at which the two sides of a face can no longer be compared."""


def aligned(picture: UprightPicture, points: Sequence[Point]) -> CoverPatch:
    """The face cut out with its eyes in the patch's own places, area-averaged.

    picture: uint8 (h, w, 3); points: eyes first, (down, right) in it. What lies beyond the
    picture's edge repeats the edge.
    """
    left, right = (np.asarray(points[index], np.float64) for index in (0, 1))
    middle, apart = (left + right) / 2.0, right - left
    distance = max(float(np.hypot(*apart)), 1.0)
    scale = 2.0 * EYE_ASIDE / distance
    reach = 3.0 * distance
    top, start = (max(0, int(middle[axis] - reach)) for axis in (0, 1))
    bottom, end = (max(1, int(middle[axis] + reach)) for axis in (0, 1))
    part = np.ascontiguousarray(picture[top:bottom, start:end])
    shrunk = min(1.0, scale)
    if shrunk < 1.0:
        size = (max(1, round(part.shape[1] * shrunk)), max(1, round(part.shape[0] * shrunk)))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    centre = (float(middle[1] - start) * shrunk, float(middle[0] - top) * shrunk)
    angle = float(np.rad2deg(np.arctan2(apart[0], apart[1])))
    turn = cv2.getRotationMatrix2D(centre, angle, scale / shrunk)
    turn[:, 2] += np.array([SIDE / 2.0, EYES_DOWN]) - np.array(centre)
    patch = cv2.warpAffine(
        part, turn, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(patch, np.float32) / np.float32(255.0)


def cover(patch: CoverPatch, yaw: float) -> Occlusion:
    """Share of the face that something seems to cover, and how far to trust that.

    A cell is covered where it differs from the same cell of the other side and, unlike that one,
    has not the tones of this face. Light from one side is taken off first. It sees a hand, a
    branch, a hat's brim worn askew, a stain on one side; it cannot see what covers both sides alike
    (glasses, a veil, a beard), nor what has the colour of skin, and a hard cast shadow is taken for
    a cover. The confidence is never above 0.5, and none is left for a head turned by ASKEW.
    """
    count = SIDE // CELL
    cells = np.asarray(cv2.resize(patch, (count, count), interpolation=cv2.INTER_AREA))
    cells = cells.astype(np.float64)
    middle = (np.arange(count) + 0.5) * CELL
    down = (middle[:, None] - OVAL[0]) / OVAL[1]
    aside = (middle[None, :] - SIDE / 2.0) / OVAL[2]
    face = down**2 + aside**2 <= 1.0
    # The light's slope from side to side: the median over the rows' two halves.
    mirrored = cells[:, ::-1]
    slope = np.median((cells - mirrored)[face & (aside > 0.0)], axis=0)
    slope = np.clip(slope, -0.3, 0.3)
    even = cells - np.sign(aside)[:, :, None] * slope / 2.0
    unlike = np.abs(even - even[:, ::-1]).max(axis=2)
    own = np.median(even[face], axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(even[face] - own), axis=0), 0.04)
    strange = (np.abs(even - own) / spread).max(axis=2)
    covered = face & (unlike > UNLIKE) & (strange > STRANGE) & (strange > strange[:, ::-1])
    share = float(covered.sum() / face.sum())
    sure = 0.5 * max(0.0, 1.0 - abs(yaw) / ASKEW)
    return Occlusion(share=round(share, 3), confidence=round(sure, 2))
