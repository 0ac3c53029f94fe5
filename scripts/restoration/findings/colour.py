"""Colour, toned or grey: whether the picture's hues follow from its tones alone."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, FigurePair, Reported, ReportPart


class HueByTone(ReportPart):
    """CIELAB a* and b* of the picture's curve of hue."""

    shadows: FigurePair = Field(
        description="a* and b* of the dark tones (5th percentile of lightness)."
    )
    middle: FigurePair = Field(description="a* and b* of the middle tones.")
    highlights: FigurePair = Field(description="a* and b* of the light tones (95th percentile).")


class ColourDetail(Detail):
    """Hue, and how far the picture strays from one hue for each tone."""

    why: str | None = Field(default=None, description="Why it is grey without any measurement.")
    hue_deg: float | None = Field(
        default=None, description="Mean hue of the curve, in degrees of CIELAB: 0 to 360."
    )
    chroma: float | None = Field(default=None, description="Median chroma of the curve, in CIELAB.")
    toned: HueByTone | None = Field(default=None, description="The curve of hue at three tones.")
    distance_p50: float | None = Field(
        default=None, description="Median distance of the picture from the curve, in CIELAB."
    )
    distance_p90: float | None = Field(
        default=None,
        description="The distance that 90 % of the picture does not exceed, in CIELAB.",
    )
    share_far: float | None = Field(
        default=None, description="Share of the picture at a distance of more than 10, 0 to 1."
    )
    share_very_far: float | None = Field(
        default=None, description="Share of the picture at a distance of more than 20, 0 to 1."
    )
    unit: str | None = Field(default=None, description="In what hues are measured.")
    colour_evidence: float | None = Field(
        default=None,
        description="0: every hue follows from its tone; 1 and above: several hues for one tone.",
    )


class Colour(Reported[str, ColourDetail]):
    """Whether the picture is grey, toned or in colour.

    Value: `grey`, `toned` or `colour`; null where stains, fading or a few coloured details leave it
    open.
    """

    name: ClassVar[str] = "colour"
    label: ClassVar[str] = "Kind of picture"
    place: ClassVar[int] = 110

    def words(self, value: str) -> str:
        """The kind."""
        kinds = {"grey": "Grey.", "toned": "Toned: one hue, as of sepia.", "colour": "Colour."}
        return kinds.get(value, f"{value}.")
