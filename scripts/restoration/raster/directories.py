"""Linking EXIF and GPS directories into a TIFF file that is already written.

tifffile refuses tag 34665. So it writes an entry of a code nobody uses in its stead, at the place
that the true code has in the order of tags; the directory is appended to the file, and the entry
is renamed and pointed at it. Pixels stay where they are. Works for classic TIFF and BigTIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tifffile

from restoration.raster.metadata import EXIF, GPS, INTEROPERABILITY, Carried
from restoration.raster.tags import Field

STAND_INS = {34664: EXIF, 34851: GPS}
"""Unassigned codes below the true ones; no tag that is carried over lies between."""

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
    """The extra tags that tifffile is to write so that `link_directories` finds its places."""
    present = {EXIF: carried.exif, GPS: carried.gps}
    return [(code, _LONG, 1, bytes(4), True) for code, true in STAND_INS.items() if present[true]]


def link_directories(path: Path, pages: Sequence[Carried]) -> None:
    """Appends the EXIF and GPS directories of each page and points its stand-ins at them."""
    if not any(page.exif or page.gps for page in pages):
        return
    with tifffile.TiffFile(path) as tif:
        form = _BIG if tif.is_bigtiff else _CLASSIC
        places = [
            {true: page.tags[code].offset for code, true in STAND_INS.items() if code in page.tags}
            for page in tif.pages
        ]
    with path.open("r+b") as file:
        for carried, entries in zip(pages, places, strict=True):
            for code, place in entries.items():
                fields = carried.exif if code == EXIF else carried.gps
                below = carried.interoperability if code == EXIF else None
                end = file.seek(0, 2)
                start = end + end % 2
                file.write(bytes(end % 2) + _directory(list(fields or ()), below, start, form))
                file.seek(place)
                head = struct.pack("<HH", code, form.pointer)
                file.write(head + struct.pack(form.word, 1) + struct.pack(form.word, start))


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
