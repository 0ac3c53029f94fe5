"""One printed picture: the screens of its channels, proved on whole tiles and on their phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from restoration.examine.screen.lattice import (
    ScreenLattice,
    find_lattices,
    is_sum,
    lowered,
    quarter_turn,
    sharpened,
)
from restoration.examine.screen.lines import MOST_TILES as MOST_LINE_TILES
from restoration.examine.screen.lines import find_lines
from restoration.examine.screen.lookalikes import is_no_print
from restoration.examine.screen.moire import moire_of
from restoration.examine.screen.regions import FEWEST, coherence, support
from restoration.examine.screen.spectrum import amplitude_at
from restoration.examine.screen.tiles import KeptTile, Peaked
from restoration.examine.screen.tiles import layout as layout_of
from restoration.examine.screen.waves import waves, window_sum, windowed
from restoration.examine.window import PageFacts
from restoration.findings.screen import Moire
from restoration.raster.base import Floats, Mask, Stack
from restoration.raster.colour.colour_space import ColourSpace

MOST_TILES = 9
"""Whole tiles of one print that are transformed, the most peaked first."""

CONTRAST = (0.05, 0.015)
"""Least amplitude of a print's strongest screen relative to the mean light of its tiles, for
rulings below 0.15 and from 0.33 cycles per pixel on: scanners blur fine dots. A screen's own
contrast lies above 0.1; the embossing of photographic paper has 0.01."""

EVEN = (0.12, 0.002)
"""Largest scatter of the strongest screen's frequency from tile to tile: bins of the tile, and
share of the frequency."""

STEPPING = (0.99, 40, 1.7)
"""Phase order, and pairs of tiles, from which this scatter may be so many times larger."""

ORDER = 0.95
"""Least phase order of the strongest screen between neighbouring tiles; prints reach 0.98."""

FEWEST_LINES = 8
"""Tiles that must show the same lines before they are a screen."""

PAIRS = 4
"""Pairs of tiles below which the phase order says nothing."""

COARSEST = 52.0
"""Lines per inch of the coarsest newspaper screens, less a little."""

BELIEVED = 300.0
"""Least stated resolution that is a scanner's: 72 and 96 ppi are what programs write."""

RHYTHM = 0.04
"""Contrast below which an upright lattice of whole pixels is an enlargement's or JPEG's."""

ALONE = 6.0
"""Prominence from which few pairs of tiles are enough."""

ONE_RULING = 0.12
"""Largest relative difference of rulings within a set of inks: yellow is often a tenth finer."""

EQUAL = 0.6
"""Least contrast, of the strongest lattice's, of a screen of another ruling."""

BESIDE = 0.6
"""Largest distance, in bins, of one lattice in two channels."""


@dataclass(frozen=True)
class ScreenLine:
    """A lattice as one channel shows it."""

    channel: str
    lattice: ScreenLattice
    strength: float
    """Amplitude of the fundamental in linear light: root mean square over the tiles."""
    confidence: float


@dataclass(frozen=True)
class Print:
    """What was found out about one print."""

    lattices: tuple[ScreenLattice, ...]
    """Distinct lattices of all channels, strongest first."""
    lines: tuple[ScreenLine, ...]
    moire: Moire
    confidence: float


def light_table(colour: ColourSpace) -> npt.NDArray[np.float32]:
    """Linear light of 4096 code values of a channel, [0, 1]: a neutral ramp through the profile."""
    ramp = np.linspace(0.0, 1.0, 4096, dtype=np.float32)
    pixels = np.repeat(ramp[None, :, None], colour.channels, axis=2)
    return np.asarray(colour.to_linear_y(pixels)[0], dtype=np.float32)


def examine_print(
    page: PageFacts,
    tiles: Peaked,
    seed: Mask,
    kept: Sequence[KeptTile],
    known: Sequence[Print],
) -> Print | str:
    """The screens of the print that a seed of cells belongs to.

    kept: whole tiles that lie in it. known: prints that were found before; the same screen is
    taken to be theirs where no whole tile lies in the seed. Returns the reason instead where it is
    no screen; an empty one where nothing suggests a screen.
    """
    if not kept:
        return _relative(tiles, seed, known)
    chosen = _whole(page, sorted(kept, key=lambda tile: -tile.score)[:MOST_TILES])
    found: dict[str, list[ScreenLattice]] = {}
    verdicts: list[bool] = []
    coarsest = _coarsest(page)
    for name, stack in chosen.light.items():
        common = waves(chosen.tapered[name])
        own = [
            lattice
            for lattice in find_lattices(common, chosen.side, chosen.aspect)
            if lattice.ruling >= coarsest
        ]
        if own:
            verdicts.append(is_no_print(own[0], common, stack))
        coarse = [lowered(lattice, chosen.tapered[name]) for lattice in own]
        found[name] = [
            sharpened(lattice, chosen.tapered[name], chosen.centres) for lattice in coarse
        ]
    # Rosettes may look like a weave in one channel; a weave looks like one in all.
    if not verdicts or all(verdicts):
        return ""
    return _proved(tiles, seed, chosen, found)


def examine_lines(
    page: PageFacts, tiles: Peaked, seed: Mask, kept: Sequence[KeptTile]
) -> Print | None:
    """The line screens of the print that a seed of cells belongs to; None where there are none,
    and where the page's resolution is not known. See ``examine_print``."""
    if not kept or page.nominal_ppi is None or _members(tiles, seed).size < FEWEST_LINES:
        return None
    # Of all tones, which the screen's lines must follow.
    toned = sorted(kept, key=lambda tile: (float(tile.codes.mean()), tile.top, tile.left))
    places = np.linspace(0, len(toned) - 1, min(MOST_LINE_TILES, len(toned))).round()
    chosen = _whole(page, [toned[int(place)] for place in places])
    per_inch = page.nominal_ppi / layout_of(page).step
    found = {
        name: find_lines(
            waves(chosen.tapered[name]), stack, chosen.centres, per_inch, chosen.aspect
        )
        for name, stack in chosen.light.items()
    }
    if not any(found.values()):
        return None
    proved = _proved(tiles, seed, chosen, found)
    return proved if isinstance(proved, Print) else None


@dataclass(frozen=True)
class _Whole:
    """Whole tiles of one print, by channel."""

    light: Mapping[str, Stack]
    """(n, side, side), linear light."""
    tapered: Mapping[str, Stack]
    means: Mapping[str, float]
    centres: npt.NDArray[np.float64]
    """(n, 2), samples."""
    side: int
    aspect: float


def _whole(page: PageFacts, chosen: Sequence[KeptTile]) -> _Whole:
    table = light_table(page.colour)
    names = ("grey",) if page.channels == 1 else ("r", "g", "b")
    light = {
        name: np.stack([table[tile.codes[:, :, channel] >> 4] for tile in chosen])
        for channel, name in enumerate(names)
    }
    side = chosen[0].codes.shape[0]
    return _Whole(
        light,
        {name: windowed(stack) for name, stack in light.items()},
        {name: max(float(stack.mean()), 1e-4) for name, stack in light.items()},
        np.array([[tile.top, tile.left] for tile in chosen]) + side / 2.0,
        side,
        1.0 if page.ppi is None else page.ppi[0] / page.ppi[1],
    )


def _proved(
    tiles: Peaked, seed: Mask, chosen: _Whole, found: Mapping[str, Sequence[ScreenLattice]]
) -> Print | str:
    """The print of lattices that its whole tiles show, if its phases agree; else the doubt."""
    side = chosen.side
    merged = _merged(found, chosen.means, side)
    members = _members(tiles, seed)
    # The strongest screen may be yellow, which the mixed channels hardly show: the print is proved
    # on the one that most tiles bear.
    leading = max(
        (item for item in merged if item[1] >= _floor(item[0])),
        key=lambda item: int(support(tiles, item[0])[members].sum()),
        default=merged[0],
    )
    reason = _doubt(tiles, members, seed, leading, side)
    if reason is not None:
        return reason
    exact = [_exact(tiles, seed, lattice, side, chosen.aspect) for lattice, _ in merged]
    lines = _lines(exact, found, chosen.tapered, side)
    sure = _confidence(tiles, members, leading[0])
    beats = moire_of(exact, chosen.tapered, chosen.means)
    return Print(tuple(exact), tuple(lines), beats, sure)


def _coarsest(page: PageFacts) -> float:
    """Cycles per sample below which no screen is taken, where the resolution is believed."""
    if page.nominal_ppi is None or page.nominal_ppi < BELIEVED:
        return 0.0
    return COARSEST * layout_of(page).step / page.nominal_ppi


def _relative(tiles: Peaked, seed: Mask, known: Sequence[Print]) -> Print | str:
    """A known print whose strongest screen most of the seed's tiles show."""
    members = _members(tiles, seed)
    for other in known:
        if support(tiles, other.lattices[0])[members].mean() >= 0.5:
            return other
    return ""


def _members(tiles: Peaked, seed: Mask) -> npt.NDArray[np.intp]:
    members = np.unique(tiles.cell[seed])
    return members[members >= 0]


def _merged(
    found: Mapping[str, Sequence[ScreenLattice]], means: Mapping[str, float], side: int
) -> list[tuple[ScreenLattice, float]]:
    """Distinct lattices of all channels with their greatest contrast, strongest first."""
    every = [
        (lattice, lattice.amplitude / means[name])
        for name, lattices in found.items()
        for lattice in lattices
    ]
    every.sort(key=lambda item: -item[1])
    distinct: list[tuple[ScreenLattice, float]] = []
    for lattice, contrast in every:
        if all(not _same(lattice, other, side) for other, _ in distinct):
            distinct.append((lattice, contrast))
    kept = [item for item in distinct if not is_sum(item, distinct, 1.0 / side)]
    return [item for item in kept if _of_the_set(item, kept[0])]


def _of_the_set(item: tuple[ScreenLattice, float], strongest: tuple[ScreenLattice, float]) -> bool:
    """Whether a lattice may be an ink of the strongest one's print: inks share a ruling within
    ONE_RULING, and a weak lattice of quite another is some product of three inks."""
    near = abs(item[0].ruling / strongest[0].ruling - 1.0) <= ONE_RULING
    return near or item[1] >= EQUAL * strongest[1]


def _same(one: ScreenLattice, other: ScreenLattice, side: int) -> bool:
    allowed = BESIDE / side
    if one.lines != other.lines:
        return False
    return any(
        float(np.hypot(*(one.first - sign * vector))) < allowed
        for vector in other.vectors
        for sign in (1.0, -1.0)
    )


def _doubt(
    tiles: Peaked,
    members: npt.NDArray[np.intp],
    seed: Mask,
    leading: tuple[ScreenLattice, float],
    side: int,
) -> str | None:
    """Why a print's leading lattice is not taken for a screen; empty: nothing suggests one."""
    lattice, contrast = leading
    orders = [coherence(tiles, seed, vector) for vector in lattice.vectors]
    # At the edges of a small clipping the single tiles err, but their phases are in step.
    stepping = all(order.order >= STEPPING[0] and order.pairs >= STEPPING[1] for order in orders)
    even = (EVEN[0] * (STEPPING[2] if stepping else 1.0)) / side + EVEN[1] * lattice.ruling
    uneven = lattice.tiles >= 2 and lattice.scatter > even
    rhythm = contrast < RHYTHM and _of_the_pixels(lattice)
    shown = int(support(tiles, lattice)[members].sum())
    if contrast < _floor(lattice) or uneven or rhythm or shown == 0:
        return ""
    if shown < (FEWEST_LINES if lattice.lines else FEWEST):
        return f"a lattice of {lattice.ruling:.3f} cycles per pixel shows in {shown} tiles only"
    exact = all(order.order >= ORDER for order in orders if order.pairs)
    if exact and (lattice.prominence >= ALONE or all(x.pairs >= PAIRS for x in orders)):
        return None
    if all(order.pairs >= PAIRS for order in orders):
        return ""
    return "a lattice shows in too few neighbouring tiles to tell whether it is exact"


def _floor(lattice: ScreenLattice) -> float:
    return float(np.interp(lattice.ruling, (0.15, 0.33), CONTRAST))


def _of_the_pixels(lattice: ScreenLattice) -> bool:
    """Whether a lattice stands upright with a period of whole pixels, or of 8 pixels over a whole
    number: enlarged pixels and JPEG blocks do."""
    eighths, period = lattice.first * 8.0, 1.0 / lattice.ruling
    upright = float(np.abs(lattice.first).min()) < 1e-3
    whole = float(np.abs(eighths - np.rint(eighths)).max()) < 0.01
    return upright and (whole or abs(period - round(period)) < 0.01 * period)


def _exact(
    tiles: Peaked, seed: Mask, lattice: ScreenLattice, side: int, aspect: float
) -> ScreenLattice:
    """The lattice with the frequencies that the phases of neighbouring tiles give, where they
    agree with those of the whole tiles."""
    vectors: list[Floats] = []
    for vector in lattice.vectors:
        found = coherence(tiles, seed, vector)
        moved = float(np.hypot(*(found.frequency - vector)))
        good = found.pairs >= 2 * PAIRS and found.order >= ORDER and moved < 0.3 / side
        vectors.append(found.frequency if good else vector)
    first, second = vectors[0], vectors[-1]
    if lattice.lines:
        second = quarter_turn(first, aspect)
    mismatch = float(np.hypot(*(second - quarter_turn(first, aspect))) / np.hypot(*first))
    if mismatch > lattice.mismatch + 0.002:
        return lattice
    return replace(lattice, first=first, second=second, mismatch=mismatch)


def _lines(
    lattices: Sequence[ScreenLattice],
    found: Mapping[str, Sequence[ScreenLattice]],
    tapered: Mapping[str, Stack],
    side: int,
) -> list[ScreenLine]:
    """The lattices that each channel shows, its strongest first."""
    lines: list[ScreenLine] = []
    for name, own in found.items():
        shown = []
        for lattice in lattices:
            seen = [other for other in own if _same(other, lattice, side)]
            if not seen:
                continue
            powers = [
                np.abs(amplitude_at(tapered[name], vector, window_sum(side))) ** 2
                for vector in lattice.vectors
            ]
            strength = float(np.sqrt(np.sqrt(powers[0].mean() * powers[-1].mean())))
            clear = float(np.clip((seen[0].prominence - 2.5) / 4.0, 0.1, 1.0))
            shown.append(ScreenLine(name, lattice, strength, round(0.95 * clear, 2)))
        lines.extend(sorted(shown, key=lambda line: -line.strength))
    return lines


def _confidence(tiles: Peaked, members: npt.NDArray[np.intp], lattice: ScreenLattice) -> float:
    """From the number of tiles, the prominence and the exactness of the strongest screen."""
    shown = int(support(tiles, lattice)[members].sum())
    many = 1.0 - float(np.exp(-shown / 3.0))
    clear = float(np.clip((lattice.prominence - 2.5) / 3.5, 0.2, 1.0))
    return round(0.98 * many * clear, 2)
