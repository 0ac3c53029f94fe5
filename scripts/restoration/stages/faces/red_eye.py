"""Red pupils of flash light: found by their colour, shape, size and place, and made neutral.

Light of a flash beside the lens comes back from the retina through a wide pupil. What is red there
is light of the blood behind it; green and blue still say how light the pupil is. So the colour is
taken away and nothing is drawn: a pupil is as light as its green and blue, and catchlights, which
are not red, stay as they are.

An eye is left alone wherever something else may be red: better a red pupil than a grey lip.
Lengths are shares of the distance between the eyes, about 63 mm in adults; their irises are 12 mm
wide, and pupils 3 to 8 mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from restoration.faces.frame import Places
from restoration.faces.sampling import reduced
from restoration.raster.base import FloatImage, Plane, Raster
from restoration.raster.colour.colour_space import ColourSpace

SIDES = ("left", "right")
"""Of the upright picture, as in ``frame.EYES_AND_MOUTH``."""

FINEST = 256.0
"""Pixels between the eyes of the finest grid that is looked at."""

REACH = 0.3
"""Half the side of the window around an eye."""

NEAR = 0.11
"""From the eye's point to a pupil's middle, at most: eyes look aside, and detectors err."""

SMALLEST, LARGEST = 0.022, 0.115
"""Radius of a red pupil: below it noise is, above it no iris of an adult or a child."""

FEWEST = 6
"""Pixels of the grid in which a shape can be told."""

RED, LEAST_RED = 0.45, 0.3
"""Redness of a pupil, and of its palest pixels. Skin has 0.15 to 0.35, brown irises up to 0.45, and
most of them are orange; pupils in flash light have 0.5 to 0.9."""

STANDS_OUT, STANDS_OUT_BESIDE = 0.62, 0.75
"""What a pupil's larger of green and blue is of red, at most, as a share of what it is in the skin
around and in the ring beside it: in prints with a red cast, lids reach a redness of 0.7 beside skin
of 0.5."""

BRIGHT = 0.35
"""Of the red of lit skin, what a pupil has at least: one that no flash lights is darker."""

LEAST_LIGHT = 0.12
"""What red has more than the other channels in a red pixel: in dark ones a ratio says nothing."""

ORANGE = 0.28
"""What green has more than blue, as a share of what red has more than blue, from which a colour is
orange or brown (a hue of 17°)."""

DARK_MIDDLE = 0.08
"""Share of a red ring that is dark and not red inside: an iris around a pupil."""

ASPECT, COMPACT = 0.55, 0.8
"""Least ratio of a pupil's axes (lids cover a part), and of its area to that of the ellipse with
its second moments, which is 1 for all ellipses."""

BESIDE = (0.04, 0.09)
"""Distance from a pupil of what it is compared with: iris, white and lids."""

SMOOTHING, CLOSING, FEATHER = 0.012, 0.02, 0.02
"""Against grain; over catchlights at the rim; over which the mask falls to 0 outside the pupil."""

GREY_BELOW, RED_ABOVE = 0.03, 0.12
"""Redness at which a pixel of the pupil begins to lose its colour, and loses all of it."""

DARKEST = 0.12
"""Least value that redness is a share of, so that noise in black is not red."""


@dataclass(frozen=True)
class Pupil:
    """The soft mask of one red pupil."""

    mask: Plane
    """float32 in [0, 1], on a grid over the box."""
    box: tuple[int, int, int, int]
    """Top, left, bottom, right on the page, in whole pixels; beyond it the mask is 0."""

    def weight(self, top: int, left: int, height: int, width: int) -> Plane:
        """The mask on a window of the page, float32 (height, width)."""
        first, start, last, stop = self.box
        down = (np.arange(top, top + height) + 0.5 - first) * (self.mask.shape[0] / (last - first))
        right = (np.arange(left, left + width) + 0.5 - start) * (
            self.mask.shape[1] / (stop - start)
        )
        places = np.meshgrid(down - 0.5, right - 0.5, indexing="ij")
        weight = ndimage.map_coordinates(self.mask, places, order=1, mode="grid-constant", cval=0.0)
        return np.asarray(weight, np.float32)

    def without_red(
        self, pixels: FloatImage, colour: ColourSpace, top: int, left: int
    ) -> FloatImage:
        """A window of the page, its red pupil made neutral; other pixels are the same bits.

        pixels: float32 (height, width, 3) in the scan's own colours; top, left: its place.
        """
        encoded = colour.to_srgb(pixels)
        weight = self.weight(top, left, *pixels.shape[:2])
        wanted = neutral(encoded, weight)
        # A difference of two conversions, as in ``merging``.
        added = colour.from_srgb(wanted) - colour.from_srgb(encoded)
        touched = (wanted != encoded).any(axis=2, keepdims=True)
        after = np.clip(pixels + added, 0.0, 1.0)
        return np.asarray(np.where(touched, after, pixels), np.float32)


def redness(encoded: FloatImage) -> Plane:
    """What red has more than both other channels, as a share of red: float32 (h, w) in [0, 1].

    encoded: float32 (h, w, 3), sRGB-encoded.
    """
    values = np.clip(encoded, 0.0, 1.0)
    red, others = values[..., 0], values[..., 1:].max(axis=2)
    return np.asarray(np.maximum(red - others, 0.0) / np.maximum(red, DARKEST), np.float32)


def neutral(encoded: FloatImage, weight: Plane) -> FloatImage:
    """Red pixels made grey, as light as their green and blue; ``weight``: how far, in [0, 1]."""
    share = np.clip((redness(encoded) - GREY_BELOW) / (RED_ABOVE - GREY_BELOW), 0.0, 1.0)
    share = (weight * share * share * (3.0 - 2.0 * share))[..., None]
    # The weights of green and blue in encoded luminance (Rec. ITU-R BT.601).
    grey = (0.587 * encoded[..., 1:2] + 0.114 * encoded[..., 2:3]) / 0.701
    return np.asarray(encoded + share * (grey - encoded), np.float32)


def find_red_pupils(
    page: Raster, colour: ColourSpace, eyes: Places, kind: str | None
) -> tuple[list[Pupil], dict[str, Any]]:
    """The red pupils of a face, and for each eye what was decided and why.

    Parameters
    ----------
    page
        As it will be changed.
    eyes
        float64 (2, 2): the eyes' places on the page (x, y), in the order of SIDES.
    kind
        The condition report's ``colour``: in ``grey`` and ``toned`` scans nothing is red.
    """
    pupils: list[Pupil] = []
    record: dict[str, Any] = {}
    apart = float(np.hypot(*(eyes[1] - eyes[0])))
    for side, eye in zip(SIDES, eyes, strict=True):
        try:
            if page.channels == 1 or kind in ("grey", "toned"):
                raise _LeftAloneError(f"a {kind or 'grey'} scan")
            pupil, figures = _pupil(page, colour, eye, apart)
        except _LeftAloneError as why:
            record[side] = {"decision": "left alone", "reason": why.reason, **why.figures}
        else:
            pupils.append(pupil)
            record[side] = {"decision": "corrected", "reason": "a red pupil", **figures}
    return pupils, record


class _LeftAloneError(Exception):
    """Why an eye is left alone."""

    def __init__(self, reason: str, **figures: float) -> None:
        super().__init__(reason)
        self.reason, self.figures = reason, figures


def _pupil(
    page: Raster, colour: ColourSpace, eye: Places, apart: float
) -> tuple[Pupil, dict[str, Any]]:
    """The pupil at an eye. Raises _LeftAloneError."""
    reach = REACH * apart
    left, top = (max(int(np.floor(place - reach)), 0) for place in eye)
    right, bottom = (
        min(int(np.ceil(place + reach)), size)
        for place, size in zip(eye, (page.width, page.height), strict=True)
    )
    if not (left < eye[0] < right and top < eye[1] < bottom):
        raise _LeftAloneError("the eye lies beside the page")
    pixels = reduced(page, (top, left, bottom, right), min(FINEST / apart, 1.0))
    if not (np.ptp(pixels, axis=2) > 0.0).any():
        raise _LeftAloneError("a grey scan")
    encoded = np.asarray(np.clip(colour.to_srgb(pixels), 0.0, 1.0), np.float32)
    scale = encoded.shape[0] / (bottom - top)
    unit = apart * scale
    middle = (float(eye[1] - top) * scale - 0.5, float(eye[0] - left) * scale - 0.5)
    region, figures = _region(_smoothed(encoded, unit), middle, unit)
    outside = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # The pixels beside it hold a part of its red: whole, then falling.
    falling = np.clip(1.0 - (outside - 1.0) / max(1.5, FEATHER * unit), 0.0, 1.0)
    mask = np.asarray(falling * falling * (3.0 - 2.0 * falling), np.float32)
    after = neutral(encoded, mask)
    figures |= {
        "pixels": round(float(region.sum()) / scale**2),
        "saturation_before": round(_saturation(encoded[region]), 3),
        "saturation_after": round(_saturation(after[region]), 3),
    }
    return Pupil(mask, (top, left, bottom, right)), figures


def _smoothed(encoded: FloatImage, unit: float) -> FloatImage:
    sigma = SMOOTHING * unit
    return np.asarray(ndimage.gaussian_filter(encoded, (sigma, sigma, 0.0), mode="nearest"))


EyeRegion = npt.NDArray[np.bool_]


def _region(
    encoded: FloatImage, middle: tuple[float, float], unit: float
) -> tuple[EyeRegion, dict[str, Any]]:
    """The pixels of a red pupil, its catchlights included. Raises _LeftAloneError.

    middle: the eye's point (down, right) in the window; unit: between the eyes, in its pixels.
    """
    down, right = np.indices(encoded.shape[:2])
    radius = np.hypot(down - middle[0], right - middle[1]) / unit
    red = redness(encoded)
    around = float(np.median(red[radius >= REACH / 2.0]))
    truly = np.where(_orange(encoded), np.float32(0.0), red)
    peak = float(np.percentile(truly[radius <= max(NEAR, 1.0 / unit)], 95))
    figures: dict[str, Any] = {"redness": round(peak, 3), "redness_around": round(around, 3)}
    if peak < RED:
        raise _LeftAloneError("not red", **figures)
    if 1.0 - peak > STANDS_OUT * (1.0 - around):
        raise _LeftAloneError("hardly redder than the skin around it", **figures)
    lighter = encoded[..., 0] - encoded[..., 1:].max(axis=2) >= LEAST_LIGHT
    found = (truly >= max(LEAST_RED, (peak + around) / 2.0)) & lighter
    region = _at_the_eye(found, middle, unit)
    if region is None:
        raise _LeftAloneError("what is red lies beside the eye's middle", **figures)
    filled = _filled(region, encoded, unit)
    if filled is None:
        raise _LeftAloneError("a ring around a dark middle: an iris", **figures)
    figures["radius"] = round(float(np.sqrt(filled.sum() / np.pi)) / unit, 4)
    _check_shape(filled, figures)
    beside = cv2.distanceTransform((~filled).astype(np.uint8), cv2.DIST_L2, 5) / unit
    ring = float(np.median(red[(beside > BESIDE[0]) & (beside < BESIDE[1])]))
    if 1.0 - float(np.median(red[region])) > STANDS_OUT_BESIDE * (1.0 - ring):
        raise _LeftAloneError("hardly redder than what is beside it", **figures)
    lit = float(np.percentile(encoded[..., 0][radius >= REACH / 2.0], 75))
    if float(np.median(encoded[..., 0][region])) < BRIGHT * lit:
        raise _LeftAloneError("too dark to be lit by a flash", **figures)
    return _convex(filled), figures


def _convex(region: EyeRegion) -> EyeRegion:
    """With what it lacks of its convex hull: catchlights at the rim and their red edges."""
    corners = cv2.convexHull(np.argwhere(region)[:, ::-1].astype(np.int32))
    hull = cv2.fillConvexPoly(region.astype(np.uint8), corners, 1)
    return np.asarray(hull, np.bool_)


def _orange(encoded: FloatImage) -> EyeRegion:
    red, green, blue = np.moveaxis(encoded, 2, 0)
    return np.asarray(green - blue > ORANGE * np.maximum(red - blue, 0.0))


def _at_the_eye(found: EyeRegion, middle: tuple[float, float], unit: float) -> EyeRegion | None:
    """The connected region whose middle lies near the eye's point, and that has most pixels there;
    red glasses, whose middle is the eye's too, have none."""
    labels, count = ndimage.label(found, structure=np.ones((3, 3)))
    numbers = np.arange(1, count + 1)
    centres = ndimage.center_of_mass(found, labels, numbers)
    near = [
        number
        for number, centre in zip(numbers, centres, strict=True)
        if np.hypot(centre[0] - middle[0], centre[1] - middle[1]) <= NEAR * unit
    ]
    if not near:
        return None
    down, right = np.indices(found.shape)
    close = np.hypot(down - middle[0], right - middle[1]) <= NEAR * unit
    held = np.bincount(labels[close], minlength=count + 1)
    return np.asarray(labels == max(near, key=lambda number: held[number]))


def _filled(region: EyeRegion, encoded: FloatImage, unit: float) -> EyeRegion | None:
    """With its catchlights; None where what it encloses is dark."""
    reach = round(CLOSING * unit)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # Room around it: closing must not stick to the window's edge.
    padded = np.pad(region.astype(np.uint8), reach + 1)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    inner = slice(reach + 1, -reach - 1)
    filled = np.asarray(ndimage.binary_fill_holes(closed)[inner, inner]) | region
    light = encoded.max(axis=2)
    dark = filled & ~region & (light < 0.8 * np.median(light[region]))
    return None if dark.sum() > DARK_MIDDLE * filled.sum() else filled


def _check_shape(region: EyeRegion, figures: dict[str, Any]) -> None:
    """Raises _LeftAloneError where a region is not as large and round as a pupil."""
    area, radius = int(region.sum()), figures["radius"]
    if area < FEWEST or radius < SMALLEST:
        raise _LeftAloneError("too small: what is red may be noise", **figures)
    edges = region[[0, -1]].any() or region[:, [0, -1]].any()
    if radius > LARGEST or edges:
        raise _LeftAloneError("too large for a pupil", **figures)
    places = np.argwhere(region).astype(np.float64)
    # A pixel is a square, not a point: 1/12 is its own second moment.
    spread = np.cov(places.T, bias=True) + np.eye(2) / 12.0
    low, high = np.linalg.eigvalsh(spread)
    aspect = float(np.sqrt(low / high))
    compact = area / float(4.0 * np.pi * np.sqrt(low * high))
    figures |= {"aspect": round(aspect, 3), "compact": round(compact, 3)}
    if aspect < ASPECT or compact < COMPACT:
        raise _LeftAloneError("not round", **figures)


def _saturation(values: FloatImage) -> float:
    """Mean of (largest - smallest) / largest channel of pixels (n, 3)."""
    largest = values.max(axis=1)
    return float(np.mean((largest - values.min(axis=1)) / np.maximum(largest, 1.0 / 255.0)))
