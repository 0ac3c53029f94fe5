"""Denoising of white noise, blind, against alternatives that are told its strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from quality_measures import likeness
from quality_rivals import WAVELETS, best_of_skimage, non_local_means
from quality_scans import apply_stage, as_scan, condition_report, pixels_of
from quality_tables import Goal, Outcome, Row, Table, grouped, mean

import damage
from restoration.config.stages.denoise import DenoiseSettings
from support import pictures

TITLE = "Denoising"
SIGMAS = (5, 15, 25, 50)
NAMES = ("astronaut", "camera", "chelsea", "coffee", "grace_hopper", "coins", "retina", "brick")
OURS = "ours, grain: remove"
KEEPING = "ours, grain: keep"
RIVALS = (
    "cv2 non-local means, best of 3",
    "skimage wavelet or TV, best of 5" if WAVELETS else "skimage TV, best of 3",
)
LEFT_OUT = () if WAVELETS else ("PyWavelets is not installed: skimage's wavelets are left out.",)
SIDE = 320


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    sigma: float


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_007)
    names = NAMES[:2] if quick else NAMES
    return [Case(int(rng.integers(1 << 31)), name, sigma) for sigma in SIGMAS for name in names]


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    truth = pictures.on_grid(case.picture, SIDE, rng)
    noisy = damage.sensor_noise(truth, (case.sigma,), rng)
    scan = as_scan(noisy, 600.0, 16)
    report = condition_report(scan)
    seen = pixels_of(scan)
    settings = {OURS: DenoiseSettings(grain="remove"), KEEPING: DenoiseSettings()}
    results = {"nothing": seen}
    for name, own in settings.items():
        results[name] = apply_stage("denoise", own, scan, report)[0]
    results[RIVALS[0]] = non_local_means(seen, truth, case.sigma)
    results[RIVALS[1]] = best_of_skimage(seen, truth, case.sigma)
    known = {
        "picture": case.picture,
        "sigma": case.sigma,
        "noise_found": report["noise"]["value"],
        "grain_found": report["noise"]["detail"].get("grain", {}).get("found"),
    }
    return [{**known, "method": name, **likeness(r, truth)} for name, r in results.items()]


def outcome(rows: Sequence[Row]) -> Outcome:
    methods = list(dict.fromkeys(row["method"] for row in rows))
    tables = []
    for key, title in (("psnr_db", "PSNR, dB"), ("ssim", "SSIM"), ("delta_e", "CIEDE2000")):
        columns = {
            method: (lambda r, m=method, k=key: mean(x[k] for x in r if x["method"] == m))
            for method in methods
        }
        tables.append(grouped(title, rows, ("sigma",), columns, LEFT_OUT))
    ours = [row for row in rows if row["method"] == OURS]
    keys = ("picture", "sigma", "noise_found", "grain_found", "psnr_db")
    tables.append(Table("Every scan, ours", keys, [tuple(r[k] for k in keys) for r in ours]))
    goals = []
    for sigma in dict.fromkeys(row["sigma"] for row in rows):
        own, *others = (
            mean(r["psnr_db"] for r in rows if (r["sigma"], r["method"]) == (sigma, method)) or 0.0
            for method in (OURS, *RIVALS)
        )
        goals.append(
            Goal(
                f"PSNR at sigma {sigma:g}",
                f"above {max(others):.2f} dB, the best alternative",
                f"{own:.2f} dB",
                own > max(others),
            )
        )
    return Outcome(tables, goals, [dict(row) for row in rows])
