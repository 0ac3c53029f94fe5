"""Noise of the scan, per channel, tone and scale; grain told from sensor.

The report's entry. ``value``: standard deviation of the noise in 1/255 of encoded values, all
frequencies, root mean square over the channels; None where texture, a halftone screen or clipping
hides it (``detail.reason``; ``detail.at_most`` then bounds it). ``detail``:

- ``kind``: ``white``, ``correlated``, ``texture`` (not to be told from the picture), ``none``.
- ``channels``: standard deviation per channel, None where unknown.
- ``tones``: six tone classes from dark to light, root mean square over the channels, None where no
  flat place of that tone shows noise; ``channel_tones``: the same per channel, [channel][tone].
- ``full``, ``half``, ``quarter``: at full scale and after averaging over 2 x 2 and 4 x 4 pixels,
  in the quietest tiles, {``sigma``: the noise that is white at this scale, ``total``: all of it,
  ``kind``: ``white`` where the two agree, ``channels``: ``sigma`` per channel}, or None.
- ``grain``: {``found``: True, False or None (undecided), ``sigma``: of its correlated part,
  ``correlation``: lag-1 autocorrelation of the noise, ``equal_channels``, ``channel_correlation``,
  ``size_px``: full width at half maximum of its autocorrelation}.
- ``clipped``: whether heavily clipped tiles had to be used, for want of better ones.
- ``at_most``: standard deviation if all that the quietest tiles hold were noise, None where noise
  was told from texture; ``tiles``: tiles that were looked at, ``tile_px``: their side,
  ``screened``: tiles left out in a halftone screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from restoration.examine.finding import Measurement, PageFacts, Window
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
from restoration.examine.noise.noise_spectrum import Stack, bands, densities, rhythmic
from restoration.examine.resolution.resolution import picture_box
from restoration.examine.screen.where_screened import Screened
from restoration.examine.survey import Survey

NAMES = ("full", "half", "quarter")


class Noise:
    """Standard deviation of the noise; see the module for the fields of ``detail``."""

    name: ClassVar[str] = "noise"
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

    def conclude(self, survey: Survey, earlier: Mapping[str, Measurement]) -> Measurement:
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
        detail: dict[str, Any] = {
            "tiles": int(steady.sum()),
            "tile_px": self._flat.side,
            "screened": left_out,
            "clipped": clipped,
        }
        if detail["tiles"] < FEWEST:
            return self._without(detail, screened if left_out else None)
        tones = np.array([tile.tone for tile in tiles])
        enlarged = _enlarged(earlier)
        found = [channel_noise(stack, steady, tones, self._quantum, enlarged) for stack in stacks]
        detail |= self._detail(stacks, found, earlier)
        known = [channel.sigma for channel in found if channel.sigma is not None]
        if 2 * len(known) < len(found):
            reason = "no flat place where noise could be told from texture"
            if screened is not None and left_out:
                reason = f"{screened.kind} screen; {reason}"
            return Measurement(None, "1/255", 0.0, self.METHOD, detail | {"reason": reason})
        value = float(np.sqrt(np.mean(np.square(known))))
        confidence = _confidence(found) * len(known) / len(found) * (0.5 if clipped else 1.0)
        return Measurement(value, "1/255", round(confidence, 2), self.METHOD, detail)

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

    def _without(self, detail: dict[str, Any], screened: Screened | None) -> Measurement:
        """Too few tiles to measure on."""
        detail |= {"kind": None, "channels": [None] * self.page.channels, "tones": [None] * TONES}
        detail |= {"channel_tones": [[None] * TONES] * self.page.channels, "at_most": None}
        detail |= dict.fromkeys(NAMES)
        detail["grain"] = grain.unknown()
        if screened is not None:
            detail["reason"] = f"{screened.kind} screen"
        elif self._flat.constant and detail["tiles"] == 0:
            detail |= {"kind": "none", "grain": grain.unknown(found=False)}
            detail["reason"] = "digitally blank: all samples of a tile are equal"
            return Measurement(0.0, "1/255", 0.5, self.METHOD, detail)
        else:
            detail["reason"] = "too few tiles that are flat, unclipped and free of rhythms"
        return Measurement(None, "1/255", 0.0, self.METHOD, detail)

    def _detail(
        self, stacks: list[Stack], found: list[ChannelNoise], earlier: Mapping[str, Measurement]
    ) -> dict[str, Any]:
        known = [channel for channel in found if channel.sigma is not None]
        kind = "texture"
        if 2 * len(known) >= len(found):
            kind = max((channel.kind for channel in known), key=KINDS.index)
        tones = [_root_mean_square([c.tones[tone] for c in found]) for tone in range(TONES)]
        detail: dict[str, Any] = {
            "kind": kind,
            "channels": [channel.sigma for channel in found],
            "tones": tones,
            "channel_tones": [list(channel.tones) for channel in found],
            "at_most": float(np.sqrt(np.mean([channel.page.at_most**2 for channel in found]))),
        }
        detail |= dict(zip(NAMES, self._scales(stacks, found, kind), strict=True))
        detail["grain"] = grain.unknown(found=False if kind == "none" else None)
        if kind in ("white", "correlated"):
            detail["grain"] = self._grain(stacks, known, earlier)
            detail["at_most"] = None
        return detail

    def _grain(
        self, stacks: list[Stack], known: list[ChannelNoise], earlier: Mapping[str, Measurement]
    ) -> dict[str, Any]:
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
    ) -> list[dict[str, Any] | None]:
        """The noise at the three scales; None where texture hides it."""
        if kind == "texture":
            return [None] * len(SCALES)
        mean = [
            _noise_alone(stack, channel, self._quantum)
            for stack, channel in zip(stacks, found, strict=True)
        ]
        entries: list[dict[str, Any] | None] = []
        for scale in SCALES:
            levels = [white_level(density, scale) for density in mean]
            white, total = (
                _root_mean_square(list(sigmas)) or 0.0 for sigmas in zip(*levels, strict=True)
            )
            own = "none" if total < 0.05 else "white" if white > 0.85 * total else "correlated"
            channels = [sigmas[0] for sigmas in levels]
            entries.append({"sigma": white, "total": total, "kind": own, "channels": channels})
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


def _enlarged(earlier: Mapping[str, Measurement]) -> float:
    """By how much the scan was interpolated; 1 where it was not."""
    found = earlier.get("interpolated")
    if found is None or not found.value:
        return 1.0
    return float(found.detail.get("factor") or 1.0)


def _root_mean_square(sigmas: Sequence[float | None]) -> float | None:
    known = [sigma for sigma in sigmas if sigma is not None]
    return float(np.sqrt(np.mean(np.square(known)))) if known else None


def _confidence(found: Sequence[ChannelNoise]) -> float:
    sure = {"none": 0.9, "white": 0.9, "correlated": 0.7}
    known = [channel for channel in found if channel.sigma is not None]
    least = min(sure[channel.kind] for channel in known)
    return least * min(1.0, 0.4 + min(channel.page.tiles for channel in known) / 20.0)
