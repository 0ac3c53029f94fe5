"""Printing screens: where the page bears a halftone, its ruling, its angle and its strength."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, FigurePair, Reported, ReportPart, StatedBox
from restoration.findings.words import number


class PrintedScreen(ReportPart):
    """One lattice of dots or lines, in one channel."""

    channel: str = Field(description="`r`, `g`, `b` or `grey`.")
    f1: FigurePair = Field(
        description="First vector, down and across, in cycles per pixel of the page."
    )
    f2: FigurePair = Field(
        description="Second vector, a quarter turn from the first; of parallel lines a direction "
        "without a wave."
    )
    ruling_lpi: float | None = Field(
        description="Lines per inch; null where the file states no resolution."
    )
    ruling_px: float = Field(description="Period of the lattice, in pixels of the page.")
    angle_deg: float = Field(
        description="Angle, in degrees counter-clockwise from the rows as stored: 0 to 90 for "
        "dots, 0 to 180 for lines."
    )
    shape: str = Field(description="`dot` or `line`.")
    strength: float = Field(description="Amplitude of the fundamental wave, in linear light.")
    confidence: float = Field(description="How sure it is, 0 to 1.")

    @property
    def told(self) -> str:
        """Ruling and angle in words."""
        lines = self.ruling_lpi
        ruling = f"{number(round(lines))} lines per inch" if lines else "ruling not known"
        return f"{ruling} at {number(round(self.angle_deg))}°"


class Moire(ReportPart):
    """A slow beat between a screen and the scanner's grid, or between two screens."""

    found: bool | None = Field(description="Whether there is one; null where it cannot be told.")
    reason: str | None = Field(default=None, description="Why it cannot be told.")
    period_px: float | None = Field(default=None, description="Its period, in pixels of the page.")
    frequency: FigurePair | None = Field(
        default=None, description="Its vector, down and across, in cycles per pixel of the page."
    )
    contrast: float | None = Field(default=None, description="Its amplitude, in linear light.")
    channel: str | None = Field(default=None, description="The channel in which it was seen.")
    cause: str | None = Field(default=None, description="What beats with what.")


class ScreenedRegion(ReportPart):
    """One print on the page."""

    id: str = Field(description="The letter by which the map marks it.")
    box: StatedBox = Field(
        description="[left, top, width, height] in pixels of the page as stored."
    )
    share: float = Field(description="Share of the page, 0 to 1.")
    kind: str = Field(description="`halftone` or `stochastic`.")
    confidence: float = Field(description="How sure it is, 0 to 1.")
    screens: tuple[PrintedScreen, ...] = Field(description="Its lattices, one a channel.")
    moire: Moire = Field(description="Whether it shows moire.")


class ScreenDetail(Detail):
    """Where the page bears screens."""

    cell_px: int = Field(description="Side of a cell of the map, in pixels of the page.")
    cells: tuple[int, int] = Field(description="Rows and columns of the map.")
    regions: tuple[ScreenedRegion, ...] = Field(description="The prints, largest first.")
    map: tuple[str, ...] = Field(
        description="The map, row by row, one character a cell: `.`, or the id of a region."
    )
    unmeasured: tuple[StatedBox, ...] = Field(
        description="Boxes that look like a screen but of which too little is known: [left, top, "
        "width, height] in pixels of the page as stored."
    )


class Screen(Reported[str, ScreenDetail]):
    """Halftone screens of printed pictures.

    Value: `halftone` where an exact lattice of dots repeats, `stochastic` where dots without a
    lattice cover the picture, `none`; null where it cannot be decided.
    """

    name: ClassVar[str] = "screen"
    label: ClassVar[str] = "Halftone screen"
    place: ClassVar[int] = 40
    unshown: ClassVar[frozenset[str]] = frozenset({"map"})

    def words(self, value: str) -> str:
        """Rulings and angles, and how much of the page they cover."""
        if value == "none":
            return "No halftone screen."
        regions = self.detail.regions
        share = sum(region.share for region in regions)
        where = f" on {number(round(100.0 * share))} % of the page" if share else ""
        if value == "stochastic":
            return (
                f"Irregular (stochastic) dots{where}: descreen cannot take out what has no lattice."
            )
        screens = [screen for region in regions for screen in region.screens]
        return f"Halftone screen{where}: {'; '.join(dict.fromkeys(s.told for s in screens))}."
