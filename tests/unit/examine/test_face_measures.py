"""What is measured of a face: resolution, blur, tones, pose and cover, against known truth."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.faces.cover import aligned, cover
from restoration.examine.faces.measures import MOST_WINDOWS, FaceTones, measure_face, windows
from restoration.examine.faces.pose import eye_distance, pose, upright_offsets
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.faces import ReportedFace
from restoration.findings.screen import Screen
from restoration.raster.colour.colour_space import ColourSpace
from support import group_photographs
from support import simulated_scans as sim
from support.condition import finding

Pixels = npt.NDArray[np.float32]

POINTS = {
    "astronaut": [(103.0, 204.0), (108.0, 247.0), (132.0, 228.0), (142.0, 205.0), (145.0, 245.0)],
    "hopper": [(194.0, 228.0), (192.0, 309.0), (250.0, 273.0), (280.0, 236.0), (279.0, 306.0)],
}


def facts(height: int, width: int, ppi: tuple[float, float] | None = (1200.0, 1200.0)) -> PageFacts:
    colour = ColourSpace.from_profile(None, 3)
    return PageFacts(height, width, 3, 16, ppi, None, colour, ExamineSettings())


def measured(
    pixels: Pixels, name: str, factor: float = 1.0, earlier: EarlierFindings | None = None
) -> ReportedFace:
    """The entries of a portrait that was enlarged by ``factor``."""
    codes = sim.scanned(sim.noisy(pixels, 0.7))
    (top, left), side = group_photographs.PORTRAITS[name]
    face = ReportedFace(
        box=tuple(round(v * factor) for v in (left, top, side, side)),
        points=tuple((x * factor, y * factor) for y, x in POINTS[name]),
        landmarks=(),
        score=1.0,
        gradients=None,
        network=None,
        upright_rotation=0,
    )

    def read(top: int, left: int, height: int, width: int) -> npt.NDArray[np.uint16]:
        return codes[top : top + height, left : left + width]

    page = facts(*codes.shape[:2])
    return measure_face(read, page, face, "tip", True, earlier or EarlierFindings())


def enlarged(name: str, factor: float) -> Pixels:
    """A portrait whose resolution is exactly 1 / factor of the scan's."""
    from scipy.fft import dctn, idctn

    source = group_photographs.portrait(name)
    height, width = (round(length * factor) for length in source.shape[:2])
    wide = ((0, height - source.shape[0]), (0, width - source.shape[1]))
    planes = [
        idctn(np.pad(dctn(plane.astype(float), norm="ortho"), wide), norm="ortho") * factor
        for plane in np.moveaxis(source, 2, 0)
    ]
    return np.dstack(planes).astype(np.float32)


def motion(pixels: Pixels, length: float, angle: float) -> Pixels:
    """Straight motion; angle in degrees counter-clockwise from the rows."""
    kernel = np.zeros((41, 41), np.float32)
    for step in np.linspace(-length / 2, length / 2, 1501):
        x, y = 20 + step * np.cos(np.deg2rad(angle)), 20 - step * np.sin(np.deg2rad(angle))
        column, row = int(x), int(y)
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            share = abs(1 - down - (y - row)) * abs(1 - right - (x - column))
            kernel[row + down, column + right] += share
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()))


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", ["exact", "bicubic"])
def test_an_enlarged_face_holds_what_it_held_before(factor: int, kernel: str) -> None:
    if kernel == "exact":
        pixels = enlarged("astronaut", factor)
    else:
        pixels = sim.enlarged(group_photographs.portrait("astronaut"), factor, kernel)
    found = measured(pixels, "astronaut", factor)
    assert found.effective_share == pytest.approx(1.0 / factor, rel=0.05)
    assert found.face_width_px == 100 * factor
    assert found.effective_width_px == pytest.approx(100, rel=0.05)
    assert found.effective_ppi == pytest.approx(1200 / factor, rel=0.05)
    assert found.interocular_px == pytest.approx(43.3 * factor, rel=0.02)
    assert found.interocular_mm == pytest.approx(43.3 * factor / 1200 * 25.4, rel=0.02)
    assert found.blur.kind == ("none" if factor in (2, 3) else "unknown")


@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0])
def test_a_soft_face_holds_what_its_lens_let_through(sigma: float) -> None:
    found = measured(cv2.GaussianBlur(enlarged("hopper", 2), (0, 0), sigma), "hopper", 2)
    # MTF10 of a Gaussian, as a share of Nyquist.
    wanted = 2.0 * np.sqrt(np.log(10.0) / (2.0 * np.pi**2)) / sigma
    assert found.effective_share == pytest.approx(wanted, rel=0.15)
    assert found.blur.kind == "unknown"


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
@pytest.mark.parametrize(("length", "angle"), [(12.0, 30.0), (20.0, 120.0)])
def test_motion_is_told_with_length_and_angle(name: str, length: float, angle: float) -> None:
    found = measured(motion(enlarged(name, 2), length, angle), name, 2)
    assert found.blur.kind == "motion"
    assert found.blur.length_px == pytest.approx(length, rel=0.08)
    assert found.blur.angle_deg == pytest.approx(angle, abs=4.0)
    # Sharp across the motion, nothing beyond 1 / length along it.
    assert found.effective_share == pytest.approx(np.sqrt(0.5 * 2.0 / length), rel=0.2)
    assert found.effective_limited_by == "motion"
    # No surer of the share than of the blur that it follows from.
    assert found.effective_confidence <= found.blur.confidence


def test_defocus_is_told_with_its_width() -> None:
    rows, columns = np.mgrid[-9:10, -9:10]
    disc = np.clip(6.5 - np.hypot(rows, columns), 0, 1).astype(np.float32)
    found = measured(cv2.filter2D(enlarged("hopper", 2), -1, disc / disc.sum()), "hopper", 2)
    assert found.blur.kind == "defocus"
    assert found.blur.length_px == pytest.approx(12.0, rel=0.1)
    assert found.effective_share == pytest.approx(2 * 0.61 / 6, rel=0.1)


def test_under_a_screen_and_on_few_pixels_blur_is_unknown() -> None:
    screen = finding(Screen, value="halftone")
    found = measured(enlarged("hopper", 2), "hopper", 2, EarlierFindings(screen))
    assert found.blur.kind == "unknown"
    assert "halftone" in found.blur.reason
    small = measured(group_photographs.portrait("astronaut"), "astronaut")
    assert small.blur.kind == "unknown"


def test_clipped_tones_are_counted_inside_the_face_alone() -> None:
    codes = np.full((200, 200, 3), 30000, np.uint16)
    codes[:, :20], codes[:, 180:] = 0, 65535
    tones = FaceTones((40, 40, 100, 100))
    codes[60:80, 60:80] = (65535, 20000, 20000)
    codes[100:110, 60:80] = 0
    codes[110:120, 60:80] = (40000, 30000, 0)
    for left in (0, 100):
        tones.see(Window(0, left, codes[:, left : left + 100]))
    found = tones.exposure()
    area = np.pi / 4 * 100**2
    assert found.highlights_clipped == pytest.approx(400 / area, rel=0.05)
    assert found.shadows_clipped == pytest.approx(200 / area, rel=0.05)
    assert found.median == pytest.approx(30000 / 65535, abs=1e-3)


def test_a_face_of_any_size_is_read_in_a_few_windows() -> None:
    points = [(y * 90.0, x * 90.0) for y, x in ((30, 35), (30, 65), (50, 50), (70, 40), (70, 60))]
    found = windows((0, 0, 9000, 9000), points)
    assert 3 <= len(found) <= MOST_WINDOWS
    assert all(box[2] <= 1024 and box[3] <= 1024 for box in found)
    small = windows((10, 20, 1700, 300), points)
    assert sum(box[2] * box[3] for box in small) == 1700 * 300


HEAD = np.array(
    [(0, -0.5, 0), (0, 0.5, 0), (0.588, 0, 0.42), (1.042, -0.4, 0.03), (1.042, 0.4, 0.03)]
)
"""Down, right and ahead of a mean head, in distances of the eyes."""


def seen(yaw: float = 0, pitch: float = 0, roll: float = 0) -> npt.NDArray[np.float64]:
    """Its points turned to the right, looking up and tilted counter-clockwise, in degrees."""
    down, right, ahead = HEAD.T
    y, p, r = np.deg2rad((yaw, pitch, roll))
    down, ahead = down * np.cos(p) - ahead * np.sin(p), down * np.sin(p) + ahead * np.cos(p)
    right = right * np.cos(y) + ahead * np.sin(y)
    return 80.0 * np.stack(
        [down * np.cos(r) - right * np.sin(r), right * np.cos(r) + down * np.sin(r)], axis=1
    )


@pytest.mark.parametrize("roll", [-35, 0, 20])
@pytest.mark.parametrize("yaw", [-25, 0, 15])
@pytest.mark.parametrize("pitch", [-15, 0, 10])
def test_the_pose_of_a_mean_head(yaw: float, pitch: float, roll: float) -> None:
    found = pose(seen(yaw, pitch, roll), "tip", True)
    assert found.roll == pytest.approx(roll, abs=3)
    # A bowed head's nose lies less far ahead.
    assert found.yaw == pytest.approx(yaw, abs=10)
    assert found.pitch == pytest.approx(pitch, abs=7)
    assert pose(seen(roll=roll), "tip", False).roll == pytest.approx(roll, abs=1)


def test_points_stand_upright_whichever_way_the_page_was_stored() -> None:
    upright = seen(20, 5, 10)
    upright -= upright.mean(axis=0)
    for quarter in range(4):
        down, right = upright.T
        for _ in range(quarter):
            down, right = right, -down  # Stored a quarter turn clockwise further.
        stored = np.stack([down, right], axis=1) + 500
        # Clockwise by one quarter is undone by one counter-clockwise.
        for mirrored in (False, True):
            found = upright_offsets([tuple(p) for p in stored], 90 * quarter, mirrored)
            wanted = upright * (1, -1) if mirrored else upright
            assert np.allclose(found, wanted)


def test_the_eyes_distance_with_two_resolutions() -> None:
    assert eye_distance([(0, 0), (30, 40)], None) == (50.0, None)
    assert eye_distance([(0, 0), (0, 600)], (600.0, 1200.0))[1] == pytest.approx(25.4)
    assert eye_distance([(0, 0), (600, 0)], (600.0, 1200.0))[1] == pytest.approx(12.7)


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_what_covers_one_side_is_seen_and_a_bare_face_is_bare(name: str) -> None:
    picture = np.rint(group_photographs.portrait(name) * 255).astype(np.uint8)
    points = POINTS[name]
    assert cover(aligned(picture, points), 5.0).share <= 0.05
    eyes = round(points[1][1] - points[0][1])
    covered = picture.copy()
    # A dark hand over the cheek on the right.
    top, left = round(points[1][0] + 0.2 * eyes), round(points[2][1] + 0.15 * eyes)
    covered[top : top + eyes, left : left + eyes] = (20, 40, 30)
    found = cover(aligned(covered, points), 5.0)
    assert 0.1 <= found.share <= 0.5
    assert 0.0 < found.confidence <= 0.5
    assert cover(aligned(covered, points), 45.0).confidence == 0.0
