"""Red pupils: which lose their colour, and what red things beside them never do."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from restoration.faces.frame import BETWEEN_EYES, EYES_AND_MOUTH
from restoration.faces.page_faces import KnownFace
from restoration.findings.report import FINDINGS
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.records.stage_findings.faces import FaceEntry
from restoration.review.face_order import DecidedFace
from restoration.review.face_words import rows
from restoration.stages.base import Declined, Restored
from restoration.stages.faces.red_eye import find_red_pupils, neutral, redness
from support import condition, corpus
from support.fake_faces import face_on_page, page_of, stage_with, stripes

SRGB = ColourSpace.from_profile(None, 3)

Colour = tuple[float, float, float]

RED, BROWN, BLUE = (0.78, 0.16, 0.15), (0.36, 0.21, 0.13), (0.35, 0.45, 0.55)
BLACK, WHITE = (0.06, 0.05, 0.05), (0.97, 0.97, 0.96)


@dataclass(frozen=True)
class Painted:
    """A face as it is painted; lengths are shares of the distance between the eyes."""

    pupil: Colour = RED
    iris: Colour = BROWN
    skin: Colour = (0.82, 0.62, 0.53)
    pupil_radius: float = 0.055
    pupil_stretched: float = 1.0
    """Width of the pupil over its height."""
    iris_radius: float = 0.09
    dots: tuple[tuple[float, float, float], ...] = ()
    """Red dots beside each eye: x, y, radius."""
    rims: tuple[float, float] | None = None
    """Inner and outer radius of red glasses around each eye."""
    glint: tuple[float, float, float] = (0.02, -0.02, 0.016)
    """The catchlight: x, y, radius."""
    aside: float = 0.0
    """How far the eyes look to the right."""


def painted(size: tuple[int, int], face: KnownFace, what: Painted, seed: int = 3) -> np.ndarray:
    """float32 (height, width, 3): eyes and lips where the face has them, on its skin, with noise.

    Each pixel is the mean of 3 x 3 samples.
    """
    height, width = size
    steps = (np.arange(3 * max(size)) + 0.5) / 3.0
    x, y = np.meshgrid(steps[: 3 * width], steps[: 3 * height])
    places = face.frame.to_frame(np.stack([x.ravel(), y.ravel()], axis=1)) / BETWEEN_EYES
    across, down = (places[:, axis].reshape(x.shape) for axis in (0, 1))
    page = np.broadcast_to(np.float32(what.skin), (*x.shape, 3)).copy()

    def disc(
        at: tuple[float, float], radius: tuple[float, float], colour: Colour, hole: float = 0.0
    ) -> None:
        distance = np.hypot((across - at[0]) / radius[0], (down - at[1]) / radius[1])
        page[(distance < 1.0) & (distance >= hole)] = colour

    points = EYES_AND_MOUTH / BETWEEN_EYES
    mouth = points[2:].mean(axis=0)
    disc((mouth[0], mouth[1]), (0.42, 0.14), (0.72, 0.2, 0.24))
    for eye in points[:2]:
        disc((eye[0], eye[1]), (0.24, 0.11), (0.88, 0.86, 0.84))
        middle = (eye[0] + what.aside, eye[1])
        disc(middle, (what.iris_radius, what.iris_radius), what.iris)
        wide = what.pupil_radius * what.pupil_stretched
        disc(middle, (wide, what.pupil_radius / what.pupil_stretched), what.pupil)
        right, below, radius = what.glint
        disc((middle[0] + right, middle[1] + below), (radius, radius), WHITE)
        for right, below, radius in what.dots:
            disc((eye[0] + right, eye[1] + below), (radius, radius), RED)
        if what.rims is not None:
            inner, outer = what.rims
            disc((eye[0], eye[1]), (outer, outer), RED, inner / outer)
    small = page.reshape(height, 3, width, 3, 3).mean(axis=(1, 3))
    noise = 0.01 * np.random.default_rng(seed).standard_normal(small.shape)
    return np.asarray(np.clip(small + noise, 0.0, 1.0), np.float32)


def eyes_of(face: KnownFace) -> np.ndarray:
    return face.frame.to_page(EYES_AND_MOUTH[:2])


def corrected(
    before: np.ndarray, face: KnownFace, colour: ColourSpace = SRGB, kind: str | None = "colour"
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The page after, where a mask lies, and the record."""
    pupils, record = find_red_pupils(ArrayRaster(before), colour, eyes_of(face), kind)
    after, mask = before.copy(), np.zeros(before.shape[:2], np.float32)
    for pupil in pupils:
        after = pupil.without_red(after, colour, 0, 0)
        mask = np.maximum(mask, pupil.weight(0, 0, *before.shape[:2]))
    return after, mask, record


def decisions(record: dict[str, Any]) -> list[str]:
    return [record[side]["decision"] for side in ("left", "right")]


def reasons(record: dict[str, Any]) -> list[str]:
    return [record[side]["reason"] for side in ("left", "right")]


@pytest.mark.parametrize(
    ("interocular", "degrees", "mirrored"),
    [(40.0, 0.0, False), (60.0, 90.0, False), (126.0, -25.0, True), (300.0, 10.0, False)],
)
def test_red_pupils_turn_neutral_and_nothing_else_changes(
    interocular: float, degrees: float, mirrored: bool
) -> None:
    side = round(2.4 * interocular)
    face = face_on_page(
        side,
        side,
        interocular,
        (side / 2, 0.7 * side) if degrees == 0.0 else None,
        degrees,
        mirrored=mirrored,
    )
    before = painted((side, side), face, Painted())
    after, mask, record = corrected(before, face)
    assert decisions(record) == ["corrected", "corrected"]
    assert np.array_equal(after[mask == 0.0], before[mask == 0.0])
    # In the pupils, but for their rims, no red is left, and they are as light as green and blue.
    x, y = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    radius = np.min([np.hypot(x - e[0], y - e[1]) for e in eyes_of(face)], axis=0) / interocular
    inside = radius < 0.05
    assert redness(before[inside][None]).mean() > 0.5
    assert redness(after[inside][None]).mean() < 0.03
    assert np.ptp(after[inside], axis=1).mean() < 0.03
    red = inside & (redness(before) > 0.6)
    others = before[red][:, 1:] @ (0.587, 0.114) / 0.701
    assert np.abs(after[red].mean(axis=1) - others).max() < 2.0 / 255.0
    # What changes lies in the eyes: an area of at most one and a half irises each.
    assert (after != before).any(axis=2).sum() < 2 * 1.5 * np.pi * (0.09 * interocular) ** 2
    for said in record.values():
        assert said["saturation_before"] > 0.6
        assert said["saturation_after"] < 0.1
        assert said["radius"] == pytest.approx(0.055, rel=0.25)
        # To a pixel of the radius, or what the smoothing adds.
        radius_px = np.sqrt(said["pixels"] / np.pi)
        assert radius_px == pytest.approx(0.055 * interocular, rel=0.25, abs=0.9)


def test_left_is_left_in_the_upright_picture() -> None:
    face = face_on_page(300, 300, 60.0, degrees=180.0)
    before = painted((300, 300), face, Painted())
    sober = painted((300, 300), face, Painted(pupil=BLACK))
    # The eye on the left of the upright face lies on the right of a page that stands on its head.
    mixed = np.concatenate([sober[:, :150], before[:, 150:]], axis=1)
    _, _, record = corrected(mixed, face)
    assert decisions(record) == ["corrected", "left alone"]


def test_a_catchlight_keeps_its_bits() -> None:
    face = face_on_page(400, 400, 160.0)
    before = painted((400, 400), face, Painted())
    after, mask, _ = corrected(before, face)
    white = (before.min(axis=2) > 0.92) & (mask == 1.0)
    assert white.sum() > 20
    assert np.array_equal(after[white], before[white])


def test_a_catchlight_at_the_rim_leaves_no_red_edge() -> None:
    """A notch in what is red is part of the pupil."""
    face = face_on_page(200, 200, 66.0)
    before = painted((200, 200), face, Painted(glint=(0.045, -0.01, 0.025)))
    after, _, record = corrected(before, face)
    assert decisions(record) == ["corrected", "corrected"]
    x, y = np.meshgrid(np.arange(200) + 0.5, np.arange(200) + 0.5)
    for eye in eyes_of(face):
        glint = np.hypot(x - eye[0] - 0.045 * 66.0, y - eye[1] + 0.01 * 66.0) < 2.2
        assert redness(before)[glint].max() > 0.4
        inside = glint & (np.hypot(x - eye[0], y - eye[1]) < 0.055 * 66.0)
        assert redness(after)[inside].max() < 0.1


NEGATIVES = {
    "black pupils in brown irises": Painted(pupil=BLACK),
    "brown irises that hide their pupils": Painted(pupil=BROWN),
    "light brown irises": Painted(pupil=BLACK, iris=(0.58, 0.34, 0.17)),
    "reddish brown irises": Painted(pupil=BLACK, iris=(0.42, 0.18, 0.13)),
    "blue irises": Painted(pupil=BLACK, iris=BLUE),
    "pink skin": Painted(pupil=BLACK, skin=(0.9, 0.55, 0.54)),
    "a print with a red cast": Painted(pupil=(0.3, 0.1, 0.1), skin=(0.85, 0.4, 0.36)),
    "red eyelids": Painted(pupil=BLACK, dots=((0.0, -0.17, 0.05),)),
    "a red dot beside the eye": Painted(pupil=BLACK, dots=((0.2, 0.05, 0.05),)),
    "a red mark on the cheek": Painted(pupil=BLACK, dots=((0.05, 0.35, 0.06),)),
    "red glasses": Painted(pupil=BLACK, rims=(0.24, 0.29)),
    "narrow red glasses": Painted(pupil=BLACK, rims=(0.13, 0.17)),
    "a red ring around a dark pupil": Painted(pupil=BLACK, iris=RED),
    "orange": Painted(pupil=(0.85, 0.45, 0.12)),
    "a red bruise": Painted(pupil_radius=0.16),
    "a red line": Painted(pupil_radius=0.045, pupil_stretched=2.0),
    "a speck": Painted(pupil=BLACK, dots=((0.0, 0.0, 0.008),)),
    "dark red": Painted(pupil=(0.22, 0.05, 0.05), iris=BLACK),
}


@pytest.mark.parametrize("name", NEGATIVES)
@pytest.mark.parametrize("interocular", [60.0, 130.0])
def test_what_is_red_and_no_pupil_is_left_alone(name: str, interocular: float) -> None:
    side = round(2.4 * interocular)
    face = face_on_page(side, side, interocular)
    before = painted((side, side), face, NEGATIVES[name])
    after, mask, record = corrected(before, face)
    assert decisions(record) == ["left alone", "left alone"]
    assert all(reasons(record))
    assert not mask.any()
    assert np.array_equal(after, before)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (Painted(pupil=BLACK), "not red"),
        (Painted(pupil=BLACK, iris=RED), "an iris"),
        (Painted(pupil_radius=0.16), "too large"),
        (Painted(pupil_radius=0.045, pupil_stretched=2.0), "not round"),
        (NEGATIVES["dark red"], "too dark"),
        (NEGATIVES["a print with a red cast"], "hardly redder"),
    ],
)
def test_the_reason_is_the_right_one(what: Painted, said: str) -> None:
    face = face_on_page(480, 480, 200.0)
    _, _, record = corrected(painted((480, 480), face, what), face)
    assert all(said in reason for reason in reasons(record))


def test_red_glasses_do_not_hide_red_pupils() -> None:
    face = face_on_page(300, 300, 120.0)
    what = Painted(rims=(0.24, 0.29))
    before = painted((300, 300), face, what)
    after, mask, record = corrected(before, face)
    assert decisions(record) == ["corrected", "corrected"]
    x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(300) + 0.5)
    radius = np.min([np.hypot(x - e[0], y - e[1]) for e in eyes_of(face)], axis=0)
    assert np.array_equal(after[radius > 0.12 * 120.0], before[radius > 0.12 * 120.0])
    assert not mask[radius > 0.12 * 120.0].any()


def test_eyes_that_look_aside_are_found() -> None:
    face = face_on_page(300, 300, 120.0)
    _, _, record = corrected(painted((300, 300), face, Painted(aside=0.06)), face)
    assert decisions(record) == ["corrected", "corrected"]


@pytest.mark.parametrize("kind", ["grey", "toned"])
def test_grey_and_toned_scans_are_never_touched(kind: str) -> None:
    face = face_on_page(300, 300, 120.0)
    before = painted((300, 300), face, Painted())
    _, mask, record = corrected(before, face, kind=kind)
    assert not mask.any()
    assert reasons(record) == [f"a {kind} scan"] * 2
    # And where the report says nothing, a grey scan is known by its pixels.
    grey = before.mean(axis=2, keepdims=True).astype(np.float32)
    for plain in (grey, grey.repeat(3, 2)):
        space = ColourSpace.from_profile(None, plain.shape[2])
        pupils, record = find_red_pupils(ArrayRaster(plain), space, eyes_of(face), None)
        assert not pupils
        assert reasons(record) == ["a grey scan"] * 2


def test_an_eye_beside_the_page_is_left_alone() -> None:
    face = face_on_page(300, 300, 120.0, middle=(70.0, 150.0))
    moved = replace(face, box=(-20.0, 0.0, 10.0, 10.0))
    before = painted((300, 300), face, Painted())
    eyes = eyes_of(moved) - (40.0, 0.0)
    _, record = find_red_pupils(ArrayRaster(before), SRGB, eyes, "colour")
    assert record["left"]["reason"] == "the eye lies beside the page"


def test_colours_of_another_space() -> None:
    """Adobe RGB: red is judged and removed in sRGB's terms, and comes out neutral there too."""
    adobe = ColourSpace.from_profile(corpus.PROFILES["Adobe RGB"](), 3)
    face = face_on_page(300, 300, 120.0)
    before = np.asarray(adobe.from_srgb(painted((300, 300), face, Painted())), np.float32)
    after, mask, record = corrected(before, face, adobe)
    assert decisions(record) == ["corrected", "corrected"]
    inside = (mask == 1.0) & (redness(adobe.to_srgb(before)) > 0.5)
    assert np.ptp(adobe.to_srgb(after)[inside], axis=1).max() < 2.0 / 255.0
    assert np.array_equal(after[mask == 0.0], before[mask == 0.0])


def test_neutral_leaves_what_is_not_red() -> None:
    values = np.array([[WHITE, BLUE, (0.06, 0.058, 0.05), (0.2, 0.6, 0.2), RED]], np.float32)
    after = neutral(values, np.ones((1, 5), np.float32))
    assert np.array_equal(after[0, :4], values[0, :4])
    assert np.ptp(after[0, 4]) < 1e-6
    assert np.array_equal(neutral(values, np.zeros((1, 5), np.float32)), values)


def test_a_face_larger_than_the_grid_is_read_reduced() -> None:
    """A pupil beyond the grid's resolution: the mask is smooth at the page's own."""
    face = face_on_page(900, 900, 400.0)
    pupils, record = find_red_pupils(
        ArrayRaster(painted((900, 900), face, Painted())), SRGB, eyes_of(face), None
    )
    assert decisions(record) == ["corrected", "corrected"]
    top, left, bottom, right = pupils[0].box
    assert max(pupils[0].mask.shape) < 180
    weight = pupils[0].weight(top, left, bottom - top, right - left)
    assert np.abs(np.diff(weight, axis=0)).max() < 0.2
    assert record["left"]["radius"] == pytest.approx(0.055, rel=0.2)


def run(stage: Any, page: Any) -> tuple[np.ndarray, np.ndarray, Restored]:
    result = stage.apply(page)
    assert isinstance(result, Restored)
    assert result.mask is not None
    mask = np.concatenate(list(result.mask()))[:, :, 0]
    return np.concatenate(list(result.bands)), mask, result


@pytest.mark.parametrize(
    "settings",
    [
        {"merge": "luminance"},
        {"merge": "colour"},
        {"strength": 0.05},
        {"strength": 1.0, "identity_limit": 0.6},
        {"features": {"eyes": 0.0}},
    ],
)
def test_the_stage_takes_red_from_the_merged_face(settings: dict[str, Any]) -> None:
    face = face_on_page(300, 300, 60.0)
    before = painted((300, 300), face, Painted())
    plain, _, said = run(stage_with(stripes, **settings)[0], page_of(before, face))
    assert "red_eye" not in said.findings["faces"][0]
    stage, _ = stage_with(stripes, red_eye=True, **settings)
    after, mask, result = run(stage, page_of(before, face))
    (record,) = result.findings["faces"]
    assert decisions(record["red_eye"]) == ["corrected", "corrected"]
    changed = (after != plain).any(axis=2)
    assert changed.any()
    # Only pupils differ from the face without, and the stage's mask holds them.
    x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(300) + 0.5)
    radius = np.min([np.hypot(x - e[0], y - e[1]) for e in eyes_of(face)], axis=0)
    assert radius[changed].max() < 0.11 * 60.0
    assert (mask[changed] > 0).all()
    inside = radius < 0.045 * 60.0
    assert redness(plain[inside][None]).mean() > 0.4
    assert redness(after[inside][None]).mean() < 0.03
    assert np.array_equal(after[mask == 0], before[mask == 0])
    told = told_of(record)
    assert told.startswith("left: a red pupil lost its colour (")
    assert "; right: a red pupil lost its colour (" in told


def told_of(record: dict[str, Any]) -> str:
    """What the report says of a face's red eyes."""
    face = DecidedFace(1, FaceEntry.read(json.loads(json.dumps(record)), "the record"))
    return dict(rows(face))["Red eyes"]


def test_bands_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    face = face_on_page(300, 300, 60.0)
    before = painted((300, 300), face, Painted())
    first, first_mask, _ = run(stage_with(stripes, red_eye=True)[0], page_of(before, face))
    monkeypatch.setattr("restoration.stages.faces.merging.BLOCK_PIXELS", 300 * 7)
    second, second_mask, _ = run(stage_with(stripes, red_eye=True)[0], page_of(before, face))
    assert np.array_equal(first, second)
    assert np.array_equal(first_mask, second_mask)


def test_faces_that_are_not_restored_keep_their_red_pupils() -> None:
    face = face_on_page(300, 300, 60.0)
    before = painted((300, 300), face, Painted())
    assert face.found is not None
    gated = replace(face, found=face.found.model_copy(update={"score": 0.1}))
    for left in (gated, replace(face, excluded=True)):
        result = stage_with(stripes, red_eye=True)[0].apply(page_of(before, left))
        assert isinstance(result, Declined)
        assert "red_eye" not in result.findings["faces"][0]

    def other_person(seen: np.ndarray) -> np.ndarray:
        rows_, columns = np.mgrid[0:512, 0:512] // 20
        blocks = ((rows_ + columns) % 2) * 2.0 - 1.0
        return np.asarray(seen + 0.25 * blocks[..., None], np.float32)

    stage, _ = stage_with(other_person, red_eye=True, identity_limit=0.01, grain=False)
    result = stage.apply(page_of(before, face))
    assert isinstance(result, Declined)
    assert result.findings["counts"]["rejected"] == 1
    assert "red_eye" not in result.findings["faces"][0]
    # Beside one that is restored, an excluded face keeps its bits.
    wide = face_on_page(300, 600, 60.0, middle=(150.0, 150.0))
    other = replace(face_on_page(300, 600, 60.0, (450.0, 150.0), number=2), excluded=True)
    both = np.concatenate([before, before], axis=1)
    after, _, _ = run(stage_with(stripes, red_eye=True)[0], page_of(both, wide, other))
    assert np.array_equal(after[:, 330:], both[:, 330:])
    assert (after[:, :300] != both[:, :300]).any()


def test_a_toned_scan_by_the_condition_report() -> None:
    face = face_on_page(300, 300, 60.0)
    page = page_of(painted((300, 300), face, Painted()), face)
    toned = {"colour": condition.finding(FINDINGS["colour"], value="toned")}
    object.__setattr__(page, "report", page.report.model_copy(update=toned))
    stage, _ = stage_with(stripes, red_eye=True)
    _, _, result = run(stage, page)
    (record,) = result.findings["faces"]
    assert reasons(record["red_eye"]) == ["a toned scan"] * 2
    assert told_of(record) == ("left: left alone, a toned scan; right: left alone, a toned scan")
