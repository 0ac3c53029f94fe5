"""The demo through a real Slurm, with a cancelled job and a dead node: `make slurm-test CONFIRM=1`.

Exit code 0 where every deliverable is byte-identical to that of a run without a scheduler.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import cluster
import collection
import trouble

LIMIT = 1800.0
"""Seconds of one run on the cluster, on a machine that others use as well."""

RUNS = 3


def refusal() -> str | None:
    """Why this machine is no place for the test."""
    if os.geteuid() != 0:
        return "needs root: it installs packages, and Slurm's daemons start jobs for any user"
    if shutil.which("apt-get") is None:
        return "needs Debian or Ubuntu: it installs slurm-wlm and munge with apt-get"
    if cluster.CONFIG.exists():
        return f"{cluster.CONFIG} exists: this machine belongs to a cluster; try another one"
    if find_spec("snakemake_executor_plugin_slurm") is None:
        return "snakemake-executor-plugin-slurm is missing; install it with make env-slurm"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the scans that take long")
    quick = parser.parse_args().quick
    # So that what was started is ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    why = refusal()
    if why is not None:
        print(f"slurm-test: {why}", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="slurm-test-"))
    good = False
    try:
        good = test(folder, quick=quick)
    except RuntimeError as error:
        print(f"slurm-test: {error}", file=sys.stderr)
    finally:
        if good:
            shutil.rmtree(folder)
        else:
            print(f"slurm-test: what it did lies in {folder}", file=sys.stderr)
    return 0 if good else 1


def test(folder: Path, *, quick: bool) -> bool:
    """The whole of it; True where all is as it should be."""
    say("installed slurm-wlm and munge" if cluster.install() else "Slurm is installed")
    here = collection.copy_checkout(folder / "here")
    there = collection.copy_checkout(folder / "there")
    collection.make_masters(here, quick=quick)
    shutil.copytree(here / "masters", there / "masters")
    masters = collection.sums(there / "masters", "**/*")
    say(f"{len(masters)} masters and truths made")
    started = time.monotonic()
    collection.run_here(here)
    alone = time.monotonic() - started
    say(f"restored without a scheduler: {alone:.0f} s")

    daemons = folder / "slurm"
    daemons.mkdir()
    happened = trouble.Happened()
    with cluster.Cluster(daemons) as machines:
        say("slurmctld and two slurmd are up")
        codes, seconds = run_until_done(there, folder / "cluster-run.log", machines, happened)
        jobs = trouble.history()
    compared, different = collection.differences(here, there)
    untouched = collection.sums(there / "masters", "**/*") == masters
    report(happened, jobs, codes, (alone, seconds), there)
    checks = {
        "a job was cancelled and a node died": happened.all(),
        "the last run ended well": codes[-1] == 0,
        f"{compared} deliverables and tables are those of the other run": compared > 0
        and not different,
        "masters are what they were": untouched,
    }
    for what, true in checks.items():
        print(f"{'ok  ' if true else 'FAIL'}  {what}")
    for name in different:
        print(f"      differs: {name}")
    return all(checks.values())


def run_until_done(
    folder: Path, log: Path, machines: cluster.Cluster, happened: trouble.Happened
) -> tuple[list[int], float]:
    """Exit codes of the runs that it took, and their seconds together."""
    started = time.monotonic()
    codes: list[int] = []
    while not codes or (codes[-1] != 0 and len(codes) < RUNS):
        codes.append(trouble.run(folder, log, machines, happened, LIMIT))
        say(f"run {len(codes)} on the cluster ended with exit code {codes[-1]}")
    return codes, time.monotonic() - started


def report(
    happened: trouble.Happened,
    jobs: list[trouble.Job],
    codes: list[int],
    seconds: tuple[float, float],
    folder: Path,
) -> None:
    """The table of what happened."""
    states = [job.state for job in jobs]
    overheads = trouble.overheads(jobs, folder / collection.RESULTS)
    rows = {
        "jobs submitted": f"{len(jobs)}, of them {sum(job.array for job in jobs)} in arrays",
        "completed": str(states.count("COMPLETED")),
        "cancelled": happened.cancelled or "none",
        "on the node that died": f"{', '.join(happened.orphaned) or 'none'}; "
        f"{happened.processes} processes killed",
        "started again by Slurm": ", ".join(
            f"{job.number} ({job.what}) on {job.node}" for job in jobs if job.restarts
        )
        or "none",
        "found finished by a later try": "; ".join(collection.found_finished(folder)) or "nothing",
        "runs of Snakemake": ", ".join(f"exit code {code}" for code in codes),
        "seconds, without and with Slurm": " and ".join(f"{one:.0f}" for one in seconds),
        "seconds of a job beside its command": "median "
        f"{statistics.median(overheads):.1f}, largest {max(overheads):.1f}, {len(overheads)} jobs"
        if overheads
        else "not measured",
    }
    print()
    for name, value in rows.items():
        print(f"{name:36}  {value}")
    print()


def say(text: str) -> None:
    print(f"slurm-test: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
