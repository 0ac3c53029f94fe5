"""Progress of a whole run: what its workers leave for each other, and one line for people.

A worker knows its own batch alone. At its end it appends one line to ``progress.jsonl`` of the
results; the first line of that file, written when the run begins, says what there is to do.
Read with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from restoration.errors import CircumstanceError
from restoration.plan.plan import Plan
from restoration.run.job_progress import duration
from restoration.storage.publish import opened_to_append, write_failure
from restoration.storage.tables import PAGES, Row, digest_of_table, lacks_pages, read_table
from restoration.storage.text_files import write_text

PROGRESS = "progress.jsonl"
LOG = "run.log"

RecipeStep = tuple[str | None, str]
"""Recipe (None: the steps that carry none) and step."""


@dataclass(frozen=True)
class StepWork:
    """What a run has to do in one step of one recipe."""

    recipe: str | None
    step: str
    batches: Mapping[str, int]
    """Scans by batch, of the batches that have no true table."""
    untrue: tuple[str, ...] = ()
    """Those of them that had a table when the run began: one that is no longer true."""


@dataclass(frozen=True)
class BatchEnd:
    """What one job did."""

    recipe: str | None
    step: str
    batch: str
    scans: int
    worked: int
    """Scans for which anything had to be done."""
    problems: int
    """Scans that this very step found unfit."""
    failed: int
    """Scans that circumstance stopped; where any, the job has published no table."""
    seconds: float


@dataclass(frozen=True)
class Run:
    """What ``progress.jsonl`` says."""

    started: float
    """Seconds since 1970."""
    process: int
    host: str
    deliverables: int
    """Of all recipes, those that are there already included."""
    work: tuple[StepWork, ...]
    ends: tuple[BatchEnd, ...]
    """In the order in which the jobs ended; a job that was tried twice is there twice."""
    boot: str = ""
    """Which start of which machine ``ticks`` counts from; empty where that is not known."""
    ticks: float = 0.0
    """When the run began, by that machine's clock that nobody sets."""
    problems: int = 0
    """Scans that steps of which nothing is to be done found unfit in earlier runs."""

    def present(self) -> float:
        """The present in seconds since 1970, by the clock as it stood when the run began: one that
        was set since, forward or back, changes nothing on the machine on which the run began."""
        if self.boot and self.boot == _boot():
            return self.started + time.monotonic() - self.ticks
        return time.time()

    def ended(self) -> set[tuple[str | None, str, str]]:
        """Jobs (recipe, step, batch) that are done."""
        return {(e.recipe, e.step, e.batch) for e in self.ends if not e.failed}


def steps_of(plan: Plan) -> list[RecipeStep]:
    """Every step of the run, each once: those without a recipe first, then recipe by recipe."""
    found = [(carrier(r, step), step) for r in plan.recipes() for step in plan.steps(r)]
    return list(dict.fromkeys(sorted(found, key=lambda pair: pair[0] is not None)))


def carrier(recipe: str, step: str) -> str | None:
    """The recipe, or None where the step carries none."""
    return None if step in ("ingest", "examine") else recipe


def work_of(plan: Plan) -> tuple[StepWork, ...]:
    """The work of a run that is about to begin, judged by the digests in the tables.

    A missing table counts where something waits for it. Costs a ``stat`` of each master for each
    table that is looked at, which is one for each batch where little has changed, and none in a
    first run.
    """
    waiting: dict[RecipeStep, dict[str, bool]] = {}
    true: dict[tuple[str | None, str, str], bool | None] = {}

    def is_true(recipe: str | None, step: str, batch: str) -> bool | None:
        """None where there is no table."""
        job = (recipe, step, batch)
        if job not in true:
            found = digest_of_table(Path(plan.table(*job)))
            true[job] = None if found is None else found == plan.digest(*job)
        return true[job]

    for recipe in plan.recipes():
        for batch in plan.batches(recipe):
            # From the end: nobody waits for what is missing before a table that is true.
            for step in reversed(plan.steps(recipe)):
                carried = carrier(recipe, step)
                judged = is_true(carried, step, batch)
                if judged:
                    break
                waiting.setdefault((carried, step), {})[batch] = judged is False
    return tuple(
        StepWork(
            recipe,
            step,
            {batch: len(plan.members(recipe, batch)) for batch in waiting[recipe, step]},
            tuple(batch for batch, there in waiting[recipe, step].items() if there),
        )
        for recipe, step in steps_of(plan)
        if (recipe, step) in waiting
    )


def begin_progress(plan: Plan, work: tuple[StepWork, ...]) -> None:
    """Begin ``progress.jsonl`` anew, and say in the run's log what there is to do.

    Raises CircumstanceError where the disk takes neither.
    """
    head = {
        "started": time.time(),
        "process": os.getpid(),
        "host": socket.gethostname(),
        "boot": _boot(),
        "ticks": time.monotonic(),
        "deliverables": sum(len(scan.recipes) for scan in plan.scans),
        "problems": _recorded_problems(plan, work),
        "work": [asdict(one) for one in work],
    }
    write_text(plan.results / PROGRESS, json.dumps(head) + "\n", lasting=False)
    jobs = sum(len(one.batches) for one in work)
    said = f"run begins: {_counted(jobs, 'job')} to do, {_counted(len(plan.scans), 'scan')}"
    try:
        _append(plan.results / LOG, f"{_clock()} {said}\n")
    except OSError as error:
        raise write_failure(plan.results / LOG, error) from None


def tell_end(results: Path, end: BatchEnd) -> None:
    """Append a job's line, and say on standard error and in the run's log how far the run is.

    A disk that takes no such line does not undo the batch: that is said and nothing else.
    """
    try:
        _append(results / PROGRESS, json.dumps(asdict(end)) + "\n")
        run = read_run(results)
        line = summary(run, run.present()) if run is not None else None
        if line is not None:
            sys.stderr.write(f"run: {line}\n")
            sys.stderr.flush()
            _append(results / LOG, f"{_clock()} {line}\n")
    except (OSError, CircumstanceError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        sys.stderr.write(f"run: progress cannot be written in '{results}' ({said})\n")


def found_here(step: str, rows: Iterable[Row]) -> int:
    """Rows of problems that the step itself found; those of earlier steps are counted there. A
    delivery without some of the scan's pages is one of them."""
    return sum(
        lacks_pages(row.status, row.reason)
        if step == "deliver" and row.status != "problem"
        else row.status == "problem" and row.reason.startswith(f"{step}: ")
        for row in rows
    )


def read_run(results: Path) -> Run | None:
    """What is known of the last run; None where it left no ``progress.jsonl`` of ours.

    A line that is not whole is passed over: appending is atomic on local file systems alone.
    """
    try:
        first, *lines = (results / PROGRESS).read_text(encoding="utf-8").splitlines()
        head = json.loads(first)
        work = tuple(
            StepWork(**{**one, "untrue": tuple(one["untrue"])}) for one in head.pop("work")
        )
        ends = tuple(end for line in lines if (end := _end_of(line)) is not None)
        return Run(**head, work=work, ends=ends)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _end_of(line: str) -> BatchEnd | None:
    try:
        found: dict[str, Any] = json.loads(line)
        return BatchEnd(**found)
    except (ValueError, TypeError):
        return None


def summary(run: Run, present: float) -> str:
    """Jobs and deliverables of all, the rate, the time left, problems so far.

    The rate counts a scan once for each step that it goes through.
    """
    ended = run.ended()
    jobs = sum(len(one.batches) for one in run.work)
    done = sum((w.recipe, w.step, b) in ended for w in run.work for b in w.batches)
    missing = sum(
        scans
        for one in run.work
        if one.step == "deliver"
        for batch, scans in one.batches.items()
        if (one.recipe, one.step, batch) not in ended
    )
    hours = max(present - run.started, 1) / 3600
    rate = sum(end.scans - end.failed for end in run.ends) / hours
    parts = [
        f"{done:,} of {_counted(jobs, 'job')} done",
        f"{run.deliverables - missing:,} of {run.deliverables:,} scans finished or a problem",
        f"{rate:,.0f} scan steps an hour",
        *_left(run, present),
        f"{_counted(problems_so_far(run), 'problem')} so far",
    ]
    failed = sum(end.failed > 0 for end in run.ends)
    return ", ".join([*parts, f"{_counted(failed, 'job')} failed"] if failed else parts)


def problems_so_far(run: Run) -> int:
    """Problems of the whole run: those that its jobs found, and those recorded before it began.

    A job that was tried again counts as it ended last: its rows hold what it found before.
    """
    last = {(end.recipe, end.step, end.batch): end.problems for end in run.ends}
    return run.problems + sum(last.values())


def _recorded_problems(plan: Plan, work: tuple[StepWork, ...]) -> int:
    """Those in tables that this run has no reason to make anew.

    A table names the problems of all steps before its own: of each batch the last one is read.
    """
    waiting = {(one.recipe, one.step, batch) for one in work for batch in one.batches}
    found = set()
    for recipe in plan.recipes():
        for batch in plan.batches(recipe):
            kept = [
                (carrier(recipe, step), step, batch)
                for step in plan.steps(recipe)
                if (carrier(recipe, step), step, batch) not in waiting
            ]
            table = Path(plan.table(*kept[-1])) if kept else None
            if table is None or not table.is_file():
                continue
            for row in read_table(table):
                if row.status == "problem":
                    step = row.reason.partition(": ")[0]
                    found.add((carrier(recipe, step), step, row.scan))
                elif kept[-1][1] == "deliver" and lacks_pages(row.status, row.reason):
                    found.add((recipe, PAGES, row.scan))
    return len(found)


def seconds_left(run: Run, present: float) -> tuple[float, list[str]]:
    """Time until everything is done, and the steps of which nothing is known yet.

    Each step costs, per scan, what it has cost so far. How many jobs run side by side is what it
    was so far: the seconds of all jobs by those that have passed.
    """
    ended = run.ended()
    seconds: dict[RecipeStep, float] = {}
    scans: dict[RecipeStep, int] = {}
    for end in run.ends:
        key = (end.recipe, end.step)
        seconds[key] = seconds.get(key, 0.0) + end.seconds
        scans[key] = scans.get(key, 0) + end.scans - end.failed
    left = 0.0
    unknown = []
    for one in run.work:
        key = (one.recipe, one.step)
        rest = sum(n for b, n in one.batches.items() if (*key, b) not in ended)
        if rest and not scans.get(key):
            unknown.append(one.step)
        elif rest:
            left += rest * seconds[key] / scans[key]
    beside = sum(seconds.values()) / max(present - run.started, 1e-3)
    return (left / beside if beside else 0.0), list(dict.fromkeys(unknown))


def _left(run: Run, present: float) -> list[str]:
    left, unknown = seconds_left(run, present)
    if not unknown:
        return [f"{duration(left)} left"] if left else []
    known = f"at least {duration(left)} left" if left >= 1 else "time left not known"
    return [f"{known} ({', '.join(unknown)} not measured yet)"]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _boot() -> str:
    """Identifier of this start of this machine; empty where the system tells none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _clock() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _append(path: Path, text: str) -> None:
    """One write: lines of several workers do not mix where the file system appends atomically."""
    descriptor = opened_to_append(path)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
