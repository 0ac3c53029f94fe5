"""Records as types: what a run writes fits them to the byte, and what does not fit is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from restoration.config.record_documentation import (
    KINDS,
    findings_file,
    findings_schema,
    record_schema,
    records_page,
    schema_file,
)
from restoration.config.stages import REGISTRY
from restoration.findings.damage import Damage
from restoration.plan.plan import Plan
from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone, Withdrawn
from restoration.records.ingest import read_ingest
from restoration.records.stage_findings.registry import STAGE_FINDINGS
from restoration.storage.keys import canonical_json
from restoration.storage.records import read_record, refusal
from support.small_results import plan, run

__all__ = ["plan"]

ROOT = Path(__file__).resolve().parents[3]


def records(results: Path) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Every record below the results: its file, its kind and its values."""
    for path in sorted(results.rglob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        if path.name == "withdrawn.json":
            yield path, "withdrawn", raw
        elif isinstance(raw, dict) and {"schema", "stage"} <= set(raw):
            step = raw["stage"]
            yield path, step if step in KINDS else "stage", raw


def test_every_record_of_a_run_fits_its_type_and_comes_back_to_the_byte(plan: Plan) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for path, kind, raw in records(plan.results):
        adapter = TypeAdapter(KINDS[kind].type)
        read = adapter.validate_python(raw)
        back = adapter.dump_python(read, mode="json", by_alias=True, exclude_unset=True)
        assert canonical_json(back) == canonical_json(raw), path
        found[kind, raw["status"]] += 1
    steps = ("ingest", "examine", "stage", "deliver")
    assert set(found) >= {(step, "done") for step in steps} | {("ingest", "problem")}


def test_records_fit_the_published_schemas(plan: Plan) -> None:
    """What a program outside finds out with a validator of JSON Schema."""
    checked: Counter[str] = Counter()
    for path, kind, raw in records(plan.results):
        if kind == "examine":
            # The stand-in reports no findings that there are.
            continue
        known = {**raw, "condition_report": []} if kind == "deliver" else raw
        schema = json.loads((ROOT / "config/schemas" / schema_file(kind)).read_text())
        assert jsonschema.Draft202012Validator(schema).is_valid(known), path
        checked[kind] += 1
    assert set(checked) == {"ingest", "stage", "deliver"}


def test_a_withdrawal_fits_its_type(plan: Plan) -> None:
    first = next(scan for scan in plan.scans if scan.scan == "both")
    Path(first.path).write_text("no TIFF any more")
    for table in plan.results.rglob("*.tsv"):
        table.unlink()
    run(plan)
    found = [raw for _, kind, raw in records(plan.results) if kind == "withdrawn"]
    assert found
    for raw in found:
        assert Withdrawn.read(raw, "withdrawn.json").raw() == raw


@pytest.fixture
def ingest(plan: Plan) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((plan.results / "ingest/both.json").read_text())
    return raw


def test_a_record_that_does_not_fit_is_refused_in_one_line(ingest: dict[str, Any]) -> None:
    def refused(changed: dict[str, Any]) -> str:
        with pytest.raises(RecordError) as caught:
            read_ingest(changed, "results/ingest/both.json")
        said = str(caught.value)
        assert "\n" not in said
        assert said.startswith("results/ingest/both.json: ")
        assert said.endswith("delete the record and start the run again, which makes it anew")
        return said

    page = {**ingest["master"]["pages"][0], "height": "tall"}
    damaged = {**ingest, "master": {**ingest["master"], "pages": [page]}}
    assert "master.pages.0.height: expected a whole number, found 'tall'" in refused(damaged)
    assert "colour: expected no such field, found 'red'" in refused({**ingest, "colour": "red"})
    lacking = {name: value for name, value in ingest.items() if name != "signature"}
    assert "signature: expected a value, found nothing" in refused(lacking)
    assert "schema: expected 1 or 2, found 7" in refused({**ingest, "schema": 7})
    short = {**ingest, "sha256": "abc"}
    assert "sha256: expected a SHA-256 (64 hexadecimal digits), found 'abc'" in refused(short)


@pytest.mark.parametrize("text", ['{"schema": 2, "key"', "[" * 100_000, "[1]", "\0", ""])
def test_what_is_no_record_counts_as_missing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "both.json"
    path.write_text(text)
    assert read_record(path) is None
    assert refusal(path) is None


def test_a_record_of_schema_1_is_read(plan: Plan) -> None:
    raw = json.loads((plan.results / "archive/deliver/both.json").read_text())
    read = DeliveryDone.read({**raw, "schema": 1}, "both.json")
    assert read.deliverable.sha256 == raw["deliverable"]["sha256"]


def test_page_and_schemas_are_current() -> None:
    assert (ROOT / "docs/records.md").read_text(encoding="utf-8") == records_page(), "`make docs`"
    for name in KINDS:
        current = (ROOT / "config/schemas" / schema_file(name)).read_text(encoding="utf-8")
        assert current == record_schema(name), "`make docs`"
    for stage in STAGE_FINDINGS:
        current = (ROOT / "config/schemas" / findings_file(stage)).read_text(encoding="utf-8")
        assert current == findings_schema(stage), "`make docs`"


def test_types_of_what_stages_say_are_of_stages_that_there_are() -> None:
    assert set(STAGE_FINDINGS) <= set(REGISTRY)
    assert {"faces", "repair", "colour"} <= set(STAGE_FINDINGS)


def test_every_field_says_what_it_means() -> None:
    for row in records_page().splitlines():
        if row.startswith("| `"):
            assert row.split("|")[3].strip(), row


OLD_REPAIR = {
    "infrared_used": False,
    "infrared_reason": "the master holds no infrared",
    "dust": {"count": 15, "area_px": 182, "light": 10, "dark": 5},
    "scratches": {"count": 1, "area_px": 90, "light": 1, "dark": 0, "length_px": 40},
    "creases": {"count": 0, "area_px": 0, "light": 0, "dark": 0, "length_px": 0},
    "searched_share": 0.25,
    "polarity": "both",
    "shifts": {"dust": 0.0, "scratches": -1.4, "creases": -3.9},
    "found_share": 0.003,
    "vetoed_px": 0,
    "vetoed_share": 0.0,
    "user_mask": False,
    "reason": "dust 15, scratches 1: 0.3 % of the page filled",
}
OLD_DAMAGE = {
    "value": 0.003,
    "unit": "share of the page",
    "confidence": 0.8,
    "method": "morphological residuals against their surroundings",
    "detail": {
        "dust": {"count": 15, "area_px": 182, "light": 10, "dark": 5, "share": 0.003},
        "creases": {
            "count": 1,
            "area_px": 9,
            "light": 1,
            "dark": 0,
            "share": 0.0,
            "length_px": 40,
        },
        "searched_share": 0.02,
        "level": 2,
        "shifts": {"dust": 0.0, "scratches": -1.4, "creases": -3.9},
        "cell_px": 128,
        "cells": [1, 2],
        "map": ["d?"],
    },
}


def test_what_was_said_of_damage_before_there_were_six_kinds_is_still_read() -> None:
    said = STAGE_FINDINGS["repair"].read(OLD_REPAIR, "an old record")
    assert said.raw() == OLD_REPAIR
    found = Damage.model_validate(OLD_DAMAGE)
    assert found.recorded() == {
        **OLD_DAMAGE,
        "detail": {**OLD_DAMAGE["detail"], "map": ("d?",), "cells": (1, 2)},
    }
    assert found.sentence() == (
        "About dust 15, creases 1, about 0.3 % of the page, judged by the 2 % of the page that "
        "were searched."
    )
