"""Opacity of damage that others drew, cropped, scaled, turned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.damage.content.canvas import Plane
from training.damage.split import OVERLAY_KINDS

SCALES: dict[str, tuple[float, float]] = {
    "dirt": (0.5, 1.6),
    "spots": (0.5, 1.8),
    "sprinkles": (0.35, 1.3),
    "hair": (0.35, 1.6),
    "hair-short": (0.35, 1.6),
    "lint": (0.2, 1.2),
    "scratches": (0.4, 1.5),
    "dots": (0.1, 0.6),
    "smut": (0.2, 0.9),
    "stain": (0.2, 0.9),
}
"""By folder: least and largest scale at which an overlay is laid."""

MIDDLE = {"dots", "smut", "stain", "lint", "hair-short"}
"""What lies in the middle of its overlay: it is laid whole somewhere, not cropped."""


@dataclass(frozen=True)
class Overlays:
    """Opacity of overlays by folder, uint8 (h, w)."""

    planes: dict[str, tuple[npt.NDArray[np.uint8], ...]]

    @classmethod
    def of(cls, files: dict[str, list[Path]]) -> Overlays:
        """Reads them. Raises FileNotFoundError where one cannot be read."""
        return cls({kind: tuple(map(_opacity, paths)) for kind, paths in files.items()})

    def draw(self, side: int, folder: str, rng: np.random.Generator) -> tuple[Plane, str]:
        """Opacity float32 (side, side) in [0, 1] of one overlay, and its kind of damage."""
        every = self.planes[folder]
        plane = every[int(rng.integers(len(every)))]
        low, high = SCALES[folder]
        scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        turn = rng.uniform(0, 2 * np.pi)
        stretch = np.diag(np.exp(rng.normal(0, 0.1, 2)) * rng.choice((-1, 1), 2))
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = scale * spin @ stretch
        seen = np.array(plane.shape[::-1]) / 2 if folder in MIDDLE else _somewhere(plane, rng)
        here = rng.uniform(0.1, 0.9, 2) * side
        shift = here - matrix @ seen
        if scale < 0.75:
            # Less than one sample per pixel: soften, as a scanner would.
            plane = cv2.GaussianBlur(plane, (0, 0), 0.45 / scale)
        placed = cv2.warpAffine(
            plane, np.column_stack([matrix, shift]), (side, side), flags=cv2.INTER_LINEAR
        )
        return np.multiply(placed, np.float32(1 / 255), dtype=np.float32), OVERLAY_KINDS[folder]


def _somewhere(plane: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A place that shows something, x before y: most of an overlay is empty."""
    rows, columns = np.nonzero(plane[::3, ::3] > 80)
    if not len(rows):
        return np.array(plane.shape[::-1]) / 2
    which = int(rng.integers(len(rows)))
    return np.array([columns[which], rows[which]]) * 3.0 + rng.normal(0, 10, 2)


def _opacity(path: Path) -> npt.NDArray[np.uint8]:
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise FileNotFoundError(f"{path}: expected an overlay, found none that can be read")
    pixels = np.asarray(read)
    if pixels.ndim == 3 and pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return np.ascontiguousarray(pixels[..., 3])
    return np.ascontiguousarray(pixels if pixels.ndim == 2 else pixels[..., :3].max(axis=2))
