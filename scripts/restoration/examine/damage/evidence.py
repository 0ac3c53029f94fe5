"""What every look at damage begins with: the luminance of a window."""

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
