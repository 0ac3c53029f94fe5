"""The first pass of the repair stage: everything that is to be filled, as one mask of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration.condition.never_filled import NeverFilled
from restoration.examine.damage.mask import Bytes, MaskTile, SparsePlane, tiles
from restoration.examine.damage.odds import decoded, threshold
from restoration.examine.damage.page_decision import PieceCounts
from restoration.examine.damage.search import Core, search
from restoration.findings.damage import Damage
from restoration.raster.base import FloatImage, Progress, Raster
from restoration.records.stage_findings.repair import FoundPieces
from restoration.stages.repair.grain import GrainStudy
from restoration.stages.repair.halo import with_halo
from restoration.stages.repair.infrared import DyeAbsorption, opaque

FOUND = 1
USER = 2
"""Why a pixel is filled; bits of the mask."""


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
class Doubt:
    """The condition report's map of the page: where there is nothing to look for."""

    cell: int
    rows: tuple[str, ...]

    @classmethod
    def of(cls, found: Damage | None) -> Doubt | None:
        """None where the report has no map: then everything is searched."""
        if found is None or not found.detail.map or not found.detail.cell_px:
            return None
        return cls(found.detail.cell_px, found.detail.map)

    def clean(self, tile: MaskTile) -> bool:
        """True where no cell under the tile, or next to it, has anything."""
        cell = self.cell
        first, last = tile.top // cell - 1, (tile.top + tile.height - 1) // cell + 1
        start, end = tile.left // cell - 1, (tile.left + tile.width - 1) // cell + 1
        return all(
            set(row[max(0, start) : end + 1]) <= {"."}
            for row in self.rows[max(0, first) : last + 1]
        )


@dataclass
class Discovery:
    """What was found, before anything is filled."""

    mask: SparsePlane
    """FOUND and USER."""
    study: GrainStudy
    findings: dict[str, Any]


def find_damage(
    source: Raster,
    at: Sequence[int],
    kinds: Sequence[str],
    sensitivity: float,
    doubt: Doubt | None,
    progress: Progress,
) -> Discovery:
    """Damage by its looks. at: reductions, as of ``search.levels``."""
    planes = {kind: SparsePlane(source.height, source.width) for kind in kinds}
    ledger, study = PieceCounts(), GrainStudy(source.channels)
    every = list(tiles(source.height, source.width))
    searched = 0
    for number, tile in enumerate(every):
        progress((number + 1) / len(every), f"search of tile {number + 1} of {len(every)}")
        if doubt is not None and doubt.clean(tile):
            continue
        pixels = source.read(*tile.window)
        core = Core(tile.core[0].start, tile.core[1].start, tile.height, tile.width)
        sighting = search(pixels, core, at, kinds)
        ledger.enter(sighting)
        suspect = np.zeros((tile.height, tile.width), np.bool_)
        for kind, codes in sighting.codes.items():
            planes[kind].put(tile, codes[tile.core])
            suspect |= codes[tile.core] > 0
        study.see(pixels[tile.core], suspect)
        searched += tile.height * tile.width
    mask = _with_halos(_decided(planes, ledger.shifts(), sensitivity), source)
    pieces = {kind: FoundPieces(**ledger.found(kind, sensitivity)) for kind in kinds}
    findings: dict[str, Any] = {kind: found.raw() for kind, found in pieces.items()}
    findings["searched_share"] = round(searched / (source.height * source.width), 4)
    findings["polarity"] = _polarity(list(pieces.values()))
    findings["shifts"] = {kind: round(ledger.shifts()[kind], 3) for kind in kinds}
    return Discovery(mask, study, findings)


def _decided(
    planes: Mapping[str, SparsePlane], shifts: Mapping[str, float], sensitivity: float
) -> SparsePlane:
    """Where the odds of any kind, on this page, exceed the threshold."""
    first = next(iter(planes.values()))
    mask = SparsePlane(first.height, first.width)
    for tile in tiles(first.height, first.width):
        marked: Bytes | None = None
        for kind, plane in planes.items():
            codes = plane.get(*tile.place)
            if codes is not None:
                sure = (decoded(codes) + shifts[kind] > threshold(sensitivity)) & (codes > 0)
                marked = sure.view(np.uint8) if marked is None else marked | sure.view(np.uint8)
        if marked is not None:
            mask.put(tile, marked * np.uint8(FOUND))
    return mask


def _with_halos(mask: SparsePlane, source: Raster) -> SparsePlane:
    """The mask and the halos around what it covers."""

    def change(tile: MaskTile, values: Bytes) -> Bytes:
        found = mask.read(*tile.window) > 0
        wider = with_halo(source.read(*tile.window), found)[tile.core]
        return np.where(wider, np.uint8(FOUND), values)

    return mask.changed(change)


def _polarity(kinds: Sequence[FoundPieces]) -> str:
    light = sum(kind.light for kind in kinds)
    dark = sum(kind.dark for kind in kinds)
    if light + dark == 0:
        return "none"
    return "light" if dark == 0 else "dark" if light == 0 else "both"


def find_by_infrared(source: Raster, infrared: Raster, progress: Progress) -> Discovery:
    """Damage that is opaque to infrared; both rasters have the same size."""
    dyes, study = DyeAbsorption(source.channels), GrainStudy(source.channels)
    every = list(tiles(source.height, source.width))
    for number, tile in enumerate(every):
        progress((number + 1) / (2 * len(every)), f"infrared of tile {number + 1}")
        pixels, light = source.read(*tile.window)[tile.core], _plane(infrared, tile)[tile.core]
        dyes.see(pixels, light)
    mask, count = SparsePlane(source.height, source.width), 0
    for number, tile in enumerate(every):
        progress(0.5 + (number + 1) / (2 * len(every)), f"infrared of tile {number + 1}")
        pixels = source.read(*tile.window)
        found = opaque(dyes.left(pixels, _plane(infrared, tile)))[tile.core]
        mask.put(tile, found.view(np.uint8) * np.uint8(FOUND))
        count += cv2.connectedComponents(np.ascontiguousarray(found).view(np.uint8))[0] - 1
        study.see(pixels[tile.core], found)
    absorbed = [round(float(value), 4) for value in dyes.coefficients]
    findings = {"infrared": {"pieces": count, "dye_absorption": absorbed}, "polarity": "dark"}
    return Discovery(mask, study, findings)


def _plane(raster: Raster, tile: MaskTile) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(raster.read(*tile.window)[:, :, 0])


def without(mask: SparsePlane, veto: NeverFilled) -> tuple[SparsePlane, int]:
    """The mask without what must not be filled, and the pixels that this spared."""
    spared = 0

    def change(tile: MaskTile, values: Bytes) -> Bytes:
        nonlocal spared
        held = veto.cover(tile.top, tile.left, tile.height, tile.width)
        spared += int(np.count_nonzero(values[held]))
        return np.where(held, np.uint8(0), values)

    return mask.changed(change), spared


def joined(
    mask: SparsePlane | None, user: Raster, study: GrainStudy, source: Raster
) -> SparsePlane:
    """The mask and the user's own: what is not 0 there is filled, veto or not."""
    out = SparsePlane(user.height, user.width)
    for tile in tiles(user.height, user.width):
        asked = user.read(tile.top, tile.left, tile.height, tile.width)[:, :, 0] > 0
        values = None if mask is None else mask.get(*tile.place)
        if values is None:
            values = np.zeros((tile.height, tile.width), np.uint8)
        out.put(tile, values | (asked.view(np.uint8) * np.uint8(USER)))
        if asked.any():
            study.see(_core(source, tile), asked | (values > 0))
    return out


def _core(source: Raster, tile: MaskTile) -> FloatImage:
    return source.read(tile.top, tile.left, tile.height, tile.width)
