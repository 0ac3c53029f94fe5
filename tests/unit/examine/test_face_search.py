"""Faces of every size: a portrait that fills the sheet, a class of forty, none where there is none.

A detector that sees painted markers stands in for dlib's; tests marked `weights` use dlib's own.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.faces import faces as faces_module
from restoration.examine.faces import search as face_search
from restoration.examine.faces.faces import FacesMeasurer
from restoration.examine.faces.places import cut_off, distinct, same_face, tiles
from restoration.examine.faces.search import search
from restoration.examine.page import examine_page
from restoration.networks.face_detector import Detection
from restoration.raster.colour.colour_space import ColourSpace
from support import group_photographs, weights_at_hand
from support import simulated_scans as sim


def box(top: float, left: float, side: float, score: float = 1.0) -> Detection:
    return Detection(float(top), float(left), float(side), score)


def test_one_face_is_one_whoever_drew_the_box() -> None:
    assert same_face(box(137, 161, 216), box(146, 191, 165))
    assert same_face(box(0, 0, 500), box(120, 100, 60)), "an eye of a large face"
    assert not same_face(box(0, 0, 100), box(0, 90, 100)), "cheek by cheek"
    assert not same_face(box(0, 0, 100), box(200, 0, 100))
    finds = [box(0, 0, 100, 0.5), box(3, 2, 95, 0.9), box(0, 95, 100, 0.2), box(30, 30, 20, 0.3)]
    assert [find.score for find in distinct(finds)] == [0.9, 0.2]


@pytest.mark.parametrize(("height", "width"), [(100, 90), (1536, 1537), (4800, 6000)])
def test_tiles_cover_the_picture_and_share_their_borders(height: int, width: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    seen = np.zeros((height, width), int)
    for top, left, part in tiles(picture, 1536, 256):
        assert max(part.shape[:2]) <= 1536
        seen[top : top + part.shape[0], left : left + part.shape[1]] += 1
    assert seen.min() == 1
    # Any face of 250 pixels lies in one tile as a whole.
    for start in range(0, max(0, width - 250), 37):
        assert any(
            left <= start and start + 250 <= left + part.shape[1]
            for _, left, part in tiles(picture, 1536, 256)
        )


def test_what_an_inner_edge_cuts_is_left_to_the_next_tile() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    part = picture[:200, :200]
    assert not cut_off(box(-5, 10, 50), part, 0, 0, picture), "the page's own edge"
    assert cut_off(box(150, 10, 60), part, 0, 0, picture)
    assert cut_off(box(10, -3, 60), part, 0, 100, picture)


class SeesSquares:
    """Sees white squares on grey, from 80 pixels like dlib's; the network refuses none."""

    has_network, version = True, "0"

    def __init__(self) -> None:
        self.largest, self.asked = 0, 0

    def by_gradients(self, picture: np.ndarray, threshold: float) -> list[Detection]:
        self.largest = max(self.largest, picture.shape[0] * picture.shape[1])
        white = (picture.min(axis=2) > 200).astype(np.uint8)
        _, _, table, _ = cv2.connectedComponentsWithStats(white, connectivity=4)
        return [
            box(top, left, width, 0.5)
            for left, top, width, height, _ in table[1:]
            if width >= 78 and abs(width - height) <= 4
        ]

    def by_network(self, picture: np.ndarray) -> list[Detection]:
        if picture.shape[0] != face_search.CUT:
            return []
        self.asked += 1
        return [box(40, 40, 100, 0.7)]


def test_small_and_large_faces_of_a_large_picture_are_found_once_in_bounded_pieces() -> None:
    picture = np.full((3200, 4000, 3), 90, np.uint8)
    assert picture[..., 0].size > (2 * face_search.TILE) ** 2
    picture[::3] = 110
    rng, places = np.random.default_rng(0), []
    for row in range(4):
        for column in range(6):
            side = int(rng.choice([42, 60, 120, 300, 600]))
            top, left = 40 + row * 790 + int(rng.integers(150)), column * 660 + 20
            picture[top : top + side, left : left + side] = 255
            places.append((top + side / 2, left + side / 2))
    detector = SeesSquares()
    found = search(picture, detector)  # type: ignore[arg-type]
    boxes = [face.box for face in found.faces]
    assert group_photographs.times_found(places, boxes) == [1] * 24
    assert len(boxes) == 24
    assert detector.largest <= (2 * face_search.TILE) ** 2
    assert detector.asked >= 24
    assert found.not_asked == 0


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("dlib")
    folder = tmp_path_factory.mktemp("models")
    for name in ("dlib-face-detector", "dlib-face-points"):
        for file in weights_at_hand.original_files(name):
            shutil.copy(file, folder / file.name)
    return folder


def report(pixels: np.ndarray, models: Path, **settings: Any) -> dict[str, Any]:
    page = sim.SimulatedPage(sim.scanned(pixels))
    colour = ColourSpace.from_profile(None, 3)
    asked = ExamineSettings(**settings)
    found: dict[str, Any] = examine_page(page, asked, colour, [FacesMeasurer], models_dir=models)[
        "faces"
    ]
    return found


@pytest.mark.weights
@pytest.mark.parametrize("turns", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_forty_heads_of_3_mm_at_1200_ppi_are_found_once(
    models: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    # As finely as ten by eight inches are searched: one cell for 2 x 2 pixels.
    monkeypatch.setattr(faces_module, "MOST_CELLS", 3_100_000)
    face = 106
    pixels, places = group_photographs.group(3000, 4000, 5, 8, face)
    assert face * group_photographs.HEAD == pytest.approx(142, abs=1)
    pixels = np.rot90(sim.noisy(pixels, 1.0), turns)
    places = [(4000 - right, down) if turns else (down, right) for down, right in places]
    found = report(np.ascontiguousarray(pixels), models)
    assert found["detail"]["proxy_step_px"] == 2
    faces = found["detail"]["faces"]
    assert group_photographs.times_found(places, [one["box"] for one in faces]) == [1] * 40
    assert len(faces) == found["value"] == 40
    assert {one["upright_rotation"] for one in faces} == {(360 - 90 * turns) % 360}
    assert all(0.8 < one["interocular_mm"] < 1.2 for one in faces)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_portrait_that_fills_the_sheet_is_one_face(models: Path, name: str) -> None:
    (top, left), side = group_photographs.PORTRAITS[name]
    around = side // 4
    crop = group_photographs.portrait(name)[
        top - around : top + side + around // 2, left - around : left + side + around
    ]
    found = report(np.clip(sim.enlarged(crop, 1500 / crop.shape[1], "bicubic"), 0, 1), models)
    (face,) = found["detail"]["faces"]
    assert min(face["box"][2:]) > 850
    assert face["score"] > 0.8
    assert face["mirrored"] is False
    assert face["effective_share"] < 0.3
    assert face["occlusion"]["share"] <= 0.05


@pytest.mark.weights
def test_a_tilted_face_gives_its_roll_and_an_overexposed_one_its_clipping(models: Path) -> None:
    crop = group_photographs.portrait("astronaut")[:260, 90:350]
    straight = report(crop, models)["detail"]["faces"][0]
    turn = cv2.getRotationMatrix2D((130, 115), 15.0, 1.0)
    tilted = cv2.warpAffine(crop, turn, (260, 260), borderMode=cv2.BORDER_REPLICATE)
    face = report(tilted, models)["detail"]["faces"][0]
    assert face["pose"]["roll"] - straight["pose"]["roll"] == pytest.approx(15.0, abs=4)
    assert straight["exposure"]["highlights_clipped"] < 0.01
    light = report(np.clip(crop * 1.35, 0, 1), models)["detail"]["faces"][0]
    assert light["exposure"]["highlights_clipped"] > 0.2
    assert light["exposure"]["median"] > straight["exposure"]["median"]


@pytest.mark.weights
@pytest.mark.parametrize("scale", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["chelsea", "coffee", "coins", "page"])
def test_a_cat_coins_and_a_page_of_text_are_no_faces(models: Path, name: str, scale: int) -> None:
    data = pytest.importorskip("skimage.data")
    picture = np.asarray(getattr(data, name)(), np.float32) / 255
    picture = np.dstack([picture] * 3) if picture.ndim == 2 else picture
    large = np.clip(sim.enlarged(picture, scale, "bicubic"), 0, 1) if scale > 1 else picture
    assert report(large, models)["value"] == 0
