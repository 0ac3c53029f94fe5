"""Infrared on a page of its own: used as the mask of colour film, never restored, always named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from restoration.chain.chain import Chain
from restoration.chain.job_tools import make_job_tools
from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.stated_resolution import NominalResolutionMeasurer
from restoration.findings.nominal_resolution import NominalResolution
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.tiff.page import open_page
from restoration.records.any_record import record_of
from restoration.review.dossier import gather
from restoration.review.findings import finding
from restoration.review.page import write_report
from restoration.run.batch import row_of, run_batch
from restoration.run.run_progress import (
    begin_progress,
    found_here,
    problems_so_far,
    read_run,
    work_of,
)
from restoration.run.status import status_of
from restoration.run.status_text import text_of
from restoration.storage.keys import Facts
from restoration.storage.tables import gather_problems, read_table
from support import corpus
from support.condition import recorded
from support.fake_detector import WhiteDetector, fake_detector
from support.film import film
from support.tiff_pages import write


@pytest.fixture(autouse=True)
def _no_weights() -> Iterator[None]:
    with fake_detector(WhiteDetector()):
        yield


SOUND = {"damage": {"value": 0.0, "detail": {}}}


def sixteen(pixels: np.ndarray) -> np.ndarray:
    return np.rint(pixels * 65535).astype(np.uint16)


def slide(path: Path, *, kind: int = 4, software: str = "SilverFast 8.8", **options: Any) -> Path:
    picture, infrared, _ = film()
    return write(
        path, (sixteen(picture), {}), (sixteen(infrared), {"kind": kind}), software=software,
        **options,
    )  # fmt: skip


def plan_of(tmp_path: Path, *, material: str = "positive", **repair: Any) -> Plan:
    """One scan, ``s.tif``, in a recipe of ``repair`` alone."""
    row = f"s\t{tmp_path}/s.tif\tone\tarchive\t{material}"
    (tmp_path / "scans.tsv").write_text(f"scan\tpath\tbatch\trecipe\tmaterial\n{row}\n")
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipe": "archive",
            "recipes": {"archive": {"stages": {"repair": repair}}},
            "device": "cpu",
        }
    )


def deliver(plan: Plan, colour: str = "colour") -> Facts:
    """The deliver record; what the condition report would say of the picture is given."""

    def examine(path: Path, number: int, config: Any) -> Mapping[str, Any]:
        return recorded({**SOUND, "colour": {"value": colour}})

    workshop = replace(make_job_tools(plan, threads=1), examine=examine)
    record = Chain(plan, "archive", plan.scans[0], workshop).ensure("deliver").raw()
    assert record["status"] == "done", record["reason"]
    return record


def repair_of(record: Facts) -> Facts:
    (page,) = record["stages"][0]["pages"]
    return page


@pytest.mark.parametrize(("kind", "software"), [(4, "SilverFast 8.8"), (0, "VueScan 9 x64")])
def test_dust_on_colour_film_is_found_by_the_page_of_infrared(
    tmp_path: Path, kind: int, software: str
) -> None:
    picture, infrared, dust = film()
    slide(tmp_path / "s.tif", kind=kind, software=software)
    plan = plan_of(tmp_path)
    record = deliver(plan)
    page = repair_of(record)
    assert page["status"] == "applied"
    assert page["findings"]["infrared_used"] is True
    mask = tifffile.imread(plan.results / page["mask"]) > 0
    assert mask[dust].mean() > 0.95
    with tifffile.TiffFile(plan.folder("archive", "deliver") / "s.tif") as made:
        restored, own = (each.asarray() for each in made.pages)
    np.testing.assert_array_equal(restored[~mask], sixteen(picture)[~mask])
    assert (restored != sixteen(picture)).any()
    np.testing.assert_array_equal(own, sixteen(infrared)[..., 0])
    assert [p["number"] for p in record["stages"][0]["pages"]] == [1], "infrared is no page"


def test_the_page_and_the_channel_of_infrared_give_the_same_pixels(tmp_path: Path) -> None:
    picture, infrared, _ = film()
    made = []
    for kind in ("page", "channel"):
        folder = tmp_path / kind
        folder.mkdir()
        if kind == "page":
            slide(folder / "s.tif")
        else:
            both = np.concatenate([sixteen(picture), sixteen(infrared)], axis=2)
            options = {"extra": ["unspecified"], "software": "SilverFast 8.8"}
            corpus.write_tiff(folder / "s.tif", both, **options)
        plan = plan_of(folder)
        page = repair_of(deliver(plan))
        made.append(tifffile.imread(plan.results / page["mask"]))
    assert made[0].any()
    np.testing.assert_array_equal(*made)


@pytest.mark.parametrize(
    ("material", "colour", "setting", "said"),
    [
        ("print", "colour", "auto", "prints are opaque"),
        ("positive", "grey", "auto", "silver is opaque"),
        ("positive", "colour", "never", "the recipe has repair leave it unused"),
    ],
)
def test_infrared_that_shows_the_picture_is_not_used_and_still_delivered(
    tmp_path: Path, material: str, colour: str, setting: str, said: str
) -> None:
    slide(tmp_path / "s.tif")
    plan = plan_of(tmp_path, material=material, infrared=setting)
    record = deliver(plan, colour)
    page = repair_of(record)
    assert page["status"] == "declined"
    assert said in page["findings"]["infrared_reason"]
    with tifffile.TiffFile(plan.folder("archive", "deliver") / "s.tif") as made:
        np.testing.assert_array_equal(made.pages[1].asarray(), sixteen(film()[1])[..., 0])


def test_material_that_is_corrected_in_the_sheet_is_seen(tmp_path: Path) -> None:
    slide(tmp_path / "s.tif")
    assert repair_of(deliver(plan_of(tmp_path, material="print")))["status"] == "declined"
    assert repair_of(deliver(plan_of(tmp_path)))["status"] == "applied"


def test_infrared_of_another_size_is_told_and_never_used(tmp_path: Path) -> None:
    picture, infrared, _ = film()
    half = sixteen(infrared)[::2, ::2]
    pages = [(sixteen(picture), {}), (half, {"kind": 4})]
    write(tmp_path / "s.tif", *pages, software="SilverFast 8.8")
    plan = plan_of(tmp_path, infrared="always")
    record = deliver(plan)
    page = repair_of(record)
    why = "the infrared picture is 160 x 160 px, the page 320 x 320 px"
    assert page["findings"]["infrared_reason"] == why
    assert why in page["reason"]
    dossier = gather(plan.results, "archive", "s", {}, None)
    assert any("it is delivered and used for nothing" in text for text in dossier.warnings)
    with tifffile.TiffFile(plan.folder("archive", "deliver") / "s.tif") as made:
        np.testing.assert_array_equal(made.pages[1].asarray(), half[..., 0])


@pytest.mark.parametrize("apply", ["auto", "always"])
def test_infrared_that_is_asked_for_and_is_not_there_is_said(tmp_path: Path, apply: str) -> None:
    corpus.write_tiff(tmp_path / "s.tif", sixteen(film()[0]))
    plan = plan_of(tmp_path, infrared="always", apply=apply)
    page = repair_of(deliver(plan))
    said = "the recipe asks for infrared always, and the master holds no infrared"
    if page["status"] == "declined":
        assert said in page["reason"]
    dossier = gather(plan.results, "archive", "s", {}, None)
    assert f"repair: {said}" in dossier.warnings


def test_nobody_says_that_there_is_none_where_it_lies_on_a_page(tmp_path: Path) -> None:
    for material in ("print", "positive"):
        folder = tmp_path / material
        folder.mkdir()
        slide(folder / "s.tif")
        record = json.dumps(deliver(plan_of(folder, material=material)))
        assert "holds no infrared" not in record
        assert "no infrared channel" not in record


def test_report_and_condition_report_name_it(tmp_path: Path) -> None:
    path = slide(tmp_path / "s.tif")
    plan = plan_of(tmp_path)
    deliver(plan)
    dossier = gather(plan.results, "archive", "s", {}, None)
    assert dict(dossier.master)["Infrared"] == (
        "picture 2 of the file, 320 × 320 px, delivered as it was, as a page of its own"
    )
    assert dossier.more_pages == 0
    with open_page(path) as page:
        colour = ColourSpace.from_profile(None, 3)
        report = examine_page(page, ExamineSettings(), colour, [NominalResolutionMeasurer])
    row = finding(NominalResolution.model_validate(report["nominal_resolution"]))
    assert "Infrared: a page of its own, picture 2 of 2 in the file." in row["text"]


def test_pages_that_are_left_out_stand_in_report_table_and_line(tmp_path: Path) -> None:
    pages = [(sixteen(film()[0]), {}), (np.eye(16, dtype=bool), {})]
    write(tmp_path / "s.tif", *pages)
    plan = plan_of(tmp_path)
    record = deliver(plan)
    said = "picture 2 of the file is left out: s.tif, picture 2 of 2 in the file: expected"
    assert row_of(plan.scans[0], "deliver", record_of(record, "deliver")).reason.startswith(said)
    assert row_of(plan.scans[0], "ingest", record_of(record["master"], "ingest")).reason.startswith(
        said
    )
    dossier = gather(plan.results, "archive", "s", {}, None)
    assert dict(dossier.master)["Left out"].startswith(said)
    assert sum("is not delivered" in text for text in dossier.warnings) == 1


def test_pages_that_are_left_out_are_problems_of_a_scan_that_is_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "s.tif", (sixteen(film()[0]), {}), (np.eye(16, dtype=bool), {}))
    plan = plan_of(tmp_path)
    table = Path(plan.table("archive", "deliver", "one"))
    shop = replace(
        make_job_tools(plan, threads=1),
        examine=lambda path, number, config: recorded({**SOUND, "colour": {"value": "colour"}}),
    )
    assert run_batch(plan, "archive", "deliver", "one", shop, table=table) == 0
    assert "done, but picture 2 of the file is left out" in capsys.readouterr().err
    rows = read_table(table)
    assert [row.status for row in rows] == ["done"]
    assert found_here("deliver", rows) == 1
    problems = plan.results / "archive" / "problems.tsv"
    assert gather_problems([table], problems) == 1
    line = problems.read_text().splitlines()[1]
    assert line.startswith("s\tpages\tpicture 2 of the file is left out: s.tif, picture 2 of 2")
    plan.save()
    begin_progress(plan, ())
    run = read_run(plan.results)
    assert run is not None
    assert problems_so_far(run) == 1, "found by an earlier run"
    begin_progress(plan, work_of(plan))
    status = status_of(plan.results)
    assert [(p.scan, p.step) for p in status.problems] == [("s", "pages")]
    # A page of an unsupported kind is no fault that a second try could mend.
    assert "make retry" not in text_of(status)
    html = tmp_path / "report.html"
    write_report(plan.results, "archive", ["s"], html)
    text = html.read_text()
    assert 'id="scan-s"' in text, "it is delivered"
    assert "<td>pages</td><td>picture 2 of the file is left out" in text
