"""Wide holes of a page, and what they are filled with: patches, or a network that a person names.

A hole is wide where it is wider than the biharmonic equation bridges. The wide parts of the mask
are filled before all others, each in a crop of its own with enough of the picture around it; what
is thin beside them is left to ``fill``, which is handed the result as a guess. So a wide hole is
filled at once, whatever bands and blocks the page is cut into. Larger ones are cut along a grid of
the page, and each part goes on from those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from restoration.examine.damage.layer import Groups, groups_of
from restoration.examine.damage.mask import TILE, MaskTile, Numbers, SparsePlane, tiles
from restoration.raster.base import FloatImage, Mask, Raster
from restoration.stages.repair.decision import FOUND, FillDecision, unasked, wide_left
from restoration.stages.repair.fill import WIDTHS, Guess
from restoration.stages.repair.halo import RINGS
from restoration.stages.repair.patches import completed

WIDE = WIDTHS[-1] - 4.0
"""Pixels above which a hole is wide: as far as the biharmonic equation is to be trusted, less what
``fill`` may widen a tight mask by."""

LARGEST = 768
"""Pixels along each side that are filled at once."""

AROUND = 128
"""Pixels around a hole that are seen when it is filled: what patches are taken from."""

RIM = 1
"""Pixels around the mask that are filled as well and taken for no picture: where a mask is tight,
damage shines through there."""

PageWindow = tuple[int, int, int, int]
"""Top, left, height and width."""


class FillsHoles(Protocol):
    """A network that fills holes."""

    @property
    def name(self) -> str:
        """As in the config."""
        ...

    @property
    def weights_sha256(self) -> str: ...

    def fill(self, pixels: FloatImage, hole: Mask) -> FloatImage:
        """pixels: float32 (h, w, 3), sRGB-encoded, in [0, 1]; hole: bool (h, w). Returns the same,
        not clipped; what is no hole may have changed."""
        ...


class Encoding(Protocol):
    """How the page's values are to be understood (``raster.colour.colour_space.ColourSpace``)."""

    def to_srgb(self, pixels: FloatImage) -> FloatImage: ...

    def from_srgb(self, pixels: FloatImage) -> FloatImage: ...


def wide_part(mask: SparsePlane, width: float = WIDE) -> SparsePlane:
    """Where the mask is wider than that: 1 where a disc of this diameter, in pixels, that lies in
    the mask holds a pixel, or all but holds it. Beyond the page's edge a hole goes on."""
    out = SparsePlane(mask.height, mask.width)
    reach = int(width / 2) + 2
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    for tile in tiles(mask.height, mask.width, margin=4 * reach):
        if mask.clean(*tile.window):
            continue
        inside = (mask.read(*tile.window) > 0).view(np.uint8)
        if inside.all():
            out.put(tile, inside[tile.core])
            continue
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
        deep = (2.0 * depth > width).view(np.uint8)
        if deep.any():
            out.put(tile, (cv2.dilate(deep, disc) & inside)[tile.core])
    return out


def without(mask: SparsePlane, wide: SparsePlane) -> SparsePlane:
    """The mask without what was found by looks alone and is wide."""

    def change(tile: MaskTile, values: Numbers) -> Numbers:
        taken = wide.get(*tile.place)
        if taken is None:
            return values
        return np.where((taken > 0) & (values == FOUND), np.uint8(0), values)

    return mask.changed(change)


def narrowed(mask: SparsePlane, decision: FillDecision) -> SparsePlane:
    """The mask without the wide part of what nobody asked for, which is left, and listed so."""
    # Halos come on top, and must not make a hole wide that counted as narrow.
    wide = wide_part(unasked(decision).mask(), WIDE - 2 * RINGS)
    if wide.count() == 0:
        return mask
    wide_left(decision, wide)
    return without(decision.mask(), wide)


@dataclass
class WideHoles:
    """The wide holes of a page."""

    source: Raster
    mask: SparsePlane
    """All that is filled of the page: no picture to take anything from."""
    where: SparsePlane
    """Its wide part."""
    filler: FillsHoles | None
    """The network that fills them; None: patches do."""
    colour: Encoding
    progress: Callable[[float, str], None] = lambda done, unit: None

    def __post_init__(self) -> None:
        self._done = SparsePlane(self.source.height, self.source.width)
        # As 16-bit codes, which is what a page is written as.
        self._codes = [
            SparsePlane(self.source.height, self.source.width, np.uint16)
            for _ in range(self.source.channels)
        ]

    @classmethod
    def of(
        cls,
        source: Raster,
        mask: SparsePlane,
        filler: Callable[[], FillsHoles | None],
        colour: Encoding,
        progress: Callable[[float, str], None] = lambda done, unit: None,
    ) -> WideHoles | None:
        """None where no hole of the mask is wide; then no network is loaded."""
        where = wide_part(mask)
        return cls(source, mask, where, filler(), colour, progress) if where.count() else None

    @property
    def method(self) -> str:
        return "patches" if self.filler is None else self.filler.name

    def fill(self) -> None:
        """Fill all of them; done once, before they are asked for."""
        parts = list(parts_of(self.where))
        for number, (window, core) in enumerate(parts):
            self._fill(window, core)
            self.progress((number + 1) / len(parts), f"wide hole {number + 1} of {len(parts)}")

    def guess(self, top: int, left: int, height: int, width: int) -> Guess | None:
        """What a window holds of them; None where it holds nothing."""
        window = (top, left, height, width)
        if self._done.clean(*window) or not (where := self._done.read(*window) > 0).any():
            return None
        pixels = np.stack([plane.read(*window) for plane in self._codes], axis=2)
        return Guess(
            pixels.astype(np.float32) / np.float32(65535.0),
            where,
            self.method,
            self.filler is None,
        )

    def _fill(self, window: PageWindow, core: PageWindow) -> None:
        """One part. window: what is seen of the page; core: what may be filled of it."""
        if not self.where.read(*core).any():
            return
        pixels = np.array(self.source.read(*window), np.float32)
        square = np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)
        unknown, wide = (
            cv2.dilate((plane.read(*window) > 0).view(np.uint8), square) > 0
            for plane in (self.mask, self.where)
        )
        before = self.guess(*window)
        if before is not None:
            pixels[before.where] = before.pixels[before.where]
            unknown &= ~before.where
        own = np.zeros_like(wide)
        first, start = core[0] - window[0], core[1] - window[1]
        own[first : first + core[2], start : start + core[3]] = True
        own &= wide & unknown
        if not own.any() or unknown.all():
            return
        made = self._made(pixels, np.ascontiguousarray(unknown))
        rows, columns = np.nonzero(own)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        place = (window[0] + int(rows.min()), window[1] + int(columns.min()))
        _put(self._done, place, own[box], own[box].view(np.uint8))
        codes = np.rint(np.clip(made[box], 0.0, 1.0) * np.float32(65535.0)).astype(np.uint16)
        for channel, plane in enumerate(self._codes):
            _put(plane, place, own[box], codes[:, :, channel])

    def _made(self, pixels: FloatImage, hole: Mask) -> FloatImage:
        if self.filler is None:
            return completed(pixels, hole)
        shown = np.clip(self.colour.to_srgb(pixels), 0.0, 1.0)
        answer = np.clip(self.filler.fill(shown, hole), 0.0, 1.0)
        return self.colour.from_srgb(answer)


def _put(plane: SparsePlane, place: tuple[int, int], where: Mask, values: Numbers) -> None:
    before = plane.read(*place, *where.shape)
    plane.write(*place, np.where(where, values, before))


def parts_of(where: SparsePlane) -> Iterator[tuple[PageWindow, PageWindow]]:
    """The parts in which wide holes are filled, in their order: what is seen of the page, and
    inside it what is filled. Together they hold all of ``where`` and RIM around it."""
    for box in _boxes(where):
        top, left = max(0, box[0] - RIM), max(0, box[1] - RIM)
        bottom = min(where.height, box[0] + box[2] + RIM)
        right = min(where.width, box[1] + box[3] + RIM)
        whole = max(bottom - top, right - left) <= LARGEST
        rows = [(top, bottom)] if whole else list(_cut(top, bottom))
        columns = [(left, right)] if whole else list(_cut(left, right))
        for first, last in rows:
            for start, end in columns:
                above, before = max(0, first - AROUND), max(0, start - AROUND)
                below = min(where.height, last + AROUND)
                after = min(where.width, end + AROUND)
                yield (
                    (above, before, below - above, after - before),
                    (first, start, last - first, end - start),
                )


def _cut(first: int, last: int) -> Iterator[tuple[int, int]]:
    """A stretch of the page, cut where its grid is."""
    for begin in range(first // LARGEST * LARGEST, last, LARGEST):
        yield max(first, begin), min(last, begin + LARGEST)


def _boxes(where: SparsePlane) -> list[PageWindow]:
    """Around each hole of the plane; holes that run on from tile to tile are one."""
    labels: dict[tuple[int, int], Groups] = {}
    boxes: list[tuple[int, int, int, int]] = []
    pairs: list[tuple[Groups, Groups]] = []
    for top, left, values in where.held():
        _, numbers, found, _ = cv2.connectedComponentsWithStats(values, connectivity=8)
        numbers = np.where(numbers > 0, numbers + len(boxes) - 1, -1).astype(np.intp)
        boxes += [
            (top + int(y), left + int(x), top + int(y + h), left + int(x + w))
            for x, y, w, h in found[1:, :4].tolist()
        ]
        place = (top // TILE, left // TILE)
        labels[place] = numbers
        for down, across in ((-1, -1), (-1, 0), (-1, 1), (0, -1)):
            beside = labels.get((place[0] + down, place[1] + across))
            if beside is not None:
                pairs += list(_meeting(beside, numbers, down, across))
    if not boxes:
        return []
    group, total = groups_of(pairs, len(boxes))
    edges = np.array(boxes)
    out = []
    for number in range(total):
        mine = edges[group == number]
        top, left = mine[:, :2].min(axis=0).tolist()
        bottom, right = mine[:, 2:].max(axis=0).tolist()
        out.append((top, left, bottom - top, right - left))
    return sorted(out)


def _meeting(one: Groups, other: Groups, down: int, across: int) -> Iterator[tuple[Groups, Groups]]:
    """Numbers that meet, also by their corners, where a tile borders on that above it or to its
    left: ``down`` and ``across`` say where ``one`` lies, seen from ``other``."""
    if down and across:
        pair = (one[-1:, 0 if across > 0 else -1], other[:1, -1 if across > 0 else 0])
        lines = [pair]
    elif down:
        above, below = one[-1], other[0]
        lines = [(above, below), (above[1:], below[:-1]), (above[:-1], below[1:])]
    else:
        before, after = one[:, -1], other[:, 0]
        lines = [(before, after), (before[1:], after[:-1]), (before[:-1], after[1:])]
    for here, there in lines:
        both = (here >= 0) & (there >= 0)
        if both.any():
            yield here[both].astype(np.intp), there[both].astype(np.intp)
