"""The head of a face: one oval with its hair, ears and chin and the beginning of its neck.

Proportions are those of a large adult head, in millimetres, on a scale that the distance of the
eyes gives: 63 mm (Dodgson, Variation and extrema of human interpupillary distance, Proc. SPIE 5291,
2004). From Pheasant, Bodyspace (tables of British adults, men, 95th percentile): head breadth 165
and 35 more across the ears; head length 205, the eyes 20 behind the glabella; stature less eye
height, 110 in the median, is what lies above the eyes. From the eyes to the chin it is 133 at most
(sellion to menton, 95th percentile of 100 men, HQL 2001). What is added for hair and neck is ours:
15 at each side, 50 above, 17 below. A hat, long hair and a long beard reach beyond the oval.

Of a turned head the eyes move away from its middle: the oval then holds the head as it would stand
facing and as it is turned, since the angles that five points give are rough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from restoration.faces.frame import BETWEEN_EYES, EYES_AND_MOUTH, Places
from restoration.faces.page_faces import KnownFace
from restoration.raster.area import Ellipse

EYES_APART = 63.0
"""Millimetres between the middles of the eyes."""

ACROSS, ABOVE, BELOW = 115.0, 160.0, 150.0
"""From the middle between the eyes: to either side, up, down; millimetres."""

DEPTH, BEHIND = 120.0, 82.0
"""Half of the head from front to back with its hair, and how far its middle lies behind the eyes;
millimetres."""

MOST_TURNED, MOST_TILTED = 60.0, 30.0
"""Degrees up to which a pose is believed: detectors find no profiles, and beyond 30 a pitch is an
error of the points."""


@dataclass(frozen=True)
class Head:
    """An oval on the master's page as it is stored, in pixels."""

    middle: tuple[float, float]
    """From the left and from the top."""
    half: tuple[float, float]
    """Half axes: from ear to ear, and from crown to chin."""
    angle: float
    """Degrees clockwise, as the stored page is seen, from its downward direction to that from crown
    to chin; -180 to 180."""

    def area(self) -> Ellipse:
        """What of the page lies inside."""
        turn = np.deg2rad(self.angle)
        down = np.array([-np.sin(turn), np.cos(turn)])
        across = np.array([np.cos(turn), np.sin(turn)])
        rows = []
        for axis, half in ((across, self.half[0]), (down, self.half[1])):
            a, b = (axis / half).tolist()
            rows.append((a, b, -(a * self.middle[0] + b * self.middle[1])))
        return Ellipse((rows[0], rows[1]))

    def outline(self, count: int = 72) -> Places:
        """Places on its edge, float64 (count, 2): x, y."""
        turn, way = np.deg2rad(self.angle), np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
        across, along = self.half[0] * np.cos(way), self.half[1] * np.sin(way)
        x = self.middle[0] + across * np.cos(turn) - along * np.sin(turn)
        y = self.middle[1] + across * np.sin(turn) + along * np.cos(turn)
        return np.column_stack([x, y])

    def record(self) -> dict[str, Any]:
        """For a record: left and top of the middle, half axes across and along, angle."""
        return {
            "middle": list(self.middle),
            "half_axes": list(self.half),
            "angle_deg": self.angle,
        }

    @classmethod
    def of_record(cls, entry: Mapping[str, Any]) -> Head:
        """The oval that ``record`` describes."""
        (left, top), (across, along) = entry["middle"], entry["half_axes"]
        return cls((left, top), (across, along), entry["angle_deg"])


def head_of(face: KnownFace) -> Head:
    """Where a head lies, by the points of its face, its pose, and its box.

    What a record holds is the oval itself, so it is rounded first: the axes up, to a tenth of a
    pixel.
    """
    low, high = _extent(face)
    frame, inside = face.frame, (low + high) / 2.0
    middle = frame.to_page(inside[None, :])[0]
    # The similarity may mirror; an oval's own axes do not tell.
    down = frame.to_page(inside[None, :] + (0.0, 1.0))[0] - middle
    half = (high - low) / 2.0 / frame.scale
    head = Head(
        (round(float(middle[0]), 1), round(float(middle[1]), 1)),
        (float(half[0]), float(half[1])),
        # Not -0, which a record would tell as such.
        round(float(np.rad2deg(np.arctan2(-down[0], down[1]))), 2) + 0.0,
    )
    larger = max(1.0, _reach(head, face.box))
    across, along = (float(np.ceil(10.0 * larger * value) / 10.0) for value in head.half)
    return Head(head.middle, (across, along), head.angle)


def _extent(face: KnownFace) -> tuple[Places, Places]:
    """Left and top, right and bottom of the head in the aligned frame."""
    pose = None if face.found is None else face.found.pose
    yaw = _held(None if pose is None else pose.yaw, MOST_TURNED)
    pitch = _held(None if pose is None else pose.pitch, MOST_TILTED)
    # Whether a head is bowed or thrown back, five points hardly tell: both are held.
    ends = [_turned(*angles) for angles in ((0.0, 0.0), (yaw, pitch), (yaw, -pitch))]
    return np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)


def _turned(yaw: float, pitch: float) -> tuple[Places, Places]:
    """The same of a head that is turned to the right and looks up by these angles, in radians."""
    # Eyes and mouth, and with them the frame, are fitted to the mean face that looks ahead.
    mean = EYES_AND_MOUTH.mean(axis=0)
    ahead = EYES_AND_MOUTH - mean
    seen = ahead * (np.cos(yaw), np.cos(pitch))
    scale = float((ahead * seen).sum() / (seen**2).sum())
    unit = scale * BETWEEN_EYES / EYES_APART
    reach = np.hypot(
        np.array([ACROSS, (ABOVE + BELOW) / 2.0]) * (np.cos(yaw), np.cos(pitch)),
        DEPTH * np.sin((yaw, pitch)),
    )
    # Turned to the right, the head's middle lies left of the eyes; looking up, below them.
    moved = np.array(
        [
            -BEHIND * np.sin(yaw),
            BEHIND * np.sin(pitch) + (BELOW - ABOVE) / 2.0 * np.cos(pitch),
        ]
    )
    middle = mean + scale * seen[:2].mean(axis=0) + unit * moved
    return middle - unit * reach, middle + unit * reach


def _held(degrees: Any, most: float) -> float:
    """An angle in radians, of at most so many degrees; 0 where it is unknown."""
    return float(np.deg2rad(np.clip(float(degrees or 0.0), -most, most)))


def _reach(head: Head, box: tuple[float, float, float, float]) -> float:
    """How far the middles of a box's sides lie from the oval's middle, in its own half axes. Where
    points and box disagree, the oval grows until it holds them."""
    left, top, width, height = box
    x = np.array([left, left + width, left + width / 2.0, left + width / 2.0])
    y = np.array([top + height / 2.0, top + height / 2.0, top, top + height])
    (a, b, c), (d, e, f) = head.area().rows
    return float(np.hypot(a * x + b * y + c, d * x + e * y + f).max())
