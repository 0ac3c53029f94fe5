"""What verification says: one line for everything that is not as it was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MISSING, ALTERED, ORPHANED = "missing", "altered", "orphaned"
CLASSES = (MISSING, ALTERED, ORPHANED)

COLUMNS = ("class", "what", "path", "expected", "found", "next")

FaultPlace = tuple[str | None, str]
"""Recipe (None for ``ingest`` and ``examine``) and step."""

LISTED = "only listed; delete it if nobody needs it"


@dataclass(frozen=True)
class ScheduledRepair:
    """What the next run must find gone, so that it makes exactly that again."""

    paths: tuple[Path, ...] = ()
    """Files to set aside; those that do not exist are passed over."""
    place: FaultPlace | None = None
    """The first step whose table of the batch goes; those after it go with it."""
    scan: str | None = None
    """The scan whose result it is; None where it is a batch's, or nobody's."""
    batch: str | None = None
    """The batch, where it is a batch's."""
    again: tuple[str, ...] = ()
    """Files below the results that no step would miss, and that are to be made all the same."""
    manifest: bool = False
    """Whether the manifest is to be published anew."""
    but: str = ""
    """What will not be as it was."""


@dataclass(frozen=True)
class FixityFault:
    """One thing that is not as it was written."""

    kind: str
    """One of CLASSES."""
    what: str
    """What the file is, as ``names.what`` says it; or master, weights, part, folder."""
    path: Path
    expected: str
    found: str
    repair: ScheduledRepair | None = None
    """None where a person has to act."""
    advice: str = ""
    """What to do, where nothing can be scheduled."""


def cells(finding: FixityFault, root: Path, *, scheduling: bool) -> tuple[str, ...]:
    """The finding as the columns have it; paths below ``root``, the results, are relative to it."""
    path = finding.path
    place = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    then = finding.advice
    if finding.repair is not None:
        then = (
            "to be scheduled for the next run"
            if scheduling
            else "nothing yet; `make verify REPAIR=1` schedules it for the next run"
        )
        then += f"; {finding.repair.but}" if finding.repair.but else ""
    said = (finding.kind, finding.what, place, finding.expected, finding.found, then)
    return tuple(" ".join(text.split()) for text in said)


def line(told: tuple[str, ...]) -> str:
    """A finding's cells as a line for a person."""
    kind, what, place, expected, found, then = told
    return f"{kind} {what}: {place}: expected {expected}, found {found}; {then}"


@dataclass
class FaultReport:
    """Counts findings and tells each as it comes, so that memory does not grow.

    What must be repaired is kept until the end: whether it can be depends on all of it.
    """

    tell: Callable[[FixityFault], None]
    counts: Counter[str] = field(default_factory=Counter)
    repairs: list[ScheduledRepair] = field(default_factory=list)
    said: set[Path] = field(default_factory=set)

    def add(self, finding: FixityFault) -> None:
        """One finding a file: what follows from the first would be told twice."""
        if finding.path in self.said:
            return
        self.said.add(finding.path)
        self.counts[finding.kind] += 1
        if finding.repair is not None:
            self.repairs.append(finding.repair)
        self.tell(finding)


@dataclass
class Tally:
    """How much was looked at."""

    records: int = 0
    masters: int = 0
    files: int = 0
    """Files of which the SHA-256 was compared; one that several names share counts once."""
    bytes: int = 0
    unwritten: int = 0
    """Tables of the last run's plan that no run has written."""
    passed: list[str] = field(default_factory=list)
    """Folders that are results of other runs."""
