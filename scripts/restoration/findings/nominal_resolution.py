"""What the file states about itself: resolution, depth, colour space, infrared."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported
from restoration.findings.words import number


class StatedDetail(Detail):
    """What the file states beyond its resolution."""

    across_ppi: float | None = Field(
        description="Pixels per inch along the rows; null where the file states none."
    )
    down_ppi: float | None = Field(
        description="Pixels per inch along the columns; null where the file states none."
    )
    bits: int = Field(description="Bits per sample of the file: 8 or 16.")
    channels: int = Field(description="Channels of the picture: 1 (grey) or 3 (RGB).")
    colour_space: str = Field(description="Name of the colour space in which the codes are read.")
    colour_space_assumed: bool = Field(
        description="Whether that space was assumed, since the file carries no usable profile."
    )
    infrared: str | None = Field(
        default=None,
        description="Where the file holds infrared of the page, in words; null where it holds "
        "none. Older records leave it out.",
    )


class NominalResolution(Reported[float, StatedDetail]):
    """The resolution that the file states, in pixels per inch.

    Value: the geometric mean of both directions; null where the file states none.
    """

    name: ClassVar[str] = "nominal_resolution"
    label: ClassVar[str] = "Stated resolution"
    place: ClassVar[int] = 10

    def words(self, value: float) -> str:
        """Resolution, depth and colours as the file states them."""
        said = self.detail
        also = f" Infrared: {said.infrared}." if said.infrared else ""
        if not said.colour_space:
            return f"{number(value)} ppi.{also}"
        assumed = " (assumed: the file carries no usable profile)"
        space = f"{said.colour_space}{assumed if said.colour_space_assumed else ''}"
        return f"{number(value)} ppi, {said.bits} bits per sample, colours: {space}.{also}"
