"""Targets that aged with their picture: what they say of its dyes, and where they are sought."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, lab2xyz

from damage.ageing import Ageing, aged, shown
from damage.light import to_encoded
from restoration.examine.tones.targets import (
    COLORCHECKER,
    COLUMNS,
    ROWS,
    TargetReading,
    colorchecker_says,
    grey_strip_says,
    patch_densities,
    straightened,
)
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.channel_light import channel_light
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.colour.correction import Correction
from support import corpus
from support.aged_prints import DARK_KEPT, LIGHT_STRUCK, SLIGHT, STRONG, lab_of, small

SPACE = ColourSpace.from_profile(None, 3)
LIGHT = channel_light(SPACE)

AGEINGS = {
    "none": Ageing((1.0, 1.0, 1.0)),
    "dark": DARK_KEPT,
    "light": LIGHT_STRUCK,
    "slight": SLIGHT,
    "strong": STRONG,
    "side absorptions": Ageing((0.62, 0.8, 0.9), (0.01, 0.04, 0.11), side_absorptions=True),
}

PUBLISHED = (
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
)  # fmt: skip
"""sRGB codes of the patches as the maker printed them on the chart's sleeve."""


def reference() -> Any:
    """(24, 3) linear sRGB of the patches, by other ways than the module's; clipped to sRGB."""
    xyz = lab2xyz(np.array(COLORCHECKER), illuminant="D50")
    to_srgb = np.array(
        [
            [3.1338561, -1.6168667, -0.4906146],
            [-0.9787684, 1.9161415, 0.0334540],
            [0.0719453, -0.2289914, 1.4052427],
        ]
    )  # Bradford, D50 to D65 (Lindbloom)
    return np.clip(xyz @ to_srgb.T, 1e-3, 1.0)


def chart(patch: int = 24, gap: int = 4) -> Any:
    """Linear light of a chart in its black frame, and where its patches end: x, y of corners."""
    pitch = patch + gap
    pixels = np.full((ROWS * pitch + gap, COLUMNS * pitch + gap, 3), 0.03)
    for number, colour in enumerate(reference()):
        top, left = gap + number // COLUMNS * pitch, gap + number % COLUMNS * pitch
        pixels[top : top + patch, left : left + patch] = colour
    half = gap / 2.0
    right, bottom = pixels.shape[1] - half, pixels.shape[0] - half
    return pixels, ((half, half), (right, half), (right, bottom), (half, bottom))


def densities(light: Any) -> Any:
    """Of a print without paper: what the chart's own figures describe."""
    return -np.log10(np.maximum(light, 1e-4))


def ageing(density: Any, how: Ageing) -> Any:
    """Encoded picture after the years. The base is the simulation's; it does not age."""
    return shown(aged(density, how, 1))


def in_picture(how: Ageing, patch: int = 24, turn: Any = None) -> Any:
    """An aged picture with a chart inside it, and the chart's corners."""
    pixels, corners = chart(patch)
    if turn is not None:
        pixels = turn(pixels)
    scene = np.repeat(np.repeat(densities(np.full((1, 1, 3), 0.3)), 260, 0), 360, 1)
    top, left = 40, 60
    scene[top : top + pixels.shape[0], left : left + pixels.shape[1]] = densities(pixels)
    return ageing(scene, how), tuple((x + left, y + top) for x, y in corners)


def says(pixels: Any, corners: Any) -> TargetReading:
    found = colorchecker_says(ArrayRaster(pixels), corners, SPACE, LIGHT)
    assert found is not None
    return found


def after(pixels: Any, corners: Any, found: TargetReading, order: Any = None) -> float:
    """Mean CIEDE2000 over the patches once the correction is made."""
    seen = patch_densities(straightened(ArrayRaster(pixels), corners, ROWS, COLUMNS), LIGHT)
    seen = seen if order is None else seen[order]
    whole = Correction(tuple(found.kept), tuple(found.stain), tuple(found.base))
    linear = 10.0 ** -whole.density(seen, 1.0)
    return patch_difference(linear)


def patch_difference(linear: Any) -> float:
    wanted, got = (
        lab_of(to_encoded(np.clip(p, 0, 1)[None].astype(np.float32))) for p in (reference(), linear)
    )
    return float(deltaE_ciede2000(got, wanted).mean())


def test_the_reference_is_that_of_the_maker() -> None:
    codes = np.array(PUBLISHED, np.float32)[None] / np.float32(255)
    own = to_encoded(reference()[None].astype(np.float32))
    apart = deltaE_ciede2000(lab_of(codes), lab_of(own))
    # The maker's two lists differ by this much; neighbouring patches differ by 10 and more.
    assert apart.mean() < 2.0
    assert apart.max() < 4.0


@pytest.mark.parametrize("how", list(AGEINGS))
def test_a_chart_brings_its_patches_back(how: str) -> None:
    pixels, corners = in_picture(AGEINGS[how])
    seen = straightened(ArrayRaster(pixels), corners, ROWS, COLUMNS)
    before = patch_difference(10.0 ** -patch_densities(seen, LIGHT))
    found = says(pixels, corners)
    if how != "none":
        assert before > 3.0
    if how == "side absorptions":
        assert after(pixels, corners, found) < 2.0  # what one curve per channel leaves
        return
    assert after(pixels, corners, found) < 0.2
    # The chart's colours are known: nothing has to be taken for a black, and k itself shows.
    assert found.kept == pytest.approx(AGEINGS[how].kept, abs=0.005)


UPSIDE_DOWN = np.arange(24).reshape(4, 6)[::-1, ::-1].ravel()
MIRRORED = np.arange(24).reshape(4, 6)[:, ::-1].ravel()
FLIPPED = np.arange(24).reshape(4, 6)[::-1].ravel()


@pytest.mark.parametrize(
    ("turn", "order"),
    [
        (lambda p: p[::-1, ::-1], UPSIDE_DOWN),
        (lambda p: p[:, ::-1], MIRRORED),
        (lambda p: p[::-1], FLIPPED),
    ],
    ids=["upside down", "mirrored", "flipped"],
)
def test_a_chart_that_lies_otherwise_says_the_same(turn: Any, order: Any) -> None:
    upright = says(*in_picture(DARK_KEPT))
    pixels, corners = in_picture(DARK_KEPT, turn=turn)
    found = says(pixels, corners)
    assert found.kept == pytest.approx(upright.kept, abs=0.005)
    assert found.stain == pytest.approx(upright.stain, abs=0.005)
    assert after(pixels, corners, found, order) < 2.0


@pytest.mark.parametrize("width", [150, 100])
def test_a_small_chart_says_the_same(width: int) -> None:
    pixels, corners = chart(48, 8)
    small_one = cv2.resize(
        pixels,
        (width, round(width * pixels.shape[0] / pixels.shape[1])),
        interpolation=cv2.INTER_AREA,
    )
    scale = np.array(small_one.shape[1::-1]) / pixels.shape[1::-1]
    corners = tuple((x * scale[0], y * scale[1]) for x, y in corners)
    page = ageing(densities(small_one), STRONG)
    found = says(page, corners)
    assert after(page, corners, found) < 2.0
    assert found.kept == pytest.approx(STRONG.kept, abs=0.03)


def test_corners_beyond_the_page_show_no_target() -> None:
    page = ArrayRaster(np.full((40, 60, 3), 0.5, np.float32))
    beyond = [(70.0, 5.0), (90.0, 5.0), (90.0, 20.0), (70.0, 20.0)]
    assert straightened(page, beyond, ROWS, COLUMNS) is None
    assert grey_strip_says(page, beyond, LIGHT) is None
    assert colorchecker_says(page, beyond, ColourSpace.from_profile(None, 3), LIGHT) is None


def test_a_large_chart_is_made_smaller_first() -> None:
    pixels, corners = chart(96, 16)
    page = ageing(densities(pixels), STRONG)
    found = says(page, corners)
    assert straightened(ArrayRaster(page), corners, ROWS, COLUMNS).shape == (96, 144, 3)
    assert after(page, corners, found) < 2.0


@pytest.mark.parametrize("degrees", [5.0, -5.0, 20.0])
def test_a_turned_chart_is_straightened_through_its_corners(degrees: float) -> None:
    pixels, corners = in_picture(Ageing((1.0, 1.0, 1.0)))
    light = 10.0 ** -(densities_of(pixels) - np.array((0.05, 0.05, 0.06)))
    turn = cv2.getRotationMatrix2D((180.0, 130.0), degrees, 1.0)
    turned = cv2.warpAffine(light, turn, (360, 260), borderValue=(0.3, 0.3, 0.3))
    moved = tuple(tuple(turn @ (x, y, 1.0)) for x, y in corners)
    page = shown(aged(densities(turned) + np.array((0.05, 0.05, 0.06)), DARK_KEPT, 1))
    found = says(page, moved)
    assert after(page, moved, found) < 2.0
    if degrees == 20.0:
        # Through corners that are not turned with it other patches are seen.
        assert colorchecker_says(ArrayRaster(page), corners, SPACE, LIGHT) is None


def densities_of(pixels: Any) -> Any:
    return -np.log10(np.maximum(LIGHT.light(pixels), 1e-4))


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea"])
def test_a_box_without_a_chart_says_nothing(name: str) -> None:
    pixels = small(name)
    for box in ((20, 20, 140, 100), (60, 40, 200, 130)):
        left, top, right, bottom = box
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        assert colorchecker_says(ArrayRaster(pixels), corners, SPACE, LIGHT) is None


def test_a_record_of_what_it_says_is_rounded_figures() -> None:
    record = says(*in_picture(DARK_KEPT)).record()
    assert set(record) == {"kept", "stain", "base", "error"}
    assert all(isinstance(value, float) for value in record["kept"])
    assert record["base"] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("profile", ["Adobe RGB", "wide gamut"])
def test_a_chart_is_read_in_the_scans_own_space(profile: str) -> None:
    space = ColourSpace.from_profile(corpus.PROFILES[profile](), 3)
    pixels, corners = in_picture(DARK_KEPT)
    found = colorchecker_says(
        ArrayRaster(space.from_srgb(pixels)), corners, space, channel_light(space)
    )
    assert found is not None
    # sRGB's dyes are not quite those of other channels.
    assert found.kept == pytest.approx(says(pixels, corners).kept, abs=0.12)
    assert found.error < 6.0


# -- a strip of greys ----------------------------------------------------------------------


def strip(how: Ageing, span: float = 1.5) -> Any:
    """An aged strip of ten neutral steps, in encoded values, and its corners."""
    steps = np.linspace(0.0, span, 10).repeat(24)[None, :, None]
    page = ageing(np.repeat(np.repeat(steps, 40, 0), 3, 2) + 0.05, how)
    return page, ((0.0, 0.0), (240.0, 0.0), (240.0, 40.0), (0.0, 40.0))


@pytest.mark.parametrize("how", ["none", "dark", "light", "strong"])
def test_a_grey_strip_says_the_balance(how: str) -> None:
    page, corners = strip(AGEINGS[how])
    found = grey_strip_says(ArrayRaster(page), corners, LIGHT)
    assert found is not None
    kept = np.array(AGEINGS[how].kept)
    assert found.kept / found.kept.max() == pytest.approx(kept / kept.max(), abs=0.03)
    stain = np.array(AGEINGS[how].stain)
    assert found.stain - found.stain.min() == pytest.approx(stain - stain.min(), abs=0.02)
    whole = Correction(tuple(found.kept), tuple(found.stain), tuple(found.base))
    seen = densities_of(page).reshape(-1, 3)
    # Cells between two steps blend them in encoded values, which bends the slopes a little.
    assert np.ptp(whole.density(seen, 1.0), axis=1).max() < 0.05


def test_a_strip_of_one_tone_says_nothing() -> None:
    page, corners = strip(DARK_KEPT, 0.2)
    assert grey_strip_says(ArrayRaster(page), corners, LIGHT) is None
