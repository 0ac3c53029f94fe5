"""What finds faces on an upright picture, whichever detector the settings name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import ClassVar, Protocol, cast

from restoration.errors import CircumstanceError, ConfigError
from restoration.examine.faces import retinaface_search
from restoration.examine.faces import search as face_search
from restoration.examine.faces.places import FoundFace, Search
from restoration.examine.faces.retinaface_search import PointDetector
from restoration.examine.faces.search import face_landmarks
from restoration.examine.upright import Point
from restoration.examine.window import PageFacts
from restoration.networks.face_detector import (
    LANDMARK_NAMES,
    POINT_NAMES,
    FaceDetector,
    UprightPicture,
    aligned_points,
)
from restoration.networks.manifest import Weights, find_weights

SURE, ENOUGH = 0.7, 1.6
"""Score of one face, which both detectors saw, and sum of the scores of all, from which nobody asks
whether the page lies on its side: a single weak find is often a pattern, or a face that lies."""


class DetectorCode(Protocol):
    """A module of ``networks`` that ``Architecture.detector`` names."""

    def load_detector(
        self, name: str, models_dir: Path, manifest: Mapping[str, Weights]
    ) -> PointDetector:
        """The network of that name. Raises as ``networks.weights.open_weights``."""
        ...


class Finder(Protocol):
    """A way to find faces."""

    method: ClassVar[str]
    """For the report, with its source."""
    most: float
    """Highest confidence of a count."""
    none: float
    """Confidence that there is no face where none was found."""
    detector: str
    """What looks, for the report."""
    landmark_names: tuple[str, ...]
    """What its predictor measures."""
    estimated: tuple[str, ...]
    """Which of POINT_NAMES follow from the landmarks alone."""
    nose: str
    """Which end of the nose its point is: ``tip`` or ``base``."""

    def search(self, picture: UprightPicture) -> Search:
        """The faces of an upright picture."""
        ...

    def search_turned(self, picture: UprightPicture) -> Search:
        """The faces of a picture that was stored on its side or upside down."""
        ...

    def points(
        self, picture: UprightPicture, face: FoundFace
    ) -> tuple[Sequence[Point], Sequence[Point]]:
        """The points of POINT_NAMES, and those of ``landmark_names``."""
        ...

    def smallest(self, picture: UprightPicture) -> float:
        """Side of the smallest face that it finds, in pixels of the picture."""
        ...


class DlibFinder:
    """dlib's gradients and, where the detector has it, its network."""

    method: ClassVar[str] = (
        "gradient detector (Dalal and Triggs 2005) and max-margin network (King 2015) of dlib"
    )

    landmark_names: tuple[str, ...] = LANDMARK_NAMES
    estimated: tuple[str, ...] = POINT_NAMES[3:]
    nose = "base"

    def __init__(self, detector: FaceDetector, how: str) -> None:
        self._detector = detector
        self.detector = f"dlib {detector.version}, {how}"
        self.most, self.none = (0.9, 0.6) if detector.has_network else (0.7, 0.4)

    def search(self, picture: UprightPicture) -> Search:
        return face_search.search(picture, self._detector)

    def search_turned(self, picture: UprightPicture) -> Search:
        return face_search.search_turned(picture, self._detector)

    def points(
        self, picture: UprightPicture, face: FoundFace
    ) -> tuple[Sequence[Point], Sequence[Point]]:
        landmarks = face_landmarks(picture, face, self._detector)
        return aligned_points(landmarks), landmarks

    def smallest(self, picture: UprightPicture) -> float:
        return face_search.SMALLEST


class RetinaFaceFinder:
    """RetinaFace, which measures all five points."""

    method: ClassVar[str] = "RetinaFace (Deng et al. 2020), windows at several scales"

    landmark_names: tuple[str, ...] = ()
    estimated: tuple[str, ...] = ()
    nose = "tip"

    def __init__(self, detector: PointDetector, name: str) -> None:
        self._detector = detector
        self.detector = f"retinaface, {name}"
        self.most, self.none = 0.9, 0.6

    def search(self, picture: UprightPicture) -> Search:
        return retinaface_search.search(picture, self._detector)

    def search_turned(self, picture: UprightPicture) -> Search:
        return retinaface_search.search_turned(picture, self._detector)

    def points(
        self, picture: UprightPicture, face: FoundFace
    ) -> tuple[Sequence[Point], Sequence[Point]]:
        return face.points, ()

    def smallest(self, picture: UprightPicture) -> float:
        return round(retinaface_search.SMALLEST / retinaface_search.finest_scale(picture), 1)


def search_any_way_up(finder: Finder, picture: UprightPicture) -> Search:
    """The faces of an upright picture, or where it shows hardly any, of one that lies."""
    found = finder.search(picture)
    if _total(found) >= ENOUGH or any(face.score >= SURE for face in found.faces):
        return found
    turned = finder.search_turned(picture)
    return turned if _total(turned) > _total(found) else found


def retinaface_finder(page: PageFacts) -> RetinaFaceFinder:
    """The network that ``examine.face_network`` names.

    Raises CircumstanceError where its weights are not there, ConfigError where it finds no faces.
    """
    name = page.settings.face_network
    if page.models_dir is None or page.manifest is None:
        raise CircumstanceError("no folder or no manifest of weights was given")
    kind = find_weights(page.manifest, name).kind
    if kind.detector is None:
        raise ConfigError(f"network '{name}' finds no faces: it is {kind.name}")
    # Named, not imported: whoever finds faces with dlib should not wait for torch, nor find them
    # anew when this code changes.
    code = cast("DetectorCode", import_module(kind.detector))
    return RetinaFaceFinder(code.load_detector(name, page.models_dir, page.manifest), name)


def _total(found: Search) -> float:
    return sum(face.score for face in found.faces)
