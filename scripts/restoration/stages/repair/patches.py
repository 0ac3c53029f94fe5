"""Wide holes filled with patches of the picture around them, from coarse to fine.

Wexler, Shechtman and Irani (Space-Time Completion of Video, PAMI 2007): the hole is filled such
that each of its patches is like a patch of what is known. In turn each patch that touches the hole
is given the known patch nearest to it, and each pixel the weighted mean of what the patches over it
say. The nearest ones are found in a k-d tree of their lowest cosines, and through what their
neighbours found (Barnes et al., PatchMatch, SIGGRAPH 2009), which keeps what hangs together
together. At the coarsest scale the hole is first filled ring by ring, and patches are compared by
how lively the picture is, too (Newson et al., Video Inpainting of Complex Scenes, SIAM Journal on
Imaging Sciences 2014): smooth patches would win otherwise, and grass end as a smear.

No random numbers, no library that counts threads: the same pixels give the same bits. What is drawn
here was not recorded: it is like the picture, and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from restoration.raster.base import FloatImage, Floats32, Mask
from restoration.stages.repair.scales import doubled, halved, smooth

SIDE = 7
"""Of a patch, in pixels; odd."""

HALF = SIDE // 2

SHALLOW = 6.0
"""Depth of the hole, in pixels, at which the coarsest scale is coarse enough."""

LEAST_SIDE = 28
"""Pixels that the coarsest scale is wide and high at least."""

ROUNDS = (3, 4, 5)
"""Times that patches are sought and pixels drawn, at the finest scale, the next, and all others."""

COSINES = (10, 3, 1)
"""Lowest cosines of a patch by which it is sought: of its lightness, of what the first channels
differ from it, of its liveliness."""

SOURCES = 60_000
"""Known patches in the tree, at most: an even share of them where there are more."""

TRIED = 2_000
"""Known patches, at most, that are tried for each pixel of a ring."""

TREES = 2_500
"""Targets up to which each of them is sought in the tree, in each round."""

MOVES = np.array(
    [(side * step, 0) for step in (1, 3) for side in (1, -1)]
    + [(0, side * step) for step in (1, 3) for side in (1, -1)]
)
"""From a patch to the neighbours whose finds it tries for itself, in rows and columns."""

BESIDE = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])
"""From what a patch found to what it tries next to that."""

COHERENT = 0.8
"""A patch leaves what it found before for what the tree offers where that is nearer than this share
of the distance."""

TRUST = 1.3
"""Base of the powers, by pixels into the hole, with which a patch weighs less."""

AREA = 15
"""Side of the neighbourhood, in pixels, of which the liveliness is meant."""

LIVELY = 3.0
"""Weight of the liveliness against lightness and colour."""

CHUNK = 20_000
"""Patches that are compared at a time: 20 MB of each."""

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

PatchPlaces = npt.NDArray[np.intp]
"""(patches, 2): row and column of their first pixels."""


@dataclass
class _Scale:
    """The picture at one scale, and its hole."""

    pixels: FloatImage
    hole: Mask
    targets: PatchPlaces
    """Patches that touch the hole."""
    sources: PatchPlaces
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
        trust = TRUST ** -depth[targets[:, 0] + HALF, targets[:, 1] + HALF]
        known = ~touched
        return cls(pixels, hole, targets, np.argwhere(known), known, trust.astype(np.float32))

    def numbers(self) -> npt.NDArray[np.intp]:
        """Of the target that begins at a place; -1 where none does."""
        out = np.full(self.known.shape, -1, np.intp)
        out[tuple(self.targets.T)] = np.arange(len(self.targets))
        return out


def completed(pixels: FloatImage, hole: Mask) -> FloatImage:
    """The picture with its hole filled; all else as it is.

    pixels: float32 (h, w, c) in [0, 1]; hole: bool (h, w). Where hardly anything is known to take
    patches from, the hole is filled smoothly from its rim.
    """
    channels = pixels.shape[2]
    scales = [(np.concatenate([pixels, _liveliness(pixels, hole)], axis=2), hole)]
    while _depth(scales[-1][1]) > SHALLOW and min(scales[-1][1].shape) >= 2 * LEAST_SIDE:
        scales.append(halved(*scales[-1]))
    found: PatchPlaces | None = None
    made: FloatImage | None = None
    former: _Scale | None = None
    for level in range(len(scales) - 1, -1, -1):
        scale = _Scale.of(*scales[level])
        out = scale.pixels.copy()
        if made is None:
            out = smooth(out, scale.hole)
        else:
            out[scale.hole] = doubled(made, scale.hole.shape)[scale.hole]
        if len(scale.sources) < SIDE * SIDE:
            made = out
            continue
        if former is not None and found is not None:
            found = _finer(found, former, scale)
            alike = np.where(found[:, 0] < 0, np.inf, 0.0).astype(np.float32)
            out = _drawn(scale, out, found, alike)
        else:
            out = _peeled(scale, out)
        for _ in range(ROUNDS[min(level, len(ROUNDS) - 1)]):
            found, distance = _search(scale, out, found)
            out = _drawn(scale, out, found, distance)
        made, former = out, scale
    assert made is not None
    return np.ascontiguousarray(made[:, :, :channels])


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


def _depth(hole: Mask) -> float:
    return float(cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 5).max())


def _any_of(hole: Mask) -> Mask:
    """bool (h - SIDE + 1, w - SIDE + 1): whether a patch holds any of the hole."""
    grown = cv2.dilate(hole.view(np.uint8), np.ones((SIDE, SIDE), np.uint8))
    return np.asarray(grown[_middles(hole.shape)] > 0)


def _middles(shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Where the middles of patches lie in a picture."""
    return slice(HALF, shape[0] - HALF), slice(HALF, shape[1] - HALF)


def _finer(found: PatchPlaces, former: _Scale, scale: _Scale) -> PatchPlaces:
    """What the coarser scale found, for the patches of this one; -1 where it says nothing."""
    half = np.minimum(scale.targets // 2, np.array(former.known.shape) - 1)
    number = former.numbers()[tuple(half.T)]
    place = 2 * found[number] + (scale.targets - 2 * half)
    return np.where((number >= 0)[:, None] & _is_source(scale, place)[:, None], place, -1)


def _is_source(scale: _Scale, places: PatchPlaces) -> npt.NDArray[np.bool_]:
    limits = np.array(scale.known.shape)
    inside = np.all((places >= 0) & (places < limits), axis=1)
    clipped = np.clip(places, 0, limits - 1)
    return np.asarray(inside & scale.known[tuple(clipped.T)])


def _search(
    scale: _Scale, out: FloatImage, found: PatchPlaces | None
) -> tuple[PatchPlaces, Floats32]:
    """The nearest known patch of each target, and its squared distance for each value.

    found: what was found before, -1 where nothing was. Where there are so many patches that a tree
    takes long, it is asked for those alone that found nothing before.
    """
    windows, count = _windows(out), len(scale.targets)
    best, distance = np.full((count, 2), -1), np.full(count, np.inf, np.float32)
    if found is not None:
        kept = found[:, 0] >= 0
        best[kept] = found[kept]
        distance[kept] = _distances(windows, scale.targets[kept], found[kept])
    asked = np.flatnonzero((best[:, 0] < 0) | (count <= TREES))
    if len(asked):
        offered = _nearest(scale, out, asked)
        tried = _distances(windows, scale.targets[asked], offered)
        better = tried < COHERENT * distance[asked]
        best[asked[better]], distance[asked[better]] = offered[better], tried[better]
    numbers, limits = scale.numbers(), np.array(scale.known.shape)
    for move in MOVES:
        beside = scale.targets + move
        inside = np.all((beside >= 0) & (beside < limits), axis=1)
        number = np.where(inside, numbers[tuple(np.clip(beside, 0, limits - 1).T)], -1)
        _try(scale, windows, best, distance, best[number] - move, number >= 0)
    for move in BESIDE:
        _try(scale, windows, best, distance, best + move, np.ones(count, np.bool_))
    return best, distance


def _try(
    scale: _Scale,
    windows: FloatImage,
    best: PatchPlaces,
    distance: Floats32,
    places: PatchPlaces,
    where: npt.NDArray[np.bool_],
) -> None:
    """Takes these patches where they are known and nearer than the best so far."""
    here = np.flatnonzero(where & _is_source(scale, places) & np.any(places != best, axis=1))
    tried = _distances(windows, scale.targets[here], places[here])
    better = tried < distance[here]
    best[here[better]], distance[here[better]] = places[here[better]], tried[better]


def _nearest(scale: _Scale, out: FloatImage, asked: npt.NDArray[np.intp]) -> PatchPlaces:
    """The known patches whose lowest cosines are nearest to those of these targets."""
    features = _cosines(out)
    chosen = scale.sources[:: -(-len(scale.sources) // SOURCES)]
    tree = cKDTree(features[tuple(chosen.T)], balanced_tree=False, compact_nodes=False)
    _, number = tree.query(features[tuple(scale.targets[asked].T)], eps=0.5)
    return np.asarray(chosen[number])


def _windows(pixels: FloatImage) -> FloatImage:
    """A view of all patches: (h - SIDE + 1, w - SIDE + 1, channels, SIDE, SIDE)."""
    return np.lib.stride_tricks.sliding_window_view(pixels, (SIDE, SIDE), axis=(0, 1))


def _distances(windows: FloatImage, one: PatchPlaces, other: PatchPlaces) -> Floats32:
    """Mean squared difference of patches, float32 (patches,)."""
    out = np.empty(len(one), np.float32)
    for first in range(0, len(one), CHUNK):
        part = slice(first, first + CHUNK)
        apart = windows[tuple(one[part].T)] - windows[tuple(other[part].T)]
        out[part] = (apart * apart).mean(axis=(1, 2, 3))
    return out


def _cosines(out: FloatImage) -> Floats32:
    """The lowest cosines of every patch, float32 (h - SIDE + 1, w - SIDE + 1, cosines).

    out: the picture's channels, and its liveliness as the last two.
    """
    along = np.arange(SIDE) + 0.5
    basis = np.array([np.cos(np.pi * k * along / SIDE) for k in range(SIDE)], np.float32)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    order = sorted(
        ((row, column) for row in range(SIDE) for column in range(SIDE)),
        key=lambda one: (sum(one), one),
    )
    picture = out.shape[2] - 2
    lightness = np.ascontiguousarray(out[:, :, :picture].mean(axis=2))
    planes = [(lightness, COSINES[0])]
    planes += [(out[:, :, each] - lightness, COSINES[1]) for each in range(picture - 1)]
    planes += [(np.ascontiguousarray(out[:, :, each]), COSINES[2]) for each in (-2, -1)]
    found = [
        cv2.sepFilter2D(plane, cv2.CV_32F, basis[column], basis[row])[_middles(plane.shape)]
        for plane, count in planes
        for row, column in order[:count]
    ]
    return np.stack(found, axis=2)


def _drawn(scale: _Scale, out: FloatImage, found: PatchPlaces, distance: Floats32) -> FloatImage:
    """The hole drawn anew: of each pixel the mean of what the patches over it say.

    distance: of what each target found; infinite where it says nothing.
    """
    told = np.isfinite(distance)
    if not told.any():
        return out
    spread = np.float32(max(float(np.percentile(distance[told], 75)), 1e-8))
    # No weight is lost to rounding: what fits badly still says more than nothing.
    weight = (scale.trust * np.exp(np.maximum(-distance / (2 * spread), -20.0)))[told]
    targets, sources = scale.targets[told], found[told]
    total = np.zeros((*out.shape[:2], out.shape[2] + 1), np.float32)
    for row in range(SIDE):
        for column in range(SIDE):
            here = (targets[:, 0] + row, targets[:, 1] + column)
            there = (sources[:, 0] + row, sources[:, 1] + column)
            total[here[0], here[1], :-1] += weight[:, None] * scale.pixels[there]
            total[here[0], here[1], -1] += weight
    made = out.copy()
    said = scale.hole & (total[:, :, -1] > 0)
    made[said] = total[said][:, :-1] / total[said][:, -1:]
    return made


def _peeled(scale: _Scale, out: FloatImage) -> FloatImage:
    """The hole filled from its rim inwards, ring by ring: each pixel with the middle of the known
    patch that fits best what is known around it by then."""
    out, hole = out.copy(), scale.hole.copy()
    sources = scale.sources[:: -(-len(scale.sources) // TRIED)]
    known = _windows(scale.pixels)[tuple(sources.T)].transpose(0, 2, 3, 1)
    while hole.any():
        ring = hole & ~(cv2.erode(hole.view(np.uint8), CROSS, borderValue=1) > 0)
        if not ring.any():
            break
        places = np.argwhere(ring)
        filled = np.empty((len(places), out.shape[2]), np.float32)
        for index, (row, column) in enumerate(places.tolist()):
            top = min(max(row - HALF, 0), hole.shape[0] - SIDE)
            left = min(max(column - HALF, 0), hole.shape[1] - SIDE)
            part = np.s_[top : top + SIDE, left : left + SIDE]
            told = ~hole[part]
            apart = known[:, told] - out[part][told]
            best = int((apart * apart).sum(axis=(1, 2)).argmin())
            filled[index] = known[best, row - top, column - left]
        out[ring] = filled
        hole &= ~ring
    return out
