"""Directories (IFDs) and tags of a TIFF file, read within limits and without trusting it.

Classic TIFF 6.0 and BigTIFF, either byte order. What is read here are numbers and bytes; what
they mean for pixels is the subject of `layout`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.config.settings import IngestSettings
from restoration.errors import CircumstanceError, ScanError

FIELD_TYPES: Mapping[int, tuple[str, int]] = {
    1: ("B", 1),  # BYTE
    2: ("s", 1),  # ASCII
    3: ("H", 2),  # SHORT
    4: ("I", 4),  # LONG
    5: ("II", 8),  # RATIONAL
    6: ("b", 1),  # SBYTE
    7: ("s", 1),  # UNDEFINED
    8: ("h", 2),  # SSHORT
    9: ("i", 4),  # SLONG
    10: ("ii", 8),  # SRATIONAL
    11: ("f", 4),  # FLOAT
    12: ("d", 8),  # DOUBLE
    13: ("I", 4),  # IFD
    16: ("Q", 8),  # LONG8 (BigTIFF)
    17: ("q", 8),  # SLONG8 (BigTIFF)
    18: ("Q", 8),  # IFD8 (BigTIFF)
    129: ("s", 1),  # UTF-8 (EXIF 3.0)
}
"""Field type -> struct code of one value and its bytes (TIFF 6.0 section 2, BigTIFF, EXIF 3.0)."""

MAX_ENTRIES = 4096
"""Most tags in one directory; real masters have fewer than a hundred."""

MAX_OVERLAP = 8
"""Values of tags, and strips or tiles, lie beside each other; some may be shared between pages.
Where together they hold more than this many times the file, a small file is made to cost the work
of a large one."""

HASH_CHUNK = 1 << 20


def expected_found(where: str, expected: str, found: str, remedy: str) -> ScanError:
    """The one-line refusal of a scan: what was expected, what was found, what to do."""
    return ScanError(f"{where}: expected {expected}, found {found}; {remedy}")


class MasterFile:
    """A file that is opened for reading only, and read by position.

    Raises ScanError where the file is not there, may not be read, or ends before what it
    declares; CircumstanceError where the disk or the mount fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        try:
            regular = stat.S_ISREG(path.stat().st_mode)
            if not regular:  # decided before opening: a named pipe would block
                remedy = "name the TIFF file itself in the sheet"
                raise expected_found(str(path), "a file", "a folder or a device", remedy)
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            remedy = "correct the path in the sheet or put the file back"
            raise expected_found(str(path), "a file", "nothing at this path", remedy) from None
        except PermissionError:
            remedy = "give the account that runs the workflow the right to read it"
            raise expected_found(str(path), "a readable file", "no permission", remedy) from None
        except OSError as error:
            raise _circumstance(self.name, error) from error
        self.size = os.fstat(self._descriptor).st_size

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, offset: int, count: int) -> bytes:
        """Exactly ``count`` bytes from ``offset``."""
        if offset < 0 or offset + count > self.size:
            raise self._too_short(offset, count)
        parts = []
        while count:
            try:
                part = os.pread(self._descriptor, min(count, 1 << 30), offset)
            except OSError as error:
                raise _circumstance(self.name, error) from error
            if not part:
                raise self._too_short(offset, count)
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_short(self, offset: int, count: int) -> ScanError:
        return expected_found(
            self.name,
            f"{count} bytes at {offset}",
            f"the end of the file at {self.size}",
            "the file is truncated or damaged: restore it from a copy",
        )


def _circumstance(name: str, error: OSError) -> CircumstanceError:
    return CircumstanceError(
        f"{name}: could not be read ({error.strerror or error}); check the disk or the mount "
        "and start the run again"
    )


@dataclass(frozen=True)
class Tag:
    """One tag of a directory; its value stays in the file until it is asked for."""

    code: int
    kind: int
    """Field type, a key of `FIELD_TYPES`."""
    count: int
    offset: int
    """Position of the value in the file, whether inside the directory or elsewhere."""

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return self.count * FIELD_TYPES[self.kind][1]


@dataclass(frozen=True)
class Directory:
    """One image file directory."""

    index: int
    """0 for the first directory of the chain."""
    offset: int
    entries: Mapping[int, Tag]
    notes: tuple[str, ...]
    """What is wrong with it, but harms no pixel (unknown field types, private tags cut off)."""


class TiffTags:
    """The chain of directories of one TIFF file, and the values of their tags.

    Raises ScanError for anything that is no TIFF, loops, points outside the file or exceeds
    the limits.
    """

    def __init__(self, file: MasterFile, limits: IngestSettings) -> None:
        self.file = file
        self.limits = limits
        self._held = 0
        self.order, self.big, first = self._header()
        self.directories = tuple(self._chain(first))

    def _header(self) -> tuple[str, bool, int]:
        where = self.file.name
        remedy = "check that it is a TIFF file, and restore it from a copy if it is"
        if self.file.size < 8:
            raise expected_found(where, "a TIFF file", f"{self.file.size} bytes", remedy)
        head = self.file.read(0, min(16, self.file.size))
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        version = struct.unpack(f"{order}H", head[2:4])[0] if order else None
        if version not in (42, 43):
            raise expected_found(where, "a TIFF file", f"a start of {head[:4]!r}", remedy)
        assert order is not None
        if version == 42:
            return order, False, int(struct.unpack(f"{order}I", head[4:8])[0])
        if len(head) < 16 or struct.unpack(f"{order}HH", head[4:8]) != (8, 0):
            raise expected_found(where, "a BigTIFF header", f"{head[4:]!r}", remedy)
        return order, True, int(struct.unpack(f"{order}Q", head[8:16])[0])

    def _chain(self, offset: int) -> Iterator[Directory]:
        where, seen = self.file.name, set[int]()
        while offset:
            if offset in seen:
                raise expected_found(
                    where,
                    "each directory (IFD) once",
                    f"a loop back to the one at {offset}",
                    "restore the file from a copy, or save it anew from an image editor",
                )
            if len(seen) >= self.limits.max_pages:
                raise expected_found(
                    where,
                    f"at most {self.limits.max_pages} directories (IFDs)",
                    "more",
                    "split the file or raise ingest.max_pages",
                )
            seen.add(offset)
            directory, offset = self._directory(len(seen) - 1, offset)
            yield directory
        if not seen:
            raise expected_found(
                where, "an image", "no directory (IFD)", "restore the file from a copy"
            )

    def _directory(self, index: int, offset: int) -> tuple[Directory, int]:
        head, entry = (8, 20) if self.big else (2, 12)
        (count,) = struct.unpack(self.order + ("Q" if self.big else "H"), self._at(offset, head))
        if not 0 < count <= MAX_ENTRIES:
            raise expected_found(
                self.file.name,
                f"1 to {MAX_ENTRIES} tags in the directory at {offset}",
                str(count),
                "the file is damaged: restore it from a copy",
            )
        body = self._at(offset + head, count * entry + (8 if self.big else 4))
        entries: dict[int, Tag] = {}
        notes: list[str] = []
        for number in range(count):
            piece = body[number * entry : (number + 1) * entry]
            self._add(entries, notes, piece, offset + head + number * entry)
        self._held += len(body) + sum(entry.size for entry in entries.values())
        if self._held > MAX_OVERLAP * max(self.file.size, 1 << 17):
            raise expected_found(
                self.file.name,
                "tags that lie beside each other",
                f"{self._held} bytes of them in a file of {self.file.size}",
                "the file is damaged: restore it from a copy",
            )
        (following,) = struct.unpack(self.order + ("Q" if self.big else "I"), body[count * entry :])
        return Directory(index, offset, entries, tuple(notes)), int(following)

    def _add(self, entries: dict[int, Tag], notes: list[str], piece: bytes, at: int) -> None:
        code, kind = struct.unpack(f"{self.order}HH", piece[:4])
        length = "Q" if self.big else "I"
        width = 8 if self.big else 4
        (count,) = struct.unpack(self.order + length, piece[4 : 4 + width])
        if kind not in FIELD_TYPES:
            # TIFF 6.0 section 2: readers skip fields of types that they do not know.
            notes.append(f"tag {code} has the unknown field type {kind}; it is left alone")
            return
        if code in entries:
            notes.append(f"tag {code} occurs twice; the first one holds")
            return
        value = Tag(code, kind, count, at + 4 + width)
        if value.size > width:
            (offset,) = struct.unpack(self.order + length, piece[4 + width :])
            value = Tag(code, kind, count, offset)
        if value.offset + value.size > self.file.size:
            notes.append(f"tag {code} points outside the file; it is left alone")
            return
        entries[code] = value

    def _at(self, offset: int, count: int) -> bytes:
        return self.file.read(offset, count)

    def raw(self, entry: Tag) -> bytes:
        """The bytes of a tag as they are stored. Raises ScanError above ``max_tag_bytes``."""
        if entry.size > self.limits.max_tag_bytes:
            raise expected_found(
                self.file.name,
                f"at most {self.limits.max_tag_bytes} bytes in tag {entry.code}",
                str(entry.size),
                "raise ingest.max_tag_bytes if the file is sound",
            )
        return self._at(entry.offset, entry.size)

    def sha256(self, entry: Tag) -> str:
        """Hash of a tag of any size, as stored, read in pieces."""
        digest = hashlib.sha256()
        for start in range(0, entry.size, HASH_CHUNK):
            piece = min(HASH_CHUNK, entry.size - start)
            digest.update(self._at(entry.offset + start, piece))
        return digest.hexdigest()

    def values(self, entry: Tag) -> tuple[Any, ...]:
        """Integers, floats, (numerator, denominator) pairs, or one ``bytes`` for text and blobs."""
        raw = self.raw(entry)
        code, _ = FIELD_TYPES[entry.kind]
        if code == "s":
            return (raw,)
        flat = struct.unpack(f"{self.order}{entry.count * len(code)}{code[0]}", raw)
        if len(code) == 2:
            return tuple(zip(flat[::2], flat[1::2], strict=True))
        return flat

    def integers(self, entry: Tag) -> npt.NDArray[np.int64]:
        """The values of an integer tag, for tags that may hold a million (segment offsets)."""
        code, size = FIELD_TYPES[entry.kind]
        if code not in ("B", "H", "I", "Q"):
            raise expected_found(
                self.file.name,
                f"whole numbers in tag {entry.code}",
                f"field type {entry.kind}",
                "the file is damaged: save it anew from an image editor",
            )
        stored = np.frombuffer(self.raw(entry), dtype=f"{self.order}u{size}")
        if size == 8 and stored.size and int(stored.max()) > np.iinfo(np.int64).max:
            raise expected_found(
                self.file.name,
                f"positions inside the file in tag {entry.code}",
                str(int(stored.max())),
                "the file is damaged: restore it from a copy",
            )
        return stored.astype(np.int64)

    def number(self, directory: Directory, code: int, default: int | None = None) -> int | None:
        """The first value of an integer tag, or ``default`` where the tag is missing or empty."""
        entry = directory.entries.get(code)
        if entry is None or entry.count == 0:
            return default
        return int(self.integers(entry)[0])

    def text(self, directory: Directory, code: int) -> str:
        """An ASCII tag as text up to its first NUL; empty where there is none.

        TIFF 6.0 says 7-bit ASCII; scanner software writes UTF-8 or Latin-1.
        """
        entry = directory.entries.get(code)
        if entry is None or FIELD_TYPES[entry.kind][0] not in ("s", "B"):
            return ""
        return decode_text(self.raw(entry))

    def subdirectory(self, offset: int) -> Directory:
        """The directory at ``offset`` (EXIF, GPS, ...), outside the chain."""
        return self._directory(-1, offset)[0]


def decode_text(raw: bytes) -> str:
    """Text of an ASCII field: UTF-8 where it is valid, else Latin-1, up to the first NUL."""
    piece = raw.split(b"\0", 1)[0]
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return piece.decode("latin-1")


Field = tuple[int, int, int, bytes]
"""Tag code, field type, count and stored bytes of a field that is to be written."""


def pack_tiff(
    order: str, fields: list[Field], subdirectories: Mapping[int, list[Field]] | None = None
) -> bytes:
    """A classic TIFF in memory that holds nothing but these fields.

    ``subdirectories`` maps the code of a pointer tag (34665 EXIF, 34853 GPS) to the fields of the
    directory that it points to; a pointer tag among those is resolved in the same way.
    """
    body = bytearray(struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8))
    _append_directory(body, order, fields, dict(subdirectories or {}))
    return bytes(body)


def _append_directory(
    body: bytearray, order: str, fields: list[Field], below: dict[int, list[Field]]
) -> None:
    start = len(body)
    pointers = {code: below.pop(code) for code, *_ in fields if code in below}
    body += bytes(2 + 12 * len(fields) + 4)
    struct.pack_into(f"{order}H", body, start, len(fields))
    for number, (code, kind, count, raw) in enumerate(sorted(fields, key=lambda f: f[0])):
        at = start + 2 + 12 * number
        struct.pack_into(f"{order}HHI", body, at, code, kind, count)
        if code in pointers:
            body += bytes(len(body) % 2)
            struct.pack_into(f"{order}HHII", body, at, code, 4, 1, len(body))
            _append_directory(body, order, pointers[code], below)
        elif len(raw) <= 4:
            body[at + 8 : at + 8 + len(raw)] = raw
        else:
            body += bytes(len(body) % 2)
            struct.pack_into(f"{order}I", body, at + 8, len(body))
            body += raw
