"""Faces whose truth is known: photographs that packages carry, or a folder of a person's own.

In the public domain, as the packages state: scikit-image's astronaut (Eileen Collins, NASA) and
matplotlib's Grace Hopper (US Navy). Four portraits of two more people lie in the source archive of
``face_recognition`` 1.3.0: works of the US government, on which there is no copyright in the US (17
U.S.C. 105), but the files bear a notice of the White House against "manipulating" them. They
are used where they are asked for, the notice is shown, and no picture made of them is kept.

A truth is the face with its surroundings, at the resolution of its photograph.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
from face_crops import codes8, to_aligned, width_of

from damage.light import Picture, to_encoded, to_light
from restoration.networks.face_detector import (
    POINTS_FILE,
    FaceDetector,
    PicturePlace,
    aligned_points,
)
from support import pictures, weights_at_hand

ARCHIVE = "face_recognition-1.3.0.tar.gz"
ARCHIVE_SHA256 = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
INSIDE = "face_recognition-1.3.0/tests/test_images"
CACHE = "RESTORATION_CACHE"
"""Variable that names the folder for archives; without it, one in the user's own cache."""

NOTICE = (
    "White House photographs by Pete Souza (works of the US government, 17 U.S.C. 105; package "
    "MIT), each with the notice: 'may not be manipulated in any way and may not be used in "
    "commercial or political materials'. Only figures are kept of them"
)

PACKAGED = {
    "astronaut": ("Eileen Collins", "public domain (NASA), carried by scikit-image"),
    "grace_hopper": ("Grace Hopper", "public domain (US Navy), carried by matplotlib"),
}
WHITE_HOUSE = {
    "obama": "Barack Obama",
    "obama2": "Barack Obama",
    "obama3": "Barack Obama",
    "biden": "Joe Biden",
}

SURROUNDINGS = 0.6
"""Page around a face on each side, in widths of the face: the aligned crop takes 0.33."""

SURE = 0.5
"""What dlib's detector of gradients must say for a face to be taken from a folder."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


@dataclass(frozen=True)
class FaceTruth:
    """One undamaged face."""

    name: str
    """Of the photograph, and of the face where there are several in it."""
    identity: str
    """Faces of one identity are of one person."""
    licence: str
    pixels: Picture
    """The face and its surroundings, float32 (h, w, 3), sRGB-encoded."""
    points: tuple[PicturePlace, ...]
    """Five points in ``pixels``, in the order of ``face_detector.POINT_NAMES``."""

    @property
    def width(self) -> float:
        """Of the face, in pixels."""
        return width_of(self.points)

    def at_width(self, width: float) -> FaceTruth | None:
        """The truth on a coarser grid on which the face is that wide; None where it is not as
        wide: a truth is never enlarged. Light is averaged over areas."""
        factor = width / self.width
        if factor > 1.02:
            return None
        tall, wide = (max(8, round(side * factor)) for side in self.pixels.shape[:2])
        light = cv2.resize(to_light(self.pixels), (wide, tall), interpolation=cv2.INTER_AREA)
        down, right = tall / self.pixels.shape[0], wide / self.pixels.shape[1]
        points = tuple((y * down, x * right) for y, x in self.points)
        return replace(self, pixels=np.clip(to_encoded(light), 0, 1), points=points)


def truths(folder: Path | None = None, white_house: bool = False) -> list[FaceTruth]:
    """Every face of the folder, or those that packages carry.

    In a folder, files that differ in a number at the end of their name are of one person
    (``mary-1.tif``, ``mary-2.tif``); faces of a picture that has several are of a person each.

    Raises SystemExit with one line where there are none or dlib's points are missing.
    """
    if folder is not None:
        found = [face for path in _files(folder) for face in _faces_of_file(path)]
        if not found:
            raise SystemExit(f"faces: no face was found in any picture of {folder}")
        return found
    found = []
    for name, (identity, licence) in PACKAGED.items():
        found += _faces(name, identity, licence, pictures.load(name))[:1]
    if white_house:
        for name, identity in WHITE_HOUSE.items():
            found += _faces(name, identity, NOTICE, _from_archive(name))[:1]
    return found


def identities(faces: list[FaceTruth]) -> list[str]:
    """Who is there, each once."""
    return list(dict.fromkeys(face.identity for face in faces))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SystemExit(f"faces: {folder} is no folder")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _faces_of_file(path: Path) -> Iterator[FaceTruth]:
    pixels = np.atleast_3d(np.asarray(imagecodecs.imread(path)))
    if pixels.dtype not in (np.uint8, np.uint16):
        raise SystemExit(f"faces: {path} holds {pixels.dtype}, expected 8 or 16 bits")
    whole = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    whole = whole[..., :3] if whole.shape[2] >= 3 else np.repeat(whole[..., :1], 3, axis=2)
    person = re.sub(r"[-_ ]*\d+$", "", path.stem) or path.stem
    faces = _faces(path.stem, person, "the folder's owner knows", whole)
    if len(faces) == 1:
        yield faces[0]
        return
    for number, face in enumerate(faces, 1):
        name = f"{path.stem} face {number}"
        yield replace(face, name=name, identity=name)


def _faces(name: str, identity: str, licence: str, pixels: Picture) -> list[FaceTruth]:
    """The faces of an upright picture, the widest first."""
    detector, codes = _detector(), codes8(pixels)
    found = []
    for face in detector.by_gradients(codes, SURE):
        points = aligned_points(detector.landmarks(codes, face))
        middle = np.mean(points, axis=0)
        half = (0.5 + SURROUNDINGS) * width_of(points)
        top, left = (max(0, round(float(place - half))) for place in middle)
        bottom, right = (round(float(place + half)) for place in middle)
        around = np.ascontiguousarray(pixels[top:bottom, left:right])
        own = tuple((y - top, x - left) for y, x in points)
        to_aligned(own)
        found.append(FaceTruth(name, identity, licence, around, own))
    return sorted(found, key=lambda face: -face.width)


@cache
def _detector() -> FaceDetector:
    folder = next((f for f in weights_at_hand.folders() if (f / POINTS_FILE).is_file()), None)
    if folder is None:
        raise SystemExit("faces: fetch dlib-face-points first: scripts/fetch_model.py")
    return FaceDetector(folder, network=False)


def _from_archive(name: str) -> Picture:
    """A portrait out of the archive, read in memory: nothing is unpacked or installed."""
    with tarfile.open(_archive()) as archive:
        member = archive.extractfile(f"{INSIDE}/{name}.jpg")
        if member is None:
            raise SystemExit(f"faces: {ARCHIVE} has no {name}.jpg")
        codes = np.asarray(imagecodecs.jpeg8_decode(member.read()))
    return codes.astype(np.float32) / np.float32(255)


@cache
def _archive() -> Path:
    own = os.environ.get(CACHE)
    base = Path(own) if own else Path.home() / ".cache" / "archival-scan-restoration"
    path = base / ARCHIVE
    if not path.is_file():
        base.mkdir(parents=True, exist_ok=True)
        # pip asks setup.py for the package's name before it keeps an archive; nothing is built.
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
        command += ["--no-build-isolation", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*command, "--dest", str(base), "face_recognition==1.3.0"], check=False
        )
        if done.returncode or not path.is_file():
            raise SystemExit(f"faces: {ARCHIVE} cannot be had; put it into {base}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != ARCHIVE_SHA256:
        raise SystemExit(f"faces: {path} is not the archive that is meant; remove it")
    return path
