"""What is not filled without a person's word: eyes, mouths and lettering, where a mistake would
change the meaning, the outlines of heads, which look like scratches, the edges of the sheet, which
do, too, and halftone screens, whose dots look like dust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.findings.base import Others
from restoration.findings.faces import Faces
from restoration.findings.paper import Paper
from restoration.findings.screen import Screen
from restoration.findings.text import Text
from restoration.raster.area import Ellipse
from restoration.raster.boxes import Box, places_rows_first, rows_first

EYE = 0.35
"""Radius of the disc around an eye, in eye distances: the eye with its lids."""

MOUTH = 0.3
"""Radius of the discs around the corners of the mouth, which meet in its middle."""

EDGE = 0.01
"""Half of the width of the strip along an edge of the sheet, as a share of the sheet's longer side:
the shadow of its thickness, and what it lies askew."""

EYES_APART = 63.0
"""Millimetres between the middles of the eyes (Dodgson 2004), the scale of a head."""

INNER = (72.0, 95.0, 112.0)
OUTER = (112.0, 150.0, 146.0)
"""The outline of a head lies between two ovals: to either side of the middle between the eyes, up
and down, in millimetres. Half of a head's breadth is 82 and 17 more with the ears, the crown lies
110 above the eyes and the chin 133 below (Pheasant, Bodyspace, as in `faces.head`); hair, and what
five points err by, are the rest."""

Cover = npt.NDArray[np.bool_]

Disc = tuple[float, float, float]
"""Row, column, radius."""

PLACES = ("eye", "mouth", "lettering", "head outline", "edge of the sheet", "halftone screen")


@dataclass(frozen=True)
class NeverFilled:
    """Discs, boxes and rings, in pixels of the page."""

    eyes: tuple[Disc, ...]
    mouths: tuple[Disc, ...]
    lettering: tuple[Box, ...]
    edges: tuple[Box, ...]
    outlines: tuple[tuple[Ellipse, Ellipse], ...]
    """Inner and outer oval of each head."""
    screens: tuple[Box, ...] = ()

    @classmethod
    def of(cls, report: Others, screened: bool = False) -> NeverFilled:
        """From the condition report's `Faces`, `Text` and `Paper`; nothing where it has none.

        screened: the page still bears the screens of which the report speaks. A face's points are
        eyes, nose and corners of the mouth, each [left, top].
        """
        found, text, paper = report.get(Faces), report.get(Text), report.get(Paper)
        faces = () if found is None else found.detail.faces
        points = [places_rows_first(face.points) for face in faces if len(face.points) >= 5]
        boxes = () if text is None else text.detail.boxes
        layers = () if paper is None else paper.detail.layers
        screen = report.get(Screen) if screened else None
        prints = () if screen is None else screen.detail.regions
        return cls(
            eyes=tuple(disc for one in points for disc in _eyes(one)),
            mouths=tuple(disc for one in points for disc in _mouth(one)),
            lettering=tuple(rows_first(entry.box) for entry in boxes),
            edges=tuple(strip for layer in layers for strip in _strips(rows_first(layer.encloses))),
            outlines=tuple((_oval(one, INNER), _oval(one, OUTER)) for one in points),
            screens=tuple(rows_first(region.box) for region in prints),
        )

    def covers(self, top: int, left: int, height: int, width: int) -> dict[str, Cover]:
        """By one of PLACES: where it lies in a window, bool (height, width); those alone that do
        lie in it."""
        size = (height, width)
        drawn = {
            "eye": _discs(self.eyes, top, left, size),
            "mouth": _discs(self.mouths, top, left, size),
            "lettering": _boxes(self.lettering, top, left, size),
            "edge of the sheet": _boxes(self.edges, top, left, size),
            "head outline": self._rings(top, left, size),
            "halftone screen": _boxes(self.screens, top, left, size),
        }
        return {name: cover for name, cover in drawn.items() if cover.any()}

    def _rings(self, top: int, left: int, size: tuple[int, int]) -> Cover:
        out = np.zeros(size, np.bool_)
        rows = np.arange(top, top + size[0], dtype=np.float64) + 0.5
        columns = np.arange(left, left + size[1], dtype=np.float64) + 0.5
        for inner, outer in self.outlines:
            out |= outer.holds(rows, columns) & ~inner.holds(rows, columns)
        return out


def _discs(discs: Sequence[Disc], top: int, left: int, size: tuple[int, int]) -> Cover:
    out = np.zeros(size, np.uint8)
    for row, column, radius in discs:
        centre = (round(column) - left, round(row) - top)
        cv2.circle(out, centre, max(1, round(radius)), 1, -1)
    return out.view(np.bool_)


def _boxes(boxes: Sequence[Box], top: int, left: int, size: tuple[int, int]) -> Cover:
    out = np.zeros(size, np.bool_)
    for box_top, box_left, box_height, box_width in boxes:
        first, start = max(0, box_top - top), max(0, box_left - left)
        last, end = box_top + box_height - top, box_left + box_width - left
        out[first : max(0, last), start : max(0, end)] = True
    return out


def _apart(points: Sequence[tuple[float, float]]) -> float:
    places = np.asarray(points, np.float64)
    return float(np.hypot(*(places[0] - places[1])))


def _eyes(points: Sequence[tuple[float, float]]) -> list[Disc]:
    return [(float(y), float(x), EYE * _apart(points)) for y, x in points[:2]]


def _mouth(points: Sequence[tuple[float, float]]) -> list[Disc]:
    corners = np.asarray(points[3:5], np.float64)
    middle = tuple(corners.mean(axis=0))
    radius = MOUTH * _apart(points)
    return [(float(y), float(x), radius) for y, x in (*points[3:5], middle)]


def _oval(points: Sequence[tuple[float, float]], size: tuple[float, float, float]) -> Ellipse:
    """size: across, up and down from the middle between the eyes, in millimetres."""
    places = np.asarray(points, np.float64)[:, ::-1]
    scale = max(_apart(points), 1.0) / EYES_APART
    across, above, below = (scale * length for length in size)
    eyes, mouth = places[:2].mean(axis=0), places[3:5].mean(axis=0)
    way = mouth - eyes
    down = way / max(float(np.hypot(*way)), 1e-6)
    middle = eyes + down * (below - above) / 2.0
    rows = []
    for axis, half in (((down[1], -down[0]), across), (down, (above + below) / 2.0)):
        a, b = (float(part) / half for part in axis)
        rows.append((a, b, -(a * float(middle[0]) + b * float(middle[1]))))
    return Ellipse((rows[0], rows[1]))


def _strips(box: Box) -> list[Box]:
    """Along the four sides of a sheet."""
    top, left, height, width = box
    half = max(8, round(EDGE * max(height, width)))
    tall, wide = height + 2 * half, width + 2 * half
    return [
        (top - half, left - half, 2 * half, wide),
        (top + height - half, left - half, 2 * half, wide),
        (top - half, left - half, tall, 2 * half),
        (top - half, left + width - half, tall, 2 * half),
    ]
