"""What of a network's face is taken: the band that it can carry, in the aligned frame.

The low band (skin tone, light and shade) is the scan's. The mid band, down to the frame's own
pixels, is the network's times the strength. What is finer than the frame stays the scan's, where
the scan resolves more: the change is added to the scan and holds nothing so fine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from restoration.faces.grain import Grain, noise_of, study
from restoration.faces.sampling import Plane
from restoration.raster.base import FloatImage

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
    grain: Grain | None
    """What lies around the face; None where there is none, or none is wanted."""
    seed: str

    def change(self, strength: float) -> FloatImage:
        """What is added to the scan at full weight, float32 (SIDE, SIDE, 1 or 3).

        The first carries luminance, the same for each channel.
        """
        change = self.after - self.before
        if not self.colour:
            change = (change @ LUMA)[..., None]
        if self.grain is not None:
            change = change + self._missing_grain(strength)[..., None]
        low = [
            gaussian_filter(change[..., c], self.tone_band, mode="nearest")
            for c in range(change.shape[2])
        ]
        return np.asarray(strength * (change - np.stack(low, axis=-1)), np.float32)

    def restored(self, strength: float) -> FloatImage:
        """The whole frame at a strength, float32 (SIDE, SIDE, 3), clipped to [0, 1]."""
        merged = self.before + self.weights[..., None] * self.change(strength)
        return np.asarray(np.clip(merged, 0.0, 1.0), np.float32)

    def _missing_grain(self, strength: float) -> Plane:
        """Grain such that the mix of scan and network has as much as the surroundings.

        The scan's own share keeps (1 - s) of its grain; what is drawn is independent of it, so
        that variances add up: s² g² = 1 - (1 - s)² gives g. What the network drew itself counts.
        """
        assert self.grain is not None
        gain = np.sqrt((2.0 - strength) / strength)
        inside = self.weights > 0.5
        drawn = noise_of(np.asarray(self.after @ LUMA, np.float32), inside)
        wanted = np.sqrt(max((gain * self.grain.sigma) ** 2 - drawn**2, 0.0))
        field = self.grain.draw(self.seed)
        return np.asarray(field * (wanted / self.grain.sigma), np.float32)


def grain_around(before: FloatImage, weights: Plane) -> Grain | None:
    """Of a frame's pixels beside the face; None where they show none."""
    luminance = np.asarray(before @ LUMA, np.float32)
    return study(luminance, weights == 0.0)
