"""A group photograph through the stage `faces`, in a process of its own; prints JSON.

WHO is `stage` (everything: cut out, network, persons, merge), `network` (our network on the same
crops and nothing else) or `official` (the package's own call on as many crops). The network is
GFPGANv1Clean of full size with seeded weights: it restores nothing, and takes the time and memory
of the real one. Loading and a warm-up are not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
import torch
from face_speed import official

from restoration.config.stages.faces import FacesSettings
from restoration.engine.devices import use_threads
from restoration.engine.faces.face_runner import PriorFace
from restoration.faces import IDENTITY
from restoration.faces.frame import Frame, points_of
from restoration.faces.page_faces import KnownFace
from restoration.findings.faces import ReportedFace
from restoration.findings.report import ConditionReport
from restoration.networks.face_detector import Detection, FaceDetector, aligned_points
from restoration.networks.face_identity import face_identity
from restoration.networks.load import FaceRestorer
from restoration.networks.registry import ARCHITECTURES
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Page, Restored
from restoration.stages.faces.stage import FacesStage
from support.condition import finding
from support.group_photographs import Pixels, group
from support.seeded_faces import seeded_face, seeded_module
from support.weights_at_hand import folders

FACE = 200
"""Width of each face, in pixels."""


def page_of(rows: int, columns: int) -> tuple[Pixels, list[KnownFace]]:
    """A group of known places; the points are dlib's."""
    pixels, places = group(rows * 600, columns * 600, rows, columns, FACE)
    seen = np.rint(pixels * 255.0).astype(np.uint8)
    detector = FaceDetector(folders()[0], network=False)
    faces = []
    for number, (down, right) in enumerate(places, 1):
        box = Detection(down - FACE / 2, right - FACE / 2, float(FACE), 1.0)
        points = [(x, y) for y, x in aligned_points(detector.landmarks(seen, box))]
        frame = Frame.of(points_of(points), False)
        place = (box.left, box.top, FACE, FACE)
        found = finding(
            ReportedFace,
            box=tuple(round(side) for side in place),
            points=points,
            score=0.9,
            effective_share=0.4,
        )
        faces.append(KnownFace(number, place, frame, found))
    return pixels, faces


def runner() -> PriorFace:
    restorer = FaceRestorer(
        name="seeded",
        module=seeded_module(),
        weights_sha256=("0" * 64,),
        licence="none",
        architecture=ARCHITECTURES["gfpgan"],
        side=512,
        generative=True,
    )
    return PriorFace(restorer, torch.device("cpu"))


def stage(rows: int, columns: int) -> Callable[[], None]:
    pixels, faces = page_of(rows, columns)
    networks: dict[str, Any] = {"gfpgan-v1.4": runner(), IDENTITY: face_identity(folders()[0])}
    made = FacesStage()
    # Seeded weights make no person: any distance is taken, so that every face is merged.
    made.setup(FacesSettings(identity_limit=0.6), lambda name, **blend: networks[name])
    networks["gfpgan-v1.4"].restore(np.full((512, 512, 3), 0.5, np.float32), 1.0)

    def run() -> None:
        page = Page(
            scan="bench",
            number=1,
            source=ArrayRaster(pixels),
            colour=ColourSpace.from_profile(None, 3),
            ppi=(600.0, 600.0),
            report=ConditionReport(),
            key="0" * 64,
            faces=tuple(faces),
        )
        result = made.apply(page)
        if isinstance(result, Restored):
            for _ in result.bands:
                pass

    return run


def network(count: int) -> Callable[[], None]:
    ours = runner()
    face = np.random.default_rng(1).random((512, 512, 3), np.float32)
    ours.restore(face, 1.0)

    def crops() -> Iterator[tuple[Any, float]]:
        for _ in range(count):
            yield face, 1.0

    def run() -> None:
        for _ in ours.restore_all(crops()):
            pass

    return run


def package(count: int) -> Callable[[], None]:
    call, face = official(), seeded_face(512)
    call(face)

    def run() -> None:
        for _ in range(count):
            call(face)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=["stage", "network", "official"])
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    use_threads(given.threads)
    count = given.rows * given.columns
    if given.who == "stage":
        run = stage(given.rows, given.columns)
    else:
        if given.who == "official":
            torch.set_num_threads(given.threads)
        run = network(count) if given.who == "network" else package(count)
    started = time.perf_counter()
    run()
    found = {
        "faces": count,
        "seconds": round(time.perf_counter() - started, 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
