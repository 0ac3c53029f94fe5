"""What a file below the results is, by its place and name, and how a lost one comes back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from restoration.chain.withdrawn import WITHDRAWN
from restoration.deliver.sidecars import SIDECARS, sidecar_of
from restoration.run.lock import LOCK
from restoration.run.run_progress import LOG, PROGRESS
from restoration.run.shared_filesystem import MARKER
from restoration.run.start_run import PROBLEMS
from restoration.storage.image_places import MASKS
from restoration.storage.manifest import MANIFEST, is_set_aside
from restoration.upkeep.verify.findings import FaultPlace, ScheduledRepair

FIXITY_LOG = "fixity-log.jsonl"
"""In the results: a dated line for each verification."""

REPORT = "report.html"

UNJUDGED = frozenset(
    {LOCK, MARKER, PROGRESS, LOG, MANIFEST, FIXITY_LOG, "verify.tsv", "snakemake-report.html"}
)
"""In the results' folder: what runs and people write there as they go; of the manifest, what it
should say is known in another way."""

_INSIDE = {"report": "report's pictures", "report-pages": "report", WITHDRAWN: "withdrawn file"}
"""What files in these folders are."""

_ALONE = {"run.json": "plan", "batches.tsv": "batches", PROBLEMS: "problems", REPORT: "report"}

WITHOUT_RECIPE = ("ingest", "examine")


def place_of(path: str) -> FaultPlace | None:
    """The step in whose folder a file lies; None where it lies in none."""
    parts = path.split("/")
    if parts[0] in WITHOUT_RECIPE and len(parts) > 1:
        return None, parts[0]
    if len(parts) > 2 and parts[1] not in ("report", "report-pages", WITHDRAWN):
        return parts[0], parts[1]
    return None


def what(path: str) -> str:
    """What a file is; path: below the results."""
    name = PurePosixPath(path)
    parts, place = name.parts, place_of(path)
    if place is None:
        inside = next((part for part in parts[:-1] if part in _INSIDE), None)
        return _INSIDE[inside] if inside else _ALONE.get(name.name, "file")
    if name.suffix == ".tif":
        if MASKS in parts[:-1]:
            return "mask"
        return "deliverable" if place[1] == "deliver" else "image"
    if place[1] == "deliver" and (sidecar := sidecar_of(name.name)) is not None:
        return sidecar.kind
    return {".json": "record", ".tsv": "table"}.get(name.suffix, "file")


def scan_of(path: str) -> str:
    """The scan that a file in a step's folder is of."""
    name = PurePosixPath(path).name
    for ending in (".tif", ".json", *(sidecar.ending for sidecar in SIDECARS)):
        name = name.removesuffix(ending)
    return name.partition("@")[0]


def repair_of(results: Path, path: str) -> ScheduledRepair | None:
    """How the next run makes a file again; None where it cannot."""
    kind, place, whole = what(path), place_of(path), results / path
    if kind in ("report", "report's pictures", "problems"):
        # Snakemake waits for the report alone, and that waits for the rest.
        return ScheduledRepair((whole, results / path.split("/", maxsplit=1)[0] / REPORT))
    if place is None:
        return None
    if kind == "table":
        return ScheduledRepair((whole,), place, batch=PurePosixPath(path).stem)
    if kind == "file":
        return None
    scan = scan_of(path)
    again = (path,) if kind == "image" else ()
    but = ""
    if kind == "record" and place[1] != "deliver":
        folders = [place[0]] if place[0] else [p.parent.name for p in results.glob("*/deliver")]
        if not any((results / name / "deliver" / f"{scan}.json").is_file() for name in folders):
            but = "there is no copy of it: its time will be that of the next run"
    return ScheduledRepair((whole,), place, scan=scan, again=again, but=but)


ADVICE = {
    "withdrawn file": "nothing is scheduled; put it back from a copy",
    "plan": "nothing is scheduled; the next run that has work writes it anew",
    "batches": "nothing is scheduled; put it back from a copy, else the next run assigns anew",
    "file": "nothing is scheduled; put it back from a copy",
}


class KnownNames:
    """Names that no list holds, and that are right all the same."""

    def __init__(self, batches: Mapping[str, object] | None, recipes: frozenset[str]) -> None:
        """batches: those of the plan, None where there is no plan; recipes: of the config."""
        self._batches = batches
        self._recipes = recipes

    def is_right(self, path: str, listed: Mapping[str, str]) -> bool:
        parts = path.split("/")
        if len(parts) == 1:
            return path in UNJUDGED or self._is_aside(path, listed)
        if parts[0] in ("logs", "benchmarks"):
            return self._is_kept_beside(parts)
        return self._is_aside(path, listed)

    def _is_aside(self, path: str, listed: Mapping[str, str]) -> bool:
        """Whether a file is one that a repair or a retry put out of the way."""
        if not is_set_aside(path):
            return False
        base = path
        while is_set_aside(base):
            base = base.rpartition(".")[0]
        numberless = base.rpartition(".")[0] if base.rpartition(".")[2].isdigit() else base
        return (
            base in listed or numberless in listed or what(base) in ("record", "table", "problems")
        )

    def _is_kept_beside(self, parts: list[str]) -> bool:
        """Whether it is a job's log or its measured time and memory."""
        suffix = ".log" if parts[0] == "logs" else ".tsv"
        name, inner = parts[-1], parts[1:-1]
        if not name.endswith(suffix):
            return False
        batch = name.removesuffix(suffix)
        if not inner:
            return parts[0] == "logs" and batch == "manifest"
        if inner == ["models"]:
            return parts[0] == "logs"
        if len(inner) == 1 and inner[0] in self._recipes:
            return batch in ("problems", "page")
        steps = inner in (["ingest"], ["examine"]) or (
            len(inner) == 2 and inner[0] in self._recipes
        )
        return steps and (self._batches is None or batch in self._batches or batch.startswith("@"))
