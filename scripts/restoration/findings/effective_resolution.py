"""Effective resolution: how many pixels per inch of picture the scan really holds."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart
from restoration.findings.words import number


class Witness(ReportPart):
    """What one method says of the resolution."""

    fraction: float | None = Field(
        description="Share of the page's Nyquist frequency, 0 to 1; null where it has no answer."
    )
    ppi: float | None = Field(
        description="The same in pixels per inch; null without an answer or a stated resolution."
    )
    confidence: float = Field(description="How sure it is, 0 to 1.")
    reliable: bool = Field(description="Whether it may overrule the others.")
    reason: str | None = Field(
        default=None,
        description="Why there is no answer, or none to rely on; left out where there is one.",
    )


class KnifeEdges(Witness):
    """MTF10 of the picture's sharpest straight edges."""

    edges: int = Field(description="How many straight edges were measured.")
    tile_scale: int | None = Field(
        default=None,
        description="Pixels of the page per pixel of the tiles on which they were measured.",
    )


class RingCorrelation(Witness):
    """One-image Fourier ring correlation."""

    tiles: int | None = Field(default=None, description="How many tiles were measured.")
    threshold: str | None = Field(
        default=None, description="Correlation at which the picture ends."
    )


class HalftoneLimit(Witness):
    """What a halftone screen can carry: twice its ruling."""

    share_of_page: float | None = Field(
        default=None, description="Share of the page that bears a screen, 0 to 1."
    )
    ruling_px: float | None = Field(
        default=None, description="Median period of the screens, in pixels of the page."
    )


class JpegGridLimit(Witness):
    """An enlargement after JPEG compression, given away by blocks of more than 8 pixels."""

    period_px: float | None = Field(
        default=None, description="Side of a block, in pixels of the page: mean of both directions."
    )


class Witnesses(ReportPart):
    """What each method says; the most pessimistic reliable one counts."""

    spectrum: Witness = Field(description="End of the radial power spectrum.")
    knife_edges: KnifeEdges = Field(description="The picture's own straight edges.")
    ring_correlation: RingCorrelation = Field(description="One-image Fourier ring correlation.")
    halftone: HalftoneLimit = Field(description="A halftone screen over most of the page.")
    jpeg_grid: JpegGridLimit = Field(description="An enlarged JPEG grid.")


class EffectiveDetail(Detail):
    """How the effective resolution was found."""

    fraction: float | None = Field(
        description="Effective over nominal resolution, 0 to 1; null where it is unknown."
    )
    nominal_ppi: float | None = Field(
        default=None,
        description="Stated resolution, in pixels per inch: geometric mean of both directions.",
    )
    across_fraction: float | None = Field(
        default=None, description="The same share along the rows."
    )
    down_fraction: float | None = Field(
        default=None, description="The same share along the columns."
    )
    across_ppi: float | None = Field(
        default=None, description="Effective resolution along the rows, in pixels per inch."
    )
    down_ppi: float | None = Field(
        default=None, description="Effective resolution along the columns, in pixels per inch."
    )
    limited_by: str | None = Field(
        default=None,
        description="What limits it: `nyquist`, `noise`, `mtf10`, `interpolation`, `jpeg`, or the "
        "method whose figure counts.",
    )
    ended_by: tuple[str | None, ...] | None = Field(
        default=None, description="What ended the spectrum along the rows and along the columns."
    )
    tiles: int | None = Field(default=None, description="How many tiles were transformed.")
    tile_scale: int | None = Field(
        default=None, description="Pixels of the page per pixel of the tiles that were used."
    )
    tile_spread: float | None = Field(
        default=None,
        description="Standard deviation of the logarithm of the single tiles' figures.",
    )
    figures: Witnesses | None = Field(default=None, description="What each method says.")


class EffectiveResolution(Reported[float, EffectiveDetail]):
    """Resolution of the picture in the scan, in pixels per inch.

    Twice the spatial frequency at which the picture's spectrum meets that of the noise, or has
    fallen to a transfer of 10 %; at most the stated resolution.
    """

    name: ClassVar[str] = "effective_resolution"
    label: ClassVar[str] = "Effective resolution"
    place: ClassVar[int] = 20

    def words(self, value: float) -> str:
        """Pixels per inch of picture."""
        nominal = self.detail.nominal_ppi
        of = f" of the {number(round(nominal))} ppi that its file states" if nominal else ""
        return f"Holds about {number(round(value))} ppi of picture{of}."
