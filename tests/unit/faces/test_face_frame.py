"""The aligned frame of a face: its geometry, its sampling, its masks."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.config.stages.faces import FeatureStrengths
from restoration.faces.frame import EYES_AND_MOUTH, SIDE, Frame, points_of
from restoration.faces.sampling import OnPage, in_frame
from restoration.raster.base import ArrayRaster
from restoration.stages.faces.masks import FEATURES, from_dense, from_five, weights_of


def turned(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + shift


@pytest.mark.parametrize("degrees", [0.0, 90.0, 180.0, 270.0, -17.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_frame_takes_a_face_to_its_place_however_it_lies(degrees: float, mirrored: bool) -> None:
    upright = EYES_AND_MOUTH * (-1.0, 1.0) if mirrored else EYES_AND_MOUTH
    places = turned(upright, degrees, 0.4, (300.0, 200.0))
    frame = Frame.of(places, mirrored)
    assert np.allclose(frame.to_frame(places), EYES_AND_MOUTH, atol=1e-9)
    assert np.allclose(frame.to_page(EYES_AND_MOUTH), places, atol=1e-9)
    assert frame.scale == pytest.approx(2.5)


def test_a_box_alone_gives_the_frame_that_its_own_face_would_give() -> None:
    places = turned(EYES_AND_MOUTH, 0.0, 0.5, (40.0, 60.0))
    by_points = Frame.of(places, False)
    corners = by_points.to_page(np.array([[106.0, 132.0], [406.0, 432.0]]))
    box = (*corners[0], *(corners[1] - corners[0]))
    assert np.allclose(Frame.of_box(box, 0, False).matrix, by_points.matrix, atol=1e-6)


@pytest.mark.parametrize(("rotation", "mirrored"), [(90, False), (180, False), (270, True)])
def test_a_box_on_a_turned_page_stands_upright_in_its_frame(rotation: int, mirrored: bool) -> None:
    # Turning the page by `rotation` counter-clockwise makes the face upright: on the page as it
    # is, what is up in the frame lies `rotation` clockwise of up.
    frame = Frame.of_box((100.0, 100.0, 60.0, 60.0), rotation, mirrored)
    up = frame.to_page(np.array([[256.0, 200.0]])) - frame.to_page(np.array([[256.0, 400.0]]))
    angle = np.deg2rad(rotation)
    assert np.allclose(up[0] / np.linalg.norm(up), [np.sin(angle), -np.cos(angle)], atol=1e-9)


def test_the_reports_points_are_left_and_top_and_five() -> None:
    five = [[20.0, 10.0], [40.0, 11.0], [30.0, 20.0], [22.0, 30.0], [38.0, 31.0]]
    assert points_of(five).tolist() == [[20.0, 10.0], [40.0, 11.0], [22.0, 30.0], [38.0, 31.0]]


def waves(height: int, width: int, period: float) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] + 0.5
    plane = 0.5 + 0.2 * np.sin(2 * np.pi * x / period) * np.cos(2 * np.pi * y / period)
    return np.repeat(plane[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("scale", [0.25, 0.9, 1.0, 2.3, 6.0])
def test_to_the_frame_and_back_keeps_what_both_can_carry(scale: float) -> None:
    """scale: page pixels per frame pixel."""
    side = round(700 * scale)
    page = waves(side, side, 40.0 * scale)
    places = turned(EYES_AND_MOUTH, 12.0, scale, (160.0 * scale, 40.0 * scale))
    frame = Frame.of(places, False)
    aligned = in_frame(ArrayRaster(page), frame)
    assert aligned.shape == (SIDE, SIDE, 3)
    top, left = (round(300 * scale), round(300 * scale))
    size = max(8, round(60 * scale))
    back = OnPage(aligned, frame).read(top, left, size, size)
    assert np.abs(back - page[top : top + size, left : left + size]).max() < 1.5 / 255.0


def test_windows_of_a_page_hold_the_same_bits_whatever_their_size() -> None:
    rng = np.random.default_rng(5)
    planes = rng.random((SIDE, SIDE, 1), np.float32)
    frame = Frame.of(turned(EYES_AND_MOUTH, 31.0, 0.7, (50.0, 20.0)), False)
    view = OnPage(planes, frame)
    whole = view.read(0, 0, 300, 280)
    parts = [view.read(top, 0, min(37, 300 - top), 280) for top in range(0, 300, 37)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_face_over_the_pages_edge_sees_the_page_mirrored() -> None:
    page = waves(200, 200, 50.0)
    frame = Frame.of(turned(EYES_AND_MOUTH, 0.0, 0.5, (-60.0, -90.0)), False)
    aligned = in_frame(ArrayRaster(page), frame)
    assert np.isfinite(aligned).all()
    assert aligned.min() > 0.25
    assert aligned.max() < 0.75


def test_the_masks_share_the_face_and_end_before_the_hair() -> None:
    masks = from_five(EYES_AND_MOUTH, (256.0, 332.0))
    assert tuple(masks) == FEATURES
    total = np.sum(list(masks.values()), axis=0)
    assert total.max() <= 1.0 + 1e-6
    assert all(mask.min() >= 0.0 for mask in masks.values())
    for x, y, name in [
        (193, 240, "eyes"),
        (319, 240, "eyes"),
        (256, 371, "mouth"),
        (193, 204, "brows"),
    ]:
        assert masks[name][y, x] > 0.8, name
    assert masks["jaw"][440, 256] > 0.3
    assert masks["nose"][300, 256] > 0.9
    assert masks["skin"][320, 180] > 0.5
    # Hair above, ears and earrings beside, the neck below: exactly 0.
    assert not total[:150].any()
    assert not total[:, :130].any()
    assert not total[:, 382:].any()
    assert not total[470:].any()


def test_a_turned_face_is_narrower_on_its_far_side() -> None:
    frontal = from_five(EYES_AND_MOUTH, (256.0, 332.0))
    right = from_five(EYES_AND_MOUTH, (290.0, 332.0))
    widths = [np.sum(list(masks.values()), axis=0)[280] > 0 for masks in (frontal, right)]
    assert widths[1][256:].sum() < widths[0][256:].sum() - 25
    assert widths[1][:256].sum() == widths[0][:256].sum()


def test_each_feature_takes_its_own_strength() -> None:
    masks = from_five(EYES_AND_MOUTH, (256.0, 332.0))
    strengths = FeatureStrengths(eyes=0.0, mouth=0.5)
    weights = weights_of(masks, strengths)
    assert weights[240, 193] < 0.05
    assert weights[371, 256] == pytest.approx(0.5, abs=0.05)
    assert weights[320, 180] == pytest.approx(
        float(np.sum([mask[320, 180] for mask in masks.values()])), abs=1e-6
    )


def test_sixty_eight_points_make_masks_of_the_same_kind() -> None:
    points = np.zeros((68, 2))
    angles = np.linspace(np.pi, 0.0, 17)
    points[:17] = np.stack([256 + 120 * np.cos(angles), 260 + 190 * np.sin(angles)], axis=1)
    points[17:22] = np.linspace((160, 205), (235, 205), 5)
    points[22:27] = np.linspace((277, 205), (352, 205), 5)
    points[27:36] = np.linspace((256, 240), (256, 330), 9) + np.array(
        [[0, 0]] * 4 + [[-20, 0], [-10, 4], [0, 6], [10, 4], [20, 0]]
    )
    for start, middle in ((36, (193, 240)), (42, (319, 240))):
        ring = np.linspace(0, 2 * np.pi, 7)[:6]
        points[start : start + 6] = np.stack(
            [middle[0] + 24 * np.cos(ring), middle[1] + 8 * np.sin(ring)], axis=1
        )
    ring = np.linspace(0, 2 * np.pi, 13)[:12]
    points[48:60] = np.stack([256 + 56 * np.cos(ring), 371 + 16 * np.sin(ring)], axis=1)
    masks = from_dense(points)
    assert tuple(masks) == FEATURES
    assert masks["eyes"][240, 193] > 0.9
    assert masks["mouth"][371, 256] > 0.9
    total = np.sum(list(masks.values()), axis=0)
    assert total.max() <= 1.0 + 1e-6
    assert not total[:120].any()


class Watched:
    """A page that is never whole in memory; remembers the largest window that was asked for."""

    channels = 1

    def __init__(self, side: int) -> None:
        self.height = self.width = side
        self.largest = 0

    def read(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        self.largest = max(self.largest, height * width)
        rows = np.linspace(0.2, 0.8, self.height, dtype=np.float32)[top : top + height]
        return np.repeat(rows[:, None, None], width, axis=1)


def test_a_face_that_fills_the_sheet_is_read_in_strips() -> None:
    page = Watched(9000)
    frame = Frame.of(EYES_AND_MOUTH * 16.0 + 400.0, False)
    aligned = in_frame(page, frame)
    assert page.largest < 4 << 20
    assert aligned[256, 256, 0] == pytest.approx(0.2 + 0.6 * (256 * 16 + 400) / 9000, abs=1e-3)
