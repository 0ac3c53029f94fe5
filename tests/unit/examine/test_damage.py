"""The condition report's finding of damage: what is there is counted, a sound page stays sound."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.damage.damage import LETTERS, DamageMeasurer
from restoration.examine.damage.search import KINDS
from restoration.examine.page import examine_page
from restoration.raster.colour.colour_space import ColourSpace
from support import corpus
from support import simulated_scans as sim
from support.damaged_scans import Damaged, damaged

Pixels = npt.NDArray[np.float32]


def found(pixels: Pixels, window: int = 1024, ppi: float | None = None) -> dict[str, Any]:
    """The report's entry on a picture scanned at 16 bit."""
    resolution = None if ppi is None else (ppi, ppi)
    page = sim.SimulatedPage(sim.scanned(pixels, 16), ppi=resolution)
    colour = ColourSpace.from_profile(None, page.channels)
    entry: dict[str, Any] = examine_page(
        page, ExamineSettings(window=window), colour, [DamageMeasurer]
    )["damage"]
    return entry


@cache
def scan(name: str, seed: int, dust: int = 0, scratches: int = 0, creases: int = 0) -> Damaged:
    truth = sim.picture(name)[:512, :512]
    return damaged(
        truth, seed, dust=dust, hairs=0, scratches=scratches, creases=creases, softness=0.6
    )


@cache
def large() -> tuple[Pixels, list[tuple[int, int]]]:
    """4.2 megapixels of 300 ppi, more than is searched whole, and the places of 400 specks."""
    rng = np.random.default_rng(5)
    side = 2048
    waves = np.sin(np.arange(side, dtype=np.float32) / 60.0)
    pixels = 0.5 + 0.15 * waves[:, None] * waves[None] + rng.normal(0, 1 / 255, (side, side))
    cover, places = np.zeros((side, side), np.float32), []
    for _ in range(400):
        row, column = (int(place) for place in rng.integers(20, side - 20, 2))
        axes = tuple(int(axis) for axis in rng.integers(1, 4, 2))
        cv2.ellipse(cover, (column, row), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        places.append((row, column))
    cover = cv2.GaussianBlur(cover, (0, 0), 0.6)
    return np.clip(pixels + cover * (0.95 - pixels), 0, 1).astype(np.float32)[:, :, None], places


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "grass", "gravel", "page"])
def test_sound_pictures_have_none(name: str) -> None:
    entry = found(corpus.photo(name)[:512, :512])
    # One false speck in a quarter of a megapixel of grass is a handful of pixels.
    assert entry["value"] < 2e-4, entry["detail"]
    assert entry["detail"]["scratches"]["count"] == 0
    assert entry["detail"]["creases"]["count"] == 0


def test_dust_is_counted_with_its_area_and_tone() -> None:
    dusty = scan("retina", 3, dust=60)
    entry = found(dusty.pixels)
    dust = entry["detail"]["dust"]
    pieces = cv2.connectedComponents(dusty.mask.astype(np.uint8))[0] - 1
    # Specks that are hardly lighter than what they lie on are not seen by anybody.
    assert 0.4 * pieces < dust["count"] < 1.1 * pieces
    assert dust["light"] > 0
    assert dust["dark"] > 0
    assert dust["light"] + dust["dark"] == dust["count"]
    assert 0.4 < dust["area_px"] / dusty.mask.sum() < 1.3
    assert entry["confidence"] >= 0.8


def test_scratches_are_found_with_their_length() -> None:
    entry = found(scan("chelsea", 8, scratches=5).pixels)
    scratches = entry["detail"]["scratches"]
    assert scratches["count"] >= 3
    assert scratches["length_px"] > 400
    assert entry["value"] > 0.0


def test_the_entry_says_everything_that_the_report_and_the_stage_read() -> None:
    dusty = scan("chelsea", 3, dust=60)
    entry = found(dusty.pixels)
    detail, area = entry["detail"], dusty.mask.size
    assert entry["unit"] == "share of the page"
    assert 0.0 < entry["confidence"] <= 1.0
    for kind in KINDS:
        part = detail[kind]
        assert part["share"] == pytest.approx(part["area_px"] / area, rel=1e-3)
        assert {"count", "light", "dark"} <= set(part)
    assert {"length_px"} <= set(detail["scratches"]) & set(detail["creases"])
    total = sum(detail[kind]["share"] for kind in KINDS)
    assert entry["value"] == pytest.approx(total, rel=1e-3)
    assert total > 0
    rows = detail["map"]
    assert [len(rows), len(rows[0])] == detail["cells"]
    assert detail["cells"] == [-(-side // detail["cell_px"]) for side in dusty.mask.shape]
    assert set("".join(rows)) <= {".", "?", *LETTERS.values()}


def test_the_map_shows_where_the_damage_is() -> None:
    truth = np.full((640, 640, 3), 0.5, np.float32)
    truth += np.random.default_rng(1).normal(0, 1 / 255, truth.shape).astype(np.float32)
    spotted = truth.copy()
    for place in ((200, 70), (210, 90), (225, 60)):
        spotted[place[0] : place[0] + 4, place[1] : place[1] + 5] = 0.95
    detail = found(spotted)["detail"]
    assert detail["cell_px"] == 128
    marked = {
        (row, column)
        for row, line in enumerate(detail["map"])
        for column, letter in enumerate(line)
        if letter == "d"
    }
    assert marked == {(1, 0)}
    assert 2 <= detail["dust"]["count"] <= 3
    assert set("".join(found(truth)["detail"]["map"])) == {"."}


def test_a_scrap_is_too_small_to_judge() -> None:
    entry = found(corpus.photo("astronaut")[:24, :200])
    assert entry["value"] is None
    assert entry["confidence"] == 0.0
    assert "too small" in entry["detail"]["reason"]


@pytest.mark.parametrize("window", [256, 300])
def test_a_small_page_is_the_same_whatever_the_windows(window: int) -> None:
    pixels = scan("astronaut", 4, dust=40, scratches=3).pixels
    assert found(pixels, window) == found(pixels, 1024)


def test_the_number_of_threads_changes_nothing() -> None:
    pixels = scan("astronaut", 4, dust=40, scratches=3).pixels
    first, before = found(pixels), cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        assert found(pixels) == first
    finally:
        cv2.setNumThreads(before)


def test_a_large_page_is_judged_by_samples() -> None:
    dusty, places = large()
    entry = found(dusty, ppi=300.0)
    detail = entry["detail"]
    assert 0.05 < detail["searched_share"] < 0.5
    # The count is an estimate for the page, not that of the samples.
    assert 0.6 * len(places) < detail["dust"]["count"] < 1.3 * len(places)
    assert found(dusty, window=512, ppi=300.0) == entry


def test_what_was_not_searched_is_said_to_be_open() -> None:
    """The stage skips what the map calls clean: outside the samples that must be true."""
    dusty, places = large()
    detail = found(dusty, ppi=300.0)["detail"]
    cell = detail["cell_px"]
    letters = [detail["map"][row // cell][column // cell] for row, column in places]
    assert set(letters) >= {"?", "d"}
    assert np.mean([letter != "." for letter in letters]) > 0.97


def test_a_crease_of_a_large_page_is_found_between_the_samples() -> None:
    truth = np.full((2200, 2200, 1), 0.55, np.float32)
    waves = np.sin(np.arange(2200, dtype=np.float32) / 150.0)
    truth += 0.1 * (waves[:, None] * waves[None])[:, :, None]
    truth += np.random.default_rng(2).normal(0, 2 / 255, truth.shape).astype(np.float32)
    sound = found(truth, ppi=300.0)["detail"]
    rows, columns = np.mgrid[:2200, :2200].astype(np.float32)
    across = (rows - 1100) - 0.4 * (columns - 1100)
    creased = truth + (0.3 * np.exp(-0.5 * (across / 5.0) ** 2))[:, :, None]
    detail = found(np.clip(creased, 0, 1).astype(np.float32), ppi=300.0)["detail"]
    assert sound["creases"]["count"] == 0
    assert detail["creases"]["count"] >= 1
    assert detail["creases"]["length_px"] > 1000
    assert "c" in "".join(detail["map"])
