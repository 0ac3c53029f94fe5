"""A scan of film with an infrared channel."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import to_uint16
from support import corpus

Pixels = npt.NDArray[np.float32]


Mask = npt.NDArray[np.bool_]


def on_grid(pixels: Pixels) -> Pixels:
    """Values that a 16-bit file holds."""
    return to_uint16(pixels).astype(np.float32) / np.float32(65535)


@cache
def film() -> tuple[Pixels, Pixels, Mask]:
    """A colour slide, its infrared channel with the cyan dye in it, and where dust lies."""
    truth = corpus.photo("coffee")[:320, 100:420]
    rng = np.random.default_rng(9)
    spots = np.zeros(truth.shape[:2], np.uint8)
    for _ in range(25):
        place = tuple(int(each) for each in rng.integers(15, 300, 2))
        cv2.ellipse(spots, place, (int(rng.integers(1, 5)), 2), 40.0, 0, 360, 1, -1)
    cover = cv2.GaussianBlur(spots.astype(np.float32), (0, 0), 0.6)[:, :, None]
    # Dust on a slide takes light away; infrared passes dye, a little less where it is red-dark.
    slide = truth * (1 - 0.8 * cover)
    infrared = 0.8 * np.maximum(truth[:, :, :1], 0.004) ** 0.1 * (1 - 0.8 * cover)
    infrared += rng.normal(0, 1 / 255, infrared.shape).astype(np.float32)
    return on_grid(slide), on_grid(np.clip(infrared, 0, 1).astype(np.float32)), spots > 0
