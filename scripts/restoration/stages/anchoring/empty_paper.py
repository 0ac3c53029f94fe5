"""Where a network works on a scan: not on empty paper.

The condition report names boxes around everything but empty paper. Around each of them lies a halo:
the network's receptive radius, the reach of the Gaussian that takes its tones away, and a ramp on
which its work fades out. Inside the boxes the result is therefore that of the network over the
whole scan; beyond the halo it is the scan itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.findings.paper import Paper
from restoration.raster.base import FloatImage
from restoration.raster.boxes import rows_first

RAMP = 48
"""Pixels of the grid over which the work fades out, on the processed side: half of them are left
out whole, since within some 20 pixels of where it begins a network darkens flat paper (by 0.7/255,
0.2 beyond), which would draw a frame."""

WORTH = 0.95
"""Skipping is worth a border of its own where at most this share of the grid is left."""


@dataclass(frozen=True)
class GridPart:
    """A part of the grid at the working resolution, in pixels of it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def pixels(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)


def extents(
    paper: Paper | None,
    page: tuple[int, int],
    grid: tuple[int, int],
    radius: int,
    sigma: float,
) -> list[GridPart]:
    """Parts that a network has to see, from top to bottom, no row in two of them.

    One part, the whole grid, where the report marks nothing as empty or too little to be worth it.

    Parameters
    ----------
    paper
        The finding of that name; its boxes are in pixels of the page.
    page, grid
        Height and width of the page and of the grid.
    radius
        The network's receptive radius, in pixels of the grid.
    sigma
        Of the Gaussian below which tones come from the scan, likewise.
    """
    whole = GridPart(0, 0, *grid)
    boxes = () if paper is None else paper.detail.occupied
    halo = radius + math.ceil(8.0 * sigma) + RAMP
    parts = _apart([_grown(box, page, grid, halo) for box in boxes])
    worth = 0 < sum(part.pixels for part in parts) <= WORTH * whole.pixels
    return parts if worth else [whole]


def _grown(box: Sequence[int], page: tuple[int, int], grid: tuple[int, int], halo: int) -> GridPart:
    top, left, height, width = rows_first(box)
    down, across = grid[0] / page[0], grid[1] / page[1]
    return GridPart(
        max(0, math.floor(top * down) - halo),
        max(0, math.floor(left * across) - halo),
        min(grid[0], math.ceil((top + height) * down) + halo),
        min(grid[1], math.ceil((left + width) * across) + halo),
    )


def _apart(parts: Sequence[GridPart]) -> list[GridPart]:
    """Parts that share rows become one."""
    found: list[GridPart] = []
    for part in sorted(parts, key=lambda part: part.top):
        if found and part.top < found[-1].bottom:
            last = found[-1]
            left, right = min(last.left, part.left), max(last.right, part.right)
            found[-1] = GridPart(last.top, left, max(last.bottom, part.bottom), right)
        else:
            found.append(part)
    return found


class WorkShares:
    """How much of the network's work is taken at each place: 1 inside, 0 on empty paper."""

    def __init__(
        self, parts: Sequence[GridPart], grid: tuple[int, int], size: tuple[int, int]
    ) -> None:
        """size: height and width of the images whose places are asked for."""
        self._parts = []
        for part in parts:
            rows = _ramps(part.top, part.bottom, grid[0], size[0])
            columns = _ramps(part.left, part.right, grid[1], size[1])
            self._parts.append((rows, columns))
        self.everywhere = all((r == 1).all() and (c == 1).all() for r, c in self._parts)

    def read(self, top: int, rows: int) -> FloatImage:
        """float32 (rows, width, 1) in [0, 1]."""
        # Parts share no row, so that at most one is not zero.
        together = sum(own[top : top + rows, None] * across for own, across in self._parts)
        shares: FloatImage = np.asarray(together, np.float32)[..., None]
        return shares


def _ramps(first: int, last: int, cells: int, size: int) -> npt.NDArray[np.float32]:
    """Shares along one axis of ``size`` places over ``cells`` pixels of the grid.

    They rise from 0 within the first and fall to 0 within the last ``RAMP`` pixels, as half a
    cosine, but not at the image's own border. In the outer half an interpolation would also still
    see what was not computed.
    """
    place = (np.arange(size) + 0.5) * (cells / size)
    share = np.ones(size)
    for distance, own_border in ((place - first, first == 0), (last - place, last == cells)):
        if not own_border:
            rise = np.clip((distance - RAMP / 2) / (RAMP / 2), 0.0, 1.0)
            share *= 0.5 - 0.5 * np.cos(np.pi * rise)
    return share.astype(np.float32)


def placed(
    bands: Iterator[FloatImage], part: GridPart, width: int, scale: int
) -> Iterator[FloatImage]:
    """A part's bands as bands of the whole grid's width, zero beside the part."""
    left, right = part.left * scale, part.right * scale
    if right - left == width * scale:
        yield from bands
        return
    for band in bands:
        wide = np.zeros((len(band), width * scale, band.shape[2]), np.float32)
        wide[:, left:right] = band
        yield wide
