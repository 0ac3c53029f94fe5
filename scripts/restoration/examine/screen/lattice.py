"""Lattices of printing screens in a few whole tiles: two equal vectors at right angles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from restoration.examine.screen.spectrum import LOWEST, amplitude_at
from restoration.examine.screen.waves import Wave, vernier, window_sum
from restoration.raster.base import Floats, Stack

UNEVEN = 0.006
"""Largest relative difference of the two vectors, beside the error of measurement: a scanner's feed
and its lens differ by less."""

PARTNER = 0.2
"""Least amplitude of the second vector relative to the first; elliptical dots reach 0.5."""

WEAK = 0.08
"""Lattices below this share of a channel's strongest wave are intermodulation."""

SERIES = 0.25
"""Largest distance, in bins, of a wave from its place in a series."""

PARTS = ((1, 1), (2, 0), (2, 1), (2, -1), (3, 0), (3, 2), (3, -2))
"""Vectors (a, b) of a square lattice whose own square lattice may be taken for it: diagonals,
second and third harmonics, cross-terms. Those of others are found by applying them in turn."""

NO_WEAKER = 0.8
"""Least amplitude of fundamentals, of that of their harmonics and cross-terms."""

CLEARER = 1.5
"""Least amplitude of fundamentals, of the mean at APART bins around them."""

APART = 2.5

ORDERS = 5
"""Highest multiple of a fundamental that is recognised as its harmonic."""


@dataclass(frozen=True)
class ScreenLattice:
    """One printing screen: every dot lies on this grid."""

    first: Floats
    second: Floats
    """``first`` turned by a quarter, counter-clockwise as displayed, within the error."""
    amplitude: float
    prominence: float
    scatter: float
    tiles: int
    mismatch: float
    """Distance of the measured second vector from the exact quarter turn, relative."""
    lines: bool = False
    """Parallel lines instead of dots: ``second`` is a direction without a wave."""

    @property
    def vectors(self) -> tuple[Floats, ...]:
        """The fundamentals that have waves."""
        return (self.first,) if self.lines else (self.first, self.second)

    @property
    def ruling(self) -> float:
        """Cycles per sample: the geometric mean of the two lengths."""
        return float(np.sqrt(np.hypot(*self.first) * np.hypot(*self.second)))


def quarter_turn(vector: Floats, aspect: float = 1.0) -> Floats:
    """The vector turned by 90 degrees counter-clockwise on the sheet (rows count downwards).

    aspect: samples per inch along the rows over samples per inch along the columns.
    """
    return np.array([-vector[1] * aspect, vector[0] / aspect])


def angle_of(vector: Floats) -> float:
    """Degrees counter-clockwise from the direction of the rows, as displayed, [0, 180)."""
    return float(np.degrees(np.arctan2(-vector[0], vector[1])) % 180.0)


def sharpened(
    lattice: ScreenLattice, tapered: Stack, centres: npt.NDArray[np.float64]
) -> ScreenLattice:
    """A lattice with its vectors corrected by the phases of the tiles it was found in.

    tapered: (n, side, side); centres: (n, 2), row and column of the tiles' middles, samples.
    """
    side = tapered.shape[1]
    error = lattice.scatter / np.sqrt(max(lattice.tiles, 1))
    radius = float(np.clip(3.0 * error, 0.06 / side, 0.3 / side))
    first, second = (
        vernier(vector, amplitude_at(tapered, vector, window_sum(side)), centres, radius)
        for vector in (lattice.first, lattice.second)
    )
    return replace(lattice, first=first, second=second)


def find_lattices(found: Sequence[Wave], side: int, aspect: float = 1.0) -> list[ScreenLattice]:
    """The screens that explain a channel's waves, strongest first.

    found: from ``waves``; side: of the tiles; aspect: see ``quarter_turn``. Harmonics, cross-terms
    and intermodulation of screens that were found before are left out, and so is a pair that is
    itself a multiple of a lower wave on the same line: rows of bricks and lines of text have many
    harmonics.
    """
    if not found:
        return []
    lattices: list[ScreenLattice] = []
    bin_width = 1.0 / side
    for wave in found:
        if wave.amplitude < WEAK * found[0].amplitude:
            break
        if explained(wave, lattices, bin_width) or is_multiple(wave, found, bin_width):
            continue
        partner = _partner(wave, found, bin_width, aspect)
        if partner is not None and not is_multiple(partner, found, bin_width):
            lattices.append(_joined(wave, partner, aspect))
    return lattices


def _partner(wave: Wave, found: Sequence[Wave], bin_width: float, aspect: float) -> Wave | None:
    """The wave at a right angle to this one, of the same length."""
    turned = quarter_turn(wave.frequency, aspect)
    length = float(np.hypot(*turned))
    allowed = UNEVEN * length + bin_width * 0.3
    near = [
        other
        for other in found
        if other is not wave
        and other.amplitude >= PARTNER * wave.amplitude
        and min(np.hypot(*(other.frequency - turned)), np.hypot(*(other.frequency + turned)))
        <= allowed
    ]
    return max(near, key=lambda other: other.amplitude) if near else None


def _joined(wave: Wave, partner: Wave, aspect: float) -> ScreenLattice:
    """The lattice of two waves, with the first vector the nearer one to the rows' direction."""
    first, second = quarter_aligned(wave.frequency, partner.frequency)
    mismatch = float(np.hypot(*(second - quarter_turn(first, aspect))) / np.hypot(*first))
    return ScreenLattice(
        first,
        second,
        float(np.sqrt(wave.amplitude * partner.amplitude)),
        min(wave.prominence, partner.prominence),
        max(wave.scatter, partner.scatter),
        min(wave.tiles, partner.tiles),
        mismatch,
    )


def quarter_aligned(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Two vectors at a right angle, given in any order and sign, as (first, quarter turn of it)
    with the first one's angle as near as may be to [0, 90)."""
    options = []
    for one, other in ((first, second), (second, first)):
        for sign in (1.0, -1.0):
            start = sign * one
            end = other if float(other @ quarter_turn(start)) > 0.0 else -other
            degrees = float(np.degrees(np.arctan2(-start[0], start[1])))
            options.append((abs(degrees - 45.0), start, end))
    _, start, end = min(options, key=lambda option: option[0])
    return start, end


def multiples(lattices: Sequence[ScreenLattice]) -> Iterator[tuple[Floats, float]]:
    """Harmonics and cross-terms of each lattice, and sums of two lattices' fundamentals, with the
    largest amplitude that can be theirs."""
    for lattice in lattices:
        for k, m in product(range(-ORDERS, ORDERS + 1), range(ORDERS + 1)):
            if abs(k) + m >= 1 and (m == 0 or not lattice.lines):
                share = 10.0 if abs(k) + m == 1 else 1.5
                yield k * lattice.first + m * lattice.second, share * lattice.amplitude
    for index, one in enumerate(lattices):
        for other in lattices[index + 1 :]:
            least = min(one.amplitude, other.amplitude)
            for a, b in product(_low(one), _low(other)):
                for sign in (1.0, -1.0):
                    vector = a + sign * b
                    # Three inks at 0, 30 and 60 degrees: each is the sum of the other two, so
                    # that a third screen of the same ruling must not be taken for a sum.
                    length = float(np.hypot(*vector))
                    same = any(abs(length / x.ruling - 1.0) < 0.06 for x in (one, other))
                    yield vector, (0.4 if same else 1.5) * least


def _low(lattice: ScreenLattice) -> list[Floats]:
    first, second = lattice.first, lattice.second
    if lattice.lines:
        return [first, 2.0 * first]
    return [first, second, first + second, first - second, 2.0 * first, 2.0 * second]


def explained(wave: Wave, lattices: Sequence[ScreenLattice], bin_width: float) -> bool:
    """Whether lattices that were found before account for a wave, also by folding at Nyquist."""
    for vector, most in multiples(lattices):
        if wave.amplitude > most:
            continue
        folded = (vector - wave.frequency + 0.5) % 1.0 - 0.5
        opposite = (vector + wave.frequency + 0.5) % 1.0 - 0.5
        allowed = bin_width * 0.5 + 0.004 * float(np.hypot(*vector))
        if min(np.hypot(*folded), np.hypot(*opposite)) <= allowed:
            return True
    return False


def is_sum(
    item: tuple[ScreenLattice, float],
    every: Sequence[tuple[ScreenLattice, float]],
    bin_width: float,
) -> bool:
    """Whether a lattice is a harmonic of another, or the intermodulation of two: light passes both
    inks, so that the products of their waves appear, fainter than either. All are given with
    their contrasts.

    Screens of about one ruling are never taken for that: of three inks at 0, 30 and 60 degrees,
    each is the sum of the other two.
    """
    lattice, contrast = item
    parents = [
        _combinations(other)
        for other, strength in every
        if abs(other.ruling / lattice.ruling - 1.0) > 0.1 and strength > contrast
    ]
    allowed = bin_width * 0.5 + 0.006 * lattice.ruling
    for one in parents:
        if float(np.hypot(*(one - lattice.first).T).min()) < allowed:
            return True
    for index, one in enumerate(parents):
        for other in parents[index + 1 :]:
            sums = one[:, None, :] + other[None, :, :]
            for vector in (lattice.first, lattice.second):
                if float(np.hypot(*np.moveaxis(sums - vector, 2, 0)).min()) < allowed:
                    return True
    return False


def _combinations(lattice: ScreenLattice) -> npt.NDArray[np.float64]:
    """Fundamentals, harmonics and cross-terms up to the third order, (n, 2), of both signs."""
    orders = [(k, m) for k, m in product(range(-3, 4), repeat=2) if 1 <= abs(k) + abs(m) <= 3]
    return np.array([k * lattice.first + m * lattice.second for k, m in orders])


def is_multiple(wave: Wave, found: Sequence[Wave], bin_width: float) -> bool:
    """Whether a wave continues a series that begins lower on its own line through zero.

    The series shows by other waves on the line at m / n of the frequency (n up to 8), no multiples
    themselves, of at least half the amplitude: one at halves or thirds, two at finer parts. Among
    many parts some fraction always fits: the cross-term of one ink lies on the line of another at
    1.414 of its frequency, and 7 / 5 is 1.4.
    """
    length = float(np.hypot(*wave.frequency))
    along = wave.frequency / length
    ratios = []
    for other in found:
        if other is wave or other.amplitude < 0.5 * wave.amplitude:
            continue
        reach = float(other.frequency @ along)
        aside = float(np.hypot(*(other.frequency - reach * along)))
        ratio = abs(reach) / length
        whole = abs(ratio - round(ratio)) * length < 0.5 * bin_width and round(ratio) >= 1
        if aside <= bin_width * 0.5 and not whole:
            ratios.append(ratio)
    for parts in range(2, 9):
        step = length / parts
        needed = 1 if parts <= 3 else 2
        fits = [
            ratio
            for ratio in ratios
            if round(ratio * parts) >= 1
            and abs(ratio * parts - round(ratio * parts)) * step < SERIES * bin_width
        ]
        if step >= LOWEST / 8.0 and len(fits) >= needed:
            return True
    return False


def lowered(lattice: ScreenLattice, tapered: Stack) -> ScreenLattice:
    """The coarsest lattice that a found one may be a part of.

    In tones near solid ink or bare paper a screen has many waves of about one amplitude, and
    against the picture, which is strongest at low frequencies, its harmonics may be clearer than
    its fundamentals. So every lattice of which this one holds the diagonals, the multiples or the
    cross-terms is asked whether its own fundamentals are there: no weaker than these, and clearly
    above what surrounds them. Threads of a weave fail: what lies between them is weaker.

    tapered: windowed tiles (n, side, side) of linear light.
    """
    side = tapered.shape[1]

    def size(vector: Floats) -> float:
        waves = amplitude_at(tapered, vector, window_sum(side))
        return float(np.sqrt((np.abs(waves) ** 2).mean()))

    for a, b in PARTS:
        share = 1.0 / (a * a + b * b)
        first = share * (a * lattice.first - b * lattice.second)
        second = share * (b * lattice.first + a * lattice.second)
        own = [size(first), size(second)]
        if min(np.hypot(*first), np.hypot(*second)) < LOWEST:
            continue
        if min(own) < NO_WEAKER * lattice.amplitude:
            continue
        turns = np.arange(8) * np.pi / 4.0
        ring = np.stack([np.sin(turns), np.cos(turns)], axis=1) * APART / side
        around = [
            float(np.sqrt(np.mean([size(vector + offset) ** 2 for offset in ring])))
            for vector in (first, second)
        ]
        if all(one >= CLEARER * other for one, other in zip(own, around, strict=True)):
            coarse = quarter_aligned(first, second)
            amplitude = float(np.sqrt(own[0] * own[1]))
            return lowered(
                replace(lattice, first=coarse[0], second=coarse[1], amplitude=amplitude), tapered
            )
    return lattice
