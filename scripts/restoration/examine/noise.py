"""Noise of the scan, at three scales, from the flattest blocks of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.finding import Measurement, PageFacts, Plane, Window
from restoration.examine.resolution import picture_box
from restoration.examine.survey import Survey

SCALES = (1, 2, 4)
"""Area averages over 1, 2 x 2 and 4 x 4 pixels: noise that was interpolated with the picture (or
grain) is smooth at full scale and stands out only where its own pixels are neighbours."""

BLOCK = 8
"""Side of the blocks, in pixels of their scale."""

FREEDOM = BLOCK * BLOCK - 3
"""Degrees of freedom left in a block once its plane is taken away."""

TONES = 6
"""Tone classes, dark to light, each 1/TONES of the encoded range."""

GRID = 12
"""Counts are kept per cell of a GRID x GRID division of the page, so that the noise of the paper's
border can be left out when the picture's box is known."""

BINS = 128
"""Classes of block variance, four to the octave, from 2^-16 (1/255)^2 upwards."""

LOWEST = -16.0
PER_OCTAVE = 4

WHITE = 0.6
"""Least ratio of diagonal high-pass power to variance at which noise counts as white; picture
texture stays below 0.3."""

SHARP = 8.0
"""Least growth of the cumulative count of blocks over the first octave at which flat blocks are
taken to differ by chance alone (chi-squared with 61 degrees of freedom: 15 and more; most
texture: 3)."""

STRONGEST = 12.0
"""Correlated figures above this, in 1/255, are texture: gravel is as uniform as grain."""

EVERYWHERE = 0.85
"""Where more than this share of the blocks looks like one strong correlated noise, there is no
picture to tell it from, and it is left undecided."""


@dataclass(frozen=True)
class Level:
    """Noise at one scale in one channel."""

    sigma: float
    """Standard deviation in 1/255 of encoded values, at this scale."""
    kind: str
    """``white``, ``correlated``, ``texture`` (not told apart from picture) or ``none``."""
    share: float
    """Share of the blocks that it was measured on."""
    blocks: int


class BlockStatistics:
    """Histograms of block variance of one channel at one scale."""

    def __init__(self) -> None:
        self._counts = np.zeros((GRID * GRID, TONES, BINS), dtype=np.int64)
        self._diagonal = np.zeros((TONES, BINS))
        self._variance = np.zeros((TONES, BINS))
        self._members = np.zeros((TONES, BINS), dtype=np.int64)
        self.constant = 0

    def see(self, plane: Plane, cells: npt.NDArray[np.intp], quantum: float) -> None:
        """plane: encoded values in [0, 1], sides multiples of BLOCK; cells: the grid cell of each
        block; quantum: variance of rounding at this scale, (1/255)^2, which is taken off."""
        mean, variance, diagonal, clean = _block_figures(plane)
        constant = variance <= 1e-9
        self.constant += int(constant.sum())
        use = clean & ~constant
        variance = np.maximum(variance[use] - quantum, 2.0**LOWEST)
        diagonal = np.maximum(diagonal[use] - quantum, 0.0)
        tone = np.minimum((mean[use] * TONES).astype(np.intp), TONES - 1)
        level = ((np.log2(variance) - LOWEST) * PER_OCTAVE).astype(np.intp)
        level = np.clip(level, 0, BINS - 1)
        flat = (cells[use] * TONES + tone) * BINS + level
        self._counts += np.bincount(flat, minlength=self._counts.size).reshape(self._counts.shape)
        joint, size = tone * BINS + level, TONES * BINS
        self._diagonal += np.bincount(joint, diagonal, size).reshape(TONES, BINS)
        self._variance += np.bincount(joint, variance, size).reshape(TONES, BINS)
        self._members += np.bincount(joint, minlength=size).reshape(TONES, BINS)

    def level(self, cells: npt.NDArray[np.bool_], tone: int | None = None) -> Level | None:
        """The noise in these grid cells, of all tones or one; None with too few blocks."""
        tones = slice(None) if tone is None else slice(tone, tone + 1)
        counts = self._counts[cells][:, tones].sum(axis=(0, 1))
        total = int(counts.sum())
        if total < 48:
            return None
        cumulative = np.cumsum(counts)
        onset = int(np.searchsorted(cumulative, max(4.0, 0.005 * total)))
        after = int(cumulative[min(onset + PER_OCTAVE, BINS - 1)])
        growth = after / max(int(cumulative[onset]), 1)
        mode = self._mode(counts, onset)
        chosen = slice(max(0, mode - PER_OCTAVE), min(BINS, mode + 3))
        members = self._members[tones, chosen].sum()
        power = self._variance[tones, chosen].sum() / max(int(members), 1)
        diagonal = self._diagonal[tones, chosen].sum() / max(int(members), 1)
        share = float(counts[chosen].sum()) / total
        return _judge(float(power), float(diagonal), growth, share, total)

    @staticmethod
    def _mode(counts: npt.NDArray[np.int64], onset: int) -> int:
        """Class of most blocks within one and a half octaves above the onset, smoothed."""
        smooth = np.convolve(counts, np.array([1.0, 2.0, 2.0, 2.0, 1.0]), "same")
        end = min(BINS, onset + PER_OCTAVE + PER_OCTAVE // 2 + 1)
        return onset + int(smooth[onset:end].argmax())


def _judge(power: float, diagonal: float, growth: float, share: float, total: int) -> Level:
    if power <= 2.0 ** (LOWEST + 2):
        return Level(0.0, "none", share, total)
    whiteness = diagonal / power
    if whiteness >= WHITE:
        # Texture adds to the variance more than to the diagonal band: that is the safer figure.
        return Level(float(np.sqrt(diagonal)), "white", share, total)
    sigma = float(np.sqrt(power))
    uniform = share > EVERYWHERE and sigma > STRONGEST / 3.0
    if growth >= SHARP and share >= 0.03 and sigma <= STRONGEST and not uniform:
        return Level(sigma, "correlated", share, total)
    return Level(float(np.sqrt(diagonal)), "texture", share, total)


def _block_figures(
    plane: Plane,
) -> tuple[
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    npt.NDArray[np.bool_],
]:
    """Per block, flattened: mean in [0, 1]; variance without the plane, (1/255)^2; power of the
    2 x 2 diagonal difference (that of white noise equals its variance); free of clipping."""
    scaled = plane * np.float32(255.0)
    centre = (BLOCK - 1) / 2.0
    rows = scaled.reshape(-1, BLOCK, scaled.shape[1])
    ramp = np.arange(BLOCK, dtype=np.float32) - np.float32(centre)
    sums = _columns(rows.sum(axis=1))
    tall = _columns((rows * ramp[None, :, None]).sum(axis=1))
    flat = rows.sum(axis=1)
    wide = (flat.reshape(flat.shape[0], -1, BLOCK) * ramp).sum(axis=2, dtype=np.float64)
    squares = _columns((rows * rows).sum(axis=1, dtype=np.float64))
    area, energy = float(BLOCK * BLOCK), float((ramp.astype(np.float64) ** 2).sum()) * BLOCK
    residual = squares - sums**2 / area - (tall**2 + wide**2) / energy
    even, odd = scaled[0::2], scaled[1::2]
    difference = even - odd
    cross = (difference[:, 0::2] - difference[:, 1::2]) * np.float32(0.5)
    half = BLOCK // 2
    crossed = (cross * cross).reshape(-1, half, cross.shape[1]).sum(axis=1, dtype=np.float64)
    diagonal = crossed.reshape(crossed.shape[0], -1, half).sum(axis=2) / half**2
    ends = ((scaled <= 0.5) | (scaled >= 254.5)).reshape(-1, BLOCK, scaled.shape[1]).any(axis=1)
    clean = ~ends.reshape(ends.shape[0], -1, BLOCK).any(axis=2)
    return (
        (sums / area / 255.0).ravel(),
        np.maximum(residual / FREEDOM, 0.0).ravel(),
        diagonal.ravel(),
        clean.ravel(),
    )


def _columns(bands: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Sums over BLOCK columns at a time."""
    return np.asarray(bands.reshape(bands.shape[0], -1, BLOCK).sum(axis=2, dtype=np.float64))


class Noise:
    """Standard deviation of the noise, in 1/255 of encoded values.

    Per channel and scale, blocks of 8 x 8 pixels lose their plane; the variance at which flat
    blocks gather is the noise, provided that it looks like noise: as strong in the diagonal band
    as everywhere (white), or of the narrow spread that chance gives (correlated). What is neither
    is texture of the picture, and is not called noise. The rounding of the file is taken off.

    The value is the largest of the three scales' figures that are noise, each the root mean square
    over the channels: white noise shows at full scale, noise that was enlarged with the picture
    at a quarter. That is what a viewer sees at 100 % or fitted to the screen, and what a threshold
    of "visible noise" should be compared with. Where no scale can tell noise from texture the value
    is None, and ``detail.at_most`` gives the bound.
    """

    name: ClassVar[str] = "noise"
    METHOD: ClassVar[str] = (
        "variance at which the flattest 8 x 8 blocks gather, plane removed, checked for whiteness "
        "and chance spread, at full, 1/2 and 1/4 scale"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page
        self._blocks = {
            (scale, channel): BlockStatistics()
            for scale in SCALES
            for channel in range(page.channels)
        }
        code = 1.0 if page.bits == 8 else 255.0 / 65535.0
        self._quantum = code**2 / 12.0

    def see(self, window: Window) -> None:
        for channel, full in enumerate(window.planes):
            plane = full
            for scale in SCALES:
                if scale > 1:
                    height, width = plane.shape[0] // 2, plane.shape[1] // 2
                    if min(height, width) < BLOCK:
                        break
                    plane = np.asarray(
                        cv2.resize(
                            plane[: 2 * height, : 2 * width],
                            (width, height),
                            interpolation=cv2.INTER_AREA,
                        )
                    )
                height, width = (side // BLOCK * BLOCK for side in plane.shape)
                if height == 0 or width == 0:
                    break
                cells = self._cells(window, height, width, scale)
                statistics = self._blocks[scale, channel]
                statistics.see(plane[:height, :width], cells, self._quantum / scale**2)

    def _cells(self, window: Window, height: int, width: int, scale: int) -> npt.NDArray[np.intp]:
        rows = window.top + (np.arange(height // BLOCK) + 0.5) * BLOCK * scale
        columns = window.left + (np.arange(width // BLOCK) + 0.5) * BLOCK * scale
        down = np.minimum(rows * GRID / self.page.height, GRID - 1).astype(np.intp)
        across = np.minimum(columns * GRID / self.page.width, GRID - 1).astype(np.intp)
        return np.asarray((down[:, None] * GRID + across[None, :]).ravel())

    def conclude(self, survey: Survey, earlier: Mapping[str, Measurement]) -> Measurement:
        cells = self._picture_cells(picture_box(earlier))
        scales = {scale: self._scale(scale, cells) for scale in SCALES}
        detail: dict[str, Any] = dict(
            zip(("full", "half", "quarter"), scales.values(), strict=True)
        )
        detail["tones"] = self._tones(cells)
        known = [found for found in scales.values() if found is not None]
        if not known:
            constant = all(s.constant > 0 for s in self._blocks.values())
            detail["reason"] = "too few blocks that are neither clipped nor constant"
            value = 0.0 if constant else None
            return Measurement(value, "1/255", 0.5 if constant else 0.0, self.METHOD, detail)
        noise = [found for found in known if found["kind"] != "texture"]
        if not noise:
            detail["reason"] = "no block flat enough to tell noise from texture"
            detail["at_most"] = max(found["sigma"] for found in known)
            return Measurement(None, "1/255", 0.0, self.METHOD, detail)
        chosen = max(noise, key=lambda found: float(found["sigma"]))
        sure = {"white": 0.9, "none": 0.9, "correlated": 0.7}[chosen["kind"]]
        confidence = sure * min(1.0, 0.4 + 4.0 * chosen["share"])
        return Measurement(chosen["sigma"], "1/255", round(confidence, 2), self.METHOD, detail)

    def _picture_cells(self, box: tuple[int, int, int, int] | None) -> npt.NDArray[np.bool_]:
        inside = np.ones((GRID, GRID), dtype=np.bool_)
        if box is not None:
            top, left, height, width = box
            # Whole cells only: a strip of margin in a cell is flatter than any picture.
            edges = np.arange(GRID + 1)
            down, across = edges * self.page.height / GRID, edges * self.page.width / GRID
            rows = (down[:-1] >= top) & (down[1:] <= top + height)
            columns = (across[:-1] >= left) & (across[1:] <= left + width)
            inside = rows[:, None] & columns[None, :]
        return inside.ravel() if inside.any() else np.ones(GRID * GRID, dtype=np.bool_)

    def _scale(self, scale: int, cells: npt.NDArray[np.bool_]) -> dict[str, Any] | None:
        """The channels' root mean square at one scale, and the least noise-like kind of them."""
        levels = [
            self._blocks[scale, channel].level(cells) for channel in range(self.page.channels)
        ]
        found = [level for level in levels if level is not None]
        if not found:
            return None
        order = ("none", "white", "correlated", "texture")
        return {
            "sigma": float(np.sqrt(np.mean([level.sigma**2 for level in found]))),
            "kind": max((level.kind for level in found), key=order.index),
            "channels": [None if level is None else level.sigma for level in levels],
            "share": min(level.share for level in found),
            "blocks": min(level.blocks for level in found),
        }

    def _tones(self, cells: npt.NDArray[np.bool_]) -> list[float | None]:
        """Full-scale noise from dark to light, root mean square over the channels; None where no
        block of that tone shows noise."""
        tones: list[float | None] = []
        for tone in range(TONES):
            levels = [
                self._blocks[1, channel].level(cells, tone) for channel in range(self.page.channels)
            ]
            noise = [x.sigma**2 for x in levels if x is not None and x.kind != "texture"]
            tones.append(float(np.sqrt(np.mean(noise))) if noise else None)
        return tones
