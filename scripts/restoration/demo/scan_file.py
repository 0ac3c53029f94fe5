"""Writing a demo scan as a scanner's software would: a plain TIFF 6.0 with EXIF, ICC and XMP.

Written by hand, and not with the package's own deliverable writer, so that the demo's masters
come from a program that knows nothing of ours, and so that each byte is decided here.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from restoration.raster.base import UInt16Image
from restoration.raster.tiff.tags import Field, pack_tiff

ROWS_PER_STRIP = 64

EXIF_POINTER = 34665


@dataclass(frozen=True)
class Caption:
    """What a scan says about itself."""

    title: str
    description: str
    artist: str
    copyright: str
    document: str
    taken: str
    """DateTime of TIFF 6.0: YYYY:MM:DD HH:MM:SS."""


def scan_bytes(
    pixels: UInt16Image, ppi: int, profile: bytes, caption: Caption, order: str
) -> bytes:
    """A whole file. pixels: uint16 (height, width, 1 or 3); order: ``<`` (II) or ``>`` (MM)."""
    height, width, channels = pixels.shape
    data = pixels.astype(f"{order}u2").tobytes()
    row = width * channels * 2
    starts = list(range(0, height * row, ROWS_PER_STRIP * row))
    counts = [min(ROWS_PER_STRIP * row, len(data) - start) for start in starts]

    def head(offset: int) -> bytes:
        places = [offset + start for start in starts]
        fields = _fields((height, width, channels), ppi, profile, caption, order)
        fields += [_numbers(273, "I", places, order), _numbers(279, "I", counts, order)]
        return pack_tiff(order, fields, {EXIF_POINTER: _exif(height, width, caption, order)})

    # The directory comes first, so that a copy that breaks off loses pixels; its own length
    # does not depend on the offsets in it.
    length = len(head(0))
    padding = length % 2
    return head(length + padding) + bytes(padding) + data


def _fields(
    shape: tuple[int, int, int], ppi: int, profile: bytes, caption: Caption, order: str
) -> list[Field]:
    height, width, channels = shape
    xmp = _xmp(caption)
    texts: Mapping[int, str] = {
        269: caption.document,
        270: caption.description,
        271: "Simulation",
        272: "Simulated flatbed scanner, no real device",
        305: "archival-scan-restoration demo",
        306: caption.taken,
        315: caption.artist,
        33432: caption.copyright,
    }
    return [
        _numbers(254, "I", [0], order),
        _numbers(256, "I", [width], order),
        _numbers(257, "I", [height], order),
        _numbers(258, "H", [16] * channels, order),
        _numbers(259, "H", [1], order),
        _numbers(262, "H", [2 if channels == 3 else 1], order),
        _numbers(277, "H", [channels], order),
        _numbers(278, "I", [ROWS_PER_STRIP], order),
        (282, 5, 1, struct.pack(f"{order}II", ppi, 1)),
        (283, 5, 1, struct.pack(f"{order}II", ppi, 1)),
        _numbers(284, "H", [1], order),
        _numbers(296, "H", [2], order),
        (700, 1, len(xmp), xmp),
        (34675, 7, len(profile), profile),
        (EXIF_POINTER, 4, 1, bytes(4)),
        *(_text(code, text) for code, text in texts.items()),
    ]


def _exif(height: int, width: int, caption: Caption, order: str) -> list[Field]:
    """CIPA DC-008 (EXIF 2.32): dates, size, and that a reflection print scanner made the file."""
    return [
        (36864, 7, 4, b"0232"),
        _text(36867, caption.taken),
        _text(36868, caption.taken),
        _numbers(40961, "H", [65535], order),
        _numbers(40962, "I", [width], order),
        _numbers(40963, "I", [height], order),
        (41728, 7, 1, b"\x02"),
        _text(42033, "DEMO-0001"),
    ]


def _text(code: int, text: str) -> Field:
    raw = text.encode("ascii") + b"\0"
    return code, 2, len(raw), raw


def _numbers(code: int, kind: str, values: list[int], order: str) -> Field:
    raw = struct.pack(f"{order}{len(values)}{kind}", *values)
    return code, {"H": 3, "I": 4}[kind], len(values), raw


def _xmp(caption: Caption) -> bytes:
    def language(text: str) -> str:
        return f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt>'

    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{language(caption.title)}</dc:title>"
        f"<dc:description>{language(caption.description)}</dc:description>"
        f"<dc:rights>{language(caption.copyright)}</dc:rights>"
        f"<dc:creator><rdf:Seq><rdf:li>{escape(caption.artist)}</rdf:li></rdf:Seq></dc:creator>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    start = '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{start}{packet}<?xpacket end="w"?>'.encode()
