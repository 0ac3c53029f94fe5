"""JPEG blocks: found or not, grid, quality; and what removing them brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from quality_measures import likeness
from quality_rivals import deblocked_by_gaussian, non_local_means
from quality_scans import apply_stage, as_scan, condition_report, pixels_of
from quality_tables import Outcome, Row, Table, absolute, grouped, mean, of, share, worst

import damage
from restoration.config.stages.denoise import DenoiseSettings
from support import pictures

TITLE = "JPEG blocks"
NAMES = ("astronaut", "camera", "chelsea", "coffee", "coins", "brick", "grass", "cell")
QUALITIES = (15, 30, 45, 60, 75, 90)


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    quality: int
    scale: float


def cases(quick: bool) -> list[Case]:
    """Most at their own size, one in three enlarged; qualities drawn around the nominal ones."""
    rng = np.random.default_rng(20_006)
    found = []
    for index, nominal in enumerate(QUALITIES[::3] if quick else QUALITIES):
        for number in range(2 if quick else 4):
            scale = float(rng.uniform(1.15, 2.2)) if number % 3 == 2 else 1.0
            name = NAMES[(index * 3 + number) % len(NAMES)]
            quality = nominal + int(rng.integers(-4, 5))
            found.append(Case(int(rng.integers(1 << 31)), name, quality, scale))
    return found


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    picture = pictures.load(case.picture)[:400, :400]
    offset = (int(rng.integers(8)), int(rng.integers(8)))
    stored = damage.jpeg_copy(picture, case.quality, offset, case.scale)
    # The truth travels the same way, without the compression.
    truth = damage.jpeg_copy(picture, 100, offset, case.scale)
    scan = as_scan(stored, 600.0, 8)
    report = condition_report(scan)
    found = report["blocking"]
    detail = found["detail"]
    grid = tuple((-side) % 8 * case.scale for side in offset)
    given = detail.get("grid_offset")
    right = None
    if found["value"] and given is not None:
        period = 8 * case.scale
        near = 0.5 if case.scale == 1.0 else 0.1 * period
        right = all(
            min((g - t) % period, (t - g) % period) <= near
            for g, t in zip(given, grid, strict=True)
        )
    known = {
        "picture": case.picture,
        "quality": case.quality,
        "rescaled": case.scale != 1.0,
        "scale": case.scale,
    }
    ours, _ = apply_stage("denoise", DenoiseSettings(), scan, report)
    seen = pixels_of(scan)
    results = {
        "nothing": seen,
        "ours": ours,
        "Gaussian, best of 3": deblocked_by_gaussian(seen, truth),
        "cv2 non-local means, best of 3": non_local_means(seen, truth, 5.0),
    }
    rows = [{**known, "method": name, **likeness(r, truth)} for name, r in results.items()]
    quality = detail.get("quality")
    rows[1].update(
        found=found["value"],
        grid_right=right,
        quality_error=None if quality is None else quality - case.quality,
        period_error=(
            None
            if not found["value"] or not detail.get("period_px")
            else max(abs(p / (8 * case.scale) - 1) for p in detail["period_px"])
        ),
    )
    return rows


def outcome(rows: Sequence[Row]) -> Outcome:
    ours = [row for row in rows if row["method"] == "ours"]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    finding = grouped(
        "Found",
        ours,
        ("rescaled",),
        {
            "scans": len,
            "found": lambda r: share(x["found"] is True for x in r),
            "unknown": lambda r: share(x["found"] is None for x in r),
            "grid right": of("grid_right"),
            "largest period error": of("period_error", worst),
            "mean abs. quality error": absolute("quality_error"),
        },
    )
    bins = [(0, 38), (38, 68), (68, 101)]
    lines: list[tuple[Any, ...]] = []
    for low, high in bins:
        for method in methods:
            own = [r for r in rows if low <= r["quality"] < high and r["method"] == method]
            if own:
                lines.append(
                    (
                        f"{low}–{high - 1}",
                        method,
                        *(mean(r[key] for r in own) for key in ("psnr_db", "ssim", "delta_e")),
                    )
                )
    columns = ("quality", "method", "PSNR dB", "SSIM", "CIEDE2000")
    keys = ("picture", "quality", "scale", "found", "grid_right", "quality_error", "psnr_db")
    every = Table("Every scan, ours", keys, [tuple(row.get(k) for k in keys) for row in ours])
    tables = [finding, Table("To the truth", columns, lines), every]
    return Outcome(tables, [], [dict(row) for row in rows])
