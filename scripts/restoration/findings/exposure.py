"""Exposure: whether a picture's tones lie at one end of their range."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart
from restoration.findings.words import number


class LightnessRange(ReportPart):
    """Percentiles of CIELAB L* inside the picture, 0 to 100."""

    p1: float = Field(description="L* that 1 % of the picture does not exceed.")
    p50: float = Field(description="L* that half of the picture does not exceed.")
    p99: float = Field(description="L* that 99 % of the picture do not exceed.")


class ClippedEnds(ReportPart):
    """Shares of the picture in which all channels lie at an end, 0 to 1."""

    low: float = Field(description="At the dark end.")
    high: float = Field(description="At the light end.")


class ExposureDetail(Detail):
    """The tones inside the picture."""

    lightness: LightnessRange | None = Field(default=None, description="Percentiles of lightness.")
    stops: float | None = Field(
        default=None, description="Doublings of light from the 1st to the 99th percentile."
    )
    clipped: ClippedEnds | None = Field(default=None, description="What is cut off at the ends.")
    judged_by: str | None = Field(default=None, description="What decided, in words.")


class Exposure(Reported[str, ExposureDetail]):
    """Whether a picture is dark, light, flat or clipped.

    Value: `under`, `over`, `flat`, `clipped` or `normal`, the first that holds; null for halftones,
    pages of text and pages without a picture. No stage decides from it.
    """

    name: ClassVar[str] = "exposure"
    label: ClassVar[str] = "Exposure"
    place: ClassVar[int] = 140

    def words(self, value: str) -> str:
        """Which, and the tones that say so."""
        tones, stops = self.detail.lightness, self.detail.stops
        said = {
            "normal": "Tones on both sides of the middle",
            "under": "Dark, perhaps underexposed",
            "over": "Light, perhaps overexposed",
            "flat": "Little contrast",
            "clipped": "Cut off at an end of the range",
        }.get(value, value)
        if tones is not None:
            low, middle, high = (number(round(tone)) for tone in (tones.p1, tones.p50, tones.p99))
            said += f": middle tone L* {middle}, from {low} to {high}"
        wide = f" ({number(round(stops, 1))} stops)" if stops is not None else ""
        return f"{said}{wide}."

    def doubt(self) -> str:
        """What decided, else the reason."""
        return self.detail.judged_by or super().doubt()
