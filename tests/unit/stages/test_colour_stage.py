"""The stage `colour` on prints whose ageing is known: nearer to what they were, or left alone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from damage.ageing import Ageing, on_paper, shown
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import LEAST_SLOPE
from restoration.stages.base import Declined, Mapped
from support import corpus
from support.aged_prints import (
    DARK_KEPT,
    LIGHT_STRUCK,
    MARGIN,
    SLIGHT,
    STAINED,
    STRONG,
    UNTOUCHED,
    Outcome,
    Screened,
    auto_levels,
    case,
    corrected,
    decided,
    difference,
    examined,
    grey_aged,
    healthy,
    inside,
    lab_of,
    lit,
    mapped,
    of_one_colour,
    on_margins,
    painted,
    sheet_of,
    values,
)
from support.profile_samples import lut_profile
from support.simulated_scans import SimulatedPage, scanned

AGEINGS = {"dark": DARK_KEPT, "light": LIGHT_STRUCK, "slight": SLIGHT, "strong": STRONG}
UNEVEN = Ageing((0.65, 0.85, 0.88), (0.01, 0.03, 0.08), uneven=0.16)

WHITE = np.array([0.05, 0.05, 0.05])
"""Density of the paper in `healthy` toned and grey prints."""


def tones(outcome: Outcome) -> Any:
    assert isinstance(outcome.decision, Mapped), outcome.said
    return outcome.decision.tones


def left_alone(outcome: Outcome) -> str:
    """The reason of a page that was not touched."""
    assert isinstance(outcome.decision, Declined), outcome.said
    assert outcome.said
    assert "\n" not in outcome.said
    return outcome.said


# -- nearer to the truth -------------------------------------------------------------------


@pytest.mark.parametrize("border", [MARGIN, 0])
@pytest.mark.parametrize("how", list(AGEINGS))
@pytest.mark.parametrize("name", ["astronaut", "coffee", "grace_hopper"])
def test_an_aged_print_comes_near_to_what_it_was(name: str, how: str, border: int) -> None:
    truth = shown(healthy(name))
    outcome = case(name, AGEINGS[how], border)
    aged = inside(values(outcome.before), border)
    after = difference(inside(outcome.picture, border), truth)
    assert after < 2.2
    assert after < 0.5 * difference(aged, truth)
    assert after < 0.5 * difference(auto_levels(aged), truth)


@pytest.mark.parametrize("border", [MARGIN, 0])
@pytest.mark.parametrize("grain", [0.0, 0.03])
def test_side_absorptions_and_grain_leave_a_correction_that_helps(
    grain: float, border: int
) -> None:
    how = Ageing((0.62, 0.8, 0.9), (0.01, 0.04, 0.11), side_absorptions=True)
    density = healthy("coffee", grain=grain)
    outcome = corrected(sheet_of(density, how, border))
    aged, truth = inside(values(outcome.before), border), shown(density)
    after = difference(inside(outcome.picture, border), truth)
    assert after < 3.0  # one curve per channel cannot undo what dyes take from each other
    assert after < 0.6 * difference(auto_levels(aged), truth) < 0.6 * difference(aged, truth)


def test_a_stain_alone_is_taken_away_where_a_margin_shows_it() -> None:
    for name in ("astronaut", "chelsea"):
        outcome = case(name, STAINED)
        assert difference(inside(outcome.picture), shown(healthy(name))) < 0.6
        assert outcome.found["kept"] == pytest.approx([1.0] * 3, abs=0.005)


def test_a_scan_of_8_bits_is_corrected_alike() -> None:
    outcome = corrected(sheet_of(healthy("coffee"), DARK_KEPT), bits=8)
    assert difference(inside(outcome.picture), shown(healthy("coffee"))) < 2.0


def test_the_findings_are_few_figures_that_say_everything() -> None:
    found = case("coffee", DARK_KEPT).found
    assert "\n" not in found["reason"]
    assert "red 64 %" in found["reason"]
    assert (found["scope"], found["strength"], found["generative"]) == ("scan", 1.0, False)
    assert found["uneven"] is None
    assert len(found["kept"]) == len(found["stain"]) == len(found["base"]) == 3


# -- left alone, and why -------------------------------------------------------------------


@pytest.mark.parametrize("border", [MARGIN, 0])
@pytest.mark.parametrize(
    "name", ["astronaut", "coffee", "grace_hopper", "rocket", "chelsea", "retina"]
)
def test_healthy_prints_are_left_as_they_are(name: str, border: int) -> None:
    outcome = case(name, UNTOUCHED, border)
    assert "kept their balance" in left_alone(outcome)
    assert np.array_equal(outcome.after, outcome.before)


def test_a_healthy_picture_whose_darks_are_all_of_one_colour_is_left_as_it_is() -> None:
    left_alone(case("immunohistochemistry", UNTOUCHED))


@pytest.mark.parametrize("border", [MARGIN, 0])
@pytest.mark.parametrize("name", ["astronaut", "rocket"])
@pytest.mark.parametrize(
    "light", [(1.0, 0.62, 0.32), (1.0, 0.87, 0.68)], ids=["sunset", "late afternoon"]
)
def test_the_light_of_the_scene_stays(name: str, light: Any, border: int) -> None:
    reason = left_alone(corrected(shown(on_paper(lit(name, light), border))))
    # A weak yellow in the lights may be taken for a stain; then the rest speaks against it.
    taken = (name, light[2], border) == ("astronaut", 0.68, 0)
    assert ("shadows are coloured" if taken else "kept their balance") in reason


def test_tungsten_light_stays_and_only_a_person_may_say_that_it_is_a_stain() -> None:
    pixels = shown(lit("coffee", (1.0, 0.80, 0.60)))
    reason = left_alone(corrected(pixels))
    assert reason.endswith("no margin shows the paper, and yellow light and a stain look alike")
    outcome = corrected(pixels, apply="always")
    assert outcome.found["kept"] == [1.0] * 3
    assert "the weakest evidence" in outcome.said


@pytest.mark.parametrize("border", [MARGIN, 0])
@pytest.mark.parametrize("colour", [(0.25, 0.8, 0.2), (0.7, 0.45, 0.25)], ids=["green", "brown"])
def test_a_subject_of_one_colour_keeps_it(colour: Any, border: int) -> None:
    for name in ("astronaut", "coffee"):
        pixels = shown(on_paper(of_one_colour(name, colour), border))
        reason = left_alone(corrected(pixels))
        assert ("the paper is white" if border else "no margin") in reason


@pytest.mark.parametrize("border", [MARGIN, 0])
def test_a_dark_picture_stays_dark(border: int) -> None:
    for name in ("astronaut", "grace_hopper"):
        pixels = shown(on_paper(lit(name, (1.0, 1.0, 1.0), 0.08), border))
        assert "kept their balance" in left_alone(corrected(pixels))


@pytest.mark.parametrize("border", [MARGIN, 0])
def test_fog_without_blacks_proves_nothing(border: int) -> None:
    for name in ("astronaut", "grace_hopper"):
        pixels = shown(on_paper(lit(name, (0.5, 0.5, 0.5), 1.0, 0.3), border))
        assert "kept their balance" in left_alone(corrected(pixels))
    hazed = lit("astronaut", (0.5, 0.5, 0.5), 1.0, np.array((0.25, 0.3, 0.4), np.float32))
    assert "no deep tones" in left_alone(corrected(shown(on_paper(hazed, border))))


def test_of_a_halftone_only_the_paper_is_judged() -> None:
    pixels = sheet_of(healthy("coffee"), DARK_KEPT)
    reason = left_alone(corrected(inside(pixels), before=(Screened,)))
    assert reason.startswith("a printed picture: no margin")
    outcome = corrected(pixels, before=(Screened,))
    assert outcome.found["kept"] == [1.0] * 3
    assert outcome.found["stain"] == pytest.approx(DARK_KEPT.stain, abs=0.014)


@pytest.mark.parametrize("how", [UNTOUCHED, STAINED, DARK_KEPT])
def test_a_toned_print_without_a_margin_is_left_alone(how: Ageing) -> None:
    reason = left_alone(corrected(shown(grey_aged(healthy("camera", "toned"), how))))
    assert reason == (
        "a toned picture: no margin shows the paper, and a toner and a stain look alike"
    )


def test_a_hand_coloured_print_is_left_alone() -> None:
    reason = left_alone(corrected(shown(painted(healthy("coins", "toned")))))
    assert reason.startswith("a hand-coloured picture: ")


def test_a_picture_that_is_too_small_is_left_alone() -> None:
    pixels = np.random.default_rng(0).random((10, 10, 3), np.float32)
    assert left_alone(corrected(pixels)) == "the picture is too small"


# -- grey and toned prints -----------------------------------------------------------------


def silver_sheet(kind: str, how: Ageing, name: str = "camera") -> Any:
    density = on_paper(healthy(name, kind), MARGIN)
    density[...] = np.where(density == on_paper(healthy(name, kind), MARGIN)[0, 0], 0.05, density)
    return shown(grey_aged(density, how) if density.shape[2] == 3 else one_aged(density, how))


def one_aged(density: Any, how: Ageing) -> Any:
    return (density - 0.05) * how.kept[0] + 0.05 + how.stain[1]


@pytest.mark.parametrize("name", ["camera", "coins", "brick"])
def test_a_sepia_print_keeps_its_hue_and_loses_its_stain(name: str) -> None:
    truth = shown(healthy(name, "toned"))
    outcome = corrected(silver_sheet("toned", STAINED, name))
    after, aged = inside(outcome.picture), inside(values(outcome.before))
    assert outcome.report["dyes"]["detail"]["image"] == "toned"
    assert difference(after, truth) < 0.7
    assert difference(aged, truth) > 2.0
    shift = lab_of(after).mean(axis=(0, 1)) - lab_of(truth).mean(axis=(0, 1))
    assert np.hypot(shift[1], shift[2]) < 0.6
    paper = lab_of(outcome.picture[:12])
    assert np.hypot(paper[..., 1], paper[..., 2]).max() < 1.0


@pytest.mark.parametrize("border", [MARGIN, 0])
def test_neutralise_takes_the_hue_and_keeps_the_order_of_tones(border: int) -> None:
    pixels = inside(silver_sheet("toned", STAINED), MARGIN - border)
    outcome = corrected(pixels, toned="neutralise")
    assert outcome.found["toner_taken_out"]
    before = lab_of(inside(values(outcome.before), border))
    after = lab_of(inside(outcome.picture, border))
    assert np.hypot(before[..., 1], before[..., 2]).mean() > 5.0
    assert np.hypot(after[..., 1], after[..., 2]).mean() < 1.0
    order = np.argsort(before[..., 0], axis=None)
    # Equal tones may trade places by the nodes' straight lines, no further.
    assert np.diff(after[..., 0].ravel()[order]).min() > -0.3
    assert after[..., 0].std() == pytest.approx(before[..., 0].std(), rel=0.15)


def test_equal_channels_stay_equal() -> None:
    how = Ageing((0.7, 0.7, 0.7), (0.08, 0.08, 0.08))
    for apply in ("auto", "always"):
        outcome = corrected(silver_sheet("grey", how), apply=apply)
        tones(outcome)
        assert (outcome.before == outcome.before[..., :1]).all()
        assert (outcome.after == outcome.after[..., :1]).all()


def test_weak_tones_of_silver_come_back_only_where_it_is_asked_for() -> None:
    how = Ageing((0.6, 0.6, 0.6), (0.06, 0.06, 0.06))
    for kind in ("grey", "one channel"):
        truth = shown(healthy("camera", kind))
        auto = corrected(silver_sheet(kind, how))
        assert auto.found["kept"] == [1.0] * len(auto.found["kept"])
        always = corrected(silver_sheet(kind, how), apply="always")
        assert max(always.found["kept"]) < 0.8
        aged, *better = (
            difference(inside(picture), truth)
            for picture in (values(auto.before), auto.picture, always.picture)
        )
        assert better[1] < better[0] < aged + 3.0


def test_a_stained_page_of_one_channel_loses_its_veil() -> None:
    truth = shown(healthy("camera", "one channel"))
    outcome = corrected(silver_sheet("one channel", Ageing((1.0,) * 3, (0.1,) * 3)))
    assert outcome.after.shape[2] == 1
    assert difference(inside(outcome.picture), truth) < 0.5
    assert difference(inside(values(outcome.before)), truth) > 1.5


# -- stains that are uneven ----------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_an_uneven_stain_is_followed_where_it_is_asked_for(seed: int) -> None:
    truth = shown(healthy("astronaut"))
    pixels = sheet_of(healthy("astronaut"), UNEVEN, seed=seed)
    even, followed = corrected(pixels), corrected(pixels, uneven=True)
    assert tones(even).stain is None
    assert "unevenly, by up to" in followed.said
    without = difference(inside(even.picture), truth)
    assert difference(inside(followed.picture), truth) < min(0.7 * without, 2.0)
    assert inside(followed.picture, 1)[:8].std(axis=(0, 1)).max() < 0.01  # even paper again


@pytest.mark.parametrize("margins", [(24, 24, 24, 0), (0, 24, 24, 24)])
def test_three_sides_are_enough(margins: Any) -> None:
    how = Ageing(UNEVEN.kept, UNEVEN.stain, uneven=0.08)
    density = healthy("astronaut")
    outcome = corrected(on_margins(density, margins, how), uneven=True)
    assert outcome.found["uneven"] is not None
    top, left = margins[:2]
    picture = outcome.picture[top : top + density.shape[0], left : left + density.shape[1]]
    assert difference(picture, shown(density)) < 2.0


def test_two_sides_are_not_and_the_correction_is_even() -> None:
    how = Ageing(UNEVEN.kept, UNEVEN.stain, uneven=0.08)
    outcome = corrected(on_margins(healthy("astronaut"), (24, 24, 0, 0), how), uneven=True)
    assert outcome.found["uneven"] is None
    assert tones(outcome).stain is None


def test_writing_and_tape_on_the_margin_do_not_disturb() -> None:
    border = 40
    pixels = sheet_of(healthy("astronaut"), UNEVEN, border).copy()
    pen = np.zeros(pixels.shape[:2], np.uint8)
    cv2.putText(pen, "Anna 1962", (90, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
    pixels[pen > 0] = (0.25, 0.25, 0.4)
    # Small: more of it, or at the sheet's edge, would end the margin for the finding `paper`.
    for where in (np.s_[-26:-14, 150:170], np.s_[4:20, 4:20]):
        pixels[where] *= np.array([0.9, 0.8, 0.6], np.float32)
    outcome = corrected(pixels, uneven=True)
    assert outcome.found["uneven"] is not None
    assert difference(inside(outcome.picture, border), shown(healthy("astronaut"))) < 2.2


@pytest.mark.parametrize("bed", [0.03, 0.5])
def test_the_bed_of_the_scanner_is_no_paper(bed: float) -> None:
    sheet = sheet_of(healthy("astronaut"), UNEVEN)
    page = np.full((sheet.shape[0] + 60, sheet.shape[1] + 60, 3), bed, np.float32)
    page[30:-30, 30:-30] = sheet
    page += np.random.default_rng(0).normal(0, 0.003, page.shape).astype(np.float32)
    outcome = corrected(page, uneven=True)
    after = inside(outcome.picture, 30 + MARGIN)
    assert outcome.found["uneven"] is not None
    assert difference(after, shown(healthy("astronaut"))) < 2.6


def test_a_white_lid_around_the_sheet_does_not_forbid_the_correction() -> None:
    sheet = sheet_of(healthy("astronaut"), DARK_KEPT)
    page = np.full((sheet.shape[0] + 60, sheet.shape[1] + 60, 3), 0.985, np.float32)
    page[30:-30, 30:-30] = sheet
    page += np.random.default_rng(0).normal(0, 0.003, page.shape).astype(np.float32)
    outcome = corrected(page)
    assert outcome.report["dyes"]["detail"]["as_dyes"]["against"] == ""
    assert outcome.found["strength"] > 0.9


# -- limits --------------------------------------------------------------------------------


def speckled(share: float, value: float) -> Any:
    """An aged sheet whose picture has bright specks, lighter than its paper.

    share: of the whole page's pixels.
    """
    pixels = sheet_of(healthy("coffee"), DARK_KEPT).copy()
    picture = inside(pixels)
    order = np.random.default_rng(5).permutation(picture.shape[0] * picture.shape[1])
    chosen = order[: round(share * pixels.shape[0] * pixels.shape[1])]
    picture[np.unravel_index(chosen, picture.shape[:2])] = value
    return pixels


def newly_clipped(outcome: Outcome) -> Any:
    """(2, channels): shares of samples that the correction took to either end."""
    before, after = outcome.before, outcome.after
    low = (after == 0) & (before > 0)
    high = (after == 65535) & (before < 65535)
    return np.stack([low.mean(axis=(0, 1)), high.mean(axis=(0, 1))])


@pytest.mark.parametrize("share", [0.0005, 0.002, 0.003])
def test_no_more_than_one_sample_in_a_thousand_is_clipped(share: float) -> None:
    outcome = corrected(speckled(share, 0.9))
    assert newly_clipped(outcome).max() <= 0.001
    assert outcome.found["strength"] == 1.0


def test_specks_that_leave_little_room_are_drawn_together_and_do_not_clip() -> None:
    outcome = corrected(speckled(0.003, 0.998))
    assert newly_clipped(outcome).max() <= 0.001
    assert outcome.found["strength"] > 0.9


def test_samples_that_are_clipped_already_do_not_count() -> None:
    assert corrected(speckled(0.003, 1.0)).found["strength"] == 1.0


@pytest.mark.parametrize("how", [DARK_KEPT, STRONG, UNEVEN])
@pytest.mark.parametrize("uneven", [True, False])
def test_every_limit_holds_on_real_decisions(how: Ageing, uneven: bool) -> None:
    for name in ("astronaut", "coffee"):
        outcome = corrected(sheet_of(healthy(name), how), uneven=uneven)
        curves = tones(outcome).curves
        assert (np.diff(curves, axis=1) * (NODES - 1)).min() >= LEAST_SLOPE - 1e-5
        assert newly_clipped(outcome).max() <= 0.001


def test_most_gain_limits_what_is_given_back() -> None:
    pixels = sheet_of(healthy("coffee"), STRONG)
    found = corrected(pixels, most_gain=1.25).found
    assert min(found["kept"]) == pytest.approx(0.8)
    assert min(corrected(pixels).found["kept"]) < 0.55


def test_half_the_strength_lies_half_way_in_density() -> None:
    pixels = sheet_of(healthy("coffee"), DARK_KEPT)
    full, half = corrected(pixels), corrected(pixels, strength=0.5)

    def density(codes: Any) -> Any:
        light = np.maximum(
            np.where(codes > 2651, ((codes / 65535 + 0.055) / 1.055) ** 2.4, 1e-3), 1e-3
        )
        return -np.log10(light)

    nothing, middle, all_of_it = (density(c) for c in (half.before, half.after, full.after))
    inner = (full.after > 4000) & (full.after < 65535)
    assert inner.mean() > 0.9
    apart = np.abs(middle - 0.5 * (nothing + all_of_it))[inner]
    assert np.percentile(apart, 99) < 2e-3
    assert apart.max() < 0.02  # the last step of the curve bends below its straight line
    assert np.abs(all_of_it - nothing)[inner].max() > 0.3


def test_noise_grows_by_the_gain_that_is_reported() -> None:
    outcome = case("coffee", STRONG)
    gain = outcome.found["noise_gain"]
    rng = np.random.default_rng(6)
    sigma = 100.0
    for channel in range(3):
        middle = float(np.median(outcome.before[..., channel]))
        codes = np.full((100, 100, 3), round(middle), np.uint16)
        noisy = np.rint(codes + rng.normal(0, sigma, codes.shape)).astype(np.uint16)
        made = tones(outcome).mapped(noisy, 0, 100)[..., channel].std()
        given = noisy[..., channel].std()
        # A node of the table lies 256 codes from the next: the noise reaches beyond its step.
        assert made / given == pytest.approx(gain["middle"][channel], rel=0.06)
        grown = []
        for level in np.percentile(outcome.before[..., channel], (1, 10, 30, 70, 90, 99)):
            codes = np.full((60, 60, 3), round(level), np.uint16)
            noisy = np.rint(codes + rng.normal(0, sigma, codes.shape)).clip(0, 65535)
            noisy = noisy.astype(np.uint16)
            out = tones(outcome).mapped(noisy, 0, 60)[..., channel]
            grown.append(out.std() / noisy[..., channel].std())
        assert max(grown) < 1.05 * gain["most"][channel]
    assert max(gain["middle"]) > 1.2


# -- taken back ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", [DARK_KEPT, LIGHT_STRUCK, STRONG, STAINED])
@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_what_was_done_can_be_taken_back_to_within_a_code(name: str, how: Ageing) -> None:
    outcome = case(name, how)
    back = tones(outcome).undone(outcome.after, 0, len(outcome.after)).astype(int)
    whole = (outcome.after > 0) & (outcome.after < 65535)
    assert whole.mean() > 0.99
    assert np.abs(back - outcome.before)[whole].max() <= 1
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1).repeat(3, axis=2)
    made = tones(outcome).mapped(every, 0, 256)
    back = tones(outcome).undone(made, 0, 256).astype(int)
    assert np.abs(back - every)[made < 65535].max() <= 1


def test_an_uneven_stain_is_taken_back_above_the_deepest_shadows() -> None:
    outcome = corrected(sheet_of(healthy("astronaut"), UNEVEN), uneven=True)
    table = tones(outcome)
    assert table.stain is not None
    back = table.undone(outcome.after, 0, len(outcome.after)).astype(int)
    whole = (outcome.after > 0) & (outcome.after < 65535)
    assert whole.mean() > 0.99
    assert np.abs(back - outcome.before)[whole].max() <= 1
    # Below a fiftieth of the range the floor of the logarithm lets more than one code be one.
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1).repeat(3, axis=2)
    made = table.mapped(every, 0, 256)
    back = table.undone(made, 0, 256).astype(int)
    apart = np.abs(back - every)
    whole = (made > 0) & (made < 65535) & (every > 65535 * 0.02)
    assert apart[whole].max() <= 1


# -- colour spaces -------------------------------------------------------------------------

PROFILES = {
    "sRGB": corpus.srgb_profile(),
    "Adobe RGB": corpus.adobe_rgb_profile(),
    "wide gamut": corpus.wide_gamut_profile(),
    "table": lut_profile(crosstalk=0.1),
}


def scanned_into(profile: bytes, pixels: Any, **settings: Any) -> tuple[Outcome, Any]:
    """The stage's outcome for a scan in that space, and what it looks like, in sRGB."""
    space = ColourSpace.from_profile(profile, 3)
    outcome = corrected(space.from_srgb(pixels), profile=profile, **settings)
    return outcome, np.clip(space.to_srgb(outcome.picture), 0, 1)


@pytest.mark.parametrize("name", ["Adobe RGB", "wide gamut", "table"])
def test_a_print_looks_the_same_after_correction_whatever_space_it_was_scanned_into(
    name: str,
) -> None:
    truth = shown(healthy("coffee"))
    pixels = sheet_of(healthy("coffee"), DARK_KEPT)
    _, plain = scanned_into(PROFILES["sRGB"], pixels)
    outcome, seen = scanned_into(PROFILES[name], pixels)
    tones(outcome)
    # The dyes are simulated in sRGB's channels: other channels see a little of two of them.
    assert difference(inside(seen), inside(plain)) < 1.5
    assert difference(inside(seen), truth) < 2.6


@pytest.mark.parametrize("name", list(PROFILES))
def test_neutral_stays_neutral_in_every_space(name: str) -> None:
    pixels = silver_sheet("grey", Ageing((0.7,) * 3, (0.08,) * 3))
    outcome, seen = scanned_into(PROFILES[name], pixels, apply="always")
    tones(outcome)
    apart = lab_of(seen)
    before = lab_of(
        np.clip(ColourSpace.from_profile(PROFILES[name], 3).to_srgb(values(outcome.before)), 0, 1)
    )
    chroma = [np.hypot(p[..., 1], p[..., 2]).mean() for p in (before, apart)]
    assert chroma[0] < 0.5
    assert chroma[1] < 1.0


# -- a batch -------------------------------------------------------------------------------


def pages_of(sheets: list[Any]) -> tuple[list[SimulatedPage], list[dict[str, Any]]]:
    pages = [SimulatedPage(scanned(sheet)) for sheet in sheets]
    return pages, [examined(page) for page in pages]


def test_an_album_gets_one_correction_and_weak_pages_profit() -> None:
    names = ("astronaut", "coffee", "grace_hopper", "chelsea")
    sheets = [sheet_of(healthy(name), DARK_KEPT) for name in names[:3]]
    sheets.append(sheet_of(healthy("chelsea"), DARK_KEPT, 0))
    pages, reports = pages_of(sheets)
    album = [decided(p, r, reports, scope="batch") for p, r in zip(pages, reports, strict=True)]
    assert all(isinstance(one, Mapped) for one in album)
    figures = [{k: one.findings[k] for k in ("kept", "stain", "base", "strength")} for one in album]
    assert all(one == figures[0] for one in figures)
    assert album[0].findings["pages_of_the_batch"] == 4
    assert album[0].findings["scope"] == "batch"
    truth = shown(healthy("chelsea"))
    alone = mapped(pages[3].codes, decided(pages[3], reports[3]))
    together = mapped(pages[3].codes, album[3])
    assert difference(values(together), truth) < 2.5 < difference(values(alone), truth)


def test_a_grey_page_in_a_colour_album_is_judged_by_grey_ones() -> None:
    sheets = [sheet_of(healthy(name), DARK_KEPT) for name in ("astronaut", "coffee")]
    sheets.append(silver_sheet("grey", Ageing((1.0,) * 3, (0.08,) * 3)))
    pages, reports = pages_of(sheets)
    grey = decided(pages[2], reports[2], reports, scope="batch")
    assert grey.findings["kept"] == [1.0] * 3
    assert grey.findings["stain"] == pytest.approx([0.08] * 3, abs=0.005)
    backwards = decided(pages[2], reports[2], reports[::-1], scope="batch")
    assert isinstance(grey, Mapped)
    assert isinstance(backwards, Mapped)
    assert backwards.tones.sha256 == grey.tones.sha256
    colour = [
        decided(pages[0], reports[0], album, scope="batch") for album in (reports[:2], reports)
    ]
    assert colour[0].findings["kept"] == colour[1].findings["kept"]


def test_the_lightest_page_of_an_album_sets_the_highlights_of_all() -> None:
    sheets = [sheet_of(healthy("coffee"), DARK_KEPT), speckled(0.003, 0.95)]
    pages, reports = pages_of(sheets)
    alone = decided(pages[0], reports[0])
    album = [decided(p, r, reports, scope="batch") for p, r in zip(pages, reports, strict=True)]
    curves = [one.tones.curves for one in album]
    assert np.array_equal(curves[0], curves[1])
    assert not np.allclose(curves[0][:, -40:], alone.tones.curves[:, -40:])
