"""Masters are never written: the plan stops where a run would, and the writer refuses as well."""

from __future__ import annotations

import ast
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from restoration.errors import CircumstanceError, ConfigError
from restoration.plan import master_locations as masters_apart
from restoration.plan.make_plan import make_plan
from restoration.plan.master_locations import check_links, protect_every_master
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.run.batch import run_batch
from restoration.run.job_progress import reporter
from restoration.run.lock import lock_results, unlock_results
from restoration.run.run_progress import LOG, PROGRESS, BatchEnd, tell_end
from restoration.run.start_run import begin_run
from restoration.storage import protected_masters as guard
from restoration.storage.partial_files import remove_leftovers
from restoration.storage.protected_masters import MasterInTheWayError, protect_as_they_are
from restoration.storage.publish import (
    linked,
    opened_anew,
    part_name,
    published,
    rename,
    unlink,
)
from restoration.storage.text_files import not_in_future, write_text
from support.small_results import plan as finished  # noqa: F401 (a fixture)
from support.small_results import workshop

PACKAGE = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture(autouse=True)
def _no_protection_left() -> Iterator[None]:
    yield
    guard._protected.clear()


@pytest.fixture
def sheet(tmp_path: Path) -> Any:
    """Makes the plan of a sheet whose rows are (id, path[, recipe])."""

    def make(*rows: tuple[str, ...], **more: Any) -> Plan:
        lines = ["scan\tpath\trecipe", *("\t".join((*row, "archive")[:3]) for row in rows)]
        (tmp_path / "scans.tsv").write_text("\n".join([*lines, ""]))
        config = {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "models_dir": str(tmp_path / "models"),
            "recipes": {"archive": {"stages": {"repair": {}}}, "other": {}},
            "recipe": "archive",
            "examine": {"faces": "off"},
            "device": "cpu",
        }
        return make_plan({**config, **more})

    return make


def put(path: Path, text: str = "master") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# -- the plan ------------------------------------------------------------------------------


def test_a_second_pass_over_the_deliverables_stops_in_one_line(tmp_path: Path, sheet: Any) -> None:
    for name in "ab":
        put(tmp_path / f"results/archive/deliver/{name}.tif")
    with pytest.raises(ConfigError) as caught:
        sheet(("a", "results/archive/deliver/a.tif"), ("b", "results/archive/deliver/b.tif"))
    said = str(caught.value)
    assert "\n" not in said
    for part in (
        "scan 'a'",
        f"'{tmp_path}/results/archive/deliver/a.tif'",
        "writes the file of that name for scan 'a'",
        "and 1 more masters",
        "`results`",
    ):
        assert part in said


@pytest.mark.parametrize(
    "place",
    [
        "results/archive/deliver/other-name.tif",
        "results/archive/repair/x.tif",
        "results/archive/repair/masks/x.tif",
        "results/archive/report/x.tif",
        "results/archive/x.tif",
        "results/archive/of-somebody/x.tif",
        "results/ingest/x.tif",
        "results/logs/archive/repair/x.log",
        "results/benchmarks/archive/repair/x.tsv",
        "results/x.tif",
        "results/run.json",
        "results/of-somebody/../archive/deliver/x.tif",
    ],
)
def test_no_master_lies_where_the_run_writes(tmp_path: Path, sheet: Any, place: str) -> None:
    (tmp_path / "results/of-somebody").mkdir(parents=True)
    put(tmp_path / place)
    with pytest.raises(ConfigError, match=r"the master of scan 'a', .* lies in '.*results"):
        sheet(("a", place))


def test_a_place_that_does_not_exist_yet_is_the_runs_as_well(sheet: Any) -> None:
    with pytest.raises(ConfigError, match="lies in"):
        sheet(("a", "results/archive/deliver/a.tif"))


@pytest.mark.parametrize(
    ("link", "to", "master"),
    [
        ("results/archive/deliver", "masters", "masters/a.tif"),
        ("results/archive", "masters", "masters/a.tif"),
        ("results", "masters", "masters/a.tif"),
        ("results", "masters", "masters/archive/deliver/a.tif"),
        ("masters", "results/archive/deliver", "masters/a.tif"),
        # As a file system leads there that does not tell upper case from lower.
        ("RESULTS", "results", "RESULTS/archive/deliver/a.tif"),
        ("results/logs/archive", "masters", "masters/a.log"),
    ],
)
def test_folders_that_are_one_by_a_link_are_one(
    tmp_path: Path, sheet: Any, link: str, to: str, master: str
) -> None:
    (tmp_path / to).mkdir(parents=True)
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / to)
    put(tmp_path / master)
    with pytest.raises(ConfigError, match="the master of scan 'a'"):
        sheet(("a", master))


@pytest.mark.parametrize("key", ["regions", "scans"])
def test_what_people_wrote_does_not_lie_where_the_run_writes(
    tmp_path: Path, sheet: Any, key: str
) -> None:
    place = put(tmp_path / "results/archive/repair/mine", "scan\tpath\na\ta.tif\n")
    given = {"regions": str(place.parent), "scans": str(place)}[key]
    with pytest.raises(ConfigError, match=f"config: {key}: .* lies in .*repair'"):
        sheet(("a", "a.tif"), **{key: given})


def test_a_path_longer_than_any_ends_soon(sheet: Any) -> None:
    sheet(("a", "a/" * 60_000 + "a.tif"), ("b", "missing/" * 500 + "b.tif"))


def test_one_scan_alone_does_not_overwrite_the_master_of_another(
    tmp_path: Path, sheet: Any
) -> None:
    put(tmp_path / "masters/a.tif")
    put(tmp_path / "results/archive/deliver/a.tif")
    with pytest.raises(ConfigError, match="the master of scan 'b'"):
        sheet(("a", "masters/a.tif"), ("b", "results/archive/deliver/a.tif"), only="a")


def test_what_a_run_does_not_write_may_hold_masters(tmp_path: Path, sheet: Any) -> None:
    rows = [
        ("a", "masters/a.tif"),
        # Results below the masters, masters in a folder of one's own below the results.
        ("b", "b.tif"),
        ("c", "results/box/c.tif"),
        # A recipe that this run has nothing to do with.
        ("d", "results/other/deliver/d.tif"),
        ("e", "results-of-before/archive/deliver/e.tif"),
    ]
    for _, path in rows:
        put(tmp_path / path)
    assert len(check_links(sheet(*rows))) == 5


@pytest.mark.parametrize("make", [os.link, os.symlink])
def test_a_master_that_is_a_result_by_a_link_stops_the_run(
    tmp_path: Path, sheet: Any, make: Any
) -> None:
    result = put(tmp_path / "results/archive/deliver/z.tif", "deliverable")
    (tmp_path / "masters").mkdir()
    make(result, tmp_path / "masters/a.tif")
    plan = sheet(("a", "masters/a.tif"))
    with pytest.raises(ConfigError) as caught:
        begin_run(plan)
    assert "scan 'a'" in str(caught.value)
    assert f"'{result}'" in str(caught.value)
    assert not (plan.results / "run.json").exists()


def test_links_to_anywhere_else_are_masters_like_any_other(tmp_path: Path, sheet: Any) -> None:
    kept = put(tmp_path / "annex/objects/1234")
    (tmp_path / "masters").mkdir()
    (tmp_path / "masters/a.tif").symlink_to(kept)
    os.link(kept, tmp_path / "masters/b.tif")
    put(tmp_path / "results/archive/deliver/z.tif")
    plan = sheet(("a", "masters/a.tif"), ("b", "masters/b.tif"), ("c", "masters/c.tif"))
    inode = kept.stat().st_ino
    assert check_links(plan) == [inode, inode, 0]


def test_folders_are_looked_at_once_and_masters_not_at_all(
    tmp_path: Path, sheet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(f"s{i}", f"masters/box{i % 3}/s{i}.tif") for i in range(300)]
    for _, path in rows[:3]:
        put(tmp_path / path)
    looked: list[str] = []
    plain = os.stat

    def seen(path: Any, **given: Any) -> os.stat_result:
        looked.append(str(path))
        return plain(path, **given)

    plan = sheet(*rows)
    monkeypatch.setattr(masters_apart.os, "stat", seen)
    masters_apart.check_folders(plan)
    assert not [path for path in looked if path.endswith(".tif")]
    assert max(looked.count(path) for path in looked) == 1


def test_benchmarks_are_not_written_through_a_link(tmp_path: Path, sheet: Any) -> None:
    master = put(tmp_path / "masters/a.tif")
    plan = sheet(("a", "masters/a.tif"))
    link = plan.results / "benchmarks/archive/deliver/masters.tsv"
    link.parent.mkdir(parents=True)
    link.symlink_to(master)
    with pytest.raises(ConfigError, match=r"masters\.tsv' is a link"):
        begin_run(plan)


@pytest.mark.parametrize("key", ["results", "models_dir"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a{b}", "braces"),
        ("a}", "braces"),
        ("-a", "begins with '-'"),
        ("./-a", "begins with '-'"),
        ("a\nb", "control character"),
    ],
)
def test_folders_that_a_command_would_misread_are_one_line(
    sheet: Any, key: str, name: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        sheet(("a", "a.tif"), **{key: name})
    assert str(caught.value).startswith(f"config: {key}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# -- the writer ----------------------------------------------------------------------------


def _write(path: Path) -> None:
    with published(path) as part:
        part.write_text("new")


@pytest.mark.parametrize(
    "change",
    [
        _write,
        unlink,
        opened_anew,
        lambda path: write_text(path, "new"),
        lambda path: rename(path, path.with_name("b.bad")),
        lambda path: rename(put(path.with_name("b"), "new"), path),
        lambda path: linked(put(path.with_name("b"), "new"), path),
        lambda path: linked(path, path.with_name("b")),
    ],
)
@pytest.mark.parametrize("way", ["same", "hard link", "link", "folder"])
def test_nothing_takes_the_place_of_a_master(tmp_path: Path, change: Any, way: str) -> None:
    master = put(tmp_path / "masters/a.tif")
    path = tmp_path / "results/a.tif"
    path.parent.mkdir()
    if way == "same":
        path = master
    elif way == "hard link":
        os.link(master, path)
    elif way == "link":
        # The sheet names a link, which leads to the file itself.
        (tmp_path / "to").symlink_to(master)
        master, path = tmp_path / "to", master
    else:
        (tmp_path / "results/in").symlink_to(master.parent)
        path = tmp_path / "results/in/a.tif"
    protect_as_they_are([str(master)])
    before = master.stat()
    with pytest.raises(MasterInTheWayError) as caught:
        change(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert os.path.samestat(master.stat(), before)
    assert (master.read_text(), path.read_text()) == ("master", "master")
    assert not list(tmp_path.rglob("*.part"))


def test_a_file_that_took_the_inode_of_a_master_that_went_is_no_master(tmp_path: Path) -> None:
    master, path = put(tmp_path / "a.tif"), tmp_path / "b.tif"
    protect_as_they_are([str(master)])
    master.rename(path)
    put(master, "put back")
    _write(path)
    assert path.read_text() == "new"


def test_a_result_that_is_hard_linked_to_a_master_is_left_and_the_others_are_done(
    finished: Plan,  # noqa: F811
) -> None:
    deliver = finished.results / "archive/deliver"
    table = Path(finished.table("archive", "deliver", "one"))
    other = Path(next(scan.path for scan in finished.scans if scan.scan == "none"))
    content = other.read_bytes()
    for path in (table, *deliver.glob("plain.*"), *deliver.glob("both.*")):
        path.unlink()
    os.link(other, deliver / "plain.tif")
    # As the run that began knew them: the master is one of another batch.
    finished.save([Path(scan.path).stat().st_ino for scan in finished.scans])
    given = load_plan(plan_file(finished.results))
    masters_apart.protect_masters(given)
    log = finished.results / "job.log"
    assert run_batch(given, "archive", "deliver", "one", workshop(given), table=table, log=log) == 1
    assert f"plain.tif: is a master (the master '{other}')" in log.read_text()
    assert not table.exists()
    assert other.read_bytes() == content
    assert other.samefile(deliver / "plain.tif")
    assert (deliver / "both.tif").is_file()


def test_tools_over_the_results_leave_masters(finished: Plan) -> None:  # noqa: F811
    from restoration.upkeep.prune import prune_results

    master = Path(next(scan.path for scan in finished.scans if scan.scan == "none"))
    stray = finished.results / "archive/cleanup/stray.tif"
    os.link(master, stray)
    try:
        found = prune_results(finished.results, keeping="none", confirm=True, stray=True)
    finally:
        unlock_results(finished.results)
    assert stray.exists()
    assert any("stray.tif: is a master" in line for line in found.failed)


def test_the_part_of_a_dead_worker_that_is_a_master_stays(tmp_path: Path) -> None:
    master = put(tmp_path / "a.tif")
    dead = part_name(tmp_path / "a.json")
    os.link(master, dead)
    protect_as_they_are([str(master)])
    assert remove_leftovers([tmp_path]) == 0
    assert dead.exists()


def test_parts_cannot_be_foreseen_and_follow_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert part_name(tmp_path / "a.tif") != part_name(tmp_path / "a.tif")
    victim = put(tmp_path / "victim")
    foreseen = tmp_path / "a.json.part"
    foreseen.symlink_to(victim)
    monkeypatch.setattr("restoration.storage.publish.part_name", lambda path: foreseen)
    with pytest.raises(CircumstanceError, match="cannot be written"):
        write_text(tmp_path / "a.json", "new")
    assert victim.read_text() == "master"


# -- what is written in place --------------------------------------------------------------


@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_a_log_follows_no_link(tmp_path: Path, make: Any) -> None:
    master, log = put(tmp_path / "a.tif"), tmp_path / "one.log"
    make(master, log)
    with reporter("ingest one", 1, log) as report:
        report.say("hello")
    assert master.read_text() == "master"
    assert "hello" in log.read_text()
    # And goes on where it is the log's own file, as after a crash of the worker.
    with reporter("ingest one", 1, log) as report:
        report.say("again")
    assert "hello" in log.read_text()
    make(master, tmp_path / "anew.log")
    os.close(opened_anew(tmp_path / "anew.log"))
    assert master.read_text() == "master"


@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_the_log_of_the_run_follows_no_link(tmp_path: Path, make: Any) -> None:
    victim = put(tmp_path / "elsewhere/file")
    for name in (LOG, PROGRESS):
        make(victim, tmp_path / name)
    tell_end(tmp_path, BatchEnd(None, "ingest", "one", 1, 1, 0, 0, 1.0))
    assert victim.read_text() == "master"
    assert '"batch": "one"' in (tmp_path / PROGRESS).read_text()


def test_a_log_that_is_a_master_itself_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where the folder of the logs is a link to that of the masters."""
    masters = [put(tmp_path / name) for name in ("one.log", PROGRESS)]
    protect_as_they_are(map(str, masters))
    with reporter("ingest one", 1, masters[0]) as report:
        report.say("hello")
    tell_end(tmp_path, BatchEnd(None, "ingest", "one", 1, 1, 0, 0, 1.0))
    assert [path.read_text() for path in masters] == ["master", "master"]
    said = capsys.readouterr().err
    assert "one.log' cannot be written" in said
    assert "progress cannot be written" in said


@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_the_lock_empties_no_other_file(tmp_path: Path, make: Any) -> None:
    master, results = put(tmp_path / "a.tif"), tmp_path / "results"
    results.mkdir()
    make(master, results / ".lock")
    with pytest.raises(ConfigError, match=r"\.lock' is a link to another file"):
        lock_results(results)
    assert master.read_text() == "master"
    (results / ".lock").unlink()
    lock_results(results)
    unlock_results(results)


def test_a_table_that_is_a_link_does_not_date_what_it_leads_to(tmp_path: Path) -> None:
    master = put(tmp_path / "a.tif")
    os.utime(master, (4e9, 4e9))
    (tmp_path / "one.tsv").symlink_to(master)
    os.utime(tmp_path / "one.tsv", (4e9, 4e9), follow_symlinks=False)
    not_in_future([tmp_path / "one.tsv"])
    assert master.stat().st_mtime == 4e9


def test_a_log_that_a_full_disk_cuts_is_said(tmp_path: Path) -> None:
    """The system takes what fits of a write without an error."""
    log = tmp_path / "page.log"
    done = subprocess.run(
        [sys.executable, str(PACKAGE / "keep_log.py"), str(log)],
        input=b"x" * 100,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)),
    )
    assert done.stdout == b"x" * 100, "what comes in is passed on all the same"
    assert log.read_bytes() == b"x" * 40
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"error: {log}: cannot be written (")


DOOR = "storage/publish.py"

ELSEWHERE = {
    # Files without a name, or in a folder that nobody else knows.
    "storage/scratch_disk.py",
    "networks/originals.py",
    "engine/native/build.py",
    # Places of GPUs, in a folder of the user's own; nothing is written.
    "engine/gpu_places.py",
    # Documents of the repository itself.
    "config/documentation.py",
    "config/record_documentation.py",
    # Into a part, before it is published.
    "deliver/directories.py",
    # Whole folders of results, once it is sure that no master lies in them.
    "upkeep/clear_results.py",
    # Its own name, opened without following a link.
    "run/lock.py",
    "run/shared_filesystem.py",
}

WRITES = {"unlink", "rename", "replace", "hardlink_to", "symlink_to", "touch", "truncate"}
WRITES |= {"rmtree", "link", "symlink", "remove", "renames", "copyfile", "copy2", "move"}
TEXTS = {"write_text", "write_bytes"}


def writing_calls(path: Path) -> list[str]:
    """Calls that replace, rename, delete or open for writing, past the door."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name, on = node.func.attr, ast.unparse(node.func.value)
        if name == "replace" and (len(node.args) != 1 or node.keywords):
            continue  # of a text, or of a date
        # Parts are of our own making.
        if on in ("part", "probe", "made", "partial", "file", "target"):
            continue
        modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
        modes += [k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)]
        opens = name in ("open", "fdopen") and any(
            isinstance(m, str) and set(m) & set("wax+") and len(m) < 4 for m in modes
        )
        creates = name == "open" and "O_CREAT" in ast.unparse(node)
        if name in WRITES or name in TEXTS or opens or creates:
            found.append(f"{path.name}:{node.lineno}: {ast.unparse(node)[:80]}")
    return found


def test_every_file_goes_through_the_one_door() -> None:
    past = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE)).removeprefix("restoration/")
        if name != DOOR and name not in ELSEWHERE:
            past += writing_calls(path)
    assert past == []
    # None is a name of long ago.
    assert all(writing_calls(PACKAGE / "restoration" / name) for name in (DOOR, *ELSEWHERE))


def test_every_master_can_be_protected(tmp_path: Path, sheet: Any) -> None:
    master = put(tmp_path / "masters/a.tif")
    plan = sheet(("a", "masters/a.tif"), ("b", "masters/missing.tif"))
    protect_every_master(replace(plan))
    with pytest.raises(MasterInTheWayError):
        unlink(master)


def test_what_is_piped_is_passed_on_and_kept_in_a_file_that_begins_anew(tmp_path: Path) -> None:
    master, log = put(tmp_path / "a.tif"), tmp_path / "page.log"
    log.symlink_to(master)
    command = [sys.executable, str(PACKAGE / "keep_log.py"), str(log), str(tmp_path / "b.txt")]
    done = subprocess.run(command, input="said\n", capture_output=True, text=True, check=True)
    assert done.stdout == log.read_text() == (tmp_path / "b.txt").read_text() == "said\n"
    assert master.read_text() == "master"
    command[-1] = str(tmp_path / "missing/b.txt")
    done = subprocess.run(command, input="more\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, log.read_text()) == (1, "more\n", "more\n")
    assert "missing/b.txt: cannot be written" in done.stderr
