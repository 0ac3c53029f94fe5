"""How far damage alone moves a face from itself, and how far people are apart.

make bench-identity                         the faces that packages carry
make bench-identity FACES=DIR               every face of a folder's pictures
make bench-identity ARGS=--white-house      two more people, see face_pictures.py

From these figures the limit is chosen: how far a restoration may move a face from what the scan
shows. All distances are those of dlib's embedding; no face is restored here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
import numpy.typing as npt
from face_crops import codes8, crop, to_aligned
from face_damage import KINDS, WIDTHS, damaged
from face_measures_of_truth import TruthOfFace
from face_pictures import FaceTruth, identities, truths
from quality_tables import Table

from restoration.networks.face_identity import IDENTITY_FILE, FaceIdentity, distance
from support import weights_at_hand

MIXED = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Shares of another person's aligned face that are mixed into a face."""

LIMITS = (0.15, 0.20, 0.25, 0.28, 0.30, 0.35, 0.40, 0.60)

SMALLEST = 96
"""Width from which faces count for the limit, in pixels: below it, damage alone brings some nearer
to another person than to themselves, so that no distance says who it is."""

Embedding = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Version:
    """A face at one width after one damage."""

    face: FaceTruth
    width: int
    kind: str
    embedding: Embedding
    genuine: float
    """Distance to the undamaged face of the same width."""
    from_full: float
    """Distance to the undamaged face at its photograph's resolution."""


def opened() -> FaceIdentity:
    """The embedding. Raises SystemExit where its weights were not fetched."""
    folders = [f for f in weights_at_hand.folders() if (f / IDENTITY_FILE).is_file()]
    if not folders:
        raise SystemExit("faces: fetch dlib-face-identity first: scripts/fetch_model.py")
    return FaceIdentity(folders[0])


def versions(face: FaceTruth, full: Embedding, identity: FaceIdentity) -> list[Version]:
    """All widths that the photograph has, all damages."""
    found = []
    for width in WIDTHS:
        small = face.at_width(width)
        for kind in KINDS if small is not None else ():
            assert small is not None
            made = damaged(small, kind)
            before = TruthOfFace(made.truth, small.points, identity)
            own = before.embedding_of(made.page)
            found.append(
                Version(
                    *(face, width, kind, own),
                    distance(before.embedding, own),
                    distance(full, own),
                )
            )
    return found


def spread(values: Sequence[float]) -> tuple[Any, ...]:
    """Number, least, median, 95th percentile, largest."""
    if not values:
        return (0, None, None, None, None)
    return (
        len(values),
        float(min(values)),
        float(np.median(values)),
        float(np.percentile(values, 95)),
        float(max(values)),
    )


SPREAD = ("n", "least", "median", "95 %", "largest")


def compare(faces: list[FaceTruth], identity: FaceIdentity) -> tuple[list[Table], dict[str, Any]]:
    """The tables, and the least distances that the limit rests on."""
    full = [TruthOfFace(f.pixels, f.points, identity).embedding for f in faces]
    made = [v for face, own in zip(faces, full, strict=True) for v in versions(face, own, identity)]
    foreign = {
        id(v): [
            distance(v.embedding, own)
            for face, own in zip(faces, full, strict=True)
            if face.identity != v.face.identity
        ]
        for v in made
    }
    pairs = list(combinations(range(len(faces)), 2))
    apart = [distance(full[a], full[b]) for a, b in pairs if faces[a].identity != faces[b].identity]
    same = [distance(full[a], full[b]) for a, b in pairs if faces[a].identity == faces[b].identity]
    mixes = mixed(faces, full, identity)
    tables = [
        Table(
            "People apart: whole photographs, and damaged faces to whole photographs",
            ("pairs", *SPREAD),
            [("different people", *spread(apart)), ("one person, two photographs", *spread(same))],
        ),
        Table(
            "Damage alone: a face to its undamaged self of the same width, and to other people",
            ("damage", *SPREAD, "least to another person", "nearer to another person"),
            [_line(kind, [v for v in made if v.kind == kind], foreign) for kind in KINDS],
        ),
        Table(
            "The same by width of the face, px",
            ("width", *SPREAD, "least to another person", "nearer to another person"),
            [_line(str(w), [v for v in made if v.width == w], foreign) for w in WIDTHS],
        ),
        Table(
            "Another person's face mixed in: distance moved",
            ("share", *SPREAD),
            [(f"{share:.0%}", *spread(values)) for share, values in mixes.items()],
        ),
    ]
    tables.append(_limits([v for v in made if v.width >= SMALLEST], foreign, mixes))
    every = [d for v in made for d in foreign[id(v)]]
    large = [d for v in made if v.width >= SMALLEST for d in foreign[id(v)]]
    small = [d for v in made if v.width < SMALLEST for d in foreign[id(v)]]
    tables[0].rows.append((f"damaged, from {SMALLEST} px, to other people", *spread(large)))
    tables[0].rows.append((f"damaged, below {SMALLEST} px, to other people", *spread(small)))
    facts = {
        "faces": len(faces),
        "people": len(identities(faces)),
        "versions": len(made),
        "least_apart": min(apart, default=None),
        "least_apart_damaged": min(every, default=None),
        f"least_apart_damaged_from_{SMALLEST}_px": min(large, default=None),
        "largest_same_person": max(same, default=None),
        "mixed": {f"{share:.0%}": values for share, values in mixes.items()},
        "rows": [
            {
                **{"face": v.face.name, "width": v.width, "kind": v.kind},
                **{"genuine": v.genuine, "from_full": v.from_full},
                "least_other": min(foreign[id(v)], default=None),
            }
            for v in made
        ],
    }
    return tables, facts


def _line(name: str, made: list[Version], foreign: dict[int, list[float]]) -> tuple[Any, ...]:
    others = [d for v in made for d in foreign[id(v)]]
    crossed = sum(min(foreign[id(v)], default=9.0) < v.from_full for v in made)
    return (name, *spread([v.genuine for v in made]), min(others, default=None), crossed)


def _limits(
    made: list[Version], foreign: dict[int, list[float]], mixes: dict[float, list[float]]
) -> Table:
    """What each limit would forbid, and what it would still let through."""
    least = min((d for v in made for d in foreign[id(v)]), default=None)
    lines = []
    for limit in LIMITS:
        fits = [
            sum(v.genuine <= limit for v in made if v.kind == kind)
            / max(1, sum(v.kind == kind for v in made))
            for kind in KINDS
        ]
        through = [
            sum(value <= limit for value in mixes[share]) / max(1, len(mixes[share]))
            for share in MIXED[1:4]
        ]
        room = None if least is None else least - 2 * limit
        lines.append((limit, room, *(f"{share:.0%}" for share in (*fits, *through))))
    mixed_in = tuple(f"{share:.0%} of another let through" for share in MIXED[1:4])
    return Table(
        f"Limits, faces from {SMALLEST} px",
        ("limit", "room", *(f"{kind} may be undone" for kind in KINDS), *mixed_in),
        lines,
        (
            "Room: least distance of a damaged face to another person, less twice the limit. Where "
            "it is above 0, a face that moved by the limit is still nearer to itself on the scan "
            "than to anybody else.",
            "May be undone: share of faces whose truth is within the limit of the scan.",
        ),
    )


def mixed(
    faces: list[FaceTruth], full: list[Embedding], identity: FaceIdentity
) -> dict[float, list[float]]:
    """How far aligned faces move when another person's is mixed in pixel by pixel, by share: what
    a drift towards that person looks like."""
    crops = [crop(face.pixels, to_aligned(face.points)) for face in faces]
    moved: dict[float, list[float]] = {share: [] for share in MIXED}
    for one, own in enumerate(crops):
        marks = identity.landmarks(codes8(own))
        for other, foreign in enumerate(crops):
            if faces[one].identity == faces[other].identity:
                continue
            for share in MIXED:
                blend = codes8((1 - share) * own + share * foreign)
                moved[share].append(distance(full[one], identity.embedding(blend, marks)))
    return moved


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="identity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faces", type=Path, metavar="DIR", help="a folder of pictures")
    parser.add_argument("--white-house", action="store_true", help="four portraits more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    given = parser.parse_args(arguments)
    faces = truths(given.faces, given.white_house)
    for licence in dict.fromkeys(face.licence for face in faces):
        print(", ".join(f.name for f in faces if f.licence == licence), "-", licence)
    tables, facts = compare(faces, opened())
    print(f"\n{facts['faces']} faces of {facts['people']} people, {facts['versions']} versions\n")
    print("\n\n".join(table.markdown() for table in tables))
    for name, value in facts.items():
        if name.startswith(("least", "largest")):
            print(name, value)
    if given.json is not None:
        given.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
