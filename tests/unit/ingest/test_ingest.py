"""What ingest records of a master, and that nothing about it goes unnoticed."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from restoration.config.settings import IngestSettings
from restoration.errors import CircumstanceError, ScanError
from restoration.ingest import inspect_master as ingest
from restoration.ingest.inspect_master import hash_file, inspect_master
from restoration.raster.colour.icc import parse_profile
from restoration.raster.tiff.tags import MasterFile
from support import corpus

LIMITS = IngestSettings.model_validate({})
IPTC = {
    (2, 5): "Marktplatz, Südseite",
    (2, 25): ["market", "1934"],
    (2, 80): "Unbekannt",
}


def full(path: Path, **options: Any) -> Path:
    """A master with everything that scanner software and cataloguers write."""
    return corpus.write_tiff(
        path,
        corpus.codes(30, 40),
        icc=corpus.adobe_rgb_profile(),
        orientation=3,
        software="VueScan 9 x64 (9.8.32)",
        description="Box 12, 0034",
        exif=corpus.EXIF,
        xmp=corpus.XMP,
        iptc=corpus.iptc_block(IPTC),
        **options,
    )


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_everything_that_a_master_says_is_recorded(
    tmp_path: Path, big: bool, byteorder: str
) -> None:
    path = full(tmp_path / "m.tif", big=big, byteorder=byteorder)
    record = inspect_master(path, LIMITS)
    raw = path.read_bytes()
    assert record["sha256"] == hashlib.sha256(raw).hexdigest()
    assert record["bytes"] == len(raw)
    assert record["mtime_ns"] == path.stat().st_mtime_ns
    assert (record["bigtiff"], record["byte_order"]) == (
        big,
        {"<": "little", ">": "big"}[byteorder],
    )
    (page,) = record["pages"]
    assert {key: page[key] for key in page if key not in ("tags", "icc")} == {
        "number": 1,
        "directory": 0,
        "width": 40,
        "height": 30,
        "bits": 16,
        "photometric": "RGB",
        "channels": 3,
        "extra": [],
        "compression": "none",
        "tiled": False,
        "planar": False,
        "orientation": 3,
        "ppi": [1200.0, 1200.0],
    }
    profile = corpus.adobe_rgb_profile()
    assert page["icc"] == {
        "sha256": hashlib.sha256(profile).hexdigest(),
        "bytes": len(profile),
        "description": "Adobe RGB (1998) compatible",
    }
    assert record["tags"] == page["tags"]
    assert record["tags"]["Software"] == "VueScan 9 x64 (9.8.32)"
    assert record["tags"]["ImageDescription"] == "Box 12, 0034"
    assert record["tags"]["XResolution"] == "1200/1"
    assert record["tags"]["BitsPerSample"] == [16, 16, 16]
    assert record["tags"]["InterColorProfile"]["sha256"] == page["icc"]["sha256"]
    assert record["exif"]["EXIF DateTimeOriginal"] == "1998:05:17 10:20:30"
    assert record["exif"]["EXIF ExposureTime"] == "1/125"
    assert record["exif"]["Image Software"] == "VueScan 9 x64 (9.8.32)"
    assert record["xmp"] == {
        "sha256": hashlib.sha256(corpus.XMP).hexdigest(),
        "bytes": len(corpus.XMP),
        "text": corpus.XMP.decode(),
        "complete": True,
    }
    assert record["iptc"]["fields"] == {
        "2:05 Object Name": "Marktplatz, Südseite",
        "2:25 Keywords": ["market", "1934"],
        "2:80 By-line": "Unbekannt",
    }
    assert record["warnings"] == []
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_the_pages_of_a_scan_are_listed_and_the_rest_set_aside(tmp_path: Path) -> None:
    path = full(tmp_path / "m.tif")
    corpus.append_page(path, corpus.codes(5, 6), subfiletype=1)
    corpus.append_page(path, corpus.codes(20, 25, 1, 8), icc=corpus.grey_gamma_profile(), ppi=600)
    record = inspect_master(path, LIMITS)
    assert [(p["number"], p["directory"], p["width"]) for p in record["pages"]] == [
        (1, 0, 40),
        (2, 2, 25),
    ]
    assert record["pages"][1]["channels"] == 1
    assert record["pages"][1]["icc"]["description"] == "Grey gamma 2.2"
    assert record["pages"][1]["tags"]["XResolution"] == "600/1"
    assert record["set_aside"] == [{"directory": 1, "reason": "a reduced version", "lost": False}]
    assert record["infrared"] == []


def test_what_is_odd_becomes_a_warning(tmp_path: Path) -> None:
    pixels = corpus.codes(20, 25, 4)
    path = corpus.write_tiff(tmp_path / "a.tif", pixels, extra=["associated_alpha"], ppi=None)
    corpus.append_page(path, corpus.codes(20, 25, 1), icc=corpus.srgb_profile())
    assert inspect_master(path, LIMITS)["warnings"] == [
        "page 1: the resolution has no unit (ResolutionUnit 1); it is unknown",
        "page 1: no ICC profile: the colours of the scan are not defined",
        "page 1: the colours are premultiplied by the alpha channel; they are read as stored",
        "page 2: the ICC profile is for RGB and the picture is GRAY",
    ]


def test_damaged_metadata_does_not_lose_the_scan(tmp_path: Path) -> None:
    path = full(tmp_path / "m.tif")
    corpus.patch_tag(path, 34665, [path.stat().st_size + 1000])
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"\x1c\x02\x50", b"\x00\x02\x50").replace(b"acsp", b"gone"))
    record = inspect_master(path, LIMITS)
    assert record["exif"]["Image Software"] == "VueScan 9 x64 (9.8.32)"
    assert record["pages"][0]["icc"]["description"] == "unreadable"
    warnings = "\n".join(record["warnings"])
    assert "directory cannot be read" in warnings
    assert "the ICC profile cannot be read" in warnings
    assert "IPTC: 14 bytes are not data sets" in warnings


def test_an_exif_directory_that_points_to_itself_is_left(tmp_path: Path) -> None:
    path = full(tmp_path / "m.tif")
    first = int.from_bytes(path.read_bytes()[4:8], "little")
    corpus.patch_tag(path, 34665, [first])
    record = inspect_master(path, LIMITS)
    assert record["pages"][0]["width"] == 40
    json.dumps(record, allow_nan=False)


def test_iptc_inside_photoshop_resources_is_found(tmp_path: Path) -> None:
    block = corpus.iptc_block(IPTC)
    resources = b"8BIM\x03\xed\0\0" + (3).to_bytes(4, "big") + b"abc\0"
    resources += b"8BIM\x04\x04\0\0" + len(block).to_bytes(4, "big") + block
    tag = (34377, 1, len(resources), resources, True)
    path = corpus.write_tiff(tmp_path / "p.tif", corpus.codes(9, 9), tags=[tag])
    fields = inspect_master(path, LIMITS)["iptc"]["fields"]
    assert fields["2:05 Object Name"] == "Marktplatz, Südseite"


def test_large_tags_are_recorded_by_their_hash_and_never_held(tmp_path: Path) -> None:
    # Photoshop keeps its layers in tag 37724: larger than any limit, and no reason to refuse.
    layers = bytes(3_000_000)
    tag = (37724, 7, len(layers), layers, True)
    path = corpus.write_tiff(tmp_path / "l.tif", corpus.codes(9, 9), tags=[tag])
    limits = IngestSettings.model_validate({"max_tag_bytes": 1_000_000})
    assert inspect_master(path, limits)["tags"]["ImageSourceData"] == {
        "count": len(layers),
        "bytes": len(layers),
        "sha256": hashlib.sha256(layers).hexdigest(),
    }


def test_a_long_xmp_packet_is_cut_off_and_says_so(tmp_path: Path) -> None:
    packet = b"<x>" + b"a" * 400_000 + b"</x>"
    path = corpus.write_tiff(tmp_path / "x.tif", corpus.codes(9, 9), xmp=packet)
    xmp = inspect_master(path, LIMITS)["xmp"]
    assert xmp["sha256"] == hashlib.sha256(packet).hexdigest()
    assert (xmp["bytes"], len(xmp["text"]), xmp["complete"]) == (len(packet), 262144, False)


@pytest.mark.parametrize("kind", corpus.HOSTILE)
def test_hostile_files_are_problems_of_the_scan(tmp_path: Path, kind: str) -> None:
    make, reason = corpus.HOSTILE[kind]
    path = make(tmp_path / "hostile.tif")
    with pytest.raises(ScanError, match=reason) as caught:
        inspect_master(path, LIMITS)
    assert "\n" not in str(caught.value)


def test_a_damaged_second_page_is_a_problem_that_names_it(tmp_path: Path) -> None:
    path = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(9, 9))
    corpus.append_page(path, corpus.codes(9, 9))
    corpus.patch_tag(path, 273, [path.stat().st_size - 10], page=1)
    with pytest.raises(ScanError, match=r"m\.tif, page 2: expected at least \d+ bytes"):
        inspect_master(path, LIMITS)


def test_a_missing_master_is_a_problem_of_the_scan(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="nothing at this path"):
        inspect_master(tmp_path / "absent.tif", LIMITS)


def test_the_hash_is_taken_before_anything_else_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = full(tmp_path / "m.tif")
    reads: list[tuple[int, int]] = []
    plain = MasterFile.read

    def noted(file: MasterFile, offset: int, count: int) -> bytes:
        reads.append((offset, count))
        return plain(file, offset, count)

    monkeypatch.setattr(MasterFile, "read", noted)
    inspect_master(path, LIMITS)
    assert reads[0] == (0, path.stat().st_size)


def test_a_file_that_changes_while_it_is_read_is_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = full(tmp_path / "m.tif")
    plain = ingest._describe

    def meddling(*arguments: Any) -> Any:
        with path.open("ab") as file:
            file.write(b"more")
        return plain(*arguments)

    monkeypatch.setattr(ingest, "_describe", meddling)
    with pytest.raises(CircumstanceError, match="copied completely"):
        inspect_master(path, LIMITS)


def test_hash_file_reads_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "HASH_CHUNK", 1000)
    content = np.random.default_rng(3).bytes(12_345)
    path = tmp_path / "any.bin"
    path.write_bytes(content)
    assert hash_file(path) == (hashlib.sha256(content).hexdigest(), 12_345)


def test_inspecting_leaves_the_master_as_it_was(tmp_path: Path) -> None:
    path = full(tmp_path / "m.tif")
    path.chmod(0o400)
    before = path.read_bytes(), path.stat().st_mtime_ns
    inspect_master(path, LIMITS)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


@pytest.mark.parametrize("name", corpus.PROFILES)
def test_the_profiles_of_the_corpus_are_sound(name: str) -> None:
    """Little CMS takes them, and their colorants add up to the D50 of the specification."""
    import imagecodecs

    data = corpus.PROFILES[name]()
    assert data == corpus.PROFILES[name]()
    assert imagecodecs.cms_profile_validate(data) is None
    profile = parse_profile(data)
    assert profile.space == ("GRAY" if name == "grey" else "RGB")
    if name != "grey":
        colorants = [np.frombuffer(profile.tags[f"{c}XYZ"][8:20], ">i4") for c in "rgb"]
        np.testing.assert_array_equal(np.sum(colorants, axis=0), [63190, 65536, 54061])


def test_adobe_rgb_has_the_published_colorants() -> None:
    """Adobe RGB (1998) Color Image Encoding, section 4.3.5.3, to its five digits."""
    profile = parse_profile(corpus.adobe_rgb_profile())
    found = [np.frombuffer(profile.tags[f"{c}XYZ"][8:20], ">i4") / 65536 for c in "rgb"]
    published = [
        [0.60974, 0.20528, 0.14919],
        [0.31111, 0.62567, 0.06322],
        [0.01947, 0.06087, 0.74457],
    ]
    np.testing.assert_allclose(np.transpose(found), published, atol=2e-5)


@pytest.mark.parametrize(
    ("photometric", "code", "name", "channels"),
    [("separated", 5, "CMYK", 4), ("cielab", 8, r"CIE L\*a\*b\*", 3),
     ("icclab", 9, r"ICC L\*a\*b\*", 3), ("itulab", 10, r"ITU L\*a\*b\*", 3)],
)  # fmt: skip
def test_other_colour_models_are_refused_with_the_profile_to_convert_from(
    tmp_path, photometric, code, name, channels
):
    pixels = corpus.codes(9, 9, channels, 8)
    profile = corpus.PROFILES["wide gamut"]()
    for icc, said in ((profile, "ICC profile 'Wide Gamut RGB compatible'"), (None, "no ICC")):
        path = corpus.write_tiff(tmp_path / "m.tif", pixels, photometric=photometric, icc=icc)
        with pytest.raises(
            ScanError, match=rf"found {name} \(photometric {code}, {said}"
        ) as caught:
            inspect_master(path, LIMITS)
        assert "convert it to 8- or 16-bit grey or RGB with its profile" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("channels", "at", "raw", "said"),
    [
        (3, 16, b"CMYK", "for CMYK"),
        (3, 16, b"Lab ", "for Lab"),
        (1, 16, b"RGB ", "for RGB"),
        (3, 16, b"GRAY", "for GRAY"),
        (3, 12, b"link", "a device link"),
        (3, 12, b"nmcl", "of named colours"),
        (3, 12, b"abst", "abstract"),
        (3, 20, b"Luv ", "connection space 'Luv'"),
    ],
)
def test_profiles_of_the_wrong_kind_are_warned_of(tmp_path, channels, at, raw, said):
    profile = corpus.PROFILES["sRGB"]()
    profile = profile[:at] + raw + profile[at + len(raw) :]
    path = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(9, 9, channels), icc=profile)
    assert any(said in text for text in inspect_master(path, LIMITS)["warnings"])


def test_strips_that_are_all_the_same_bytes_do_not_make_a_large_scan(tmp_path: Path) -> None:
    path = corpus.one_strip_for_all(tmp_path / "m.tif")
    assert path.stat().st_size < 20_000
    with pytest.raises(ScanError, match="strips or tiles that lie beside each other"):
        inspect_master(path, LIMITS)


def test_data_sets_without_end_are_listed_so_far(tmp_path: Path) -> None:
    block = b"\x1c\x02\x19\0\x01k" * 10_000
    path = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(9, 9), iptc=block)
    record = inspect_master(path, LIMITS)
    assert len(record["iptc"]["fields"]["2:25 Keywords"]) == 4096
    assert "come after 4096 data sets" in "\n".join(record["warnings"])


def test_exif_of_a_thousand_long_tags_is_shown_in_part(tmp_path: Path) -> None:
    numbers = bytes(60_000)
    values = {40_000 + n: numbers for n in range(60)} | {36867: "1998:05:17 10:20:30"}
    path = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(9, 9), exif=values)
    exif = inspect_master(path, LIMITS)["exif"]
    assert exif["EXIF DateTimeOriginal"] == "1998:05:17 10:20:30"
    assert len(exif) < 40


@pytest.mark.parametrize("pair", [(1, 2**32 - 1), (2**32 - 1, 1), (0, 0)])
def test_a_resolution_that_no_scan_has_is_unknown(tmp_path: Path, pair: tuple[int, int]) -> None:
    path = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(9, 9))
    for code in (282, 283):
        with tifffile.TiffFile(path) as tif:
            place = tif.pages[0].tags[code].valueoffset
        raw = bytearray(path.read_bytes())
        raw[place : place + 8] = struct.pack("<II", *pair)
        path.write_bytes(raw)
    record = inspect_master(path, LIMITS)
    assert record["pages"][0]["ppi"] is None
    assert "zero or damaged" in "\n".join(record["warnings"])
