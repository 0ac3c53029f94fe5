"""Boxes and places as people read and write them: left before top, width before height.

So they stand in records, condition reports and files of regions. Arrays count rows first, and so
does the code that works on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Number = TypeVar("Number", int, float)

Box = tuple[int, int, int, int]
"""Top, left, height, width, in pixels or cells of what it lies on."""


def stated(box: Sequence[Number]) -> tuple[Number, Number, Number, Number]:
    """Left, top, width, height of a box that is given as top, left, height, width."""
    top, left, height, width = box
    return left, top, width, height


def rows_first(box: Sequence[Number]) -> tuple[Number, Number, Number, Number]:
    """Top, left, height, width of a box as it is stated."""
    left, top, width, height = box
    return top, left, height, width


def places_rows_first(places: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Down and right of places that are stated as left and top."""
    return [(float(down), float(right)) for right, down in places]
