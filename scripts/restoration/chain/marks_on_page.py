"""Whether what a person marked lies on the page that it speaks of, and holds something there.

The size of a page is known when its master is read: what lies beside it, or holds nothing, is a
problem of that scan; what reaches beyond it counts up to its edge, and the record says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import numpy as np

from restoration.chain.region_limits import Size, area_of
from restoration.config.regions import FaceRegions, MarkedTarget, RepairRegions, Shape, StageMarks
from restoration.config.stages import FACES
from restoration.errors import ScanError
from restoration.raster.area import Area, Polygon
from restoration.raster.base import Raster

BAND = 64
"""Rows of a page that are looked at at once."""

LEAST_BEYOND = 1.0
"""Pixels beyond the page that are said; less is a mouse that stopped at the edge."""

MarkBounds = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def check_on_page(
    marks: StageMarks, number: int, count: int, master: Size, files: ExitStack
) -> list[str]:
    """Sentences about marks that reach beyond a page.

    number: of the page, 1 for the first of ``count``. master: its height and width. files: closes
    the masks when the page is done. Raises ScanError where a mark lies wholly beside the page,
    holds none of its pixels, or speaks of a page that the master does not have.
    """
    said = []
    for where, shape in _marked(marks):
        if shape.page > count:
            have = "1 page" if count == 1 else f"{count} pages"
            raise _misplaced(
                marks, where, f"speaks of page {shape.page}, but the master has {have}"
            )
        if shape.page != number:
            continue
        name, bounds, area = _described(shape, marks, master, files)
        size = f"page {number}, which is {master[1]} x {master[0]} px"
        if bounds is not None and _is_beside(bounds, master):
            raise _misplaced(marks, where, f"{name} lies beside {size}")
        if not _holds_any(area, bounds or (0.0, 0.0, master[1], master[0]), master):
            raise _misplaced(marks, where, f"{name} holds no pixel of {size}")
        if bounds is not None and _reaches_beyond(bounds, master):
            said.append(f"{where}: {name} reaches beyond {size}, and counts up to its edge")
    return said


def to_fill(
    marks: StageMarks, number: int, master: Size, files: ExitStack
) -> tuple[tuple[str, Area], ...]:
    """The regions of a page in which a person has damage filled, each with its name for a message.

    number, master, files: as for ``check_on_page``.
    """
    if not isinstance(marks.regions, RepairRegions):
        return ()
    path, found = marks.folder / f"{marks.scan}.yaml", []
    for index, shape in enumerate(marks.regions.fill):
        if shape.page == number:
            name, _, area = _described(shape, marks, master, files)
            found.append((f"regions: '{path}': {marks.stage}.fill.{index}: {name}", area))
    return tuple(found)


def unused_targets(targets: Sequence[MarkedTarget], number: int, channels: int) -> list[str]:
    """Sentences about targets of a page from which no colour is taken.

    channels: of the page.
    """
    here = [index for index, target in enumerate(targets) if target.page == number]
    if channels != 3:
        return [f"colour.targets.{index}: page {number} is grey, and is not judged by a target"
                for index in here]  # fmt: skip
    return [
        f"colour.targets.{index}: page {number} is judged by the first of its targets alone"
        for index in here[1:]
    ]


def is_blank(mask: Raster) -> bool:
    """Whether a mask is 0 all over."""
    return not any(
        np.any(mask.read(top, 0, min(BAND, mask.height - top), mask.width) > 0.0)
        for top in range(0, mask.height, BAND)
    )


def _marked(marks: StageMarks) -> Iterator[tuple[str, Shape | MarkedTarget]]:
    """Every mark with its key in the file of regions."""
    parts = [(marks.stage, marks.regions), (FACES, marks.faces)]
    for stage, regions in parts:
        if regions is None:
            continue
        kinds: list[tuple[str, Sequence[Shape]]] = [
            ("only", regions.only or ()),
            ("exclude", regions.exclude),
        ]
        if isinstance(regions, FaceRegions):
            kinds.append(("include", regions.include))
        if isinstance(regions, RepairRegions):
            kinds.append(("fill", regions.fill))
        for kind, shapes in kinds:
            for index, shape in enumerate(shapes):
                yield f"{stage}.{kind}.{index}", shape
    for index, target in enumerate(marks.targets):
        yield f"colour.targets.{index}", target


def _misplaced(marks: StageMarks, where: str, why: str) -> ScanError:
    path = marks.folder / f"{marks.scan}.yaml"
    return ScanError(f"regions: '{path}': {where}: {why}; correct it, or take it out")


def _described(
    shape: Shape | MarkedTarget, marks: StageMarks, master: Size, files: ExitStack
) -> tuple[str, MarkBounds | None, Area]:
    """A mark in words, its extent (None: that of the page), and its area."""
    if shape.box is not None:
        left, top, width, height = shape.box
        name = f"the box {left:g}, {top:g}, {width:g}, {height:g} (left, top, width, height)"
        bounds = (left, top, left + width, top + height)
    elif shape.polygon is not None:
        across, down = zip(*shape.polygon, strict=True)
        bounds = (min(across), min(down), max(across), max(down))
        name = "the polygon from {:g}, {:g} to {:g}, {:g} (left, top, right, bottom)".format(
            *bounds
        )
    else:
        assert isinstance(shape, Shape)
        name = f"the mask '{shape.mask}'"
        return name, None, area_of(shape, marks.folder, master, files)
    if isinstance(shape, MarkedTarget):
        return name, bounds, Polygon(shape.corners)
    return name, bounds, area_of(shape, marks.folder, master, files)


def _is_beside(bounds: MarkBounds, master: Size) -> bool:
    left, top, right, bottom = bounds
    return left >= master[1] or top >= master[0] or right <= 0.0 or bottom <= 0.0


def _reaches_beyond(bounds: MarkBounds, master: Size) -> bool:
    left, top, right, bottom = bounds
    beyond = max(-left, -top, right - master[1], bottom - master[0])
    return beyond > LEAST_BEYOND


def _holds_any(area: Area, bounds: MarkBounds, master: Size) -> bool:
    """Whether an area holds the centre of any pixel of the page."""
    left, top = (max(0, int(np.floor(value))) for value in bounds[:2])
    right, bottom = min(master[1], int(np.ceil(bounds[2]))), min(master[0], int(np.ceil(bounds[3])))
    columns = np.arange(left, right, dtype=np.float64) + 0.5
    rows = np.arange(top, bottom, dtype=np.float64) + 0.5
    return any(
        bool(area.holds(rows[first : first + BAND], columns).any())
        for first in range(0, rows.size, BAND)
    )
