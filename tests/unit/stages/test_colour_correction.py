"""The correction of fading and stain as curves, and the decision that leads to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.config.stages.colour import ColourSettings
from restoration.examine.tones.margin_stain import MarginStain
from restoration.raster.colour.channel_light import ChannelLight, channel_light
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import LEAST_SLOPE
from restoration.stages.colour.correction import Correction
from restoration.stages.colour.decision import LEAST_FADE, LEAST_STAIN, Decision, decide
from support import condition, corpus

BASE = (0.05, 0.05, 0.05)
DARK = np.full(3, 0.5)
"""Lightest tones of a scan that leave room for any correction."""

ROUNDED = 1e-5
"""Slopes are rounded with their table's nodes."""


def light_of(profile: bytes | None = None, channels: int = 3) -> ChannelLight:
    return channel_light(ColourSpace.from_profile(profile, channels))


def correction(kept: Any, stain: Any = (0.0, 0.0, 0.0), **more: Any) -> Correction:
    return Correction(**{"kept": tuple(kept), "stain": tuple(stain), "base": BASE} | more)


NODES_AT = np.linspace(0.0, 1.0, 257)


def ends_of(table: Any, spared: Any) -> list[float]:
    """New values of the tones that must not clip."""
    return [float(np.interp(x, NODES_AT, c)) for x, c in zip(spared, table.curves, strict=True)]


def slopes(curves: Any) -> Any:
    return np.diff(curves, axis=1) * (NODES - 1)


def densities(light: ChannelLight, encoded: Any) -> Any:
    return -np.log10(light.light(encoded))


# -- the formula ---------------------------------------------------------------------------


def test_what_ageing_did_to_densities_is_taken_back() -> None:
    kept, stain = np.array([0.6, 0.8, 1.0]), np.array([0.0, 0.05, 0.2])
    truth = np.random.default_rng(0).uniform(0.05, 1.8, (100, 3))
    old = (truth - 0.05) * kept + 0.05 + stain
    assert correction(kept, stain).density(old, 1.0) == pytest.approx(truth, abs=1e-12)


def test_what_is_lighter_than_the_paper_is_only_shifted() -> None:
    old = np.full((1, 3), 0.02)
    found = correction((0.5, 0.5, 0.5), (0.1, 0.1, 0.1)).density(old, 1.0)
    assert found == pytest.approx(np.full((1, 3), 0.02 - 0.1))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_strength_is_a_share_in_density(share: float) -> None:
    old = np.random.default_rng(1).uniform(0.0, 2.0, (50, 3))
    whole = correction((0.6, 0.8, 0.9), (0.0, 0.1, 0.2))
    full = whole.density(old, 1.0)
    assert whole.density(old, share) == pytest.approx((1 - share) * old + share * full)


def test_a_toner_becomes_its_mean_and_steps_of_one_tone_stay_apart() -> None:
    tone = np.linspace(0.05, 1.6, 24)
    nodes = np.stack([0.86 * tone, tone, 1.22 * tone], axis=1)
    whole = correction((1.0, 1.0, 1.0), toner=tuple(map(tuple, nodes)), base=(0.0, 0.0, 0.0))
    found = whole.density(nodes, 1.0)
    assert np.ptp(found, axis=1).max() < 1e-4
    assert found[:, 0] == pytest.approx(nodes.mean(axis=1), abs=1e-4)
    beyond = whole.density(nodes[-1:] + 0.3, 1.0)
    assert beyond == pytest.approx(found[-1:] + 0.3, abs=1e-4)


# -- as a table ----------------------------------------------------------------------------

PROFILES = [None, corpus.adobe_rgb_profile(), corpus.wide_gamut_profile()]


@pytest.mark.parametrize("profile", PROFILES, ids=["sRGB", "Adobe RGB", "wide gamut"])
def test_the_table_is_the_formula_at_its_nodes(profile: bytes | None) -> None:
    light = light_of(profile)
    whole = correction((0.6, 0.85, 0.9), (0.0, 0.05, 0.15))
    table, strength = whole.table(light, DARK, 1.0)
    assert strength == 1.0
    nodes = np.tile(np.arange(1, NODES)[:, None] / (NODES - 1), (1, 3))
    new = whole.density(densities(light, nodes), 1.0)
    # Darker than any print once was, the curves are held up so that they can be undone.
    prints = new < 1.8
    assert prints.mean() > 0.7
    assert np.abs(table.curves.T[1:] - light.encoded(10.0**-new))[prints].max() < 1e-6


def test_nothing_to_correct_is_the_table_of_the_same_values() -> None:
    table, _ = correction((1.0, 1.0, 1.0)).table(light_of(), DARK, 1.0)
    assert np.abs(table.curves - np.arange(NODES) / (NODES - 1)).max() < 1e-6


@pytest.mark.parametrize("kept", [(0.4, 0.4, 0.4), (0.4, 1.0, 0.7)])
def test_no_curve_is_flatter_than_a_table_may_be(kept: Any) -> None:
    table, _ = correction(kept, (0.0, 0.1, 0.3)).table(light_of(), DARK, 1.0)
    assert slopes(table.curves).min() >= LEAST_SLOPE - ROUNDED
    assert table.curves[:, 0] == pytest.approx([0.0] * 3)


def test_what_is_lighter_than_the_paper_is_drawn_together_before_the_strength_gives_way() -> None:
    light = light_of()
    spared = np.array([0.97, 0.97, 0.97])
    whole = correction((1.0, 1.0, 1.0), (0.0, 0.05, 0.12))
    table, strength = whole.table(light, spared, 1.0)
    assert strength == 1.0
    ends = ends_of(table, spared)
    assert 0.97 < min(ends) <= max(ends) <= 1.0
    assert slopes(table.curves).min() >= LEAST_SLOPE - ROUNDED


def test_strength_gives_way_where_nothing_else_is_left() -> None:
    light = light_of()
    spared = np.array([0.99, 0.99, 0.99])
    whole = correction((1.0, 1.0, 1.0), (0.0, 0.1, 0.5))
    table, strength = whole.table(light, spared, 1.0)
    assert 0.0 < strength < 1.0
    ends = ends_of(table, spared)
    # As far as it goes, and no farther.
    assert max(ends) == pytest.approx(1.0, abs=2e-3)
    assert max(ends) <= 1.0
    assert whole.table(light, np.array([0.7, 0.7, 0.5]), 0.1)[1] == 0.1


@pytest.mark.parametrize("high", [0.80123, 0.9, 0.95117, 0.99])
def test_tones_that_must_not_clip_reach_no_full_code(high: float) -> None:
    spared = np.full(3, high)
    whole = correction((0.45, 0.6, 1.0), (0.0, 0.2, 0.3))
    table, _ = whole.table(light_of(), spared, 1.0)
    codes = np.full((1, 1, 3), round(high * 65535), np.uint16)
    made = table.mapped(codes, 0, 1)
    assert made.max() < 65535
    assert made.max() > 65535 * 0.995  # and no more is given up than need be


def test_one_channel_is_corrected_by_one_curve() -> None:
    whole = Correction(kept=(0.8,), stain=(0.1,), base=(0.05,))
    table, strength = whole.table(light_of(None, 1), np.array([0.8]), 1.0)
    assert table.curves.shape == (1, NODES)
    assert strength == 1.0


def test_an_uneven_stain_goes_from_where_it_is_most_down_to_its_least() -> None:
    surface = MarginStain(np.array([[0.1, 0.05, 0, 0, 0, 0]] * 3), 0.0)
    whole = correction((1.0, 1.0, 1.0), (0.05,) * 3, uneven=surface)
    light = light_of()
    table, _ = whole.table(light, DARK, 0.5)
    assert table.stain is not None
    # Beyond the least of the page (0.05 at the left edge), at half the strength.
    assert table.stain.coefficients[:, :2] == pytest.approx(np.full((3, 2), 0.025))
    codes = np.full((1, 200, 3), 20_000, np.uint16)
    out = densities(light, table.mapped(codes, 0, 1) / 65535.0)[0, :, 0]
    before = float(densities(light, codes / 65535.0)[0, 0, 0])
    u = (2 * np.arange(200) + 1) / 200 - 1
    assert out == pytest.approx(before - 0.5 * (0.05 + 0.05 + 0.05 * u), abs=2e-4)


shares = st.tuples(*[st.floats(0.4, 1.0)] * 3)
stains = st.tuples(*[st.floats(0.0, 0.3)] * 3)


@settings(max_examples=40, deadline=None)
@given(kept=shares, stain=stains, high=st.floats(0.3, 1.0), strength=st.floats(0.05, 1.0))
def test_every_correction_makes_a_table_that_rises_and_can_be_undone(
    kept: Any, stain: Any, high: float, strength: float
) -> None:
    light = light_of()
    spared = np.full(3, high)
    table, reached = correction(kept, stain).table(light, spared, strength)
    assert 0.0 <= reached <= strength
    assert np.isfinite(table.curves).all()
    assert slopes(table.curves).min() >= LEAST_SLOPE - ROUNDED
    codes = np.repeat(np.arange(65536, dtype=np.uint16).reshape(256, 256, 1), 3, axis=2)
    mapped = table.mapped(codes, 0, 256)
    whole = mapped < 65535
    assert np.abs(table.undone(mapped, 0, 256).astype(int) - codes)[whole].max() <= 1
    # Between nodes the table's lines lie a little above the curve that `spared` was asked of.
    assert table.mapped_values(spared[None, None]).max() <= 1.0 + 2e-4


# -- deciding ------------------------------------------------------------------------------

STAINED = {"stain": [0.0, 0.05, 0.2], "base": list(BASE)}
FADED = {**STAINED, "kept": [0.6, 0.9, 0.8], "balanced": False, "against": ""}
SOUND = {"kept": [1.0] * 3, "stain": [0.0] * 3, "base": list(BASE), "balanced": True,
         "against": "the darkest tones are neutral"}  # fmt: skip
SILVER = {**STAINED, "kept": [1.0] * 3, "if_faded": [0.7] * 3, "against": ""}
NO_MARGIN = {"against": "no margin shows the paper"}


def page(
    image: str = "dyes",
    dyes: Any = None,
    silver: Any = None,
    *,
    margin: bool = True,
    **detail: Any,
) -> dict[str, Any]:
    """The condition report of a page."""
    found = {
        "image": image,
        "margin": [0.05, 0.1, 0.25] if margin else None,
        "as_dyes": dyes or FADED,
        "as_silver": silver or SILVER,
    }
    return {"dyes": {"value": None, "detail": found | detail}}


def decision(report: Any, album: Any = None, material: str = "print", **given: Any) -> Decision:
    told = None if album is None else [condition.report(page) for page in album]
    found = decide(condition.report(report), ColourSettings(**given), material, told)
    assert found.reason
    assert "\n" not in found.reason
    return found


def corrects(found: Decision) -> Correction:
    assert found.correction is not None, found.reason
    return found.correction


def test_faded_dyes_are_corrected_and_the_reason_is_in_figures() -> None:
    found = decision(page())
    assert corrects(found) == correction((0.6, 0.9, 0.8), (0.0, 0.05, 0.2))
    assert "red 60 %, green 90 %, blue 80 %" in found.reason
    assert "red 0.00, green 0.05, blue 0.20" in found.reason
    assert found.findings["white_from"] == "its margin"
    assert "weakest evidence" in decision(page(margin=False)).reason


def test_blacks_that_prove_nothing_leave_the_dyes_and_a_margin_still_shows_the_stain() -> None:
    unproved = {**FADED, "against": "no deep tones"}
    assert corrects(decision(page(dyes=unproved))).kept == (1.0, 1.0, 1.0)
    alone = decision(page(dyes=unproved, margin=False))
    assert alone.correction is None
    assert alone.reason.startswith("no deep tones; no margin shows the paper")
    always = corrects(decision(page(dyes=unproved, margin=False), apply="always"))
    assert (always.kept, always.stain) == ((1.0, 1.0, 1.0), (0.0, 0.05, 0.2))


def test_what_nobody_would_see_is_not_changed() -> None:
    less = {**FADED, "kept": [1.0, 1.0 - 0.9 * LEAST_FADE, 1.0], "stain": [0, 0, 0.9 * LEAST_STAIN]}
    found = decision(page(dyes=less), apply="always")
    assert found.correction is None
    assert found.reason == "no fading and no stain was measured that would be worth a correction"
    more = {**less, "stain": [0, 0, 1.1 * LEAST_STAIN]}
    corrects(decision(page(dyes=more)))


@pytest.mark.parametrize("gain", [1.0, 1.25, 2.5])
def test_densities_are_multiplied_by_no_more_than_the_most_gain(gain: float) -> None:
    found = corrects(decision(page(dyes={**FADED, "kept": [0.4, 0.9, 1.0]}), most_gain=gain))
    assert found.kept == pytest.approx(np.maximum([0.4, 0.9, 1.0], 1 / gain))
    silver = corrects(decision(page("grey"), apply="always", most_gain=gain))
    assert silver.kept == pytest.approx([max(0.7, 1 / gain)] * 3)


def test_of_a_film_only_the_balance_is_judged() -> None:
    found = corrects(decision(page(dyes={**FADED, "kept": [0.4, 0.8, 0.6]}), material="positive"))
    assert found.kept == pytest.approx((0.5, 1.0, 0.75))
    assert decision(page("grey"), material="positive").correction is None


@pytest.mark.parametrize("image", ["grey", "toned", "hand-coloured", "ink", "unknown"])
def test_what_has_no_dyes_is_corrected_for_its_paper_alone(image: str) -> None:
    found = decision(page(image))
    assert corrects(found).kept == (1.0, 1.0, 1.0)
    assert corrects(found).stain == (0.0, 0.05, 0.2)
    assert "kept" not in found.reason
    assert decision(page(image), apply="always").correction != found.correction
    without = decision(page(image, silver=NO_MARGIN, margin=False))
    assert without.correction is None
    assert without.reason.endswith(": no margin shows the paper")
    white = {**SILVER, "stain": [0.0] * 3, "if_faded": [1.0] * 3, "against": "the paper is white"}
    assert decision(page(image, silver=white)).reason.endswith(": the paper is white")


def test_a_person_says_what_the_picture_is_made_of() -> None:
    assert corrects(decision(page("toned"), image="dyes")).kept == (0.6, 0.9, 0.8)
    silver = decision(page(), image="silver")
    assert corrects(silver).kept == (1.0, 1.0, 1.0)
    assert silver.findings["image"] == "hand-coloured"


def test_no_report_is_no_correction() -> None:
    assert "does not say enough" in decision({"dyes": None}).reason
    small = {"dyes": {"detail": {"reason": "the picture is too small"}}}
    assert decision(small).reason == "the picture is too small"


TONER = [[0.86 * tone, tone, 1.22 * tone] for tone in np.linspace(0.05, 1.5, 24)]


def test_a_toner_is_taken_out_only_where_it_is_asked_for() -> None:
    toned = page("toned", toner=TONER)
    assert corrects(decision(toned)).toner is None
    found = decision(toned, toned="neutralise")
    assert np.array(corrects(found).toner) == pytest.approx(np.array(TONER))
    assert len(set(corrects(found).stain)) == 1  # the stain's hue goes with the toner's
    assert found.reason.endswith("the hue of the toner is taken out, as the recipe asks")
    bare = page("toned", silver=NO_MARGIN, margin=False, toner=TONER)
    alone = decision(bare, toned="neutralise")
    assert corrects(alone).kept == (1.0, 1.0, 1.0)
    assert alone.reason == "the hue of the toner is taken out, as the recipe asks"
    for image in ("dyes", "grey", "hand-coloured"):
        found = decision(page(image, toner=TONER), toned="neutralise")
        assert corrects(found).toner is None


UNEVEN = {
    "coefficients": [[0.06, 0.01, 0, 0, 0, 0], [0.1, 0.02, 0, 0, 0, 0], [0.3, 0.1, 0, 0, 0, 0]],
    "residual": 0.002,
    "span": 0.2,
    "lightest": [0.05] * 3,
    "as_dyes": {**FADED, "kept": [0.5, 0.9, 0.8]},
}


def test_an_uneven_stain_is_taken_as_it_lies_only_where_it_is_asked_for() -> None:
    report = page(uneven=UNEVEN)
    assert corrects(decision(report)).uneven is None
    found = decision(report, uneven=True)
    assert corrects(found).uneven is not None
    assert corrects(found).kept == (0.5, 0.9, 0.8)
    assert "unevenly, by up to 0.20" in found.reason
    silver = corrects(decision(page("grey", uneven=UNEVEN), uneven=True))
    # Even is what is left: the least of the page (at the left edge) above the white.
    assert silver.stain == pytest.approx((0.0, 0.03, 0.15))


# -- one correction for a batch ------------------------------------------------------------


def dyed(kept: Any, **more: Any) -> dict[str, Any]:
    return page(dyes={**FADED, "kept": list(kept), **more.pop("said", {})}, **more)


def test_pages_of_a_batch_get_the_median_of_what_they_say() -> None:
    pages = [dyed(k) for k in ((0.5, 0.9, 0.8), (0.6, 0.8, 0.9), (0.7, 0.7, 0.7))]
    found = [decision(one, pages) for one in pages]
    assert all(corrects(one) == corrects(found[0]) for one in found)
    assert corrects(found[0]).kept == (0.6, 0.8, 0.8)
    assert found[0].findings["pages_of_the_batch"] == 3
    assert len({corrects(decision(one)).kept for one in pages}) == 3


def test_the_order_of_the_pages_says_nothing() -> None:
    rng = np.random.default_rng(4)
    pages = [dyed(rng.uniform(0.5, 1.0, 3), margin=bool(i % 2)) for i in range(7)]
    pages += [page("grey"), page("toned", silver=NO_MARGIN, margin=False)]
    wanted = [corrects(decision(one, pages)) for one in pages[:7]]
    for _ in range(3):
        mixed = [pages[i] for i in rng.permutation(len(pages))]
        assert [corrects(decision(one, mixed)) for one in pages[:7]] == wanted


def test_a_page_without_a_margin_has_the_paper_of_the_others() -> None:
    guess = {"stain": [0.0, 0.2, 0.3], "base": [0.05, 0.05, 0.05]}
    bare = dyed((0.6, 0.9, 0.8), margin=False, said=guess)
    album = [bare, bare, bare, dyed((0.6, 0.9, 0.8))]
    found = decision(bare, album)
    assert corrects(found).stain == (0.0, 0.05, 0.2)
    assert "weakest evidence" not in found.reason
    assert found.findings["white_from"] == "its margin"


def test_a_page_that_proves_nothing_gets_what_the_others_prove() -> None:
    dark = dyed((1.0, 0.9, 1.0), said={"against": "no deep tones"}, margin=False)
    assert decision(dark).correction is None
    album = [dark, dyed((0.6, 0.9, 0.8)), dyed((0.6, 0.9, 0.8))]
    assert corrects(decision(dark, album)).kept == (0.6, 0.9, 0.8)


def test_healthy_blacks_of_most_pages_speak_against_fading() -> None:
    album = [page(dyes=SOUND), page(dyes=SOUND), dyed((0.6, 0.9, 0.8), said={"stain": [0.0] * 3})]
    found = decision(album[2], album)
    assert found.correction is None
    assert found.reason == "on most pages of the batch the dyes have kept their balance"


def test_grey_pages_of_an_album_are_not_mixed_with_colour_ones() -> None:
    grey = [page("grey", silver={**SILVER, "stain": [0.1] * 3}) for _ in range(5)]
    colour = dyed((0.6, 0.9, 0.8))
    album = [*grey, colour]
    assert corrects(decision(colour, album)) == corrects(decision(colour))
    assert decision(colour, album).findings["pages_of_the_batch"] == 1
    found = decision(grey[0], album)
    assert corrects(found).stain == (0.1, 0.1, 0.1)
    assert found.findings["pages_of_the_batch"] == 5


def test_pages_of_one_channel_are_not_mixed_with_those_of_three() -> None:
    one = {"kept": [1.0], "if_faded": [1.0], "stain": [0.1], "base": [0.05], "against": ""}
    single = {"dyes": {"detail": {"image": "grey", "margin": [0.15], "as_silver": one}}}
    album = [single, page("grey"), page("grey")]
    assert corrects(decision(single, album)).stain == (0.1,)
    assert corrects(decision(album[1], album)).stain == (0.0, 0.05, 0.2)


def test_pages_without_a_finding_are_left_out_of_their_album() -> None:
    album = [dyed((0.6, 0.9, 0.8)), {"dyes": None}, {"dyes": {"detail": {"reason": "too small"}}}]
    assert corrects(decision(album[0], album)).kept == (0.6, 0.9, 0.8)
    assert decision(album[2], album).reason == "too small"
