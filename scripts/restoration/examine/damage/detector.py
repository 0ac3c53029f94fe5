"""The learned detector: where a plane shows damage, and of which kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from restoration.errors import CircumstanceError
from restoration.raster.base import Plane

RADIUS = 128
"""Most pixels, along one axis, that lie between a pixel and what its answer depends on."""

MULTIPLE = 16
"""Windows start at multiples of this, in pixels of their level, so that answers do not depend on
the window."""


@dataclass(frozen=True)
class Evidence:
    """What a search says of each pixel."""

    probability: Plane
    """Of damage, float32 (h, w) in [0, 1]."""
    kind: npt.NDArray[np.uint8]
    """uint8 (h, w): index into ``findings.damage.KINDS`` of the likeliest kind."""


class Detector(Protocol):
    """What searches a plane for damage."""

    def search(self, plane: Plane) -> Evidence:
        """plane: encoded luminance, float32 (h, w) in [0, 1], at the level of the search."""
        ...


class DamageDetector:
    """The network, on one thread."""

    @classmethod
    def load(cls) -> Detector:
        """The detector with the weights of the repository, once per process."""
        raise CircumstanceError("resources/damage-detector.safetensors: is not there")
