"""Printing screens: where the page bears a halftone, its ruling, its angle and its strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from restoration.examine.screen.halftone_print import Print, examine_lines, examine_print
from restoration.examine.screen.lattice import angle_of
from restoration.examine.screen.regions import coverage, seeds
from restoration.examine.screen.stochastic import stochastic_regions
from restoration.examine.screen.tiles import KeptTile, Peaked, TileCollector, TileLayout
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.screen import (
    Moire,
    PrintedScreen,
    Screen,
    ScreenDetail,
    ScreenedRegion,
)
from restoration.raster.base import Mask
from restoration.raster.boxes import stated

IDS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

MOST_SEEDS = 200
"""Groups of cells that are examined, largest first: a sheet of small advertisements."""

MOST_LINE_SEEDS = 6
"""The same where a single wave ties cells together: every texture has some."""


@dataclass(frozen=True)
class ScreenRegion:
    """One area of the map."""

    mask: Mask
    kind: str
    """``halftone`` or ``stochastic``."""
    print: Print | None
    confidence: float


class ScreenMeasurer:
    """Halftone screens of printed pictures.

    Value: ``halftone`` where an exact lattice of dots repeats over several tiles, ``stochastic``
    where dots without a lattice cover the picture (FM screens, error diffusion, mezzotint),
    ``none``, or None where it cannot be decided. Line screens are "lines" of which the second
    vector is a direction without a wave.
    """

    METHOD: ClassVar[str] = (
        "peaks of Hann-windowed tile spectra above their surroundings that form a square lattice, "
        "coherent in phase over neighbouring tiles; amplitudes in linear light"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page
        self._tiles = TileCollector(page)

    def see(self, window: Window) -> None:
        self._tiles.see(window)

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Screen:
        layout = self._tiles.layout
        tiles = self._tiles.finished()
        regions, doubtful = self._halftones(tiles)
        regular = np.zeros((layout.rows, layout.columns), dtype=np.bool_)
        for region in regions:
            regular |= region.mask
        for mask, confidence in stochastic_regions(tiles, regular):
            regions.append(ScreenRegion(mask, "stochastic", None, confidence))
        value, confidence, reason = _verdict(regions, doubtful)
        detail = ScreenDetail(
            cell_px=layout.cell_px,
            cells=(layout.rows, layout.columns),
            regions=tuple(
                self._entry(region, name) for region, name in zip(regions, IDS, strict=False)
            ),
            map=_map(regions, layout),
            unmeasured=tuple(stated(self._box(mask)) for mask, _ in doubtful),
            **({"reason": reason} if reason else {}),
        )
        return Screen(
            value=value, unit="", confidence=confidence, method=self.METHOD, detail=detail
        )

    def _halftones(self, tiles: Peaked) -> tuple[list[ScreenRegion], list[tuple[Mask, str]]]:
        """The halftone regions, largest first, and what looks like one but is not certain."""
        layout = self._tiles.layout
        regions: list[ScreenRegion] = []
        doubtful: list[tuple[Mask, str]] = []
        taken = np.zeros((layout.rows, layout.columns), dtype=np.bool_)
        for seed in seeds(tiles)[:MOST_SEEDS]:
            if (seed & taken).sum() > 0.5 * seed.sum():
                continue
            known = [region.print for region in regions if region.print is not None]
            found = examine_print(self.page, tiles, seed & ~taken, self._kept_in(seed), known)
            if isinstance(found, str):
                if found:
                    doubtful.append((seed, found))
                continue
            mask = coverage(tiles, seed, found.lattices) & ~taken
            if not mask.any():
                continue
            taken |= mask
            regions.append(ScreenRegion(mask, "halftone", found, found.confidence))
        regions.extend(self._line_screens(tiles, taken))
        regions.sort(key=lambda region: -int(region.mask.sum()))
        return _gathered(regions), doubtful

    def _line_screens(self, tiles: Peaked, taken: Mask) -> list[ScreenRegion]:
        """The regions of line screens among the cells that no dots cover."""
        if self.page.nominal_ppi is None:
            return []
        free, regions = ~taken, []
        left = replace(tiles, cell=np.where(free, tiles.cell, -1))
        for seed in seeds(left, lines=True)[:MOST_LINE_SEEDS]:
            if not (seed & free).any():
                continue
            lines = examine_lines(self.page, left, seed, self._kept_in(seed))
            if lines is None:
                continue
            mask = coverage(left, seed, lines.lattices) & free
            if mask.any():
                free &= ~mask
                regions.append(ScreenRegion(mask, "halftone", lines, lines.confidence))
        return regions

    def _kept_in(self, seed: Mask) -> list[KeptTile]:
        """The whole tiles whose middle lies in the seed, or beside it where there is none."""
        cell = self._tiles.layout.cell
        for reach in (0, 1):
            found = []
            for tile in self._tiles.kept:
                middle = tile.codes.shape[0] // 2
                row = min((tile.top + middle) // cell, seed.shape[0] - 1)
                column = min((tile.left + middle) // cell, seed.shape[1] - 1)
                near = seed[
                    max(0, row - reach) : row + reach + 1,
                    max(0, column - reach) : column + reach + 1,
                ]
                if near.any():
                    found.append(tile)
            if found:
                return found
        return []

    def _entry(self, region: ScreenRegion, name: str) -> ScreenedRegion:
        found = region.print
        return ScreenedRegion(
            id=name,
            box=stated(self._box(region.mask)),
            share=float(region.mask.sum()) / region.mask.size,
            kind=region.kind,
            confidence=region.confidence,
            screens=() if found is None else self._screens(found),
            moire=Moire(found=False) if found is None else found.moire,
        )

    def _screens(self, found: Print) -> tuple[PrintedScreen, ...]:
        step = self._tiles.layout.step
        screens = []
        for line in found.lines:
            one, other = line.lattice.first / step, line.lattice.second / step
            per_inch = self._per_inch(one), self._per_inch(other)
            lpi = None
            if per_inch[0] is not None and per_inch[1] is not None:
                lpi = float(np.sqrt(np.hypot(*per_inch[0]) * np.hypot(*per_inch[1])))
            sheet = one if per_inch[0] is None else per_inch[0]
            screens.append(
                PrintedScreen(
                    channel=line.channel,
                    f1=(float(one[0]), float(one[1])),
                    f2=(float(other[0]), float(other[1])),
                    ruling_lpi=lpi,
                    ruling_px=step / line.lattice.ruling,
                    angle_deg=angle_of(sheet) % (180.0 if line.lattice.lines else 90.0),
                    shape="line" if line.lattice.lines else "dot",
                    strength=line.strength,
                    confidence=line.confidence,
                )
            )
        return tuple(screens)

    def _per_inch(self, vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        """Cycles per inch, down and across."""
        if self.page.ppi is None:
            return None
        return np.asarray(vector * np.array([self.page.ppi[1], self.page.ppi[0]]))

    def _box(self, mask: Mask) -> tuple[int, int, int, int]:
        px = self._tiles.layout.cell_px
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        top, left = int(rows[0]) * px, int(columns[0]) * px
        bottom = min((int(rows[-1]) + 1) * px, self.page.height)
        right = min((int(columns[-1]) + 1) * px, self.page.width)
        return top, left, bottom - top, right - left


def _verdict(
    regions: Sequence[ScreenRegion], doubtful: Sequence[tuple[Mask, str]]
) -> tuple[str | None, float, str]:
    """Value, confidence, and why there is none or nothing certain."""
    halftones = [region for region in regions if region.kind == "halftone"]
    if halftones:
        return "halftone", max(region.confidence for region in halftones), ""
    if regions:
        return "stochastic", regions[0].confidence, ""
    if doubtful:
        return None, 0.0, doubtful[0][1]
    return "none", 0.9, "no lattice repeats over several tiles"


def _gathered(regions: list[ScreenRegion]) -> list[ScreenRegion]:
    """At most as many regions as there are ids: the smallest join the last one of their screen."""
    kept, rest = regions[: len(IDS)], regions[len(IDS) :]
    for region in rest:
        rulings = [abs(_ruling(other) - _ruling(region)) for other in kept]
        nearest = int(np.argmin(rulings))
        host = kept[nearest]
        kept[nearest] = ScreenRegion(
            host.mask | region.mask, host.kind, host.print, host.confidence
        )
    return kept


def _ruling(region: ScreenRegion) -> float:
    return region.print.lattices[0].ruling if region.print is not None else 0.0


def _map(regions: Sequence[ScreenRegion], layout: TileLayout) -> tuple[str, ...]:
    cells = np.full((layout.rows, layout.columns), ".", dtype="<U1")
    for region, name in zip(regions, IDS, strict=False):
        cells[region.mask] = name
    return tuple("".join(row) for row in cells)
