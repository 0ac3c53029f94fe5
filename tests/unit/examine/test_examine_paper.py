"""The picture's box inside its sheet, and no box where there is none."""

import numpy as np
import pytest
from scipy import ndimage

from support import simulated_scans as sim


@pytest.mark.parametrize("name", ["astronaut", "camera", "coffee", "rocket"])
@pytest.mark.parametrize("margins", [(60, 80, 70, 90), (30, 30, 30, 30), (0, 50, 0, 60)])
def test_margins_are_found_to_the_pixel_of_the_proxy(name, margins):
    pixels = sim.picture(name)
    sheet = sim.noisy(sim.on_sheet(pixels, margins), 0.8)
    found = sim.found(sim.scanned(sheet), "paper")
    wanted = [margins[1], margins[0], pixels.shape[1], pixels.shape[0]]
    assert found["value"] == pytest.approx(wanted, abs=6)
    assert found["detail"]["colour"][0] == pytest.approx(0.94 * 255, abs=1)
    area = sheet.shape[0] * sheet.shape[1]
    empty = 1 - wanted[2] * wanted[3] / area
    assert found["detail"]["empty_share"] == pytest.approx(empty, abs=0.04)


@pytest.mark.parametrize(
    "name", ["astronaut", "camera", "chelsea", "coffee", "rocket", "brick", "grass", "leaves7"]
)
def test_pictures_to_the_edge_have_no_border(name):
    found = sim.found(sim.scanned(sim.picture(name)), "paper")
    assert found["value"] is None
    assert found["detail"]["reason"]


def test_white_sky_over_a_straight_horizon_is_not_paper():
    pixels = sim.picture("coffee").copy()
    pixels[:150] = 0.97
    assert sim.found(sim.scanned(sim.noisy(pixels, 0.6)), "paper")["value"] is None


def test_studio_backdrop_is_not_paper():
    rows, columns = np.mgrid[:600, :500]
    body = ((rows - 620) / 330) ** 2 + ((columns - 250) / 170) ** 2 < 1
    head = ((rows - 260) / 110) ** 2 + ((columns - 250) / 80) ** 2 < 1
    grey = np.where(body | head, 0.3, 0.85).astype(np.float32)[:, :, None]
    assert sim.found(sim.scanned(sim.noisy(grey, 1.0)), "paper")["value"] is None


def test_a_print_with_margin_on_a_dark_bed_gives_the_inner_box():
    print_ = sim.on_sheet(sim.picture("coffee"), (40, 40, 40, 40))
    bed = sim.noisy(sim.on_sheet(print_, (50, 60, 50, 60), (0.05, 0.05, 0.05)), 0.7)
    found = sim.found(sim.scanned(bed), "paper")
    assert found["value"] == pytest.approx([100, 90, 600, 400], abs=5)
    assert len(found["detail"]["layers"]) == 2
    assert found["detail"]["colour"][0] > 200
    assert found["detail"]["layers"][0]["colour"][0] < 30


def test_a_sheet_laid_down_askew_is_found():
    sheet = sim.on_sheet(sim.picture("astronaut"), (90, 90, 90, 90))
    turned = ndimage.rotate(sheet, 1.0, reshape=False, order=1, mode="nearest")
    found = sim.found(sim.scanned(sim.noisy(turned, 0.5)), "paper")
    assert found["value"] == pytest.approx([90, 90, 512, 512], abs=25)


def test_an_empty_sheet_has_no_picture_box():
    blank = sim.noisy(np.full((400, 500, 3), 0.9, np.float32), 1.0)
    assert sim.found(sim.scanned(blank), "paper")["value"] is None
