"""Wide holes: left unless they are asked for, filled with patches or by a network, and said so."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from restoration.examine.damage.mask import SparsePlane
from restoration.findings.damage import KINDS
from restoration.raster.area import Rectangle
from restoration.raster.base import ArrayRaster, FloatImage, to_uint16
from restoration.raster.colour.colour_space import ColourSpace
from restoration.records.stage_findings.repair import RepairFindings
from restoration.stages.base import Declined, Restored
from restoration.stages.repair import closing, wide
from restoration.stages.repair.patches import completed
from restoration.stages.repair.scales import smooth
from restoration.stages.repair.wide import LARGEST, RIM, WIDE, WideHoles, parts_of, wide_part
from support import simulated_scans as sim
from support.fake_detector import FakeDetector, fake_detector
from support.film import Mask, Pixels
from support.repairs import card, drawn, repaired, wider


@pytest.fixture(autouse=True)
def _no_weights() -> Iterator[None]:
    with fake_detector(FakeDetector(widest=121)):
        yield


@cache
def photograph(name: str = "brick", side: int = 256) -> Pixels:
    return np.ascontiguousarray(sim.picture(name)[100 : 100 + side, 60 : 60 + side])


def disc(side: int, across: int, place: tuple[int, int] | None = None) -> Mask:
    centre = place or (side // 2, side // 2)
    drawing = np.zeros((side, side), np.uint8)
    return cv2.circle(drawing, centre[::-1], across // 2, 1, -1) > 0


def torn(name: str = "brick", across: int = 60, side: int = 256) -> tuple[Pixels, Pixels, Mask]:
    truth, hole = photograph(name, side), disc(side, across)
    return truth, np.where(hole[:, :, None], np.float32(0.97), truth), hole


def telea(page: Pixels, hole: Mask) -> Pixels:
    codes = np.rint(page * 255).astype(np.uint8)
    filled = cv2.inpaint(codes, hole.view(np.uint8), 6, cv2.INPAINT_TELEA)
    return filled.reshape(page.shape).astype(np.float32) / np.float32(255)


def liveliness(pixels: Pixels, inside: Mask) -> float:
    """Mean change of lightness from pixel to pixel."""
    plane = pixels.mean(axis=2)
    change = np.abs(np.diff(plane, axis=0))[:, :-1] + np.abs(np.diff(plane, axis=1))[:-1]
    return float(change[inside[:-1, :-1]].mean())


def planes(mask: Mask) -> SparsePlane:
    plane = SparsePlane(*mask.shape)
    plane.write(0, 0, mask.astype(np.uint8) * 2)
    return plane


class Grey:
    """A network that fills holes with a grey of its own."""

    name = "lama"
    weights_sha256 = "ab" * 32

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def fill(self, pixels: FloatImage, hole: Mask) -> FloatImage:
        assert pixels.shape[2] == 3
        assert pixels.min() >= 0.0
        assert pixels.max() <= 1.0
        self.shown.append(hole.shape)
        return np.where(hole[:, :, None], np.float32(0.25), pixels)


class Losses(FakeDetector):
    """Takes all that it finds for torn parts."""

    def search(self, plane: Any) -> Any:
        found = super().search(plane)
        found.kind[:] = KINDS.index("losses")
        return found


def said_of(result: Restored | Declined) -> RepairFindings:
    return RepairFindings.read(result.findings, "repair")


# --- patches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["brick", "grass", "gravel"])
def test_patches_look_like_the_picture_where_telea_is_a_smear(name: str) -> None:
    """Of the liveliness of the texture half at least is there, and much more than of Telea's fill,
    which carries single pixels of the rim inwards."""
    truth, page, hole = torn(name)
    usual, made = liveliness(truth, hole), liveliness(completed(page, hole), hole)
    assert made > 0.5 * usual
    assert made > 1.3 * liveliness(telea(page, hole), hole)


def test_a_pattern_goes_on_through_the_hole() -> None:
    """A pattern that repeats is known as well inside the hole as outside."""
    rows, columns = np.mgrid[:240, :240].astype(np.float32)
    pattern = 0.5 + 0.2 * np.sin(columns * np.pi / 6) + 0.2 * np.sin(rows * np.pi / 10)
    truth = np.ascontiguousarray(pattern[:, :, None].astype(np.float32))
    hole = disc(240, 50)
    page = np.where(hole[:, :, None], np.float32(0.97), truth)
    error, rival = (
        float(np.abs(made - truth)[hole].mean())
        for made in (completed(page, hole), telea(page, hole))
    )
    assert error < 0.25 * rival


def test_nothing_but_the_hole_changes_and_nothing_comes_from_the_hole() -> None:
    _, page, hole = torn()
    made = completed(page, hole)
    assert made.dtype == np.float32
    assert np.array_equal(made[~hole], page[~hole])
    other = np.where(hole[:, :, None], np.float32(0.1), page)
    assert np.array_equal(completed(other, hole), made)
    around = page[~hole]
    assert made[hole].min() >= around.min()
    assert made[hole].max() <= around.max()


def test_the_same_picture_gives_the_same_bits() -> None:
    _, page, hole = torn()
    first = completed(page, hole)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        assert np.array_equal(completed(page.copy(), hole.copy()), first)
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_hole_with_hardly_anything_around_is_filled_smoothly(channels: int) -> None:
    page = np.full((40, 40, channels), 0.97, np.float32)
    hole = np.ones((40, 40), np.bool_)
    hole[:3] = False
    page[:3] = 0.4
    made = completed(page, hole)
    assert made.shape == page.shape
    assert np.abs(made - 0.4).max() < 1e-5
    assert np.array_equal(smooth(page, hole), made)


# --- where holes are wide -----------------------------------------------------------------------


def test_only_what_is_wide_counts_as_wide() -> None:
    mask = disc(400, 80, (120, 120))
    cv2.line(drawing := mask.astype(np.uint8), (120, 120), (390, 390), 1, 12)
    mask = drawing > 0
    mask |= disc(400, int(WIDE) - 4, (300, 90))
    found = wide_part(planes(mask)).read(0, 0, 400, 400) > 0
    assert found[disc(400, 76, (120, 120))].all()
    assert not found[300:, 300:].any()
    assert not found[disc(400, 50, (300, 90))].any()
    assert not found[~mask].any()


def test_a_hole_is_the_same_wherever_tiles_end() -> None:
    """The page's tiles are 1024 pixels wide: the hole lies on a corner of four."""
    mask = disc(1400, 120, (1024, 1024))
    found = wide_part(planes(mask)).read(0, 0, 1400, 1400) > 0
    assert np.array_equal(found, mask)
    ((window, core),) = parts_of(wide_part(planes(mask)))
    assert core == (1024 - 60 - RIM, 1024 - 60 - RIM, 121 + 2 * RIM, 121 + 2 * RIM)
    assert window[2] > core[2]


def test_a_hole_larger_than_is_filled_at_once_is_filled_part_by_part() -> None:
    side = LARGEST + 400
    page = np.full((side, side, 1), 0.4, np.float32)
    page[:, side // 2 :] = 0.7
    mask = np.zeros((side, side), np.bool_)
    mask[100:-100, 100:-100] = True
    grey = Grey()
    holes = WideHoles.of(
        ArrayRaster(page), planes(mask), lambda: grey, ColourSpace.from_profile(None, 1)
    )
    assert holes is not None
    holes.fill()
    assert len(grey.shown) == 4
    assert max(max(shape) for shape in grey.shown) <= LARGEST + 2 * wide.AROUND
    guess = holes.guess(0, 0, side, side)
    assert guess is not None
    assert not guess.where[~wider(mask, 2 * RIM)].any()
    # The very corners are narrow.
    assert guess.where[mask].mean() > 0.999
    assert np.abs(guess.pixels[guess.where] - 0.25).max() < 1e-4


# --- what becomes of them -----------------------------------------------------------------------


def test_wide_damage_is_left_and_listed_unless_the_recipe_says_otherwise() -> None:
    page = card(side=512)[0]
    hole = disc(512, 64)
    page[hole] = 0.98
    result = repaired(page)
    assert isinstance(result, Declined)
    assert "too wide to be filled unasked" in result.reason
    ((mark,), (box,)) = said_of(result).left_marks, said_of(result).left_boxes
    assert mark.reason == box.reason == "too wide"
    assert mark.area_px > 0.9 * hole.sum()
    filled = repaired(page, wide_holes="patches")
    pixels, mask = drawn(filled)
    assert mask[hole].mean() > 0.95
    assert abs(float(pixels[hole].mean()) - 0.5) < 0.02
    said = said_of(filled)
    assert said.wide_px is not None
    assert said.wide_px > 0.9 * hole.sum()
    assert said.filled_px is not None
    assert said.filled_px["patches"] > 0.9 * hole.sum()
    assert not filled.generative
    assert not said.left_marks
    assert said.reason is not None
    assert "wide holes by patches from around them" in said.reason
    ((caution),) = said.cautions or ()
    assert "patches of the picture around them" in caution


def test_of_a_mark_that_is_mostly_narrow_the_wide_part_alone_is_left() -> None:
    page = card(side=512)[0]
    page[disc(512, 56)] = 0.98
    cv2.line(page[:, :, 0], (30, 40), (480, 470), 0.98, 12)
    with fake_detector(Losses(widest=121)):
        result = repaired(page, kinds=("losses",))
        _, mask = drawn(result)
    assert not mask[disc(512, 44)].any()
    assert mask[380:470, 380:470].any()
    ((mark),) = said_of(result).left_marks or ()
    assert mark.reason == "too wide"
    assert disc(512, 44).sum() < mark.area_px < 1.5 * disc(512, 56).sum()
    said = said_of(result)
    assert said.wide_px is None
    assert said.filled_marks == {"losses": 1}


@pytest.mark.parametrize("way", ["mask", "region"])
def test_what_a_person_marks_is_filled_with_patches_and_said_so(way: str) -> None:
    truth, page, hole = torn("grass")
    if way == "mask":
        result = repaired(page, {}, user=hole)
    else:
        result = repaired(page, {}, fill=(("fill.0: the box", Rectangle(80, 80, 96, 96)),))
    pixels, mask = drawn(result)
    assert mask[hole].mean() > 0.95
    said = said_of(result)
    assert said.filled_px is not None
    assert said.filled_px["patches"] > 0.9 * hole.sum()
    assert said.cautions
    assert liveliness(pixels, hole) > 0.5 * liveliness(truth, hole)
    before, after = to_uint16(page), to_uint16(pixels)
    assert np.array_equal(after[~mask], before[~mask])


def test_no_grain_is_put_on_what_has_the_grain_of_the_picture() -> None:
    _, page, hole = torn("grass")
    with_grain, without = (
        drawn(repaired(page, {}, user=hole, grain=grain))[0] for grain in (True, False)
    )
    inside = cv2.erode(hole.view(np.uint8), np.ones((5, 5))) > 0
    assert np.array_equal(with_grain[inside], without[inside])


@pytest.mark.parametrize("rows", [64, 300])
def test_a_wide_hole_does_not_depend_on_bands(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    _, page, hole = torn("gravel", 80)
    usual, _ = drawn(repaired(page, {}, user=hole))
    monkeypatch.setattr(closing, "ROWS", rows)
    monkeypatch.setattr(closing, "COLUMNS", 128)
    other, _ = drawn(repaired(page, {}, user=hole))
    inside = cv2.erode(hole.view(np.uint8), np.ones((9, 9))) > 0
    assert np.array_equal(other[inside], usual[inside])


def test_a_network_that_fills_holes_is_recorded_as_generative() -> None:
    _, page, hole = torn()
    grey = Grey()
    result = repaired(page, {}, user=hole, wide_holes="lama", networks={"lama": grey})
    pixels, _ = drawn(result)
    assert isinstance(result, Restored)
    assert result.generative
    assert np.abs(pixels[hole].mean() - 0.25) < 0.02
    said = said_of(result)
    assert said.generative
    assert (said.network, said.weights_sha256) == ("lama", grey.weights_sha256)
    assert said.filled_px is not None
    assert said.filled_px["lama"] > 0.9 * hole.sum()
    assert "patches" not in said.filled_px
    assert said.reason is not None
    assert "wide holes by the network 'lama'" in said.reason
    ((caution),) = said.cautions or ()
    assert "the network 'lama', which makes up what was there" in caution


@pytest.mark.parametrize("across", [30, 36, 37, 38, 39, 40, 41, 42, 44])
def test_no_hole_is_filled_with_patches_in_silence(across: int) -> None:
    """Whatever its width, and whether the mask is tight or not: what is not bridged is told."""
    page, hole = photograph().copy(), np.zeros((256, 256), np.bool_)
    hole[100 : 100 + across, 90 : 92 + across] = True
    page[wider(hole, 1)] = 0.97
    result = repaired(page, {}, user=hole)
    drawn(result)
    said = said_of(result)
    assert said.filled_px is not None
    assert ("patches" in said.filled_px) == bool(said.cautions) == bool(said.wide_px)
    assert bool(said.wide_px) == (across > WIDE)


def test_no_network_is_loaded_where_no_hole_is_wide() -> None:
    page, true = card((60, 70))
    result = repaired(page, {}, user=true, wide_holes="lama", networks={})
    assert isinstance(result, Restored)
    assert not result.generative
    drawn(result)
    assert said_of(result).network is None


def test_torn_parts_are_filled_only_where_they_are_asked_for() -> None:
    page = card(side=512)[0]
    page[disc(512, 64)] = 0.98
    with fake_detector(Losses(widest=121)):
        assert isinstance(repaired(page, wide_holes="patches"), Declined)
        assert isinstance(repaired(page, kinds=("losses",)), Declined)
        asked = repaired(page, wide_holes="patches", kinds=("losses",))
        _, mask = drawn(asked)
    assert mask[disc(512, 60)].all()
