"""Keys see every change of meaning and no change of layout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from restoration.config.stages import REGISTRY
from restoration.plan import plan as planning
from restoration.storage import keys


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
    keys._source.cache_clear()
    keys._module_path.cache_clear()
    return keys.code_fingerprint(f"restoration.{module}", package)


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
    sources = {path: path.read_text() for path in keys.PACKAGE.rglob("*.py")}
    found = {name for text in sources.values() for name in named.findall(text)}
    assert "restoration.stages.repair.stage" in found
    assert found >= keys._NOT_PART_OF_A_RESULT
    assert [name for name in found if keys._module_path(name, keys.PACKAGE) is None] == []


def codes(package: Path) -> dict[str, list[str]]:
    """The fingerprints behind each step, of a package that may differ from this one."""
    keys._source.cache_clear()
    keys._module_path.cache_clear()
    modules = dict(planning._CODE)
    modules |= {name: (*entry.code, *planning._STAGE_CODE) for name, entry in REGISTRY.items()}
    return {
        step: [keys.code_fingerprint(module, package) for module in roots]
        for step, roots in modules.items()
    }


PLANNING = ("cost", "sheet", "planning", "chain", "runner", "regions", "restoring", "verify")


def test_what_plans_and_runs_is_part_of_no_result(tmp_path: Path) -> None:
    """One figure changed in the cost model delivered every scan of a collection again."""
    copied = tmp_path / "restoration"
    shutil.copytree(keys.PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    before = codes(copied)
    for module in PLANNING:
        path = copied / f"{module}.py"
        path.write_text(path.read_text() + "\nANOTHER_FIGURE = 1.0\n")
    assert codes(copied) == before
    path = copied / "stages" / "cleanup.py"
    path.write_text(path.read_text() + "\nANOTHER_FIGURE = 1.0\n")
    after = codes(copied)
    assert [step for step in before if before[step] != after[step]] == ["cleanup"]


def test_each_part_of_a_key_counts() -> None:
    base = {
        "input_key": "i",
        "settings": {"a": 1, "b": 2},
        "reads": {"noise": 1.0},
        "code": "c",
        "weights": ("w",),
        "numeric": {"band_rows": 64},
    }
    first = keys.stage_key(**base)  # type: ignore[arg-type]
    other = {
        "input_key": "j",
        "settings": {"a": 2, "b": 1},
        "reads": {"noise": 1.5},
        "code": "d",
        "weights": (),
        "numeric": {"band_rows": 32},
    }
    changed = {keys.stage_key(**{**base, name: value}) for name, value in other.items()}  # type: ignore[arg-type]
    assert len(changed | {first}) == 7
    reordered = {**base, "settings": {"b": 2, "a": 1}}
    assert keys.stage_key(**reordered) == first  # type: ignore[arg-type]


def test_identifiers_follow_from_keys() -> None:
    assert keys.identifier("k", "document") == keys.identifier("k", "document")
    assert keys.identifier("k", "document") != keys.identifier("k", "instance")
