"""Repair: the mask that is found, and the filling against cv2.inpaint with the true mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from fit_damage import PICTURES as FITTED
from quality_measures import psnr
from quality_rivals import INPAINTERS, inpainted
from quality_scans import apply_stage, as_scan, condition_report, pixels_of
from quality_tables import Goal, Outcome, Row, Table, mean

import damage
from damage.light import Picture
from damage.marks import KINDS
from restoration.config.stages.repair import RepairSettings
from restoration.stages.base import Restored
from support import pictures

TITLE = "Repair of dust, hairs, scratches and creases"
NAMES = ("astronaut", "camera", "chelsea", "coffee", "coins", "retina", "rocket", "brick")
UNSEEN = ("grace_hopper", "cell", "clock", "grace_hopper", "cell", "twill", "grace_hopper", "plain")
"""Pictures and fabrics on which the judgement of marks was not fitted; fit_damage.PICTURES says
on which it was."""

TOLERANCE = 2
"""Pixels by which a found edge may miss the true one in the tolerant figures."""

PLAIN = 20 / 255
"""Change from which damage is plain to see; the true mask begins at 4/255."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    kinds: tuple[str, ...]


def cases(quick: bool) -> list[Case]:
    """Every picture with all kinds of marks, and every other one with dust and hairs alone."""
    rng = np.random.default_rng(20_009)
    names = (*NAMES[:1], *UNSEEN[:1]) if quick else (*NAMES, *UNSEEN)
    every = [Case(int(rng.integers(1 << 31)), name, KINDS) for name in names]
    dusty = [Case(int(rng.integers(1 << 31)), name, KINDS[:2]) for name in names[::2]]
    return every + dusty


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    if case.picture in pictures.WEAVES:
        truth = pictures.fabric(case.picture, float(rng.uniform(6, 12)), 640, rng)
    else:
        truth = pictures.on_grid(case.picture, 640, rng)
    truth = damage.sensor_noise(truth, (float(rng.uniform(0.5, 2.0)),), rng)
    marks = damage.marked(truth, rng, case.kinds, float(rng.uniform(0.5, 1.3)))
    scan = as_scan(marks.pixels, 1200.0, int(rng.choice([8, 16])))
    report = condition_report(scan)
    settings = RepairSettings(most_share=0.2, kinds=("dust", "scratches", "creases"))
    result, decision = apply_stage("repair", settings, scan, report)
    found = _mask_of(decision, truth.shape[:2])
    given = marks.mask.astype(np.float32)[:, :, None]
    told, _ = apply_stage("repair", settings, scan, report, damage=given)
    smooth = settings.model_copy(update={"grain": False})
    plain, _ = apply_stage("repair", smooth, scan, report, damage=given)
    seen = pixels_of(scan)
    row: dict[str, Any] = {
        "picture": case.picture,
        "fitted on": case.picture in FITTED,
        "marks": "all kinds" if len(case.kinds) > 2 else "dust and hairs",
        "damaged": float(marks.mask.mean()),
        "found": report["damage"]["value"],
        **_agreement(found, marks.mask),
        "recall_plain": _recall(found, _plain(marks.pixels, truth)),
        **{f"recall_{kind}": _recall(found, own) for kind, own in marks.masks.items()},
        "untouched_identical": bool(np.array_equal(result[~found], seen[~found])),
        "damaged_db": psnr(seen, truth, marks.mask),
        "ours_db": psnr(result, truth, marks.mask),
        "ours_told_db": psnr(told, truth, marks.mask),
        "told_no_grain_db": psnr(plain, truth, marks.mask),
        "whole_before_db": psnr(seen, truth),
        "whole_after_db": psnr(result, truth),
    }
    for name, method in INPAINTERS.items():
        row[name] = psnr(inpainted(seen, marks.mask, method), truth, marks.mask)
    return [row]


def _plain(damaged: Picture, truth: Picture) -> Mask:
    """Damage that nobody overlooks."""
    return np.asarray(np.abs(damaged - truth).max(axis=2) >= PLAIN)


def _mask_of(decision: Any, size: tuple[int, ...]) -> Mask:
    if not isinstance(decision, Restored) or decision.mask is None:
        return np.zeros(size, np.bool_)
    return np.concatenate(list(decision.mask()))[:, :, 0] > 0


def _agreement(found: Mask, true: Mask) -> dict[str, float | None]:
    near_true, near_found = (_wider(mask) for mask in (true, found))
    return {
        "precision": float(true[found].mean()) if found.any() else None,
        "recall": _recall(found, true),
        "tolerant_precision": float(near_true[found].mean()) if found.any() else None,
        "tolerant_recall": float(near_found[true].mean()) if true.any() else None,
    }


def _recall(found: Mask, true: Mask) -> float | None:
    return float(found[true].mean()) if true.any() else None


def _wider(mask: Mask) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE + 1,) * 2)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc) > 0)


def outcome(rows: Sequence[Row]) -> Outcome:
    masks = ("precision", "recall", "tolerant_precision", "tolerant_recall")
    by_kind = tuple(f"recall_{kind}" for kind in KINDS)
    finding = _listed("The mask", rows, ("damaged", "found", *masks, "recall_plain", *by_kind))
    filling = _listed(
        "PSNR inside the true mask, dB",
        rows,
        (
            *("damaged_db", "ours_db", "ours_told_db", "told_no_grain_db", *INPAINTERS),
            *("whole_before_db", "whole_after_db"),
        ),
        (
            "ours: mask found by itself. ours_told: the true mask given as the user's. whole: the "
            "whole page, where false repairs count.",
        ),
    )
    told = mean(row["ours_told_db"] for row in rows) or 0.0
    own = mean(row["ours_db"] for row in rows) or 0.0
    best = max(mean(row[name] for row in rows) or 0.0 for name in INPAINTERS)
    same = all(row["untouched_identical"] for row in rows)
    goals = [
        Goal(
            "precision and recall of the mask",
            "shown",
            "tolerant {:.2f} and {:.2f}, strict {:.2f} and {:.2f}".format(
                *(
                    mean(row[key] for row in rows) or 0.0
                    for key in ("tolerant_precision", "tolerant_recall", "precision", "recall")
                )
            ),
            True,
        ),
        Goal(
            "PSNR inside the mask, true mask given to both",
            f"above cv2.inpaint: {best:.2f} dB",
            f"{told:.2f} dB; {own:.2f} dB with the mask found by itself",
            told > best,
        ),
        Goal("outside the mask", "bit-identical", "yes" if same else "no", same),
    ]
    return Outcome([finding, filling], goals, [dict(row) for row in rows])


def _listed(
    title: str, rows: Sequence[Row], keys: Sequence[str], notes: tuple[str, ...] = ()
) -> Table:
    first = ("picture", "fitted on", "marks")
    lines = [tuple(row.get(key) for key in (*first, *keys)) for row in rows]
    for name, fitted in (("mean", True), ("mean", False), ("mean of all", None)):
        own = [row for row in rows if fitted in (None, row["fitted on"])]
        lines.append((name, fitted, "", *(mean(row.get(key) for row in own) for key in keys)))
    return Table(title, (*first, *keys), lines, notes)
