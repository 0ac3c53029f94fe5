"""Tests of a room lie under its name; what tests share lies in tests/support: each test module
stands by itself."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
ROOT = TESTS.parent
PACKAGE = ROOT / "scripts" / "restoration"
BESIDE = ("training",)
"""Packages beside the one that restores, which no run needs; their tests lie under their names."""


def imported(path: Path) -> set[str]:
    """The modules that a file imports, also within functions, and the names taken from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return found


def loaded(path: Path) -> set[str]:
    """The modules that Snakefile or rules import, which are no Python as a whole."""
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines]
    return {each[1] for each in words if len(each) > 1 and each[0] in ("import", "from")}


def test_no_module_imports_a_test_module() -> None:
    modules = sorted(TESTS.rglob("*.py"))
    tests = {path.stem for path in modules if path.stem.startswith("test_")} | {"conftest"}
    assert len(tests) > 100
    wrong = {
        f"{path.relative_to(TESTS)}: {name}"
        for path in modules
        for name in imported(path)
        if tests & set(name.split("."))
    }
    assert wrong == set()


def test_loose_modules_are_command_lines() -> None:
    """Helpers lie in tests/support; what lies beside the folders is run by people."""
    loose = {path.name: path.read_text(encoding="utf-8") for path in TESTS.glob("*.py")}
    del loose["conftest.py"]
    assert set(loose) == {"contradictions.py", "metadata_tools.py"}
    assert all('if __name__ == "__main__":' in text for text in loose.values())


def test_unit_tests_lie_in_folders_named_like_the_rooms() -> None:
    """Or like a package beside theirs; ``project`` holds what is about the whole repository: its
    docs, lock, Makefile, benches."""
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    modules = sorted((TESTS / "unit").rglob("*.py"))
    assert {path.parent.parent for path in modules} == {TESTS / "unit"}
    # The stages that ask `condition` are what tests it: denoise, upscale, the demo.
    assert rooms - {path.parent.name for path in modules} == {"condition"}
    assert {path.parent.name for path in modules} - rooms == {"project", *BESIDE}


def test_what_a_run_needs_knows_nothing_of_what_stands_beside_it() -> None:
    """The weights are committed: training is no part of an installation."""
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(BESIDE)
    run = [*(ROOT / "scripts").rglob("*.py"), *(ROOT / "rules").glob("*.smk"), ROOT / "Snakefile"]
    known = {"tests", "support", *BESIDE}
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in run
        for name in (imported(path) if path.suffix == ".py" else loaded(path))
        if name.partition(".")[0] in known
    }
    assert wrong == set()


def test_no_two_test_modules_share_a_name() -> None:
    """Where a folder is no package, pytest tells modules apart by their file's name alone."""
    found = TESTS.rglob("test_*.py")
    names = [path.name for path in found if not (path.parent / "__init__.py").exists()]
    assert len(names) == len(set(names))
