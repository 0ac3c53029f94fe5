"""Texts of EXIF and Windows tags whose bytes are not plain: which encoding, which byte order.

EXIF 2.32 (4.6.5, UserComment; 4.6.6, GPSProcessingMethod) puts a character code of eight bytes
before the text; "UNICODE" is UTF-16 in the byte order of the file. Windows writes its own tags in
UTF-16 little-endian, whatever the file. Some writers keep to neither; where the text itself leaves
no doubt, it decides.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

from restoration.raster.tiff.tags import decode_text

WITH_CHARACTER_CODE = frozenset({("EXIF", 37510), ("GPS", 27), ("GPS", 28)})
"""Directory and code of UserComment, GPSProcessingMethod, GPSAreaInformation."""

WINDOWS = frozenset(range(40091, 40096))
"""XPTitle, XPComment, XPAuthor, XPKeywords, XPSubject."""

CODE_BYTES = 8

_UNICODE = re.compile(rb"UNICODE[\0 ]", re.IGNORECASE)
_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "<", codecs.BOM_UTF16_BE: ">"}
_CODECS = {"<": "utf-16-le", ">": "utf-16-be"}
# Latin, Greek, Cyrillic, Armenian, Hebrew; in the wrong order they are ideographs or worse.
_ALPHABETS = "\u0600"
# Ideographs in the wrong order are letters of many scripts, which nobody mixes.
_TELLING = 3
_OF_EAST_ASIA = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HALFWIDTH", "FULLWIDTH"})


class Utf16Order(NamedTuple):
    """``order`` is "<" or ">"; ``certain`` is False where the other one is as plausible."""

    order: str
    certain: bool


def is_utf16(raw: bytes) -> bool:
    """Whether the character code before a text is that of UTF-16."""
    return _UNICODE.match(raw) is not None


def utf16_order(text: bytes, stated: str) -> Utf16Order:
    """The byte order of UTF-16 text that ought to be in the order ``stated``.

    A byte order mark decides; else the stated order, unless the text is nonsense in it and makes
    sense in the other.
    """
    mark = _BYTE_ORDER_MARKS.get(text[:2])
    if mark is not None:
        return Utf16Order(mark, True)
    other = ">" if stated == "<" else "<"
    own_text, other_text = _decoded(text, stated), _decoded(text, other)
    # Half of it will do: a damaged character is no reason to turn the others.
    if 2 * _of_alphabets(own_text) >= len(own_text):
        return Utf16Order(stated, True)
    if not _plausible(other_text):
        return Utf16Order(stated, _plausible(own_text))
    # A single ideograph may happen to be a letter the other way round; several hardly ever are.
    letters, length = _of_alphabets(other_text), len(other_text)
    alphabetic = length > 1 and (letters == length or (letters >= 4 and 2 * letters >= length))
    more = len(_scripts(own_text)) - len(_scripts(other_text))
    # One character of a private area, as Japanese writers use them, does not make nonsense of it.
    if alphabetic or more >= (_TELLING if _plausible(own_text) else 1):
        return Utf16Order(other, True)
    return Utf16Order(stated, more <= -_TELLING)


def text_with_code(raw: bytes, order: str, *, forgiving: bool) -> str:
    """The text behind a character code, of a file in byte order ``order``.

    ``forgiving`` takes UTF-16 in the order that makes sense; otherwise in that of the file.
    """
    body = raw[CODE_BYTES:]
    if is_utf16(raw):
        return utf16_text(body, order, forgiving=forgiving)
    code = raw[:CODE_BYTES].rstrip(b"\0 ").upper()
    if code == b"JIS":
        return body.rstrip(b"\0").decode("iso2022_jp", "replace")
    return decode_text(body if code in (b"", b"ASCII") else raw)


def utf16_text(raw: bytes, order: str, *, forgiving: bool) -> str:
    """UTF-16 text without its byte order mark and the NULs behind it."""
    taken = utf16_order(raw, order).order if forgiving else order
    return _decoded(raw, taken).removeprefix("\ufeff")


def _decoded(raw: bytes, order: str) -> str:
    whole = raw[: len(raw) // 2 * 2]
    return whole.decode(_CODECS[order], "replace").rstrip("\0")


def _plausible(text: str) -> bool:
    """Assigned characters alone: no surrogates, private ones, controls or gaps of Unicode."""
    return (
        all(
            character in "\t\n\r\0"
            or unicodedata.category(character) not in ("Cc", "Cn", "Co", "Cs")
            for character in text
        )
        and "\ufffd" not in text
    )


def _of_alphabets(text: str) -> int:
    return sum(" " <= character < _ALPHABETS or character in "\t\n\r" for character in text)


def _scripts(text: str) -> set[str]:
    """The scripts of the letters, by the first words of their names."""
    names = {unicodedata.name(c, "?").split(" ")[0] for c in text if c.isalpha()}
    return {"CJK" if name in _OF_EAST_ASIA else name for name in names}
