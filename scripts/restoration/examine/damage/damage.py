"""Dust, scratches and creases: how many, how large, where."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import cv2
import numpy as np

from restoration.examine.damage.dust import HIGH, HIGH_CLUTTER, PLAINEST
from restoration.examine.damage.evidence import Residuals, both_polarities
from restoration.examine.damage.mask import tiles
from restoration.examine.damage.odds import decoded, threshold
from restoration.examine.damage.page_decision import PieceCounts
from restoration.examine.damage.search import KINDS, Core, Sighting, levels, search, search_creases
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.damage import Damage, DamageDetail, LongPiecesFound, PiecesFound, Shifts
from restoration.raster.base import FloatImage, UInt16Image

SENSITIVITY = 0.5
"""The report's own; the repair stage has a setting."""

SEARCHED_WHOLE = 1_000_000
"""Pages of at most so many pixels, at the level of the search, are searched all over."""

LEAST_SEARCHED, SEARCHED_SHARE = 400_000, 0.02
"""Pixels, at the level of the search, that are searched of a larger page at least, and the share of
its pixels: that takes 0.04 s per megapixel at 12 megapixels and 0.03 at 30 and more."""

PATCH = 256
"""Side of the samples, in pixels of their level."""

CELL = 128
CELLS = 96
"""Cells of the map: of CELL pixels, or larger ones, so that no side has more than CELLS."""

LETTERS = {"dust": "d", "scratches": "s", "creases": "c"}

GOLDEN = (0.7548776662466927, 0.5698402909980532)
"""Of the plastic number: multiples of these spread samples evenly over a page, without a rhythm
that the picture could share (Roberts 2018, the R2 sequence)."""


class DamageMeasurer:
    """Share of the page that dust, scratches and creases cover.

    PiecesFound that stand out from quiet surroundings are judged by a logistic regression on their
    contrast, sharpness, shape, colour and company (fitted on simulated damage), and the odds are
    moved by how many likely pieces the page has at all. Small pages are searched whole. Of larger
    ones a few percent are searched, in samples spread over the page, at half the resolution from
    600 ppi on: count and area are then estimates, ``detail.searched_share`` says of how much;
    creases are looked for on a proxy of the whole page. The map shows, cell by cell, what was found
    (``d``, ``s``, ``c``), where something stands out that was not searched or not sure (``?``), and
    where nothing does (``.``).

    Value: 0 where none was found. None on a page too small to judge (below 32 pixels).
    """

    METHOD: ClassVar[str] = (
        "morphological residuals against their surroundings, judged by a logistic regression with "
        "the page's own prior (Saerens 2002)"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page
        at = levels(page.height, page.width, page.nominal_ppi)
        self.level = min(at[-1], 2)
        self._ledger = PieceCounts()
        area = page.height * page.width
        whole = area <= SEARCHED_WHOLE * self.level**2
        allowed = max(LEAST_SEARCHED, SEARCHED_SHARE * area)
        self.share = 1.0 if whole else min(1.0, allowed * self.level**2 / area)
        self._at = at if area <= SEARCHED_WHOLE else (self.level,)
        # At most 24 MB: a small page is looked at as one, whatever the windows it comes in.
        shape = (page.height, page.width, page.channels) if whole else (0, 0, page.channels)
        self._codes = np.zeros(shape, np.uint16)
        self.cell = CELL * max(1, math.ceil(max(page.height, page.width) / (CELL * CELLS)))
        rows, columns = -(-page.height // self.cell), -(-page.width // self.cell)
        self._doubt = np.zeros((rows, columns), np.bool_)
        self._best = {kind: np.full((rows, columns), -np.inf) for kind in KINDS}
        self._searched = 0

    def see(self, window: Window) -> None:
        if self.share >= 1.0:
            rows = slice(window.top, window.top + window.height)
            self._codes[rows, window.left : window.left + window.width] = window.codes
            return
        self._screen(window)
        for top, left, height, width in self._samples(window):
            pixels = _encoded(window.codes[top : top + height, left : left + width])
            core = Core(0, 0, height, width)
            self._enter(search(pixels, core, self._at), core, window.top + top, window.left + left)

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Damage:
        page = self.page
        if self.share >= 1.0:
            self._search_whole()
        else:
            self._search_creases(survey)
        if min(page.height, page.width) < 32 or self._searched == 0:
            reason = "too small to tell damage from picture"
            return self._said(None, 0.0, DamageDetail(reason=reason))
        area = page.height * page.width
        scale = area / self._searched
        shifts = self._ledger.shifts()
        dust = PiecesFound(**self._pieces("dust", scale))
        scratches = LongPiecesFound(**self._pieces("scratches", scale))
        # Creases were looked for all over the page.
        creases = LongPiecesFound(**self._pieces("creases", 1.0))
        kinds = (dust, scratches, creases)
        detail = DamageDetail(
            dust=dust,
            scratches=scratches,
            creases=creases,
            searched_share=min(1.0, self._searched / area),
            level=self.level,
            shifts=Shifts(**shifts),
            cell_px=self.cell,
            cells=(self._doubt.shape[0], self._doubt.shape[1]),
            map=self._map(shifts),
        )
        count = sum(pieces.count for pieces in kinds)
        # None found in a small sample says little of the rest; many found say much.
        sure = 0.5 + 0.4 * min(1.0, count / 20.0) if count else 0.4 + 0.4 * self.share
        share = min(1.0, sum(pieces.share for pieces in kinds))
        return self._said(share, round(sure, 2), detail)

    def _said(self, value: float | None, confidence: float, detail: DamageDetail) -> Damage:
        return Damage(
            value=value,
            unit="share of the page",
            confidence=confidence,
            method=self.METHOD,
            detail=detail,
        )

    def _pieces(self, kind: str, scale: float) -> dict[str, Any]:
        """What the detail says of one kind. scale: page per searched area."""
        found = self._ledger.found(kind, SENSITIVITY, scale)
        return {**found, "share": found["area_px"] / (self.page.height * self.page.width)}

    def _samples(self, window: Window) -> Iterator[tuple[int, int, int, int]]:
        """Top, left, height and width, within the window, of what is searched of it."""
        side = PATCH * self.level
        for top in range(0, window.height, side):
            for left in range(0, window.width, side):
                row, column = (window.top + top) // side, (window.left + left) // side
                place = (row * GOLDEN[0] + column * GOLDEN[1]) % 1.0
                if place < self.share:
                    height, width = min(side, window.height - top), min(side, window.width - left)
                    yield top, left, height, width

    def _search_whole(self) -> None:
        """A small page, tile by tile as the repair stage searches it."""
        for tile in tiles(self.page.height, self.page.width):
            rows = slice(tile.window_top, tile.window_top + tile.window_height)
            columns = slice(tile.window_left, tile.window_left + tile.window_width)
            core = Core(tile.core[0].start, tile.core[1].start, tile.height, tile.width)
            found = search(_encoded(self._codes[rows, columns]), core, self._at)
            self._enter(found, core, tile.top, tile.left)

    def _search_creases(self, survey: Survey) -> None:
        """A crease runs across a page: it is looked for on the proxy, not in samples."""
        found = search_creases(survey.proxy, survey.step)
        self._ledger.enter(found)
        self._mark(found, Core(0, 0, *found.shape), 0, 0, survey.step)

    def _enter(self, sighting: Sighting, core: Core, top: int, left: int) -> None:
        """What was found in a window whose core lies at (top, left) of the page."""
        self._ledger.enter(sighting)
        self._searched += core.height * core.width
        self._mark(sighting, core, top, left)

    def _mark(self, sighting: Sighting, core: Core, top: int, left: int, step: int = 1) -> None:
        """The likeliest piece of each cell. step: pixels of the page per pixel searched."""
        for kind, codes in sighting.codes.items():
            own = codes[core.top : core.top + core.height, core.left : core.left + core.width]
            rows, columns = np.nonzero(own)
            if not len(rows):
                continue
            cells = (top + rows * step) // self.cell, (left + columns * step) // self.cell
            np.maximum.at(self._best[kind], cells, decoded(own[rows, columns]))

    def _screen(self, window: Window) -> None:
        """Cells in which something stands out as a speck would."""
        size = (max(1, window.width // self.level), max(1, window.height // self.level))
        plane = cv2.resize(window.luminance, size, interpolation=cv2.INTER_AREA)
        for evidence in both_polarities(np.asarray(plane)[:, :, None]):
            rows, columns = np.nonzero(_stands_out(evidence))
            cells = (
                np.minimum(window.top + rows * self.level, self.page.height - 1) // self.cell,
                np.minimum(window.left + columns * self.level, self.page.width - 1) // self.cell,
            )
            self._doubt[cells] = True

    def _map(self, shifts: Mapping[str, float]) -> tuple[str, ...]:
        drawn = np.where(self._doubt, "?", ".")
        for kind in KINDS:
            odds = self._best[kind] + shifts[kind]
            drawn[(odds > threshold(1.0)) & (drawn == ".")] = "?"
        for kind in KINDS:
            drawn[self._best[kind] + shifts[kind] > threshold(SENSITIVITY)] = LETTERS[kind]
        return tuple("".join(row) for row in drawn)


def _stands_out(evidence: Residuals) -> Any:
    floor = max(HIGH * evidence.noise, PLAINEST)
    busy = np.maximum(evidence.clutter, evidence.other_clutter)
    return evidence.raised > np.maximum(floor, HIGH_CLUTTER * busy)


def _encoded(codes: UInt16Image) -> FloatImage:
    return np.multiply(codes, np.float32(1.0 / 65535.0), dtype=np.float32)
