"""Every accepted kind of TIFF is read exactly; every other is refused with its reason."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from restoration.config.settings import IngestSettings
from restoration.errors import ScanError
from restoration.raster.base import to_uint16
from restoration.raster.tiff import page as tiff
from restoration.raster.tiff import segments
from restoration.raster.tiff.page import open_page
from support import corpus

WINDOWS = [(0, 0, 61, 83), (0, 0, 1, 1), (60, 82, 1, 1), (13, 7, 29, 41), (31, 0, 17, 83)]
"""Of a page of 61 x 83: odd positions that cross strips and tiles."""


def sixteen(pixels: np.ndarray) -> np.ndarray:
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return pixels.astype(np.uint16) * 257 if pixels.dtype == np.uint8 else pixels


def assert_windows(path: Path, expected: np.ndarray) -> None:
    with open_page(path) as page:
        assert (page.height, page.width, page.channels) == expected.shape
        for top, left, height, width in WINDOWS:
            found = page.read_codes(top, left, height, width)
            assert found.dtype == np.uint16
            np.testing.assert_array_equal(found, expected[top : top + height, left : left + width])
            values = page.read(top, left, height, width)
            assert values.dtype == np.float32
            np.testing.assert_array_equal(to_uint16(values), found)


IMAGE_CODECS: dict[str, dict[str, Any]] = {
    "lerc": {"compression": "lerc", "tile": (32, 32)},
    "jpeg 2000 without loss": {
        "compression": "jpeg2000",
        "tile": (64, 64),
        "level": {"level": 0, "reversible": True},
    },
    "jpeg xl without loss": {
        "compression": "jpegxl",
        "tile": (64, 64),
        "level": {"lossless": True},
    },
    "png": {"compression": "png", "tile": (32, 32)},
}
STORAGE: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rows": 7},
    "tiles": {"tile": (16, 32)},
    "lzw strips": {"compression": "lzw", "rows": 9},
    "lzw predictor": {"compression": "lzw", "rows": 9, "predictor": True},
    "deflate tiles predictor": {"compression": "zlib", "tile": (32, 16), "predictor": True},
    "zstd tiles predictor": {"compression": "zstd", "tile": (32, 32), "predictor": True},
    "packbits": {"compression": "packbits", "rows": 5},
    "lzma": {"compression": "lzma", "rows": 30},
    **IMAGE_CODECS,
}


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("storage", STORAGE)
def test_grey_and_rgb_at_8_and_16_bit_are_exact(
    tmp_path: Path, storage: str, big: bool, byteorder: str
) -> None:
    if storage in IMAGE_CODECS and byteorder == ">":
        pytest.skip("the writer cannot make it; these codecs have a byte order of their own")
    for bits in (8, 16):
        for channels in (1, 3):
            pixels = corpus.codes(61, 83, channels, bits)
            path = tmp_path / f"{bits}-{channels}.tif"
            options = STORAGE[storage]
            corpus.write_tiff(path, pixels, big=big, byteorder=byteorder, **options)
            assert_windows(path, sixteen(pixels))
            with open_page(path) as page:
                assert (page.bits, page.bigtiff) == (bits, big)
                assert page.tiled == ("tile" in options)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("storage", ["one strip", "strips", "tiles", "lzw predictor"])
def test_planar_samples_are_put_together(tmp_path: Path, storage: str, byteorder: str) -> None:
    pixels = corpus.codes(61, 83, 4)
    path = corpus.write_tiff(
        tmp_path / "planar.tif",
        pixels,
        planar=True,
        extra=["alpha"],
        byteorder=byteorder,
        **STORAGE[storage],
    )
    assert_windows(path, pixels[..., :3])
    with open_page(path) as page:
        np.testing.assert_array_equal(page.read_extra(5, 3, 31, 40), pixels[5:36, 3:43, 3:])


def test_reversed_bits_are_turned_round(tmp_path: Path) -> None:
    # FillOrder 2 (TIFF 6.0 section 8): the lowest bit of each byte is the leftmost.
    for bits in (8, 16):
        pixels = corpus.codes(61, 83, 1, bits)
        stored = np.unpackbits(np.frombuffer(pixels.tobytes(), np.uint8), bitorder="little")
        fields = {256: [83], 257: [61], 258: [bits], 262: [1], 266: [2]}
        path = corpus.write_raw(tmp_path / f"{bits}.tif", fields, np.packbits(stored).tobytes())
        assert_windows(path, sixteen(pixels))


def test_min_is_white_is_inverted(tmp_path: Path) -> None:
    for bits in (8, 16):
        pixels = corpus.codes(61, 83, 1, bits)
        path = corpus.write_tiff(tmp_path / f"{bits}.tif", pixels, photometric="miniswhite")
        assert_windows(path, 65535 - sixteen(pixels))


def test_a_palette_is_expanded_to_its_16_bit_colours(tmp_path: Path) -> None:
    indices = corpus.codes(61, 83, 1, 8)[..., 0]
    colours = corpus.codes(256, 1, 3)[:, 0]
    path = corpus.write_tiff(
        tmp_path / "p.tif", indices, photometric="palette", colours=colours, rows=11
    )
    assert_windows(path, colours[indices])
    with open_page(path) as page:
        assert (page.channels, page.bits) == (3, 16)


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2)])
@pytest.mark.parametrize("storage", [{"rows": 16}, {"tile": (32, 32)}])
def test_jpeg_is_decoded_to_rgb(
    tmp_path: Path, storage: dict[str, Any], subsampling: tuple[int, int]
) -> None:
    pixels = corpus.smooth(61, 83)
    path = corpus.write_tiff(
        tmp_path / "j.tif",
        pixels,
        compression="jpeg",
        level={"level": 95},
        subsampling=subsampling,
        **storage,
    )
    with tifffile.TiffFile(path) as peer:
        assert peer.pages[0].photometric == 6
    with open_page(path) as page:
        found = page.read_codes(0, 0, 61, 83)
        assert page.compression == "jpeg"
    # JPEG at quality 95 on a gradient: a few codes, more where edge tiles are padded with black.
    assert np.abs(found[:48, :64] / 257.0 - pixels[:48, :64]).max() <= 16
    np.testing.assert_array_equal(found, sixteen(tifffile.imread(path)))


def test_webp_without_loss_is_exact(tmp_path: Path) -> None:
    pixels = corpus.codes(61, 83, 3, 8)
    path = corpus.write_tiff(
        tmp_path / "w.tif", pixels, compression="webp", level={"lossless": True}, tile=(32, 32)
    )
    assert_windows(path, sixteen(pixels))


@pytest.mark.parametrize(
    ("extra", "software", "description", "kind"),
    [
        ("alpha", None, None, "alpha"),
        ("associated_alpha", None, None, "associated_alpha"),
        ("unspecified", None, None, "unspecified"),
        ("unspecified", "SilverFast 8.8.0r11", None, "infrared"),
        ("unspecified", "VueScan 9 x64 (9.8.32)", None, "infrared"),
        ("unspecified", None, "64 bit RGBI, channel 4 infrared", "infrared"),
        ("alpha", "VueScan 9 x64 (9.8.32)", None, "alpha"),
    ],
)
def test_the_fourth_channel_is_what_the_tags_say(
    tmp_path: Path, extra: str, software: str | None, description: str | None, kind: str
) -> None:
    pixels = corpus.codes(61, 83, 4)
    path = corpus.write_tiff(
        tmp_path / "x.tif", pixels, extra=[extra], software=software, description=description
    )
    assert_windows(path, pixels[..., :3])
    with open_page(path) as page:
        assert page.extra == (kind,)
        np.testing.assert_array_equal(page.read_extra(13, 7, 29, 41), pixels[13:42, 7:48, 3:])


def test_8_bit_extra_samples_are_widened_like_the_picture(tmp_path: Path) -> None:
    pixels = corpus.codes(20, 30, 2, 8)
    path = corpus.write_tiff(tmp_path / "x.tif", pixels, extra=["alpha"])
    with open_page(path) as page:
        assert page.channels == 1
        np.testing.assert_array_equal(page.read_extra(0, 0, 20, 30), sixteen(pixels[..., 1:]))


def test_without_extra_samples_there_is_none(tmp_path: Path) -> None:
    with open_page(corpus.write_tiff(tmp_path / "n.tif", corpus.codes(9, 9))) as page:
        assert page.extra == ()
        assert page.read_extra(0, 0, 9, 9) is None


@pytest.mark.parametrize(
    ("ppi", "unit", "expected"),
    [
        ((1200, 600), "inch", (1200.0, 600.0)),
        ((400, 200), "centimeter", (1016.0, 508.0)),
        ((1200, 1200), "none", None),
        ((0, 0), "inch", None),
        (None, "inch", None),
    ],
)
def test_resolution(tmp_path: Path, ppi: Any, unit: str, expected: Any) -> None:
    path = corpus.write_tiff(tmp_path / "r.tif", corpus.codes(9, 9), ppi=ppi, unit=unit)
    with open_page(path) as page:
        assert page.ppi == (pytest.approx(expected) if expected else None)
        assert bool(page.notes) == (expected is None)


def test_profile_and_orientation_are_kept_as_stored(tmp_path: Path) -> None:
    pixels = corpus.codes(61, 83)
    profile = corpus.adobe_rgb_profile()
    path = corpus.write_tiff(tmp_path / "o.tif", pixels, icc=profile, orientation=6)
    assert_windows(path, pixels)
    with open_page(path) as page:
        assert page.profile == profile
        assert page.orientation == 6


def test_thumbnails_and_masks_are_left_alone(tmp_path: Path) -> None:
    first, second = corpus.codes(20, 30, seed=3), corpus.codes(40, 10, 1, 8, seed=4)
    path = corpus.write_tiff(tmp_path / "m.tif", first)
    corpus.append_page(path, corpus.codes(5, 7), subfiletype=1)
    corpus.append_page(path, corpus.codes(20, 30, 1, 16), subfiletype=1)
    corpus.patch_tag(path, 254, [4], page=2)  # where SilverFast HDRi keeps its infrared picture
    corpus.append_page(path, second, subfiletype=2)
    with open_page(path, 1) as page:
        assert (page.number, page.pages) == (1, 2)
        np.testing.assert_array_equal(page.read_codes(0, 0, 20, 30), first)
    with open_page(path, 2) as page:
        np.testing.assert_array_equal(page.read_codes(0, 0, 40, 10), sixteen(second))
    with pytest.raises(ScanError, match="expected a page 3, found 2 page"):
        open_page(path, 3)


@pytest.mark.parametrize("kind", corpus.HOSTILE)
def test_what_cannot_be_carried_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    make, reason = corpus.HOSTILE[kind]
    path = make(tmp_path / "hostile.tif")
    with pytest.raises(ScanError, match=reason) as caught:
        open_page(path)
    text = str(caught.value)
    assert "hostile.tif" in text
    assert "\n" not in text
    assert "expected" in text
    assert "found" in text
    assert ";" in text, "what to do is missing"


def test_a_missing_file_and_a_folder_are_problems_of_the_scan(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="nothing at this path"):
        open_page(tmp_path / "absent.tif")
    with pytest.raises(ScanError, match="a folder"):
        open_page(tmp_path)


def test_limits_are_those_of_the_config(tmp_path: Path) -> None:
    path = corpus.write_tiff(tmp_path / "l.tif", corpus.codes(10, 40), icc=b"\0" * 2000)
    for limit, reason in [
        ({"max_pixels": 399}, "max_pixels"),
        ({"max_side": 39}, "max_side"),
        ({"max_ratio": 3.9}, "max_ratio"),
        ({"max_tag_bytes": 1024}, "max_tag_bytes"),
    ]:
        with pytest.raises(ScanError, match=f"raise ingest.{reason}"):
            open_page(path, limits=IngestSettings.model_validate(limit))
    corpus.append_page(path, corpus.codes(5, 5))
    with pytest.raises(ScanError, match=r"raise ingest.max_pages"):
        open_page(path, limits=IngestSettings.model_validate({"max_pages": 1}))


SQUEEZED = {
    "lzw": {},
    "zlib": {},
    "zstd": {},
    "packbits": {},
    "jpeg": {},
    "jpeg2000": {},
    "webp": {},
    "png": {},
    "jpegxl": {},
    "lerc": {},
    "lzma": {},
}


@pytest.mark.parametrize("compression", SQUEEZED)
def test_a_segment_that_was_cut_off_is_a_problem_and_not_grey(
    tmp_path: Path, compression: str
) -> None:
    pixels = corpus.smooth(64, 64)
    path = corpus.write_tiff(tmp_path / "c.tif", pixels, compression=compression, tile=(32, 32))
    with tifffile.TiffFile(path) as tif:
        counts = list(tif.pages[0].databytecounts)
    counts[3] = counts[3] * 2 // 3
    corpus.patch_tag(path, 325, counts)
    with open_page(path) as page:
        page.read_codes(0, 0, 32, 64)
        with pytest.raises(ScanError, match=r"c\.tif: expected readable .* data in tile 3"):
            page.read_codes(40, 40, 8, 8)


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd", "lzma", "png"])
def test_a_segment_full_of_rubbish_is_a_problem(tmp_path: Path, compression: str) -> None:
    path = corpus.write_tiff(
        tmp_path / "c.tif", corpus.smooth(64, 64), compression=compression, tile=(64, 64)
    )
    with tifffile.TiffFile(path) as tif:
        start, count = tif.pages[0].dataoffsets[0], tif.pages[0].databytecounts[0]
    raw = bytearray(path.read_bytes())
    raw[start : start + count] = np.random.default_rng(5).bytes(count)
    path.write_bytes(raw)
    with open_page(path) as page, pytest.raises(ScanError, match="the file is damaged"):
        page.read_codes(0, 0, 8, 8)


def test_a_jpeg_segment_cannot_declare_more_than_its_tile(tmp_path: Path) -> None:
    path = corpus.write_tiff(
        tmp_path / "b.tif", corpus.smooth(64, 64), compression="jpeg", tile=(64, 64)
    )
    raw = bytearray(path.read_bytes())
    frame = raw.index(b"\xff\xc0")
    raw[frame + 5 : frame + 9] = b"\xff\xdc\xff\xdc"
    path.write_bytes(raw)
    with open_page(path) as page, pytest.raises(ScanError, match="65500 x 65500"):
        page.read_codes(0, 0, 8, 8)


@pytest.mark.parametrize("compression", ["png", "jpegxl", "jpeg2000", "lerc"])
def test_other_codecs_cannot_declare_more_than_their_tile_either(
    tmp_path: Path, compression: str
) -> None:
    large = corpus.write_tiff(
        tmp_path / "l.tif", corpus.smooth(200, 320), compression=compression, rows=200
    )
    with open_page(large) as page:
        page.read_codes(0, 0, 200, 320)
    corpus.patch_tag(large, 256, [100])
    with open_page(large) as page, pytest.raises(ScanError, match="320 x 200 in a segment of 100"):
        page.read_codes(0, 0, 8, 8)


def test_damaged_bytes_anywhere_are_at_worst_a_problem_of_the_scan(tmp_path: Path) -> None:
    """Flipped bytes in directories and data: read, or refused in one line; nothing else."""
    generator = np.random.default_rng(11)
    options: list[dict[str, Any]] = [
        {},
        {"compression": "lzw", "predictor": True, "rows": 9},
        {"compression": "zlib", "tile": (16, 16), "big": True, "byteorder": ">"},
    ]
    refused: list[str] = []
    for number in range(600):
        path = tmp_path / "d.tif"
        if number % 200 == 0:
            corpus.write_tiff(path, corpus.smooth(40, 40, 3, 16), **options[number // 200])
            sound = path.read_bytes()
        damaged = bytearray(sound)
        for at in generator.integers(0, min(len(sound), 700), 3):
            damaged[at] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            with open_page(path) as page:
                page.read_codes(0, 0, min(page.height, 40), min(page.width, 40))
        except ScanError as error:
            refused.append(str(error))
    assert len(refused) > 50
    assert not any("\n" in text for text in refused)


def test_a_segment_without_data_is_not_taken_for_black(tmp_path: Path) -> None:
    path = corpus.write_tiff(
        tmp_path / "s.tif", corpus.codes(64, 64), compression="zlib", tile=(32, 32)
    )
    with tifffile.TiffFile(path) as tif:
        counts = list(tif.pages[0].databytecounts)
    corpus.patch_tag(path, 325, [*counts[:2], 0])
    with pytest.raises(ScanError, match=r"none for 1 of 4 \(first: 2\)"):
        open_page(path)


def test_an_enormous_compressed_strip_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = corpus.codes(61, 83)
    monkeypatch.setattr(segments, "MAX_SEGMENT_BYTES", 10_000)
    path = corpus.write_tiff(tmp_path / "g.tif", pixels, compression="lzw", rows=61)
    with pytest.raises(ScanError, match="save it again with tiles"):
        open_page(path)
    assert_windows(corpus.write_tiff(tmp_path / "p.tif", pixels), pixels)


def test_windows_outside_the_page_are_mistakes_of_the_caller(tmp_path: Path) -> None:
    with open_page(corpus.write_tiff(tmp_path / "w.tif", corpus.codes(9, 9))) as page:
        for window in [(-1, 0, 2, 2), (0, 8, 1, 2), (0, 0, 0, 1), (9, 0, 1, 1)]:
            with pytest.raises(ValueError, match="not inside"):
                page.read(*window)


def test_the_master_is_opened_read_only(tmp_path: Path) -> None:
    path = corpus.write_tiff(tmp_path / "ro.tif", corpus.codes(9, 9))
    path.chmod(0o400)
    before = path.stat()
    with open_page(path) as page:
        page.read(0, 0, 9, 9)
    after = path.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)


def test_bands_of_a_large_tiled_file_need_little_memory_and_decode_each_tile_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side, tile = 6000, 512
    path = corpus.write_large(tmp_path / "large.tif", side, side, tile)
    decoded: list[int] = []
    plain = segments.SegmentReader._decoded

    def counted(reader: segments.SegmentReader, index: int) -> Any:
        decoded.append(index)
        return plain(reader, index)

    monkeypatch.setattr(segments.SegmentReader, "_decoded", counted)
    with open_page(path) as page:
        tracemalloc.start()
        for top in range(0, side, 100):
            band = page.read_codes(top, 0, 100, side)
            number = top // tile * 12 + 11
            assert band[1, -1, 0] == corpus.large_code(number)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert sorted(decoded) == list(range(144))
    # The pixels are 206 MiB. A row of tiles is 18 MiB, the cache 64 MiB, a band 3.6 MiB.
    assert peak < 96 * 2**20


def test_one_enormous_plain_strip_is_read_by_position(tmp_path: Path) -> None:
    pixels = np.broadcast_to(np.arange(4000, dtype=np.uint16)[:, None, None], (4000, 3000, 3))
    path = corpus.write_tiff(tmp_path / "strip.tif", pixels, rows=4000)
    with open_page(path) as page:
        assert page.layout.offsets.size == 1
        tracemalloc.start()
        for top in range(0, 4000, 250):
            found = page.read_codes(top, 1000, 200, 700)
            np.testing.assert_array_equal(found[:, 0, 0], np.arange(top, top + 200))
        whole = page.read_codes(3999, 0, 1, 3000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (whole == 3999).all()
    assert peak < 16 * 2**20


def test_vendor_tags_do_not_change_how_pixels_are_read(tmp_path: Path) -> None:
    # 34412 marks Zeiss LSM files, 65420 Hamamatsu NDPI: tifffile would treat them specially.
    pixels = corpus.codes(61, 83)
    path = corpus.write_tiff(
        tmp_path / "v.tif",
        pixels,
        compression="lzw",
        rows=9,
        tags=[(34412, 7, 8, b"\1\2\3\4\5\6\7\x08", True), (65420, 4, 1, 1, True)],
    )
    assert_windows(path, pixels)


def test_the_default_limits_are_those_of_the_settings() -> None:
    assert tiff.default_limits() == IngestSettings.model_validate({})
