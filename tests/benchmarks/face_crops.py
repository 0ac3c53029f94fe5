"""Where a face lies on a page, and the aligned crop of it.

Pictures are float32 (h, w, 3) in [0, 1], sRGB-encoded; places go down and right, and the first
pixel's centre lies at 1/2, as in ``networks.face_detector``.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from damage.light import Picture
from restoration.networks.face_detector import PicturePlace
from restoration.networks.face_identity import BOX_SIDE, TEMPLATE, FaceIdentity

Matrix = npt.NDArray[np.float64]
"""(2, 3): from the page's pixels to those of the aligned crop, right and down as OpenCV counts."""

SIDE = FaceIdentity.SIDE


def to_aligned(points: Sequence[PicturePlace]) -> Matrix:
    """The similarity that brings five points to the template, found as facexlib finds it.

    Raises ValueError where the points do not give one.
    """
    places = np.asarray(points, np.float64)[:, ::-1] - 0.5
    matrix, _ = cv2.estimateAffinePartial2D(places, np.asarray(TEMPLATE), method=cv2.LMEDS)
    if matrix is None:
        raise ValueError(f"the points {list(points)} are no face's")
    return np.asarray(matrix, np.float64)


def scale_of(matrix: Matrix) -> float:
    """Pixels of the crop for each pixel of the page."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def width_of(points: Sequence[PicturePlace]) -> float:
    """Width of the face on its page, in pixels: of the box that dlib's detector would draw."""
    return BOX_SIDE / scale_of(to_aligned(points))


def crop(picture: Picture, matrix: Matrix) -> Picture:
    """The aligned face, float32 (512, 512, 3); what lies outside the page repeats its edge."""
    scale = scale_of(matrix)
    if scale < 1.0:
        # Coarser than the page: what the crop cannot hold must not fold back into it.
        picture = cv2.GaussianBlur(picture, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1) + 1e-3)
    found = cv2.warpAffine(
        picture, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.clip(found, 0, 1), np.float32)


def codes8(picture: Picture) -> npt.NDArray[np.uint8]:
    """The 8-bit codes that dlib reads."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
