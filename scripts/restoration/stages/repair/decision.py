"""Which marks are filled, by class, size and place, and why the others are left."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from restoration.condition.never_filled import PLACES, NeverFilled
from restoration.examine.damage.mask import TILE, Bytes, SparsePlane, tiles
from restoration.examine.damage.odds import SUSPECTED, probability, threshold
from restoration.examine.damage.page_marks import MarkNumbers, PageMarks
from restoration.examine.damage.pieces import Figures
from restoration.findings.damage import KINDS, LONG
from restoration.raster.area import Allowed, Area
from restoration.raster.base import Mask
from restoration.records.stage_findings.repair import LeftMark, LeftMarks, LeftWhy

FOUND = 1
USER = 2
"""Why a pixel is filled; bits of the mask."""

CERTAIN = math.log(999.0)
"""Logarithm of the odds, of a probability of 0.999, that a mark needs to be filled where it passes
through a place that is protected."""

OUTSIDE = 0.5
"""Share of its area with which such a mark must go on outside that place."""

WIDEST = 24.0
"""Pixels of the level of the search up to which marks are filled from their surroundings without
being asked for: of what is wider no method knows much."""

MOST_LISTED = 200
"""Marks that are left and listed with their places; the others are counted."""

BOXED = 4.0
"""Area of a mark's box, in areas of the mark, above which the box says too little of its place."""

EXCLUDED = "a person excluded it"

_HELD = (EXCLUDED, "eye", "mouth", "edge of the sheet")
"""Places that stay as they are where a mark passes through; it is filled on both sides."""

Choice = npt.NDArray[np.bool_]
"""bool (marks,)."""


@dataclass(frozen=True)
class Spared:
    """Where nothing is filled, or not without a person's word."""

    never: NeverFilled
    allowed: Allowed | None = None
    """Where a person lets the stage work; None: everywhere."""

    def covers(self, top: int, left: int, height: int, width: int) -> dict[str, Mask]:
        """By reason: where it holds in a window; those alone that do."""
        covers = self.never.covers(top, left, height, width)
        if self.allowed is not None:
            closed = self.allowed.weights(top, left, height, width) == 0.0
            if closed.any():
                covers[EXCLUDED] = closed
        return covers


@dataclass(frozen=True)
class MarkedRegion:
    """An area in which a person has marks filled, whatever their odds."""

    name: str
    """Its key and its shape, for a message."""
    area: Area


@dataclass(frozen=True)
class FillDecision:
    """What becomes of each mark of a page."""

    marks: PageMarks
    odds: Figures
    sure: Choice
    """Certain enough to be damage."""
    fill: Choice
    asked: Choice
    """A person's regions hold at least half of it: filled whole, wherever it lies."""
    left: dict[LeftWhy, Figures] = field(default_factory=dict)
    """By reason, pixels of each mark that are left for it, float64 (marks,)."""
    regions: Sequence[MarkedRegion] = ()
    spared: Spared | None = None

    def mask(self) -> SparsePlane:
        """What is filled of the page: FOUND and USER."""
        height, width = self.marks.height, self.marks.width
        out = SparsePlane(height, width)
        if not self.fill.any() and not self.regions:
            return out
        for tile in tiles(height, width):
            place = (tile.top, tile.left, tile.height, tile.width)
            if not self.marks.clean(*place):
                out.put(tile, self.part(*place))
        return out

    def vetoed(self) -> float:
        """Pixels that are left for where they lie."""
        return sum(float(area.sum()) for why, area in self.left.items() if why in PLACES)

    def part(self, top: int, left: int, height: int, width: int) -> Bytes:
        """A window of the mask."""
        numbers = self.marks.read(top, left, height, width)
        found = _among(self.fill & ~self.asked, numbers)
        if found.any() and self.spared is not None:
            covers = self.spared.covers(top, left, height, width)
            for name in _HELD:
                if name in covers:
                    found &= ~covers[name]
        user = _among(self.asked, numbers)
        for region in self.regions:
            user |= _inside(region.area, top, left, height, width) & (numbers > 0)
        return found.view(np.uint8) * np.uint8(FOUND) | user.view(np.uint8) * np.uint8(USER)

    def listed(self) -> tuple[tuple[LeftMarks, ...], tuple[LeftMark, ...]]:
        """What was left, by kind and reason, and the largest and likeliest of it by place."""
        figures, chance = self.marks.figures, probability(self.odds)
        counted, each = [], []
        for number, kind in enumerate(KINDS):
            for reason, area in self.left.items():
                own = np.flatnonzero((figures.kind == number) & (area > 0))
                if len(own):
                    total = round(float(area[own].sum()))
                    counted.append(
                        LeftMarks(kind=kind, reason=reason, count=len(own), area_px=total)
                    )
                each += [(index, reason) for index in own.tolist()]
        each.sort(key=lambda one: (-_weight(chance, self.left[one[1]], one[0]), one[0]))
        return tuple(counted), tuple(
            self._entry(index, reason, round(float(chance[index]), 3))
            for index, reason in each[:MOST_LISTED]
        )

    def _entry(self, index: int, reason: LeftWhy, chance: float) -> LeftMark:
        """One mark, with its outline where its box holds much that is none of it."""
        box, kind = self.marks.box(index), KINDS[self.marks.figures.kind[index]]
        entry = LeftMark(kind=kind, reason=reason, probability=chance, box=box)
        if box[2] * box[3] <= BOXED * float(self.marks.figures.area[index]):
            return entry
        return entry.model_copy(update={"outline": tuple(self.marks.outline(index))})


def decide(
    marks: PageMarks,
    shifts: Mapping[str, float],
    kinds: Sequence[str],
    sensitivity: float,
    spared: Spared,
    regions: Sequence[MarkedRegion] = (),
    wide: bool = False,
) -> FillDecision:
    """What becomes of each mark: a person's regions first, then kinds, sizes and places.

    shifts: what the page adds to the odds of each kind; wide: whether wide ones are filled, too.
    """
    odds, figures = marks.odds(shifts), marks.figures
    sure, suspected = odds > threshold(sensitivity), odds > SUSPECTED
    asked, within = _asked(marks, regions)
    decision = FillDecision(marks, odds, sure, sure & ~asked, asked, {}, regions, spared)
    fill = decision.fill
    # What a region holds of a mark is filled, and not left.
    open_area = np.maximum(figures.area - within, 0.0)
    usual = np.isin(figures.kind, [KINDS.index(kind) for kind in ("stains", "losses")], invert=True)
    wanted = np.isin(figures.kind, [KINDS.index(kind) for kind in kinds])
    too_wide = usual & (figures.width > WIDEST * marks.level) & (not wide)
    for reason, those in (
        ("kind not asked for", fill & ~wanted),
        ("too wide", fill & wanted & too_wide),
        ("suspected", suspected & ~sure & ~asked),
    ):
        _leave(decision.left, reason, np.where(those, open_area, 0.0))
        fill &= ~those
    for place, inside in _inside_places(marks, spared, fill).items():
        whole = _stopped(place, inside, figures.area, odds, figures.kind) & fill
        _leave(decision.left, place, np.where(whole, open_area, 0.0))
        fill &= ~whole
        if place in _HELD:
            _leave(decision.left, place, np.where(fill, inside, 0.0))
    fill |= asked
    return decision


def all_left(decision: FillDecision) -> None:
    """Leave every mark that no person asked for, since there is too much of it."""
    area, given_up = decision.marks.figures.area, decision.fill & ~decision.asked
    told = sum(decision.left.values(), np.zeros(len(area)))
    _leave(
        decision.left, "too much of the page", np.where(given_up, np.maximum(area - told, 0), 0.0)
    )
    decision.fill[given_up] = False


def unasked(decision: FillDecision) -> FillDecision:
    """The marks alone that are filled with no person's word, and are no stains: of these, what
    lets the picture through is divided out, however wide they are."""
    stains = decision.marks.figures.kind == KINDS.index("stains")
    nobody = np.zeros_like(decision.asked)
    return replace(
        decision, fill=decision.fill & ~decision.asked & ~stains, asked=nobody, regions=()
    )


def wide_left(decision: FillDecision, wide: SparsePlane) -> None:
    """Leave what is wide of the marks that are filled unasked: the whole of a mark of which half
    is wide, of others the wide part."""
    area = decision.marks.figures.area
    told = sum(decision.left.values(), np.zeros(len(area)))
    inside = np.where(unasked(decision).fill, _within_plane(decision.marks, wide), 0.0)
    whole = inside >= 0.5 * np.maximum(area, 1.0)
    _leave(decision.left, "too wide", np.where(whole, np.maximum(area - told, 0.0), inside))
    decision.fill[whole] = False


def _within_plane(marks: PageMarks, plane: SparsePlane) -> Figures:
    """Pixels of each mark that lie where the plane is not 0."""
    within = np.zeros(marks.count)
    for top, left, values in plane.held():
        within += _tally(marks.read(top, left, *values.shape), values > 0, marks.count)
    return within


def painted_over(decision: FillDecision, mask: Area) -> None:
    """What a person's own mask of damage covers is filled, and so not left."""
    covered = _within(decision.marks, [mask])
    for why, area in decision.left.items():
        decision.left[why] = np.maximum(area - covered, 0.0)


def _leave(left: dict[LeftWhy, Figures], reason: str, area: Figures) -> None:
    if area.any():
        why = cast(LeftWhy, reason)
        left[why] = left[why] + area if why in left else area


def _weight(chance: Figures, area: Figures, index: int) -> float:
    """The likeliest first, and of equally likely ones the largest."""
    return float(chance[index] * math.sqrt(area[index]))


def _stopped(
    place: str, inside: Figures, area: Figures, odds: Figures, kind: npt.NDArray[np.intp]
) -> Choice:
    """Marks that a place holds back: all that touch it, but those that are certain and go on
    outside. Only lines are mistaken for the outline of a head; dots and what joins them can be
    anything."""
    touching = inside > 0
    if place == "halftone screen":
        return np.asarray(touching)
    if place == "head outline":
        touching &= np.isin(kind, [KINDS.index(one) for one in LONG])
    if place in (EXCLUDED, "edge of the sheet"):
        return np.asarray(touching & (inside >= area))
    goes_on = area - inside >= OUTSIDE * area
    return np.asarray(touching & ~((odds > CERTAIN) & goes_on))


def _inside_places(marks: PageMarks, spared: Spared, likely: Choice) -> dict[str, Figures]:
    """By place: pixels of each mark that lie in it, in the order in which reasons are told."""
    inside = {place: np.zeros(marks.count) for place in (EXCLUDED, *PLACES)}
    for tile in tiles(marks.height, marks.width):
        place = (tile.top, tile.left, tile.height, tile.width)
        if marks.clean(*place) or not (covers := spared.covers(*place)):
            continue
        numbers = marks.read(*place)
        for name, cover in covers.items():
            inside[name] += _tally(numbers, cover, marks.count)
    return {name: np.where(likely, area, 0.0) for name, area in inside.items() if area.any()}


def _asked(marks: PageMarks, regions: Sequence[MarkedRegion]) -> tuple[Choice, Figures]:
    """Marks of which a person's regions hold at least half, and pixels of each in regions."""
    within = _within(marks, [region.area for region in regions])
    return np.asarray(within >= 0.5 * np.maximum(marks.figures.area, 1.0)), within


def _within(marks: PageMarks, areas: Sequence[Area]) -> Figures:
    """Pixels of each mark that lie in any of the areas."""
    within = np.zeros(marks.count)
    for tile in tiles(marks.height, marks.width) if areas else ():
        place = (tile.top, tile.left, tile.height, tile.width)
        if not marks.clean(*place):
            held = np.any([_inside(area, *place) for area in areas], axis=0)
            within += _tally(marks.read(*place), held, marks.count)
    return within


def unmet(marks: PageMarks, regions: Sequence[MarkedRegion]) -> Iterator[MarkedRegion]:
    """Regions in which no mark lies."""
    for region in regions:
        held = (
            (marks.read(*place) > 0) & _inside(region.area, *place)
            for tile in tiles(marks.height, marks.width)
            if not marks.clean(*(place := (tile.top, tile.left, tile.height, tile.width)))
        )
        if not any(part.any() for part in held):
            yield region


def touches(region: MarkedRegion, top: int, left: int, height: int, width: int) -> bool:
    """Whether a region holds anything of a part of the page."""
    return any(
        _inside(region.area, first, left, min(TILE, top + height - first), width).any()
        for first in range(top, top + height, TILE)
    )


def _inside(area: Area, top: int, left: int, height: int, width: int) -> Mask:
    rows = np.arange(top, top + height, dtype=np.float64) + 0.5
    columns = np.arange(left, left + width, dtype=np.float64) + 0.5
    return np.asarray(area.holds(rows, columns))


def _tally(numbers: MarkNumbers, cover: Mask, count: int) -> Figures:
    return np.bincount(numbers[cover], minlength=count + 1)[1:].astype(np.float64)


def _among(choice: Choice, numbers: MarkNumbers) -> Mask:
    return np.asarray(np.concatenate([[False], choice])[numbers])
