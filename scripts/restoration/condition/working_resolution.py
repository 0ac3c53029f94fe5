"""The resolution at which a network starts: the one that the condition report measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

from restoration.condition.noise import ReportedNoise
from restoration.findings.base import Others
from restoration.findings.effective_resolution import EffectiveResolution

SMALLEST = 0.125
"""Lowest working resolution, as a share of the scan's: below, a x4 network's picture would carry
less than half of the scan's pixels per side and the rest were interpolation."""

MARGIN = 2.0**0.25
"""A spectrum that ends at the Nyquist frequency looks sharp to a network, which then invents above
it. Steps of half an octave, taken at or above 1.19 times the measured share, leave 1.19 to 1.68
times: on simulated scans 1.41 times gains 0.5 to 0.7 dB over none at twice the cost, 2 times gains
nothing more at four times the cost."""


@dataclass(frozen=True)
class EffectivePicture:
    """What the condition report says about the picture that a scan holds."""

    ppi: float | None
    """Effective resolution; None = unknown."""
    share: float | None
    """Effective resolution as a share of the scan's own, in (0, 1]; None = unknown."""
    noise: float | None
    """Standard deviation in 1/255, without grain; None = unknown."""
    grain: float | None
    """Standard deviation in 1/255 of what is grain or may be, and then belongs to the photograph;
    None = none."""
    reason: str
    """Why the effective resolution is unknown; may be empty."""
    printed: bool = False
    """Whether a halftone screen is what limits the resolution: the print never held more."""

    @classmethod
    def of(cls, report: Others, ppi: tuple[float, float] | None) -> EffectivePicture:
        """report: holds `EffectiveResolution` and `Noise`; ppi: as the master states it."""
        sharpness = report.get(EffectiveResolution)
        value = None if sharpness is None else sharpness.value
        share = None if sharpness is None else sharpness.detail.fraction
        nominal = None if ppi is None else math.sqrt(ppi[0] * ppi[1])
        if share is None and value is not None and nominal is not None:
            share = value / nominal
        if share is not None:
            share = min(max(share, 0.0), 1.0) or None
        noise, grain = _noise(ReportedNoise.of(report))
        return cls(
            ppi=value,
            share=share,
            noise=noise,
            grain=grain,
            reason="" if sharpness is None else sharpness.detail.reason or "",
            printed=sharpness is not None and sharpness.detail.limited_by == "halftone",
        )


def _noise(found: ReportedNoise) -> tuple[float | None, float | None]:
    """Noise that is not grain, and grain, in 1/255."""
    own = found.grain.sigma
    if found.value is None or found.grain.found is False or not own:
        return found.value, None
    # Noise as coarse as grain that interpolation or JPEG may have made so: nobody knows, so it is
    # taken for the photograph's.
    return found.beside_grain, min(own, found.value)


def working_share(measured: float) -> float:
    """Share of the scan's resolution at which a network starts, for a measured share in (0, 1].

    A power of the square root of 2 in [1/8, 1], so that two scans of one print get the same.
    """
    steps = math.floor(-2.0 * math.log2(measured * MARGIN) + 1e-9)
    return min(max(float(2.0 ** (-steps / 2.0)), SMALLEST), 1.0)


def grid(height: int, width: int, share: float) -> tuple[int, int]:
    """Height and width in pixels of the scan at a share of its resolution, at least 1."""
    return max(1, round(height * share)), max(1, round(width * share))
