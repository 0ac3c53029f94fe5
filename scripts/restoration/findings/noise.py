"""Noise of the scan, per channel, tone and scale; grain told from sensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart


class NoiseAtScale(ReportPart):
    """The noise of the quietest tiles at one scale."""

    sigma: float = Field(
        description="Standard deviation of the noise that is white at this scale, in 1/255."
    )
    total: float = Field(description="Standard deviation of all of it, in 1/255.")
    kind: str = Field(
        description="`white` where the two agree, `correlated` where not, `none` below 0.05/255."
    )
    channels: tuple[float, ...] = Field(description="`sigma` of each channel, in 1/255.")


class GrainFound(ReportPart):
    """Whether the noise is grain of the photograph."""

    found: bool | None = Field(description="Whether there is grain; null where it is undecided.")
    sigma: float | None = Field(
        description="Standard deviation of the correlated part, in 1/255; null where undecided."
    )
    correlation: float | None = Field(
        description="Autocorrelation of the noise at a lag of one pixel, up to 1."
    )
    equal_channels: bool | None = Field(
        description="Whether all channels have the same grain, as silver has."
    )
    channel_correlation: float | None = Field(
        description="Least correlation between two channels' noise; null for a single channel."
    )
    size_px: float | None = Field(
        description="Full width at half maximum of its autocorrelation, in pixels of the page."
    )


class NoiseDetail(Detail):
    """The noise, taken apart."""

    kind: str | None = Field(
        description="`white`, `correlated`, `texture` (not to be told from the picture) or `none`; "
        "null where nothing was measured."
    )
    channels: tuple[float | None, ...] = Field(
        description="Standard deviation of each channel, in 1/255; null where unknown."
    )
    tones: tuple[float | None, ...] = Field(
        description="Standard deviation in six classes of tone from dark to light, in 1/255: root "
        "mean square over the channels; null where no flat place of that tone shows noise."
    )
    channel_tones: tuple[tuple[float | None, ...], ...] = Field(
        description="The same for each channel."
    )
    at_most: float | None = Field(
        description="Standard deviation if all that the quietest tiles hold were noise, in 1/255; "
        "null where noise was told from texture."
    )
    full: NoiseAtScale | None = Field(
        description="At full scale, in the quietest tiles; null where texture hides it."
    )
    half: NoiseAtScale | None = Field(description="After averaging over 2 x 2 pixels.")
    quarter: NoiseAtScale | None = Field(description="After averaging over 4 x 4 pixels.")
    grain: GrainFound = Field(description="Whether the noise is grain of the photograph.")
    tiles: int = Field(description="How many tiles were looked at.")
    tile_px: int = Field(description="Side of a tile, in pixels of the page.")
    screened: int = Field(description="Tiles that were left out, being in a halftone screen.")
    clipped: bool = Field(
        description="Whether heavily clipped tiles had to be used, for want of better ones."
    )


class Noise(Reported[float, NoiseDetail]):
    """Standard deviation of the noise, in 1/255 of encoded values.

    All frequencies, root mean square over the channels; null where texture, a halftone screen or
    clipping hides it.
    """

    name: ClassVar[str] = "noise"
    label: ClassVar[str] = "Noise and grain"
    place: ClassVar[int] = 50
    renamed: ClassVar[Mapping[str, str]] = {
        "full": "in the quietest places, at full scale",
        "half": "in the quietest places, at half scale",
        "quarter": "in the quietest places, at quarter scale",
    }

    def words(self, value: float) -> str:
        """How strong, and what of it is grain."""
        text = f"Standard deviation {value:.2g} of 255 steps"
        grain = self.detail.grain
        if not grain.sigma or grain.found is False:
            return f"{text}."
        wide = f", {grain.size_px:.2g} px wide" if grain.size_px else ""
        perhaps = "" if grain.found else "perhaps "
        return f"{text}, {grain.sigma:.2g} {perhaps}as grain of the photograph{wide}."
