"""Line screens: parallel lines whose width gives the tone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.screen.lattice import ScreenLattice, explained, is_multiple, quarter_turn
from restoration.examine.screen.spectrum import amplitude_at
from restoration.examine.screen.waves import Wave, vernier, window_sum, windowed
from restoration.raster.base import Floats, Stack

RULINGS = (60.0, 210.0)
"""Lines per inch of line screens: without the resolution, none is looked for."""

WEAKEST = 0.35
"""Least amplitude of a channel's further lines, of its strongest ones'."""

COMMON = 0.75
"""Least share of the whole tiles in which lines stand out."""

STEADY = 0.25
"""Largest scatter of the lines' frequency from tile to tile, bins of the tile."""

MOST_TILES = 12
"""Whole tiles that are asked, from the lightest to the darkest: the more tones the better."""

BORNE = 0.15
"""Least amplitude of a block that is asked, of the lines' mean."""

GRADED = 2.0
"""Largest ratio of the means of a block's quarters."""

BLOCKS = 16

PERIODS = 3.0
"""Least periods in the side of a block."""

LINKED = -0.955
"""Correlation of tone and second harmonic, down to which the width of lines is taken to follow the
tone; simulated fences, blinds, corduroy and cathode-ray lines stay above, or below CHANGE."""

CHANGE, SHARE = 0.12, 0.45
"""Least change of the second harmonic, of the first one's amplitude, from the lightest to the
darkest tenth of the blocks, and its least share of the greater one of them."""

THINNER = 0.9
"""Largest amplitude of the lines in the darkest tenth, of their greatest in any: light lines that
are thin have little; light slats have most before a dark ground."""

LOCKED = 0.97
"""Least coherence of the lines' phase from block to block: pickets before a light and a dark ground
change it by half a turn."""

APART = 1.5
"""Least distance, in bins of the block, of the second harmonic from the first and from zero, where
the pixels fold it."""


def find_lines(
    found: Sequence[Wave],
    stack: Stack,
    centres: npt.NDArray[np.float64],
    per_inch: float,
    aspect: float = 1.0,
) -> list[ScreenLattice]:
    """The line screens of a channel, strongest first, as lattices with ``lines`` set.

    found: the channel's waves; stack: its whole tiles (n, side, side), linear light; centres: (n,
    2), their middles, samples; per_inch: samples per inch; aspect: see ``quarter_turn``.

    Corduroy, blinds, fences and ruled paper are waves as well, but their lines have one width,
    whatever the light, and so their second harmonic has one share of the first. The lines of a
    screen grow with the tone, dark ones in the lights and light ones in the shadows, and with them
    that share runs from -1 to 1. Only what shows this is taken; a picture of hardly more than one
    tone does not.
    """
    side = stack.shape[1]
    lines: list[ScreenLattice] = []
    tapered = windowed(stack)
    for wave in found:
        if lines and wave.amplitude < WEAKEST * lines[0].amplitude:
            break
        if len(lines) == 0 and wave.amplitude < 0.5 * found[0].amplitude:
            break
        ruling = float(np.hypot(*wave.frequency)) * per_inch
        if not RULINGS[0] <= ruling <= RULINGS[1] or wave.scatter > STEADY / side:
            continue
        if wave.tiles < COMMON * stack.shape[0]:
            continue
        if explained(wave, lines, 1.0 / side) or is_multiple(wave, found, 1.0 / side):
            continue
        vector = _sharpened(wave, tapered, centres)
        if grows_with_the_tone(vector, stack):
            lines.append(_line(wave, vector, aspect))
    return lines


def _sharpened(wave: Wave, tapered: Stack, centres: npt.NDArray[np.float64]) -> Floats:
    side = tapered.shape[1]
    error = wave.scatter / np.sqrt(max(wave.tiles, 1))
    radius = float(np.clip(3.0 * error, 0.06 / side, 0.3 / side))
    amplitudes = amplitude_at(tapered, wave.frequency, window_sum(side))
    return vernier(wave.frequency, amplitudes, centres, radius)


def _line(wave: Wave, vector: Floats, aspect: float) -> ScreenLattice:
    first = vector if vector[0] < 0.0 or (vector[0] == 0.0 and vector[1] > 0.0) else -vector
    return ScreenLattice(
        first,
        quarter_turn(first, aspect),
        wave.amplitude,
        wave.prominence,
        wave.scatter,
        wave.tiles,
        0.0,
        lines=True,
    )


@dataclass(frozen=True)
class Growth:
    """How lines change with the tone of the blocks that bear them."""

    correlation: float
    """Of the second harmonic, relative to the first, with the light."""
    light: float
    dark: float
    """Second harmonic of the lightest and of the darkest tenth: of the first one's amplitude,
    positive where light lines are thin ones, negative where dark ones are."""
    thinned: float
    """Amplitude of the lines in the darkest tenth, of that which nine tenths of the blocks stay
    below."""
    lock: float
    """Coherence of the first harmonic's phase within the tiles, 0 to 1."""


def growth(vector: Floats, stack: Stack) -> Growth | None:
    """What whole tiles (n, side, side) of linear light say of lines; None where that is little."""
    count, side = stack.shape[:2]
    length = float(np.hypot(*vector))
    block = next((b for b in (16, 32, 64, 128) if b * length >= PERIODS), side)
    if not _separate(vector, block):
        return None
    parts = side // block
    cut = stack[:, : parts * block, : parts * block]
    blocks = cut.reshape(count, parts, block, parts, block).swapaxes(2, 3)
    blocks = blocks.reshape(-1, block, block)
    tapered, total = windowed(blocks), window_sum(block)
    place = np.arange(parts) * block
    turns = np.tile(np.add.outer(place * vector[0], place * vector[1]).ravel(), count)
    one = amplitude_at(tapered, vector, total) * np.exp(-2j * np.pi * turns)
    two = amplitude_at(tapered, 2.0 * vector, total) * np.exp(-4j * np.pi * turns)
    # Against the phase that most of the tile's blocks have.
    phase = one.reshape(count, -1).sum(axis=1)
    phase = np.repeat(phase / np.maximum(np.abs(phase), 1e-20), parts * parts)
    size = np.abs(one)
    use = _even(blocks) & (size >= BORNE * size.mean())
    if int(use.sum()) < BLOCKS:
        return None
    share = (two * np.conj(one) ** 2).real[use] / size[use] ** 3
    mean = blocks.mean(axis=(1, 2), dtype=np.float64)[use]
    order, number = np.argsort(mean, kind="stable"), max(4, int(use.sum()) // 10)
    lock = (one * np.conj(phase))[use].sum().real / size[use].sum()
    light, dark = (float(np.median(share[part])) for part in (order[-number:], order[:number]))
    thinned = float(np.median(size[use][order[:number]]) / np.percentile(size[use], 90.0))
    return Growth(_correlation(share, mean, size[use]), light, dark, thinned, float(lock))


def _correlation(
    one: npt.NDArray[np.float64], other: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> float:
    weight = weight / weight.sum()
    one, other = one - (weight * one).sum(), other - (weight * other).sum()
    common = float((weight * one * other).sum())
    powers = float((weight * one * one).sum()) * float((weight * other * other).sum())
    return common / float(np.sqrt(powers)) if powers > 0.0 else 0.0


def grows_with_the_tone(vector: Floats, stack: Stack) -> bool:
    """Whether the width of lines follows the tone, in place: see ``find_lines``."""
    found = growth(vector, stack)
    if found is None:
        return False
    change = found.dark - found.light
    greater = max(abs(found.dark), abs(found.light))
    grown = change >= max(CHANGE, SHARE * greater) and found.thinned <= THINNER
    return grown and found.correlation <= LINKED and found.lock >= LOCKED


def _separate(vector: Floats, block: int) -> bool:
    """Whether the second harmonic, as the pixels fold it, is a wave of its own."""
    folded = 2.0 * vector - np.rint(2.0 * vector)
    others = (np.zeros(2), vector, -vector)
    return min(float(np.hypot(*(folded - other))) for other in others) * block >= APART


def _even(blocks: Stack) -> npt.NDArray[np.bool_]:
    half = blocks.shape[1] // 2
    quarters = blocks.reshape(-1, 2, half, 2, half).mean(axis=(2, 4)).reshape(-1, 4)
    return np.asarray(quarters.max(axis=1) < GRADED * np.maximum(quarters.min(axis=1), 1e-4))
