"""One run over one folder of results: its plan, its beginning, and the life of its workers.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from restoration.config.yaml_text import WrittenFiles
from restoration.errors import CircumstanceError, ConfigError
from restoration.networks.missing import missing_weights
from restoration.plan.batches import ASSIGNED, keep_assigned
from restoration.plan.make_plan import make_plan
from restoration.plan.master_locations import check_benchmarks, check_links
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.plan.resolve_auto import check_device
from restoration.plan.unused_marks import check_marks
from restoration.run.lock import lock_results
from restoration.run.run_progress import begin_progress, carrier, work_of
from restoration.run.shared_filesystem import begin_shared
from restoration.storage.journal import FOLDER, keep_written
from restoration.storage.manifest import open_results
from restoration.storage.partial_files import remove_leftovers
from restoration.storage.protected_masters import protect
from restoration.storage.tables import digest_of_table

PROBLEMS = "problems.tsv"
"""The table of scans that could not be processed, in a recipe's folder."""

ALLOCATOR = {"MALLOC_ARENA_MAX": "1"}
"""Settings of glibc's allocator, which a process must be started with. It keeps freed memory for
each thread: with several that read, compute and write, 90 MiB more on a scan of 12,000 columns.
MALLOC_MMAP_THRESHOLD_ is left alone: with 4 MiB PyTorch's networks take half of the memory (294 MiB
instead of 645 at 2,048 columns) and 1.6 times as long."""


def check_checkout(folder: str) -> None:
    """Raises ConfigError where this checkout's own path means something else to Snakemake."""
    if "{" in folder or "}" in folder:
        raise ConfigError(
            f"this checkout lies in '{folder}', and Snakemake takes what stands in braces for a "
            "wildcard; move it to a folder without braces"
        )


def plan_of_run(raw: Mapping[str, Any], *, main: bool, written: WrittenFiles | None = None) -> Plan:
    """The plan, as every process of the run must see it.

    The main process decides what `auto` means for device, runtime and precision; a job's own
    process, which may run on another node, takes that decision over. written: the files from
    which the config was read. Raises ConfigError with one line.
    """
    _prepare_environment()
    if main and written is not None:
        written.check()
    plan = make_plan(raw, written)
    if main:
        check_marks(plan)
    if main or not plan_file(plan.results).is_file():
        return plan
    decided = load_plan(plan_file(plan.results))
    return replace(
        plan,
        device=decided.device,
        runtime=decided.runtime,
        precision=decided.precision,
    )


def _prepare_environment() -> None:
    """What the workers inherit."""
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
    # `python` in a rule is the interpreter that reads the Snakefile, unless --sdm makes another.
    here = str(Path(sys.executable).parent)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != here:
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])


def untrue_tables(plan: Plan) -> set[str]:
    """The tables that no longer say what this plan would make, and what is gathered from them.

    For results that come without Snakemake's metadata, as in a fresh clone: Snakemake then has
    no recorded params to compare and would take every table for true. No result is lost when it
    makes them again: the worker judges each scan by its own record.
    """
    untrue = set()
    for recipe in plan.recipes():
        for step in plan.steps(recipe):
            carried = carrier(recipe, step)
            for batch in plan.batches(carried):
                table = plan.table(carried, step, batch)
                found = digest_of_table(Path(table))
                if found == plan.digest(carried, step, batch):
                    continue
                # One that is missing is made for whoever waits for it.
                untrue |= {table} if Path(table).is_file() else set()
                untrue.add(str(plan.results / recipe / PROBLEMS))
    return {path for path in untrue if Path(path).is_file()}


def tables_of_lost_results(plan: Plan) -> set[str]:
    """The tables of batches of which a record or a deliverable is gone, and those after them.

    Snakemake knows of the tables alone. Costs the listing of each step's folder and one look into
    each table; no record is read, so that a lost mask or table of tones is for ``make verify``.
    """
    lost: set[str] = set()
    for recipe in plan.recipes():
        waiting: set[str] = set()
        for step in plan.steps(recipe):
            carried = carrier(recipe, step)
            names = _names_in(plan.folder(carried, step))
            for batch in plan.batches(recipe):
                table = plan.table(carried, step, batch)
                if f"{batch}.tsv" not in names:
                    continue
                if batch in waiting or _lacks(Path(table), step, names):
                    waiting.add(batch)
                    lost.add(table)
    return lost


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 (names alone, of 300,000 files)
    except FileNotFoundError:
        return frozenset()


def _lacks(table: Path, step: str, names: frozenset[str]) -> bool:
    """Whether a record or deliverable that a table speaks of is not in the step's folder."""
    try:
        lines = table.read_text(encoding="utf-8").split("\n")[2:]
    except (OSError, UnicodeDecodeError):
        return True
    for line in lines:
        scan, _, rest = line.partition("\t")
        status, _, rest = rest.partition("\t")
        # What failed in an earlier step has no key, and no record here.
        if not rest or rest[0] == "\t":
            continue
        if f"{scan}.json" not in names:
            return True
        if step == "deliver" and status == "done" and f"{scan}.tif" not in names:
            return True
    return False


def check_cores(cores: int | None) -> None:
    """Raises ConfigError where Snakemake was given cores on which nothing can run."""
    if cores is not None and cores < 1:
        raise ConfigError(
            f"--cores: expected `all`, or a whole number from 1 on, found {cores} (make: CORES=)"
        )


def begin_run(plan: Plan, *, beside: int = 1, here: bool = True) -> None:
    """Before the first job: see that no master is in the way, lock the results, see that all
    weights can be had, save the plan.

    beside: jobs that may run at the same time; here: whether they run on this machine. Raises
    ConfigError or CircumstanceError with one line where the run cannot begin.
    """
    check_masters(plan)
    inodes = check_links(plan)
    check_benchmarks(plan)
    protect((scan.path, inode) for scan, inode in zip(plan.scans, inodes, strict=True))
    networks = plan.dependencies.networks
    if any(networks(r, step) for r in plan.recipes() for step in plan.recipe(r).chain()):
        check_device(plan.device, plan.config.device, here=here)
    lock_results(plan.results)
    keep_written(plan.results)
    begin_shared(plan.results)
    check_weights(plan)
    recipes = [plan.results / recipe for recipe in plan.recipes()]
    shown = [folder / name for folder in recipes for name in ("report", "report-pages")]
    remove_leftovers([plan.results, plan.results / FOLDER, *recipes, *shown])
    work = work_of(plan)
    # Knows the models of records, which a Snakefile that is only parsed has no use for.
    from restoration.run.disk_need import disk_need, say_disk_need  # noqa: PLC0415

    need = disk_need(plan, work, beside)
    say_disk_need(need, plan.results, ignore=plan.config.ignore_disk_need)
    open_results(plan.results)
    keep_assigned(plan.results / ASSIGNED, plan.assigned)
    plan.save(inodes)
    begin_progress(plan, work)


def check_masters(plan: Plan) -> None:
    """Stop where there is nothing to restore, or most masters are missing: a mount that is gone is
    no property of the scans, of which each would otherwise become a problem.

    Costs a ``stat`` of each master, which the digests of the run's jobs cost anyway. Raises
    ConfigError and CircumstanceError with one line.
    """
    sheet = plan.config.scans
    if not plan.scans:
        raise ConfigError(
            f"scans: the sheet '{sheet}' names no scan; make one with `python scripts/sheet.py "
            "FOLDER > my.tsv` and name it: `make restore SHEET=my.tsv`, or `scans` in the config"
        )
    missing = [scan for scan in plan.scans if plan.is_missing(scan)]
    if 2 * len(missing) <= len(plan.scans):
        return
    first = missing[0]
    try:
        os.stat(first.path)  # noqa: PTH116 (its error says more than that it is missing)
        why = "now it is there"
    except OSError as error:
        why = error.strerror or str(error)
    raise CircumstanceError(
        f"scans: {len(missing)} of {len(plan.scans)} masters of the sheet '{sheet}' are missing, "
        f"the first one '{first.path}' (scan {first.scan}: {why}); is the mount there? Nothing was "
        "begun: put them back, or correct the paths in the sheet"
    )


def check_weights(plan: Plan) -> None:
    """Stop where a recipe names weights that are neither here nor to be fetched."""
    users: dict[str, list[str]] = {}
    for name in plan.dependencies.networks(None, "examine"):
        users.setdefault(name, []).append("examine.faces")
    for recipe in plan.recipes():
        for step in plan.recipe(recipe).chain():
            for name in plan.dependencies.networks(recipe, step):
                users.setdefault(name, []).append(recipe)
    messages = missing_weights(list(users), plan.manifest, Path(plan.config.models_dir))
    if messages:
        raise ConfigError("; ".join(messages))


def die_with_parent(interval: float = 0.1, *, clean: Callable[[], object] = lambda: None) -> None:
    """End this worker at once when the process that started it is gone; before that, ``clean``.

    Polled from a thread: the kernel's own death signal follows the parent's thread, which
    a scheduler may end while its process lives on.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(interval)
        clean()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
