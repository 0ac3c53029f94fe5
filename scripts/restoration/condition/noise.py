"""The condition report's noise, read for a denoiser: how strong, at which scales, and what of it is
grain.

Noise that was enlarged with the picture, grain, and what a JPEG file left of noise are correlated:
a denoiser trained on white noise takes them for picture. Seen at 1/2 or 1/4 of the size the same
noise is white. So the picture is denoised from the coarsest scale at which there is more noise than
white noise of the finer scale would leave, to the finest (Lebrun, M., Colom, M., Morel, J.-M.:
Multiscale Image Blind Denoising. IEEE Transactions on Image Processing 24(10), 2015).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from restoration.findings.base import Others
from restoration.findings.noise import GrainFound, Noise

SCALES = (1, 2, 4)
"""Reductions at which the report measures noise."""

UNMEASURED = "the condition report could not measure it"
"""Why the noise is unknown, where the report does not say it."""

EXCESS = 0.65
"""Averages over 2 x 2 pixels leave 0.5 of white noise; more than this share is correlation."""

UNLIKE = 0.2
"""Likeness of the channels up to which it is taken for the picture's own, which shows a little in
every measurement: to overlook so much costs 0.1 dB."""

LEAST = 0.2
"""Noise in 1/255 below which a pass would change nothing that anybody sees."""


@dataclass(frozen=True)
class Pass:
    """One run of the denoiser."""

    scale: int
    """The picture is reduced by this."""
    sigma: float
    """Standard deviation that the denoiser is told, 1/255 of encoded values."""


@dataclass(frozen=True)
class ReportedGrain:
    """What the report says about grain."""

    found: bool | None
    """None = unknown."""
    sigma: float | None
    """Its standard deviation in 1/255."""
    equal_channels: bool
    """The same in all channels, as that of a black-and-white photograph."""
    size_px: float | None
    likeness: float | None
    """Correlation of the noise of one channel with that of another; None = unknown."""

    @classmethod
    def of(cls, said: GrainFound | None) -> ReportedGrain:
        if said is None:
            return cls(None, None, equal_channels=False, size_px=None, likeness=None)
        return cls(
            found=said.found,
            sigma=said.sigma,
            equal_channels=bool(said.equal_channels),
            size_px=said.size_px,
            likeness=said.channel_correlation,
        )


@dataclass(frozen=True)
class ReportedNoise:
    """The finding ``noise`` of a page."""

    value: float | None
    """Standard deviation in 1/255 of encoded values; None = unknown."""
    reason: str
    """Why it is unknown."""
    sigmas: Mapping[int, float]
    """By scale, where what was measured there is noise."""
    white: float | None
    """What of it is white at full scale, 1/255; None = unknown."""
    channels: tuple[float, ...]
    """By channel, where all are known."""
    tones: tuple[float | None, ...]
    """By tone class, dark to light; each class is an equal part of the encoded range."""
    grain: ReportedGrain

    @classmethod
    def of(cls, report: Others) -> ReportedNoise:
        """report: holds the finding `Noise`."""
        found = report.get(Noise)
        if found is None:
            return cls(None, UNMEASURED, {}, None, (), (), ReportedGrain.of(None))
        said = found.detail
        # All the noise that there is at each scale, white or not.
        sigmas = {
            scale: at.total
            for scale, at in zip(SCALES, (said.full, said.half, said.quarter), strict=True)
            if at is not None and at.kind != "texture"
        }
        if found.value is not None and not sigmas:
            sigmas = {1: found.value}
        channels = said.channels or (said.full.channels if said.full else ())
        known = tuple(sigma for sigma in channels if sigma is not None)
        return cls(
            value=found.value,
            reason=said.reason or UNMEASURED,
            sigmas=sigmas,
            white=None if said.full is None else said.full.sigma,
            channels=known if len(known) == len(channels) else (),
            tones=said.tones,
            grain=ReportedGrain.of(said.grain),
        )

    @property
    def likeness(self) -> float:
        """Correlation of the noise between the channels of a colour page, 0 to 1."""
        measured = self.grain.likeness
        return 0.0 if measured is None or measured < UNLIKE else min(measured, 1.0)

    @property
    def correlated(self) -> bool:
        """Whether it is coarser than the pixels: enlarged with the picture, or grain."""
        return any(step.scale > 1 for step in self.passes(0.0))

    def passes(self, likeness: float) -> tuple[Pass, ...]:
        """The runs that take this noise away, coarsest first; none where there is none.

        likeness: correlation between the channels of the page, 0 to 1; 1 for grey. A denoiser of
        colour pictures was trained on noise that the channels do not share, of which their mean
        holds 1/sqrt(3). It is told the noise of that kind whose mean is as strong as this one's:
        on grey pages, sqrt(3) times the noise of the page (by 4 to 10 dB better than once).
        """
        factor = math.sqrt(1.0 + 2.0 * likeness)
        if not self.sigmas:
            return ()
        scales = [min(self.sigmas)]
        while (coarser := 2 * scales[-1]) in self.sigmas:
            if self.sigmas[coarser] <= EXCESS * self.sigmas[scales[-1]]:
                break
            scales.append(coarser)
        runs = []
        for scale in reversed(scales):
            below = self.sigmas[2 * scale] if 2 * scale in scales else 0.0
            left = math.sqrt(max(self.sigmas[scale] ** 2 - below**2, 0.0))
            if left >= LEAST:
                runs.append(Pass(scale, factor * left))
        return tuple(runs)

    @property
    def beside_grain(self) -> float | None:
        """Standard deviation of the noise that is not grain, in 1/255; None = unknown.

        What is left of the noise's power without the grain's, no more than what is white at full
        scale and, where the likeness of the channels is known, no more than what they do not
        share: three estimates of one thing, of which the picture's own texture makes each too
        large.
        """
        if self.grain.sigma is None or not (self.channels or self.value):
            return None
        levels = self.channels or (float(self.value or 0.0),)
        power = sum(level**2 for level in levels) / len(levels)
        rest = power - self.grain.sigma**2
        if self.white is not None:
            rest = min(rest, self.white**2)
        if self.grain.likeness is not None:
            rest = min(rest, power * (1.0 - self.grain.likeness))
        return math.sqrt(max(rest, 0.0))
