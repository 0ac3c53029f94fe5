"""What of a scan holds anything at all, so that empty paper needs no network."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.paper.borders import TOLERANCE, PaperBorder, ProxyGrid
from restoration.raster.boxes import Box

SPECKS = 2
"""Cells: what is as small, and alone, is dust or noise and no handwriting."""


def occupied(proxy: ProxyGrid, layers: Sequence[PaperBorder]) -> list[Box]:
    """Boxes around everything but empty paper, in cells, from top to bottom.

    Empty is what lies outside the picture's box and has its border's colour, cell by cell: a
    caption in the margin, the edge of a mount or the corner of an askew print is not. Between two
    boxes lie rows that are empty from side to side. A cell holds a mean: a pencil line too fine
    and too faint to move it by ``TOLERANCE`` counts as paper.

    proxy: (rows, columns, channels) in [0, 1]; layers: outermost first, as ``borders``
    finds them.
    """
    rows, columns = proxy.shape[:2]
    something = np.zeros((rows, columns), np.uint8)
    outer: Box = (0, 0, rows, columns)
    for layer in layers:
        ring = _inside(outer, (rows, columns)) & ~_inside(layer.box, (rows, columns))
        colour = np.asarray(layer.colour, np.float32)
        something |= ring & (np.abs(proxy - colour) > TOLERANCE).any(axis=2)
        outer = layer.box
    something |= _inside(outer, (rows, columns))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(something, connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] > SPECKS
    large[0] = False  # the background
    return _boxes(large[labels])


def _inside(box: Box, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    top, left, height, width = box
    inside = np.zeros(shape, np.bool_)
    inside[top : top + height, left : left + width] = True
    return inside


def _boxes(kept: npt.NDArray[np.bool_]) -> list[Box]:
    """One box for each run of rows that hold something."""
    used = np.concatenate([[False], kept.any(axis=1), [False]])
    edges = np.flatnonzero(used[1:] != used[:-1])
    boxes = []
    for top, bottom in edges.reshape(-1, 2):
        places = np.flatnonzero(kept[top:bottom].any(axis=0))
        left, right = int(places[0]), int(places[-1]) + 1
        boxes.append((int(top), left, int(bottom - top), right - left))
    return boxes
