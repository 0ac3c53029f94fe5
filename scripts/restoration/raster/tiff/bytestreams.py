"""The compressions that turn bytes into bytes, undone as far as a page needs them.

libtiff decodes as many bytes as a strip of the page holds and looks no further; writers rely on it
and fill the last strip up to RowsPerStrip. So what a segment holds beyond that is no damage, and
what it lacks is. Sources: TIFF 6.0 sections 9, 13 and 14; TIFF Technical Note 3 (Deflate).
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Mapping

import imagecodecs

MOST_BEYOND = 4
"""A segment may decode to this many times what the page needs of it, or to `ROOM` bytes."""

ROOM = 64 * 2**20


def decoded(compression: int, data: bytes, need: int) -> bytes:
    """At least ``need`` bytes, unless the data holds fewer; never many more.

    Raises whatever the codec raises where the data is damaged.
    """
    return STREAMS[compression](data, need)


def _most(need: int) -> int:
    return max(MOST_BEYOND * need, ROOM)


def _plain(data: bytes, need: int) -> bytes:
    return data


def _lzw(data: bytes, need: int) -> bytes:
    return bytes(imagecodecs.lzw_decode(data, out=need))


def _deflate(data: bytes, need: int) -> bytes:
    try:
        return bytes(imagecodecs.deflate_decode(data, out=need))
    except imagecodecs.DeflateError:
        # Slower, and stops where it is told. One byte more than is needed brings the end of a
        # stream that fits, and with it the check sum.
        return zlib.decompressobj().decompress(data, need + 1)


def _lzma(data: bytes, need: int) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data, need + 1)


def _zstd(data: bytes, need: int) -> bytes:
    try:
        return bytes(imagecodecs.zstd_decode(data, out=need))
    except imagecodecs.ZstdError as error:
        if "too small" not in str(error):
            raise
    return bytes(imagecodecs.zstd_decode(data, out=_most(need)))


def _packbits(data: bytes, need: int) -> bytes:
    return bytes(imagecodecs.packbits_decode(data[: _packbits_end(data, need)]))


def _packbits_end(data: bytes, need: int) -> int:
    """Where the packets end that hold the first ``need`` bytes."""
    at = made = 0
    while at < len(data) and made < need:
        head = data[at]
        if head < 128:
            at, made = at + head + 2, made + head + 1
        elif head > 128:
            at, made = at + 2, made + 257 - head
        else:  # 128 does nothing
            at += 1
    return at


STREAMS: Mapping[int, Callable[[bytes, int], bytes]] = {
    1: _plain,
    5: _lzw,
    8: _deflate,
    32946: _deflate,
    32773: _packbits,
    34925: _lzma,
    34926: _zstd,
    50000: _zstd,
}
"""Code of a compression -> the function that undoes it."""
