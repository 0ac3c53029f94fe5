"""Hostile XMP packets, IPTC blocks and EXIF fields; and how texts and bytes are mutated."""

from __future__ import annotations

import random
import struct
from typing import Any

from fuzz.seeds import IPTC
from support import corpus

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
LAUGHS = '<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)
)
CHARACTERS = (
    "\0",
    "\x01",
    "\x1b[31m",
    "\r",
    "\n",
    "\t",
    "\ufeff",
    "\u2028",
    "\x85",
    "\x0b",
    "\u202e",
    "\ud7ff",
    "\U0001f600",
    '"',
    "'",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "../",
    "..",
    "/",
    "\\",
    "%00",
    "{x}",
    "{wildcards}",
    "$(id)",
    "`id`",
    ";",
    "#",
    ":",
    "-",
    "~",
    "*",
    "?",
    "<script>",
    "&amp;",
    "a" * 300,
    "a" * 5000,
    "9" * 5000,
    "1e999",
    "nan",
    ".inf",
    "2001-99-99",
    "0x",
    "null",
    " ",
)


def xmp(chance: random.Random, canary: str) -> bytes:
    """A packet: hostile by design, or a sound one that was damaged."""
    body = corpus.XMP.decode()
    inner = "<dc:source>Box 12, 0034</dc:source>"
    deep, many = chance.choice((40, 1000, 100_000)), chance.choice((10, 5000, 300_000))
    entities = {
        "laughs": f"<!DOCTYPE x [{LAUGHS}]>",
        "file": f'<!DOCTYPE x [<!ENTITY l11 SYSTEM "file://{canary}">]>',
        "network": '<!DOCTYPE x [<!ENTITY l11 SYSTEM "http://192.0.2.1/x">]>',
        "parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.1/x"> %p;]>',
        "subset": f'<!DOCTYPE x SYSTEM "file://{canary}">',
        "include": "",
    }
    kind = chance.randrange(10)
    if kind < 3:
        name = chance.choice(list(entities))
        text = entities[name] + body.replace(inner, "<dc:source>&l11;</dc:source>")
        if name == "include":
            link = (
                '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
            )
            text = body.replace(inner, link)
    elif kind == 3:
        text = body.replace(inner, "<dc:a>" * deep + "</dc:a>" * (deep if deep < 2000 else 3))
    elif kind == 4:
        text = body.replace(inner, "<dc:b/>" * many)
    elif kind == 5:
        attributes = " ".join(f'dc:a{n}="{n}"' for n in range(min(many, 50_000)))
        text = body.replace('rdf:about=""', f'rdf:about="" {attributes}')
    elif kind == 6:
        text = body.replace(
            inner, f"<dc:source>{'x' * chance.choice((9000, 3_000_000))}</dc:source>"
        )
    elif kind == 7:
        bag = "<rdf:li>y</rdf:li>" * chance.choice((3, 20_000))
        text = body.replace(inner, f"<dc:subject><rdf:Bag>{bag}</rdf:Bag></dc:subject>")
    else:
        text = scrambled(body, chance)
    encoding = chance.choice(("utf-8",) * 5 + ("utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7"))
    if chance.random() < 0.3:
        text = f'<?xml version="1.0" encoding="{chance.choice((encoding, "x", "EBCDIC"))}"?>' + text
    data = text.encode(encoding, "replace")
    return damaged(data, chance) if chance.random() < 0.3 else data


def iptc(chance: random.Random) -> bytes:
    """Data sets with lengths that lie, of any number, or damaged."""
    kind = chance.randrange(5)
    if kind == 0:
        return b"\x1c\x02\x19\0\0" * chance.choice((10, 3000, 400_000))
    if kind == 1:
        return (
            b"\x1c\x02\x05"
            + struct.pack(">H", chance.choice((0x8004, 0xFFFF, 0x8000)))
            + b"\xff" * 9
        )
    if kind == 2:
        pairs = {(chance.randrange(256), chance.randrange(256)): "x" for _ in range(300)}
        return corpus.iptc_block(pairs)
    if kind == 3:
        resource = b"8BIM" + struct.pack(">HB", 0x0404, chance.randrange(256)) + bytes(3)
        return resource + struct.pack(">I", chance.choice((0, 5, 2**32 - 1))) + IPTC
    return damaged(IPTC, chance)


def exif(chance: random.Random) -> dict[int, Any]:
    """Fields of an EXIF directory, of the right types and of others."""
    codes = (
        33434,
        33437,
        34850,
        34855,
        36864,
        36867,
        37121,
        37386,
        37500,
        37510,
        40961,
        40962,
        40965,
        41486,
        42034,
        42036,
        270,
        700,
        34665,
        1,
        2,
        65535,
    )
    values: tuple[Any, ...] = (
        (1, 0),
        (0, 0),
        (2**32 - 1, 1),
        0,
        65535,
        "",
        "\ud7ff\x1b[2J\n",
        "1998:99:99 99:99:99",
        b"",
        b"\xff" * 70_000,
        b"ASCII\0\0\0\x80\xff",
        b"UNICODE\0\xd8\x00\xdc",
        b"Nikon\0" + bytes(99),
        b"OLYMP\0\x01\0" + b"\xff" * 40,
        b"\0" * 6,
        "x" * 5000,
    )
    number = chance.choice((1, 3, 8, 20))
    return {chance.choice(codes): chance.choice(values) for _ in range(number)}


def scrambled(text: str, chance: random.Random) -> str:
    """The text with one to five pieces put in, taken out, or doubled."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(text) + 1)
        size = chance.choice((0, 0, 1, 3, 30))
        piece = chance.choice(CHARACTERS)
        if chance.random() < 0.2:
            piece = text[at : at + 40] * chance.choice((1, 2, 50))
        text = text[:at] + piece + text[at + size :]
    return text


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some changed, or cut off."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 2, 8, 40))):
        if made:
            made[chance.randrange(len(made))] = chance.choice((0, 255, chance.randrange(256)))
    return bytes(made[: chance.randrange(len(made) + 1)] if chance.random() < 0.3 else made)
