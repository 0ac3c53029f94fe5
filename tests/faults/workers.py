"""A small collection that is taken through its steps by workers of their own, without Snakemake."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restoration.deliver.sidecars import sidecar_of
from restoration.networks.fetch import fetch
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.storage import journal as written
from restoration.storage.records import SEAL, read_raw
from support.project import Project, tiny_weights, write_master

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE.parents[1] / "scripts"
BATCH = "box"
RECIPE = "plain"
EPOCH = "1700000000"
"""Time that deliverables bear, so that those of two runs compare."""

STEPS = ("ingest", "examine", "cleanup", "upscale", "colour", "deliver")

Job = tuple[str | None, str, str]

Mount = Callable[..., Path]
"""``mount(folder, "size=1m")``: a small disk in memory at that folder."""


def job(step: str, recipe: str = RECIPE) -> Job:
    return (None if step in ("ingest", "examine") else recipe, step, BATCH)


@dataclass(frozen=True)
class Ended:
    """How a worker ended."""

    code: int
    """Its exit code; a signal's number, negative, where one ended it."""
    seconds: float
    said: str


class Zygote:
    """The process of ``zygote.py``."""

    def __init__(self, folder: Path) -> None:
        """folder: a collection with a plan, which is gone through once, so that workers start
        warm."""
        path = os.pathsep.join(map(str, (SCRIPTS, HERE)))
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py"), str(folder)],
            env={**os.environ, "PYTHONPATH": path, "SOURCE_DATE_EPOCH": EPOCH, **one_thread},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def work(
        self,
        folder: Path,
        steps: Sequence[str] = STEPS,
        *,
        after: float | None = None,
        records: int = 0,
        number: int = signal.SIGKILL,
        memory: int | None = None,
        recipe: str = RECIPE,
    ) -> Ended:
        """One worker that takes the batch through the steps, one job each.

        after: seconds until signal ``number`` is sent, from the moment at which so many ``records``
        are there; memory: bytes of address space that it may have beyond what the imports take.
        """
        jobs = [job(step, recipe) for step in steps]
        given: dict[str, Any] = {"folder": str(folder), "jobs": jobs, "records": records}
        given |= {"after": after, "signal": int(number), "memory": memory}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        return Ended(**self._answer())

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _answer(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the zygote died"
        answer: Mapping[str, Any] = json.loads(line)
        return answer


@dataclass
class Collection(Project):
    """Masters, weights and a plan; results come from workers."""

    def plan(self) -> Plan:
        """The plan as workers load it, saved for them; paths are relative to the folder."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            plan = make_plan(self.config())
            plan.save()
        finally:
            os.chdir(before)
            let_go_of_results()
        return plan

    def fresh(self, folder: Path) -> Collection:
        """A copy without results; the masters keep their times, and so every digest its value."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("results"))
        copy = Collection(folder)
        copy.plan()
        return copy

    def record(self, step: str, scan: str) -> dict[str, Any] | None:
        recipe, *_ = job(step)
        return read_raw(self.results / (recipe or "") / step / f"{scan}.json")

    def table(self, step: str) -> Path:
        recipe, *_ = job(step)
        return self.results / (recipe or "") / step / f"{BATCH}.tsv"

    def records(self) -> int:
        return sum(1 for _ in self.results.rglob("*/*.json"))

    def parts(self) -> list[Path]:
        return sorted(self.results.rglob("*.part"))


def make_collection(
    folder: Path, scans: Sequence[str], height: int = 96, width: int = 128
) -> Collection:
    """``scans`` in one batch, a tiny seeded network, a recipe that writes and declines images."""
    for part in ("masters", "models"):
        (folder / part).mkdir(parents=True)
    for seed, scan in enumerate(scans):
        write_master(folder / f"masters/{scan}.tif", seed, height, width)
    collection = Collection(folder)
    sha256 = tiny_weights(folder / "models/tiny.pth", seed=1)
    cleanup = {"network": "tiny", "apply": "always", "working_ppi": 300.0}
    stages = {
        "cleanup": cleanup,
        "upscale": {"factor": 1.5, "network": "none"},
        # Declines pictures without a margin.
        "colour": {},
    }
    collection.configure(
        {
            "scans": "scans.tsv",
            "results": "results",
            "models_dir": "models",
            "recipe": RECIPE,
            "device": "cpu",
            "threads": 1,
            "examine": {"faces": "off"},
            "models": {"tiny": {"architecture": "srvgg", "path": "tiny.pth", "sha256": sha256}},
            "recipes": {RECIPE: {"stages": stages}},
        }
    )
    collection.sheet([(scan, f"masters/{scan}.tif", BATCH, "") for scan in scans])
    fetch("tiny", collection.plan().manifest, folder / "models", [folder / "models"])
    return collection


def let_go_of_results() -> None:
    """Close this process's journals: a disk on which one is open cannot be unmounted."""
    for journal in written._journals.values():
        if journal.descriptor is not None:
            os.close(journal.descriptor)
    written._journals.clear()


def outcome(results: Path) -> dict[str, str]:
    """What a run leaves, by path, so that two runs compare: every image, table and record by its
    SHA-256, records without the times that are in them, and their own SHA-256 of these."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if name.parts[0] in ("logs", "benchmarks") or "report" in name.parts:
            continue
        if (
            path.suffix == ".tif"
            or sidecar_of(path.name)
            or (path.suffix == ".tsv" and len(name.parts) > 1)
        ):
            found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.suffix == ".json" and len(name.parts) > 1:
            record = json.dumps(_timeless(json.loads(path.read_text())), sort_keys=True)
            found[str(name)] = hashlib.sha256(record.encode()).hexdigest()
    return found


PASSING = ("when", "seconds", SEAL)
"""A record's seal holds its times."""


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in PASSING}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def masters(folder: Path) -> dict[str, str]:
    """SHA-256 of every master."""
    paths = sorted((folder / "masters").rglob("*.tif"))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@contextmanager
def masters_untouched(folder: Path) -> Iterator[None]:
    """Asserts, at the end of a test, that it had no effect on any master."""
    before = masters(folder)
    assert before
    yield
    assert masters(folder) == before
