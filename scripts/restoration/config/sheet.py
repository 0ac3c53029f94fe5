"""The sheet of scans: reading it, checking it, and the ids of files that go into one.

Parsed with the Snakefile, so it knows no pandas and opens no master.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from restoration.config.file_names import is_device
from restoration.config.validation_messages import near
from restoration.errors import ConfigError

SCAN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
"""What an id or a batch name may look like: safe as a file name on every file system."""

MATERIALS = ("print", "positive", "negative")
COLUMNS = ("scan", "path", "batch", "recipe", "material")
_MAX_ID = 120
CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that end a line, a text or a terminal's patience; no path in a sheet holds one."""


@dataclass(frozen=True)
class Scan:
    """One row of the sheet."""

    scan: str
    path: str
    batch: str
    """What one job takes together; empty where the sheet says nothing (``plan.batches.assign``)."""
    recipes: tuple[str, ...]
    material: str


def _is_safe(name: str) -> bool:
    return len(name) <= _MAX_ID and SCAN_ID.fullmatch(name) is not None


def check_name(name: str, what: str, where: str, *, devices: bool = False) -> None:
    """Raises ConfigError where an id or the name of a batch is not safe as a file name.

    devices: whether names of Windows' devices pass.
    """
    if not _is_safe(name):
        raise ConfigError(
            f"{where}: {what} '{name}' is not safe as a file name; expected letters, digits, "
            f"'_', '-' and single '.' between them, at most {_MAX_ID} characters"
        )
    if is_device(name) and not devices:
        raise ConfigError(
            f"{where}: {what} '{name}' is the name of a device on Windows and its shares, which "
            f"hold no file of that name, whatever its suffix; choose another one, such as "
            f"'{what.removeprefix('the ')}-{name}'"
        )


def _read_lines(lines: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    number = 0
    try:
        for number, cells in enumerate(lines, start=1):  # noqa: B007 (said of the line after it)
            yield cells
    except csv.Error as error:
        raise ConfigError(f"{name} line {number + 1}: cannot be read ({error})") from None


def _rows(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    lines = csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    header: list[str] | None = None
    for number, raw in enumerate(_read_lines(lines, name), start=1):
        where = f"{name} line {number}"
        if not any(cell.strip() for cell in raw) or raw[0].lstrip(' "').startswith("#"):
            continue
        if header is None:
            _check_separator(raw, where)
            header = _header([cell.strip() for cell in _cells(raw, where)], where)
            continue
        cells = _cells(raw, where)
        if len(cells) > len(header):
            raise ConfigError(
                f"{where}: {len(cells)} cells, but the first line names {len(header)} columns"
            )
        yield number, dict(zip(header, cells, strict=False))
    if header is None:
        raise ConfigError(f"{name}: is empty; expected a first line 'scan<tab>path'")


def _cells(raw: list[str], where: str) -> list[str]:
    """The cells of a line without a spreadsheet's quotes, and without empty ones at its end."""
    cells = [cell.strip() for cell in raw]
    while cells and not cells[-1]:
        cells.pop()
    for at, cell in enumerate(cells):
        if cell.startswith('"'):
            cells[at] = _unquoted(cell, where)
    return cells


def _unquoted(cell: str, where: str) -> str:
    inside = cell[1:-1].replace('""', "")
    if len(cell) < 2 or not cell.endswith('"') or '"' in inside:
        raise ConfigError(
            f"{where}: the cell {_shown(cell)} opens with a quote that is not closed at its end; "
            "write it without quotes, or with one at each end and those inside doubled: "
            '"a ""b"" c.tif"'
        )
    return cell[1:-1].replace('""', '"')


def _shown(cell: str) -> str:
    return cell if len(cell) <= 80 else f"{cell[:80]}..."


def _check_separator(first: list[str], where: str) -> None:
    """Raises ConfigError where the first line of a sheet is parted by something else than tabs."""
    if len(first) != 1:
        return
    for mark, name in _SEPARATORS.items():
        words = {word.strip(' "') for word in first[0].split(mark)}
        if len(words) > 1 and words & set(COLUMNS):
            raise ConfigError(
                f"{where}: the columns are separated by {name}, expected tabs; save the sheet as "
                "tab-separated text (Excel: 'Text (Tab delimited)'; LibreOffice: 'Text CSV' with "
                "{Tab} as the field delimiter)"
            )


def _header(cells: list[str], where: str) -> list[str]:
    """The names of the columns. Raises ConfigError that says what the first line should be."""
    expected = f"expected {', '.join(COLUMNS)} separated by tabs"
    known = [column for column in cells if column in COLUMNS]
    unknown = [column for column in cells if column not in COLUMNS]
    if unknown:
        column = unknown[0]
        said = f"unknown column '{column}'" if column else "a column without a name"
        if not known:
            said += " (the first line must name the columns)"
        raise ConfigError(f"{where}: {said}; {expected}{near(column, COLUMNS)}")
    missing = [column for column in ("scan", "path") if column not in cells]
    if missing or len(set(cells)) != len(cells):
        raise ConfigError(
            f"{where}: the first line must name the columns scan and path, each once, separated by "
            f"tabs; found '{' '.join(cells)}'"
        )
    return cells


_SEPARATORS = {";": "semicolons", ",": "commas", "|": "bars", " ": "spaces"}


def _scan(
    row: dict[str, str],
    where: str,
    folder: str,
    known: Collection[str],
    default: str,
    batches: dict[str, str],
) -> Scan:
    """batches: the names that were checked already, in lower case, which this adds to."""
    scan, path = row.get("scan", ""), row.get("path", "")
    check_name(scan, "the id", where)
    if not path:
        raise ConfigError(f"{where}: scan '{scan}' has no path")
    if CONTROL.search(path):
        raise ConfigError(
            f"{where}: the path of scan '{scan}' holds a control character ({path!r}); rename the "
            "file"
        )
    if not path.strip("./"):
        raise ConfigError(f"{where}: the path of scan '{scan}' ('{path}') names no file")
    recipes = tuple(dict.fromkeys((row.get("recipe") or default).split()))
    for recipe in recipes:
        if recipe not in known:
            raise ConfigError(
                f"{where}: scan '{scan}' names the unknown recipe '{recipe}'; "
                f"known are {', '.join(sorted(known))}"
            )
    material = row.get("material") or "print"
    if material not in MATERIALS:
        raise ConfigError(
            f"{where}: scan '{scan}' has the unknown material '{material}'; "
            f"known are {', '.join(MATERIALS)}"
        )
    batch = row.get("batch") or ""
    known_batch = batches.get(batch.casefold())
    if known_batch is None:
        check_name(batch, "the batch", where)
        known_batch = batches[batch.casefold()] = batch
    if known_batch != batch:
        raise ConfigError(
            f"{where}: the batch '{batch}' of scan '{scan}' differs from the batch '{known_batch}' "
            "in upper and lower case alone, and some file systems take their tables for one file; "
            "write both alike, or choose another name"
        )
    # Not by pathlib, which takes half of the time of a long sheet.
    master = os.path.join(folder, path)  # noqa: PTH118
    return Scan(scan, master, known_batch, recipes, material)


_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def _decoded(data: bytes, path: Path) -> str:
    """The sheet's text, its lines ended alike. Raises ConfigError where it is none."""
    if data.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0")):
        raise ConfigError(
            f"scans: the sheet '{path}' is a workbook (xlsx, ods or xls); expected text: save "
            "it as tab-separated text in UTF-8"
        )
    encoding = _BOMS.get(data[:2], "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"scans: the sheet '{path}' is not UTF-8 text (line {line}); save it as UTF-8"
        ) from None
    if "\0" in text.partition("\n")[0]:
        raise ConfigError(
            f"scans: the sheet '{path}' is UTF-16 without a byte-order mark, or no text; save it "
            "as UTF-8"
        )
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_sheet(path: Path, *, recipes: Collection[str], default: str) -> tuple[Scan, ...]:
    """All rows of a tab-separated sheet; masters are not looked at.

    Relative paths are taken from the sheet's own folder. Raises ConfigError with one line that
    names the first wrong row.
    """
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"scans: the sheet '{path}' is no file; expected a table of scans")
        text = _decoded(path.read_bytes(), path)
    except OSError as error:
        raise ConfigError(
            f"scans: the sheet '{path}' cannot be read ({error.strerror}); make one with "
            "`python scripts/sheet.py FOLDER > scans.tsv`"
        ) from None
    folder = "" if path.parent == Path() else str(path.parent)
    first_seen: dict[str, int] = {}
    scans: list[Scan] = []
    # One string and one check for each batch: a sheet names it in every row.
    batches: dict[str, str] = {"": ""}
    for number, row in _rows(text, path.name):
        where = f"{path.name} line {number}"
        scan = _scan(row, where, folder, recipes, default, batches)
        # Case-insensitive: two ids that differ by case alone are one file on some systems.
        earlier = first_seen.setdefault(scan.scan.casefold(), number)
        if earlier != number:
            raise ConfigError(
                f"{where}: the id '{scan.scan}' is already used in line {earlier}; "
                "ids must be unique, also without regard to case"
            )
        scans.append(scan)
    return tuple(scans)


def safe_name(text: str, spare: int = 12) -> str:
    """The text without what is not safe in a file name, with room for ``spare`` characters more."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", text)
    cleaned = re.sub(r"\.{2,}", ".", cleaned).strip(".-_")
    if is_device(cleaned):
        cleaned = f"name-{cleaned}"
    return cleaned[: _MAX_ID - spare].rstrip(".-_")


def ids_of(paths: list[Path]) -> list[str]:
    """One id for each path: readable where that is unambiguous, marked where it is not.

    The id is the path, ``--`` between its parts; where a character had to be replaced, with eight
    digits of the path's SHA-256. It does not change when other files come or go, but for one case:
    files that differ in upper case or in the suffix alone (``a.tif`` beside ``a.tiff`` or
    ``A.tif``) all get the digits.
    """
    plain = ["--".join(path.with_suffix("").parts) for path in paths]
    clear = [
        safe_name(text) == text and not any("--" in part for part in path.parts)
        for path, text in zip(paths, plain, strict=True)
    ]
    taken = Counter(text.casefold() for text, alone in zip(plain, clear, strict=True) if alone)
    ids = []
    for path, text, alone in zip(paths, plain, clear, strict=True):
        if alone and taken[text.casefold()] == 1:
            ids.append(text)
            continue
        mark = hashlib.sha256(str(path).encode()).hexdigest()[:8]
        ids.append(f"{safe_name(text) or 'scan'}-{mark}")
    return ids
