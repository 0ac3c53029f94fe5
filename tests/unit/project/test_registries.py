"""What follows from one entry of a registry: of stages, and of files beside the deliverable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from restoration.config.stages import REGISTRY, StagesSettings
from restoration.deliver.sidecars import SIDECARS, label_of, sidecar_of
from restoration.deliver.sidecars.sidecar import Sidecar
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone
from restoration.records.stage import StageDone
from restoration.review.findings import stage_label
from restoration.storage.page_state import delivered_files, files_beside
from support.written_records import (
    applied_page,
    deliver_record,
    deliverable_of,
    ingest_record,
    master_of,
    stage_record,
)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "a.tif").write_bytes(bytes(100))
    (tmp_path / "scans.tsv").write_text(f"scan\tpath\trecipe\na\t{tmp_path}/a.tif\tone two\n")
    stages = {"descreen": {}, "denoise": {"network": "none"}}
    config = {
        "scans": str(tmp_path / "scans.tsv"),
        "results": str(tmp_path / "results"),
        "recipe": "one",
        "device": "cpu",
        "recipes": {"one": {"stages": stages}, "two": {"stages": {"descreen": {}}}},
    }
    return make_plan(config)


def facts(plan: Plan) -> dict[tuple[str, str], str]:
    """What each job depends on, worked out anew."""
    for name in ("dependencies", "_digests"):
        vars(plan).pop(name, None)
    batch = plan.batches("one")[0]
    return {(r, s): plan.digest(r, s, batch) for r in ("one", "two") for s in plan.steps(r)}


def changed(plan: Plan, patch: pytest.MonkeyPatch, **more: Any) -> set[tuple[str, str]]:
    """The jobs that another entry of `denoise` has done again."""
    before = facts(plan)
    patch.setitem(REGISTRY, "denoise", replace(REGISTRY["denoise"], **more))
    after = facts(plan)
    return {place for place in before if before[place] != after[place]}


def test_another_word_in_the_history_delivers_the_recipes_of_the_stage_again(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changed(plan, monkeypatch, action="edited") == {("one", "deliver")}


def test_another_cost_makes_nothing_anew(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"seconds_per_megapixel": 7.0, "network_share": 0.5, "description": "x"}
    assert changed(plan, monkeypatch, label="Noise", **other) == set()
    assert stage_label("denoise") == "Noise"


def test_the_sections_of_a_recipe_are_those_of_the_registry() -> None:
    assert list(StagesSettings.model_fields) == list(REGISTRY)
    for name, entry in REGISTRY.items():
        assert isinstance(StagesSettings.model_validate({name: "on"}).of(name), entry.settings)


@pytest.mark.parametrize("ending", ["txt", ".tif", ".json", ".part", ".a.txt", ".TXT", ""])
def test_an_ending_that_is_another_files_or_no_plain_one_is_refused(ending: str) -> None:
    with pytest.raises(ValueError, match="cannot be the ending"):
        Sidecar("k", ending, "K", lambda scan, page: True, lambda part, scan, page: None)


def test_no_two_files_beside_a_deliverable_share_kind_or_ending() -> None:
    assert len({sidecar.kind for sidecar in SIDECARS}) == len(SIDECARS)
    assert len({sidecar.ending for sidecar in SIDECARS}) == len(SIDECARS)


def test_what_a_file_is_follows_from_its_name() -> None:
    found = sidecar_of("a@2.cube")
    assert found is not None
    assert found.kind == "cube"
    assert found.name("a", 1) == "a.cube"
    assert found.name("a", 2) == "a@2.cube"
    assert sidecar_of("cube") is None
    assert sidecar_of("a.tif") is None


def test_a_kind_that_is_known_no_more_keeps_its_name() -> None:
    assert label_of("cube") == "Tone table"
    assert label_of("origin_map") == "Origin map"


@pytest.mark.parametrize(
    ("schema", "beside"),
    [
        (3, {"files": [{"kind": "cube", "file": "s.cube", "sha256": "b" * 64}]}),
        (2, {"cubes": [{"page": 1, "file": "s.cube", "sha256": "b" * 64}]}),
        (1, {"cubes": [{"page": 1, "file": "s.cube", "sha256": "b" * 64}]}),
    ],
)
def test_records_of_every_schema_name_what_lies_beside(schema: int, beside: dict[str, Any]) -> None:
    master = ingest_record(master_of((2, 3, 1, 8)))
    raw = deliver_record(deliverable_of(sha256="a" * 64, **beside), master, schema=schema)
    record = DeliveryDone.read(raw, "s.json")
    assert delivered_files(record) == {"s.tif": "a" * 64, "s.cube": "b" * 64}
    assert [one.raw() for one in files_beside(record)] == [
        {"kind": "cube", "file": "s.cube", "sha256": "b" * 64}
    ]


def test_a_stage_has_no_record_of_the_schema_of_deliveries() -> None:
    raw = stage_record("cleanup", applied_page(), schema=3)
    with pytest.raises(RecordError, match="schema: expected 1 or 2, found 3"):
        StageDone.read(raw, "s.json")
