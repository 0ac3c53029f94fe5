"""Lattices that are no printing screens: cloth, nets, hatching, ruled paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restoration.examine.lattice import (
    Lattice,
)
from restoration.examine.screen_spectrum import Stack, amplitude_at
from restoration.examine.screen_waves import (
    Vector,
    Wave,
    window_sum,
    windowed,
)

LIGHT = 0.5
"""Least mean light of a block, of the paper's, at which its dots are dark ones on light paper."""

EVEN_TONE = 1.3
"""Largest ratio of the means of a block's quarters for it to be of one tone."""

RULED = 0.25
"""Least cross-term, of that which crossing lines have, from which a lattice is taken for lines;
dots have less than 0."""

RESOLVED = 0.2
"""Rulings, cycles per sample, up to which cross-terms lie below Nyquist and survive the blur."""

WOVEN = 0.15
"""Least amplitude, relative to a lattice, of waves at halves or thirds of it that show a weave."""


def is_no_print(strongest: Lattice, common: Sequence[Wave], tiles: Stack) -> bool:
    """Whether a channel's strongest lattice is that of cloth, a net, hatching or ruled paper.

    common: the channel's waves; tiles: (n, side, side), linear light.
    """
    bin_width = 1.0 / tiles.shape[1]
    return (
        is_woven(strongest, common, bin_width)
        or is_gridded(strongest, common, bin_width)
        or is_ruled(strongest, tiles, float(np.percentile(tiles, 99)))
    )


def is_woven(lattice: Lattice, found: Sequence[Wave], bin_width: float) -> bool:
    """Whether waves stand at halves or thirds of a lattice, as those of a weave do.

    Threads make a lattice too, but every second one (in twill every third) goes under: half or a
    third of the thread count appears beside it. A screen's dots are all alike.
    """
    basis = np.array([lattice.first, lattice.second]).T
    for wave in found:
        if wave.amplitude < WOVEN * lattice.amplitude:
            break
        place = np.linalg.solve(basis, wave.frequency)
        if np.hypot(*place) > 2.4:
            continue
        for parts in (2.0, 3.0):
            nearest = np.rint(place * parts)
            apart = float(np.hypot(*(basis @ (place - nearest / parts))))
            if apart < 0.4 * bin_width and bool((nearest % parts != 0.0).any()):
                return True
    return False


def is_ruled(lattice: Lattice, tiles: Stack, paper: float) -> bool:
    """Whether a lattice consists of lines that cross: hatching, graph paper, nets.

    tiles: (n, side, side), linear light; paper: the light of bare paper.

    Lines over lines multiply: the cross-term is the product of the two fundamentals over the mean,
    with its sign. Dark dots on light paper have a cross-term of the opposite sign, as long as they
    cover less than half. Only blocks of one light tone are asked: in darker ones the gaps between
    lines look like gaps between dots, and at the edge of a print the mean is not its own.
    """
    crossed = [lattice.first + lattice.second, lattice.first - lattice.second]
    if lattice.ruling > RESOLVED:
        return False
    side = 64 if lattice.ruling >= 0.08 else 128
    blocks = _light_blocks(tiles, min(side, tiles.shape[1]), LIGHT * paper)
    if blocks.shape[0] == 0:
        return False
    means = blocks.mean(axis=(1, 2), dtype=np.float64)
    tapered = windowed(blocks)
    one, other, plus, minus = (
        amplitude_at(tapered, vector, window_sum(blocks.shape[1]))
        for vector in (lattice.first, lattice.second, *crossed)
    )
    seen = (plus * np.conj(one * other)).real + (minus * np.conj(one) * other).real
    lines = (np.abs(one * other) ** 2 / means).sum()
    return float(seen.sum()) > RULED * float(lines)


def _light_blocks(tiles: Stack, side: int, least: float) -> Stack:
    """The blocks of this side whose four quarters are all light and alike."""
    count = tiles.shape[1] // side
    even = tiles[:, : count * side, : count * side]
    cut = even.reshape(-1, count, side, count, side).swapaxes(2, 3).reshape(-1, side, side)
    half = side // 2
    quarters = cut.reshape(-1, 2, half, 2, half).mean(axis=(2, 4)).reshape(-1, 4)
    lowest, highest = quarters.min(axis=1), quarters.max(axis=1)
    alike: Stack = cut[(lowest >= least) & (highest < EVEN_TONE * lowest)]
    return alike


def is_gridded(lattice: Lattice, found: Sequence[Wave], bin_width: float) -> bool:
    """Whether a lattice consists of thin lines or strokes: strong second harmonics across
    themselves and hardly a cross-term. Small dots have both, dots near 50 % neither."""

    def at(vectors: Sequence[Vector]) -> float:
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
