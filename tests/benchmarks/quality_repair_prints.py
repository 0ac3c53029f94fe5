"""What repair fills on real prints: every mark, with pictures for a person to judge.

RESTORATION_IMAGES=folder make bench ARGS='quality repair_prints'

Writes the page before and after, and the fillings over the page, to results/bench/repair-prints/.
Where tests/benchmarks/prints has the cracks of a print, drawn by hand, the share of their length
that was filled is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from quality_prints import VARIABLE, page_of
from quality_prints import cases as folder_cases
from quality_scans import apply_stage, condition_report, pixels_of
from quality_tables import Goal, Outcome, Row, Table
from repair_pages import Mask, mask_of, pieces_of

from damage.light import Picture
from restoration.config.stages.repair import RepairSettings
from restoration.examine.damage.detector import DamageDetector
from restoration.examine.damage.search import Searched, find_marks, levels
from restoration.findings.damage import KINDS
from restoration.stages.base import Declined
from support.simulated_scans import SimulatedPage

TITLE = "What repair fills on real prints"

LISTED = 20
"""Pixels from which a filled mark is listed."""

NEAR = 3
"""Pixels by which a filling may miss the drawn line of a crack."""

CRACKS = 0.7
"""Least share of the visible length of cracks that must be filled."""

HERE = Path(__file__).resolve().parent
OUT = HERE.parents[1] / "results" / "bench" / "repair-prints"

SETTINGS = {"default": {}, "every kind": {"kinds": KINDS}}


def cases(quick: bool) -> list[Path]:
    """The pictures of the folder; none where the variable is not set, which the report says."""
    return folder_cases(quick)


def measure(path: Path) -> list[dict[str, Any]]:
    """A row for the default settings and one with every kind of damage."""
    scan = page_of(path)
    report = condition_report(scan, faces="cnn")
    before = pixels_of(scan)
    rows = []
    for name, chosen in SETTINGS.items():
        after, decision = apply_stage("repair", RepairSettings(**chosen), scan, report)
        filled = mask_of(decision, before.shape[:2])
        _write(path.stem, name, before, after, filled)
        pieces = pieces_of(filled)
        rows.append(
            {
                "picture": path.name,
                "settings": name,
                "declined": decision.reason if isinstance(decision, Declined) else None,
                "filled_px": int(filled.sum()),
                "pieces": len(pieces),
                "marks": _marks(scan, filled, pieces),
                "cracks": _cracks(path.stem, filled),
                "report": report["damage"],
            }
        )
    return rows


# ---- marks -----------------------------------------------------------------------------------


def _marks(
    scan: SimulatedPage, filled: Mask, pieces: Sequence[tuple[tuple[int, int, int, int], int]]
) -> list[dict[str, Any]]:
    """The large fillings, each with the likeliest mark of the search that lies in it."""
    level = levels(scan.height, scan.width, None)
    found = find_marks(Searched(scan.height, scan.width, level, scan.read), DamageDetector.load())
    numbers, odds = found.read(0, 0, scan.height, scan.width), found.odds()
    listed = []
    for (left, top, width, height), area in pieces:
        if area < LISTED:
            break
        part = np.s_[top : top + height, left : left + width]
        inside = np.unique(numbers[part][filled[part]])
        inside = inside[inside > 0] - 1
        best = inside[odds[inside].argmax()] if len(inside) else None
        listed.append(
            {
                "box": [left, top, width, height],
                "px": area,
                "kind": None if best is None else KINDS[int(found.figures.kind[best])],
                "probability": None
                if best is None
                else round(float(1 / (1 + np.exp(-odds[best]))), 4),
            }
        )
    return listed


def truth_of(name: str) -> list[npt.NDArray[np.float64]]:
    """The cracks of a print as polylines (n, 2) of x and y; empty where nobody drew them."""
    path = HERE / "prints" / f"{name}.json"
    if not path.exists():
        return []
    return [np.array(line) for line in json.loads(path.read_text())["cracks"]]


def _cracks(name: str, filled: Mask) -> float | None:
    """Share of the length of the drawn cracks within NEAR pixels of what was filled."""
    lines = truth_of(name)
    if not lines:
        return None
    reach = np.ones((2 * NEAR + 1,) * 2, np.uint8)
    near = cv2.dilate(filled.astype(np.uint8), reach) > 0
    places = np.concatenate([_along(line) for line in lines]).round().astype(int)
    x = places[:, 0].clip(0, filled.shape[1] - 1)
    y = places[:, 1].clip(0, filled.shape[0] - 1)
    return float(near[y, x].mean())


def _along(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points a pixel apart on a polyline."""
    lengths = np.hypot(*np.diff(line, axis=0).T)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.arange(0.0, ends[-1], 1.0)
    return np.stack([np.interp(at, ends, line[:, axis]) for axis in (0, 1)], axis=1)


# ---- pictures --------------------------------------------------------------------------------


def _write(name: str, settings: str, before: Picture, after: Picture, filled: Mask) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{settings.replace(' ', '-')}"
    shown = before.copy() if before.shape[2] == 3 else np.repeat(before, 3, axis=2)
    shown[filled] = 0.3 * shown[filled] + 0.7 * np.array([1.0, 0.0, 0.2], np.float32)
    for word, pixels in (("before", before), ("after", after), ("mask", shown)):
        codes = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
        ordered = codes[:, :, ::-1] if codes.shape[2] == 3 else codes
        cv2.imwrite(str(OUT / f"{stem}-{word}.png"), ordered)


def outcome(rows: Sequence[Row]) -> Outcome:
    """All marks, and the share of the drawn cracks."""
    if not rows:
        return Outcome([Table(f"{VARIABLE} is not set: nothing was looked at.", ("",), [])], [])
    pages = Table(
        "Pages",
        ("picture", "settings", "filled px", "pieces", f"of {LISTED} px", "cracks filled", ""),
        [
            (*(row[key] for key in ("picture", "settings", "filled_px", "pieces")),
             len(row["marks"]), row["cracks"], row["declined"] or "")
            for row in rows
        ],
        ("cracks filled: share of the length that a person drew, within 3 pixels of a filling.",),
    )  # fmt: skip
    marks = Table(
        f"Filled marks of {LISTED} pixels and more",
        ("picture", "settings", "left, top, width, height", "px", "kind", "probability"),
        [
            (row["picture"], row["settings"], str(mark["box"]), mark["px"], mark["kind"],
             mark["probability"])
            for row in rows
            for mark in row["marks"]
        ],
        (f"Pictures at 100 %: {OUT.relative_to(HERE.parents[1])}.",),
    )  # fmt: skip
    goals = [
        Goal(f"cracks of {row['picture']}, {row['settings']}", f">= {CRACKS:g} of their length",
             f"{row['cracks']:.2f}", row["cracks"] >= CRACKS)
        for row in rows
        if row["cracks"] is not None
    ]  # fmt: skip
    return Outcome([pages, marks], goals, [dict(row) for row in rows])
