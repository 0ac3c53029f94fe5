"""Linear light of sRGB-encoded float32 pictures, and what optics do to it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
"""float32 (h, w, 1 or 3) in [0, 1]."""


def to_light(encoded: Picture) -> Picture:
    """Linear light of sRGB-encoded values (IEC 61966-2-1)."""
    toe = encoded <= np.float32(0.04045)
    curve = ((np.maximum(encoded, 0) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(toe, encoded / np.float32(12.92), curve).astype(np.float32)


def to_encoded(light: Picture) -> Picture:
    """sRGB-encoded values of linear light; what is below 0 becomes 0."""
    light = np.maximum(light, np.float32(0))
    curve = np.float32(1.055) * light ** np.float32(1 / 2.4) - np.float32(0.055)
    toe = light <= np.float32(0.0031308)
    return np.where(toe, light * np.float32(12.92), curve).astype(np.float32)


def channels_kept(pixels: npt.NDArray[np.float32]) -> Picture:
    """OpenCV drops the axis of a single channel; it comes back."""
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def softened(light: Picture, sigma: float) -> Picture:
    """Light behind optics whose point spread is a Gaussian of ``sigma`` pixels."""
    if sigma <= 0:
        return light
    return channels_kept(cv2.GaussianBlur(light, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101))


def spread(light: Picture, kernel: npt.NDArray[np.float32]) -> Picture:
    """Light behind a point spread of any shape, odd sides; the kernel is turned, not mirrored."""
    turned = kernel[::-1, ::-1]
    return channels_kept(cv2.filter2D(light, cv2.CV_32F, turned, borderType=cv2.BORDER_REFLECT_101))
