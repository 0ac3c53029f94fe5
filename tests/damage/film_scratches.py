"""Scratches along a film: as long as the page, nearly straight, thin, of uneven strength."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from damage.light import Picture


def film_scratches(
    picture: Picture, rng: np.random.Generator, count: int, *, light: bool | None = None
) -> tuple[Picture, list[npt.NDArray[np.float64]]]:
    """The scratched picture, and of each scratch its column in every row.

    A transport scratches where the film runs: all lines lean alike, each wanders a little. light:
    lighter or darker than the picture, each its own where it is None.
    """
    height, width = picture.shape[:2]
    rows = np.arange(height)
    lean = rng.uniform(-0.02, 0.02)
    starts = (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count * width
    out, lines = picture.astype(np.float32), []
    for start in starts:
        sway = cv2.GaussianBlur(rng.standard_normal((height, 1)), (1, 0), 0, sigmaY=60)[:, 0]
        column = start + lean * (rows - height / 2) + 2.0 * sway / sway.std()
        half = rng.uniform(0.45, 1.2)
        uneven = cv2.GaussianBlur(rng.standard_normal((height, 1)), (1, 0), 0, sigmaY=25)[:, 0]
        strength = rng.uniform(0.35, 0.8) * np.clip(1 + 0.35 * uneven / uneven.std(), 0.25, 1.3)
        away = np.abs(np.arange(width)[None, :] - column[:, None])
        cover = strength[:, None] * np.exp(-0.5 * (away / half) ** 2)
        own = rng.random() < 0.6 if light is None else light
        tone = np.float32(rng.uniform(0.85, 1.0) if own else rng.uniform(0.0, 0.15))
        out = out + cover[:, :, None].astype(np.float32) * (tone - out)
        lines.append(column)
    return np.clip(out, 0, 1).astype(np.float32), lines
