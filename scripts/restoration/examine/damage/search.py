"""The search of one window: every piece that may be damage, with its odds, by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.coefficients import DUST, LINES
from restoration.examine.damage.curve import on_curve
from restoration.examine.damage.dust import candidates
from restoration.examine.damage.evidence import THIN, Residuals, both_polarities, luminance
from restoration.examine.damage.lines import POOL, Lines, lines, strongest
from restoration.examine.damage.odds import LOWEST, coded
from restoration.examine.damage.pieces import Figures, Pieces
from restoration.raster.base import FloatImage, Plane

KINDS = ("dust", "scratches", "creases")

FEWEST = 4
"""Pieces of damage from which any is believed in: worn prints have more, and sharp highlights in
sound ones look like one or two."""

FRINGE = 0.2
"""Share of its contrast above which a pixel next to a piece still belongs to the damage: its soft
edge, which would otherwise stay behind as an outline."""

CARRIED = 2.0
"""Odds that a piece of a line gains at most from a surer piece of the same line."""

COARSE = 4
"""Creases are looked for at a quarter of the resolution at which scratches are."""

COARSEST = 8
"""But at an eighth of the scan's at least: a window must hold a crease at a length that tells."""

SMALLEST_SIDE = 96
"""Windows narrower than this, in pixels of their level, are not searched for lines."""


@dataclass(frozen=True)
class Judged:
    """Pieces of one kind whose middle lies in the window's core."""

    odds: Figures
    area: Figures
    """Pixels of the page."""
    length: Figures
    """Pixels of the page."""
    light: npt.NDArray[np.bool_]


@dataclass
class Sighting:
    """What was found in one window."""

    shape: tuple[int, int]
    codes: dict[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    """By kind: the code of the odds (``odds.coded``) of the likeliest piece at each pixel."""
    judged: dict[str, list[Judged]] = field(default_factory=dict)

    def add(self, kind: str, mask: Plane, judged: Judged) -> None:
        """mask: odds where the pieces lie, below LOWEST elsewhere, at the window's size."""
        codes = coded(mask.astype(np.float64))
        before = self.codes.get(kind)
        self.codes[kind] = codes if before is None else np.maximum(before, codes)
        self.judged.setdefault(kind, []).append(judged)


@dataclass(frozen=True)
class Core:
    """The part of a window that is its own; the rest only helps to judge."""

    top: int
    left: int
    height: int
    width: int

    def holds(self, rows: Figures, columns: Figures) -> npt.NDArray[np.bool_]:
        return np.asarray(
            (rows >= self.top)
            & (rows < self.top + self.height)
            & (columns >= self.left)
            & (columns < self.left + self.width)
        )


def levels(height: int, width: int, ppi: float | None) -> tuple[int, ...]:
    """Reductions at which a page is searched: dust of a 1200-ppi scan is larger in pixels."""
    found = [1]
    resolution = ppi if ppi is not None else 600.0 if min(height, width) > 2000 else 300.0
    while resolution / found[-1] >= 600.0 and min(height, width) / found[-1] >= 512:
        found.append(2 * found[-1])
    return tuple(found)


def search(
    pixels: FloatImage, core: Core, at: Sequence[int], kinds: Sequence[str] = KINDS
) -> Sighting:
    """Everything in the window that may be damage.

    pixels: float32 (h, w, 1 or 3), encoded values in [0, 1]. core: pieces are counted where their
    middle lies in it. at: reductions, as of ``levels``. kinds: what is looked for.
    """
    sighting = Sighting((pixels.shape[0], pixels.shape[1]))
    for level in at:
        reduced = _reduced(pixels, level)
        for evidence in both_polarities(reduced):
            if "dust" in kinds:
                _search_dust(sighting, evidence, level, core)
            if "scratches" in kinds and min(reduced.shape[:2]) >= SMALLEST_SIDE:
                _search_lines(sighting, evidence, level, core, "scratches")
    coarse = min(at[-1] * COARSE, COARSEST)
    if "creases" in kinds and min(pixels.shape[:2]) >= SMALLEST_SIDE * coarse:
        for evidence in both_polarities(_reduced(_without_thin(pixels), coarse)):
            _search_lines(sighting, evidence, coarse, core, "creases")
    return sighting


def search_creases(proxy: FloatImage, level: int) -> Sighting:
    """Creases alone, on a page that is reduced by ``level`` already.

    proxy: float32 (h, w, 1 or 3), encoded values in [0, 1]. The sighting has the proxy's size; the
    areas and lengths in it are those of the page.
    """
    height, width = proxy.shape[:2]
    sighting = Sighting((height, width))
    if min(height, width) >= SMALLEST_SIDE:
        for evidence in both_polarities(luminance(proxy)[:, :, None]):
            _search_lines(sighting, evidence, 1, Core(0, 0, height, width), "creases")
    for kind, found in sighting.judged.items():
        sighting.judged[kind] = [
            replace(one, area=one.area * level**2, length=one.length * level) for one in found
        ]
    return sighting


def _reduced(pixels: FloatImage, level: int) -> FloatImage:
    """Area averages over level x level pixels; a last odd row or column is left out."""
    if level == 1:
        return pixels
    height, width = (side // level for side in pixels.shape[:2])
    even = np.ascontiguousarray(pixels[: height * level, : width * level])
    small = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small).reshape(height, width, pixels.shape[2])


def _without_thin(pixels: FloatImage) -> FloatImage:
    """Luminance without what is thinner than THIN pixels: that was judged as a scratch."""
    plane = luminance(pixels)
    square = np.ones((THIN, THIN), np.uint8)
    opened = cv2.morphologyEx(plane, cv2.MORPH_OPEN, square)
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, square))[:, :, None]


def _search_dust(sighting: Sighting, evidence: Residuals, level: int, core: Core) -> None:
    found = candidates(evidence)
    pieces = found.pieces
    if pieces.count == 0:
        return
    odds = DUST.odds(found.figures)
    if level > 1:
        # What is this small here was judged at the finer level, with more to judge by.
        odds = np.where(pieces.area >= 6, odds, LOWEST - 1.0)
    kept = odds > LOWEST
    body = _with_fringe(pieces, kept, odds, evidence)
    judged = _judged(pieces, odds, level, core, evidence.light)
    sighting.add("dust", _enlarged(body, level, sighting.shape), judged)


def _search_lines(
    sighting: Sighting, evidence: Residuals, level: int, core: Core, kind: str
) -> None:
    found = lines(evidence)
    if not found:
        return
    own = [LINES.odds(one.figures) for one in found]
    chains = np.concatenate([one.chain for one in found])
    weight = strongest(evidence.thin, POOL)
    surest = np.full(int(chains.max()) + 1, -np.inf)
    np.maximum.at(surest, chains, np.concatenate(own))
    for one, alone in zip(found, own, strict=True):
        # A doubtful stretch of a scratch that is sure elsewhere is the same scratch.
        carried = np.minimum(surest[one.chain] - 0.5, alone + CARRIED)
        odds = np.maximum(alone, carried)
        if not (odds > LOWEST).any():
            continue
        body = _line_body(one, odds, evidence, weight)
        judged = _judged(one.pieces, odds, level * POOL, core, evidence.light)
        sighting.add(kind, _enlarged(body, level, sighting.shape), judged)


def _with_fringe(
    pieces: Pieces, kept: npt.NDArray[np.bool_], odds: Figures, evidence: Residuals
) -> Plane:
    """Odds over each kept piece and its soft edge, up to two pixels out."""
    peak = pieces.inside.highest(evidence.raised)
    held = np.where(kept, odds - LOWEST + 1.0, 0.0)
    square = np.ones((5, 5), np.uint8)
    near = cv2.dilate(pieces.each(held), square)
    level = cv2.dilate(pieces.each(np.where(kept, peak, 0.0)), square)
    edge = np.maximum(np.float32(FRINGE) * level, np.float32(2.5 * evidence.noise))
    own = pieces.each(held)
    body = np.where((near > 0) & (evidence.raised > edge), near, own)
    return np.asarray(body + np.float32(LOWEST - 1.0), np.float32)


def _line_body(one: Lines, odds: Figures, evidence: Residuals, weight: Plane) -> Plane:
    """Odds over the pixels of the lines: what stands out on the curve of each.

    weight: what stands out, pooled.
    """
    height, width = evidence.plane.shape
    contrast = np.exp(one.figures["contrast"])
    held = np.maximum(odds - LOWEST + 1.0, 0.0)
    curve = on_curve(one, weight)
    square = np.ones((3, 3), np.uint8)
    planes = [
        _unpooled(cv2.dilate(one.pieces.each(figures) * curve, square), height, width)
        for figures in (held, np.where(held > 0, contrast, 0.0))
    ]
    edge = np.maximum(np.float32(0.3) * planes[1], np.float32(2.0 * evidence.noise))
    standing = (planes[0] > 0) & (evidence.thin > edge)
    return np.asarray(np.where(standing, planes[0], 0.0) + (LOWEST - 1.0), np.float32)


def _unpooled(plane: Plane, height: int, width: int) -> Plane:
    full = cv2.resize(plane, None, fx=POOL, fy=POOL, interpolation=cv2.INTER_NEAREST)
    bottom, right = height - full.shape[0], width - full.shape[1]
    return np.asarray(cv2.copyMakeBorder(full, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=0))


def _enlarged(odds: Plane, level: int, shape: tuple[int, int]) -> Plane:
    if level == 1:
        return odds
    full = cv2.resize(odds, None, fx=level, fy=level, interpolation=cv2.INTER_NEAREST)
    bottom, right = shape[0] - full.shape[0], shape[1] - full.shape[1]
    return np.asarray(
        cv2.copyMakeBorder(full, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=LOWEST - 1.0)
    )


def _judged(pieces: Pieces, odds: Figures, level: int, core: Core, light: bool) -> Judged:
    own = core.holds((pieces.row + 0.5) * level, (pieces.column + 0.5) * level)
    return Judged(
        odds[own],
        pieces.area[own] * level**2,
        np.hypot(pieces.tall, pieces.wide)[own] * level,
        np.full(int(own.sum()), light),
    )
