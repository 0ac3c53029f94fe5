"""Dust, hairs, scratches, cracks, stains and losses: how many, how large, where."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.detector import DamageDetector
from restoration.examine.damage.odds import SUSPECTED, threshold
from restoration.examine.damage.page_marks import KindFound, PageMarks
from restoration.examine.damage.search import Searched, find_marks, levels
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, ReadWindow, Window
from restoration.findings.damage import (
    KINDS,
    Damage,
    DamageDetail,
    LongPiecesFound,
    PiecesFound,
    Shifts,
    SuspectedPieces,
)
from restoration.raster.base import FloatImage, to_float

SENSITIVITY = 0.5
"""The report's own; the repair stage has a setting."""

SMALLEST = 32
"""Pixels of the shorter side of a page below which nothing tells damage from picture."""

CELL = 128
CELLS = 96
"""Cells of the map: of CELL pixels, or larger ones, so that no side has more than CELLS."""

LETTERS = {
    "dust": "d",
    "hairs": "h",
    "scratches": "s",
    "cracks": "c",
    "stains": "t",
    "losses": "l",
}


class DamageMeasurer:
    """What the detector finds on the whole page, and where.

    The page is searched all over, at the resolution at which marks are a few pixels wide and once
    more at a quarter of it, after the one pass of the others: so that its counts are counts, and
    the repair stage, which looks at the same tiles in the same way, decides by the same odds. The
    map shows, cell by cell, what was found, where something is only suspected (``?``), and where
    nothing is (``.``).

    Value: 0 where none was found. None on a page too small to judge (below 32 pixels).
    """

    METHOD: ClassVar[str] = (
        "a small network trained on drawn and simulated damage (damage-detector in models.yaml), "
        "its odds calibrated, and moved by how much damage the page has"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Nothing: tiles of the search overlap, and are read when the pass is over."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Damage:
        return _unknown()

    def look_again(self, read: ReadWindow, found: Damage, earlier: EarlierFindings) -> Damage:
        """The search: windows of bounded size that cover the page."""
        page = self.page
        if min(page.height, page.width) < SMALLEST:
            return found

        def pixels(top: int, left: int, height: int, width: int) -> FloatImage:
            return to_float(read(top, left, height, width))

        level = levels(page.height, page.width, page.nominal_ppi)
        searched = Searched(page.height, page.width, level, pixels)
        return _said(page, find_marks(searched, DamageDetector.load()))


def _unknown() -> Damage:
    reason = "too small to tell damage from picture"
    return Damage(
        value=None,
        unit="share of the page",
        confidence=0.0,
        method=DamageMeasurer.METHOD,
        detail=DamageDetail(reason=reason),
    )


def _said(page: PageFacts, marks: PageMarks) -> Damage:
    odds, area = marks.odds(), page.height * page.width
    sure, suspected = odds > threshold(SENSITIVITY), odds > SUSPECTED
    found: dict[str, Any] = {kind: _pieces(marks.found(kind, sure), area) for kind in KINDS}
    doubtful = suspected & ~sure
    drawn = _map(page, marks, sure, suspected)
    count = sum(pieces.count for pieces in found.values())
    return Damage(
        value=min(1.0, sum(pieces.share for pieces in found.values())),
        unit="share of the page",
        # Each mark is sure to nine in ten; that a page has none is as sure as the search is good.
        confidence=round(0.7 + 0.2 * min(1.0, count / 20.0), 2) if count else 0.8,
        method=DamageMeasurer.METHOD,
        detail=DamageDetail(
            **found,
            suspected=SuspectedPieces(
                count=int(doubtful.sum()), area_px=round(float(marks.figures.area[doubtful].sum()))
            ),
            searched_share=1.0,
            level=marks.level,
            shifts=Shifts(**marks.shifts),
            cell_px=drawn.cell,
            cells=(len(drawn.letters), len(drawn.letters[0])),
            map=tuple("".join(row) for row in drawn.letters),
        ),
    )


def _pieces(found: KindFound, area: int) -> PiecesFound:
    """As the report has them; area: pixels of the page."""
    model = PiecesFound if found.length_px is None else LongPiecesFound
    told = {name: value for name, value in asdict(found).items() if value is not None}
    return model(**told, share=found.area_px / area)


@dataclass(frozen=True)
class _Map:
    cell: int
    letters: npt.NDArray[np.str_]


def _map(
    page: PageFacts,
    marks: PageMarks,
    sure: npt.NDArray[np.bool_],
    suspected: npt.NDArray[np.bool_],
) -> _Map:
    cell = CELL * max(1, math.ceil(max(page.height, page.width) / (CELL * CELLS)))
    size = (-(-page.height // cell), -(-page.width // cell))
    letters = np.full(size, ".")
    doubtful, cells = np.zeros(size, np.bool_), np.zeros((len(KINDS), *size), np.bool_)
    for found, rows, columns in marks.places():
        at = rows // cell, columns // cell
        seen, certain = suspected[found], sure[found]
        doubtful[at[0][seen], at[1][seen]] = True
        kinds = marks.figures.kind[found[certain]]
        cells[kinds, at[0][certain], at[1][certain]] = True
    letters[doubtful] = "?"
    for kind, here in zip(KINDS, cells, strict=True):
        letters[here] = LETTERS[kind]
    return _Map(cell, letters)
