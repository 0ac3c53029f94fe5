"""How the pixels of one TIFF page are stored, and which pages we take.

Everything is read from tags and nothing from pixel values: depth, photometric interpretation,
extra samples. What we cannot carry exactly is refused here, before a pixel is read.
Sources: TIFF 6.0 (Adobe, 1992); TIFF Technical Notes 1 and 2; DNG 1.7 for NewSubfileType.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from restoration.errors import ScanError
from restoration.raster.icc import profile_description
from restoration.raster.tags import Directory, TiffTags, expected_found

PHOTOMETRIC = {
    0: "grey, min-is-white",
    1: "grey",
    2: "RGB",
    3: "palette",
    4: "a transparency mask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIE L*a*b*",
    9: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32803: "a colour filter array",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw",
}
SAMPLE_FORMAT = {1: "unsigned", 2: "signed", 3: "float", 4: "unsigned", 5: "complex", 6: "complex"}
PREDICTED = frozenset({5, 8, 32946, 34925, 34926, 50000})
"""Compressions with which readers agree on the predictor tag: LZW, Deflate, LZMA, ZSTD."""

JPEG = frozenset({7, 33007})
JPEG2000 = frozenset({33003, 33004, 33005, 34712})
SCANNER_SOFTWARE = re.compile(r"silver ?fast|lasersoft|vuescan|hamrick", re.IGNORECASE)
INFRARED = re.compile(r"infra-?red|\bHDRi\b|\biSRD\b|\bRGBI\b", re.IGNORECASE)
LEAST_PPI, MOST_PPI = 1.0, 100_000.0
"""Between these a scan's resolution lies; sizes and distances are worked out from it."""

_CONVERT = "convert it to 8- or 16-bit grey or RGB with its profile, and name that file instead"


@dataclass(frozen=True)
class Layout:
    """One page's storage, validated: it can be decoded exactly."""

    height: int
    width: int
    samples: int
    """Samples per pixel as stored, extra samples included."""
    colours: int
    """Of these, samples of the picture: 1 (grey, palette index) or 3."""
    bits: int
    """8 or 16, of each stored sample."""
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
        return pixels * self.interleaved * (self.bits // 8)


def set_aside(tags: TiffTags, directory: Directory) -> str | None:
    """Why a directory is no page of the scan; None where it is one.

    NewSubfileType (TIFF 6.0): bit 0 a reduced version, bit 1 a page of several, bit 2 a mask
    (under which SilverFast HDRi files keep their infrared picture); DNG adds depth maps and
    enhanced pictures. SubfileType is its predecessor.
    """
    kind = tags.number(directory, 254)
    if kind is None:
        return "a reduced version" if tags.number(directory, 255) == 2 else None
    if kind & 1:
        return "a reduced version"
    if kind & 4:
        return "a mask or an infrared picture"
    return None if kind & ~2 == 0 else f"an auxiliary picture (NewSubfileType {kind})"


def read_layout(tags: TiffTags, directory: Directory, where: str) -> Layout:
    """The validated storage of one page; raises ScanError for what cannot be carried exactly.

    ``where`` names file and page in the messages.
    """
    height, width = _size(tags, directory, where)
    photometric, compression = _photometric(tags, directory, where)
    bits = _bits(tags, directory, where)
    samples = tags.number(directory, 277, 1) or 1
    colours = 3 if photometric in (2, 6) else 1
    if samples < colours or samples > 64:
        raise expected_found(where, f"{colours} to 64 samples per pixel", str(samples), _CONVERT)
    if photometric == 6 and samples != 3:
        raise expected_found(where, "YCbCr with 3 samples", str(samples), _CONVERT)
    notes = list(directory.notes)
    predictor, fill_order = _predictor(tags, directory, where, compression, bits, notes)
    planar = tags.number(directory, 284, 1)
    if planar not in (1, 2):
        raise expected_found(where, "PlanarConfiguration 1 or 2", str(planar), _CONVERT)
    separate = planar == 2 and samples > 1
    tiled, segment_height, segment_width = _segments(tags, directory, where, height, width)
    number = math.ceil(height / segment_height) * math.ceil(width / segment_width)
    number *= samples if separate else 1
    layout = Layout(
        height=height,
        width=width,
        samples=samples,
        colours=colours,
        bits=bits,
        photometric=photometric,
        compression=compression,
        predictor=predictor,
        fill_order=fill_order,
        separate=separate,
        tiled=tiled,
        segment_height=segment_height,
        segment_width=segment_width,
        offsets=_offsets(tags, directory, where, tiled, number),
        counts=np.empty(0, np.int64),
        extra=_extra_kinds(tags, directory, samples - colours),
        orientation=_orientation(tags, directory, notes),
        ppi=_resolution(tags, directory, notes),
        notes=tuple(notes),
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
        raise expected_found(where, "a flat picture", "a volume (ImageDepth)", _CONVERT)
    return height, width


def _over(where: str, expected: str, found: str, key: str) -> ScanError:
    remedy = f"raise ingest.{key} if the scan is really that large"
    return expected_found(where, expected, f"{found} declared", remedy)


def _photometric(tags: TiffTags, directory: Directory, where: str) -> tuple[int, int]:
    photometric = tags.number(directory, 262)
    compression = tags.number(directory, 259, 1) or 1
    if photometric is None:
        raise expected_found(where, "a PhotometricInterpretation tag", "none", _CONVERT)
    name = PHOTOMETRIC.get(photometric, "an unknown photometric")
    if photometric == 6 and compression not in JPEG:
        found = f"YCbCr with compression {compression}"
        raise expected_found(where, "grey or RGB, or YCbCr inside JPEG", found, _CONVERT)
    if photometric not in (0, 1, 2, 3, 6):
        found = f"{name} (photometric {photometric}{_profile_name(tags, directory)})"
        raise expected_found(where, "grey or RGB", found, _CONVERT)
    if compression in JPEG and photometric == 3:
        raise expected_found(where, "palette indices without loss", "JPEG", _CONVERT)
    return photometric, compression


def _profile_name(tags: TiffTags, directory: Directory) -> str:
    """The name of the profile, for a refusal: whoever converts the file needs it."""
    entry = directory.entries.get(34675)
    if entry is None or entry.size > tags.limits.max_tag_bytes:
        return ", no ICC profile"
    return f", ICC profile '{profile_description(tags.raw(entry))}'"


def _bits(tags: TiffTags, directory: Directory, where: str) -> int:
    entry = directory.entries.get(258)
    depths = sorted({int(b) for b in tags.integers(entry)}) if entry and entry.count else [1]
    formats = directory.entries.get(339)
    kinds = {int(f) for f in tags.integers(formats)} if formats and formats.count else {1}
    names = {SAMPLE_FORMAT.get(kind, f"unknown (SampleFormat {kind})") for kind in kinds}
    found = " and ".join(str(depth) for depth in depths)
    if names != {"unsigned"}:
        found = f"{found}-bit {' and '.join(sorted(names))} samples"
        raise expected_found(where, "unsigned 8- or 16-bit samples", found, _CONVERT)
    if depths not in ([8], [16]):
        found = "bilevel (1 bit)" if depths == [1] else f"{found} bits"
        raise expected_found(where, "8 or 16 bits per sample", found, _CONVERT)
    return depths[0]


def _predictor(
    tags: TiffTags,
    directory: Directory,
    where: str,
    compression: int,
    bits: int,
    notes: list[str],
) -> tuple[int, int]:
    predictor = tags.number(directory, 317, 1)
    fill_order = tags.number(directory, 266, 1)
    if fill_order not in (1, 2):
        raise expected_found(where, "FillOrder 1 or 2", str(fill_order), _CONVERT)
    if predictor != 1 and compression == 1:
        # As libtiff does: without compression the predictor means nothing.
        notes.append("a predictor is declared without compression; it is ignored")
        return 1, fill_order
    if predictor not in (1, 2) or (predictor == 2 and compression not in PREDICTED):
        found = f"predictor {predictor} with compression {compression} at {bits} bits"
        raise expected_found(where, "no predictor or the horizontal one", found, _CONVERT)
    return predictor, fill_order


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


def _with_counts(layout: Layout, tags: TiffTags, directory: Directory, where: str) -> Layout:
    """The layout with the stored bytes of each segment, all of which must lie in the file."""
    entry = directory.entries.get(325 if layout.tiled else 279)
    if entry is None and layout.tiled:
        entry = directory.entries.get(279)
    number = layout.offsets.size
    if layout.compression == 1:
        counts = _plain_counts(layout)
    elif entry is None or entry.count < number:
        found = f"those of {entry.count if entry else 0}"
        remedy = "the file is truncated or damaged: restore it from a copy"
        raise expected_found(where, f"the sizes of {number} segments", found, remedy)
    else:
        counts = tags.integers(entry)[:number]
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


def _plain_counts(layout: Layout) -> npt.NDArray[np.int64]:
    """Bytes that each segment must have without compression, whatever the tag says."""
    row = layout.segment_width * layout.interleaved * (layout.bits // 8)
    counts = np.full(layout.offsets.size, row * layout.segment_height, np.int64)
    if not layout.tiled:
        last = layout.height - (layout.down - 1) * layout.segment_height
        counts[layout.down - 1 :: layout.down] = row * last
    return counts


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
