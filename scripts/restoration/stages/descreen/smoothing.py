"""Local means that cost the same at every width, and an edge-preserving one built of them."""

from __future__ import annotations

import cv2
import numpy as np

from restoration.raster.base import Plane

DIRECT = 2.2
"""Standard deviation, in pixels, up to which a Gaussian is convolved as it is."""

MIDDLE, DARK = 0.3, 0.01
"""Tones, in linear light: the one a contrast is stated at, and the least it is reckoned with."""

ALIGNED = 4
"""Windows begin and end on multiples of this, or wider means would depend on their place."""


def local_mean(plane: Plane, sigma: float) -> Plane:
    """Gaussian mean of standard deviation ``sigma`` pixels; edges are mirrored.

    plane: float32 (h, w), h and w multiples of ALIGNED. Beyond DIRECT the mean is taken of area
    averages over 2 x 2 or 4 x 4 pixels and interpolated: what a Gaussian leaves of the
    frequencies that the averages fold over is below one part in a thousand.
    """
    if sigma < DIRECT:
        return _gaussian(plane, max(sigma, 0.3))
    step = 2 if sigma < 2 * DIRECT else 4
    height, width = plane.shape
    coarse = cv2.resize(plane, (width // step, height // step), interpolation=cv2.INTER_AREA)
    # Area averages and linear interpolation have already widened it by about half a cell.
    coarse = _gaussian(coarse, float(np.sqrt((sigma / step) ** 2 - 0.25)))
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))


def _gaussian(plane: Plane, sigma: float) -> Plane:
    taps = 2 * max(1, int(np.ceil(3.0 * sigma))) + 1
    return np.asarray(
        cv2.GaussianBlur(plane, (taps, taps), sigma, borderType=cv2.BORDER_REFLECT_101)
    )


def smoothed_within_edges(light: Plane, sigma: float, contrast: float) -> Plane:
    """The plane without its variations below ``contrast``; edges above it stay.

    The guided filter with the plane as its own guide (He, Sun & Tang 2013, IEEE TPAMI 35(6)),
    with Gaussian windows of ``sigma`` pixels.

    light: linear light in [0, 1]. contrast: a variance, at a tone of MIDDLE; elsewhere it goes
    with the root of MIDDLE / tone, since in darker tones dots vary more against their tone.
    """
    mean = local_mean(light, sigma)
    variance = local_mean(light * light, sigma)
    variance -= mean * mean
    np.maximum(variance, 0.0, out=variance)
    allowed = np.maximum(mean, DARK)
    np.divide(np.float32(MIDDLE * contrast**2), allowed, out=allowed)
    np.sqrt(allowed, out=allowed)
    allowed += variance
    variance /= allowed
    mean -= variance * mean
    out = local_mean(variance, sigma)
    out *= light
    out += local_mean(mean, sigma)
    return out
