"""Kinds of blur: confusion matrix, and errors of direction, length and radius."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from quality_measures import angle_error
from quality_scans import as_scan, condition_report
from quality_tables import Goal, Outcome, Row, Table, mean, share, worst

import damage
from damage.light import Picture, softened, to_encoded, to_light
from support import pictures

TITLE = "Blur as found"
DIRECTION_DEG = 10.0
NUMBERS = {"motion": 24, "defocus": 18, "compression": 12, "softness": 12, "none": 20}
ANSWERS = ("motion", "defocus", "compression", "none", "unknown")
SHARP = ("astronaut", "camera", "chelsea", "coffee", "coins", "brick", "grass", "gravel")
"""Published without loss: of a JPEG, `none` would not be true."""


@dataclass(frozen=True)
class Case:
    seed: int
    kind: str
    picture: str


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_005)
    found = []
    for kind, number in NUMBERS.items():
        for index in range(4 if quick else number):
            name = SHARP[(index + int(rng.integers(3))) % len(SHARP)]
            found.append(Case(int(rng.integers(1 << 31)), kind, name))
    return found


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    picture = pictures.load(case.picture)
    blurred, true = _blurred(picture, case.kind, rng)
    if case.kind != "compression":
        blurred = damage.sensor_noise(blurred, (float(rng.uniform(0.3, 1.5)),), rng)
    found = condition_report(as_scan(blurred, 600.0, int(rng.choice([8, 16]))))["blur"]
    detail = found["detail"]
    row: dict[str, Any] = {
        "picture": case.picture,
        "kind": case.kind,
        **true,
        "found": found["value"] or "unknown",
        "confidence": found["confidence"],
    }
    if case.kind == found["value"] == "motion":
        row["direction_error_deg"] = angle_error(
            detail["direction_deg"], true["direction_deg"], 180
        )
        row["length_error"] = detail["length_px"] / true["length_px"] - 1
    if case.kind == found["value"] == "defocus":
        row["radius_error"] = detail["radius_px"] / true["radius_px"] - 1
    return [row]


def _blurred(
    picture: Picture, kind: str, rng: np.random.Generator
) -> tuple[Picture, dict[str, float]]:
    if kind == "motion":
        motion = damage.Motion(float(rng.uniform(6, 30)), float(rng.uniform(0, 180)))
        true = {"length_px": motion.length_px, "direction_deg": motion.direction_deg}
        return damage.blurred_by(picture, motion), true
    if kind == "defocus":
        defocus = damage.Defocus(float(rng.uniform(2.5, 9)))
        return damage.blurred_by(picture, defocus), {"radius_px": defocus.radius_px}
    if kind == "compression":
        quality = int(rng.integers(8, 30))
        return damage.jpeg_copy(picture, quality), {"quality": quality}
    if kind == "softness":
        sigma = float(rng.uniform(1.0, 3.0))
        return np.clip(to_encoded(softened(to_light(picture), sigma)), 0, 1), {"sigma_px": sigma}
    return picture, {}


def outcome(rows: Sequence[Row]) -> Outcome:
    matrix = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row["found"] for row in rows if row["kind"] == kind]
        matrix.append((kind, len(own), *(own.count(answer) for answer in ANSWERS)))
    unknown = share(row["found"] == "unknown" for row in rows)
    confusion = Table(
        "Confusion matrix: true kind by what was found",
        ("true kind", "scans", *ANSWERS),
        matrix,
        (
            f"Share of unknown: {unknown:.0%}. `softness` is a Gaussian, which is none of the "
            "kinds that the finding names: `unknown` or `none` are right answers.",
        ),
    )
    motion = [row for row in rows if row.get("direction_error_deg") is not None]
    moved = [row for row in rows if row["kind"] == "motion"]
    errors = Table(
        "Errors where the kind was found",
        ("figure", "scans", "mean abs. error", "largest abs. error"),
        [
            _line("motion: direction, degrees", rows, "direction_error_deg"),
            _line("motion: length, share", rows, "length_error"),
            _line("defocus: radius, share", rows, "radius_error"),
        ],
    )
    close = sum(row["direction_error_deg"] <= DIRECTION_DEG for row in motion)
    wrong = [
        row
        for row in rows
        if row["kind"] != "softness" and row["found"] not in (row["kind"], "unknown")
    ]
    keys = ("picture", "kind", "found", "confidence", "length_px", "direction_deg", "radius_px")
    lines = [tuple(row.get(key) for key in keys) for row in wrong]
    goals = [
        Goal(
            "direction of motion blur",
            f"within {DIRECTION_DEG:g} degrees",
            f"{close} of {len(motion)} called motion, of {len(moved)} that are",
            close == len(motion) and bool(motion),
        ),
        Goal(
            "a confusion matrix with the share of unknown",
            "shown",
            f"{len(wrong)} of {len(rows)} called another kind, {unknown:.0%} unknown",
            True,
        ),
    ]
    tables = [confusion, errors, Table("Called another kind", keys, lines)]
    return Outcome(tables, goals, [dict(row) for row in rows])


def _line(name: str, rows: Sequence[Row], key: str) -> tuple[Any, ...]:
    known = [abs(row[key]) for row in rows if row.get(key) is not None]
    return (name, len(known), mean(known), worst(known))
