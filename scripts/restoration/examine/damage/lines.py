"""Scratches, long hairs and creases: lines that run on, whatever the picture does below them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from restoration.examine.damage.evidence import FAINTEST, Residuals
from restoration.examine.damage.pieces import Figures, Pieces, Zone, ratio
from restoration.raster.base import FloatImage, Plane

POOL = 2
"""Pixels, along each side, of which the strongest stands for all: a line that wanders by a pixel
still lies under a straight ruler."""

RULER = 21
"""Length of the ruler, in pooled pixels, along which evidence is averaged."""

DIRECTIONS = 12
"""Over half a turn; a ruler of 21 pixels is 1 or 2 wide, so that 15° lets nothing through."""

FAINT, CLEAR = 0.38, 0.55
"""Mean evidence along the ruler: a line is CLEAR somewhere and FAINT all along."""

SHORTEST = 24.0
"""Pooled pixels over which a line must run in one direction: shorter ones are everywhere."""

PLAINEST = 12.0 / 255.0
"""Least contrast of a line that is judged."""

QUIETEST = math.exp(-1.0)
"""A line's contrast, times this, must exceed the mean of what stands out around it."""

GAP = 40.0
"""Pooled pixels, along a line, between two pieces of one scratch."""

BESIDE, ASTRAY = 3.0, 0.14
"""How far, in pooled pixels and as a share of the distance, one piece of a scratch may lie beside
the axis of another."""

BORDER = 6
"""Pooled pixels along the window's border in which no line lies that runs along it: there the edge
of the sheet shows, and the reflection that the ruler sees beyond."""

ACROSS = 4
"""Pooled pixels to either side at which the picture must go on: a scratch lies on one thing, an
outline between two."""

ASIDE = (5, 9)
"""Pooled pixels to either side, where parallel lines would be: grass, brick, hair, weave."""


@dataclass(frozen=True)
class Lines:
    """Pieces of lines of one direction and polarity, on the pooled grid."""

    pieces: Pieces
    figures: dict[str, Figures]
    turn: int
    """The direction, of DIRECTIONS."""
    chain: npt.NDArray[np.intp]
    """Number of the chain that each is part of; all directions count together."""


@dataclass(frozen=True)
class _Pooled:
    """The window at 1/POOL."""

    raised: Plane
    sunk: Plane
    """The same of the other polarity: a pole has a lit and a shaded side."""
    broad: Plane
    """What stands out by the wider square."""
    plane: Plane
    colour: FloatImage
    """All channels, slightly blurred."""
    clutter: Plane
    chroma: Plane | None
    evidence: Plane
    noise: float


def lines(evidence: Residuals, pool: int = POOL) -> list[Lines]:
    """What may be a line, direction by direction; the same pixels may be in several."""
    pooled = _pooled(evidence, pool)
    if min(pooled.plane.shape) < RULER:
        return []
    along = [_along(pooled.evidence, turn) for turn in range(DIRECTIONS)]
    best = _highest(along)
    if not (best > CLEAR).any():
        return []
    # Most windows hold short lines alone: one look at all directions together settles those.
    somewhere = _standing(best, best > FAINT).labels > 0
    found = []
    for turn, mean in enumerate(along):
        # Neighbouring directions share a line; each is judged where it is about the best.
        own = somewhere & (mean >= 0.92 * best)
        if not (own & (mean > CLEAR)).any():
            continue
        pieces = _standing(mean, own)
        if pieces.count:
            found.append(_plain(pieces, _figures(pieces, pooled, mean, turn), turn))
    return _chained([one for one in found if one.pieces.count])


def _pooled(evidence: Residuals, pool: int) -> _Pooled:
    raised, sunk = (strongest(plane, pool) for plane in (evidence.thin, evidence.sunk))
    size = (raised.shape[1], raised.shape[0])
    plane = cv2.resize(evidence.plane, size, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(np.ascontiguousarray(evidence.pixels), size, interpolation=cv2.INTER_AREA)
    chroma = evidence.chroma
    if chroma is not None:
        chroma = np.asarray(cv2.resize(chroma, size, interpolation=cv2.INTER_AREA))
    capped = np.minimum(raised, np.float32(0.15))
    floor = cv2.blur(capped, (33, 33))
    cap = np.maximum(max(4.0 * evidence.noise, 1.3 * FAINTEST), 2.5 * floor)
    # Each pixel speaks up to 1: one bright dot under the ruler makes no line.
    shown = np.clip((raised - floor) / cap, 0.0, 1.0).astype(np.float32)
    return _Pooled(
        raised,
        sunk,
        strongest(evidence.raised, pool),
        np.asarray(plane),
        cv2.blur(colour, (3, 3)).reshape(*plane.shape, evidence.pixels.shape[2]),
        floor,
        chroma,
        shown,
        evidence.noise,
    )


def _plain(pieces: Pieces, figures: dict[str, Figures], turn: int) -> Lines:
    """The lines that are plain enough to be judged."""
    plain = figures["contrast"] > math.log(PLAINEST)
    plain &= figures["above_noise"] > math.log(3.0)
    plain &= figures["clutter"] < math.log(QUIETEST)
    plain &= pieces.inside.mean(_rim(pieces.labels.shape)) < 0.5
    # Every piece of one label is one connected piece already: the numbering stays in order.
    kept = Pieces.of(pieces.kept(plain))
    same = _same_order(pieces, kept)
    return Lines(kept, {name: values[same] for name, values in figures.items()}, turn, same)


def _rim(shape: tuple[int, ...]) -> Plane:
    """1 along the window's border, 0 inside."""
    rim = np.ones(shape, np.float32)
    rim[BORDER:-BORDER, BORDER:-BORDER] = 0.0
    return rim


def _same_order(before: Pieces, after: Pieces) -> npt.NDArray[np.intp]:
    """Index in ``before`` of each piece of ``after``."""
    inside = after.inside
    somewhere = np.zeros(after.count, np.intp)
    somewhere[inside.piece] = inside.index
    return before.labels.ravel()[somewhere].astype(np.intp) - 1


def _chained(found: list[Lines]) -> list[Lines]:
    """The same lines with two more figures: ``chain``, log of how far each runs on in others, and
    ``peers``, log of the length of other lines of the same direction.

    A scratch crosses the picture; where the picture is restless it is lost, and found again on the
    same line further on. Lines of the picture end with what they belong to.
    """
    if not found:
        return []
    place = np.concatenate([np.stack([one.pieces.row, one.pieces.column], 1) for one in found])
    length = np.exp(np.concatenate([one.figures["length"] for one in found]))
    turns = np.concatenate([np.full(one.pieces.count, one.turn) for one in found])
    angle = math.pi * turns / DIRECTIONS
    apart = place[None] - place[:, None]
    distance = np.hypot(apart[..., 0], apart[..., 1])
    # How far each lies beside the other's axis; directions are known to half a step alone.
    aside = np.abs(apart[..., 0] * np.cos(angle)[:, None] - apart[..., 1] * np.sin(angle)[:, None])
    allowed = BESIDE + ASTRAY * distance
    straight = (aside < allowed) & (allowed > aside.T)
    straight &= _between(angle[:, None], angle[None]) < 1.5 * math.pi / DIRECTIONS
    joined = straight & (distance - (length[:, None] + length[None]) / 2 < GAP)
    _, chain = connected_components(joined, directed=False)
    total = np.log(np.bincount(chain, length)[chain])
    contrast = np.concatenate([one.figures["contrast"] for one in found])
    # A line among its like is brickwork, planking or hair.
    alike = (chain[:, None] != chain[None]) & (contrast[None] > contrast[:, None] - 0.7)
    alike &= _between(angle[:, None], angle[None]) < 1.5 * math.pi / DIRECTIONS
    peers = np.log1p(alike @ length)
    starts = np.cumsum([0, *(one.pieces.count for one in found)])
    return [
        replace(
            one,
            figures={**one.figures, "chain": total[start:end], "peers": peers[start:end]},
            chain=chain[start:end].astype(np.intp),
        )
        for one, start, end in zip(found, starts[:-1], starts[1:], strict=True)
    ]


def _between(first: Figures, second: Figures) -> Figures:
    """Angle between two undirected lines, 0 to π/2."""
    turned = np.abs(first - second) % math.pi
    return np.asarray(np.minimum(turned, math.pi - turned))


def strongest(plane: Plane, pool: int) -> Plane:
    """The strongest of each pool x pool pixels; a last odd row or column is left out."""
    height, width = (side // pool * pool for side in plane.shape)
    # Strided copies: a maximum over two short axes is ten times as slow.
    parts = [
        np.ascontiguousarray(plane[row:height:pool, column:width:pool])
        for row in range(pool)
        for column in range(pool)
    ]
    return _highest(parts)


def _offsets(turn: int, length: int = RULER) -> list[tuple[int, int]]:
    """Rows and columns under the ruler at a direction, from its middle."""
    angle = math.pi * turn / DIRECTIONS
    half = length // 2
    return [
        (round(step * math.sin(angle)), round(step * math.cos(angle)))
        for step in range(-half, half + 1)
    ]


def _along(evidence: Plane, turn: int) -> Plane:
    """Mean of the evidence under the ruler, centred on each pixel."""
    half = RULER // 2
    height, width = evidence.shape
    padded = cv2.copyMakeBorder(evidence, half, half, half, half, cv2.BORDER_REFLECT_101)
    total = np.zeros_like(evidence)
    for down, right in _offsets(turn):
        total += padded[half + down : half + down + height, half + right : half + right + width]
    return total * np.float32(1.0 / RULER)


def _standing(mean: Plane, own: npt.NDArray[np.bool_]) -> Pieces:
    """Pieces that are CLEAR somewhere and run on."""
    pieces = Pieces.of((mean > FAINT) & own)
    clear = pieces.inside.highest(mean) > CLEAR
    long = np.hypot(pieces.tall, pieces.wide) >= SHORTEST
    return Pieces.of(pieces.kept(clear & long))


def _figures(pieces: Pieces, pooled: _Pooled, mean: Plane, turn: int) -> dict[str, Figures]:
    inside = pieces.inside
    centre = _crest(pieces, pooled)
    stand, weak = centre.quantiles(pooled.raised, 0.5, 0.15)
    contrast = np.maximum(stand, 2.0 / 255.0)
    ring = pieces.ring(2, 5)
    median, low, high = ring.quantiles(pooled.plane, 0.5, 0.1, 0.9)
    left, right = _sides(pieces, pooled, ring, turn)
    level = centre.mean(pooled.plane)
    under = pooled.plane - pooled.raised
    quarter, three = inside.quantiles(under, 0.1, 0.9)
    angle = math.pi * turn / DIRECTIONS
    beside = _beside(mean, angle)
    ends = [
        _moved(mean, round(by * math.sin(angle)), round(by * math.cos(angle)))
        for by in (-RULER, RULER)
    ]
    chroma = np.zeros(pieces.count)
    if pooled.chroma is not None:
        chroma = centre.mean(pooled.chroma) - ring.mean(pooled.chroma)
    unlike, most_unlike = centre.quantiles(_change(pooled.colour, angle), 0.5, 0.85)
    one, other = _opposite(pooled.sunk, angle)
    length = np.hypot(pieces.tall, pieces.wide)
    return {
        "length": np.log(length),
        "width": np.log(pieces.area / length),
        "evidence": inside.highest(mean),
        "mean_evidence": inside.mean(mean),
        "contrast": np.log(contrast),
        "above_noise": np.log(contrast / pooled.noise),
        "evenness": weak / contrast,
        "ring_range": ratio(high - low, contrast),
        "sides": ratio(np.abs(left - right), contrast),
        "unlike": ratio(unlike, contrast),
        "most_unlike": ratio(most_unlike, contrast),
        "shaded": ratio(centre.mean(np.maximum(one, other)), contrast),
        "one_shaded": ratio(centre.mean(np.abs(one - other)), contrast),
        "crossing": ratio(three - quarter, contrast),
        "parallel": inside.mean(beside),
        "most_parallel": inside.highest(beside),
        "narrow": ratio(centre.mean(pooled.broad), contrast),
        "both_ends": inside.mean(np.minimum(*ends)),
        "one_end": inside.mean(np.maximum(*ends)),
        "clutter": np.log(inside.mean(pooled.clutter) / contrast + 1e-2),
        "ring_raised": np.log(ring.mean(pooled.raised) / contrast + 1e-2),
        "ring_sunk": np.log(ring.mean(pooled.sunk) / contrast + 1e-2),
        "chroma_change": chroma,
        "level": level,
        "below": ratio(level - median, contrast),
    }


def _crest(pieces: Pieces, pooled: _Pooled) -> Zone:
    """The upper half of what stands out inside each piece: the line itself."""
    (half,) = pieces.inside.quantiles(pooled.raised, 0.6)
    return Zone.of(
        pieces.labels,
        (pieces.labels > 0) & (pooled.raised >= pieces.each(half)),
        pieces.count,
    )


def _sides(pieces: Pieces, pooled: _Pooled, ring: Zone, turn: int) -> tuple[Figures, Figures]:
    """Median of the plane on either side of each line: an edge of the picture has two levels."""
    angle = math.pi * turn / DIRECTIONS
    width = pooled.plane.shape[1]
    rows, columns = ring.index // width, ring.index % width
    aside = (rows - pieces.row[ring.piece]) * math.cos(angle) - (
        columns - pieces.column[ring.piece]
    ) * math.sin(angle)
    halves = []
    for side in (aside < 0, aside > 0):
        zone = Zone(ring.index[side], ring.piece[side], ring.count)
        halves.append(zone.quantiles(pooled.plane, 0.5)[0])
    return halves[0], halves[1]


def _change(colour: FloatImage, angle: float) -> Plane:
    """How much the picture changes from one side of each pixel to the other, in its most telling
    channel: an ear before a curtain may have the curtain's lightness, not its colour."""
    down, right = round(ACROSS * math.cos(angle)), round(-ACROSS * math.sin(angle))
    return _highest(
        [
            np.abs(_moved(plane, down, right) - _moved(plane, -down, -right))
            for plane in cv2.split(np.ascontiguousarray(colour))
        ]
    )


def _opposite(sunk: Plane, angle: float) -> tuple[Plane, Plane]:
    """Strongest line of the other polarity close by, on either side: a pole has a lit and a shaded
    side, a scratch has one of them, or the same halo on both."""
    steps = [(by * math.cos(angle), -by * math.sin(angle)) for by in range(2, ACROSS + 1)]
    one, other = (
        _highest([_moved(sunk, round(sign * down), round(sign * right)) for down, right in steps])
        for sign in (1.0, -1.0)
    )
    return one, other


def _beside(mean: Plane, angle: float) -> Plane:
    """Strongest of the parallel lines at the distances ASIDE to either side."""
    across = (math.cos(angle), -math.sin(angle))
    return _highest(
        [
            _moved(mean, round(by * across[0]), round(by * across[1]))
            for distance in range(ASIDE[0], ASIDE[1] + 1, 2)
            for by in (distance, -distance)
        ]
    )


def _highest(planes: list[Plane]) -> Plane:
    highest = planes[0]
    for plane in planes[1:]:
        highest = np.asarray(cv2.max(highest, plane))
    return highest


def _moved(plane: Plane, down: int, right: int) -> Plane:
    by = max(abs(down), abs(right), 1)
    padded = cv2.copyMakeBorder(plane, by, by, by, by, cv2.BORDER_REFLECT_101)
    height, width = plane.shape
    return np.asarray(padded[by + down : by + down + height, by + right : by + right + width])
