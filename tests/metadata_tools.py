"""Masters full of metadata in either byte order, and what other people's tools read of a file.

``PYTHONPATH=scripts:tests python tests/metadata_tools.py`` delivers such masters and prints what
each tool reads of a master and of its deliverable. exiv2, exiftool and exempi are Debian packages
(exiv2, libimage-exiftool-perl, exempi); a tool that is not there is left out.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from restoration.config.settings import DeliverSettings, IngestSettings
from restoration.deliver.deliver_scan import Delivery, PageToDeliver, deliver_scan
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.tiff.tags import FIELD_TYPES, Field
from restoration.records.ingest import Master
from support import corpus

COMMENT = "Größe: žluťoučký кот 昭和六年"
METHOD = "MANUAL ö карта"
AREA = "Strand von Prerow, Größe"
TITLE = "Familie Müller"
KEYWORDS = ["Ostsee", "Größe"]
CAPTION = "Familie am Strand, 1931"
TAKEN = "1931:07:12 10:20:30"

IPTC = corpus.iptc_block({(2, 25): KEYWORDS, (2, 120): CAPTION, (2, 80): "A. Müller"})

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT, DOUBLE = (
    1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12,
)  # fmt: skip
IFD, LONG8, SLONG8 = 13, 16, 17
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965


def unicode_text(text: str, order: str) -> bytes:
    """A text of EXIF behind its character code, in a byte order."""
    return b"UNICODE\0" + text.encode("utf-16-le" if order == "<" else "utf-16-be")


def field(order: str, code: int, kind: int, *values: object) -> Field:
    """A field as it lies in a file: numbers, pairs of numbers, or one text or ``bytes``."""
    if len(values) == 1 and isinstance(values[0], bytes | str):
        given = values[0]
        raw = given.encode() + b"\0" if isinstance(given, str) else given
        return code, kind, -(-len(raw) // FIELD_TYPES[kind][1]), raw
    flat = [n for value in values for n in (value if isinstance(value, tuple) else (value,))]
    pattern = FIELD_TYPES[kind][0][0]
    return code, kind, len(values), struct.pack(f"{order}{len(flat)}{pattern}", *flat)


Page = tuple[Sequence[Field], Mapping[int, Sequence[Field]]]
"""Fields of a page beside its pixels, and the directories below by the code of their pointer."""


def image_fields(order: str, iptc_kind: int = LONG) -> list[Field]:
    """The first directory: texts, dates, the IPTC with a field type of choice."""
    padded = IPTC + bytes(-len(IPTC) % 4)
    return [
        field(order, 270, ASCII, "On the back: 1931"),
        field(order, 306, ASCII, "2019:05:06 07:08:09"),
        field(order, 315, ASCII, "Jürgen"),
        field(order, 33723, iptc_kind, padded),
        field(order, 40091, BYTE, (TITLE + "\0").encode("utf-16-le")),
    ]


def exif_fields(order: str) -> list[Field]:
    """Every field type that EXIF knows, and the contents that have a byte order of their own."""
    pair = f"{order}HH"
    return [
        field(order, 33434, RATIONAL, (1, 125)),
        field(order, 34855, SHORT, 400),
        field(order, 34856, UNDEFINED,
              struct.pack(pair, 2, 1) + b"a\0b\0" + struct.pack(f"{order}4i", -1, 3, 70000, 7)),
        field(order, 36864, UNDEFINED, b"0232"),
        field(order, 36867, ASCII, TAKEN),
        field(order, 37380, SRATIONAL, (-1, 3)),
        field(order, 37500, UNDEFINED, b"maker note"),
        field(order, 37510, UNDEFINED, unicode_text(COMMENT, order)),
        field(order, 40962, LONG, 20),
        field(order, 41730, UNDEFINED, struct.pack(pair, 2, 2) + b"\0\1\1\2"),
        field(order, 65001, SSHORT, -300, 7),
        field(order, 65002, SLONG, -70_000),
        field(order, 65003, FLOAT, 1.5),
        field(order, 65004, DOUBLE, -2.25, 1e300),
    ]  # fmt: skip


def gps_fields(order: str) -> list[Field]:
    """A place on the Baltic coast."""
    return [
        field(order, 0, BYTE, 2, 3, 0, 0),
        field(order, 1, ASCII, "N"),
        field(order, 2, RATIONAL, (54, 1), (26, 1), (3150, 100)),
        field(order, 3, ASCII, "E"),
        field(order, 4, RATIONAL, (12, 1), (34, 1), (125, 10)),
        field(order, 6, RATIONAL, (7, 2)),
        field(order, 7, RATIONAL, (10, 1), (20, 1), (30, 1)),
        field(order, 27, UNDEFINED, unicode_text(METHOD, order)),
        field(order, 28, UNDEFINED, unicode_text(AREA, order)),
        field(order, 29, ASCII, "1931:07:12"),
        field(order, 30, SHORT, 1),
    ]


def interoperability_fields(order: str) -> list[Field]:
    """What an sRGB file of a camera says."""
    return [field(order, 1, ASCII, "R98"), field(order, 2, UNDEFINED, b"0100")]


def resource(number: int, data: bytes) -> bytes:
    """A Photoshop image resource."""
    head = b"8BIM" + number.to_bytes(2, "big") + b"\0\0"
    return head + len(data).to_bytes(4, "big") + data + bytes(len(data) % 2)


def photoshop_page(order: str) -> Page:
    """IPTC as Photoshop writes it: as a tag, as a resource, and its digest."""
    digest = hashlib.md5(IPTC, usedforsecurity=False).digest()
    resources = resource(0x0404, IPTC) + resource(0x0425, digest)
    return [
        field(order, 33723, UNDEFINED, IPTC),
        field(order, 34377, BYTE, resources),
    ], {EXIF: exif_fields(order)}


def full_page(order: str, iptc_kind: int = LONG) -> Page:
    """A page with everything."""
    return image_fields(order, iptc_kind), {
        EXIF: exif_fields(order),
        GPS: gps_fields(order),
        INTEROPERABILITY: interoperability_fields(order),
    }


def write_master(path: Path, order: str, pages: Sequence[Page], *, big: bool = False) -> Path:
    """A TIFF of exactly these fields and of 20 x 20 grey pixels a page; built byte by byte.

    A page that has no field 282 states no resolution.
    """
    word = "Q" if big else "I"
    head = struct.pack(f"{order}HH", 8, 0) if big else b""
    content = bytearray(b"II" if order == "<" else b"MM")
    content += struct.pack(f"{order}H", 43 if big else 42) + head
    link = len(content)
    content += bytes(8 if big else 4)
    for number, (fields, below) in enumerate(pages):
        pixels = corpus.codes(20, 20, 1, seed=number + 1)[..., 0]
        strip = len(content)
        content += pixels.astype(f"{order}u2").tobytes()
        own = [
            field(order, 256, SHORT, 20), field(order, 257, SHORT, 20),
            field(order, 258, SHORT, 16), field(order, 259, SHORT, 1),
            field(order, 262, SHORT, 1), field(order, 273, LONG, strip),
            field(order, 277, SHORT, 1), field(order, 278, SHORT, 20),
            field(order, 279, LONG, 800),
        ]  # fmt: skip
        struct.pack_into(order + word, content, link, len(content))
        link = _append(content, order, big, [*own, *fields], dict(below))
    path.write_bytes(content)
    return path


def _append(
    content: bytearray, order: str, big: bool, fields: Sequence[Field],
    below: dict[int, Sequence[Field]],
) -> int:  # fmt: skip
    """Appends a directory and those below it; returns where its link to the next one lies."""
    word, width, size = ("Q", 8, 20) if big else ("I", 4, 12)
    pointers = [code for code in below if (code == INTEROPERABILITY) == _is_exif(fields)]
    inner = {code: below.pop(code) for code in pointers}
    fields = sorted([*fields, *((code, LONG, 1, b"") for code in pointers)])
    count = struct.pack(order + ("Q" if big else "H"), len(fields))
    table = len(content) + len(count)
    content += count + bytes(len(fields) * size + width)
    for number, (code, kind, amount, raw) in enumerate(fields):
        at = table + number * size
        struct.pack_into(f"{order}HH{word}", content, at, code, kind, amount)
        at += 4 + width
        if code in inner:
            content += bytes(len(content) % 2)
            struct.pack_into(f"{order}I", content, at, len(content))
            _append(content, order, big, inner[code], below)
        elif len(raw) <= width:
            content[at : at + len(raw)] = raw
        else:
            content += bytes(len(content) % 2)
            struct.pack_into(order + word, content, at, len(content))
            content += raw
    return table + len(fields) * size


def _is_exif(fields: Sequence[Field]) -> bool:
    return any(code == 36864 for code, *_ in fields)


def master_by_exiftool(path: Path, order: str) -> Path:
    """A scan into which exiftool wrote: IPTC as LONG, texts in UNICODE, a place."""
    corpus.write_tiff(path, corpus.codes(20, 20), byteorder=order, software="Scan")
    stated = [
        "-IPTC:CodedCharacterSet=UTF8", *(f"-IPTC:Keywords={word}" for word in KEYWORDS),
        f"-IPTC:Caption-Abstract={CAPTION}", f"-EXIF:UserComment={COMMENT}",
        f"-EXIF:XPTitle={TITLE}", "-EXIF:Artist=Jürgen", f"-EXIF:DateTimeOriginal={TAKEN}",
        "-GPSLatitude=54.4421", "-GPSLatitudeRef=N", "-GPSLongitude=12.5701",
        "-GPSLongitudeRef=E", "-GPSAltitude=3.5", "-GPSTimeStamp=10:20:30",
        f"-GPSProcessingMethod={METHOD}", f"-GPSAreaInformation={AREA}",
    ]  # fmt: skip
    run("exiftool", "-q", "-overwrite_original", *stated, str(path))
    return path


class ToolComplainedError(Exception):
    """A tool found something wrong with a file."""


def run(*command: str) -> str:
    """What a tool prints; raises ToolComplainedError where it complains of the file."""
    made = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
    )
    complaints = [line for line in made.stderr.splitlines() if line.strip()]
    if complaints:
        raise ToolComplainedError(f"{command[0]} {command[-1]}: {'; '.join(complaints)}")
    return made.stdout


def by_exiv2(path: Path) -> dict[str, str]:
    """IPTC, GPS and texts as exiv2 reads them."""
    wanted = ("Iptc.", "Exif.GPSInfo.", "Exif.Photo.UserComment", "Exif.Image.XPTitle",
              "Exif.Photo.DateTimeOriginal", "Exif.Image.Artist")  # fmt: skip
    found: dict[str, str] = {}
    for line in run("exiv2", "-PEIkt", str(path)).splitlines():
        key, _, value = line.partition(" ")
        if key.startswith(wanted):
            name = key if key not in found else f"{key} ({len(found)})"
            found[name] = value.strip()
    return found


def by_exiftool(path: Path) -> dict[str, str]:
    """IPTC, GPS and texts as exiftool reads them, its warnings, too."""
    asked = ("-IPTC:all", "-GPS:all", "-EXIF:UserComment", "-EXIF:XPTitle", "-EXIF:Artist",
             "-EXIF:DateTimeOriginal", "-Warning")  # fmt: skip
    (said,) = json.loads(run("exiftool", "-j", "-a", "-n", "-G0:1", *asked, str(path)))
    return {name: str(value) for name, value in sorted(said.items()) if name != "SourceFile"}


def by_exempi(path: Path) -> dict[str, str]:
    """What Adobe's toolkit makes of IPTC, EXIF and GPS: it reads them as XMP."""
    text = run("exempi", "-x", str(path))
    root = ElementTree.fromstring(text[text.index("<x:xmpmeta") :])
    wanted = ("}GPS", "}subject", "}description", "}creator", "}UserComment", "}DateTimeOriginal")
    found: dict[str, str] = {}
    for described in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        for node in described:
            if any(end in node.tag for end in wanted):
                words = [part.strip() for part in node.itertext() if part.strip()]
                found[node.tag.rpartition("}")[2]] = " | ".join(words)
    return found


TOOLS: Mapping[str, Callable[[Path], dict[str, str]]] = {
    "exiv2": by_exiv2, "exiftool": by_exiftool, "exempi": by_exempi,
}  # fmt: skip
"""Name of the command -> reader."""


def hand_over(master: Path, output: Path, *, big: bool = False) -> dict[str, Any]:
    """Delivers a master that no stage changed, as BigTIFF or classic; returns the record."""
    limits = IngestSettings.model_validate({})
    ingest = Master.read(inspect_master(master, limits), master)
    delivery = Delivery(
        "box-12", "archive", "ab" * 32, "2026-01-02T03:04:05Z", "workflow 0.1",
        classic_limit=1 if big else 2**32,
    )  # fmt: skip
    return deliver_scan(
        delivery, master=master, ingest=ingest,
        pages=[PageToDeliver(n + 1, None, None) for n in range(len(ingest.pages))],
        settings=DeliverSettings.model_validate({}), output=output,
    ).raw()  # fmt: skip


def at_hand(tool: str) -> bool:
    """Whether a tool is installed."""
    return shutil.which(tool) is not None


def main() -> int:
    """Delivers masters and prints what each tool reads; 1 where it reads two things."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, make in MASTERS.items():
            if name.startswith("exiftool") and not at_hand("exiftool"):
                continue
            master = make(Path(folder) / f"{name.replace(' ', '-')}.tif")
            deliverable = master.with_suffix(".delivered.tif")
            hand_over(master, deliverable)
            for tool, read in TOOLS.items():
                if not at_hand(tool):
                    continue
                before, after = read(master), read(deliverable)
                alike = before == after and len(before) >= 4
                wrong += not alike
                print(f"{name}, {tool}: {len(before)} values, {'alike' if alike else 'DIFFERENT'}")
                for key in sorted({*before, *after}):
                    there = before.get(key), after.get(key)
                    shown = there[0] if there[0] == there[1] else " -> ".join(map(str, there))
                    print(f"    {key}: {shown}")
    return 1 if wrong else 0


MASTERS: Mapping[str, Callable[[Path], Path]] = {
    "bytes II": lambda path: write_master(path, "<", [full_page("<")]),
    "bytes MM": lambda path: write_master(path, ">", [full_page(">")]),
    "Photoshop II": lambda path: write_master(path, "<", [photoshop_page("<")]),
    "Photoshop MM": lambda path: write_master(path, ">", [photoshop_page(">")]),
    "exiftool II": lambda path: master_by_exiftool(path, "<"),
    "exiftool MM": lambda path: master_by_exiftool(path, ">"),
}
"""Built by hand, and by exiftool, in both byte orders."""


if __name__ == "__main__":
    sys.exit(main())
