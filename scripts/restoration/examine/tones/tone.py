"""Tones: range, percentiles and clipping of each channel, depth in use, grey kept as colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import Caution
from restoration.findings.tone import ChannelTones, Tone, ToneDetail

PERCENTILES = (0.1, 1.0, 50.0, 99.0, 99.9)

CLIPPED = 0.01
"""Share of a channel's samples at one end of the range from which the report warns."""

PILED_UP = 3.0
"""Ratio of the samples at a channel's last code to those in each of the next three steps of 1/255:
an image that ends by itself thins out, one that was cut off piles up, also where the cut lies
inside the range because tones were moved afterwards."""

SPARED = 0.001
"""Share of a channel's samples that may lie beyond ``kept_low`` and beyond ``kept_high``."""

NAMES = {1: ("grey",), 3: ("red", "green", "blue")}


class ToneMeasurer:
    """What the codes of the scan use of their range.

    Exact: every sample is counted, in a table of 65,536 codes per channel. Percentiles are the
    lowest code that at least that share of the samples does not exceed. Value: [lowest, highest]
    encoded value of any channel, in [0, 1]. ``clipped_low`` and ``clipped_high`` are the shares of
    a channel's samples that pile up at its last code, at the ends of the range or inside it.
    """

    METHOD: ClassVar[str] = "exact histogram of all samples"

    def begin(self, page: PageFacts) -> None:
        self.page = page
        self._counts = np.zeros((page.channels, 65536), dtype=np.int64)
        self._grey = page.channels == 3

    def see(self, window: Window) -> None:
        for channel in range(self.page.channels):
            codes = window.codes[:, :, channel]
            self._counts[channel] += np.bincount(codes.ravel(), minlength=65536)
        if self._grey:
            red = window.codes[:, :, 0]
            self._grey = bool(
                np.array_equal(red, window.codes[:, :, 1])
                and np.array_equal(red, window.codes[:, :, 2])
            )

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Tone:
        used = np.flatnonzero(self._counts.sum(axis=0))
        channels = {
            name: self._channel(self._counts[index])
            for index, name in enumerate(NAMES[self.page.channels])
        }
        held = self._bits_held(used)
        return Tone(
            value=(float(used[0]) / 65535.0, float(used[-1]) / 65535.0),
            unit="encoded value",
            confidence=1.0,
            method=self.METHOD,
            detail=ToneDetail(
                channels=channels,
                codes_used=int(used.size),
                grey_in_rgb=self._grey,
                bits_of_file=self.page.bits,
                bits_held=held,
            ),
            cautions=(*self._depth_cautions(held), *self._clipping_cautions(channels)),
        )

    def _channel(self, counts: np.ndarray[Any, np.dtype[np.int64]]) -> ChannelTones:
        used = np.flatnonzero(counts)
        cumulative, total = np.cumsum(counts), int(counts.sum())
        places = np.searchsorted(cumulative, [total * p / 100.0 for p in PERCENTILES])
        return ChannelTones(
            lowest=float(used[0]) / 65535.0,
            highest=float(used[-1]) / 65535.0,
            percentiles={
                f"{p:g}": float(place) / 65535.0
                for p, place in zip(PERCENTILES, places, strict=True)
            },
            # All samples but one in a thousand at each end, those at the ends of the range apart:
            # what no later correction of tones may clip.
            kept_low=_spared(counts) / 65535.0,
            kept_high=1.0 - _spared(counts[::-1]) / 65535.0,
            share_at_zero=float(counts[0]) / total,
            share_at_full=float(counts[-1]) / total,
            clipped_low=_piled_up(counts),
            clipped_high=_piled_up(counts[::-1]),
        )

    def _bits_held(self, used: np.ndarray[Any, np.dtype[np.intp]]) -> int:
        """8 where a 16-bit file's codes are all multiples of 257 or of 256, and more than one."""
        if self.page.bits == 8:
            return 8
        if used.size < 2:
            return self.page.bits
        return 8 if bool((used % 257 == 0).all() or (used % 256 == 0).all()) else 16

    def _depth_cautions(self, held: int) -> tuple[Caution, ...]:
        if self.page.bits == 8:
            text = "The master has 8 bits per sample: strong corrections will show steps."
            return (Caution(code="eight_bit", text=text),)
        if held == 8:
            text = "The 16-bit file holds 8-bit values: it was converted, not scanned, at 16 bits."
            return (Caution(code="eight_bit_in_sixteen", text=text),)
        return ()

    def _clipping_cautions(self, channels: Mapping[str, ChannelTones]) -> tuple[Caution, ...]:
        found: list[Caution] = []
        for code, words, piled in (
            (
                "clipped_shadows",
                "shadow",
                {n: (c.clipped_low, c.lowest) for n, c in channels.items()},
            ),
            (
                "clipped_highlights",
                "highlight",
                {n: (c.clipped_high, c.highest) for n, c in channels.items()},
            ),
        ):
            shares = {name: share for name, (share, _) in piled.items()}
            if max(shares.values()) < CLIPPED:
                continue
            worst = max(shares, key=lambda name: shares[name])
            named = ", ".join(name for name in shares if shares[name] >= CLIPPED)
            level = 255.0 * piled[worst][1]
            text = (
                f"Clipped ({named}): {100.0 * shares[worst]:.1f} % of the {worst} samples of the "
                f"page lie at {level:.0f}/255, the last value in use: {words} detail is lost."
            )
            found.append(Caution(code=code, text=text))
        return tuple(found)


def _spared(counts: np.ndarray[Any, np.dtype[np.int64]]) -> int:
    """How far from the first code the samples reach, those at it and ``SPARED`` of all left out."""
    inside = counts[1:]
    beyond = np.cumsum(inside) > SPARED * counts.sum()
    return 1 + int(np.argmax(beyond)) if beyond.any() else 0


def _piled_up(counts: np.ndarray[Any, np.dtype[np.int64]]) -> float:
    """Share of the samples at the first code in use, where they pile up there; else 0.

    counts: of each code, beginning at the end that is looked at. At the end of the range itself
    every sample counts: nothing can lie beyond.
    """
    total, first = int(counts.sum()), int(np.flatnonzero(counts)[0])
    share = float(counts[first]) / total
    if first == 0 or share == 1.0:
        return share if first == 0 else 0.0
    # 257 codes are one step of 1/255; the file may hold any number of codes in between.
    beyond = counts[first + 1 : first + 1 + 3 * 257]
    return share if counts[first] > PILED_UP * beyond.sum() / 3.0 else 0.0
