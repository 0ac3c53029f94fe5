"""What a person types behind `make` reaches the scripts as it was typed, or is one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STRANGE = 'it\'s "5" $HOME ${x} {y} `id` $(z); #1\\'

RECORDING = """\
#!/bin/sh
{ printf '%s\\1' "$@"; printf '\\n'; } >> said
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The real Makefile, and a Python that writes down what it is told."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "envs").mkdir()
    for name in ("install.sh", "lock.txt"):
        (tmp_path / "envs" / name).touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(RECORDING)
    python.chmod(0o755)
    return tmp_path


def make(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["make", "-s", *words],
        cwd=checkout,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def told(checkout: Path, script: str) -> list[str]:
    """The words behind a script's name."""
    calls = (checkout / "said").read_text().splitlines()
    words = [line.split("\1")[:-1] for line in calls]
    return next(found[1:] for found in words if found[0] == f"scripts/{script}")


@pytest.mark.parametrize("target", ["status", "verify", "prune", "retry", "clean-results", "demo"])
def test_results_reach_every_script_as_they_were_typed(checkout: Path, target: str) -> None:
    done = make(checkout, target, f"RESULTS={STRANGE}", "CORES=3")
    assert done.returncode == 0, done.stderr
    script = {"clean-results": "clean_results", "demo": "restore"}.get(target, target)
    assert f"--results={STRANGE}" in told(checkout, f"{script}.py")


def test_restore_hands_on_all_that_was_named(checkout: Path) -> None:
    names = ("SHEET", "FOLDER", "CONFIG", "RESULTS", "RECIPE", "SCAN")
    given = {name: f"{name.lower()} {STRANGE}" for name in names}
    done = make(checkout, "restore", "CORES=3", *(f"{n}={v}" for n, v in given.items()))
    assert done.returncode == 0, done.stderr
    words = told(checkout, "restore.py")
    assert words[:6] == [f"--{name.lower()}={value}" for name, value in given.items()]
    assert words[6:] == ["--", ".venv/bin/python", "scripts/run_snakemake.py", "--cores", "3"]


def test_what_is_not_named_is_not_handed_on(checkout: Path) -> None:
    assert make(checkout, "restore", "SHEET=my.tsv", "RESULTS=").returncode == 0
    words = told(checkout, "restore.py")
    assert words[:2] == ["--sheet=my.tsv", "--"]
    assert words[-2:] == ["--cores", "all"]


@pytest.mark.parametrize("target", ["demo", "restore", "retry"])
@pytest.mark.parametrize("cores", ["0", "-1", "abc", "1.5", "", "2 --dryrun", "08", "it's"])
def test_cores_that_are_none_are_one_line(checkout: Path, target: str, cores: str) -> None:
    done = make(checkout, target, f"CORES={cores}")
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    expected = "error: CORES: expected all, or a whole number from 1 on, found"
    assert said == [f"{expected} '{cores}'"]
    # Before anything is installed or started.
    assert not (checkout / "said").exists()


@pytest.mark.parametrize(
    ("target", "word", "option"),
    [
        ("clean-results", "CONFIRM=1", "--yes"),
        ("prune", "CONFIRM=1", "--yes"),
        ("prune", "ORPHANS=1", "--orphans"),
        ("verify", "QUICK=1", "--quick"),
        ("verify", "REPAIR=1", "--repair"),
    ],
)
def test_a_switch_that_is_off_is_off(checkout: Path, target: str, word: str, option: str) -> None:
    """`make prune CONFIRM=0` deletes nothing."""
    script = f"{target.replace('-', '_')}.py"
    for off in ("0", "no", ""):
        make(checkout, target, f"{word.partition('=')[0]}={off}")
    assert all(option not in line for line in (checkout / "said").read_text().splitlines())
    (checkout / "said").unlink()
    make(checkout, target, word)
    assert option in told(checkout, script)


def test_training_is_told_where_its_pictures_are(checkout: Path) -> None:
    done = make(checkout, "train-damage", f"OVERLAYS={STRANGE}", "PHOTOGRAPHS=my photographs")
    assert done.returncode == 0, done.stderr
    trained, judged = (
        line.split("\1")[:-1] for line in (checkout / "said").read_text().splitlines()[-2:]
    )
    folders = [f"--overlays={STRANGE}", "--photographs=my photographs"]
    weights = "results/training/damage.safetensors"
    assert trained == ["-m", "training.damage.train", *folders, f"--out={weights}"]
    assert judged == ["-m", "training.damage.judge", *folders, f"--weights={weights}"]


def test_help_names_what_may_be_set(checkout: Path) -> None:
    said = make(checkout).stdout
    for word in ("SHEET=", "FOLDER=", "CONFIG=", "[RESULTS=folder]", "CONFIRM=1", "CORES="):
        assert word in said


def test_an_environment_beside_the_own_one_is_made_where_it_was_named(checkout: Path) -> None:
    installer = checkout / "envs" / "install.sh"
    installer.write_text('''printf '%s\\n' "$PYTHON" "$@" > installed; cp -r .venv "$2"''')
    done = make(checkout, "env", "VENV=.venv-3.12", "PYTHON=python3.12")
    assert done.returncode == 0, done.stderr
    words = (checkout / "installed").read_text().splitlines()
    assert words == ["python3.12", "--into", ".venv-3.12"]


def test_tests_on_a_python_that_is_not_here_say_so(checkout: Path) -> None:
    done = make(checkout, "test-newer", "NEWER=python3.99")
    assert done.returncode == 0
    assert done.stdout == "test-newer: python3.99 is not here; nothing was tested on it\n"
    assert not (checkout / "said").exists()
