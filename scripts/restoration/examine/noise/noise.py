"""Noise of the scan, per channel, tone and scale; grain told from sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from restoration.examine.noise import grain
from restoration.examine.noise.block_covariance import SCALES, white_level
from restoration.examine.noise.channel_noise import KINDS, ChannelNoise, channel_noise
from restoration.examine.noise.flat_tiles import (
    MOST_CLIPPED,
    TONES,
    FlatTile,
    FlatTiles,
    clipped_shares,
    clipping_gain,
)
from restoration.examine.noise.noise_bands import FEWEST
from restoration.examine.noise.noise_spectrum import bands, densities, rhythmic
from restoration.examine.resolution.resolution import picture_box
from restoration.examine.screen.screen_mask import Screened
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.interpolated import Interpolated
from restoration.findings.noise import GrainFound, Noise, NoiseAtScale, NoiseDetail
from restoration.raster.base import Stack


@dataclass(frozen=True)
class _Looked:
    """What was looked at, as the detail says it."""

    tiles: int
    tile_px: int
    screened: int
    clipped: bool


class NoiseMeasurer:
    """Standard deviation of the noise, in 1/255 of encoded values."""

    METHOD: ClassVar[str] = (
        "spectrum that the flattest tiles have in common, by tone, checked for the spread and the "
        "kurtosis of chance; smallest eigenvalues of the covariance of 5 x 5 blocks (Pyatykh 2013, "
        "Chen 2015) at full, 1/2 and 1/4 scale"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page
        self._flat = FlatTiles(page)
        code = 1.0 if page.bits == 8 else 255.0 / 65535.0
        self._quantum = code**2 / 12.0

    def see(self, window: Window) -> None:
        self._flat.see(window)

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Noise:
        box, screened = picture_box(earlier), Screened.of(earlier)
        tiles = self._flat.inside(box, screened)
        clipped = len(tiles) < FEWEST
        if clipped:
            tiles = self._flat.inside(box, screened, clipped=True)
        left_out = len(self._flat.inside(box, None, clipped)) - len(tiles)
        stacks = self._stacks(tiles)
        steady = np.ones(len(tiles), dtype=np.bool_)
        for stack in stacks:
            # Dots, weaves, moire.
            steady &= ~rhythmic(stack)
        looked = _Looked(int(steady.sum()), self._flat.side, left_out, clipped)
        if looked.tiles < FEWEST:
            return self._without(looked, screened if left_out else None)
        tones = np.array([tile.tone for tile in tiles])
        enlarged = _enlarged(earlier)
        found = [channel_noise(stack, steady, tones, self._quantum, enlarged) for stack in stacks]
        known = [channel.sigma for channel in found if channel.sigma is not None]
        reason = ""
        if 2 * len(known) < len(found):
            reason = "no flat place where noise could be told from texture"
            if screened is not None and left_out:
                reason = f"{screened.kind} screen; {reason}"
        detail = self._detail(looked, stacks, found, earlier, reason)
        if reason:
            return self._said(None, 0.0, detail)
        value = float(np.sqrt(np.mean(np.square(known))))
        confidence = _confidence(found) * len(known) / len(found) * (0.5 if clipped else 1.0)
        return self._said(value, round(confidence, 2), detail)

    def _said(self, value: float | None, confidence: float, detail: NoiseDetail) -> Noise:
        return Noise(
            value=value, unit="1/255", confidence=confidence, method=self.METHOD, detail=detail
        )

    def _stacks(self, tiles: Sequence[FlatTile]) -> list[Stack]:
        """Per channel, the tiles in 1/255, with what clipping took from their noise put back."""
        if not tiles:
            return []
        stacks = []
        for channel in range(self.page.channels):
            codes = np.stack([tile.codes[..., channel] for tile in tiles])
            stack = codes.astype(np.float32) / np.float32(257.0)
            for place, tile in enumerate(tiles):
                black, white = clipped_shares(tile.codes[..., channel : channel + 1])
                if float(black[0] + white[0]) > MOST_CLIPPED:
                    gain = np.float32(clipping_gain(black, white)[0])
                    mean = stack[place].mean(dtype=np.float64).astype(np.float32)
                    stack[place] = mean + gain * (stack[place] - mean)
            stacks.append(stack)
        return stacks

    def _without(self, looked: _Looked, screened: Screened | None) -> Noise:
        """Too few tiles to measure on."""
        blank = screened is None and self._flat.constant and looked.tiles == 0
        if screened is not None:
            reason = f"{screened.kind} screen"
        elif blank:
            reason = "digitally blank: all samples of a tile are equal"
        else:
            reason = "too few tiles that are flat, unclipped and free of rhythms"
        unknown: tuple[None, ...] = (None,) * TONES
        detail = NoiseDetail(
            **vars(looked),
            kind="none" if blank else None,
            channels=(None,) * self.page.channels,
            tones=unknown,
            channel_tones=(unknown,) * self.page.channels,
            at_most=None,
            full=None,
            half=None,
            quarter=None,
            grain=grain.unknown(found=False if blank else None),
            reason=reason,
        )
        return self._said(0.0, 0.5, detail) if blank else self._said(None, 0.0, detail)

    def _detail(
        self,
        looked: _Looked,
        stacks: list[Stack],
        found: list[ChannelNoise],
        earlier: EarlierFindings,
        reason: str,
    ) -> NoiseDetail:
        known = [channel for channel in found if channel.sigma is not None]
        kind = "texture"
        if 2 * len(known) >= len(found):
            kind = max((channel.kind for channel in known), key=KINDS.index)
        told = kind in ("white", "correlated")
        at_most = float(np.sqrt(np.mean([channel.page.at_most**2 for channel in found])))
        full, half, quarter = self._scales(stacks, found, kind)
        detail = NoiseDetail(
            **vars(looked),
            kind=kind,
            channels=tuple(channel.sigma for channel in found),
            tones=tuple(_root_mean_square([c.tones[tone] for c in found]) for tone in range(TONES)),
            channel_tones=tuple(tuple(channel.tones) for channel in found),
            at_most=None if told else at_most,
            full=full,
            half=half,
            quarter=quarter,
            grain=self._grain(stacks, known, earlier)
            if told
            else grain.unknown(found=False if kind == "none" else None),
        )
        return detail.model_copy(update={"reason": reason}) if reason else detail

    def _grain(
        self, stacks: list[Stack], known: list[ChannelNoise], earlier: EarlierFindings
    ) -> GrainFound:
        scale = max(channel.scale for channel in known)
        alike = [channel.page for channel in known if channel.scale == scale]
        quiet = alike[0].quiet
        density = np.mean([own.density for own in alike], axis=0)
        table = bands(self._flat.side // scale)
        likeness = grain.likeness([stack[quiet] for stack in stacks])
        value = _root_mean_square([channel.sigma for channel in known]) or 0.0
        return grain.character(density, table, scale, likeness, value, earlier)

    def _scales(
        self, stacks: list[Stack], found: list[ChannelNoise], kind: str
    ) -> list[NoiseAtScale | None]:
        """The noise at the three scales; None where texture hides it."""
        if kind == "texture":
            return [None] * len(SCALES)
        mean = [
            _noise_alone(stack, channel, self._quantum)
            for stack, channel in zip(stacks, found, strict=True)
        ]
        entries: list[NoiseAtScale | None] = []
        for scale in SCALES:
            levels = [white_level(density, scale) for density in mean]
            white, total = (
                _root_mean_square(list(sigmas)) or 0.0 for sigmas in zip(*levels, strict=True)
            )
            own = "none" if total < 0.05 else "white" if white > 0.85 * total else "correlated"
            channels = tuple(sigmas[0] for sigmas in levels)
            entries.append(NoiseAtScale(sigma=white, total=total, kind=own, channels=channels))
        return entries


def _noise_alone(stack: Stack, channel: ChannelNoise, quantum: float) -> npt.NDArray[np.float64]:
    """Mean spectral density (side, side // 2 + 1) of the quietest tiles, freed, band by band, of
    what is not noise."""
    mean = densities(stack[channel.page.quiet]).mean(axis=0, dtype=np.float64)
    density: npt.NDArray[np.float64] = np.maximum(mean - quantum, 0.0)
    if channel.scale > 1:
        return density
    table = bands(stack.shape[1])
    place = np.maximum(table.index, 0)
    weight, inside = table.weight, table.index >= 0
    sums = np.bincount(place[inside], (weight * density)[inside], table.bins.size)
    gain = channel.page.density / np.maximum(sums / table.bins, 1e-12)
    # Below the lowest band there is the picture's shading alone.
    return np.asarray(
        np.where(inside, density * np.minimum(gain, 1.0)[place], channel.page.density[0])
    )


def _enlarged(earlier: EarlierFindings) -> float:
    """By how much the scan was interpolated; 1 where it was not."""
    found = earlier.get(Interpolated)
    return 1.0 if found is None or not found.value else found.detail.factor or 1.0


def _root_mean_square(sigmas: Sequence[float | None]) -> float | None:
    known = [sigma for sigma in sigmas if sigma is not None]
    return float(np.sqrt(np.mean(np.square(known)))) if known else None


def _confidence(found: Sequence[ChannelNoise]) -> float:
    sure = {"none": 0.9, "white": 0.9, "correlated": 0.7}
    known = [channel for channel in found if channel.sigma is not None]
    least = min(sure[channel.kind] for channel in known)
    return least * min(1.0, 0.4 + min(channel.page.tiles for channel in known) / 20.0)
