"""One network pass against two: is a cleanup before the enlargement better, and how often?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from network_speed import official_upsampler
from quality_measures import likeness
from quality_scans import apply_stage, as_scan, networks, pixels_of
from quality_tables import Goal, Outcome, Row, Table, grouped, mean

import damage
from damage.light import Picture
from restoration.config.stages.cleanup import CleanupSettings
from restoration.config.stages.upscale import UpscaleSettings
from support import pictures

TITLE = "One pass against two"
NETWORK = "realesrgan-x4plus-packaged"
NAMES = ("astronaut", "camera", "chelsea", "coffee", "grace_hopper", "rocket")
SIDE = 80
"""Pixels of the scan; the truth has twice as many, the network sees 6,400 a pass."""

RESAMPLED = "no network, Lanczos"
OFFICIAL = ("RealESRGANer, one pass", "RealESRGANer, two passes")
OWN = ("ours, upscale alone", "ours, cleanup and upscale", "ours, network in both")


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_010)
    return [Case(int(rng.integers(1 << 31)), name) for name in (NAMES[:2] if quick else NAMES)]


def measure(case: Case) -> list[dict[str, Any]]:
    """A soft, noisy, compressed scan at half the size of its truth."""
    rng = np.random.default_rng(case.seed)
    picture = pictures.reduced(case.picture, 1, 10_000)
    top, left = ((length - 2 * SIDE) // 3 for length in picture.shape[:2])
    truth = picture[top : top + 2 * SIDE, left : left + 2 * SIDE]
    if truth.shape[2] == 1:
        truth = np.repeat(truth, 3, axis=2)
    truth = np.ascontiguousarray(truth)
    soft = damage.blurred_by(truth, damage.Defocus(float(rng.uniform(0.8, 1.6))))
    small = cv2.resize(soft, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    noisy = damage.sensor_noise(small, (float(rng.uniform(1.0, 5.0)),), rng)
    scan = as_scan(damage.jpeg_copy(noisy, int(rng.integers(50, 85))), 300.0)
    known = {"picture": case.picture}
    return [{**known, "method": n, **likeness(r, truth)} for n, r in _results(scan).items()]


def _results(scan: Any) -> dict[str, Picture]:
    # All of so small a scan is picture; the report has nothing to measure it by.
    report = {
        "effective_resolution": {"value": 300.0, "detail": {"fraction": 1.0}},
        "noise": {"value": 4.0, "detail": {}},
    }
    seen = pixels_of(scan)
    clean, _ = apply_stage(
        "cleanup", CleanupSettings(apply="always", network=NETWORK), scan, report
    )
    twice = UpscaleSettings(factor=2.0, network=NETWORK)
    plain = UpscaleSettings(factor=2.0, network="none")
    first = _official(seen, 1)
    return {
        RESAMPLED: apply_stage("upscale", plain, scan, report)[0],
        OFFICIAL[0]: _official(seen, 2),
        OFFICIAL[1]: _official(first, 2),
        OWN[0]: apply_stage("upscale", twice, scan, report)[0],
        OWN[1]: apply_stage("upscale", plain, as_scan(clean, 300.0), report)[0],
        OWN[2]: apply_stage("upscale", twice, as_scan(clean, 300.0), report)[0],
    }


@cache
def _upsampler() -> Any:
    upsampler: Any = official_upsampler(networks(NETWORK)._network.module)
    # The scan is smaller than a tile. In one piece the result is the same, and an error is raised
    # instead of printed.
    upsampler.tile_size = 0
    return upsampler


def _official(picture: Picture, scale: int) -> Picture:
    codes = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)[:, :, ::-1]
    made, _ = _upsampler().enhance(np.ascontiguousarray(codes), outscale=scale)
    return np.ascontiguousarray(made[:, :, ::-1]).astype(np.float32) / np.float32(255)


def outcome(rows: Sequence[Row]) -> Outcome:
    methods = list(dict.fromkeys(row["method"] for row in rows))
    tables = []
    for key, title in (("psnr_db", "PSNR, dB"), ("ssim", "SSIM"), ("delta_e", "CIEDE2000")):
        columns = {
            method: (lambda r, m=method, k=key: mean(x[k] for x in r if x["method"] == m))
            for method in methods
        }
        tables.append(grouped(title, rows, ("picture",), columns))
    wins, lines = [], []
    for name, one, two in (
        ("RealESRGANer", *OFFICIAL),
        ("ours, second pass resamples", OWN[0], OWN[1]),
        ("ours, network in both", OWN[0], OWN[2]),
    ):
        for key in ("psnr_db", "ssim"):
            values = {
                (row["picture"], row["method"]): row[key]
                for row in rows
                if row["method"] in (one, two)
            }
            names = dict.fromkeys(picture for picture, _ in values)
            gains = [values[picture, two] - values[picture, one] for picture in names]
            lines.append((name, key, sum(gain > 0 for gain in gains), len(gains), mean(gains)))
            wins.append(all(gain > 0 for gain in gains))
    tables.append(
        Table(
            "Two passes against one",
            ("who", "figure", "two are better", "pictures", "mean gain of two"),
            lines,
        )
    )
    verdict = "holds" if all(wins) else "does not hold"
    goal = Goal('the claim that two passes "consistently" win', "tested", verdict, True)
    return Outcome(tables, [goal], [dict(row) for row in rows])
