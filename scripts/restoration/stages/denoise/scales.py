"""Denoising from the coarsest scale to the finest, and what all of it changes.

With B the page (its blocks removed), T the conversion to sRGB, n the network's answer:

    C = B, and from the coarsest scale s to the finest
    change_s = T⁻¹(clip(n(C at s))) - T⁻¹(clip(T(C at s)))
    C        = C + change_s, resampled to the page's size

The clipped values cancel, so that colours outside sRGB survive. Every pass but the last keeps its
change on scratch space: it is as large as the page at that scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from restoration.condition.noise import Pass
from restoration.raster.base import FloatImage, Progress, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.resample import Resampled
from restoration.raster.views import Encoded, InGamut, Mirrored, RecentRows
from restoration.stages.anchoring.network_tones import NetworkRunner
from restoration.stages.denoise.noise_level import LevelCurve, PictureWithLevel
from restoration.stages.denoise.scratch_image import ScratchImage

MARGIN = 8
"""Mirrored pixels around the network's input: networks pad with black, which shows in their first
pixels. Even, so that the blocks of 2 x 2 keep their places."""

ROWS = 256
"""Rows that readers which go down a page together share: three bands of 64, since one is read and
one computed while one is taken, and how far the network's answer lags behind them. Others are read
again."""

BLOCK_PIXELS = 1 << 19
"""Pixels that are made at a time, so that memory follows from the width alone."""


@dataclass(frozen=True)
class Denoiser:
    """A network, and what it is told."""

    network: NetworkRunner
    colour: ColourSpace
    curve: LevelCurve | None
    """Noise by tone; None for a network that judges for itself."""

    def answers(self, picture: Raster, sigma: float, progress: Progress) -> Iterator[FloatImage]:
        """What the network changes: float32 bands of the file's own colour space.

        picture: in the file's own colour space; sigma: its noise, in 1/255.
        """
        recent = RecentRows(picture, ROWS)
        seen: Raster = Encoded(recent, self.colour)
        if self.curve is not None:
            seen = PictureWithLevel(recent, self.colour, sigma / 255.0, self.curve)
        before = InGamut(recent, self.colour)
        top = -MARGIN
        for band in self.network.run(Mirrored(seen, MARGIN), progress):
            low, high = max(0, -top), min(len(band), picture.height - top)
            step = max(1, BLOCK_PIXELS // picture.width)
            # In slices: an engine's band of a wide scan is large, and each step makes copies.
            for first in range(low, high, step):
                rows = band[first : min(first + step, high), MARGIN : MARGIN + picture.width]
                answer = self.colour.from_srgb(np.clip(rows, 0.0, 1.0))
                yield answer - before.read(top + first, 0, len(rows), picture.width)
            top += len(band)


@dataclass(frozen=True)
class _Sum:
    """A picture and a change, which may be of another size."""

    picture: Raster
    change: Raster

    @property
    def height(self) -> int:
        return self.picture.height

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def channels(self) -> int:
        return self.picture.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        larger = Resampled(self.change, self.height, self.width)
        before = self.picture.read(top, left, height, width)
        return before + larger.read(top, left, height, width)


def change_of(
    page: Raster, denoiser: Denoiser, passes: Sequence[Pass], progress: Progress
) -> Iterator[FloatImage]:
    """What all passes change together, float32 (rows, width, channels), top to bottom.

    Parameters
    ----------
    page
        In the file's own colour space.
    passes
        Coarsest first, at least one.
    progress
        Told the share done, by the pixels that the network sees.

    Raises CircumstanceError where scratch space gives out, and as the network does.
    """
    work = [1.0 / step.scale**2 for step in passes]

    def told(index: int) -> Callable[[float, str], None]:
        before, own = sum(work[:index]), work[index]
        scale = passes[index].scale
        where = "" if scale == 1 else f"at 1/{scale}, "
        return lambda done, unit: progress((before + own * done) / sum(work), f"{where}{unit}")

    with ExitStack() as files:
        current: Raster = page
        for index, step in enumerate(passes):
            if step.scale == 1:
                yield from _with_earlier(page, current, denoiser, step.sigma, told(index))
                return
            height, width = (max(1, round(x / step.scale)) for x in (page.height, page.width))
            small = Resampled(current, height, width)
            kept = files.enter_context(ScratchImage(height, width, page.channels))
            kept.take(denoiser.answers(small, step.sigma, told(index)))
            current = _Sum(current, kept)
        yield from _difference(page, current)


def _with_earlier(
    page: Raster, current: Raster, denoiser: Denoiser, sigma: float, progress: Progress
) -> Iterator[FloatImage]:
    """The last pass's change, and that of the passes before it."""
    shared = current if current is page else RecentRows(current, ROWS)
    top = 0
    for change in denoiser.answers(shared, sigma, progress):
        if current is page:
            yield change
        else:
            window = (top, 0, len(change), page.width)
            yield change + (shared.read(*window) - page.read(*window))
        top += len(change)


def _difference(page: Raster, current: Raster) -> Iterator[FloatImage]:
    step = max(1, BLOCK_PIXELS // page.width)
    for top in range(0, page.height, step):
        window = (top, 0, min(step, page.height - top), page.width)
        yield current.read(*window) - page.read(*window)
