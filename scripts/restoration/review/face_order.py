"""The faces of a scan in the order in which a person should look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from restoration.records.delivery import DeliveryDone, FinishedFace
from restoration.records.stage import StageDone
from restoration.records.stage_findings.faces import FaceEntry, FacesFindings

Decided = Literal["restored", "gated", "excluded", "rejected"]

DECISIONS: tuple[Decided, ...] = ("restored", "gated", "excluded", "rejected")

_URGENCY = {"rejected": 0, "restored": 1, "gated": 2, "excluded": 3}


@dataclass(frozen=True)
class DecidedFace:
    """A face: what the stage decided of it, and what was measured on the finished page."""

    page: int
    """Number of its page, from 1."""
    entry: FaceEntry
    """What the record of the stage ``faces`` says of it."""
    finished: FinishedFace | None = None
    """The same face after all stages; None where it was not compared."""

    @property
    def place(self) -> tuple[int, int]:
        """Page, and number on the page."""
        return self.page, self.entry.face

    @property
    def over_limit(self) -> bool:
        """Whether it lies farther from the master's face than the recipe allows, after all
        stages."""
        return self.finished is not None and bool(self.finished.over_limit)

    @property
    def to_review(self) -> bool:
        """Whether a person should look at it."""
        return bool(self.entry.review or self.entry.doubts or self.over_limit)


@dataclass(frozen=True)
class FaceTotals:
    """Faces of one scan or of many: how many there are, met each decision, are to be looked at."""

    found: int = 0
    by_decision: Mapping[str, int] = field(default_factory=dict)
    review: int = 0

    @classmethod
    def of(cls, faces: Iterable[DecidedFace]) -> FaceTotals:
        """Those of these faces."""
        counted = list(faces)
        met = Counter(face.entry.decision for face in counted)
        return cls(
            found=len(counted),
            by_decision={decision: met[decision] for decision in DECISIONS},
            review=sum(face.to_review for face in counted),
        )

    def __add__(self, other: FaceTotals) -> FaceTotals:
        both = Counter(self.by_decision) + Counter(other.by_decision)
        return FaceTotals(self.found + other.found, both, self.review + other.review)

    def __str__(self) -> str:
        parts = [f"{self.by_decision.get(decision, 0)} {decision}" for decision in DECISIONS]
        return f"{self.found} found: {', '.join(parts)}; {self.review} to review"


def stage_of(delivered: DeliveryDone) -> StageDone | None:
    """The record of the stage ``faces``; None where the recipe has none."""
    return next((stage for stage in delivered.stages if stage.stage == FacesFindings.stage), None)


def faces_of(delivered: DeliveryDone, where: str | Path) -> tuple[DecidedFace, ...]:
    """Every face of a scan, those to review first.

    where: the record, for a message. Raises RecordError where what it says of faces does not fit.
    """
    return tuple(sorted(_faces(delivered, where), key=_urgency))


def _faces(delivered: DeliveryDone, where: str | Path) -> Iterator[DecidedFace]:
    stage = stage_of(delivered)
    if stage is None:
        return
    finished = {(face.page, face.face): face for face in delivered.faces}
    for page in stage.pages:
        said = FacesFindings.read(page.findings, f"{where}, faces, page {page.number}")
        for entry in said.faces or ():
            yield DecidedFace(page.number, entry, finished.get((page.number, entry.face)))


def _urgency(face: DecidedFace) -> tuple[int, int, int, int]:
    return 0 if face.to_review else 1, _URGENCY[face.entry.decision], *face.place
