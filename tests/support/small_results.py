"""Results of a few scans under absolute paths, job by job, by the stand-ins of verified_tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from restoration.deliver.sidecars import SIDECARS
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.raster.colour.built_in_profiles import srgb_profile
from restoration.run.batch import run_batch
from restoration.storage.manifest import gather
from restoration.upkeep.verify.findings import FixityFault
from restoration.upkeep.verify.verify import VerifyRequest, verify_results
from support import corpus
from support.verified_tree import AGAIN, CHANGES, MAPS, SCANS, stand_in, workshop

__all__ = ["AGAIN", "CHANGES", "MAPS", "SCANS", "findings", "plan", "run", "stamps", "workshop"]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    stand_in(monkeypatch)
    rows = ["scan\tpath\tbatch\trecipe"]
    for number, scan in enumerate(SCANS):
        path = tmp_path / f"{scan}.tif"
        corpus.write_tiff(path, corpus.codes(20, 30, 3, 16, seed=number), icc=srgb_profile())
        batch = "two" if scan == "none" else "one"
        recipes = "archive" if scan == "none" else "archive other"
        rows.append(f"{scan}\t{path}\t{batch}\t{recipes}")
    (tmp_path / "wrong.tif").write_text("no TIFF")
    (tmp_path / "scans.tsv").write_text("\n".join([*rows, ""]))
    stages = {CHANGES: {}, AGAIN: {}, MAPS: {"factor": 1, "network": "none"}}
    recipes = {name: {"stages": stages} for name in ("archive", "other")}
    given = make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipe": "archive",
            "recipes": recipes,
            "device": "cpu",
        }
    )
    run(given)
    return given


def run(plan: Plan) -> None:
    """Every job whose table is missing, as Snakemake runs them, each in a workshop of its own."""
    plan.save()
    plan = load_plan(plan_file(plan.results))
    for recipe in plan.recipes():
        for step in plan.steps(recipe):
            given = None if step in ("ingest", "examine") else recipe
            for batch in plan.batches(given):
                table = Path(plan.table(given, step, batch))
                if not table.is_file():
                    assert run_batch(plan, given, step, batch, workshop(plan), table=table) == 0
    gather(plan.results)


def findings(plan: Plan, **given: Any) -> list[FixityFault]:
    found: list[FixityFault] = []
    verify_results(plan.results, VerifyRequest(results_only=True, **given), found.append)
    return found


def stamps(plan: Plan) -> dict[str, tuple[int, int]]:
    """When each record, image and deliverable was written last."""
    return {
        str(path.relative_to(plan.results)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for pattern in ("*.json", "*.tif", *(f"*{sidecar.ending}" for sidecar in SIDECARS))
        for path in plan.results.rglob(pattern)
        if path.name != "run.json"
    }
