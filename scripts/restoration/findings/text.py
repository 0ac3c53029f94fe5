"""Text and line art: where dots and thin lines are meant, and no repair may touch them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Figure, Reported, ReportPart, StatedBox
from restoration.findings.words import number


class TextBox(ReportPart):
    """An area of writing or of line art."""

    box: StatedBox = Field(
        description="[left, top, width, height] in pixels of the page as stored, with a margin of "
        "about half a letter."
    )
    kind: str = Field(description="`text` or `line art`.")
    lines: int = Field(description="Lines of writing.")
    letters: int = Field(description="Letters, about.")
    sideways: bool = Field(description="Whether it is written along the columns of the page.")


class TextDetail(Detail):
    """Where the areas lie."""

    boxes: tuple[TextBox, ...] = Field(description="The areas, from the top; at most 200.")
    proxy_step_px: int = Field(
        description="Pixels of the page per cell of the picture that was searched."
    )
    smallest_letter_px: int = Field(
        description="Height of the smallest letter that can be found, in pixels of the page."
    )
    not_listed: int | None = Field(default=None, description="How many areas are not listed.")
    letters: Figure | None = Field(default=None, description="Letters on the whole page, about.")
    share_text: float | None = Field(
        default=None, description="Share of the page that is text, 0 to 1."
    )
    share_line_art: float | None = Field(
        default=None, description="Share of the page that is line art, 0 to 1."
    )


class Text(Reported[float, TextDetail]):
    """Share of the page that writing and line art cover, 0 to 1.

    Nothing is read. Null where the page is too small.
    """

    name: ClassVar[str] = "text"
    label: ClassVar[str] = "Text and line art"
    place: ClassVar[int] = 150

    def words(self, value: float) -> str:
        """How much of the page."""
        if not value:
            return "No text or line art."
        return f"Text or line art on {number(round(100.0 * value, 1))} % of the page."
