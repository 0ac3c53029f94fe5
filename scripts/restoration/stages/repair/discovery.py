"""The first pass of the repair stage: the page's marks, by their looks and by infrared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from restoration.examine.damage.detector import Detector
from restoration.examine.damage.mask import MaskTile, Numbers, SparsePlane, tiles
from restoration.examine.damage.page_marks import PageMarks
from restoration.examine.damage.search import Searched, find_marks
from restoration.findings.damage import Damage
from restoration.raster.base import FloatImage, Mask, Progress, Raster
from restoration.stages.repair.decision import FOUND, USER, MarkedRegion, Spared, touches
from restoration.stages.repair.grain import GrainStudy
from restoration.stages.repair.halo import RINGS, SURROUNDINGS, with_halo
from restoration.stages.repair.infrared import BesideInfrared, opacity_of

BY_INFRARED = 0.4
"""Share of the search that the infrared picture takes, where there is one."""

AROUND = 2 * RINGS + SURROUNDINGS
"""Pixels around a hole on which its halo depends: means of the neighbourhood, taken twice."""


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV on one thread: its labels and sums must not depend on how many there are."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@dataclass(frozen=True)
class Examined:
    """What the condition report says of the very page that is to be repaired."""

    cell: int
    rows: tuple[str, ...]
    shifts: Mapping[str, float]
    """What the page adds to the odds of each kind: the whole page told it, the part that is
    searched again would not."""

    @classmethod
    def of(cls, found: Damage | None, level: int) -> Examined | None:
        """None where the report has no map of the whole page, or searched it at another level: then
        everything is searched."""
        said = None if found is None else found.detail
        if said is None or not said.map or not said.cell_px or said.shifts is None:
            return None
        if said.searched_share is None or said.searched_share < 1.0 or said.suspected is None:
            return None
        if said.level != level:
            return None
        told = said.shifts.model_dump(exclude_none=True)
        return cls(said.cell_px, said.map, told)

    def clean(self, top: int, left: int, height: int, width: int) -> bool:
        """True where the report found and suspects nothing."""
        cell = self.cell
        return all(
            set(row[left // cell : (left + width - 1) // cell + 1]) <= {"."}
            for row in self.rows[top // cell : (top + height - 1) // cell + 1]
        )


@dataclass
class Discovery:
    """What was found, before anything is decided."""

    marks: PageMarks
    shifts: Mapping[str, float]
    findings: dict[str, Any] = field(default_factory=dict)
    """What the infrared picture showed."""


def find_damage(
    source: Raster,
    level: int,
    detector: Detector,
    *,
    examined: Examined | None,
    regions: Sequence[MarkedRegion],
    infrared: Raster | None,
    progress: Progress,
) -> Discovery:
    """The marks of the page.

    level: as of ``search.levels``. examined: what is known of this very page; None where it is
    searched anew. regions: a person's, which are searched whatever the report says. infrared: of
    the page's size; None where it is not used.
    """
    page = Searched(source.height, source.width, level, source.read)
    if infrared is not None:
        opacity = opacity_of(
            source, infrared, lambda done, unit: progress(BY_INFRARED * done, unit)
        )
        look = BesideInfrared(detector, opacity, level)
        marks = find_marks(
            page,
            detector,
            look,
            progress=lambda done, unit: progress(BY_INFRARED + (1.0 - BY_INFRARED) * done, unit),
        )
        said = {
            "pieces": opacity.pieces,
            "dye_absorption": list(opacity.dyes),
            "least_density": opacity.least,
            "cleared": look.cleared,
        }
        return Discovery(marks, marks.shifts, {"infrared": said})

    def wanted(*place: int) -> bool:
        top, left, height, width = place
        return (
            examined is None
            or not examined.clean(top, left, height, width)
            or any(touches(region, top, left, height, width) for region in regions)
        )

    marks = find_marks(page, detector, wanted=wanted, progress=progress)
    shifts = marks.shifts if examined is None else examined.shifts
    return Discovery(marks, shifts)


def with_halos(mask: SparsePlane, source: Raster, spared: Spared) -> SparsePlane:
    """The mask and the halos around what was found; none where nothing is filled unasked."""

    def change(tile: MaskTile, values: Numbers) -> Numbers:
        found = mask.read(*tile.window) == FOUND
        if not found[tile.core].any():
            return values
        wider = _with_halos(source.read(*tile.window), found)[tile.core] & (values == 0)
        covers = spared.covers(tile.top, tile.left, tile.height, tile.width)
        for place, cover in covers.items():
            # What is filled across the outline of a head is filled with its halo.
            if place != "head outline":
                wider &= ~cover
        return np.where(wider, np.uint8(FOUND), values)

    return mask.changed(change)


def _with_halos(pixels: FloatImage, found: Mask) -> Mask:
    """As ``with_halo`` of the window, which looks no further than AROUND a hole: hole by hole,
    where that is less to look at."""
    count, _, boxes, _ = cv2.connectedComponentsWithStats(found.view(np.uint8), connectivity=8)
    sides = np.minimum(boxes[1:, 2:4] + 2 * AROUND, found.shape[::-1])
    if count == 1 or int(sides.prod(axis=1).sum()) > found.size:
        return with_halo(pixels, found)
    out = found.copy()
    for left, top, width, height in boxes[1:, :4].tolist():
        part = np.s_[
            max(0, top - AROUND) : top + height + AROUND,
            max(0, left - AROUND) : left + width + AROUND,
        ]
        near = np.s_[max(0, top - RINGS) : top + height + RINGS,
                     max(0, left - RINGS) : left + width + RINGS]  # fmt: skip
        inside = np.s_[
            near[0].start - part[0].start : near[0].stop - part[0].start,
            near[1].start - part[1].start : near[1].stop - part[1].start,
        ]
        out[near] |= with_halo(pixels[part], found[part])[inside]
    return out


def joined(mask: SparsePlane, user: Raster) -> SparsePlane:
    """The mask and the user's own: what is not 0 there is filled, veto or not."""
    out = SparsePlane(user.height, user.width)
    for tile in tiles(user.height, user.width):
        place = (tile.top, tile.left, tile.height, tile.width)
        asked = np.any(user.read(*place) > 0, axis=2)
        values = mask.get(*tile.place)
        if values is None:
            values = np.zeros((tile.height, tile.width), np.uint8)
        out.put(tile, values | (asked.view(np.uint8) * np.uint8(USER)))
    return out


def grain_around(mask: SparsePlane, source: Raster) -> GrainStudy:
    """What is learned of the page's grain where it is to be filled."""
    study = GrainStudy(source.channels)
    for top, left, values in mask.held():
        study.see(source.read(top, left, *values.shape), values > 0)
    return study
