"""Filling: holes under damage that others drew, the true mask given to all.

RESTORATION_OVERLAYS=folder RESTORATION_PHOTOGRAPHS=folder make bench ARGS='quality fill'

The marks as they were drawn, most of them partly transparent; and the same marks opaque all over,
with a hard edge, where nothing can be divided out. No overlay is one on which anything was
tuned. Filling learned nothing of photographs; those on which its constants were never tried are
said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from quality_measures import psnr
from quality_rivals import INPAINTERS, inpainted
from quality_tables import Goal, Outcome, Row, Table, mean
from repair_cases import SHOWN_KODAK, photograph
from repair_overlays import GROUPS, VARIABLE, overlaid, overlay_folder
from skimage.restoration import inpaint_biharmonic

from damage.light import Picture
from support.healthy_pictures import PHOTOGRAPHS, kodak_folder
from support.repairs import drawn, repaired

TITLE = "Filling under the true mask"

MASKS = {"all that changed": 5 / 255, "plain to see": 0.1}
"""Least change of any channel by which a pixel is in the mask. Under the second the mask is as a
person draws it: the faint rims of marks are outside, and shine through around the hole."""

MARKS = ("as drawn", "opaque")

SEEDS = 2
"""Pages of each photograph: one of light and one of dark marks."""

LEAST = 50
"""Pixels of a mask on which there is something to measure."""

TRIES = 50

BIHARMONIC = "biharmonic (scikit-image)"
OURS, SMOOTH = "ours", "ours without grain"
FILLERS = (OURS, SMOOTH, *INPAINTERS, BIHARMONIC)

BETTER_DB, BETTER_SHARE = 0.3, 16 / 24

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """One damaged photograph."""

    picture: str
    marks: str
    """as drawn or opaque."""
    group: str
    light: bool
    seed: int


def cases(quick: bool) -> list[Case]:
    """Every photograph under light and dark marks, of a kind that goes round."""
    folder = kodak_folder()
    if folder is None or overlay_folder() is None:
        return []
    names = sorted(path.stem for path in folder.glob("kodim*.png"))
    kinds = list(GROUPS)
    return [
        Case(name, marks, kinds[(number + seed) % len(kinds)], seed % 2 == 0, 100 * number + seed)
        for marks in MARKS
        for number, name in enumerate(names[:2] if quick else names)
        for seed in range(SEEDS)
    ]


def measure(case: Case) -> list[dict[str, Any]]:
    """A row for each mask."""
    clean = photograph(case.picture)
    page, changed = _damaged(clean, case)
    return [
        _row(case, clean, page, changed, name, least)
        for name, least in MASKS.items()
        # An opaque mark has no faint rim.
        if case.marks == "as drawn" or least == min(MASKS.values())
    ]


def outcome(rows: Sequence[Row]) -> Outcome:
    """Tables and goals."""
    tables, goals = [], []
    for marks in MARKS:
        for name in MASKS:
            own = [row for row in rows if (row["marks"], row["mask"]) == (marks, name)]
            if own:
                tables.append(_table(own, f"{marks}, mask of {name}"))
                goals += _goals(own, f"{marks}, {name}")
    if not tables:
        note = f"{VARIABLE} or {PHOTOGRAPHS} is not set: nothing was filled."
        tables.append(Table("Filling", ("",), [], (note,)))
    same = all(row["outside_same"] for row in rows)
    goals.append(Goal("outside the mask", "bit-identical", "yes" if same else "no", same))
    return Outcome(tables, goals, [dict(row) for row in rows])


def _damaged(clean: Picture, case: Case) -> tuple[Picture, npt.NDArray[np.float32]]:
    """The page in 8 bits, and the most that any channel was changed by, float32 (h, w)."""
    for again in range(TRIES):
        rng = np.random.default_rng([20_031, case.seed, again])
        page = overlaid(clean, case.group, case.light, rng, opaque=case.marks == "opaque")
        page = (np.rint(np.clip(page, 0, 1) * 255) / 255).astype(np.float32)
        changed = np.abs(page - clean).max(axis=2)
        if (changed >= max(MASKS.values())).sum() >= LEAST:
            return page, changed
    raise SystemExit(f"quality: no overlay of {case.group} changes anything of {case.picture}")


def _row(
    case: Case,
    clean: Picture,
    page: Picture,
    changed: npt.NDArray[np.float32],
    name: str,
    least: float,
) -> dict[str, Any]:
    mask = changed >= least
    fills: dict[str, Callable[[], Picture]] = {
        OURS: lambda: _ours(page, mask, grain=True),
        SMOOTH: lambda: _ours(page, mask, grain=False),
        BIHARMONIC: lambda: _biharmonic(page, mask),
    }
    for rival, method in INPAINTERS.items():
        fills[rival] = lambda method=method: inpainted(page, mask, method)
    row: dict[str, Any] = {
        "picture": case.picture,
        "unseen": case.picture in SHOWN_KODAK,
        "marks": case.marks,
        "kind": f"{'light' if case.light else 'dark'} {case.group}",
        "mask": name,
        "mask_px": int(mask.sum()),
        "megapixels": mask.size / 1e6,
        "as it was": psnr(page, clean, mask),
        "outside_same": True,
    }
    for filler, fill in fills.items():
        started = time.process_time()
        result = fill()
        row[f"{filler} s"] = time.process_time() - started
        row[filler] = psnr(result, clean, mask)
        if filler in (OURS, SMOOTH):
            row["outside_same"] &= bool(np.array_equal(result[~mask], page[~mask]))
    return row


def _ours(page: Picture, mask: Mask, grain: bool) -> Picture:
    """By the stage, which is told nothing but the mask."""
    pixels, filled = drawn(repaired(page, {}, user=mask, grain=grain))
    assert np.array_equal(filled, mask)
    return pixels


def _biharmonic(page: Picture, mask: Mask) -> Picture:
    filled = inpaint_biharmonic(page, mask, split_into_regions=True, channel_axis=-1)
    return np.clip(filled, 0, 1).astype(np.float32)


def _table(rows: Sequence[Row], what: str) -> Table:
    keys = ("as it was", *FILLERS)
    lines: list[tuple[Any, ...]] = [
        (
            f"{row['picture']}{' (unseen)' if row['unseen'] else ''}",
            row["kind"],
            row["mask_px"],
            *(row[key] for key in keys),
        )
        for row in rows
    ]
    for name, how in (("median", np.median), ("mean", np.mean)):
        lines.append((name, "", "", *(float(how([row[key] for row in rows])) for key in keys)))
    unseen = [row for row in rows if row["unseen"]]
    if unseen:
        medians = (float(np.median([row[key] for row in unseen])) for key in keys)
        lines.append(("median of unseen", "", "", *medians))
    won = (sum(row[OURS] > row[key] for row in rows) for key in FILLERS[1:])
    lines.append(("ours is better on", "", "", "", "", *won))
    area = sum(row["megapixels"] for row in rows)
    spent = (sum(row[f"{key} s"] for row in rows) / area for key in FILLERS)
    lines.append(("s of the processor a megapixel", "", "", "", *spent))
    cost = mean(row[SMOOTH] - row[OURS] for row in rows) or 0.0
    note = (
        f"{rows[0]['mask']}: changed by {MASKS[rows[0]['mask']]:.2f} or more of full scale in any "
        f"channel. Grain that is put back costs {cost:.2f} dB in the mean: it is drawn, not known."
    )
    columns = ("photograph", "marks", "mask px", *keys)
    return Table(f"PSNR inside the mask, dB: marks {what}", columns, lines, (note,))


def _goals(rows: Sequence[Row], what: str) -> list[Goal]:
    goals = []
    for name in INPAINTERS:
        gains = [row[OURS] - row[name] for row in rows]
        median, better = float(np.median(gains)), sum(gain > 0 for gain in gains)
        goals.append(
            Goal(
                f"{what}: against {name}",
                f"median >= {BETTER_DB} dB, better on 2 of 3",
                f"{median:+.2f} dB, better on {better} of {len(rows)}",
                median >= BETTER_DB and better >= BETTER_SHARE * len(rows),
            )
        )
    return goals
