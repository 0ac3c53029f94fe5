"""A small tree of results, of every kind of file that a run writes, by stand-ins for the stages."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restoration.chain import chain
from restoration.chain.job_tools import make_job_tools
from restoration.chain.page_restorer import JobTools
from restoration.chain.withdrawn import withdrawn_places
from restoration.config.section import Section
from restoration.config.stages.entry import Entry
from restoration.findings.fading import Fading
from restoration.findings.screen import Screen
from restoration.plan.batches import ASSIGNED, keep_assigned
from restoration.plan.dependencies import Dependencies
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.raster.colour.built_in_profiles import srgb_profile
from restoration.raster.colour.tone_table import NODES, ToneTable
from restoration.review.page import write_report
from restoration.run.batch import run_batch
from restoration.run.start_run import tables_of_lost_results
from restoration.stages.base import Declined, Mapped, Page, Restored
from restoration.storage.journal import keep_written, note_gone
from restoration.storage.manifest import gather, open_results
from restoration.storage.tables import gather_problems
from support import corpus
from support.condition import recorded

CHANGES, AGAIN, MAPS = "descreen", "cleanup", "upscale"
"""Places in the chain that the stand-ins take."""

GRID = np.arange(NODES) / (NODES - 1)
TABLE = ToneTable(np.stack([0.9 * GRID + 0.02, GRID, GRID]))

NETWORK = "realesrgan-x4plus"

SCANS = {
    "both": {"halftone": True, "faded": True},
    "plain": {"halftone": True, "faded": False},
    "none": {"halftone": False, "faded": False},
    "wrong": {"halftone": True, "faded": True},
}
"""The last is no TIFF: a scan that cannot be processed."""


def examined(*, halftone: bool, faded: bool) -> dict[str, Any]:
    """The condition report of such a scan."""
    screen = {"value": "halftone" if halftone else "none"}
    tone = {"value": [0.1, 0.9]}
    return recorded({"screen": screen, "fading": {"value": 0.5 if faded else 0.0}, "tone": tone})


class Changes:
    """Makes every value a tenth brighter and says where; declines scans that are no halftone."""

    name, reads = CHANGES, ("screen",)
    added = 0.1

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Restored | Declined:
        if page.report.get(Screen).value != "halftone":
            return Declined("no screen")
        source = page.source

        def bands() -> Iterator[np.ndarray]:
            yield self.added + source.read(0, 0, source.height, source.width)

        def mask() -> Iterator[np.ndarray]:
            yield np.full((source.height, source.width, 1), 255, dtype=np.uint8)

        return Restored(source.height, source.width, page.ppi, bands(), mask=mask)


class Maps:
    """Maps the values of scans whose report says so; decides for a batch at once."""

    name, reads = MAPS, ("fading",)

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Mapped | Declined:
        return Mapped(TABLE, {}) if page.report.get(Fading).value else Declined("not faded")


def entry(stage: type, *, shares: bool = False) -> Entry:
    class Fake(Entry):
        def load(self) -> type:
            return stage

    module = "restoration.storage.records"
    return Fake(Section, "", module, "", "1", 0.1, shares_batch=shares, only_maps=shares)


def stand_in(patch: pytest.MonkeyPatch) -> None:
    """Put the stand-ins in the places of stages."""
    for name, fake in ((CHANGES, Changes), (AGAIN, Changes), (MAPS, Maps)):
        patch.setitem(chain.REGISTRY, name, entry(fake, shares=fake is Maps))
    # Hundreds of small files: that they are on disk is not what these tests are about.
    patch.setattr(os, "fsync", lambda descriptor: None)
    plain = Dependencies.settings

    def settings(self: Dependencies, recipe: str | None, step: str) -> dict[str, Any]:
        more = {"scope": "batch", "cube": True} if step == MAPS else {}
        return {**plain(self, recipe, step), **more}

    patch.setattr(Dependencies, "settings", settings)


def config() -> dict[str, Any]:
    stages = {CHANGES: {}, AGAIN: {"network": NETWORK}, MAPS: {"factor": 1, "network": "none"}}
    return {
        "scans": "scans.tsv",
        "results": "results",
        "recipe": "archive",
        "models_dir": "models",
        "recipes": {name: {"stages": stages} for name in ("archive", "other")},
        "examine": {"faces": "off"},
        "device": "cpu",
    }


def make_tree(folder: Path) -> None:
    """Masters, weights and results; every path of the run is relative to ``folder``."""
    rows = ["scan\tpath\tbatch\trecipe"]
    for number, scan in enumerate(SCANS):
        path = Path("two" if scan == "none" else "one", f"{scan}.tif")
        (folder / path).parent.mkdir(exist_ok=True)
        pixels = corpus.codes(20, 30, 3, 16, seed=number)
        corpus.write_tiff(folder / path, pixels, icc=srgb_profile())
        recipes = "archive" if scan == "none" else "archive other"
        # The batch of one is found, and kept in batches.tsv.
        rows.append(f"{scan}\t{path}\t{'' if scan == 'none' else 'one'}\t{recipes}")
    (folder / "one/wrong.tif").write_text("no TIFF")
    (folder / "scans.tsv").write_text("\n".join([*rows, ""]))
    (folder / "models").mkdir()
    (folder / f"models/{NETWORK}.safetensors").write_bytes(b"weights")
    said = {"safetensors": {"bytes": 7, "sha256": hashlib.sha256(b"weights").hexdigest()}}
    (folder / f"models/{NETWORK}.json").write_text(json.dumps(said))
    run(folder)


def workshop(plan: Plan, **given: Any) -> JobTools:
    def examine(path: Path, number: int, config: Any) -> dict[str, Any]:
        return examined(**SCANS[path.stem])

    return replace(make_job_tools(plan, threads=1), examine=examine, **given)


def run(folder: Path, config: dict[str, Any] | None = None, **given: Any) -> Plan:
    """What Snakemake runs, with all that it makes; jobs whose table is true are left out.

    given: of the workshop.
    """
    with chdir(folder):
        plan = make_plan(config or globals()["config"]())
        keep_written(plan.results)
        open_results(plan.results)
        keep_assigned(plan.results / ASSIGNED, plan.assigned)
        plan.save()
        plan = load_plan(plan_file(plan.results))
        lost = tables_of_lost_results(plan)
        for recipe in plan.recipes():
            worked = False
            for step in plan.steps(recipe):
                carried = None if step in ("ingest", "examine") else recipe
                for batch in plan.batches(carried):
                    table = Path(plan.table(carried, step, batch))
                    if _is_true(plan, carried, step, batch) and str(table) not in lost:
                        continue
                    lost.discard(str(table))
                    table.unlink(missing_ok=True)
                    shop = workshop(plan, **given)
                    assert run_batch(plan, carried, step, batch, shop, table=table) == 0
                    worked = True
            _tell(plan, recipe, worked)
        gather(plan.results)
    return plan


def _is_true(plan: Plan, recipe: str | None, step: str, batch: str) -> bool:
    from restoration.storage.tables import digest_of_table

    return digest_of_table(Path(plan.table(recipe, step, batch))) == plan.digest(
        recipe, step, batch
    )


def _tell(plan: Plan, recipe: str, worked: bool) -> None:
    """The table of problems and the report, as their rules make them."""
    folder = plan.results / recipe
    problems, page = folder / "problems.tsv", folder / "report.html"
    if not worked and problems.is_file() and page.is_file():
        return
    for path in (problems, page):
        if not path.exists():
            note_gone(path)
    tables = [Path(plan.table(recipe, "deliver", batch)) for batch in plan.batches(recipe)]
    gather_problems(tables, problems, withdrawn_places(folder))
    scans = [scan.scan for scan in plan.scans if recipe in scan.recipes]
    write_report(plan.results, recipe, scans, page, scans_per_page=1)


def copy_of(tree: Path, folder: Path) -> Path:
    shutil.copytree(tree, folder, symlinks=True)
    return folder
