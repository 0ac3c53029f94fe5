"""The condition report's finding of damage: all of the page is searched, each mark counted once.

A fake detector stands in for the network: what is tested is what is made of its answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.damage import search
from restoration.examine.damage.damage import LETTERS, DamageMeasurer
from restoration.examine.damage.detector import MULTIPLE, RADIUS
from restoration.examine.damage.odds import SUSPECTED, probability, threshold
from restoration.examine.damage.page_marks import MOST_CORNERS, PageMarks
from restoration.examine.damage.search import Searched, find_marks, levels
from restoration.examine.page import examine_page
from restoration.findings.damage import KINDS, LONG, Damage
from restoration.raster.area import Polygon
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from support import corpus
from support import simulated_scans as sim
from support.fake_detector import FakeDetector, fake_detector

Pixels = npt.NDArray[np.float32]

SIDE = 640


@pytest.fixture(autouse=True)
def detector() -> Iterator[FakeDetector]:
    with fake_detector() as fake:
        yield fake


def found(pixels: Pixels, window: int = 1024, ppi: float | None = None) -> dict[str, Any]:
    """The report's entry on a picture scanned at 16 bit."""
    resolution = None if ppi is None else (ppi, ppi)
    page = sim.SimulatedPage(sim.scanned(pixels, 16), ppi=resolution)
    colour = ColourSpace.from_profile(None, page.channels)
    entry: dict[str, Any] = examine_page(
        page, ExamineSettings(window=window), colour, [DamageMeasurer]
    )["damage"]
    return entry


def card(height: int = SIDE, width: int = SIDE) -> Pixels:
    """A grey card with a little noise: nothing on it."""
    rng = np.random.default_rng(1)
    return (0.5 + rng.normal(0, 1 / 255, (height, width, 1))).astype(np.float32)


def specked(*places: tuple[int, int], level: float = 0.95, size: tuple[int, int] = (SIDE, SIDE),
            half: int = 2) -> Pixels:  # fmt: skip
    """The card with square specks, half their side being given, around these rows and columns."""
    pixels = card(*size)
    for row, column in places:
        pixels[row - half : row + half + 1, column - half : column + half + 1] = level
    return pixels


def marks_of(pixels: Pixels, level: int = 1, detector: Any | None = None) -> PageMarks:
    page = Searched(*pixels.shape[:2], level, ArrayRaster(pixels).read)
    return find_marks(page, detector or FakeDetector())


# --- what the entry says ------------------------------------------------------------------------


def test_a_sound_page_has_none_and_is_sure_of_it() -> None:
    entry = found(card())
    assert entry["value"] == 0.0
    assert entry["confidence"] >= 0.8
    assert set("".join(entry["detail"]["map"])) == {"."}
    assert Damage.model_validate(entry).sentence() == "No damage found."


def test_specks_are_counted_with_their_area_and_tone() -> None:
    pixels = specked((100, 70), (300, 410), (500, 80))
    pixels[200:205, 300:305] = 0.05
    detail = found(pixels)["detail"]
    assert detail["dust"]["count"] == 4
    assert detail["dust"]["light"] == 3
    assert detail["dust"]["dark"] == 1
    # Five pixels across, and what the top-hat sees of the noise around.
    assert 4 * 25 <= detail["dust"]["area_px"] <= 4 * 36
    assert detail["suspected"]["count"] == 0


def test_a_scratch_is_one_with_its_length() -> None:
    pixels = card()
    cv2.line(pixels[:, :, 0], (40, 100), (600, 300), 0.95, 3)
    detail = found(pixels)["detail"]
    assert detail["scratches"]["count"] == 1
    assert detail["scratches"]["length_px"] == pytest.approx(np.hypot(560, 200), rel=0.05)
    assert detail["dust"]["count"] == 0


def test_what_is_doubtful_is_suspected_and_not_counted() -> None:
    """At a contrast of 0.12 the fake says one half; the page, which has nothing else, less."""
    pixels = specked((100, 70), (300, 410), level=0.63)
    entry = found(pixels)
    detail = entry["detail"]
    assert detail["dust"]["count"] == 0
    assert detail["suspected"]["count"] == 2
    letters = {letter for row in detail["map"] for letter in row}
    assert letters == {".", "?"}
    said = Damage.model_validate(entry).sentence()
    assert said == "No damage found; 2 more marks may be damage or picture."


def test_the_entry_says_everything_that_the_report_and_the_stage_read() -> None:
    pixels = specked((100, 70), (300, 410))
    cv2.line(pixels[:, :, 0], (40, 500), (600, 560), 0.05, 3)
    entry = found(pixels)
    detail, area = entry["detail"], SIDE * SIDE
    assert entry["unit"] == "share of the page"
    assert 0.0 < entry["confidence"] <= 1.0
    for kind in KINDS:
        part = detail[kind]
        assert part["share"] == pytest.approx(part["area_px"] / area, rel=1e-3)
        assert {"count", "light", "dark"} <= set(part)
        assert ("length_px" in part) == (kind in LONG)
    assert entry["value"] == pytest.approx(sum(detail[k]["share"] for k in KINDS), rel=1e-3)
    assert entry["value"] > 0
    assert detail["searched_share"] == 1.0
    assert set(detail["shifts"]) == {*KINDS, "light", "dark"}
    rows = detail["map"]
    assert [len(rows), len(rows[0])] == detail["cells"]
    assert detail["cells"] == [-(-SIDE // detail["cell_px"])] * 2
    assert set("".join(rows)) <= {".", "?", *LETTERS.values()}
    said = Damage.model_validate(entry).sentence()
    assert said.startswith("Dust 2, hairs 1, about ")


def test_the_map_shows_where_the_damage_is() -> None:
    pixels = specked((200, 70), (210, 90), (225, 60))
    cv2.line(pixels[:, :, 0], (300, 400), (500, 400), 0.05, 3)
    detail = found(pixels)["detail"]
    assert detail["cell_px"] == 128
    marked = {
        (row, column, letter)
        for row, line in enumerate(detail["map"])
        for column, letter in enumerate(line)
        if letter != "."
    }
    assert marked == {(1, 0, "d"), (3, 2, "h"), (3, 3, "h")}


def test_a_scrap_is_too_small_to_judge() -> None:
    entry = found(corpus.photo("astronaut")[:24, :200])
    assert entry["value"] is None
    assert entry["confidence"] == 0.0
    assert "too small" in entry["detail"]["reason"]


# --- how the page is searched -------------------------------------------------------------------


@pytest.mark.parametrize("window", [256, 300])
def test_the_windows_of_the_pass_change_nothing(window: int) -> None:
    pixels = specked((100, 70), (255, 256), (500, 300))
    assert found(pixels, window) == found(pixels, 1024)


def test_the_number_of_threads_changes_nothing() -> None:
    pixels = specked((100, 70), (300, 410))
    first, before = found(pixels), cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        assert found(pixels) == first
    finally:
        cv2.setNumThreads(before)


def test_all_of_the_page_is_searched_and_no_window_is_larger_than_a_tile_with_its_margin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "SIDE", 256)
    detector = FakeDetector()
    # A speck in each corner of the page, and one in the middle of every tile.
    places = [(4, 4), (4, 763), (635, 4), (635, 763)]
    places += [(row, column) for row in (128, 384, 576) for column in (128, 384, 640)]
    marks = marks_of(specked(*places, size=(640, 768)), detector=detector)
    assert marks.count == len(places)
    most = 256 + 2 * search.MARGIN
    assert all(max(size) <= most for size in detector.seen)


@pytest.mark.parametrize("level", [1, 2])
def test_a_page_is_read_about_once_and_the_same_however_it_is_read(
    monkeypatch: pytest.MonkeyPatch, level: int
) -> None:
    """Whole rows of tiles at a time; where that were too much, tile by tile."""
    monkeypatch.setattr(search, "SIDE", 256)
    monkeypatch.setattr(search, "BAND_PIXELS", 64 * 1000)
    pixels = specked((100, 70), (300, 410), (770, 900), size=(1003, 1001), half=4)
    found = []
    for most in (search.ROWS_BYTES, 0):
        monkeypatch.setattr(search, "ROWS_BYTES", most)
        read = np.zeros(pixels.shape[:2], np.int64)

        def counted(
            top: int, left: int, height: int, width: int, seen: npt.NDArray[np.int64] = read
        ) -> Pixels:
            assert height * width <= 64 * 1000 + 2 * 1001
            seen[top : top + height, left : left + width] += 1
            return pixels[top : top + height, left : left + width]

        marks = find_marks(Searched(1003, 1001, level, counted), FakeDetector())
        found.append((marks.read(0, 0, 1003, 1001), marks.odds(), marks.shifts))
        inside = read[: 1003 // level * level, : 1001 // level * level]
        assert inside.min() >= 1
        assert (inside.max() == 1) == (most > 0)
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


def test_windows_begin_where_the_detectors_answers_do_not_depend_on_them() -> None:
    """At multiples of its coarsest pixel, with its whole reach around what is judged."""
    assert search.SIDE % MULTIPLE == 0
    for tile in search.search_tiles(5000, 7000):
        assert tile.window_top % MULTIPLE == tile.window_left % MULTIPLE == 0
        for start, length, first, extent, side in (
            (tile.top, tile.height, tile.window_top, tile.window_height, 5000),
            (tile.left, tile.width, tile.window_left, tile.window_width, 7000),
        ):
            assert first == 0 or start - first >= RADIUS + search.JUDGED
            assert first + extent == side or first + extent - start - length >= RADIUS


@pytest.mark.parametrize("seed", [1, 2])
def test_tiles_give_what_the_whole_page_gives(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Specks on the borders of tiles, a scratch from end to end and doubtful ones: the same marks,
    the same odds, the same pixels."""
    rng = np.random.default_rng(seed)
    pixels = card(1024, 896)
    for number in range(120):
        row, column = int(rng.integers(4, 1020)), int(rng.integers(4, 892))
        if number % 3 == 0:
            row = int(rng.choice([256, 512, 768])) + int(rng.integers(-3, 4))
        if number % 5 == 0:
            column = int(rng.choice([256, 512, 768])) + int(rng.integers(-3, 4))
        level = float(rng.choice([0.95, 0.63, 0.05]))
        pixels[row - 2 : row + 2, column - 2 : column + 2] = level
    cv2.line(pixels[:, :, 0], (10, 20), (880, 1010), 0.97, 3)
    whole = marks_of(pixels)
    monkeypatch.setattr(search, "SIDE", 256)
    tiled = marks_of(pixels)
    assert tiled.count == whole.count
    numbers, others = whole.read(0, 0, 1024, 896), tiled.read(0, 0, 1024, 896)
    assert np.array_equal(numbers > 0, others > 0)
    # The same pixels belong together, whatever the marks are called.
    pairs = set(zip(numbers[numbers > 0].tolist(), others[numbers > 0].tolist(), strict=True))
    assert len(pairs) == whole.count
    for name in ("odds", "area", "light"):
        one, other = (getattr(each.figures, name) for each in (whole, tiled))
        for mine, its in pairs:
            # A long mark is as sure as the surest stretch of it that a tile sees.
            near = 0.05 if name == "odds" and whole.figures.area[mine - 1] > 200 else 1e-6
            assert other[its - 1] == pytest.approx(one[mine - 1], abs=near), name
    assert tiled.shifts == whole.shifts


def test_a_scratch_across_many_tiles_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SIDE", 256)
    pixels = card(1024, 1024)
    cv2.line(pixels[:, :, 0], (5, 5), (1018, 1000), 0.97, 3)
    detail = found(pixels)["detail"]
    assert detail["scratches"]["count"] == 1
    assert detail["scratches"]["length_px"] == pytest.approx(np.hypot(1013, 995), rel=0.1)


def test_what_is_wide_is_seen_at_the_coarse_level_and_counted_once() -> None:
    """Wider than the fake's square of 15 pixels, narrower than four times that."""
    pixels = card()
    pixels[100:140, 100:140] = 0.95
    marks = marks_of(pixels)
    assert marks.count == 1
    # To a pixel of the coarse level around.
    assert 40**2 <= marks.figures.area[0] <= 48**2
    left, top, width, height = marks.box(0)
    assert (left, top) == (pytest.approx(100, abs=4), pytest.approx(100, abs=4))
    assert (width, height) == (pytest.approx(40, abs=8), pytest.approx(40, abs=8))
    inside = marks.read(0, 0, SIDE, SIDE) > 0
    assert inside[102:138, 102:138].all()
    assert not inside[:90].any()


def test_a_speck_keeps_the_outline_of_the_finer_level() -> None:
    """The coarse level sees it as well, four times as coarsely."""
    marks = marks_of(specked((100, 101), half=3))
    inside = marks.read(0, 0, SIDE, SIDE) > 0
    assert inside.sum() == pytest.approx(49, abs=8)


@pytest.mark.parametrize(
    ("size", "ppi", "level"),
    [
        ((3000, 2000), 300.0, 1),
        ((6000, 4000), 600.0, 1),
        ((12000, 8000), 1200.0, 2),
        ((5600, 3700), 4000.0, 4),
        ((600, 800), 1200.0, 2),
        ((400, 800), 1200.0, 1),
        ((3000, 2500), None, 1),
        ((1000, 800), None, 1),
    ],
)
def test_the_level_is_that_at_which_marks_are_a_few_pixels_wide(
    size: tuple[int, int], ppi: float | None, level: int
) -> None:
    assert levels(*size, ppi) == level


def test_a_finely_scanned_page_is_searched_at_half_its_resolution() -> None:
    detector = FakeDetector()
    marks = marks_of(specked((101, 71), half=5, size=(641, 643)), level=2, detector=detector)
    assert detector.seen[0] == (320, 321)
    assert marks.count == 1
    inside = marks.read(0, 0, 641, 643) > 0
    assert inside[96:107, 66:77].all()
    assert inside.sum() == marks.figures.area[0] == pytest.approx(144, abs=40)


def test_a_page_is_searched_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SIDE", 256)
    pixels = specked((100, 100), (100, 500), (500, 500))
    detector = FakeDetector()
    page = Searched(SIDE, SIDE, 1, ArrayRaster(pixels).read)
    marks = find_marks(page, detector, wanted=lambda top, left, *_: (top, left) == (0, 0))
    assert len(detector.seen) == 2  # the tile, and the coarse level of the page
    assert marks.count == 1


@pytest.mark.parametrize("level", [1, 2])
def test_the_outline_of_a_mark_goes_closely_around_it(level: int) -> None:
    pixels = card(900, 900)
    cv2.line(pixels[:, :, 0], (20, 30), (860, 700), 0.95, 5)
    cv2.line(pixels[:, :, 0], (400, 330), (450, 850), 0.95, 5)
    marks = marks_of(pixels, level=level)
    assert marks.count == 1
    corners = marks.outline(0)
    assert 3 <= len(corners) <= MOST_CORNERS
    inside = marks.read(0, 0, 900, 900) > 0
    rows, columns = (np.arange(900, dtype=np.float64) + 0.5 for _ in range(2))
    held = Polygon(tuple((float(x), float(y)) for x, y in corners)).holds(rows, columns)
    # A corner is cut by a pixel here and there.
    assert held[inside].mean() > 0.99
    assert held.sum() < 8 * inside.sum()
    _, _, width, height = marks.box(0)
    assert held.sum() < width * height / 4


# --- how sure a mark is -------------------------------------------------------------------------


def test_sensitivity_is_a_probability() -> None:
    sure = [float(probability(np.array(threshold(s)))) for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert sure[0] == pytest.approx(2401 / 2402)
    assert sure[2] == pytest.approx(0.98)
    assert sure[4] == pytest.approx(0.5)
    assert sure == sorted(sure, reverse=True)
    assert float(probability(np.array(SUSPECTED))) == pytest.approx(0.2)
