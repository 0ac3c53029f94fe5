"""The section of the report on the faces of one scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from restoration.review import face_words
from restoration.review.delivered_scan import DeliveredScan
from restoration.review.face_order import DECISIONS, DecidedFace, FaceTotals
from restoration.review.face_pictures import MOST_FACES
from restoration.review.kept_pictures import FacePictures
from restoration.review.wording import LabelledRows

MOST_NAMED = 3
"""Faces of one scan that the head of the report names."""

CAUTION = "A reconstructed face is not a recorded one."


@dataclass(frozen=True)
class FaceRow:
    """One face, in words and pictures."""

    name: str
    decision: str
    label: str
    """What was decided, and why."""
    left: str
    """What became of it where it was not restored; empty where it has the master's pixels."""
    review: bool
    """Whether a person should look at it."""
    doubts: list[str]
    """Why a person should."""
    facts: LabelledRows
    place: str
    """Size and place of its box."""
    pictures: FacePictures | None
    """None where no file could be read, or to keep the page small."""


@dataclass(frozen=True)
class FaceSection:
    """The faces of one scan, those to review first."""

    totals: FaceTotals
    caution: str
    """What is to be said of restored faces; empty where there is none."""
    rows: list[FaceRow]
    unshown: str
    """The faces without a row, counted; empty where there is none."""
    record: str
    """Where the record of every face lies, below the results."""

    def to_look_at(self) -> list[str]:
        """The faces that a person should look at and why: the first few, the others counted."""
        rows = [row for row in self.rows if row.review]
        said = [f"{row.name}: {'; '.join(row.doubts)}" for row in rows[:MOST_NAMED]]
        more = self.totals.review - len(said)
        return [*said, f"{more} more of its faces"] if more else said


def section(
    delivered: DeliveredScan, recipe: str, pictured: Iterable[FacePictures]
) -> FaceSection | None:
    """What the section shows; None where the recipe has no stage ``faces`` or the scan no faces.

    pictured: of ``face_pictures``, empty where no file could be read.
    """
    faces = delivered.faces
    if not faces:
        return None
    pictures = {(face.page, face.face): face for face in pictured}
    shown, rest = faces[:MOST_FACES], faces[MOST_FACES:]
    several = len(delivered.record.master.master.pages) > 1
    restored = any(face.entry.decision == "restored" for face in faces)
    return FaceSection(
        totals=FaceTotals.of(faces),
        caution=CAUTION if restored else "",
        rows=[_row(face, pictures.get(face.place), several) for face in shown],
        unshown=_unshown(rest),
        record=f"{recipe}/faces/{delivered.record.scan}.json",
    )


def _row(face: DecidedFace, pictures: FacePictures | None, several: bool) -> FaceRow:
    entry = face.entry
    name = f"Face {entry.face}"
    state = "" if pictures is None else pictures.left
    left, top, width, height = (round(value) for value in entry.box)
    return FaceRow(
        name=f"{name} on page {face.page}" if several else name,
        decision=entry.decision,
        label=face_words.label(entry, state),
        left=face_words.left(state),
        review=face.to_review,
        doubts=face_words.doubts(face),
        facts=face_words.rows(face),
        place=f"{width} × {height} px, {left} px from the left and {top} px from the top "
        "of the stored master",
        pictures=pictures,
    )


def _unshown(rest: Sequence[DecidedFace]) -> str:
    """The faces without a row, counted."""
    if not rest:
        return ""
    met = Counter(face.entry.decision for face in rest)
    parts = ", ".join(f"{met[name]} {name}" for name in DECISIONS if met[name])
    waiting = sum(face.to_review for face in rest)
    review = f"; {waiting} of them to review" if waiting else ""
    one = len(rest) == 1
    return f"{len(rest)} more {'face is' if one else 'faces are'} not shown: {parts}{review}"
