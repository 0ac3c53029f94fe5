"""JPEG blocking: the grid of blocks that a lossy compression left in the picture."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, FigurePair, Reported
from restoration.findings.words import number


class BlockingDetail(Detail):
    """The grid of the blocks."""

    compressed: bool | None = Field(
        default=None,
        description="Whether it was compressed at all; the value is false where no block shows.",
    )
    grid_offset: FigurePair | None = Field(
        default=None, description="First block border, down and across, in pixels of the page."
    )
    period_px: FigurePair | None = Field(
        default=None, description="Period of the grid, down and across, in pixels of the page."
    )
    rescaled: bool | None = Field(
        default=None, description="Whether the picture was resized after it was compressed."
    )
    quality: int | None = Field(
        default=None, description="Quality, as the IJG's library counts it: 1 to 100."
    )
    quantiser: dict[str, int] | None = Field(
        default=None, description="Steps of the quantiser by `row,column` of the coefficients."
    )
    strength: float | None = Field(
        default=None, description="Mean step at the borders beyond that elsewhere, in 1/255."
    )
    chroma_period_px: FigurePair | None = Field(
        default=None,
        description="Period of the colour's blocks, down and across, in pixels: 16 where colour "
        "was stored at half the resolution; null where it cannot be told.",
    )
    steps_score: float | None = Field(
        default=None, description="How far the steps at the borders stand out, in deviations."
    )
    lattice_contrast: float | None = Field(
        default=None, description="How far the quantiser's lattice stands out."
    )


class Blocking(Reported[bool, BlockingDetail]):
    """Whether blocks of a JPEG compression are to be seen.

    Value: null where there is nothing to see.
    """

    name: ClassVar[str] = "blocking"
    label: ClassVar[str] = "JPEG blocks"
    place: ClassVar[int] = 60

    def words(self, value: bool) -> str:
        """Whether, and of which quality."""
        if not value:
            return "No JPEG blocks."
        quality = self.detail.quality
        return f"JPEG blocks{f', quality about {number(round(quality))}' if quality else ''}."
