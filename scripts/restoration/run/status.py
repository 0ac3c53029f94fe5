"""How a collection stands: read from the plan, the tables and the folders of the results.

Reads only, takes no lock and asks Snakemake for nothing, so that it may run beside a run. Time
grows with the files of the results: each folder of a step is listed once, each table is read once.
One ``stat`` is spent on each image, and on the records of batches that are unfinished or younger
than an hour; small ones of unfinished batches are opened, at most ``MOST_OPENED`` in a step.
Memory grows with the scans, and with the records of unfinished batches.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from restoration.errors import ConfigError
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.records.base import read_head
from restoration.run.listed_folders import DiskUse, StepFolder, look_into
from restoration.run.lock import LOCK, STALE, locked_by
from restoration.run.run_progress import Run, read_run, seconds_left, steps_of
from restoration.run.start_run import PROBLEMS
from restoration.storage.processes import is_alive
from restoration.storage.records import read_typed
from restoration.storage.tables import HEADER, PAGES, lacks_pages

FINISHED, NO_RESULTS, FINISHED_WITH_PROBLEMS, NOT_FINISHED = 0, 2, 3, 4
"""Exit codes of ``scripts/status.py``."""

EXIT_CODES = (
    f"exit code: {FINISHED} finished without problems, {FINISHED_WITH_PROBLEMS} finished with "
    f"problems, {NOT_FINISHED} not finished, {NO_RESULTS} no such results"
)

MOST_OPENED = 1000
_SMALL_RECORD = 1536
"""Bytes. The record of a problem is a head and a sentence (about 500); one of work that was done
seldom has less than this."""

_HOUR = 3600.0


@dataclass(frozen=True)
class StepStatus:
    """One step of one recipe (None: of all)."""

    recipe: str | None
    step: str
    done: int
    problems: int
    """Scans that this step or an earlier one found unfit."""
    waiting: int
    per_hour: float | None
    """Scans an hour over the last hour of the run; None where there was none."""
    seconds_left: float | None
    """By that rate; None where none is known, or nothing waits."""


@dataclass(frozen=True)
class Problem:
    """A scan that could not be processed, by the step that found it so."""

    recipe: str | None
    scan: str
    step: str
    reason: str


@dataclass(frozen=True)
class Holder:
    """Whether a run is working in the results."""

    state: Literal["running", "no run", "unknown"]
    """unknown: its process is one of another host, and gave no sign of life of late."""
    process: int | None = None
    host: str | None = None


@dataclass(frozen=True)
class Status:
    """How a collection stands."""

    results: Path
    run: Holder
    steps: tuple[StepStatus, ...]
    problems: tuple[Problem, ...]
    problem_tables: tuple[str, ...]
    """Those that are there: they are written at the end of a run."""
    seconds_left: float | None
    """For all steps together; None where nothing is known of some that waits."""
    intermediate_bytes: int
    deliverable_bytes: int
    """On the disk; a file that two recipes share is counted once."""
    free_bytes: int
    finished: bool
    only: str | None
    """The scan of which alone the last run was: then everything else here is of that one."""

    @property
    def exit_code(self) -> int:
        if not self.finished:
            return NOT_FINISHED
        return FINISHED_WITH_PROBLEMS if self.problems else FINISHED

    def record(self) -> dict[str, Any]:
        """For scripts, as JSON."""
        return {**asdict(self), "results": str(self.results), "exit_code": self.exit_code}


def status_of(results: Path, present: float | None = None) -> Status:
    """How the results stand. Raises ConfigError with one line where there are none."""
    plan = plan_of_results(results)
    # Results are found where they lie now, from wherever one asks.
    plan = replace(plan, config=plan.config.model_copy(update={"results": str(results)}))
    run = read_run(results)
    began = plan_file(results).stat()
    holder = holder_of(results, run)
    disk = DiskUse()
    judge = _Judge(plan, run, began)
    # For the time left: not by a clock that may have been set since the run began.
    ticking = run.present() if run is not None and present is None else present
    present = time.time() if present is None else present
    # A record is older than the table of its batch: those of old tables tell nothing of the rate.
    recent = (judge.newest() if holder.state == "no run" else present) - _HOUR
    folders = {
        (recipe, step): look_into(
            plan.folder(recipe, step),
            step,
            disk,
            unfinished=judge.unfinished(recipe, step),
            recent=judge.since(recent, recipe, step),
        )
        for recipe, step in steps_of(plan)
    }
    latest = max((max(f.times) for f in folders.values() if f.times), default=present)
    # What was done in the last hour of a run that is over is its last hour, not ours.
    until = latest if holder.state == "no run" else present
    since = until - _HOUR if until <= began.st_mtime else max(until - _HOUR, began.st_mtime)
    steps = tuple(
        judge.step(recipe, step, folder, since, until) for (recipe, step), folder in folders.items()
    )
    waiting = any(step.waiting for step in steps if step.step == "deliver")
    pages = [plan.results / recipe / "report.html" for recipe in plan.recipes()]
    tables = [plan.results / recipe / PROBLEMS for recipe in plan.recipes()]
    there = [path for path in tables if path.is_file()]
    whole = len(there) == len(tables) and all(path.is_file() for path in pages)
    left, unknown = seconds_left(run, ticking or present) if run is not None else (0.0, ["all"])
    return Status(
        results=results,
        run=holder,
        steps=steps,
        problems=tuple(judge.problems),
        problem_tables=tuple(str(path) for path in there),
        seconds_left=None if unknown or holder.state == "no run" else left,
        intermediate_bytes=disk.intermediates,
        deliverable_bytes=disk.deliverables,
        free_bytes=shutil.disk_usage(results).free,
        finished=whole and not waiting and holder.state != "running",
        only=plan.config.only,
    )


def plan_of_results(results: Path) -> Plan:
    """The plan of the last run. Raises ConfigError with one line where there is none."""
    path = plan_file(results)
    try:
        return load_plan(path)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            f"results: '{path}' is not there; expected the plan of a run: name the folder with "
            "RESULTS=..., or start a run"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"results: '{path}' cannot be read ({error.strerror}); fix its permissions or the mount"
        ) from None
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise ConfigError(
            f"results: '{path}' cannot be read ({error}); it comes from another version: start the "
            "run again, which writes it anew"
        ) from None


def holder_of(results: Path, run: Run | None) -> Holder:
    """The run that holds the lock, found without taking it: that would stop one that begins.

    The number in the lock outlives its process, and may come to name another: a process that
    began after the lock was written is not the one that wrote it.
    """
    try:
        named = locked_by(results)
        written = (results / LOCK).stat().st_mtime
    except OSError:
        return Holder("no run")
    if named is None:
        return Holder("no run")
    process = named.process
    host = named.host
    if host is None and run is not None and run.process == process:
        host = run.host
    if host is not None and host != socket.gethostname():
        # Only reading: no file is touched to learn what time it is on the server.
        beats = named.host is not None and abs(time.time() - written) < STALE
        return Holder("running" if beats else "unknown", process, host)
    return Holder("running", process, host) if is_alive(process, written) else Holder("no run")


class _Judge:
    """Counts what is done, step by step in the order of the way.

    A table is true where the last run had nothing to do for it, or has done it. In a batch
    without a true table the records count: all of them where there was no table when the run
    began, and those of this run alone where there was one, which had become untrue.
    """

    def __init__(self, plan: Plan, run: Run | None, began: os.stat_result) -> None:
        self.plan = plan
        self.problems: list[Problem] = []
        self._began = began
        self._ended = run.ended() if run is not None else set()
        work = run.work if run is not None else ()
        self._awaited = {(w.recipe, w.step): frozenset(w.batches) for w in work}
        self._untrue = {(w.recipe, w.step): frozenset(w.untrue) for w in work}
        self._unfit: dict[str | None, set[str]] = {None: set()}
        self._tables = {
            (recipe, step): {
                batch: written
                for batch in plan.batches(recipe)
                if (written := _time_of(plan.table(recipe, step, batch))) is not None
            }
            for recipe, step in steps_of(plan)
        }
        """Modification time in ns of the tables that are there."""

    def newest(self) -> float:
        """When the youngest table was written, in seconds; when the run began, without any."""
        times = [max(tables.values()) for tables in self._tables.values() if tables]
        return max(times, default=self._began.st_mtime_ns) / 1e9

    def since(self, moment: float, recipe: str | None, step: str) -> set[str]:
        """Scans of batches whose table was written since a moment in seconds."""
        return {
            scan.scan
            for batch, written in self._tables[recipe, step].items()
            if written >= moment * 1e9
            for scan in self.plan.members(recipe, batch)
        }

    def unfinished(self, recipe: str | None, step: str) -> set[str]:
        """Scans of batches that have no true table."""
        return {
            scan.scan
            for batch in self.plan.batches(recipe)
            if not self._is_true(recipe, step, batch)
            for scan in self.plan.members(recipe, batch)
        }

    def _is_true(self, recipe: str | None, step: str, batch: str) -> bool:
        written = self._tables[recipe, step].get(batch)
        if written is None:
            return False
        awaited = batch in self._awaited.get((recipe, step), ())
        return (
            not awaited
            or (recipe, step, batch) in self._ended
            # A line of a job can be lost on a network file system; both times are the server's.
            or written > self._began.st_mtime_ns
        )

    def step(
        self, recipe: str | None, step: str, folder: StepFolder, since: float, until: float
    ) -> StepStatus:
        done = unfit = total = opened = 0
        gone = self._unfit.setdefault(recipe, set())
        for batch in self.plan.batches(recipe):
            members = self.plan.members(recipe, batch)
            total += len(members)
            if self._is_true(recipe, step, batch):
                good, bad = self._table(recipe, step, batch)
                done, unfit = done + good, unfit + bad
                continue
            fresh = batch in self._untrue.get((recipe, step), ())
            for scan in members:
                at, size = folder.records.get(scan.scan, (None, 0))
                if at is None or (fresh and at < self._began.st_mtime):
                    unfit += scan.scan in gone or scan.scan in self._unfit[None]
                elif size <= _SMALL_RECORD and opened < MOST_OPENED:
                    opened += 1
                    said = self._record(recipe, step, scan.scan)
                    done, unfit = done + (said == "done"), unfit + (said == "problem")
                else:
                    done += 1
        waiting = max(total - done - unfit, 0)
        count = sum(since < moment <= until for moment in folder.times)
        rate = count * _HOUR / (until - since) if count else None
        left = waiting / rate * _HOUR if rate and waiting else None
        return StepStatus(recipe, step, done, unfit, waiting, rate, left)

    def _table(self, recipe: str | None, step: str, batch: str) -> tuple[int, int]:
        """Scans done and scans unfit, by a table; keeps the problems that this step found."""
        good = bad = 0
        try:
            text = Path(self.plan.table(recipe, step, batch)).read_text(encoding="utf-8")
        except FileNotFoundError:
            # Snakemake takes a table away before its job runs again.
            return 0, 0
        # As ``tables.read_table``, in a fifth of the time: there may be a million rows.
        for line in text.split("\n")[2:]:
            cells = line.split("\t")
            if len(cells) != len(HEADER):
                continue
            if cells[1] != "problem":
                good += 1
                if step == "deliver" and lacks_pages(cells[1], cells[-1]):
                    self.problems.append(Problem(recipe, cells[0], PAGES, cells[-1]))
                continue
            bad += 1
            found_by, _, reason = cells[-1].partition(": ")
            if found_by == step:
                self._keep(Problem(recipe, cells[0], step, reason))
        return good, bad

    def _record(self, recipe: str | None, step: str, scan: str) -> str | None:
        """``done`` or ``problem``, as the record says; None where it cannot be read."""
        head = read_typed(self.plan.folder(recipe, step) / f"{scan}.json", read_head)
        if head is None:
            return None
        if head.status == "problem":
            self._keep(Problem(recipe, scan, step, " ".join(str(head.reason).split())))
        return head.status

    def _keep(self, problem: Problem) -> None:
        self.problems.append(problem)
        self._unfit.setdefault(problem.recipe, set()).add(problem.scan)


def _time_of(path: str) -> int | None:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None
