"""Faces: where they are, so that every later stage can protect them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from restoration.errors import CircumstanceError
from restoration.examine.faces.cover import CoverPatch, aligned, cover
from restoration.examine.faces.finders import (
    DlibFinder,
    Finder,
    retinaface_finder,
    search_any_way_up,
)
from restoration.examine.faces.measures import measure_face, mirrors
from restoration.examine.faces.places import FoundFace, Search
from restoration.examine.fine_proxy import Cells, FineProxy
from restoration.examine.survey import Survey
from restoration.examine.upright import Point, to_stored, upright
from restoration.examine.window import EarlierFindings, PageFacts, ReadWindow, Window
from restoration.findings.base import Caution
from restoration.findings.faces import Faces, FacesDetail, ReportedFace, Upright
from restoration.networks.face_detector import POINT_NAMES, UprightPicture, face_detector

MOST_CELLS = 29_000_000
"""Cells of the picture that is searched: 260 MB with its copy of 8 bits. 10 x 8 inches at 1200 ppi
have one cell for 2 x 2 pixels, and a head of 3 mm is 70 cells high."""

TAGS_TURN = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90}
"""Degrees counter-clockwise by which an orientation tag turns the stored page; tags 2, 4, 5 and 7
then mirror it left to right."""

FULL_RANGE = 0.75
"""Range of tones, of full scale, below which the tones are stretched for the detectors."""


ENDS = (0.05, 99.95)
"""Percentiles that are stretched to black and white. Forty heads of 3 mm are one hundredth of a
page, and their light sides less than half of that: the 99.5th would wash them out."""


class FacesMeasurer:
    """Faces on an upright sRGB proxy.

    Value: how many were found; None = they were not looked for, and ``detail.reason`` says why.
    What is said of each face is `restoration.findings.faces.ReportedFace`.
    """

    METHOD: ClassVar[str] = DlibFinder.method

    def begin(self, page: PageFacts) -> None:
        self.page = page
        self._patches: list[CoverPatch] = []
        self._reason = _reason_not_to_look(page)
        self._proxy = None if self._reason else FineProxy(page, MOST_CELLS)

    def see(self, window: Window) -> None:
        if self._proxy is not None:
            self._proxy.see(window)

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Faces:
        if self._proxy is None or self.page.models_dir is None:
            return self._unknown(self._reason)
        try:
            finder = self._finder(self.page.models_dir)
        except CircumstanceError as error:
            return self._unknown(str(error))
        seen, stretched = _picture(self._proxy.cells, self.page)
        step, self._proxy = self._proxy.step, None  # Frees twice the picture's memory.
        found = search_any_way_up(finder, seen)
        scale = found.network_scale
        detail = FacesDetail(
            faces=tuple(self._face(seen, face, step, finder) for face in found.faces),
            point_names=POINT_NAMES,
            landmark_names=finder.landmark_names,
            points_estimated=finder.estimated,
            nose=finder.nose,
            # For faces that a person marks and no detector saw: they stand as the page does.
            upright=Upright(
                rotation=upright_rotation(self.page.orientation, 0),
                mirrored=mirrors(self.page.orientation),
            ),
            detector=finder.detector,
            smallest_face_px=finder.smallest(seen) * step,
            proxy_step_px=step,
            network_scale=None if scale is None else scale / step,
            unconfirmed=found.unconfirmed,
            not_asked=found.not_asked,
            tones_stretched=stretched,
        )
        return Faces(
            value=len(found.faces),
            unit="faces",
            confidence=self._confidence(found, finder),
            method=finder.method,
            detail=detail,
            cautions=_cautions(found.faces),
        )

    def look_again(self, read: ReadWindow, found: Faces, earlier: EarlierFindings) -> Faces:
        """Measures each face on the page itself."""
        detail = found.detail
        faces = []
        for face, patch in zip(detail.faces, self._patches, strict=True):
            nose, whole_mouth = detail.nose or "", not detail.points_estimated
            own = measure_face(read, self.page, face, nose, whole_mouth, earlier)
            yaw = 0.0 if own.pose is None else own.pose.yaw
            faces.append(own.model_copy(update={"occlusion": cover(patch, yaw)}))
        measured = detail.model_copy(update={"faces": tuple(faces)})
        return found.model_copy(update={"detail": measured})

    def _finder(self, models_dir: Path) -> Finder:
        """Raises CircumstanceError where weights or dlib are missing."""
        how = self.page.settings.faces
        if how == "retinaface":
            return retinaface_finder(self.page)
        return DlibFinder(face_detector(models_dir, how == "cnn"), how)

    def _unknown(self, reason: str) -> Faces:
        """No caution where nobody wanted to know."""
        text = f"Faces were not looked for, so that nothing can protect them: {reason}."
        asked = self.page.settings.faces != "off"
        return Faces(
            value=None,
            unit="faces",
            confidence=0.0,
            method=self.METHOD,
            detail=FacesDetail(reason=reason, faces=()),
            cautions=(Caution(code="faces_unknown", text=text),) if asked else (),
        )

    def _face(
        self, seen: UprightPicture, face: FoundFace, step: int, finder: Finder
    ) -> ReportedFace:
        box = face.box
        corners = [(box.top, box.left), (box.top + box.side, box.left + box.side)]
        first, last = self._on_page(corners, seen, step)
        left, width = _inside(first[0], last[0], self.page.width)
        top, height = _inside(first[1], last[1], self.page.height)
        points, landmarks = finder.points(seen, face)
        self._patches.append(aligned(seen, points))
        return ReportedFace(
            box=(left, top, width, height),
            points=self._on_page(points, seen, step),
            landmarks=self._on_page(landmarks, seen, step),
            score=round(face.score, 3),
            gradients=face.gradients,
            network=face.network,
            upright_rotation=upright_rotation(self.page.orientation, face.turned),
        )

    def _on_page(
        self, points: Sequence[Point], seen: UprightPicture, step: int
    ) -> tuple[Point, ...]:
        """Points of the upright picture as pixels of the stored page: from the left, the top."""
        stored = to_stored(points, self.page.orientation, *seen.shape[:2])
        return tuple((round(right * step, 1), round(down * step, 1)) for down, right in stored)

    @staticmethod
    def _confidence(found: Search, finder: Finder) -> float:
        """Of the count: the detectors miss profiles, faces in shadow and small ones."""
        if not found.faces:
            return finder.none
        mean = sum(face.score for face in found.faces) / len(found.faces)
        return round(min(mean, finder.most), 2)


def upright_rotation(orientation: int, turned: int) -> int:
    """Degrees counter-clockwise from the stored page to an upright face that stands upright when
    the picture, seen as its tag says, is turned by ``turned``."""
    mirrored = mirrors(orientation)
    return (TAGS_TURN[orientation] + (-turned if mirrored else turned)) % 360


def _cautions(faces: list[FoundFace]) -> tuple[Caution, ...]:
    turned = [face for face in faces if face.turned]
    if not turned:
        return ()
    if len(turned) == len(faces) and len({face.turned for face in turned}) == 1:
        text = (
            f"The faces stand upright only when the page is turned by {turned[0].turned}° "
            "counter-clockwise: its orientation tag may be wrong."
        )
    else:
        text = f"{len(turned)} of {len(faces)} faces do not stand upright on the page."
    return (Caution(code="faces_not_upright", text=text),)


def _inside(one: float, other: float, length: int) -> tuple[int, int]:
    """Start and length of the span between two places, in whole pixels of the page."""
    start = min(max(round(min(one, other)), 0), length - 1)
    end = min(max(round(max(one, other)), start + 1), length)
    return start, end - start


def _reason_not_to_look(page: PageFacts) -> str:
    if page.settings.faces == "off":
        return "the settings say off"
    if page.models_dir is None:
        return "no folder of weights was given"
    if min(page.height, page.width) < 40:
        return "the page is smaller than the smallest face that can be found"
    return ""


def _picture(cells: Cells, page: PageFacts) -> tuple[UprightPicture, bool]:
    """The proxy upright, uint8 sRGB, and whether its tones were stretched."""
    seen = np.ascontiguousarray(upright(cells, page.orientation))
    out = np.empty((*seen.shape[:2], 3), np.uint8)
    low, high = _ends(seen, page)
    stretched = bool((high - low).max() < FULL_RANGE)
    if not stretched:
        low, high = np.zeros(3, np.float32), np.ones(3, np.float32)
    scale = np.float32(255.0) / np.maximum(high - low, np.float32(0.02))
    for top in range(0, seen.shape[0], 256):
        part = seen[top : top + 256].astype(np.float32) / np.float32(65535.0)
        srgb = page.colour.to_srgb(part)
        out[top : top + 256] = np.rint(np.clip((srgb - low) * scale, 0.0, 255.0))
    return out, stretched


def _ends(seen: Cells, page: PageFacts) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The ENDS of each sRGB channel, from every so many cells."""
    stride = max(1, int(np.sqrt(seen.shape[0] * seen.shape[1] / 250_000)))
    part = seen[::stride, ::stride].astype(np.float32) / np.float32(65535.0)
    low, high = np.percentile(page.colour.to_srgb(part).reshape(-1, 3), ENDS, axis=0)
    return low.astype(np.float32), high.astype(np.float32)
