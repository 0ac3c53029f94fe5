"""What the bench of repair says: tables, and the figures that must be shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from quality_rivals import INPAINTERS
from quality_tables import Goal, Outcome, Row, Table, mean
from repair_overlays import GROUPS, VARIABLE, overlay_folder

from support.healthy_pictures import PHOTOGRAPHS, kodak_folder

RECALL = {"specks": 0.7, "hairs": 0.6, "scratches": 0.6, "cracks": 0.6}
"""Least share of plainly damaged pixels that must be found, by group."""

ALL_RECALL, PRECISION = 0.6, 0.85
DUST, FILM = 0.7, 8 / 9
HEALTHY = 58 / 60
BETTER_DB, BETTER_SHARE = 0.3, 16 / 24
SECONDS = 6.0


def outcome_of(rows: Sequence[Row]) -> Outcome:
    """All tables; a table says in one line what was left out and why."""
    names = ("overlays", "cracks", "dust", "film", "healthy", "fill", "speed")
    parts = {name: [row for row in rows if row["part"] == name] for name in names}
    damaged = [*parts["overlays"], *parts["cracks"], *parts["dust"], *parts["film"]]
    tables = [
        _found("Found of damage by others and of cracks", [*parts["overlays"], *parts["cracks"]]),
        _found("Found of our own simulations", [*parts["dust"], *parts["film"]]),
        _healthy(parts["healthy"]),
        _nearness(damaged),
        _fill(parts["fill"]),
        _speed(parts["speed"], damaged),
    ]
    goals = [
        *_goals_of_overlays(parts["overlays"], parts["cracks"]),
        *_goals_of_simulations(parts["dust"], parts["film"]),
        *_goals_of_healthy(parts["healthy"]),
        *_goals_of_fill(parts["fill"], damaged),
        *_goals_of_speed(parts["speed"]),
    ]
    return Outcome(tables, goals, [dict(row) for row in rows])


# ---- what was found --------------------------------------------------------------------------


def _ratio(rows: Iterable[Row], part: str, whole: str) -> float | None:
    """Of sums, not a mean of shares."""
    rows = list(rows)
    total = sum(row[whole] for row in rows)
    return sum(row[part] for row in rows) / total if total else None


def _found(title: str, rows: Sequence[Row]) -> Table:
    keys = list(dict.fromkeys((row["group"], row["polarity"]) for row in rows))
    groups = [(*key, [r for r in rows if (r["group"], r["polarity"]) == key]) for key in keys]
    groups.append(("all", "", list(rows)))
    lines = [
        (
            *(group, polarity, len(own)),
            _ratio(own, "plain_found_px", "plain_px"),
            _ratio(own, "right_px", "found_px"),
            _ratio(own, "marks_found", "marks"),
            *(sum(row[key] for row in own) for key in ("marks", "eaten", "eaten_px")),
            f"{sum(r.get('scratches_found', 0) for r in own)} of "
            f"{sum(r.get('scratches', 0) for r in own)}",
        )
        for group, polarity, own in groups
    ]
    notes = [
        "recall: pixels of plain damage (luminance changed by 0.1 or more) that were found. "
        "precision: found pixels that were changed by 0.02 or more, or lie beside such a one. "
        "marks: connected pieces of plain damage, found where half of their pixels were. eaten: "
        "pieces that were filled more than 3 pixels from any damage: objects of the picture."
    ]
    if overlay_folder() is None:
        notes.append(f"{VARIABLE} is not set: damage by others was not looked at.")
    if kodak_folder() is None:
        notes.append(f"{PHOTOGRAPHS} is not set: three photographs less.")
    columns = ("damage", "polarity", "pages", "recall", "precision", "marks found", "of marks",
               "eaten", "eaten px", "film scratches")  # fmt: skip
    return Table(title, columns, lines, tuple(notes))


def _goals_of_overlays(others: Sequence[Row], cracks: Sequence[Row]) -> list[Goal]:
    rows = [*others, *cracks]
    goals = []
    # Stains are never filled unasked, and have no goal of their own.
    judged = [row for row in rows if row["group"] != "stains"]
    for group, wanted in RECALL.items():
        own = [row for row in rows if row["group"] == group
               or (group == "cracks" and row["group"] == "creases")]  # fmt: skip
        if own:
            found = _ratio(own, "plain_found_px", "plain_px") or 0.0
            told = f"{found:.2f}, precision {_ratio(own, 'right_px', 'found_px') or 0.0:.2f}"
            goals.append(
                Goal(f"{group}: plain pixels found", f">= {wanted}", told, found >= wanted)
            )
    if set(GROUPS) <= {row["group"] for row in others}:
        found = _ratio(judged, "plain_found_px", "plain_px") or 0.0
        right = _ratio(judged, "right_px", "found_px") or 0.0
        goals.append(
            Goal(
                "all damage, unseen pictures and overlays: recall and precision",
                f">= {ALL_RECALL} at >= {PRECISION}",
                f"{found:.2f} at {right:.2f}",
                found >= ALL_RECALL and right >= PRECISION,
            )
        )
    return goals


def _goals_of_simulations(dust: Sequence[Row], film: Sequence[Row]) -> list[Goal]:
    specks = _ratio(dust, "marks_found", "marks") or 0.0
    goals = [
        Goal(
            "heavy dust: specks found",
            f">= {DUST}",
            f"{specks:.2f} of {sum(row['marks'] for row in dust)}, "
            f"{sum(row['eaten'] for row in dust)} objects eaten",
            specks >= DUST,
        )
    ]
    for group in dict.fromkeys(row["group"] for row in film):
        own = [row for row in film if row["group"] == group]
        found = _ratio(own, "scratches_found", "scratches") or 0.0
        told = f"{sum(r['scratches_found'] for r in own)} of {sum(r['scratches'] for r in own)}"
        goals.append(Goal(f"film scratches, {group}", ">= 8 of 9", told, found >= FILM - 1e-9))
    return goals


# ---- healthy pages ---------------------------------------------------------------------------


def _healthy(rows: Sequence[Row]) -> Table:
    lines = [
        (
            row["picture"],
            row["kind"],
            row["seen"],
            row["changed_px"],
            row["pieces"],
            "; ".join(f"{area} px at {box[0]}, {box[1]}" for box, area in row["largest"]),
        )
        for row in rows
        if not row["identical"]
    ]
    same = sum(row["identical"] for row in rows)
    unseen = [row for row in rows if not row["seen"]]
    note = (
        f"{same} of {len(rows)} bit-identical; of those on which the detector was neither trained "
        f"nor tuned {sum(row['identical'] for row in unseen)} of {len(unseen)}. Every kind of "
        "damage is to be filled; no face detector is asked beside it."
    )
    columns = ("picture", "kind", "trained on", "changed px", "pieces", "largest")
    return Table("Healthy pictures that were changed", columns, lines, (note,))


def _goals_of_healthy(rows: Sequence[Row]) -> list[Goal]:
    goals = []
    for what, own in (
        ("healthy pictures bit-identical", list(rows)),
        ("of these unseen in training and tuning", [row for row in rows if not row["seen"]]),
    ):
        same = sum(row["identical"] for row in own)
        met = bool(own) and same / len(own) >= HEALTHY
        goals.append(Goal(what, ">= 58 of 60, in proportion", f"{same} of {len(own)}", met))
    for kinds in (("stars", "snow"), ("face",)):
        own = [row for row in rows if row["kind"] in kinds]
        touched = sum(row["changed_px"] for row in own)
        told = f"{touched} in {len(own)} pictures"
        goals.append(Goal(f"{' and '.join(kinds)}: pixels changed", "0", told, touched == 0))
    return goals


# ---- filling ---------------------------------------------------------------------------------


def _nearness(rows: Sequence[Row]) -> Table:
    keys = ("untouched_db", "ours_db", *(f"{name}, our mask" for name in INPAINTERS))
    groups = list(dict.fromkeys(row["group"] for row in rows))
    lines = [
        (group, *(mean(r[key] for r in rows if group in (r["group"], "all")) for key in keys))
        for group in (*groups, "all")
    ]
    note = "Where something was damaged or filled: an object eaten counts as well."
    return Table("PSNR after repair, dB, mean", ("damage", *keys), lines, (note,))


FILLERS = ("damaged_db", "ours_db", "ours_without_grain_db", *INPAINTERS,
           "biharmonic (scikit-image)")  # fmt: skip


def _fill(rows: Sequence[Row]) -> Table:
    lines = [(row["picture"], *(row[key] for key in FILLERS)) for row in rows]
    if rows:
        medians = tuple(float(np.median([row[key] for row in rows])) for key in FILLERS)
        lines.append(("median", *medians))
    return Table("PSNR inside the true mask, given to all, dB", ("picture", *FILLERS), lines)


def _goals_of_fill(rows: Sequence[Row], damaged: Sequence[Row]) -> list[Goal]:
    goals = []
    for name in INPAINTERS:
        gains = [row["ours_db"] - row[name] for row in rows]
        median, better = float(np.median(gains or [0.0])), sum(gain > 0 for gain in gains)
        goals.append(
            Goal(
                f"filling against {name}",
                f"median >= {BETTER_DB} dB, better on 2 of 3",
                f"{median:+.2f} dB, better on {better} of {len(rows)}",
                median >= BETTER_DB and better >= BETTER_SHARE * len(rows),
            )
        )
    same = all(row["outside_same"] for row in (*rows, *damaged))
    goals.append(Goal("outside the mask", "bit-identical", "yes" if same else "no", same))
    return goals


# ---- speed -----------------------------------------------------------------------------------


def _speed(rows: Sequence[Row], damaged: Sequence[Row]) -> Table:
    keys = ("examine s", "search s", "fill s", "repair s", "examine s/MP", "search s/MP",
            "fill s/MP")  # fmt: skip
    lines = [(row["page"], row["damage"], *(row[key] for key in keys)) for row in rows]
    own = _ratio(damaged, "seconds", "megapixels")
    note = (
        "Wall clock, nothing beside it. examine: the finding alone. search: the stage up to its "
        f"mask. The small damaged pages above took the stage {own or 0.0:.2f} s of the processor a "
        "megapixel, filling included."
    )
    return Table("Seconds", ("page", "damage", *keys), lines, (note,))


def _goals_of_speed(rows: Sequence[Row]) -> list[Goal]:
    goals = []
    for row in rows:
        if row["page"] == "34.6 MP" and "specks" in row["damage"]:
            told = f"{row['repair s']:.1f} s"
            what = f"repair of 34.6 MP with {row['damage']}"
            goals.append(Goal(what, f"<= {SECONDS:g} s", told, row["repair s"] <= SECONDS))
        if row["page"] == "34.6 MP" and row["damage"] == "none":
            per = 1000 * row["examine s/MP"]
            goals.append(Goal("detection", "<= 60 ms a megapixel", f"{per:.0f} ms", per <= 60))
    return goals
