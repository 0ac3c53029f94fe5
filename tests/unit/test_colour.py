"""Colours of a scan go to sRGB and back without loss, whatever profile it carries."""

import struct

import numpy as np
import pytest

from restoration.raster.colour import ColourSpace
from restoration.raster.icc import ProfileError, parse_profile
from restoration.raster.profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    srgb_profile,
    wide_gamut_profile,
)

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


def _retagged(profile, **changes):
    data = bytearray(profile)
    for offset, raw in changes.values():
        data[offset : offset + len(raw)] = raw
    return bytes(data)


HOSTILE = {
    "empty": b"",
    "text": b"not a profile" * 20,
    "truncated": srgb_profile()[:-100],
    "header only": srgb_profile()[:128],
    "cmyk": _retagged(srgb_profile(), space=(16, b"CMYK")),
    "grey": grey_gamma_profile(),
    "tag count": _retagged(srgb_profile(), count=(128, b"\xff\xff\xff\xff")),
    "tag offset": _retagged(srgb_profile(), offset=(136, b"\xff\xff\xff\xf0")),
    "device link": _retagged(srgb_profile(), pcs=(20, b"RGB ")),
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


def lut_profile(grid=9, crosstalk=1.0):
    """A scanner profile that is a table towards Lab (lut16Type), with cross-talk of its filters."""
    axis = np.linspace(0, 1, grid)
    linear = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1) ** 2.0
    bend = 0.06 * np.sin(np.pi * linear) * np.roll(linear, 1, -1) * (1 - linear)
    linear = linear + crosstalk * bend
    mix = np.array([[0.9, 0.06, 0.04], [0.05, 0.9, 0.05], [0.03, 0.07, 0.9]])
    mix = np.eye(3) + crosstalk * (mix - np.eye(3))
    primaries = np.array(
        [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]
    )
    to_xyz = primaries @ mix
    ratio = linear @ (to_xyz / to_xyz.sum(axis=1, keepdims=True)).T
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    lab = [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])]
    codes = np.stack([lab[0] / 100 * 65280, (lab[1] + 128) * 256, (lab[2] + 128) * 256], -1)
    table = np.clip(np.rint(codes), 0, 65535).astype(">u2").tobytes()
    ends = np.array([0, 65535], ">u2").tobytes()
    unit = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft2" + bytes(4) + bytes([3, 3, grid, 0]) + unit + struct.pack(">HH", 2, 2)
    lut += ends * 3 + table + ends * 3
    tags = {b"A2B0": lut, b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    head, body = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for name, content in tags.items():
        head += struct.pack(">4sII", name, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    white = struct.pack(">3i", 63190, 65536, 54061)
    kinds = struct.pack(">4sI4s4s4s", bytes(4), 0x02400000, b"scnr", b"RGB ", b"Lab ")
    header = struct.pack(">I", start + len(body)) + kinds + bytes(12) + b"acsp" + bytes(28) + white
    return header.ljust(128, b"\0") + head + body


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


def test_profile_parts():
    profile = parse_profile(adobe_rgb_profile())
    assert (profile.space, profile.pcs, profile.version) == ("RGB", "XYZ", 2)
    assert "Adobe RGB" in profile.description
    with pytest.raises(ProfileError, match="truncated"):
        parse_profile(adobe_rgb_profile()[:-8])
