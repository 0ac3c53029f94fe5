"""Fading and cast: what is left of the densities that a print once had."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, FigurePair, Others, Reported, ReportPart
from restoration.findings.dyes import Dyes
from restoration.findings.words import number

TRUSTED_LOSS = 0.45
"""Confidence below which no loss of density is told: at 0.4 and less fog and a soft subject look
alike."""

LOST = 0.1
"""Share of the density range that may be missing for the subject's sake."""


class Casts(ReportPart):
    """CIELAB a* and b* of the picture's tones."""

    shadows: FigurePair = Field(description="a* and b* of the darkest 3 %.")
    middle: FigurePair = Field(description="a* and b* between.")
    highlights: FigurePair = Field(description="a* and b* of the lightest 3 %.")


class PaperWhite(ReportPart):
    """The print's own margin."""

    density: tuple[float, ...] = Field(description="Density of each channel.")
    cast: FigurePair = Field(description="CIELAB a* and b*.")


class FadingDetail(Detail):
    """Densities: -log10 of linear-light sRGB, not Status A."""

    channels: tuple[str, ...] | None = Field(default=None, description="Names of the channels.")
    darkest: tuple[float, ...] | None = Field(
        default=None, description="Density of each channel's darkest tone (99.5th percentile)."
    )
    lightest: tuple[float, ...] | None = Field(
        default=None, description="Density of each channel's lightest tone (0.5th percentile)."
    )
    reference_range: float | None = Field(
        default=None, description="Density range of a healthy print, with which it is compared."
    )
    cast: Casts | None = Field(default=None, description="Colour casts at three tones.")
    paper: PaperWhite | None = Field(
        default=None, description="The print's own margin; null where none is seen."
    )
    clipped: dict[str, FigurePair] | None = Field(
        default=None,
        description="Shares of each channel's samples at code 0 and at the highest code.",
    )
    lost: tuple[float, ...] | None = Field(
        default=None, description="Share of the range that each channel lacks, 0 to 1."
    )
    lost_luminance: float | None = Field(
        default=None, description="Share of the range that luminance lacks, 0 to 1."
    )
    judged_by: str | None = Field(default=None, description="What decided, in words.")


class Fading(Reported[float, FadingDetail]):
    """Share of a print's density range that is gone, 0 to 1.

    Mean over the channels, of luminance for grey and toned pictures; null for halftones and where
    there is too little to see.
    """

    name: ClassVar[str] = "fading"
    label: ClassVar[str] = "Fading and cast"
    place: ClassVar[int] = 120

    def words(self, value: float) -> str:
        """How much is lost."""
        judged = self.detail.judged_by
        if value < LOST:
            return f"No loss of density found{f': {judged}' if judged else ''}."
        return f"About {number(round(100.0 * value))} % of the density range is lost."

    def against(self, others: Others) -> str:
        """Why weak or coloured blacks may be the subject's; empty where the dyes say no such."""
        dyes = others.get(Dyes)
        said = None if dyes is None else dyes.detail
        if said is None or said.image != "dyes" or (said.as_dyes and said.as_dyes.balanced):
            return ""
        return said.doubt or (said.as_dyes.against if said.as_dyes else "")

    def trusted(self, against: str) -> bool:
        """A loss needs more confidence than its absence, and nothing against it."""
        lost = self.value is not None and self.value >= LOST
        doubted = lost and (self.confidence < TRUSTED_LOSS or bool(against))
        return super().trusted(against) and not doubted

    def doubt(self) -> str:
        """What decided, else the reason."""
        return self.detail.judged_by or super().doubt()
