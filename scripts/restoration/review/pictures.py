"""Pictures for the page: whole sheets made small, and places at 100 %, before and after.

Both pictures are read once, by windows. Nothing here is random: the same files give the same
bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import imagecodecs
import numpy as np

from restoration.raster.base import FloatImage, Floats, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.resample import Resampled

OVERVIEW_SIDE = 640
"""Longest side of a whole sheet on the page, in pixels."""

CROP_SIDE = 320
"""Side of a place shown at 100 %, in pixels of the deliverable."""

WINDOW = 1024

LIGHT = 2.2
"""Power by which encoded values are averaged as light: a halftone is a mean of light, and the
mean of its encoded values would be too dark. The exact curve matters to no one at this size."""


@dataclass(frozen=True)
class CutOut:
    """A part of a picture, in its own pixels."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Comparison:
    """What one pass over both pictures gathers, per cell of ``step`` x ``step`` pixels."""

    step: int
    before: FloatImage
    after: FloatImage
    """Small pictures, float32 (rows, columns, channels), in the scan's own encoding."""
    change: Floats
    """Mean absolute difference, of full scale."""
    detail: Floats
    """Mean absolute gradient of the picture before."""
    changed: float
    """Share of pixels that differ at all."""


def compare(before: Raster, after: Raster) -> Comparison:
    """Looks at both pictures once. ``after`` may be larger; it is then seen at before's size."""
    height, width = before.height, before.width
    step = max(1, -(-max(height, width) // OVERVIEW_SIDE))
    same_size = (after.height, after.width) == (height, width)
    fitted: Raster = after if same_size else Resampled(after, height, width)
    rows, columns = -(-height // step), -(-width // step)
    small = np.zeros((2, rows, columns, before.channels))
    change, detail = np.zeros((rows, columns)), np.zeros((rows, columns))
    differing = 0
    side = max(step, WINDOW // step * step)
    for place in windows(CutOut(0, 0, height, width), side):
        one, other = (
            raster.read(place.top, place.left, place.height, place.width)
            for raster in (before, fitted)
        )
        cells = np.s_[
            place.top // step : -(-(place.top + place.height) // step),
            place.left // step : -(-(place.left + place.width) // step),
        ]
        small[0][cells] = _cell_means(np.clip(one, 0, 1) ** LIGHT, step)
        small[1][cells] = _cell_means(np.clip(other, 0, 1) ** LIGHT, step)
        difference = np.abs(other - one)
        change[cells] = _cell_means(difference, step).mean(axis=2)
        detail[cells] = _cell_means(_gradient(one), step)[..., 0]
        differing += int(np.count_nonzero(difference.max(axis=2)))
    pictures = (small ** (1.0 / LIGHT)).astype(np.float32)
    share = differing / (height * width)
    return Comparison(step, pictures[0], pictures[1], change, detail, share)


def places(found: Comparison, height: int, width: int, side: int) -> list[tuple[str, CutOut]]:
    """Where to look at 100 %: where most changed, and where there is most detail.

    height, width: of the picture before; side: of a place, in its pixels. The most detailed
    place does not overlap the most changed one where the picture has room. Ties go to the top,
    then to the left. Nothing changed: the most detailed place alone.
    """
    chosen: list[tuple[str, CutOut]] = []
    tall, wide = min(side, height), min(side, width)
    blocked = np.zeros(found.change.shape, bool)
    for kind, values in (("most changed", found.change), ("most detail", found.detail)):
        if kind == "most changed" and not found.changed:
            continue
        sums = _box_means(values, max(1, tall // found.step), max(1, wide // found.step))
        allowed = ~blocked[: sums.shape[0], : sums.shape[1]]
        # Rounded, so that a difference in the last bit of a sum moves no picture.
        ranked = np.where(allowed, np.round(sums, 7), -1.0) if allowed.any() else np.round(sums, 7)
        row, column = np.unravel_index(int(np.argmax(ranked)), ranked.shape)
        top = min(int(row) * found.step, height - tall)
        left = min(int(column) * found.step, width - wide)
        chosen.append((kind, CutOut(top, left, tall, wide)))
        reach_down, reach_across = tall // found.step, wide // found.step
        blocked[
            max(0, int(row) - reach_down + 1) : int(row) + reach_down,
            max(0, int(column) - reach_across + 1) : int(column) + reach_across,
        ] = True
    return chosen


def crop(raster: Raster, place: CutOut) -> FloatImage:
    """The place as float32 (h, w, channels)."""
    return raster.read(place.top, place.left, place.height, place.width)


def reduced(raster: Raster, place: CutOut, most: int) -> FloatImage:
    """The place made smaller, float32 (h, w, channels), at most ``most`` pixels a side.

    By windows; each pixel is the mean of the light of a square of pixels.
    """
    step = -(-max(place.height, place.width) // most)
    small = np.zeros((-(-place.height // step), -(-place.width // step), raster.channels))
    for part in windows(place, max(step, WINDOW // step * step)):
        down, across = (part.top - place.top) // step, (part.left - place.left) // step
        cells = _cell_means(np.clip(crop(raster, part), 0, 1) ** LIGHT, step)
        small[down : down + cells.shape[0], across : across + cells.shape[1]] = cells
    return np.asarray(small ** (1.0 / LIGHT), np.float32)


def enlarged(place: CutOut, before: Raster, after: Raster) -> CutOut:
    """The same place in the picture after, which may be larger."""
    down, across = after.height / before.height, after.width / before.width
    height = min(after.height, max(1, round(place.height * down)))
    width = min(after.width, max(1, round(place.width * across)))
    top = min(after.height - height, round(place.top * down))
    left = min(after.width - width, round(place.left * across))
    return CutOut(top, left, height, width)


def replicated(pixels: FloatImage, height: int, width: int) -> FloatImage:
    """Every pixel as a little square: a smaller picture beside a larger one, nothing invented."""
    if pixels.shape[:2] == (height, width):
        return pixels
    rows = np.arange(height) * pixels.shape[0] // height
    columns = np.arange(width) * pixels.shape[1] // width
    return np.asarray(pixels[rows][:, columns])


def upright(pixels: FloatImage, orientation: int) -> FloatImage:
    """The stored picture as it is to be seen (TIFF 6.0, tag 274, values 1 to 8)."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def upright_places(places: Floats, height: int, width: int, orientation: int) -> Floats:
    """Places (x, y) of a stored picture, float64 (n, 2), on the picture as ``upright`` turns it.

    height, width: of the stored picture, in the places' own unit.
    """
    x, y = places.T
    if orientation in (5, 6, 7, 8):
        x, y, height, width = y, x, width, height
    if orientation in (3, 4, 7, 8):
        y = height - y
    if orientation in (2, 3, 6, 7):
        x = width - x
    return np.column_stack([x, y])


def jpeg_uri(pixels: FloatImage, colour: ColourSpace, orientation: int, quality: int = 92) -> str:
    """A ``data:`` URI of the picture in sRGB, full colour resolution."""
    srgb = np.clip(colour.to_srgb(upright(pixels, orientation)), 0.0, 1.0)
    codes = np.rint(srgb * 255.0).astype(np.uint8)
    if colour.channels == 1:
        codes = np.ascontiguousarray(codes[..., 0])
    content = imagecodecs.jpeg8_encode(codes, level=quality, subsampling="444")
    return "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")


def windows(place: CutOut, side: int) -> Iterator[CutOut]:
    """Parts of at most ``side`` x ``side`` pixels that make up a place."""
    bottom, right = place.top + place.height, place.left + place.width
    for top in range(place.top, bottom, side):
        for left in range(place.left, right, side):
            yield CutOut(top, left, min(side, bottom - top), min(side, right - left))


def _cell_means(pixels: FloatImage, step: int) -> Floats:
    """float64 (rows, columns, channels): means over cells; cells at the far edges are smaller."""
    height, width = pixels.shape[:2]
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    sums = np.add.reduceat(pixels, rows, axis=0, dtype=np.float64)
    sums = np.add.reduceat(sums, columns, axis=1)
    tall = np.minimum(step, height - rows)
    wide = np.minimum(step, width - columns)
    return np.asarray(sums / np.outer(tall, wide)[..., None])


def _gradient(pixels: FloatImage) -> FloatImage:
    """float32 (h, w, 1): mean absolute differences to the right and downwards, of the mean."""
    plane = pixels.mean(axis=2)
    # Slightly smoothed: detail is structure, not the noise of single pixels.
    smooth = cv2.blur(plane, (3, 3), borderType=cv2.BORDER_REPLICATE)
    total = np.zeros_like(smooth)
    total[:, :-1] += np.abs(np.diff(smooth, axis=1))
    total[:-1] += np.abs(np.diff(smooth, axis=0))
    return np.asarray(total[..., None] * np.float32(0.5))


def _box_means(values: Floats, tall: int, wide: int) -> Floats:
    """Mean of each box of tall x wide cells, by its top left cell."""
    tall, wide = min(tall, values.shape[0]), min(wide, values.shape[1])
    total = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    boxes = total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide]
    return np.asarray((boxes + total[:-tall, :-wide]) / (tall * wide))
