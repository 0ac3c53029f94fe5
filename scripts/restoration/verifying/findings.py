"""What verification says: one line for everything that is not as the records have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TextIO

from restoration.raster.publish import new_part, replace

MISSING, ALTERED, ORPHANED = "missing", "altered", "orphaned"
CLASSES = (MISSING, ALTERED, ORPHANED)

COLUMNS = ("class", "what", "path", "expected", "found", "next")

SHOWN = 20
"""Findings that the summary shows; the table holds them all."""

Place = tuple[str | None, str]
"""Recipe (None for ``ingest`` and ``examine``) and step."""


@dataclass(frozen=True)
class Repair:
    """What the next run must find gone, so that it makes exactly that again."""

    records: tuple[Path, ...] = ()
    """Records to set aside; those that do not exist are passed over."""
    place: Place | None = None
    """The first step whose table of the batch goes; those after it go with it."""
    batch: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the records have it."""

    kind: str
    """One of CLASSES."""
    what: str
    """table, row, record, key, image, mask, deliverable, cube, master, part, folder or file."""
    path: Path
    expected: str
    found: str
    repair: Repair | None = None
    """None where a person has to act."""
    advice: str = ""
    """What happens next, where nothing can be scheduled."""


@dataclass
class Report:
    """Counts findings and writes each to a table as it comes, so that memory does not grow.

    What must be repaired is kept until the end: a record that went earlier would be missed by the
    scans whose album it belongs to.
    """

    scheduling: bool
    """Whether repairs are scheduled when all has been looked at."""
    root: Path
    """The results; paths in the table are relative to it where they lie below."""
    file: TextIO
    counts: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)
    """The first SHOWN findings, as lines for a person."""
    repairs: list[Repair] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        path = finding.path
        place = str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
        then = finding.advice
        if finding.repair is not None:
            then = (
                "scheduled: the next run makes it again"
                if self.scheduling
                else "nothing yet; `make verify REPAIR=1` schedules it for the next run"
            )
            if self.scheduling:
                self.repairs.append(finding.repair)
        cells = [
            " ".join(text.split())
            for text in (finding.kind, finding.what, place, finding.expected, finding.found, then)
        ]
        self.counts[finding.kind] += 1
        self.file.write("\t".join(cells) + "\n")
        if len(self.first) < SHOWN:
            kind, what, place, expected, found, then = cells
            self.first.append(f"{kind} {what}: {place}: expected {expected}, found {found}; {then}")


@contextmanager
def report_to(path: Path, root: Path, *, scheduling: bool) -> Iterator[Report]:
    """A report whose table appears at ``path`` when the block ends well."""
    part = new_part(path)
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write("\t".join(COLUMNS) + "\n")
            yield Report(scheduling, root, file)
        replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@dataclass
class Tally:
    """How much was looked at."""

    scans: int = 0
    tables: int = 0
    records: int = 0
    masters: int = 0
    hashed: int = 0
    """Files of which the SHA-256 was taken; one that several names share counts once."""
    bytes: int = 0
    pruned: int = 0
    """Images that are gone and that nothing needs any more."""
    problems: int = 0
    """Scan and recipe pairs that could not be processed, as their records say."""
    touched: int = 0
    """Tables whose digest says nothing, since a master has another modification time."""
    unjudged: int = 0
    """Records whose keys follow from condition reports of the batch that are damaged themselves."""

    def add(self, other: Tally) -> None:
        for name, more in zip(self.__dataclass_fields__, astuple(other), strict=True):
            setattr(self, name, getattr(self, name) + more)
