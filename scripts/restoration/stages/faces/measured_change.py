"""What of a network's face is taken: the band that it can carry, in the aligned frame.

The low band (skin tone, light and shade) is the scan's. The mid band, down to the frame's own
pixels, is the network's times the strength. What is finer than the frame stays the scan's, where
the scan resolves more: the change is added to the scan and holds nothing so fine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

from restoration.raster.base import FloatImage, Plane
from restoration.stages.faces.grain import FaceGrain, noise_of, study

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of encoded luminance (Rec. ITU-R BT.601)."""


@dataclass(frozen=True)
class Answer:
    """One face before and after its network, in the aligned frame."""

    before: FloatImage
    """float32 (SIDE, SIDE, 3), sRGB-encoded, not clipped."""
    after: FloatImage
    weights: Plane
    """Share of the strength at each pixel, in [0, 1]."""
    tone_band: float
    """Standard deviation of the low band, in pixels of the frame."""
    colour: bool
    """Whether the network's colours are taken, or its luminance alone."""
    grain: FaceGrain | None
    """What lies around the face; None where there is none, or none is wanted."""
    seed: str

    def change(self, strength: float) -> FloatImage:
        """What is added to the scan at full weight, float32 (SIDE, SIDE, 1 or 3).

        The first carries luminance, the same for each channel.
        """
        change = self._network_band
        if self.grain is not None:
            change = change + np.float32(self._gain(strength)) * self._grain_band
        return np.asarray(np.float32(strength) * change, np.float32)

    def restored(self, strength: float) -> FloatImage:
        """The whole frame at a strength, float32 (SIDE, SIDE, 3), clipped to [0, 1]."""
        merged = self.before + self.weights[..., None] * self.change(strength)
        return np.asarray(np.clip(merged, 0.0, 1.0), np.float32)

    @cached_property
    def _network_band(self) -> FloatImage:
        """What the network changes, without its low band."""
        change = self.after - self.before
        if not self.colour:
            change = (change @ LUMA)[..., None]
        return self._without_low_band(change)

    @cached_property
    def _grain_band(self) -> FloatImage:
        assert self.grain is not None
        return self._without_low_band(self.grain.draw(self.seed)[..., None])

    @cached_property
    def _drawn(self) -> float:
        """Noise that the network drew itself."""
        inside = np.asarray(self.weights > 0.5)
        return noise_of(np.asarray(self.after @ LUMA, np.float32), inside)

    def _without_low_band(self, planes: FloatImage) -> FloatImage:
        low = [
            gaussian_filter(planes[..., channel], self.tone_band, mode="nearest")
            for channel in range(planes.shape[2])
        ]
        return np.asarray(planes - np.stack(low, axis=-1), np.float32)

    def _gain(self, strength: float) -> float:
        """Of the drawn grain, such that the mix of scan and network has as much as what is around.

        The scan's own share keeps (1 - s) of its grain; what is drawn is independent of it, so
        that variances add up: s² g² = 1 - (1 - s)² gives g. What the network drew itself counts.
        """
        assert self.grain is not None
        wanted = (2.0 - strength) / strength - (self._drawn / self.grain.sigma) ** 2
        return float(np.sqrt(max(wanted, 0.0)))


def grain_around(before: FloatImage, weights: Plane) -> FaceGrain | None:
    """Of a frame's pixels beside the face; None where they show none."""
    luminance = np.asarray(before @ LUMA, np.float32)
    return study(luminance, weights == 0.0)
