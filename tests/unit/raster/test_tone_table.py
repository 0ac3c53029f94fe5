"""A tone table maps every code, is undone to within one, and reads back as the same table."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from restoration.raster.colour import tone_table
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import LEAST_SLOPE, ToneTable
from restoration.raster.colour.uneven_stain import UnevenStain

GRID = np.arange(NODES) / (NODES - 1)
EVERY_CODE = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)


def steepest() -> ToneTable:
    """Three ways to press tones together as far as a table may."""
    flat = LEAST_SLOPE * GRID + 0.123456789
    knee = np.where(GRID < 0.5, LEAST_SLOPE * GRID, LEAST_SLOPE / 2 + 1.64 * (GRID - 0.5))
    wave = 0.2 + LEAST_SLOPE * GRID + 0.05 * np.floor(8 * GRID)
    return ToneTable(np.stack([flat, knee, wave]))


def light(gamma: float) -> np.ndarray:
    """log10 of linear light, floored by a slow rise."""
    return np.log10(np.maximum(GRID**gamma, 1e-3 * (1.0 + GRID)))


def stained(strength: float = 0.1) -> ToneTable:
    """A mild table with a stain that is uneven in every term."""
    coefficients = strength * np.array([[0.3, 0.2, -0.2, 0.1, 0.1, 0.1]] * 3)
    curves = np.stack([GRID * 1.2, GRID**0.9 + 0.0, 0.02 + 0.96 * GRID])
    return ToneTable(curves, UnevenStain(coefficients, np.stack([light(2.2)] * 3)))


def noise(height: int, width: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 65536, (height, width, 3), dtype=np.uint16)


def test_a_table_says_what_becomes_of_each_code() -> None:
    table = ToneTable([1.2007 * GRID])
    mapped = table.mapped(EVERY_CODE, 0, 256).ravel().astype(float)
    # Straight lines: the nearest code of 1.2007 times the value, clipped at full.
    meant = np.minimum(np.rint(1.2007 * np.arange(65536)), 65535)
    assert np.abs(mapped - meant).max() <= 1
    # Nodes have 7 decimals, so what lies near a half may fall either way.
    assert np.mean(mapped != meant) < 0.02


def test_every_code_is_undone_to_within_one_at_the_steepest_compression() -> None:
    table = steepest()
    codes = np.repeat(EVERY_CODE, 3, axis=2)
    mapped = table.mapped(codes, 0, 256)
    assert mapped.max() < 65535  # nothing was clipped, so every code can be asked back
    undone = table.undone(mapped, 0, 256).astype(int)
    assert np.abs(undone - codes).max() == 1


@pytest.mark.parametrize("strength", [0.1, -0.2, 0.3])
def test_a_table_with_a_stain_is_undone_to_within_one_where_it_did_not_clip(
    strength: float,
) -> None:
    table = stained(strength)
    codes = np.repeat(EVERY_CODE, 3, axis=2)
    codes = codes[np.random.default_rng(3).permutation(256)]
    mapped = table.mapped(codes, 0, 256)
    undone = table.undone(mapped, 0, 256).astype(int)
    whole = (mapped > 0) & (mapped < 65535) & (codes > 65535 * 0.06)  # above the floor of light
    assert np.count_nonzero(whole) > 0.6 * whole.size
    assert np.abs(undone - codes)[whole].max() <= 1


def test_a_stain_is_taken_away_in_density_before_the_curves() -> None:
    # Light is the value itself, so a density of log10(2) doubles it.
    values = np.log10(np.maximum(GRID, 1e-4))
    values[:1] = -4.0
    coefficients = [[0.0, np.log10(2.0), 0.0, 0.0, 0.0, 0.0]]
    table = ToneTable([0.5 * GRID], UnevenStain(coefficients, [values]))
    codes = np.full((1, 2, 1), 16_384, np.uint16)
    # u of two columns is -1/2 and 1/2.
    expected = 16_384 * np.array([2.0**-0.5, 2.0**0.5]) * 0.5
    assert np.abs(table.mapped(codes, 0, 1)[0, :, 0] - expected).max() < 4  # lines between nodes


def test_codes_and_values_say_the_same() -> None:
    for table in (steepest(), stained()):
        codes = noise(40, 50)
        values = table.mapped_values(codes / 65535.0)
        meant = np.rint(np.clip(values, 0, 1) * 65535)
        assert np.abs(table.mapped(codes, 0, 40) - meant).max() <= 1  # halves
        assert np.mean(table.mapped(codes, 0, 40) != meant) < 0.001


@pytest.mark.parametrize("table", [steepest(), stained()], ids=["plain", "stain"])
def test_values_beyond_the_range_go_straight_on_and_come_back_exactly(table: ToneTable) -> None:
    values = np.random.default_rng(4).uniform(-0.5, 1.5, (30, 20, 3))
    back = table.undone_values(table.mapped_values(values))
    assert np.abs(back - values).max() < 1e-14
    single = table.mapped_values(values.astype(np.float32))
    assert single.dtype == np.float32


def test_beyond_the_range_the_slope_is_that_of_the_last_step() -> None:
    table = ToneTable([GRID**2 + GRID])
    mapped = table.mapped_values(np.array([[[-0.25], [1.25]]]))
    first, last = np.diff(table.curves[0])[[0, -1]] * (NODES - 1)
    assert mapped.ravel() == pytest.approx([-0.25 * first, 2.0 + 0.25 * last])


@pytest.mark.parametrize("table", [steepest(), stained()], ids=["plain", "stain"])
def test_bands_windows_and_threads_change_nothing(
    table: ToneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = noise(70, 90)
    whole = table.mapped(codes, 0, 70)
    bands = [table.mapped(codes[t : t + 9], t, 70) for t in range(0, 70, 9)]
    assert np.array_equal(np.concatenate(bands), whole)
    window = table.mapped(codes[20:33, 40:81], 20, 70, left=40, page_width=90)
    assert np.array_equal(window, whole[20:33, 40:81])
    undone = table.undone(whole, 0, 70)
    for workers, block in ((1, 2**15), (7, 100)):
        monkeypatch.setattr(tone_table, "WORKERS", workers)
        monkeypatch.setattr(tone_table, "_BLOCK", block)
        assert np.array_equal(table.mapped(codes, 0, 70), whole)
        assert np.array_equal(table.undone(whole, 0, 70), undone)


def test_a_floor_that_hardly_rises_is_mapped_like_any_other() -> None:
    floored = np.maximum(light(2.2), -2.0) + 1e-6 * np.arange(NODES)
    stain = UnevenStain([[0.05, 0.1, 0, 0, 0, 0]], [floored])
    table = ToneTable([GRID], stain)
    mapped = table.mapped(EVERY_CODE, 0, 256)
    meant = np.rint(np.clip(table.mapped_values(EVERY_CODE / 65535.0), 0, 1) * 65535)
    assert np.mean(mapped != meant) < 0.01
    assert np.abs(mapped - meant).max() <= 1


@pytest.mark.parametrize("table", [steepest(), stained()], ids=["plain", "stain"])
def test_a_table_read_from_its_record_is_the_same_bit_for_bit(table: ToneTable) -> None:
    again = ToneTable.from_record(json.loads(json.dumps(table.record())))
    assert again.record() == table.record()
    assert again.sha256 == table.sha256
    values = np.random.default_rng(5).uniform(-0.1, 1.1, (20, 20, 3))
    assert np.array_equal(again.mapped_values(values), table.mapped_values(values))
    assert np.array_equal(again.mapped(noise(20, 20), 0, 20), table.mapped(noise(20, 20), 0, 20))


def changed(**fields: Any) -> dict[str, Any]:
    return {**stained().record(), **fields}


LIGHT = [light(2.2).tolist()] * 3
COEFFICIENTS = [[0.0] * 6] * 3


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (None, "the table: expected curves and stain"),
        ({"curves": []}, "the table: expected curves and stain, found curves"),
        (changed(more=1), "found curves, stain, more"),
        (changed(curves=None), "curves: expected"),
        (changed(curves=[["a"] * NODES] * 3), "curves: expected rows of numbers"),
        (changed(curves=[[0.1, 0.2]] * 3), "3 rows of 257 numbers|rows of 257"),
        (changed(curves=[GRID.tolist()] * 2), "1 or 3 rows"),
        (changed(curves=[[float("nan")] * NODES] * 3), "finite"),
        (changed(curves=[(GRID - 0.1).tolist()] * 3), "no value below 0, found -0.1"),
        (changed(curves=[(0.33 * GRID).tolist()] * 3), r"slopes of at least 0.34, found 0.3300"),
        (changed(curves=[(1 - GRID).tolist()] * 3), "found -1.0000"),
        (changed(curves=[GRID.tolist()]), "stain: expected 1 channels as in curves, found 3"),
        (changed(stain=[]), "stain: expected coefficients and log_light"),
        (changed(stain={"coefficients": COEFFICIENTS}), "found coefficients"),
        (
            changed(stain={"coefficients": [[0.0] * 5] * 3, "log_light": LIGHT}),
            "stain.coefficients: expected",
        ),
        (
            changed(stain={"coefficients": COEFFICIENTS, "log_light": [[0.0] * NODES] * 3}),
            "stain.log_light: expected strictly rising",
        ),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(record: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        ToneTable.from_record(record)
    assert "\n" not in str(caught.value)


def test_pixels_of_other_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(rows, width, 3\)"):
        stained().mapped(EVERY_CODE, 0, 256)


def test_a_window_outside_the_page_is_refused() -> None:
    with pytest.raises(ValueError, match="is not inside"):
        stained().mapped(noise(8, 8), 4, 8)
