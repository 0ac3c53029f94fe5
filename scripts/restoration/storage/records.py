"""Records (one stage's JSON for one scan) on disk.

Written by ``.part`` and rename, so that what bears the final name is whole. A record carries a
SHA-256 of itself, by which an edit is seen wherever the record goes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from restoration.records.any_record import AnyRecord, record_of
from restoration.records.base import Part, RecordError
from restoration.records.delivery import Withdrawn
from restoration.storage.keys import digest
from restoration.storage.text_files import write_text

RecordType = TypeVar("RecordType", bound=Part)

SCHEMA = 2
"""Of a record; one of schema 1 counts as missing, so that no stage reads its boxes wrongly.
2: boxes and places state left before top."""

DELIVERY_SCHEMA = 3
"""Of a deliver record. 3: files beside the deliverable, of whatever kind, are its ``files``."""

CURRENT = (SCHEMA, DELIVERY_SCHEMA)
"""Schemas that a chain goes on from; what differs between them, ``page_state`` reads."""

EARLIER = (1,)
READABLE = (*EARLIER, *CURRENT)
"""Schemas whose other parts mean the same, for whoever reads no boxes."""

SEAL = "record_sha256"
"""The field of a record that holds the SHA-256 of the rest, as canonical JSON."""


def write_record(path: Path, record: RecordType) -> RecordType:
    """Publish a record as indented JSON with sorted keys; returns it as it will be read, sealed."""
    made = write_raw(path, record.raw())
    return record.model_copy(update={SEAL: made[SEAL]})


def write_raw(path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The same for JSON of no type of its own."""
    made = sealed(record)
    write_text(path, json_of(made))
    return made


def json_of(record: dict[str, Any]) -> str:
    """The text of a record's file."""
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def sealed(record: dict[str, Any]) -> dict[str, Any]:
    """The record as it will be read, with the SHA-256 of itself."""
    read: dict[str, Any] = json.loads(json.dumps(record))
    return {**read, SEAL: seal_of(read)}


def seal_of(record: dict[str, Any]) -> str:
    """SHA-256 of a record without its seal."""
    return digest({name: value for name, value in record.items() if name != SEAL})


def is_unaltered(record: dict[str, Any]) -> bool:
    """Whether the seal of a record holds; records of before there were seals have none."""
    return SEAL not in record or record[SEAL] == seal_of(record)


def read_raw(path: Path, schemas: Container[int] = CURRENT) -> dict[str, Any] | None:
    """The JSON of a record; None where there is none, none of these schemas that can be read, or
    one that was altered."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("schema") not in schemas:
        return None
    return record if is_unaltered(record) else None


def read_record(path: Path, schemas: Container[int] = CURRENT) -> AnyRecord | None:
    """The record of any step; None as for ``read_raw``, and where it does not fit its type, of
    which ``refusal`` says more.

    An unreadable record means what a missing one means: the work is done again.
    """
    raw = read_raw(path, schemas)
    with suppress(RecordError):
        return None if raw is None else record_of(raw, path)
    return None


def refusal(path: Path) -> str | None:
    """One line on a record that is whole and was not altered, and that cannot be gone on from
    nevertheless: another version wrote it. None for any other, and where there is none."""
    raw = read_raw(path, READABLE)
    if raw is None:
        return None
    schema = raw.get("schema")
    if schema not in CURRENT:
        return (
            f"{path}: schema: expected {' or '.join(map(str, CURRENT))}, found {schema}; its step "
            "is done anew"
        )
    try:
        record_of(raw, path)
    except RecordError as error:
        return str(error)
    return None


def read_withdrawn(path: Path) -> Withdrawn | None:
    """Why a deliverable was put aside; None as for ``read_record``."""
    raw = read_raw(path)
    with suppress(RecordError):
        return None if raw is None else Withdrawn.read(raw, path)
    return None


Typed = TypeVar("Typed")


def read_typed(
    path: Path,
    read: Callable[[Mapping[str, Any], Path], Typed],
    schemas: Container[int] = CURRENT,
) -> Typed | None:
    """As ``read_raw``, and as its type; read: that of its kind, as ``read_ingest``.

    Raises RecordError, in one line, where an unaltered record does not fit the type.
    """
    record = read_raw(path, schemas)
    return None if record is None else read(record, path)
