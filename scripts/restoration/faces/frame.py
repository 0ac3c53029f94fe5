"""The aligned frame: a square in which every face has its eyes and mouth in the same places.

The places are those at which FFHQ (Karras et al., A Style-Based Generator Architecture, CVPR 2019)
was cropped and GFPGAN trained, for 512 pixels, as facexlib states them. Only eyes and mouth align:
the nose is a tip to some detectors and a base to others.

Coordinates are (x, y) in pixels; the first pixel's centre lies at (1/2, 1/2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIDE = 512
"""Width and height of the frame, in pixels."""

Places = npt.NDArray[np.float64]
"""float64 (n, 2): x, y."""

# facexlib counts from the first pixel's centre, hence the half.
EYES_AND_MOUTH: Places = (
    np.array(
        [
            [192.98138, 239.94708],
            [318.90277, 240.1936],
            [201.26117, 371.41043],
            [313.08905, 371.15118],
        ]
    )
    + 0.5
)
"""Eye on the left, eye on the right, corners of the mouth on the left and on the right."""

BETWEEN_EYES = float(np.hypot(*(EYES_AND_MOUTH[1] - EYES_AND_MOUTH[0])))
"""Distance of the eyes in the frame, in pixels."""

BOX_TOP, BOX_LEFT, BOX_SIDE = 132.0, 106.0, 300.0
"""Where the box from the brows to the chin lies in the frame: the mean of dlib's two detectors over
ten photographs, whose boxes are 220 to 390 wide."""


@dataclass(frozen=True)
class Frame:
    """The similarity between a page and the aligned frame of one face."""

    matrix: Places
    """float64 (2, 3): frame = matrix[:, :2] @ page + matrix[:, 2]."""

    @classmethod
    def of(cls, points: Places, mirrored: bool) -> Frame:
        """From the places of eyes and mouth on the page, in the order of EYES_AND_MOUTH.

        mirrored: whether the page as stored shows the face mirrored. Least squares (Umeyama,
        Least-Squares Estimation of Transformation Parameters, PAMI 13(4), 1991), with the
        handedness given instead of found: five points of a profile may look mirrored.
        """
        source = points * (-1.0, 1.0) if mirrored else points
        middle, aim = source.mean(axis=0), EYES_AND_MOUTH.mean(axis=0)
        # As complex numbers a similarity is one factor.
        given = (source - middle) @ (1.0, 1.0j)
        wanted = (EYES_AND_MOUTH - aim) @ (1.0, 1.0j)
        factor = np.vdot(given, wanted) / np.vdot(given, given).real
        turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
        shift = aim - turn @ middle
        if mirrored:
            turn = turn * (-1.0, 1.0)
        return cls(np.column_stack([turn, shift]))

    @classmethod
    def of_box(cls, box: tuple[float, float, float, float], rotation: int, mirrored: bool) -> Frame:
        """From a box alone (left, top, width, height; brows to chin) with an upright mean face.

        rotation: degrees counter-clockwise by which the page is turned (and then mirrored) for
        the face to stand upright.
        """
        left, top, width, height = box
        scale = BOX_SIDE / max(width, height)
        angle = np.deg2rad(-rotation)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        if mirrored:
            turn = np.diag((-1.0, 1.0)) @ turn
        middle = np.array([left + width / 2.0, top + height / 2.0])
        aim = np.array([BOX_LEFT, BOX_TOP]) + BOX_SIDE / 2.0
        return cls(np.column_stack([turn, aim - turn @ middle]))

    @property
    def scale(self) -> float:
        """Pixels of the frame per pixel of the page."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def to_frame(self, places: Places) -> Places:
        """Places of the page in the frame."""
        return np.asarray(places @ self.matrix[:, :2].T + self.matrix[:, 2])

    def to_page(self, places: Places) -> Places:
        """Places of the frame on the page."""
        back = np.linalg.inv(self.matrix[:, :2])
        return np.asarray((places - self.matrix[:, 2]) @ back.T)

    def scaled(self, across: float, down: float) -> Frame:
        """The same face on a page that was enlarged by these factors."""
        turn = self.matrix[:, :2] / (across, down)
        return Frame(np.column_stack([turn, self.matrix[:, 2]]))

    def bounds(self, low: Sequence[float], high: Sequence[float]) -> tuple[int, int, int, int]:
        """Top, left, bottom, right on the page, in whole pixels, of a rectangle of the frame.

        low, high: its corners (x, y). May reach over the page's edge.
        """
        corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
        places = self.to_page(corners)
        left, top = np.floor(places.min(axis=0)).astype(int)
        right, bottom = np.ceil(places.max(axis=0)).astype(int)
        return int(top), int(left), int(bottom), int(right)


def points_of(places: Sequence[Sequence[float]]) -> Places:
    """Eyes and mouth as (x, y) from a condition report's five points."""
    five = np.asarray(places, np.float64)
    return np.ascontiguousarray(five[[0, 1, 3, 4]])
