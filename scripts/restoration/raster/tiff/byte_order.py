"""Bringing the value of a tag from its file's byte order to little-endian.

Numbers are swapped by their field type. Some tags hold bytes, or text, or numbers of their own
kind, whatever field type they are written with: these are taken by what they are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from restoration.raster.tiff.embedded_metadata import IPTC, straightened_iptc
from restoration.raster.tiff.encoded_text import (
    CODE_BYTES,
    WINDOWS,
    WITH_CHARACTER_CODE,
    is_utf16,
    utf16_order,
)

BYTE, ASCII, SHORT, LONG, UNDEFINED, SLONG = 1, 2, 3, 4, 7, 9
_LONG8, _SLONG8, _UTF8 = 16, 17, 129

_WORDS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, _LONG8: 8, _SLONG8: 8}
"""Bytes that are swapped together, by field type."""


class TagValue(NamedTuple):
    """A value as it is to be written: field type, bytes, and what there is to say of it."""

    kind: int
    raw: bytes
    note: str | None = None


def little_endian(where: str, code: int, kind: int, raw: bytes, order: str) -> TagValue | None:
    """The value of a tag in little-endian order and in a field type of classic TIFF.

    ``where`` is the directory: "Image", "EXIF", "GPS" or "Interoperability". None where the number
    is one of BigTIFF that classic TIFF cannot hold.
    """
    content = _contents(where, code)
    if content is not None:
        return content(kind, raw, order)
    if kind == _UTF8:
        # Of EXIF 3.0. Readers know UTF-8 in ASCII fields for long, and few know this type.
        return TagValue(ASCII, raw)
    word = _WORDS.get(kind, 1)
    if order == ">" and word > 1:
        raw = _swapped(raw, word)
    return _narrowed(kind, raw) if kind in (_LONG8, _SLONG8) else TagValue(kind, raw)


def _swapped(raw: bytes, word: int) -> bytes:
    """Words in reverse byte order; bytes that fill no word stay as they are."""
    whole = len(raw) // word * word
    return np.frombuffer(raw[:whole], f">u{word}").astype(f"<u{word}").tobytes() + raw[whole:]


def _narrowed(kind: int, raw: bytes) -> TagValue | None:
    """Numbers of eight bytes as numbers of four, where they all fit."""
    numbers = np.frombuffer(raw, "<u8" if kind == _LONG8 else "<i8")
    target = np.dtype("<u4" if kind == _LONG8 else "<i4")
    narrow = numbers.astype(target)
    if not np.array_equal(narrow.astype(numbers.dtype), numbers):
        return None
    return TagValue(LONG if kind == _LONG8 else SLONG, narrow.tobytes())


Content = Callable[[int, bytes, str], TagValue]
"""(field type, bytes, byte order of the file) -> value."""


def _contents(where: str, code: int) -> Content | None:
    if (where, code) in WITH_CHARACTER_CODE:
        return _text_with_code
    if code in WINDOWS:
        return _windows_text
    return _CONTENTS.get(code)


def _iptc(_kind: int, raw: bytes, _order: str) -> TagValue:
    straight = straightened_iptc(raw)
    if straight == raw:
        return TagValue(UNDEFINED, raw)
    return TagValue(
        UNDEFINED, straight, "its bytes are swapped in fours in the master, delivered in order"
    )


def _text_with_code(kind: int, raw: bytes, order: str) -> TagValue:
    kept = kind if kind in (BYTE, ASCII, UNDEFINED) else UNDEFINED
    if not is_utf16(raw):
        return TagValue(kept, raw)
    text, note = _utf16(raw[CODE_BYTES:], order)
    return TagValue(UNDEFINED, raw[:CODE_BYTES] + text, note)


def _windows_text(kind: int, raw: bytes, order: str) -> TagValue:
    # As SHORT it is numbers, in the order of the file.
    return TagValue(BYTE, *_utf16(raw, order if kind == SHORT else "<"))


def _utf16(text: bytes, stated: str) -> tuple[bytes, str | None]:
    found = utf16_order(text, stated)
    little = text if found.order == "<" else _swapped(text, 2)
    if found.order != stated:
        names = {"<": "little-endian", ">": "big-endian"}
        said = f"its UTF-16 is {names[found.order]} where {names[stated]} is expected"
        return little, f"{said}; its text is kept, in the order that readers expect"
    if stated == ">" and not found.certain:
        return little, "its UTF-16 makes sense in both byte orders; taken in that of the file"
    return little, None


def _pattern(_kind: int, raw: bytes, order: str) -> TagValue:
    """CFAPattern: two SHORTs for its size, then bytes (EXIF 2.32, 4.6.5)."""
    for stated in (order, "<", ">"):
        if len(raw) >= 4:
            across, down = struct.unpack_from(f"{stated}HH", raw)
            if 4 + across * down == len(raw):
                made = struct.pack("<HH", across, down) + raw[4:]
                return TagValue(UNDEFINED, made, _other(stated, order))
    return _unclear(raw, order)


def _table(_kind: int, raw: bytes, order: str) -> TagValue:
    """OECF, SpatialFrequencyResponse: columns, rows, names, rationals (EXIF 2.32, 4.6.5)."""
    for stated in (order, "<", ">"):
        at = 4
        columns, rows = struct.unpack_from(f"{stated}HH", raw) if len(raw) >= 4 else (0, 0)
        for _ in range(columns):
            at = raw.find(b"\0", at) + 1 or len(raw) + 1
        if columns and at + 8 * columns * rows == len(raw):
            numbers = raw[at:] if stated == "<" else _swapped(raw[at:], 4)
            made = struct.pack("<HH", columns, rows) + raw[4:at] + numbers
            return TagValue(UNDEFINED, made, _other(stated, order))
    return _unclear(raw, order)


def _device_settings(_kind: int, raw: bytes, order: str) -> TagValue:
    """DeviceSettingDescription: two SHORTs, then UTF-16 (EXIF 2.32, 4.6.5)."""
    return TagValue(UNDEFINED, raw if order == "<" else _swapped(raw, 2))


def _other(found: str, stated: str) -> str | None:
    if found == stated:
        return None
    return "its numbers are not in the byte order of the file; their values are kept"


def _unclear(raw: bytes, order: str) -> TagValue:
    note = "its structure is not clear; its bytes are the master's, big-endian ones"
    return TagValue(UNDEFINED, raw, note if order == ">" else None)


def _mixed(_kind: int, raw: bytes, order: str) -> TagValue:
    """Numbers of several sizes, which nobody but the maker's own programs reads."""
    return _unclear(raw, order)


_CONTENTS: Mapping[int, Content] = {
    IPTC: _iptc,
    34856: _table,
    41484: _table,
    41730: _pattern,
    41995: _device_settings,
    42082: _mixed,
    50341: _mixed,
}
"""By tag code: IPTC, OECF, SpatialFrequencyResponse, CFAPattern, DeviceSettingDescription,
SourceExposureTimesOfCompositeImage, PrintImageMatching."""
