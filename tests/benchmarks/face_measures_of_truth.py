"""How near a restored face is to the truth, by measures that did not choose how it was restored.

Areas are parts of the five-point template, so they need no other network; they follow the truth's
own points, and every result of one face is measured in the same areas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from face_crops import codes8, crop, to_aligned
from quality_measures import psnr
from skimage.metrics import structural_similarity

from damage.light import Picture
from restoration.networks.face_detector import PicturePlace, aligned_points
from restoration.networks.face_identity import TEMPLATE, FaceIdentity, distance

Mask = npt.NDArray[np.bool_]

EYES_APART = TEMPLATE[1][0] - TEMPLATE[0][0]
"""In the aligned crop, pixels."""

ELLIPSES: Mapping[str, tuple[tuple[float, float, float, float], ...]] = {
    "head": ((256.0, 292.0, 150.0, 190.0),),
    "face": ((256.0, 304.0, 118.0, 166.0),),
    "eyes": (
        (TEMPLATE[0][0], TEMPLATE[0][1], 46.0, 28.0),
        (TEMPLATE[1][0], TEMPLATE[1][1], 46.0, 28.0),
    ),
    "nose": ((256.6, 300.0, 38.0, 48.0),),
    "mouth": ((257.2, 371.3, 78.0, 36.0),),
}
"""Middle (right, down) and half axes, in pixels of the aligned crop. The face is the mean
outline of FFHQ's aligned faces, from the forehead to the chin without hair and ears; its skin is
what eyes, nose and mouth leave of it. The head goes from ear to ear and holds hair and collar."""

AREAS = ("face", "eyes", "nose", "mouth", "skin", "head")


@dataclass(frozen=True)
class Nearness:
    """One version of a face against the truth."""

    psnr_db: Mapping[str, float | None]
    """By area; None where the area has no pixel."""
    ssim: Mapping[str, float | None]
    points_percent: float
    """Mean displacement of the predictor's eye middles and base of the nose, in percent of the
    distance of the eyes."""
    identity: float
    """Distance of the embeddings, cropped by the truth's own points."""


class TruthOfFace:
    """A truth whose areas, points and embedding are found once."""

    def __init__(
        self, truth: Picture, points: Sequence[PicturePlace], identity: FaceIdentity
    ) -> None:
        """truth: float32 (h, w, 3); points: five, on it."""
        self._truth, self._identity = truth, identity
        self._matrix = to_aligned(points)
        self.areas = areas_of(self._matrix, truth.shape[:2])
        aligned = codes8(crop(truth, self._matrix))
        self._landmarks = identity.landmarks(aligned)
        self.embedding = identity.embedding(aligned, self._landmarks)

    def embedding_of(self, version: Picture) -> npt.NDArray[np.float64]:
        """Of another version of the same page."""
        return self._identity.embedding(codes8(crop(version, self._matrix)), self._landmarks)

    def nearness(self, version: Picture) -> Nearness:
        """version: float32, of the truth's size."""
        aligned = codes8(crop(version, self._matrix))
        own, true = (
            np.array(aligned_points(marks))[:3]
            for marks in (self._identity.landmarks(aligned), self._landmarks)
        )
        moved = float(np.hypot(*(own - true).T).mean())
        return Nearness(
            {name: psnr(version, self._truth, area) for name, area in self.areas.items()},
            self._ssim(version),
            100.0 * moved / EYES_APART,
            distance(self.embedding, self._identity.embedding(aligned, self._landmarks)),
        )

    def _ssim(self, version: Picture) -> dict[str, float | None]:
        _, similar = structural_similarity(
            version, self._truth, data_range=1.0, channel_axis=2, full=True
        )
        return {
            name: float(similar[area].mean()) if area.any() else None
            for name, area in self.areas.items()
        }


def areas_of(matrix: npt.NDArray[np.float64], size: tuple[int, ...]) -> dict[str, Mask]:
    """Which pixels of the page belong to which of AREAS.

    matrix: from the page to the aligned crop; size: height and width of the page.
    """
    rows, columns = np.mgrid[: size[0], : size[1]]
    right = matrix[0, 0] * columns + matrix[0, 1] * rows + matrix[0, 2]
    down = matrix[1, 0] * columns + matrix[1, 1] * rows + matrix[1, 2]
    found = {
        name: np.any(
            [((right - x) / a) ** 2 + ((down - y) / b) ** 2 <= 1 for x, y, a, b in ellipses], axis=0
        )
        for name, ellipses in ELLIPSES.items()
    }
    features = found["eyes"] | found["nose"] | found["mouth"]
    found["skin"] = found["face"] & ~features
    return found
