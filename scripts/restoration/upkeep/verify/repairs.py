"""Scheduling repairs: what is damaged is set aside, so that the next run makes exactly that again.

Nothing is deleted: a file that is set aside keeps its bytes as ``<name>.bad``. What the next run
makes is what was there, to the byte, as long as code, settings and weights are what they were;
where they are not, that is said before anything is set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from restoration.chain.album import Albums
from restoration.plan.plan import Plan
from restoration.run.start_run import PROBLEMS
from restoration.storage.manifest import ask_again, gather
from restoration.storage.publish import rename
from restoration.upkeep.verify.current import Anew, made_anew, places_before
from restoration.upkeep.verify.findings import FaultPlace, ScheduledRepair

SET_ASIDE = ".bad"


@dataclass(frozen=True)
class Scheduled:
    """What was put aside for the next run; or, with ``refused``, nothing, and why."""

    files: int = 0
    tables: int = 0
    refused: tuple[Anew, ...] = ()
    """Steps of damaged scans that today's code or settings would make otherwise."""


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


def schedule(plan: Plan, repairs: Sequence[ScheduledRepair], *, anew: bool) -> Scheduled:
    """Set aside what the repairs name; nothing at all where something of it cannot be given back,
    unless ``anew`` says that it may be made otherwise.

    Of tables, those of the first step that has to work and of every later one go, and the table of
    problems: Snakemake makes a missing table only for somebody who waits for it. Jobs whose scans
    are all true then do no work.
    """
    if not anew:
        refused = tuple(_changed(plan, repairs))
        if refused:
            return Scheduled(refused=refused)
    files: dict[Path, None] = {}
    tables: dict[Path, None] = {}
    batches: dict[str, list[str]] = {}
    for scan in plan.scans:
        batches.setdefault(scan.scan, []).append(scan.batch)
    again: list[str] = []
    for repair in repairs:
        files.update(dict.fromkeys(repair.paths))
        again += repair.again
        if repair.place is None:
            continue
        for batch in [repair.batch] if repair.batch else batches.get(repair.scan or "", []):
            tables.update(dict.fromkeys(tables_from(plan, repair.place, batch)))
    if any(repair.manifest for repair in repairs):
        # Before files are asked for again: it takes those that are there for made.
        gather(plan.results)
    if again:
        ask_again(plan.results, again)
    # Tables first: were this cut short, files without tables would be looked at again anyway.
    for path in tables:
        files.pop(path, None)
    moved = sum(set_aside(path) for path in tables)
    return Scheduled(sum(set_aside(path) for path in files), moved)


def tables_from(plan: Plan, place: FaultPlace, batch: str) -> list[Path]:
    """The tables of a batch from a step on, and the tables of problems that they lead to."""
    recipe, first = place
    found = []
    for name in plan.recipes() if recipe is None else (recipe,):
        if name not in plan.config.recipes or not plan.members(name, batch):
            continue
        steps = plan.steps(name)
        if first in steps:
            found += [Path(plan.table(name, step, batch)) for step in steps[steps.index(first) :]]
            found.append(plan.results / name / PROBLEMS)
    return found


def _changed(plan: Plan, repairs: Iterable[ScheduledRepair]) -> Iterator[Anew]:
    """What of the damaged results would not come back as it was."""
    albums: Albums = {}
    by_scan: dict[str, list[FaultPlace]] = {}
    for repair in repairs:
        if repair.place is None:
            continue
        if repair.scan is not None:
            by_scan.setdefault(repair.scan, []).append(repair.place)
            continue
        for member in plan.members(repair.place[0], repair.batch or ""):
            by_scan.setdefault(member.scan, []).append(repair.place)
    # Each once: after the run of one scan, that one has two batches.
    for scan in {scan.scan: scan for scan in plan.scans}.values():
        places = by_scan.get(scan.scan)
        if places is None:
            continue
        asked = {place for one in places for place in places_before(plan, *one)}
        lost = frozenset(places)
        for found in made_anew(plan, scan, albums, lost):
            if (found.recipe, found.step) in asked and not found.reason.startswith("a file"):
                yield found
