"""The screen finding: what a page's halftones are, where they lie, and what is none."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.screen.screen import ScreenMeasurer
from restoration.raster.boxes import rows_first
from restoration.raster.colour.colour_space import ColourSpace
from support import corpus, simulated_scans
from support.presses import CMYK, Press, encoded, printed, scene, weave

Image = npt.NDArray[np.float32]

INK_CHANNEL = {"c": "r", "m": "g", "y": "b"}


def examined(
    pixels: Image, ppi: float | None = 600.0, bits: int = 16, window: int = 1024
) -> dict[str, Any]:
    """The finding on a page of encoded pixels (h, w, 1 or 3)."""
    resolution = None if ppi is None else (ppi, ppi)
    codes = simulated_scans.scanned(pixels, bits)
    page = simulated_scans.SimulatedPage(codes, bits=bits, ppi=resolution)
    colour = ColourSpace.from_profile(None, codes.shape[2])
    report = examine_page(page, ExamineSettings(window=window), colour, measurers=[ScreenMeasurer])
    found: dict[str, Any] = report["screen"]
    return found


def screens(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [screen for region in found["detail"]["regions"] for screen in region["screens"]]


def off(screen: dict[str, Any], lpi: float, angle: float) -> tuple[float, float]:
    """Errors: ruling in percent, angle in degrees."""
    turned = abs((screen["angle_deg"] - angle + 45.0) % 90.0 - 45.0)
    return abs(screen["ruling_lpi"] / lpi - 1.0) * 100.0, turned


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("ppi", "lpi"), [(600.0, 77.0), (600.0, 187.0), (1200.0, 137.0)])
def test_grey_halftone(ppi: float, lpi: float, bits: int) -> None:
    press = Press(ppi=ppi, lpi=lpi, angles=(("k", 38.0),), gain=0.15, blur=0.8, noise=0.01)
    found = examined(printed(scene(512, 1), press), ppi, bits)
    assert found["value"] == "halftone"
    (screen,) = screens(found)
    ruling, angle = off(screen, lpi, 38.0)
    assert (ruling, angle) < (0.5, 0.25)
    assert angle < 0.25
    assert screen["channel"] == "grey"
    assert screen["ruling_px"] == pytest.approx(ppi / lpi, rel=0.005)
    assert 0.02 < screen["strength"] < 0.4


@pytest.mark.parametrize(("ppi", "lpi", "turn"), [(600.0, 110.0, 0.0), (1200.0, 150.0, 4.0)])
def test_inks_of_a_colour_print(ppi: float, lpi: float, turn: float) -> None:
    inks = tuple((ink, angle + turn) for ink, angle in CMYK)
    found = examined(printed(scene(640), Press(ppi=ppi, lpi=lpi, angles=inks)), ppi)
    assert found["value"] == "halftone"
    for ink, angle in inks:
        own = [s for s in screens(found) if s["channel"] == INK_CHANNEL.get(ink, s["channel"])]
        errors = min(off(screen, lpi, angle) for screen in own if off(screen, lpi, angle)[1] < 5)
        assert errors[0] < 1.0, ink
        assert errors[1] < 0.5, ink
    # Nothing but these four: rosettes and harmonics are no screens.
    for screen in screens(found):
        nearest = min(sum(off(screen, lpi, angle)) for _, angle in inks)
        assert nearest < 1.5


@pytest.mark.parametrize(
    ("ppi", "lpi", "spot", "dark"),
    [(600.0, 71.0, "square", 0.9), (1200.0, 118.0, "round", 0.45), (1200.0, 143.0, "ellipse", 0.6)],
)
def test_a_print_without_highlights_is_no_net(
    ppi: float, lpi: float, spot: str, dark: float
) -> None:
    """Light dots on ink cross as light lines do, and square ones have the harmonics of lines."""
    press = Press(ppi=ppi, lpi=lpi, angles=(("k", 2.0),), gain=0.12, blur=1.0, spot=spot)
    found = examined(printed(scene(640, 1, seed=31) * np.float32(dark), press), ppi)
    assert found["value"] == "halftone"
    (screen,) = screens(found)
    assert max(off(screen, lpi, 2.0)) < 0.5


def test_yellow_on_the_line_of_another_inks_diagonals() -> None:
    """At 0 degrees yellow shares its line with the cross-terms of the screen at 45 degrees."""
    inks = (("c", 105.0), ("m", 75.0), ("y", 90.0), ("k", 45.0))
    picture = scene(768, seed=17) * np.array([1.0, 1.0, 0.75], np.float32)
    found = examined(printed(picture, Press(ppi=1200.0, lpi=79.0, angles=inks)), 1200.0)
    for ink, angle in inks:
        nearest = min(sum(off(screen, 79.0, angle)) for screen in screens(found))
        assert nearest < 0.5, ink
    for screen in screens(found):
        assert min(sum(off(screen, 79.0, angle)) for _, angle in inks) < 1.5


@pytest.mark.parametrize(
    ("ppi", "lpi", "angle"), [(600.0, 88.0, 33.0), (1200.0, 141.0, 117.0), (600.0, 172.0, 50.0)]
)
def test_line_screen(ppi: float, lpi: float, angle: float) -> None:
    press = Press(ppi=ppi, lpi=lpi, angles=(("k", angle),), spot="line", gain=0.02)
    found = examined(printed(scene(900, 1, seed=5), press), ppi)
    assert found["value"] == "halftone"
    (screen,) = screens(found)
    assert screen["shape"] == "line"
    assert screen["ruling_lpi"] == pytest.approx(lpi, rel=0.003)
    assert abs((screen["angle_deg"] - angle + 90.0) % 180.0 - 90.0) < 0.2
    assert found["detail"]["regions"][0]["share"] > 0.8
    # Without the resolution a fence may be as fine as a screen.
    assert examined(printed(scene(900, 1, seed=5), press), None)["value"] == "none"


def test_two_clippings_on_an_album_page() -> None:
    page = np.full((1400, 1900, 3), 0.88, np.float32)
    page += np.random.default_rng(2).normal(0.0, 0.008, page.shape).astype(np.float32)
    first = printed(scene(640), Press(lpi=133.0, angles=CMYK))
    second = printed(scene(640, 1, seed=9), Press(lpi=85.0, angles=(("k", 30.0),)))
    page[200:712, 150:790] = first[:512]
    page[600:1240, 1100:1740] = second
    for line in range(3):
        codes = np.full((1400, 1900), 255, np.uint8)
        place = (160, 760 + 45 * line)
        cv2.putText(codes, "Unter den Linden, 1931", place, cv2.FONT_HERSHEY_COMPLEX, 1.1, 20, 2)
        page = np.minimum(page, (codes / 255.0)[:, :, None].astype(np.float32))
    found = examined(page)
    assert found["value"] == "halftone"
    regions = found["detail"]["regions"]
    assert len(regions) == 2
    by_ruling = {round(region["screens"][0]["ruling_lpi"]): region for region in regions}
    assert sorted(by_ruling) == [85, 133]
    cell = found["detail"]["cell_px"]
    for lpi, box in ((133, (200, 150, 512, 640)), (85, (600, 1100, 640, 640))):
        seen = rows_first(by_ruling[lpi]["box"])
        ends = [(b, b + n) for b, n in zip(box[:2], box[2:], strict=True)]
        own = [(b, b + n) for b, n in zip(seen[:2], seen[2:], strict=True)]
        assert np.abs(np.array(ends) - np.array(own)).max() <= 1.5 * cell
        # Inside, the map has no holes; the caption below lies outside.
        letters = np.array([list(row) for row in found["detail"]["map"]])
        top, left, height, width = (value // cell for value in box)
        inside = letters[top + 1 : top + height - 1, left + 1 : left + width - 1]
        assert (inside == by_ruling[lpi]["id"]).mean() > 0.95
    share = sum(region["share"] for region in regions)
    assert share == pytest.approx((512 * 640 + 640 * 640) / (1400 * 1900), rel=0.3)


def test_map_covers_the_page_and_windows_do_not_matter() -> None:
    press = Press(lpi=100.0, angles=(("k", 22.0),))
    page = np.full((700, 1100, 1), 0.9, np.float32)
    page[100:600, 90:1000] = np.tile(printed(scene(512, 1), press), (1, 2, 1))[:500, :910]
    page[:, :90] = 0.9
    one, other = examined(page, window=1024), examined(page, window=512)
    cell, cells = one["detail"]["cell_px"], one["detail"]["cells"]
    assert cells == [-(-700 // cell), -(-1100 // cell)]
    assert [len(row) for row in one["detail"]["map"]] == [cells[1]] * cells[0]
    assert screens(one)[0]["ruling_lpi"] == pytest.approx(screens(other)[0]["ruling_lpi"], rel=2e-3)
    differ = sum(
        a != b
        for left, right in zip(one["detail"]["map"], other["detail"]["map"], strict=True)
        for a, b in zip(left, right, strict=True)
    )
    assert differ <= 0.1 * cells[0] * cells[1]


def test_unstated_resolution_gives_the_period_alone() -> None:
    found = examined(printed(scene(512, 1), Press(lpi=100.0)), ppi=None)
    (screen,) = screens(found)
    assert screen["ruling_lpi"] is None
    assert screen["ruling_px"] == pytest.approx(6.0, rel=0.005)


def test_fine_scans_are_averaged_first() -> None:
    press = Press(ppi=2400.0, lpi=85.0, angles=(("k", 15.0),))
    found = examined(printed(scene(1100, 1), press), 2400.0)
    (screen,) = screens(found)
    assert max(off(screen, 85.0, 15.0)) < 0.5
    assert np.hypot(*screen["f1"]) == pytest.approx(85.0 / 2400.0, rel=0.005)


def error_diffusion(tone: Image, dot: int) -> Image:
    """Floyd-Steinberg dots of ``dot`` pixels for a tone (h, w) in linear light."""
    rng = np.random.default_rng(8)
    height, width = tone.shape[0] // dot, tone.shape[1] // dot
    rest = cv2.resize(tone, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)
    rest = np.pad(rest, 1)
    noise = rng.normal(0.0, 0.03, rest.shape)
    out = np.zeros((height, width), np.float32)
    for row in range(1, height + 1):
        for column in range(1, width + 1):
            on = float(rest[row, column] + noise[row, column] > 0.5)
            out[row - 1, column - 1] = on
            error = rest[row, column] - on
            rest[row, column + 1] += error * 7 / 16
            rest[row + 1, column - 1 : column + 2] += error * np.array([3, 5, 1]) / 16
    return np.kron(out, np.ones((dot, dot), np.float32))


def test_dots_without_a_lattice_are_stochastic() -> None:
    tone = 0.3 + 0.4 * scene(512, 1)[:, :, 0]
    light = cv2.GaussianBlur(0.05 + 0.8 * error_diffusion(tone, 2), (0, 0), 0.6)
    found = examined(encoded(light)[:, :, None])
    assert found["value"] == "stochastic"
    assert {region["kind"] for region in found["detail"]["regions"]} == {"stochastic"}
    assert not screens(found)


def test_beat_of_two_screens_is_moire() -> None:
    inks = (("c", 15.0), ("m", 23.0), ("y", 0.0), ("k", 45.0))
    found = examined(printed(scene(640), Press(lpi=133.0, angles=inks)))
    moire = found["detail"]["regions"][0]["moire"]
    assert moire["found"]
    assert moire["cause"] == "screens"
    # Any of the true beats: differences of two screens' vectors.
    turns = np.deg2rad([angle + quarter for _, angle in inks for quarter in (0, 90, 180, 270)])
    vectors = np.stack([-np.sin(turns), np.cos(turns)], axis=1) * 133.0 / 600.0
    beats = (vectors[:, None] - vectors[None, :]).reshape(-1, 2)
    assert np.hypot(*(beats - moire["frequency"]).T).min() < 2e-3
    proper = examined(printed(scene(640), Press(lpi=133.0, angles=CMYK)))
    assert not proper["detail"]["regions"][0]["moire"]["found"]


def bricks(side: int, course: int, length: int) -> Image:
    """A wall in running bond, encoded (side, side, 1)."""
    rng = np.random.default_rng(course)
    wall = np.full((side, side), 0.65, np.float32)
    for number, top in enumerate(range(0, side, course)):
        for left in range(-(number % 2) * length // 2, side, length):
            tone = 0.45 + 0.06 * rng.standard_normal()
            wall[top : top + course - 2, max(left, 0) : left + length - 2] = tone
    noise = 0.01 * rng.standard_normal(wall.shape)
    return cv2.GaussianBlur(wall, (0, 0), 0.7)[:, :, None] + noise[:, :, None].astype(np.float32)


def typed(side: int) -> Image:
    """Typewritten lines, encoded (side, side, 1)."""
    rng = np.random.default_rng(1)
    page = np.full((side, side), 238, np.uint8)
    for row in range(30, side, 34):
        for column in range(10, side, 20):
            letter = chr(int(rng.integers(97, 123)))
            cv2.putText(page, letter, (column, row), cv2.FONT_HERSHEY_PLAIN, 1.6, 30, 2)
    return cv2.GaussianBlur(page, (0, 0), 0.7)[:, :, None].astype(np.float32) / np.float32(255)


def engraved(side: int, pitch: float, wander: float) -> Image:
    """Lines whose width gives the tone, drawn by hand, encoded (side, side, 1)."""
    rng = np.random.default_rng(6)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    sway = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 40)
    place = (rows + 0.3 * columns) / pitch + wander * sway / sway.std()
    inked = np.abs(place % 1.0 - 0.5) < 0.5 * (1.0 - scene(side, 1)[:, :, 0])
    return cv2.GaussianBlur(np.where(inked, 0.15, 0.9).astype(np.float32), (0, 0), 0.8)[:, :, None]


def lit(side: int) -> Image:
    """Light and shade over a surface, (side, side) from 0.25 to 1."""
    return np.asarray(0.25 + 0.75 * scene(side, 1, seed=13)[:, :, 0], np.float32)


def surface(pattern: Image) -> Image:
    """A pattern as a camera sees it."""
    noise = 0.008 * np.random.default_rng(4).standard_normal(pattern.shape)
    return (cv2.GaussianBlur(pattern, (0, 0), 0.7) + noise)[:, :, None].astype(np.float32)


def turned(side: int, pitch: float, degrees: float) -> tuple[Image, Image]:
    """Places along and across a turned grid, in pitches."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    turn = np.deg2rad(degrees)
    along = (columns * np.cos(turn) - rows * np.sin(turn)) / pitch
    return along.astype(np.float32), (
        (columns * np.sin(turn) + rows * np.cos(turn)) / pitch
    ).astype(np.float32)


def checks(side: int, pitch: float, degrees: float) -> Image:
    u, v = turned(side, pitch, degrees)
    return surface(lit(side) * np.where((np.floor(u) + np.floor(v)) % 2, 0.4, 1.0))


def spots(side: int, pitch: float, radius: float) -> Image:
    u, v = turned(side, pitch, 40.0)
    apart = np.hypot(u % 1.0 - 0.5, v % 1.0 - 0.5)
    return surface(lit(side) * np.where(apart < radius, 0.3, 1.0))


def corduroy(side: int, pitch: float, degrees: float) -> Image:
    u, _ = turned(side, pitch, degrees)
    return surface(lit(side) * (0.55 + 0.4 * np.abs(np.sin(np.pi * u))))


def pickets(side: int, pitch: float, degrees: float, tone: float) -> Image:
    """Bars of one tone before a scene."""
    u, _ = turned(side, pitch, degrees)
    return surface(np.where(u % 1.0 < 0.45, np.float32(tone), scene(side, 1, seed=23)[:, :, 0]))


def raster_lines(side: int, pitch: float) -> Image:
    """A television screen's."""
    u, _ = turned(side, pitch, 90.0)
    return surface(scene(side, 1, seed=29)[:, :, 0] * np.where(u % 1.0 < 0.5, 0.55, 1.0))


SOUND: dict[str, Any] = {
    **{f"checks {p} {a}": (checks, 640, p, a) for p in (4.3, 7.7, 11.0) for a in (0.0, 27.0)},
    **{f"spots {p} {r}": (spots, 640, p, r) for p in (8.5, 12.0) for r in (0.22, 0.38)},
    **{f"corduroy {p} {a}": (corduroy, 640, p, a) for p in (3.7, 6.6) for a in (0.0, 21.0)},
    **{f"pickets {p} {t}": (pickets, 640, p, 11.0, t) for p in (4.1, 7.3) for t in (0.2, 0.6, 0.9)},
    "raster lines": (raster_lines, 640, 5.0),
    **{f"weave {t} {w}": (weave, 512, t, w, 10.0) for t in (5.0, 9.0) for w in (0.01, 0.04)},
    "straight weave": (weave, 512, 7.0, 0.02, 0.0),
    "bricks": (bricks, 512, 12, 30),
    "square bricks": (bricks, 512, 16, 16),
    "typed": (typed, 640),
    "engraving": (engraved, 512, 9.0, 0.15),
}


@pytest.mark.parametrize("name", SOUND)
def test_patterns_that_are_no_screen(name: str) -> None:
    make, *arguments = SOUND[name]
    found = examined(make(*arguments))
    assert found["value"] == "none", found["detail"]
    assert not found["detail"]["regions"]
    assert set("".join(found["detail"]["map"])) == {"."}


@pytest.mark.parametrize(
    "name", ["brick", "grass", "gravel", "camera", "page", "text", "coffee", "astronaut", "coins"]
)
def test_photographs_bear_no_screen(name: str) -> None:
    pixels = corpus.photo(name)
    for version in (
        pixels,
        simulated_scans.jpeg(pixels, 35),
        simulated_scans.enlarged(pixels[:256, :256], 2.0, "nearest"),
        simulated_scans.enlarged(simulated_scans.jpeg(pixels[:300, :300], 30), 1.6, "bicubic"),
        cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).reshape(
            pixels.shape[0] // 2, -1, pixels.shape[2]
        )
        if pixels.shape[0] % 2 == 0 and pixels.shape[1] % 2 == 0
        else pixels[: pixels.shape[0] // 2],
    ):
        assert examined(np.ascontiguousarray(version, np.float32))["value"] == "none"


@pytest.mark.parametrize("shape", [(40, 50, 1), (90, 400, 3), (300, 90, 1)])
def test_small_and_blank_pages(shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(3).normal(0.6, 0.05, shape).astype(np.float32)
    assert examined(noise)["value"] == "none"
    assert examined(np.full(shape, 0.5, np.float32))["value"] == "none"
