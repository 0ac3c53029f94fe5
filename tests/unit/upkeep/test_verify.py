"""Fixity: are these the bytes that were written? A clean tree says nothing, every damage is named,
and changed code is none."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from restoration.errors import ConfigError
from restoration.plan.dependencies import Dependencies
from restoration.run.lock import unlock_results
from restoration.storage.journal import keep_written, note_gone, note_written
from restoration.storage.manifest import MANIFEST, gather, open_results
from restoration.storage.records import read_raw, sealed, write_raw
from restoration.upkeep.prune import prune_results
from restoration.upkeep.verify.current import made_anew_today
from restoration.upkeep.verify.summary import summary
from restoration.upkeep.verify.verify import VerifyRequest, verify_results
from support import verified_tree as tree
from support.verification import KINDS, flip, said, sha256sum
from support.warm_python import Script

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished tree that tests leave as they found it."""
    with pytest.MonkeyPatch.context() as patch:
        tree.stand_in(patch)
        folder = tmp_path_factory.mktemp("made")
        tree.make_tree(folder)
        yield folder


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy of the tree that a test may change."""
    return tree.copy_of(made, tmp_path / "own")


def test_a_clean_tree_says_nothing(made: Path) -> None:
    assert said(made) == set()
    assert said(made, quick=True) == set()
    verified = verify_results(made / "results")
    assert verified.tally.masters == 3
    assert "all as it was written" in summary(verified)
    assert list(made_anew_today(made / "results")) == []


def test_the_manifest_is_what_sha256sum_reads(made: Path) -> None:
    results = made / "results"
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", MANIFEST], cwd=results, check=False
    )
    assert done.returncode == 0
    named = {line.split("  ")[1] for line in (results / MANIFEST).read_text().splitlines()}
    lasting = {
        path
        for name, path in KINDS.items()
        if name not in ("image between the stages", "manifest", "list", "master", "weights")
    }
    assert lasting <= named
    assert "archive/descreen/both.tif" not in named


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_byte_is_found_and_named(made: Path, kind: str) -> None:
    path = made / "results" / KINDS[kind]
    status, data = path.stat(), path.read_bytes()
    try:
        flip(path)
        found = said(made)
    finally:
        path.write_bytes(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    # A plan that was altered is told as one file, and everything else is still looked at.
    named = {KINDS[kind].removeprefix("../")}
    if status.st_nlink > 1:
        named.add(KINDS[kind].replace("archive", "other"))
    assert {(one, name) for one, _, name in found} == {("altered", name) for name in named}
    assert said(made) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_removed_is_named(made: Path, kind: str, tmp_path: Path) -> None:
    path = made / "results" / KINDS[kind]
    shutil.move(path, tmp_path / "held")
    try:
        found = said(made)
    finally:
        shutil.move(tmp_path / "held", path)
    assert {(one, name) for one, _, name in found} == {("missing", KINDS[kind].removeprefix("../"))}
    assert said(made) == set()


def test_a_foreign_file_is_found_in_every_folder(made: Path) -> None:
    results = made / "results"
    folders = [results, *(path for path in results.rglob("*") if path.is_dir())]
    assert len(folders) > 15
    for folder in folders:
        for name in ("run.json", "foreign.json", "foreign.tif", "both.part", "one.tsv.bak"):
            path = folder / name
            if path.exists():
                continue
            path.write_text("{}")
            try:
                assert [(kind, where) for kind, _, where in said(made)] == [
                    ("orphaned", str(path.relative_to(results)))
                ]
            finally:
                path.unlink()


def test_links_are_found(own: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (own / "results/archive/linked").symlink_to(tmp_path / "elsewhere")
    mask = own / "results" / KINDS["mask"]
    mask.rename(tmp_path / "elsewhere/both.tif")
    mask.symlink_to(tmp_path / "elsewhere/both.tif")
    assert said(own) == {
        ("orphaned", "file", "archive/linked"),
        ("altered", "mask", KINDS["mask"]),
    }


def test_a_foreign_folder_is_found_with_what_is_in_it(own: Path) -> None:
    (own / "results/notes/deep/er").mkdir(parents=True)
    (own / "results/notes/deep/er/a.txt").write_text("")
    (own / "results/archive/deliver/inside").mkdir()
    (own / "results/archive/deliver/inside/both.tif").write_text("")
    assert {where for _, _, where in said(own)} == {
        "notes/deep/er/a.txt",
        "archive/deliver/inside/both.tif",
    }


def test_every_altered_part_of_a_record_is_found(own: Path) -> None:
    path = own / "results/archive/deliver/both.json"
    text = path.read_text()
    record = json.loads(text)
    for change in (
        lambda one: one["stages"][0]["pages"][0].update(generative=True),
        lambda one: one.update(reason="none"),
        lambda one: one["master"]["master"].update(software="another"),
        lambda one: one.pop("record_sha256"),
    ):
        edited = json.loads(text)
        change(edited)
        path.write_text(json.dumps(edited, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
        assert said(own) == {("altered", "record", "archive/deliver/both.json")}
    path.write_text(json.dumps(record))
    assert said(own) == {("altered", "record", "archive/deliver/both.json")}


def rewrite(own: Path, path: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Edit a record as somebody does who makes its seal, the list and the manifest agree."""
    results = own / "results"
    with chdir(own):
        keep_written(Path("results"))
        record = json.loads((results / path).read_text())
        change(record)
        write_raw(Path("results") / path, record)
        gather(Path("results"))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["stages"][0]["pages"][0].update(generative=True),
        lambda one: one["deliverable"]["pages"][0].update(digital_source_type="x"),
        lambda one: one["deliverable"]["pages"][0].update(instance_id="xmp.iid:0"),
        lambda one: one.update(when="2001-01-01T00:00:00Z"),
        lambda one: one["deliverable"].update(sha256="0" * 64),
    ],
)
def test_a_record_that_contradicts_its_deliverable_is_found(
    own: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    rewrite(own, "archive/deliver/both.json", change)
    assert said(own) == {("altered", "record", "archive/deliver/both.json")}


def test_another_scans_record_is_found(own: Path) -> None:
    rewrite(own, "archive/descreen/both.json", lambda one: one.update(scan="plain"))
    assert said(own) == {("altered", "record", "archive/descreen/both.json")}


# -- what is no damage -----------------------------------------------------------------------


@pytest.mark.parametrize("step", ["ingest", "examine", tree.CHANGES, tree.MAPS, "deliver"])
def test_changed_code_is_no_damage_and_is_told_when_asked(
    made: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Dependencies.code

    def code(self: Dependencies, recipe: str | None, of: str) -> str:
        return "another" if of == step else plain(self, recipe, of)

    monkeypatch.setattr(Dependencies, "code", code)
    assert said(made) == set()
    anew = list(made_anew_today(made / "results"))
    assert {one.reason for one in anew if one.step == step} == {"code"}
    assert len({one.scan for one in anew if one.step == step}) >= 3
    assert {one.reason for one in anew if one.step != step} <= {f"after {step}"}


def test_changed_settings_are_told_when_asked(made: Path) -> None:
    changed = tree.config()
    changed["recipes"]["other"]["deliver"] = {"compression": "none"}
    assert said(made) == set()
    anew = list(made_anew_today(made / "results", [changed]))
    assert {(one.scan, one.recipe, one.step, one.reason) for one in anew} == {
        (scan, "other", "deliver", "settings") for scan in ("both", "plain")
    }


def test_a_touched_master_is_no_damage(own: Path) -> None:
    os.utime(own / "one/both.tif")
    assert said(own) == set()
    assert {one.step for one in made_anew_today(own / "results") if "master" in one.reason} == {
        "ingest"
    }


def test_pruned_images_are_no_damage_where_they_were_pruned(own: Path) -> None:
    with chdir(own):
        pruned = prune_results(Path("results"), keeping="none", confirm=True)
        unlock_results(Path("results"))
    assert sum(pruned.files.values()) == 8
    assert said(own) == set()
    sha256sum(own, own / "results" / MANIFEST)


# -- places ----------------------------------------------------------------------------------


def test_it_works_from_any_folder_and_where_all_was_moved(
    made: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(made) == said(own) == set()
    assert verify_results(own / "results").tally.masters == 3
    # The results alone, elsewhere: their masters are where the run found them.
    shutil.move(own / "results", tmp_path / "moved")
    assert verify_results(tmp_path / "moved").clean
    shutil.move(own / "one", tmp_path / "one")
    flip(tmp_path / "one/both.tif")
    assert not verify_results(tmp_path / "moved", VerifyRequest(base=tmp_path)).clean
    assert verify_results(tmp_path / "moved", VerifyRequest(base=tmp_path, results_only=True)).clean


def test_it_writes_nothing_but_its_line(own: Path) -> None:
    results = own / "results"
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file()}
    verify_results(results)
    after = {path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file()}
    log = results / "fixity-log.jsonl"
    assert {path for path in after if before.get(path) != after[path]} == {log}


def test_every_verification_leaves_a_dated_line(own: Path, tmp_path: Path) -> None:
    results, log = own / "results", tmp_path / "log.jsonl"
    verify_results(results, VerifyRequest(log=log))
    flip(results / KINDS["mask"])
    first = log.read_text()
    verify_results(results, VerifyRequest(log=log, quick=True))
    assert log.read_text().startswith(first)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["findings"]["altered"] for line in lines] == [0, 1]
    assert [line["scope"]["masters"] for line in lines] == ["SHA-256", "quick"]
    assert all(line["when"].endswith("Z") and line["software"] for line in lines)
    assert lines[0]["files"] > 60
    assert lines[0]["bytes"] > 10_000


def test_a_log_that_is_a_link_is_not_followed(own: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (own / "results/fixity-log.jsonl").unlink(missing_ok=True)
    (own / "results/fixity-log.jsonl").symlink_to(target)
    assert verify_results(own / "results").log is None
    assert target.read_text() == "kept"


def test_results_that_cannot_be_written_are_verified(made: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0 and shutil.which("unshare") is None:
        pytest.skip("root writes where it may not, and there is no unshare here")
    results, log = made / "results", tmp_path / "log.jsonl"
    script = f"'{sys.executable}' '{ROOT}/scripts/verify.py' --results '{results}' --log '{log}'"
    if os.geteuid() == 0:
        bind = f"mount --bind '{made}' '{made}' && mount -o remount,ro,bind '{made}'"
        shell = ["unshare", "--mount", "sh", "-c", f"{bind} || exit 77; {script}"]
        done = subprocess.run(shell, capture_output=True, text=True, check=False)
        if done.returncode == 77 or "unshare" in done.stderr:
            pytest.skip("no mounts may be made here")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "all as it was written" in done.stdout
        assert len(log.read_text().splitlines()) == 1


def test_beside_a_run_nothing_is_verified(own: Path) -> None:
    lock = own / "results/.lock"
    lock.write_text("")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another run"):
            verify_results(own / "results")
    assert verify_results(own / "results").clean


def test_what_cannot_be_checked_is_said_in_a_line(tmp_path: Path, script: Script) -> None:
    with pytest.raises(ConfigError, match=r"holds no run\.json"):
        verify_results(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    done = script("verify.py", "--results", str(tmp_path / "nowhere"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_the_command_line_and_its_exit_codes(own: Path, tmp_path: Path, script: Script) -> None:
    # Without the stand-ins: what the settings of the last run call for is not what lies there.
    results, table = own / "results", tmp_path / "table.tsv"
    done = script("verify.py", "--results", str(results), "--output", str(table), folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(table.read_text().splitlines()) == 1
    flip(results / KINDS["mask"])
    done = script("verify.py", "--results", str(results), "--output", str(table), folder=tmp_path)
    assert done.returncode == 1
    assert f"altered mask: {KINDS['mask']}: expected SHA-256 " in done.stdout
    assert table.read_text().splitlines()[1].split("\t")[2] == KINDS["mask"]
    done = script("verify.py", "--results", str(results), "--current", folder=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "archive descreen: 3 scans: " in done.stdout


# -- runs that did not end -------------------------------------------------------------------


def test_while_a_run_works_there_is_no_manifest_and_a_killed_one_is_no_damage(own: Path) -> None:
    results = own / "results"
    with chdir(own):
        open_results(Path("results"))
        (results / "archive/deliver/one.tsv").unlink()
        keep_written(Path("results"))
        note_gone(results / "archive/deliver/one.tsv")
        # Killed between the note and the rename: the file is still the one of before.
        note_written(results / "archive/deliver/both.tif", "0" * 64)
    assert not (results / MANIFEST).exists()
    assert said(own) == set()
    assert verify_results(results).tally.unwritten == 1
    # And after the rename: what the record says is that of the delivery before.
    flip(results / "archive/deliver/both.tif")
    sha256 = hashlib.sha256((results / "archive/deliver/both.tif").read_bytes()).hexdigest()
    with chdir(own):
        note_written(results / "archive/deliver/both.tif", sha256)
    assert said(own) == set()
    gather(results)
    sha256sum(own, results / MANIFEST)


def test_an_altered_file_is_never_taken_into_the_manifest(own: Path) -> None:
    results = own / "results"
    for kind in ("deliverable", "mask", "report", "table", "sidecar of a deliverable"):
        flip(results / KINDS[kind])
    before = (results / MANIFEST).read_text()
    with chdir(own):
        open_results(Path("results"))
        gather(Path("results"))
    assert (results / MANIFEST).read_text() == before
    assert len(said(own)) == 5


def test_without_any_list_the_records_say_what_there_was(own: Path) -> None:
    shutil.rmtree(own / "results/.fixity")
    (own / "results" / MANIFEST).unlink()
    assert said(own) == {("missing", "manifest", MANIFEST)}
    for kind in ("deliverable", "mask", "cube", "image between the stages", "condition report"):
        flip(own / "results" / KINDS[kind])
    assert {where for _, _, where in said(own)} == {
        MANIFEST,
        *(KINDS[k] for k in ("deliverable", "mask", "cube", "image between the stages")),
        KINDS["condition report"],
    }


def make_older(results: Path) -> None:
    """As a version left them that kept no list and sealed no record."""
    shutil.rmtree(results / ".fixity")
    (results / MANIFEST).unlink()
    for path in (*results.glob("*/*.json"), *results.glob("*/*/*.json")):
        record = json.loads(path.read_text())
        if record.pop("record_sha256", None) is not None:
            made = record.get("deliverable", {})
            if "files" in made:
                cubes = [
                    {"page": 1, "file": f["file"], "sha256": f["sha256"]} for f in made.pop("files")
                ]
                assert [one["file"] for one in cubes] == [f"{record['scan']}.cube"]
                made["cubes"] = cubes
            path.write_text(json.dumps({**record, "schema": 1}))


def test_results_of_an_earlier_version_of_which_a_part_was_made_anew_are_no_orphans(
    own: Path,
) -> None:
    make_older(own / "results")
    assert said(own) == {("missing", "manifest", MANIFEST)}
    tree.run(own, {**tree.config(), "only": "none"})
    assert said(own) == {("missing", "list", ".fixity/written.txt")}
    flip(own / "results/archive/deliver/both.tif")
    found = said(own) - {("missing", "list", ".fixity/written.txt")}
    assert found == {("altered", "deliverable", "archive/deliver/both.tif")}


def test_what_the_sheet_names_no_more_is_orphaned(own: Path) -> None:
    sheet = own / "scans.tsv"
    sheet.write_text("".join(sheet.read_text().splitlines(True)[:3]))
    tree.run(own)
    found = said(own)
    assert {kind for kind, _, _ in found} == {"orphaned"}
    assert ("orphaned", "record", "ingest/none.json") in found


def test_what_a_stage_wrote_before_its_scan_became_a_problem_is_no_orphan(own: Path) -> None:
    path = own / "results" / KINDS["record of a stage"]
    record = read_raw(path)
    assert record is not None
    head = {"schema", "scan", "stage", "recipe", "when", "key"}
    problem = {name: value for name, value in record.items() if name in head}
    keep_written(own / "results")
    write_raw(path, {**problem, "status": "problem", "reason": "a region beside the page"})
    gather(own / "results")
    assert "orphaned" not in {kind for kind, _, _ in said(own)}
    (own / "results/archive/descreen/other.tif").write_bytes(b"")
    assert said(own) == {("orphaned", "image", "archive/descreen/other.tif")}


def test_after_the_run_of_one_scan_the_others_are_no_orphans(own: Path) -> None:
    (own / "results/logs/archive/deliver").mkdir(parents=True)
    for batch in ("one", "two", "@both"):
        (own / f"results/logs/archive/deliver/{batch}.log").write_text("")
    assert said(own) == set()
    tree.run(own, {**tree.config(), "only": "both"})
    assert said(own) == set()
    assert "'both' alone" in summary(verify_results(own / "results"))
    (own / "results/logs/archive/deliver/three.log").write_text("")
    assert said(own) == {("orphaned", "file", "logs/archive/deliver/three.log")}


def test_after_the_run_of_one_scan_the_other_masters_are_looked_at(own: Path) -> None:
    before = verify_results(own / "results").tally.masters
    tree.run(own, {**tree.config(), "only": "both"})
    assert verify_results(own / "results").tally.masters == before
    other = own / "one/plain.tif"
    with other.open("ab") as file:
        file.write(b"x")
    assert {(kind, what) for kind, what, _ in said(own)} == {("altered", "master")}


def test_after_the_run_of_one_scan_a_copy_without_its_sheet_is_verified(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.run(own, {**tree.config(), "only": "both"})
    (own / "scans.tsv").unlink()
    assert said(own, results_only=True) == set()
    assert "what the sheet names no more is not told" in capsys.readouterr().err
    flip(own / "results" / KINDS["mask"])
    assert {what for _, what, _ in said(own, results_only=True)} == {"mask"}


def test_sealed_records_read_as_they_were_written() -> None:
    record = {"b": (1, 2), "a": {1: 0.1 + 0.2, "x": None}, "schema": 1}
    made = sealed(record)
    assert json.loads(json.dumps(made)) == made
    assert sealed(made) == made


def test_notes_outlast_a_clock_that_is_set_back(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = own / "results"
    with chdir(own):
        monkeypatch.setattr("restoration.storage.journal.time.time_ns", lambda: 1)
        keep_written(Path("results"))
        write_raw(Path("results/ingest/both.json"), {"schema": 1, "anew": True})
        note_gone(Path("results/examine/plain.json"))
        (results / "examine/plain.json").unlink()
        gather(Path("results"))
        # The journal of this process stays: what it noted then is in the list, and counts no more.
        gather(Path("results"))
    sha256sum(own, results / MANIFEST)
    assert ("missing", "record", "examine/plain.json") not in said(own)
    named = (results / MANIFEST).read_text()
    assert "examine/plain.json" not in named
