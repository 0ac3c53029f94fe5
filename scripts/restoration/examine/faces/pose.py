"""How a head is turned, and how far its eyes are apart, from the five points of a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.upright import Point

NOSE_DOWN = {"tip": 0.588, "base": 0.75}
"""How far the nose lies below the eyes in a face that looks ahead, of the distance of the eyes: its
tip in the mean face that GFPGAN aligns to (facexlib's template), its base read off photographs."""

NOSE_AHEAD = {"tip": 0.42, "base": 0.22}
"""How far the nose lies before the eyes, of the same distance: a head of mean proportions."""

MOUTH_DOWN, MOUTH_AHEAD = 1.042, 0.03
"""The same of the corners of the mouth."""


PITCH_CONFIDENCE = {True: 0.5, False: 0.1}
"""By whether the mouth was measured: right to about 20 degrees, or a hint alone."""


@dataclass(frozen=True)
class Turn:
    """Degrees, of the face as it stands upright on the picture."""

    yaw: float
    """Turned to the right as one sees it."""
    pitch: float
    """Looking up."""
    roll: float
    """Tilted counter-clockwise."""


def upright_offsets(
    points: Sequence[Point], rotation: int, mirrored: bool
) -> npt.NDArray[np.float64]:
    """Down and right of each point from their mean, as the upright face shows them.

    points: on the page as stored; rotation: degrees counter-clockwise that turn it upright;
    mirrored: whether it is then mirrored left to right.
    """
    own = np.asarray(points, np.float64)
    down, right = (own - own.mean(axis=0)).T
    angle = np.deg2rad(rotation)
    turned_right = right * np.cos(angle) + down * np.sin(angle)
    turned_down = down * np.cos(angle) - right * np.sin(angle)
    return np.stack([turned_down, -turned_right if mirrored else turned_right], axis=1)


def pose(offsets: npt.NDArray[np.float64], nose: str, mouth_measured: bool) -> Turn:
    """How the head is turned.

    A head of mean proportions under parallel projection: turned by the yaw, its nose moves aside by
    its distance before the eyes; with the pitch, nose and mouth move up by different amounts. Roll
    is exact to a few degrees; yaw to about 10 up to 40 (the detectors find no profiles); pitch to
    about 20, as a long nose looks like a bowed head, and a smile like one, too. Where the mouth was
    not measured the pitch follows from the nose alone, cannot lie below -17, and is a hint.

    offsets: (5, 2) down and right, in the order of POINT_NAMES; nose: ``tip`` or ``base``.
    """
    left, right, middle = offsets[0], offsets[1], (offsets[0] + offsets[1]) / 2.0
    apart = right - left
    distance = max(float(np.hypot(*apart)), 1e-6)
    along = apart / distance
    below = np.array([along[1], -along[0]])
    place = offsets[2] - middle
    yaw = float(np.arctan2(float(place @ along) / distance, NOSE_AHEAD[nose]))
    unit = distance / max(float(np.cos(yaw)), 0.5)
    nose_down = float(place @ below) / unit
    if mouth_measured:
        mouth_down = float(((offsets[3] + offsets[4]) / 2.0 - middle) @ below) / unit
        ratio = nose_down / max(mouth_down, 1e-3)
        pitch = float(
            np.arctan2(NOSE_DOWN[nose] - ratio * MOUTH_DOWN, NOSE_AHEAD[nose] - ratio * MOUTH_AHEAD)
        )
    else:
        reach = float(np.hypot(NOSE_DOWN[nose], NOSE_AHEAD[nose]))
        ahead = float(np.arctan2(NOSE_AHEAD[nose], NOSE_DOWN[nose]))
        pitch = float(np.arccos(np.clip(nose_down / reach, -1.0, 1.0))) - ahead
    roll = float(np.arctan2(-along[0], along[1]))
    return Turn(*(float(np.rad2deg(value)) for value in (yaw, pitch, roll)))


def eye_distance(
    points: Sequence[Point], ppi: tuple[float, float] | None
) -> tuple[float, float | None]:
    """Between the eyes: stored pixels, and millimetres of the sheet where its resolution is known.

    ppi: along the width and the height.
    """
    down, right = (points[1][axis] - points[0][axis] for axis in (0, 1))
    pixels = float(np.hypot(down, right))
    if ppi is None:
        return pixels, None
    return pixels, float(np.hypot(down / ppi[1], right / ppi[0])) * 25.4
