"""Tables (one job's TSV for one batch) and the table of problems that is gathered from them.

Read with the Snakefile, so it knows no models of records.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from restoration.storage.text_files import write_text


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
