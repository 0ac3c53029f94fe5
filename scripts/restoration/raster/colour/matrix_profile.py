"""Profiles of colourants and tone curves, and grey ones: exact both ways.

Relative colorimetric, no black point compensation; connection space D50 (ICC.1:2022).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from restoration.raster.base import Floats
from restoration.raster.colour.icc import ProfileError
from restoration.raster.colour.tone_curve import ToneCurve

D50 = (0.9642, 1.0, 0.8249)
"""White of the profile connection space (ICC.1:2022, 7.2.16)."""


@cache
def srgb_to_d50() -> Floats:
    """float64 (3, 3): linear sRGB to XYZ under D50, by Bradford (IEC 61966-2-1, ICC.1 annex E).

    Built from the primaries, so that white is the connection space's white to rounding.
    """
    xy = np.array([(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)])
    primaries = np.array([(x / y, 1.0, (1.0 - x - y) / y) for x, y in xy]).T
    d65 = np.array((0.3127 / 0.3290, 1.0, (1.0 - 0.3127 - 0.3290) / 0.3290))
    to_d65 = primaries * np.linalg.solve(primaries, d65)
    bradford = np.array(
        [(0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)]
    )
    gain = (bradford @ np.array(D50)) / (bradford @ d65)
    adapt = np.linalg.solve(bradford, gain[:, None] * bradford)
    return np.asarray(adapt @ to_d65)


class MatrixConversion:
    """A profile of three tone curves and three colourants."""

    def __init__(self, curves: tuple[ToneCurve, ToneCurve, ToneCurve], to_xyz: Floats) -> None:
        if not np.all(np.isfinite(to_xyz)) or np.linalg.cond(to_xyz) > 1e4:
            raise ProfileError("its colourants do not span a colour space")
        white = float(to_xyz[1].sum())
        if not 0.2 <= white <= 5.0:
            raise ProfileError(f"its white has a luminance of {white:.3g}, expected about 1")
        self.curves = curves
        """Of red, green and blue."""
        forward = np.linalg.solve(srgb_to_d50(), to_xyz)
        # Row vectors times the transposed matrix: pixels lie along the first axis.
        self._forward = np.ascontiguousarray(forward.T)
        self._inverse = np.ascontiguousarray(np.linalg.inv(forward).T)
        self._luminance = np.ascontiguousarray(to_xyz[1])

    @property
    def white(self) -> tuple[float, float, float]:
        """Linear red, green and blue of the connection space's white."""
        red, green, blue = self._inverse.sum(axis=0).tolist()
        return red, green, blue

    def linear_srgb(self, pixels: Floats) -> Floats:
        return np.asarray(self._linear(pixels) @ self._forward)

    def device(self, linear: Floats) -> Floats:
        own = linear @ self._inverse
        if self._one_curve:
            return self.curves[0].encode(own)
        return np.stack([c.encode(own[:, i]) for i, c in enumerate(self.curves)], axis=1)

    def luminance(self, pixels: Floats) -> Floats:
        return np.asarray(self._linear(pixels) @ self._luminance)

    @property
    def _one_curve(self) -> bool:
        return self.curves[0] is self.curves[1] is self.curves[2]

    def _linear(self, pixels: Floats) -> Floats:
        if self._one_curve:
            return self.curves[0].decode(pixels)
        return np.stack([c.decode(pixels[:, i]) for i, c in enumerate(self.curves)], axis=1)


class GreyConversion:
    """A grey profile: one tone curve towards luminance."""

    def __init__(self, curve: ToneCurve) -> None:
        self.curve = curve

    def linear_srgb(self, pixels: Floats) -> Floats:
        return self.curve.decode(pixels)

    def device(self, linear: Floats) -> Floats:
        return self.curve.encode(linear)

    def luminance(self, pixels: Floats) -> Floats:
        return self.curve.decode(pixels)[:, 0]
