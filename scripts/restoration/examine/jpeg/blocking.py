"""JPEG blocking: the grid of blocks that a lossy compression left in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from restoration.examine.jpeg.block_grid import BLOCK, GridPlaces, StepProfile, by_chance, places
from restoration.examine.jpeg.jpeg_quantiser import Quantiser, find_lattice
from restoration.examine.jpeg.rescaled_grid import RescaledGrid, candidates, prove
from restoration.examine.resolution.resolution import chosen, picture_box
from restoration.examine.survey import SCALES, LuminanceTile, Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import FigurePair
from restoration.findings.blocking import Blocking, BlockingDetail
from restoration.raster.base import Floats, Plane

VISIBLE = 0.2
"""Mean step at the borders, in 1/255, from which blocks are called blocking: a fifth of an 8-bit
code. The IJG's quality 90 leaves 0.5 on photographs (median), quality 96 0.2, both less on dense
texture, where nobody sees it."""

STEPS_SURE = 6.0
"""Score of both axes together from which the steps alone prove a grid (undamaged pictures: up to
4, found in 20)."""

STEPS_EACH = 2.0
"""Least score of each axis."""

LATTICE_SURE = 12.0
"""Contrast of the quantiser's lattice from which it proves a grid (undamaged: up to 5)."""

TILES = 4
"""Tiles that the lattice is looked for on: enough for quality 98, and 0.1 s."""


@dataclass(frozen=True)
class BlockGrid:
    """What was found, in pixels of the page."""

    offset: tuple[float, float]
    """First block border, down and across."""
    period: tuple[float, float]
    strength: float
    """Mean step at the borders beyond that elsewhere, in 1/255."""
    quality: int | None
    lattice: Quantiser | None
    score: float
    """Of the steps, both axes."""


class BlockingMeasurer:
    """Whether blocks of a JPEG compression are to be seen, on which grid, and how strong.

    Two witnesses. The mean step across each column and row border of the page: those of the grid
    stand out (all 64 offsets; Wang, Bovik and Evans 2000, with medians). And the quantiser's
    lattice in the DCT coefficients of the most detailed tiles, on all 64 offsets (Fan and de
    Queiroz 2003), which also gives the quality; it is lost where values were converted afterwards,
    the steps are not. A resized JPEG's grid is found as a comb in the steps and proved by sampling
    back. Value: True where the step is VISIBLE; False with ``detail.compressed`` True means a
    compression so gentle that there is nothing to repair. None where there is nothing to see.
    """

    METHOD: ClassVar[str] = (
        "mean steps across column and row borders on 64 offsets; quantiser lattice in the DCT "
        "coefficients (Fan and de Queiroz 2003); resized grids by comb and sampling back"
    )

    def begin(self, page: PageFacts) -> None:
        self._page = page
        lengths = ((page.height, 0), (page.width, 1))
        self._steps = {
            scale: [StepProfile(length // scale, axis) for length, axis in lengths]
            for scale in SCALES
        }
        self._chroma = [StepProfile(length, axis) for length, axis in lengths]

    def see(self, window: Window) -> None:
        plane = window.luminance
        for scale in SCALES:
            cells, top, left = _cells(plane, window.top, window.left, scale)
            for steps in self._steps[scale]:
                steps.see(cells, top, left)
        if self._page.channels == 3:
            blueness = cv2.subtract(window.planes[2], window.luminance)
            for steps in self._chroma:
                steps.see(blueness, window.top, window.left)

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Blocking:
        profiles = [steps.values for steps in self._steps[1]]
        found = [places(profile) for profile in profiles]
        if found[0] is None or found[1] is None:
            reason = "the page is too small, or has no step anywhere"
            return self._said(None, 0.0, BlockingDetail(reason=reason))
        tiles = self._tiles(survey, 1, earlier)
        grid = self._plain(found[0], found[1], tiles) or self._resized(survey, earlier)
        if grid is None:
            return self._none(found[0], found[1])
        return self._found(grid)

    def _tiles(self, survey: Survey, scale: int, earlier: EarlierFindings) -> list[LuminanceTile]:
        box = picture_box(earlier)
        return chosen(survey.detailed(scale, box) or survey.detailed(scale))[:TILES]

    def _plain(
        self, down: GridPlaces, across: GridPlaces, tiles: list[LuminanceTile]
    ) -> BlockGrid | None:
        """A grid of 8 pixels, by either witness."""
        lattice = find_lattice([(tile.top, tile.left, tile.luminance) for tile in tiles])
        proved = (
            lattice is not None and lattice.contrast >= LATTICE_SURE and len(lattice.steps) >= 3
        )
        scores = (float(down.score[down.best]), float(across.score[across.best]))
        stepped = (
            sum(scores) / np.sqrt(2.0) >= STEPS_SURE
            and min(scores) >= STEPS_EACH
            and down.single
            and across.single
            and by_chance(tiles, (down.best, across.best))
        )
        if not proved and not stepped:
            return None
        offset = lattice.offset if proved and lattice else (down.best, across.best)
        strength = 0.5 * float(down.excess[offset[0]] + across.excess[offset[1]])
        return BlockGrid(
            offset=(float(offset[0]), float(offset[1])),
            period=(float(BLOCK), float(BLOCK)),
            strength=max(strength, 0.0),
            quality=lattice.quality if proved and lattice else None,
            lattice=lattice if proved else None,
            score=float(down.score[offset[0]] + across.score[offset[1]]) / float(np.sqrt(2.0)),
        )

    def _resized(self, survey: Survey, earlier: EarlierFindings) -> BlockGrid | None:
        """A grid of another period; the coarsest scale that shows it first, since there the
        rhythm of the interpolation itself is gone."""
        page = (self._page.height, self._page.width)
        for cell in reversed(SCALES):
            profiles = [steps.values for steps in self._steps[cell]]
            for combs in candidates(profiles):
                enlarged = min(comb.period for comb in combs) * cell / BLOCK
                scale = next((s for s in (4, 2) if enlarged / s >= 1.6), 1)
                tiles = self._tiles(survey, scale, earlier) or self._tiles(survey, 1, earlier)
                used = scale if tiles and tiles[0].extent == scale * survey.tile_side else 1
                proved = prove(combs, cell, page, tiles, used) if tiles else None
                if proved is not None:
                    return self._measured(proved)
        return None

    def _measured(self, proved: RescaledGrid) -> BlockGrid:
        """A proved grid with the strength of its steps, at the scale of its compression."""
        enlarged = min(proved.period) / BLOCK
        scale = max(s for s in SCALES if s == 1 or enlarged >= 0.7 * s)
        excess = [
            _excess(steps.values, period / scale, first / scale)
            for steps, period, first in zip(
                self._steps[scale], proved.period, proved.first, strict=True
            )
        ]
        score = float(np.sqrt(proved.lattice.contrast))
        return BlockGrid(
            offset=proved.first,
            period=proved.period,
            strength=max(0.5 * sum(excess), 0.0),
            quality=proved.lattice.quality,
            lattice=proved.lattice,
            score=score,
        )

    def _found(self, grid: BlockGrid) -> Blocking:
        visible = grid.strength >= VISIBLE
        lattice = grid.lattice
        reason = {} if visible else {"reason": "compressed, but no block border can be seen"}
        detail = BlockingDetail(
            compressed=True,
            grid_offset=grid.offset,
            period_px=grid.period,
            rescaled=grid.period != (BLOCK, BLOCK),
            quality=grid.quality,
            quantiser=None
            if lattice is None
            else {f"{row},{column}": step for (row, column), step in lattice.steps.items()},
            strength=grid.strength,
            chroma_period_px=self._chroma_period(grid),
            steps_score=grid.score,
            lattice_contrast=None if lattice is None else lattice.contrast,
            **reason,
        )
        sure = 0.97 if lattice is not None else min(0.95, 0.5 + grid.score / 30.0)
        return self._said(visible, round(sure, 2), detail)

    def _none(self, down: GridPlaces, across: GridPlaces) -> Blocking:
        score = float(down.score[down.best] + across.score[across.best]) / float(np.sqrt(2.0))
        detail = BlockingDetail(
            compressed=False,
            grid_offset=None,
            period_px=None,
            rescaled=None,
            quality=None,
            strength=0.0,
            steps_score=score,
        )
        return self._said(False, 0.95 if score < 0.5 * STEPS_SURE else 0.7, detail)

    def _said(self, value: bool | None, confidence: float, detail: BlockingDetail) -> Blocking:
        return Blocking(
            value=value, unit="", confidence=confidence, method=self.METHOD, detail=detail
        )

    def _chroma_period(self, grid: BlockGrid) -> FigurePair | None:
        """Period of the colour's blocks down and across: 16 where it was stored at half the
        resolution (4:2:0), 8 where not; None where grey, resized, or not to be told."""
        if self._page.channels == 1 or grid.period != (BLOCK, BLOCK):
            return None
        periods = []
        for steps, offset in zip(self._chroma, grid.offset, strict=True):
            profile = steps.values
            first, second = (
                _excess(profile, 2.0 * BLOCK, offset + start) for start in (0.0, float(BLOCK))
            )
            if max(first, second) < 0.1:
                return None
            periods.append(float(BLOCK if min(first, second) > 0.4 * max(first, second) else 16))
        return periods[0], periods[1]


def _excess(profile: Floats, period: float, first: float) -> float:
    """Median step at the borders of a grid beyond that midway between them, in the profile's
    unit; 0 where there are fewer than four borders."""
    count = int((profile.size - 3 - first) // period)
    if count < 4:
        return 0.0
    borders = first + period * np.arange(count + 1)
    own = profile[np.clip(np.rint(borders), 0, profile.size - 1).astype(np.intp)]
    middle = borders[:, None] + period * np.array([0.3, 0.4, 0.6, 0.7])[None, :]
    between = profile[np.clip(np.rint(middle), 0, profile.size - 1).astype(np.intp)]
    difference = own - np.median(between, axis=1)
    known = difference[np.isfinite(difference)]
    return float(np.median(known)) if known.size >= 4 else 0.0


def _cells(plane: Plane, top: int, left: int, scale: int) -> tuple[Plane, int, int]:
    """Area averages of scale x scale pixels on the page's own grid of cells, and the row and
    column of the first cell; parts of cells at a window's edge are left out."""
    if scale == 1:
        return plane, top, left
    skip = (-top % scale, -left % scale)
    height, width = ((side - start) // scale for side, start in zip(plane.shape, skip, strict=True))
    if height < 1 or width < 1:
        return np.zeros((0, 0), dtype=np.float32), 0, 0
    whole = plane[skip[0] : skip[0] + height * scale, skip[1] : skip[1] + width * scale]
    cells = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cells), (top + skip[0]) // scale, (left + skip[1]) // scale
