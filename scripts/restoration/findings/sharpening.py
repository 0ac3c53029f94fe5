"""Sharpening before us: the halos that a scanner's unsharp mask leaves beside edges."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported
from restoration.findings.words import number


class SharpeningDetail(Detail):
    """The typical edge."""

    overshoot: float | None = Field(
        default=None, description="Overshoot on the weaker side of an edge, as a share of its step."
    )
    error: float | None = Field(default=None, description="Standard error of the overshoot.")
    width_px: float | None = Field(
        default=None,
        description="Distance from the middle of the edge at which the halo has fallen to half, in "
        "pixels of the page; null where there is no halo.",
    )
    share: float | None = Field(
        default=None,
        description="Share of the parts counted as `witnesses` which overshoot on both "
        "sides, 0 to 1.",
    )
    second_lobe: float | None = Field(
        default=None,
        description="Second lobe as a share of the first: ringing has one, a halo has not.",
    )
    edges: int = Field(description="How many edges between even tones were found.")
    witnesses: int | None = Field(
        default=None, description="Parts of the picture in which at least two of them lie."
    )
    tile_scale: int | None = Field(
        default=None, description="Pixels of the page per pixel of the tiles that were used."
    )


class Sharpening(Reported[bool, SharpeningDetail]):
    """Whether the scan was sharpened before it came to us.

    Value: null where there are too few straight edges between even tones.
    """

    name: ClassVar[str] = "sharpening"
    label: ClassVar[str] = "Sharpened by the scanner"
    place: ClassVar[int] = 80

    def words(self, value: bool) -> str:
        """Whether, and by how much."""
        if not value:
            return "No halos of a sharpening filter."
        share = self.detail.overshoot
        by = f" by {number(round(100.0 * share))} % of the step" if share else ""
        return f"Edges overshoot{by}: a sharpening filter ran."
