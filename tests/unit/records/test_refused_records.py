"""Records that another version wrote are read or refused in one line, and nothing is lost by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from restoration.chain.chain import Chain
from restoration.plan.plan import Plan
from restoration.records.stage import AppliedPage, StageDone
from restoration.storage.records import SEAL, read_record, refusal, sealed
from restoration.upkeep.verify.current import LACKS, made_anew
from support.small_results import AGAIN, CHANGES, plan, workshop

__all__ = ["plan"]


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """As another version would have written it: with a seal that holds."""
    record = json.loads(path.read_text())
    del record[SEAL]
    change(record)
    path.write_text(json.dumps(sealed(record)))


def newer(record: dict[str, Any]) -> None:
    record["pages"][0]["quality"] = 3


def lacking(record: dict[str, Any]) -> None:
    del record["processor"]


def older(record: dict[str, Any]) -> None:
    record["schema"] = 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (newer, "pages.0.applied.quality: expected no such field, found 3"),
        (lacking, "processor: expected a value, found nothing"),
        (older, "schema: expected 2 or 3, found 1"),
    ],
)
def test_a_record_of_another_version_is_refused_in_one_line_and_made_anew(
    plan: Plan, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    scan = next(one for one in plan.scans if one.scan == "both")
    path = plan.folder("archive", CHANGES) / "both.json"
    before = read_record(path)
    assert isinstance(before, StageDone)
    deliver = plan.folder("archive", "deliver") / "both.json"
    deliver.unlink()  # else the record comes back from its copy there
    rewrite(path, change)
    assert read_record(path) is None
    line = refusal(path)
    assert line is not None
    assert line.startswith(f"{path}: ")
    assert said.replace(".applied", "") in line.replace(".applied", "")
    assert "\n" not in line
    found = {one.step: one.reason for one in made_anew(plan, scan, {}) if one.recipe == "archive"}
    assert found == {CHANGES: LACKS} | dict.fromkeys(plan.steps("archive")[3:], f"after {CHANGES}")
    chain = Chain(plan, "archive", scan, workshop(plan))
    assert chain.ensure(AGAIN).status == "done"
    assert line in chain.mended
    assert chain.worked[0] == CHANGES
    again = read_record(path)
    assert isinstance(again, StageDone)
    assert again.key == before.key
    assert refusal(path) is None


def test_a_lost_record_comes_back_from_its_copy_as_it_was(plan: Plan) -> None:
    scan = next(one for one in plan.scans if one.scan == "both")
    path = plan.folder("archive", CHANGES) / "both.json"
    text = path.read_text()
    path.unlink()
    chain = Chain(plan, "archive", scan, workshop(plan))
    chain.ensure("deliver")
    assert chain.worked == []
    assert path.read_text() == text


def test_a_record_is_read_as_its_type(plan: Plan) -> None:
    record = read_record(plan.folder("archive", CHANGES) / "both.json")
    assert isinstance(record, StageDone)
    (page,) = record.pages
    assert isinstance(page, AppliedPage)
    assert (plan.results / str(page.image)).is_file()
    assert record.page(1) is page
    with pytest.raises(LookupError, match="has no page 2"):
        record.page(2)
