"""Whether the scan was enlarged by software before it came here."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart
from restoration.findings.words import number


class RhythmLine(ReportPart):
    """A rhythm in the finest differences of the page."""

    frequency: float = Field(description="In cycles per pixel.")
    order: int = Field(description="Order of the differences in which it was seen: 1, 2 or 3.")
    strength: float = Field(description="Its power over the median of the spectrum.")
    amplitude: float = Field(description="Its amplitude, relative to the mean difference.")


class InterpolatedDetail(Detail):
    """By how much it was enlarged, and how."""

    factor: float | None = Field(
        description="How many times larger than it was scanned: geometric mean of both directions."
    )
    factor_across: float | None = Field(description="The same along the rows.")
    factor_down: float | None = Field(description="The same along the columns.")
    kind: str | None = Field(
        description="Kind of interpolation: `nearest`, `linear` or `cubic or longer`."
    )
    lines: tuple[RhythmLine | None, ...] = Field(
        description="The rhythm that gave it away, along the rows and along the columns."
    )


class Interpolated(Reported[bool, InterpolatedDetail]):
    """Whether the scan was enlarged after it was scanned.

    Value: null where the page has nothing to look at.
    """

    name: ClassVar[str] = "interpolated"
    label: ClassVar[str] = "Enlarged by software"
    place: ClassVar[int] = 30

    def words(self, value: bool) -> str:
        """Whether, and by how much."""
        if not value:
            return "No sign that it was enlarged by software."
        factor = self.detail.factor
        by = f" by about {number(factor)}" if factor else ""
        return f"Was enlarged{by} by software before: the file holds less than it states."
