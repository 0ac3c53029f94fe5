"""Deleting results: only where that is what the folder holds, and where somebody said so."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from restoration.errors import ConfigError
from restoration.plan.make_plan import make_plan
from restoration.upkeep.clear_results import check_results, clear_results
from support.warm_python import Script

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "clean_results.py"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path


def a_run(results: str, **changed: str) -> Path:
    """Results as a run leaves them, over one master elsewhere."""
    Path("masters").mkdir(exist_ok=True)
    Path("masters/a.tif").touch()
    sheet = Path(changed.get("scans", "scans.tsv"))
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_text(f"scan\tpath\na\t{changed.pop('master', Path('masters/a.tif').resolve())}\n")
    raw = {"scans": "scans.tsv", "results": results, "recipes": {"archive": {}}, **changed}
    plan = make_plan(raw)
    Path(results).mkdir(parents=True, exist_ok=True)
    plan.save()
    return Path(results)


@pytest.fixture
def clean(script: Script) -> Script:
    """The script without a terminal."""
    return partial(script, "clean_results.py")


def clean_at_a_terminal(agreed: str) -> int:
    """The script where somebody answers; its exit code."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{agreed}\n".encode())
    try:
        command = [sys.executable, str(SCRIPT)]
        return subprocess.run(command, stdin=theirs, capture_output=True, check=False).returncode
    finally:
        os.close(ours)
        os.close(theirs)


def test_without_a_terminal_it_takes_a_word(place: Path, clean: Script) -> None:
    results = a_run("results")
    done = clean()
    assert done.returncode == 1
    assert "nobody can be asked here" in done.stderr
    assert "CONFIRM=1" in done.stderr
    assert done.stderr.count("\n") == 1
    assert results.is_dir()
    assert clean("--yes").returncode == 0
    assert not results.exists()
    assert Path("masters/a.tif").is_file()


def test_at_a_terminal_it_asks(place: Path) -> None:
    results = a_run("results")
    assert clean_at_a_terminal("n") == 1
    assert results.is_dir()
    assert clean_at_a_terminal("y") == 0
    assert not results.exists()


def test_nothing_there_is_nothing_to_delete(place: Path, clean: Script) -> None:
    done = clean()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("/", "is or holds the folder you are in"),
        (".", "is or holds the folder you are in"),
        ("..", "is or holds the folder you are in"),
        ("home", "is or holds your home folder"),
        ("holiday", "holds no run ('holiday/run.json' is missing)"),
        ("link", "is a link to"),
        ("scans.tsv", "is no folder"),
        ("mixed", "holds no run"),
    ],
)
def test_what_is_no_folder_of_results_stays(
    place: Path, clean: Script, folder: str, said: str
) -> None:
    a_run("results")
    a_run("mixed/demo")
    for name in ("holiday/a.jpg", "mixed/notes.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    Path("link").symlink_to("results")
    before = sorted(Path().rglob("*"))
    done = clean("--results", folder, "--yes")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"master": "results/mine/b.tif"}, "a master lies in it"),
        ({"scans": "results/my.tsv"}, "the sheet lies in it"),
        ({"regions": "results/regions"}, "the folder of regions lies in it"),
        ({"models_dir": "results/models"}, "the folder of weights lies in it"),
    ],
)
def test_what_a_run_read_is_not_deleted(place: Path, changed: dict[str, str], said: str) -> None:
    for name in ("results/mine", "results/regions", "results/models"):
        Path(name).mkdir(parents=True)
    Path("results/mine/b.tif").touch()
    with pytest.raises(ConfigError, match=said):
        check_results(a_run("results", **changed))


def test_a_master_behind_a_link_into_the_results_is_not_deleted(place: Path) -> None:
    Path("results/kept").mkdir(parents=True)
    Path("results/kept/a.tif").touch()
    Path("box").symlink_to("results/kept")
    with pytest.raises(ConfigError, match="a master lies in it"):
        check_results(a_run("results", master=str(place / "box/a.tif")))


def test_results_of_the_demo_alone_may_go(place: Path) -> None:
    a_run("results/demo")
    check_results(Path("results"))
    clear_results(Path("results"))
    assert not Path("results").exists()


def test_results_that_were_moved_stay(place: Path) -> None:
    a_run("results").rename("elsewhere")
    with pytest.raises(ConfigError, match="called its results 'results'"):
        check_results(Path("elsewhere"))
