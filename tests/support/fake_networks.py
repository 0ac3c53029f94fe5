"""Networks that tests inject: what `networks(name, denoise=…)` gives a stage, without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from restoration.raster.base import FloatImage, Raster

Answer = Callable[[FloatImage], FloatImage]


def enlarged(pixels: FloatImage, scale: int = 4) -> FloatImage:
    """Every pixel as scale x scale equal ones."""
    return np.repeat(np.repeat(pixels, scale, axis=0), scale, axis=1)


def _neighbours(pixels: FloatImage, reach: int) -> FloatImage:
    """Means of squares, added up in a fixed order; the edge is repeated."""
    size = 2 * reach + 1
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    total = np.zeros_like(pixels)
    for row in range(size):
        for column in range(size):
            total += padded[row : row + height, column : column + width]
    return total / np.float32(size * size)


def copying(pixels: FloatImage) -> FloatImage:
    """A network that invents nothing."""
    return enlarged(pixels)


def sharpening(pixels: FloatImage) -> FloatImage:
    """Halos, a tone shift of 7/255 on white and 3/255 on grey, a tint, a texture on flat areas:
    all that real networks do to a scan, and stronger. Looks 2 pixels around."""
    sharp = pixels + np.float32(1.5) * (pixels - _neighbours(pixels, 2))
    shifted = sharp + np.array([3, 4, 2], np.float32) / 255 + np.float32(4 / 255) * pixels
    made = enlarged(shifted)
    made[::2, ::2, 1] += np.float32(8 / 255)
    made[1::2, 1::2, 1] -= np.float32(8 / 255)
    return made


@dataclass
class FakeNetwork:
    """Runs a function of the image by bands that overlap by its radius, so exactly."""

    answer: Answer = copying
    band_rows: int = 64
    scale: int = 4
    radius: int = 2
    name: str = "fake"
    weights_sha256: str = "f" * 64
    pixels: int = 0
    """Network input pixels so far."""
    asked: list[tuple[str, dict[str, float]]] = field(default_factory=list)

    def __call__(self, name: str, **blend: float) -> FakeNetwork:
        """Itself, as the source of networks that a stage is set up with."""
        self.asked.append((name, blend))
        return self

    def run(self, source: Raster, progress: Callable[[float, str], None]) -> Iterator[FloatImage]:
        self.pixels += source.height * source.width
        for top in range(0, source.height, self.band_rows):
            rows = min(self.band_rows, source.height - top)
            first, last = max(top - self.radius, 0), min(top + rows + self.radius, source.height)
            answer = self.answer(source.read(first, 0, last - first, source.width))
            start = (top - first) * self.scale
            progress((top + rows) / source.height, f"row {top + rows} of {source.height}")
            yield answer[start : start + rows * self.scale]
