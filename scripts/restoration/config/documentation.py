"""The config's documentation and JSON schemas, generated from the typed settings."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from restoration.config.settings import Config, UserWeights
from restoration.config.sheet import MATERIALS

_NAMES = {float: "number", int: "whole number", str: "text", bool: "yes or no"}

_INTRODUCTION = """\
# Configuration

Generated from `settings.py` and `stages/` in `scripts/restoration/config/` by `make docs`; a test
fails when it drifts.

`config/config.yaml` is read first. Name files of your own to put over it; later ones win, and
only the keys that differ need be there:

```sh
.venv/bin/snakemake --cores all --configfile my.yaml
```

A mistake stops the run before any job, with one line that names file, line and key, or the row of
the sheet. `make restore CONFIG=my.yaml` also says where a file is no YAML; called by itself,
Snakemake reads the files before we can.

A stage that is `off` (`upscale: off`) or `null` is not in a recipe; `on` gives it its defaults.

## The sheet of scans

Tab-separated text in UTF-8 or UTF-16, as spreadsheets save it; the first line has the names of the
columns. Cells may stand in double quotes, a quote inside them doubled. Relative paths start at the
sheet's own folder.
`.venv/bin/python scripts/sheet.py FOLDER > scans.tsv` makes one. Ids and batches name files: none
may be called like a device of Windows (`aux`, `nul`, `com1.tif`), nor differ from another in upper
and lower case alone.

| column | needed | meaning |
|---|---|---|
| `scan` | yes | id, unique, the deliverable's name: letters, digits, `_`, `-`, single `.` |
| `path` | yes | the master, a TIFF file; opened read-only; in no folder that the run writes |
| `batch` | no | scans of one job: an album, a box; default: the folder (see `batches`) |
| `recipe` | no | one recipe or several, separated by spaces; default: the key `recipe` |
| `material` | no | {materials}; default `print`. A negative is a problem until it is inverted |
"""


def _type_name(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type_name(part) for part in arguments if part is not type(None))
    if origin is dict:
        return f"name → {_type_name(arguments[1])}"
    if origin in (tuple, typing.Annotated):
        return ("list of " if origin is tuple else "") + _type_name(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"section [{annotation.__name__}](#{annotation.__name__.lower()})"
    return _NAMES.get(annotation, str(annotation))


def _limits(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [
        f"{sign} {getattr(item, name):,}"
        for item in field.metadata
        for name, sign in signs.items()
        if getattr(item, name, None) is not None
    ]
    return f" ({', '.join(found)})" if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "its defaults"
    if field.default is None:
        return "unset"
    if field.default == "":
        return "empty"
    return f"`{_as_yaml(field.default)}`"


def _as_yaml(value: Any) -> str:
    """A default as a person writes it into a config."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _meaning(field: FieldInfo) -> str:
    """What a field is for; of a section without a description, the first sentence of its own."""
    section = field.annotation
    if field.description is None and isinstance(section, type) and issubclass(section, BaseModel):
        return cleandoc(section.__doc__ or "").partition(". ")[0].rstrip(".") + "."
    return field.description or ""


def _sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and every section below it, each once, in reading order."""
    seen: dict[type[BaseModel], None] = {}

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in seen:
                seen[annotation] = None
                for field in annotation.model_fields.values():
                    visit(field.annotation)
            return
        for part in typing.get_args(annotation):
            visit(part)

    visit(model)
    yield from seen


def readme(architectures: Sequence[str]) -> str:
    """config/README.md: every key with its type, range, default and meaning.

    architectures: names that weights of one's own may have, from ``networks.manifest``.
    """
    materials = ", ".join(f"`{name}`" for name in MATERIALS)
    parts = [_INTRODUCTION.format(materials=materials)]
    for model in _sections(Config):
        parts.append(f"\n## {model.__name__}\n\n{cleandoc(model.__doc__ or '')}\n\n")
        parts.append("| key | value | default | meaning |\n|---|---|---|---|\n")
        for name, field in model.model_fields.items():
            value = _type_name(field.annotation) + _limits(field)
            if (model, name) == (UserWeights, "architecture"):
                value = ", ".join(f"`{each}`" for each in architectures)
            text = " ".join(_meaning(field).split()).replace("|", "\\|")
            parts.append(f"| `{name}` | {value} | {_default(field)} | {text} |\n")
    return "".join(parts)


def schema(architectures: Sequence[str]) -> str:
    """config/schemas/config.schema.json: for editors that complete and check YAML.

    architectures: as for ``readme``.
    """
    found = Config.model_json_schema()
    found["$defs"]["UserWeights"]["properties"]["architecture"]["enum"] = list(architectures)
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


def write_all(folder: Path, architectures: Sequence[str]) -> list[Path]:
    """Write both below the config folder; returns their paths."""
    written = {folder / "README.md": readme(architectures)}
    written[folder / "schemas/config.schema.json"] = schema(architectures)
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(written)
