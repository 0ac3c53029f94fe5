"""What colour says of a page."""

from __future__ import annotations

from typing import ClassVar, Literal

from restoration.findings.base import Figure
from restoration.findings.dyes import AsDyes, AsSilver
from restoration.records.base import Part
from restoration.records.stage_findings.base import StageFindings

Channels = tuple[Figure, ...]
"""One value a channel."""


class OfTarget(Part):
    """What a target in the picture, which a person marked, says."""

    kept: Channels
    """Share of its density that each channel has kept, 0 to 1."""
    stain: Channels
    """Density that each channel of the paper has gained."""
    base: Channels
    """Density of each channel of the healthy paper."""
    error: Figure
    """Mean difference that is left on the target, in CIELAB units."""


class StainSurface(Part):
    """A stain that differs over the page: a smooth surface of low order."""

    coefficients: tuple[Channels, ...]
    """For each channel those of 1, u, v, u², uv and v², in density."""
    residual: Figure
    """Root mean square of what the surface does not follow, in density."""
    span: Figure
    """Largest difference over the page, in density."""


class NoiseGain(Part):
    """By what the noise of encoded values is multiplied, one value a channel."""

    middle: Channels
    """At the middle tone."""
    most: Channels
    """At most between the darkest and the lightest hundredth."""


class ColourFindings(StageFindings):
    """Fading, cast and stain were taken out by a tone table; or why they were not."""

    stage: ClassVar[str] = "colour"

    image: str | None = None
    """What the picture is of: dyes, grey, toned, hand-coloured, ink or unknown."""
    white_from: str | None = None
    """By what white was judged, in words."""
    found: AsDyes | AsSilver | OfTarget | None = None
    """What the condition report, or the target, says of the picture."""
    pages_of_the_batch: int | None = None
    """Pages of the batch that share the correction; absent where each has its own."""
    kept: Channels | None = None
    """Share of its density that each channel is taken to have kept, 0 to 1."""
    stain: Channels | None = None
    """Density that was taken from each channel, being stain."""
    base: Channels | None = None
    """Density of each channel of the healthy paper."""
    uneven: StainSurface | None = None
    """The stain that differs over the page; null where it is even."""
    toner_taken_out: bool | None = None
    """Whether the toner's hue was taken out."""
    strength: Figure | None = None
    """Share of the correction that was taken, 0 to 1."""
    scope: Literal["scan", "batch"] | None = None
    """Whether the correction is of the scan alone or of its batch."""
    noise_gain: NoiseGain | None = None
    """By what the noise is multiplied."""
