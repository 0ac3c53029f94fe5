"""Windows of stored samples: which strips or tiles they need, decoded, a bounded few kept.

Compressions of bytes are undone by `bytestreams`, JPEG by libjpeg as the page's tags say. For
other picture codecs tifffile is shown a header of our own that holds nothing but the page's
structure, so that no vendor tag of a master changes how pixels are understood.
"""

from __future__ import annotations

import io
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import imagecodecs
import numpy as np
import tifffile

from restoration.errors import ScanError
from restoration.raster.tiff.bytestreams import STREAMS, decoded
from restoration.raster.tiff.codestream import fault
from restoration.raster.tiff.kinds import JPEG, JPEG2000, compression_name
from restoration.raster.tiff.layout import PageLayout
from restoration.raster.tiff.packing import Samples
from restoration.raster.tiff.tags import Field, MasterFile, expected_found, pack_tiff

MAX_SEGMENT_BYTES = 2 * 2**30
"""Largest decoded strip or tile. A compressed strip has no point of entry: it is decoded whole."""

CACHE_BYTES = 64 * 2**20
"""Decoded segments that are kept, unless one row of segments needs more."""

MAX_CACHE_BYTES = 256 * 2**20
"""Kept at most, so that memory stays bounded on the widest scans."""

PLAIN_CHUNK = 8 * 2**20
"""Bytes that are read at a time from uncompressed segments."""


class SegmentReader:
    """Reads windows of the stored samples of one page. Safe to use from several threads.

    Memory: what a window holds, one segment, and the cache. The cache keeps a full row of
    segments where that fits into `MAX_CACHE_BYTES`, so that bands narrower than a tile decode
    each tile once.
    """

    def __init__(
        self,
        file: MasterFile,
        order: str,
        layout: PageLayout,
        jpeg_tables: bytes | None,
        where: str,
    ) -> None:
        self._file = file
        self._layout = layout
        self._where = where
        self._jpeg_tables = jpeg_tables
        self._packing = layout.packing(order)
        self._native: Any = np.uint16 if layout.bits == 16 else np.uint8
        self._plain = layout.compression == 1
        self._kept: OrderedDict[int, Samples] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()
        row = layout.across * layout.planes * layout.segment_bytes
        self._capacity = max(
            CACHE_BYTES,
            min(row + layout.segment_bytes, MAX_CACHE_BYTES),
            layout.planes * layout.segment_bytes,
        )
        self._decode: Callable[[bytes, int], Samples] | None = None
        if not self._plain:
            self._check_size()
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
        layout, packing = self._layout, self._packing
        start, wide = int(layout.offsets[index]), layout.segment_width
        length, across = target.shape[:2]
        stride, pixel = packing.group_bytes(wide), packing.pixel_bytes
        if pixel is not None and 4 * across < wide and stride > 65536:
            for line in range(length):
                raw = self._file.read(start + (y + line) * stride + x * pixel, across * pixel)
                target[line] = packing.unpacked(raw, 1, across)[0, :, wanted]
            return
        down = packing.down
        step = max(1, PLAIN_CHUNK // stride) * down
        # Rows whose chroma is shared are read together.
        for top in range(y // down * down, y + length, step):
            rows = min(step, layout.rows_of(index) - top, -(-(y + length - top) // down) * down)
            at = start + top // down * stride
            raw = self._file.read(at, packing.stored_bytes(rows, wide))
            pixels = packing.unpacked(raw, rows, wide)
            first, end = max(top, y), min(top + rows, y + length)
            target[first - y : end - y] = pixels[first - top : end - top, x : x + across, wanted]

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
        problem = fault(layout, data, last=(index + 1) % layout.down == 0)
        if problem is not None:
            raise self._damaged(index, problem)
        assert self._decode is not None
        try:
            pixels = self._decode(data, index)
        except (MemoryError, ScanError):
            raise
        except Exception as error:  # each codec has exceptions of its own
            raise self._damaged(index, _one_line(error)) from error
        height, width = self._least(index)
        if (
            pixels.dtype != self._native
            or pixels.shape[2] != layout.interleaved
            or pixels.shape[0] < height
            or pixels.shape[1] < width
        ):
            raise self._damaged(index, f"{pixels.dtype} samples of shape {pixels.shape}")
        return pixels

    def _least(self, index: int) -> tuple[int, int]:
        """Rows and columns of the page inside a segment."""
        layout = self._layout
        row = index // layout.across % layout.down
        column = index % layout.across
        height = min(layout.segment_height, layout.height - row * layout.segment_height)
        return height, min(layout.segment_width, layout.width - column * layout.segment_width)

    def _stream(self, data: bytes, index: int) -> Samples:
        """A segment whose compression gives bytes: as many as are needed, as libtiff takes them."""
        layout, packing = self._layout, self._packing
        if layout.fill_order == 2:
            data = bytes(imagecodecs.bitorder_decode(data))
        height, width = self._least(index)
        rows, wide = layout.rows_of(index), layout.segment_width
        need = packing.stored_bytes(rows, wide)
        raw = decoded(layout.compression, data, need)
        shapes = [(rows, wide)]
        if len(raw) < need and layout.tiled:
            # Some writers cut the tiles at the far edges to the page.
            shapes = [(height, width), (height, wide)]
        for rows, wide in shapes:
            if len(raw) == packing.stored_bytes(rows, wide) or len(raw) >= need:
                pixels = packing.unpacked(raw, rows, wide)
                return _summed(pixels) if layout.predictor == 2 else pixels
        raise self._damaged(index, f"{len(raw)} bytes where the page needs {need}")

    def _jpeg(self, data: bytes, index: int) -> Samples:
        """A segment of JPEG data, whose colours are what the page's tags say, as libtiff takes
        them: a marker inside the data does not change that (TIFF Technical Note 2)."""
        layout = self._layout
        space = out = None
        if layout.separate:
            out = "GRAYSCALE"
        elif not layout.extra and layout.colours == 3:
            space, out = "YCBCR" if layout.photometric == 6 else "RGB", "RGB"
        pixels: Any = imagecodecs.jpeg_decode(
            data,
            bitspersample=layout.bits,
            tables=self._jpeg_tables,
            colorspace=space,
            outcolorspace=out,
        )
        shaped: Samples = pixels[..., None] if pixels.ndim == 2 else pixels
        return shaped

    def _damaged(self, index: int, found: str) -> ScanError:
        kind = "tile" if self._layout.tiled else "strip"
        return expected_found(
            self._where,
            f"readable {compression_name(self._layout.compression)} data in {kind} {index}",
            found,
            "the file is damaged: restore it from a copy",
        )

    def _check_size(self) -> None:
        largest = max(self._layout.segment_bytes, int(self._layout.counts.max()))
        if largest > MAX_SEGMENT_BYTES:
            raise expected_found(
                self._where,
                f"strips or tiles of at most {MAX_SEGMENT_BYTES} bytes when decoded",
                str(largest),
                "save it again with tiles, or without compression",
            )

    def _decoder(self, order: str) -> Callable[[bytes, int], Samples]:
        layout = self._layout
        if layout.compression in STREAMS:
            return self._stream
        if layout.compression in JPEG:
            return self._jpeg
        # tifffile's decoder for this structure; it is given the bytes and never the file.
        sample = self._file.read(int(layout.offsets[0]), min(16, int(layout.counts[0])))
        header = pack_tiff(order, _structure(order, layout, 0, len(sample)))
        header = pack_tiff(order, _structure(order, layout, len(header), len(sample)))
        page = tifffile.TiffFile(io.BytesIO(header + sample)).pages.first
        decode: Callable[..., Any] = page.decode

        def decode_picture(data: bytes, index: int) -> Samples:
            layers: Any = decode(data, index)[0]
            first: Samples = layers[0]  # the first and only layer of its depth
            return first

        return decode_picture


def _summed(pixels: Samples) -> Samples:
    """Horizontal differences undone, modulo the range (TIFF 6.0 section 14)."""
    summed: Samples = imagecodecs.delta_decode(pixels, axis=1)
    return summed


def _overlaps(start: int, length: int, step: int) -> Iterator[tuple[int, int, int, int]]:
    """Segments that an interval meets: number, start inside it, start in the interval, length."""
    for number in range(start // step, -(-(start + length) // step)):
        begin = max(start, number * step)
        end = min(start + length, (number + 1) * step)
        yield number, begin - number * step, begin - start, end - begin


def _structure(order: str, layout: PageLayout, at: int, sample: int) -> list[Field]:
    """The fields that say how segments are decoded, and no other."""
    picture = layout.photometric
    kinds = {"associated_alpha": 1, "alpha": 2}
    numbers: dict[int, list[int]] = {
        256: [layout.width],
        257: [layout.height],
        258: [layout.bits] * layout.samples,
        259: [layout.compression],
        # Codecs return samples as they are stored.
        262: [picture if picture in (0, 1, 2) else 1],
        266: [1 if layout.compression in JPEG2000 else layout.fill_order],
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
