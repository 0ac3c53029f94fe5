"""Dust, scratches and creases: how many, how large, where."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart
from restoration.findings.words import number

FEWEST = 4
"""Pieces below which the sentence says that they may as well be picture: the repair stage's own
figure (`restoration.examine.damage.search`), which a test holds this to."""


class PiecesFound(ReportPart):
    """Pieces of one kind of damage."""

    count: int = Field(description="How many.")
    area_px: int = Field(description="Pixels of the page that they cover.")
    light: int = Field(description="How many are lighter than their surroundings.")
    dark: int = Field(description="How many are darker than their surroundings.")
    share: float = Field(description="Share of the page that they cover, 0 to 1.")


class LongPiecesFound(PiecesFound):
    """Scratches or creases."""

    length_px: int = Field(description="Length of all together, in pixels of the page.")


class Shifts(ReportPart):
    """What the page's own frequency of damage adds to the odds of each piece (logarithms)."""

    dust: float = Field(description="Of specks of dust.")
    scratches: float = Field(description="Of scratches.")
    creases: float = Field(description="Of creases.")


class DamageDetail(Detail):
    """The damage by kind, and where it lies."""

    dust: PiecesFound | None = Field(default=None, description="Specks of dust.")
    scratches: LongPiecesFound | None = Field(default=None, description="Scratches.")
    creases: LongPiecesFound | None = Field(
        default=None, description="Creases, looked for on the whole page."
    )
    searched_share: float | None = Field(
        default=None,
        description="Share of the page that was searched for dust and scratches, 0 to 1.",
    )
    level: int | None = Field(
        default=None, description="Pixels of the page per pixel at which it was searched."
    )
    shifts: Shifts | None = Field(
        default=None, description="What was added to the odds of each kind on this page."
    )
    cell_px: int | None = Field(
        default=None, description="Side of a cell of the map, in pixels of the page."
    )
    cells: tuple[int, int] | None = Field(default=None, description="Rows and columns of the map.")
    map: tuple[str, ...] | None = Field(
        default=None,
        description="The map, row by row, one character a cell: `d`, `s`, `c` for what was found, "
        "`?` where something stands out that was not searched or is not sure, `.` for nothing.",
    )


class Damage(Reported[float, DamageDetail]):
    """Share of the page that dust, scratches and creases cover, 0 to 1.

    Value: 0 where none was found; null on a page too small to judge.
    """

    name: ClassVar[str] = "damage"
    label: ClassVar[str] = "Dust, scratches, creases"
    place: ClassVar[int] = 90
    unshown: ClassVar[frozenset[str]] = frozenset({"map"})

    def words(self, value: float) -> str:
        """How many pieces of each kind, and how sure that is."""
        said = self.detail
        kinds = {"dust": said.dust, "scratches": said.scratches, "creases": said.creases}
        counts = {kind: pieces.count if pieces else 0 for kind, pieces in kinds.items()}
        found = [f"{kind} {number(count)}" for kind, count in counts.items() if count]
        searched = 1.0 if said.searched_share is None else said.searched_share
        # An estimate: what pieces cover of the squares in which they were seen.
        share = f"about {100.0 * value:.2g} % of the page"
        if searched >= 1.0:
            if not found:
                return "No damage found."
            doubt = ", which may as well be picture" if sum(counts.values()) < FEWEST else ""
            return f"{', '.join(found).capitalize()}, {share}{doubt}."
        where = f"{100.0 * searched:.2g} % of the page"
        if not found:
            return f"No damage found on the {where} that were searched."
        return f"About {', '.join(found)}, {share}, judged by the {where} that were searched."
