"""The picture closed over a hole: library methods alone, held to what lies around."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from skimage.restoration import inpaint_biharmonic

from restoration.examine.damage.evidence import luminance
from restoration.examine.damage.pieces import Pieces
from restoration.raster.base import FloatImage, Floats, Mask, Plane
from restoration.stages.repair.opacity import recovered, straying, tones
from restoration.stages.repair.patches import completed

WIDTHS = (9.0, 20.0, 40.0)
"""Widest hole of a class, in pixels. Holes up to the last are filled by the biharmonic equation
(Damelin and Hoang 2018, skimage): on simulated dust, scratches and creases it comes 0.4 to 2.5 dB
nearer to the truth than Telea and Navier-Stokes. Of wider ones no method knows much: the caller
brings a guess (``wide``)."""

QUIET, NOISY = (1.0, 1.0, 1.0), (1.0, 1.5, 3.0)
"""Blur of the rim by class of width, in pixels, up to NOISE and above."""

BLURRED = 0.5
"""Share of the blur in the rim: the equation carries the rim inwards, and single grains or a trace
of the damage in it become smears. Fully blurred, it loses the edges that a hole must continue."""

NOISE = 1.5 / 255.0

HARD = 0.8
"""Strength of a mark in the pixels of its edge, as a share of its mean, from which an edge is hard.
What touches it has no trace of it and is blurred half as much: all of it cost up to 2.5 dB."""

MOST_PIXELS = 20_000
"""Holes of more pixels, as nets of fine cracks are, are filled with patches: the equation is one
linear system per hole."""

LEAK = 0.1
"""Share of the damage that may shine through in the rim of a hole: above it the mask is too tight,
and what touches it is no picture to start from. Simulated scratches, masked to a fifth of their
strength, leave 0.12 to 0.16; with a mask one pixel wider 0.04 at most."""

RADIUS = 6
"""Of Telea's neighbourhood, in pixels."""

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

PLAIN = 0.1
"""Contrast from which a hole tells how tight the mask is, of full scale."""

RIM = 9
"""Side of the neighbourhood, in pixels, to whose range of values the fill is held."""

SLACK = 0.25
"""Share of that range by which the fill may leave it: a slope goes on into the hole. A whole range
cost 5 dB on a smooth page."""

SEEN = 41
"""Side of the neighbourhood, in pixels, to whose range of values it is held without slack."""

SURE, TOLD = 16.0 / 255.0, 0.7
"""What lies under a mark is picture to start from where it is known to this standard deviation, and
the record took this share of the doubt."""

DIVIDED = 0.5
"""Share of the doubt that the record took, from which a pixel counts as divided out."""


@dataclass(frozen=True)
class Guess:
    """What the wide holes of a window are filled with, where its record tells nothing."""

    pixels: FloatImage
    where: Mask
    """Of which pixels; elsewhere ``pixels`` says nothing."""
    method: str
    """In a word, for the record."""
    textured: bool
    """Whether it has the grain of the picture, as what is copied from there has."""


@dataclass(frozen=True)
class Filled:
    """A window after filling."""

    pixels: FloatImage
    made: Plane
    """float32 (h, w): share of the doubt about each pixel that the record did not take, 0 outside
    the mask. So much of the grain's variance it lacks."""
    methods: dict[str, Mask]
    """Where each was used; disjoint, together the mask."""


def fill(
    pixels: FloatImage, mask: Mask, noise: float, tight: bool, wide: Guess | None = None
) -> Filled:
    """The window with the masked pixels replaced.

    pixels: float32 (h, w, c) in [0, 1]; mask: bool (h, w), true is filled; noise: standard
    deviation in [0, 1]; tight: the holes are taken for one pixel wider than they are masked; wide:
    what wide holes are filled with.
    What is not masked is returned as it is. A window that is masked all over comes back unchanged:
    nothing is known of it.
    """
    out, made = np.array(pixels, np.float32), np.zeros(mask.shape, np.float32)
    if not mask.any() or mask.all():
        return Filled(out, made, {})
    hole = np.asarray(cv2.dilate(mask.view(np.uint8), CROSS) > 0) if tight else mask
    closed, solvable = _closed(out, hole, noise, wide)
    spread = straying(out, ~hole, hole)
    _, labels = cv2.connectedComponents(hole.view(np.uint8), connectivity=8)
    record, expected = out[hole], _expected(closed, hole & ~solvable)
    strength = np.abs(record - expected[hole]).mean(axis=1).astype(np.float64)
    hard = _hard(hole, labels, strength)
    tone = tones(record, expected[hole], spread, labels[hole].astype(np.intp) - 1)
    under = recovered(record, expected[hole], spread, tone)
    made[hole] = 1.0 - under.kept
    out[hole] = under.pixels + made[hole][:, None] * (closed - expected)[hole]
    # What is known by now under the thin places of a mark is a nearer rim for the rest of it.
    unsure = (under.deviation > SURE) | (under.kept < TOLD)
    if unsure.any():
        rest = np.zeros_like(mask)
        rest[hole] = unsure
        closed, solvable = _closed(out, rest, noise, wide, rest & hard)
        expected = _expected(closed, rest & ~solvable)
        under = recovered(record[unsure], expected[rest], spread[unsure], tone.of(unsure))
        made[rest] = 1.0 - under.kept
        out[rest] = under.pixels + made[rest][:, None] * (closed - expected)[rest]
    out[~mask], made[~mask] = pixels[~mask], 0.0
    divided = mask & (made < 1.0 - DIVIDED)
    methods = {"divided out": divided, "biharmonic": mask & ~divided & solvable}
    guessed = mask & ~divided & ~solvable
    copied = guessed
    if wide is not None and not wide.textured:
        copied = guessed & ~wide.where
        methods[wide.method] = guessed & wide.where
    methods["patches"] = copied
    # They have the grain of the picture that they come from.
    made[copied] = 0.0
    return Filled(out, made, methods)


def _hard(hole: Mask, labels: npt.NDArray[np.int32], strength: Floats) -> Mask:
    """The holes of marks that are as strong at their edge as within, bool (h, w).

    strength: float (n,), how far the record of each masked pixel is from the guess.
    """
    inner = cv2.erode(hole.view(np.uint8), CROSS) > 0
    edge, count = ~inner[hole], int(labels.max()) + 1
    of = labels[hole]
    whole = np.bincount(of, strength, count) / np.maximum(np.bincount(of, minlength=count), 1)
    total = np.bincount(of[edge], strength[edge], count)
    rim = total / np.maximum(np.bincount(of[edge], minlength=count), 1)
    return np.asarray(hole & (rim > HARD * whole)[labels], np.bool_)


def _closed(
    pixels: FloatImage, hole: Mask, noise: float, wide: Guess | None, opaque: Mask | None = None
) -> tuple[FloatImage, Mask]:
    """The picture carried into the holes from around them, and where by the equation.

    opaque: what of the holes is of a mark with a hard edge, whose rim is picture as it is.
    """
    out = pixels.copy()
    thin = hole
    if wide is not None:
        given = hole & wide.where
        out[given], thin = wide.pixels[given], hole & ~given
    sharp = np.zeros_like(hole) if opaque is None else opaque
    near = cv2.dilate(sharp.view(np.uint8), np.ones((RIM, RIM), np.uint8)) > 0
    blurs = NOISY if noise > NOISE else QUIET
    classes = [(_holes(thin, width), blur) for width, blur in zip(WIDTHS, blurs, strict=True)]
    solvable = classes[-1][0]
    large = thin & ~solvable
    if large.any():
        out[large] = completed(out, thin)[large]
    # What is filled already is as good a rim as any for the holes beside it.
    rim_of_all, done = out.copy(), np.zeros_like(hole)
    for upto, blur in classes:
        holes = upto & ~done
        done = upto
        if holes.any():
            rim = _softened(out, thin, blur)
            rim[near] = (rim[near] + out[near]) / np.float32(2)
            out[holes] = _solved(rim, holes)[holes]
    return _held(out, rim_of_all, solvable), solvable


def _solved(rim: FloatImage, holes: Mask) -> FloatImage:
    """The equation's answer in the holes; elsewhere it says nothing.

    skimage holds it to the range of all that is known, which depends on how the page is cut:
    black and white are put where no hole sees them, farther than the equation's reach of 2 pixels.
    """
    given, channels = rim.copy(), rim.shape[2]
    unseen = np.flatnonzero(cv2.dilate(holes.view(np.uint8), np.ones((5, 5), np.uint8)) == 0)
    if len(unseen) > 1:
        flat = given.reshape(-1, channels)
        flat[unseen[0]], flat[unseen[-1]] = 0.0, 1.0
    solved = inpaint_biharmonic(given, holes, split_into_regions=True, channel_axis=2)
    return np.asarray(solved, np.float32)


def _expected(closed: FloatImage, guessed: Mask) -> FloatImage:
    """What is most probable under the holes, as far as the record is to tell. What was guessed has
    the detail of another place, so there the rim is carried inwards, by Telea's fast marching
    (2004, OpenCV): 0 to 3 dB nearer to the truth, where a wide stain is divided out, than patches
    or their local mean. Its float32 variant (OpenCV 5.0) rounds to whole numbers, which turns
    values in [0, 1] to black and white: so on 16-bit codes."""
    if not guessed.any():
        return closed
    out, hole = closed.copy(), guessed.view(np.uint8)
    for channel in range(closed.shape[2]):
        codes = np.rint(np.clip(closed[:, :, channel], 0.0, 1.0) * 65535.0).astype(np.uint16)
        filled = cv2.inpaint(codes, hole, RADIUS, cv2.INPAINT_TELEA)
        out[:, :, channel][guessed] = filled[guessed].astype(np.float32) / np.float32(65535.0)
    return out


def leaks(pixels: FloatImage, mask: Mask) -> Floats:
    """Share of the damage that shines through in the rim of each hole that is plain to see.

    float64 (holes,). A user's mask ends where the eye no longer sees the scratch, a pixel before
    the scratch ends.
    """
    pieces, plane = Pieces.of(np.ascontiguousarray(mask)), luminance(pixels)
    beyond = pieces.ring(1, 2).mean(plane)
    damage, rim = (zone.mean(plane) - beyond for zone in (pieces.inside, pieces.ring(0, 1)))
    plain = np.abs(damage) > PLAIN
    return np.asarray(rim[plain] / damage[plain], np.float64)


def is_tight(shares: Floats) -> bool:
    """Whether a mask with these ``leaks`` lets damage shine through around its holes."""
    return len(shares) > 0 and float(np.median(shares)) >= LEAK


def _holes(mask: Mask, width: float) -> Mask:
    """The connected holes that are no wider than this and small enough for the equation."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    depth = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 5)
    deepest = np.zeros(count)
    np.maximum.at(deepest, labels.ravel(), depth.ravel())
    narrow = (2.0 * deepest <= width) & (boxes[:, cv2.CC_STAT_AREA] <= MOST_PIXELS)
    narrow[0] = False
    return np.asarray(narrow[labels])


def _softened(pixels: FloatImage, mask: Mask, sigma: float) -> FloatImage:
    """What is known, blurred in part; normalised at the holes."""
    known = (~mask).astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), np.float32(1e-6))
    out = pixels.copy()
    for channel in range(pixels.shape[2]):
        blurred = cv2.GaussianBlur(pixels[:, :, channel] * known, (0, 0), sigma) / weight
        plane = out[:, :, channel]
        plane[~mask] += np.float32(BLURRED) * (blurred - plane)[~mask]
    return out


def _held(filled: FloatImage, pixels: FloatImage, mask: Mask) -> FloatImage:
    """The fill within the range of the known values around each hole.

    The equation overshoots where it meets an edge; no fill is much lighter or darker than what
    it continues, and none at all than what lies farther around.
    """
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    square = np.ones((RIM, RIM), np.uint8)
    around = cv2.dilate(labels.astype(np.float32), square).astype(np.intp)
    rim = (around > 0) & ~mask
    for channel in range(pixels.shape[2]):
        lowest, highest = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(lowest, around[rim], pixels[:, :, channel][rim])
        np.maximum.at(highest, around[rim], pixels[:, :, channel][rim])
        # A hole whose whole rim another hole's number took is held to the full range.
        lowest = np.where(np.isfinite(lowest), lowest, 0.0)
        highest = np.where(np.isfinite(highest), highest, 1.0)
        slack = SLACK * (highest - lowest)[labels[mask]]
        low, high = lowest[labels[mask]] - slack, highest[labels[mask]] + slack
        darkest, lightest = _range(pixels[:, :, channel], mask)
        plane = filled[:, :, channel]
        plane[mask] = np.clip(np.clip(plane[mask], low, high), darkest[mask], lightest[mask])
    return filled


def _range(plane: Plane, mask: Mask) -> tuple[Plane, Plane]:
    """The least and the greatest known value around each pixel; 0 and 1 where none is."""
    square = np.ones((SEEN, SEEN), np.uint8)
    none = np.float32(np.inf)
    lowest = cv2.erode(np.where(mask, none, plane), square)
    highest = cv2.dilate(np.where(mask, -none, plane), square)
    lowest[~np.isfinite(lowest)], highest[~np.isfinite(highest)] = 0.0, 1.0
    return np.clip(lowest, 0.0, 1.0), np.clip(highest, 0.0, 1.0)
