"""Verification: a clean tree says nothing, every damage is found, and repairs are exact."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corpus
from restoration import chain
from restoration.errors import ConfigError
from restoration.planning import Plan, load_plan, make_plan, plan_file
from restoration.raster.profiles import srgb_profile
from restoration.raster.tone_table import NODES, ToneTable
from restoration.records import read_record
from restoration.restoring import Workshop
from restoration.runner import run_batch
from restoration.stages.base import Declined, Mapped, Page, Restored
from restoration.verify import summary, verify_results
from restoration.workshop import make_workshop

ROOT = Path(__file__).resolve().parents[2]
CHANGES, AGAIN, MAPS = "descreen", "cleanup", "upscale"
"""Places in the chain that the stand-ins of this module take."""

GRID = np.arange(NODES) / (NODES - 1)
TABLE = ToneTable(np.stack([0.9 * GRID + 0.02, GRID, GRID]))

SCANS = {
    "both": {"halftone": True, "faded": True},
    "plain": {"halftone": True, "faded": False},
    "none": {"halftone": False, "faded": False},
    "wrong": {"halftone": True, "faded": True},
}
"""The last is no TIFF: a scan that cannot be processed."""


class Changes:
    """Makes every value a tenth brighter and says where; declines scans that are no halftone."""

    name, reads = CHANGES, ("halftone",)

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Restored | Declined:
        if not page.report["halftone"]:
            return Declined("no screen")
        source = page.source

        def bands() -> Iterator[np.ndarray]:
            yield 0.1 + source.read(0, 0, source.height, source.width)

        def mask() -> Iterator[np.ndarray]:
            yield np.full((source.height, source.width, 1), 255, dtype=np.uint8)

        return Restored(source.height, source.width, page.ppi, bands(), mask=mask)


class Maps:
    """Maps the values of scans whose report says so; decides for a batch at once."""

    name, reads = MAPS, ("faded",)

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Mapped | Declined:
        return Mapped(TABLE, {}) if page.report["faded"] else Declined("not faded")


def entry(stage: type, *, shares: bool = False) -> Any:
    class Fake:
        code = ("restoration.records",)
        version = "1"
        fills_damage = restores_faces = False
        shares_batch = shares

        @staticmethod
        def load() -> type:
            return stage

    return Fake


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    for name, fake in ((CHANGES, Changes), (AGAIN, Changes), (MAPS, Maps)):
        monkeypatch.setitem(chain.REGISTRY, name, entry(fake, shares=fake is Maps))
    # Hundreds of small files: that they are on disk is not what these tests are about.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    plain = Plan.settings

    def settings(self: Plan, recipe: str | None, step: str) -> dict[str, Any]:
        more = {"scope": "batch", "cube": True} if step == MAPS else {}
        return {**plain(self, recipe, step), **more}

    monkeypatch.setattr(Plan, "settings", settings)
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


def workshop(plan: Plan) -> Workshop:
    def examine(path: Path, number: int, config: Any) -> dict[str, Any]:
        return {"tone": 0.5, **SCANS[path.stem]}

    return replace(make_workshop(plan, threads=1), examine=examine)


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


def findings(plan: Plan, **given: Any) -> list[dict[str, str]]:
    """The findings, as the table has them."""
    verified = verify_results(plan.results, **given)
    with verified.table.open(encoding="utf-8") as file:
        found = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert sum(verified.counts.values()) == len(found)
    assert verified.clean == (not found)
    return found


def said(plan: Plan, **given: Any) -> set[tuple[str, str, str]]:
    return {(one["class"], one["what"], one["path"]) for one in findings(plan, **given)}


def stamps(plan: Plan) -> dict[str, tuple[int, int]]:
    """When each record, image and deliverable was written last."""
    return {
        str(path.relative_to(plan.results)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for pattern in ("*.json", "*.tif", "*.cube")
        for path in plan.results.rglob(pattern)
        if path.name != "run.json"
    }


def masters(plan: Plan) -> dict[str, bytes]:
    return {scan.scan: Path(scan.path).read_bytes() for scan in plan.scans}


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def flip(path: Path) -> None:
    """Another byte, the same size and time; hard links are parted, as by a copy."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_clean_tree_says_nothing(plan: Plan) -> None:
    assert findings(plan) == []
    assert findings(plan, quick=True) == []
    verified = verify_results(plan.results)
    tally = verified.tally
    assert (tally.scans, tally.masters, tally.tables) == (4, 3, 2 * 2 + 2 * 4 + 4)
    # A scan of no use has its ingest record; two scans in two recipes, one in one.
    assert tally.records == 4 + 3 + 4 * (2 + 2 + 1)
    assert tally.problems == 2
    assert "all true" in summary(verified)
    assert "modification time only" in summary(verify_results(plan.results, quick=True))


def test_files_that_recipes_share_are_hashed_once(plan: Plan) -> None:
    images = {
        path.stat().st_ino for path in plan.results.rglob("*.tif") if path.parent.name != "masks"
    }
    cubes = list(plan.results.rglob("*.cube"))
    assert verify_results(plan.results).tally.hashed == 3 + len(images) + len(cubes)


def test_pruned_images_are_no_finding(plan: Plan) -> None:
    for step in (CHANGES, AGAIN):
        for path in (plan.results / "archive" / step).glob("*.tif"):
            path.unlink()
    assert findings(plan) == []
    assert verify_results(plan.results).tally.pruned == 4


Damage = Callable[[Plan], None]


def at(path: str, change: Callable[[Path], Any]) -> Damage:
    return lambda plan: change(plan.results / path)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def edited(path: str, change: Callable[[dict[str, Any]], None]) -> Damage:
    return at(path, lambda place: edit(place, change))


def edited_row(path: Path) -> None:
    text = path.read_text()
    path.write_text(text.replace("both\tdone\t", "both\tproblem\t"))


def in_place(path: Path) -> None:
    """A byte of a file that recipes share."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))


def lost_and_needed(plan: Plan) -> None:
    """An image that a delivery is still to be made of."""
    (plan.results / f"archive/{AGAIN}/both.tif").unlink()
    (plan.results / "archive/deliver/both.tif").unlink()


STAGE = f"archive/{CHANGES}/both"
DAMAGES: dict[str, tuple[Damage, set[tuple[str, str, str]], set[str]]] = {
    # name: damage, what is found, what the next run makes again. An image that the other recipe
    # still has is taken over from there, the same file: then only the record is new.
    "truncated deliverable": (
        at("archive/deliver/both.tif", truncate),
        {("altered", "deliverable", "archive/deliver/both.tif")},
        {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "flipped byte of a deliverable": (
        at("other/deliver/plain.tif", flip),
        {("altered", "deliverable", "other/deliver/plain.tif")},
        {"other/deliver/plain.json", "other/deliver/plain.tif"},
    ),
    "missing deliverable": (
        at("archive/deliver/none.tif", Path.unlink),
        {("missing", "deliverable", "archive/deliver/none.tif")},
        {"archive/deliver/none.json", "archive/deliver/none.tif"},
    ),
    "flipped byte of a cube": (
        at("archive/deliver/both.cube", flip),
        {("altered", "cube", "archive/deliver/both.cube")},
        {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "missing cube": (
        at("archive/deliver/both.cube", Path.unlink),
        {("missing", "cube", "archive/deliver/both.cube")},
        {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "flipped byte of an image": (
        at(f"{STAGE}.tif", flip),
        {("altered", "image", f"{STAGE}.tif")},
        {f"{STAGE}.json"},
    ),
    "flipped byte of an image that recipes share": (
        at(f"{STAGE}.tif", in_place),
        {("altered", "image", f"{r}/{CHANGES}/both.tif") for r in ("archive", "other")},
        {
            f"{r}/{CHANGES}/{name}"
            for r in ("archive", "other")
            for name in ("both.json", "both.tif", "masks/both.tif")
        },
    ),
    "missing mask": (
        at(f"archive/{CHANGES}/masks/both.tif", Path.unlink),
        {("missing", "mask", f"archive/{CHANGES}/masks/both.tif")},
        {f"{STAGE}.json"},
    ),
    "missing image that is needed": (
        lost_and_needed,
        {
            ("missing", "image", f"archive/{AGAIN}/both.tif"),
            ("missing", "deliverable", "archive/deliver/both.tif"),
        },
        {f"archive/{AGAIN}/both.json"}
        | {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "deleted record of a stage": (
        at(f"{STAGE}.json", Path.unlink),
        {("missing", "record", f"{STAGE}.json")},
        {f"{STAGE}.json"},
    ),
    "deleted record of ingest": (
        at("ingest/both.json", Path.unlink),
        {("missing", "record", "ingest/both.json")},
        {"ingest/both.json"},
    ),
    "deleted record of examine": (
        at("examine/both.json", Path.unlink),
        {("missing", "record", "examine/both.json")},
        {"examine/both.json"},
    ),
    "deleted record of a delivery": (
        at("archive/deliver/plain.json", Path.unlink),
        {("missing", "record", "archive/deliver/plain.json")},
        {"archive/deliver/plain.json", "archive/deliver/plain.tif"},
    ),
    "truncated record": (
        at(f"archive/{MAPS}/both.json", truncate),
        {("altered", "record", f"archive/{MAPS}/both.json")},
        {f"archive/{MAPS}/both.json"},
    ),
    "record without its parts": (
        edited(f"{STAGE}.json", lambda record: record["pages"][0].pop("output_key")),
        {("altered", "record", f"{STAGE}.json")},
        {f"{STAGE}.json"},
    ),
    "another scan's record": (
        edited(f"{STAGE}.json", lambda record: record.update(scan="plain")),
        {("altered", "record", f"{STAGE}.json")},
        {f"{STAGE}.json"},
    ),
    "record of another schema": (
        edited("examine/both.json", lambda record: record.update(schema=0)),
        {("altered", "record", "examine/both.json")},
        {"examine/both.json"},
    ),
    "edited findings": (
        edited(f"{STAGE}.json", lambda record: record["pages"][0]["findings"].update(lpi=150)),
        {("altered", "record", f"{STAGE}.json")},
        {f"{STAGE}.json"}
        | {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "edited condition report": (
        # What the album of the whole batch follows from.
        edited("examine/both.json", lambda record: record["pages"][0]["report"].update(faded=0)),
        {("altered", "record", "examine/both.json")},
        {"examine/both.json"}
        | {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "edited SHA-256 of an image": (
        edited(f"{STAGE}.json", lambda record: record["pages"][0].update(sha256="0" * 64)),
        {("altered", "record", f"{STAGE}.json")},
        {f"{STAGE}.json"}
        | {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "wrong input key": (
        edited(f"archive/{AGAIN}/both.json", lambda r: r["pages"][0].update(input_key="0" * 64)),
        {("altered", "page 1: input_key", f"archive/{AGAIN}/both.json")},
        {f"archive/{AGAIN}/both.json"},
    ),
    "wrong output key": (
        edited(f"{STAGE}.json", lambda record: record["pages"][0].update(output_key="0" * 64)),
        {("altered", "page 1: output_key", f"{STAGE}.json")},
        {f"{STAGE}.json"},
    ),
    "wrong key of a delivery": (
        edited("archive/deliver/none.json", lambda record: record.update(key="0" * 64)),
        {("altered", "key", "archive/deliver/none.json")},
        {"archive/deliver/none.json", "archive/deliver/none.tif"},
    ),
    "wrong key of ingest": (
        edited("ingest/none.json", lambda record: record.update(key="0" * 64)),
        {("altered", "key", "ingest/none.json")},
        {"ingest/none.json"},
    ),
    "image named elsewhere": (
        edited(f"{STAGE}.json", lambda record: record["pages"][0].update(image="../both.tif")),
        {("altered", "page 1: image", f"{STAGE}.json")},
        {f"{STAGE}.json"},
    ),
    "edited row": (
        at("archive/deliver/one.tsv", edited_row),
        {("altered", "row", "archive/deliver/one.tsv")},
        {f"archive/deliver/both.{suffix}" for suffix in ("json", "tif", "cube")},
    ),
    "stale table": (
        at(
            f"archive/{MAPS}/one.tsv",
            lambda path: path.write_text(path.read_text().replace("# digest ", "# digest 0")),
        ),
        {("altered", "table", f"archive/{MAPS}/one.tsv")},
        set(),
    ),
    "row that is gone": (
        at(
            "examine/one.tsv",
            lambda path: path.write_text("".join(path.read_text().splitlines(True)[:-1])),
        ),
        {("altered", "table", "examine/one.tsv")},
        set(),
    ),
    "row too many": (
        at("ingest/two.tsv", lambda path: path.write_text(path.read_text() + "x\tdone\t\t\t\n")),
        {("altered", "table", "ingest/two.tsv")},
        set(),
    ),
    "table that is no table": (
        at(f"other/{CHANGES}/one.tsv", lambda path: path.write_bytes(b"\xff\xfe")),
        {("altered", "table", f"other/{CHANGES}/one.tsv")},
        set(),
    ),
    "missing table": (
        at(f"archive/{CHANGES}/one.tsv", Path.unlink),
        {("missing", "table", f"archive/{CHANGES}/one.tsv")},
        set(),
    ),
}


QUICK = ("flipped byte of a deliverable", "missing cube")
"""Those that are tried each time; all others take a minute together."""


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in DAMAGES]
)
def test_damage_is_found_and_exactly_that_is_made_again(plan: Plan, name: str) -> None:
    damage, expected, again = DAMAGES[name]
    before, originals = stamps(plan), masters(plan)
    damage(plan)
    damaged = stamps(plan)
    assert said(plan) == expected
    # Looking changes nothing.
    assert stamps(plan) == damaged
    repaired = findings(plan, repair=True)
    assert {one["next"] for one in repaired} == {"scheduled: the next run makes it again"}
    assert list(plan.results.rglob("*.bad"))
    run(plan)
    after = stamps(plan)
    assert {path for path in after if after[path] != before.get(path)} == again
    assert after.keys() == before.keys()
    assert findings(plan) == []
    assert masters(plan) == originals


def test_what_is_repaired_has_the_bytes_that_it_had(plan: Plan) -> None:
    image = plan.results / f"{STAGE}.tif"
    known = hashlib.sha256(image.read_bytes()).hexdigest()
    flip(image)
    verify_results(plan.results, repair=True)
    run(plan)
    assert hashlib.sha256(image.read_bytes()).hexdigest() == known


def test_a_record_that_was_set_aside_is_kept(plan: Plan) -> None:
    record = plan.results / f"{STAGE}.json"
    for name in ("both.json.bad", "both.json.2.bad"):
        text = record.read_text()
        flip(record.with_suffix(".tif"))
        verify_results(plan.results, repair=True)
        assert record.with_name(name).read_text() == text
        run(plan)
    assert findings(plan) == []


def test_an_image_is_not_taken_over_from_a_recipe_that_is_no_longer_asked_for(plan: Plan) -> None:
    raw = plan.config.model_dump(mode="json")
    sheet = Path(plan.config.scans)
    sheet.write_text(sheet.read_text().replace("archive other", "archive"))
    fewer = make_plan(raw)
    for table in plan.results.rglob("*.tsv"):
        table.unlink()
    run(fewer)
    in_place(plan.results / f"{STAGE}.tif")
    found = findings(fewer, repair=True)
    assert [one["path"] for one in found if one["class"] == "altered"] == [f"{STAGE}.tif"]
    run(fewer)
    assert not [one for one in findings(fewer) if one["class"] != "orphaned"]


# -- masters -------------------------------------------------------------------------------


def test_an_altered_master_is_reported_and_nothing_else_is_done(plan: Plan) -> None:
    path = Path(plan.scans[0].path)
    in_place(path)
    before, originals = stamps(plan), masters(plan)
    (found,) = findings(plan, repair=True)
    assert (found["class"], found["what"], found["path"]) == ("altered", "master", str(path))
    assert found["expected"] != found["found"]
    assert found["next"].startswith("nothing is scheduled; put the right file back")
    assert (stamps(plan), masters(plan)) == (before, originals)
    assert not list(plan.results.rglob("*.bad"))
    assert said(plan, quick=True) == {("altered", "master", str(path))}


def test_a_problem_of_delivery_over_an_altered_master_is_no_untrue_record(plan: Plan) -> None:
    master = Path(plan.scans[0].path)
    sound, name = master.read_bytes(), plan.scans[0].scan
    folder = plan.folder("archive", "deliver")
    for path in (*folder.glob(f"{name}.*"), *folder.glob("*.tsv")):
        path.unlink()
    flip(master)
    run(plan)
    assert json.loads((folder / f"{name}.json").read_text())["status"] == "problem"
    assert {what for kind, what, _ in said(plan) if kind == "altered"} == {"master"}
    status = master.stat()
    master.write_bytes(sound)
    os.utime(master, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert said(plan) == set()


def test_a_quick_verification_reads_no_master(plan: Plan) -> None:
    path = Path(plan.scans[0].path)
    flip(path)
    assert findings(plan, quick=True) == []
    assert said(plan) == {("altered", "master", str(path))}


def test_a_missing_master_is_reported(plan: Plan) -> None:
    path = Path(plan.scans[2].path)
    path.unlink()
    for given in ({}, {"quick": True}, {"repair": True}):
        (found,) = findings(plan, **given)
        assert (found["class"], found["what"], found["path"]) == ("missing", "master", str(path))
        assert "put the file back" in found["next"]


def test_a_touched_master_is_the_same_master(plan: Plan) -> None:
    os.utime(plan.scans[0].path)
    verified = verify_results(plan.results)
    assert verified.clean
    assert verified.tally.touched == 2 + 4 + 4
    assert "a master's time has changed" in summary(verified)


# -- orphans -------------------------------------------------------------------------------


def test_orphans_are_listed_and_left(plan: Plan) -> None:
    results = plan.results
    step = results / f"archive/{CHANGES}"
    made = {
        step / "gone.json": "record",
        step / "gone.tif": "file",
        step / "gone@2.mask.tif": "file",
        step / "masks/gone@2.tif": "file",
        step / "masks/both@7.tif": "file",
        step / "masks/both.tif.host.12.0123456789abcdef.part": "part",
        step / "both@7.tif": "file",
        step / "none.tif": "file",
        step / "box.tsv": "table",
        step / "both.tif.host.12.part": "part",
        results / "ingest/gone.json": "record",
        results / "examine/@gone.tsv": "table",
        results / "other/deliver/none.tif": "file",
        results / "archive/deliver/plain.cube": "file",
        results / "archive/report/gone.json": "file",
        results / "archive/report.html.host.12.part": "part",
        results / "run.json.host.12.part": "part",
    }
    for path in made:
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    (results / "archive/denoise").mkdir()
    (results / "old/deliver").mkdir(parents=True)
    # Another run's results inside these, and what no step makes, are not judged.
    (results / "demo/deliver").mkdir(parents=True)
    (results / "demo/run.json").write_text("{}")
    (results / "notes").mkdir()
    (results / "ingest/@both.tsv").write_text("")
    folders = {results / "archive/denoise": "folder", results / "old": "folder"}
    expected = {
        ("orphaned", what, str(path.relative_to(results)))
        for path, what in {**made, **folders}.items()
    }
    assert said(plan) == expected
    found = findings(plan, repair=True)
    assert all(one["next"].startswith("only listed") for one in found)
    assert all(path.exists() for path in made)
    assert not list(results.rglob("*.bad"))


def test_what_is_left_of_a_scan_that_fails_now_is_orphaned(plan: Plan) -> None:
    left = plan.results / "archive/deliver/wrong.json"
    left.write_text((plan.results / "archive/deliver/both.json").read_text())
    assert said(plan) == {("orphaned", "record", "archive/deliver/wrong.json")}


# -- circumstances -------------------------------------------------------------------------


def test_results_of_other_settings_are_a_line_a_table_and_no_more(plan: Plan) -> None:
    raw = plan.config.model_dump(mode="json")
    raw["recipes"]["archive"]["stages"][AGAIN]["strength"] = 0.5
    make_plan(raw).save()
    steps = (AGAIN, MAPS, "deliver")
    tables = {f"archive/{step}/{batch}.tsv" for step in steps for batch in ("one", "two")}
    assert said(plan) == {("altered", "table", path) for path in tables}


def test_an_unfinished_run_is_a_line_a_table(plan: Plan) -> None:
    for path in (plan.results / "other" / "deliver").iterdir():
        path.unlink()
    assert said(plan) == {("missing", "table", "other/deliver/one.tsv")}


def test_after_the_run_of_one_scan_the_others_are_no_orphans(plan: Plan) -> None:
    only = make_plan({**plan.config.model_dump(mode="json"), "only": "both"})
    run(only)
    verified = verify_results(plan.results)
    assert verified.clean, verified.first
    assert verified.tally.scans == 1
    assert "'both' alone" in summary(verified)


def test_results_may_lie_elsewhere_than_the_run_left_them(plan: Plan, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    plan.results.rename(moved)
    assert verify_results(moved).clean


def test_what_cannot_be_checked_is_said_in_a_line(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no run\.json"):
        verify_results(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    plan_file(plan.results).write_text('{"config":')
    with pytest.raises(ConfigError, match=r"run\.json' cannot be read"):
        verify_results(plan.results)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = [sys.executable, str(ROOT / "scripts" / "verify.py"), *arguments]
    return subprocess.run(script, capture_output=True, text=True, check=False)


def test_the_command_line_and_its_exit_codes(tmp_path: Path) -> None:
    results = tmp_path / "results"
    done = command("--results", str(results))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    (tmp_path / "scans.tsv").write_text(f"scan\tpath\na\t{tmp_path}/a.tif\n")
    given = {"scans": str(tmp_path / "scans.tsv"), "results": str(results), "device": "cpu"}
    make_plan({**given, "recipes": {"archive": {}}, "examine": {"faces": "off"}}).save()
    done = command("--results", str(results))
    assert done.returncode == 1, done.stderr
    # Three tables: ingest, examine, deliver.
    assert done.stdout.splitlines()[-1] == f"3 missing, 0 altered, 0 orphaned: {results}/verify.tsv"
    with (results / ".lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = command("--results", str(results))
    assert done.returncode == 2
    assert "another run" in done.stderr


def test_the_scans_go_the_ways_that_these_tests_are_about(plan: Plan) -> None:
    pages = {
        step: read_record(plan.results / f"archive/{step}/both.json")["pages"][0]
        for step in (CHANGES, AGAIN, MAPS)
    }
    assert [page["status"] for page in pages.values()] == ["applied"] * 3
    assert pages[MAPS]["tones"] is not None
    assert (plan.results / "archive/deliver/both.cube").is_file()
    assert (plan.results / "other/deliver/both.cube").is_file()
