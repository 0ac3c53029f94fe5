"""Scheduling repairs: what is not true is set aside, so that the next run makes exactly that again.

Nothing is deleted. A record that is set aside keeps its text as ``<name>.json.bad``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from restoration.planning import Plan
from restoration.raster.publish import rename
from restoration.running import PROBLEMS
from restoration.verifying.findings import Place, Repair

SET_ASIDE = ".bad"


def set_aside(path: Path) -> bool:
    """Rename a file to ``.bad``, or ``.2.bad`` and so on; False where there is no file."""
    if not path.is_file():
        return False
    target = path.with_name(path.name + SET_ASIDE)
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{number}{SET_ASIDE}")
    rename(path, target)
    return True


def schedule(plan: Plan, repairs: Iterable[Repair]) -> tuple[int, int]:
    """Set aside what the repairs name; returns how many records and tables that was.

    Of tables, those of the first step that has to work and of every later one go, and the table of
    problems: Snakemake makes a missing table only for somebody who waits for it. Jobs whose scans
    are all true then do no work.
    """
    records: dict[Path, None] = {}
    places: dict[tuple[Place, str], None] = {}
    for repair in repairs:
        records.update(dict.fromkeys(repair.records))
        if repair.place is not None:
            places[repair.place, repair.batch] = None
    # Tables first: were this cut short, records without tables would be looked at again anyway.
    tables = {path: None for place, batch in places for path in tables_from(plan, place, batch)}
    moved = sum(set_aside(path) for path in tables)
    return sum(set_aside(path) for path in records), moved


def tables_from(plan: Plan, place: Place, batch: str) -> list[Path]:
    """The tables of a batch from a step on, and the tables of problems that they lead to."""
    recipe, first = place
    found = []
    for name in plan.recipes() if recipe is None else (recipe,):
        if recipe is None and not plan.members(name, batch):
            continue
        steps = plan.steps(name)
        found += [Path(plan.table(name, step, batch)) for step in steps[steps.index(first) :]]
        found.append(plan.results / name / PROBLEMS)
    return found
