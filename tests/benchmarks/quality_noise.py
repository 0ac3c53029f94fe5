"""Noise as found against noise that was added: white and grain, per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from quality_scans import as_scan, condition_report
from quality_tables import Goal, Outcome, Row, Table, absolute, grouped, of, share, worst

import damage
from damage.light import Picture, channels_kept
from support import pictures

TITLE = "Noise and grain as found"
WITHIN = 0.15
CLEAN = ("astronaut", "camera", "chelsea", "coffee", "rocket", "coins", "brick", "cell")
"""Pictures with little noise of their own; grace_hopper has the grain of its film, which would
count as error."""


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    kind: str
    """``white``, ``silver grain`` or ``dye grain``."""
    oversampled: bool
    """Picture at half the scan's resolution; otherwise its own pixels, texture, noise and all."""


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_003)
    found = []
    for name in CLEAN[:2] if quick else CLEAN:
        for oversampled in (True, False):
            kinds = ["white", "white", "silver grain"]
            if pictures.PICTURES[name].colour:
                kinds.append("dye grain")
            found += [Case(int(rng.integers(1 << 31)), name, kind, oversampled) for kind in kinds]
    return found


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    base = _base(case.picture, case.oversampled)
    channels = base.shape[2]
    clump = None
    if case.kind == "white":
        middle = float(np.exp(rng.uniform(np.log(2.0), np.log(25.0))))
        sigmas = tuple(float(middle * rng.uniform(0.7, 1.4)) for _ in range(channels))
        noisy = damage.sensor_noise(base, sigmas, rng)
    else:
        clump = float(rng.uniform(0.6, 1.4))
        sigma = float(rng.uniform(5.0, 20.0))
        sigmas = (sigma,) * channels
        grain = damage.Grain(sigma, clump, case.kind == "silver grain", even=True)
        noisy, _ = damage.grainy(base, grain, rng)
    bits = int(rng.choice([8, 16]))
    found = condition_report(as_scan(noisy, 600.0, bits))["noise"]
    grain_found = found["detail"].get("grain", {})
    own = found["detail"].get("channels") or [None] * channels
    estimate = found["value"] if case.kind == "white" else grain_found.get("sigma")
    true = float(np.sqrt(np.mean(np.square(sigmas))))
    return [
        {
            "picture": case.picture,
            "kind": case.kind,
            "base": "oversampled" if case.oversampled else "own pixels",
            "sigma": true,
            "clump_px": clump,
            "found": found["value"],
            "error": None if estimate is None else estimate / true - 1,
            "channel_error": max(
                (abs(f / s - 1) for f, s in zip(own, sigmas, strict=True) if f is not None),
                default=None,
            ),
            "grain_found": grain_found.get("found"),
            "equal_channels": grain_found.get("equal_channels"),
        }
    ]


def _base(name: str, oversampled: bool) -> Picture:
    if not oversampled:
        return pictures.load(name)
    small = pictures.reduced(name, 2, 512)
    size = (small.shape[1] * 2, small.shape[0] * 2)
    return np.clip(channels_kept(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)), 0, 1)


def outcome(rows: Sequence[Row]) -> Outcome:
    table = grouped(
        "Error of sigma",
        rows,
        ("kind", "base"),
        {
            "scans": len,
            "unknown": lambda r: share(x["error"] is None for x in r),
            "mean error": of("error"),
            "mean abs. error": absolute("error"),
            "largest abs. error": absolute("error", worst),
            "worst channel": of("channel_error", worst),
            f"within {WITHIN:.0%}": lambda r: share(
                x["error"] is not None and abs(x["error"]) <= WITHIN for x in r
            ),
            "called grain": lambda r: share(x["grain_found"] is True for x in r),
            "called equal in channels": lambda r: share(x["equal_channels"] is True for x in r),
        },
        (
            "White: the value against the root mean square of the channels. Grain: the grain's own "
            "sigma. The pictures' own noise and texture are not known and count as error.",
        ),
    )
    keys = ("picture", "kind", "base", "sigma", "clump_px", "found", "error", "channel_error")
    wrong = [r for r in rows if r["error"] is None or abs(r["error"]) > WITHIN]
    lines = [tuple(row[key] for key in keys) for row in wrong]
    goals = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind]
        missed = [row for row in wrong if row["kind"] == kind]
        goals.append(
            Goal(
                f"sigma of {kind}",
                f"within {WITHIN:.0%}",
                f"{len(own) - len(missed)} of {len(own)}",
                not missed,
            )
        )
    return Outcome(
        [table, Table("Beyond it or unknown", keys, lines)], goals, [dict(r) for r in rows]
    )
