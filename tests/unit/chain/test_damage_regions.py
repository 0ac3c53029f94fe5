"""Regions in which a person has damage filled, from the file to the deliverable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from restoration.chain.chain import Chain
from restoration.chain.job_tools import make_job_tools
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.raster.base import to_uint16
from restoration.records.stage_findings.repair import RepairFindings
from restoration.review.left_marks import regions_text
from support.fake_detector import fake_detector
from support.repairs import card

FAINT = (120, 120)


@pytest.fixture(autouse=True)
def _no_weights() -> Iterator[None]:
    with fake_detector():
        yield


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """One scan with two specks that are certain and one that is only suspected."""
    tifffile.imwrite(tmp_path / "s.tif", master(), photometric="minisblack")
    (tmp_path / "scans.tsv").write_text(f"scan\tpath\ns\t{tmp_path}/s.tif\n")
    (tmp_path / "regions").mkdir()
    return made(tmp_path)


def master() -> Any:
    return to_uint16(card((60, 70), (250, 60), faint=(FAINT,))[0])[:, :, 0]


def made(folder: Path) -> Plan:
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "recipe": "archive",
            "recipes": {"archive": {"stages": {"repair": {}}}},
            "examine": {"faces": "off"},
            "device": "cpu",
        }
    )


def done(plan: Plan, step: str = "deliver") -> dict[str, Any]:
    chain = Chain(plan, "archive", plan.scans[0], make_job_tools(plan, threads=1))
    return chain.ensure(step).raw()


def mask_of(plan: Plan, record: dict[str, Any]) -> Any:
    (page,) = record["stages"][0]["pages"]
    return tifffile.imread(plan.results / page["mask"]) > 0


def test_what_the_report_offers_is_filled_when_it_is_put_into_the_file_of_regions(
    plan: Plan, tmp_path: Path
) -> None:
    record = done(plan)
    assert record["status"] == "done", record["reason"]
    (page,) = record["stages"][0]["pages"]
    assert "searched_anew" not in page["findings"]
    assert not mask_of(plan, record)[FAINT]
    left = RepairFindings.read(page["findings"], "repair").left_boxes
    assert [mark.reason for mark in left or ()] == ["suspected"]
    text = regions_text(left or (), 1, (320, 320))
    (tmp_path / "regions/s.yaml").write_text(text)
    again = made(tmp_path)
    record = done(again)
    assert record["status"] == "done", record["reason"]
    mask = mask_of(again, record)
    assert mask[FAINT]
    assert mask[60, 70]
    made_page = tifffile.imread(again.folder("archive", "deliver") / "s.tif")
    np.testing.assert_array_equal(made_page[~mask], master()[~mask])
    # And nothing is left.
    (page,) = record["stages"][0]["pages"]
    assert page["findings"]["left_marks"] == []


def test_a_region_without_a_mark_is_a_problem_of_its_scan(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "regions/s.yaml").write_text("repair: {fill: [{box: [200, 10, 20, 20]}]}")
    record = done(made(tmp_path), "repair")
    assert record["status"] == "problem"
    assert "s.yaml': repair.fill.0: the box 200, 10, 20, 20" in record["reason"]
    assert "holds nothing that may be damage" in record["reason"]


def test_a_region_beside_the_page_is_a_problem_of_its_scan(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "regions/s.yaml").write_text("repair: {fill: [{box: [400, 10, 20, 20]}]}")
    record = done(made(tmp_path), "repair")
    assert record["status"] == "problem"
    assert "repair.fill.0: the box 400, 10, 20, 20" in record["reason"]
    assert "lies beside page 1" in record["reason"]
