"""The faces of a scan in the order in which a person should look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]

DECISIONS = ("restored", "gated", "excluded", "rejected")

_URGENCY = {"rejected": 0, "restored": 1, "gated": 2, "excluded": 3}


def stage_of(delivered: Record) -> Record | None:
    """The record of the stage ``faces``; None where the recipe has none."""
    return next((s for s in delivered["stages"] if s["stage"] == "faces"), None)


def faces_of(delivered: Record) -> list[Record]:
    """Every face of a scan with its ``page``, those to review first.

    Where the record of the delivery says how far a face lies from the master's after all stages, it
    has ``distance_final`` and ``over_limit`` too.
    """
    stage = stage_of(delivered)
    if stage is None:
        return []
    last = _distances(delivered.get("faces"))
    faces = []
    for page in stage["pages"]:
        number = int(page["number"])
        for face in (page.get("findings") or {}).get("faces") or ():
            faces.append({**face, "page": number, **last.get((number, int(face["face"])), {})})
    return sorted(faces, key=_urgency)


def to_review(face: Mapping[str, Any]) -> bool:
    """Whether a person should look at a face."""
    return bool(face.get("review") or face.get("doubts") or face.get("over_limit"))


def counts(faces: list[Record]) -> Record:
    """How many were found, how many met each decision, and how many a person should look at."""
    met = Counter(face["decision"] for face in faces)
    return {
        "found": len(faces),
        **{decision: met[decision] for decision in DECISIONS},
        "review": sum(to_review(face) for face in faces),
    }


def _urgency(face: Record) -> tuple[int, int, int, int]:
    place = _URGENCY.get(face["decision"], 0)
    return 0 if to_review(face) else 1, place, face["page"], int(face["face"])


def _distances(recorded: Any) -> dict[tuple[int, int], Record]:
    """By page and face, of what the delivery recorded."""
    return {
        (int(entry["page"]), int(entry["face"])): {
            name: entry[name] for name in ("distance_final", "over_limit")
        }
        for entry in recorded or ()
    }
