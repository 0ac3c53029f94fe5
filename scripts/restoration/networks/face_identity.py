"""How alike two faces are, by dlib's embedding; and dlib's points inside an aligned face.

The embedding is a residual network of 29 convolutions that maps a face to 128 numbers, trained so
that pictures of one person lie within a ball of radius 0.6 (King, dlib-models, 2017). Here it
compares a face with itself, before and after a restoration: nobody is recognised, and no
embedding is stored or written anywhere.

An *aligned* face is uint8 (512, 512, 3), sRGB, upright, with its points at those of TEMPLATE.
dlib runs on one thread and has no random part: the same face gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.networks.dlib_files import library, opened
from restoration.networks.face_detector import POINTS_FILE, PicturePlace, UprightPicture

IDENTITY_FILE = "dlib_face_recognition_resnet_model_v1.dat"
DENSE_POINTS_FILE = "shape_predictor_68_face_landmarks.dat"

TEMPLATE = (
    (192.98138, 239.94708),
    (318.90277, 240.1936),
    (256.63416, 314.01935),
    (201.26117, 371.41043),
    (313.08905, 371.15118),
)
"""Where eyes, nose and corners of the mouth lie in an aligned face, in the order of
``face_detector.POINT_NAMES``: FFHQ's, as ``facexlib.utils.face_restoration_helper`` (0.3.0) states
them. Right and down, and the first pixel's centre lies at 0, as OpenCV counts; unlike a Place."""

BOX_TOP, BOX_LEFT, BOX_SIDE = 130, 95, 310
"""What dlib's detector of gradients calls the face in an aligned one: so on four of six
photographs; on the others its pyramid of sizes had no step as near. The predictors were trained
on that detector's boxes, and a fixed one is there in pictures too damaged to be searched."""

LENGTH = 128
"""Numbers of an embedding."""


class FaceIdentity:
    """The embedding and the five points of one folder of weights."""

    SIDE = 512
    """Width and height of an aligned face, in pixels."""

    def __init__(self, models_dir: Path) -> None:
        """Raises CircumstanceError where dlib or a file is missing or cannot be opened."""
        self._dlib = library()
        self._points: Any = opened(self._dlib.shape_predictor, models_dir / POINTS_FILE)
        self._network: Any = opened(
            self._dlib.face_recognition_model_v1, models_dir / IDENTITY_FILE
        )

    def landmarks(self, aligned: UprightPicture) -> list[PicturePlace]:
        """The predictor's five points, in the order of ``face_detector.LANDMARK_NAMES``.

        To be taken once, from the best version of a face, and used for every other version of
        it: where each version had its own, a shift of the points would count as one of the face.

        Raises ValueError where the picture is not an aligned one.
        """
        return _predicted(self._dlib, self._points, _checked(aligned))

    def embedding(
        self, aligned: UprightPicture, landmarks: Sequence[PicturePlace]
    ) -> npt.NDArray[np.float64]:
        """(128,), of length about 1.4; only distances between two of them mean anything.

        landmarks: as ``landmarks`` gave them; dlib crops the face by them, at 150 pixels.

        Raises ValueError where the picture is not an aligned one, or the points are not five.
        """
        if len(landmarks) != 5:
            raise ValueError(f"expected 5 landmarks, found {len(landmarks)}")
        # dlib's points are whole pixels.
        parts = [
            self._dlib.point(round(right - 0.5), round(down - 0.5)) for down, right in landmarks
        ]
        shape = self._dlib.full_object_detection(_box(self._dlib), parts)
        found = self._network.compute_face_descriptor(_checked(aligned), shape)
        return np.asarray(found, dtype=np.float64)


class DensePoints:
    """dlib's 68 points of a face: outline, brows, nose, eyes, mouth.

    Trained on iBUG 300-W: no commercial use. Nothing in the workflow opens it.
    """

    def __init__(self, models_dir: Path) -> None:
        """Raises CircumstanceError where dlib or the file is missing or cannot be opened."""
        self._dlib = library()
        self._points: Any = opened(self._dlib.shape_predictor, models_dir / DENSE_POINTS_FILE)

    def points(self, aligned: UprightPicture) -> list[PicturePlace]:
        """68 places in the aligned face, in the order of iBUG 300-W.

        Raises ValueError where the picture is not an aligned one.
        """
        return _predicted(self._dlib, self._points, _checked(aligned))


def distance(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Euclidean distance of two embeddings: 0 for the same face; dlib calls 0.6 another person."""
    return float(np.linalg.norm(one - other))


@lru_cache(maxsize=2)
def face_identity(models_dir: Path) -> FaceIdentity:
    """The embedding of this folder; it is opened once for each process.

    Raises CircumstanceError, see FaceIdentity.
    """
    return FaceIdentity(models_dir)


def _checked(aligned: UprightPicture) -> UprightPicture:
    side = FaceIdentity.SIDE
    if aligned.shape != (side, side, 3) or aligned.dtype != np.uint8:
        raise ValueError(
            f"expected an aligned face, uint8 ({side}, {side}, 3), found {aligned.dtype} "
            f"{aligned.shape}"
        )
    return np.ascontiguousarray(aligned)


def _box(dlib: Any) -> Any:
    right, bottom = BOX_LEFT + BOX_SIDE - 1, BOX_TOP + BOX_SIDE - 1
    return dlib.rectangle(BOX_LEFT, BOX_TOP, right, bottom)


def _predicted(dlib: Any, predictor: Any, aligned: UprightPicture) -> list[PicturePlace]:
    shape = predictor(aligned, _box(dlib))
    return [(part.y + 0.5, part.x + 0.5) for part in shape.parts()]
