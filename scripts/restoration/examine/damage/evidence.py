"""What every look at damage begins with: the luminance of a window, and its finest noise."""

from __future__ import annotations

import cv2
import numpy as np

from restoration.raster.base import FloatImage, Plane

WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""Encoded luminance (Rec. ITU-R BT.601), as in the condition report."""


def luminance(pixels: FloatImage) -> Plane:
    """Encoded luminance of float32 (h, w, 1 or 3)."""
    if pixels.shape[2] == 1:
        return np.ascontiguousarray(pixels[:, :, 0])
    return np.asarray(cv2.transform(np.ascontiguousarray(pixels), WEIGHTS[None])).reshape(
        pixels.shape[:2]
    )


def finest_noise(plane: Plane) -> float:
    """Standard deviation of the noise from the median of 2 x 2 diagonal differences.

    Donoho and Johnstone 1994 (median absolute deviation of the finest Haar diagonal band); never
    below a third of an 8-bit code, the rounding of such a file.
    """
    if min(plane.shape) < 2:
        return 0.3 / 255.0
    difference = (
        plane[:-1:2] - plane[1::2] if plane.shape[0] % 2 == 0 else plane[:-2:2] - plane[1::2]
    )
    even = difference[:, : difference.shape[1] // 2 * 2]
    crossed = np.abs(even[:, ::2] - even[:, 1::2])
    return max(float(np.median(crossed)) / 0.6745 / 2.0, 0.3 / 255.0)
