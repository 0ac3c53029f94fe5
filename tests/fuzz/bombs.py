"""TIFFs of which a few bytes become very many: strips that hold far more than the page declares."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import imagecodecs
import numpy as np

from support import corpus

SIDE = 32
LARGE = 200_000_000
"""Bytes that a strip becomes."""

_STREAMS: Mapping[int, Callable[[bytes], bytes]] = {
    5: lambda data: imagecodecs.lzw_encode(data[: len(data) // 20]),
    8: lambda data: imagecodecs.zlib_encode(data, level=1),
    32773: lambda data: b"\x81\0" * (len(data) // 128),
    50000: lambda data: imagecodecs.zstd_encode(data, level=1),
}
_PICTURES: Mapping[int, Callable[[np.ndarray], bytes]] = {
    7: imagecodecs.jpeg8_encode,
    34887: imagecodecs.lerc_encode,
    34933: lambda picture: imagecodecs.png_encode(picture, level=1),
    50001: lambda picture: imagecodecs.webp_encode(picture, lossless=True, level=1),
}
KINDS = (*_STREAMS, *_PICTURES)


@cache
def strip(compression: int) -> bytes:
    """The stored bytes; zeros, as far as the codec knows."""
    if compression in _STREAMS:
        return bytes(_STREAMS[compression](bytes(LARGE)))
    return bytes(_PICTURES[compression](np.zeros((5_000, 5_000, 3), np.uint8)))


def bomb(path: Path, chance: random.Random) -> Path:
    """A page of 32 x 32 whose strip is a page of 25 million pixels, or says that it is more."""
    compression = chance.choice(KINDS)
    data = strip(compression)
    if chance.random() < 0.5 and compression in _PICTURES:
        # A size in the header that is larger still.
        head = bytearray(data[:200])
        for size in (b"\x13\x88", b"\x88\x13"):
            at = head.find(size)
            while at >= 0:
                head[at : at + 2] = b"\xff\xff"
                at = head.find(size, at + 2)
        data = bytes(head) + data[200:]
    fields = {256: [SIDE], 257: [SIDE], 258: [8, 8, 8], 259: [compression], 262: [2], 277: [3]}
    corpus.write_raw(path, {**fields, 278: [SIDE]}, data)
    if chance.random() < 0.2:
        # As many pixels as the strip holds, and more of them a row than it has bytes.
        raw = bytearray(path.read_bytes())
        for code, number in ((256, 10_000), (257, 10_000 if chance.random() < 0.3 else 300)):
            at = raw.find(struct.pack("<HHI", code, 4, 1))
            raw[at + 8 : at + 12] = struct.pack("<I", number)
        path.write_bytes(raw)
    return path
