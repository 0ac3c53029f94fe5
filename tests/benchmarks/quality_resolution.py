"""Effective resolution as found against the band limit that was set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from quality_scans import as_scan, condition_report
from quality_tables import Goal, Outcome, Row, Table, absolute, grouped, of, share, worst

import damage
from damage.light import Picture
from support import pictures
from support.simulated_scans import dead_leaves

TITLE = "Effective resolution as found"
WITHIN = 0.20
NAMES = ("astronaut", "chelsea", "coffee", "grace_hopper", "retina", "brick", "grass", "gravel")
LEAVES = "dead leaves"


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    transfer: str


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_004)
    names = (*NAMES, LEAVES)[::4] if quick else (*NAMES, LEAVES, LEAVES)
    return [
        Case(int(rng.integers(1 << 31)), name, transfer)
        for name in names
        for transfer in ("ideal", "optical")
        for _ in range(2)
    ]


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    fraction = float(np.exp(rng.uniform(np.log(0.2), np.log(0.85))))
    sigma = float(rng.uniform(0.2, 2.0))
    ppi = float(rng.choice([600.0, 1200.0]))
    factor = (1.0 if case.transfer == "ideal" else 0.5) / fraction
    picture = _picture(case.picture, round(1100 / factor), case.seed)
    scan = damage.soft_scan(picture, fraction, case.transfer, sigma, rng)
    report = condition_report(as_scan(scan, ppi, int(rng.choice([8, 16]))))
    found = report["effective_resolution"]["value"]
    return [
        {
            "picture": case.picture,
            "transfer": case.transfer,
            "size": f"{scan.shape[1]} x {scan.shape[0]}",
            "ppi": ppi,
            "true_ppi": fraction * ppi,
            "found_ppi": found,
            "error": None if found is None else found / (fraction * ppi) - 1,
            "noise": sigma,
            "interpolated": report["interpolated"]["value"],
        }
    ]


def _picture(name: str, most: int, seed: int) -> Picture:
    """Detail up to the picture's own Nyquist: means over 2 x 2 of a published picture."""
    if name == LEAVES:
        return dead_leaves(seed % 1000, min(most, 512))
    return pictures.reduced(name, 2, most)


def outcome(rows: Sequence[Row]) -> Outcome:
    table = grouped(
        "Error of the effective resolution",
        rows,
        ("transfer",),
        {
            "scans": len,
            "unknown": lambda r: share(x["error"] is None for x in r),
            "mean error": of("error"),
            "mean abs. error": absolute("error"),
            "largest abs. error": absolute("error", worst),
            f"within {WITHIN:.0%}": lambda r: share(
                x["error"] is not None and abs(x["error"]) <= WITHIN for x in r
            ),
        },
        (
            "ideal: nothing above the limit. optical: a Gaussian that passes 10 % of the contrast "
            "at the limit (MTF10).",
        ),
    )
    keys = ("picture", "transfer", "size", "true_ppi", "found_ppi", "error", "noise")
    lines = [tuple(row[key] for key in keys) for row in rows]
    inside = sum(row["error"] is not None and abs(row["error"]) <= WITHIN for row in rows)
    unknown = sum(row["error"] is None for row in rows)
    goal = Goal(
        "effective resolution",
        f"within {WITHIN:.0%}",
        f"{inside} of {len(rows)}, {unknown} unknown",
        inside == len(rows),
    )
    return Outcome([table, Table("Every scan", keys, lines)], [goal], [dict(r) for r in rows])
