"""Profiles that are tables (A2B): LittleCMS one way, and its exact inverse by iteration.

Many scanner profiles hold a table towards the connection space only, and where both ways are
there they are each other's inverse to about one unit of colour difference, no better. So the
way to the connection space is LittleCMS in float (imagecodecs), and the way back solves it.
Near the table lies a matrix with one tone curve; the iteration runs in its device space.
"""

from __future__ import annotations

from functools import cached_property

import imagecodecs
import numpy as np

from restoration.raster.base import Floats
from restoration.raster.colour.icc import ProfileError
from restoration.raster.colour.matrix_profile import MatrixConversion
from restoration.raster.colour.tone_curve import ToneCurve

GRID = 17
ITERATIONS = 12
EXACT = 1e-5
"""A pixel is solved once it would move by less (0.7 of a 16-bit code)."""

GOOD = 0.1 / 255
"""Largest error of the way there and back that passes without a warning. LittleCMS looks 16-bit
tables up in 16-bit arithmetic, also in float: a code or two of 65535 at most places, 18 in the
darkest tones of a measured scanner profile. Pixels that are not changed do not go this way."""

MAX_PROFILE_BYTES = 16 * 2**20
RELATIVE_COLORIMETRIC = 1
NO_OPTIMISATION = 0x0100 | 0x0040
"""cmsFLAGS_NOOPTIMIZE and NOCACHE: LittleCMS must not resample the table behind our back."""


class LutConversion:
    """A profile whose way to the connection space is a table."""

    def __init__(self, data: bytes, from_xyz: Floats) -> None:
        """``from_xyz`` (3, 3): D50 XYZ to linear sRGB. Raises ProfileError."""
        if len(data) > MAX_PROFILE_BYTES:
            raise ProfileError(f"a table profile of {len(data)} bytes")
        self._data = data
        self._from_xyz = np.ascontiguousarray(from_xyz.T)
        self._luminance = np.linalg.inv(from_xyz)[1]
        self.near = self._fit()
        """The matrix and the tone curve nearest to the table."""

    @cached_property
    def warning(self) -> str | None:
        """What the way there and back costs, where it costs anything."""
        axis = np.linspace(0.0, 1.0, 9)
        cube = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
        error = float(np.abs(self.device(self.linear_srgb(cube)) - cube).max())
        if error <= GOOD:
            return None
        return (
            "the ICC profile is a table that cannot be inverted everywhere: colours that a "
            f"network changes may be off by up to {error * 255:.2g}/255"
        )

    def linear_srgb(self, pixels: Floats) -> Floats:
        """float64 (n, 3) of the scan to linear sRGB; beyond [0, 1] as the near matrix goes on."""
        inside = np.clip(pixels, 0.0, 1.0)
        out = np.asarray(self._table_xyz(inside) @ self._from_xyz)
        beyond = np.any(inside != pixels, axis=1)
        if beyond.any():
            near = self.near
            out[beyond] += near.linear_srgb(pixels[beyond]) - near.linear_srgb(inside[beyond])
        return out

    def device(self, linear: Floats) -> Floats:
        """The inverse of ``linear_srgb``: Broyden's method, each pixel for itself.

        Each pixel stops on its own, so that its result does not depend on its neighbours.
        Source: C. G. Broyden, Math. Comp. 19 (1965), the rank-one update.
        """
        target = self.near.device(linear)
        best = target.copy()
        least = np.full(len(best), np.inf)
        active = np.arange(len(best))
        position, slope = target.copy(), np.tile(np.eye(3), (len(best), 1, 1))
        miss = np.zeros_like(target)
        step = np.zeros_like(target)
        for turn in range(ITERATIONS):
            # The near matrix takes the residual back to device units, where codes are counted.
            now = target[active] - self.near.device(self.linear_srgb(position))
            if turn:
                slope = _broyden(slope, step, miss - now)
            size = np.abs(now).max(axis=1)
            better = size < least[active]
            best[active[better]] = position[better]
            least[active[better]] = size[better]
            going = size > EXACT
            if not going.any():
                break
            active, position = active[going], position[going]
            slope, miss = slope[going], now[going]
            step = np.clip(np.einsum("nij,nj->ni", slope, miss), -0.25, 0.25)
            position = position + step
        return best

    def luminance(self, pixels: Floats) -> Floats:
        """float64 (n,): Y of the connection space."""
        return np.asarray(self.linear_srgb(pixels) @ self._luminance)

    def _table_xyz(self, pixels: Floats) -> Floats:
        """float64 (n, 3) in [0, 1] to D50 XYZ."""
        try:
            out = imagecodecs.cms_transform(
                pixels[None].astype(np.float32),
                self._data,
                imagecodecs.cms_profile("xyz"),
                colorspace="RGB",
                outcolorspace="XYZ",
                outdtype="float32",
                intent=RELATIVE_COLORIMETRIC,
                flags=NO_OPTIMISATION,
            )
        except (RuntimeError, ValueError) as error:
            raise ProfileError(f"LittleCMS rejects it: {error}") from None
        if not np.isfinite(out).all():
            raise ProfileError("its table gives values that are no numbers")
        return np.asarray(out[0], np.float64)

    def _fit(self) -> MatrixConversion:
        """The matrix and the tone curve nearest to the table."""
        grey = np.linspace(0.0, 1.0, 257)
        y = self._table_xyz(np.stack([grey] * 3, axis=1))[:, 1]
        if y[-1] - y[0] < 0.05:
            raise ProfileError("its table does not rise from black to white")
        y = (y - y[0]) / (y[-1] - y[0])
        curve = ToneCurve.sampled(lambda x: np.interp(x, grey, y))
        axis = np.linspace(0.0, 1.0, GRID)
        cube = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
        fitted, *_ = np.linalg.lstsq(curve.decode(cube), self._table_xyz(cube), rcond=None)
        return MatrixConversion((curve, curve, curve), np.asarray(fitted.T, np.float64))


def _broyden(inverse: Floats, step: Floats, change: Floats) -> Floats:
    """The inverse slopes (n, 3, 3) after a step (n, 3) that changed the function by ``change``."""
    moved = np.einsum("nij,nj->ni", inverse, change)
    weight = np.einsum("ni,ni->n", step, moved)
    row = np.einsum("ni,nij->nj", step, inverse)
    # A step that taught nothing leaves the slopes alone.
    usable = np.abs(weight) > 1e-12
    scale = np.where(usable, 1.0 / np.where(usable, weight, 1.0), 0.0)
    return np.asarray(inverse + scale[:, None, None] * (step - moved)[:, :, None] * row[:, None, :])
