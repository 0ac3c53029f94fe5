"""Names of the package: a class name has one meaning, and so have the aliases that many share."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[3] / "scripts" / "restoration"


def defined() -> dict[str, list[str]]:
    """Classes and aliases at the top of every module, with where each is defined."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = []
            if isinstance(node, ast.ClassDef):
                names = [node.name]
            elif isinstance(node, ast.Assign):
                names = [n.id for n in node.targets if isinstance(n, ast.Name)]
            for name in names:
                bare = name.lstrip("_")
                if bare[:1].isupper() and not bare.isupper():
                    found[name].append(str(path.relative_to(PACKAGE)))
    return found


def test_a_class_or_alias_has_one_meaning() -> None:
    found = defined()
    assert len(found) > 400
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_no_module_outgrows_its_subject_and_few_lie_loose() -> None:
    modules = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    lines = {str(path.relative_to(PACKAGE)): text.count("\n") for path, text in modules.items()}
    assert {name: count for name, count in lines.items() if count > 400} == {}
    loose = [path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    assert len(loose) <= 3
