"""The fingerprint of code sees every change of meaning and no change of layout or place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from restoration.config.stages import REGISTRY
from restoration.networks.registry import ARCHITECTURES
from restoration.plan import code_fingerprint as fingerprints
from restoration.plan.code_fingerprint import PACKAGE, code_fingerprint, modules_behind
from restoration.plan.dependencies import code_roots, steps_with_code

BY_VALUE = (
    "restoration.chain.marks_on_page",
    "restoration.faces.head_protection",
    "restoration.stages.colour.provisional",
)
"""Modules whose fingerprint enters keys of pages for which they work."""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """``top`` imports ``middle`` imports ``bottom``; ``aside`` stands alone."""
    folder = tmp_path / "restoration"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Package."""\n')
    (folder / "bottom.py").write_text('"""Bottom."""\nVALUE = 1\n')
    middle = '"""Middle."""\n\n\ndef value():\n    """Doc."""\n'
    middle += "    from restoration.bottom import VALUE\n    return VALUE\n"
    (folder / "middle.py").write_text(middle)
    (folder / "top.py").write_text("from restoration import middle\nX = middle.value()\n")
    (folder / "aside.py").write_text("Y = 2\n")
    return folder


def fingerprint(package: Path, module: str) -> str:
    fingerprints.forget_sources()
    return code_fingerprint(f"restoration.{module}", package)


def change(package: Path, module: str, old: str, new: str) -> None:
    path = package / f"{module}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_code_reaches_importers_only(package: Path) -> None:
    before = {name: fingerprint(package, name) for name in ("top", "middle", "bottom", "aside")}
    change(package, "bottom", "VALUE = 1", "VALUE = 2")
    after = {name: fingerprint(package, name) for name in before}
    assert {name for name in before if before[name] != after[name]} == {"top", "middle", "bottom"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Doc."""', '"""Another."""'),
        ('    """Doc."""\n', ""),
        ("return VALUE", "return (VALUE)"),
    ],
)
def test_documentation_and_layout_do_not_count(package: Path, old: str, new: str) -> None:
    before = fingerprint(package, "top")
    change(package, "middle", old, new)
    change(package, "middle", "def value", "# a comment\ndef value")
    assert fingerprint(package, "top") == before


def test_where_the_package_lies_does_not_count(package: Path, tmp_path: Path) -> None:
    before = fingerprint(package, "top")
    moved = tmp_path / "elsewhere" / "restoration"
    shutil.copytree(package, moved)
    assert fingerprint(moved, "top") == before


def test_a_module_that_moved_with_its_importers_counts_as_it_was(package: Path) -> None:
    before = {name: fingerprint(package, name) for name in ("top", "middle")}
    (package / "room").mkdir()
    (package / "bottom.py").rename(package / "room" / "floor.py")
    change(package, "middle", "from restoration.bottom", "from restoration.room.floor")
    assert {name: fingerprint(package, name) for name in before} == before


def test_a_name_that_comes_from_elsewhere_counts(package: Path) -> None:
    (package / "other.py").write_text("VALUE = 3\n")
    change(package, "top", "X =", "from restoration import other\nX =")
    both = fingerprint(package, "top")
    change(package, "middle", "restoration.bottom", "restoration.other")
    change(package, "top", "import other", "import bottom as other")
    assert fingerprint(package, "top") != both


def test_a_foreign_library_behind_the_same_name_counts(package: Path) -> None:
    change(package, "aside", "Y = 2", "from scipy.ndimage import zoom\nY = zoom")
    before = fingerprint(package, "aside")
    change(package, "aside", "scipy.ndimage", "skimage.transform")
    assert fingerprint(package, "aside") != before


def test_what_only_type_checkers_read_does_not_count(package: Path) -> None:
    line = "from typing import TYPE_CHECKING\nX ="
    change(package, "top", "X =", line)
    before = fingerprint(package, "top")
    block = "if TYPE_CHECKING:\n    from restoration.aside import Y\nX ="
    change(package, "top", "X =", block)
    assert fingerprint(package, "top") == before
    change(package, "aside", "Y = 2", "Y = 3")
    assert fingerprint(package, "top") == before
    change(package, "top", "if TYPE_CHECKING:", "if True:")
    assert fingerprint(package, "top") != before


def test_a_module_that_does_not_exist_has_no_fingerprint(package: Path) -> None:
    with pytest.raises(LookupError, match=r"'restoration\.botom' is no module"):
        fingerprint(package, "botom")


def test_every_module_named_by_a_string_exists() -> None:
    named = re.compile(r'"(restoration(?:\.[a-z_0-9]+)*)"')
    sources = {path: path.read_text() for path in PACKAGE.rglob("*.py")}
    found = {name for text in sources.values() for name in named.findall(text)}
    assert "restoration.stages.repair.stage" in found
    assert found >= fingerprints._NOT_PART_OF_A_RESULT
    assert [name for name in found if fingerprints._module_path(name, PACKAGE) is None] == []


@pytest.mark.parametrize("room", fingerprints._ROOMS_OF_VALUES)
def test_what_findings_and_records_hold_is_no_code(package: Path, room: str) -> None:
    name = room.removeprefix("restoration.").replace(".", "/")
    (package / name).mkdir(parents=True)
    (package / name / "__init__.py").write_text("")
    (package / name / "noise.py").write_text("LABEL = 'noise'\n")
    change(package, "middle", "def value", f"from {room}.noise import LABEL\n\ndef value")
    before = fingerprint(package, "top")
    change(package, f"{name}/noise", "noise", "grain of the scan")
    assert fingerprint(package, "top") == before
    change(package, "middle", "import LABEL", "import OTHER as LABEL")
    assert fingerprint(package, "top") != before


# -- of this package -------------------------------------------------------------------------


def behind(step: str) -> set[str]:
    """Every module of which the code behind a step is made, whichever network it runs."""
    roots = (*code_roots(step), *(name for kind in ARCHITECTURES.values() for name in kind.code))
    return {name for root in roots for name in modules_behind(root)}


def codes(package: Path, renamed: dict[str, str] | None = None) -> dict[str, list[str]]:
    """The fingerprints behind each step, of a package that may differ from this one; renamed: new
    names of roots."""
    fingerprints.forget_sources()
    roots = {step: code_roots(step) for step in steps_with_code()}
    roots |= {root: (root,) for root in BY_VALUE}
    return {
        step: [code_fingerprint((renamed or {}).get(root, root), package) for root in modules]
        for step, modules in roots.items()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this package, which tests may change."""
    copied = tmp_path_factory.mktemp("whole") / "restoration"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


@pytest.fixture(scope="module")
def as_it_is(whole: Path) -> dict[str, list[str]]:
    return codes(whole)


def edited(path: Path) -> None:
    path.write_text(path.read_text() + "\nANOTHER_FIGURE = 1.0\n")


ROOMS_ABOVE = ("plan", "chain", "review", "run", "upkeep", "demo")


def test_what_plans_runs_and_shows_is_part_of_no_result(
    whole: Path, as_it_is: dict[str, list[str]], tmp_path: Path
) -> None:
    """One figure changed in the cost model delivered every scan of a collection again."""
    copied = tmp_path / "restoration"
    shutil.copytree(whole, copied)
    used = {path for root in BY_VALUE for path in modules_behind(root, copied).values()}
    changed = [path for room in ROOMS_ABOVE for path in (copied / room).rglob("*.py")]
    changed += [copied / "config" / name for name in ("sheet.py", "scan_folder.py")]
    for path in changed:
        if path not in used:
            edited(path)
    assert codes(copied) == as_it_is
    edited(copied / "stages" / "cleanup" / "stage.py")
    after = codes(copied)
    assert [step for step in after if as_it_is[step] != after[step]] == ["cleanup"]


@pytest.mark.parametrize("step", steps_with_code())
@pytest.mark.parametrize(
    "module",
    [
        "plan.cost_model",
        "config.sheet",
        "config.scan_folder",
        "config.settings",
        "networks.registry",
        "networks.manifest",
        "run.start_run",
        "chain.chain",
        "storage.manifest",
    ],
)
def test_no_step_is_made_of(module: str, step: str) -> None:
    assert (PACKAGE / f"{module.replace('.', '/')}.py").is_file()
    assert f"restoration.{module}" not in behind(step)


@pytest.mark.parametrize("stage", REGISTRY)
def test_the_code_of_a_stage_is_part_of_no_other_step(stage: str) -> None:
    module = REGISTRY[stage].module
    assert [step for step in steps_with_code() if module in behind(step)] == [stage]


MOVED = {
    "restoration.stages.upscale.stage": "restoration.engine.moved_stage",
    "restoration.raster.tiff.page": "restoration.storage.moved_page",
    "restoration.raster.boxes": "restoration.condition.moved_boxes",
    "restoration.faces.head": "restoration.stages.faces.moved_head",
    "restoration.deliver.history": "restoration.ingest.moved_history",
    "restoration.examine.page": "restoration.faces.moved_examine",
}


def test_modules_that_moved_make_nothing_anew(
    whole: Path, as_it_is: dict[str, list[str]], tmp_path: Path
) -> None:
    copied = tmp_path / "restoration"
    shutil.copytree(whole, copied)
    reached = {name for step in steps_with_code() for name in behind(step)}
    for old, new in MOVED.items():
        assert old in reached
        file, target = (copied.joinpath(*name.split(".")[1:]) for name in (old, new))
        file.with_suffix(".py").rename(target.with_suffix(".py"))
        for path in copied.rglob("*.py"):
            path.write_text(re.sub(rf"\b{re.escape(old)}\b", new, path.read_text()))
    after = codes(copied, MOVED)
    assert [step for step in after if as_it_is[step] != after[step]] == []
