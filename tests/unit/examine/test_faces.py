"""Faces: found where they are, whichever way up the page is stored; never silently not looked for.

Most tests put a detector in the place of dlib's that sees one painted marker, and only upright.
Those marked `weights` use dlib's own.
"""

import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.faces import faces as faces_module
from restoration.examine.faces.faces import FacesMeasurer
from restoration.examine.fine_proxy import FineProxy
from restoration.examine.page import examine_page
from restoration.examine.upright import to_stored, upright
from restoration.examine.window import PageFacts, Window
from restoration.networks import face_detector
from restoration.networks.face_detector import Detection, FaceDetector, aligned_points
from restoration.raster.colour.colour_space import ColourSpace
from support import corpus, weights_at_hand
from support import simulated_scans as sim

SIDE = 96
SRGB = ColourSpace.from_profile(None, 3)


def marker(side=SIDE):
    """A magenta square whose upper left quarter is yellow: no turn and no mirror maps it to
    itself."""
    square = np.zeros((side, side, 3), np.float32)
    square[..., 0] = square[..., 2] = 1.0
    square[: side // 2, : side // 2] = (1.0, 1.0, 0.0)
    return square


def scene(top=150, left=260, height=420, width=560, side=SIDE):
    pixels = np.full((height, width, 3), 0.35, np.float32)
    pixels[top : top + side, left : left + side] = marker(side)
    return pixels


class MarkerDetector:
    """Sees markers of any size that stand upright."""

    version = "0"

    def __init__(self, network=True, agrees=True):
        self.has_network, self.agrees = network, agrees
        self.score = 0.5

    def by_gradients(self, picture, threshold):
        return self._seen(picture, self.score) if self.score > threshold else []

    def by_network(self, picture):
        return self._seen(picture, 1.0) if self.agrees else []

    def landmarks(self, picture, face):
        # The eye on the left is the yellow quarter's middle.
        quarter = face.side / 4
        left = (face.top + quarter, face.left + quarter)
        right = (face.top + quarter, face.left + 3 * quarter)
        return [right, right, left, left, (face.top + 2 * quarter, face.left + 2 * quarter)]

    @staticmethod
    def _seen(picture, score):
        red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
        yellow = (red > 200) & (green > 200) & (blue < 90)
        magenta = (red > 200) & (green < 90) & (blue > 200)
        _, _, table, _ = cv2.connectedComponentsWithStats(
            (yellow | magenta).astype(np.uint8), connectivity=4
        )
        found = []
        for left, top, width, height, area in table[1:]:
            if area < 200:
                continue
            rows, columns = np.nonzero(yellow[top : top + height, left : left + width])
            if rows.size and rows.mean() < 0.4 * height and columns.mean() < 0.4 * width:
                found.append(Detection(float(top), float(left), (width + height) / 2, score))
        return found


@pytest.fixture
def detector(monkeypatch):
    seen = MarkerDetector()
    monkeypatch.setattr(faces_module, "face_detector", lambda folder, network: seen)
    return seen


def report(pixels, orientation=1, window=256, models=Path("models"), **settings):
    page = sim.SimulatedPage(sim.scanned(pixels))
    page.orientation = orientation
    asked = ExamineSettings(window=window, **settings)
    colour = ColourSpace.from_profile(None, page.channels)
    return examine_page(page, asked, colour, [FacesMeasurer], models_dir=models)


def stored_as(seen, orientation):
    """How a scanner stores an upright picture under this tag."""
    for candidate in range(1, 9):
        stored = np.ascontiguousarray(upright(seen, candidate))
        if np.array_equal(upright(stored, orientation), seen):
            return stored
    raise AssertionError(orientation)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_box_points_and_rotation_for_every_orientation_tag(detector, orientation):
    pixels = stored_as(scene(), orientation)
    found = report(pixels, orientation)["faces"]
    assert found["value"] == 1
    face = found["detail"]["faces"][0]
    left, top, width, height = face["box"]
    rows, columns = np.nonzero(pixels[..., 2] != np.float32(0.35))
    wanted = [rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1]
    assert [top, left, height, width] == pytest.approx(wanted, abs=2)
    names = found["detail"]["point_names"]
    eye = face["points"][names.index("eye on the left")]
    assert tuple(pixels[int(eye[1]), int(eye[0])]) == (1.0, 1.0, 0.0)
    turned = np.rot90(
        pixels[top : top + height, left : left + width], face["upright_rotation"] // 90
    )
    turned = turned[:, ::-1] if orientation in (2, 4, 5, 7) else turned
    assert tuple(turned[height // 4, width // 4]) == (1.0, 1.0, 0.0)
    assert tuple(turned[3 * height // 4, width // 4]) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_page_that_lies_on_its_side_is_searched_and_reported(detector, turns):
    pixels = np.ascontiguousarray(np.rot90(scene(), turns))
    found = report(pixels)
    face = found["faces"]["detail"]["faces"][0]
    assert face["upright_rotation"] == 360 - 90 * turns
    rows, columns = np.nonzero(pixels[..., 2] != np.float32(0.35))
    assert face["box"][:2] == pytest.approx([columns.min(), rows.min()], abs=3)
    assert [warning["code"] for warning in found["warnings"]] == ["faces_not_upright"]


@pytest.mark.parametrize("window", [256, 333, 1024])
def test_boxes_of_a_large_page_are_in_its_own_pixels(detector, monkeypatch, window):
    monkeypatch.setattr(faces_module, "MOST_CELLS", 140_000)
    pixels = scene(733, 401, 1300, 900, side=301)
    found = report(pixels, window=window)["faces"]
    assert found["detail"]["proxy_step_px"] == 3
    assert found["detail"]["faces"][0]["box"] == pytest.approx([401, 733, 301, 301], abs=6)
    assert found["detail"]["smallest_face_px"] == 120


def test_a_face_over_the_edge_has_its_box_inside_the_page(detector):
    def beyond(picture, threshold):
        whole = picture.shape[0] == 420
        return [Detection(150.0, -40.0, float(SIDE), 2.0)] if whole else []

    detector.by_gradients, detector.agrees = beyond, False
    face = report(scene()[:, 300:])["faces"]["detail"]["faces"][0]
    assert face["box"] == [0, 150, SIDE - 40, SIDE]


def test_what_the_network_refuses_is_counted_and_not_a_face(detector):
    detector.agrees = False
    found = report(scene())["faces"]
    assert found["value"] == 0
    assert found["detail"]["unconfirmed"] == 1
    detector.score = 1.5
    sure = report(scene())["faces"]
    assert sure["value"] == 1
    assert sure["detail"]["faces"][0]["network"] is None


def test_without_the_network_a_weak_find_is_not_enough(detector):
    detector.has_network = False
    detector.score = 0.3
    assert report(scene(), faces="hog")["faces"]["value"] == 0
    detector.score = 0.6
    weak = report(scene(), faces="hog")["faces"]
    assert weak["value"] == 1
    assert weak["confidence"] <= 0.7


def test_faded_and_grey_pages_are_stretched_for_the_detector(detector):
    assert report(scene())["faces"]["detail"]["tones_stretched"] is False
    faded = report(scene() * 0.2 + 0.6)["faces"]
    assert faded["detail"]["tones_stretched"] is True
    assert faded["value"] == 1


def reason_of(found):
    assert found["faces"]["value"] is None
    assert found["faces"]["confidence"] == 0.0
    assert found["faces"]["detail"]["faces"] == []
    return found["faces"]["detail"]["reason"]


def test_not_looking_is_said_with_its_reason():
    assert "off" in reason_of(report(scene(), faces="off"))
    assert report(scene(), faces="off")["warnings"] == []
    found = report(scene(), models=None)
    assert "weights" in reason_of(found)
    assert [warning["code"] for warning in found["warnings"]] == ["faces_unknown"]
    assert "smaller" in reason_of(report(scene()[:30]))


def test_missing_files_and_missing_dlib_are_named(tmp_path, monkeypatch):
    pytest.importorskip("dlib")
    assert face_detector.POINTS_FILE in reason_of(report(scene(), models=tmp_path / "none"))
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / face_detector.POINTS_FILE).write_bytes(b"nothing of the kind")
    assert "opened" in reason_of(report(scene(), models=damaged))
    monkeypatch.setitem(sys.modules, "dlib", None)
    assert "dlib" in reason_of(report(scene(), models=tmp_path / "other"))


def test_the_mouth_lies_below_the_nose_also_when_the_head_is_tilted():
    level = [(100.0, 180.0), (100.0, 160.0), (100.0, 100.0), (100.0, 120.0), (140.0, 140.0)]
    left, right, nose, one, other = aligned_points(level)
    assert left == (100.0, 110.0)
    assert right == (100.0, 170.0)
    assert nose == (140.0, 140.0)
    assert one == pytest.approx((157.2, 116.0))
    assert other == pytest.approx((157.2, 164.0))
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    tilted = [tuple(place) for place in np.array(level) @ turn.T]
    moved = np.array([left, right, nose, one, other]) @ turn.T
    assert np.array(aligned_points(tilted)) == pytest.approx(moved)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_points_go_back_to_the_stored_page(orientation):
    stored = np.arange(5 * 8).reshape(5, 8)
    seen = upright(stored, orientation)
    for row in range(seen.shape[0]):
        for column in range(seen.shape[1]):
            place = to_stored([(row + 0.5, column + 0.5)], orientation, *seen.shape)[0]
            assert stored[int(place[0]), int(place[1])] == seen[row, column]


@pytest.mark.parametrize("window", [256, 300, 1000])
@pytest.mark.parametrize("grey", [False, True])
def test_fine_proxy_is_the_mean_of_its_cells(window, grey):
    codes = corpus.codes(701, 523, 3, 16)
    facts = PageFacts(701, 523, 3, 16, None, None, SRGB, ExamineSettings(window=256))
    proxy = FineProxy(facts, 8000, grey=grey)
    for top in range(0, 701, window):
        for left in range(0, 523, window):
            proxy.see(Window(top, left, codes[top : top + window, left : left + window]))
    step = proxy.step
    assert proxy.cells.shape[0] * proxy.cells.shape[1] <= 8000
    for row, column in ((0, 0), (40, 30), (701 // step, 523 // step), (256 // step, 256 // step)):
        cell = codes[row * step : (row + 1) * step, column * step : (column + 1) * step]
        mean = cell.reshape(-1, 3).mean(axis=0)
        wanted = [mean.mean()] if grey else mean
        assert proxy.cells[row, column] == pytest.approx(wanted, abs=3)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    pytest.importorskip("dlib")
    folder = tmp_path_factory.mktemp("models")
    for name in ("dlib-face-detector", "dlib-face-points"):
        for file in weights_at_hand.original_files(name):
            shutil.copy(file, folder / file.name)
    return folder


def inside(point, box):
    return box[0] <= point[0] < box[0] + box[2] and box[1] <= point[1] < box[1] + box[3]


@pytest.mark.weights
@pytest.mark.parametrize("how", ["plain", "toned and faded", "grey", "stored on its side"])
def test_dlib_finds_the_astronaut(models, how):
    pixels = sim.picture("astronaut")
    orientation = 1
    if how == "toned and faded":
        pixels = pixels.mean(axis=2, keepdims=True) * np.array([0.3, 0.25, 0.2], np.float32) + 0.5
    elif how == "grey":
        pixels = pixels.mean(axis=2, keepdims=True)
    elif how == "stored on its side":
        pixels, orientation = np.ascontiguousarray(np.rot90(pixels)), 6
    found = report(pixels, orientation, models=models, faces="hog")["faces"]
    assert found["value"] == 1
    face = found["detail"]["faces"][0]
    # The eyes, as a person sees them, in the upright picture: (207, 103) and (247, 109).
    eyes = [(204.0, 103.0), (247.0, 108.0)]
    wanted = eyes if orientation == 1 else [(down, 512 - right) for right, down in eyes]
    assert np.array(face["points"][:2]) == pytest.approx(np.array(wanted), abs=8)
    assert all(inside(point, face["box"]) for point in face["points"])
    assert report(pixels, orientation, models=models, faces="hog")["faces"] == found


@pytest.mark.weights
def test_dlibs_network_finds_and_confirms(models):
    crop = sim.picture("astronaut")[:230, 110:340]
    found = report(crop, models=models)["faces"]
    assert found["value"] == 1
    assert found["detail"]["faces"][0]["network"] > 0.8
    assert found["confidence"] > 0.8


@pytest.mark.weights
@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "coffee", "rocket", "chelsea"])
def test_dlib_finds_no_face_where_there_is_none(models, name):
    assert report(sim.picture(name), models=models, faces="hog")["faces"]["value"] == 0


@pytest.mark.weights
def test_the_detector_is_opened_once_and_refuses_what_it_lacks(models):
    one = face_detector.face_detector(models, False)
    assert face_detector.face_detector(models, False) is one
    with pytest.raises(ValueError, match="without its network"):
        one.by_network(np.zeros((90, 90, 3), np.uint8))
    assert FaceDetector(models, network=True).has_network
