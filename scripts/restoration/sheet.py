"""The sheet of scans: reading it, checking it, and making one from a folder.

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

from restoration.errors import ConfigError
from restoration.file_names import is_device

SCAN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
"""What an id or a batch name may look like: safe as a file name on every file system."""

MATERIALS = ("print", "positive", "negative")
COLUMNS = ("scan", "path", "batch", "recipe", "material")
_MAX_ID = 120
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that end a line, a text or a terminal's patience; no path in a sheet holds one."""
DAMAGE_SUFFIX = ".damage.tif"
"""``album-7.tif`` may have a mask of its damage beside it, ``album-7.damage.tif``."""


@dataclass(frozen=True)
class Scan:
    """One row of the sheet."""

    scan: str
    path: str
    batch: str
    """What one job takes together; empty where the sheet says nothing (``batching.assign``)."""
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
    for number, cells in enumerate(_read_lines(lines, name), start=1):
        if not cells or not any(cells) or cells[0].startswith("#"):
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            unknown = [column for column in header if column not in COLUMNS]
            if unknown:
                raise ConfigError(
                    f"{name} line {number}: unknown column '{unknown[0]}'; expected "
                    f"{', '.join(COLUMNS)} separated by tabs"
                )
            missing = [column for column in ("scan", "path") if column not in header]
            if missing or len(set(header)) != len(header):
                found = " ".join(header)
                raise ConfigError(
                    f"{name} line {number}: the first line must name the columns scan and path, "
                    f"each once, separated by tabs; found '{found}'"
                )
            continue
        if len(cells) > len(header):
            raise ConfigError(
                f"{name} line {number}: {len(cells)} cells, but the first line names "
                f"{len(header)} columns"
            )
        yield number, {k: v.strip() for k, v in zip(header, cells, strict=False)}
    if header is None:
        raise ConfigError(f"{name}: is empty; expected a first line 'scan<tab>path'")


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
    if _CONTROL.search(path):
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


def read_sheet(path: Path, *, recipes: Collection[str], default: str) -> tuple[Scan, ...]:
    """All rows of a tab-separated sheet; masters are not looked at.

    Relative paths are taken from the sheet's own folder. Raises ConfigError with one line that
    names the first wrong row.
    """
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"scans: the sheet '{path}' is no file; expected a table of scans")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"scans: the sheet '{path}' cannot be read ({error.strerror}); make one with "
            "`python scripts/sheet.py FOLDER > scans.tsv`"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"scans: the sheet '{path}' is not UTF-8 text; save it as UTF-8"
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


def _ids(paths: list[Path]) -> list[str]:
    """One id for each path: readable where that is unambiguous, marked where it is not."""
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


def _is_damage_mask(path: Path) -> bool:
    """Whether this is what a person marked on a scan, and no scan itself."""
    if not path.name.endswith(DAMAGE_SUFFIX):
        return False
    stem = path.name.removesuffix(DAMAGE_SUFFIX)
    return any(path.with_name(stem + suffix).is_file() for suffix in (".tif", ".tiff"))


def _check_file_name(path: Path) -> None:
    """Raises ConfigError where a sheet cannot hold the name."""
    if _CONTROL.search(str(path)):
        raise ConfigError(
            f"the file name {str(path)!r} holds a tab, a line break or another control character; "
            "rename it"
        )
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:  # Python stands halves of characters in for bytes that are no text
        raise ConfigError(f"the file name {str(path)!r} is not UTF-8; rename it") from None


def sheet_of_folder(folder: Path) -> str:
    """A sheet of every ``*.tif`` and ``*.tiff`` below a folder, as text; no file is opened.

    The id is the path below the folder, ``--`` between its parts; where a character had to be
    replaced, with eight digits of the path's SHA-256. It does not change when other files come
    or go, but for one case: files that differ in upper case or in the suffix alone (``a.tif``
    beside ``a.tiff`` or ``A.tif``) all get the digits. Batches are left to the plan, which goes by
    folders and knows how long a job should be. Masks of damage beside their scans are left out.
    """
    if not folder.is_dir():
        raise ConfigError(f"'{folder}' is not a folder; give the folder that holds the scans")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.casefold() in (".tif", ".tiff")
        and not path.name.startswith(".")
        and path.is_file()
        and not _is_damage_mask(path)
    )
    for path in paths:
        _check_file_name(path)
    ids = _ids([path.relative_to(folder) for path in paths])
    lines = ["\t".join(("scan", "path"))]
    for path, scan in zip(paths, ids, strict=True):
        lines.append("\t".join((scan, str(path.resolve()))))
    return "\n".join(lines) + "\n"
