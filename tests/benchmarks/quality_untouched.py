"""Undamaged pictures: nothing must be descreened, and what else is found that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from quality_scans import apply_stage, as_scan, condition_report, pixels_of
from quality_tables import Goal, Outcome, Row, Table, mean, share

import damage
from restoration.config.stages.descreen import DescreenSettings
from restoration.config.stages.repair import RepairSettings
from restoration.stages.base import Declined
from support import pictures

TITLE = "Undamaged pictures are left alone"
LEAST_CROPS = 50


def cases(quick: bool) -> list[tuple[int, pictures.Crop]]:
    rng = np.random.default_rng(20_002)
    crops = pictures.undamaged(rng, per_picture=1 if quick else 5)
    for name in ("camera", "astronaut") if not quick else ():
        # Grain is no screen either, and neither is the dither of a stochastic one.
        grain = damage.Grain(14.0, 1.1, equal_channels=True)
        grown, _ = damage.grainy(pictures.load(name), grain, rng)
        crops.append(pictures.Crop(f"{name} with grain", grown))
    return list(enumerate(crops))


def measure(case: tuple[int, pictures.Crop]) -> list[dict[str, Any]]:
    number, crop = case
    scan = as_scan(crop.pixels, 600.0 if number % 2 else 1200.0, 8 if number % 3 else 16)
    report = condition_report(scan)
    result, decision = apply_stage("descreen", DescreenSettings(), scan, report)
    repaired, _ = apply_stage("repair", RepairSettings(), scan, report)
    original = pixels_of(scan)
    return [
        {
            "crop": crop.name,
            "fabric": "fabric" in crop.name,
            "screen": report["screen"]["value"],
            "confidence": report["screen"]["confidence"],
            "declined": isinstance(decision, Declined),
            "identical": bool(np.array_equal(result, original)),
            "blocking": report["blocking"]["value"],
            "blur": report["blur"]["value"],
            "sharpening": report["sharpening"]["value"],
            "damage": report["damage"]["value"],
            "repaired": float((repaired != original).any(axis=2).mean()),
        }
    ]


def outcome(rows: Sequence[Row]) -> Outcome:
    false = [row for row in rows if not (row["declined"] and row["identical"])]
    taken = [row for row in rows if row["screen"] not in ("none", None)]
    lines = [(row["crop"], row["screen"], row["confidence"], row["declined"]) for row in taken]
    summary = Table(
        "What was found on undamaged crops",
        ("finding", "share of crops"),
        [
            ("screen: none", share(row["screen"] == "none" for row in rows)),
            ("screen: unknown", share(row["screen"] is None for row in rows)),
            ("screen: halftone", share(row["screen"] == "halftone" for row in rows)),
            ("screen: stochastic", share(row["screen"] == "stochastic" for row in rows)),
            ("JPEG blocks", share(row["blocking"] is True for row in rows)),
            ("blur: motion", share(row["blur"] == "motion" for row in rows)),
            ("blur: defocus", share(row["blur"] == "defocus" for row in rows)),
            ("blur: compression", share(row["blur"] == "compression" for row in rows)),
            ("blur: unknown", share(row["blur"] is None for row in rows)),
            ("sharpening halos", share(row["sharpening"] is True for row in rows)),
            ("repaired pixels, mean share of a page", mean(row["repaired"] for row in rows)),
            ("repaired pixels, largest", max(row["repaired"] for row in rows)),
        ],
        (
            "Some of the pictures were JPEGs, sharpened or soft when they were published: only the "
            "screen and the repairs are surely false here.",
        ),
    )
    tables = [summary, Table("Screens found", ("crop", "value", "confidence", "declined"), lines)]
    goals = [
        Goal(
            "not descreened, bit-identical",
            f"all, of at least {LEAST_CROPS} crops",
            f"{len(rows) - len(false)} of {len(rows)} crops"
            + ("" if not false else ": not " + "; ".join(row["crop"] for row in false)),
            not false and len(rows) >= LEAST_CROPS,
        )
    ]
    return Outcome(tables, goals, [dict(row) for row in rows])
