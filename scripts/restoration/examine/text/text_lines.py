"""Lines of writing: marks of one height, stroke and tone that stand side by side on one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from restoration.examine.text.strokes import SOFTNESS, InkMarks
from restoration.raster.base import Floats

REACH = 1.3
"""Widest gap between neighbours, of a mark's height: wider than a word space, narrower than the
gutter between columns."""

LETTERS = 5.0
"""Least length of a line, in letters; a year alone is too short to be told from four twigs."""

STEEPEST = 0.35
"""Greatest slope of a line against its direction: captions are written askew, up to 19 degrees."""

RAGGED = 0.16
"""Greatest median distance of the marks' feet from one straight line, of their height; descenders
are few, grass and leaves have no common foot."""


PLAIN, FAIRLY_PLAIN = 0.12, 0.2
"""Unevenness of the ground, of the contrast: paper lies at 0.02 to 0.1, also where it is grainy and
the ink is faded; between the two a line must be long, and beyond them it is foliage or cloth."""

LONG = 12.0
"""Letters of a long line."""

OPEN = 0.4
"""Least share of ground around the marks of a line, median."""

FATTEST = 0.38
"""Greatest stroke width of a line's marks, of their height, median: bricks, bars and coins lie
above, fat headlines below."""


@dataclass(frozen=True)
class TextLine:
    """One line of writing, in cells."""

    box: tuple[int, int, int, int]
    """Top, left, height, width."""
    letters: float
    """Its length in letters; words written in one stroke count by their width."""
    height: float
    """Median height of its marks."""

    def scaled(self, factor: int) -> TextLine:
        """The line on a picture that is this many times as large."""
        top, left, height, width = (side * factor for side in self.box)
        return TextLine((top, left, height, width), self.letters, self.height * factor)


def lines(found: InkMarks) -> list[TextLine]:
    """Lines along the rows, among marks of one polarity."""
    taken: list[TextLine] = []
    # Small and capital letters differ by up to two; octaves overlap so that no line is cut by one.
    for least in (5.0, 7.0, 10.0, 14.0, 20.0, 28.0):
        part = found.select((found.height >= least) & (found.height <= 2.2 * least))
        if len(part) >= 2:
            taken += _lines_of_one_size(part, least)
    return _longest(taken)


def lines_down(found: InkMarks) -> list[TextLine]:
    """Lines along the columns: writing on a page that was scanned sideways."""
    turned = []
    for line in lines(found.transposed()):
        top, left, height, width = line.box
        turned.append(TextLine((left, top, width, height), line.letters, line.height))
    return turned


def _lines_of_one_size(part: InkMarks, least: float) -> list[TextLine]:
    first, second = _neighbours(part, 2.2 * least * REACH)
    count = len(part)
    graph = coo_matrix((np.ones(first.size), (first, second)), shape=(count, count))
    number, group = connected_components(graph, directed=False)
    sizes = np.bincount(group, minlength=number)
    found = []
    for index in np.flatnonzero(sizes >= 2):
        line = _line(part.select(group == index))
        if line is not None:
            found.append(line)
    return found


def _neighbours(part: InkMarks, reach: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs of marks of which the second follows the first."""
    middle = part.top + part.height / 2.0
    ends = cKDTree(np.stack([middle, part.right], axis=1))
    starts = cKDTree(np.stack([middle, part.left], axis=1))
    near = ends.sparse_distance_matrix(starts, reach, output_type="coo_matrix")
    one, other = near.row.astype(np.intp), near.col.astype(np.intp)
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    shorter = np.minimum(part.height[one], part.height[other])
    taller = np.maximum(part.height[one], part.height[other])
    shared = np.minimum(part.bottom[one], part.bottom[other]) - np.maximum(
        part.top[one], part.top[other]
    )
    gap = part.left[other] - part.right[one]
    stroke = part.stroke[one] / part.stroke[other]
    contrast = part.contrast[one] / part.contrast[other]
    good = (
        (one != other)
        & (part.left[other] > part.left[one])
        & (gap <= REACH * taller)
        & (gap >= -0.5 * shorter)
        & (shared >= 0.4 * shorter)
        & (np.abs(np.log(stroke)) <= np.log(2.2))
        & (np.abs(np.log(np.abs(contrast))) <= np.log(1.8))
    )
    return one[good], other[good]


def _line(part: InkMarks) -> TextLine | None:
    height = float(np.median(part.height))
    letters = float(np.maximum(1.0, part.width / (0.9 * height)).sum())
    length = float(part.right.max() - part.left.min())
    # Words cover most of a line's length; specks strung along it do not.
    long_enough = letters >= LETTERS and length >= 3.0 * height
    if not long_enough or float(part.width.sum()) < 0.4 * length:
        return None
    if not (_stand_in_line(part, height) and _are_written(part, height, letters)):
        return None
    top, left = int(part.top.min()), int(part.left.min())
    bottom, right = int(part.bottom.max()), int(part.right.max())
    return TextLine((top, left, bottom - top, right - left), letters, height)


def _stand_in_line(part: InkMarks, height: float) -> bool:
    """Writing stands on a line, or hangs from one (capitals, figures with descenders)."""
    centre = part.left + part.width / 2.0
    slope, below = _straight(centre, part.bottom)
    above = _straight(centre, part.top)[1]
    ragged = min(float(np.median(np.abs(rest))) for rest in (below, above))
    return abs(slope) <= STEEPEST and ragged <= RAGGED * height


def _are_written(part: InkMarks, height: float, letters: float) -> bool:
    """One pen or type on one paper."""
    uneven = float(np.median(part.unevenness))
    plain = uneven <= PLAIN or (uneven <= FAIRLY_PLAIN and letters >= LONG)
    open_enough = float(np.median(part.openness)) >= OPEN
    slim = float(np.median(part.stroke)) <= FATTEST * height + 0.5 * SOFTNESS
    one_width = len(part) < 4 or _spread(part.stroke) <= 0.35
    return plain and open_enough and slim and one_width


def _straight(places: Floats, values: Floats) -> tuple[float, Floats]:
    """Slope of the line through the values (Theil and Sen), and their distances from it."""
    order = np.argsort(places, kind="stable")
    x, y = places[order], values[order]
    half = max(1, x.size // 2)
    run = np.maximum(x[half:] - x[: x.size - half], 1e-6)
    slope = float(np.median((y[half:] - y[: y.size - half]) / run)) if run.size else 0.0
    rest = y - slope * x
    return slope, np.asarray(rest - np.median(rest))


def _spread(values: Floats) -> float:
    """Half the middle range of values, of their median."""
    low, middle, high = np.percentile(values, (20, 50, 80))
    return float((high - low) / (2.0 * middle))


def _longest(found: list[TextLine]) -> list[TextLine]:
    """Of lines that cover one another (octaves overlap), those with most letters."""
    ordered = sorted(found, key=lambda one: (-one.letters, one.box))
    return [ordered[index] for index in distinct([line.box for line in ordered], 0.5)]


def distinct(boxes: Sequence[tuple[int, int, int, int]], most: float) -> list[int]:
    """Indices of the boxes of which those before them that are kept cover less than ``most``.

    Boxes that are kept may share area, which then counts twice.
    """
    sides = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    sides[:, 2:] += sides[:, :2]
    kept: list[int] = []
    for index, (top, left, bottom, right) in enumerate(sides):
        others = sides[kept]
        down = np.minimum(others[:, 2], bottom) - np.maximum(others[:, 0], top)
        across = np.minimum(others[:, 3], right) - np.maximum(others[:, 1], left)
        covered = float((np.maximum(down, 0.0) * np.maximum(across, 0.0)).sum())
        if covered < most * max(1.0, (bottom - top) * (right - left)):
            kept.append(index)
    return kept
