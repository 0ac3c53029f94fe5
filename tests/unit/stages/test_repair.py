"""Repair: damage is found and filled, all else keeps its bits, and a sound page stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.config.settings import ExamineSettings
from restoration.config.stages.repair import RepairSettings
from restoration.errors import ScanError
from restoration.examine.damage.damage import DamageMeasurer
from restoration.examine.damage.dust import candidates
from restoration.examine.damage.evidence import both_polarities
from restoration.examine.damage.lines import lines
from restoration.examine.damage.search import KINDS
from restoration.examine.page import examine_page
from restoration.raster.base import ArrayRaster, to_uint16
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page, Restored
from restoration.stages.repair import closing
from restoration.stages.repair.grain import GrainStudy
from restoration.stages.repair.stage import RepairStage
from support import condition, corpus
from support import simulated_scans as sim
from support.damaged_scans import Damaged, damaged
from support.film import Mask, Pixels, film, on_grid


def report(pixels: Pixels) -> dict[str, Any]:
    """What the condition report says of damage."""
    page = sim.SimulatedPage(to_uint16(pixels), ppi=None)
    colour = ColourSpace.from_profile(None, page.channels)
    entries: dict[str, Any] = examine_page(page, ExamineSettings(), colour, [DamageMeasurer])
    return entries


def repaired(
    pixels: Pixels,
    entries: Mapping[str, Any] | None = None,
    *,
    user: Mask | None = None,
    infrared: Pixels | None = None,
    material: str = "print",
    infrared_setting: str = "auto",
    key: str = "0" * 64,
    kinds: tuple[str, ...] | None = KINDS,
    **settings: Any,
) -> Restored | Declined:
    """kinds: None is what the settings say where nothing is said."""
    if kinds is not None:
        settings["kinds"] = kinds
    stage = RepairStage()
    stage.setup(RepairSettings(infrared=infrared_setting, **settings), lambda name, **blend: None)
    marked = None if user is None else ArrayRaster(user.astype(np.float32)[:, :, None])
    return stage.apply(
        Page(
            scan="box 12, 0034",
            number=1,
            source=ArrayRaster(pixels),
            colour=ColourSpace.from_profile(None, pixels.shape[2]),
            ppi=None,
            report=condition.report(report(pixels) if entries is None else entries),
            key=key,
            material=material,
            infrared=None if infrared is None else ArrayRaster(infrared),
            damage=marked,
        )
    )


def drawn(result: Restored | Declined) -> tuple[Pixels, Mask]:
    """All pixels, and the mask that is saved."""
    assert isinstance(result, Restored), result
    pixels = np.concatenate(list(result.bands))
    assert result.mask is not None
    marks = np.concatenate(list(result.mask()))
    assert marks.dtype == np.uint8
    assert marks.shape == (*pixels.shape[:2], 1)
    assert set(np.unique(marks)) <= {0, 255}
    return pixels, marks[:, :, 0] > 0


@cache
def scan(name: str, seed: int = 11, **marks: Any) -> Damaged:
    truth = sim.picture(name)[:512, :512]
    made = damaged(truth, seed, softness=0.6, **marks)
    return Damaged(made.truth, on_grid(made.pixels), made.masks)


@cache
def restored(name: str) -> tuple[Damaged, Pixels, Mask]:
    """A scan with dust, hairs and scratches after the stage, and the mask."""
    made = scan(name, dust=60, hairs=3, scratches=4)
    return made, *drawn(repaired(made.pixels, most_share=0.2))


def wider(mask: Mask, by: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


def psnr(pixels: Pixels, truth: Pixels, inside: Mask) -> float:
    return float(-10.0 * np.log10(((pixels - truth)[inside] ** 2).mean()))


def inpainted(pixels: Pixels, hole: Mask, method: int) -> Pixels:
    codes = np.rint(pixels * 255).astype(np.uint8)
    filled = cv2.inpaint(codes, hole.astype(np.uint8), 3, method)
    return filled.reshape(pixels.shape).astype(np.float32) / np.float32(255)


def spotted(level: float = 0.5, sigma: float = 3.0, side: int = 320) -> tuple[Pixels, Mask]:
    """A grey card under a grain of known strength, with seven white specks."""
    rng = np.random.default_rng(6)
    white = rng.normal(0, 1, (side, side)).astype(np.float32)
    grain = cv2.GaussianBlur(white, (0, 0), 0.7)
    card = level + grain * np.float32(sigma / 255 / grain.std())
    hole = np.zeros((side, side), np.bool_)
    for number in range(7):
        centre = (40 + 37 * number, 60 + 29 * (number * 3 % 7))
        hole |= cv2.circle(np.zeros((side, side), np.uint8), centre, 3, 1, -1) > 0
    spots = np.where(wider(hole, 0), np.float32(0.97), card)[:, :, None]
    return on_grid(np.clip(spots, 0, 1)), hole


@pytest.mark.parametrize(
    ("name", "precision", "recall"),
    [("astronaut", 0.85, 0.18), ("chelsea", 0.85, 0.7), ("retina", 0.95, 0.7)],
)
def test_the_mask_covers_damage_and_little_else(name: str, precision: float, recall: float) -> None:
    made, _, found = restored(name)
    plain = made.mask & (np.abs(made.pixels - made.truth).max(axis=2) > 20 / 255)
    # The soft edge of a speck, up to two pixels, may belong to either.
    assert wider(made.mask, 2)[found].mean() > precision
    assert found[plain].mean() > recall


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "retina"])
def test_outside_the_mask_every_code_stays(name: str) -> None:
    made, pixels, found = restored(name)
    before, after = to_uint16(made.pixels), to_uint16(pixels)
    assert np.array_equal(after[~found], before[~found])
    assert (after[found] != before[found]).mean() > 0.9


@pytest.mark.parametrize(("name", "gain"), [("astronaut", 0.3), ("chelsea", 3.0), ("retina", 3.0)])
def test_the_page_comes_nearer_to_the_truth(name: str, gain: float) -> None:
    made, pixels, _ = restored(name)
    whole = np.ones_like(made.mask)
    assert psnr(pixels, made.truth, whole) > psnr(made.pixels, made.truth, whole) + gain


@pytest.mark.parametrize("by", [0, 2])
def test_the_fill_comes_nearer_to_the_truth_than_inpainting(by: int) -> None:
    """With the true mask, as tight as the damage can be seen, and with a generous one."""
    scores = []
    for name in ("astronaut", "coffee", "chelsea", "retina"):
        made = scan(name, dust=60, hairs=3, scratches=4)
        hole = wider(made.mask, by)
        pixels, mask = drawn(repaired(made.pixels, {}, user=hole))
        assert np.array_equal(mask, hole)
        rivals = [
            inpainted(made.pixels, hole, method) for method in (cv2.INPAINT_TELEA, cv2.INPAINT_NS)
        ]
        scores.append([psnr(each, made.truth, hole) for each in (pixels, *rivals)])
    own, telea, stokes = np.mean(scores, axis=0)
    assert own > telea
    assert own > stokes


def test_no_fill_is_lighter_or_darker_than_what_it_continues() -> None:
    """The biharmonic equation carries a slope on into a hole, beyond black and white."""
    valley = np.abs(np.arange(320, dtype=np.float32) - 160) / 200.0 + 0.1
    page = on_grid(np.tile(valley, (320, 1))[:, :, None])
    page[20:60, 20:60] = 0.0
    hole = np.zeros((320, 320), np.bool_)
    hole[:, 157:164] = True
    page[hole] = 0.9
    pixels, _ = drawn(repaired(page, {}, user=hole))
    around = page[wider(hole, 3) & ~hole]
    assert pixels[hole].min() >= around.min() - 1e-6
    assert pixels[hole].max() <= around.max() + 1e-6


def test_the_halo_of_a_sharpened_speck_goes_with_it() -> None:
    """Sharpening draws a dark rim around a white speck; a fill that starts from it is dark."""
    card, hole = spotted(sigma=1.0)
    soft = cv2.GaussianBlur(card, (0, 0), 1.0)[:, :, None]
    sharpened = on_grid(np.clip(card + 1.5 * (card - soft), 0, 1))
    assert (sharpened[wider(hole, 2) & ~hole] < 0.45).any()
    pixels, mask = drawn(repaired(sharpened, {}, apply="always"))
    assert mask[hole].all()
    assert abs(float(pixels[wider(hole, 3)].mean()) - 0.5) < 0.01
    assert (pixels[wider(hole, 3)] > 0.45).all()


# --- what does not change it --------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(64, 1024), (300, 200)])
def test_no_seam_shows_where_blocks_meet(
    monkeypatch: pytest.MonkeyPatch, rows: int, columns: int
) -> None:
    """However the page is cut, a speck is filled alike; its grain, drawn by block, set aside."""
    made = scan("retina", dust=150, hairs=0, scratches=0)
    monkeypatch.setattr(GrainStudy, "grain", lambda self: None)
    hole = wider(made.mask, 2)
    whole, _ = drawn(repaired(made.pixels, {}, user=hole))
    monkeypatch.setattr(closing, "ROWS", rows)
    monkeypatch.setattr(closing, "COLUMNS", columns)
    cut, _ = drawn(repaired(made.pixels, {}, user=hole))
    assert (whole[hole] != made.pixels[hole]).mean() > 0.9
    # One 16-bit code: the equations of a block are solved together.
    assert np.abs(whole - cut).max() < 1 / 65535


def test_the_report_says_where_nothing_need_be_searched() -> None:
    """The stage takes the report's word for clean tiles, and finds the same."""
    made = scan("retina", dust=60, hairs=3, scratches=4)
    entries = report(made.pixels)
    clean = {"value": 0.1, "detail": {**entries["damage"]["detail"]}}
    clean["detail"]["map"] = ["." * len(row) for row in clean["detail"]["map"]]
    result = repaired(made.pixels, {"damage": clean})
    assert isinstance(result, Declined)
    assert result.findings["searched_share"] == 0.0
    told = drawn(repaired(made.pixels, entries, most_share=0.2))[1]
    untold = drawn(repaired(made.pixels, entries, apply="always", most_share=0.2))[1]
    assert np.array_equal(told, untold)


def test_the_same_key_gives_the_same_pixels_and_another_other_grain() -> None:
    card, hole = spotted()
    first, again, other = (
        drawn(repaired(card, {}, user=hole, key=key))[0] for key in ("a", "a", "b")
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first[hole], other[hole])
    assert np.array_equal(first[~hole], other[~hole])


# --- sound pages --------------------------------------------------------------------------------

SOUND = ["astronaut", "chelsea", "grass", "gravel", "page", "text", "immunohistochemistry", "coins"]


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_page_stays_as_it_is(name: str) -> None:
    result = repaired(np.ascontiguousarray(corpus.photo(name)[:512, :512]))
    assert isinstance(result, Declined), result.findings
    assert result.reason.startswith("the condition report found ")


@pytest.mark.parametrize(("name", "share"), [("brick", 2e-4), ("coffee", 5e-4), ("rocket", 1e-3)])
def test_no_more_than_specks_of_a_sound_picture_are_taken(name: str, share: float) -> None:
    """These hold specks, lamps and masts that nobody can tell from damage by their looks alone."""
    result = repaired(np.ascontiguousarray(corpus.photo(name)[:512, :512]))
    found = drawn(result)[1].mean() if isinstance(result, Restored) else 0.0
    assert found < share


@pytest.mark.parametrize("side", [0, 1])
def test_the_edge_of_the_sheet_is_no_scratch(side: int) -> None:
    """A light strip along one side, as the lid shows it beside a print, and the same strip across
    the page, which is a scratch: one is not even considered, the other is."""
    card = marked([])[0]
    strips = {"edge": slice(2, 5), "across": slice(150, 153)}
    lengths = {}
    for name, place in strips.items():
        page = card.copy()
        np.moveaxis(page, side, 0)[place, :300] = 0.95
        seen = both_polarities(page)[0]
        assert seen.light
        found = lines(seen)
        lengths[name] = sum(float(np.exp(one.figures["length"]).sum()) for one in found)
        touching = candidates(seen).pieces.labels
        assert not touching[0].any()
        assert not touching[:, 0].any()
    assert lengths["edge"] == 0
    assert lengths["across"] > 100


def test_a_16_bit_ramp_stays_as_it_is() -> None:
    codes = np.linspace(0, 65535, 512 * 256).reshape(256, 512).astype(np.uint16)
    ramp = (codes.astype(np.float32) / np.float32(65535))[:, :, None]
    for settings in ({}, {"apply": "always"}):
        result = repaired(ramp, **settings)
        assert isinstance(result, Declined), result.findings


def test_a_page_that_is_mostly_damage_is_left_to_a_person() -> None:
    made = scan("retina", dust=60, hairs=3, scratches=4)
    result = repaired(made.pixels, most_share=0.001)
    assert isinstance(result, Declined)
    assert "0.1 %" in result.reason
    assert "person" in result.reason


def test_a_page_without_a_verdict_is_not_searched() -> None:
    made = scan("retina", dust=60, hairs=3, scratches=4)
    result = repaired(made.pixels, {"damage": {"value": None, "detail": {"reason": "too small"}}})
    assert isinstance(result, Declined)
    assert "too small" in result.reason


def test_a_tripod_stays_unless_scratches_are_asked_for() -> None:
    """Its legs are lines, light and dark, from edge to edge: no figure of ours tells them apart."""
    photograph = sim.picture("camera")
    _, asked = drawn(repaired(photograph, apply="always", most_share=0.2))
    assert asked.mean() > 0.002, "is told apart now: fill scratches by default"
    alone = repaired(photograph, apply="always", kinds=None)
    assert drawn(alone)[1].mean() < 0.0005


@pytest.mark.parametrize("count", [1, 3])
def test_a_few_specks_alone_may_be_picture(count: int) -> None:
    entries = {"damage": {"value": 1e-4, "detail": {"dust": {"count": count}}}}
    result = repaired(scan("coffee", dust=60).pixels, entries)
    assert isinstance(result, Declined)
    assert f"found {count} of dust" in result.reason
    assert "mask of damage" in result.reason


def test_what_the_recipe_leaves_is_not_called_sound() -> None:
    counts = {"dust": {"count": 0}, "creases": {"count": 3}, "searched_share": 1.0}
    report = {"damage": {"value": 0.05, "detail": counts}}
    result = repaired(scan("coffee").pixels, report, kinds=("dust", "scratches"))
    assert isinstance(result, Declined)
    assert result.reason.startswith("the condition report found no dust")
    assert result.reason.endswith("; 3 creases that it found the recipe has repair leave")


def test_what_was_not_searched_is_not_called_free_of_dust() -> None:
    few = {"damage": {"value": 0.0, "detail": {"dust": {"count": 0}, "searched_share": 0.02}}}
    result = repaired(scan("coffee").pixels, few)
    assert isinstance(result, Declined)
    assert "in the 2 % of the page that it searched" in result.reason


def test_what_was_filled_is_the_reason() -> None:
    made = scan("retina", dust=60, hairs=3, scratches=4)
    _, mask = drawn(result := repaired(made.pixels))
    assert isinstance(result, Restored)
    share = f"{100 * (mask > 0).mean():.2g} % of the page filled"
    assert re.fullmatch(rf"dust \d+, scratches \d+: {re.escape(share)}", result.findings["reason"])


def test_only_the_kinds_that_are_asked_for_are_filled() -> None:
    made = scan("retina", dust=60, hairs=3, scratches=4)
    _, dust = drawn(repaired(made.pixels, kinds=("dust",), most_share=0.2))
    _, lines = drawn(repaired(made.pixels, kinds=("scratches",), most_share=0.2))
    only_dust, only_lines = (
        made.masks[kind] & ~wider(made.masks[other], 4)
        for kind, other in (("dust", "scratches"), ("scratches", "dust"))
    )
    assert dust[only_dust].mean() > 3 * lines[only_dust].mean()
    assert lines[only_lines].mean() > 3 * dust[only_lines].mean()


# --- the user's mask ----------------------------------------------------------------------------


def test_the_users_mask_is_filled_on_a_page_that_is_sound() -> None:
    card, hole = spotted()
    pixels, mask = drawn(repaired(card, {"damage": {"value": 0.0, "detail": {}}}, user=hole))
    assert np.array_equal(mask, hole)
    assert abs(float(pixels[hole].mean()) - 0.5) < 0.01
    assert np.array_equal(pixels[~hole], card[~hole])


def test_a_users_mask_of_another_size_is_refused() -> None:
    card, hole = spotted()
    with pytest.raises(ScanError, match=r"mask of damage is 310 x 320 px.*320 x 320"):
        repaired(card, {}, user=hole[:, :310])


def test_infrared_of_another_size_is_refused() -> None:
    card, _ = spotted()
    with pytest.raises(ScanError, match=r"infrared is 320 x 300 px"):
        repaired(card, {}, infrared=card[:300])


# --- what is never filled -----------------------------------------------------------------------

FACE = [[120.0, 100.0], [120.0, 180.0], [160.0, 140.0], [200.0, 110.0], [200.0, 170.0]]
"""Eyes, nose and corners of the mouth, [row, column]."""


def marked(places: list[tuple[int, int]]) -> tuple[Pixels, Mask]:
    """A quiet card with a white speck at each place."""
    rng = np.random.default_rng(3)
    card = 0.5 + rng.normal(0, 1 / 255, (320, 320)).astype(np.float32)
    spots = np.zeros((320, 320), np.uint8)
    for row, column in places:
        cv2.ellipse(spots, (column, row), (3, 2), 30.0, 0, 360, 1, -1)
    cover = cv2.GaussianBlur(spots.astype(np.float32), (0, 0), 0.6)
    return on_grid(np.clip(card + cover * (0.96 - card), 0, 1)[:, :, None]), spots > 0


@pytest.mark.parametrize(
    ("entries", "spared"),
    [
        (
            {"faces": {"detail": {"faces": [{"points": [(x, y) for y, x in FACE]}]}}},
            [(120, 100), (118, 185), (203, 140)],
        ),
        ({"text": {"detail": {"boxes": [{"box": [20, 20, 200, 40]}]}}}, [(30, 30), (55, 200)]),
        (
            {"paper": {"detail": {"layers": [{"encloses": [16, 12, 280, 290]}]}}},
            [(40, 17), (301, 90)],
        ),
    ],
)
def test_eyes_mouths_lettering_and_edges_are_left_to_the_users_mask(
    entries: dict[str, Any], spared: list[tuple[int, int]]
) -> None:
    free = [(80, 260), (250, 60), (260, 250)]
    page, _ = marked([*spared, *free])
    everything = wider(marked([*spared, *free])[1], 0)
    held, open_ = wider(marked(spared)[1], 1), marked(free)[1]
    result = repaired(page, entries, apply="always")
    pixels, mask = drawn(result)
    assert not mask[held].any()
    assert np.array_equal(pixels[held], page[held])
    assert mask[open_].mean() > 0.9
    assert result.findings["vetoed_px"] > 0
    without_veto = drawn(repaired(page, {}, apply="always"))[1]
    assert without_veto[marked(spared)[1]].mean() > 0.9
    own = drawn(repaired(page, entries, apply="always", user=everything))[1]
    assert own[everything].all()


# --- infrared -----------------------------------------------------------------------------------


COLOUR: dict[str, Any] = {"colour": {"value": "colour"}}


def test_infrared_is_the_mask_of_colour_film() -> None:
    slide, infrared, dust = film()
    result = repaired(slide, COLOUR, infrared=infrared, material="positive")
    pixels, mask = drawn(result)
    assert result.findings["infrared_used"] is True
    assert "dye" in result.findings["infrared_reason"]
    assert mask[dust].mean() > 0.95
    # The soft rim of the dust, too, which would stay behind as an outline.
    assert mask[wider(dust, 1)].mean() > 0.9
    assert wider(dust, 2)[mask].mean() > 0.9
    truth = corpus.photo("coffee")[:320, 100:420]
    assert psnr(pixels, truth, dust) > psnr(slide, truth, dust) + 8
    assert np.array_equal(pixels[~mask], slide[~mask])


@pytest.mark.parametrize(
    ("material", "entries", "setting", "reason"),
    [
        ("print", COLOUR, "auto", "prints are opaque"),
        ("positive", {"colour": {"value": "grey"}}, "auto", "silver is opaque"),
        ("positive", {}, "auto", "unknown"),
        ("positive", COLOUR, "never", "leave it unused"),
    ],
)
def test_infrared_is_not_used_where_it_shows_the_picture(
    material: str, entries: dict[str, Any], setting: str, reason: str
) -> None:
    slide, infrared, _ = film()
    sound = {**entries, "damage": {"value": 0.0, "detail": {}}}
    result = repaired(slide, sound, infrared=infrared, material=material, infrared_setting=setting)
    assert isinstance(result, Declined)
    assert result.findings["infrared_used"] is False
    assert reason in result.findings["infrared_reason"]


def test_clean_film_is_left_alone() -> None:
    truth = on_grid(corpus.photo("coffee")[:320, 100:420])
    rng = np.random.default_rng(4)
    clean = 0.8 * np.maximum(truth[:, :, :1], 0.004) ** 0.1
    clean += rng.normal(0, 1 / 255, clean.shape).astype(np.float32)
    result = repaired(truth, COLOUR, infrared=on_grid(np.clip(clean, 0, 1)), material="positive")
    assert isinstance(result, Declined), result.findings


# --- grain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [3.0, 8.0])
def test_the_fill_has_the_grain_of_its_surroundings(sigma: float) -> None:
    """Strength, and the spectrum by the correlation of neighbours, one and two pixels apart."""
    card, _ = spotted(sigma=sigma)
    hole = np.zeros(card.shape[:2], np.bool_)
    hole[140:180, 60:260] = True
    card[hole] = 0.97
    result = repaired(card, {}, user=hole)
    pixels, _ = drawn(result)
    inside = pixels[145:175, 65:255, 0]
    assert inside.std() == pytest.approx(sigma / 255, rel=0.2)
    # The card's grain is white noise, blurred by 0.7 pixels.
    for apart in (1, 2):
        known = float(np.exp(-(apart**2) / (4 * 0.7**2)))
        # Under the grain the fill itself has faint waves from the grain of its rim.
        assert together(inside, apart) == pytest.approx(known, abs=0.2)
    assert result.findings["grain_drawn"]["sigma_255"] == pytest.approx(sigma, rel=0.15)


def together(plane: npt.NDArray[np.floating], apart: int) -> float:
    """Correlation of pixels a few columns apart."""
    return float(np.corrcoef(plane[:, apart:].ravel(), plane[:, :-apart].ravel())[0, 1])


def test_a_smooth_page_gets_no_grain() -> None:
    ramp = np.tile(np.linspace(0.3, 0.7, 320, dtype=np.float32), (320, 1))[:, :, None]
    hole = np.zeros((320, 320), np.bool_)
    hole[100:108, 50:250] = True
    broken = np.where(hole[:, :, None], np.float32(1), ramp)
    pixels, _ = drawn(repaired(broken, {}, user=hole))
    assert np.abs(pixels - ramp)[hole].max() < 1 / 255


def test_a_weave_is_not_put_back_as_grain() -> None:
    """Regular texture is no grain: as noise it would only blur the weave further."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:320, :320].astype(np.float32)
    cloth = 0.5 + 0.05 * np.sin(rows * 1.1 + columns * 0.3) * np.sin(columns * 0.9)
    cloth += rng.normal(0, 1 / 255, cloth.shape)
    hole = np.zeros((320, 320), np.bool_)
    hole[100:106, 50:250] = True
    result = repaired(on_grid(cloth.astype(np.float32)[:, :, None]), {}, user=hole)
    drawn(result)
    assert result.findings["grain_drawn"]["sigma_255"] is None
