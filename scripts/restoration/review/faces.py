"""The section of the report on the faces of one scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from restoration.review import face_words
from restoration.review.face_order import DECISIONS, counts, faces_of, to_review
from restoration.review.face_pictures import MOST_FACES

Record = dict[str, Any]

MOST_NAMED = 3
"""Faces of one scan that the head of the report names."""

CAUTION = "A reconstructed face is not a recorded one."


def section(delivered: Record, recipe: str, pictured: list[Record]) -> Record | None:
    """What the section shows; None where the recipe has no stage ``faces`` or the scan no faces.

    pictured: of ``face_pictures``, empty where no file could be read.
    """
    faces = faces_of(delivered)
    if not faces:
        return None
    crops = {(face["page"], face["face"]): face for face in pictured}
    shown, rest = faces[:MOST_FACES], faces[MOST_FACES:]
    several = len(delivered["master"]["master"]["pages"]) > 1
    found = counts(faces)
    return {
        "counts": found,
        "told": told(found),
        "caution": CAUTION if found["restored"] else "",
        "rows": [_row(face, crops.get((face["page"], face["face"])), several) for face in shown],
        "unshown": _unshown(rest),
        "record": f"{recipe}/faces/{delivered['scan']}.json",
    }


def told(found: Mapping[str, int]) -> str:
    """The counts of one or many scans in one line."""
    parts = [f"{found[decision]} {decision}" for decision in DECISIONS]
    return f"{found['found']} found: {', '.join(parts)}; {found['review']} to review"


def to_look_at(section: Record | None) -> list[str]:
    """The faces that a person should look at and why: the first few, the others counted."""
    if section is None:
        return []
    rows = [row for row in section["rows"] if row["review"]]
    told = [f"{row['name']}: {'; '.join(row['doubts'])}" for row in rows[:MOST_NAMED]]
    more = section["counts"]["review"] - len(told)
    return [*told, f"{more} more of its faces"] if more else told


def _row(face: Record, pictures: Record | None, several: bool) -> Record:
    name = f"Face {face['face']}"
    state = "" if pictures is None else pictures["left"]
    left, top, width, height = (round(value) for value in face["box"])
    return {
        "name": f"{name} on page {face['page']}" if several else name,
        "decision": face["decision"],
        "label": face_words.label(face, state),
        "left": face_words.left(state),
        "review": to_review(face),
        "doubts": face_words.doubts(face),
        "facts": face_words.rows(face),
        "place": f"{width} × {height} px, {left} px from the left and {top} px from the top "
        "of the stored master",
        "pictures": pictures,
    }


def _unshown(rest: list[Record]) -> str:
    """The faces without a row, counted."""
    if not rest:
        return ""
    met = Counter(face["decision"] for face in rest)
    parts = ", ".join(f"{met[name]} {name}" for name in DECISIONS if met[name])
    waiting = sum(to_review(face) for face in rest)
    review = f"; {waiting} of them to review" if waiting else ""
    one = len(rest) == 1
    return f"{len(rest)} more {'face is' if one else 'faces are'} not shown: {parts}{review}"
