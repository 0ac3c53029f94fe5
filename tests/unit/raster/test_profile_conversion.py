"""Rows are converted between profiles to the code, whatever their number and the threads'."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.raster.colour import profile_conversion
from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    grey_srgb_profile,
    srgb_profile,
    wide_gamut_profile,
)
from restoration.raster.colour.icc import ProfileError
from restoration.raster.colour.profile_conversion import ProfileConversion
from support.profile_samples import (
    by_the_book,
    colour_cube,
    differences,
    lab,
    lut_profile,
    retagged,
)

MATRICES = {
    "sRGB": srgb_profile,
    "Adobe RGB": adobe_rgb_profile,
    "wide gamut": wide_gamut_profile,
}


def there_and_back(one, other, codes, channels=3):
    there, _ = ProfileConversion(one, other, channels, "relative").convert(codes, 16)
    back, _ = ProfileConversion(other, one, channels, "relative").convert(there, 16)
    return back


@pytest.mark.parametrize("source", MATRICES)
@pytest.mark.parametrize("target", MATRICES)
def test_matrix_profiles_are_converted_to_the_code(source, target):
    one, other = MATRICES[source](), MATRICES[target]()
    codes = colour_cube(3)
    found, _ = ProfileConversion(one, other, 3, "relative").convert(codes, 16)
    expected = by_the_book(one, other, codes)
    # Half a code is the rounding; the rest is float32.
    assert np.abs(found - expected).max() <= 0.75


@pytest.mark.parametrize("target", ["Adobe RGB", "wide gamut"])
def test_srgb_there_and_back_at_16_bits(target):
    cube, ramp = colour_cube(3, 33), np.repeat(colour_cube(1), 3, axis=2)
    back = there_and_back(srgb_profile(), MATRICES[target](), ramp)
    assert np.abs(back.astype(int) - ramp).max() <= 1
    back = there_and_back(srgb_profile(), MATRICES[target](), cube)
    # What is left is the rounding to 16 bits in between, where one code is up to 30 of the other.
    assert np.abs(back.astype(int) - cube).max() <= 30
    difference = differences(srgb_profile(), cube, back)
    assert difference.mean() <= 0.01
    assert difference.max() <= 0.1


def test_every_code_of_grey_there_and_back():
    codes = colour_cube(1)
    back = there_and_back(grey_gamma_profile(1.8), grey_srgb_profile(), codes, 1)
    difference = differences(grey_gamma_profile(1.8), codes, back)
    assert difference.max() <= 0.05
    assert np.abs(back.astype(int) - codes)[codes > 2000].max() <= 1


def test_table_profile_is_converted_as_it_looks():
    codes = colour_cube(3, 9)
    found, outside = ProfileConversion(lut_profile(), srgb_profile(), 3, "relative").convert(
        codes, 16
    )
    inside = ((found > 0) & (found < 65535)).all(axis=2).ravel()
    assert inside.sum() > 100
    before, after = lab(lut_profile(), codes)[inside], lab(srgb_profile(), found)[inside]
    assert np.abs(before - after).max() <= 0.05
    assert outside == 0


@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("threads", [1, 3])
def test_bands_pieces_and_threads_change_no_code(monkeypatch, rows, threads):
    codes = np.random.default_rng(1).integers(0, 65536, (64, 90, 3), dtype=np.uint16)
    conversion = ProfileConversion(adobe_rgb_profile(), srgb_profile(), 3, "relative")
    whole, outside = conversion.convert(codes, 16)
    monkeypatch.setattr(profile_conversion, "PIECE", 1000)
    monkeypatch.setattr(profile_conversion, "WORKERS", threads)
    parts = [conversion.convert(codes[top : top + rows], 16) for top in range(0, 64, rows)]
    assert np.array_equal(np.concatenate([part for part, _ in parts]), whole)
    assert sum(found for _, found in parts) == outside


def test_neutral_stays_neutral_and_white_white():
    ramp = np.repeat(colour_cube(1), 3, axis=2)
    for make in (adobe_rgb_profile, wide_gamut_profile):
        found, outside = ProfileConversion(make(), srgb_profile(), 3, "relative").convert(ramp, 16)
        assert np.ptp(found.astype(int), axis=2).max() <= 1
        assert found[0, 0].tolist() == [0, 0, 0]
        assert found[-1, -1].tolist() == [65535, 65535, 65535]
        assert outside == 0, "paper white is no clipped colour"


def test_8_bits_are_rounded_once():
    codes = (np.random.default_rng(2).integers(0, 256, (40, 50, 3)) * 257).astype(np.uint16)
    conversion = ProfileConversion(adobe_rgb_profile(), srgb_profile(), 3, "relative")
    found, _ = conversion.convert(codes, 8)
    assert np.array_equal(found % 257, np.zeros_like(found))
    exact = by_the_book(adobe_rgb_profile(), srgb_profile(), codes) / 257
    assert np.abs(found / 257 - exact).max() <= 0.51


def test_pixels_outside_the_new_space_are_counted():
    codes = np.full((10, 10, 3), 30000, np.uint16)
    codes[:3, 0] = [0, 65535, 0]
    conversion = ProfileConversion(adobe_rgb_profile(), srgb_profile(), 3, "relative")
    found, outside = conversion.convert(codes, 16)
    assert outside == 3
    assert found[0, 0].tolist()[1] == 65535
    assert found[0, 0].tolist()[0] == 0
    wider = ProfileConversion(srgb_profile(), wide_gamut_profile(), 3, "relative")
    assert wider.convert(codes, 16)[1] == 0


def test_black_points_meet_but_for_the_absolute_intent():
    black = np.zeros((1, 1, 3), np.uint16)
    scanner = lut_profile(black=0.01)
    relative, _ = ProfileConversion(scanner, srgb_profile(), 3, "relative").convert(black, 16)
    absolute, _ = ProfileConversion(scanner, srgb_profile(), 3, "absolute").convert(black, 16)
    assert relative.max() <= 65
    assert absolute.min() >= 0.09 * 65535


@pytest.mark.parametrize(
    ("source", "target", "channels", "reason"),
    [
        (srgb_profile(), grey_gamma_profile(), 3, "it is for GRAY, the image is RGB"),
        (grey_gamma_profile(), srgb_profile(), 1, "it is for RGB, the image is GRAY"),
        (srgb_profile(), lut_profile(), 3, "neither tone curves nor a table for this direction"),
        (srgb_profile(), b"no profile" * 30, 3, "no ICC header"),
        (srgb_profile(), retagged(srgb_profile(), 12, b"link"), 3, "a device link"),
    ],
)
def test_profiles_that_do_not_fit(source, target, channels, reason):
    with pytest.raises(ProfileError, match=reason):
        ProfileConversion(source, target, channels, "relative")
