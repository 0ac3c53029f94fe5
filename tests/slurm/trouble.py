"""A run on the cluster, and what happens to it: a job is cancelled, a node dies."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cluster import Cluster, ask
from collection import RESULTS, SNAKEMAKE, environment

DOOMED = "node2"
PROFILE = (
    *("--workflow-profile", "profiles/slurm"),
    # No accounting database; and nobody waits 40 s for each table here.
    *("--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "10"),
    # The steps that begin have their batches ready together; the others go one by one.
    *("--slurm-array-jobs", "ingest, examine"),
)


@dataclass
class Happened:
    """What was done to a run."""

    cancelled: str = ""
    """The job that was cancelled."""
    orphaned: list[str] = field(default_factory=list)
    """Jobs that ran on the node that died."""
    processes: int = 0
    """How many died with it."""

    def all(self) -> bool:
        return bool(self.cancelled and self.orphaned)


@dataclass(frozen=True)
class Running:
    """A job that runs."""

    job: str
    node: str
    what: str


def run(folder: Path, log: Path, cluster: Cluster, happened: Happened, limit: float) -> int:
    """One run on the cluster with what is still to happen to it; Snakemake's exit code."""
    end = time.monotonic() + limit
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*SNAKEMAKE, *PROFILE],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            while process.poll() is None:
                if time.monotonic() > end:
                    raise RuntimeError(f"the run on the cluster took more than {limit:.0f} s")
                trouble(cluster, happened, folder / RESULTS / "logs")
                time.sleep(0.5)
        finally:
            process.kill()
            process.wait()
    return process.returncode


def trouble(cluster: Cluster, happened: Happened, logs: Path) -> None:
    """First a job is cancelled between two scans, then a node dies under another such job."""
    if happened.all():
        return
    # What the controller says of an array's jobs is that of its first one.
    between = [job for job in running() if "_" not in job.job and _has_finished_scans(logs, job)]
    if not happened.cancelled:
        for job in between[:1]:
            ask("scancel", job.job)
            happened.cancelled = f"{job.job} ({job.what})"
    elif any(job.node == DOOMED and job.job != happened.cancelled.split()[0] for job in between):
        happened.orphaned = [f"{job.job} ({job.what})" for job in running() if job.node == DOOMED]
        happened.processes = cluster.kill_node(DOOMED)


def _has_finished_scans(logs: Path, job: Running) -> bool:
    """Whether the job's log already tells of a scan, but not of its last one."""
    said = re.findall(r"\[(\d+)/(\d+)\]", _file_of(logs, job.what, ".log"))
    return bool(said) and int(said[-1][0]) < int(said[-1][1])


def _file_of(folder: Path, what: str, suffix: str) -> str:
    """The text of a job's log or benchmark; nothing where there is none."""
    step, *recipe, batch = what.split(" ")
    path = folder.joinpath(*recipe, step, batch + suffix)
    return path.read_text(errors="replace") if path.is_file() else ""


def running() -> list[Running]:
    lines = ask("squeue", "--noheader", "--states=RUNNING", "--format=%i|%N|%k").splitlines()
    rows = [line.split("|") for line in lines]
    return [Running(r[0], r[1], _step_and_batch(r[2])) for r in rows]


@dataclass(frozen=True)
class Job:
    """What the controller remembers of a job."""

    number: str
    array: bool
    what: str
    state: str
    node: str
    restarts: int
    seconds: int


def history() -> list[Job]:
    """Every job that the controller knows, in the order of their numbers."""
    found = []
    for line in ask("scontrol", "--oneliner", "show", "jobs").splitlines():
        facts = dict(re.findall(r"(\w+)=(\S+)", line))
        if "JobId" not in facts:
            continue
        found.append(
            Job(
                facts["JobId"],
                "ArrayTaskId" in facts,
                _step_and_batch(facts.get("Comment", "")),
                facts["JobState"],
                facts.get("NodeList", ""),
                int(facts["Restarts"]),
                _seconds(facts["RunTime"]),
            )
        )
    return sorted(found, key=lambda job: int(job.number))


def overheads(jobs: Sequence[Job], folder: Path) -> list[float]:
    """Seconds of single, undisturbed jobs that were not the rule's command.

    The command's own are those of Snakemake's benchmark file. Slurm counts whole seconds.
    """
    found = []
    for job in jobs:
        if job.array or job.restarts or job.state != "COMPLETED":
            continue
        lines = _file_of(folder / "benchmarks", job.what, ".tsv").splitlines()
        if lines:
            names, values = (line.split("\t") for line in lines[:2])
            found.append(job.seconds - float(values[names.index("s")]))
    return found


def _step_and_batch(comment: str) -> str:
    """``cleanup embedded album`` from the comment that the plugin writes."""
    rule, _, wildcards = comment.removeprefix("rule_").partition("_wildcards_")
    # Of two wildcards the recipe comes first; recipes of the demo have no underscore.
    return " ".join((rule, *wildcards.split("_", 1)))


def _seconds(clock: str) -> int:
    """Of ``[days-][hours:]minutes:seconds``."""
    days, _, rest = clock.rpartition("-")
    total = 0
    for part in rest.split(":"):
        total = total * 60 + int(part)
    return total + 86400 * int(days or 0)
