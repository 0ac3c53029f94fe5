"""Filling of holes: what a mark lets through is kept, what it hides is closed, all else stays."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from skimage.restoration import inpaint_biharmonic

from restoration.raster.base import ArrayRaster
from restoration.stages.repair import closing
from restoration.stages.repair.fill import Filled, fill
from restoration.stages.repair.grain import GrainStudy
from support import simulated_scans as sim
from support.fake_detector import fake_detector
from support.film import Mask, Pixels
from support.repairs import drawn, repaired

QUIET = 1.0 / 255.0


@pytest.fixture(autouse=True)
def _no_weights() -> Iterator[None]:
    with fake_detector():
        yield


def photograph(channels: int = 3, side: int = 256) -> Pixels:
    """A cat's fur: fine texture all over."""
    pixels = sim.picture("chelsea")[20 : 20 + side, 100 : 100 + side]
    grey = pixels.mean(axis=2, keepdims=True)
    return np.ascontiguousarray(pixels if channels == 3 else grey).astype(np.float32)


def scratches(side: int = 256, width: int = 4) -> Mask:
    """Two lines and a speck; one of the lines runs from border to border."""
    drawing = np.zeros((side, side), np.uint8)
    cv2.line(drawing, (0, 40), (side - 1, 90), 1, width)
    cv2.line(drawing, (120, 110), (180, 220), 1, width)
    cv2.circle(drawing, (60, 180), 5, 1, -1)
    return drawing > 0


def stain(side: int = 256) -> Mask:
    """Wider than a fill from the rim can know anything of."""
    return cv2.circle(np.zeros((side, side), np.uint8), (128, 128), 30, 1, -1) > 0


def marked(truth: Pixels, mask: Mask, opacity: float, tone: float, bits: int = 8) -> Pixels:
    """A mark over the picture, as a file of 8 or 16 bits holds it."""
    cover = (mask * np.float32(opacity))[:, :, None]
    most = float(2**bits - 1)
    over = np.clip(truth * (1 - cover) + tone * cover, 0, 1)
    return np.where(mask[:, :, None], np.rint(over * most) / most, truth).astype(np.float32)


def psnr(pixels: Pixels, truth: Pixels, inside: Mask) -> float:
    return float(-10.0 * np.log10(((pixels - truth)[inside] ** 2).mean()))


def telea(page: Pixels, mask: Mask) -> Pixels:
    codes = np.rint(page * 255).astype(np.uint8)
    filled = cv2.inpaint(codes, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return filled.reshape(page.shape).astype(np.float32) / np.float32(255)


def share_divided(found: Filled, mask: Mask) -> float:
    return float(found.methods["divided out"].sum() / mask.sum())


@pytest.mark.parametrize("bits", [8, 16])
def test_a_half_transparent_stain_gives_the_texture_back(bits: int) -> None:
    """The rim that any fill starts from tells nothing of the fur in the middle: Telea's error is
    0.11 of full scale. A veil of even tone can be told where colours show through it; 4 dB is well
    below what was measured, 4.8, and no fill from the rim comes near it."""
    truth, mask = photograph(), stain()
    page = marked(truth, mask, 0.5, 0.05, bits)
    found = fill(page, mask, QUIET, False)
    assert share_divided(found, mask) > 0.8
    assert psnr(found.pixels, truth, mask) > psnr(telea(page, mask), truth, mask) + 4.0


@pytest.mark.parametrize("bits", [8, 16])
def test_a_stain_on_a_grey_page_is_at_least_filled(bits: int) -> None:
    """One channel tells little of opacity: little is divided out, and none of it wrongly. It is
    wide, so the rest is filled with patches: fur that is not the fur that was there costs 1 dB
    against Telea's smear."""
    truth, mask = photograph(1), stain()
    page = marked(truth, mask, 0.5, 0.05, bits)
    found = fill(page, mask, QUIET, False)
    assert psnr(found.pixels, truth, mask) > psnr(telea(page, mask), truth, mask) - 1.5
    assert psnr(found.pixels, truth, mask) > psnr(page, truth, mask) + 4.5


@pytest.mark.parametrize("tone", [0.0, 0.3, 0.88, 1.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_opaque_mark_is_filled_from_around_it(channels: int, tone: float) -> None:
    """Of what it hides nothing was recorded: nothing of it counts as divided out, and the fill is
    no worse than the rivals'. 0.3 dB is what a doubt about opacity may cost on a grey page."""
    truth, mask = photograph(channels), scratches()
    page = marked(truth, mask, 1.0, tone)
    found = fill(page, mask, QUIET, False)
    slack = 0.3 if channels == 1 else 0.0
    assert share_divided(found, mask) < 0.05
    assert psnr(found.pixels, truth, mask) > psnr(telea(page, mask), truth, mask) - slack


def test_a_tinted_opaque_mark_is_not_taken_for_a_thin_white_one() -> None:
    """Through a white veil its tint would look like colours of the picture, many times enlarged."""
    truth, mask = photograph(), scratches()
    page = truth.copy()
    page[mask] = (0.88, 0.86, 0.90)
    found = fill(page, mask, QUIET, False)
    assert share_divided(found, mask) < 0.05
    assert psnr(found.pixels, truth, mask) > psnr(telea(page, mask), truth, mask)


@pytest.mark.parametrize("opacity", [0.3, 1.0])
def test_a_mark_as_light_as_the_picture_does_no_harm(opacity: float) -> None:
    """Its tone tells nothing of its opacity; where that is wrongly guessed contrasts are
    multiplied, and leave the range of what lies around."""
    truth, mask = photograph(), scratches()
    page = marked(truth, mask, opacity, float(truth[mask].mean()))
    found = fill(page, mask, QUIET, False)
    assert psnr(found.pixels, truth, mask) > psnr(telea(page, mask), truth, mask) - 0.5
    around = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    slack = 0.1
    assert found.pixels[mask].min() >= truth[around].min() - slack
    assert found.pixels[mask].max() <= truth[around].max() + slack


@pytest.mark.parametrize("opacity", [0.3, 0.5, 0.7])
def test_a_veil_of_the_pictures_own_tone_gives_the_texture_back(opacity: float) -> None:
    """It takes contrast alone. Taken for a thin black or white one it made the page worse than it
    was; 3 dB is well below what was measured, 4.4 to 12.8."""
    truth, mask = photograph(), scratches()
    page = marked(truth, mask, opacity, float(truth[mask].mean()))
    found = fill(page, mask, QUIET, False)
    assert psnr(found.pixels, truth, mask) > psnr(telea(page, mask), truth, mask) + 3.0
    assert psnr(found.pixels, truth, mask) > psnr(page, truth, mask) + 3.0


def test_opaque_marks_are_filled_no_worse_than_by_the_bare_equation() -> None:
    """In the median of pictures: what is done beyond it is for marks that let something through."""
    mask, gains = scratches(), []
    for name in ("chelsea", "astronaut", "rocket", "gravel", "camera"):
        truth = np.ascontiguousarray(sim.picture(name)[20:276, 100:356]).astype(np.float32)
        page = marked(truth, mask, 1.0, 0.95)
        bare = inpaint_biharmonic(page, mask, split_into_regions=True, channel_axis=2)
        found = fill(page, mask, QUIET, False)
        gains.append(psnr(found.pixels, truth, mask) - psnr(np.clip(bare, 0, 1), truth, mask))
    assert np.median(gains) > -0.1, gains


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("tight", [False, True])
def test_outside_the_mask_nothing_changes_a_bit(channels: int, tight: bool) -> None:
    truth, mask = photograph(channels), scratches() | stain()
    found = fill(marked(truth, mask, 0.8, 0.9), mask, QUIET, tight)
    assert np.array_equal(found.pixels[~mask], truth[~mask])
    assert not found.made[~mask].any()
    total = sum(where.astype(int) for where in found.methods.values())
    assert np.array_equal(total, mask.astype(int))


@pytest.mark.parametrize("side", ["top", "left", "corner"])
def test_a_mark_at_the_border_of_the_page_is_filled(side: str) -> None:
    truth, mask = photograph(), np.zeros((256, 256), np.bool_)
    rows = slice(0, 5) if side in ("top", "corner") else slice(100, 140)
    columns = slice(0, 5) if side in ("left", "corner") else slice(100, 140)
    mask[rows, columns] = True
    page = marked(truth, mask, 1.0, 1.0)
    found = fill(page, mask, QUIET, False)
    assert np.isfinite(found.pixels).all()
    assert psnr(found.pixels, truth, mask) > psnr(page, truth, mask) + 6.0


def test_a_page_that_is_masked_all_over_stays_as_it_is() -> None:
    page = photograph()
    found = fill(page, np.ones((256, 256), np.bool_), QUIET, False)
    assert np.array_equal(found.pixels, page)
    assert not found.methods


def test_neither_threads_nor_bands_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holes lie across the borders of bands; bands of another height cut elsewhere, so these are
    compared by the rows that are asked for, and threads at both heights."""
    truth = np.tile(photograph(), (2, 2, 1))
    mask = np.tile(scratches(), (2, 2))
    page = marked(truth, mask, 0.7, 0.95)
    results = {}
    for rows in (closing.ROWS, 64):
        monkeypatch.setattr(closing, "ROWS", rows)
        for threads in (1, 2, 3):
            monkeypatch.setattr(closing, "threads_of_networks", lambda threads=threads: threads)
            results[rows, threads], _ = drawn(repaired(page, {}, user=mask))
    for (rows, threads), result in results.items():
        assert np.array_equal(result, results[rows, 1]), threads
        assert np.array_equal(result[~mask], page[~mask])


def test_the_record_counts_what_was_divided_out() -> None:
    truth, mask = photograph(), stain()
    result = repaired(marked(truth, mask, 0.5, 0.05), {}, user=mask)
    drawn(result)
    counts = result.findings["filled_px"]
    assert sum(counts.values()) == mask.sum()
    assert counts["divided out"] > 0.8 * mask.sum()


def test_no_grain_is_drawn_where_the_surroundings_have_none() -> None:
    """Half of the page has grain of 4 / 255, the other is clipped white."""
    rng = np.random.default_rng(5)
    page = np.full((320, 640, 1), 0.5, np.float32)
    page[:, :320] += rng.normal(0, 4 / 255, (320, 320, 1)).astype(np.float32)
    page[:, 320:] = 1.0
    mask = np.zeros((320, 640), np.bool_)
    for column in (160, 480):
        cv2.circle(drawing := np.zeros(mask.shape, np.uint8), (column, 160), 5, 1, -1)
        mask |= drawing > 0
    page[mask] = 0.0
    pixels, _ = drawn(repaired(page, {}, user=mask))
    left, right = pixels[:, :320][mask[:, :320]], pixels[:, 320:][mask[:, 320:]]
    assert left.std() > 2 / 255
    assert right.std() < 0.2 / 255


@pytest.mark.parametrize("name", ["gravel", "grass"])
def test_texture_is_not_taken_for_grain(name: str) -> None:
    """A page without any flat patch has no grain that could be told from picture."""
    study = GrainStudy(1)
    texture = sim.picture(name)[:512, :512]
    study.see(np.ascontiguousarray(texture[:, :, :1]))
    assert study.grain() is None
    assert ArrayRaster(texture).channels == texture.shape[2]
