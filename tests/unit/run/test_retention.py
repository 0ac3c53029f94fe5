"""Images between the stages go once nobody needs them, and not before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restoration.errors import CircumstanceError
from restoration.plan.dependencies import Dependencies
from restoration.plan.plan import Plan
from restoration.review.illustrations import Illustrated
from restoration.review.page import write_report
from restoration.run import unneeded_images as retention
from restoration.run.batch import run_batch
from restoration.storage.manifest import ask_again
from restoration.storage.records import write_raw
from support import corpus
from support.kept_images import ALL, deliverables, images, keeping, masks
from support.review_collection import Collection, Page, soft
from support.small_results import AGAIN, CHANGES, MAPS, SCANS, findings, plan, run, stamps, workshop

__all__ = ["plan"]


@pytest.fixture(autouse=True)
def _epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def take(plan: Plan, recipe: str, step: str, batch: str = "one", **also: Any) -> int:
    table = Path(plan.table(recipe, step, batch))
    given = replace(workshop(plan), **also)
    return run_batch(plan, recipe, step, batch, given, table=table)


def forget_tables(plan: Plan) -> None:
    for table in plan.results.rglob("*.tsv"):
        table.unlink()


@pytest.mark.parametrize(
    ("how", "left"),
    [
        ("none", set()),
        pytest.param("last", {name for name in ALL if AGAIN in name}, marks=pytest.mark.slow),
    ],
)
def test_only_what_was_asked_for_stays_and_nothing_else_changes(
    plan: Plan, how: str, left: set[str]
) -> None:
    # The colour-like stage only maps: what delivery read was written by the stage before it.
    assert images(plan) == ALL
    small = keeping(plan, how)
    run(small)
    assert images(small) == left
    assert masks(small) == masks(plan)
    kept, made = deliverables(plan), deliverables(small)
    assert {name.split("/", 1)[1] for name in made} == {name.split("/", 1)[1] for name in kept}
    assert len(made) == 5
    assert findings(small) == []
    before = stamps(small)
    forget_tables(small)
    run(small)
    assert stamps(small) == before


def test_looking_for_what_can_go_makes_nothing_again(plan: Plan) -> None:
    (plan.results / sorted(masks(plan))[0]).unlink()
    asked = sorted(ALL)[0]
    ask_again(plan.results, [asked])
    (plan.results / asked).unlink()
    before = stamps(plan)
    found = [retention.disposable(plan, scan, "none", {}) for scan in plan.scans]
    assert stamps(plan) == before
    assert any(found)


@pytest.mark.slow
def test_the_setting_is_part_of_no_key_and_no_digest(plan: Plan) -> None:
    before = stamps(plan)
    forget_tables(plan)
    run(replace(plan, config=plan.config.model_copy(update={"intermediates": "last"})))
    after = stamps(plan)
    # What is new are the report's pictures; images are gone.
    assert {n for n in after if before.get(n) != after[n]} == {
        f"{r}/report/{s}.json" for r in ("archive", "other") for s in ("both", "plain")
    }
    places = [(None, "ingest"), ("archive", CHANGES), ("archive", "deliver")]
    small = keeping(plan, "none", results=str(plan.results))
    assert [small.digest(*p, "one") for p in places] == [plan.digest(*p, "one") for p in places]


def do(plan: Plan, recipe: str) -> None:
    for step in plan.recipe(recipe).chain():
        assert take(plan, recipe, step) == 0
    assert take(plan, recipe, "deliver") == 0


def begin(plan: Plan) -> Plan:
    """The steps before any recipe, of the batch that both recipes share."""
    plan.save()
    for step in ("ingest", "examine"):
        table = Path(plan.table(None, step, "one"))
        assert run_batch(plan, None, step, "one", workshop(plan), table=table) == 0
    return plan


def test_what_another_recipe_may_still_take_over_waits_for_it(plan: Plan) -> None:
    small = begin(keeping(plan, "none"))
    do(small, "archive")
    assert images(small) == {name for name in ALL if name.startswith("archive")}
    done: list[str] = []

    def write(path: Path, *given: Any, **named: Any) -> str:
        done.append(path.name)
        return str(plain(path, *given, **named))

    plain = workshop(small).write_image
    for step in (CHANGES, AGAIN):
        assert take(small, "other", step, write_image=write) == 0
    assert done == []
    assert take(small, "other", MAPS) == take(small, "other", "deliver") == 0
    assert images(small) == set()


@pytest.mark.slow
def test_a_recipe_with_other_settings_is_not_waited_for(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Dependencies.settings

    def settings(self: Dependencies, recipe: str | None, step: str) -> dict[str, Any]:
        more = {"of": recipe} if step == AGAIN else {}
        return {**plain(self, recipe, step), **more}

    monkeypatch.setattr(Dependencies, "settings", settings)
    small = begin(keeping(plan, "none"))
    do(small, "archive")
    assert images(small) == {f"archive/{CHANGES}/{scan}.tif" for scan in ("both", "plain")}


@pytest.mark.slow
def test_a_delivery_that_failed_keeps_everything(plan: Plan) -> None:
    small = begin(keeping(plan, "none"))
    for step in small.recipe("archive").chain():
        take(small, "archive", step)
    before = images(small)

    def full(**given: Any) -> None:
        raise CircumstanceError("the disk is full")

    assert take(small, "archive", "deliver", deliver=full) == 1
    assert images(small) == before


def test_a_kill_between_delivery_and_deletion_loses_nothing(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = begin(keeping(plan, "none"))
    do(small, "archive")
    for step in small.recipe("other").chain():
        take(small, "other", step)

    class Killed(BaseException):
        pass

    def killed(*given: Any, **named: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(retention, "delete", killed)
        with pytest.raises(Killed):
            take(small, "other", "deliver")
    assert images(small) == ALL
    before = stamps(small)
    assert take(small, "other", MAPS) == 0
    deliver = workshop(small).deliver

    def only_the_rest(*, output: Path, **given: Any) -> Any:
        return killed() if output.stem == "both" else deliver(output=output, **given)

    assert take(small, "other", "deliver", deliver=only_the_rest, write_image=killed) == 0
    assert images(small) == set()
    assert before["other/deliver/both.tif"] == stamps(small)["other/deliver/both.tif"]


@pytest.mark.slow
def test_images_that_cannot_be_deleted_undo_no_delivery(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".tif":
            raise PermissionError(13, "Permission denied")
        unlink(self, missing_ok)

    unlink = Path.unlink
    small = keeping(plan, "none")
    monkeypatch.setattr(Path, "unlink", refused)
    run(small)
    assert len(deliverables(small)) == 5
    assert images(small) == ALL
    assert "both: its intermediate images are kept" in capsys.readouterr().err


def report(plan: Plan, truth: Path | None) -> str:
    output = plan.results / "archive/report.html"
    scans = [name for name in SCANS if name != "wrong"]
    write_report(plan.results, "archive", scans, output, truth=truth)
    return output.read_text()


def test_the_report_shows_what_was_deleted(plan: Plan) -> None:
    truth = plan.results.with_name("truth")
    truth.mkdir()
    for number, scan in enumerate(SCANS):
        corpus.write_tiff(truth / f"{scan}.tif", corpus.codes(20, 30, 3, 16, seed=90 + number))
    whole = keeping(plan, "keep", truth=str(truth))
    small = keeping(plan, "none", truth=str(truth))
    run(whole)
    run(small)
    assert images(small) == set()
    text = report(small, truth)
    assert text == report(whole, truth)
    assert "no longer kept" not in text
    # Without what the worker kept of them, the page says what it cannot show.
    for kept in small.results.glob("archive/report/*.json"):
        kept.unlink()
    assert report(small, truth).count("not compared: its image is no longer kept") == 3


@pytest.mark.slow
def test_better_pictures_are_made_when_an_image_is_back(plan: Plan) -> None:
    truth = plan.results.with_name("truth")
    truth.mkdir()
    corpus.write_tiff(truth / "both.tif", corpus.codes(20, 30, 3, 16, seed=90))
    image = plan.results / f"archive/{CHANGES}/both.tif"
    aside = image.rename(image.with_suffix(".aside"))
    assert "no longer kept" in report(plan, truth)
    aside.rename(image)
    assert "no longer kept" not in report(plan, truth)


@pytest.mark.slow
def test_images_stay_where_the_report_could_not_be_illustrated(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "restoration.review.illustrations.illustrate",
        lambda *given: Illustrated(missing="both.tif: expected a TIFF file"),
    )
    small = keeping(plan, "none")
    run(small)
    assert images(small) == ALL
    assert "both: keeps the images of archive" in capsys.readouterr().err


def test_colours_of_two_profiles_are_not_compared_in_silence(tmp_path: Path) -> None:
    collection = Collection(tmp_path)
    for folder in ("masters", "results/embedded/deliver", "results/embedded/cleanup"):
        (tmp_path / folder).mkdir(parents=True)
    pixels = np.clip(np.linspace(0, 1, 60 * 80 * 3).reshape(60, 80, 3), 0, 1).astype(np.float32)
    collection.add("scan", pixels, soft(pixels, 1))
    path = collection.results / "embedded/deliver/scan.json"
    record = json.loads(path.read_text())
    converted = {"master": "sRGB", "deliverable": "Adobe RGB", "sha256": None, "assumed": False}
    record["deliverable"]["pages"][0]["profile"] = {
        **converted, "warning": None, "converted": True, "share_clipped": 0.0,
    }  # fmt: skip
    write_raw(path, record)
    text = Page(collection.report()).text
    assert "how many pixels the restoration changed cannot be told" in text
    assert "% of the pixels differ" not in text
    image = collection.results / "embedded/cleanup/scan.tif"
    image.write_bytes((collection.results / "embedded/deliver/scan.tif").read_bytes())
    assert "% of the pixels differ from the master's" in Page(collection.report()).text
