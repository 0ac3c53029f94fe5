"""Clean pictures to be damaged: crops of photographs, drawn ones, at any scale, tone and grain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.damage.content.canvas import Plane, clouds
from training.damage.dead_leaves import dead_leaves
from training.damage.negatives import draw_negatives

DRAWN = 0.2
"""Share of the crops that are drawn by the dead-leaves model."""

DRAWN_KEPT = 64
"""Drawn pictures that are kept and cropped again: drawing takes longer than a step of training."""

NEGATIVES = 0.6
"""Share of the crops into which content that looks like damage is drawn."""

SMALLEST = 0.35
"""Least scale of a crop; the largest is 1.5."""


@dataclass(frozen=True)
class PictureSource:
    """Luminance of whole clean pictures, uint8 (h, w), sRGB-encoded."""

    planes: tuple[npt.NDArray[np.uint8], ...]
    drawn: tuple[npt.NDArray[np.uint8], ...]

    @classmethod
    def of(cls, files: Iterable[Path], seed: int) -> PictureSource:
        """Reads the pictures, and draws some more."""
        rng = np.random.default_rng((seed, 1))
        planes = []
        for path in files:
            read = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if read is None:
                raise FileNotFoundError(f"{path}: expected a picture, found none that can be read")
            planes.append(np.asarray(read, np.uint8))
        drawn = [
            np.rint(255 * dead_leaves(320, 320, rng)).astype(np.uint8) for _ in range(DRAWN_KEPT)
        ]
        return cls(tuple(planes), tuple(drawn))

    def crop(self, side: int, rng: np.random.Generator) -> Plane:
        """A clean picture of its own: float32 (side, side) in [0, 1]."""
        pixels = self._cut(side, rng)
        if rng.random() < 0.04:
            # A picture in a picture: reflections, double exposures.
            share = np.float32(rng.uniform(0.2, 0.5))
            pixels += share * (self._cut(side, rng) - pixels)
        if rng.random() < NEGATIVES:
            pixels = draw_negatives(pixels, rng)
        return _aged(_toned(pixels, rng), rng)

    def _cut(self, side: int, rng: np.random.Generator) -> Plane:
        if rng.random() < 0.04:
            return _even(side, rng)
        every = self.drawn if rng.random() < DRAWN else self.planes
        plane = every[int(rng.integers(len(every)))]
        scale = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(1.5))))
        scale = max(scale, (side + 1) / min(plane.shape))
        needed = min(int(np.ceil(side / scale)), *plane.shape)
        top = int(rng.integers(plane.shape[0] - needed + 1))
        left = int(rng.integers(plane.shape[1] - needed + 1))
        part = plane[top : top + needed, left : left + needed]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        part = cv2.resize(part, (side, side), interpolation=how)
        part = np.rot90(part, int(rng.integers(4)))
        if rng.random() < 0.5:
            part = part[:, ::-1]
        return np.multiply(part, np.float32(1 / 255), dtype=np.float32)


def _even(side: int, rng: np.random.Generator) -> Plane:
    """Sky, paper, a wall: nothing but a slope of light and clouds."""
    slope = rng.normal(0, 0.15, 2)
    across = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    out = np.float32(rng.uniform(0.05, 0.95)) + slope[0] * across + slope[1] * across[:, None]
    out = out + rng.uniform(0, 0.06) * clouds(rng, (side, side), rng.uniform(4, 80))
    return np.asarray(np.clip(out, 0, 1), np.float32)


def _toned(pixels: Plane, rng: np.random.Generator) -> Plane:
    """Another exposure, gradation or fading; now and then the negative."""
    out = np.clip(pixels, 0, 1)
    if rng.random() < 0.1:
        out = np.float32(1) - out
    if rng.random() < 0.6:
        out = out ** np.float32(np.exp(rng.normal(0, 0.35)))
    if rng.random() < 0.4:
        low, high = rng.uniform(0, 0.25), rng.uniform(0.7, 1.0)
        out = np.float32(low) + out * np.float32(high - low)
    return np.asarray(out, np.float32)


def _aged(pixels: Plane, rng: np.random.Generator) -> Plane:
    """Softness of the lens and grain of the emulsion: they lie under the damage."""
    out = pixels
    if rng.random() < 0.35:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 2.0)))
    if rng.random() < 0.35:
        grain = rng.standard_normal(out.shape, np.float32)
        if rng.random() < 0.6:
            width = float(rng.uniform(0.4, 1.2))
            grain = cv2.GaussianBlur(grain, (0, 0), width) * np.float32(2 * width)
        out = out + np.float32(rng.uniform(1, 12) / 255) * grain
    return np.clip(out, 0, 1).astype(np.float32)
