"""Dust, hairs, scratches, cracks, stains and losses: how many, how large, where."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, Reported, ReportPart
from restoration.findings.words import number

KINDS = ("dust", "hairs", "scratches", "cracks", "stains", "losses")
"""The kinds of damage that are told apart. Hairs include fibres and lint, cracks include creases,
stains include foxing; losses are torn or missing parts."""

LONG = ("hairs", "scratches", "cracks")
"""Kinds whose length says more than their area."""


class PiecesFound(ReportPart):
    """Pieces of one kind of damage."""

    count: int = Field(description="How many.")
    area_px: int = Field(description="Pixels of the page that they cover.")
    light: int = Field(description="How many are lighter than their surroundings.")
    dark: int = Field(description="How many are darker than their surroundings.")
    share: float = Field(description="Share of the page that they cover, 0 to 1.")


class LongPiecesFound(PiecesFound):
    """Hairs, scratches or cracks."""

    length_px: int = Field(description="Length of all together, in pixels of the page.")


class SuspectedPieces(ReportPart):
    """What may be damage or picture: a person decides."""

    count: int = Field(description="How many.")
    area_px: int = Field(description="Pixels of the page that they cover.")


class Shifts(ReportPart):
    """What the damage of the page as a whole adds to the odds of each mark (logarithms): by its
    kind, and by whether it is lighter or darker than its surroundings."""

    dust: float | None = Field(default=None, description="Of specks of dust.")
    hairs: float | None = Field(default=None, description="Of hairs.")
    scratches: float | None = Field(default=None, description="Of scratches.")
    cracks: float | None = Field(default=None, description="Of cracks.")
    stains: float | None = Field(default=None, description="Of stains.")
    losses: float | None = Field(default=None, description="Of losses.")
    light: float | None = Field(
        default=None, description="Of specks, hairs, scratches and cracks that are lighter."
    )
    dark: float | None = Field(default=None, description="Of those that are darker.")
    creases: float | None = Field(default=None, description="Of creases, in older reports.")


class DamageDetail(Detail):
    """The damage by kind, and where it lies."""

    dust: PiecesFound | None = Field(default=None, description="Specks of dust.")
    hairs: LongPiecesFound | None = Field(default=None, description="Hairs, fibres and lint.")
    scratches: LongPiecesFound | None = Field(default=None, description="Scratches.")
    cracks: LongPiecesFound | None = Field(default=None, description="Cracks and creases.")
    stains: PiecesFound | None = Field(default=None, description="Stains and foxing.")
    losses: PiecesFound | None = Field(default=None, description="Tears and missing parts.")
    creases: LongPiecesFound | None = Field(
        default=None, description="Creases, in reports that did not tell cracks."
    )
    suspected: SuspectedPieces | None = Field(
        default=None,
        description="Marks of any kind that are more than noise, and not certain enough to be "
        "called damage.",
    )
    searched_share: float | None = Field(
        default=None,
        description="Share of the page that was searched, 0 to 1: all of it, but in older reports.",
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
        description="The map, row by row, one character a cell: `d` dust, `h` hairs, `s` "
        "scratches, `c` cracks, `t` stains, `l` losses, `?` what is only suspected, `.` for "
        "nothing.",
    )

    def of(self, kind: str) -> PiecesFound | None:
        """What was found of one of KINDS; None where it was not looked for."""
        found: PiecesFound | None = getattr(self, kind)
        return found


class Damage(Reported[float, DamageDetail]):
    """Share of the page that damage covers, 0 to 1.

    Value: 0 where none was found; null on a page too small to judge.
    """

    name: ClassVar[str] = "damage"
    label: ClassVar[str] = "Dust, scratches, cracks, stains"
    place: ClassVar[int] = 90
    unshown: ClassVar[frozenset[str]] = frozenset({"map"})

    def words(self, value: float) -> str:
        """How many pieces of each kind, and how much may be damage."""
        said = self.detail
        counts = {kind: pieces.count for kind in (*KINDS, "creases") if (pieces := said.of(kind))}
        found = [f"{kind} {number(count)}" for kind, count in counts.items() if count]
        searched = 1.0 if said.searched_share is None else said.searched_share
        share = f"about {100.0 * value:.2g} % of the page"
        where = "" if searched >= 1.0 else f"the {100.0 * searched:.2g} % of the page"
        if not found:
            told = f"No damage found on {where} that were searched" if where else "No damage found"
        elif where:
            told = f"About {', '.join(found)}, {share}, judged by {where} that were searched"
        else:
            told = f"{', '.join(found).capitalize()}, {share}"
        return f"{told}{_doubtful(said.suspected)}."


def _doubtful(suspected: SuspectedPieces | None) -> str:
    """What else may be damage, in words; empty where there is nothing."""
    if suspected is None or not suspected.count:
        return ""
    marks = "mark" if suspected.count == 1 else "marks"
    return f"; {number(suspected.count)} more {marks} may be damage or picture"
