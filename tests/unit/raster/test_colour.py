"""Colours of a scan go to sRGB and back without loss, whatever profile it carries."""

import struct
import tracemalloc

import numpy as np
import pytest

from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    srgb_profile,
    wide_gamut_profile,
)
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.icc import ProfileError, parse_profile
from support.profile_samples import KINDS, colour_cube, differences, lut_profile, retagged

HALF_CODE = 0.5 / 65535


def cube(steps=17):
    axis = np.linspace(0, 1, steps)
    grid = np.stack(np.meshgrid(axis, axis, axis), -1)
    return grid.reshape(steps, -1, 3).astype(np.float32)


def dark_and_saturated():
    codes = [0, 1, 2, 5, 20, 100, 1000, 2000, 2048, 40000, 65534, 65535]
    grid = np.stack(np.meshgrid(codes, codes, codes), -1).reshape(12, -1, 3)
    return (grid / 65535).astype(np.float32)


def test_srgb_profile_is_the_identity():
    space = ColourSpace.from_profile(srgb_profile(), 3)
    assert not space.assumed
    assert np.abs(space.to_srgb(cube()) - cube()).max() <= 1e-5


@pytest.mark.parametrize("make", [adobe_rgb_profile, wide_gamut_profile])
@pytest.mark.parametrize("sample", [cube, dark_and_saturated])
def test_there_and_back_within_half_a_code(make, sample):
    space = ColourSpace.from_profile(make(), 3)
    pixels = sample()
    assert np.abs(space.from_srgb(space.to_srgb(pixels)) - pixels).max() <= HALF_CODE


def test_adobe_green_lies_outside_srgb_and_survives():
    space = ColourSpace.from_profile(adobe_rgb_profile(), 3)
    green = np.array([[[0.0, 1.0, 0.0]]], np.float32)
    encoded = space.to_srgb(green)
    # Linear sRGB of Adobe RGB's green is (-0.398, 1, -0.043), the matrix known from both standards.
    assert encoded[0, 0, 0] == pytest.approx(-0.664, abs=2e-3)
    assert encoded[0, 0, 2] == pytest.approx(-0.229, abs=2e-3)
    assert np.abs(space.from_srgb(encoded) - green).max() <= HALF_CODE


def test_neutral_stays_neutral_and_luminance_is_that_of_the_tone_curve():
    space = ColourSpace.from_profile(adobe_rgb_profile(), 3)
    grey = np.repeat(np.linspace(0, 1, 101, dtype=np.float32)[:, None, None], 3, axis=2)
    encoded = space.to_srgb(grey)
    assert np.ptp(encoded, axis=2).max() <= 2e-4
    above_the_toe = grey[5:, :, 0]
    expected = above_the_toe ** (563 / 256)
    assert np.abs(space.to_linear_y(grey)[5:] - expected).max() <= 1e-4


def test_agrees_with_littlecms():
    imagecodecs = pytest.importorskip("imagecodecs")
    pixels = cube(9)
    theirs = imagecodecs.cms_transform(
        pixels, adobe_rgb_profile(), srgb_profile(), colorspace="RGB", outcolorspace="RGB",
        outdtype="float32", intent=1, flags=0x0100 | 0x0040,
    )  # fmt: skip
    ours = ColourSpace.from_profile(adobe_rgb_profile(), 3).to_srgb(pixels)
    inside = (ours > 0.02).all(axis=2) & (ours < 0.98).all(axis=2)
    assert inside.sum() > 100
    assert np.abs(ours - theirs)[inside].max() <= 0.5 / 255


def test_grey_profile_there_and_back_and_equal_channels():
    space = ColourSpace.from_profile(grey_gamma_profile(2.2), 1)
    pixels = np.linspace(0, 1, 65536, dtype=np.float32).reshape(256, 256, 1)
    encoded = space.to_srgb(pixels)
    assert encoded.shape == (256, 256, 3)
    assert np.array_equal(encoded[..., 0], encoded[..., 2])
    assert np.abs(space.from_srgb(encoded) - pixels).max() <= HALF_CODE


def test_grey_answer_is_the_mean_of_three_channels():
    space = ColourSpace.from_profile(None, 1)
    answer = np.array([[[0.2, 0.4, 0.6]]], np.float32)
    assert space.from_srgb(answer)[0, 0, 0] == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_profile_srgb_is_assumed_and_said(channels):
    space = ColourSpace.from_profile(None, channels)
    assert space.assumed
    assert "assumed" in str(space.warning)
    pixels = np.random.default_rng(1).random((4, 4, channels), np.float32)
    assert np.array_equal(space.to_srgb(pixels)[..., :1], pixels[..., :1])


def _singular(profile):
    """The colourants of green replaced by those of red."""
    return profile.replace(b"gXYZ" + profile.split(b"gXYZ")[1][:8],
                           b"gXYZ" + profile.split(b"rXYZ")[1][:8])  # fmt: skip


HOSTILE = {
    "empty": b"",
    "text": b"not a profile" * 20,
    "truncated": srgb_profile()[:-100],
    "header only": srgb_profile()[:128],
    "100 MB declared": retagged(srgb_profile(), 0, struct.pack(">I", 100_000_000)),
    "cmyk": retagged(srgb_profile(), 16, b"CMYK"),
    "lab": retagged(srgb_profile(), 16, b"Lab "),
    "grey": grey_gamma_profile(),
    "tag count": retagged(srgb_profile(), 128, b"\xff\xff\xff\xff"),
    "tag offset": retagged(srgb_profile(), 136, b"\xff\xff\xff\xf0"),
    "device link": retagged(srgb_profile(), 20, b"RGB "),
    "device link by class": retagged(srgb_profile(), 12, b"link"),
    "named colours": retagged(srgb_profile(), 12, b"nmcl"),
    "abstract": retagged(retagged(srgb_profile(), 12, b"abst"), 16, b"Lab "),
    "matrix towards Lab": retagged(srgb_profile(), 20, b"Lab "),
    "unknown connection space": retagged(srgb_profile(), 20, b"Luv "),
    "tag twice": retagged(srgb_profile(), 132, srgb_profile()[144:148]),
    "singular": _singular(srgb_profile()),
    "black white": adobe_rgb_profile().replace(b"XYZ \0\0\0\0", b"XYZ \0\0\0\0" + bytes(12))[
        : len(adobe_rgb_profile())
    ],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_unusable_profiles_are_assumed_srgb_and_never_an_exception(name):
    space = ColourSpace.from_profile(HOSTILE[name], 3)
    assert space.assumed
    assert "cannot be used" in str(space.warning)


def _with_curve(curve):
    """An RGB profile whose three tone curves are replaced by ``curve``, appended at its end."""
    data = bytearray(srgb_profile())
    (count,) = struct.unpack_from(">I", data, 128)
    for index in range(count):
        at = 132 + 12 * index
        if data[at : at + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            struct.pack_into(">II", data, at + 4, len(data), len(curve))
    data += curve
    struct.pack_into(">I", data, 0, len(data))
    return bytes(data)


@pytest.mark.parametrize(
    "curve",
    [
        b"curv" + bytes(4) + struct.pack(">I", 0xFFFFFFF0),
        b"curv" + bytes(4) + struct.pack(">I4H", 4, 65535, 40000, 20000, 0),
        b"curv" + bytes(4) + struct.pack(">I4H", 4, 7, 7, 7, 7),
        b"curv" + bytes(4) + struct.pack(">IH", 1, 0),
        b"para" + bytes(4) + struct.pack(">HHi", 9, 0, 65536),
        b"para" + bytes(4) + struct.pack(">HH2i", 3, 0, 65536, 65536),
        b"junk" + bytes(8),
        b"",
    ],
    ids=["count", "falling", "flat", "exponent 0", "type 9", "cut short", "unknown", "empty"],
)
def test_unusable_tone_curves(curve):
    assert ColourSpace.from_profile(_with_curve(curve), 3).assumed


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (0, [2.2]),
        (1, [2.2, 0.9, 0.1]),
        (2, [2.2, 0.9, 0.1, 0.0]),
        (3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]),
        (4, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0.01, 0.01]),
    ],
)
def test_parametric_curves_of_version_4(kind, numbers):
    fixed = [round(number * 65536) for number in numbers]
    curve = b"para" + bytes(4) + struct.pack(f">HH{len(fixed)}i", kind, 0, *fixed)
    space = ColourSpace.from_profile(_with_curve(curve), 3)
    assert not space.assumed
    assert np.abs(space.from_srgb(space.to_srgb(cube())) - cube()).max() <= HALF_CODE
    if kind == 3:
        assert np.abs(space.to_srgb(cube()) - cube()).max() <= 1e-5


def test_values_outside_the_range_survive():
    space = ColourSpace.from_profile(adobe_rgb_profile(), 3)
    pixels = np.linspace(-0.3, 1.3, 60, dtype=np.float32).reshape(4, 5, 3)
    assert np.abs(space.from_srgb(space.to_srgb(pixels)) - pixels).max() <= 1e-4


def test_windows_do_not_change_a_bit():
    space = ColourSpace.from_profile(adobe_rgb_profile(), 3)
    pixels = np.random.default_rng(2).random((150, 130, 3), np.float32)
    whole = space.to_srgb(pixels)
    assert np.array_equal(whole[37:90, 11:70], space.to_srgb(pixels[37:90, 11:70]))


def test_table_profile_there_and_back():
    space = ColourSpace.from_profile(lut_profile(), 3)
    assert not space.assumed
    assert space.warning is None
    pixels = cube(7)
    encoded = space.to_srgb(pixels)
    assert np.abs(encoded - pixels).max() > 0.05, "the profile must be looked at"
    # LittleCMS looks 16-bit tables up in 16-bit arithmetic: 0.1/255 is what it can hold.
    assert np.abs(space.from_srgb(encoded) - pixels).max() <= 0.1 / 255


def test_damaged_table_is_assumed():
    profile = bytearray(lut_profile())
    profile[132 + 24 + 8 + 2] = 0
    at = bytes(profile).index(b"mft2")
    profile[at : at + 4] = b"mft9"
    space = ColourSpace.from_profile(bytes(profile), 3)
    assert space.assumed
    assert space.warning is not None


def test_tags_that_overlap_do_not_fill_the_memory():
    data = bytearray(srgb_profile() + bytes(4 * 2**20))
    entries = b"".join(struct.pack(">4sII", b"x%03d" % n, n, len(data) - 999) for n in range(256))
    data[128 : 132 + len(entries)] = struct.pack(">I", 256) + entries
    data[:4] = struct.pack(">I", len(data))
    tracemalloc.start()
    space = ColourSpace.from_profile(bytes(data), 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "overlap" in str(space.warning)
    assert peak < 8 * len(data)


def test_tags_may_share_their_bytes():
    assert not ColourSpace.from_profile(srgb_profile(), 3).assumed


@pytest.mark.parametrize("kind", KINDS)
def test_what_networks_see_comes_back_within_the_eye_and_the_code(kind):
    make, channels = KINDS[kind]
    profile = make()
    space = ColourSpace.from_profile(profile, channels)
    codes = colour_cube(channels)
    seen = space.to_srgb((codes / 65535).astype(np.float32))
    back = np.rint(np.clip(space.from_srgb(seen), 0, 1) * 65535).astype(np.uint16)
    difference = differences(profile, codes, back)
    assert difference.mean() <= 0.01
    assert difference.max() <= 0.1
    # Only a table, which LittleCMS reads in 16-bit arithmetic, costs more than one code.
    assert np.abs(back.astype(int) - codes).max() <= (26 if kind == "table" else 1)


def test_profile_parts():
    profile = parse_profile(adobe_rgb_profile())
    assert (profile.space, profile.pcs, profile.version) == ("RGB", "XYZ", 2)
    assert "Adobe RGB" in profile.description
    with pytest.raises(ProfileError, match="truncated"):
        parse_profile(adobe_rgb_profile()[:-8])
