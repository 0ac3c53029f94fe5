"""How the pixels of one TIFF page are stored: where they lie, and what else its tags say of them.

Everything is read from tags and nothing from pixel values. What we cannot carry exactly is refused
here, before a pixel is read; what kinds of pictures those are is the subject of `kinds`.
Sources: TIFF 6.0 (Adobe, 1992); TIFF Technical Notes 1 and 2.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from restoration.errors import ScanError
from restoration.raster.tiff.kinds import SCALES, read_kind, unsupported
from restoration.raster.tiff.packing import Packing
from restoration.raster.tiff.tags import Directory, TiffTags, expected_found

SCANNER_SOFTWARE = re.compile(r"silver ?fast|lasersoft|vuescan|hamrick", re.IGNORECASE)
INFRARED = re.compile(r"infra-?red|\bHDRi\b|\biSRD\b|\bRGBI\b", re.IGNORECASE)
LEAST_PPI, MOST_PPI = 1.0, 100_000.0
"""Between these a scan's resolution lies; sizes and distances are worked out from it."""


@dataclass(frozen=True)
class PageLayout:
    """One page's storage, validated: it can be decoded exactly."""

    height: int
    width: int
    samples: int
    """Samples per pixel as stored, extra samples included."""
    colours: int
    """Of these, samples of the picture: 1 (grey, palette index) or 3."""
    bits: int
    """2, 4, 8 or 16, of each stored sample."""
    photometric: int
    compression: int
    predictor: int
    fill_order: int
    separate: bool
    """Planar: each sample in segments of its own."""
    tiled: bool
    segment_height: int
    segment_width: int
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    extra: tuple[str, ...]
    """Kinds of the samples after the picture's own."""
    orientation: int
    ppi: tuple[float, float] | None
    notes: tuple[str, ...]
    subsampling: tuple[int, int] = (1, 1)
    """Pixels along the width and the height that share their chroma; of bytes outside JPEG."""

    @property
    def across(self) -> int:
        """Segments side by side."""
        return math.ceil(self.width / self.segment_width)

    @property
    def down(self) -> int:
        """Segments one below the other."""
        return math.ceil(self.height / self.segment_height)

    @property
    def planes(self) -> int:
        """1 where samples are interleaved, else one for each sample."""
        return self.samples if self.separate else 1

    @property
    def interleaved(self) -> int:
        """Samples per pixel inside one segment."""
        return 1 if self.separate else self.samples

    @property
    def segment_bytes(self) -> int:
        """Bytes of the largest decoded segment."""
        pixels = self.segment_height * self.segment_width
        return pixels * self.interleaved * (2 if self.bits == 16 else 1)

    def packing(self, order: str) -> Packing:
        """How samples lie in a segment once its compression is undone; order: of the file."""
        return Packing(
            bits=self.bits,
            samples=self.interleaved,
            order=order,
            # Compressed bytes are turned round before they are decoded.
            fill_order=self.fill_order if self.compression == 1 else 1,
            across=self.subsampling[0],
            down=self.subsampling[1],
        )

    def rows_of(self, index: int) -> int:
        """Rows of the page in a segment; a tile has all of its own."""
        if self.tiled:
            return self.segment_height
        return min(self.segment_height, self.height - index % self.down * self.segment_height)


def read_layout(tags: TiffTags, directory: Directory, where: str) -> PageLayout:
    """The validated storage of one page; raises ScanError for what cannot be carried exactly,
    UnsupportedPageError where that is for its kind.

    ``where`` names file and page in the messages.
    """
    kind = read_kind(tags, directory, where)
    height, width = _size(tags, directory, where)
    notes = [*directory.notes, *kind.notes]
    if kind.bits < 8:
        notes.append(
            f"{kind.bits} bits per sample: read as 8 bits, each value times {SCALES[kind.bits]}"
        )
    tiled, segment_height, segment_width = _segments(tags, directory, where, height, width)
    number = math.ceil(height / segment_height) * math.ceil(width / segment_width)
    number *= kind.samples if kind.separate else 1
    layout = PageLayout(
        height=height,
        width=width,
        samples=kind.samples,
        colours=kind.colours,
        bits=kind.bits,
        photometric=kind.photometric,
        compression=kind.compression,
        predictor=kind.predictor,
        fill_order=kind.fill_order,
        separate=kind.separate,
        tiled=tiled,
        segment_height=segment_height,
        segment_width=segment_width,
        offsets=_offsets(tags, directory, where, tiled, number),
        counts=np.empty(0, np.int64),
        extra=_extra_kinds(tags, directory, kind.samples - kind.colours),
        orientation=_orientation(tags, directory, notes),
        ppi=_resolution(tags, directory, notes),
        notes=tuple(notes),
        subsampling=kind.subsampling,
    )
    return _with_counts(layout, tags, directory, where)


def _size(tags: TiffTags, directory: Directory, where: str) -> tuple[int, int]:
    width = tags.number(directory, 256) or 0
    height = tags.number(directory, 257) or 0
    limits, found = tags.limits, f"{width} x {height}"
    if width < 1 or height < 1:
        raise expected_found(where, "a width and a height", found, "restore it from a copy")
    if width * height > limits.max_pixels:
        raise _over(where, f"at most {limits.max_pixels} pixels", found, "max_pixels")
    if max(width, height) > limits.max_side:
        raise _over(where, f"sides of at most {limits.max_side} pixels", found, "max_side")
    if max(width, height) > limits.max_ratio * min(width, height):
        expected = f"a ratio of sides of at most {limits.max_ratio:g}"
        raise _over(where, expected, found, "max_ratio")
    if tags.number(directory, 32997, 1) != 1:
        raise unsupported(where, "a flat picture", "a volume (ImageDepth)")
    return height, width


def _over(where: str, expected: str, found: str, key: str) -> ScanError:
    remedy = f"raise ingest.{key} if the scan is really that large"
    return expected_found(where, expected, f"{found} declared", remedy)


def _segments(
    tags: TiffTags, directory: Directory, where: str, height: int, width: int
) -> tuple[bool, int, int]:
    tile_width, tile_height = tags.number(directory, 322), tags.number(directory, 323)
    if tile_width is not None or tile_height is not None:
        largest = 2 * max(tags.limits.max_side, 16)
        if not (tile_width and tile_height and max(tile_width, tile_height) <= largest):
            found = f"{tile_width} x {tile_height}"
            raise expected_found(where, "a tile size", found, "restore the file from a copy")
        return True, tile_height, tile_width
    rows = tags.number(directory, 278) or height
    return False, min(rows, height), width


def _offsets(
    tags: TiffTags, directory: Directory, where: str, tiled: bool, number: int
) -> npt.NDArray[np.int64]:
    entry = directory.entries.get(324 if tiled else 273)
    if entry is None and tiled:
        entry = directory.entries.get(273)  # some old writers list tiles under StripOffsets
    offsets = tags.integers(entry) if entry else np.empty(0, np.int64)
    if offsets.size < number:
        kind = "tiles" if tiled else "strips"
        raise expected_found(
            where,
            f"{number} {kind}",
            f"the offsets of {offsets.size}",
            "the file is truncated or damaged: restore it from a copy",
        )
    return offsets[:number]


def _with_counts(
    layout: PageLayout, tags: TiffTags, directory: Directory, where: str
) -> PageLayout:
    """The layout with the stored bytes of each segment, all of which must lie in the file."""
    entry = directory.entries.get(325 if layout.tiled else 279)
    if entry is None and layout.tiled:
        entry = directory.entries.get(279)
    number = layout.offsets.size
    stated = None
    if entry is not None and entry.count >= number:
        stated = tags.integers(entry)[:number]
    if layout.compression == 1:
        counts = _plain_counts(layout)
        rows = tags.number(directory, 278) or 0
        said = _contradicted(layout, counts, stated, rows)
        layout = replace(layout, notes=(*layout.notes, *said))
    elif stated is None:
        found = f"those of {entry.count if entry else 0}"
        remedy = "the file is truncated or damaged: restore it from a copy"
        raise expected_found(where, f"the sizes of {number} segments", found, remedy)
    else:
        counts = stated
    missing = (layout.offsets == 0) | (counts == 0)
    if missing.any():
        found = f"none for {int(missing.sum())} of {number} (first: {int(missing.argmax())})"
        remedy = "the file is sparse or damaged: save it whole, or restore it from a copy"
        raise expected_found(where, "data for each strip or tile", found, remedy)
    end = int((layout.offsets + counts).max())
    if end > tags.file.size:
        remedy = "the file is truncated: restore it from a copy"
        raise expected_found(where, f"at least {end} bytes", str(tags.file.size), remedy)
    return replace(layout, counts=counts)


def _plain_counts(layout: PageLayout) -> npt.NDArray[np.int64]:
    """Bytes that each segment must have without compression, whatever the tag says."""
    packing, down = layout.packing("<"), layout.down
    full = packing.stored_bytes(layout.segment_height, layout.segment_width)
    counts = np.full(layout.offsets.size, full, np.int64)
    if not layout.tiled:
        last = packing.stored_bytes(layout.rows_of(down - 1), layout.segment_width)
        counts[down - 1 :: down] = last
    return counts


def _contradicted(
    layout: PageLayout,
    needed: npt.NDArray[np.int64],
    stated: npt.NDArray[np.int64] | None,
    rows: int,
) -> tuple[str, ...]:
    """What to say where the sizes in the file are not those of the page: libtiff, too, goes by the
    page. A last strip that is filled up to RowsPerStrip, ``rows``, contradicts nothing."""
    name = "TileByteCounts" if layout.tiled else "StripByteCounts"
    if stated is None:
        return (f"{name} is missing or too short; the pixels are read by the size of the page",)
    rows = rows if layout.segment_height < rows < 2**31 else layout.segment_height
    most = layout.packing("<").stored_bytes(rows, layout.segment_width)
    wrong = (stated < needed) | (stated > most)
    if not wrong.any():
        return ()
    first = int(wrong.argmax())
    return (
        f"{name} states {stated[first]} bytes where the page needs {needed[first]} "
        f"({int(wrong.sum())} of {needed.size} do not fit); the pixels are read by the size of "
        "the page",
    )


def _extra_kinds(tags: TiffTags, directory: Directory, number: int) -> tuple[str, ...]:
    """What the samples beside the picture are, by the ExtraSamples tag and the writer's words.

    A scanner's fourth channel is infrared, not alpha: it is declared as unspecified or not at
    all, and the software or the description says so.
    """
    if number == 0:
        return ()
    entry = directory.entries.get(338)
    declared = [int(kind) for kind in tags.integers(entry)] if entry else []
    kinds = [{1: "associated_alpha", 2: "alpha"}.get(kind, "unspecified") for kind in declared]
    kinds = (kinds + ["unspecified"] * number)[:number]
    software, description = tags.text(directory, 305), tags.text(directory, 270)
    told = INFRARED.search(f"{software} {description}") or SCANNER_SOFTWARE.search(software)
    if told and kinds.count("unspecified") == 1:
        kinds[kinds.index("unspecified")] = "infrared"
    return tuple(kinds)


def _orientation(tags: TiffTags, directory: Directory, notes: list[str]) -> int:
    orientation = tags.number(directory, 274, 1) or 1
    if not 1 <= orientation <= 8:
        notes.append(f"orientation {orientation} is not one of 1 to 8; taken as 1")
        return 1
    return orientation


def _resolution(
    tags: TiffTags, directory: Directory, notes: list[str]
) -> tuple[float, float] | None:
    """Pixels per inch along the stored width and height; None where the file states none."""
    unit = tags.number(directory, 296, 2)
    found = [directory.entries.get(code) for code in (282, 283)]
    if not any(found):
        notes.append("no resolution is stated")
        return None
    per_inch = {2: 1.0, 3: 2.54}.get(unit or 0)
    if per_inch is None:
        notes.append(f"the resolution has no unit (ResolutionUnit {unit}); it is unknown")
        return None
    values: list[float] = []
    for entry in found:
        pair = tags.values(entry)[0] if entry and entry.kind == 5 and entry.count else (0, 0)
        values.append(pair[0] / pair[1] * per_inch if pair[1] else 0.0)
    if not LEAST_PPI <= min(values) <= max(values) <= MOST_PPI:
        said = " x ".join(f"{value:.6g}" for value in values)
        notes.append(f"the resolution is zero or damaged ({said} per inch); it is unknown")
        return None
    return values[0], values[1]
