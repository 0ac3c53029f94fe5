"""Dyes and paper: what fading has left and staining has added, by channel."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart
from restoration.findings.words import number

LEAST_FADE = 0.03
"""Loss of a dye that is within what two scans of one print differ by."""

DensityFigures = tuple[float, ...]
"""One a channel."""


class AsDyes(ReportPart):
    """What would be left and added if the picture is of dyes."""

    kept: DensityFigures = Field(
        description="Share of its density that each channel has kept, 0 to 1."
    )
    stain: DensityFigures = Field(description="Density that each channel of the paper has gained.")
    base: DensityFigures = Field(description="Density of each channel of the healthy paper.")
    spread: float = Field(description="Spread of the darkest tones' densities over the channels.")
    disagreement: float = Field(
        description="How far the darkest tones of different parts disagree, in density."
    )
    gain: float = Field(description="How much more neutral the darkest tones become.")
    gain_of_lights: float = Field(description="How much more neutral the light tones become.")
    balanced: bool = Field(description="Whether the channels agree as those of a healthy print.")
    against: str = Field(description="What speaks against a fading, in words; empty if nothing.")


class AsSilver(ReportPart):
    """What the paper has gained and, perhaps, the tones have lost, if the picture is of silver."""

    against: str = Field(description="Why nothing is said, in words; empty if something is.")
    kept: DensityFigures | None = Field(
        default=None,
        description="Share of its density that each channel has kept: 1, since no loss is shown.",
    )
    if_faded: DensityFigures | None = Field(
        default=None, description="The same if weak tones mean fading, which nothing shows."
    )
    stain: DensityFigures | None = Field(
        default=None, description="Density that each channel of the paper has gained."
    )
    base: DensityFigures | None = Field(
        default=None, description="Density of each channel of the healthy paper."
    )
    darkest_above: float | None = Field(
        default=None,
        description="Density of the darkest tones above the paper: mean of the channels.",
    )


class Uneven(ReportPart):
    """A stain that differs over the page: a smooth surface of low order."""

    coefficients: tuple[DensityFigures, ...] = Field(
        description="For each channel those of 1, u, v, u², uv and v², in density; u and v run "
        "from -1 to 1 over the columns and rows of the page."
    )
    residual: float = Field(
        description="Root mean square of what the surface does not follow, in density."
    )
    span: float = Field(description="Largest difference over the page, in density.")
    lightest: DensityFigures = Field(
        description="Density of each channel's lightest tone once the surface is taken away."
    )
    as_dyes: AsDyes | None = Field(
        default=None, description="What would be left of the dyes once the surface is taken away."
    )


class DyesDetail(Detail):
    """Densities: -log10 of the light in the scan's own channels."""

    margin: DensityFigures | None = Field(
        default=None,
        description="Density of each channel of the empty margin; null where none is seen.",
    )
    no_margin: str | None = Field(
        default=None, description="Why no margin was taken for the print's paper, in words."
    )
    lightest: DensityFigures | None = Field(
        default=None, description="Density of each channel's lightest tones."
    )
    darkest: DensityFigures | None = Field(
        default=None, description="Density of each channel's darkest tones."
    )
    image: str | None = Field(
        default=None, description="`dyes`, `grey`, `toned`, `hand-coloured`, `ink` or `unknown`."
    )
    evidence: str | None = Field(
        default=None, description="What the stain was judged by: `margin` or `lightest tones`."
    )
    uneven: Uneven | None = Field(
        default=None, description="A stain that differs over the page; left out where it is even."
    )
    toner: tuple[DensityFigures, ...] | None = Field(
        default=None,
        description="Densities along the scale of tones, light to dark: the toner's hue.",
    )
    as_silver: AsSilver | None = Field(default=None, description="If the picture is of silver.")
    as_dyes: AsDyes | None = Field(default=None, description="If the picture is of dyes.")
    doubt: str | None = Field(
        default=None, description="Which sign of fading is missing, in words; empty if none."
    )


class Dyes(Reported[DensityFigures, DyesDetail]):
    """Share of its density that each channel of a colour print has kept, 0 to 1.

    Null where nothing can be said.
    """

    name: ClassVar[str] = "dyes"
    label: ClassVar[str] = "Dyes and paper"
    place: ClassVar[int] = 130
    unshown: ClassVar[frozenset[str]] = frozenset({"toner"})

    @property
    def said(self) -> AsDyes | AsSilver | None:
        """What counts for the kind of picture that it is."""
        return self.detail.as_dyes if self.detail.image == "dyes" else self.detail.as_silver

    def words(self, value: DensityFigures) -> str:
        """What is kept, and the stain."""
        dyes = self.detail.image == "dyes"
        said = self.said
        against = said.against if said else ""
        faded = dyes and not against and min(value) <= 1.0 - LEAST_FADE
        shares = " / ".join(number(round(100.0 * share)) for share in value)
        whole = "No fading found" if dyes else "Fading is not judged"
        kept = f"Kept {shares} % of their density" if faded else whole
        stain = " / ".join(f"{added:.2f}" for added in (said.stain if said else None) or ())
        where = "margin" if self.detail.margin else "lightest tones"
        return f"{kept}; stain {stain}, by the {where}." if stain else f"{kept}."

    def unsaid(self) -> str:
        """The reason, else what speaks against it."""
        return super().unsaid() or (self.said.against if self.said else "")

    def doubt(self) -> str:
        """The sign that is missing, else the reason."""
        return self.detail.doubt or super().doubt()
