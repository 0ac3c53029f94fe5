"""What was damaged or lost comes back to the byte, or says that it could not; what a scan has no
right to any more is withdrawn."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import tifffile

from restoration.deliver.xmp.packet import read_properties
from restoration.plan.dependencies import Dependencies
from restoration.plan.make_plan import make_plan
from restoration.run.lock import unlock_results
from restoration.run.start_run import tables_of_lost_results
from restoration.storage.manifest import MANIFEST, asked_again
from restoration.storage.publish import sha256_of
from restoration.upkeep.verify.findings import cells
from restoration.upkeep.verify.summary import summary
from restoration.upkeep.verify.verify import Verified, VerifyRequest, verify_results
from support import verified_tree as tree
from support.verification import KINDS, flip, said, sha256sum

LATER = "1800000000"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        tree.stand_in(patch)
        folder = tmp_path_factory.mktemp("made")
        tree.make_tree(folder)
        yield folder


@pytest.fixture
def own(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tree, in a later hour: what is made anew shows it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", LATER)
    folder = tree.copy_of(made, tmp_path / "own")
    # Nothing to do; but the plan says in which folder the run was started.
    tree.run(folder)
    shutil.copy(folder / "results" / MANIFEST, folder / "old-manifest.txt")
    return folder


def repair(own: Path, **given: Any) -> Verified:
    verified = verify_results(own / "results", VerifyRequest(repair=True, **given))
    unlock_results((own / "results").absolute())
    return verified


NOT_MENDED = ("plan", "batches", "master", "weights", "record of a problem")
MENDED = [kind for kind in KINDS if kind not in NOT_MENDED]


@pytest.mark.parametrize("kind", MENDED)
def test_after_a_repair_the_old_manifest_holds(own: Path, kind: str) -> None:
    path = own / "results" / KINDS[kind]
    flip(path)
    assert repair(own).scheduled
    tree.run(own)
    sha256sum(own, own / "old-manifest.txt")
    assert (own / "results" / MANIFEST).read_text() == (own / "old-manifest.txt").read_text()
    assert said(own) == set()


@pytest.mark.parametrize("kind", MENDED)
def test_what_was_lost_is_made_again_as_it_was(own: Path, kind: str) -> None:
    (own / "results" / KINDS[kind]).unlink()
    repair(own)
    tree.run(own)
    sha256sum(own, own / "old-manifest.txt")
    assert said(own) == set()


@pytest.mark.parametrize(
    "lost",
    [
        "archive/deliver/both.json",
        "archive/deliver/both.tif",
        "archive/deliver/one.tsv",
        "archive/descreen/plain.json",
        "ingest/both.json",
        "examine/none.json",
    ],
)
def test_the_next_run_makes_again_what_is_gone_without_being_asked(own: Path, lost: str) -> None:
    (own / "results" / lost).unlink()
    with chdir(own):
        found = tables_of_lost_results(make_plan(tree.config()))
    if not lost.endswith(".tsv"):
        assert f"results/{Path(lost).parent}/{'two' if 'none' in lost else 'one'}.tsv" in found
    tree.run(own)
    sha256sum(own, own / "old-manifest.txt")
    assert said(own) == set()


def test_where_nothing_is_gone_no_table_is_made_again(own: Path) -> None:
    with chdir(own):
        assert tables_of_lost_results(make_plan(tree.config())) == set()


def test_of_a_delivery_of_which_all_is_lost_another_one_is_made_that_says_so(own: Path) -> None:
    deliverable = own / "results" / KINDS["deliverable"]
    before, sha256 = instance(deliverable), sha256_of(deliverable)
    for path in (own / "results/archive/deliver").glob("both.*"):
        path.unlink()
    tree.run(own)
    assert said(own) == set()
    record = json.loads((own / "results/archive/deliver/both.json").read_text())
    assert record["when"].startswith("2027")
    assert record["replaces"] == {"when": None, "sha256": sha256}
    assert instance(deliverable) != before


def test_a_record_of_which_there_is_no_copy_is_made_anew_and_that_is_said(own: Path) -> None:
    path = own / "results" / KINDS["record of a problem"]
    flip(path)
    told: list[tuple[str, ...]] = []
    results = own / "results"
    verify_results(results, tell=lambda one: told.append(cells(one, results, scheduling=False)))
    assert "its time will be that of the next run" in told[0][-1]
    repair(own)
    tree.run(own)
    assert json.loads(path.read_text())["when"].startswith("2027")
    assert said(own) == set()


def test_what_was_made_again_is_not_asked_for_any_more(own: Path) -> None:
    results, name = own / "results", KINDS["image between the stages"]
    flip(results / name)
    repair(own)
    assert asked_again(results) == {name}
    # Another repair before the run, which gathers the list, does not forget it.
    flip(results / MANIFEST)
    repair(own)
    assert asked_again(results) == {name}
    tree.run(own)
    assert (results / name).is_file()
    assert asked_again(results) == set()


@pytest.mark.parametrize("kind", ["image between the stages", "mask", "deliverable"])
def test_after_the_run_of_another_scan_alone_a_repair_is_made_by_the_next_whole_run(
    own: Path, kind: str
) -> None:
    path = own / "results" / KINDS[kind]
    before = path.read_bytes()
    tree.run(own, {**tree.config(), "only": "none"})
    flip(path)
    repair(own)
    assert not path.exists()
    tree.run(own)
    assert path.read_bytes() == before
    assert said(own) == set()


def test_a_repair_leaves_everything_else_alone(own: Path) -> None:
    results = own / "results"
    flip(results / KINDS["mask"])
    before = {p: p.stat().st_mtime_ns for p in results.rglob("*") if p.suffix in (".tif", ".json")}
    repair(own)
    tree.run(own)
    changed = [path for path, at in before.items() if path.stat().st_mtime_ns != at]
    written = {str(path.relative_to(results)) for path in changed}
    # The image that its stage made with it, of the same bytes; and the plan of the run.
    assert written <= {KINDS["mask"], KINDS["image between the stages"], "run.json"}
    assert (results / f"{KINDS['mask']}.bad").is_file()


# -- where it cannot be had again ------------------------------------------------------------


def changed_code(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    plain = Dependencies.code

    def code(self: Dependencies, recipe: str | None, of: str) -> str:
        return "x" if of == step else plain(self, recipe, of)

    monkeypatch.setattr(Dependencies, "code", code)


@pytest.mark.parametrize("kind", ["deliverable", "mask", "sidecar of a deliverable", "table"])
def test_what_would_be_made_otherwise_is_said_before_anything_is_done(
    own: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = own / "results"
    flip(results / KINDS[kind])
    changed_code(monkeypatch, tree.CHANGES)
    if kind == "sidecar of a deliverable":
        changed_code(monkeypatch, "deliver")
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    verified = repair(own)
    assert verified.scheduled
    assert verified.scheduled.refused
    assert "ANEW=1" in summary(verified)
    assert "code" in summary(verified)
    after = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    aside = {"fixity-log.jsonl", ".lock"}
    assert {p: b for p, b in after.items() if p.name not in aside} == {
        p: b for p, b in before.items() if p.name not in aside
    }
    scheduled = repair(own, anew=True).scheduled
    assert scheduled
    assert scheduled.files + scheduled.tables >= 1


def instance(path: Path) -> str:
    with tifffile.TiffFile(path) as file:
        return str(read_properties(file.pages[0].tags[700].value)["InstanceID"])


def test_made_anew_it_has_an_instance_of_its_own(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own / "results" / KINDS["deliverable"]
    before = instance(path)
    flip(path)
    changed_code(monkeypatch, tree.CHANGES)
    repair(own, anew=True)
    tree.run(own)
    assert instance(path) != before
    assert said(own) == set()


def test_other_bytes_under_the_same_key_have_an_instance_of_their_own_and_say_so(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another machine, or with another version of a library."""
    path = own / "results" / KINDS["deliverable"]
    record = path.with_suffix(".json")
    before, old = instance(path), json.loads(record.read_text())
    flip(path)
    repair(own)
    monkeypatch.setattr("restoration.deliver.history.SOFTWARE", "another")
    tree.run(own)
    new = json.loads(record.read_text())
    assert instance(path) != before
    assert new["key"] == old["key"]
    assert new["replaces"] == {"when": old["when"], "sha256": old["deliverable"]["sha256"]}
    assert new["when"].startswith("2027")
    assert said(own) == set()
    # And that one comes back as itself.
    shutil.copy(own / "results" / MANIFEST, own / "second.txt")
    flip(path)
    repair(own)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1900000000")
    tree.run(own)
    sha256sum(own, own / "second.txt")


def test_a_mask_that_comes_out_otherwise_is_said_in_its_record(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = own / "results/archive/descreen/both.json"
    old = json.loads(record.read_text())
    flip(own / "results" / KINDS["mask"])
    flip(own / "results" / KINDS["image between the stages"])
    shutil.rmtree(own / "results/other")
    repair(own)
    monkeypatch.setattr(tree.Changes, "added", 0.2)
    tree.run(own)
    new = json.loads(record.read_text())
    assert new["replaces"]["sha256"] == [old["pages"][0]["sha256"]]
    assert new["pages"][0]["sha256"] != old["pages"][0]["sha256"]


# -- withdrawn -------------------------------------------------------------------------------


def test_a_deliverable_whose_scan_is_a_problem_now_is_withdrawn(own: Path) -> None:
    results, master = own / "results", own / "one/both.tif"
    kept = {path.name: path.read_bytes() for path in (results / "archive/deliver").glob("both.*")}
    sound = master.read_bytes()
    master.write_bytes(b"no TIFF any more")
    tree.run(own)
    assert not list((results / "archive/deliver").glob("both.*"))
    place = results / "archive/withdrawn/both@1"
    assert {path.name: path.read_bytes() for path in place.iterdir() if path.name in kept} == kept
    said_there = json.loads((place / "withdrawn.json").read_text())
    assert said_there["step"] == "ingest"
    assert "both.tif" in said_there["reason"]
    assert "withdrawn/both@1" in (results / "archive/problems.tsv").read_text()
    assert "withdrawn/both@1" in (results / "archive/report.html").read_text()
    assert (results / "other/withdrawn/both@1/both.tif").is_file()
    assert said(own) == set()
    sha256sum(own, results / MANIFEST)
    flip(place / "both.tif")
    assert said(own) == {("altered", "withdrawn file", "archive/withdrawn/both@1/both.tif")}
    flip(place / "both.tif")

    # Once more with another master: nothing is overwritten.
    master.write_bytes(sound)
    tree.run(own)
    assert (results / "archive/deliver/both.tif").read_bytes() == kept["both.tif"]
    assert said(own) == set()
    master.write_bytes(b"and again none")
    tree.run(own)
    assert (results / "archive/withdrawn/both@2/both.tif").is_file()
    assert {path.name: path.read_bytes() for path in place.iterdir() if path.name in kept} == kept
    assert said(own) == set()


def test_a_delivery_that_fails_withdraws_what_was_delivered_before(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restoration.errors import ScanError

    def refuse(**given: Any) -> Any:
        raise ScanError("cannot be delivered today")

    changed_code(monkeypatch, "deliver")
    tree.run(own, deliver=refuse)
    results = own / "results"
    assert sorted(p.name for p in (results / "archive/withdrawn").iterdir()) == [
        "both@1",
        "none@1",
        "plain@1",
    ]
    record = json.loads((results / "archive/deliver/both.json").read_text())
    assert record["status"] == "problem"
    assert said(own) == set()


def test_a_withdrawal_that_was_cut_short_is_finished(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the deliverable was moved, before its record was."""
    results = own / "results"
    (own / "one/both.tif").write_bytes(b"no TIFF")
    moved = Path.rename
    calls: list[Path] = []

    class KilledError(BaseException):
        pass

    def rename(self: Path, target: Path) -> Path:
        if "withdrawn" in str(target):
            calls.append(self)
            if len(calls) == 2:
                raise KilledError
        return moved(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(KilledError):
        tree.run(own)
    os.chdir("/")
    monkeypatch.setattr(Path, "rename", moved)
    tree.run(own)
    assert sorted(p.name for p in (results / "archive/withdrawn").iterdir()) == ["both@1"]
    assert sorted(p.name for p in (results / "archive/withdrawn/both@1").iterdir()) == [
        "both.cube",
        "both.json",
        "both.tif",
        "withdrawn.json",
    ]
    assert said(own) == set()
