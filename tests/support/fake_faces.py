"""Stand-ins for the face stage's networks, and pages with faces that need none to be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from restoration.config.stages.faces import FacesSettings
from restoration.faces.frame import EYES_AND_MOUTH, Frame
from restoration.faces.page_faces import KnownFace
from restoration.findings.faces import ReportedFace
from restoration.raster.base import ArrayRaster, FloatImage
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Page
from restoration.stages.faces.stage import FacesStage
from support import condition

Change = Callable[[FloatImage], FloatImage]


class FakeRestorer:
    """Makes of a face what it is told to."""

    name, weights_sha256, licence = "fake-face", "0" * 64, "none"
    side, generative, prior = 512, True, True

    def __init__(self, change: Change) -> None:
        self._change = change
        self.seen: list[tuple[FloatImage, float]] = []

    def restore(self, face: FloatImage, share: float) -> FloatImage:
        self.seen.append((face, share))
        return np.asarray(self._change(face), np.float32)

    def restore_all(self, faces: Iterator[tuple[FloatImage, float]]) -> Iterator[FloatImage]:
        for face, share in faces:
            yield self.restore(face, share)

    def close(self) -> None:
        pass


class FakeIdentity:
    """A person is their luminance in blocks: a distance of 1 is 0.1 of full scale everywhere."""

    def landmarks(self, aligned: Any) -> list[tuple[float, float]]:
        # Outer and inner corners of the eye on the right, of that on the left, base of the nose.
        (left, right) = EYES_AND_MOUTH[:2]
        corners = [(right, 20.0), (right, -20.0), (left, -20.0), (left, 20.0)]
        return [(eye[1], eye[0] + aside) for eye, aside in corners] + [(332.0, 256.0)]

    def embedding(self, aligned: Any, landmarks: Any) -> np.ndarray:
        plane = aligned.astype(np.float64).mean(axis=2) / 255.0
        blocks = plane[128:448, 96:416].reshape(64, 5, 64, 5).mean(axis=(1, 3))
        return blocks.ravel() / (0.1 * 64.0)


def face_on_page(
    height: int,
    width: int,
    interocular: float = 60.0,
    middle: tuple[float, float] | None = None,
    degrees: float = 0.0,
    number: int = 1,
    mirrored: bool = False,
    **said: Any,
) -> KnownFace:
    """A face at a place (x, y) of a page."""
    scale = interocular / float(np.hypot(*(EYES_AND_MOUTH[1] - EYES_AND_MOUTH[0])))
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    around = np.array([256.0, 282.0])
    five = np.insert(EYES_AND_MOUTH, 2, (256.0, 332.0), axis=0) - around
    if mirrored:
        five = five * (-1.0, 1.0)
    x, y = middle or (width / 2.0, height / 2.0)
    places = scale * five @ turn.T + (x, y)
    side = 300.0 * scale
    frame = Frame.of(places[[0, 1, 3, 4]], mirrored)
    box = (x - side / 2.0, y - side / 2.0, side, side)
    found = {
        "box": box,
        "score": 0.9,
        "points": [[float(p[0]), float(p[1])] for p in places],
        "effective_share": 0.5,
        "pose": {"yaw": 0.0, "pitch": 0.0, "roll": degrees},
        **said,
    }
    return KnownFace(number, box, frame, ReportedFace(**condition.filled(ReportedFace, found)))


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> FloatImage:
    """Smooth colours, with 16-bit codes between those of 8 bits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    planes = [
        0.45 + 0.2 * np.sin(6.0 * x + p) * np.cos(5.0 * y + p) for p in rng.random(channels) * 3.0
    ]
    exact = np.rint(np.stack(planes, axis=-1) * 65535.0)
    return np.asarray(exact * np.float32(1.0 / 65535.0), np.float32)


def page_of(
    pixels: FloatImage, *faces: KnownFace, master: FloatImage | None = None, **given: Any
) -> Page:
    """A page with faces, as the runner hands it to the stage."""
    return Page(
        scan="album-7",
        number=1,
        source=ArrayRaster(pixels),
        colour=given.pop("colour", ColourSpace.from_profile(None, pixels.shape[2])),
        ppi=(1200.0, 1200.0),
        report=condition.report(faces={"value": len(faces), "detail": {}}),
        key="ab" * 32,
        faces=tuple(faces),
        master=None if master is None else ArrayRaster(master),
        **given,
    )


def stage_with(change: Change, **settings: Any) -> tuple[FacesStage, FakeRestorer]:
    """The stage with stand-ins for its networks."""
    restorer = FakeRestorer(change)
    networks = {"gfpgan-v1.4": restorer, "dlib-face-identity": FakeIdentity()}
    stage = FacesStage()
    stage.setup(FacesSettings(**settings), lambda name, **blend: networks[name])
    return stage, restorer


def stripes(face: FloatImage) -> FloatImage:
    """Detail of the mid band: stripes of 16 pixels on whatever is there."""
    x = np.arange(face.shape[1], dtype=np.float32)
    return np.asarray(face + 0.05 * np.sin(2 * np.pi * x / 16.0)[None, :, None], np.float32)
