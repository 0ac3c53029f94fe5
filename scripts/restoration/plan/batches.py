"""Which scans one job takes: the sheet's own batches, else folders, else chunks of some hours.

The assignment of a scan is kept in ``batches.tsv`` of the results, a file that only ever grows: a
scan stays where it is, whatever the cost model or the settings say later. Parsed with the
Snakefile, so it knows no NumPy and opens no master.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from restoration.config.file_names import alike
from restoration.config.settings import BatchSettings
from restoration.config.sheet import Scan, check_name, safe_name
from restoration.errors import ConfigError
from restoration.storage.publish import write_failure
from restoration.storage.text_files import write_text

ASSIGNED = "batches.tsv"
"""In the results: scan and batch, one line each, never changed once written."""

WITHOUT_FOLDERS = "scans"
"""What chunks are called where folders do not count."""

WHOLE_UP_TO = 1.5
"""So many times the hours that are aimed at, a folder is still one batch. Longer ones are cut into
equal chunks, which are then 0.75 to 1.5 times as long as was aimed at."""

_HEADER = "scan\tbatch"
_CHUNK = re.compile(r"\.[0-9]+$")


@dataclass(frozen=True)
class Assignment:
    """The batches of a sheet."""

    scans: tuple[Scan, ...]
    """In the sheet's order, each with its batch."""
    added: tuple[tuple[str, str], ...]
    """Scan and batch of those that were assigned now: what ``keep_assigned`` is to write."""


def assign(
    scans: Sequence[Scan],
    kept: Mapping[str, str],
    settings: BatchSettings,
    seconds_of: Callable[[Scan], float],
) -> Assignment:
    """Give a batch to every scan for which the sheet names none.

    Raises ConfigError where two batches would differ in upper and lower case alone.

    kept: batches by scan, as assigned before. seconds_of: the longest job of one scan; asked only
    for scans that are new and for those of the batch which these may join.
    """
    found = {scan.scan: scan.batch or kept.get(scan.scan, "") for scan in scans}
    new = [scan for scan in scans if not found[scan.scan]]
    if not new:
        _check_told_apart(scans, found)
        return Assignment(_batched(scans, found), ())
    members: dict[str, list[Scan]] = {}
    for scan in scans:
        if found[scan.scan]:
            members.setdefault(found[scan.scan], []).append(scan)
    waiting: dict[str, list[Scan]] = {}
    stems = _stems(new, members, settings)
    for scan in new:
        waiting.setdefault(stems[_folder(scan)], []).append(scan)
    last = _last_chunks(members)
    for stem, joining in waiting.items():
        number = last.get(stem, 0)
        inside = members.get(_chunk(stem, number), []) if number else []
        found.update(_chunks(stem, number, inside, joining, settings.hours * 3600.0, seconds_of))
    _check_told_apart(scans, found)
    return Assignment(_batched(scans, found), tuple((s.scan, found[s.scan]) for s in new))


def _check_told_apart(scans: Iterable[Scan], found: Mapping[str, str]) -> None:
    """Raises ConfigError: some file systems would take the tables of two batches for one."""
    pair = alike(dict.fromkeys(found.values()))
    if pair is not None:
        first, second = (next(s.scan for s in scans if found[s.scan] == name) for name in pair)
        raise ConfigError(
            f"the batches '{pair[0]}' (of scan '{first}') and '{pair[1]}' (of scan '{second}') "
            "differ in upper and lower case alone, and some file systems take their tables for one "
            f"file; a batch that the sheet does not name is kept in {ASSIGNED} of the results: "
            "write the sheet's like that"
        )


def _batched(scans: Iterable[Scan], batches: Mapping[str, str]) -> tuple[Scan, ...]:
    return tuple(s if s.batch else replace(s, batch=batches[s.scan]) for s in scans)


def _chunks(
    stem: str,
    last: int,
    inside: Sequence[Scan],
    joining: Sequence[Scan],
    aim: float,
    seconds_of: Callable[[Scan], float],
) -> Iterator[tuple[str, str]]:
    """Scan and batch of those that join the folder whose chunks are ``last`` in number.

    inside: the members of its last chunk. aim: seconds of a batch.
    """
    costs = [seconds_of(scan) for scan in joining]
    total = sum(costs)
    if last and sum(map(seconds_of, inside)) + total <= WHOLE_UP_TO * aim:
        yield from ((scan.scan, _chunk(stem, last)) for scan in joining)
        return
    count = max(1, round(total / aim))
    spent = 0.0
    for scan, cost in zip(joining, costs, strict=True):
        # By the middle of each scan, so that a long one falls to the side on which it mostly lies.
        number = min(count - 1, int((spent + cost / 2) * count / total)) if total else 0
        yield scan.scan, _chunk(stem, last + 1 + number)
        spent += cost


def _chunk(stem: str, number: int) -> str:
    """The name of a folder's first, second … batch."""
    return stem if number == 1 else f"{stem}.{number}"


def _stem(batch: str) -> str:
    return _CHUNK.sub("", batch)


def _last_chunks(batches: Iterable[str]) -> dict[str, int]:
    """How many batches there are of each stem."""
    last: dict[str, int] = {}
    for batch in batches:
        stem = _stem(batch)
        number = int(batch[len(stem) + 1 :] or 1)
        last[stem] = max(last.get(stem, 0), number)
    return last


def _folder(scan: Scan) -> str:
    return os.path.dirname(scan.path)  # noqa: PTH120 (PurePath takes seconds over 100,000)


def _stems(
    new: Iterable[Scan], members: Mapping[str, Sequence[Scan]], settings: BatchSettings
) -> dict[str, str]:
    """What the batches of each folder are called."""
    folders = list(dict.fromkeys(map(_folder, new)))
    if settings.by == "hours":
        return dict.fromkeys(folders, WITHOUT_FOLDERS)
    stems: dict[str, str] = {}
    for batch, scans in members.items():
        for scan in scans:
            stems.setdefault(_folder(scan), _stem(batch))
    unnamed = [folder for folder in folders if folder not in stems]
    for folder, name in _names(unnamed, {_stem(batch).casefold() for batch in members}).items():
        stems[folder] = name
    return {folder: stems[folder] for folder in folders}


def _names(folders: Sequence[str], taken: set[str]) -> dict[str, str]:
    """For each folder as few of its last parts as tell it from all others, made safe."""
    names: dict[str, str] = {}
    parts = {folder: _parts(folder) for folder in folders}
    left = list(folders)
    for depth in range(1, max((len(p) for p in parts.values()), default=0) + 1):
        said = {folder: _name_of(parts[folder][-depth:]) for folder in left}
        count = Counter(name.casefold() for name in said.values())
        for folder, name in said.items():
            if count[name.casefold()] == 1 and name.casefold() not in taken:
                names[folder] = name
        left = [folder for folder in left if folder not in names]
        taken |= {names[folder].casefold() for folder in said if folder in names}
    for number, folder in enumerate(left, start=2):
        # Folders that differ in what is not safe in a name alone.
        name = f"{_name_of(parts[folder])}-{number}"
        while name.casefold() in taken:
            name += "x"
        names[folder] = name
        taken.add(name.casefold())
    return names


def _parts(folder: str) -> list[str]:
    return [part for part in PurePath(folder).parts if part not in ("/", ".", "..")]


def _name_of(parts: Sequence[str]) -> str:
    """Safe as a file name, and not to be taken for a chunk of something else."""
    return _CHUNK.sub("", safe_name("-".join(parts), spare=20)) or WITHOUT_FOLDERS


def read_assigned(path: Path) -> dict[str, str]:
    """Batches by scan; of two lines for one scan the first holds. Empty where there is no file.

    Raises ConfigError for a line that is none of ours; a last line that a kill cut short does not
    count.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"results: '{path}' cannot be read ({error})") from None
    kept: dict[str, str] = {}
    lines = text[: text.rfind("\n") + 1].splitlines()
    for number, line in enumerate(lines, start=1):
        if line in (_HEADER, ""):
            continue
        scan, tab, batch = line.partition("\t")
        where = f"{path} line {number}"
        if not tab:
            raise ConfigError(f"{where}: expected a scan and its batch, found '{line}'")
        # Earlier versions made batches with the names of devices; a scan stays where it is.
        check_name(batch, "the batch", where, devices=True)
        kept.setdefault(scan, batch)
    return kept


def keep_assigned(path: Path, added: Iterable[tuple[str, str]]) -> None:
    """Add what was assigned now. Raises CircumstanceError where the file cannot be written."""
    lines = "".join(f"{scan}\t{batch}\n" for scan, batch in added)
    if not lines:
        return
    try:
        before = path.read_text(encoding="utf-8") if path.is_file() else f"{_HEADER}\n"
        # Whole, and never in place: a line that broke off would give its scan another batch.
        write_text(path, before[: before.rfind("\n") + 1] + lines)
    except OSError as error:
        raise write_failure(path, error) from None
