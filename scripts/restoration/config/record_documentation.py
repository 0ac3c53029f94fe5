"""The records' documentation and JSON schemas, generated from their types."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from restoration.findings.report import ConditionReport
from restoration.records.delivery import DeliveryRecord, Withdrawn
from restoration.records.examine import AsConditionReport, ExamineRecord
from restoration.records.fixity import FixityLine
from restoration.records.ingest import IngestRecord
from restoration.records.stage import StageRecord
from restoration.records.stage_findings.registry import STAGE_FINDINGS


class RecordKind(NamedTuple):
    """A kind of record."""

    type: Any
    file: str
    """Where it lies, below the results."""
    holds: str


KINDS: Mapping[str, RecordKind] = {
    "ingest": RecordKind(IngestRecord, "ingest/<scan>.json", "what a master says about itself"),
    "examine": RecordKind(
        ExamineRecord, "examine/<scan>.json", "the condition report of each page"
    ),
    "stage": RecordKind(
        StageRecord, "<recipe>/<stage>/<scan>.json", "what a stage did with each page, or why not"
    ),
    "deliver": RecordKind(
        DeliveryRecord, "<recipe>/deliver/<scan>.json", "the deliverable, and all records before it"
    ),
    "withdrawn": RecordKind(
        Withdrawn,
        "<recipe>/withdrawn/<scan>@<n>/withdrawn.json",
        "why a deliverable was put aside, and what its files are",
    ),
    "fixity": RecordKind(FixityLine, "fixity-log.jsonl", "a verification, one a line"),
}
"""Every kind of record by its name."""

_NAMES: Mapping[Any, str] = {
    float: "number", int: "whole number", str: "text", bool: "yes or no", Any: "any JSON value",
    type(None): "null",
}  # fmt: skip

_INTRODUCTION = """\
# Fields of the records

Generated from the types in `scripts/restoration/records/` by `make docs`; a test fails when it
drifts. [Reading the record](record.md) explains the same to people; this page is for programs.

A record is JSON in UTF-8, names sorted. Its `schema` is the version of its form; versions that
can be read stand below. `record_sha256` is the SHA-256 of the rest as canonical JSON (names
sorted, no spaces): an edit shows. A record with a field that does not fit its type is refused, in
one line that names file, field, what was expected and what was found. A field with "or absent"
may be missing, or null.

| record | lies in `results/` at | holds | JSON schema |
|---|---|---|---|
"""

_FINDINGS = """
The field `findings` of a stage's page holds what that stage says of it:

| stage | holds | JSON schema |
|---|---|---|
"""


def _type_name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        name = f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    elif origin is typing.Annotated:
        name = "SHA-256" if _is_hash(arguments) else _type_name(_meant(arguments))
    elif origin is typing.Literal:
        name = ", ".join(f"`{value}`" for value in arguments)
    elif origin in (typing.Union, types.UnionType):
        wider = [part for part in arguments if part is not int or float not in arguments]
        name = " or ".join(_type_name(part) for part in wider)
    elif origin is tuple and arguments[-1] is Ellipsis:
        name = f"list of {_type_name(arguments[0])}"
    elif origin is tuple:
        name = "[" + ", ".join(_type_name(part) for part in arguments) + "]"
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        name = f"by name: {_type_name(arguments[1])}"
    else:
        name = _NAMES.get(annotation, str(annotation))
    return name


def _meant(arguments: tuple[Any, ...]) -> Any:
    """What an annotated type holds: a condition report is kept as JSON."""
    is_report = any(isinstance(found, AsConditionReport) for found in arguments[1:])
    return ConditionReport if is_report else arguments[0]


def _is_hash(arguments: tuple[Any, ...]) -> bool:
    return any("{64}" in str(getattr(found, "metadata", "")) for found in arguments[1:])


def sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that a type holds, each once, in reading order."""
    seen: dict[type[BaseModel], None] = {}

    def visit(part: Any) -> None:
        if isinstance(part, type) and issubclass(part, BaseModel):
            if part not in seen:
                seen[part] = None
                for field in part.model_fields.values():
                    visit(_annotation(field))
            return
        if typing.get_origin(part) is typing.Annotated:
            visit(_meant(typing.get_args(part)))
            return
        for inner in typing.get_args(part):
            visit(inner)

    visit(annotation)
    yield from seen


def _annotation(field: FieldInfo) -> Any:
    """A field's type; pydantic keeps its marks apart."""
    return _meant((field.annotation, *field.metadata))


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if field.exclude:  # of the model alone: no file holds it
            continue
        kind = "SHA-256" if _is_hash((None, field)) else _type_name(_annotation(field))
        if not field.is_required():
            kind = f"{kind.removesuffix(' or null')} or absent"
        text = _plain(field.description).replace("|", "\\|")
        yield f"| `{field.alias or name}` | {kind} | {text} |\n"


def _plain(text: str | None) -> str:
    """A docstring as one line of Markdown."""
    return " ".join((text or "").split()).replace("``", "`")


def records_page() -> str:
    """docs/records.md: every field of every record with its type, unit and meaning."""
    parts = [_INTRODUCTION]
    for name, kind in KINDS.items():
        schema = f"`config/schemas/{schema_file(name)}`"
        parts.append(f"| {name} | `{kind.file}` | {kind.holds} | {schema} |\n")
    every = dict.fromkeys(model for kind in KINDS.values() for model in sections(kind.type))
    findings = dict.fromkeys(part for kind in STAGE_FINDINGS.values() for part in sections(kind))
    parts.append(_FINDINGS)
    for stage, found in STAGE_FINDINGS.items():
        parts.append(
            f"| {stage} | {_type_name(found)} | `config/schemas/{findings_file(stage)}` |\n"
        )
    for model in every | findings:
        parts.append(f"\n## {model.__name__}\n\n{_plain(model.__doc__)}\n\n")
        parts.append("| field | type | meaning |\n|---|---|---|\n")
        parts += _rows(model)
    return "".join(parts)


def schema_file(name: str) -> str:
    """The name of the file that holds the JSON schema of a kind of record."""
    return f"record.{name}.schema.json"


def record_schema(name: str) -> str:
    """The JSON schema of a kind of record."""
    kind = KINDS[name]
    made = TypeAdapter(kind.type).json_schema(by_alias=True)
    titled = {**made, "title": f"Record of {name}: {kind.holds}"}
    return json.dumps(titled, indent=2, sort_keys=True) + "\n"


def findings_file(stage: str) -> str:
    """The name of the file that holds the JSON schema of what a stage finds."""
    return f"record.stage.{stage}.schema.json"


def findings_schema(stage: str) -> str:
    """The JSON schema of what a stage says of a page: the field ``findings`` of its entry."""
    made = STAGE_FINDINGS[stage].model_json_schema(by_alias=True)
    return json.dumps({**made, "title": f"Findings of {stage}"}, indent=2, sort_keys=True) + "\n"


def write_records(root: Path) -> list[Path]:
    """Write page and schemas below the checkout; returns their paths."""
    written = {root / "docs/records.md": records_page()}
    for name in KINDS:
        written[root / "config/schemas" / schema_file(name)] = record_schema(name)
    for stage in STAGE_FINDINGS:
        written[root / "config/schemas" / findings_file(stage)] = findings_schema(stage)
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(written)
