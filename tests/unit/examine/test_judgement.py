"""What a page adds to the odds of its marks."""

import numpy as np
import pytest

from restoration.examine.damage import judgement
from restoration.examine.damage.coefficients import MIDDLE, SPREAD
from restoration.examine.damage.judgement import (
    AREA,
    DamageEvidence,
    on_page,
    own_odds,
    page_shifts,
    terms,
)
from restoration.examine.damage.odds import threshold
from restoration.findings.damage import KINDS

DUST, HAIRS, STAINS = (KINDS.index(name) for name in ("dust", "hairs", "stains"))


def said(odds, kind, light, area=AREA):
    return DamageEvidence.of(np.array(odds, float), np.array(kind), np.array(light), area)


def test_likely_marks_are_counted_by_group_and_polarity():
    found = said(
        [4, 3.5, 0, -3, 5], [DUST, HAIRS, DUST, DUST, STAINS], [True, False, True, True, True]
    )
    assert found.likely == pytest.approx(np.log(3))
    assert found.by_group == pytest.approx({"small": np.log(2), "long": np.log(2)})
    assert (found.light, found.dark, found.doubtful) == pytest.approx((np.log(2),) * 3)


def test_a_page_without_marks_says_nothing():
    empty = said([], np.zeros(0, int), np.zeros(0, bool))
    assert (empty.likely, empty.doubtful, empty.light, empty.dark) == (0.0, 0.0, 0.0, 0.0)


def test_on_a_large_page_marks_are_counted_by_area():
    assert said([4] * 40, [DUST] * 40, [True] * 40, 10 * AREA).likely == pytest.approx(np.log(5))
    assert said([4], [DUST], [True], AREA / 8).likely == pytest.approx(np.log(2))


def test_marks_of_the_colour_that_the_damage_of_the_page_has_gain(monkeypatch):
    monkeypatch.setattr(judgement, "POLARITY", 1.0)
    monkeypatch.setattr(
        judgement,
        "PAGE",
        {"small": (-1.0, 0, 0.5, 0), "long": (-2.0, 0, 0, 0)},
    )
    shifts = page_shifts(np.full(9, 4.0), np.full(9, DUST), np.arange(9) < 8, AREA)
    assert shifts["light"] == pytest.approx(np.log(9))
    assert shifts["dark"] == pytest.approx(np.log(2))
    assert shifts["dust"] == pytest.approx(-1 + 0.5 * np.log(10))
    assert shifts["hairs"] == shifts["cracks"] == -2.0
    assert "stains" not in shifts


def test_the_terms_of_a_mark_are_its_figures_and_their_products():
    figures = np.array(MIDDLE)[:, None] + np.array(SPREAD)[:, None] * [[1.0, 50.0]]
    first, far = terms(figures)
    assert first[0] == 1.0
    assert first[1:8] == pytest.approx(np.ones(7))
    assert len(first) == 1 + 7 + 28
    assert far.max() == pytest.approx(9.0), "far out nothing was learned"


def test_stains_and_losses_are_never_certain_by_themselves():
    surest = np.array(MIDDLE)[:, None] + np.zeros((7, 2))
    surest[0] = np.log((1 - 1e-4) / 1e-4)
    odds = own_odds(surest, np.array([STAINS, KINDS.index("losses")], np.uint8))
    assert (odds < threshold(0.6)).all()


def test_a_page_makes_hairs_likelier_and_dust_only_less_likely():
    odds, kind = np.zeros(4), np.array([DUST, HAIRS, DUST, STAINS])
    light = np.array([True, True, False, True])
    shifts = {"dust": -0.5, "hairs": 1.0, "light": 2.0, "dark": 0.1}
    assert on_page(odds, kind, light, shifts) == pytest.approx([0.0, 3.0, -0.4, 0.0])
