"""Lattices of simulated screens: rulings and angles come back as they went in."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.examine.screen.lattice import (
    ScreenLattice,
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
from support.presses import Image, Press, encoded, linear, printed, scene, weave


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
    found = lowered(ScreenLattice(one, quarter_turn(one), amplitude, 5.0, 0.0, 4, 0.0), tapered)
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
