"""The bench of faces: its damage is the same each time, its measures see what they are meant to."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from restoration.networks.face_detector import FaceDetector, aligned_points
from restoration.networks.face_identity import TEMPLATE, FaceIdentity
from support import simulated_scans as sim
from support import weights_at_hand

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

import face_crops
import face_damage
import face_measures_of_truth as measures
import face_pictures
import face_rivals

# Two eyes, the nose and the mouth of a face about 128 px wide, upright, on a page of 300 px.
POINTS = tuple((150 + (y - 290) * 0.41, 150 + (x - 256) * 0.41) for x, y in TEMPLATE)


def page(side=300):
    """A picture with detail everywhere, which is no face."""
    return np.ascontiguousarray(sim.picture("astronaut")[:side, 100 : 100 + side])


def truth(side=300):
    return face_pictures.FaceTruth("none", "nobody", "public domain", page(side), POINTS)


def test_the_crop_has_the_points_where_the_template_has_them():
    matrix = face_crops.to_aligned(POINTS)
    places = np.array(POINTS)[:, ::-1] - 0.5
    assert places @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(np.array(TEMPLATE), abs=0.01)
    assert face_crops.width_of(POINTS) == pytest.approx(310 * 0.41, rel=1e-3)
    spot = np.zeros((300, 300, 3), np.float32)
    eye = POINTS[0]
    spot = cv2.circle(spot, (round(eye[1] - 0.5), round(eye[0] - 0.5)), 3, (1, 1, 1), -1)
    found = face_crops.crop(spot, matrix)[..., 0]
    rows, columns = np.nonzero(found > 0.5)
    assert (columns.mean(), rows.mean()) == pytest.approx(TEMPLATE[0], abs=2.5)


def test_a_coarser_truth_keeps_its_points_and_is_never_enlarged():
    small = truth().at_width(64)
    assert small.width == pytest.approx(64, rel=0.02)
    assert small.pixels.shape == (round(300 * 64 / 127.1),) * 2 + (3,)
    assert truth().at_width(192) is None


@pytest.mark.parametrize("kind", face_damage.KINDS)
def test_damage_is_the_same_each_time_and_keeps_the_size(kind):
    one, two = (face_damage.damaged(truth(160), kind) for _ in range(2))
    assert one.page.shape == one.truth.shape == (160, 160, 3)
    assert one.page.dtype == np.float32
    assert np.array_equal(one.page, two.page)
    assert not np.array_equal(one.page, one.truth)
    assert 0.0 <= one.page.min() <= one.page.max() <= 1.0
    # A halftone and its descreening keep the mean of light.
    if kind == "halftone":
        assert one.page.mean() == pytest.approx(one.truth.mean(), abs=0.03)


def test_the_areas_of_a_face_are_where_its_features_are():
    areas = measures.areas_of(face_crops.to_aligned(POINTS), (300, 300))
    for name, place in zip(("eyes", "eyes", "nose", "mouth", "mouth"), POINTS, strict=True):
        assert areas[name][int(place[0]), int(place[1])]
        assert not areas["skin"][int(place[0]), int(place[1])]
    assert (areas["skin"] <= areas["face"]).all()
    assert not (areas["eyes"] & areas["mouth"]).any()
    assert (areas["face"] <= areas["head"]).all()
    for name, half in (("face", 118 * 166), ("head", 150 * 190)):
        share = np.pi * half * 0.41**2 / 300**2
        assert areas[name].mean() == pytest.approx(share, rel=0.02)


def test_pasting_back_what_was_there_changes_little_and_rounds_to_8_bits():
    matrix = face_crops.to_aligned(POINTS)
    before = page()
    after = face_rivals.pasted_by_facexlib(before, [(face_crops.crop(before, matrix), POINTS)])
    assert after.shape == before.shape
    face = measures.areas_of(matrix, (300, 300))["face"]
    assert measures.psnr(after, before, face) > 33
    # facexlib cuts off what 8 bits do not hold.
    assert np.abs(after - before)[:20].max() <= 1 / 255 + 1e-6
    black = face_rivals.pasted_by_facexlib(before, [(np.zeros((512, 512, 3)), POINTS)])
    assert black[int(POINTS[2][0]), int(POINTS[2][1])].max() == 0.0


@pytest.mark.weights
def test_the_truth_is_nearest_to_itself_and_blur_is_farther():
    pytest.importorskip("dlib")
    files = [
        weights_at_hand.original_files(name)[0]
        for name in ("dlib-face-points", "dlib-face-identity")
    ]
    identity = FaceIdentity(files[0].parent)
    pixels = np.ascontiguousarray(sim.picture("astronaut")[:260, 90:350])
    detector = FaceDetector(files[0].parent, network=False)
    codes = face_crops.codes8(pixels)
    (face,) = detector.by_gradients(codes, 0.5)
    points = aligned_points(detector.landmarks(codes, face))
    true = measures.TruthOfFace(pixels, points, identity)
    own = true.nearness(pixels)
    assert own.identity == own.points_percent == 0.0
    assert own.psnr_db["eyes"] == 99
    assert own.ssim["face"] == pytest.approx(1.0)
    soft, softer = (true.nearness(cv2.GaussianBlur(pixels, (0, 0), s)) for s in (1.5, 4))
    assert 0 < soft.identity < softer.identity
    assert 0 < soft.points_percent < softer.points_percent
    for area in measures.AREAS:
        assert soft.psnr_db[area] > softer.psnr_db[area]
        assert soft.ssim[area] > softer.ssim[area]


def test_a_folder_names_people_by_its_files(tmp_path, monkeypatch):
    import imagecodecs

    for name in ("mary-1.png", "mary 2.png", "john.png"):
        codes = np.full((40, 40), 32768, np.uint16)
        (tmp_path / name).write_bytes(imagecodecs.png_encode(codes))
    monkeypatch.setattr(
        face_pictures,
        "_faces",
        lambda name, person, licence, pixels: [
            face_pictures.FaceTruth(name, person, licence, pixels, POINTS)
        ],
    )
    found = face_pictures.truths(tmp_path)
    assert face_pictures.identities(found) == ["john", "mary"]
    assert found[0].pixels.shape == (40, 40, 3)
    assert found[0].pixels[0, 0, 0] == pytest.approx(0.5, abs=1e-3)
    with pytest.raises(SystemExit, match="no folder"):
        face_pictures.truths(tmp_path / "none")
