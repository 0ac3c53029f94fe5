"""From a scan's values to linear light and back, fast enough for every pixel of a page."""

from __future__ import annotations

import numpy as np

from restoration.raster.base import FloatImage, Plane
from restoration.raster.colour.colour_space import ColourSpace

CODES = 65535
"""Values in flight are 16-bit codes; the table has an entry for each."""

ROOT_STEPS = 1 << 16
"""Cells of the table back, whose axis is the square root of linear light."""


class LightCurve:
    """The tone curve of a colour space along its neutral axis, for each channel alike.

    Dots mix light, so their mean is a mean of light. It is taken channel by channel: the matrix
    between the scan's primaries and any others changes neither the mean nor the lattice, so that
    only the curve matters. Where a profile gives its channels different curves, or is a table, the
    curve of its greys stands for all three.
    """

    def __init__(self, colour: ColourSpace) -> None:
        """Raises ValueError where the curve does not rise."""
        steps = np.arange(CODES + 1, dtype=np.float32) / np.float32(CODES)
        ramp = np.repeat(steps[None, :, None], colour.channels, axis=2)
        light = colour.to_linear_y(ramp)[0].astype(np.float64)
        span = light[-1] - light[0]
        if not span > 0.0:
            raise ValueError("the tone curve of the colour space does not rise")
        # A slope of 1/64 keeps a curve that is flat at black invertible (see raster.tone).
        floor = np.arange(CODES + 1) / CODES / 64.0
        rising = np.maximum.accumulate((light - light[0]) / span - floor) + floor
        rising = (rising - rising[0]) / (rising[-1] - rising[0])
        self._light = rising.astype(np.float32)
        roots = np.arange(ROOT_STEPS + 2) / ROOT_STEPS
        encoded = np.interp(roots**2, rising, np.arange(CODES + 1) / CODES)
        self._encoded = encoded[:-1].astype(np.float32)
        self._step = np.diff(encoded).astype(np.float32)

    def decode(self, pixels: FloatImage) -> list[Plane]:
        """The channels of encoded values (h, w, n) in [0, 1], each as linear light in [0, 1]."""
        codes = np.rint(np.clip(pixels, 0.0, 1.0) * np.float32(CODES)).astype(np.int32)
        return [self._light.take(codes[:, :, n]) for n in range(codes.shape[2])]

    def encode(self, light: Plane) -> Plane:
        """Encoded values of one channel of linear light; what lies outside [0, 1] is clipped."""
        place = np.sqrt(np.clip(light, 0.0, 1.0))
        place *= np.float32(ROOT_STEPS)
        cell = place.astype(np.int32)
        place -= cell
        place *= self._step.take(cell)
        place += self._encoded.take(cell)
        return place
