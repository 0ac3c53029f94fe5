"""The sheet around the picture: box of the picture, colour of the paper, share of empty area."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Others, Reported, ReportPart, StatedBox
from restoration.findings.words import number, pixels


class BorderLayer(ReportPart):
    """One border around the picture: the scanner's bed, a mount, a margin."""

    encloses: StatedBox = Field(
        description="What it encloses: [left, top, width, height] in pixels of the page as stored."
    )
    colour: tuple[float, ...] = Field(
        description="Its colour, one figure a channel, in 1/255 of encoded values."
    )
    straightness: float = Field(description="How straight its inner sides are, 0 to 1.")


class PaperDetail(Detail):
    """The borders, and what they enclose."""

    empty_share: float = Field(description="Share of the page that is empty border, 0 to 1.")
    colour: tuple[float, ...] | None = Field(
        description="Colour of the innermost border, one figure a channel; null if there is none."
    )
    colour_unit: str | None = Field(default=None, description="Unit of the colours.")
    layers: tuple[BorderLayer, ...] = Field(description="The borders, from the outside inwards.")
    occupied: tuple[StatedBox, ...] = Field(
        description="Boxes around all that is not empty, the picture among them: [left, top, "
        "width, height] in pixels of the page as stored."
    )


class Paper(Reported[StatedBox, PaperDetail]):
    """Where the picture lies on the scan.

    Value: [left, top, width, height] of the picture in pixels of the page as stored; null where
    there is no border.
    """

    name: ClassVar[str] = "paper"
    label: ClassVar[str] = "Paper and empty border"
    place: ClassVar[int] = 170
    unshown: ClassVar[frozenset[str]] = frozenset({"occupied"})

    def sentence(self, others: Others | None = None) -> str:
        """Box of the picture and share of empty border; that there is none is an answer, too."""
        if self.value is None:
            return "No empty border was found."
        left, top, width, height = self.value
        share = self.detail.empty_share
        empty = f" {number(100.0 * share)} % of the scan is empty border." if share else ""
        return (
            f"The picture is {pixels(width, height)}, {number(left)} px from the left edge and "
            f"{number(top)} px from the top.{empty}"
        )
