"""Names of the package: a class name has one meaning, and so have the aliases that many share."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

from restoration.config.settings import EngineSettings, ExamineSettings

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


# A module of a room, or something of it, as docstrings name it: ``plan.batches.assign``.
NAMED = re.compile(r"``([a-z_]+(?:\.[A-Za-z_]+)+)``")


def exists(name: str, base: Path) -> bool:
    """Whether a dotted name, from a folder on, is a folder, a module or stands in the module."""
    place, parts = base, name.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if not parts:
        return True
    module, inside = place / f"{parts[0]}.py", parts[1:]
    if not module.is_file():
        module, inside = place / "__init__.py", parts
    text = module.read_text(encoding="utf-8")
    return not inside or re.search(rf"\b{inside[0]}\b", text) is not None


def test_modules_that_documentation_names_exist() -> None:
    """A module that is moved leaves its old name behind in sentences."""
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    # Modules of former layouts, which no room bears the name of.
    former = {"batching", "intact", "retention", "resolving", "runner", "running", "workshop"}
    sections = sections_of_the_config()
    named, missing = 0, []
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in NAMED.findall(path.read_text(encoding="utf-8")):
            first, second = name.split(".")[:2]
            if second in sections.get(first, ()) or first not in rooms | former:
                continue
            named += 1
            # As seen from the top of the package, or from a folder around the sentence.
            if not any(
                exists(name, base) for base in path.parents if PACKAGE in (base, *base.parents)
            ):
                missing.append(f"{path.relative_to(PACKAGE)}: {name}")
    assert named > 5
    assert missing == []


def sections_of_the_config() -> dict[str, set[str]]:
    """Keys of the sections that bear the name of a room: ``engine.memory_gib`` is no module."""
    return {
        "engine": set(EngineSettings.model_fields),
        "examine": set(ExamineSettings.model_fields),
    }
