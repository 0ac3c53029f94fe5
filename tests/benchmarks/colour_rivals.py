"""What is usually done about a cast, on sRGB-encoded pictures, knowing nothing of dyes or paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from damage.light import Picture, channels_kept, to_encoded, to_light

CUT = 0.5
"""Percent of the samples that automatic levels give up at each end, as image editors do."""


def nothing(scan: Picture) -> Picture:
    return scan


def grey_world(scan: Picture) -> Picture:
    """The mean of the light is made grey (Buchsbaum 1980)."""
    light = to_light(scan)
    mean = light.mean(axis=(0, 1), keepdims=True)
    return to_encoded(np.clip(light * (mean.mean() / np.maximum(mean, 1e-6)), 0, 1))


def white_patch(scan: Picture) -> Picture:
    """The lightest light is made white (Land 1977), of each channel its 99.5th percentile."""
    light = to_light(scan)
    white = np.percentile(light, 100.0 - CUT, axis=(0, 1)).astype(np.float32)
    return to_encoded(np.clip(light * (white.max() / np.maximum(white, 1e-6)), 0, 1))


def auto_levels(scan: Picture) -> Picture:
    """Each channel's encoded values are stretched from its darkest to its lightest."""
    low, high = np.percentile(scan, (CUT, 100.0 - CUT), axis=(0, 1)).astype(np.float32)
    return np.clip((scan - low) / np.maximum(high - low, 1e-3), 0, 1)


def clahe(scan: Picture) -> Picture:
    """Lightness is equalised region by region, 8 x 8 with a limit of 2 (Zuiderveld 1994)."""
    if scan.shape[2] == 1:
        codes = np.rint(scan[:, :, 0] * 65535).astype(np.uint16)
        done = cv2.createCLAHE(2.0, (8, 8)).apply(codes)
        return channels_kept(done.astype(np.float32) / np.float32(65535))
    lab = cv2.cvtColor(scan, cv2.COLOR_RGB2Lab)
    codes = np.rint(np.clip(lab[:, :, 0], 0, 100) * 655.35).astype(np.uint16)
    lab[:, :, 0] = cv2.createCLAHE(2.0, (8, 8)).apply(codes).astype(np.float32) / np.float32(655.35)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)


RIVALS: Mapping[str, Callable[[Picture], Picture]] = {
    "nothing": nothing,
    "grey-world": grey_world,
    "white-patch": white_patch,
    "auto levels": auto_levels,
    "CLAHE": clahe,
}
