"""Repair: what is found of damage that was never trained on, what healthy pages lose, and how well
the holes are filled.

RESTORATION_OVERLAYS=folder RESTORATION_PHOTOGRAPHS=folder make bench ARGS='quality repair'

Without the first, damage by others is left out; without the second, there are fewer photographs.
The tables say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from quality_measures import psnr
from quality_rivals import INPAINTERS, inpainted
from quality_tables import Outcome, Row
from repair_cases import Case, damaged_cases, fill_cases, made
from repair_pages import Mask, Truth, counts, luminance, nearness, pieces_of, repaired
from repair_speed import timed_pages
from repair_tables import outcome_of
from skimage.restoration import inpaint_biharmonic

from support.healthy_pictures import healthy_pictures

TITLE = "Repair: dust, hairs, scratches, cracks, stains"

ALONG = 0.6
"""Share of a film scratch's rows that must be found for it to count as found."""

BESIDE = 2.0
"""Pixels by which what was found may miss the middle of a film scratch."""

SEEN = 0.05
"""Change of luminance from which a film scratch can be seen: white on white paper it cannot."""

HEALTHY_QUICK = 8


def cases(quick: bool) -> list[Case]:
    """Damaged pages, healthy pages and pages to fill."""
    healthy = [Case("healthy", one.name) for one in healthy_pictures()]
    step = max(1, len(healthy) // HEALTHY_QUICK) if quick else 1
    return [*damaged_cases(quick), *healthy[::step], *fill_cases(quick)]


def measure(case: Case) -> list[dict[str, Any]]:
    """The row of one page."""
    if case.part == "healthy":
        return [_healthy(case)]
    if case.part == "fill":
        return [_fill(case)]
    page = made(case)
    answer = repaired(page.pixels)
    truth = Truth.of(page.pixels, page.clean)
    row = {
        **_named(case),
        **counts(answer.found, truth),
        **nearness(answer, page.clean, truth),
        "megapixels": truth.plain.size / 1e6,
        "seconds": answer.seconds,
        "outside_same": bool(np.array_equal(answer.result[~answer.found],
                                            answer.seen[~answer.found])),
    }  # fmt: skip
    if case.part == "film":
        row["scratches"] = len(page.lines)
        change = np.abs(luminance(page.pixels) - luminance(page.clean))
        row["scratches_found"] = sum(
            _along(answer.found, change, line) >= ALONG for line in page.lines
        )
    return [row]


def alone(quick: bool) -> list[dict[str, Any]]:
    """Rows that are measured after all others, with nothing beside them."""
    return timed_pages(quick)


def outcome(rows: Sequence[Row]) -> Outcome:
    """Tables and goals."""
    return outcome_of(rows)


def _named(case: Case) -> dict[str, Any]:
    polarity = {None: "both", True: "light", False: "dark"}[case.light]
    return {"part": case.part, "group": case.group, "polarity": polarity, "picture": case.picture}


def _along(found: Mask, change: np.ndarray, line: np.ndarray) -> float:
    """Share of a scratch's rows in which it was found, of those in which it can be seen."""
    near = np.abs(np.arange(found.shape[1])[None, :] - line[:, None]) <= BESIDE
    seen = np.where(near, change, 0.0).max(axis=1) >= SEEN
    hit = (found & near).any(axis=1)
    return float(hit[seen].mean()) if seen.any() else 0.0


def _healthy(case: Case) -> dict[str, Any]:
    one = next(each for each in healthy_pictures() if each.name == case.picture)
    pixels = one.draw()
    # Every other file holds 8 bits; scans of 8 bits are the more common ones.
    answer = repaired(pixels, bits=8 if sum(map(ord, one.name)) % 2 else 16)
    changed = answer.changed
    return {
        "part": "healthy",
        "picture": one.name,
        "kind": one.kind,
        "seen": one.seen,
        "identical": not changed.any(),
        "changed_px": int(changed.sum()),
        "pieces": len(pieces_of(changed)),
        "largest": pieces_of(changed)[:3],
    }


def _fill(case: Case) -> dict[str, Any]:
    """The true mask given to all."""
    page = made(case)
    mask = Truth.of(page.pixels, page.clean).touched
    told = repaired(page.pixels, kinds=(), given=mask, apply="auto")
    plain = repaired(page.pixels, kinds=(), given=mask, apply="auto", grain=False)
    clean, seen = page.clean, told.seen
    row = {
        **_named(case),
        "damaged_db": psnr(seen, clean, mask),
        "ours_db": psnr(told.result, clean, mask),
        "ours_without_grain_db": psnr(plain.result, clean, mask),
        "outside_same": bool(np.array_equal(told.result[~mask], seen[~mask])),
    }
    for name, method in INPAINTERS.items():
        row[name] = psnr(inpainted(seen, mask, method), clean, mask)
    smooth = inpaint_biharmonic(seen, mask, split_into_regions=True, channel_axis=-1)
    row["biharmonic (scikit-image)"] = psnr(np.clip(smooth, 0, 1).astype(np.float32), clean, mask)
    return row
