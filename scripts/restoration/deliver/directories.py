"""Finishing the directories of a TIFF file that tifffile has written.

tifffile refuses tag 34665. So it writes an entry of a code nobody uses in its stead, at the place
that the true code has in the order of tags; the directory is appended to the file, and the entry
is renamed and pointed at it. tifffile also states a resolution of 1 x 1 where there is none, and
cuts an ImageDescription at two NULs: the entries are taken out, the count is set right. Pixels
stay where they are. Works for classic TIFF and BigTIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from restoration.deliver.carried_tags import EXIF, GPS, INTEROPERABILITY, Carried
from restoration.raster.tiff.tags import Field

STAND_INS = {34664: EXIF, 34851: GPS}
"""Unassigned codes below the true ones; no tag that is carried over lies between."""

RESOLUTION = frozenset({282, 283, 296})
DESCRIPTION = 270

_LONG, _IFD8 = 4, 18


@dataclass(frozen=True)
class _Format:
    """Sizes and codes of a directory: classic or BigTIFF."""

    count: str
    word: str
    entry: int
    pointer: int
    """Field type of a pointer to a directory, as libtiff writes it."""

    @property
    def width(self) -> int:
        return struct.calcsize(self.word)


_CLASSIC = _Format("<H", "<I", 12, _LONG)
_BIG = _Format("<Q", "<Q", 20, _IFD8)


def stand_ins(carried: Carried) -> list[tuple[int, int, int, bytes, bool]]:
    """The extra tags that tifffile is to write so that `finish_directories` finds its places."""
    present = {EXIF: carried.exif, GPS: carried.gps}
    return [(code, _LONG, 1, bytes(4), True) for code, true in STAND_INS.items() if present[true]]


def finish_directories(path: Path, pages: Sequence[tuple[Carried, bool]]) -> None:
    """Brings the directory of each page into the form that was meant.

    ``pages``: what each hands on, and whether it states a resolution. Its EXIF and GPS directories
    are appended to the file.
    """
    with path.open("r+b") as file:
        big = file.read(4)[2] == 43
        form, link = (_BIG, 8) if big else (_CLASSIC, 4)
        file.seek(link)
        position = file.read(form.width)
        for carried, has_resolution in pages:
            (start,) = struct.unpack(form.word, position)
            entries, position = _entries(file, start, form)
            made = [
                _linked(file, _with_count(entry, carried, form), carried, form)
                for entry in entries
                if has_resolution or _code(entry) not in RESOLUTION
            ]
            file.seek(start)
            file.write(struct.pack(form.count, len(made)) + b"".join(made) + position)
            file.write(bytes((len(entries) - len(made)) * form.entry))


def _entries(file: BinaryIO, start: int, form: _Format) -> tuple[list[bytes], bytes]:
    """The entries of the directory at ``start``, and the position of the next one."""
    file.seek(start)
    (count,) = struct.unpack(form.count, file.read(struct.calcsize(form.count)))
    return [file.read(form.entry) for _ in range(count)], file.read(form.width)


def _code(entry: bytes) -> int:
    return int.from_bytes(entry[:2], "little")


def _with_count(entry: bytes, carried: Carried, form: _Format) -> bytes:
    """The entry; of an ImageDescription, with the count of all its bytes."""
    for code, _, count, _ in carried.fields:
        if code == DESCRIPTION == _code(entry):
            return entry[:4] + struct.pack(form.word, count) + entry[4 + form.width :]
    return entry


def _linked(file: BinaryIO, entry: bytes, carried: Carried, form: _Format) -> bytes:
    """The entry; a stand-in renamed, and pointed at its directory at the end of the file."""
    code = STAND_INS.get(_code(entry))
    if code is None:
        return entry
    fields = carried.exif if code == EXIF else carried.gps
    below = carried.interoperability if code == EXIF else None
    end = file.seek(0, 2)
    start = end + end % 2
    file.write(bytes(end % 2) + _directory(list(fields or ()), below, start, form))
    head = struct.pack("<HH", code, form.pointer)
    return head + struct.pack(form.word, 1) + struct.pack(form.word, start)


def _directory(
    fields: list[Field], below: Sequence[Field] | None, start: int, form: _Format
) -> bytes:
    """A directory that lies at ``start``, its long values and the directory below behind it."""
    if below:
        fields = [*fields, (INTEROPERABILITY, form.pointer, 1, bytes(form.width))]
    head = struct.calcsize(form.count)
    behind = start + head + len(fields) * form.entry + form.width
    table, values = struct.pack(form.count, len(fields)), b""
    for code, kind, count, raw in sorted(fields):
        table += struct.pack("<HH", code, kind) + struct.pack(form.word, count)
        if code == INTEROPERABILITY and below:
            table += struct.pack(form.word, behind + len(values))
            values += _directory(list(below), None, behind + len(values), form)
        elif len(raw) <= form.width:
            table += raw.ljust(form.width, b"\0")
        else:
            table += struct.pack(form.word, behind + len(values))
            values += raw + bytes(len(raw) % 2)
    return table + bytes(form.width) + values
