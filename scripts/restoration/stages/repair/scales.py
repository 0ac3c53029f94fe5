"""A picture with a hole at half its scale, and filled smoothly from there."""

from __future__ import annotations

import cv2
import numpy as np

from restoration.raster.base import FloatImage, Mask


def smooth(pixels: FloatImage, hole: Mask) -> FloatImage:
    """The hole filled smoothly, from coarse to fine (Gortler et al., The Lumigraph, 1996)."""
    if not hole.any() or hole.all():
        return pixels
    out = pixels.copy()
    if min(hole.shape) < 2:
        out[hole] = pixels[~hole].mean(axis=0)
        return out
    out[hole] = doubled(smooth(*halved(pixels, hole)), hole.shape)[hole]
    return out


def halved(pixels: FloatImage, hole: Mask) -> tuple[FloatImage, Mask]:
    """The means of what is known of each 2 x 2 pixels; where less than half is, a hole."""
    height, width = (side + side % 2 for side in hole.shape)
    grown = ((0, height - hole.shape[0]), (0, width - hole.shape[1]))
    known = np.pad((~hole).astype(np.float32), grown, mode="edge")
    whole = np.pad(pixels, (*grown, (0, 0)), mode="edge") * known[:, :, None]
    count = known.reshape(height // 2, 2, width // 2, 2).sum(axis=(1, 3))
    total = whole.reshape(height // 2, 2, width // 2, 2, -1).sum(axis=(1, 3))
    mean = total / np.maximum(count, np.float32(1.0))[:, :, None]
    return np.asarray(mean, np.float32), np.asarray(count < 2)


def doubled(pixels: FloatImage, size: tuple[int, ...]) -> FloatImage:
    """Twice as wide and high, with what lies between drawn straight, and cut to this size."""
    large = cv2.resize(
        pixels, (2 * pixels.shape[1], 2 * pixels.shape[0]), interpolation=cv2.INTER_LINEAR
    )
    return np.asarray(large.reshape(*large.shape[:2], -1)[: size[0], : size[1]])
