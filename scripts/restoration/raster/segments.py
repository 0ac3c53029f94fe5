"""Windows of stored samples: which strips or tiles they need, decoded, a bounded few kept.

tifffile chooses and runs the codecs. It is shown a header of our own that holds nothing but
the page's structure, so that no vendor tag of a master changes how pixels are understood.
"""

from __future__ import annotations

import io
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from restoration.errors import ScanError
from restoration.raster.codestream import fault
from restoration.raster.layout import JPEG, JPEG2000, Layout
from restoration.raster.tags import Field, MasterFile, expected_found, pack_tiff

MAX_SEGMENT_BYTES = 2 * 2**30
"""Largest decoded strip or tile. A compressed strip has no point of entry: it is decoded whole."""

CACHE_BYTES = 64 * 2**20
"""Decoded segments that are kept, unless one row of segments needs more."""

MAX_CACHE_BYTES = 256 * 2**20
"""Kept at most, so that memory stays bounded on the widest scans."""

PLAIN_CHUNK = 8 * 2**20
"""Bytes that are read at a time from uncompressed segments."""

REFUSED = {
    2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "old-style JPEG", 34661: "JBIG", 34892: "lossy DNG",
    48124: "Jetraw", 65000: "EER", 65001: "EER", 65002: "EER",
}  # fmt: skip
"""Compressions of bilevel pictures and other instruments, or without a sound definition."""

Samples = npt.NDArray[np.uint8 | np.uint16]


def compression_name(code: int) -> str:
    """Name of a compression in lower case, or its number where it is not known."""
    try:
        return str(tifffile.COMPRESSION(code).name).lower()
    except ValueError:
        return str(code)


class SegmentReader:
    """Reads windows of the stored samples of one page. Safe to use from several threads.

    Memory: what a window holds, one segment, and the cache. The cache keeps a full row of
    segments where that fits into `MAX_CACHE_BYTES`, so that bands narrower than a tile decode
    each tile once.
    """

    def __init__(
        self, file: MasterFile, order: str, layout: Layout, jpeg_tables: bytes | None, where: str
    ) -> None:
        self._file = file
        self._layout = layout
        self._where = where
        self._jpeg_tables = jpeg_tables
        self._stored = np.dtype("u1" if layout.bits == 8 else f"{order}u2")
        self._native: Any = np.uint8 if layout.bits == 8 else np.uint16
        self._plain = layout.compression == 1 and layout.fill_order == 1
        self._kept: OrderedDict[int, Samples] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()
        row = layout.across * layout.planes * layout.segment_bytes
        self._capacity = max(
            CACHE_BYTES,
            min(row + layout.segment_bytes, MAX_CACHE_BYTES),
            layout.planes * layout.segment_bytes,
        )
        self._decode: Callable[..., Any] | None = None
        if not self._plain:
            self._check_codec()
            self._decode = self._decoder(order)

    def window(
        self, top: int, left: int, height: int, width: int, first: int, number: int
    ) -> Samples:
        """Samples ``first`` to ``first + number`` as stored: uint8 or uint16 (h, w, number).

        Raises ScanError, naming file, page and segment, where a segment cannot be decoded.
        """
        out: Samples = np.empty((height, width, number), self._native)
        layout = self._layout
        rows = _overlaps(top, height, layout.segment_height)
        for row, y, here_y, length in rows:
            for column, x, here_x, across in _overlaps(left, width, layout.segment_width):
                place = out[here_y : here_y + length, here_x : here_x + across]
                for plane in range(first, first + number) if layout.separate else (0,):
                    index = (plane * layout.down + row) * layout.across + column
                    wanted = slice(0, 1) if layout.separate else slice(first, first + number)
                    target = place[..., plane - first : plane - first + 1]
                    target = target if layout.separate else place
                    if self._plain:
                        self._copy_plain(index, y, x, wanted, target)
                    else:
                        segment = self._segment(index)
                        target[...] = segment[y : y + length, x : x + across, wanted]
        return out

    def _copy_plain(self, index: int, y: int, x: int, wanted: slice, target: Samples) -> None:
        """Rows of an uncompressed segment, read by position, however large the segment is."""
        layout, stored = self._layout, self._stored
        pixel = layout.interleaved * stored.itemsize
        stride = layout.segment_width * pixel
        start = int(layout.offsets[index]) + y * stride
        length, across = target.shape[:2]
        if 4 * across < layout.segment_width and stride > 65536:
            for line in range(length):
                raw = self._file.read(start + line * stride + x * pixel, across * pixel)
                run = np.frombuffer(raw, stored).reshape(across, layout.interleaved)
                target[line] = run[:, wanted]
            return
        step = max(1, PLAIN_CHUNK // stride)
        for line in range(0, length, step):
            lines = min(step, length - line)
            raw = self._file.read(start + line * stride, lines * stride)
            pixels = np.frombuffer(raw, stored).reshape(lines, -1, layout.interleaved)
            target[line : line + lines] = pixels[:, x : x + across, wanted]

    def _segment(self, index: int) -> Samples:
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
                return self._kept[index]
        segment = self._decoded(index)
        with self._lock:
            if index not in self._kept:
                self._kept[index] = segment
                self._kept_bytes += segment.nbytes
            while self._kept_bytes > self._capacity and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= oldest.nbytes
        return segment

    def _decoded(self, index: int) -> Samples:
        layout = self._layout
        data = self._file.read(int(layout.offsets[index]), int(layout.counts[index]))
        problem = fault(layout, data)
        if problem is not None:
            raise self._damaged(index, problem)
        assert self._decode is not None
        tables = {"jpegtables": self._jpeg_tables} if layout.compression in JPEG else {}
        try:
            pixels: Any = self._decode(data, index, **tables)[0]
        except MemoryError:
            raise
        except Exception as error:  # each codec has exceptions of its own
            raise self._damaged(index, _one_line(error)) from error
        pixels = pixels[0]  # the first and only layer of its depth
        row = index // layout.across % layout.down
        column = index % layout.across
        height = min(layout.segment_height, layout.height - row * layout.segment_height)
        width = min(layout.segment_width, layout.width - column * layout.segment_width)
        if (
            pixels.dtype != self._native
            or pixels.shape[2] != layout.interleaved
            or pixels.shape[0] < height
            or pixels.shape[1] < width
        ):
            raise self._damaged(index, f"{pixels.dtype} samples of shape {pixels.shape}")
        decoded: Samples = pixels
        return decoded

    def _damaged(self, index: int, found: str) -> ScanError:
        kind = "tile" if self._layout.tiled else "strip"
        return expected_found(
            self._where,
            f"readable {compression_name(self._layout.compression)} data in {kind} {index}",
            found,
            "the file is damaged: restore it from a copy",
        )

    def _check_codec(self) -> None:
        layout = self._layout
        name = compression_name(layout.compression)
        known = layout.compression == 1 or layout.compression in tifffile.TIFF.DECOMPRESSORS
        if layout.compression in REFUSED or not known:
            raise expected_found(
                self._where,
                "a compression that is defined for grey and RGB pictures",
                REFUSED.get(layout.compression, name),
                "save it without compression, or with LZW or Deflate",
            )
        largest = max(layout.segment_bytes, int(layout.counts.max()))
        if largest > MAX_SEGMENT_BYTES:
            raise expected_found(
                self._where,
                f"strips or tiles of at most {MAX_SEGMENT_BYTES} bytes when decoded",
                str(largest),
                "save it again with tiles, or without compression",
            )

    def _decoder(self, order: str) -> Callable[..., Any]:
        """tifffile's decoder for this structure; it is given the bytes and never the file."""
        layout = self._layout
        # tifffile looks for a JFIF marker in the first segment to tell RGB from YCbCr JPEG.
        sample = self._file.read(int(layout.offsets[0]), min(16, int(layout.counts[0])))
        header = pack_tiff(order, _structure(order, layout, 0, len(sample)))
        header = pack_tiff(order, _structure(order, layout, len(header), len(sample)))
        page = tifffile.TiffFile(io.BytesIO(header + sample)).pages.first
        decode: Callable[..., Any] = page.decode
        return decode


def _overlaps(start: int, length: int, step: int) -> Iterator[tuple[int, int, int, int]]:
    """Segments that an interval meets: number, start inside it, start in the interval, length."""
    for number in range(start // step, -(-(start + length) // step)):
        begin = max(start, number * step)
        end = min(start + length, (number + 1) * step)
        yield number, begin - number * step, begin - start, end - begin


def _structure(order: str, layout: Layout, at: int, sample: int) -> list[Field]:
    """The fields that say how segments are decoded, and no other."""
    picture = layout.photometric
    kinds = {"associated_alpha": 1, "alpha": 2}
    numbers: dict[int, list[int]] = {
        256: [layout.width],
        257: [layout.height],
        258: [layout.bits] * layout.samples,
        259: [layout.compression],
        # Codecs other than JPEG return samples as they are stored.
        262: [picture if layout.compression in JPEG or picture in (0, 1, 2) else 1],
        266: [1 if layout.compression in JPEG | JPEG2000 else layout.fill_order],
        277: [layout.samples],
        284: [2 if layout.separate else 1],
        317: [layout.predictor],
    }
    if layout.extra:
        numbers[338] = [kinds.get(kind, 0) for kind in layout.extra]
    if layout.tiled:
        numbers |= {322: [layout.segment_width], 323: [layout.segment_height]}
        numbers |= {324: [at], 325: [sample]}
    else:
        # tifffile wants as many strips as there are, though it never reads them.
        rest = layout.offsets.size - 1
        numbers |= {278: [layout.segment_height]}
        numbers |= {273: [at] + [0] * rest, 279: [sample] + [0] * rest}
    return [
        (code, 4, len(values), struct.pack(f"{order}{len(values)}I", *values))
        for code, values in numbers.items()
    ]


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:200]
