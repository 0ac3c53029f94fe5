"""Repair: what is filled by itself, what is left and listed, and what a person's word changes.

A fake detector stands in for the network: what is tested is what is made of its answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from restoration.errors import ScanError
from restoration.examine.damage import search
from restoration.findings.damage import KINDS, Damage
from restoration.raster.area import Polygon, Rectangle
from restoration.raster.base import to_uint16
from restoration.records.stage_findings.repair import RepairFindings
from restoration.stages.base import Declined, Restored
from restoration.stages.repair.discovery import _with_halos
from restoration.stages.repair.halo import with_halo
from support.fake_detector import FakeDetector, WhiteDetector, fake_detector
from support.film import Pixels, film, on_grid
from support.repairs import card, drawn, repaired, report, wider

SPECKS = ((60, 70), (80, 260), (250, 60), (260, 250))
SCRATCH = (150, 40, 170, 280)
FAINT = ((120, 120), (200, 210))


@pytest.fixture(autouse=True)
def detector() -> Iterator[FakeDetector]:
    with fake_detector() as fake:
        yield fake


def worn() -> Pixels:
    """Four specks, a hair, and two specks that may as well be picture."""
    return card(*SPECKS, lines=(SCRATCH,), faint=FAINT)[0]


def left(result: Restored | Declined) -> dict[tuple[str, str], int]:
    """By kind and reason: how many marks were left."""
    said = RepairFindings.read(result.findings, "repair")
    return {(one.kind, one.reason): one.count for one in said.left_marks or ()}


# --- what is certain is filled ------------------------------------------------------------------


def test_what_is_certain_is_filled_and_nothing_else_changes() -> None:
    page, true = card(*SPECKS, lines=(SCRATCH,), faint=FAINT)
    result = repaired(page)
    pixels, mask = drawn(result)
    assert mask[true].all()
    assert not mask[~wider(true, 5)].any()
    before, after = to_uint16(page), to_uint16(pixels)
    assert np.array_equal(after[~mask], before[~mask])
    assert abs(float(pixels[true].mean()) - 0.5) < 0.01
    assert result.findings["filled_marks"] == {"dust": 4, "hairs": 1}
    assert left(result) == {("dust", "suspected"): 2}


def test_the_report_and_the_stage_count_the_same() -> None:
    page = worn()
    entries = report(page)
    result = repaired(page, entries)
    detail = entries["damage"]["detail"]
    for kind in KINDS:
        assert result.findings[kind]["count"] == detail[kind]["count"], kind
        assert result.findings[kind]["area_px"] == detail[kind]["area_px"], kind
        assert result.findings["shifts"][kind] == detail["shifts"][kind]
    suspected = sum(count for (_, why), count in left(result).items() if why == "suspected")
    assert suspected == detail["suspected"]["count"]
    assert Damage.model_validate(entries["damage"]).sentence().startswith("Dust 4, hairs 1, about ")
    assert result.findings["reason"].startswith("dust 4, hairs 1: ")


@pytest.mark.parametrize("ppi", [None, 1200.0])
def test_only_tiles_in_which_the_report_saw_something_are_searched_again(
    monkeypatch: pytest.MonkeyPatch, detector: FakeDetector, ppi: float | None
) -> None:
    """The same marks, the same odds and the same pixels as where everything is searched."""
    monkeypatch.setattr(search, "SIDE", 256 if ppi is None else 128)
    small, _ = card(*SPECKS, lines=(SCRATCH,), faint=FAINT)
    page = np.full((1280, 1280, 1), np.float32(0.5))
    page = on_grid(page + np.random.default_rng(5).normal(0, 1 / 255, page.shape).astype("f4"))
    page[300:620, 300:620] = small
    if ppi is not None:
        page = page.repeat(2, axis=0).repeat(2, axis=1)
    entries = report(page, ppi)
    detector.seen.clear()
    told = repaired(page, entries, ppi=ppi)
    some = len(detector.seen)
    detector.seen.clear()
    untold = repaired(page, entries, ppi=ppi, apply="always")
    assert some < len(detector.seen) / 2
    assert told.findings["searched_share"] < 0.5
    assert untold.findings["searched_share"] == 1.0
    assert np.array_equal(drawn(told)[1], drawn(untold)[1])
    for name in (*KINDS, "left_marks", "left_boxes", "shifts", "filled_marks"):
        assert told.findings[name] == untold.findings[name], name


def test_a_page_without_damage_is_not_searched_again(detector: FakeDetector) -> None:
    page = card()[0]
    entries = report(page)
    detector.seen.clear()
    result = repaired(page, entries)
    assert isinstance(result, Declined)
    assert result.reason == "the condition report found no damage"
    assert detector.seen == []


def test_a_page_on_which_damage_is_only_suspected_is_listed_and_left() -> None:
    page = card(faint=FAINT)[0]
    result = repaired(page)
    assert isinstance(result, Declined)
    assert result.reason == (
        "nothing was found that is certain to be damage; left: 2 only suspected"
    )
    assert len(result.findings["left_boxes"]) == 2


def test_a_page_that_an_earlier_stage_changed_is_searched_anew() -> None:
    """The report speaks of the master: its screen may have hidden a hair."""
    entries = report(card(SPECKS[0])[0])
    page = worn()
    result = repaired(page, entries, changed_before=True)
    assert result.findings["filled_marks"] == {"dust": 4, "hairs": 1}
    assert result.findings["searched_anew"] == (
        "an earlier stage changed the page after it was examined"
    )
    assert "searched_anew" not in repaired(page).findings


def test_a_page_without_a_verdict_is_not_searched() -> None:
    result = repaired(worn(), {"damage": {"value": None, "detail": {"reason": "too small"}}})
    assert isinstance(result, Declined)
    assert "too small" in result.reason


def test_a_16_bit_ramp_stays_as_it_is() -> None:
    codes = np.linspace(0, 65535, 512 * 256).reshape(256, 512).astype(np.uint16)
    ramp = (codes.astype(np.float32) / np.float32(65535))[:, :, None]
    for settings in ({}, {"apply": "always"}):
        result = repaired(ramp, **settings)
        assert isinstance(result, Declined), result.findings


def test_what_was_filled_and_left_is_the_reason() -> None:
    _, mask = drawn(result := repaired(worn()))
    assert isinstance(result, Restored)
    share = f"{100 * mask.mean():.2g} % of the page filled"
    said = rf"dust 4, hairs 1: {re.escape(share)}; left: 2 only suspected"
    assert re.fullmatch(said, result.findings["reason"])


# --- by kind, by size, by odds ------------------------------------------------------------------


def test_only_the_kinds_that_are_asked_for_are_filled() -> None:
    page, _ = card(*SPECKS, lines=(SCRATCH,))
    _, dust = drawn(result := repaired(page, kinds=("dust",)))
    assert not dust[145:175].any()
    assert left(result) == {("hairs", "kind not asked for"): 1}
    assert "left: 1 of hairs, which the recipe has repair leave" in result.findings["reason"]
    _, hairs = drawn(repaired(page, kinds=("hairs",)))
    assert hairs[145:175].any()
    assert not hairs[:130].any()


@pytest.mark.parametrize(("sensitivity", "specks"), [(0.0, 4), (0.5, 4), (1.0, 6)])
def test_sensitivity_decides_between_certain_and_suspected(sensitivity: float, specks: int) -> None:
    page = card(*SPECKS, faint=((120, 120), (200, 210)))[0]
    page[115:126, 112:128] += np.float32(0.02)  # a little above one half
    page = on_grid(page)
    result = repaired(page, sensitivity=sensitivity, apply="always")
    found = result.findings["filled_marks"]["dust"]
    assert found >= 4
    assert (found > 4) == (specks > 4)


def test_what_is_too_wide_is_left_unless_a_person_marks_it() -> None:
    page = card(side=640)[0]
    page[300:352, 40:600] = 0.05
    result = repaired(page)
    assert isinstance(result, Declined)
    (((_, why), count),) = left(result).items()
    assert (why, count) == ("too wide", 1)
    area = Rectangle(0, 280, 640, 100)
    _, mask = drawn(repaired(page, fill=(("fill.0: the box", area),)))
    assert mask[305:347, 50:590].mean() > 0.95


def test_a_page_that_is_mostly_damage_is_left_to_a_person() -> None:
    result = repaired(worn(), most_share=0.001)
    assert isinstance(result, Declined)
    assert "0.1 %" in result.reason
    assert "person" in result.reason
    assert left(result)["hairs", "too much of the page"] == 1
    assert "filled_marks" not in result.findings or not result.findings["filled_marks"]


# --- by place -----------------------------------------------------------------------------------

FACE = [[120.0, 100.0], [120.0, 180.0], [160.0, 140.0], [200.0, 110.0], [200.0, 170.0]]
"""Eyes, nose and corners of the mouth, [row, column]."""

FACES = {"faces": {"detail": {"faces": [{"points": [(x, y) for y, x in FACE]}]}}}
TEXT = {"text": {"detail": {"boxes": [{"box": [20, 20, 200, 40]}]}}}
PAPER = {"paper": {"detail": {"layers": [{"encloses": [16, 12, 280, 290]}]}}}

SCREEN = {"screen": {"detail": {"regions": [{"box": [20, 20, 200, 40]}]}}}


@pytest.mark.parametrize(
    ("entries", "spared", "why"),
    [
        (FACES, [(120, 100), (118, 185), (203, 140)], {"eye", "mouth"}),
        (TEXT, [(30, 30), (50, 200)], {"lettering"}),
        (PAPER, [(40, 16), (302, 90)], {"edge of the sheet"}),
        (SCREEN, [(30, 30), (50, 200)], {"halftone screen"}),
    ],
)
def test_eyes_mouths_lettering_and_edges_are_left_to_a_person(
    entries: dict[str, Any], spared: list[tuple[int, int]], why: set[str]
) -> None:
    free = [(80, 260), (250, 60), (260, 250)]
    page, everything = card(*spared, *free)
    held, open_ = card(*spared)[1], card(*free)[1]
    result = repaired(page, entries, apply="always")
    pixels, mask = drawn(result)
    assert not mask[wider(held, 1)].any()
    assert np.array_equal(pixels[wider(held, 1)], page[wider(held, 1)])
    assert mask[open_].all()
    assert result.findings["vetoed_px"] > 0
    assert {reason for _, reason in left(result)} == why
    places = {tuple(one["box"]) for one in result.findings["left_boxes"]}
    assert len(places) == len(spared)
    without_veto = drawn(repaired(page, {}, apply="always"))[1]
    assert without_veto[held].all()
    own = repaired(page, entries, apply="always", user=wider(everything, 2))
    assert drawn(own)[1][everything].all()
    assert left(own) == {}
    assert own.findings["vetoed_px"] == 0


def test_where_the_screen_was_taken_out_marks_are_filled() -> None:
    page, everything = card((30, 30), (50, 200))
    result = repaired(page, SCREEN, apply="always", changed_before=True)
    assert drawn(result)[1][everything].all()


def test_a_crack_through_an_eye_is_filled_on_both_sides_and_the_eye_is_left() -> None:
    page, true = card(lines=((115, 10, 125, 310),))
    result = repaired(page, FACES, apply="always")
    _, mask = drawn(result)
    eyes = np.zeros_like(true)
    for row, column in FACE[:2]:
        down, across = np.mgrid[:320, :320]
        eyes |= np.hypot(down - row, across - column) < 0.35 * 80 - 1
    assert not mask[eyes].any()
    assert mask[true & ~wider(eyes, 3)].all()
    assert left(result) == {("hairs", "eye"): 1}
    assert "left: 1 in an eye" in result.findings["reason"]


def test_a_scratch_that_goes_on_outside_is_filled_through_lettering() -> None:
    page, true = card(lines=((10, 100, 310, 110),))
    result = repaired(page, TEXT, apply="always")
    assert drawn(result)[1][true].all()
    assert left(result) == {}
    short, _ = card(lines=((22, 100, 70, 102),))
    assert left(repaired(short, TEXT, apply="always")) == {("hairs", "lettering"): 1}


def test_a_line_along_a_jaw_is_no_scratch_and_one_across_it_is() -> None:
    """The outline of the head of FACE runs about 115 to 190 pixels from the middle of the eyes."""
    jaw, _ = card(lines=((90, 270, 150, 272),))
    assert left(repaired(jaw, FACES, apply="always")) == {("hairs", "head outline"): 1}
    through, true = card(lines=((90, 5, 60, 315),))
    assert drawn(repaired(through, FACES, apply="always"))[1][true].all()
    speck, spot = card((110, 270))
    assert drawn(repaired(speck, FACES, apply="always"))[1][spot].all()


def test_what_is_left_is_listed_by_place_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SMALLEST", 1024)  # so close that the coarse level sees one mark
    places = tuple((row, column) for row in range(20, 620, 24) for column in range(20, 620, 24))
    page, _ = card(*places, side=640)
    result = repaired(page, kinds=("hairs",), most_share=0.5)
    assert left(result)["dust", "kind not asked for"] == len(places)
    boxes = result.findings["left_boxes"]
    assert len(boxes) == 200 < len(places)
    for one in boxes:
        x, y, width, height = one["box"]
        assert any(y <= row < y + height and x <= column < x + width for row, column in places)
        assert one["probability"] > 0.9


# --- a person's regions -------------------------------------------------------------------------


def test_what_is_suspected_in_a_region_is_filled() -> None:
    page, _ = card(*SPECKS, faint=FAINT)
    region = ("repair.fill.0: the box", Rectangle(100, 100, 40, 40))
    _, mask = drawn(result := repaired(page, fill=(region,)))
    assert mask[118:123, 118:123].all()
    assert not mask[195:206, 205:216].any()
    assert left(result) == {("dust", "suspected"): 1}
    assert result.findings["user_regions"] == 1
    assert "what lies in regions that a person marked" in result.findings["reason"]


def test_a_region_speaks_for_every_kind_and_place_and_part_of_a_mark() -> None:
    page, true = card((120, 100), lines=((250, 20, 252, 300),))
    regions = (
        ("repair.fill.0: the box", Rectangle(80, 100, 40, 40)),
        ("repair.fill.1: the polygon", Polygon(((100.0, 240.0), (200.0, 240.0), (150.0, 280.0)))),
    )
    _, mask = drawn(repaired(page, {**report(page), **FACES}, fill=regions, kinds=("dust",)))
    assert mask[true & (np.arange(320)[:, None] < 200)].all()
    assert mask[251, 130:170].all()
    assert not mask[240:260, 210:].any()


def test_a_region_is_searched_where_the_report_saw_nothing() -> None:
    """A clean page, its report, and a speck that another detector would not have seen."""
    page = card(faint=((120, 120),))[0]
    clean = report(card()[0])
    region = ("repair.fill.0: the box", Rectangle(100, 100, 40, 40))
    _, mask = drawn(repaired(page, clean, fill=(region,)))
    assert mask[118:123, 118:123].all()


def test_what_a_person_excluded_is_not_said_to_be_filled() -> None:
    """A speck and half of a hair lie outside of where the stage may work."""
    page, true = card(*SPECKS, lines=(SCRATCH,))
    area = Rectangle(200, 60, 120, 120)
    _, mask = drawn(result := repaired(page, exclude=(area,)))
    assert mask[true & (np.arange(320) < 195)].all()
    assert not mask[60:180, 200:].any()
    assert result.findings["filled_marks"] == {"dust": 3, "hairs": 1}
    assert left(result) == {
        ("dust", "a person excluded it"): 1,
        ("hairs", "a person excluded it"): 1,
    }
    assert "left: 2 excluded by a person" in result.findings["reason"]
    assert result.findings["vetoed_px"] == 0


def test_a_region_that_holds_no_mark_stops_the_scan() -> None:
    page = worn()
    region = ("regions: 'a.yaml': repair.fill.0: the box 5, 5, 20, 20", Rectangle(5, 5, 20, 20))
    with pytest.raises(ScanError, match=r"a\.yaml.*repair\.fill\.0.*holds nothing that may be"):
        repaired(page, fill=(region,))


# --- infrared -----------------------------------------------------------------------------------

COLOUR = {"colour": {"value": "colour"}}


def test_a_speck_that_lets_infrared_through_is_picture() -> None:
    """White on a slide, and nothing of it in the infrared channel."""
    slide, infrared, dust = film()
    place = next(
        (row, column)
        for row in range(20, 300, 7)
        for column in range(20, 300, 7)
        if not wider(dust, 9)[row, column] and slide[row, column].max() < 0.3
    )
    page, infrared = slide.copy(), infrared.copy()
    around = np.s_[place[0] - 3 : place[0] + 4, place[1] - 3 : place[1] + 4]
    # No dye where the picture is white, and so none in the infrared.
    page[around], infrared[around] = 1.0, 0.8
    with fake_detector(WhiteDetector()):
        result = repaired(page, COLOUR, infrared=infrared, material="positive")
        by_looks = drawn(repaired(page, COLOUR, apply="always"))[1]
    _, mask = drawn(result)
    assert not mask[place]
    assert mask[dust].mean() > 0.95
    assert result.findings["infrared"]["cleared"] >= 1
    assert by_looks[place]


@pytest.mark.parametrize("depth", [0.5, 1.0])
@pytest.mark.parametrize("light", [0.35, 0.95])
def test_what_counts_as_opaque_is_measured_on_the_scan(depth: float, light: float) -> None:
    """A scanner with a dim lamp, or one whose infrared dust only dims by half."""
    slide, infrared, dust = film()
    density = -np.log10(np.maximum(infrared, 1e-3) / 0.8)
    other = on_grid(np.clip(light * 10 ** (-depth * density), 0, 1).astype(np.float32))
    with fake_detector(WhiteDetector()):
        result = repaired(slide, COLOUR, infrared=other, material="positive")
    _, mask = drawn(result)
    assert mask[dust].mean() > 0.95
    assert wider(dust, 4)[mask].mean() > 0.8


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_halo_looked_at_alone_is_that_of_the_window(seed: int) -> None:
    """Sharpened specks and lines, at the border and close to each other."""
    rng = np.random.default_rng(seed)
    specks = tuple((int(r), int(c)) for r, c in rng.integers(2, 318, (14, 2)))
    page, true = card(*specks, lines=((20, 5, 40, 200),))
    soft = cv2.GaussianBlur(page, (0, 0), 1.0)[:, :, None]
    sharp = np.clip(page + 1.5 * (page - soft), 0, 1).astype(np.float32)
    found = np.ascontiguousarray(true)
    one = with_halo(sharp, found)
    assert np.array_equal(_with_halos(sharp, found), one)
    assert one.sum() > found.sum()
