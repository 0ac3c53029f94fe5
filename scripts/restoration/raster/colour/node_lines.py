"""Straight lines through nodes: what tables of tones are made of, and densities through them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats, UInt16Image

Indices = npt.NDArray[np.intp]

NODES = 257
"""Equal steps of the encoded value in [0, 1] at which a table is given: 0, 1/256, ... 1."""

DECIMALS = 7
"""To which nodes and coefficients are rounded before use: 1/150 of a 16-bit code."""

_CELLS = 2**14
"""Equal cells into which the range of densities is cut to find a value's segment."""

GRID: Floats = np.arange(NODES) / (NODES - 1)
"""The nodes."""
CODES: Floats = np.arange(65536) / 65535.0
"""Every code of 16 bits, as an encoded value."""


def rounded_rows(values: Any, shape: tuple[int, int], name: str) -> Floats:
    """float64 of the shape (channels, columns), rounded, not to be written to."""
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected rows of numbers") from None
    if array.ndim != 2 or array.shape != shape or shape[0] not in (1, 3):
        expected = f"1 or 3 rows of {shape[1]} numbers, as many as there are channels"
        raise ValueError(f"{name}: expected {expected}, found the shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers")
    # Plus 0: the record of -0.0 would be another text for the same table.
    rounded: Floats = np.round(array, DECIMALS) + 0.0
    rounded.setflags(write=False)
    return rounded


class NodeLines:
    """Straight lines through nodes, going on beyond both ends; both lists strictly rising."""

    def __init__(self, nodes: Floats, values: Floats) -> None:
        self.slope = np.diff(values) / np.diff(nodes)
        self._nodes, self._values = nodes, values
        self._inner = nodes[1:-1]
        cells = nodes[0] + (nodes[-1] - nodes[0]) / _CELLS * np.arange(_CELLS)
        self._scale = _CELLS / (nodes[-1] - nodes[0])
        self._first: Indices = np.searchsorted(self._inner, cells, "right")
        self._counted = bool(nodes[0] == 0.0 and nodes[-1] == _CELLS)
        # In a cell with at most one node one comparison finds the segment.
        self._close = bool(np.diff(nodes).min() * self._scale <= 1.0)
        self._ends = np.append(self._inner, np.inf)

    def segment(self, x: Floats) -> Indices:
        """The number of the segment in which each value lies."""
        if self._close:
            found: Indices = np.searchsorted(self._inner, x, "right")
            return found
        cell = x if self._counted else (x - self._nodes[0]) * self._scale
        segment: Indices = self._first.take(cell.astype(np.intp), mode="clip")
        # A cell's edge is rounded: a value beside a node may be found in the segment next door,
        # whose line has the same value there.
        segment += x >= self._ends.take(segment)
        return segment

    def __call__(self, x: Floats) -> Floats:
        segment = self.segment(x)
        y: Floats = x - self._nodes.take(segment)
        y *= self.slope.take(segment)
        y += self._values.take(segment)
        return y


class ThroughDensity:
    """Codes to densities, a stain added or taken away, densities to codes: `Lines`, with as few
    passes over the pixels as can be. Densities are counted in cells from the first node on."""

    def __init__(self, before: NodeLines, light: Floats, values: Floats, sign: float) -> None:
        """before: from encoded values to ``light``; values: what becomes of each node of it."""
        cells = _CELLS / (light[-1] - light[0])
        nodes = (light - light[0]) * cells
        # Rounding must not move the last node off the last cell's end.
        nodes[-1] = _CELLS
        codes = values * 65535.0
        self._places: Floats = (before(CODES) - light[0]) * cells
        self._per_density = sign * cells
        self._lines = NodeLines(nodes, codes)
        self._slope = self._lines.slope
        # Half a code more: casting cuts what lies behind the point.
        self._at_zero: Floats = codes[:-1] - self._slope * nodes[:-1] + 0.5

    def __call__(self, codes: UInt16Image, sigma: Floats) -> UInt16Image:
        place: Floats = self._places.take(codes)
        sigma *= self._per_density
        place += sigma
        segment = self._lines.segment(place)
        place *= self._slope.take(segment)
        place += self._at_zero.take(segment)
        np.clip(place, 0.0, 65535.5, out=place)
        return place.astype(np.uint16)
