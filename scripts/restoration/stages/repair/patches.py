"""Wide holes filled with patches of the picture around them, from coarse to fine.

Wexler, Shechtman and Irani (Space-Time Completion of Video, PAMI 2007): the hole is filled such
that each of its patches is like a patch of what is known. In turn each patch that touches the hole
is given the known patch nearest to it, and each pixel the weighted mean of what the patches over it
say. The nearest ones are found in a k-d tree of their lowest cosines, and through what their
neighbours found (Barnes et al., PatchMatch, SIGGRAPH 2009), which keeps what hangs together
together. No random numbers, no library that counts threads: the same pixels give the same bits.

What is drawn here was not recorded: it is like the picture, and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from restoration.raster.base import FloatImage, Floats32, Mask, Plane

SIDE = 7
"""Of a patch, in pixels; odd."""

SHALLOW = 4.0
"""Depth of the hole, in pixels, at which the coarsest scale is coarse enough."""

LEAST_SIDE = 28
"""Pixels that the coarsest scale is wide and high at least."""

ROUNDS = (3, 4, 5)
"""Times that patches are sought and pixels drawn, at the finest scale, the next, and all others."""

COSINES = (10, 3)
"""Lowest cosines of a patch by which it is sought, of its lightness and of each other channel."""

SOURCES = 60_000
"""Known patches in the tree, at most: an even share of them where there are more."""

STEPS = (1, 3)
"""Pixels between a patch and the neighbours whose finds it tries for itself."""

COHERENT = 0.8
"""A neighbour's find is taken where its distance is below that of the own times this... """

TRUST = 1.3
"""Base of the powers, by pixels into the hole, with which a patch weighs less."""

CHUNK = 20_000
"""Patches that are compared at a time: 12 MB each of colour."""

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

LEAST = 1e-9

AREA = 15
LIVELY = 5.0

Places = npt.NDArray[np.intp]
"""(patches, 2): row and column of their first pixels."""


@dataclass
class _Scale:
    """The picture at one scale, and its hole."""

    pixels: FloatImage
    hole: Mask
    targets: Places
    """Patches that touch the hole."""
    sources: Places
    """Patches that are known throughout."""
    known: Mask
    """bool (h - SIDE + 1, w - SIDE + 1): where a source begins."""
    trust: Floats32
    """Weight of each target."""

    @classmethod
    def of(cls, pixels: FloatImage, hole: Mask) -> _Scale:
        touched = _any_of(hole)
        depth = cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 5)
        targets = np.argwhere(touched)
        half = SIDE // 2
        trust = TRUST ** -depth[targets[:, 0] + half, targets[:, 1] + half]
        known = ~touched
        return cls(pixels, hole, targets, np.argwhere(known), known, trust.astype(np.float32))


def completed(pixels: FloatImage, hole: Mask) -> FloatImage:
    """The picture with its hole filled; all else as it is.

    pixels: float32 (h, w, c) in [0, 1]; hole: bool (h, w). Where hardly anything is known to take
    patches from, the hole is filled smoothly from its rim.
    """
    count = pixels.shape[2]
    scales = [(np.concatenate([pixels, _liveliness(pixels, hole)], axis=2), hole)]
    while _depth(scales[-1][1]) > SHALLOW and min(scales[-1][1].shape) >= 2 * LEAST_SIDE:
        scales.append(halved(*scales[-1]))
    found: Places | None = None
    made: FloatImage | None = None
    former: _Scale | None = None
    for level in range(len(scales) - 1, -1, -1):
        scale = _Scale.of(*scales[level])
        out = scale.pixels.copy()
        if made is None:
            out[scale.hole] = smooth(out, scale.hole)[scale.hole]
        else:
            out[scale.hole] = _doubled(made, scale.hole.shape)[scale.hole]
        if len(scale.sources) < SIDE * SIDE or not len(scale.targets):
            made = out
            continue
        if former is not None and found is not None:
            found = _finer(found, former, scale)
            out = _drawn(scale, out, found, np.where(found[:, 0] < 0, 1e9, 0.0))
        else:
            out = _peeled(scale, out)
        for _ in range(ROUNDS[min(level, len(ROUNDS) - 1)]):
            found, distance = _search(scale, out, found)
            out = _drawn(scale, out, found, distance)
        made, former = out, scale
    assert made is not None
    return np.ascontiguousarray(made[:, :, :count])


def _liveliness(pixels: FloatImage, hole: Mask) -> FloatImage:
    """How much lightness changes along rows and columns around each pixel, float32 (h, w, 2)."""
    plane = np.ascontiguousarray(pixels.mean(axis=2))
    known = cv2.erode((~hole).view(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    window = (AREA, AREA)
    share = np.maximum(cv2.boxFilter(known, -1, window), np.float32(1e-6))
    found = []
    for kernel in ([[-0.5, 0.0, 0.5]], [[-0.5], [0.0], [0.5]]):
        change = np.abs(cv2.filter2D(plane, -1, np.array(kernel, np.float32))) * known
        found.append(cv2.boxFilter(change, -1, window) / share)
    return np.stack(found, axis=2) * np.float32(LIVELY)


def smooth(pixels: FloatImage, hole: Mask) -> FloatImage:
    """The hole filled smoothly, from coarse to fine (Gortler et al., The Lumigraph, 1996)."""
    if not hole.any() or hole.all():
        return pixels
    out = pixels.copy()
    if min(hole.shape) < 2:
        out[hole] = pixels[~hole].mean(axis=0)
        return out
    out[hole] = _doubled(smooth(*halved(pixels, hole)), hole.shape)[hole]
    return out


def halved(pixels: FloatImage, hole: Mask) -> tuple[FloatImage, Mask]:
    """The means of what is known of each 2 x 2 pixels; where less than half is, a hole."""
    height, width = (side + side % 2 for side in hole.shape)
    grown = ((0, height - hole.shape[0]), (0, width - hole.shape[1]))
    known = np.pad((~hole).astype(np.float32), grown, mode="edge")
    whole = np.pad(pixels, (*grown, (0, 0)), mode="edge") * known[:, :, None]
    count = known.reshape(height // 2, 2, width // 2, 2).sum(axis=(1, 3))
    total = whole.reshape(height // 2, 2, width // 2, 2, -1).sum(axis=(1, 3))
    mean = total / np.maximum(count, np.float32(1.0))[:, :, None]
    return np.asarray(mean, np.float32), np.asarray(count < 2)


def _doubled(pixels: FloatImage, size: tuple[int, ...]) -> FloatImage:
    large = cv2.resize(
        pixels, (2 * pixels.shape[1], 2 * pixels.shape[0]), interpolation=cv2.INTER_LINEAR
    )
    return np.asarray(large.reshape(*large.shape[:2], -1)[: size[0], : size[1]])


def _depth(hole: Mask) -> float:
    return float(cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 5).max())


def _any_of(hole: Mask) -> Mask:
    """bool (h - SIDE + 1, w - SIDE + 1): whether a patch holds any of the hole."""
    grown = cv2.dilate(hole.view(np.uint8), np.ones((SIDE, SIDE), np.uint8))
    half = SIDE // 2
    return np.asarray(grown[half : hole.shape[0] - half, half : hole.shape[1] - half] > 0)


def _finer(found: Places, former: _Scale, scale: _Scale) -> Places:
    """What the coarser scale found, for the patches of this one; -1 where it says nothing."""
    numbers = np.full(former.known.shape, -1, np.intp)
    numbers[tuple(former.targets.T)] = np.arange(len(former.targets))
    half = np.minimum(scale.targets // 2, np.array(former.known.shape) - 1)
    number = numbers[tuple(half.T)]
    place = 2 * found[number] + (scale.targets - 2 * half)
    return np.where((number >= 0)[:, None] & _is_source(scale, place)[:, None], place, -1)


def _is_source(scale: _Scale, places: Places) -> npt.NDArray[np.bool_]:
    limits = np.array(scale.known.shape)
    inside = np.all((places >= 0) & (places < limits), axis=1)
    clipped = np.clip(places, 0, limits - 1)
    return np.asarray(inside & scale.known[tuple(clipped.T)])


def _search(scale: _Scale, out: FloatImage, found: Places | None) -> tuple[Places, Floats32]:
    """The nearest known patch of each target, and its squared distance for each value."""
    windows = np.lib.stride_tricks.sliding_window_view(out, (SIDE, SIDE), axis=(0, 1))
    features = _cosines(out)
    step = -(-len(scale.sources) // SOURCES)
    chosen = scale.sources[::step]
    tree = cKDTree(features[tuple(chosen.T)], balanced_tree=False, compact_nodes=False)
    _, number = tree.query(features[tuple(scale.targets.T)], eps=0.5)
    best = chosen[number]
    distance = _distances(windows, scale.targets, best)
    if found is not None:
        kept = found[:, 0] >= 0
        before = np.full(len(best), np.inf, np.float32)
        before[kept] = _distances(windows, scale.targets[kept], found[kept])
        nearer = before * COHERENT <= distance
        best, distance = np.where(nearer[:, None], found, best), np.where(nearer, before, distance)
    numbers = np.full(scale.known.shape, -1, np.intp)
    numbers[tuple(scale.targets.T)] = np.arange(len(scale.targets))
    limits = np.array(scale.known.shape)
    for length in STEPS:
        for move in ((0, length), (length, 0), (0, -length), (-length, 0)):
            beside = scale.targets + np.array(move)
            inside = np.all((beside >= 0) & (beside < limits), axis=1)
            number = np.where(inside, numbers[tuple(np.clip(beside, 0, limits - 1).T)], -1)
            place = best[number] - np.array(move)
            fit = (number >= 0) & _is_source(scale, place)
            fit &= np.any(place != best, axis=1)
            here = np.flatnonzero(fit)
            tried = _distances(windows, scale.targets[here], place[here])
            better = tried < distance[here]
            best[here[better]], distance[here[better]] = place[here[better]], tried[better]
    return best, distance


def _distances(windows: FloatImage, one: Places, other: Places) -> Floats32:
    """Mean squared difference of patches, float32 (patches,)."""
    out = np.empty(len(one), np.float32)
    for first in range(0, len(one), CHUNK):
        part = slice(first, first + CHUNK)
        apart = windows[tuple(one[part].T)] - windows[tuple(other[part].T)]
        out[part] = (apart * apart).mean(axis=(1, 2, 3))
    return out


def _cosines(out: FloatImage) -> Floats32:
    """The lowest cosines of every patch, float32 (h - SIDE + 1, w - SIDE + 1, cosines)."""
    along = np.arange(SIDE) + 0.5
    basis = np.array([np.cos(np.pi * k * along / SIDE) for k in range(SIDE)], np.float32)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    order = sorted(
        ((row, column) for row in range(SIDE) for column in range(SIDE)),
        key=lambda one: (sum(one), one),
    )
    picture = out.shape[2] - 2
    planes = [np.ascontiguousarray(out[:, :, :picture].mean(axis=2))]
    planes += [np.ascontiguousarray(out[:, :, c]) - planes[0] for c in range(picture - 1)]
    planes += [np.ascontiguousarray(out[:, :, picture + c]) for c in range(2)]
    half = SIDE // 2
    inner = np.s_[half : out.shape[0] - half, half : out.shape[1] - half]
    found = [
        cv2.sepFilter2D(plane, cv2.CV_32F, basis[column], basis[row])[inner]
        for index, plane in enumerate(planes)
        for row, column in order[: 10 if index == 0 else 3 if index < picture else 1]
    ]
    return np.stack(found, axis=2)


def _drawn(scale: _Scale, out: FloatImage, found: Places, distance: Floats32) -> FloatImage:
    """The hole drawn anew: of each pixel the mean of what the patches over it say."""
    spread = np.float32(max(float(np.percentile(distance, 75)), 1e-8))
    weight = scale.trust * np.exp(-distance / (2 * spread))
    total = np.zeros((*out.shape[:2], out.shape[2] + 1), np.float32)
    for row in range(SIDE):
        for column in range(SIDE):
            here = (scale.targets[:, 0] + row, scale.targets[:, 1] + column)
            there = (found[:, 0] + row, found[:, 1] + column)
            total[here[0], here[1], :-1] += weight[:, None] * scale.pixels[there]
            total[here[0], here[1], -1] += weight
    made = out.copy()
    said = scale.hole & (total[:, :, -1] > LEAST)
    made[said] = total[said][:, :-1] / total[said][:, -1:]
    return made


def _peeled(scale: _Scale, out: FloatImage) -> FloatImage:
    """The hole filled from its rim inwards, ring by ring, by the patches that fit what is known."""
    out, hole = out.copy(), scale.hole.copy()
    windows = np.lib.stride_tricks.sliding_window_view(scale.pixels, (SIDE, SIDE), axis=(0, 1))
    step = -(-len(scale.sources) // 4000)
    sources = scale.sources[::step]
    known = windows[tuple(sources.T)].transpose(0, 2, 3, 1)
    half = SIDE // 2
    while hole.any():
        ring = hole & ~(cv2.erode(hole.view(np.uint8), CROSS, borderValue=1) > 0)
        if not ring.any():
            break
        places = np.argwhere(ring)
        filled = np.empty((len(places), out.shape[2]), np.float32)
        for index, (row, column) in enumerate(places.tolist()):
            top = min(max(row - half, 0), hole.shape[0] - SIDE)
            left = min(max(column - half, 0), hole.shape[1] - SIDE)
            part = np.s_[top : top + SIDE, left : left + SIDE]
            told = ~hole[part]
            apart = known[:, told] - out[part][told]
            best = int((apart * apart).sum(axis=(1, 2)).argmin())
            filled[index] = known[best, row - top, column - left]
        out[ring] = filled
        hole &= ~ring
    return out


__all__ = ["Plane", "completed", "smooth"]
