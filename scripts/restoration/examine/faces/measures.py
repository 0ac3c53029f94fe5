"""What is measured of each face on the master itself, once it is known where the faces are.

Not the searched picture but the page's own pixels, window by window: a face of any size is measured
on at most MOST_WINDOWS windows, one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from restoration.examine.faces.pose import (
    PITCH_CONFIDENCE,
    eye_distance,
    pose,
    upright_offsets,
)
from restoration.examine.faces.sharpness import FaceSharpness
from restoration.examine.upright import Point
from restoration.examine.window import LUMA, EarlierFindings, PageFacts, ReadWindow, Window
from restoration.findings.faces import FaceExposure, Pose, ReportedFace
from restoration.raster.boxes import Box, places_rows_first, rows_first

AROUND = 0.1
"""How far the surroundings that are measured reach beyond the box, of its side: boxes end at brows
and chin."""

LEAST = 136
"""Least side of the surroundings, in pixels: one tile of 128, which tells more than four of 64."""

WINDOW, MOST_WINDOWS = 1024, 6
"""Side of the windows that are read, and how many of a face: all of one up to 1700 pixels wide,
else those in which eyes, nose and mouth lie."""

MOST_SAMPLES = 200_000
"""Tones of a window that are kept for the median, evenly spread."""

CLIPPED = 0.5 / 255.0
"""Distance from the end of the range within which a tone counts as clipped."""


def mirrors(orientation: int) -> bool:
    """Whether a TIFF orientation tag shows the stored page mirrored."""
    return orientation in (2, 4, 5, 7)


def measure_face(
    read: ReadWindow,
    page: PageFacts,
    face: ReportedFace,
    nose: str,
    mouth_measured: bool,
    earlier: EarlierFindings,
) -> ReportedFace:
    """One face of the report with all that is measured on the page, its cover apart.

    face: its box, points and upright rotation, as they were found; nose: which end of it was
    measured, ``tip`` or ``base``; earlier: the page's findings. Raises what ``read`` raises.
    """
    points, box = places_rows_first(face.points), rows_first([round(side) for side in face.box])
    mirrored = mirrors(page.orientation)
    offsets = upright_offsets(points, face.upright_rotation, mirrored)
    apart, millimetres = eye_distance(points, page.ppi)
    width = max(box[2:])
    place = _surroundings(box, page)
    sharpness, tones = FaceSharpness(page, place[2], place[3]), FaceTones(box)
    for top, left, height, wide in windows(place, points):
        codes = read(top, left, height, wide)
        sharpness.see(Window(top - place[0], left - place[1], codes))
        tones.see(Window(top, left, codes))
    found = sharpness.conclude(earlier)
    turned = pose(offsets, nose, mouth_measured)
    nominal = page.nominal_ppi
    return face.model_copy(
        update={
            "mirrored": mirrored,
            "interocular_px": round(apart, 1),
            "interocular_mm": None if millimetres is None else round(millimetres, 2),
            "face_width_px": width,
            "pose": Pose(
                yaw=round(turned.yaw, 1),
                pitch=round(turned.pitch, 1),
                roll=round(turned.roll, 1),
                pitch_confidence=PITCH_CONFIDENCE[mouth_measured],
            ),
            "effective_share": found.share,
            "effective_confidence": found.confidence,
            "effective_limited_by": found.limited_by,
            "effective_ppi": None
            if found.share is None or nominal is None
            else found.share * nominal,
            "effective_width_px": None if found.share is None else found.share * width,
            "blur": found.blur,
            "exposure": tones.exposure(),
        }
    )


def windows(place: Box, points: Sequence[Point]) -> list[Box]:
    """The windows of a face's surroundings that are read: at most MOST_WINDOWS, none larger than
    WINDOW, side by side."""
    top, left, height, width = place
    every = [
        (row, column, min(WINDOW, top + height - row), min(WINDOW, left + width - column))
        for row in range(top, top + height, WINDOW)
        for column in range(left, left + width, WINDOW)
    ]
    if len(every) <= MOST_WINDOWS:
        return every
    telling = [*points, (top + height / 2.0, left + width / 2.0)]
    return [box for box in every if any(_holds(box, point) for point in telling)][:MOST_WINDOWS]


class FaceTones:
    """The tones of a face: of the oval that its box encloses."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._samples: list[npt.NDArray[np.float32]] = []
        self._count, self._dark, self._light = 0, 0, 0

    def see(self, window: Window) -> None:
        """A window in pixels of the page."""
        top, left, height, width = self._box
        down = (window.top + np.arange(window.height) + 0.5 - top) / height * 2.0 - 1.0
        right = (window.left + np.arange(window.width) + 0.5 - left) / width * 2.0 - 1.0
        inside = down[:, None] ** 2 + right[None, :] ** 2 <= 1.0
        own = window.codes[inside].astype(np.float32) / np.float32(65535.0)
        if own.size == 0:
            return
        self._count += own.shape[0]
        # A tone is black where all channels are at their end, white where one is: in skin blue is
        # often near nothing without any loss, and a lost channel of the highlights shows.
        self._dark += int((own.max(axis=1) <= CLIPPED).sum())
        self._light += int((own.max(axis=1) >= 1.0 - CLIPPED).sum())
        weights = LUMA if own.shape[1] == 3 else (1.0,)
        thinned = own[:: max(1, own.shape[0] // MOST_SAMPLES)]
        total = sum(np.float32(w) * thinned[:, c] for c, w in enumerate(weights))
        self._samples.append(np.asarray(total, np.float32))

    def exposure(self) -> FaceExposure:
        """Median of encoded luminance, and the shares of clipped tones."""
        if not self._count:
            return FaceExposure(median=None, shadows_clipped=None, highlights_clipped=None)
        return FaceExposure(
            median=round(float(np.median(np.concatenate(self._samples))), 4),
            shadows_clipped=round(self._dark / self._count, 4),
            highlights_clipped=round(self._light / self._count, 4),
        )


def _surroundings(box: Box, page: PageFacts) -> Box:
    """The box with AROUND, at least LEAST on a side where the page has it."""
    spans = []
    for start, length, whole in ((box[0], box[2], page.height), (box[1], box[3], page.width)):
        side = min(whole, max(round(length * (1.0 + 2.0 * AROUND)), LEAST))
        begin = min(max(0, round(start + (length - side) / 2.0)), whole - side)
        spans.append((begin, side))
    return spans[0][0], spans[1][0], spans[0][1], spans[1][1]


def _holds(box: Box, point: Point) -> bool:
    return box[0] <= point[0] < box[0] + box[2] and box[1] <= point[1] < box[1] + box[3]
