"""What is measured of a screened region before a pixel of it changes: phases and dot profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.raster.base import FloatImage, Plane, Raster
from restoration.raster.boxes import Box
from restoration.stages.descreen.evidence import dotted
from restoration.stages.descreen.lattice import ScreenVectors
from restoration.stages.descreen.light import LightCurve
from restoration.stages.descreen.phases import (
    FollowedScreen,
    PhaseField,
    WavePair,
    WaveSurvey,
    combined,
)
from restoration.stages.descreen.profile import DotProfile
from restoration.stages.descreen.regions import Coverage, RegionToDescreen
from restoration.stages.descreen.smoothing import ALIGNED, local_mean
from restoration.stages.descreen.tones import FIRST, Channel, learn_profiles

CORE = 512
"""Side, in pixels, of the windows whose result is kept; they lie on multiples of it."""

REACH = 6.0
"""Margin of a window, in periods, that is computed and thrown away: windows of other sizes then
differ by 5/65535 at single pixels, and 0.1/65535 elsewhere."""

SAMPLE = 256
"""Side of the windows that profiles are learned from, without their margin."""

SAMPLES = 12
"""How many are taken, of tones as different as the region has: 790,000 pixels are 14 for each
phase and tone."""

ABSENT = 0.001
"""Amplitude, in linear light, below which a lattice that the report names is not there: a quarter
of a step of 8 bits."""

MISSED = 0.01
"""Amplitude, in linear light, from which a lattice of another channel is taken for a screen of this
one too, although the condition report does not name it: inks absorb in all three."""


@dataclass(frozen=True)
class LightWindow:
    """A window of the page in linear light, with a margin."""

    top: int
    left: int
    core: Box
    """Part of the page whose result is kept."""
    encoded: FloatImage
    """The scan's own values, float32 (h, w, channels)."""
    light: list[Plane]
    """The channels, padded to multiples of ALIGNED by their mirror image."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the padded planes."""
        return self.light[0].shape[0], self.light[0].shape[1]

    @property
    def inner(self) -> tuple[slice, slice]:
        """The core within the planes."""
        top, left, height, width = self.core
        row, column = top - self.top, left - self.left
        return slice(row, row + height), slice(column, column + width)


def read_window(source: Raster, light: LightCurve, core: Box, margin: int) -> LightWindow:
    """The window around ``core``; the page's edges are not crossed.

    core: on the page, starting at multiples of ALIGNED; margin: a multiple of it, in pixels.
    """
    top, left, height, width = core
    first_row, first_column = max(top - margin, 0), max(left - margin, 0)
    last_row = min(top + height + margin, source.height)
    last_column = min(left + width + margin, source.width)
    pixels = source.read(first_row, first_column, last_row - first_row, last_column - first_column)
    missing = [(0, -size % ALIGNED) for size in pixels.shape[:2]]
    planes = [np.pad(plane, missing, mode="symmetric") for plane in light.decode(pixels)]
    return LightWindow(first_row, first_column, core, pixels, planes)


def tiles(box: Box, side: int, height: int, width: int) -> Iterator[Box]:
    """The tiles of a page's grid that meet a box, top to bottom; those at the edges are smaller."""
    top, left, tall, wide = box
    for row in range(top // side * side, top + tall, side):
        for column in range(left // side * side, left + wide, side):
            yield row, column, min(side, height - row), min(side, width - column)


def margin_for(period: float) -> int:
    """Margin of windows, in pixels, for the coarsest screen of a region."""
    return -(-int(np.ceil(REACH * period)) // ALIGNED) * ALIGNED


def longest_period(screens: Mapping[int, list[FollowedScreen]]) -> float:
    """Period, in pixels, of the coarsest of a region's screens."""
    return max(screen.lattice.period for group in screens.values() for screen in group)


@dataclass(frozen=True)
class PreparedRegion:
    """A region whose dots are known."""

    region: RegionToDescreen
    coverage: Coverage
    screens: Mapping[int, list[FollowedScreen]]
    """By channel; channels without a screen are not named."""
    profiles: Mapping[int, list[DotProfile]]
    strength: Mapping[int, list[float]]
    """Amplitude of each screen's fundamentals, linear light (half the swing)."""

    @property
    def longest(self) -> float:
        """Period of its coarsest screen, in pixels."""
        return longest_period(self.screens)

    @property
    def margin(self) -> int:
        """Margin of its windows in pixels."""
        return margin_for(self.longest)

    def weight(self, window: LightWindow, channels: Mapping[int, Channel]) -> Plane:
        """Share, 0 to 1, with which tones replace the scan at the pixels of a window.

        1 where the condition report's cells lie deep in the region. Towards its border the scan
        itself says where the dots end; beyond the margin it is exactly 0. channels: as
        ``Channel.of`` leaves them.
        """
        place = (window.top, window.left, *window.shape)
        near = self.coverage.near(*place)
        deep = self.coverage.deep(*place)
        if bool((near == deep).all()):
            return deep
        pairs = [(channel, self.profiles[number]) for number, channel in channels.items()]
        period = max(channel.period for channel in channels.values())
        soft = np.clip(2.0 * local_mean(deep, max(period, 2.0)) - 1.0, 0.0, 1.0)
        edge = np.clip(2.0 * local_mean(near, max(period, 2.0)) - 1.0, 0.0, 1.0) * near
        return np.asarray(np.maximum(soft, dotted(pairs) * edge))


def prepare(
    source: Raster, light: LightCurve, region: RegionToDescreen, coverage: Coverage
) -> PreparedRegion | None:
    """Follow the region's lattices and learn its dots; None where no lattice is really there.

    Reads the region once, and a few windows of it again.
    """
    surveys, tones = _survey(source, light, region, coverage)
    screens: dict[int, list[FollowedScreen]] = {}
    strength: dict[int, list[float]] = {}
    for channel, found in surveys.items():
        listed = region.lattices.get(channel, ())
        for lattice, pair in found:
            amplitude = combined(pair)
            if amplitude < (ABSENT if lattice in listed else MISSED):
                continue
            fields = _fields(lattice, pair)
            screens.setdefault(channel, []).append(
                FollowedScreen(_refined(lattice, fields), *fields)
            )
            strength.setdefault(channel, []).append(amplitude)
    if not screens:
        return None
    profiles = _learn(source, light, coverage, screens, _spread(tones))
    return PreparedRegion(region, coverage, screens, profiles, strength)


def _fields(lattice: ScreenVectors, pair: WavePair) -> tuple[PhaseField, PhaseField]:
    along = PhaseField.of(pair[0])
    if lattice.lines:
        return along, PhaseField.even(lattice.f2, pair[1])
    return along, PhaseField.of(pair[1])


def _refined(lattice: ScreenVectors, fields: tuple[PhaseField, PhaseField]) -> ScreenVectors:
    refined = ScreenVectors(fields[0].vector, fields[1].vector, lattice.lines)
    return refined if refined.same(lattice) else lattice


Surveys = dict[int, list[tuple[ScreenVectors, WavePair]]]


def _survey(
    source: Raster, light: LightCurve, region: RegionToDescreen, coverage: Coverage
) -> tuple[Surveys, dict[Box, float]]:
    """The waves of every lattice in every channel, and the mean light of each sampling tile."""
    known: list[ScreenVectors] = []
    for group in region.lattices.values():
        known.extend(each for each in group if not any(each.same(other) for other in known))
    box = coverage.box
    surveys: Surveys = {}
    for channel in range(source.channels):
        own = list(region.lattices.get(channel, ()))
        own += [each for each in known if not any(each.same(other) for other in own)]
        surveys[channel] = [
            (
                each,
                (
                    WaveSurvey(each.f1, each.period, box),
                    WaveSurvey(each.f1 if each.lines else each.f2, each.period, box),
                ),
            )
            for each in own
        ]
    longest = max(lattice.period for lattice in known)
    tones: dict[Box, float] = {}
    for core in tiles(box, CORE, source.height, source.width):
        if not coverage.touches(*core):
            continue
        window = read_window(source, light, core, margin_for(0.25 * longest))
        weight = coverage.inside(window.top, window.left, *window.shape)[window.inner]
        for channel, pairs in surveys.items():
            plane = window.light[channel]
            excess = (plane - local_mean(plane, FIRST * longest))[window.inner]
            for _, pair in pairs:
                for wave in pair:
                    wave.add(excess, weight, core[0], core[1])
        _note_tones(tones, window, weight)
    return surveys, tones


def _note_tones(tones: dict[Box, float], window: LightWindow, weight: Plane) -> None:
    """Mean light of the tiles of SAMPLE pixels that lie in the region by most of their area."""
    top, left, height, width = window.core
    total: Plane = np.add.reduce([plane[window.inner] for plane in window.light])
    for row in range(0, height, SAMPLE):
        for column in range(0, width, SAMPLE):
            part = np.s_[row : row + SAMPLE, column : column + SAMPLE]
            inside = float(weight[part].sum(dtype=np.float64))
            if inside > 0.0:
                light = float((total[part] * weight[part]).sum(dtype=np.float64)) / inside
                tall, wide = weight[part].shape
                if inside >= 0.6 * tall * wide or not tones:
                    tones[(top + row, left + column, tall, wide)] = light


def _spread(tones: Mapping[Box, float]) -> list[Box]:
    """Tiles of all tones, evenly over their order."""
    ordered = sorted(tones, key=lambda box: (tones[box], box))
    count = min(SAMPLES, len(ordered))
    chosen: npt.NDArray[np.int64] = np.linspace(0, len(ordered) - 1, count).round().astype(np.int64)
    return [ordered[int(number)] for number in chosen]


def _learn(
    source: Raster,
    light: LightCurve,
    coverage: Coverage,
    screens: Mapping[int, list[FollowedScreen]],
    boxes: list[Box],
) -> dict[int, list[DotProfile]]:
    margin = margin_for(0.5 * longest_period(screens))
    windows = [read_window(source, light, box, margin) for box in boxes]
    profiles = {}
    for channel, group in screens.items():
        channels = [
            Channel.of(
                window.light[channel],
                group,
                window.top,
                window.left,
                coverage.inside(window.top, window.left, *window.shape),
            )
            for window in windows
        ]
        profiles[channel] = learn_profiles(channels, group)
    return profiles
