"""What is never filled: eyes, mouths and lettering, where a mistake would change the meaning, and
the edges of the sheet, which look like scratches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.findings.base import Others
from restoration.findings.faces import Faces
from restoration.findings.paper import Paper
from restoration.findings.text import Text
from restoration.raster.boxes import places_rows_first, rows_first

EYE = 0.35
"""Radius of the disc around an eye, in eye distances: the eye with its lids."""

MOUTH = 0.3
"""Radius of the discs around the corners of the mouth, which meet in its middle."""

EDGE = 0.01
"""Half of the width of the strip along an edge of the sheet, as a share of the sheet's longer side:
the shadow of its thickness, and what it lies askew."""


@dataclass(frozen=True)
class NeverFilled:
    """Discs and boxes, in pixels of the page."""

    discs: tuple[tuple[float, float, float], ...]
    """Row, column, radius."""
    boxes: tuple[tuple[int, int, int, int], ...]
    """Top, left, height, width."""

    @classmethod
    def of(cls, report: Others) -> NeverFilled:
        """From the condition report's `Faces`, `Text` and `Paper`; nothing where it has none.

        A face's points are eyes, nose and corners of the mouth, each [left, top].
        """
        found, text, paper = report.get(Faces), report.get(Text), report.get(Paper)
        faces = () if found is None else found.detail.faces
        discs = [disc for face in faces for disc in _discs(places_rows_first(face.points))]
        boxes = () if text is None else text.detail.boxes
        layers = () if paper is None else paper.detail.layers
        strips = [strip for layer in layers for strip in _strips(rows_first(layer.encloses))]
        return cls(tuple(discs), (*(rows_first(entry.box) for entry in boxes), *strips))

    def cover(self, top: int, left: int, height: int, width: int) -> npt.NDArray[np.bool_]:
        """True where nothing may be filled, bool (height, width)."""
        out = np.zeros((height, width), np.uint8)
        for row, column, radius in self.discs:
            centre = (round(column) - left, round(row) - top)
            cv2.circle(out, centre, max(1, round(radius)), 1, -1)
        for box_top, box_left, box_height, box_width in self.boxes:
            first, start = max(0, box_top - top), max(0, box_left - left)
            last, end = box_top + box_height - top, box_left + box_width - left
            out[first : max(0, last), start : max(0, end)] = 1
        return out.view(np.bool_)


def _discs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
    if len(points) < 5:
        return []
    places = np.asarray(points, np.float64)
    apart = float(np.hypot(*(places[0] - places[1])))
    middle = (places[3] + places[4]) / 2.0
    return [
        *((float(y), float(x), EYE * apart) for y, x in places[:2]),
        *((float(y), float(x), MOUTH * apart) for y, x in (*places[3:5], middle)),
    ]


def _strips(box: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
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
