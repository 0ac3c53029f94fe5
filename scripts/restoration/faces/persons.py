"""Whether a restored face is still the same person: how far, and at which strength.

Distances are of dlib's embedding, which is biometric: computed, compared, and never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from restoration.networks.face_detector import PicturePlace
from restoration.networks.face_identity import distance
from restoration.raster.base import FloatImage, UInt8Image

STEP = 0.1
"""Between the strengths that are tried."""


class Identity(Protocol):
    """As ``networks.face_identity.FaceIdentity``; tests put in their own."""

    def landmarks(self, aligned: UInt8Image) -> list[PicturePlace]: ...

    def embedding(
        self, aligned: UInt8Image, landmarks: Sequence[PicturePlace]
    ) -> npt.NDArray[np.float64]: ...


@dataclass(frozen=True)
class Chosen:
    """The strength that a face takes."""

    strength: float | None
    """None where no strength stays under the limit."""
    distance: float | None
    """From the master's face to the restored one; at the smallest strength where none is taken."""
    distance_before: float
    """From the master's face to the one that came in, which earlier stages may have changed."""
    tried: tuple[tuple[float, float], ...]
    """Strengths and their distances, in the order in which they were tried."""

    def record(self) -> dict[str, Any]:
        return {
            "strength": self.strength,
            "distance": _figure(self.distance),
            "distance_before": _figure(self.distance_before),
            "tried": [[strength, _figure(found)] for strength, found in self.tried],
        }


class IdentityCheck:
    """Compares versions of one aligned face with the master's."""

    def __init__(self, identity: Identity, master: FloatImage) -> None:
        """master: float32 (SIDE, SIDE, 3), sRGB-encoded, the face as it was recorded."""
        self._identity = identity
        seen = codes(master)
        # Once: every version is judged by the same cut.
        self._landmarks = identity.landmarks(seen)
        self._own = identity.embedding(seen, self._landmarks)

    def distance(self, face: FloatImage) -> float:
        """Euclidean, of unit-like vectors; different people lie 0.6 and more apart."""
        other = self._identity.embedding(codes(face), self._landmarks)
        return distance(self._own, other)


def choose(
    person: IdentityCheck,
    restored: Callable[[float], FloatImage],
    before: FloatImage,
    wanted: float | Literal["auto"],
    most: float,
    limit: float,
) -> Chosen:
    """The largest strength at which the person stays the same.

    restored: the face at a strength. wanted: a strength that is taken or nothing, or ``auto``: from
    ``most`` downwards. limit: largest distance.
    """
    tried = []
    for strength in [wanted] if wanted != "auto" else _strengths(most):
        found = person.distance(restored(strength))
        tried.append((strength, found))
        if found <= limit:
            return Chosen(strength, found, person.distance(before), tuple(tried))
    return Chosen(None, tried[-1][1], person.distance(before), tuple(tried))


def _strengths(most: float) -> list[float]:
    count = max(1, int(most / STEP + 1e-9))
    return [round(most - STEP * step, 6) for step in range(count)]


def codes(face: FloatImage) -> UInt8Image:
    """What dlib's networks were trained on: 8 bits. For looking at alone; never goes back."""
    return np.asarray(np.rint(np.clip(face, 0.0, 1.0) * 255.0), np.uint8)


def _figure(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
