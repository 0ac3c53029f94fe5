"""Dyes, paper and stain: what the condition report finds of an ageing that is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from damage.ageing import BASE, Ageing, on_paper, shown
from restoration.examine.tones import dye_fit
from restoration.examine.tones.dye_fit import aged, base_of, stain_of_lights, stain_of_margin
from restoration.examine.tones.hand_colour import hand_coloured
from restoration.examine.tones.margin_stain import EVEN, MarginStain, terms, uneven_stain
from restoration.examine.tones.silver import silver_image, toner
from restoration.findings.dyes import Uneven
from restoration.findings.report import ConditionReport
from restoration.review.findings import findings
from support.aged_prints import (
    DARK_KEPT,
    FINDINGS,
    LIGHT_STRUCK,
    MARGIN,
    SLIGHT,
    STAINED,
    STRONG,
    UNTOUCHED,
    Screened,
    case,
    examined,
    grey_aged,
    healthy,
    lit,
    painted,
    sheet_of,
)
from support.simulated_scans import SimulatedPage, scanned

COLOUR = ("astronaut", "coffee", "grace_hopper")
"""Pictures with a white and a black in them."""

AGEINGS = [DARK_KEPT, LIGHT_STRUCK, SLIGHT, STRONG]


def dyes_of(pixels: Any, **given: Any) -> dict[str, Any]:
    found = examined(SimulatedPage(scanned(pixels)), **given)["dyes"]
    assert isinstance(found, dict)
    return found


def ratio(kept: Any) -> Any:
    """Shares of the dye that has kept most: what picture and margin alone can show."""
    return np.array(kept) / np.max(kept)


# -- what aged and how much ----------------------------------------------------------------


@pytest.mark.parametrize("name", COLOUR)
@pytest.mark.parametrize("how", AGEINGS, ids=["dark", "light", "slight", "strong"])
def test_a_margin_shows_the_stain_and_the_blacks_the_dyes(name: str, how: Ageing) -> None:
    said = case(name, how).report["dyes"]["detail"]
    assert (said["image"], said["evidence"]) == ("dyes", "margin")
    found = said["as_dyes"]
    # The paper is a hundredth of density warmer than the fit's base, a stain below 0.012 none.
    assert np.array(found["stain"]) == pytest.approx(how.stain, abs=0.014)
    assert ratio(found["kept"]) == pytest.approx(ratio(how.kept), abs=0.03)
    # How far all dyes have faded together depends on the black that the print once had.
    assert np.array(found["kept"]) == pytest.approx(how.kept, abs=0.08)
    assert found["against"] == ""


@pytest.mark.parametrize("name", COLOUR)
@pytest.mark.parametrize("how", AGEINGS, ids=["dark", "light", "slight", "strong"])
def test_without_a_margin_the_lights_speak_less_exactly(name: str, how: Ageing) -> None:
    report = case(name, how, 0).report["dyes"]
    said = report["detail"]
    assert (said["image"], said["evidence"], said["margin"]) == ("dyes", "lightest tones", None)
    found = said["as_dyes"]
    # Of a stain that all channels share nothing shows.
    wanted = np.array(how.stain) - how.stain[0]
    assert np.array(found["stain"]) == pytest.approx(wanted, abs=0.05)
    assert ratio(found["kept"]) == pytest.approx(ratio(how.kept), abs=0.06)
    assert report["confidence"] < case(name, how).report["dyes"]["confidence"]


@pytest.mark.parametrize("border", [MARGIN, 0])
@pytest.mark.parametrize("grain", [0.0, 0.03])
@pytest.mark.parametrize("name", COLOUR[:2])
def test_side_absorptions_and_grain_move_the_shares_little(
    name: str, grain: float, border: int
) -> None:
    how = Ageing((0.62, 0.8, 0.9), (0.01, 0.04, 0.11), side_absorptions=True)
    found = dyes_of(sheet_of(healthy(name, grain=grain), how, border))["detail"]["as_dyes"]
    # Each channel's black is made by all dyes: red's loss is partly magenta's, and so on.
    assert ratio(found["kept"]) == pytest.approx(ratio(how.kept), abs=0.06)
    assert np.array(found["stain"]) == pytest.approx(how.stain, abs=0.03)


@pytest.mark.parametrize("name", [*COLOUR, "rocket"])
@pytest.mark.parametrize("border", [MARGIN, 0])
def test_a_healthy_print_has_kept_its_balance(name: str, border: int) -> None:
    found = case(name, UNTOUCHED, border).report["dyes"]["detail"]["as_dyes"]
    assert found["balanced"]
    assert "kept their balance" in found["against"]


@pytest.mark.parametrize("name", COLOUR)
def test_a_stain_alone_is_no_fading(name: str) -> None:
    found = case(name, STAINED).report["dyes"]["detail"]["as_dyes"]
    assert np.array(found["stain"]) == pytest.approx(STAINED.stain, abs=0.014)
    assert min(found["kept"]) > 0.99
    assert found["balanced"]


def test_more_fading_keeps_less() -> None:
    shares = [
        case("coffee", Ageing((k, 0.9, 0.9))).report["dyes"]["value"][0] for k in (0.9, 0.7, 0.5)
    ]
    assert shares[0] > shares[1] + 0.1 > shares[2] + 0.2


def test_codes_of_8_bits_say_the_same() -> None:
    codes = scanned(sheet_of(healthy("coffee"), DARK_KEPT), 8)
    found = examined(SimulatedPage(codes, bits=8))["dyes"]
    assert found["value"] == pytest.approx(
        case("coffee", DARK_KEPT).report["dyes"]["value"], abs=0.01
    )


# -- the fit by itself ---------------------------------------------------------------------


def cells(count: int = 4000, seed: int = 0) -> Any:
    """Densities of a picture in many colours, with a tenth of it black."""
    rng = np.random.default_rng(seed)
    found = np.clip(rng.uniform(0.0, 1.0, (count, 1)) + rng.normal(0, 0.15, (count, 3)), 0, 1.5)
    found[: count // 10] = dye_fit.REFERENCE
    return found + dye_fit.BASE


def faded(kept: Any, stain: Any = (0.0, 0.0, 0.0)) -> Any:
    return (cells() - dye_fit.BASE) * np.array(kept) + dye_fit.BASE + np.array(stain)


@pytest.mark.parametrize("kept", [(0.6, 0.9, 1.0), (1.0, 0.5, 0.8), (0.45, 1.0, 0.7)])
def test_the_fit_is_exact_where_the_print_is_what_it_takes_it_to_be(kept: Any) -> None:
    stain = np.array([0.02, 0.05, 0.2])
    found = aged(faded(kept, stain), stain + dye_fit.BASE, stain)
    assert found.kept == pytest.approx(kept, abs=1e-6)
    assert found.base == pytest.approx([dye_fit.BASE] * 3, abs=1e-9)
    assert found.spread == pytest.approx(-np.log(min(kept)), abs=1e-6)
    assert found.gain > 0.0
    assert found.reason_against == ""


def test_no_more_is_given_back_than_the_least_share() -> None:
    found = aged(faded((0.2, 1.0, 1.0)), np.full(3, dye_fit.BASE), np.zeros(3))
    assert found.kept[0] == dye_fit.LEAST_KEPT


def test_blacks_of_different_things_are_no_common_black() -> None:
    picture = np.clip(cells(), 0.0, 0.8)
    picture[:100] = (1.5, 0.9, 0.9)
    picture[100:200] = (0.9, 0.9, 1.2)
    found = aged(picture, np.full(3, dye_fit.BASE), np.zeros(3))
    assert found.disagreement > dye_fit.ONE_BLACK
    assert "lie in different things" in found.reason_against


def test_shadows_of_a_colour_that_the_rest_has_not_are_coloured() -> None:
    picture = np.repeat(cells()[:, :1], 3, axis=1)
    picture = np.clip(picture, 0.0, 1.2)
    picture[:60] = (1.25, 1.4, 1.6)
    found = aged(picture, np.full(3, dye_fit.BASE), np.zeros(3))
    assert found.gain < 0.0
    assert "the shadows are coloured" in found.reason_against


def test_weak_blacks_prove_nothing() -> None:
    found = aged(faded((0.4, 0.6, 0.5)), np.full(3, dye_fit.BASE), np.zeros(3))
    assert float(found.darkest.max()) < dye_fit.DEEP
    assert "no deep tones" in found.reason_against


def test_stain_and_base_follow_from_the_margin() -> None:
    margin = np.array([0.04, 0.055, 0.25])
    stain = stain_of_margin(margin)
    assert stain == pytest.approx([0.0, 0.0, 0.20])
    assert base_of(margin, stain) == pytest.approx([0.04, 0.05, 0.05])


@pytest.mark.parametrize(
    ("lightest", "stain"),
    [
        ((0.05, 0.08, 0.20), (0.0, 0.03, 0.15)),
        ((0.10, 0.08, 0.20), (0.02, 0.0, 0.12)),
        ((0.20, 0.08, 0.20), (0.03, 0.0, 0.12)),  # red: never more than 0.03
        ((0.05, 0.20, 0.10), (0.0, 0.0, 0.0)),  # no paper turns magenta
        ((0.05, 0.08, 0.50), (0.0, 0.0, 0.0)),  # a colour of the subject
        ((0.40, 0.45, 0.55), (0.0, 0.0, 0.0)),  # no white in it
    ],
)
def test_lightest_tones_show_a_stain_only_where_it_is_yellow_and_weak(
    lightest: Any, stain: Any
) -> None:
    assert stain_of_lights(np.array(lightest)) == pytest.approx(stain)


@pytest.mark.parametrize("name", [*COLOUR, "chelsea", "rocket"])
def test_of_a_sound_print_no_lost_density_is_told(name: str) -> None:
    """Coloured shadows are one sign of two: the dyes of these prints have lost nothing."""
    report = examined(SimulatedPage(scanned(shown(healthy(name)))))
    told = {row["name"]: row["text"] for row in findings(ConditionReport.model_validate(report))}
    assert not told["dyes"].startswith("Kept")
    assert "is lost" not in told["fading"]


def test_what_a_margin_proves_is_told_with_its_shares() -> None:
    told = {
        row["name"]: row["text"]
        for row in findings(ConditionReport.model_validate(case("coffee", STRONG).report))
    }
    assert told["dyes"].startswith("Kept ")
    assert told["dyes"].endswith("by the margin.")


def test_a_border_too_dark_for_paper_is_not_told_as_none() -> None:
    dark = np.pad(healthy("camera", "grey"), ((40, 40), (40, 40), (0, 0)), constant_values=0.7)
    report = examined(SimulatedPage(scanned(shown(dark))))
    assert report["paper"]["value"] is not None
    against = report["dyes"]["detail"]["as_silver"]["against"]
    assert against.startswith("the border is too dark to be this picture's paper")


# -- what the picture is made of -----------------------------------------------------------


def test_grey_has_no_dyes() -> None:
    for kind in ("grey", "one channel"):
        said = dyes_of(shown(healthy("camera", kind)))
        assert said["detail"]["image"] == "grey"
        assert said["value"] is None
        assert "no margin shows the paper" in said["detail"]["as_silver"]["against"]
    assert "as_dyes" not in said["detail"]


def test_the_paper_of_grey_and_toned_prints_is_judged_by_the_margin() -> None:
    for kind in ("grey", "toned"):
        density = on_paper(healthy("camera", kind), MARGIN)
        said = dyes_of(shown(grey_aged(density, STAINED)))
        # Stained as it is, grey cannot be told from a tone.
        assert said["detail"]["image"] == "toned"
        silver = said["detail"]["as_silver"]
        assert np.array(silver["stain"]) == pytest.approx(STAINED.stain, abs=0.014)
        assert said["value"] == [1.0, 1.0, 1.0]


def test_a_toner_is_described_from_light_to_dark() -> None:
    density = healthy("camera", "toned")
    said = dyes_of(shown(density))["detail"]
    assert said["image"] == "toned"
    nodes = np.array(said["toner"])
    assert (np.diff(nodes.mean(axis=1)) > 0).all()
    above = nodes - BASE[0]
    dark = above[:, 1] > 0.4
    assert (above[dark] / above[dark][:, 1:2]) == pytest.approx(
        np.tile((0.86, 1.0, 1.22), (int(dark.sum()), 1)), abs=0.02
    )


def test_a_picture_nearly_of_one_hue_stays_toned_however_its_shadows_look() -> None:
    """Faded colours that are hardly there look like a toner: it is kept, and the paper cleaned."""
    how = Ageing((0.42, 0.75, 0.9), (0.02, 0.04, 0.1))
    detail = dyes_of(sheet_of(healthy("hubble_deep_field"), how))["detail"]
    assert detail["image"] == "toned"
    assert detail["as_silver"]["kept"] == [1.0, 1.0, 1.0]
    assert detail["as_silver"]["stain"] == pytest.approx(how.stain, abs=0.02)


def test_colours_laid_on_by_brush_are_no_dyes() -> None:
    density = painted(healthy("coins", "toned"))
    said = dyes_of(shown(density))["detail"]
    assert said["image"] == "hand-coloured"
    assert "as on a hand-coloured print" in said["reason"]
    assert hand_coloured(shown(density))
    for name in ("coffee", "astronaut", "chelsea"):
        assert not hand_coloured(shown(healthy(name)))


def test_ink_is_no_dye() -> None:
    said = dyes_of(sheet_of(healthy("coffee"), DARK_KEPT), before=(Screened,))["detail"]
    assert said["image"] == "ink"
    assert "inks, not dyes" in said["reason"]
    assert said["as_silver"]["if_faded"] == [1.0, 1.0, 1.0]


def test_light_of_a_colour_leaves_the_blacks_neutral() -> None:
    found = dyes_of(shown(lit("coffee", (1.0, 0.62, 0.32))))["detail"]["as_dyes"]
    assert found["spread"] < 0.02
    assert found["balanced"]


def test_too_small_a_picture_is_unknown() -> None:
    said = dyes_of(np.random.default_rng(0).random((10, 10, 3), np.float32))
    assert said["value"] is None
    assert said["confidence"] == 0.0
    assert said["detail"] == {"reason": "the picture is too small"}


def test_a_margin_darker_than_the_pictures_lights_is_no_paper() -> None:
    pixels = sheet_of(healthy("coffee"), UNTOUCHED)
    for tone in (0.1, 0.7):
        album = pixels.copy()
        frame = np.ones(pixels.shape[:2], bool)
        frame[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
        album[frame] = tone
        report = examined(SimulatedPage(scanned(album)))
        assert report["paper"]["value"] is not None
        assert report["dyes"]["detail"]["margin"] is None


def test_findings_are_the_same_whatever_the_windows() -> None:
    from restoration.config.settings import ExamineSettings
    from restoration.examine.page import examine_page
    from restoration.raster.colour.colour_space import ColourSpace

    page = SimulatedPage(scanned(sheet_of(healthy("coffee"), DARK_KEPT)))
    space = ColourSpace.from_profile(None, 3)
    small = examine_page(page, ExamineSettings(faces="off", window=256), space, FINDINGS)["dyes"]
    assert small == examined(page)["dyes"]


# -- silver --------------------------------------------------------------------------------


def test_weak_tones_of_silver_are_only_a_possibility() -> None:
    tones = np.repeat(np.linspace(0.05, 0.05 + 0.98, 500)[:, None], 3, axis=1)
    said = silver_image(tones, np.full(3, 0.05), fades=True)
    assert said.kept == (1.0,) * 3
    assert said.if_faded == pytest.approx([0.7] * 3, abs=0.01)  # 0.98 / 1.4
    assert silver_image(tones, np.full(3, 0.05), fades=False).if_faded == (1.0,) * 3
    weaker = 0.05 + (tones - 0.05) * 0.3
    assert silver_image(weaker, np.full(3, 0.05), fades=True).if_faded == (0.6,) * 3


def test_the_nodes_of_a_toner_lie_on_its_curve() -> None:
    tone = np.random.default_rng(1).uniform(0, 1.5, 5000)
    nodes = np.array(toner(np.stack([tone, tone**1.1, 1.2 * tone], axis=1)))
    assert nodes[:, 1] == pytest.approx(nodes[:, 0] ** 1.1, abs=0.01)
    assert nodes[:, 2] == pytest.approx(1.2 * nodes[:, 0], abs=0.01)


# -- stains that are uneven ----------------------------------------------------------------

SURFACE = np.array(
    [
        [0.06, 0.01, 0.0, 0.01, 0.0, 0.0],
        [0.1, 0.03, 0.02, 0.0, 0.01, 0.0],
        [0.2, 0.08, -0.05, 0.02, 0.03, 0.04],
    ]
)


def page_with(surface: Any, sides: str, rows: int = 80, columns: int = 100) -> Any:
    """Densities of a page with a picture 12 cells inside the sides named, and its box."""
    top, left, bottom, right = (12 if side in sides else 0 for side in "tlbr")
    v, u = (2 * (np.arange(n) + 0.5) / n - 1 for n in (rows, columns))
    down, across = np.meshgrid(v, u, indexing="ij")
    density = (terms(across.ravel(), down.ravel()) @ surface.T).reshape(rows, columns, 3)
    box = (top, left, rows - top - bottom, columns - left - right)
    picture = np.random.default_rng(0).uniform(0.1, 1.6, (box[2], box[3], 3))
    density[top : top + box[2], left : left + box[3]] = picture
    return density, box


def margin_of(density: Any, box: Any) -> Any:
    outside = np.ones(density.shape[:2], bool)
    outside[box[0] : box[0] + box[2], box[1] : box[1] + box[3]] = False
    return np.median(density[outside], axis=0)


@pytest.mark.parametrize("sides", ["tlbr", "tlb", "lbr", "tbr"])
def test_the_surface_of_a_stain_is_found_from_three_sides(sides: str) -> None:
    density, box = page_with(SURFACE, sides)
    found = uneven_stain(density, box, margin_of(density, box))
    assert found is not None
    grid = MarginStain(SURFACE, 0.0).over_page()
    assert np.abs(found.over_page() - grid).max() < 0.003
    assert found.residual < 0.002
    assert found.span == pytest.approx(float(np.ptp(grid, axis=0).max()), abs=0.003)
    said = Uneven(**found.record(), lightest=(0.0, 0.0, 0.0))
    assert MarginStain.of(said).over_page() == pytest.approx(found.over_page(), abs=1e-4)


@pytest.mark.parametrize("sides", ["tl", "tb", "lr", "t", ""])
def test_two_sides_tell_no_surface(sides: str) -> None:
    density, box = page_with(SURFACE, sides)
    margin = margin_of(density, box) if sides else np.array([0.06, 0.1, 0.2])
    assert uneven_stain(density, box, margin) is None


def test_even_paper_has_no_surface() -> None:
    for slope in (0.0, 0.4 * EVEN):
        flat = np.zeros((3, 6))
        flat[:, 0], flat[:, 1] = 0.1, slope
        density, box = page_with(flat, "tlbr")
        density += np.random.default_rng(1).normal(0, 0.004, density.shape)
        assert uneven_stain(density, box, margin_of(density, box)) is None


def test_writing_and_tape_on_the_margin_do_not_bend_the_surface() -> None:
    density, box = page_with(SURFACE, "tlbr")
    rng = np.random.default_rng(2)
    density[2:9, 20:60][rng.random((7, 40)) < 0.3] += 0.5  # writing
    density[70:80, 60:75] += (0.03, 0.08, 0.15)  # tape, within the paper's own range
    density[:6, :6] += 2.0  # a torn corner over a dark bed
    found = uneven_stain(density, box, margin_of(density, box))
    assert found is not None
    assert np.abs(found.over_page() - MarginStain(SURFACE, 0.0).over_page()).max() < 0.02


def test_the_bed_outside_the_paper_is_no_margin() -> None:
    density, box = page_with(SURFACE, "tlbr")
    margin = margin_of(density, box)
    for bed in (0.0, 1.8):
        framed = density.copy()
        framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = (bed,) * 4
        found = uneven_stain(framed, box, margin)
        assert found is not None
        apart = np.abs(found.over_page() - MarginStain(SURFACE, 0.0).over_page())
        assert apart.max() < 0.02


def test_an_uneven_stain_is_recorded_with_the_dyes_seen_through_it() -> None:
    how = Ageing((0.65, 0.85, 0.88), (0.01, 0.03, 0.08), uneven=0.16)
    said = dyes_of(sheet_of(healthy("astronaut"), how))["detail"]
    assert said["uneven"]["span"] == pytest.approx(0.16, abs=0.05)
    assert ratio(said["uneven"]["as_dyes"]["kept"]) == pytest.approx(ratio(how.kept), abs=0.03)
    even = dyes_of(sheet_of(healthy("astronaut"), DARK_KEPT))["detail"]
    assert "uneven" not in even
