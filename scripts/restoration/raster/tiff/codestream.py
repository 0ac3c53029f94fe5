"""What the headers of picture codecs in a segment declare, checked before they are decoded.

A decoder allocates what the codestream declares, whatever the TIFF around it says, and libjpeg
fills what is cut off with grey and a mere warning.
Sources: ITU-T T.81 annex B (JPEG markers), ITU-T T.800 annex A (JPEG 2000 SIZ), ISO/IEC 15948
section 11.2.2 (PNG IHDR), ISO/IEC 18181-1 annex D (JPEG XL SizeHeader), Esri LERC specification 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from restoration.raster.tiff.bytestreams import MOST_BEYOND, ROOM
from restoration.raster.tiff.kinds import JPEG, JPEG2000
from restoration.raster.tiff.layout import PageLayout

LERC = frozenset({34887})
PNG = frozenset({34933})
JPEG_XL = frozenset({50002, 52546})
END = b"\xff\xd9"
"""EOI of JPEG and EOC of JPEG 2000."""

Declared = tuple[int, int, int, int]
"""Bits per sample, height, width and samples per pixel."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})


def fault(layout: PageLayout, data: bytes, *, last: bool = False) -> str | None:
    """What is wrong with the codestream of one segment; None where nothing is, or none is there.

    last: of the page's strips; its JPEG data may go on to RowsPerStrip, as libtiff allows.
    """
    if layout.compression in JPEG:
        return _jpeg_fault(layout, data, last)
    if layout.compression in JPEG2000:
        whole = data.rstrip(b"\x00").endswith(END)
        return (
            _mismatch(layout, _jpeg2000_size(data)) if whole else "JPEG 2000 data without its end"
        )
    if layout.compression in PNG:
        return _mismatch(layout, _png_header(data, layout))
    if layout.compression in JPEG_XL:
        return _mismatch(layout, _jpeg_xl_size(data, layout))
    if layout.compression in LERC:
        return _mismatch(layout, _lerc_header(data, layout))
    return None


def _jpeg_fault(layout: PageLayout, data: bytes, last: bool) -> str | None:
    # Writers pad segments with zeros, and JPEG allows fill bytes (0xFF) before markers.
    if not data.rstrip(b"\x00\xff").endswith(END):
        return "JPEG data without its end"
    frame = _jpeg_frame(data)
    if last and frame is not None and _goes_on(layout, frame):
        frame = frame[0], layout.segment_height, *frame[2:]
    return _mismatch(layout, frame)


def _goes_on(layout: PageLayout, frame: Declared) -> bool:
    """Whether a strip is as wide as the page and longer than what is left of it, within reason."""
    _, height, width, samples = frame
    most = max(MOST_BEYOND * layout.segment_bytes, ROOM)
    return not layout.tiled and width == layout.width and height * width * samples <= most


def _mismatch(layout: PageLayout, declared: Declared | None) -> str | None:
    if declared is None:
        return "image data without a readable header"
    bits, height, width, samples = declared
    if bits != layout.bits:
        return f"{bits}-bit image data in a {layout.bits}-bit page"
    if samples != layout.interleaved:
        return f"{samples} samples per pixel where the page has {layout.interleaved}"
    if height > layout.segment_height or width > layout.segment_width:
        most = f"{layout.segment_width} x {layout.segment_height}"
        return f"a picture of {width} x {height} in a segment of {most}"
    return None


def jpeg_colours(data: bytes) -> tuple[str | None, bool]:
    """What JPEG data of three components says of its own colours, RGB, YCbCr or nothing; and
    whether its components are subsampled.

    By the rules of libjpeg (jdapimin.c): a JFIF marker means YCbCr, Adobe's states it, components
    that are called R, G and B are. data: a segment, or its beginning.
    """
    said = None
    for marker, content in _jpeg_markers(data):
        if marker == 0xE0 and content.startswith(b"JFIF\0"):
            said = "YCbCr"
        elif marker == 0xEE and content.startswith(b"Adobe") and len(content) >= 12 and not said:
            said = {0: "RGB", 1: "YCbCr"}.get(content[11])
        elif marker in _FRAMES:
            if said is None and content[5:6] == b"\x03" and content[6:15:3] == b"RGB":
                said = "RGB"
            return said, len(set(content[7:15:3])) > 1
    return said, False


def _jpeg_markers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers that have a content, up to the first scan or the end of what is there."""
    at = 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
            yield marker, data[at + 4 : end]
            at = end


def _jpeg_frame(data: bytes) -> Declared | None:
    """The first frame header."""
    for marker, content in _jpeg_markers(data):
        if marker in _FRAMES:
            if len(content) < 6:
                return None
            bits, height, width, samples = struct.unpack(">BHHB", content[:6])
            return bits, height, width, samples
    return None


def _jpeg2000_size(data: bytes) -> Declared | None:
    """The image area in the SIZ marker segment."""
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 45 > len(data):
        return None
    right, bottom, left, top = struct.unpack(">IIII", data[at + 8 : at + 24])
    components = struct.unpack(">H", data[at + 40 : at + 42])[0]
    depths = set(data[at + 42 : at + 42 + 3 * components : 3])
    if len(depths) != 1:
        return None
    return depths.pop() + 1, bottom - top, right - left, components


def _png_header(data: bytes, layout: PageLayout) -> Declared | None:
    if len(data) < 25 or data[12:16] != b"IHDR":
        return None
    width, height, bits = struct.unpack(">IIB", data[16:25])
    return bits, height, width, layout.interleaved


def _jpeg_xl_size(data: bytes, layout: PageLayout) -> Declared | None:
    """Height and width; depth and samples follow much later and show in what is decoded."""
    if data[:4] == b"\0\0\0\x0c":  # a container: the codestream is in its first jxlc or jxlp box
        at = data.find(b"jxlc")
        part = data.find(b"jxlp")
        start = at + 4 if at >= 0 else part + 8
        if at < 0 and part < 0:
            return None
        data = data[start:]
    if data[:2] != b"\xff\x0a" or len(data) < 12:
        return None
    stream = _Bits(int.from_bytes(data[2:12], "little"))
    eighths = stream.take(1) == 1
    height = _jpeg_xl_side(stream, eighths)
    ratio = stream.take(3)
    stated = layout.bits, layout.interleaved
    if ratio == 0:
        return stated[0], height, _jpeg_xl_side(stream, eighths), stated[1]
    up, down = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return stated[0], height, height * up // down, stated[1]


def _jpeg_xl_side(stream: _Bits, eighths: bool) -> int:
    if eighths:
        return 8 * (1 + stream.take(5))
    return 1 + stream.take((9, 13, 18, 30)[stream.take(2)])


class _Bits:
    """A bit stream that is read from its lowest bit."""

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def take(self, number: int) -> int:
        value = self._bits & ((1 << number) - 1)
        self._bits >>= number
        return value


def _lerc_header(data: bytes, layout: PageLayout) -> Declared | None:
    """Version 2 blobs; the version before holds floating point only."""
    if data[:6] != b"Lerc2 " or len(data) < 26:
        return None
    (version,) = struct.unpack("<i", data[6:10])
    at = 14 if version >= 3 else 10  # a checksum since version 3
    height, width, samples = struct.unpack("<iii", data[at : at + 12])
    # Values per pixel are declared since version 4; before there was one.
    return layout.bits, height, width, samples if version >= 4 else 1
