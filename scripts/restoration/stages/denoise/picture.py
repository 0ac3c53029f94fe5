"""One page without its noise and its blocks, put together band by band.

    out = S + strength * (blocks + shares(change) - G(shares(change)))

S is the page as it came, ``blocks`` what removing JPEG blocks changes, ``change`` what the denoiser
changes beyond that, split into the mean of the channels and the rest, of which ``shares`` takes
what the recipe allows. G is a Gaussian low band: the network may not move a tone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from restoration.raster.base import FloatImage, Progress, Raster
from restoration.raster.resample import Axis, BandResampler, Resampled
from restoration.stages.anchoring.anchored_picture import LowBand, WaitingRows
from restoration.stages.denoise.deblocking import deblocked_change
from restoration.stages.denoise.grain import NoiseShares
from restoration.stages.denoise.scales import BLOCK_PIXELS, Denoiser, change_of
from restoration.stages.denoise.scratch_image import ScratchImage

ANCHOR = 16.0
"""Standard deviation, in pixels of the coarsest pass, of the Gaussian below which tones are the
scan's own. White noise keeps 0.02 of its strength below it; 4 would cost up to 0.5 dB."""


@dataclass(frozen=True)
class Blocks:
    """JPEG blocks that are to go."""

    quality: float
    """IJG quality at which the picture was stored."""
    height: int
    width: int
    """Size of the picture when it was stored: the page's, unless it was resized afterwards."""


@dataclass(frozen=True)
class DenoiseWork:
    """What is to be done to a page."""

    blocks: Blocks | None
    denoiser: Denoiser | None
    shares: NoiseShares
    strength: float
    neutral: bool
    """Whether the page is grey, in one channel or in three equal ones, and must stay so."""


class CleanPicture:
    """One page as the denoise stage leaves it."""

    def __init__(self, source: Raster, work: DenoiseWork) -> None:
        self._source, self._work = source, work
        self._moved = 0.0
        self._greatest = 0.0

    def bands(self, progress: Progress, findings: dict[str, Any]) -> Iterator[FloatImage]:
        """float32 (rows, width, channels) in [0, 1], top to bottom.

        findings: gets what was measured, once the last band is drawn. Raises CircumstanceError
        where scratch space gives out, and as the network does.
        """
        source, work = self._source, self._work
        with ExitStack() as files:
            page = source
            if work.blocks is not None:
                if work.denoiser is None:
                    changes = _blocks_change(source, work.blocks)
                    yield from self._without_blocks(changes, progress)
                else:
                    # The denoiser reads it several times, and not always from top to bottom.
                    kept = ScratchImage(source.height, source.width, source.channels)
                    page = files.enter_context(kept)
                    kept.take(self._without_blocks(_blocks_change(source, work.blocks), None))
            if work.denoiser is not None:
                yield from self._without_noise(page, work.denoiser, progress)
        values = source.height * source.width * source.channels
        findings["mean_change_255"] = float(f"{self._moved * 255.0 / values:.4g}")
        findings["low_band_greatest_255"] = float(f"{self._greatest * 255.0:.4g}")
        findings["neutral"] = work.neutral

    def _without_blocks(
        self, changes: Iterator[FloatImage], progress: Progress | None
    ) -> Iterator[FloatImage]:
        """The page with its blocks removed: as the result where ``progress`` is told of it, else
        whole, for the denoiser."""
        source, top = self._source, 0
        for change in changes:
            before = source.read(top, 0, len(change), source.width)
            top += len(change)
            if progress is None:
                yield np.clip(before + self._one_grey(change), 0.0, 1.0)
            else:
                yield self._result(before, self._one_grey(change))
                progress(top / source.height, f"row {top} of {source.height}")

    def _without_noise(
        self, page: Raster, denoiser: Denoiser, progress: Progress
    ) -> Iterator[FloatImage]:
        source, passes = self._source, self._work.shares.passes
        size = (source.height, source.width)
        low_band = LowBand(size, size, ANCHOR * max(step.scale for step in passes))
        wanted, lows = WaitingRows(), WaitingRows()
        block, made = max(1, BLOCK_PIXELS // source.width), 0
        for change in change_of(page, denoiser, passes, progress):
            share = self._shared(change)
            wanted.put(share)
            for low in low_band.feed(share):
                lows.put(low)
            while made < source.height and lows.count:
                count = min(lows.count, wanted.count, block)
                before = source.read(made, 0, count, source.width)
                whole = wanted.take(count) - lows.take(count)
                if page is not source:
                    whole += page.read(made, 0, count, source.width) - before
                made += count
                yield self._result(before, self._one_grey(whole))
        self._greatest = low_band.greatest

    def _shared(self, change: FloatImage) -> FloatImage:
        """What the recipe allows of the denoiser's change."""
        grey, colour = np.float32(self._work.shares.grey), np.float32(self._work.shares.colour)
        if change.shape[2] == 1 or grey == colour:
            return change * grey
        mean = (change[..., 0] + change[..., 1] + change[..., 2]) * np.float32(1.0 / 3.0)
        return colour * (change - mean[..., None]) + grey * mean[..., None]

    def _one_grey(self, change: FloatImage) -> FloatImage:
        """Equal channels leave equal: a network may colour a grey picture."""
        if not self._work.neutral or change.shape[2] == 1:
            return change
        mean = (change[..., 0] + change[..., 1] + change[..., 2]) * np.float32(1.0 / 3.0)
        return np.repeat(mean[..., None], 3, axis=2)

    def _result(self, before: FloatImage, change: FloatImage) -> FloatImage:
        out = np.clip(before + np.float32(self._work.strength) * change, 0.0, 1.0)
        self._moved += float(np.abs(out - before).sum(dtype=np.float64))
        return np.asarray(out, np.float32)


def _blocks_change(source: Raster, blocks: Blocks) -> Iterator[FloatImage]:
    """What removing the blocks changes, at the page's size.

    A picture that was resized after it was compressed is seen at the size that it had then, where
    its blocks are 8 x 8 pixels; only the change comes back to the page's size.
    """
    if (blocks.height, blocks.width) == (source.height, source.width):
        yield from deblocked_change(source, blocks.quality)
        return
    stored = Resampled(source, blocks.height, blocks.width)
    larger = BandResampler(Axis(blocks.height, source.height), Axis(blocks.width, source.width))
    for change in deblocked_change(stored, blocks.quality):
        yield from larger.feed(change)
    larger.finish()
