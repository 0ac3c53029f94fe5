"""The orientation tag: a picture as people see it, and its places back on the page as stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Pixels = TypeVar("Pixels", bound=npt.NDArray[Any])

Point = tuple[float, float]
"""Down and right from the top left corner of the image; pixel (0, 0) has its centre at 1/2."""


_TRANSPOSED = (5, 6, 7, 8)
_BOTTOM_UP = (3, 4, 7, 8)
_RIGHT_TO_LEFT = (2, 3, 6, 7)

TURNED = {0: 1, 90: 8, 180: 3, 270: 6}
"""The orientation that turns an image by so many degrees counter-clockwise."""


def upright(stored: Pixels, orientation: int) -> Pixels:
    """A view of ``stored`` (rows, columns, ...) as the tag says it is to be seen.

    orientation: TIFF 6.0 tag 274, 1 to 8. Raises ValueError for another one.
    """
    _check(orientation)
    seen: Any = np.swapaxes(stored, 0, 1) if orientation in _TRANSPOSED else stored
    if orientation in _BOTTOM_UP:
        seen = seen[::-1]
    if orientation in _RIGHT_TO_LEFT:
        seen = seen[:, ::-1]
    result: Pixels = seen
    return result


def to_stored(
    points: Sequence[Point], orientation: int, height: float, width: float
) -> list[Point]:
    """Where points of the upright image lie on the stored one.

    height, width: size of the upright image, in the unit of the points. Raises ValueError for an
    orientation that is not 1 to 8.
    """
    _check(orientation)
    found = []
    for down, right in points:
        place = (
            height - down if orientation in _BOTTOM_UP else down,
            width - right if orientation in _RIGHT_TO_LEFT else right,
        )
        found.append((place[1], place[0]) if orientation in _TRANSPOSED else place)
    return found


def _check(orientation: int) -> None:
    if not 1 <= orientation <= 8:
        raise ValueError(f"expected an orientation from 1 to 8, found {orientation}")
