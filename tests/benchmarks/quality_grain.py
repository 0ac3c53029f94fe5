"""Grain under each recipe: how much of it, band by band, is still there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from quality_measures import kept_by_band, psnr
from quality_scans import apply_stage, as_scan, condition_report
from quality_tables import Goal, Outcome, Row, grouped, of, share

import damage
from damage.light import channels_kept
from restoration.config.stages.denoise import DenoiseSettings
from support import pictures

TITLE = "Grain kept, reduced, removed"
BANDS = ((0.02, 0.1), (0.1, 0.2), (0.2, 0.35))
RECIPES: tuple[Literal["keep", "reduce", "remove"], ...] = ("keep", "reduce", "remove")
KEPT = 0.9
NAMES = ("astronaut", "camera", "chelsea", "coffee", "grace_hopper", "coins")


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    silver: bool


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_008)
    return [
        Case(int(rng.integers(1 << 31)), name, silver)
        for name in (NAMES[:2] if quick else NAMES)
        for silver in ((True, False) if pictures.PICTURES[name].colour else (True,))
    ]


def measure(case: Case) -> list[dict[str, Any]]:
    """A picture at half the scan's resolution, with grain and a little sensor noise on it."""
    rng = np.random.default_rng(case.seed)
    small = pictures.reduced(case.picture, 2, 200)
    size = (small.shape[1] * 2, small.shape[0] * 2)
    large = channels_kept(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC))
    truth = np.clip(large, 0.03, 0.97)
    grain = damage.Grain(float(rng.uniform(6, 14)), float(rng.uniform(0.7, 1.3)), case.silver)
    grown, added = damage.grainy(truth, grain, rng)
    sensor = float(rng.uniform(0.5, 2.0))
    scan = as_scan(damage.sensor_noise(grown, (sensor,), rng), 1200.0)
    report = condition_report(scan)
    rows = []
    for recipe in RECIPES:
        result, _ = apply_stage("denoise", DenoiseSettings(grain=recipe), scan, report)
        kept = kept_by_band(added, result - truth, BANDS)
        rows.append(
            {
                "picture": case.picture,
                "film": "silver" if case.silver else "dye",
                "recipe": recipe,
                "sigma": grain.sigma,
                "clump_px": grain.clump,
                "sensor": sensor,
                "grain_found": report["noise"]["detail"].get("grain", {}).get("found"),
                **{f"kept_{low:g}": k for (low, _), k in zip(BANDS, kept, strict=True)},
                "to_grain_db": psnr(result, grown),
                "to_truth_db": psnr(result, truth),
            }
        )
    return rows


def outcome(rows: Sequence[Row]) -> Outcome:
    keys = [f"kept_{low:g}" for low, _ in BANDS]
    names = [f"{low:g}–{high:g} c/px" for low, high in BANDS]
    table = grouped(
        "Share of the grain's amplitude that is found in the result",
        rows,
        ("recipe", "film"),
        {
            "scans": len,
            "found as grain": lambda r: share(x["grain_found"] is True for x in r),
            **{name: of(key) for name, key in zip(names, keys, strict=True)},
            "PSNR to the grainy picture, dB": of("to_grain_db"),
            "PSNR to the picture without grain, dB": of("to_truth_db"),
        },
    )
    kept = [row for row in rows if row["recipe"] == "keep"]
    least = min(row[key] for row in kept for key in keys)
    below = sum(any(row[key] < KEPT for key in keys) for row in kept)
    goal = Goal(
        "grain under `keep`",
        f">= {KEPT:g} of its amplitude in every band",
        f"least {least:.2f}; {below} of {len(kept)} scans below",
        below == 0,
    )
    return Outcome([table], [goal], [dict(row) for row in rows])
