"""The deliverable says all that its master said, shows what was meant, and is checked."""

import io
import tracemalloc
from dataclasses import replace

import exifread
import numpy as np
import pytest
import tifffile

from metadata_tools import BYTE, field, write_master
from restoration.config.settings import DeliverSettings
from restoration.deliver import deliver_scan as deliver
from restoration.deliver.deliver_scan import PageToDeliver, deliver_scan
from restoration.deliver.xmp.packet import StageEvent
from restoration.errors import CircumstanceError, ScanError
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.colour.built_in_profiles import adobe_rgb_profile, srgb_profile
from restoration.raster.tiff.page import open_page
from restoration.records.ingest import Master
from support import corpus
from support.delivery_by_hand import DELIVERY, LIMITS, all_codes, hand_over, result_of

TEXTS = {
    269: "Box 12, 0034", 271: "Epson", 272: "V850", 305: "SilverFast 9",
    306: "2019:05:06 07:08:09", 315: "A. Archivist", 316: "scan-pc", 33432: "Public domain",
}  # fmt: skip


def text_tags(texts=TEXTS):
    return [(code, 2, len(t) + 1, t.encode() + b"\0", True) for code, t in texts.items()]


@pytest.mark.parametrize("compression", ["none", "lzw"])
@pytest.mark.parametrize(("channels", "bits"), [(1, 8), (1, 16), (3, 8), (3, 16)])
def test_untouched_scan_is_delivered_bit_for_bit(tmp_path, compression, channels, bits):
    pixels = corpus.codes(260, 70, channels, bits)
    icc = corpus.grey_gamma_profile() if channels == 1 else adobe_rgb_profile()
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, icc=icc, orientation=6)
    output, record = hand_over(tmp_path, master, compression=compression)
    stored = tifffile.imread(output)
    assert stored.dtype == pixels.dtype
    assert np.array_equal(stored.reshape(pixels.shape), pixels)
    with open_page(output) as page:
        assert (page.profile, page.orientation, page.ppi) == (icc, 6, (1200.0, 1200.0))
    assert record["pages"][0]["source"] == "master"
    assert record["pages"][0]["conversions"] == []


def test_two_deliveries_are_the_same_bytes(tmp_path):
    master = corpus.write_tiff(
        tmp_path / "m.tif", corpus.codes(40, 40), exif=corpus.EXIF, xmp=corpus.XMP
    )
    output, _ = hand_over(tmp_path, master)
    first = output.read_bytes()
    assert hand_over(tmp_path, master)[0].read_bytes() == first


def test_result_of_the_last_stage_at_its_size_and_resolution(tmp_path):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(20, 30), icc=srgb_profile())
    pixels = corpus.codes(40, 60, seed=5)
    page = PageToDeliver(1, result_of(tmp_path, pixels), (2400.0, 2400.0))
    output, _ = hand_over(tmp_path, master, [page])
    assert np.array_equal(all_codes(output), pixels)
    with open_page(output) as found:
        assert found.ppi == (2400.0, 2400.0)
        assert found.profile == srgb_profile()


def test_depth_of_the_master_or_16(tmp_path):
    pixels = corpus.codes(20, 20, bits=8)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels)
    output, _ = hand_over(tmp_path, master, depth="master")
    assert tifffile.imread(output).dtype == np.uint8
    output, record = hand_over(tmp_path, master, depth="16")
    assert np.array_equal(tifffile.imread(output), pixels.astype(np.uint16) * 257)
    assert "8 to 16 bits" in record["pages"][0]["conversions"][0]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("limit", [2**32, 1], ids=["classic", "bigtiff"])
def test_every_descriptive_tag_and_exif_survive(tmp_path, order, limit):
    iptc = corpus.iptc_block({(2, 120): "Family on the beach", (2, 25): ["sea", "1931"]})
    master = corpus.write_tiff(
        tmp_path / "m.tif", corpus.codes(20, 20), byteorder=order, iptc=iptc, xmp=corpus.XMP,
        description="On the back: 1931", exif={**corpus.EXIF, 40962: 20, 37500: b"maker note"},
        tags=[*text_tags({k: v for k, v in TEXTS.items() if k != 305}), (297, 3, 2, (0, 4), True)],
        software=TEXTS[305],
    )  # fmt: skip
    before = inspect_master(master, LIMITS)
    page = PageToDeliver(1, result_of(tmp_path, corpus.codes(40, 40, seed=3)), (2400.0, 2400.0))
    output, record = hand_over(tmp_path, master, [page], replace(DELIVERY, classic_limit=limit))
    assert record["bigtiff"] == (limit == 1)
    after = inspect_master(output, LIMITS)
    for name in ("DocumentName", "Make", "Model", "Software", "DateTime", "Artist",
                 "HostComputer", "Copyright", "ImageDescription", "PageNumber"):  # fmt: skip
        assert after["tags"][name] == before["tags"][name], name
    assert after["iptc"]["fields"] == before["iptc"]["fields"]
    assert after["exif"]["EXIF DateTimeOriginal"] == "1998:05:17 10:20:30"
    assert after["exif"]["EXIF ExposureTime"] == "1/125"
    assert after["exif"]["EXIF ExifImageWidth"] == "40"
    assert "Box 12, 0034" in after["xmp"]["text"]
    assert any("MakerNote" in line for line in record["pages"][0]["not_carried"])
    if limit > 1:
        found = exifread.process_file(io.BytesIO(output.read_bytes()), details=False)
        assert str(found["EXIF DateTimeOriginal"]) == "1998:05:17 10:20:30"


@pytest.mark.parametrize(
    ("kinds", "stored"),
    [(["alpha"], (2,)), (["unspecified"], (0,)), (["alpha", "unspecified"], (2, 0))],
)
def test_channels_beside_the_picture_travel_along(tmp_path, kinds, stored):
    pixels = corpus.codes(30, 20, 3 + len(kinds))
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, extra=kinds, software="SilverFast 9")
    output, _ = hand_over(tmp_path, master)
    with tifffile.TiffFile(output) as tif:
        assert np.array_equal(tif.asarray(), pixels)
        assert tuple(int(k) for k in tif.pages[0].extrasamples) == stored
    # The same when the picture grows: they are resampled, and flat stays flat.
    pixels[..., 3:] = 20_000
    corpus.write_tiff(master, pixels, extra=kinds)
    page = PageToDeliver(1, result_of(tmp_path, corpus.codes(60, 40)), (2400.0, 2400.0))
    output, _ = hand_over(tmp_path, master, [page])
    extra = tifffile.imread(output)[..., 3:]
    assert extra.shape == (60, 40, len(kinds))
    assert np.abs(extra.astype(int) - 20_000).max() <= 1


def test_multipage_master_becomes_multipage_deliverable(tmp_path):
    pages = [corpus.codes(20, 30, 3), corpus.codes(25, 10, 1), corpus.codes(12, 12, 3, 8)]
    master = corpus.write_tiff(tmp_path / "m.tif", pages[0])
    corpus.append_page(master, corpus.codes(5, 5, 3, 8), subfiletype=1)
    corpus.append_page(master, pages[1], ppi=300.0)
    corpus.append_page(master, pages[2], exif=corpus.EXIF)
    output, record = hand_over(tmp_path, master)
    with tifffile.TiffFile(output) as tif:
        assert len(tif.pages) == 3
        for found, meant in zip(tif.pages, pages, strict=True):
            assert np.array_equal(found.asarray().reshape(meant.shape), meant)
        assert tif.pages[1].get_resolution("inch") == (300.0, 300.0)
    assert len({page["document_id"] for page in record["pages"]}) == 3


def test_min_is_white_and_palette_are_delivered_plain_and_said(tmp_path):
    pixels = corpus.codes(16, 16, 1)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, photometric="miniswhite")
    output, record = hand_over(tmp_path, master)
    assert np.array_equal(tifffile.imread(output), 65535 - pixels[..., 0])
    assert "min-is-white" in record["pages"][0]["conversions"][0]
    colours = corpus.codes(1, 256)[0]
    indices = corpus.codes(16, 16, 1, 8)[..., 0]
    corpus.write_tiff(master, indices, photometric="palette", colours=colours)
    output, record = hand_over(tmp_path, master)
    assert np.array_equal(tifffile.imread(output), colours[indices])
    assert "palette" in record["pages"][0]["conversions"][0]


def test_resolution_in_centimetres_stays_as_stated(tmp_path):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(8, 8), ppi=472.5, unit="centimeter")
    output, record = hand_over(tmp_path, master)
    with tifffile.TiffFile(output) as tif:
        assert tif.pages[0].tags[296].value == 3
        assert tif.pages[0].tags[282].value == (945, 2)
    assert record["pages"][0]["resolution_unit"] == "centimetre"


def test_file_without_resolution_gets_none(tmp_path):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(8, 8), ppi=None)
    output, _ = hand_over(tmp_path, master)
    with open_page(output) as page:
        assert page.ppi is None


def test_resolution_that_only_the_xmp_states_is_not_that_of_another_size(tmp_path):
    stated = b"<dc:source>Box 12, 0034</dc:source><tiff:XResolution>1200/1</tiff:XResolution>"
    xmp = corpus.XMP.replace(b"<dc:source>Box 12, 0034</dc:source>", stated).replace(
        b"xmlns:dc=", b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc='
    )
    page = ([field("<", 700, BYTE, xmp)], {})
    master = write_master(tmp_path / "m.tif", "<", [page])
    output, _ = hand_over(tmp_path, master)
    assert "<tiff:XResolution>1200/1<" in inspect_master(output, LIMITS)["xmp"]["text"]
    larger = PageToDeliver(1, result_of(tmp_path, corpus.codes(40, 40, 1)), None)
    output, _ = hand_over(tmp_path, master, [larger])
    assert "XResolution" not in inspect_master(output, LIMITS)["xmp"]["text"]


def test_stale_photoshop_resources_are_left_and_others_kept(tmp_path):
    def block(number, data):
        return b"8BIM" + number.to_bytes(2, "big") + b"\0\0" + len(data).to_bytes(4, "big") + data

    kept = block(0x040A, b"\1\0")
    raw = block(0x03ED, bytes(16)) + kept + block(0x040C, bytes(40))
    master = corpus.write_tiff(
        tmp_path / "m.tif", corpus.codes(8, 8), tags=[(34377, 1, len(raw), raw, True)]
    )
    output, record = hand_over(tmp_path, master)
    with open_page(output) as page:
        assert page.tag_bytes(34377) == kept
    assert sum("Photoshop" in line for line in record["pages"][0]["not_carried"]) == 2


def event(stage: str, reason: str | None = None, generative: bool = False) -> StageEvent:
    return StageEvent(
        stage=stage,
        action="filtered",
        when="2026-01-01T00:00:00Z",
        applied=reason is None,
        reason=reason,
        parameters="{}",
        generative=generative,
        networks=(("realesrgan-x4plus", "4fa0d389", "BSD-3-Clause"),) if generative else (),
        key="k1",
    )


def test_history_and_source_type(tmp_path):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(8, 8), xmp=corpus.XMP)
    when = "2026-01-01T00:00:00Z"
    applied = event("cleanup", generative=True)
    declined = event("upscale", reason="factor 1: not applied")
    page = PageToDeliver(1, result_of(tmp_path, corpus.codes(8, 8)), None, (applied, declined))
    output, record = hand_over(tmp_path, master, [page])
    text = inspect_master(output, LIMITS)["xmp"]["text"]
    for said in ("compositeWithTrainedAlgorithmicMedia", "realesrgan-x4plus", "4fa0d389",
                 "factor 1: not applied", when, record["pages"][0]["document_id"]):  # fmt: skip
        assert said in text
    _, record = hand_over(tmp_path, master, [PageToDeliver(1, None, None, (declined,))])
    assert record["pages"][0]["digital_source_type"] is None


def test_hostile_xmp_and_icc_of_a_master_do_not_stop_its_delivery(tmp_path):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    pixels = corpus.codes(8, 8)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, icc=b"no profile at all", xmp=bomb)
    output, record = hand_over(tmp_path, master)
    assert np.array_equal(all_codes(output), pixels)
    with open_page(output) as page:
        assert page.profile == b"no profile at all"
        assert b"ENTITY" not in page.tag_bytes(700)
    assert record["pages"][0]["notes"]


def test_master_that_changed_has_no_deliverable(tmp_path):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(8, 8))
    ingest = Master.read(inspect_master(master, LIMITS), master)
    corpus.write_tiff(master, corpus.codes(8, 8, seed=9))
    output = tmp_path / "scan.tif"
    with pytest.raises(ScanError, match="changed while it was processed"):
        deliver_scan(
            DELIVERY, master=master, ingest=ingest, pages=[PageToDeliver(1, None, None)],
            settings=DeliverSettings.model_validate({}), output=output,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == [master]


@pytest.mark.parametrize("offset", ["pixels", "tag"])
def test_disk_that_returns_something_else_is_noticed(tmp_path, monkeypatch, offset):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(40, 40), tags=text_tags())
    honest = deliver.compare

    def after_a_bad_disk(part, *rest, **options):
        with tifffile.TiffFile(part) as tif:
            page = tif.pages[0]
            at = page.dataoffsets[0] + 99 if offset == "pixels" else page.tags[315].valueoffset
        with part.open("r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))
        honest(part, *rest, **options)

    monkeypatch.setattr(deliver, "compare", after_a_bad_disk)
    with pytest.raises(CircumstanceError, match="read back something else"):
        hand_over(tmp_path, master, compression="none")
    assert not (tmp_path / "out" / "scan.tif").exists()


def test_pages_that_do_not_fit_the_master(tmp_path):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(8, 8))
    with pytest.raises(ScanError, match="pages 1 to 1"):
        hand_over(tmp_path, master, [PageToDeliver(2, None, None)])
    grey = result_of(tmp_path, corpus.codes(8, 8, 1))
    with pytest.raises(ScanError, match="3 channels, found 1"):
        hand_over(tmp_path, master, [PageToDeliver(1, grey, None)])


def test_memory_does_not_grow_with_the_scan(tmp_path):
    """The taller scan has 55 MB more pixels; what is held is bands and the readers' caches."""
    peaks = []
    for height in (6144, 9216):
        master = corpus.write_large(tmp_path / "m.tif", height, 3000)
        tracemalloc.start()
        hand_over(tmp_path, master, compression="lzw")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 10e6


def test_rationals_and_texts_without_an_end_are_delivered(tmp_path):
    points = (3127, 10000, 3290, 10000)
    tags = [(318, 5, 2, points, True), (33434, 5, 1, (1, 60), True), (37393, 10, 1, (-1, 3), True)]
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(20, 20), software="Scan", tags=tags)
    raw = master.read_bytes()
    # The last character of a text takes the place of its NUL.
    master.write_bytes(raw.replace(b"Scan\0", b"Scans"))
    output, _ = hand_over(tmp_path, master)
    found = inspect_master(output, LIMITS)["tags"]
    assert found["WhitePoint"] == ["3127/10000", "3290/10000"]
    assert found["ExposureTime"] == "1/60"
    assert found["ImageNumber"] == "-1/3"
    assert found["Software"] == "Scans"
