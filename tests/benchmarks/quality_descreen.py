"""Descreening: ours, blind, against three alternatives that are told the true ruling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from quality_measures import ScreenSpectrum, angle_error, likeness, psnr
from quality_rivals import DESCREENERS
from quality_scans import apply_stage, as_scan, condition_report, pixels_of
from quality_tables import Goal, Outcome, Row, Table, grouped, mean, of, share, worst

import damage
from damage.light import Picture
from damage.printing import Print
from restoration.config.stages.descreen import DescreenSettings
from support import pictures

TITLE = "Descreening"
OURS = "ours"
RULINGS = (65, 85, 100, 120, 133, 150, 175, 200)
SIDE = 768
SUPPRESSED_DB, LOST_DB, RULING_PERCENT, ANGLE_DEG = 30.0, 1.0, 1.0, 0.5


@dataclass(frozen=True)
class Case:
    """One print; everything else about it is drawn from the seed."""

    seed: int
    ppi: float
    ruling: float
    inks: int
    picture: str
    shape: str | None = None
    album: bool = False
    """A clipping on an album page, beside a photograph and a caption."""


def cases(quick: bool) -> list[Case]:
    """Every ruling at both resolutions in one and four inks, each with other pictures."""
    rng = np.random.default_rng(20_001)
    colour = [n for n in pictures.PHOTOGRAPHS if pictures.PICTURES[n].colour]
    found = []
    for ppi in (600.0, 1200.0):
        for ruling in RULINGS:
            for inks in (1, 4):
                names = colour if inks == 4 else list(pictures.PICTURES)
                for name in rng.choice(names, 2, replace=False):
                    found.append(Case(int(rng.integers(1 << 31)), ppi, ruling, inks, str(name)))
        for inks, ruling in ((1, 120), (4, 150)):
            name = str(rng.choice(colour))
            found.append(Case(int(rng.integers(1 << 31)), ppi, ruling, inks, name, album=True))
        name = str(rng.choice(colour))
        found.append(Case(int(rng.integers(1 << 31)), ppi, 110, 1, name, shape="line"))
    return [c for c in found if c.seed % 2 and c.ruling in (85, 133, 175)][:6] if quick else found


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    how = damage.draw_print(rng, case.ppi, case.ruling, case.inks, case.shape)
    if case.album:
        return [_album(case, how, rng)]
    printed = damage.printed(pictures.on_grid(case.picture, SIDE, rng), how, rng)
    bits = int(rng.choice([8, 16]))
    scan = as_scan(printed.pixels, case.ppi, bits)
    seen = pixels_of(scan)
    spectrum = ScreenSpectrum(seen, printed.truth, how)
    report = condition_report(scan)
    known = {
        "ppi": case.ppi,
        "ruling": case.ruling,
        "inks": case.inks,
        "picture": case.picture,
        "bits": bits,
        "shape": how.screens[0].shape,
    }
    results = {"nothing": seen, OURS: apply_stage("descreen", DescreenSettings(), scan, report)[0]}
    for name, rival in DESCREENERS.items():
        results[name] = rival(seen, how.period)
    rows = []
    for method, result in results.items():
        row = {**known, "method": method, **likeness(result, printed.truth)}
        row.update(spectrum.figures(result))
        if method == OURS:
            row.update(_finding(report["screen"], how))
        rows.append(row)
    return rows


def _finding(found: dict[str, Any], how: Print) -> dict[str, Any]:
    """Errors of the screens found, each against the ink that it is nearest to."""
    regions = found["detail"].get("regions", [])
    screens = [screen for region in regions for screen in region["screens"]]
    ruling_errors, angle_errors, inks = [], [], set()
    for screen in screens:
        period = 1.0 / float(np.hypot(*screen["f1"]))
        error = 100 * abs(how.period / period - 1)
        angles = {
            ink.ink: angle_error(screen["angle_deg"], ink.angle_deg, 90) for ink in how.screens
        }
        nearest = min(angles, key=lambda ink: angles[ink])
        ruling_errors.append(error)
        angle_errors.append(angles[nearest])
        inks.add(nearest)
    return {
        "found": found["value"],
        "regions": len(regions),
        "area": sum(region["share"] for region in regions),
        "screens": len(screens),
        "inks_found": len(inks),
        "ruling_error_percent": max(ruling_errors, default=None),
        "angle_error_deg": max(angle_errors, default=None),
    }


def _album(case: Case, how: Print, rng: np.random.Generator) -> dict[str, Any]:
    """A clipping glued on a page with a photograph and a caption: what is touched beside it."""
    clipping = damage.printed(pictures.on_grid(case.picture, 384, rng), how, rng)
    page = pictures.on_grid("astronaut", SIDE, rng)
    page = damage.sensor_noise(page, (0.6,), rng)
    truth = page.copy()
    top, left = (int(value) for value in rng.integers(32, SIDE - 384 - 96, 2))
    where = np.s_[top : top + 384, left : left + 384]
    for target, content in ((page, clipping.pixels), (truth, clipping.truth)):
        _write(target, "Album 12, page 34", top + 384 + 40, left)
        target[where] = content
    scan = as_scan(page, case.ppi)
    report = condition_report(scan)
    result, _ = apply_stage("descreen", DescreenSettings(), scan, report)
    inside = np.zeros((SIDE, SIDE), np.uint8)
    inside[where] = 1
    outside = cv2.dilate(inside, np.ones((65, 65), np.uint8)) == 0
    changed = np.abs(result - pixels_of(scan)).max(axis=2) > 0
    within = inside > 0
    return {
        "method": "album page",
        "ppi": case.ppi,
        "ruling": case.ruling,
        "inks": case.inks,
        "picture": case.picture,
        "screened_db": psnr(pixels_of(scan), truth, within),
        "psnr_db": psnr(result, truth, within),
        "touched_outside": float(changed[outside].mean()),
        "touched_inside": float(changed[within].mean()),
        "outside_db": psnr(result, pixels_of(scan), ~within),
        **_finding(report["screen"], how),
    }


def _write(page: Picture, text: str, row: int, column: int) -> None:
    """A caption on a white strip, in place."""
    strip = np.zeros((42, 330), np.uint8)
    cv2.putText(strip, text, (6, 30), cv2.FONT_HERSHEY_DUPLEX, 0.9, (255,), 1, cv2.LINE_AA)
    ink = strip.astype(np.float32)[:, :, None] / np.float32(255)
    page[row - 30 : row + 12, column : column + 330] = np.float32(0.93) - np.float32(0.83) * ink


def outcome(rows: Sequence[Row]) -> Outcome:
    albums = [row for row in rows if row["method"] == "album page"]
    plain = [row for row in rows if row["method"] != "album page"]
    methods = list(dict.fromkeys(row["method"] for row in plain))
    ours = [row for row in plain if row["method"] == OURS]
    tables = [_comparison(plain, methods, key, name) for key, name in _LIKENESS.items()]
    tables.append(_frequencies(plain, methods))
    tables.append(
        grouped(
            "The screen as found, largest errors",
            ours,
            ("ppi", "ruling"),
            {
                "found": lambda r: share(x["found"] == "halftone" for x in r),
                "ruling error %": of("ruling_error_percent", worst),
                "angle error °": of("angle_error_deg", worst),
                "inks found of 4": lambda r: mean(x["inks_found"] for x in r if x["inks"] == 4),
                "share of the page": of("area"),
            },
        )
    )
    keys = ("ppi", "ruling", "inks", "picture", "shape", "found", "inks_found", "area")
    more = ("ruling_error_percent", "angle_error_deg", "psnr_db", "suppression_db", "loss_db")
    wrong = [row for row in ours if not _right(row)]
    lines = [tuple(row[key] for key in (*keys, *more)) for row in wrong]
    tables.append(Table("Prints whose screen was found wrong, or not", (*keys, *more), lines))
    if albums:
        tables.append(_albums(albums))
    return Outcome(tables, _goals(plain, ours, methods), [dict(row) for row in rows])


def _right(row: Row) -> bool:
    """The screen was found, and every ruling and angle in it is as near as it must be."""
    errors = (row["ruling_error_percent"], row["angle_error_deg"])
    return row["found"] == "halftone" and all(
        error is not None and error <= most
        for error, most in zip(errors, (RULING_PERCENT, ANGLE_DEG), strict=True)
    )


_LIKENESS = {"psnr_db": "PSNR to the truth, dB", "ssim": "SSIM", "delta_e": "CIEDE2000, mean"}


def _comparison(rows: Sequence[Row], methods: Sequence[str], key: str, title: str) -> Table:
    columns = {
        method: (lambda r, m=method: mean(x[key] for x in r if x["method"] == m))
        for method in methods
    }
    return grouped(title, rows, ("ppi", "ruling"), columns)


def _frequencies(rows: Sequence[Row], methods: Sequence[str]) -> Table:
    lines: list[tuple[Any, ...]] = []
    for inks in (1, 4):
        for method in methods[1:]:
            own = [row for row in rows if row["method"] == method and row["inks"] == inks]
            if own:
                keys = ("suppression_db", "suppression_raw_db", "ceiling_raw_db", "loss_db")
                lines.append(
                    (
                        *(inks, method, *(mean(row[key] for row in own) for key in keys)),
                        min(row["suppression_db"] for row in own),
                        worst(row["loss_db"] for row in own),
                        mean(row["loss_fine_db"] for row in own),
                    )
                )
    names = ("inks", "method", "suppression dB", "raw dB", "raw dB of the truth", "loss dB")
    return Table(
        "Screen peaks taken away, picture lost between them",
        (*names, "least suppression", "greatest loss", "loss of fine detail dB"),
        lines,
        (
            "Suppression: power at the true lattice peaks (|k|+|l| up to 3), result minus truth "
            "against scan minus truth. Loss: the truth's detail between the peaks and below what "
            "prepress sent, result against scan; fine: from 0.6 of the ruling.",
        ),
    )


def _albums(rows: Sequence[Row]) -> Table:
    keys = ("ppi", "ruling", "inks", "found", "regions", "area", "screened_db", "psnr_db")
    more = ("touched_inside", "touched_outside", "outside_db")
    return Table(
        "A clipping (25 % of the page) beside a photograph and a caption",
        (*keys, *more),
        [tuple(row[key] for key in (*keys, *more)) for row in rows],
        ("touched: share of pixels that changed; outside begins 32 px from the clipping.",),
    )


def _goals(plain: Sequence[Row], ours: Sequence[Row], methods: Sequence[str]) -> list[Goal]:
    goals = []
    weak = [row for row in ours if row["suppression_db"] < SUPPRESSED_DB]
    lossy = [row for row in ours if row["loss_db"] > LOST_DB]
    least = min(row["suppression_db"] for row in ours)
    most = max(row["loss_db"] for row in ours)
    goals.append(
        Goal(
            "suppression at the screen's peaks",
            f">= {SUPPRESSED_DB:g} dB on every print",
            f"mean {mean(row['suppression_db'] for row in ours):.1f} dB, least {least:.1f} dB, "
            f"{len(weak)} of {len(ours)} below",
            not weak,
        )
    )
    goals.append(
        Goal(
            "loss of picture between the peaks",
            f"<= {LOST_DB:g} dB on every print",
            f"mean {mean(row['loss_db'] for row in ours):.2f} dB, greatest {most:.2f} dB, "
            f"{len(lossy)} of {len(ours)} above",
            not lossy,
        )
    )
    for key, name in (("psnr_db", "PSNR"), ("ssim", "SSIM")):
        lost = _lost_rulings(plain, methods, key)
        count = len({(row["ppi"], row["ruling"]) for row in ours})
        goals.append(
            Goal(
                f"{name} above every alternative",
                "at every ruling",
                f"at {count - len(lost)} of {count}"
                + (f"; not at {', '.join(lost)}" if lost else ""),
                not lost,
            )
        )
    for key, name, most_allowed in (
        ("ruling_error_percent", "ruling error, %", RULING_PERCENT),
        ("angle_error_deg", "angle error, degrees", ANGLE_DEG),
    ):
        errors = [row[key] for row in ours]
        inside = sum(error is not None and error <= most_allowed for error in errors)
        largest = worst(errors)
        goals.append(
            Goal(
                name,
                f"<= {most_allowed:g} on every print",
                f"{inside} of {len(errors)} within; largest "
                + ("unknown" if largest is None else f"{largest:.3g}"),
                inside == len(errors),
            )
        )
    return goals


def _lost_rulings(rows: Sequence[Row], methods: Sequence[str], key: str) -> list[str]:
    """Where the mean of an alternative is at least ours."""
    lost = []
    for ppi, ruling in dict.fromkeys((row["ppi"], row["ruling"]) for row in rows):
        here = [row for row in rows if (row["ppi"], row["ruling"]) == (ppi, ruling)]
        own, *others = (
            mean(row[key] for row in here if row["method"] == method)
            for method in (OURS, *(m for m in methods if m != OURS))
        )
        if own is None or any(other is not None and other >= own for other in others):
            lost.append(f"{ruling:g} lpi/{ppi:g} ppi")
    return lost
