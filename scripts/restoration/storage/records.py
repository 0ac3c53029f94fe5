"""Records (one stage's JSON for one scan) and tables (one job's TSV for one batch) on disk.

Written by ``.part`` and rename, so that what bears the final name is whole. A record carries a
SHA-256 of itself, by which an edit is seen wherever the record goes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from restoration.records.any_record import AnyRecord, record_of
from restoration.records.base import Part, RecordError
from restoration.records.delivery import Withdrawn
from restoration.records.ingest import Master
from restoration.storage.journal import note_written
from restoration.storage.keys import digest
from restoration.storage.publish import published, write_failure

Kind = TypeVar("Kind", bound=Part)

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


def now() -> str:
    """The present in ISO 8601, UTC, seconds; SOURCE_DATE_EPOCH stands in where it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_text(path: Path, text: str, *, lasting: bool = True) -> None:
    """Publish a text file whole: written beside, flushed to disk, renamed.

    lasting: False for what a run goes on to change, which has no place in the list of what was
    written.

    Raises CircumstanceError where the disk fails or a master is in the way; no partial file stays
    behind.
    """
    data = text.encode("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(path, error) from error
    with published(path, folder=False) as part:
        part.write_bytes(data)
        if lasting:
            note_written(path, hashlib.sha256(data).hexdigest())


def not_in_future(paths: Iterable[Path]) -> None:
    """Give files that are dated later than the present, as after a clock was set back, its time.

    Snakemake fails a job whose output would be older than its input, and so every job until the
    clock has caught up.
    """
    for path in paths:
        with suppress(OSError):
            if path.lstat().st_mtime > time.time():
                os.utime(path, follow_symlinks=False)


def write_record(path: Path, record: Kind) -> Kind:
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
    except (OSError, ValueError):
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


@dataclass(frozen=True)
class Row:
    """What one job says of one scan."""

    scan: str
    status: str
    """applied, declined, mixed (pages differ), done, or problem."""
    key: str = ""
    sha256: str = ""
    reason: str = ""


_DIGEST = "# digest "
HEADER = tuple(field.name for field in fields(Row))


def write_table(path: Path, rows: Iterable[Row], digest: str) -> None:
    """Publish the table of a batch: the file that Snakemake tracks.

    ``digest`` is the job's (``Plan.digest``): by it a table is judged where Snakemake's own
    metadata is missing.
    """
    lines = [f"{_DIGEST}{digest}", "\t".join(HEADER)]
    for row in rows:
        cells = [" ".join(str(cell).split()) for cell in asdict(row).values()]
        lines.append("\t".join(cells))
    write_text(path, "\n".join(lines) + "\n")


def digest_of_table(path: Path) -> str | None:
    """The digest with which a table was written; None where there is no such table."""
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return first.removeprefix(_DIGEST) if first.startswith(_DIGEST) else None


def read_table(path: Path) -> list[Row]:
    """The rows of a table that ``write_table`` wrote."""
    text = path.read_text(encoding="utf-8").partition("\n")[2]
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Row(**row) for row in reader]


def _no_formula(cell: str) -> str:
    """The text of a cell; a reason may begin with the name of a file, and a spreadsheet computes
    what begins with one of these."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


PAGES = "pages"
"""Stands for a stage in the table of problems: the scan is delivered, without some of its pages."""


def lacks_pages(status: str, reason: str) -> bool:
    """Whether a row of a delivery's table speaks of pages that are left out."""
    return status == "done" and bool(reason)


def gather_problems(
    tables: Iterable[Path], output: Path, withdrawn: Mapping[str, str] | None = None
) -> int:
    """Write the scans that could not be processed (scan, stage, reason), and those that were
    delivered without some of their pages; returns their number.

    tables: of deliveries; withdrawn: by scan, where what was delivered of it earlier lies now.
    """
    lines = ["scan\tstage\treason"]
    for table in tables:
        for row in read_table(table):
            stage, _, reason = row.reason.partition(": ")
            if lacks_pages(row.status, row.reason):
                stage, reason = PAGES, row.reason
            elif row.status != "problem":
                continue
            elif withdrawn and row.scan in withdrawn:
                reason += f"; what was delivered earlier is withdrawn: {withdrawn[row.scan]}"
            lines.append(f"{row.scan}\t{stage}\t{_no_formula(reason)}")
    write_text(output, "\n".join(lines) + "\n")
    return len(lines) - 1


def left_out(master: Master) -> list[str]:
    """What of a master is not delivered: a line for each, none for what holds nothing of its
    own."""
    return [
        f"picture {one.directory + 1} of the file is left out: {one.reason}"
        for one in master.set_aside
        if one.lost
    ]
