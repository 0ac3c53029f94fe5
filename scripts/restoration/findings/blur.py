"""What blurred the picture."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart
from restoration.findings.words import number


class BlurFit(ReportPart):
    """How well one kind of blur explains the spectrum at one scale."""

    gain: float = Field(description="How much of the spectrum it explains.")
    amplitude: float = Field(description="Depth of its zeros, 1 as they must be.")
    support: float = Field(description="Share of the tiles that show it, 0 to 1.")
    agreement: float = Field(
        description="Share of the parts of the frequency plane that agree, 0 to 1."
    )
    zero_of_reach: float = Field(
        description="Its first zero, as a share of the frequency at which the picture ends."
    )
    size_px: float = Field(
        description="Length of the motion or radius of the disc, in pixels of the page."
    )
    edge_width_share: float | None = Field(
        description="Width of the picture's edges over that which this blur would give them; null "
        "where there are few edges."
    )


class BlurAtScale(ReportPart):
    """What one scale showed."""

    scale: int = Field(description="Pixels of the page per pixel of the tiles: 1, 2 or 4.")
    squares: int = Field(description="How many squares were transformed.")
    motion: BlurFit = Field(description="Straight motion.")
    defocus: BlurFit = Field(description="A disc, as of a lens out of focus.")


class BlurDetail(Detail):
    """Size and direction of the blur."""

    length_px: float | None = Field(
        default=None, description="Length of the motion, in pixels of the page."
    )
    direction_deg: float | None = Field(
        default=None,
        description="Its direction, in degrees counter-clockwise from the rows: 0 to 180.",
    )
    radius_px: float | None = Field(
        default=None, description="Radius of the disc, in pixels of the page."
    )
    softness_px: float | None = Field(
        default=None,
        description="Standard deviation of the Gaussian that makes edges as wide as the page's, in "
        "its pixels; null where there are few edges.",
    )
    reach: float | None = Field(
        default=None,
        description="Frequency at which the picture ends, in cycles per pixel of the page.",
    )
    scales: tuple[BlurAtScale, ...] | None = Field(
        default=None, description="What each scale showed."
    )


class Blur(Reported[str, BlurDetail]):
    """What blurred the picture.

    Value: `motion`, `defocus`, `compression` or `none`; null where a blur too small to show its
    zeros could be behind it.
    """

    name: ClassVar[str] = "blur"
    label: ClassVar[str] = "Blur"
    place: ClassVar[int] = 70

    def words(self, value: str) -> str:
        """Kind and size."""
        said = self.detail
        if value == "motion":
            length, direction = number(said.length_px), number(said.direction_deg)
            return f"Moved by about {length} px at {direction}° while it was taken."
        if value == "defocus":
            return f"Out of focus: a disc of about {number(said.radius_px)} px radius."
        return {
            "compression": "Softened by compression.",
            "none": "Neither moved nor out of focus.",
        }.get(value, f"{value}.")
