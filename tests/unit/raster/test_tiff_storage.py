"""Sound files that other readers read are read alike: libtiff (in imagecodecs) is the judge."""

from __future__ import annotations

import lzma
import math
import shutil
import subprocess
import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from restoration.config.settings import IngestSettings
from restoration.errors import ScanError
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.tiff.page import open_page
from support import corpus
from support.delivery_by_hand import hand_over

LIMITS = IngestSettings.model_validate({})
HEIGHT, WIDTH = 61, 83
WINDOWS = [(0, 0, HEIGHT, WIDTH), (60, 82, 1, 1), (13, 7, 29, 41), (31, 1, 17, 80), (3, 5, 1, 3)]

STREAMS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (1, bytes),
    "lzw": (5, lambda raw: bytes(imagecodecs.lzw_encode(raw))),
    "deflate": (8, zlib.compress),
    "old deflate": (32946, zlib.compress),
    "packbits": (32773, lambda raw: bytes(imagecodecs.packbits_encode(raw))),
    "lzma": (34925, lzma.compress),
    "zstd": (50000, lambda raw: bytes(imagecodecs.zstd_encode(raw))),
}


def libtiff(path: Path) -> np.ndarray:
    """The page as libtiff reads it, its samples as they are stored: (h, w, samples)."""
    found = np.asarray(imagecodecs.tiff_decode(path.read_bytes()))
    return found[..., None] if found.ndim == 2 else found


def libtiff_rgb(path: Path) -> np.ndarray:
    """The page as libtiff shows it, uint8 (h, w, 3)."""
    return np.asarray(imagecodecs.tiff_decode(path.read_bytes(), asrgb=True))[..., :3]


def assert_codes(path: Path, expected: np.ndarray) -> None:
    """expected: uint8 or uint16 (h, w, channels)."""
    codes = expected.astype(np.uint16) * (257 if expected.dtype == np.uint8 else 1)
    with open_page(path) as page:
        assert (page.height, page.width, page.channels) == codes.shape
        for top, left, height, width in WINDOWS:
            found = page.read_codes(top, left, height, width)
            np.testing.assert_array_equal(found, codes[top : top + height, left : left + width])


def strips_of(pixels: np.ndarray, rows: int, order: str) -> list[bytes]:
    """The bytes of strips, the last one filled up to ``rows`` with something."""
    kind = pixels.dtype.newbyteorder(order)
    missing = -len(pixels) % rows
    filled = np.concatenate([pixels, np.full((missing, *pixels.shape[1:]), 77, pixels.dtype)])
    return [part.astype(kind).tobytes() for part in np.split(filled, len(filled) // rows)]


def differenced(pixels: np.ndarray) -> np.ndarray:
    out = pixels.copy()
    out[:, 1:] = pixels[:, 1:] - pixels[:, :-1]
    return out


# --- a last strip that is filled up -------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("name", STREAMS)
def test_a_last_strip_that_is_filled_up_is_sound(
    tmp_path: Path, name: str, predictor: int, order: str
) -> None:
    code, encode = STREAMS[name]
    if predictor == 2 and name in ("none", "packbits"):
        pytest.skip("no predictor goes with it")
    for bits, channels in ((8, 1), (8, 3), (16, 1), (16, 3)):
        pixels = corpus.codes(HEIGHT, WIDTH, channels, bits)
        stored = differenced(pixels) if predictor == 2 else pixels
        pieces = [encode(raw) for raw in strips_of(stored, 16, order)]
        fields = {
            256: [WIDTH], 257: [HEIGHT], 258: [bits] * channels, 259: [code],
            262: [2 if channels == 3 else 1], 277: [channels], 278: [16], 317: [predictor],
        }  # fmt: skip
        path = corpus.write_pieces(tmp_path / "p.tif", fields, pieces, order=order)
        np.testing.assert_array_equal(libtiff(path), pixels)
        assert_codes(path, pixels)
        assert not any("ByteCounts" in text for text in inspect_master(path, LIMITS)["warnings"])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("name", STREAMS)
def test_planes_in_strips_and_tiles_are_those_of_libtiff(
    tmp_path: Path, name: str, tiled: bool, order: str
) -> None:
    code, encode = STREAMS[name]
    for bits in (8, 16):
        pixels = corpus.codes(HEIGHT, WIDTH, 3, bits)
        predictor = 2 if name not in ("none", "packbits") else 1
        fields = {
            256: [WIDTH], 257: [HEIGHT], 258: [bits] * 3, 259: [code], 262: [2], 277: [3],
            284: [2], 317: [predictor],
        }  # fmt: skip
        fields |= {322: [32], 323: [16]} if tiled else {278: [16]}
        filled = np.zeros((64, 96, 3), pixels.dtype)
        filled[:HEIGHT, :WIDTH] = pixels
        width, across = (32, range(0, 96, 32)) if tiled else (WIDTH, (0,))
        pieces = []
        for plane, top, left in product(range(3), range(0, 64, 16), across):
            part = filled[top : top + 16, left : left + width, plane]
            part = differenced(part) if predictor == 2 else part
            pieces.append(encode(part.astype(part.dtype.newbyteorder(order)).tobytes()))
        path = corpus.write_pieces(tmp_path / "p.tif", fields, pieces, order=order)
        np.testing.assert_array_equal(np.moveaxis(libtiff(path), 0, -1), pixels)
        assert_codes(path, pixels)


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
@pytest.mark.parametrize("tiled", [False, True])
def test_jpeg_is_what_libtiff_makes_of_it(tmp_path: Path, tiled: bool, subsampling: str) -> None:
    pixels = corpus.photo("coffee")[:128, :128]
    pixels = np.rint(pixels * 255).astype(np.uint8)
    options = {"colorspace": "RGB", "outcolorspace": "YCBCR", "subsampling": subsampling}
    across = (0, 64) if tiled else (0,)
    pieces = [
        bytes(imagecodecs.jpeg8_encode(pixels[top : top + 32, left : left + 128 // len(across)],
                                       80, **options))
        for top in range(0, 128, 32)
        for left in across
    ]  # fmt: skip
    fields = {256: [128], 257: [128], 258: [8] * 3, 259: [7], 262: [6], 277: [3]}
    fields[530] = {"444": [1, 1], "422": [2, 1], "420": [2, 2]}[subsampling]
    fields |= {322: [64], 323: [32]} if tiled else {278: [32]}
    path = corpus.write_pieces(tmp_path / "j.tif", fields, pieces)
    with open_page(path) as page:
        found = page.read_codes(0, 0, 128, 128)
    np.testing.assert_array_equal(found, libtiff(path).astype(np.uint16) * 257)


@pytest.mark.parametrize("name", ["deflate", "packbits", "zstd", "lzma", "lzw"])
@pytest.mark.parametrize("rows", [HEIGHT, 500])
def test_one_strip_may_hold_more_than_the_page(tmp_path: Path, name: str, rows: int) -> None:
    code, encode = STREAMS[name]
    pixels = corpus.codes(HEIGHT, WIDTH, 1, 8)
    piece = encode(pixels.tobytes() + bytes(100 * WIDTH + 13))
    fields = {256: [WIDTH], 257: [HEIGHT], 258: [8], 259: [code], 262: [1], 278: [rows]}
    path = corpus.write_pieces(tmp_path / "p.tif", fields, [piece])
    np.testing.assert_array_equal(libtiff(path), pixels)
    assert_codes(path, pixels)


@pytest.mark.parametrize("name", ["deflate", "packbits", "zstd", "lzma", "lzw"])
def test_a_strip_that_lacks_bytes_is_damage(tmp_path: Path, name: str) -> None:
    code, encode = STREAMS[name]
    pixels = corpus.codes(HEIGHT, WIDTH, 1, 8)
    pieces = [encode(pixels[:32].tobytes()), encode(pixels[32:].tobytes()[:-1])]
    fields = {256: [WIDTH], 257: [HEIGHT], 258: [8], 259: [code], 262: [1], 278: [32]}
    path = corpus.write_pieces(tmp_path / "p.tif", fields, pieces)
    with open_page(path) as page:
        page.read_codes(0, 0, 32, WIDTH)
        with pytest.raises(ScanError, match=r"p\.tif: expected readable .* data in strip 1, found"):
            page.read_codes(32, 0, 8, 8)


def test_wrong_bytes_of_the_right_number_are_damage(tmp_path: Path) -> None:
    """Deflate brings a check sum, also where the strip is filled up."""
    pixels = corpus.codes(HEIGHT, WIDTH, 1, 8)
    piece = bytearray(zlib.compress(pixels.tobytes(), 0))
    piece[100] ^= 1
    fields = {256: [WIDTH], 257: [HEIGHT], 258: [8], 259: [8], 262: [1], 278: [HEIGHT]}
    path = corpus.write_pieces(tmp_path / "p.tif", fields, [bytes(piece)])
    with open_page(path) as page, pytest.raises(ScanError, match="the file is damaged"):
        page.read_codes(0, 0, 8, 8)


def test_a_strip_that_goes_on_for_ever_costs_no_memory(tmp_path: Path) -> None:
    import tracemalloc

    for code, raw in ((8, zlib.compress(bytes(2**27))), (32773, b"\x81\x00" * 2**20)):
        fields = {256: [WIDTH], 257: [HEIGHT], 258: [8], 259: [code], 262: [1], 278: [HEIGHT]}
        path = corpus.write_pieces(tmp_path / "p.tif", fields, [raw])
        tracemalloc.start()
        with open_page(path) as page:
            assert not page.read_codes(0, 0, 8, 8).any()
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
        tracemalloc.stop()


def test_jpeg_of_a_last_strip_may_go_on_to_rows_per_strip(tmp_path: Path) -> None:
    pixels = corpus.smooth(64, WIDTH)
    pieces = [
        bytes(
            imagecodecs.jpeg8_encode(
                part, 95, colorspace="RGB", outcolorspace="YCBCR", subsampling="444"
            )
        )
        for part in np.split(pixels, 2)
    ]
    fields = {
        256: [WIDTH], 257: [HEIGHT], 258: [8] * 3, 259: [7], 262: [6], 277: [3], 278: [32],
        530: [1, 1],
    }  # fmt: skip
    path = corpus.write_pieces(tmp_path / "j.tif", fields, pieces)
    expected = libtiff(path)
    assert np.abs(expected.astype(int) - pixels[:HEIGHT]).max() <= 12
    assert_codes(path, expected)


# --- 2 and 4 bits -------------------------------------------------------------------------------


def packed(pixels: np.ndarray, bits: int) -> bytes:
    """(h, w, samples) codes of ``bits``, each row filled up to a whole byte."""
    rows = np.unpackbits(pixels.reshape(len(pixels), -1, 1).astype(np.uint8), axis=2)[..., -bits:]
    return np.packbits(rows.reshape(len(pixels), -1), axis=1).tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("name", STREAMS)
def test_grey_of_2_and_4_bits_becomes_8(
    tmp_path: Path, name: str, bits: int, photometric: int, order: str
) -> None:
    code, encode = STREAMS[name]
    values = corpus.codes(HEIGHT, WIDTH, 1, 8) >> (8 - bits)
    fields = {256: [WIDTH], 257: [HEIGHT], 258: [bits], 259: [code], 262: [photometric]}
    pieces = [encode(packed(values[top : top + 16], bits)) for top in range(0, HEIGHT, 16)]
    path = corpus.write_pieces(tmp_path / "s.tif", {**fields, 278: [16]}, pieces, order=order)
    scale = 255 // (2**bits - 1)
    expected = (values * scale).astype(np.uint8)
    if photometric == 0:
        expected = 255 - expected
    assert_codes(path, expected)
    np.testing.assert_array_equal(libtiff_rgb(path), expected.repeat(3, axis=2))
    with open_page(path) as page:
        assert page.bits == 8
    tiles = np.zeros((64, 96, 1), np.uint8)
    tiles[:HEIGHT, :WIDTH] = values
    pieces = [
        encode(packed(tiles[top : top + 16, left : left + 32], bits))
        for top in range(0, 64, 16)
        for left in range(0, 96, 32)
    ]
    fields |= {322: [32], 323: [16]}
    assert_codes(corpus.write_pieces(tmp_path / "t.tif", fields, pieces, order=order), expected)
    said = inspect_master(path, LIMITS)["warnings"]
    assert f"{bits} bits per sample: read as 8 bits, each value times {scale}" in said


def test_reversed_bits_of_4_are_turned_round(tmp_path: Path) -> None:
    values = corpus.codes(HEIGHT, WIDTH, 1, 8) >> 4
    for code, encode in (STREAMS["none"], STREAMS["deflate"]):
        raw = encode(packed(values, 4))
        turned = np.packbits(np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little"))
        fields = {256: [WIDTH], 257: [HEIGHT], 258: [4], 259: [code], 262: [1], 266: [2]}
        path = corpus.write_pieces(tmp_path / "r.tif", fields, [turned.tobytes()])
        assert_codes(path, (values * 17).astype(np.uint8))


@pytest.mark.parametrize("planar", [1, 2])
def test_colour_of_4_bits_and_an_extra_sample(tmp_path: Path, planar: int) -> None:
    values = corpus.codes(HEIGHT, WIDTH, 4, 8) >> 4
    pieces = [packed(values[..., plane : plane + 1], 4) for plane in range(4)]
    if planar == 1:
        pieces = [packed(values, 4)]
    fields = {
        256: [WIDTH], 257: [HEIGHT], 258: [4] * 4, 259: [1], 262: [2], 277: [4], 284: [planar],
        338: [2],
    }  # fmt: skip
    path = corpus.write_pieces(tmp_path / "c.tif", fields, pieces)
    assert_codes(path, (values[..., :3] * 17).astype(np.uint8))
    with open_page(path) as page:
        assert page.extra == ("alpha",)
        found = page.read_extra(5, 3, 31, 40)
    np.testing.assert_array_equal(found, values[5:36, 3:43, 3:].astype(np.uint16) * 17 * 257)


# --- colour maps --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_colour_maps_of_8_bits_are_scaled_and_those_of_16_are_not(
    tmp_path: Path, bits: int, order: str
) -> None:
    values = corpus.codes(HEIGHT, WIDTH, 1, 8) >> (8 - bits)
    for depth in (8, 16):
        colours = corpus.codes(2**bits, 1, 3, depth, seed=4)[:, 0]
        fields = {
            256: [WIDTH], 257: [HEIGHT], 258: [bits], 259: [1], 262: [3],
            320: [int(c) for c in colours.T.ravel()],
        }  # fmt: skip
        path = corpus.write_pieces(tmp_path / "p.tif", fields, [packed(values, bits)], order=order)
        assert_codes(path, colours[values[..., 0]])
        shown = libtiff_rgb(path)
        eight = colours if depth == 8 else colours >> 8
        np.testing.assert_array_equal(shown, eight[values[..., 0]])
        with open_page(path) as page:
            assert page.bits == depth
        said = [t for t in inspect_master(path, LIMITS)["warnings"] if "colour map" in t]
        assert said == (
            ["the colour map holds 8-bit values (none above 255); taken times 257"]
            if depth == 8
            else []
        )


# --- YCbCr --------------------------------------------------------------------------------------

STUDIO = [(16, 1), (235, 1), (128, 1), (240, 1), (128, 1), (240, 1)]
REC_709 = [(2126, 10000), (7152, 10000), (722, 10000)]


def blocks(samples: np.ndarray, across: int, down: int) -> bytes:
    """Full-size Y, Cb, Cr as the data units of TIFF 6.0: the chroma of each block's first pixel."""
    high, wide = -(-samples.shape[0] // down), -(-samples.shape[1] // across)
    filled = np.zeros((high * down, wide * across, 3), np.uint8)
    filled[: samples.shape[0], : samples.shape[1]] = samples
    units = []
    for top in range(0, high * down, down):
        for left in range(0, wide * across, across):
            block = filled[top : top + down, left : left + across]
            units += [*block[..., 0].ravel(), block[0, 0, 1], block[0, 0, 2]]
    return bytes(units)


def shared(samples: np.ndarray, across: int, down: int) -> np.ndarray:
    """What is left of the chroma: each block has that of its first pixel."""
    out = samples.copy()
    for channel in (1, 2):
        few = samples[::down, ::across, channel]
        many = few.repeat(down, axis=0).repeat(across, axis=1)
        out[..., channel] = many[: samples.shape[0], : samples.shape[1]]
    return out


def as_rgb(samples: np.ndarray, limits: list[tuple[int, int]], luma: list[tuple[int, int]]):
    """TIFF 6.0 section 21, written out for each pixel in exact fractions' place by long doubles."""
    black_white = [np.longdouble(a) / b for a, b in limits]
    red, green, blue = (np.longdouble(a) / b for a, b in luma)
    full = [
        (samples[..., k].astype(np.longdouble) - black_white[2 * k])
        * (255 if k == 0 else 127)
        / (black_white[2 * k + 1] - black_white[2 * k])
        for k in range(3)
    ]
    r = full[2] * (2 - 2 * red) + full[0]
    b = full[1] * (2 - 2 * blue) + full[0]
    g = (full[0] - blue * b - red * r) / green
    return np.clip(np.stack([r, g, b], -1), 0, 255)


def assert_nearest(path: Path, exact: np.ndarray) -> None:
    with open_page(path) as page:
        whole = page.read_codes(0, 0, HEIGHT, WIDTH)
        assert (page.bits, page.channels) == (8, 3)
        for top, left, height, width in WINDOWS:
            window = page.read_codes(top, left, height, width)
            np.testing.assert_array_equal(window, whole[top : top + height, left : left + width])
    assert not (whole % 257).any()
    assert np.abs(whole // 257 - exact).max() <= 0.5000001


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("studio", [False, True])
@pytest.mark.parametrize(
    ("across", "down"), [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (1, 2)]
)
def test_ycbcr_is_converted_as_its_tags_define_it(
    tmp_path: Path, across: int, down: int, studio: bool, order: str
) -> None:
    # Colours that exist: what libtiff makes of others differs.
    rgb = corpus.smooth(HEIGHT, WIDTH).astype(float)
    luma = REC_709 if studio else [(299, 1000), (587, 1000), (114, 1000)]
    limits = STUDIO if studio else [(0, 1), (255, 1), (128, 1), (255, 1), (128, 1), (255, 1)]
    red, green, blue = (a / b for a, b in luma)
    y = rgb @ [red, green, blue]
    full = [y, (rgb[..., 2] - y) / (2 - 2 * blue), (rgb[..., 0] - y) / (2 - 2 * red)]
    ranges = [limits[2 * k : 2 * k + 2] for k in range(3)]
    samples = np.stack(
        [
            np.rint(plane / (255 if k == 0 else 127) * (white[0] - black[0]) + black[0])
            for k, (plane, (black, white)) in enumerate(zip(full, ranges, strict=True))
        ],
        -1,
    ).clip(0, 255).astype(np.uint8)  # fmt: skip
    exact = as_rgb(shared(samples, across, down), limits, luma)
    fields = {256: [WIDTH], 257: [HEIGHT], 258: [8] * 3, 262: [6], 277: [3], 530: [across, down]}
    if studio:
        fields |= {529: REC_709, 532: STUDIO}
    for name in ("none", "lzw", "deflate", "packbits"):
        code, encode = STREAMS[name]
        whole = {**fields, 259: [code]}
        strips = [
            encode(blocks(samples[top : top + 16], across, down)) for top in range(0, HEIGHT, 16)
        ]
        path = corpus.write_pieces(tmp_path / "s.tif", {**whole, 278: [16]}, strips, order=order)
        assert_nearest(path, exact)
        # libtiff cuts Cb and Cr to whole numbers before it weighs them, which shows where their
        # range is not the full one; 4 x 4 blocks that the page's corner cuts it gets wrong.
        whole_blocks = np.abs(libtiff_rgb(path) - exact)[:, : WIDTH // across * across]
        assert whole_blocks.max() <= (3.5 if studio else 0.51)
        tiles = np.zeros((64, 96, 3), np.uint8)
        tiles[:HEIGHT, :WIDTH] = samples
        pieces = [
            encode(blocks(tiles[top : top + 16, left : left + 32], across, down))
            for top in range(0, 64, 16)
            for left in range(0, 96, 32)
        ]
        tiled = {**whole, 322: [32], 323: [16]}
        assert_nearest(corpus.write_pieces(tmp_path / "t.tif", tiled, pieces, order=order), exact)


def test_ycbcr_in_planes_and_with_a_predictor(tmp_path: Path) -> None:
    samples = corpus.codes(HEIGHT, WIDTH, 3, 8)
    limits = [(0, 1), (255, 1), (128, 1), (255, 1), (128, 1), (255, 1)]
    exact = as_rgb(samples, limits, [(299, 1000), (587, 1000), (114, 1000)])
    fields = {256: [WIDTH], 257: [HEIGHT], 258: [8] * 3, 262: [6], 277: [3], 530: [1, 1]}
    planes = [samples[..., k].tobytes() for k in range(3)]
    path = corpus.write_pieces(tmp_path / "p.tif", {**fields, 259: [1], 284: [2]}, planes)
    assert_nearest(path, exact)
    raw = bytes(imagecodecs.lzw_encode(differenced(samples).tobytes()))
    path = corpus.write_pieces(tmp_path / "d.tif", {**fields, 259: [5], 317: [2]}, [raw])
    assert_nearest(path, exact)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({530: [3, 1]}, "subsampled by 1, 2 or 4, found 3 x 1"),
        ({530: [2, 2], 284: [2]}, "plain blocks, found it with planes"),
        ({530: [2, 2], 317: [2]}, "plain blocks, found it with a predictor"),
        ({529: [(1, 1), (0, 1), (0, 1)]}, "YCbCrCoefficients between 0 and 1, found 1 0 0"),
        ({532: [(5, 1)] * 6}, "ReferenceBlackWhite with a range, found 5 5 5 5 5 5"),
    ],
)
def test_ycbcr_that_its_tags_do_not_define_is_refused(tmp_path: Path, tags, said: str) -> None:
    fields = {256: [8], 257: [8], 258: [8] * 3, 259: [5], 262: [6], 277: [3], 530: [1, 1]}
    path = corpus.write_pieces(tmp_path / "y.tif", {**fields, **tags}, [bytes(200)] * 3)
    with pytest.raises(ScanError, match=said) as caught:
        open_page(path)
    assert "\n" not in str(caught.value)


# --- what is delivered of it --------------------------------------------------------------------


def test_the_record_says_what_became_of_packed_and_other_values(tmp_path: Path) -> None:
    values = corpus.codes(HEIGHT, WIDTH, 1, 8) >> 4
    grey = {256: [WIDTH], 257: [HEIGHT], 258: [4], 259: [1]}
    small, large = (corpus.codes(16, 1, 3, bits)[:, 0] for bits in (8, 16))
    chroma = {256: [8], 257: [8], 258: [8] * 3, 259: [1], 262: [6], 277: [3], 530: [2, 2]}
    raw = packed(values, 4)
    for fields, piece, bits, said in (
        ({**grey, 262: [1]}, raw, 8, ["4 to 8 bits, values times 17"]),
        (
            {**grey, 262: [0]}, raw, 8,
            ["min-is-white to black-is-zero, values inverted", "4 to 8 bits, values times 17"],
        ),
        (
            {**grey, 262: [3], 320: [int(c) for c in small.T.ravel()]}, raw, 8,
            ["palette to RGB, 8 bits as in its colour map"],
        ),
        (
            {**grey, 262: [3], 320: [int(c) for c in large.T.ravel()]}, raw, 16,
            ["palette to RGB, 16 bits as in its colour map"],
        ),
        (chroma, bytes(range(96)), 8, ["YCbCr to RGB"]),
    ):  # fmt: skip
        path = corpus.write_pieces(tmp_path / "m.tif", fields, [piece])
        output, record = hand_over(tmp_path, path)
        (page,) = record["pages"]
        assert (page["bits"], page["conversions"]) == (bits, said)
        with open_page(path) as master, open_page(output) as made:
            assert made.bits == bits
            everything = (0, 0, master.height, master.width)
            np.testing.assert_array_equal(
                made.read_codes(*everything), master.read_codes(*everything)
            )


# --- what a file says against itself ------------------------------------------------------------


@pytest.mark.parametrize("tiled", [False, True])
def test_byte_counts_that_contradict_the_page_are_told_and_the_page_holds(
    tmp_path: Path, tiled: bool
) -> None:
    pixels = corpus.codes(64, 64, 1, 8)
    fields = {256: [64], 257: [64], 258: [8], 259: [1], 262: [1]}
    fields |= {322: [64], 323: [64]} if tiled else {278: [64]}
    name = "TileByteCounts" if tiled else "StripByteCounts"
    raw = pixels.tobytes()
    for stated, told in ((2048, True), (4096, False), (9000, True)):
        path = corpus.write_pieces(tmp_path / "h.tif", fields, [raw], counts=[stated])
        with open_page(path) as page:
            np.testing.assert_array_equal(
                page.read_codes(0, 0, 64, 64), pixels.astype(np.uint16) * 257
            )
        if not tiled:
            np.testing.assert_array_equal(libtiff(path), pixels)
        said = [text for text in inspect_master(path, LIMITS)["warnings"] if name in text]
        expected = f"{name} states {stated} bytes where the page needs 4096"
        assert [text.startswith(expected) for text in said] == ([True] if told else [])


def jpeg_page(path: Path, tag: int, stream: str, *, marker: bool, subsampling=None) -> Path:
    """One strip of JPEG whose components are ``stream``, under the photometric ``tag``."""
    options = {} if subsampling is None else {"subsampling": subsampling}
    raw = bytes(
        imagecodecs.jpeg8_encode(
            corpus.smooth(64, 64), 95, colorspace="RGB", outcolorspace=stream, **options
        )
    )
    if not marker:
        raw = without_markers(raw)
    fields = {256: [64], 257: [64], 258: [8] * 3, 259: [7], 262: [tag], 277: [3], 278: [64]}
    if tag == 6:
        fields[530] = [1, 1]
    return corpus.write_pieces(path, fields, [raw])


def without_markers(raw: bytes) -> bytes:
    """JPEG data without what applications add (APP0 to APP15)."""
    out, at = raw[:2], 2
    while 0xE0 <= raw[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    return out + raw[at:]


@pytest.mark.parametrize(
    ("tag", "stream", "marker", "told"),
    [
        (2, "YCBCR", True, "tag says RGB and the JPEG data inside it says YCbCr"),
        (6, "RGB", True, "tag says YCbCr and the JPEG data inside it says RGB"),
        (6, "RGB", False, "tag says YCbCr and the JPEG data inside it says RGB"),
        (2, "RGB", True, None),
        (6, "YCBCR", True, None),
        (6, "YCBCR", False, None),
        (2, "YCBCR", False, None),
    ],
)
def test_jpeg_is_read_by_the_tag_and_a_contradiction_is_told(
    tmp_path: Path, tag: int, stream: str, marker: bool, told: str | None
) -> None:
    path = jpeg_page(tmp_path / "j.tif", tag, stream, marker=marker, subsampling="444")
    expected = libtiff(path)
    with open_page(path) as page:
        found = page.read_codes(0, 0, 64, 64)
    np.testing.assert_array_equal(found, expected.astype(np.uint16) * 257)
    said = [text for text in inspect_master(path, LIMITS)["warnings"] if "JPEG" in text]
    assert [told in text for text in said] == ([] if told is None else [True])


def test_subsampled_colours_under_the_tag_rgb_are_a_line(tmp_path: Path) -> None:
    path = jpeg_page(tmp_path / "j.tif", 2, "YCBCR", marker=True, subsampling="420")
    with pytest.raises(imagecodecs.TiffError):
        libtiff(path)
    with pytest.raises(ScanError, match="JPEG data of RGB, found subsampled colours") as caught:
        inspect_master(path, LIMITS)
    assert "\n" not in str(caught.value)


def old_style_lzw(raw: bytes) -> bytes:
    """LZW as libtiff wrote it before TIFF 5.0: codes from the lowest bit on, widths one later."""
    table, width, bits, held = {bytes([k]): k for k in range(256)}, 9, [], b""
    codes: list[tuple[int, int]] = [(256, 9)]
    following = 258
    for byte in raw:
        longer = held + bytes([byte])
        if longer in table:
            held = longer
            continue
        codes.append((table[held], width))
        table[longer] = following
        following += 1
        if following == 2**width + 1 and width < 12:
            width += 1
        if following == 4093:
            codes.append((256, width))
            table, width, following = {bytes([k]): k for k in range(256)}, 9, 258
        held = bytes([byte])
    codes += [(table[held], width), (257, width)]
    for code, wide in codes:
        bits += [code >> k & 1 for k in range(wide)]
    return np.packbits(np.array(bits, np.uint8), bitorder="little").tobytes()


def test_lzw_of_the_old_style_is_read(tmp_path: Path) -> None:
    pixels = corpus.smooth(HEIGHT, WIDTH)
    fields = {
        256: [WIDTH], 257: [HEIGHT], 258: [8] * 3, 259: [5], 262: [2], 277: [3], 278: [16],
    }  # fmt: skip
    pieces = [old_style_lzw(pixels[top : top + 16].tobytes()) for top in range(0, HEIGHT, 16)]
    path = corpus.write_pieces(tmp_path / "o.tif", fields, pieces)
    np.testing.assert_array_equal(libtiff(path), pixels)
    assert_codes(path, pixels)


# --- a second judge -----------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("tiffcp") is None, reason="libtiff's tools are not installed")
@pytest.mark.parametrize("bits", [2, 4])
def test_tiffcp_copies_to_the_same_pixels(tmp_path: Path, bits: int) -> None:
    """What libtiff's own tool rewrites, compressed otherwise and in tiles, reads the same."""
    values = corpus.codes(HEIGHT, WIDTH, 1, 8) >> (8 - bits)
    fields = {256: [WIDTH], 257: [HEIGHT], 258: [bits], 259: [1], 262: [1], 278: [16]}
    pieces = [packed(values[top : top + 16], bits) for top in range(0, HEIGHT, 16)]
    path = corpus.write_pieces(tmp_path / "m.tif", fields, pieces, order=">")
    expected = (values * (255 // (2**bits - 1))).astype(np.uint8)
    for options in (["-c", "none"], ["-c", "zip"], ["-c", "packbits", "-L"], ["-c", "lzw", "-B"],
                    ["-c", "zip", "-t", "-w", "32", "-l", "16"], ["-f", "lsb2msb"]):  # fmt: skip
        copy = tmp_path / "c.tif"
        subprocess.run(["tiffcp", *options, str(path), str(copy)], check=True)
        assert_codes(copy, expected)
    assert math.isclose(expected.max(), 255)
