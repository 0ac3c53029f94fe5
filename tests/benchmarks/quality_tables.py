"""Tables of figures: JSON for machines, Markdown for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """One table of the report."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    notes: tuple[str, ...] = ()

    def markdown(self) -> str:
        lines = [f"### {self.title}", ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in self.rows]
        lines += ["", *(f"{note}  " for note in self.notes)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Goal:
    """A figure that must be shown, and whether it was."""

    what: str
    wanted: str
    found: str
    met: bool


@dataclass
class Outcome:
    """What one part of the bench found."""

    tables: list[Table]
    goals: list[Goal]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def markdown(self, title: str) -> str:
        goals = Table(
            "What must be shown",
            ("figure", "wanted", "found", ""),
            [(g.what, g.wanted, g.found, "met" if g.met else "**missed**") for g in self.goals],
        )
        parts = [f"## {title}", *([goals.markdown()] if self.goals else [])]
        return "\n\n".join([*parts, *(table.markdown() for table in self.tables)]) + "\n"


def shown(cell: Any) -> str:
    """A cell as text: four significant digits, a dash for what is unknown."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4g}" if abs(cell) < 1000 else f"{cell:.0f}"
    return str(cell)


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def worst(values: Iterable[float | None]) -> float | None:
    """Largest of what is known."""
    return max((value for value in values if value is not None), default=None)


def share(values: Iterable[bool]) -> float | None:
    """Share of True."""
    return mean(float(value) for value in values)


def grouped(
    title: str,
    rows: Sequence[Row],
    by: Sequence[str],
    columns: Mapping[str, Callable[[Sequence[Row]], Any]],
    notes: tuple[str, ...] = (),
) -> Table:
    """One line for each value of ``by`` in the rows' order of appearance, and one for all."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in by), []).append(row)
    lines = [(*key, *(make(group) for make in columns.values())) for key, group in groups.items()]
    if len(groups) > 1:
        blank = ("",) * (len(by) - 1)
        lines.append(("all", *blank, *(make(rows) for make in columns.values())))
    return Table(title, (*by, *columns), lines, notes)


def absolute(
    key: str, how: Callable[[Iterable[Any]], Any] = mean
) -> Callable[[Sequence[Row]], Any]:
    """A column: ``how`` of the absolute values of a field that may be unknown."""
    return lambda rows: how([None if row.get(key) is None else abs(row[key]) for row in rows])


def of(key: str, how: Callable[[Iterable[Any]], Any] = mean) -> Callable[[Sequence[Row]], Any]:
    """A column: ``how`` of a field of the rows."""
    return lambda rows: how([row.get(key) for row in rows])
