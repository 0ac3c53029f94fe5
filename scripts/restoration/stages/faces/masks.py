"""Where a face takes what the network made: one soft mask per feature, in the aligned frame.

From five points the features are ellipses of a mean face, set on this face's own eyes and mouth;
from 68 points they are polygons. Hair, ears and what hangs from them lie outside, and outside every
value is exactly 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from restoration.config.stages.faces import FeatureStrengths
from restoration.faces.frame import EYES_AND_MOUTH, SIDE, Places
from restoration.raster.base import Plane

FEATURES = ("eyes", "brows", "mouth", "nose", "jaw", "skin")
"""In the order in which they claim what they share."""

# The mean face, in pixels of the frame, read off aligned photographs.
_EYE, _BROW, _NOSE = (42.0, 24.0), (52.0, 20.0), (40.0, 64.0)
_BROW_ABOVE_EYE, _NOSE_MIDDLE = 36.0, (256.0, 296.0)
_MOUTH_BEYOND_CORNERS, _MOUTH_HEIGHT = 24.0, 36.0
_OVAL_MIDDLE, _OVAL_HALF, _OVAL_TOP, _OVAL_BOTTOM = 256.0, 116.0, 158.0, 462.0
_NARROWEST = 56.0

FEATHER = 0.35
"""Share of a feature's half-axis over which its mask falls to 0."""

OVAL_FEATHER = 0.28

DENSE_FEATHER = 14.0
"""Pixels of the frame over which a polygon's mask falls to 0, inside."""

_DENSE: Mapping[str, tuple[tuple[slice, float], ...]] = {
    "eyes": ((slice(36, 42), 16.0), (slice(42, 48), 16.0)),
    "brows": ((slice(17, 22), 14.0), (slice(22, 27), 14.0)),
    "mouth": ((slice(48, 60), 18.0),),
    "nose": ((slice(27, 36), 16.0),),
}
"""dlib's 68 points: which belong to a feature, and by how many pixels it is larger than they."""


def _smooth(share: Plane) -> Plane:
    """0 to 1 without corners."""
    held = np.clip(share, 0.0, 1.0)
    return np.asarray(held * held * (3.0 - 2.0 * held), np.float32)


def _grid() -> tuple[Plane, Plane]:
    centres = np.arange(SIDE, dtype=np.float32) + np.float32(0.5)
    x, y = np.meshgrid(centres, centres)
    return x, y


def _ellipse(middle: tuple[float, float], half: tuple[float, float]) -> Plane:
    x, y = _grid()
    radius = np.hypot((x - middle[0]) / half[0], (y - middle[1]) / half[1])
    return _smooth(np.asarray((1.0 - radius) / FEATHER, np.float32))


def _oval(nose: tuple[float, float]) -> Plane:
    """The face without hair; narrower on the side from which it is turned away."""
    x, y = _grid()
    turned = nose[0] - _OVAL_MIDDLE
    left = max(_OVAL_HALF - 1.2 * max(-turned, 0.0), _NARROWEST)
    right = max(_OVAL_HALF - 1.2 * max(turned, 0.0), _NARROWEST)
    half = np.where(x < _OVAL_MIDDLE, np.float32(left), np.float32(right))
    middle, height = (_OVAL_TOP + _OVAL_BOTTOM) / 2.0, (_OVAL_BOTTOM - _OVAL_TOP) / 2.0
    across, down = (x - _OVAL_MIDDLE) / half, (y - middle) / height
    # Above its middle a face is as wide as a superellipse of exponent 3, below it is an ellipse.
    power = np.where(down < 0.0, np.float32(3.0), np.float32(2.0))
    radius = (np.abs(across) ** power + np.abs(down) ** power) ** (1.0 / power)
    return _smooth(np.asarray((1.0 - radius) / OVAL_FEATHER, np.float32))


def _polygon(points: Places, larger: float) -> Plane:
    """The convex hull of points, enlarged, falling to 0 inside its edge."""
    inside = np.zeros((SIDE, SIDE), np.uint8)
    hull = cv2.convexHull(np.rint(points - 0.5).astype(np.int32))
    cv2.fillPoly(inside, [hull], 1)
    reach = round(larger)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inside = np.asarray(cv2.dilate(inside, kernel), np.uint8)
    inside[[0, -1]] = inside[:, [0, -1]] = 0
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return _smooth(np.asarray(distance / DENSE_FEATHER, np.float32))


def from_five(points: Places, nose: tuple[float, float]) -> dict[str, Plane]:
    """Masks of the features, float32 (SIDE, SIDE) in [0, 1]; their sum is the face's own mask.

    points: eyes and corners of the mouth in the frame, as ``frame.EYES_AND_MOUTH``. nose: tip or
    base of the nose in the frame, which tells how far the face is turned.
    """
    left, right, *corners = (tuple(map(float, point)) for point in points)
    mouth = np.mean(np.asarray(corners), axis=0)
    wide = float(np.hypot(*(np.asarray(corners[1]) - corners[0]))) / 2.0
    eyes = np.maximum(_ellipse((left[0], left[1]), _EYE), _ellipse((right[0], right[1]), _EYE))
    brows = np.maximum(
        *(_ellipse((eye[0], eye[1] - _BROW_ABOVE_EYE), _BROW) for eye in (left, right))
    )
    claims = {
        "eyes": eyes,
        "brows": brows,
        "mouth": _ellipse(
            (float(mouth[0]), float(mouth[1])), (wide + _MOUTH_BEYOND_CORNERS, _MOUTH_HEIGHT)
        ),
        "nose": _ellipse((nose[0] / 2.0 + _NOSE_MIDDLE[0] / 2.0, _NOSE_MIDDLE[1]), _NOSE),
        "jaw": _below(float(mouth[1])),
    }
    return _shared(claims, _oval(nose))


def from_dense(points: Places) -> dict[str, Plane]:
    """As ``from_five``, from dlib's 68 points in the frame."""
    claims = {
        name: np.maximum.reduce([_polygon(points[part], larger) for part, larger in parts])
        for name, parts in _DENSE.items()
    }
    claims["jaw"] = _below(float(points[48:60, 1].mean()))
    brows = points[17:27].copy()
    # The forehead up to where hair may begin: a third of the way from the eyes to the brows more.
    brows[:, 1] -= (EYES_AND_MOUTH[:2, 1].mean() - brows[:, 1].mean()) / 1.5
    face = _polygon(np.concatenate([points[:17], brows]), 0.0)
    return _shared(claims, face)


def _below(mouth: float) -> Plane:
    """Chin and jaw."""
    return _smooth(np.asarray((_grid()[1] - (mouth + 8.0)) / 48.0, np.float32))


def _shared(claims: Mapping[str, Plane], face: Plane) -> dict[str, Plane]:
    left = face.copy()
    masks = {}
    for name in FEATURES[:-1]:
        masks[name] = np.asarray(left * claims[name], np.float32)
        left = np.asarray(left * (1.0 - claims[name]), np.float32)
    masks["skin"] = left
    return masks


def weights_of(masks: Mapping[str, Plane], strengths: FeatureStrengths) -> Plane:
    """Share of the face's strength at every pixel of the frame, float32 (SIDE, SIDE) in [0, 1]."""
    total = np.zeros((SIDE, SIDE), np.float32)
    for name, mask in masks.items():
        total += np.float32(getattr(strengths, name)) * mask
    return np.minimum(total, np.float32(1.0))
