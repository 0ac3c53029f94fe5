"""A page without its screens, in bands; where it has none, its own values."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import FloatImage, Plane, Raster, UInt8Image
from restoration.stages.descreen.light import LightCurve
from restoration.stages.descreen.paper import Border, find_border
from restoration.stages.descreen.phases import FollowedScreen, WavePair, WaveSurvey, combined
from restoration.stages.descreen.prepared import (
    CORE,
    LightWindow,
    PreparedRegion,
    read_window,
    tiles,
)
from restoration.stages.descreen.smoothing import local_mean
from restoration.stages.descreen.tones import FIRST, Channel, estimate


class DescreenedPage:
    """Draws a page window by window; each depends on the page alone, never on the bands."""

    def __init__(
        self,
        source: Raster,
        light: LightCurve,
        regions: Sequence[PreparedRegion],
        strength: float,
    ) -> None:
        """strength: share of the difference to the scan that is taken, (0, 1]."""
        self._source = source
        self._light = light
        self._regions = regions
        self._strength = np.float32(strength)
        self._touched: list[tuple[int, bytes]] = []
        self._after = {
            (region.region.name, channel): [_fundamentals(region, screen) for screen in screens]
            for region in regions
            for channel, screens in region.screens.items()
        }
        self._changed = {region.region.name: 0 for region in regions}

    def bands(self, progress: Callable[[float, str], None]) -> Iterator[FloatImage]:
        """float32 (rows, width, channels), top to bottom."""
        height, width = self._source.height, self._source.width
        count = -(-height // CORE)
        for number in range(count):
            top = number * CORE
            rows = min(CORE, height - top)
            band = np.array(self._source.read(top, 0, rows, width), np.float32)
            touched = np.zeros((rows, width), np.bool_)
            for core in tiles((top, 0, rows, width), CORE, height, width):
                for region in self._regions:
                    if region.coverage.touches(*core):
                        self._restore(region, core, band, touched)
            self._touched.append((rows, zlib.compress(np.packbits(touched).tobytes(), 1)))
            progress((number + 1) / count, f"band {number + 1} of {count}")
            yield band

    def mask(self) -> Iterator[UInt8Image]:
        """After the last band: 255 where the page was changed, uint8 (rows, width, 1)."""
        width = self._source.width
        for rows, packed in self._touched:
            bits = np.unpackbits(np.frombuffer(zlib.decompress(packed), np.uint8))
            yield bits[: rows * width].reshape(rows, width, 1) * np.uint8(255)

    def changed(self, region: str) -> int:
        """After the last band: pixels of a region that were changed."""
        return self._changed[region]

    def remaining(self, region: str, channel: int) -> list[float]:
        """After the last band: what is left of each screen's fundamentals in a channel.

        An amplitude in linear light, as ``PreparedRegion.strength``; the picture's own detail at
        the screen's frequencies is part of it.
        """
        return [combined(waves) for waves in self._after[(region, channel)]]

    def _restore(
        self,
        region: PreparedRegion,
        core: tuple[int, int, int, int],
        band: FloatImage,
        touched: npt.NDArray[np.bool_],
    ) -> None:
        """Take the region's dots out of one window of the band."""
        window = read_window(self._source, self._light, core, region.margin)
        border = find_border(window.light, region.longest)
        tones, weight = _tones(region, window, border)
        seam = None if border is None else border.seam_beside(weight)
        inner = window.inner
        row = core[0] % CORE
        area = np.s_[row : row + core[2], core[1] : core[1] + core[3]]
        changed = weight[inner] > 0.0
        if seam is not None:
            changed |= seam[inner]
        for channel, tone in tones.items():
            scan = below = window.light[channel]
            if border is not None and seam is not None:
                below = np.where(seam, border.paper(scan, region.longest), scan)
            mixed = scan + self._strength * (below + weight * (tone - below) - scan)
            plane = band[area][:, :, channel]
            plane[changed] = self._light.encode(mixed[inner])[changed]
            self._observe(region, channel, window, mixed)
        touched[area] |= changed
        self._changed[region.region.name] += int(changed.sum())

    def _observe(
        self, region: PreparedRegion, channel: int, window: LightWindow, light: Plane
    ) -> None:
        """Measure what is left, the way it was measured before."""
        top, left, height, width = window.core
        inside = region.coverage.inside(top, left, height, width)
        excess = (light - local_mean(light, FIRST * region.longest))[window.inner]
        for waves in self._after[(region.region.name, channel)]:
            for wave in waves:
                wave.add(excess, inside, top, left)


def _fundamentals(region: PreparedRegion, screen: FollowedScreen) -> WavePair:
    box, period = region.coverage.box, screen.lattice.period
    second = screen.along if screen.lattice.lines else screen.across
    return (
        WaveSurvey(screen.along.vector, period, box),
        WaveSurvey(second.vector, period, box),
    )


def _tones(
    region: PreparedRegion, window: LightWindow, border: Border | None
) -> tuple[dict[int, Plane], Plane]:
    """The tones of each screened channel of a window, and where they replace the scan (0 to 1)."""
    printed = None if border is None else border.printed
    channels = {
        number: Channel.of(window.light[number], screens, window.top, window.left, printed=printed)
        for number, screens in region.screens.items()
    }
    weight = region.weight(window, channels)
    if border is not None:
        weight = weight * border.share
    if not weight.any():
        return {number: channel.scan for number, channel in channels.items()}, weight
    tones = {
        number: estimate(channel, region.profiles[number]) for number, channel in channels.items()
    }
    return tones, weight


def without_threads(bands: Iterator[FloatImage]) -> Iterator[FloatImage]:
    """The bands, each drawn with OpenCV on one thread: its threads may change the order of sums."""
    while True:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            band = next(bands, None)
        finally:
            cv2.setNumThreads(threads)
        if band is None:
            return
        yield band
