"""What stands out from the picture around it: the planes that every search for damage looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from restoration.raster.base import FloatImage, Plane

WIDEST = 9
"""Side of the square, in pixels, that damage is narrower than: what the opening removes."""

THIN = 5
"""The same for lines: a scratch is thinner than a mast, a finger or a fold of cloth."""

CLUTTER = 65
"""Side of the neighbourhood, in pixels, whose texture damage must exceed."""

CAP = 0.15
"""One strong edge counts as texture up to this, of full scale."""

FAINTEST = 6.0 / 255.0
"""Contrast below this is not looked at: nobody sees it."""

WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""Encoded luminance (Rec. ITU-R BT.601), as in the condition report."""


@dataclass(frozen=True)
class Residuals:
    """One window seen for damage of one polarity.

    ``plane`` is luminance for light damage and its negative for dark damage, so that damage always
    stands out upwards.
    """

    pixels: FloatImage
    plane: Plane
    raised: Plane
    """White top-hat: what the opening by a square of WIDEST pixels takes away."""
    sunk: Plane
    """The same of the other polarity."""
    thin: Plane
    """White top-hat by a square of THIN pixels."""
    noise: float
    """Standard deviation of the finest noise, in [0, 1]."""
    light: bool

    @cached_property
    def clutter(self) -> Plane:
        """Mean of what stands out in the neighbourhood: high in foliage, gravel, lettering."""
        return _mean(np.minimum(self.raised, np.float32(CAP)))

    @cached_property
    def other_clutter(self) -> Plane:
        """The same of the other polarity: picture texture has both, dust has one."""
        return _mean(np.minimum(self.sunk, np.float32(CAP)))

    @cached_property
    def slope(self) -> Plane:
        """Gradient magnitude per pixel."""
        across = cv2.Sobel(self.plane, cv2.CV_32F, 1, 0, scale=1.0 / 8.0)
        down = cv2.Sobel(self.plane, cv2.CV_32F, 0, 1, scale=1.0 / 8.0)
        return np.asarray(cv2.magnitude(across, down))

    @cached_property
    def chroma(self) -> Plane | None:
        """Largest less smallest channel; None in a grey scan."""
        if self.pixels.shape[2] == 1:
            return None
        red, green, blue = cv2.split(np.ascontiguousarray(self.pixels))
        highest = cv2.max(cv2.max(red, green), blue)
        return np.asarray(highest - cv2.min(cv2.min(red, green), blue))


def luminance(pixels: FloatImage) -> Plane:
    """Encoded luminance of float32 (h, w, 1 or 3)."""
    if pixels.shape[2] == 1:
        return np.ascontiguousarray(pixels[:, :, 0])
    return np.asarray(cv2.transform(np.ascontiguousarray(pixels), WEIGHTS[None])).reshape(
        pixels.shape[:2]
    )


def finest_noise(plane: Plane) -> float:
    """Standard deviation of the noise from the median of 2 x 2 diagonal differences.

    Donoho and Johnstone 1994 (median absolute deviation of the finest Haar diagonal band); never
    below a third of an 8-bit code, the rounding of such a file.
    """
    if min(plane.shape) < 2:
        return 0.3 / 255.0
    difference = (
        plane[:-1:2] - plane[1::2] if plane.shape[0] % 2 == 0 else plane[:-2:2] - plane[1::2]
    )
    even = difference[:, : difference.shape[1] // 2 * 2]
    crossed = np.abs(even[:, ::2] - even[:, 1::2])
    return max(float(np.median(crossed)) / 0.6745 / 2.0, 0.3 / 255.0)


def both_polarities(pixels: FloatImage) -> tuple[Residuals, Residuals]:
    """The window seen for light and for dark damage. pixels: float32 (h, w, 1 or 3) in [0, 1]."""
    plane = luminance(pixels)
    # In 16-bit codes the morphology is three times as fast, and nothing of a scan is lost.
    codes = np.rint(np.clip(plane, 0.0, 1.0) * np.float32(65535.0)).astype(np.uint16)
    scale = np.float32(1.0 / 65535.0)
    white, black, thin_white, thin_black = (
        cv2.morphologyEx(codes, kind, np.ones((side, side), np.uint8)) * scale
        for side in (WIDEST, THIN)
        for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
    )
    noise = finest_noise(plane)
    return (
        Residuals(pixels, plane, white, black, thin_white, noise, True),
        Residuals(pixels, np.float32(1.0) - plane, black, white, thin_black, noise, False),
    )


def _mean(plane: Plane) -> Plane:
    """Mean over CLUTTER pixels around, by a quarter of the samples: it varies slowly."""
    height, width = plane.shape
    small = cv2.resize(plane, (-(-width // 4), -(-height // 4)), interpolation=cv2.INTER_AREA)
    side = CLUTTER // 4 | 1
    blurred = cv2.blur(small, (side, side))
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR))
