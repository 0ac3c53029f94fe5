"""Trying scans with problems again, although nothing of them has changed.

A problem is final until the scan's key changes. To have it looked at once more, as after a fault
that was not the scan's own, its record and the tables that name it are put out of the way. Nothing
is deleted: ``a.json`` becomes ``a.json.retried``, or ``.retried-2`` where that is taken.
"""

from __future__ import annotations

import json
from pathlib import Path

from restoration.errors import ConfigError
from restoration.plan.master_locations import protect_every_master
from restoration.plan.plan import Plan
from restoration.records.base import read_head
from restoration.run.lock import lock_results
from restoration.run.run_progress import steps_of
from restoration.run.start_run import PROBLEMS
from restoration.run.status import plan_of_results
from restoration.storage.journal import keep_written, note_gone
from restoration.storage.publish import rename
from restoration.storage.records import READABLE, read_typed
from restoration.storage.tables import read_table
from restoration.storage.text_files import write_text

RETRIED = ".retried"


def set_aside(plan: Plan, scan: str | None = None) -> tuple[str, ...]:
    """Put problems out of the way for the next run; returns the scans that had any.

    scan: this one alone. Takes the lock on the results, which the process holds until it ends.
    Raises ConfigError where another run holds it, or the last run knew no such scan.
    """
    known = {one.scan for one in plan.scans}
    if scan is not None and scan not in known:
        raise ConfigError(f"scan: the last run in '{plan.results}' had no scan '{scan}'")
    lock_results(plan.results)
    keep_written(plan.results)
    protect_every_master(plan)
    wanted = known if scan is None else {scan}
    tables: list[Path] = []
    records: list[Path] = []
    scans: set[str] = set()
    for recipe, step in steps_of(plan):
        for batch in plan.batches(recipe):
            table = Path(plan.table(recipe, step, batch))
            members = [one.scan for one in plan.members(recipe, batch) if one.scan in wanted]
            if table.is_file():
                rows = [row for row in read_table(table) if row.scan in wanted]
                members = [row.scan for row in rows if row.status == "problem"]
                tables += [table] if members else []
            # Without a table the batch was not finished: only its records can tell.
            for name in members:
                record = plan.folder(recipe, step) / f"{name}.json"
                # One of an earlier version, too: the run that gave it up may be long ago.
                head = read_typed(record, read_head, READABLE)
                if head is not None and head.status == "problem":
                    records.append(record)
                    scans.add(name)
    # Snakemake makes a missing table only for somebody who waits for it. Records go last: a stop
    # between leaves problems that a second call finds.
    waiting = [plan.results / recipe / PROBLEMS for recipe in plan.recipes()]
    asked = [path for path in waiting if path.is_file()] if tables or records else []
    for path in [*asked, *reversed(tables), *records]:
        _rename(path)
    return tuple(sorted(scans))


def plan_to_retry(results: Path) -> Plan:
    """The plan of the last run. Raises ConfigError where there is none, or where its paths are
    not to be read from the present folder."""
    plan = plan_of_results(results)
    if plan.results.resolve() != results.resolve():
        raise ConfigError(
            f"results: the run of '{results}' called them '{plan.results}'; start this in the "
            "folder in which that run was started"
        )
    return plan


def _rename(path: Path) -> None:
    place = path.with_name(path.name + RETRIED)
    number = 1
    while place.exists():
        number += 1
        place = path.with_name(f"{path.name}{RETRIED}-{number}")
    note_gone(path)
    rename(path, place)


def save_config(plan: Plan) -> Path:
    """Write the config of the last run as a file for ``snakemake --configfile``.

    Among the results, since jobs on other nodes read it as well.
    """
    path = plan.results / "retry.json"
    write_text(path, json.dumps(plan.config.model_dump(mode="json"), indent=1) + "\n")
    return path
