"""Keeping generative networks off faces: where a head lies, no stage but ``faces`` restores.

The whole head of every face keeps the pixels that a stage was given, whatever becomes of the face:
which faces are restored is only known when the stage ``faces`` has compared persons, and one that
it leaves or rejects must then be the recorded one, with its hair, ears and neck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from restoration.faces.head import head_of
from restoration.faces.page_faces import KnownFace
from restoration.findings.faces import FacePlaces
from restoration.raster.area import Area

FEATHER_SHARE, LEAST_FEATHER, MOST_FEATHER = 0.2, 4.0, 64.0
"""Width of the transition outside the oval: share of the smallest face's width, and its limits in
pixels. On a print with grain before an empty wall, 0.08 left an edge that shows at 100 %."""


def protected(faces: Sequence[KnownFace], marked: Sequence[Area]) -> list[Area]:
    """Where no network but the face network may work; marked: areas that a person excluded."""
    return [*(head_of(face).area() for face in faces), *marked]


def feather_of(faces: Sequence[KnownFace]) -> float:
    """Width in pixels of the transition outside the ovals."""
    if not faces:
        return LEAST_FEATHER
    share = FEATHER_SHARE * min(face.width for face in faces)
    return float(min(max(share, LEAST_FEATHER), MOST_FEATHER))


def told_of_heads(faces: Sequence[KnownFace], places: FacePlaces | None) -> dict[str, Any]:
    """What a stage with a generative network says of the heads that it left alone.

    places: what the stage was told of the faces that the condition report found.
    """
    told: dict[str, Any] = {
        "faces_kept": len(faces),
        "heads": [{"face": face.number, **head_of(face).record()} for face in faces],
    }
    if places is not None and places.reason:
        told["faces_not_kept"] = f"faces were not looked for: {places.reason}"
    return told
