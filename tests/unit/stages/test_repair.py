"""Repair: what was found or marked is filled, and all else keeps its bits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.errors import ScanError
from restoration.stages.base import Declined
from restoration.stages.repair import closing
from restoration.stages.repair.grain import GrainStudy
from support import corpus
from support import simulated_scans as sim
from support.damaged_scans import Damaged, damaged
from support.fake_detector import WhiteDetector, fake_detector
from support.film import Mask, Pixels, film, on_grid
from support.repairs import drawn, repaired, spotted, wider


@pytest.fixture(autouse=True)
def _no_weights() -> Iterator[None]:
    with fake_detector():
        yield


@cache
def scan(name: str, seed: int = 11, **marks: Any) -> Damaged:
    truth = sim.picture(name)[:512, :512]
    made = damaged(truth, seed, softness=0.6, **marks)
    return Damaged(made.truth, on_grid(made.pixels), made.masks)


def psnr(pixels: Pixels, truth: Pixels, inside: Mask) -> float:
    return float(-10.0 * np.log10(((pixels - truth)[inside] ** 2).mean()))


def inpainted(pixels: Pixels, hole: Mask, method: int) -> Pixels:
    codes = np.rint(pixels * 255).astype(np.uint8)
    filled = cv2.inpaint(codes, hole.astype(np.uint8), 3, method)
    return filled.reshape(pixels.shape).astype(np.float32) / np.float32(255)


@pytest.mark.parametrize("by", [0, 2])
def test_the_fill_comes_nearer_to_the_truth_than_inpainting(by: int) -> None:
    """With the true mask, as tight as the damage can be seen, and with a generous one."""
    scores = []
    for name in ("astronaut", "coffee", "chelsea", "retina"):
        made = scan(name, dust=60, hairs=3, scratches=4)
        hole = wider(made.mask, by)
        pixels, mask = drawn(repaired(made.pixels, {}, user=hole))
        assert np.array_equal(mask, hole)
        rivals = [
            inpainted(made.pixels, hole, method) for method in (cv2.INPAINT_TELEA, cv2.INPAINT_NS)
        ]
        scores.append([psnr(each, made.truth, hole) for each in (pixels, *rivals)])
    own, telea, stokes = np.mean(scores, axis=0)
    assert own > telea
    assert own > stokes


def test_no_fill_is_lighter_or_darker_than_what_it_continues() -> None:
    """The biharmonic equation carries a slope on into a hole, beyond black and white."""
    valley = np.abs(np.arange(320, dtype=np.float32) - 160) / 200.0 + 0.1
    page = on_grid(np.tile(valley, (320, 1))[:, :, None])
    page[20:60, 20:60] = 0.0
    hole = np.zeros((320, 320), np.bool_)
    hole[:, 157:164] = True
    page[hole] = 0.9
    pixels, _ = drawn(repaired(page, {}, user=hole))
    around = page[wider(hole, 3) & ~hole]
    assert pixels[hole].min() >= around.min() - 1e-6
    assert pixels[hole].max() <= around.max() + 1e-6


def test_the_halo_of_a_sharpened_speck_goes_with_it() -> None:
    """Sharpening draws a dark rim around a white speck; a fill that starts from it is dark."""
    card, hole = spotted(sigma=1.0)
    soft = cv2.GaussianBlur(card, (0, 0), 1.0)[:, :, None]
    sharpened = on_grid(np.clip(card + 1.5 * (card - soft), 0, 1))
    assert (sharpened[wider(hole, 2) & ~hole] < 0.45).any()
    pixels, mask = drawn(repaired(sharpened, {}, apply="always"))
    assert mask[hole].all()
    # Three codes of 255: the rim keeps half of its edges, and so a trace of the halo.
    assert abs(float(pixels[wider(hole, 3)].mean()) - 0.5) < 0.012
    assert (pixels[wider(hole, 3)] > 0.45).all()


# --- what does not change it --------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(64, 1024), (300, 200)])
def test_no_seam_shows_where_blocks_meet(
    monkeypatch: pytest.MonkeyPatch, rows: int, columns: int
) -> None:
    """However the page is cut, a speck is filled alike; its grain, drawn by block, set aside."""
    made = scan("retina", dust=150, hairs=0, scratches=0)
    monkeypatch.setattr(GrainStudy, "grain", lambda self: None)
    hole = wider(made.mask, 2)
    whole, _ = drawn(repaired(made.pixels, {}, user=hole))
    monkeypatch.setattr(closing, "ROWS", rows)
    monkeypatch.setattr(closing, "COLUMNS", columns)
    cut, _ = drawn(repaired(made.pixels, {}, user=hole))
    assert (whole[hole] != made.pixels[hole]).mean() > 0.9
    # One 16-bit code: the equations of a block are solved together.
    assert np.abs(whole - cut).max() < 1 / 65535


def test_the_same_key_gives_the_same_pixels_and_another_other_grain() -> None:
    card, hole = spotted()
    first, again, other = (
        drawn(repaired(card, {}, user=hole, key=key))[0] for key in ("a", "a", "b")
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first[hole], other[hole])
    assert np.array_equal(first[~hole], other[~hole])


# --- the user's mask ----------------------------------------------------------------------------


def test_the_users_mask_is_filled_on_a_page_that_is_sound() -> None:
    card, hole = spotted()
    pixels, mask = drawn(repaired(card, {"damage": {"value": 0.0, "detail": {}}}, user=hole))
    assert np.array_equal(mask, hole)
    assert abs(float(pixels[hole].mean()) - 0.5) < 0.01
    assert np.array_equal(pixels[~hole], card[~hole])


def test_a_users_mask_of_another_size_is_refused() -> None:
    card, hole = spotted()
    with pytest.raises(ScanError, match=r"mask of damage is 310 x 320 px.*320 x 320"):
        repaired(card, {}, user=hole[:, :310])


def test_infrared_of_another_size_is_refused() -> None:
    card, _ = spotted()
    with pytest.raises(ScanError, match=r"infrared is 320 x 300 px"):
        repaired(card, {}, infrared=card[:300])


# --- infrared -----------------------------------------------------------------------------------


COLOUR: dict[str, Any] = {"colour": {"value": "colour"}}


def test_infrared_is_the_mask_of_colour_film() -> None:
    slide, infrared, dust = film()
    with fake_detector(WhiteDetector()):
        result = repaired(slide, COLOUR, infrared=infrared, material="positive")
    pixels, mask = drawn(result)
    assert result.findings["infrared_used"] is True
    assert "dye" in result.findings["infrared_reason"]
    assert mask[dust].mean() > 0.95
    # The soft rim of the dust, too, which would stay behind as an outline.
    assert mask[wider(dust, 1)].mean() > 0.9
    assert wider(dust, 3)[mask].mean() > 0.95
    truth = corpus.photo("coffee")[:320, 100:420]
    assert psnr(pixels, truth, dust) > psnr(slide, truth, dust) + 8
    assert np.array_equal(pixels[~mask], slide[~mask])


@pytest.mark.parametrize(
    ("material", "entries", "setting", "reason"),
    [
        ("print", COLOUR, "auto", "prints are opaque"),
        ("positive", {"colour": {"value": "grey"}}, "auto", "silver is opaque"),
        ("positive", {}, "auto", "unknown"),
        ("positive", COLOUR, "never", "leave it unused"),
    ],
)
def test_infrared_is_not_used_where_it_shows_the_picture(
    material: str, entries: dict[str, Any], setting: str, reason: str
) -> None:
    slide, infrared, _ = film()
    sound = {**entries, "damage": {"value": 0.0, "detail": {}}}
    result = repaired(slide, sound, infrared=infrared, material=material, infrared_setting=setting)
    assert isinstance(result, Declined)
    assert result.findings["infrared_used"] is False
    assert reason in result.findings["infrared_reason"]


def test_clean_film_is_left_alone() -> None:
    truth = on_grid(corpus.photo("coffee")[:320, 100:420])
    rng = np.random.default_rng(4)
    clean = 0.8 * np.maximum(truth[:, :, :1], 0.004) ** 0.1
    clean += rng.normal(0, 1 / 255, clean.shape).astype(np.float32)
    result = repaired(truth, COLOUR, infrared=on_grid(np.clip(clean, 0, 1)), material="positive")
    assert isinstance(result, Declined), result.findings


# --- grain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [3.0, 8.0])
def test_the_fill_has_the_grain_of_its_surroundings(sigma: float) -> None:
    """Strength, and the spectrum by the correlation of neighbours, one and two pixels apart."""
    card, _ = spotted(sigma=sigma)
    hole = np.zeros(card.shape[:2], np.bool_)
    hole[140:180, 60:260] = True
    card[hole] = 0.97
    result = repaired(card, {}, user=hole)
    pixels, _ = drawn(result)
    inside = pixels[145:175, 65:255, 0]
    assert inside.std() == pytest.approx(sigma / 255, rel=0.2)
    # The card's grain is white noise, blurred by 0.7 pixels.
    for apart in (1, 2):
        known = float(np.exp(-(apart**2) / (4 * 0.7**2)))
        # Under the grain the fill itself has faint waves from the grain of its rim.
        assert together(inside, apart) == pytest.approx(known, abs=0.2)
    assert result.findings["grain_drawn"]["sigma_255"] == pytest.approx(sigma, rel=0.15)


def together(plane: npt.NDArray[np.floating], apart: int) -> float:
    """Correlation of pixels a few columns apart."""
    return float(np.corrcoef(plane[:, apart:].ravel(), plane[:, :-apart].ravel())[0, 1])


def test_a_smooth_page_gets_no_grain() -> None:
    ramp = np.tile(np.linspace(0.3, 0.7, 320, dtype=np.float32), (320, 1))[:, :, None]
    hole = np.zeros((320, 320), np.bool_)
    hole[100:108, 50:250] = True
    broken = np.where(hole[:, :, None], np.float32(1), ramp)
    pixels, _ = drawn(repaired(broken, {}, user=hole))
    assert np.abs(pixels - ramp)[hole].max() < 1 / 255


def test_a_weave_is_not_put_back_as_grain() -> None:
    """Regular texture is no grain: as noise it would only blur the weave further."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:320, :320].astype(np.float32)
    cloth = 0.5 + 0.05 * np.sin(rows * 1.1 + columns * 0.3) * np.sin(columns * 0.9)
    cloth += rng.normal(0, 1 / 255, cloth.shape)
    hole = np.zeros((320, 320), np.bool_)
    hole[100:106, 50:250] = True
    result = repaired(on_grid(cloth.astype(np.float32)[:, :, None]), {}, user=hole)
    drawn(result)
    assert result.findings["grain_drawn"]["sigma_255"] is None
