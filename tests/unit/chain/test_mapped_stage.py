"""A stage that only maps values: delivery does it, and everything around it knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import tifffile

from restoration.chain import album as albums
from restoration.chain import chain
from restoration.chain.chain import Chain
from restoration.chain.job_tools import make_job_tools
from restoration.chain.page_restorer import JobTools
from restoration.config.regions import read_regions
from restoration.config.stages import CHAIN
from restoration.deliver.sidecars.cube import cube_text
from restoration.deliver.xmp.packet import read_properties
from restoration.errors import ConfigError, ScanError
from restoration.findings.fading import Fading
from restoration.findings.screen import Screen
from restoration.plan.dependencies import Dependencies
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.raster.colour.built_in_profiles import adobe_rgb_profile, srgb_profile
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.colour.uneven_stain import UnevenStain
from restoration.raster.mapped import MappedRaster
from restoration.raster.tiff.page import open_page
from restoration.review.dossier import gather
from restoration.stages.base import Declined, Mapped, Page, Restored
from restoration.storage.keys import digest
from restoration.storage.records import SCHEMA, read_raw, read_record, write_raw
from restoration.upkeep import undo_colour as undoing
from support import corpus
from support.verified_tree import entry, examined
from support.warm_python import Script

ROOT = Path(__file__).resolve().parents[3]
GRID = np.arange(NODES) / (NODES - 1)
CURVES = np.stack([1.1 * GRID, 0.9 * GRID + 0.02, GRID])
"""Red clips at the upper end, green is lifted, blue stays."""

TABLE = ToneTable(CURVES)
MAPS, CHANGES = "upscale", "descreen"
"""Places in the chain that the fakes of this module take; the first is the last of the chain."""


class Maps:
    """Maps the values of scans whose report says so."""

    name, reads = MAPS, ("tone", "fading")
    seen: ClassVar[list[Page]] = []

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Mapped | Declined:
        self.seen.append(page)
        if not page.report.get(Fading).value:
            return Declined("the colours are as they were")
        table = TABLE if page.source.channels == 3 else ToneTable(CURVES[:1])
        return Mapped(table, {"k": [0.9, 1.0, 1.0], "scope": "scan"})


class Changes:
    """Makes every value a tenth brighter; declines scans that are no halftone."""

    name, reads = CHANGES, ("screen",)

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Restored | Declined:
        if page.report.get(Screen).value != "halftone":
            return Declined("no screen")
        source = page.source

        def bands() -> Iterator[np.ndarray]:
            yield 0.1 + source.read(0, 0, source.height, source.width)

        return Restored(source.height, source.width, page.ppi, bands())


SCANS = {
    "both": {"halftone": True, "faded": True},
    "maps": {"halftone": False, "faded": True},
    "none": {"halftone": False, "faded": False},
}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setitem(chain.REGISTRY, MAPS, entry(Maps, shares=True))
    monkeypatch.setitem(chain.REGISTRY, CHANGES, entry(Changes))
    monkeypatch.setattr(Maps, "seen", [])
    rows = ["scan\tpath\tbatch\trecipe"]
    for number, scan in enumerate(SCANS):
        pixels = corpus.codes(40, 300, 3, 16, seed=number)
        corpus.write_tiff(tmp_path / f"{scan}.tif", pixels, icc=srgb_profile(), ppi=600)
        rows.append(f"{scan}\t{tmp_path}/{scan}.tif\tone\tarchive other")
    (tmp_path / "scans.tsv").write_text("\n".join([*rows, ""]))
    stages = {CHANGES: {}, MAPS: {"factor": 1, "network": "none"}}
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipe": "archive",
            "recipes": {"archive": {"stages": stages}, "other": {"stages": stages}},
            "device": "cpu",
        }
    )


def asks_for(plan: Plan, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    """Settings of the mapping stage that its stand-in's section does not know."""
    plain = Dependencies.settings

    def settings(self: Dependencies, recipe: str | None, step: str) -> dict[str, Any]:
        found = plain(self, recipe, step)
        return {**found, **more} if step == MAPS else found

    monkeypatch.setattr(Dependencies, "settings", settings)
    vars(plan).pop("dependencies", None)  # worked out once, so far with the plain settings


def workshop(plan: Plan) -> JobTools:
    def examine(path: Path, number: int, config: Any) -> dict[str, Any]:
        return examined(**SCANS[path.stem])

    return replace(make_job_tools(plan, threads=1), examine=examine)


def way(plan: Plan, scan: str, shop: JobTools | None = None, recipe: str = "archive") -> Chain:
    row = next(row for row in plan.scans if row.scan == scan)
    return Chain(plan, recipe, row, shop or workshop(plan))


def deliver(plan: Plan, scan: str, **given: Any) -> dict[str, Any]:
    record = way(plan, scan, **given).ensure("deliver").raw()
    assert record["status"] == "done", record["reason"]
    return record


def made(plan: Plan, scan: str, recipe: str = "archive") -> np.ndarray:
    return tifffile.imread(plan.folder(recipe, "deliver") / f"{scan}.tif")


def before(plan: Plan, scan: str) -> np.ndarray:
    """What the mapping stage was given."""
    image = plan.folder("archive", CHANGES) / f"{scan}.tif"
    return tifffile.imread(image if image.is_file() else plan.results.parent / f"{scan}.tif")


@pytest.mark.parametrize("scan", ["both", "maps"])
def test_the_deliverable_is_mapped_and_no_second_image_is_written(plan: Plan, scan: str) -> None:
    record = deliver(plan, scan)
    page = record["stages"][-1]["pages"][0]
    assert (page["status"], page["sha256"], page["mask"]) == ("applied", None, None)
    assert page["image"] == (f"archive/{CHANGES}/both.tif" if scan == "both" else None)
    assert page["output_key"] == page["key"] != page["input_key"]
    assert not list(plan.folder("archive", MAPS).glob("*.tif"))
    old = before(plan, scan)
    assert np.array_equal(made(plan, scan), TABLE.mapped(old, 0, 40))
    told = record["deliverable"]["pages"][0]
    assert told["tones"]
    new = TABLE.mapped(old, 0, 40)
    full = [np.mean((new == 65535) & (old != 65535), axis=(0, 1))[c] for c in range(3)]
    assert [share for _, share in told["clipped"]] == pytest.approx(full, rel=1e-4)
    assert full[0] > 0.05


def test_a_scan_that_needs_nothing_is_delivered_as_it_is(plan: Plan) -> None:
    record = deliver(plan, "none")
    assert np.array_equal(made(plan, "none"), before(plan, "none"))
    told = record["deliverable"]["pages"][0]
    assert (told["tones"], told["clipped"]) == (False, None)


@pytest.mark.parametrize("scan", list(SCANS))
def test_nothing_is_done_again(plan: Plan, scan: str) -> None:
    deliver(plan, scan)
    again = way(plan, scan)
    again.ensure("deliver")
    assert again.worked == []
    (plan.folder("archive", CHANGES) / "both.tif").unlink(missing_ok=True)  # pruned
    again = way(plan, scan)
    again.ensure("deliver")
    assert again.worked == []


def test_a_pruned_image_is_made_again_for_a_new_delivery(plan: Plan) -> None:
    deliver(plan, "both")
    first = made(plan, "both")
    (plan.folder("archive", CHANGES) / "both.tif").unlink()
    (plan.folder("archive", "deliver") / "both.tif").unlink()
    again = way(plan, "both")
    again.ensure("deliver")
    assert CHANGES in again.worked
    assert MAPS not in again.worked  # its table is in its record
    assert np.array_equal(made(plan, "both"), first)


def test_an_image_that_only_a_mapped_page_uses_is_still_needed(plan: Plan) -> None:
    way(plan, "both").ensure(MAPS)
    (plan.folder("archive", CHANGES) / "both.tif").unlink()
    # Delivery has not run, and a mapped page stands for no image of its own.
    again = way(plan, "both")
    again.ensure(MAPS)
    assert again.worked == [CHANGES]


@pytest.mark.parametrize("scan", ["both", "maps"])
def test_another_recipe_takes_the_table_over_and_keeps_its_own_image(plan: Plan, scan: str) -> None:
    deliver(plan, scan)
    Maps.seen.clear()
    record = deliver(plan, scan, recipe="other")
    assert Maps.seen == []
    page = record["stages"][-1]["pages"][0]
    assert page["image"] == (f"other/{CHANGES}/both.tif" if scan == "both" else None)
    assert page["output_key"] == page["key"]
    assert np.array_equal(made(plan, scan, "other"), made(plan, scan))


def test_the_mapping_stage_is_the_last_of_the_chain() -> None:
    assert CHAIN[-1] == "colour"


def test_a_stage_after_a_mapping_one_would_see_the_page_unmapped(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(chain.REGISTRY, CHANGES, entry(Maps))
    with pytest.raises(ValueError, match="hands its table to delivery"):
        way(plan, "both").ensure("deliver")


def test_regions_for_a_mapping_stage_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("colour: {exclude: [{box: [1, 2, 3, 4]}]}\n")
    with pytest.raises(
        ConfigError, match=r"colour\.exclude: unknown key|colour\.targets"
    ) as caught:
        read_regions(path)
    assert "\n" not in str(caught.value)


# -- albums --------------------------------------------------------------------------------


def examine_all(plan: Plan, shop: JobTools) -> None:
    for scan in SCANS:
        way(plan, scan, shop).ensure("examine")


def test_a_stage_that_shares_its_batch_is_told_of_every_scan(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks_for(plan, monkeypatch, scope="batch")
    shop = workshop(plan)
    examine_all(plan, shop)
    for scan in ("maps", "none"):
        way(plan, scan, shop).ensure(MAPS)
    first, second = Maps.seen
    assert [page.get(Fading).value > 0.0 for page in first.album] == [
        said["faded"] for said in SCANS.values()
    ]
    assert all(page.get(Screen) is None for page in first.album)  # which it does not read
    assert first.album is second.album
    key = read_raw(plan.folder("archive", MAPS) / "maps.json")["key"]
    # What another scan's report says is part of this one's key.
    path = plan.folder(None, "examine") / "both.json"
    record = read_raw(path)
    record["pages"][0]["report"]["fading"]["value"] = 0.0
    write_raw(path, record)
    again = way(plan, "maps", workshop(plan)).ensure(MAPS).raw()
    assert again["key"] != key
    record["pages"][0]["report"]["fading"]["value"] = 0.5
    # A field that the stage does not read is not.
    record["pages"][0]["report"]["screen"]["confidence"] = 0.5
    write_raw(path, record)
    assert way(plan, "maps", workshop(plan)).ensure(MAPS).key == key


def test_an_album_leaves_out_what_could_not_be_examined(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks_for(plan, monkeypatch, scope="batch")
    shop = workshop(plan)
    examine_all(plan, shop)
    path = plan.folder(None, "examine")
    (path / "both.json").unlink()
    record = {"schema": SCHEMA, "status": "problem", "key": "k", "reason": "damaged"}
    write_raw(path / "none.json", record)
    way(plan, "maps", shop).ensure(MAPS)
    assert len(Maps.seen[-1].album) == 1


def test_an_album_is_read_once_per_job(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    asks_for(plan, monkeypatch, scope="batch")
    shop = workshop(plan)
    examine_all(plan, shop)
    read: list[Path] = []

    def reading(path: Path) -> Any:
        read.append(path)
        return read_record(path)

    monkeypatch.setattr(albums, "read_record", reading)
    for scan in SCANS:
        way(plan, scan, shop).ensure("deliver")
    assert len(read) == len(SCANS)


def test_without_the_scope_there_is_no_album(plan: Plan) -> None:
    way(plan, "maps").ensure(MAPS)
    (page,) = Maps.seen
    assert [finding.name for finding in page.report.findings()] == ["tone", "fading"]
    assert page.album is None


# -- delivery ------------------------------------------------------------------------------


def test_the_history_names_the_table_and_never_holds_it(plan: Plan) -> None:
    deliver(plan, "maps")
    with open_page(plan.folder("archive", "deliver") / "maps.tif") as page:
        said = read_properties(page.tag_bytes(700))
    event = json.loads(said["History"][0]["parameters"])
    assert event["found"] == {"k": [0.9, 1.0, 1.0], "scope": "scan"}
    assert event["tones_sha256"] == TABLE.sha256
    assert "curves" not in json.dumps(said)


def test_the_table_lies_beside_the_deliverable_where_it_is_asked_for(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks_for(plan, monkeypatch, cube=True)
    record = deliver(plan, "maps")
    path = plan.folder("archive", "deliver") / "maps.cube"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert record["deliverable"]["files"] == [
        {"kind": "cube", "file": "maps.cube", "sha256": sha256}
    ]
    assert record["schema"] == 3
    lines = path.read_text().splitlines()
    assert lines[:2] == ['TITLE "maps"', f"LUT_1D_SIZE {NODES}"]
    numbers = np.array([[float(v) for v in line.split()] for line in lines[4:]])
    assert np.array_equal(numbers.T, TABLE.curves)
    path.unlink()
    again = way(plan, "maps")
    again.ensure("deliver")
    assert again.worked == ["deliver"]
    assert path.is_file()
    assert "files" not in deliver(plan, "none")["deliverable"]


def test_a_cube_that_is_no_longer_asked_for_goes(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as asked:
        asks_for(plan, asked, cube=True)
        deliver(plan, "maps")
    deliver(replace(plan), "maps")
    assert not list(plan.folder("archive", "deliver").glob("*.cube"))


def test_a_cube_of_grey_has_equal_columns_and_says_that_a_stain_is_missing() -> None:
    light = np.log10(np.maximum(GRID, 1e-3) + 1e-4 * GRID)
    grey = ToneTable([GRID], UnevenStain([[0.1, 0, 0, 0, 0, 0]], [light]))
    text = cube_text(grey, 'a "b"\nc')
    assert text.startswith("TITLE \"a 'b' c\"\n# The curves alone")
    rows = [line.split() for line in text.splitlines() if line[0].isdigit()]
    assert len(rows) == NODES
    assert all(len(set(row)) == 1 and len(row) == 3 for row in rows)


def test_a_stain_is_taken_away_by_place_whatever_the_window() -> None:
    light = np.log10(np.maximum(GRID, 1e-3) + 1e-4 * GRID)
    table = ToneTable([GRID] * 3, UnevenStain([[0, 0.1, 0.1, 0, 0, 0]] * 3, [light] * 3))
    rng = np.random.default_rng(2)
    codes = rng.integers(3000, 40_000, (50, 60, 3), dtype=np.uint16)

    class Codes:
        height, width, channels = codes.shape

        def read(self, top: int, left: int, height: int, width: int) -> np.ndarray:
            return codes[top : top + height, left : left + width] / np.float32(65535)

    raster = MappedRaster(Codes(), table)
    whole = raster.read(0, 0, 50, 60)
    assert np.array_equal(whole[7:20, 30:55], raster.read(7, 30, 13, 25))
    assert np.array_equal(np.rint(whole * 65535), table.mapped(codes, 0, 50))


# -- undoing -------------------------------------------------------------------------------


@pytest.fixture
def undo(script: Script) -> Script:
    return partial(script, "undo_colour.py")


@pytest.fixture
def delivered(plan: Plan) -> tuple[Path, Path]:
    """Record and file."""
    deliver(plan, "maps")
    folder = plan.folder("archive", "deliver")
    return folder / "maps.json", folder / "maps.tif"


def test_tones_are_undone_from_the_record_alone(
    plan: Plan, delivered: tuple[Path, Path], undo: Script, tmp_path: Path
) -> None:
    out = tmp_path / "undone.tif"
    done = undo(*delivered, out)
    assert done.returncode == 0, done.stderr
    assert "clipped does not come back" in done.stdout
    old, mapped = before(plan, "maps").astype(int), made(plan, "maps")
    kept = mapped != 65535
    assert np.abs(tifffile.imread(out).astype(int) - old)[kept].max() <= 1
    with open_page(out) as page, open_page(delivered[1]) as source:
        assert (page.profile, page.ppi, page.bits) == (source.profile, (600.0, 600.0), 16)
        history = read_properties(page.tag_bytes(700))["History"]
        assert TABLE.sha256 in history[-2]["parameters"]


def test_mistakes_in_undoing_are_told_in_one_line(
    plan: Plan, delivered: tuple[Path, Path], undo: Script, tmp_path: Path
) -> None:
    record, file = delivered
    deliver(plan, "none")
    told = read_raw(record)
    damaged, converted = tmp_path / "damaged.json", tmp_path / "converted.json"
    page = told["stages"][-1]["pages"][0]
    write_raw(converted, {**told, "deliverable": {**told["deliverable"]}})
    page["tones"]["curves"] = [[0.0] * NODES] * 3
    write_raw(damaged, told)
    # A deliverable in another profile than the master's, which a record would own.
    other = tmp_path / "other.tif"
    corpus.write_tiff(other, made(plan, "maps"), icc=adobe_rgb_profile())
    told = read_raw(converted)
    told["deliverable"]["sha256"] = hashlib.sha256(other.read_bytes()).hexdigest()
    write_raw(converted, told)
    out = tmp_path / "out.tif"
    for arguments, said in (
        ((tmp_path / "scans.tsv", file, out), "expected the deliver record"),
        ((plan.folder("archive", MAPS) / "maps.json", file, out), "expected the deliver record"),
        ((record, plan.folder("archive", "deliver") / "none.tif", out), "expected the file of"),
        ((record, tmp_path / "gone.tif", out), "is missing"),
        ((record.with_name("none.json"), file, out), "no tones of this scan were mapped"),
        ((damaged, file, out), "the record is damaged (curves: expected slopes"),
        ((converted, other, out), "expected the profile of the master"),
        ((record, file, file), "exists already"),
    ):
        with pytest.raises(ScanError) as caught:
            undoing.undo(*arguments)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not out.exists()
    done = undo(tmp_path / "scans.tsv", file, out)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_eight_bits_are_undone_to_eight_bits_and_it_is_said(
    plan: Plan, undo: Script, tmp_path: Path
) -> None:
    pixels = corpus.codes(40, 300, 3, 8)
    corpus.write_tiff(tmp_path / "maps.tif", pixels, icc=srgb_profile())
    deliver(plan, "maps")
    folder = plan.folder("archive", "deliver")
    done = undo(folder / "maps.json", folder / "maps.tif", tmp_path / "out.tif")
    assert done.returncode == 0, done.stderr
    assert "1/255" in done.stdout
    out, kept = tifffile.imread(tmp_path / "out.tif"), made(plan, "maps") != 255
    assert out.dtype == np.uint8
    assert np.abs(out.astype(int) - pixels)[kept].max() <= 1


# -- report --------------------------------------------------------------------------------


@pytest.mark.parametrize("scan", ["both", "maps", "none"])
def test_the_report_shows_and_scores_what_was_delivered(
    plan: Plan, tmp_path: Path, scan: str
) -> None:
    deliver(plan, scan)
    truth = tmp_path / "truth"
    truth.mkdir()
    corpus.write_tiff(truth / f"{scan}.tif", made(plan, scan), icc=srgb_profile())
    shown = gather(plan.results, "archive", scan, {}, truth)
    assert shown.missing == ""
    rows = {row.name: row for row in shown.pages[0].score_rows}
    if scan == "none":
        assert list(rows) == ["Master"]
        return
    assert rows["After upscale"].cells[0].text == "identical"
    assert rows["Master"].cells[0].text != "identical"
    assert "mapped by a table" in dict(shown.deliverable)["Tones"]
    assert shown.touched


def test_a_mapped_page_before_the_last_stage_is_scored_mapped(plan: Plan, tmp_path: Path) -> None:
    deliver(plan, "maps")
    path = plan.folder("archive", "deliver") / "maps.json"
    record = read_raw(path)
    # As if a stage had come after it: its row is then made from image and table.
    record["stages"].append({**record["stages"][-1], "stage": "later"})
    write_raw(path, record)
    corpus.write_tiff(tmp_path / "maps.truth.tif", made(plan, "maps"), icc=srgb_profile())
    (tmp_path / "truth").mkdir()
    (tmp_path / "maps.truth.tif").rename(tmp_path / "truth" / "maps.tif")
    shown = gather(plan.results, "archive", "maps", {}, tmp_path / "truth")
    texts = [row.cells[0].text for row in shown.pages[0].score_rows]
    assert texts[1:] == ["identical", "identical"]


def test_a_record_holds_no_more_than_the_table(plan: Plan) -> None:
    page = deliver(plan, "maps")["stages"][-1]["pages"][0]
    assert digest(page["tones"]) == page["tones_sha256"] == TABLE.sha256
    assert len(json.dumps(page)) < 20_000
