"""What a restored face is checked for, beside whom it shows: eyes, symmetry, skin.

All in the aligned frame, of crops float32 (512, 512, 3), sRGB-encoded, in [0, 1].
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from restoration.faces.frame import EYES_AND_MOUTH, SIDE
from restoration.raster.base import FloatImage, Plane
from restoration.stages.faces.measured_change import LUMA

IRIS = 11.0
"""Radius of an iris in the frame, in pixels: 11.7 mm across where eyes are 63 mm apart."""

EYE_COLOUR_LIMIT = 6.0
"""Change of an iris in the a* b* plane, CIE 1976, above which a person should look: brown and blue
irises lie 15 to 30 apart."""

SYMMETRY_LIMIT = 0.15
"""Change of the correlation between both halves above which a person should look."""

PLASTIC_BELOW = 0.5
"""Texture of the skin, of what lies around it and of what it had before, below which a person
should look: half is what the eye takes for plastic beside the rest of the picture."""


@dataclass(frozen=True)
class Checked:
    """Figures of one face."""

    eye_colour: tuple[float, float]
    """Change of both irises, left and right as one sees them, in the a* b* plane."""
    symmetry_before: float
    """Correlation of the face's structure with its mirror image, -1 to 1."""
    symmetry_after: float
    texture: float
    """Standard deviation of what is fine on the skin after restoration, over that before."""
    texture_around: float
    """The same over that of the flat surroundings of the face; 0 where they have none."""

    def doubts(self) -> list[str]:
        """What a person should look at."""
        found = []
        if max(self.eye_colour) > EYE_COLOUR_LIMIT:
            found.append(f"an eye changed its colour by {max(self.eye_colour):.1f} (a* b*)")
        if abs(self.symmetry_after - self.symmetry_before) > SYMMETRY_LIMIT:
            found.append(
                f"the halves' likeness went from {self.symmetry_before:.2f} to "
                f"{self.symmetry_after:.2f}"
            )
        if self.texture < PLASTIC_BELOW and 0.0 < self.texture_around < PLASTIC_BELOW:
            found.append(
                f"the skin has {100 * self.texture:.0f} % of the texture that it had and "
                f"{100 * self.texture_around:.0f} % of that around it"
            )
        return found

    def record(self) -> dict[str, Any]:
        """For the stage's record, three digits."""
        return {key: _rounded(value) for key, value in asdict(self).items()}


def check(before: FloatImage, after: FloatImage, skin: Plane, around: Plane) -> Checked:
    """Compares a face with itself before.

    skin, around: masks in [0, 1], of the skin and of what lies beside the face.
    """
    first, second = _fine(before), _fine(after)
    was, now = _spread(first, skin), _spread(second, skin)
    beside = _spread(second, around)
    return Checked(
        eye_colour=_eye_colour(before, after),
        symmetry_before=_symmetry(before),
        symmetry_after=_symmetry(after),
        texture=now / was if was > 0.0 else 1.0,
        texture_around=now / beside if beside > 0.0 else 0.0,
    )


def _luminance(crop: FloatImage) -> Plane:
    return np.asarray(crop @ LUMA, np.float32)


def _fine(crop: FloatImage) -> Plane:
    """What is finer than three pixels."""
    plane = _luminance(crop)
    return np.asarray(plane - gaussian_filter(plane, 3.0), np.float32)


def _spread(fine: Plane, mask: Plane) -> float:
    """Median of local standard deviations: an edge or a wrinkle does not make a texture."""
    inside = mask > 0.5
    energy = gaussian_filter(np.square(fine), 6.0)
    return float(np.sqrt(np.median(energy[inside]))) if inside.any() else 0.0


def _eye_colour(before: FloatImage, after: FloatImage) -> tuple[float, float]:
    changes = []
    for x, y in EYES_AND_MOUTH[:2]:
        down, across = np.ogrid[:SIDE, :SIDE]
        iris = np.hypot(across + 0.5 - x, down + 0.5 - y) <= IRIS
        first, second = (_lab(crop[iris]).mean(axis=0) for crop in (before, after))
        changes.append(float(np.hypot(*(second - first)[1:])))
    return changes[0], changes[1]


def _lab(pixels: FloatImage) -> FloatImage:
    """float32 (n, 3), sRGB-encoded, to L* a* b*."""
    held = np.clip(pixels, 0.0, 1.0).astype(np.float32)[None]
    return np.asarray(cv2.cvtColor(held, cv2.COLOR_RGB2LAB)[0], np.float32)


def _symmetry(crop: FloatImage) -> float:
    """Of eyes, nose and mouth, without the light that falls on one half."""
    room = 32
    plane = _luminance(crop[180 - room : 430 + room, 146 - room : 366 + room])
    band = gaussian_filter(plane, 3.0) - gaussian_filter(plane, 16.0)
    face = band[room:-room, room:-room]
    mirrored = face[:, ::-1]
    both = face - face.mean(), mirrored - mirrored.mean()
    scale = float(np.sqrt((both[0] ** 2).sum() * (both[1] ** 2).sum()))
    return float((both[0] * both[1]).sum()) / scale if scale > 0.0 else 1.0


def _rounded(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_rounded(item) for item in value]
    return float(f"{value:.3g}")
