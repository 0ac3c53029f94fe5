"""Counts where a dictionary is asked for by a literal key: ``x["key"]`` and ``x.get("key")``.

Records and the condition report are typed; what is left of such accesses is counted here, so that
their number only falls. Run: ``python tests/support/string_keys.py [folder of the package]``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[2] / "scripts/restoration"

NO_RECORDS: Mapping[str, str] = {
    "config/": "YAML and sheets as people write them, and pydantic's errors on them",
    "demo/make.py": "the list of the demo's own files",
    "engine/native/library.py": "functions of a shared library by name",
    "networks/": "tensors by name, models.yaml, notes beside converted weights",
    "plan/needed_networks.py": "settings of a recipe",
    "plan/plan.py": "the plan of one run",
    "plan/resolve_auto.py": "what PyTorch says of itself",
    "raster/colour/icc.py": "tags of an ICC profile",
    "records/base.py": "pydantic's errors",
    "run/restore_command.py": "settings as people write them",
    "run/shared_filesystem.py": "the marker of a run that is on",
    "storage/manifest.py": "groups of a regular expression",
}
"""Modules and rooms whose dictionaries are neither records nor the condition report, and what they
are."""


OTHER_KEYS: Mapping[str, tuple[str, frozenset[str]]] = {
    "chain/redelivery.py": (
        "properties of an XMP packet",
        frozenset({"InstanceID", "ModifyDate"}),
    ),
    "chain/stage_inputs.py": ("settings of a stage", frozenset({"scope"})),
    "deliver/deliverable_record.py": (
        "properties of an XMP packet",
        frozenset({"DocumentID", "InstanceID", "DigitalSourceType"}),
    ),
    "deliver/sidecars/cube.py": ("settings of a stage", frozenset({"cube"})),
    "examine/resolution/resolution.py": (
        "witnesses by name",
        frozenset({"knife_edges", "ring_correlation", "halftone", "jpeg_grid"}),
    ),
    "examine/text/text.py": ("shares by kind", frozenset({"text", "line art"})),
    "findings/report.py": ("pydantic's errors", frozenset({"loc", "msg"})),
    "stages/colour/stage.py": ("cells by percentile", frozenset({"1", "50", "99"})),
    "stages/faces/stage.py": (
        "counts by decision",
        frozenset({"restored", "gated", "excluded", "rejected"}),
    ),
    "stages/faces/red_eye.py": ("figures of a region", frozenset({"radius"})),
    "stages/faces/restore_face.py": ("masks by part of the face", frozenset({"skin"})),
    "upkeep/verify/files.py": ("advice by kind of file", frozenset({"file"})),
    "upkeep/verify/last_run.py": (
        "the plan of one run",
        frozenset({"folder", "config", "results", "scans"}),
    ),
    "upkeep/verify/verify.py": ("advice by kind of file", frozenset({"plan"})),
    "upkeep/verify/weights.py": (
        "notes beside converted weights",
        frozenset({"safetensors", "sha256"}),
    ),
    "upkeep/verify/xmp_agreement.py": (
        "properties of an XMP packet",
        frozenset({"ModifyDate", "DigitalSourceType", "MasterDigitalSourceType"}),
    ),
}
"""Keys of single dictionaries that are neither, in modules that handle records otherwise."""

NO_DICTIONARIES = frozenset({"Literal", "os.environ", "list", "dict"})
"""Types that take texts, and the environment of the process."""


class Access(NamedTuple):
    """One access by a literal key."""

    module: str
    """Path below the package."""
    line: int
    key: str


def accesses(package: Path = PACKAGE) -> Iterator[Access]:
    """Every access in the package, of dictionaries of whatever kind."""
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            key = _key(node)
            if key is not None:
                assert isinstance(node, ast.expr)
                yield Access(module, node.lineno, key)


def _key(node: ast.AST) -> str | None:
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Store):
        return None if ast.unparse(node.value) in NO_DICTIONARIES else _text(node.slice)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        asked = node.func.attr == "get" and ast.unparse(node.func.value) not in NO_DICTIONARIES
        if asked and node.args:
            return _text(node.args[0])
    return None


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def why_none(module: str) -> str | None:
    """Why the dictionaries of a module are no records; None where they may be."""
    for name, reason in NO_RECORDS.items():
        if module == name or (name.endswith("/") and module.startswith(name)):
            return reason
    return None


def of_records(package: Path = PACKAGE) -> list[Access]:
    """The accesses in modules that handle records or the condition report."""
    return [found for found in accesses(package) if is_of_records(found)]


def is_of_records(found: Access) -> bool:
    """Whether an access may be one of a record or of the condition report."""
    _, others = OTHER_KEYS.get(found.module, ("", frozenset()))
    return why_none(found.module) is None and found.key not in others


def main() -> None:
    package = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE
    every = list(accesses(package))
    counted = [found for found in every if is_of_records(found)]
    for module in sorted({found.module for found in every}):
        ours = sum(found.module == module for found in counted)
        others = sum(found.module == module for found in every) - ours
        why = why_none(module) or OTHER_KEYS.get(module, ("",))[0]
        print(f"{ours:5}  {module}" + (f", and {others} of {why}" if others else ""))
    print(f"{len(counted):5}  of records and the condition report")
    print(f"{len(every):5}  of all dictionaries")


if __name__ == "__main__":
    main()
