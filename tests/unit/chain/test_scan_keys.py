"""What is done, kept and verified is judged by one class of keys, from records alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from restoration.chain.scan_keys import EarlierProblemError, ScanKeys
from restoration.plan.dependencies import Dependencies
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord
from restoration.run.unneeded_images import delivered_record
from restoration.storage.records import read_record
from restoration.upkeep.verify.current import made_anew
from support.small_results import AGAIN, CHANGES, MAPS, SCANS, plan, run

__all__ = ["plan"]

STEPS = ("ingest", "examine", CHANGES, AGAIN, MAPS, "deliver")


def records_of(plan: Plan, recipe: str, scan: str) -> dict[str, AnyRecord]:
    found = {}
    for step in plan.steps(recipe):
        record = read_record(plan.folder(recipe, step) / f"{scan}.json")
        assert record is not None
        found[step] = record
    return found


def each(plan: Plan) -> Iterator[tuple[ScanKeys, dict[str, AnyRecord]]]:
    """The keys of every scan that was delivered, in every recipe, with its records."""
    for scan in (one for one in plan.scans if one.scan != "wrong"):
        for recipe in scan.recipes:
            records = records_of(plan, recipe, scan.scan)
            yield ScanKeys(plan, recipe, scan, {}, records.__getitem__), records


def test_records_bear_the_keys_that_are_expected_and_no_pixel_is_read(plan: Plan) -> None:
    for image in plan.results.rglob("*.tif"):
        image.unlink()
    seen = 0
    for keys, records in each(plan):
        assert tuple(records) == STEPS
        ingested = keys.ingested()
        assert ingested.sha256 is not None
        assert keys.ingest(ingested.sha256) == ingested.key
        assert keys.is_true("ingest", records["ingest"])
        Path(keys.scan.path).rename(f"{keys.scan.path}.away")
        for step in STEPS[1:]:
            assert keys.of(step) == records[step].key
            assert keys.is_true(step, records[step])
        assert not keys.is_true("ingest", records["ingest"])
        Path(f"{keys.scan.path}.away").rename(keys.scan.path)
        seen += 1
    assert seen == 2 * (len(SCANS) - 1) - 1


@pytest.mark.parametrize("changed", STEPS)
def test_changed_code_of_a_step_makes_it_and_what_follows_anew_and_nothing_before(
    plan: Plan, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Dependencies.code

    def code(self: Dependencies, recipe: str | None, step: str) -> str:
        return "another" if step == changed else plain(self, recipe, step)

    monkeypatch.setattr(Dependencies, "code", code)
    vars(plan).pop("dependencies", None)
    at = STEPS.index(changed)
    for keys, records in each(plan):
        true = [step for step in STEPS if keys.is_true(step, records[step])]
        assert true[:at] == list(STEPS[:at])
        assert changed not in true
        anew = {
            one.step for one in made_anew(plan, keys.scan, {}) if one.recipe in (None, keys.recipe)
        }
        assert anew == set(STEPS[at:])
        assert keys.recipe is not None
        assert delivered_record(plan, keys.recipe, keys.scan, {}) is None


def test_a_problem_is_told_from_what_is_not_done(plan: Plan) -> None:
    scan = plan.scans[0]
    recipe = scan.recipes[0]
    assert delivered_record(plan, recipe, scan, {}) is not None
    (plan.folder(recipe, "deliver") / f"{scan.scan}.tif").unlink()
    assert delivered_record(plan, recipe, scan, {}) is None
    Path(scan.path).write_text("no TIFF")
    assert delivered_record(plan, recipe, scan, {}) is None
    for table in plan.results.rglob("*.tsv"):
        table.unlink()
    run(plan)
    with pytest.raises(EarlierProblemError) as found:
        delivered_record(plan, recipe, scan, {})
    assert found.value.step == "ingest"
