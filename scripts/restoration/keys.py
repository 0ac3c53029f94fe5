"""Keys: what a record depends on, in one hash; and the fingerprint of the code behind it.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import ast
import hashlib
import json
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent

# One namespace for all ids of this software, itself derived from its name, so that the same
# key gives the same id on every machine.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "archival-scan-restoration")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256, hexadecimal, of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def identifier(key: str, purpose: str) -> str:
    """UUIDv5 of a key, for XMP and PREMIS ids: same key, same id."""
    return str(uuid.uuid5(_NAMESPACE, f"{purpose}:{key}"))


def stage_key(
    *,
    input_key: str,
    settings: Mapping[str, Any],
    reads: Mapping[str, Any],
    code: str,
    weights: tuple[str, ...],
    numeric: Mapping[str, Any],
) -> str:
    """The key of one stage for one page.

    Parameters
    ----------
    input_key
        Key of the page as it comes in; the first one is the master's SHA-256 and page number.
    settings
        The stage's settings for this scan.
    reads
        The condition-report fields that the stage declares it reads.
    code
        Fingerprint, or declared version, of the stage's code.
    weights
        SHA-256 of each set of weights that the settings name.
    numeric
        Runtime, precision and strip geometry, resolved when the run is planned.
    """
    return digest(
        {
            "input": input_key,
            "settings": dict(settings),
            "reads": dict(reads),
            "code": code,
            "weights": list(weights),
            "numeric": dict(numeric),
        }
    )


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        # Every bare string is documentation, attribute docstrings included.
        body = [
            item
            for item in node.body
            if not (
                isinstance(item, ast.Expr)
                and isinstance(item.value, ast.Constant)
                and isinstance(item.value.value, str)
            )
        ]
        node.body = body or [ast.Pass()]
    return tree


def _module_path(name: str, package: Path) -> Path | None:
    """The source file of ``restoration.a.b``; None where it is not one of our modules."""
    parts = name.split(".")
    if parts[0] != "restoration":
        return None
    base = package.joinpath(*parts[1:])
    if base.with_suffix(".py").is_file():
        return base.with_suffix(".py")
    return base / "__init__.py" if (base / "__init__.py").is_file() else None


def _imports(tree: ast.Module) -> set[str]:
    """Names of the modules that a module imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@cache
def _module_facts(path: Path) -> tuple[str, frozenset[str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = frozenset(_imports(tree))
    text = ast.dump(_without_docstrings(tree), include_attributes=False)
    return hashlib.sha256(text.encode()).hexdigest(), imports


# What these modules say reaches a key by another way: settings and reads by their values,
# errors, record-keeping and the place where a file is made not at all, since they touch no pixel.
_NOT_PART_OF_A_RESULT = frozenset(
    {
        "restoration.settings",
        "restoration.stage_settings",
        "restoration.errors",
        "restoration.keys",
        "restoration.scratch",
        "restoration.written",
        "restoration.fixity_list",
        "restoration.recorded_copies",
        "restoration.withdrawing",
        "restoration",
    }
)


def code_fingerprint(module: str, package: Path = PACKAGE) -> str:
    """SHA-256 over the syntax trees, without docstrings, of a module and ours that it imports.

    Comments, docstrings and layout do not change it; an edited helper changes it for exactly
    the modules that import that helper, directly or through others.
    """
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _module_path(name, package)
        if path is None or name in seen or name in _NOT_PART_OF_A_RESULT:
            continue
        fingerprint, imports = _module_facts(path)
        seen[name] = fingerprint
        waiting.extend(sorted(imports))
    return digest(seen)
