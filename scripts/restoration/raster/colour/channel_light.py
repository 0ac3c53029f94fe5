"""Light channel by channel: what a density is taken of, in the scan's own channels.

Dyes absorb one third of the spectrum each, and so do the channels of a scanner. A matrix towards
other primaries would mix them, and could not be undone within a code of 16 bits. Simulated dyes
(three spectra with side absorptions, fading singly) are brought back by one curve per channel to a
mean of 0.4 to 1.3 CIEDE2000, in whatever RGB the scan is: sRGB, Adobe RGB, Rec. 2020 and Adobe Wide
Gamut RGB differ by 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.lut_profile import LutConversion
from restoration.raster.colour.matrix_profile import GreyConversion, MatrixConversion
from restoration.raster.colour.tone_curve import ToneCurve, srgb_tone


@dataclass(frozen=True)
class ChannelLight:
    """Encoded values of a scan's channels to light and back, each channel for itself."""

    curves: tuple[ToneCurve, ...]
    white: tuple[float, ...]
    """Linear value of each channel at the white of the space: there the light of all is 1, so that
    what is neutral has the same light in all channels."""

    def light(self, encoded: npt.NDArray[np.floating[Any]]) -> Floats:
        """float64 (..., channels) encoded to light, 1 at white, not clipped."""
        planes = [
            curve.decode(np.array(encoded[..., index], np.float64)) / white
            for index, (curve, white) in enumerate(zip(self.curves, self.white, strict=True))
        ]
        return np.stack(planes, axis=-1)

    def encoded(self, light: Floats) -> Floats:
        """The inverse of ``light``."""
        planes = [
            curve.encode(np.array(light[..., index], np.float64) * white)
            for index, (curve, white) in enumerate(zip(self.curves, self.white, strict=True))
        ]
        return np.stack(planes, axis=-1)


def channel_light(space: ColourSpace) -> ChannelLight:
    """The channels of a colour space. A profile that is a table counts by the matrix and the tone
    curve nearest to it."""
    conversion = space.conversion
    if isinstance(conversion, GreyConversion):
        return ChannelLight((conversion.curve,), (1.0,))
    if isinstance(conversion, LutConversion):
        conversion = conversion.near
    if isinstance(conversion, MatrixConversion):
        return ChannelLight(conversion.curves, conversion.white)
    return ChannelLight((srgb_tone(),) * space.channels, (1.0,) * space.channels)
