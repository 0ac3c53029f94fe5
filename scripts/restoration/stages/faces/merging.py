"""Restored faces put into their page, band by band; outside their masks nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from restoration.faces.frame import Frame
from restoration.faces.sampling import OnPage
from restoration.raster.area import Allowed
from restoration.raster.base import FloatImage, Plane, Raster, UInt8Image
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.faces.red_eye import Pupil

BLOCK_PIXELS = 1 << 19
"""Pixels that are made at a time, so that memory follows from the width alone."""


@dataclass(frozen=True)
class PatchWindow:
    """A window of the page, in whole pixels."""

    top: int
    left: int
    bottom: int
    right: int


class FacePatch:
    """One restored face, seen from the page."""

    def __init__(
        self, change: FloatImage, weights: Plane, frame: Frame, pupils: Sequence[Pupil] = ()
    ) -> None:
        """change: float32 (SIDE, SIDE, 1 or 3), sRGB-encoded, at full weight; weights: in [0, 1].
        pupils: that lose their red once all faces are merged.

        Only what the page can carry is kept, so that memory follows from the page's faces as the
        page has them.
        """
        self._change = OnPage(change, frame)
        self.weights = weights
        self.pupils = pupils
        rows, columns = np.flatnonzero(weights.any(axis=1)), np.flatnonzero(weights.any(axis=0))
        low = (float(columns[0]) - 1.0, float(rows[0]) - 1.0)
        high = (float(columns[-1]) + 2.0, float(rows[-1]) + 2.0)
        self.box = PatchWindow(*frame.bounds(low, high))

    def weight(self, top: int, left: int, height: int, width: int) -> Plane:
        """Share of the change at each pixel of a window, float32; exactly 0 outside the mask."""
        x, y = self._change.places(top, left, height, width)
        # Linear: between zeros there is nothing, where a spline would ring.
        weight = map_coordinates(
            self.weights, [y - 0.5, x - 0.5], order=1, mode="grid-constant", cval=0.0
        )
        return np.asarray(np.clip(weight, 0.0, 1.0), np.float32)

    def change(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """The change at full weight on a window, float32 (height, width, 1 or 3)."""
        return self._change.read(top, left, height, width)


@dataclass
class MergedPage:
    """A page with its restored faces."""

    source: Raster
    colour: ColourSpace
    patches: Sequence[FacePatch]
    neutral: bool
    """Whether the page's three channels are equal everywhere: then they stay so."""
    spared: Allowed | None = None
    """Where faces may be put; None: everywhere. Elsewhere lie heads that are left alone."""

    def bands(self, progress: Callable[[float, str], None]) -> Iterator[FloatImage]:
        """float32 (rows, width, channels) in [0, 1], top to bottom."""
        height, width = self.source.height, self.source.width
        step = max(1, BLOCK_PIXELS // width)
        for top in range(0, height, step):
            rows = min(step, height - top)
            band = self.source.read(top, 0, rows, width)
            for window, total in self._areas(top, rows):
                part = np.s_[window.top - top : window.bottom - top, window.left : window.right]
                band = np.array(band, np.float32)
                band[part] = self._changed(band[part], total)
            for pupil, window in self._pupils(top, rows):
                part = np.s_[window.top - top : window.bottom - top, window.left : window.right]
                band = np.array(band, np.float32)
                made = pupil.without_red(band[part], self.colour, window.top, window.left)
                band[part] = np.where(self._allowed(window)[..., None] > 0.0, made, band[part])
            progress((top + rows) / height, f"row {top + rows} of {height}")
            yield band

    def mask(self) -> Iterator[UInt8Image]:
        """Where faces were restored, or their pupils lost their red: uint8 (rows, width, 1), 255 =
        at full strength."""
        height, width = self.source.height, self.source.width
        step = max(1, BLOCK_PIXELS // width)
        for top in range(0, height, step):
            rows = min(step, height - top)
            band = np.zeros((rows, width, 1), np.uint8)
            touched: list[tuple[FacePatch | Pupil, PatchWindow]] = [
                *((p, box) for p in self.patches if (box := _cut(p.box, top, rows, width))),
                *self._pupils(top, rows),
            ]
            for made, window in touched:
                part = np.s_[window.top - top : window.bottom - top, window.left : window.right]
                size = window.bottom - window.top, window.right - window.left
                weight = made.weight(window.top, window.left, *size) * self._allowed(window)
                seen = np.ceil(weight * 255.0).astype(np.uint8)
                band[part][..., 0] = np.maximum(band[part][..., 0], seen)
            yield band

    def _areas(self, top: int, rows: int) -> Iterator[tuple[PatchWindow, FloatImage]]:
        """Windows of a band in which faces change, and the sum of their changes there.

        Faces that overlap share what they both claim, by their weights, so that neither is
        restored twice.
        """
        width = self.source.width
        cut = [(p, box) for p in self.patches if (box := _cut(p.box, top, rows, width))]
        for group in _touching(cut):
            union = PatchWindow(
                min(box.top for _, box in group),
                min(box.left for _, box in group),
                max(box.bottom for _, box in group),
                max(box.right for _, box in group),
            )
            size = union.bottom - union.top, union.right - union.left
            places = self._allowed(union)
            weights = [patch.weight(union.top, union.left, *size) * places for patch, _ in group]
            claimed = np.sum(weights, axis=0)
            total = np.zeros((*size, 3), np.float32)
            for (patch, _), weight in zip(group, weights, strict=True):
                share = weight
                if len(group) > 1:
                    share = weight * np.divide(
                        weight, claimed, out=np.zeros_like(weight), where=claimed > 0.0
                    )
                if share.any():
                    change = patch.change(union.top, union.left, *size)
                    total += share[..., None] * change
            yield union, total

    def _allowed(self, window: PatchWindow) -> Plane:
        """Share of a change that is allowed at each pixel of a window; 1 where nothing forbids."""
        size = window.bottom - window.top, window.right - window.left
        if self.spared is None:
            return np.ones(size, np.float32)
        return self.spared.weights(window.top, window.left, *size)

    def _pupils(self, top: int, rows: int) -> list[tuple[Pupil, PatchWindow]]:
        """Those that lie on a band, and where."""
        pupils = [pupil for patch in self.patches for pupil in patch.pupils]
        width = self.source.width
        return [(p, box) for p in pupils if (box := _cut(PatchWindow(*p.box), top, rows, width))]

    def _changed(self, before: FloatImage, change: FloatImage) -> FloatImage:
        """Where the change is 0 the values are those of the scan, bit for bit."""
        encoded = self.colour.to_srgb(before)
        low, high = np.minimum(encoded, 0.0), np.maximum(encoded, 1.0)
        wanted = np.clip(encoded + change, low, high)
        # A difference of two conversions: colours outside sRGB survive.
        added = self.colour.from_srgb(wanted) - self.colour.from_srgb(encoded)
        if self.neutral:
            added = np.repeat(added.mean(axis=2, keepdims=True), added.shape[2], axis=2)
        after = np.clip(before + added, 0.0, 1.0)
        touched = (change != 0.0).any(axis=2, keepdims=True)
        return np.asarray(np.where(touched, after, before), np.float32)


def _cut(box: PatchWindow, top: int, rows: int, width: int) -> PatchWindow | None:
    """The part of a box that lies on a band of the page; None where there is none."""
    found = PatchWindow(
        max(box.top, top), max(box.left, 0), min(box.bottom, top + rows), min(box.right, width)
    )
    return found if found.top < found.bottom and found.left < found.right else None


def _touching(
    cut: Sequence[tuple[FacePatch, PatchWindow]],
) -> list[list[tuple[FacePatch, PatchWindow]]]:
    """Groups of faces whose boxes meet."""
    groups: list[list[tuple[FacePatch, PatchWindow]]] = []
    for item in cut:
        met = [group for group in groups if any(_meet(item[1], other) for _, other in group)]
        groups = [group for group in groups if all(group is not one for one in met)]
        groups.append([*(one for group in met for one in group), item])
    return groups


def _meet(one: PatchWindow, other: PatchWindow) -> bool:
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return down > 0 and min(one.right, other.right) - max(one.left, other.left) > 0
