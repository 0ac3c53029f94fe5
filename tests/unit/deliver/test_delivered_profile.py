"""Delivery in another colour profile: values, profile, tags, XMP and record all say the same."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import tifffile

from restoration.deliver.deliver_scan import PageToDeliver
from restoration.errors import ConfigError, ScanError
from restoration.ingest.inspect_master import inspect_master
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import ROOT
from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    grey_srgb_profile,
    srgb_profile,
    wide_gamut_profile,
)
from restoration.raster.colour.profile_conversion import ProfileConversion
from restoration.raster.tiff.page import open_page
from support import corpus
from support.delivery_by_hand import LIMITS, all_codes, hand_over, result_of
from support.profile_samples import lut_profile, retagged

COLOUR_XMP = corpus.XMP.replace(
    b"<dc:source>",
    b'<e:ColorSpace xmlns:e="http://ns.adobe.com/exif/1.0/">1</e:ColorSpace><p:ICCProfile '
    b'xmlns:p="http://ns.adobe.com/photoshop/1.0/">Adobe RGB (1998)</p:ICCProfile><dc:source>',
)
WHITE_POINT = (318, 5, 2, (3127, 10000, 329, 1000), True)


def converted(codes, source, target, bits=16, intent="relative"):
    return ProfileConversion(source, target, codes.shape[2], intent).convert(codes, bits)


def file_of(tmp_path, profile, name="target.icc"):
    path = tmp_path / name
    path.write_bytes(profile)
    return str(path)


def colour_space_tag(path):
    with tifffile.TiffFile(path) as tif:
        return tif.pages[0].tags[34665].value["ColorSpace"]


def test_adobe_rgb_is_delivered_in_srgb_and_everything_says_so(tmp_path):
    pixels = corpus.codes(300, 90)
    master = corpus.write_tiff(
        tmp_path / "m.tif", pixels, icc=adobe_rgb_profile(), exif=corpus.EXIF, xmp=COLOUR_XMP,
        tags=[WHITE_POINT],
    )  # fmt: skip
    output, record = hand_over(tmp_path, master, profile="sRGB")
    expected, outside = converted(pixels, adobe_rgb_profile(), srgb_profile())
    assert np.array_equal(all_codes(output), expected)
    page = record["pages"][0]
    assert page["profile"] == {
        "master": "Adobe RGB (1998) compatible",
        "deliverable": "sRGB IEC61966-2.1 compatible",
        "sha256": inspect_master(output, LIMITS)["pages"][0]["icc"]["sha256"],
        "assumed": False,
        "warning": None,
        "converted": True,
        "intent": "relative",
        "black_point_compensation": True,
        "share_clipped": outside / pixels[..., 0].size,
    }
    text = (
        "ICC profile: Adobe RGB (1998) compatible to sRGB IEC61966-2.1 compatible, relative "
        "colorimetric with black-point compensation"
    )
    assert page["conversions"] == [text]
    assert any("318" in line for line in page["not_carried"])
    xmp = inspect_master(output, LIMITS)["xmp"]["text"]
    assert text in xmp
    assert "<photoshop:ICCProfile>sRGB IEC61966-2.1 compatible</photoshop:ICCProfile>" in xmp
    with open_page(output) as found:
        assert found.profile == srgb_profile()
        assert 318 not in found.directory.entries


@pytest.mark.parametrize(
    ("make", "stated"), [(srgb_profile, 1), (wide_gamut_profile, 65535)], ids=["sRGB", "other"]
)
def test_exif_colour_space_does_not_lie(tmp_path, make, stated):
    exif = {**corpus.EXIF, 40961: 65535 if stated == 1 else 1}
    master = corpus.write_tiff(
        tmp_path / "m.tif", corpus.codes(20, 20), icc=adobe_rgb_profile(), exif=exif, xmp=COLOUR_XMP
    )
    output, _ = hand_over(tmp_path, master)
    assert colour_space_tag(output) == exif[40961], "kept as it is where nothing is converted"
    output, _ = hand_over(tmp_path, master, profile=file_of(tmp_path, make()))
    assert colour_space_tag(output) == stated
    xmp = inspect_master(output, LIMITS)["xmp"]["text"]
    assert f"<exif:ColorSpace>{stated}</exif:ColorSpace>" in xmp


def test_8_bit_master_is_rounded_once(tmp_path):
    pixels = corpus.codes(40, 40, bits=8)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, icc=adobe_rgb_profile())
    output, _ = hand_over(tmp_path, master, profile="sRGB")
    expected, _ = converted(pixels.astype(np.uint16) * 257, adobe_rgb_profile(), srgb_profile(), 8)
    assert np.array_equal(tifffile.imread(output), expected // 257)
    # A 16-bit result of the stages for an 8-bit master: from its 16 bits, not from 8 of them.
    fine = corpus.codes(40, 40, seed=4)
    page = [deliver_page(tmp_path, fine)]
    output, _ = hand_over(tmp_path, master, page, profile="sRGB")
    expected, _ = converted(fine, adobe_rgb_profile(), srgb_profile(), 8)
    assert np.array_equal(tifffile.imread(output), expected // 257)


def deliver_page(tmp_path, pixels):
    return PageToDeliver(1, result_of(tmp_path, pixels), None)


def test_profile_that_is_there_already_changes_nothing(tmp_path):
    pixels = corpus.codes(30, 30)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, icc=srgb_profile())
    output, record = hand_over(tmp_path, master, profile="sRGB")
    assert np.array_equal(all_codes(output), pixels)
    assert record["pages"][0]["conversions"] == []
    assert not record["pages"][0]["profile"]["converted"]


@pytest.mark.parametrize("icc", [None, srgb_profile()[:-9]], ids=["none", "damaged"])
def test_untagged_scans_are_taken_for_srgb_and_it_is_said(tmp_path, icc):
    pixels = corpus.codes(30, 30)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, icc=icc)
    output, record = hand_over(tmp_path, master, profile="sRGB")
    assert np.array_equal(all_codes(output), pixels)
    assert "taken for sRGB" in record["pages"][0]["conversions"][0]
    with open_page(output) as page:
        assert page.profile == srgb_profile()
    path = file_of(tmp_path, wide_gamut_profile())
    output, record = hand_over(tmp_path, master, profile=path)
    expected, _ = converted(pixels, srgb_profile(), wide_gamut_profile())
    assert np.array_equal(all_codes(output), expected)
    assert record["pages"][0]["profile"]["assumed"]
    assert "assumed" in record["pages"][0]["profile"]["warning"]


def test_grey_stays_grey(tmp_path):
    pixels = corpus.codes(30, 30, 1)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, icc=grey_gamma_profile(1.8))
    output, record = hand_over(tmp_path, master, profile="sRGB")
    expected, _ = converted(pixels, grey_gamma_profile(1.8), grey_srgb_profile())
    assert np.array_equal(all_codes(output), expected)
    assert record["pages"][0]["profile"]["share_clipped"] == 0.0
    with open_page(output) as page:
        assert page.profile == grey_srgb_profile()


@pytest.mark.parametrize(
    ("channels", "target", "picture"),
    [(1, adobe_rgb_profile(), "grey"), (3, grey_gamma_profile(), "RGB")],
)
def test_profile_of_the_other_kind_is_a_problem_of_the_scan(tmp_path, channels, target, picture):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(8, 8, channels))
    with pytest.raises(ScanError, match=f"m.tif: .*expected a profile for {picture}") as caught:
        hand_over(tmp_path, master, profile=file_of(tmp_path, target))
    assert "\n" not in str(caught.value)


def test_every_page_is_converted_from_its_own_profile(tmp_path):
    pages = [corpus.codes(20, 30), corpus.codes(25, 10, 1), corpus.codes(12, 12, 3, 8)]
    master = corpus.write_tiff(tmp_path / "m.tif", pages[0], icc=adobe_rgb_profile())
    corpus.append_page(master, pages[1], icc=grey_gamma_profile())
    corpus.append_page(master, pages[2], icc=wide_gamut_profile())
    output, record = hand_over(tmp_path, master, profile="sRGB")
    own = [adobe_rgb_profile(), grey_gamma_profile(), wide_gamut_profile()]
    new = [srgb_profile(), grey_srgb_profile(), srgb_profile()]
    for number, (pixels, source, target) in enumerate(zip(pages, own, new, strict=True), 1):
        bits = pixels.dtype.itemsize * 8
        codes = pixels.astype(np.uint16) * (257 if bits == 8 else 1)
        assert np.array_equal(all_codes(output, number), converted(codes, source, target, bits)[0])
    assert [page["profile"]["converted"] for page in record["pages"]] == [True] * 3


def test_table_profile_of_the_master_and_the_absolute_intent(tmp_path):
    pixels = corpus.codes(20, 20)
    master = corpus.write_tiff(tmp_path / "m.tif", pixels, icc=lut_profile(black=0.01))
    output, record = hand_over(tmp_path, master, profile="sRGB", intent="absolute")
    expected, _ = converted(pixels, lut_profile(black=0.01), srgb_profile(), intent="absolute")
    assert np.array_equal(all_codes(output), expected)
    assert not record["pages"][0]["profile"]["black_point_compensation"]
    assert record["pages"][0]["conversions"][0].endswith("absolute colorimetric")


def test_two_conversions_are_the_same_bytes(tmp_path):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(600, 200), icc=adobe_rgb_profile())
    output, _ = hand_over(tmp_path, master, profile="sRGB")
    first = output.read_bytes()
    assert hand_over(tmp_path, master, profile="sRGB")[0].read_bytes() == first


def test_memory_of_a_conversion_does_not_grow_with_the_scan(tmp_path):
    """Beyond what delivery takes anyway: a few pieces of a band, however tall the scan is."""
    path, more = file_of(tmp_path, wide_gamut_profile()), []
    for height in (768, 1536):
        master = corpus.write_large(tmp_path / "m.tif", height, 1200)
        peaks = []
        for profile in ("keep", path):
            tracemalloc.start()
            hand_over(tmp_path, master, profile=profile)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        more.append(peaks[1] - peaks[0])
    assert max(more) < 30e6
    assert more[1] - more[0] < 2e6


# -- the plan ----------------------------------------------------------------------------------


def plan_with(tmp_path, profile):
    master = corpus.write_tiff(tmp_path / "m.tif", corpus.codes(8, 8))
    (tmp_path / "scans.tsv").write_text(f"scan\tpath\nscan\t{master}\n")
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipes": {"archive": {"stages": {}, "deliver": {"profile": str(profile)}}},
            "device": "cpu",
        }
    )


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (None, "is missing"),
        (b"", "is no ICC profile"),
        (b"text" * 100, "is no ICC profile"),
        (srgb_profile()[:-10], "is truncated"),
        (srgb_profile()[:140], "is truncated"),
        (retagged(srgb_profile(), 16, b"CMYK"), "is for CMYK"),
        (retagged(srgb_profile(), 12, b"link"), "of class 'link'"),
        (lut_profile(), "knows no way from colours to its values"),
    ],
)
def test_file_that_cannot_be_used_stops_the_plan(tmp_path, profile, reason):
    path = tmp_path / "target.icc"
    if profile is not None:
        path.write_bytes(profile)
    with pytest.raises(ConfigError, match=reason) as caught:
        plan_with(tmp_path, path)
    assert str(caught.value).startswith(f"config: recipes.archive.deliver.profile: '{path}' ")
    assert "\n" not in str(caught.value)


def test_neither_known_nor_a_file_of_a_profile(tmp_path):
    with pytest.raises(ConfigError, match=r"recipes\.archive\.deliver\.profile: expected keep"):
        plan_with(tmp_path, "srgb")


def test_other_bytes_in_the_file_are_another_delivery_and_nothing_else(tmp_path):
    path = file_of(tmp_path, srgb_profile())
    first = plan_with(tmp_path, path)
    file_of(tmp_path, wide_gamut_profile())
    second = plan_with(tmp_path, path)
    (batch,) = first.batches("archive")
    assert first.digest("archive", "deliver", batch) != second.digest("archive", "deliver", batch)
    assert first.digest(None, "examine", batch) == second.digest(None, "examine", batch)
    known = [plan.dependencies.outgoing_profile("archive", "deliver") for plan in (first, second)]
    assert len(set(known)) == 2
    assert first.dependencies.outgoing_profile("archive", "upscale") is None


def test_planning_loads_no_numpy():
    code = "import sys, restoration.plan.plan; assert 'numpy' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT / "scripts")}
    )
