"""What planning a collection costs: a dry run, and a run with nothing to do.

python tests/benchmarks/plan_scale.py --scans 100000 --batches 2000 [--tables] [--by-folder]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.storage.manifest import MANIFEST
from restoration.storage.tables import Row, write_table


def collection(folder: Path, scans: int, batches: int, *, named: bool) -> Path:
    """A config over a sheet of empty masters, in as many folders as batches.

    named: whether the sheet names the batches, or leaves them to the plan.
    """
    masters = folder / "masters"
    rows = ["scan\tpath\tbatch" if named else "scan\tpath"]
    for number in range(scans):
        batch = f"box-{number * batches // scans:05d}"
        (masters / batch).mkdir(parents=True, exist_ok=True)
        path = masters / batch / f"scan-{number:06d}.tif"
        path.touch()
        rows.append(f"scan-{number:06d}\t{path}" + (f"\t{batch}" if named else ""))
    (folder / "scans.tsv").write_text("\n".join(rows) + "\n")
    config = folder / "config.yaml"
    config.write_text(
        yaml.safe_dump({"scans": str(folder / "scans.tsv"), "results": str(folder / "results"),
                        "recipe": "embedded"})
    )  # fmt: skip
    return config


def plan_of(config: Path) -> Plan:
    raw = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    return make_plan({**raw, **yaml.safe_load(config.read_text())})


def write_tables(plan: Plan) -> None:
    """The results of a finished run, as far as Snakemake looks at them."""
    for recipe in plan.recipes():
        for step in plan.steps(recipe):
            carried = None if step in ("ingest", "examine") else recipe
            for batch in plan.batches(carried):
                rows = [Row(scan.scan, "done", "0" * 64) for scan in plan.members(carried, batch)]
                table = Path(plan.table(carried, step, batch))
                write_table(table, rows, plan.digest(carried, step, batch))
                for row in rows:
                    (table.parent / f"{row.scan}.json").touch()
                    if step == "deliver":
                        (table.parent / f"{row.scan}.tif").touch()
        for name in ("problems.tsv", "report.html"):
            (plan.results / recipe / name).write_text("")
    (plan.results / MANIFEST).write_text("")


def timed(config: Path, *arguments: str) -> dict[str, Any]:
    """Wall seconds and peak MiB of one call of Snakemake, its children included."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", str(config)]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--quiet", "all", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"plan_scale: snakemake failed: {done.stderr[-2000:]}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"seconds": round(seconds, 1), "peak_mib": round(peak)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="plan_scale", description=__doc__)
    parser.add_argument("--scans", type=int, default=100_000)
    parser.add_argument("--batches", type=int, default=2_000)
    parser.add_argument("--tables", action="store_true", help="a run with nothing to do")
    parser.add_argument("--by-folder", action="store_true", help="a sheet without batches")
    given = parser.parse_args()
    os.environ["PYTHONNOUSERSITE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        config = collection(Path(folder), given.scans, given.batches, named=not given.by_folder)
        found: dict[str, Any] = {"scans": given.scans, "batches": given.batches}
        started = time.monotonic()
        plan = plan_of(config)
        found["parse_seconds"] = round(time.monotonic() - started, 2)
        if given.tables:
            write_tables(plan)
            found["nothing to do"] = timed(config)
        else:
            found["dry run"] = timed(config, "--dry-run")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
