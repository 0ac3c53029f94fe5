"""Lattices of simulated screens: rulings and angles come back as they went in."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.examine.screen.lattice import (
    Lattice,
    angle_of,
    find_lattices,
    is_multiple,
    lowered,
    quarter_turn,
    sharpened,
)
from restoration.examine.screen.lines import growth
from restoration.examine.screen.lookalikes import is_ruled, is_woven, shapes_of
from restoration.examine.screen.spectrum import amplitude_at
from restoration.examine.screen.waves import (
    Wave,
    waves,
    window_sum,
    windowed,
)

Image = npt.NDArray[np.float32]

INKS = {
    "c": (0.10, 0.70, 0.88),
    "m": (0.82, 0.12, 0.45),
    "y": (0.94, 0.86, 0.12),
    "k": (0.05, 0.05, 0.05),
}
"""Linear reflectance of solid inks in red, green and blue."""


@dataclass(frozen=True)
class Press:
    """How a simulated print was made and scanned."""

    ppi: float = 600.0
    lpi: float = 133.0
    angles: tuple[tuple[str, float], ...] = (("k", 45.0),)
    """Ink and screen angle in degrees, counter-clockwise; one ink k makes a grey print."""
    gain: float = 0.08
    """Dot gain at 50 %, share of the area."""
    blur: float = 0.6
    """Standard deviation of the scanner's blur, pixels."""
    noise: float = 0.006
    """Standard deviation, linear light."""
    spot: str = "round"
    """``round``, ``ellipse``, ``square`` or ``line``."""
    seed: int = 3


@functools.cache
def _threshold(spot: str, side: int = 192) -> Image:
    """Threshold cell: the share of the dot's area that is printed before each place, (0, 1)."""
    axis = (np.arange(side) + 0.5) / side
    across, down = np.cos(2 * np.pi * axis)[None, :], np.cos(2 * np.pi * axis)[:, None]
    if spot == "square":
        place = np.abs(axis - 0.5)
        rank = np.maximum(place[None, :], place[:, None]) + 1e-9 * axis[:, None]
        cell = np.empty(side * side, np.float32)
        cell[rank.ravel().argsort()] = (np.arange(side * side) + 0.5) / (side * side)
        return cell.reshape(side, side)
    weight = {"round": (1.0, 1.0), "ellipse": (1.0, 0.75), "line": (1.0, 0.0)}[spot]
    order = (-weight[0] * across - weight[1] * down + 1e-9 * axis[:, None]).ravel().argsort()
    cell = np.empty(side * side, np.float32)
    cell[order] = (np.arange(side * side) + 0.5) / (side * side)
    return cell.reshape(side, side)


def dots(cover: Image, press: Press, angle: float, shift: float) -> Image:
    """Share of each pixel that is inked, (h, w) in [0, 1], for a wanted cover (h, w)."""
    height, width = cover.shape
    over = int(np.clip(np.ceil(16.0 / (press.ppi / press.lpi)), 2, 6))
    wanted = np.clip(cover + press.gain * 4.0 * cover * (1.0 - cover), 0.0, 1.0)
    turn, cell = np.deg2rad(angle), _threshold(press.spot)
    per_pixel = press.lpi / press.ppi
    side, inked = cell.shape[0], np.empty((height, width), np.float32)
    columns = (np.arange(width * over, dtype=np.float32) + 0.5) / over
    for top in range(0, height, 128):
        rows = np.arange(top * over, min(height, top + 128) * over, dtype=np.float32)
        rows = ((rows + 0.5) / over)[:, None]
        u = (columns * np.cos(turn) - rows * np.sin(turn)) * per_pixel + shift
        v = (columns * np.sin(turn) + rows * np.cos(turn)) * per_pixel + 0.37 * shift
        index = (np.floor(v % 1.0 * side).astype(np.intp) % side) * side
        index += np.floor(u % 1.0 * side).astype(np.intp) % side
        part = wanted[top : top + 128]
        fine = cv2.resize(part, (width * over, part.shape[0] * over))
        on = (cell.ravel()[index] < fine).astype(np.float32)
        size = (width, part.shape[0])
        inked[top : top + 128] = cv2.resize(on, size, interpolation=cv2.INTER_AREA)
    return inked


def linear(encoded: Image) -> Image:
    low = encoded <= 0.04045
    return np.where(low, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encoded(light: Image) -> Image:
    light = np.clip(light, 0.0, 1.0)
    high = 1.055 * light ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, high).astype(np.float32)


def printed(picture: Image, press: Press) -> Image:
    """The scan of a print of a picture, encoded float32 (h, w, 1 or 3), same size.

    picture: encoded, (h, w, 1) for one ink k, else (h, w, 3).
    """
    light = linear(picture)
    if len(press.angles) == 1 and picture.shape[2] == 1:
        cover = {press.angles[0][0]: 1.0 - light[:, :, 0]}
    else:
        cmy = 1.0 - light
        black = 0.7 * np.clip(cmy.min(axis=2) - 0.2, 0.0, 1.0)
        rest = np.clip((cmy - black[:, :, None]) / (1.0 - black[:, :, None]), 0.0, 1.0)
        cover = {"c": rest[:, :, 0], "m": rest[:, :, 1], "y": rest[:, :, 2], "k": black}
    scan = np.full(picture.shape, 0.88, np.float32)
    for number, (ink, angle) in enumerate(press.angles):
        inked = dots(cover[ink], press, angle, 0.13 + 0.29 * number)
        for channel in range(picture.shape[2]):
            scan[:, :, channel] *= 1.0 - inked * (1.0 - INKS[ink][channel])
    rng = np.random.default_rng(press.seed)
    for channel in range(picture.shape[2]):
        scan[:, :, channel] = cv2.GaussianBlur(scan[:, :, channel], (0, 0), press.blur)
    scan += rng.standard_normal(scan.shape).astype(np.float32) * np.float32(press.noise)
    return encoded(scan)


CMYK = (("c", 15.0), ("m", 75.0), ("y", 0.0), ("k", 45.0))


@functools.cache
def scene(side: int, channels: int = 3, seed: int = 7) -> Image:
    """A picture with light and dark, edges and soft shades: encoded float32 (side, side, c)."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((9, 9, channels)).astype(np.float32)
    soft = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    picture = 0.15 + 0.75 * np.clip(soft.reshape(side, side, channels), 0.0, 1.0)
    for _ in range(12):
        centre = tuple(int(place) for place in rng.integers(0, side, 2))
        tone = tuple(float(value) for value in 0.1 + 0.8 * rng.random(channels))
        overlay = np.ascontiguousarray(picture)
        cv2.circle(overlay, centre, int(rng.integers(side // 30, side // 8)), tone, -1)
        picture = overlay
    return np.asarray(picture, np.float32).reshape(side, side, channels)


def tiles_of(print_: Image, side: int = 256) -> tuple[Image, npt.NDArray[np.float64]]:
    """Linear light of the tiles of one channel, and their middles."""
    places = [
        (top, left)
        for top in range(0, print_.shape[0] - side + 1, side)
        for left in range(0, print_.shape[1] - side + 1, side)
    ]
    stack = np.stack([linear(print_[t : t + side, x : x + side]) for t, x in places])
    return stack, np.array(places, np.float64) + side / 2


@pytest.mark.parametrize("angle", [0.0, 7.5, 45.0, 88.0])
@pytest.mark.parametrize(("ppi", "lpi"), [(600.0, 65.0), (600.0, 200.0), (1200.0, 65.0)])
def test_ruling_and_angle_of_a_grey_screen(ppi: float, lpi: float, angle: float) -> None:
    press = Press(ppi=ppi, lpi=lpi, angles=(("k", angle),), gain=0.12)
    stack, centres = tiles_of(printed(scene(512, 1), press)[:, :, 0])
    tapered = windowed(stack)
    found = find_lattices(waves(tapered), 256)
    assert len(found) == 1, "one ink has one lattice: harmonics are no further screens"
    exact = sharpened(found[0], tapered, centres)
    assert abs(exact.ruling * ppi / lpi - 1.0) < 0.003
    turned = (angle_of(exact.first) - angle + 45.0) % 90.0 - 45.0
    assert abs(turned) < 0.2
    assert np.hypot(*(exact.second - quarter_turn(exact.first))) < 0.01 * exact.ruling


def test_angles_count_counter_clockwise_as_displayed() -> None:
    # A wave whose crests rise to the left: its normal points right and up.
    assert angle_of(np.array([-0.1, 0.1])) == pytest.approx(45.0)
    assert angle_of(quarter_turn(np.array([-0.1, 0.1]))) == pytest.approx(135.0)


def test_unequal_resolutions_are_taken_into_account() -> None:
    """At 600 ppi along the rows and 400 down, a square lattice of the sheet is none of pixels."""
    rows, columns = np.mgrid[0:512, 0:512].astype(np.float32)
    down, across = rows / 400.0, columns / 600.0
    turn = np.deg2rad(30.0)
    u = across * np.cos(turn) - down * np.sin(turn)
    v = across * np.sin(turn) + down * np.cos(turn)
    light = 0.5 + 0.2 * np.cos(2 * np.pi * 85 * u) + 0.2 * np.cos(2 * np.pi * 85 * v)
    stack, _ = tiles_of(encoded(light.astype(np.float32)))
    found = waves(windowed(stack))
    assert not find_lattices(found, 256)
    assert len(find_lattices(found, 256, aspect=600.0 / 400.0)) == 1


@pytest.mark.parametrize("thread", [7.0, 10.0, 16.0])
def test_threads_over_and_under_are_no_screen(thread: float) -> None:
    cloth = weave(512, thread, 0.01, turn=20.0)[:, :, 0]
    tapered = windowed(tiles_of(cloth)[0])
    common = waves(tapered)
    found = find_lattices(common, 256)
    assert found, "threads do make a lattice"
    assert is_woven(found[0], common, 1.0 / 256.0)


def test_crossing_lines_are_no_screen() -> None:
    rows, columns = np.mgrid[0:512, 0:512].astype(np.float32)
    light = np.full((512, 512), 0.9, np.float32)
    for degrees in (12.0, 102.0):
        turn = np.deg2rad(degrees)
        place = (columns * np.cos(turn) - rows * np.sin(turn)) / 14.0 % 1.0
        light = np.where(place < 0.18, 0.1, light).astype(np.float32)
    stack, _ = tiles_of(encoded(cv2.GaussianBlur(light, (0, 0), 0.8)))
    tapered = windowed(stack)
    found = find_lattices(waves(tapered), 256)
    assert found, "a net is a lattice"
    assert is_ruled(found[0], stack, float(stack.max()))


def test_light_dots_are_not_taken_for_crossing_lines() -> None:
    light = np.full((512, 512, 1), 0.9, np.float32)
    stack, _ = tiles_of(printed(light, Press(lpi=85.0, gain=0.05))[:, :, 0])
    tapered = windowed(stack)
    found = find_lattices(waves(tapered), 256)
    assert found
    assert not is_ruled(found[0], stack, float(stack.max()))


def weave(side: int, thread: float, wander: float, turn: float, seed: int = 5) -> Image:
    """Plain weave of equal thread counts, encoded (side, side, 1).

    thread: pixels per thread; wander: standard deviation of a thread's width, share of it; turn:
    degrees.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float64)
    angle, count = np.deg2rad(turn), int(3 * side / thread)
    place = []
    for across in (np.cos(angle), np.sin(angle)):
        other = -np.sin(angle) if across == np.cos(angle) else np.cos(angle)
        ends = np.cumsum(np.maximum(rng.normal(thread, wander * thread, count), 0.3 * thread))
        along = (columns * across + rows * other + side).ravel()
        number = np.searchsorted(ends, along)
        inside = (along - ends[number - 1]) / (ends[number] - ends[number - 1])
        place.append((number.reshape(side, side), inside.reshape(side, side)))
    (warp, one), (weft, other_one) = place
    over = (warp + weft) % 2
    height = over * np.sin(np.pi * one) + (1 - over) * 0.9 * np.sin(np.pi * other_one)
    cloth = 0.35 + 0.3 * height + 0.008 * rng.standard_normal(height.shape)
    return cv2.GaussianBlur(cloth.astype(np.float32), (0, 0), 0.6)[:, :, None]


@pytest.mark.parametrize("part", [(1, 1), (2, 0), (1, 2), (3, 0), (3, 1)])
def test_harmonics_give_way_to_their_fundamentals(part: tuple[int, int]) -> None:
    """A lattice of cross-terms alone is taken down to the dots' own, at whatever order."""
    light = np.full((512, 512, 1), 0.42, np.float32)
    stack, _ = tiles_of(printed(light, Press(lpi=72.0, angles=(("k", 33.0),), noise=0.01))[:, :, 0])
    turn = np.deg2rad(33.0)
    first = np.array([-np.sin(turn), np.cos(turn)]) * 72.0 / 600.0
    second = quarter_turn(first)
    one = part[0] * first + part[1] * second
    tapered = windowed(stack)
    amplitude = float(np.abs(amplitude_at(tapered, one, window_sum(256))).mean())
    found = lowered(Lattice(one, quarter_turn(one), amplitude, 5.0, 0.0, 4, 0.0), tapered)
    assert found.ruling == pytest.approx(72.0 / 600.0, rel=1e-6)
    assert abs((angle_of(found.first) - 33.0 + 45.0) % 90.0 - 45.0) < 1e-6


def test_fundamentals_do_not_give_way_to_the_picture() -> None:
    press = Press(lpi=110.0, angles=(("k", 20.0),))
    stack, _ = tiles_of(printed(scene(512, 1), press)[:, :, 0])
    tapered = windowed(stack)
    (found,) = find_lattices(waves(tapered), 256)
    assert lowered(found, tapered) == found


def wave(frequency: tuple[float, float], amplitude: float = 1.0) -> Wave:
    return Wave(np.array(frequency), 6.0, amplitude, 0.0, 9)


def test_a_series_of_waves_has_its_own_lowest() -> None:
    """Courses of bricks: 2, 3, 4, ... times a low frequency; but not just any wave on the line."""
    yellow = wave((0.0, 0.0605))
    assert not is_multiple(yellow, [yellow, wave((0.0, 0.0605 * np.sqrt(2.0)))], 1.0 / 256.0)
    course = wave((0.06, 0.0))
    assert is_multiple(course, [course, wave((0.03, 0.0))], 1.0 / 256.0)
    assert is_multiple(course, [course, wave((0.045, 0.0)), wave((0.075, 0.0))], 1.0 / 256.0)


def test_dots_grow_with_the_tone_and_patterns_do_not() -> None:
    press = Press(lpi=75.0, angles=(("k", 30.0),))
    stack, _ = tiles_of(printed(scene(512, 1), press)[:, :, 0])
    found = find_lattices(waves(windowed(stack)), 256)[0]
    shapes = shapes_of(found, stack)
    assert shapes is not None
    assert shapes.growing
    assert not shapes.fixed
    rows, columns = np.mgrid[0:512, 0:512].astype(np.float32)
    checked = (np.floor(rows / 5.5) + np.floor(columns / 5.5)) % 2
    stack, _ = tiles_of((scene(512, 1)[:, :, 0] * (1.0 - 0.6 * checked)).astype(np.float32))
    found = find_lattices(waves(windowed(stack)), 256)[0]
    shapes = shapes_of(found, stack)
    assert shapes is not None
    assert shapes.fixed
    assert not shapes.growing


def test_lines_of_a_screen_are_thin_in_the_lights_and_in_the_shadows() -> None:
    press = Press(lpi=90.0, angles=(("k", 60.0),), spot="line", gain=0.0)
    stack, _ = tiles_of(printed(scene(768, 1), press)[:, :, 0])
    turn = np.deg2rad(60.0)
    found = growth(np.array([-np.sin(turn), np.cos(turn)]) * 90.0 / 600.0, stack)
    assert found is not None
    assert found.light < found.dark
    assert found.correlation < -0.95
    assert found.lock > 0.97
