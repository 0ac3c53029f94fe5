"""Colour of a scan: from the values of its ICC profile to sRGB and back, without loss.

Networks and detectors want sRGB; the scan keeps its own space. Everything here is invertible,
also for colours outside sRGB, whose sRGB values lie outside [0, 1] and are not clipped.
Relative colorimetric, no black point compensation; connection space D50 (ICC.1:2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from restoration.raster.base import FloatImage, Floats
from restoration.raster.colour.icc import IccProfile, ProfileError, parse_profile
from restoration.raster.colour.lut_profile import LutConversion
from restoration.raster.colour.matrix_profile import GreyConversion, MatrixConversion, srgb_to_d50
from restoration.raster.colour.tone_curve import ToneCurve, srgb_tone

CHUNK = 8192
"""Pixels that are converted at a time, so that the arrays of one step stay in the cache."""

SAME_SPACE = 5e-4
"""A profile that moves no colour of a sample cube by more (1/8 of an 8-bit code) is sRGB."""


class Conversion(Protocol):
    """What a kind of profile knows: linear sRGB and luminance of pixels float64 (n, channels)."""

    def linear_srgb(self, pixels: Floats) -> Floats:
        """float64 (n, 3) linear-light sRGB, unclipped; for grey (n, 1)."""
        ...

    def device(self, linear: Floats) -> Floats:
        """The inverse of ``linear_srgb``."""
        ...

    def luminance(self, pixels: Floats) -> Floats:
        """float64 (n,): relative luminance, 1 at white."""
        ...


@dataclass(frozen=True)
class ColourSpace:
    """How the values of a scan are to be understood."""

    name: str
    channels: int
    """1 or 3."""
    assumed: bool
    """True where the file carries no profile that can be used: sRGB is assumed."""
    warning: str | None
    """Why something had to be assumed, for the condition report."""
    conversion: Conversion | None
    """None where the values are sRGB-encoded already."""

    @classmethod
    def from_profile(cls, icc: bytes | None, channels: int) -> ColourSpace:
        """The colour space of ``icc``; sRGB, marked as assumed, where it cannot be used.

        Never raises for the profile's sake: an archive's file may carry anything.
        """
        if channels not in (1, 3):
            raise ValueError(f"expected 1 or 3 channels, found {channels}")
        what = "sRGB" if channels == 3 else "grey with the sRGB tone curve"
        if icc is None:
            return cls(what, channels, True, f"no ICC profile: {what} is assumed", None)
        try:
            profile = parse_profile(icc)
            conversion = _conversion(icc, profile, channels)
            # Here as well: both look at places of a table that nobody looked at before.
            warning = conversion.warning if isinstance(conversion, LutConversion) else None
            told = _unless_srgb(conversion, channels)
        except ProfileError as error:
            text = f"the ICC profile cannot be used ({error}): {what} is assumed"
            return cls(what, channels, True, text, None)
        name = profile.description or "unnamed profile"
        return cls(name, channels, False, warning, told)

    def to_srgb(self, pixels: FloatImage) -> FloatImage:
        """float32 (h, w, 1 or 3) of the scan to float32 (h, w, 3) sRGB-encoded, not clipped."""
        self._check(pixels, self.channels)
        height, width, _ = pixels.shape
        if self.conversion is None:
            return np.array(np.broadcast_to(pixels, (height, width, 3)), np.float32)
        out = np.empty((height * width, 3), np.float32)
        flat = pixels.reshape(-1, self.channels)
        for start in range(0, len(flat), CHUNK):
            chunk = flat[start : start + CHUNK].astype(np.float64)
            out[start : start + CHUNK] = srgb_tone().encode(self.conversion.linear_srgb(chunk))
        return out.reshape(height, width, 3)

    def from_srgb(self, pixels: FloatImage) -> FloatImage:
        """float32 (h, w, 3) sRGB-encoded to float32 (h, w, channels) of the scan, not clipped.

        Grey is the mean of the three channels, which are equal where grey went in.
        """
        self._check(pixels, 3)
        height, width, _ = pixels.shape
        flat = pixels.reshape(-1, 3)
        out = np.empty((height * width, self.channels), np.float32)
        for start in range(0, len(flat), CHUNK):
            chunk = flat[start : start + CHUNK].astype(np.float64)
            if self.channels == 1:
                chunk = chunk.mean(axis=1, keepdims=True)
            if self.conversion is not None:
                chunk = self.conversion.device(srgb_tone().decode(chunk))
            out[start : start + CHUNK] = chunk
        return out.reshape(height, width, self.channels)

    def to_linear_y(self, pixels: FloatImage) -> FloatImage:
        """float32 (h, w): relative luminance, 1 at the white of the space, not clipped."""
        self._check(pixels, self.channels)
        conversion = self.conversion or srgb_conversion(self.channels)
        height, width, _ = pixels.shape
        flat = pixels.reshape(-1, self.channels)
        out = np.empty(height * width, np.float32)
        for start in range(0, len(flat), CHUNK):
            chunk = flat[start : start + CHUNK].astype(np.float64)
            out[start : start + CHUNK] = conversion.luminance(chunk)
        return out.reshape(height, width)

    @staticmethod
    def _check(pixels: FloatImage, channels: int) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != channels:
            raise ValueError(f"expected (h, w, {channels}), found {pixels.shape}")


@cache
def srgb_conversion(channels: int) -> Conversion:
    """That of values which are sRGB-encoded already."""
    curve = srgb_tone()
    if channels == 1:
        return GreyConversion(curve)
    return MatrixConversion((curve, curve, curve), srgb_to_d50())


def _conversion(icc: bytes, profile: IccProfile, channels: int) -> Conversion:
    """The exact conversion of the profile. Raises ProfileError."""
    profile.require_space(channels)
    if channels == 1:
        if "kTRC" not in profile.tags:
            raise ProfileError("it has no tone curve")
        return GreyConversion(_tone(profile, "kTRC"))
    if profile.has_lut:
        # A profile may carry both; ICC.1:2022 (8.2) gives the table precedence.
        return LutConversion(icc, np.asarray(np.linalg.inv(srgb_to_d50()), np.float64))
    if not profile.has_matrix or profile.pcs != "XYZ":
        raise ProfileError("it has neither a matrix with tone curves nor a table")
    raw = [profile.tags[f"{c}TRC"] for c in "rgb"]
    if raw[0] == raw[1] == raw[2]:
        curve = _tone(profile, "rTRC")
        return MatrixConversion((curve, curve, curve), profile.colourants())
    red, green, blue = (_tone(profile, f"{c}TRC") for c in "rgb")
    return MatrixConversion((red, green, blue), profile.colourants())


def _tone(profile: IccProfile, name: str) -> ToneCurve:
    curve = profile.curve(name)
    if profile.pcs == "Lab":
        # A grey profile towards Lab: its curve gives L*/100, not luminance (CIE 15, 8.2.1).
        return ToneCurve.sampled(lambda x: _luminance_of_lightness(curve(x)))
    return ToneCurve.sampled(curve)


def _luminance_of_lightness(lightness: Floats) -> Floats:
    f = (lightness * 100.0 + 16.0) / 116.0
    return np.where(f > 6.0 / 29.0, f**3, 3.0 * (6.0 / 29.0) ** 2 * (f - 4.0 / 29.0))


def _unless_srgb(conversion: Conversion, channels: int) -> Conversion | None:
    """None where the profile is sRGB but for the rounding of its tables: then nothing is done."""
    axis = np.linspace(0.0, 1.0, 9 if channels == 3 else 257)
    cube = np.stack(np.meshgrid(*[axis] * channels), axis=-1).reshape(-1, channels)
    encoded = srgb_tone().encode(conversion.linear_srgb(cube))
    return None if float(np.abs(encoded - cube).max()) <= SAME_SPACE else conversion
