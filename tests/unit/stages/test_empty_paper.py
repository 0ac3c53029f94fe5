"""Empty paper: found for certain, left as it is, and nothing of the picture changes by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from restoration.examine.paper.borders import borders
from restoration.examine.paper.occupied import occupied
from restoration.findings.paper import Paper
from restoration.raster.base import ArrayRaster, FloatImage
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.anchoring.anchored_picture import AnchoredPicture, Target
from restoration.stages.anchoring.empty_paper import RAMP, GridPart, extents
from restoration.stages.anchoring.network_tones import measure_tone_curve
from support import corpus
from support import simulated_scans as sim
from support.condition import finding
from support.fake_networks import FakeNetwork, sharpening

SIGMA = 2.0
HALO = 2 + 4 + 16 + RAMP
"""Radius of the fake network, margin, reach of the Gaussian, ramp."""


def sheet(margins: tuple[int, int, int, int], height: int = 90, width: int = 120) -> FloatImage:
    photo = corpus.photo("coffee", 40, 100, height, width)
    return sim.on_sheet(photo, margins)


def found(*boxes: list[int]) -> Paper:
    return finding(Paper, value=boxes[0], detail={"occupied": list(boxes)})


def restored(
    pixels: FloatImage, paper: Paper | None, share: float = 1.0, factor: float = 1.0
) -> tuple[FloatImage, dict[str, Any], FakeNetwork]:
    network = FakeNetwork(sharpening)
    curve = measure_tone_curve(network)
    network.pixels = 0
    height, width = pixels.shape[:2]
    size = round(height * factor), round(width * factor)
    target = Target(ArrayRaster(pixels), ColourSpace.from_profile(None, 3), *size)
    grid = round(height * share), round(width * share)
    picture = AnchoredPicture(target, grid, network, curve, SIGMA, 1.0, paper)
    findings: dict[str, Any] = {}
    bands = list(picture.bands(lambda done, unit: None, findings))
    return np.concatenate(bands), findings, network


@pytest.mark.parametrize(("share", "factor"), [(1.0, 1.0), (0.5, 1.0), (0.5, 2.0), (1.0, 1.25)])
def test_the_picture_is_that_of_the_whole_scan_to_the_bit(share: float, factor: float) -> None:
    margins = (200, 180, 220, 170)
    pixels, box = sheet(margins), [180, 200, 120, 90]
    whole, _, everything = restored(pixels, None, share, factor)
    skipped, findings, less = restored(pixels, found(box), share, factor)
    rows, columns = (
        slice(round(a * factor), round((a + n) * factor)) for a, n in ((200, 90), (180, 120))
    )
    assert np.array_equal(skipped[rows, columns], whole[rows, columns])
    assert np.abs(skipped - scaled(pixels, factor))[rows, columns].max() > 2 / 255
    assert less.pixels < 0.85 * everything.pixels
    grid = round(pixels.shape[0] * share) * round(pixels.shape[1] * share)
    seen = sum(height * width for _, _, width, height in findings["network_saw_px"])
    assert findings["empty_paper_px"] == grid - seen


def scaled(pixels: FloatImage, factor: float) -> FloatImage:
    from restoration.raster.resample import Resampled

    size = [round(side * factor) for side in pixels.shape[:2]]
    return Resampled(ArrayRaster(pixels), *size).read(0, 0, *size)


def test_beyond_the_halo_paper_is_the_scan_itself() -> None:
    pixels = sim.noisy(sheet((150, 150, 150, 150)), 2.0)
    pixels = np.clip(pixels, 0, 1)
    made, _, _ = restored(pixels, found([150, 150, 120, 90]))
    outside = np.ones(pixels.shape[:2], np.bool_)
    outside[150 - HALO : 240 + HALO, 150 - HALO : 270 + HALO] = False
    assert np.array_equal(made[outside], pixels[outside])
    assert not np.array_equal(made[~outside], pixels[~outside])


def test_the_work_fades_out_without_a_seam() -> None:
    """No step between neighbours at the border of the work that the scan has not: the network's
    texture of 8/255 on flat paper would show one."""
    pixels = sheet((150, 150, 150, 150))
    made, _, _ = restored(pixels, found([150, 150, 120, 90]))
    change = np.abs(made - pixels).max(axis=2)
    rows = change[150 - HALO : 150 - HALO + RAMP, 160:260].max(axis=1)
    assert rows[: RAMP // 2].max() == 0.0
    assert np.diff(rows).max() < 1.5 / 255


def test_nothing_marked_or_nothing_saved_is_the_whole_grid() -> None:
    page, grid = (400, 300), (200, 150)
    whole = [GridPart(0, 0, 200, 150)]
    none: list[Paper | None] = [
        None,
        finding(Paper, value=None),
        found([0, 0, 300, 400]),
    ]
    for paper in none:
        assert extents(paper, page, grid, 5, 1.0) == whole
    assert extents(found([20, 20, 260, 360]), page, grid, 5, 1.0) == whole


def test_parts_that_share_rows_become_one_and_others_stay_apart() -> None:
    page = grid = (1000, 800)
    paper = found([100, 100, 100, 100], [500, 150, 100, 100], [300, 800, 100, 50])
    halo = 10 + 8 + RAMP
    assert extents(paper, page, grid, 10, 1.0) == [
        GridPart(100 - halo, 100 - halo, 250 + halo, 600 + halo),
        GridPart(800 - halo, 300 - halo, 850 + halo, 400 + halo),
    ]


def test_a_page_with_two_parts_is_worked_on_in_both() -> None:
    pixels = np.full((760, 260, 3), 0.93, np.float32)
    pixels[60:130, 80:180] = corpus.photo("coffee", 40, 100, 70, 100)
    pixels[630:700, 60:160] = corpus.photo("coffee", 90, 140, 70, 100)
    whole, _, _ = restored(pixels, None)
    made, findings, _ = restored(pixels, found([80, 60, 100, 70], [60, 630, 100, 70]))
    assert len(findings["network_saw_px"]) == 2
    assert np.array_equal(made[60:130, 80:180], whole[60:130, 80:180])
    assert np.array_equal(made[630:700, 60:160], whole[630:700, 60:160])
    assert np.array_equal(made[330:430], pixels[330:430])


def boxes_of(pixels: FloatImage) -> list[tuple[int, int, int, int]]:
    proxy: npt.NDArray[np.float32] = np.asarray(pixels, np.float32)
    layers = borders(proxy)
    assert layers
    return occupied(proxy, layers)


def test_the_picture_alone_is_occupied_on_a_clean_sheet() -> None:
    (box,) = boxes_of(sim.noisy(sheet((60, 60, 80, 70)), 0.8))
    assert box == pytest.approx((60, 60, 90, 120), abs=1)


def test_writing_in_the_margin_is_no_empty_paper() -> None:
    page = sheet((60, 60, 100, 60))
    page[200:206, 80:130] = 0.4
    boxes = boxes_of(sim.noisy(page, 0.8))
    assert any(top <= 200 and top + height >= 206 for top, _, height, _ in boxes)
    assert len(boxes) == 2


def test_the_corners_of_an_askew_print_are_no_empty_paper() -> None:
    turned = ndimage.rotate(sheet((80, 80, 80, 80)), 4.0, reshape=False, order=1, mode="nearest")
    ((top, left, height, width),) = boxes_of(turned)
    angle, (h, w) = np.deg2rad(4.0), (90, 120)
    assert height >= h * np.cos(angle) + w * np.sin(angle) - 3
    assert width >= w * np.cos(angle) + h * np.sin(angle) - 3
    assert (top, left) < (80, 80)


def test_dust_on_the_bed_is_not_work_for_a_network() -> None:
    page = sheet((60, 60, 60, 60))
    page[10, 10], page[200, 20:22] = 0.3, 0.3
    (box,) = boxes_of(page)
    assert box == pytest.approx((60, 60, 90, 120), abs=1)


def test_the_report_names_the_boxes_in_pixels_of_the_scan() -> None:
    pixels = sim.on_sheet(corpus.photo("coffee"), (300, 400, 350, 420))
    paper = sim.found(sim.scanned(sim.noisy(pixels, 0.7)), "paper")
    (box,) = paper["detail"]["occupied"]
    assert box == pytest.approx([400, 300, 600, 400], abs=6)
    nothing = sim.found(sim.scanned(corpus.photo("coffee")), "paper")
    assert nothing["detail"]["occupied"] == []
