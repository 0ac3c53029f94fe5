"""Taking a network's picture without its tones: anchored to the scan, band by band.

With S the scan in its own colour space, N its resampling to the working resolution, F the final
size, T the conversion to sRGB, n the network's answer to clip(T(N)) with its tone curve undone:

    change   = T⁻¹(clip(n)) - T⁻¹(clip(T(N)))        both resampled to F
    anchored = change - G(change)                     G: Gaussian, in pixels of N
    restored = N resampled to F + anchored            held to the range of the scan nearby
    out      = S at F + strength * share * (restored - S at F)

share is 1, and 0 on empty paper, which needs no network (see ``empty_paper``); the change is taken
by the same share.

Why N resampled and not S is the base: the network's answer has no noise, and adding it to S would
leave all noise of S that lies beyond the working resolution, which is what cleanup is for. Colours
outside sRGB survive all the same, since they are in N, and the clipped values cancel. Where the
working resolution is the scan's own, N is S and the base is the scan itself.

G(change) is what makes tones the scan's: out and scan have the same low band. Nothing of it is
held but a few rows, and every number depends on its place alone, so bands do not change a bit.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from restoration.findings.paper import Paper
from restoration.raster.base import FloatImage, Progress, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.resample import LINEAR, Axis, BandResampler, Resampled, gaussian
from restoration.raster.views import Bounds, Cropped, Encoded, InGamut, Mirrored, RecentRows
from restoration.stages.anchoring.empty_paper import GridPart, WorkShares, extents, placed
from restoration.stages.anchoring.network_tones import NetworkRunner, NetworkToneCurve

TOLERANCE = np.float32(0.25 / 255.0)
"""By how much a restoration may leave the range of the scan nearby: half of what a flat patch may
move, a quarter of what a step edge may overshoot, and above the rounding of 8 bits."""

MARGIN = 4
"""Mirrored pixels around the network's input: networks pad with black, which shows in their first
pixels. More than 4 changes nothing that can be measured on photographs."""

BLOCK_PIXELS = 1 << 19
"""Pixels that are made at a time, so that memory follows from the width alone."""


@dataclass(frozen=True)
class Target:
    """What is to be made of a page."""

    source: Raster
    """In the file's own colour space, values in [0, 1]."""
    colour: ColourSpace
    height: int
    width: int
    """Final size."""


def is_neutral(source: Raster) -> bool:
    """Whether a three-channel scan has equal channels everywhere: then it must leave so.

    Reads until the first coloured pixel, which in a colour scan is in its first rows.
    """
    if source.channels != 3:
        return False
    step = max(1, BLOCK_PIXELS // source.width)
    for top in range(0, source.height, step):
        rows = source.read(top, 0, min(step, source.height - top), source.width)
        if np.any(rows[..., 0] != rows[..., 1]) or np.any(rows[..., 0] != rows[..., 2]):
            return False
    return True


def block_rows(width: int) -> int:
    """Rows of one block at a width."""
    return max(1, BLOCK_PIXELS // width)


class RangeOfScan:
    """Holds values within the range of the scan nearby (see ``Bounds``)."""

    def __init__(self, scan: Raster, height: int, width: int) -> None:
        """scan: at the working resolution, without ringing; height, width: of the values."""
        # Linear: bounds between two pixels lie between theirs.
        self._bounds = Resampled(Bounds(scan), height, width, LINEAR)
        self.limited = 0
        """Values that had to be held."""

    def hold(self, values: FloatImage, top: int) -> FloatImage:
        """float32 (rows, width, channels), full rows from ``top``; at most TOLERANCE beyond."""
        rows, width, channels = values.shape
        bounds = self._bounds.read(top, 0, rows, width)
        low, high = bounds[..., :channels] - TOLERANCE, bounds[..., channels:] + TOLERANCE
        # The scan's own values may lie beyond by rounding, never the upper below the lower.
        held = np.minimum(np.maximum(values, low), high)
        self.limited += int(np.count_nonzero(held != values))
        return np.asarray(held, np.float32)


class WaitingRows:
    """Rows that wait for their counterpart."""

    def __init__(self) -> None:
        self._bands: deque[FloatImage] = deque()
        self.count = 0

    def put(self, band: FloatImage) -> None:
        self._bands.append(band)
        self.count += len(band)

    def take(self, count: int) -> FloatImage:
        taken: list[FloatImage] = []
        self.count -= count
        while count:
            band = self._bands.popleft()
            if len(band) > count:
                self._bands.appendleft(band[count:])
            taken.append(band[:count])
            count -= len(taken[-1])
        return taken[0] if len(taken) == 1 else np.concatenate(taken)


class AnchoredPicture:
    """One page as a network restores it."""

    def __init__(
        self,
        target: Target,
        grid: tuple[int, int],
        network: NetworkRunner,
        curve: NetworkToneCurve,
        sigma: float,
        strength: float = 1.0,
        paper: Paper | None = None,
    ) -> None:
        """grid: rows and columns at the working resolution.

        sigma: of the Gaussian below which tones come from the scan, in pixels of the grid.
        strength: share of the change that is taken, in (0, 1].
        paper: the condition report's finding; what it marks as empty is left as it is.
        """
        self._target, self._grid, self._network, self._curve = target, grid, network, curve
        self._strength = np.float32(strength)
        source, colour, size = target.source, target.colour, (target.height, target.width)
        page = source.height, source.width
        self._parts = extents(paper, page, grid, network.radius + MARGIN, sigma)
        self._grid_shares = WorkShares(self._parts, grid, grid)
        self._shares = WorkShares(self._parts, grid, size)
        self._neutral = is_neutral(source)
        working = Resampled(source, *grid)
        self._network_input = Encoded(working, colour)
        # The sigma's lag between the network's rows and the rows that are made, with some room.
        rows = 64 + math.ceil(8 * sigma) + block_rows(target.width) * grid[0] // target.height
        shared = RecentRows(working, rows)
        self._working = shared
        self._seen = RecentRows(InGamut(shared, colour), rows)
        self._base = Resampled(shared, *size)
        self._base_seen = Resampled(self._seen, *size)
        self._scan = Resampled(source, *size)
        self._range = RangeOfScan(RecentRows(Resampled(source, *grid, LINEAR), rows), *size)
        self._low_band = LowBand(grid, size, sigma)
        self._outside = 0
        self._change = 0.0

    def bands(self, progress: Progress, findings: dict[str, Any]) -> Iterator[FloatImage]:
        """float32 (rows, width, channels) in [0, 1], top to bottom, in the scan's own colour.

        findings: gets what was measured, once the last band is drawn.
        """
        scale, (rows, columns) = self._network.scale, self._grid
        target = self._target
        enlarged = BandResampler(
            Axis(rows * scale, target.height), Axis(columns * scale, target.width)
        )
        means = _Means(scale)
        answers, lows = WaitingRows(), WaitingRows()
        made = seen = 0
        block = block_rows(target.width)
        for answer in self._answers(progress):
            for band in enlarged.feed(answer):
                answers.put(band)
            for mean in means.feed(answer):
                for band in self._low_band.feed(self._tones(mean, seen)):
                    lows.put(band)
                seen += len(mean)
            last = seen == rows
            while (ready := min(answers.count, lows.count)) and (ready >= block or last):
                count = min(ready, block)
                yield self._restored(made, answers.take(count), lows.take(count))
                made += count
        enlarged.finish()
        findings.update(self._findings())

    def _findings(self) -> dict[str, Any]:
        target = self._target
        values = target.height * target.width * target.source.channels
        grid_values = self._grid[0] * self._grid[1] * 3
        return {
            "network": self._network.name,
            "weights_sha256": self._network.weights_sha256,
            "scale": self._network.scale,
            "network_input_px": {"width": self._grid[1], "height": self._grid[0]},
            **self._skipped(),
            "tone_curve_greatest_255": _figure(self._curve.greatest * 255.0),
            "low_band_greatest_255": _figure(self._low_band.greatest * 255.0),
            "mean_change_255": _figure(self._change * 255.0 / values),
            "outside_srgb_share": _figure(self._outside / grid_values),
            "held_to_scan_share": _figure(self._range.limited / values),
            "neutral": self._neutral or target.source.channels == 1,
            "generative": True,
        }

    def _skipped(self) -> dict[str, Any]:
        """What is said of empty paper; nothing where the network saw the whole grid."""
        whole = self._grid[0] * self._grid[1]
        left_out = whole - sum(part.pixels for part in self._parts)
        if left_out == 0:
            return {}
        boxes = [[p.left, p.top, p.right - p.left, p.bottom - p.top] for p in self._parts]
        return {
            "empty_paper_px": left_out,
            "empty_paper_share": _figure(left_out / whole),
            "network_saw_px": boxes,
        }

    def _answers(self, progress: Progress) -> Iterator[FloatImage]:
        """The network's answer at the whole grid, zero on empty paper, its tone curve undone, in
        the scan's colour."""
        scale, (rows, columns) = self._network.scale, self._grid
        done, all_of_it = 0, sum(part.pixels for part in self._parts)
        row = 0
        for part in self._parts:
            yield from self._nothing((part.top - row) * scale)

            def report(share: float, unit: str, done: int = done, part: GridPart = part) -> None:
                progress((done + share * part.pixels) / all_of_it, unit)

            yield from placed(self._answer(part, report), part, columns, scale)
            row, done = part.bottom, done + part.pixels
        yield from self._nothing((rows - row) * scale)

    def _nothing(self, rows: int) -> Iterator[FloatImage]:
        """Rows of the answer's size in which the network has no part."""
        width, channels = self._grid[1] * self._network.scale, self._target.source.channels
        step = block_rows(width)
        for top in range(0, rows, step):
            yield np.zeros((min(step, rows - top), width, channels), np.float32)

    def _answer(self, part: GridPart, progress: Progress) -> Iterator[FloatImage]:
        """The network's answer to a part, without the margin."""
        scale, rows, columns = self._network.scale, part.bottom - part.top, part.right - part.left
        seen = Cropped(self._network_input, part.top, part.left, rows, columns)
        first = MARGIN * scale
        top = 0
        for band in self._network.run(Mirrored(seen, MARGIN), progress):
            low, high = max(first - top, 0), min(first + rows * scale - top, len(band))
            # In slices: an engine's band of a wide scan is large, and each step makes copies.
            step = block_rows(columns * scale)
            for row in range(low, high, step):
                rows_now = slice(row, min(row + step, high))
                answer = self._curve.undo(band[rows_now, first : first + columns * scale])
                # Clipped before its tones are taken: what no pixel can show must not shift them.
                yield self._target.colour.from_srgb(np.clip(answer, 0.0, 1.0))
            top += len(band)

    def _tones(self, mean: FloatImage, top: int) -> FloatImage:
        """The change of tone at the working resolution."""
        window = (top, 0, len(mean), self._grid[1])
        encoded = self._target.colour.to_srgb(self._working.read(*window))
        self._outside += int(np.count_nonzero((encoded < 0.0) | (encoded > 1.0)))
        change = self._one_grey(mean - self._seen.read(*window))
        if self._grid_shares.everywhere:
            return change
        return change * self._grid_shares.read(top, len(mean))

    def _one_grey(self, change: FloatImage) -> FloatImage:
        """Equal channels leave equal: a network may colour a grey picture."""
        if not self._neutral:
            return change
        mean = (change[..., 0] + change[..., 1] + change[..., 2]) * np.float32(1.0 / 3.0)
        return np.repeat(mean[..., None], 3, axis=2)

    def _restored(self, top: int, answer: FloatImage, low: FloatImage) -> FloatImage:
        rows, width = answer.shape[:2]
        change = self._one_grey(answer - self._base_seen.read(top, 0, rows, width))
        share: FloatImage | np.float32 = self._strength
        if not self._shares.everywhere:
            places = self._shares.read(top, rows)
            change, share = change * places, share * places
        change -= low
        restored = self._range.hold(self._base.read(top, 0, rows, width) + change, top)
        scan = self._scan.read(top, 0, rows, width)
        change = np.clip(restored, 0.0, 1.0) - scan
        out = np.clip(scan + share * change, 0.0, 1.0)
        self._change += float(np.abs(out - scan).sum(dtype=np.float64))
        return out


class _Means:
    """Means of scale x scale blocks: the network's answer, back at the working resolution."""

    def __init__(self, scale: int) -> None:
        self._scale = scale
        self._waiting: FloatImage | None = None

    def feed(self, band: FloatImage) -> Iterator[FloatImage]:
        scale = self._scale
        if self._waiting is not None:
            band = np.concatenate([self._waiting, band])
        whole = len(band) // scale * scale
        self._waiting = band[whole:].copy()
        if whole:
            # Slices in a fixed order: numpy's own mean may add in another for another shape.
            rows = sum((band[i:whole:scale] for i in range(1, scale)), band[0:whole:scale])
            total = sum((rows[:, i::scale] for i in range(1, scale)), rows[:, 0::scale])
            yield np.asarray(total * np.float32(1.0 / scale**2), np.float32)


class LowBand:
    """The Gaussian low band of what arrives at the working resolution, at the final size.

    It is made on a coarser grid, with a pitch of half a sigma, and enlarged by Lanczos-3: what a
    Gaussian of two samples leaves at that grid's Nyquist frequency is exp(-2 pi²), nothing.
    """

    def __init__(self, grid: tuple[int, int], size: tuple[int, int], sigma: float) -> None:
        pitch = max(1, int(sigma / 2.0))
        kernel = gaussian(sigma / pitch)
        coarse = [math.ceil(side / pitch) for side in grid]
        self._reduce = BandResampler(
            *(Axis(side, few, kernel, keep=False) for side, few in zip(grid, coarse, strict=True))
        )
        self._enlarge = BandResampler(
            *(Axis(few, many) for few, many in zip(coarse, size, strict=True))
        )
        self.greatest = 0.0
        """Greatest correction of a tone."""

    def feed(self, band: FloatImage) -> Iterator[FloatImage]:
        for coarse in self._reduce.feed(band):
            self.greatest = max(self.greatest, float(np.abs(coarse).max()))
            yield from self._enlarge.feed(coarse)


def _figure(value: float) -> float:
    """Four significant digits: enough for a record, and the same whatever the bands were."""
    return float(f"{value:.4g}")
