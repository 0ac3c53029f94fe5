"""Tone curves: encoded values to linear light and back, each the exact inverse of the other."""

from __future__ import annotations

from functools import cache

import numpy as np

from restoration.raster.base import Floats
from restoration.raster.colour.icc import Curve, ProfileError

STEPS = 65535
"""Cells of the forward table between 0 and 1: a node on every 16-bit code."""

ROOT_STEPS = 1 << 17
"""Cells per unit of the inverse table, whose axis is the square root of linear light."""

REACH = 2.0
"""The inverse table's axis ends here, at a linear value of 4; beyond, it is extrapolated."""

LEAST_SLOPE = 1.0 / 64.0
"""A pure power has slope 0 at black: there linear light in float32, mixed with two other
channels, does not carry the encoded value back (an error of 40 codes of 65535). The curve is
therefore kept at this slope or above, which moves colours by at most 0.46/255 in the darkest
3 % of a gamma 2.2 space, and changes nothing in sRGB, whose toe is steeper."""


class ToneCurve:
    """A strictly rising curve over all real numbers, as tables with linear interpolation.

    Below 0 it continues as an odd function about its value at 0, above 1 as a straight line, so
    that colours outside the space survive the way there and back.
    """

    def __init__(self, linear: Floats, least_slope: float = LEAST_SLOPE) -> None:
        """From float64 (STEPS + 1,) linear values at equal steps of the encoded value.

        least_slope: below which the curve's slope never falls; see `LEAST_SLOPE`. Raises
        ProfileError where the values do not rise.
        """
        if not np.all(np.isfinite(linear)) or linear[-1] - linear[0] < 0.05:
            raise ProfileError("a tone curve does not rise from black to white")
        encoded = np.arange(STEPS + 1) / STEPS
        floor = encoded * least_slope
        rising = np.maximum.accumulate(linear - floor) + floor
        self._black = float(rising[0])
        rising -= self._black
        slope_at_white = max(float(rising[-1] - rising[-5]) * STEPS / 4.0, 1.0)
        self._forward = rising
        self._forward_step = np.append(np.diff(rising), slope_at_white / STEPS)
        # One far node makes the inverse follow the straight line above 1.
        far = 1.0 + 2.0 * REACH**2 / slope_at_white
        height = rising[-1] + 2.0 * REACH**2
        root = np.arange(int(REACH * ROOT_STEPS) + 2) / ROOT_STEPS
        inverse = np.interp(root**2, np.append(rising, height), np.append(encoded, far))
        self._inverse = inverse[:-1]
        self._inverse_step = np.diff(inverse)

    @classmethod
    def sampled(cls, curve: Curve, least_slope: float = LEAST_SLOPE) -> ToneCurve:
        """The tone curve of a function over [0, 1]. Raises ProfileError."""
        with np.errstate(all="ignore"):
            linear = np.array(curve(np.arange(STEPS + 1) / STEPS), np.float64)
        return cls(linear, least_slope)

    @property
    def black(self) -> float:
        """Linear light of the encoded value 0."""
        return self._black

    def decode(self, encoded: Floats) -> Floats:
        """Linear light of encoded values, float64 of any shape."""
        out = _interpolate(encoded, np.abs(encoded), STEPS, self._forward, self._forward_step)
        if self._black:
            out += self._black
        return out

    def encode(self, linear: Floats) -> Floats:
        """Encoded values of linear light; the inverse of ``decode``."""
        offset = linear - self._black if self._black else linear
        root = np.sqrt(np.abs(offset))
        return _interpolate(offset, root, ROOT_STEPS, self._inverse, self._inverse_step)


def _interpolate(sign: Floats, axis: Floats, scale: int, table: Floats, step: Floats) -> Floats:
    """Values of an odd, piecewise linear function; ``axis`` is overwritten."""
    axis *= scale
    with np.errstate(invalid="ignore"):
        cell = axis.astype(np.intp)
    np.clip(cell, 0, len(table) - 1, out=cell)
    axis -= cell
    out = step.take(cell)
    out *= axis
    out += table.take(cell)
    return np.copysign(out, sign, out=out)


@cache
def srgb_tone() -> ToneCurve:
    """The sRGB tone curve (IEC 61966-2-1)."""
    return ToneCurve.sampled(
        lambda x: np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    )
