"""Intermediates and deliverables on disk: whole, exact, and the same bytes every time."""

import hashlib
import resource
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import tifffile

from restoration.deliver.carried_tags import Carried
from restoration.deliver.write_tiff import DeliverablePage, write_deliverable
from restoration.errors import CircumstanceError, ScanError
from restoration.raster.colour.built_in_profiles import adobe_rgb_profile
from restoration.raster.tiff.page import open_page
from restoration.raster.tiff.write_intermediate import Clipping, gathered, write_intermediate
from support.corpus import codes, photo

NOTHING = Carried((), None, None, None, None)


def written(path, pixels, rows=37, **options):
    height, width, channels = pixels.shape
    bands = (pixels[top : top + rows] for top in range(0, height, rows))
    options = {"ppi": (1200.0, 1200.0), "profile": adobe_rgb_profile(), **options}
    return write_intermediate(path, bands, height=height, width=width, channels=channels, **options)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (256, 256), (300, 517), (513, 255)])
def test_codes_come_back_exactly(tmp_path, channels, size):
    pixels = codes(*size, channels)
    path = tmp_path / "a.tif"
    digest = written(path, pixels)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    with open_page(path) as page:
        assert np.array_equal(page.read_codes(0, 0, *size), pixels)
        assert (page.tiled, page.compression) == (True, "zstd")
        assert page.profile == adobe_rgb_profile()
        assert page.ppi == (1200.0, 1200.0)


def test_floats_are_rounded_and_what_is_clipped_is_counted(tmp_path):
    pixels = np.array([[-0.1, 0.0, 0.25, 0.5, 1.0, 1.5]], np.float32)[..., None]
    clipping = Clipping()
    written(tmp_path / "a.tif", pixels, clipping=clipping)
    with open_page(tmp_path / "a.tif") as page:
        found = page.read_codes(0, 0, 1, 6)[0, :, 0]
    assert found.tolist() == [0, 0, 16384, 32768, 65535, 65535]
    assert (clipping.below, clipping.above) == (1, 1)


def test_same_pixels_same_bytes_however_they_arrive(tmp_path):
    pixels = photo("chelsea", 0, 0, 290, 400)
    names = ["a.tif", "b.tif", "c.tif"]
    sums = {
        written(tmp_path / n, pixels, rows) for n, rows in zip(names, (1, 100, 290), strict=True)
    }
    assert len(sums) == 1


def test_bands_that_their_maker_overwrites(tmp_path):
    pixels = codes(70, 20)
    buffer = np.empty((7, 20, 3), np.uint16)

    def bands():
        for top in range(0, 70, 7):
            buffer[:] = pixels[top : top + 7]
            yield buffer

    assert np.array_equal(np.concatenate(list(gathered(bands(), 32))), pixels)


def test_file_without_resolution_or_profile(tmp_path):
    written(tmp_path / "a.tif", codes(9, 9, 1), ppi=None, profile=None)
    with open_page(tmp_path / "a.tif") as page:
        assert (page.ppi, page.profile) == (None, None)


@pytest.mark.parametrize("rows", [9, 11])
def test_wrong_number_of_rows_leaves_no_file(tmp_path, rows):
    with pytest.raises(ValueError, match="rows"):
        write_intermediate(
            tmp_path / "a.tif", iter([codes(rows, 8)]), height=10, width=8, channels=3,
            ppi=None, profile=None,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_not_a_number_is_a_problem_of_the_scan_and_leaves_no_file(tmp_path):
    pixels = np.zeros((10, 8, 3), np.float32)
    pixels[4, 2, 1] = np.nan
    with pytest.raises(ScanError, match="row 4"):
        written(tmp_path / "a.tif", pixels)
    assert list(tmp_path.iterdir()) == []


def test_failing_stage_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.tif"
    written(path, codes(20, 20))
    before = path.read_bytes()

    def bands():
        yield codes(10, 20)
        raise RuntimeError("the stage failed")

    with pytest.raises(RuntimeError, match="the stage failed"):
        write_intermediate(path, bands(), height=20, width=20, channels=3, ppi=None, profile=None)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def files_of_at_most(number):
    """The kernel refuses larger files of this process: a disk that is full, without root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_disk_that_takes_no_more_is_a_circumstance(tmp_path):
    path = tmp_path / "a.tif"
    with files_of_at_most(100_000), pytest.raises(CircumstanceError) as failure:
        written(path, codes(400, 400))
    assert str(path) in str(failure.value)
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_went_away_is_a_circumstance(tmp_path):
    with pytest.raises(CircumstanceError, match="went away"):
        written(tmp_path / "gone" / "a.tif", codes(4, 4))


def page_of(pixels, bits=16, **options):
    height, width, channels = pixels.shape
    return DeliverablePage(
        **{
            "height": height,
            "width": width,
            "channels": channels,
            "bits": bits,
            "codes": lambda top, rows: pixels[top : top + rows],
            "extra": (),
            "extra_codes": None,
            "profile": None,
            "resolution": ((1200, 1), (1200, 1)),
            "resolution_unit": 2,
            "orientation": None,
            "carried": NOTHING,
            "xmp": b"<x/>",
            **options,
        }
    )


@pytest.mark.parametrize("compression", ["none", "lzw"])
@pytest.mark.parametrize(("channels", "bits"), [(1, 8), (1, 16), (3, 8), (3, 16)])
def test_deliverables_are_plain_tiff(tmp_path, compression, channels, bits):
    pixels = codes(300, 211, channels, bits).astype(np.uint16) * (257 if bits == 8 else 1)
    path = tmp_path / "a.tif"
    result = write_deliverable(path, [page_of(pixels, bits)], compression)
    assert not result.bigtiff
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        stored = page.asarray().reshape(300, 211, channels)
        assert stored.dtype == (np.uint8 if bits == 8 else np.uint16)
        assert not page.is_tiled
        assert page.compression == (5 if compression == "lzw" else 1)
        assert 305 not in page.tags
        assert 306 not in page.tags
    assert np.array_equal(stored.astype(np.uint16) * (257 if bits == 8 else 1), pixels)


def test_eight_bits_are_exact_and_otherwise_nearest(tmp_path):
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    write_deliverable(tmp_path / "a.tif", [page_of(every, 8)], "none")
    stored = tifffile.imread(tmp_path / "a.tif").reshape(-1)
    assert np.array_equal(stored[::257], np.arange(256))
    assert np.abs(stored * 257.0 - np.arange(65536)).max() <= 128


def test_two_writes_give_the_same_bytes(tmp_path):
    pixels = codes(300, 300)
    for name in ("a.tif", "b.tif"):
        write_deliverable(tmp_path / name, [page_of(pixels)], "lzw")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_bigtiff_from_the_limit_on(tmp_path):
    pixels = codes(64, 64)
    size = pixels.nbytes
    for limit, big in ((size + 1, False), (size, True)):
        path = tmp_path / f"{big}.tif"
        result = write_deliverable(path, [page_of(pixels)], "none", classic_limit=limit)
        with tifffile.TiffFile(path) as tif:
            assert tif.is_bigtiff == result.bigtiff == big
            assert np.array_equal(tif.asarray(), pixels)


def test_noise_that_lzw_would_blow_up_stays_classic_and_uncompressed(tmp_path):
    pixels = codes(64, 64)
    limit = pixels.nbytes + 1
    result = write_deliverable(tmp_path / "a.tif", [page_of(pixels)], "lzw", classic_limit=limit)
    assert (result.bigtiff, result.compression) == (False, "none")
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), pixels)


def test_refused_file_never_gets_its_name(tmp_path):
    def check(part):
        assert part.exists()
        raise CircumstanceError("read back something else")

    with pytest.raises(CircumstanceError):
        write_deliverable(tmp_path / "a.tif", [page_of(codes(8, 8))], "none", check=check)
    assert list(tmp_path.iterdir()) == []
