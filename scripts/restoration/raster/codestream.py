"""What the headers of picture codecs in a segment declare, checked before they are decoded.

A decoder allocates what the codestream declares, whatever the TIFF around it says, and libjpeg
fills what is cut off with grey and a mere warning.
Sources: ITU-T T.81 annex B (JPEG markers), ITU-T T.800 annex A (JPEG 2000 SIZ), ISO/IEC 15948
section 11.2.2 (PNG IHDR), ISO/IEC 18181-1 annex D (JPEG XL SizeHeader).
"""

from __future__ import annotations

import struct

from restoration.raster.layout import JPEG, JPEG2000, Layout

PNG = frozenset({34933})
JPEG_XL = frozenset({50002, 52546})
END = b"\xff\xd9"
"""EOI of JPEG and EOC of JPEG 2000."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})


def fault(layout: Layout, data: bytes) -> str | None:
    """What is wrong with the codestream of one segment; None where nothing is, or none is there."""
    if layout.compression in JPEG:
        # Writers pad segments with zeros, and JPEG allows fill bytes (0xFF) before markers.
        whole = data.rstrip(b"\x00\xff").endswith(END)
        return _mismatch(layout, _jpeg_frame(data)) if whole else "JPEG data without its end"
    if layout.compression in JPEG2000:
        whole = data.rstrip(b"\x00").endswith(END)
        return (
            _mismatch(layout, _jpeg2000_size(data)) if whole else "JPEG 2000 data without its end"
        )
    if layout.compression in PNG:
        return _mismatch(layout, _png_header(data))
    if layout.compression in JPEG_XL:
        return _mismatch(layout, _jpeg_xl_size(data, layout.bits))
    return None


def _mismatch(layout: Layout, declared: tuple[int, int, int] | None) -> str | None:
    if declared is None:
        return "image data without a readable header"
    bits, height, width = declared
    if bits != layout.bits:
        return f"{bits}-bit image data in a {layout.bits}-bit page"
    if height > layout.segment_height or width > layout.segment_width:
        most = f"{layout.segment_width} x {layout.segment_height}"
        return f"a picture of {width} x {height} in a segment of {most}"
    return None


def _jpeg_frame(data: bytes) -> tuple[int, int, int] | None:
    """Bits, height and width of the first frame header."""
    at = 0
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _FRAMES:
            bits, height, width = struct.unpack(">BHH", data[at + 4 : at + 9])
            return bits, height, width
        elif marker in _BARE:
            at += 2
        else:
            at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _jpeg2000_size(data: bytes) -> tuple[int, int, int] | None:
    """Bits, height and width of the image area in the SIZ marker segment."""
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 45 > len(data):
        return None
    right, bottom, left, top = struct.unpack(">IIII", data[at + 8 : at + 24])
    components = struct.unpack(">H", data[at + 40 : at + 42])[0]
    depths = set(data[at + 42 : at + 42 + 3 * components : 3])
    if len(depths) != 1:
        return None
    return depths.pop() + 1, bottom - top, right - left


def _png_header(data: bytes) -> tuple[int, int, int] | None:
    if len(data) < 25 or data[12:16] != b"IHDR":
        return None
    width, height, bits = struct.unpack(">IIB", data[16:25])
    return bits, height, width


def _jpeg_xl_size(data: bytes, bits: int) -> tuple[int, int, int] | None:
    """Height and width; the depth, which follows much later, shows in what is decoded."""
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
    if ratio == 0:
        return bits, height, _jpeg_xl_side(stream, eighths)
    up, down = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return bits, height, height * up // down


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
