"""The face stage: what it changes, what it leaves, what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from restoration.faces.frame import Frame
from restoration.faces.page_faces import KnownFace
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page, Restored
from restoration.stages.faces.stage import FacesStage
from support import condition, corpus
from support.fake_faces import face_on_page, page_of, picture, stage_with, stripes


def run(stage: FacesStage, page: Page) -> tuple[np.ndarray, Restored]:
    result = stage.apply(page)
    assert isinstance(result, Restored)
    return np.concatenate(list(result.bands)), result


def mask_of(result: Restored) -> np.ndarray:
    assert result.mask is not None
    return np.concatenate(list(result.mask()))[:, :, 0]


def test_outside_the_mask_nothing_changes_inside_it_something_does() -> None:
    before = picture(400, 500)
    stage, _ = stage_with(stripes)
    after, result = run(stage, page_of(before, face_on_page(400, 500)))
    touched = mask_of(result) > 0
    assert np.array_equal(after[~touched], before[~touched])
    assert 0.05 < touched.mean() < 0.4
    assert np.abs(after - before)[touched].mean() > 1.0 / 255.0
    assert result.generative
    assert result.findings["counts"] == {
        "found": 1,
        "restored": 1,
        "gated": 0,
        "excluded": 0,
        "rejected": 0,
    }


def test_the_band_that_is_taken_is_the_mid_band_alone() -> None:
    """A network that shifts all tones and draws stripes: the stripes arrive, the shift does not."""
    before = picture(600, 600)
    stage, _ = stage_with(lambda face: stripes(face) + np.float32(0.06), strength=1.0)
    stage._settings = stage._settings.model_copy(update={"identity_limit": 0.6})
    after, result = run(stage, page_of(before, face_on_page(600, 600, 125.9)))
    inside = mask_of(result) == 255
    change = (after - before).mean(axis=2)[inside]
    assert abs(change.mean()) < 0.5 / 255.0
    assert change.std() == pytest.approx(0.05 / np.sqrt(2.0), rel=0.15)


def test_sixteen_bits_of_a_ramp_behind_a_face_survive() -> None:
    ramp = np.linspace(20000, 21000, 700)[None, :, None].repeat(500, 0).repeat(3, 2)
    before = (np.rint(ramp) * np.float32(1.0 / 65535.0)).astype(np.float32)
    stage, _ = stage_with(lambda face: face)
    after, _ = run(stage, page_of(before, face_on_page(500, 700)))
    assert np.array_equal(np.rint(after * 65535.0), np.rint(before * 65535.0))
    # And where the network does something, codes between those of 8 bits are made.
    stage, _ = stage_with(stripes)
    after, result = run(stage, page_of(before, face_on_page(500, 700)))
    inside = mask_of(result) > 0
    codes = np.rint(after * 65535.0).astype(int)[inside]
    assert len(np.unique(codes)) > 2000


@pytest.mark.parametrize("merge", ["luminance", "colour"])
def test_grey_stays_grey_bit_for_bit(merge: str) -> None:
    grey = picture(300, 300, 1)

    def purple(face: np.ndarray) -> np.ndarray:
        return stripes(face) + 0.05 * np.sin(np.arange(512) / 3.0)[:, None, None] * (1.0, -1.0, 1.0)

    stage, _ = stage_with(purple, merge=merge)
    after, _ = run(stage, page_of(grey.repeat(3, 2), face_on_page(300, 300)))
    assert np.array_equal(after[..., 0], after[..., 1])
    assert np.array_equal(after[..., 0], after[..., 2])
    stage, _ = stage_with(purple, merge=merge)
    single, _ = run(stage, page_of(grey, face_on_page(300, 300)))
    assert single.shape == (300, 300, 1)


def test_luminance_keeps_the_colours() -> None:
    before = picture(300, 300)
    stage, _ = stage_with(lambda face: stripes(face) * np.float32([1.2, 0.9, 0.8]))
    after, _ = run(stage, page_of(before, face_on_page(300, 300)))
    change = after - before
    assert np.abs(change - change.mean(axis=2, keepdims=True)).max() < 1e-6


@pytest.mark.parametrize("middle", [(4.0, 150.0), (150.0, 296.0), (299.0, 299.0)])
def test_a_face_at_the_pages_edge(middle: tuple[float, float]) -> None:
    before = picture(300, 300)
    stage, restorer = stage_with(stripes)
    after, result = run(stage, page_of(before, face_on_page(300, 300, middle=middle)))
    assert after.shape == before.shape
    touched = mask_of(result) > 0
    assert touched.any()
    assert np.array_equal(after[~touched], before[~touched])
    assert np.isfinite(restorer.seen[0][0]).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_sheet_gives_the_same_face_turned(mirrored: bool) -> None:
    before = picture(320, 320)
    stage, restorer = stage_with(stripes)
    upright, _ = run(stage, page_of(before, face_on_page(320, 320)))
    seen = restorer.seen[0][0]
    lying = np.ascontiguousarray(np.rot90(before[:, ::-1] if mirrored else before))
    face = face_on_page(320, 320, degrees=-90.0, mirrored=mirrored)
    stage, restorer = stage_with(stripes)
    after, _ = run(stage, page_of(lying, face))
    assert np.abs(restorer.seen[0][0] - seen).max() < 1e-4
    back = np.rot90(after, -1)
    back = back[:, ::-1] if mirrored else back
    assert np.abs(back - upright).max() < 1e-4


def test_two_overlapping_faces_share_what_both_claim() -> None:
    before = picture(400, 400)
    first = face_on_page(400, 400, middle=(170.0, 200.0))
    second = face_on_page(400, 400, middle=(230.0, 210.0), number=2)
    stage, _ = stage_with(stripes)
    after, result = run(stage, page_of(before, first, second))
    touched = mask_of(result) > 0
    assert np.array_equal(after[~touched], before[~touched])
    # Neither twice: nowhere more than one face alone would change.
    assert np.abs(after - before).max() < 0.05 * 1.25
    assert result.findings["counts"]["restored"] == 2
    assert result.findings["reason"].startswith("2 of 2 restored: ")


def test_many_small_faces() -> None:
    before = picture(430, 570)
    faces = [
        face_on_page(
            430,
            570,
            26.0,
            (60.0 + 110.0 * (n % 5), 80.0 + 130.0 * (n // 5)),
            number=n + 1,
            effective_share=1.0,
        )
        for n in range(15)
    ]
    stage, restorer = stage_with(stripes)
    after, result = run(stage, page_of(before, *faces))
    assert result.findings["counts"]["restored"] == 15
    assert len(restorer.seen) == 15
    touched = mask_of(result) > 0
    assert np.array_equal(after[~touched], before[~touched])


def test_a_large_face_keeps_its_fine_band() -> None:
    """At 1400 px the frame's pixels are 5 of the scan's: what is finer is the scan's own."""
    side = 1600
    smooth = picture(side, side)
    rng = np.random.default_rng(3)
    fine = 0.02 * rng.standard_normal((side, side, 1)).astype(np.float32)
    before = np.clip(smooth + fine, 0.0, 1.0)
    stage, _ = stage_with(stripes, grain=False)
    face = face_on_page(side, side, 125.9 * 4.8, effective_share=0.1)
    after, result = run(stage, page_of(before, face))
    inside = mask_of(result) == 255
    pixel = (after - before).mean(axis=2)
    # Neighbours change alike: the change holds nothing of the fine band.
    assert np.abs(np.diff(pixel, axis=1))[inside[:, 1:]].max() < 0.006
    assert np.abs(pixel[inside]).max() > 0.02


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"effective_share": 0.2}, "too small: 29 px"),
        ({"effective_share": 0.05}, "below 16 px nothing"),
        ({"score": 0.3}, "perhaps no face"),
        ({"pose": {"yaw": -70.0, "pitch": 0.0, "roll": 0.0}}, "turned to the side by 70°"),
        ({"blur": {"kind": "motion", "length_px": 12.0, "confidence": 0.9}}, "blurred by motion"),
        ({"effective_share": 0.95, "effective_limited_by": "nyquist"}, "as sharp as the scan"),
        ({"effective_share": 1.0, "effective_limited_by": "jpeg"}, "what the JPEG file left"),
    ],
)
def test_the_gate_says_why(said: dict, reason: str) -> None:
    before = picture(300, 300)
    stage, restorer = stage_with(stripes)
    result = stage.apply(page_of(before, face_on_page(300, 300, **said)))
    assert isinstance(result, Declined)
    (face,) = result.findings["faces"]
    assert face["decision"] == "gated"
    assert reason in face["reason"]
    assert result.reason == "no face is restored: 1 gated"
    assert not restorer.seen


UNSURE = {"effective_confidence": 0.1}


def _said(page: Page) -> dict:
    return page.report.model_dump(exclude_unset=True)


def decided(said: dict, **report: dict) -> dict:
    """The record of a face of 143 px of which the condition report says this."""
    page = page_of(picture(300, 300), face_on_page(300, 300, **said))
    page = replace(page, report=condition.report(_said(page) | report))
    stage, _ = stage_with(stripes)
    result = stage.apply(page)
    if isinstance(result, Restored):
        np.concatenate(list(result.bands))
    (face,) = result.findings["faces"]
    return face


@pytest.mark.parametrize(
    ("said", "report"),
    [
        ({"effective_share": 0.05, **UNSURE}, {}),
        ({"effective_share": 0.2, **UNSURE}, {}),
        ({"effective_share": 0.95, "effective_limited_by": "nyquist", **UNSURE}, {}),
        (
            {"effective_share": 0.2, **UNSURE},
            {"effective_resolution": {"confidence": 0.2, "detail": {"fraction": 0.1}}},
        ),
    ],
)
def test_a_measure_of_low_confidence_decides_nothing(said: dict, report: dict) -> None:
    """Neither gated nor restored by it: it counts as unknown, which is said and to be looked at."""
    face = decided(said, **report)
    assert face["decision"] == "restored"
    assert face["reason"] == "its sharpness is unknown, and nothing else speaks against it"
    assert face["review"][0] == face["reason"]
    assert face["effective_width_px"] is None
    # What was measured is told all the same, with its confidence.
    assert face["measures"]["effective_share"] == said["effective_share"]
    assert face["measures"]["effective_confidence"] == 0.1


@pytest.mark.parametrize(
    ("fraction", "limited_by", "decision", "reason"),
    [
        (0.2, "spectrum", "gated", "too small: 29 px of picture across by its page's resolution"),
        (0.95, "nyquist", "gated", "as sharp as the scan can be: its page's detail goes down"),
        (0.6, "spectrum", "restored", "its page's resolution lies below what the network can show"),
    ],
)
def test_the_pages_sure_measure_stands_in_for_an_unsure_one(
    fraction: float, limited_by: str, decision: str, reason: str
) -> None:
    sharpness = {"confidence": 0.8, "detail": {"fraction": fraction, "limited_by": limited_by}}
    face = decided({"effective_share": 0.4, **UNSURE}, effective_resolution=sharpness)
    assert face["decision"] == decision
    assert face["reason"].startswith(reason)
    assert "its own" in face["reason"]
    assert "unknown" in face["reason"]


def test_a_sure_measure_still_decides() -> None:
    face = decided({"effective_share": 0.2, "effective_confidence": 0.3})
    assert face["decision"] == "gated"
    assert face["reason"].startswith("too small: 29 px of picture across, faces are")


def test_unsure_blur_pitch_and_noise_gate_nobody() -> None:
    moved = {"kind": "motion", "length_px": 12.0, "confidence": 0.2}
    page = page_of(picture(300, 300), face_on_page(300, 300, blur=moved))
    stage, _ = stage_with(stripes, motion_above=0.1)
    assert isinstance(stage.apply(page), Restored)
    tilted = {"yaw": 0.0, "pitch": 65.0, "roll": 0.0}
    # dlib measures no mouth: its pitch follows from the nose alone.
    assert decided({"pose": {**tilted, "pitch_confidence": 0.1}})["decision"] == "restored"
    assert decided({"pose": {**tilted, "pitch_confidence": 0.5}})["decision"] == "gated"
    noise = {"value": 12.0, "detail": {"grain": {"found": False, "sigma": 0.0}}}
    assert decided({}, noise={**noise, "confidence": 0.2})["decision"] == "restored"
    assert decided({}, noise={**noise, "confidence": 0.9})["decision"] == "gated"


def test_a_face_that_is_sharper_than_the_network_is_left_alone() -> None:
    before = picture(900, 900)
    stage, _ = stage_with(stripes)
    face = face_on_page(900, 900, 250.0, effective_share=0.9)
    result = stage.apply(page_of(before, face))
    assert isinstance(result, Declined)
    assert "sharper than the network" in result.findings["faces"][0]["reason"]


def test_noise_is_no_softness() -> None:
    """Under strong noise a sharp face measures soft; the network is not asked."""
    page = page_of(picture(300, 300), face_on_page(300, 300, effective_share=0.3))
    noise = {"value": 12.0, "detail": {"grain": {"found": False, "sigma": 0.0}}}
    page = replace(page, report=condition.report(_said(page) | {"noise": noise}))
    stage, restorer = stage_with(stripes)
    result = stage.apply(page)
    assert isinstance(result, Declined)
    assert "noise of 12/255 hides its detail" in result.findings["faces"][0]["reason"]
    assert not restorer.seen


def test_a_persons_mark_opens_the_gate_but_not_the_hard_floor() -> None:
    before = picture(300, 300)
    stage, _ = stage_with(stripes)
    marked = replace(face_on_page(300, 300, effective_share=0.2), marked=True, strength=0.4)
    _, result = run(stage, page_of(before, marked))
    (face,) = result.findings["faces"]
    assert face["decision"] == "restored"
    assert face["asked_for"] is True
    assert face["strength"] == 0.4
    tiny = replace(face_on_page(300, 300, effective_share=0.05), marked=True)
    assert isinstance(stage.apply(page_of(before, tiny)), Declined)


def test_an_excluded_face_is_not_shown_to_the_network() -> None:
    before = picture(300, 300)
    stage, restorer = stage_with(stripes)
    result = stage.apply(page_of(before, replace(face_on_page(300, 300), excluded=True)))
    assert isinstance(result, Declined)
    assert result.findings["counts"]["excluded"] == 1
    assert not restorer.seen


def other_person(face: np.ndarray) -> np.ndarray:
    """Blocks that are another face to the stand-in, and survive the tone band."""
    y, x = np.mgrid[0:512, 0:512] // 20
    return np.asarray(face + 0.25 * (((x + y) % 2) * 2.0 - 1.0)[..., None], np.float32)


def test_auto_takes_the_largest_strength_at_which_it_is_the_same_person() -> None:
    before = picture(400, 400)
    stage, _ = stage_with(other_person, identity_limit=0.3, most_strength=1.0)
    _, result = run(stage, page_of(before, face_on_page(400, 400)))
    (face,) = result.findings["faces"]
    assert 0.1 <= face["strength"] < 1.0
    assert face["distance"] <= 0.3
    above = [distance for strength, distance in face["tried"] if strength > face["strength"]]
    assert above
    assert all(distance > 0.3 for distance in above)


def test_a_face_that_is_another_person_at_every_strength_stays_and_is_flagged() -> None:
    before = picture(400, 400)
    stage, _ = stage_with(other_person, identity_limit=0.01, grain=False)
    result = stage.apply(page_of(before, face_on_page(400, 400)))
    assert isinstance(result, Declined)
    (face,) = result.findings["faces"]
    assert face["decision"] == "rejected"
    assert face["strength"] is None
    assert face["review"]
    assert "at no strength" in face["reason"]
    assert result.findings["review"] == 1


def test_a_stated_strength_is_taken_or_nothing() -> None:
    before = picture(400, 400)
    stage, _ = stage_with(other_person, identity_limit=0.1, strength=1.0, grain=False)
    result = stage.apply(page_of(before, face_on_page(400, 400)))
    assert isinstance(result, Declined)
    assert len(result.findings["faces"][0]["tried"]) == 1


def test_no_face_and_not_looked_for_are_two_things() -> None:
    before = picture(100, 100)
    stage, _ = stage_with(stripes)
    result = stage.apply(page_of(before))
    assert isinstance(result, Declined)
    assert result.reason == "no face was found"
    page = page_of(before)
    report = {"faces": {"value": None, "detail": {"reason": "the settings say off"}}}
    page = replace(page, report=condition.report(report))
    result = stage.apply(page)
    assert isinstance(result, Declined)
    assert result.reason == "faces were not looked for: the settings say off"


def test_grain_is_put_back() -> None:
    """A network that takes all grain away leaves a face as grainy as its surroundings."""
    rng = np.random.default_rng(11)
    grain = 0.03 * rng.standard_normal((700, 700, 1))
    before = np.clip(0.5 + grain, 0.0, 1.0).astype(np.float32).repeat(3, 2)

    def smooth(face: np.ndarray) -> np.ndarray:
        return np.stack([gaussian_filter(face[..., c], 8.0) for c in range(3)], axis=-1)

    spreads = {}
    for kept in (True, False):
        stage, _ = stage_with(smooth, grain=kept, strength=1.0, identity_limit=0.6)
        after, result = run(stage, page_of(before, face_on_page(700, 700, 125.9)))
        inside = mask_of(result) == 255
        spreads[kept] = float(after[..., 1][inside].std()) / 0.03
    assert spreads[False] < 0.6
    assert spreads[True] == pytest.approx(1.0, abs=0.12)


def test_the_same_key_gives_the_same_bytes_and_bands_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    before = np.clip(picture(300, 300) + 0.02 * rng.standard_normal((300, 300, 3)), 0, 1)
    before = before.astype(np.float32)
    first, _ = run(stage_with(stripes)[0], page_of(before, face_on_page(300, 300)))
    second, _ = run(stage_with(stripes)[0], page_of(before, face_on_page(300, 300)))
    assert np.array_equal(first, second)
    monkeypatch.setattr("restoration.stages.faces.merging.BLOCK_PIXELS", 300 * 23)
    third, _ = run(stage_with(stripes)[0], page_of(before, face_on_page(300, 300)))
    assert np.array_equal(first, third)


def test_colours_outside_srgb_survive() -> None:
    colour = ColourSpace.from_profile(corpus.PROFILES["Adobe RGB"](), 3)
    before = np.zeros((300, 300, 3), np.float32) + np.float32([0.1, 0.9, 0.1])
    assert colour.to_srgb(before).min() < 0.0
    stage, _ = stage_with(stripes)
    after, _ = run(stage, page_of(before, face_on_page(300, 300), colour=colour))
    change = after - before
    assert np.abs(change).max() > 2.0 / 255.0
    # Nothing is pulled into sRGB: red stays as far outside as it was, on the mean.
    assert np.abs(change.reshape(-1, 3).mean(axis=0)).max() < 1.0 / 255.0


def test_a_face_that_only_a_person_saw_is_aligned_by_its_own_points() -> None:
    before = picture(400, 400)
    box = (120.0, 110.0, 150.0, 150.0)
    face = KnownFace(1, box, Frame.of_box(box, 0, False), marked=True)
    page = page_of(before, face)
    report = {"faces": {"value": 0}, "effective_resolution": {"detail": {"fraction": 0.5}}}
    page = replace(page, report=condition.report(report))
    stage, _ = stage_with(stripes)
    _, result = run(stage, page)
    (said,) = result.findings["faces"]
    assert said["found_by"] == "a person"
    assert said["effective_width_px"] == 75.0
