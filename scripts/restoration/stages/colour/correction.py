"""A correction of fading and stain, and the curves it makes of a scan's channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restoration.examine.tones.margin_stain import MarginStain as StainSurface
from restoration.raster.base import Floats
from restoration.raster.colour.channel_light import ChannelLight
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import LEAST_SLOPE, ToneTable
from restoration.raster.colour.uneven_stain import UnevenStain

DARKEST = 1e-6
"""Least light of which a density is taken: 6, beyond every scanner's."""

STEEP = 1.01 * LEAST_SLOPE
"""Curves never fall below this share of the value itself, nor rise more slowly."""

ROOM = 3e-5
"""How far below full the tones that must not clip stay: two codes of 16 bits, for the lines between
a table's nodes, which lie above the curve, the rounding of codes and the report's five digits."""

STEPS = 12
"""Halvings with which the largest strength is sought that clips nothing: to 1 in 4096."""


EDGE = 2e-4
"""Density of what is drawn up to full light: just below it."""

DIMMER = (0.0, 0.01, 0.02, 0.03)
"""By how much, in density, the paper's new white gives way to leave room for what is lighter."""


@dataclass(frozen=True)
class Highlights:
    """What is lighter than the paper, and must stay within the range."""

    lightest: Floats
    """(channels,) densities that must not become less than 0."""
    dimmer: float = 0.0
    """Density by which the new white is darker than it would be."""


@dataclass(frozen=True)
class Correction:
    """c' = k c + s taken back: density D becomes (D - s - base) / k + base, by channel.

    What is lighter than the paper is shifted with it, as far as there is room: nothing there is a
    dye's.
    """

    kept: tuple[float, ...]
    """k of each channel, above 0 to 1."""
    stain: tuple[float, ...]
    """s of each channel, density."""
    base: tuple[float, ...]
    """Density of each channel's white without the stain."""
    uneven: StainSurface | None = None
    """Where on the page the stain is more than ``stain``; its least value counts as 0."""
    toner: tuple[tuple[float, ...], ...] | None = None
    """(nodes, 3) densities along the tone scale of a toned print that is to become neutral: each
    channel's go to their mean, before everything else."""

    def density(self, old: Floats, strength: float, room: Highlights | None = None) -> Floats:
        """(n, channels) densities after the correction, at a share of its strength.

        room: where what is lighter than the paper would leave the range, it is drawn together
        between the paper's new white and full light.
        """
        seen = old if self.toner is None else self._neutral(old)
        base, white = np.array(self.base), np.array(self.stain) + np.array(self.base)
        above, slope = seen - white, np.ones_like(white)
        if room is not None:
            light = room.lightest if self.toner is None else self._neutral(room.lightest[None])[0]
            base = base + room.dimmer
            drawn = (base - EDGE) / np.maximum(white - light, 1e-6)
            slope = np.where(light < white - base + EDGE, np.maximum(drawn, 0.0), 1.0)
        new = base + np.where(above > 0.0, above / np.array(self.kept), above * slope)
        return np.asarray(old + strength * (new - old))

    def table(self, light: ChannelLight, spared: Floats, most: float) -> tuple[ToneTable, float]:
        """The correction as curves, and the strength at which it is: ``most``, or less where more
        would clip. Before that, the paper's new white gives way a little.

        spared: (channels,) encoded values that must not leave the range: those that all but one
        sample in a thousand do not exceed.
        """
        lightest = -np.log10(np.maximum(light.light(spared[None, :])[0], DARKEST))
        rooms = [Highlights(lightest, dimmer) for dimmer in DIMMER]
        room = next((r for r in rooms if self._fits(light, spared, most, r)), rooms[-1])
        strength, low, high = most, 0.0, most
        for _ in range(STEPS):
            if self._fits(light, spared, strength, room):
                low = strength
            else:
                high = strength
            if low == most:
                break
            strength = 0.5 * (low + high)
        return ToneTable(self._curves(light, low, room), self._stain(light, low)), low

    def _fits(self, light: ChannelLight, spared: Floats, strength: float, room: Highlights) -> bool:
        nodes = np.linspace(0.0, 1.0, NODES)
        curves = self._curves(light, strength, room)
        ends = [np.interp(x, nodes, curve) for x, curve in zip(spared, curves, strict=True)]
        # Tones that lie there already may stay, but rise no further.
        return bool((np.array(ends) <= np.maximum(1.0 - ROOM, spared)).all())

    def _curves(self, light: ChannelLight, strength: float, room: Highlights) -> Floats:
        """(channels, nodes) new encoded values, rising."""
        nodes = np.tile(np.linspace(0.0, 1.0, NODES)[:, None], (1, len(self.kept)))
        there = light.light(nodes)
        new = self.density(-np.log10(np.maximum(there, DARKEST)), strength, room)
        encoded = np.where(there > DARKEST, light.encoded(10.0**-new), 0.0)
        return _rising(encoded.T)

    def _stain(self, light: ChannelLight, strength: float) -> UnevenStain | None:
        if self.uneven is None:
            return None
        coefficients = self.uneven.coefficients.copy()
        coefficients[:, 0] -= self.uneven.over_page().min(axis=0)
        nodes = np.tile(np.linspace(0.0, 1.0, NODES)[:, None], (1, len(self.kept)))
        there = np.log10(np.maximum(light.light(nodes), 1e-4)).T
        # Strictly rising, also where black is no light at all.
        rise = np.arange(NODES) * 1e-4
        there = np.maximum.accumulate(there - rise, axis=1) + rise
        return UnevenStain(strength * coefficients, there)

    def _neutral(self, old: Floats) -> Floats:
        """(n, channels): every channel's density becomes the mean of the toner's at that tone."""
        assert self.toner is not None
        nodes = np.array(self.toner)
        mean = np.maximum.accumulate(nodes.mean(axis=1))
        columns = []
        for channel in range(old.shape[1]):
            own = np.maximum.accumulate(nodes[:, channel])
            own = own + np.arange(len(own)) * 1e-6
            inside = np.interp(old[:, channel], own, mean)
            # Beyond the picture's own tones the ends' difference goes on.
            ends = np.clip(old[:, channel], own[0], own[-1])
            columns.append(inside + old[:, channel] - ends)
        return np.stack(columns, axis=1)


def _rising(curves: Floats) -> Floats:
    """(channels, nodes) that rise by at least `STEEP` and never fall below 0."""
    floor = STEEP * np.linspace(0.0, 1.0, NODES)
    return np.maximum.accumulate(np.maximum(curves, 0.0) - floor, axis=1) + floor
