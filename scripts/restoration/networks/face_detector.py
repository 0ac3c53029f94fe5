"""dlib's face detectors and its predictor of five points, on upright sRGB pictures.

Detectors: histograms of oriented gradients (Dalal and Triggs 2005; no weights) and a convolutional
network trained with max-margin object detection (King 2015, arXiv:1502.00046); both see faces
from about 80 pixels. Points: an ensemble of regression trees (Kazemi and Sullivan 2014). dlib runs
them on one thread, the network in 0.9 KB for each pixel and 6 s for a megapixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration.networks.dlib_files import library, opened

NETWORK_FILE = "mmod_human_face_detector.dat"
POINTS_FILE = "shape_predictor_5_face_landmarks.dat"

LANDMARK_NAMES = (
    "eye on the right, outer corner",
    "eye on the right, inner corner",
    "eye on the left, outer corner",
    "eye on the left, inner corner",
    "base of the nose",
)
"""In the order of the predictor; right and left as one sees them in the upright picture."""

POINT_NAMES = (
    "eye on the left",
    "eye on the right",
    "base of the nose",
    "corner of the mouth on the left",
    "corner of the mouth on the right",
)
"""The five points that face networks align by, in their order. The eyes are the middles of their
corners; the mouth is not measured but follows from eyes and nose, see ``aligned_points``."""

MOUTH_DOWN, MOUTH_ASIDE, MOUTH_HALF = 1.43, 0.6, 0.4
"""Where the mouth lies, read off ten photographs (1.34 to 1.57, 0.4 to 0.8, 0.36 to 0.44): down,
of the distance from the eyes to the base of the nose; aside, of the nose's own shift in a
turned face; half its width, of the distance between the eyes. ArcFace (Deng et al. 2019)
has 0.41 for the width."""

PicturePlace = tuple[float, float]
"""Down and right, in pixels; the first pixel's centre lies at 1/2."""

UprightPicture = npt.NDArray[np.uint8]
"""uint8 (height, width, 3), sRGB, upright."""


@dataclass(frozen=True)
class Detection:
    """A face, in pixels of the picture that was searched; the box may reach over its edge."""

    top: float
    left: float
    side: float
    """Boxes are square: from the brows to the chin."""
    score: float
    """As the detector gives it; not comparable between detectors."""


@dataclass(frozen=True)
class MeasuredFace:
    """A face in pixels of the window."""

    box: Detection
    """Square about the network's box (hairline to chin), of the same area; score from 0 to 1."""
    points: tuple[PicturePlace, ...]
    """Eyes, tip of the nose, corners of the mouth: left, right, nose, left, right."""


class FaceDetector:
    """The detectors of one folder of weights. A missing network is an error, not a fallback."""

    def __init__(self, models_dir: Path, *, network: bool) -> None:
        """Raises CircumstanceError where dlib or a file is missing or cannot be opened."""
        dlib = library()
        self._dlib = dlib
        self.version = str(dlib.__version__)
        self._gradients: Any = dlib.get_frontal_face_detector()
        self._points: Any = opened(dlib.shape_predictor, models_dir / POINTS_FILE)
        self._network: Any = None
        if network:
            self._network = opened(dlib.cnn_face_detection_model_v1, models_dir / NETWORK_FILE)

    @property
    def has_network(self) -> bool:
        return self._network is not None

    def by_gradients(self, picture: UprightPicture, threshold: float) -> list[Detection]:
        """Faces from about 80 pixels, frontal or nearly so, that score above ``threshold``."""
        if min(picture.shape[:2]) < 80:
            return []
        # On grey: two thirds of the time that three channels take.
        grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
        boxes, scores, _ = self._gradients.run(grey, 0, threshold)
        return [_detection(box, score) for box, score in zip(boxes, scores, strict=True)]

    def by_network(self, picture: UprightPicture) -> list[Detection]:
        """Faces from about 80 pixels; the network's own threshold.

        Raises ValueError where the detector was made without its network.
        """
        if self._network is None:
            raise ValueError("the detector was made without its network")
        found = self._network(np.ascontiguousarray(picture), 0)
        return [_detection(face.rect, face.confidence) for face in found]

    def landmarks(self, picture: UprightPicture, face: Detection) -> list[PicturePlace]:
        """The predictor's five points of a face, in the order of LANDMARK_NAMES."""
        left, top = round(face.left), round(face.top)
        right, bottom = round(face.left + face.side), round(face.top + face.side)
        box = self._dlib.rectangle(left, top, right - 1, bottom - 1)
        shape = self._points(np.ascontiguousarray(picture), box)
        return [(part.y + 0.5, part.x + 0.5) for part in shape.parts()]


def aligned_points(landmarks: Sequence[PicturePlace]) -> list[PicturePlace]:
    """Eyes, nose and mouth, in the order of POINT_NAMES, from the points of LANDMARK_NAMES."""
    corners = np.asarray(landmarks, dtype=np.float64)
    right, left, nose = corners[:2].mean(axis=0), corners[2:4].mean(axis=0), corners[4]
    between, apart = (left + right) / 2.0, right - left
    axis = apart / max(float(np.hypot(*apart)), 1e-6)
    aside = axis * float((nose - between) @ axis)
    down = nose - between - aside
    mouth = between + MOUTH_DOWN * down + MOUTH_ASIDE * aside
    half = MOUTH_HALF * apart
    places = (left, right, nose, mouth - half, mouth + half)
    return [(float(down), float(along)) for down, along in places]


@lru_cache(maxsize=2)
def face_detector(models_dir: Path, network: bool) -> FaceDetector:
    """The detector of this folder; it is opened once for each process.

    Raises CircumstanceError, see FaceDetector.
    """
    return FaceDetector(models_dir, network=network)


def _detection(box: Any, score: float) -> Detection:
    side = (box.width() + box.height()) / 2.0
    return Detection(float(box.top()), float(box.left()), side, float(score))
