"""Lattices that are no printing screens: cloth, nets, hatching, ruled paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from restoration.examine.screen.lattice import (
    ScreenLattice,
)
from restoration.examine.screen.spectrum import amplitude_at
from restoration.examine.screen.waves import Wave, window_sum, windowed
from restoration.raster.base import Floats, Stack

LIGHT = 0.2
"""Least mean light of a block, of the paper's, at which its dots may be dark ones on paper."""

EVEN_TONE = 1.3
"""Largest ratio of the means of a block's quarters for it to be of one tone."""

RULED = 0.25
"""Least cross-term, of that which crossing lines have, from which a lattice is taken for lines;
dots have less than 0."""

DOTTED = 0.5
"""Cross-term, of the opposite sign, from which they are dots for certain."""

THIN = 0.5
"""Least mean of such a block between its darkest and lightest twentieth: less than half is covered.
A picture without highlights shows no bare paper, and its light dots on ink cross like lines."""

BORNE = 0.2
"""Least amplitude of a block that is asked, of the lattice's: paper around a print says nothing."""

RESOLVED = 0.2
"""Rulings, cycles per sample, up to which cross-terms lie below Nyquist and survive the blur."""

WOVEN = 0.15
"""Least amplitude, relative to a lattice, of waves at halves or thirds of it that show a weave."""


PERIODS = 3.0
"""Least periods in the side of a block that is asked for the size of its dots."""

GRADED = 4.0
"""Largest ratio of the means of such a block's quarters."""

FAINT = 2e-3
"""Least amplitude of such a block, linear light."""

FEW_BLOCKS = 8

SHAPED = 0.24
"""Rulings, cycles per sample, up to which enough of the cross-terms passes the scanner's optics."""

SHADED = 0.35
"""Least difference in tone, as a logarithm, from which shapes are compared."""

FIXED = 0.04
"""Largest change of shape, in fundamentals, of patterns in light and shade: they have 0.02, prints
0.1 to 0.6."""

UNRELATED = -0.3
"""Least correlation of shape and light of patterns; prints have -0.5 to -1."""

GROWN, RELATED = 0.1, -0.6
"""Least change of shape, and largest correlation, of dots that certainly grow."""

EVERYWHERE = 0.6
"""Least share of a lattice's tiles in which a weave shows its halves or thirds."""


def is_no_print(strongest: ScreenLattice, common: Sequence[Wave], tiles: Stack) -> bool:
    """Whether a channel's strongest lattice is that of cloth, a net, hatching or ruled paper.

    common: the channel's waves; tiles: (n, side, side), linear light.
    """
    bin_width = 1.0 / tiles.shape[1]
    shapes = shapes_of(strongest, tiles)
    if is_woven(strongest, common, bin_width) or (shapes is not None and shapes.fixed):
        return True
    if shapes is not None and shapes.growing:
        return False
    crossed = crossing(strongest, tiles, float(np.percentile(tiles, 99)))
    # Square dots that nearly touch have the harmonics of thin lines, but lines never cross so.
    return crossed > RULED or (crossed > -DOTTED and is_gridded(strongest, common, bin_width))


def is_woven(lattice: ScreenLattice, found: Sequence[Wave], bin_width: float) -> bool:
    """Whether waves stand at halves or thirds of a lattice, as those of a weave do.

    Threads make a lattice too, but every second one (in twill every third) goes under: half or a
    third of the thread count appears beside it. A screen's dots are all alike.
    """
    basis = np.array([lattice.first, lattice.second]).T
    for wave in found:
        if wave.amplitude < WOVEN * lattice.amplitude:
            break
        if wave.tiles < EVERYWHERE * lattice.tiles:
            # The edge of a picture has all frequencies, in the tiles that it crosses.
            continue
        place = np.linalg.solve(basis, wave.frequency)
        if np.hypot(*place) > 2.4:
            continue
        for parts in (2.0, 3.0):
            nearest = np.rint(place * parts)
            apart = float(np.hypot(*(basis @ (place - nearest / parts))))
            if apart < 0.4 * bin_width and bool((nearest % parts != 0.0).any()):
                return True
    return False


@dataclass(frozen=True)
class Shapes:
    """How the shape of a lattice's dots changes with the light: its cross-term and its second
    harmonic, each of the fundamentals' amplitude and with its sign against theirs."""

    span: float
    """Logarithm of the light of the lightest quarter of the blocks, over that of the darkest."""
    crossed: float
    doubled: float
    """What the darkest quarter has more of the two than the lightest."""
    correlation: float
    """Of the cross-term with the logarithm of the light."""

    @property
    def fixed(self) -> bool:
        """Whether only the light changes: checked and dotted cloth, tiles, perforated sheets."""
        level = max(abs(self.crossed), abs(self.doubled)) <= FIXED
        return self.span >= SHADED and level and self.correlation > UNRELATED

    @property
    def growing(self) -> bool:
        """Whether they are dark dots in the lights that become light ones in the shadows."""
        return self.crossed >= GROWN and self.correlation <= RELATED


def shapes_of(lattice: ScreenLattice, tiles: Stack) -> Shapes | None:
    """How the shape of a lattice follows the light of whole tiles (n, side, side), linear; None
    where too few blocks bear it, and where its cross-terms are not resolved.

    A screen's dots grow with the tone: at little ink the cross-term opposes the fundamentals, near
    solid ink it supports them. A pattern in light and shade has one shape, whatever its contrast.
    """
    side = next((side for side in (32, 64, 128) if side * lattice.ruling >= PERIODS), 256)
    if lattice.ruling > SHAPED:
        return None
    blocks = _cut(tiles, min(side, tiles.shape[1]))
    mean = np.log(np.maximum(blocks.mean(axis=(1, 2), dtype=np.float64), 1e-5))
    tapered, total = windowed(blocks), window_sum(blocks.shape[1])
    first, second = lattice.first, lattice.second
    one, other, plus, minus, twice, again = (
        amplitude_at(tapered, vector, total)
        for vector in (first, second, first + second, first - second, 2.0 * first, 2.0 * second)
    )
    size = np.sqrt(np.abs(one * other))
    crossed = (plus * np.conj(one * other) + minus * np.conj(one) * other).real
    doubled = (twice * np.conj(one) ** 2 + again * np.conj(other) ** 2).real
    lowest, highest = _quarters(blocks)
    use = (highest < GRADED * np.maximum(lowest, 1e-4)) & (size >= FAINT)
    number = int(use.sum()) // 4
    if number < FEW_BLOCKS // 4:
        return None
    order = np.argsort(mean[use], kind="stable")
    dark, light = order[:number], order[-number:]
    shape = crossed[use] / 2.0 / size[use] ** 3, doubled[use] / 2.0 / size[use] ** 3
    change = [float(np.median(value[dark]) - np.median(value[light])) for value in shape]
    span = float(np.median(mean[use][light]) - np.median(mean[use][dark]))
    around, apart = shape[0] - shape[0].mean(), mean[use] - mean[use].mean()
    scale = float(np.sqrt((around**2).sum() * (apart**2).sum()))
    linked = float((around * apart).sum()) / scale if scale > 0.0 else 0.0
    return Shapes(span, change[0], change[1], linked)


def is_ruled(lattice: ScreenLattice, tiles: Stack, paper: float) -> bool:
    """Whether a lattice consists of lines that cross: hatching, graph paper, nets."""
    return crossing(lattice, tiles, paper) > RULED


def crossing(lattice: ScreenLattice, tiles: Stack, paper: float) -> float:
    """The cross-term of a lattice, of that which crossing lines have; 0 where it is not known.

    tiles: (n, side, side), linear light; paper: the light of bare paper.

    Lines over lines multiply: the cross-term is the product of the two fundamentals over the mean,
    with its sign: 1. Dark dots on light paper have a cross-term of the opposite sign, as long as
    they cover less than half. Only blocks of one light tone are asked: in darker ones the gaps
    between lines look like gaps between dots, and at the edge of a print the mean is not its own.
    """
    crossed = [lattice.first + lattice.second, lattice.first - lattice.second]
    if lattice.ruling > RESOLVED:
        return 0.0
    side = 64 if lattice.ruling >= 0.08 else 128
    blocks = _light_blocks(tiles, min(side, tiles.shape[1]), LIGHT * paper)
    if blocks.shape[0] == 0:
        return 0.0
    means = blocks.mean(axis=(1, 2), dtype=np.float64)
    tapered = windowed(blocks)
    one, other, plus, minus = (
        amplitude_at(tapered, vector, window_sum(blocks.shape[1]))
        for vector in (lattice.first, lattice.second, *crossed)
    )
    bears = np.minimum(np.abs(one), np.abs(other)) >= BORNE * lattice.amplitude
    seen = (plus * np.conj(one * other)).real + (minus * np.conj(one) * other).real
    lines = float((np.abs(one * other) ** 2 / means)[bears].sum())
    return float(seen[bears].sum()) / lines if lines > 0.0 else 0.0


def _light_blocks(tiles: Stack, side: int, least: float) -> Stack:
    """The blocks of this side whose four quarters are all light and alike, and whose lines, if they
    are lines, are thin."""
    blocks = _cut(tiles, side)
    lowest, highest = _quarters(blocks)
    alike: Stack = blocks[(lowest >= least) & (highest < EVEN_TONE * lowest)]
    if alike.shape[0] == 0:
        return alike
    low, high = np.percentile(alike, (5.0, 95.0), axis=(1, 2))
    return np.asarray(alike[alike.mean(axis=(1, 2)) >= low + THIN * (high - low)])


def _cut(tiles: Stack, side: int) -> Stack:
    """Tiles (n, height, width) as square blocks (m, side, side)."""
    count = tiles.shape[1] // side
    even = tiles[:, : count * side, : count * side]
    return even.reshape(-1, count, side, count, side).swapaxes(2, 3).reshape(-1, side, side)


def _quarters(blocks: Stack) -> tuple[Stack, Stack]:
    """The means of each block's darkest and lightest quarter."""
    half = blocks.shape[1] // 2
    quarters = blocks.reshape(-1, 2, half, 2, half).mean(axis=(2, 4)).reshape(-1, 4)
    return quarters.min(axis=1), quarters.max(axis=1)


def is_gridded(lattice: ScreenLattice, found: Sequence[Wave], bin_width: float) -> bool:
    """Whether a lattice consists of thin lines or strokes: strong second harmonics across
    themselves and hardly a cross-term. Small dots have both, dots near 50 % neither."""

    def at(vectors: Sequence[Floats]) -> float:
        """The greatest amplitude of any of these."""
        best = 0.0
        for wave in found:
            for vector in vectors:
                for sign in (1.0, -1.0):
                    apart = (wave.frequency - sign * vector + 0.5) % 1.0 - 0.5
                    if float(np.hypot(*apart)) < bin_width:
                        best = max(best, wave.amplitude)
        return best

    first, second = lattice.first, lattice.second
    double = min(at([2.0 * first]), at([2.0 * second]))
    crossed = at([first + second, first - second])
    return double > 0.3 * lattice.amplitude and double > 2.0 * crossed
