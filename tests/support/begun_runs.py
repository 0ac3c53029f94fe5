"""A run that is begun and goes on as far as a test says."""

from __future__ import annotations

from pathlib import Path

import pytest

from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.run.run_progress import (
    BatchEnd,
    begin_progress,
    tell_end,
    work_of,
)
from restoration.storage.records import SCHEMA, write_raw
from restoration.storage.tables import Row, write_table

STEPS = [(None, "ingest"), (None, "examine"), ("plain", "denoise"), ("plain", "deliver")]


BATCHES = {"one": ("a", "b"), "two": ("c",)}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    rows = [f"{s}\t{tmp_path}/{s}.tif\t{batch}" for batch, scans in BATCHES.items() for s in scans]
    (tmp_path / "scans.tsv").write_text("\n".join(["scan\tpath\tbatch", *rows, ""]))
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipe": "plain",
            "recipes": {"plain": {"stages": {"denoise": {"network": "none"}}}},
            "device": "cpu",
        }
    )


def begin(plan: Plan) -> None:
    plan.save()
    begin_progress(plan, work_of(plan))


def record(plan: Plan, recipe: str | None, step: str, scan: str, reason: str | None = None) -> None:
    status = "problem" if reason else "done"
    said = {"schema": SCHEMA, "scan": scan, "stage": step, "status": status, "reason": reason}
    write_raw(plan.folder(recipe, step) / f"{scan}.json", said)


def do(plan: Plan, recipe: str | None, step: str, batch: str, **unfit: str) -> None:
    """A batch goes through a step; scans in ``unfit`` do not, for `step: reason`."""
    rows = []
    for scan in BATCHES[batch]:
        said = unfit.get(scan)
        rows.append(Row(scan, "problem" if said else "done", reason=said or ""))
        if said is None or said.startswith(f"{step}: "):
            record(plan, recipe, step, scan, said)
    write_table(Path(plan.table(recipe, step, batch)), rows, plan.digest(recipe, step, batch))
    here = sum(said.startswith(f"{step}: ") for said in unfit.values())
    count = len(rows)
    tell_end(plan.results, BatchEnd(recipe, step, batch, count, count, here, 0, 10.0))


def do_all(plan: Plan, **unfit: str) -> None:
    names = [step for _, step in STEPS]
    for number, (recipe, step) in enumerate(STEPS):
        known = {s: r for s, r in unfit.items() if names.index(r.partition(": ")[0]) <= number}
        for batch, scans in BATCHES.items():
            do(plan, recipe, step, batch, **{s: r for s, r in known.items() if s in scans})
    for name in ("problems.tsv", "report.html"):
        (plan.results / "plain" / name).write_text("")
