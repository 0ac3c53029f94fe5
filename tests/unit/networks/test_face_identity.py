"""The embedding that compares a face with itself, and the points inside an aligned face.

dlib's own weights are needed for all but the refusals; no photograph but scikit-image's is.
"""

import shutil
import sys

import cv2
import numpy as np
import pytest

from restoration.errors import CircumstanceError
from restoration.networks import face_identity
from restoration.networks.face_detector import POINTS_FILE, FaceDetector, aligned_points
from restoration.networks.face_identity import TEMPLATE, DensePoints, FaceIdentity, distance
from support import simulated_scans as sim
from support import weights_at_hand

SIDE = FaceIdentity.SIDE


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    pytest.importorskip("dlib")
    folder = tmp_path_factory.mktemp("models")
    for name in ("dlib-face-points", "dlib-face-identity"):
        for file in weights_at_hand.original_files(name):
            shutil.copy(file, folder / file.name)
    return folder


@pytest.fixture(scope="module")
def identity(models):
    return FaceIdentity(models)


@pytest.fixture(scope="module")
def astronaut(models):
    """The astronaut's face, aligned."""
    codes = np.rint(sim.picture("astronaut") * 255).astype(np.uint8)
    detector = FaceDetector(models, network=False)
    (face,) = detector.by_gradients(codes, 0.5)
    places = np.array(aligned_points(detector.landmarks(codes, face)))[:, ::-1] - 0.5
    matrix, _ = cv2.estimateAffinePartial2D(places, np.array(TEMPLATE), method=cv2.LMEDS)
    return cv2.warpAffine(codes, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC)


def blurred(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


@pytest.mark.weights
def test_the_points_lie_where_a_face_was_aligned(identity, astronaut):
    eyes = np.array(aligned_points(identity.landmarks(astronaut)))[:2]
    wanted = np.array(TEMPLATE[:2])[:, ::-1] + 0.5
    assert eyes == pytest.approx(wanted, abs=15)


@pytest.mark.weights
def test_the_same_face_has_the_same_numbers_every_time(identity, models, astronaut):
    points = identity.landmarks(astronaut)
    one = identity.embedding(astronaut, points)
    assert one.shape == (face_identity.LENGTH,)
    assert one.dtype == np.float64
    other = FaceIdentity(models)
    assert np.array_equal(other.embedding(astronaut, other.landmarks(astronaut)), one)
    # A view of another memory order is the same picture.
    turned = np.asfortranarray(astronaut)
    assert np.array_equal(identity.embedding(turned, points), one)


@pytest.mark.weights
def test_the_more_a_face_is_blurred_the_farther_it_is_from_itself(identity, astronaut):
    points = identity.landmarks(astronaut)
    own = identity.embedding(astronaut, points)
    distances = [
        distance(own, identity.embedding(blurred(astronaut, sigma), points))
        for sigma in (3, 6, 10, 16)
    ]
    assert distances == sorted(distances)
    assert distances[0] < 0.3
    assert distances[-1] > 0.35


@pytest.mark.weights
def test_a_mirrored_face_is_near_and_a_face_without_features_is_not(identity, astronaut):
    points = identity.landmarks(astronaut)
    own = identity.embedding(astronaut, points)
    flat = np.broadcast_to(astronaut.mean(axis=(0, 1)).astype(np.uint8), astronaut.shape)
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    near = identity.embedding(mirrored, identity.landmarks(mirrored))
    assert distance(own, near) < 0.35
    assert distance(own, identity.embedding(flat, points)) > 0.6


def test_distance_is_euclidean():
    one, other = np.zeros(128), np.zeros(128)
    other[:2] = 3.0, 4.0
    assert distance(one, other) == 5.0
    assert distance(one, one) == 0.0


@pytest.mark.weights
@pytest.mark.parametrize("shape", [(511, 512, 3), (512, 512), (512, 512, 4)])
def test_what_is_not_an_aligned_face_is_refused(identity, shape):
    wrong = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match="aligned"):
        identity.landmarks(wrong)
    with pytest.raises(ValueError, match="aligned"):
        identity.embedding(wrong, [(1.0, 1.0)] * 5)
    with pytest.raises(ValueError, match="aligned"):
        identity.landmarks(np.zeros((SIDE, SIDE, 3), np.float32))
    with pytest.raises(ValueError, match="5 landmarks"):
        identity.embedding(np.zeros((SIDE, SIDE, 3), np.uint8), [(1.0, 1.0)] * 4)


@pytest.mark.weights
def test_a_folder_is_opened_once(models):
    one = face_identity.face_identity(models)
    assert face_identity.face_identity(models) is one


def test_missing_files_and_missing_dlib_are_named(tmp_path, monkeypatch):
    pytest.importorskip("dlib")
    with pytest.raises(CircumstanceError, match=POINTS_FILE):
        FaceIdentity(tmp_path)
    with pytest.raises(CircumstanceError, match=face_identity.DENSE_POINTS_FILE):
        DensePoints(tmp_path)
    (tmp_path / face_identity.DENSE_POINTS_FILE).write_bytes(b"nothing of the kind")
    with pytest.raises(CircumstanceError, match="opened"):
        DensePoints(tmp_path)
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(CircumstanceError, match="dlib cannot be imported"):
        FaceIdentity(tmp_path)


@pytest.mark.weights
def test_a_missing_embedding_is_named(models, tmp_path):
    shutil.copy(models / POINTS_FILE, tmp_path / POINTS_FILE)
    with pytest.raises(CircumstanceError, match=face_identity.IDENTITY_FILE):
        FaceIdentity(tmp_path)


@pytest.mark.weights
def test_the_68_points_have_eyes_and_mouth_in_place(astronaut):
    pytest.importorskip("dlib")
    (file,) = weights_at_hand.original_files("dlib-face-points-68")
    points = np.array(DensePoints(file.parent).points(astronaut))
    assert points.shape == (68, 2)
    wanted = np.array(TEMPLATE)[:, ::-1] + 0.5
    # Corners of the eyes and of the mouth, as iBUG numbers them.
    assert points[36:42].mean(axis=0) == pytest.approx(wanted[0], abs=15)
    assert points[42:48].mean(axis=0) == pytest.approx(wanted[1], abs=15)
    assert points[[48, 54]].mean(axis=0) == pytest.approx(wanted[3:].mean(axis=0), abs=30)
    assert (np.diff(points[:17, 1]) > -20).all()
