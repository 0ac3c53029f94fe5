"""The way of one accepted face: cut out, shown to the network, merged, checked, taken or left."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from restoration.config.stages.faces import FacesSettings
from restoration.engine.faces.face_runner import FaceRunner
from restoration.faces.frame import EYES_AND_MOUTH, Frame, Places, points_of
from restoration.faces.page_faces import KnownFace
from restoration.faces.persons import Identity, IdentityCheck, choose, codes
from restoration.faces.sampling import in_frame
from restoration.networks.face_detector import PicturePlace, aligned_points
from restoration.raster.base import FloatImage, Plane, Raster, UInt8Image
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.faces.identity_checks import check
from restoration.stages.faces.masks import from_dense, from_five, weights_of
from restoration.stages.faces.measured_change import Answer, grain_around
from restoration.stages.faces.merging import FacePatch
from restoration.stages.faces.red_eye import Pupil, find_red_pupils


class Dense(Protocol):
    """As ``networks.face_identity.DensePoints``."""

    def points(self, aligned: UInt8Image) -> list[PicturePlace]: ...


@dataclass(frozen=True)
class Tools:
    """What faces are restored with, loaded once per job."""

    restorer: FaceRunner
    identity: Identity
    dense: Dense | None
    """68 points, where the recipe asks for them."""


@dataclass(frozen=True)
class Views:
    """The page as the stage before left it, and as it was recorded."""

    source: Raster
    shown: Raster
    """What the network sees: the page before another network sharpened it. Beside sharp hair and
    collar it would take a soft face for one out of focus, and leave it so."""
    master: Raster
    colour: ColourSpace
    key: str
    kind: str | None = None
    """``grey``, ``toned`` or ``colour``, as the condition report says; None = unknown."""


@dataclass(frozen=True)
class Prepared:
    """A face that its network is to see."""

    face: KnownFace
    frame: Frame
    """Between the source's pixels and the aligned frame."""
    master_frame: Frame
    before: FloatImage
    """float32 (SIDE, SIDE, 3), sRGB-encoded."""
    shown: FloatImage
    """The same as the network sees it, in [0, 1]."""
    share: float
    """Share of the crop's own resolution that the face holds."""


@dataclass(frozen=True)
class Result:
    """What came of one face."""

    face: KnownFace
    patch: FacePatch | None
    """None where no strength left the person the same."""
    record: dict[str, Any]


def restore_faces(
    views: Views,
    faces: Sequence[tuple[KnownFace, float | None]],
    settings: FacesSettings,
    tools: Tools,
) -> Iterator[Result]:
    """Every accepted face in turn; the network works on the next while one is merged.

    faces: each with its effective resolution as a share of the scan's; None = unknown.

    Raises ScanError where the network makes no picture of a face.
    """
    waiting: deque[Prepared] = deque()

    def shown() -> Iterator[tuple[FloatImage, float]]:
        for face, share in faces:
            prepared = _prepare(views, face, share, tools.identity)
            waiting.append(prepared)
            yield prepared.shown, prepared.share

    for after in tools.restorer.restore_all(shown()):
        yield _finish(views, waiting.popleft(), after, settings, tools)


def _prepare(views: Views, face: KnownFace, share: float | None, identity: Identity) -> Prepared:
    frame = face.frame if face.found else _looked_at(views, face.frame, identity)
    across = views.source.width / views.master.width
    down = views.source.height / views.master.height
    own = frame.scaled(across, down)
    before = views.colour.to_srgb(in_frame(views.source, own))
    # The frame enlarges a small face: what it holds is then a smaller share of the frame.
    held = (1.0 if share is None else share) / frame.scale
    shown = before
    if views.shown is not views.source:
        shown = views.colour.to_srgb(in_frame(views.shown, own))
    shown = np.asarray(np.clip(shown, 0.0, 1.0), np.float32)
    return Prepared(face, own, frame, before, shown, float(min(max(held, 1e-3), 1.0)))


def _looked_at(views: Views, frame: Frame, identity: Identity) -> Frame:
    """The frame of a face that only a person saw: by its points, where they can be believed."""
    for _ in range(2):
        crop = codes(views.colour.to_srgb(in_frame(views.master, frame)))
        five = np.asarray(aligned_points(identity.landmarks(crop)))
        inside = points_of(five[:, ::-1].tolist())
        if np.abs(inside - EYES_AND_MOUTH).max() > 90.0:
            break
        places = frame.to_page(inside)
        frame = Frame.of(places, bool(np.linalg.det(frame.matrix[:, :2]) < 0.0))
    return frame


def _finish(
    views: Views, prepared: Prepared, after: FloatImage, settings: FacesSettings, tools: Tools
) -> Result:
    face = prepared.face
    recorded = prepared.before
    if views.master is not views.source:
        recorded = views.colour.to_srgb(in_frame(views.master, prepared.master_frame))
    masks = _masks(prepared, recorded, tools.dense)
    weights = weights_of(masks, settings.features)
    answer = Answer(
        before=prepared.before,
        after=after,
        weights=weights,
        tone_band=settings.tone_band,
        colour=settings.merge == "colour",
        grain=grain_around(prepared.before, sum_of(masks)) if settings.grain else None,
        seed=f"{views.key}/{face.number}",
    )
    wanted = settings.strength if face.strength is None else face.strength
    chosen = choose(
        IdentityCheck(tools.identity, recorded),
        answer.restored,
        answer.before,
        wanted,
        settings.most_strength,
        settings.identity_limit,
    )
    record: dict[str, Any] = {
        # From pixels of the master's page (x, y, 1) to the aligned frame.
        "frame": [[float(f"{v:.8g}") for v in row] for row in prepared.master_frame.matrix],
        "network": tools.restorer.name,
        "weights_sha256": tools.restorer.weights_sha256,
        "licence": tools.restorer.licence,
        "trained_on_faces": tools.restorer.prior,
        "masks": "68 points" if tools.dense is not None else "five points and a mean face",
        "identity_limit": settings.identity_limit,
        **chosen.record(),
    }
    if chosen.strength is None:
        return Result(face, None, record)
    merged = answer.restored(chosen.strength)
    checked = check(answer.before, merged, masks["skin"], _beside(masks))
    record |= {
        "grain_sigma_255": None if answer.grain is None else round(255.0 * answer.grain.sigma, 3),
        "checks": checked.record(),
        "doubts": [*checked.doubts(), *_few_pixels(prepared)],
    }
    pupils: list[Pupil] = []
    if settings.red_eye:
        pupils, record["red_eye"] = find_red_pupils(
            views.source, views.colour, _eyes(prepared), views.kind
        )
    patch = FacePatch(answer.change(chosen.strength), weights, prepared.frame, pupils)
    return Result(face, patch, record)


def _eyes(prepared: Prepared) -> Places:
    """Where the eyes lie on the source, the one on the left of the frame first."""
    inside = EYES_AND_MOUTH[:2]
    found = prepared.face.found
    if found is not None:
        inside = prepared.master_frame.to_frame(points_of(found.points)[:2])
    return prepared.frame.to_page(inside)


PERSONS_FROM = 96.0
"""Pixels of the scan across a face below which distances of the embedding say little: damage alone
brought 5 of 12 halftoned faces of 48 and 64 px nearer to another person than to themselves."""


def _few_pixels(prepared: Prepared) -> list[str]:
    width = prepared.face.width
    if width >= PERSONS_FROM:
        return []
    return [
        f"on {width:.0f} px the comparison of persons is unsure (sure from {PERSONS_FROM:.0f} px)"
    ]


def _masks(prepared: Prepared, recorded: FloatImage, dense: Dense | None) -> dict[str, Plane]:
    if dense is not None:
        points = np.asarray(dense.points(codes(recorded)))[:, ::-1]
        return from_dense(np.ascontiguousarray(points))
    found = prepared.face.found
    if found is None:
        return from_five(EYES_AND_MOUTH, (256.0, 332.0))
    five = np.asarray(found.points, np.float64)
    inside = prepared.master_frame.to_frame(five)
    nose = inside[2]
    return from_five(inside[[0, 1, 3, 4]], (float(nose[0]), float(nose[1])))


def sum_of(masks: dict[str, Plane]) -> Plane:
    """The whole face's mask."""
    return np.asarray(np.sum(list(masks.values()), axis=0), np.float32)


def _beside(masks: dict[str, Plane]) -> Plane:
    return np.asarray(sum_of(masks) == 0.0, np.float32)


def rejected(chosen_limit: float, distance: float | None) -> str:
    """Why no strength was taken."""
    said = "" if distance is None else f": {distance:.2f} at the smallest strength that was tried"
    return (
        f"at no strength is it surely the same person (distance of at most {chosen_limit:g}{said})"
    )
