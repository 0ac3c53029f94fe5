"""Borders of one colour around a picture, one inside the other, on a small proxy of the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.raster.boxes import Box

TOLERANCE = 0.035
"""Largest distance, per channel of encoded values, from the border's colour that is still border:
above the unevenness of a scanner's light, below the lightest tone of most prints."""

STRAIGHT = 0.5
"""Least share of the rows (or columns) that must enter the picture at one straight line. A sky or a
studio backdrop ends at a tree line or at shoulders, not at a ruler."""

LAYERS = 3
"""Most borders inside one another: scanner bed, album page, the print's own margin."""

ProxyGrid = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PaperBorder:
    """One border that was taken off."""

    box: Box
    """What it encloses."""
    colour: tuple[float, ...]
    """Median of the border, encoded values in [0, 1]."""
    share: float
    """Of the whole page's area."""
    straightness: float
    """The least of the straight sides' shares."""


def borders(proxy: ProxyGrid) -> list[PaperBorder]:
    """The borders of a proxy (rows, columns, channels) in [0, 1], outermost first."""
    rows, columns = proxy.shape[:2]
    box: Box = (0, 0, rows, columns)
    found: list[PaperBorder] = []
    for _ in range(LAYERS):
        layer = _border(proxy, box, rows * columns)
        if layer is None:
            break
        found.append(layer)
        box = layer.box
    return found


def _border(proxy: ProxyGrid, box: Box, area: int) -> PaperBorder | None:
    top, left, height, width = box
    if min(height, width) < 24:
        return None
    part = proxy[top : top + height, left : left + width]
    colour = _ring_colour(part)
    # A cell on the boundary mixes border and picture; it counts as picture.
    other = (np.abs(part - colour) > TOLERANCE).any(axis=2)
    if not other.any():
        return None
    depths: list[int] = []
    straight: list[float] = []
    for view in (other, other[::-1], other.T, other.T[::-1]):
        depth, share = _straight_end(view)
        depths.append(depth)
        if depth:
            straight.append(share)
    if len(straight) < 2:
        return None
    up, down, first, last = depths
    inner = (top + up, left + first, height - up - down, width - first - last)
    if min(inner[2], inner[3]) < 16:
        return None
    share = (height * width - inner[2] * inner[3]) / area
    # Median of what was taken off.
    mask = np.ones((height, width), dtype=np.bool_)
    mask[up : height - down, first : width - last] = False
    median = np.median(part[mask & ~other], axis=0) if (mask & ~other).any() else colour
    return PaperBorder(inner, tuple(float(value) for value in median), share, min(straight))


def _ring_colour(part: ProxyGrid) -> npt.NDArray[np.float32]:
    """The colour that most of the outermost cells have, per channel."""
    ring = np.concatenate([part[0], part[-1], part[1:-1, 0], part[1:-1, -1]])
    distance = np.abs(ring[:, None, :] - np.median(ring, axis=0)).max(axis=2)[:, 0]
    near = ring[distance <= TOLERANCE]
    if near.shape[0] < 0.3 * ring.shape[0]:
        # The middle tone belongs to nobody: take the most frequent one instead.
        level = np.minimum((ring.mean(axis=1) * 24).astype(np.intp), 23)
        near = ring[level == np.bincount(level, minlength=24).argmax()]
    return np.asarray(np.median(near, axis=0), dtype=np.float32)


def _straight_end(other: npt.NDArray[np.bool_]) -> tuple[int, float]:
    """How deep the border reaches from the top of this view, and the share of columns in which it
    ends on one straight line; (0, 0) where it does not."""
    height, width = other.shape
    first = np.where(other.any(axis=0), other.argmax(axis=0), height)
    # Corners belong to the neighbouring sides' borders and run through to the other end.
    ended = np.flatnonzero(first < 0.45 * height)
    if ended.size < 0.3 * width:
        return 0, 0.0
    slope = _slope(ended, first[ended])
    along = first[ended] - slope * ended
    middle = float(np.median(along))
    values, counts = np.unique(np.rint(along), return_counts=True)
    middle = float(values[counts.argmax()]) if counts.max() > 0.2 * ended.size else middle
    on_line = np.abs(along - middle) <= 1.5
    share = float(on_line.mean())
    line_start = float(np.median(first[ended][on_line])) if on_line.any() else 0.0
    if share < STRAIGHT or line_start < 1.0:
        return 0, 0.0
    # The deepest point of the line, so that no border is left inside an askew picture's box,
    # up to what an askew sheet loses.
    deepest = int(np.ceil(np.percentile(first[ended][on_line], 95)))
    return deepest, share


def _slope(places: npt.NDArray[np.intp], depth: npt.NDArray[np.intp]) -> float:
    """Median slope of the end between places half the side apart (Theil and Sen), at most 0.1."""
    half = places.size // 2
    run = places[half:] - places[: places.size - half]
    slopes = (depth[half:] - depth[: depth.size - half]) / np.maximum(run, 1)
    slope = float(np.median(slopes))
    return slope if abs(slope) <= 0.1 else 0.0
