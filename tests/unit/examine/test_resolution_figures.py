"""The witnesses beside the spectrum: which one limits the picture, and which are not believed."""

from typing import Any

import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.resolution.interpolation import InterpolationMeasurer
from restoration.examine.resolution.resolution import ResolutionMeasurer
from restoration.raster.colour.colour_space import ColourSpace
from support import simulated_scans as sim
from support.condition import concluded


def measured(codes, bits=16, ppi=1200.0, before: tuple[Any, ...] = (InterpolationMeasurer,)):
    page = sim.SimulatedPage(codes, bits, (ppi, ppi))
    colour = ColourSpace.from_profile(None, page.channels)
    findings = [*before, ResolutionMeasurer]
    return examine_page(page, ExamineSettings(window=1024), colour, findings)[
        "effective_resolution"
    ]


@pytest.mark.parametrize(
    ("name", "factor", "quality"),
    [("astronaut", 2.0, 85), ("coffee", 2.2, 70), ("camera", 2.5, 90), ("coffee", 3.2, 80)],
)
def test_enlarged_then_compressed_scan_is_not_taken_for_full(name, factor, quality):
    # JPEG fills the spectrum, which then has no end; the edges are as soft as before.
    source = sim.centre(sim.picture(name), int(850 / factor), int(850 / factor))
    page = sim.jpeg(sim.enlarged(source, factor, "bicubic"), quality)
    found = measured(sim.scanned(page, 8), 8)
    assert found["detail"]["figures"]["spectrum"]["fraction"] > 1.5 / factor
    # A cubic kernel lets a quarter more through than the factor says.
    assert found["detail"]["fraction"] == pytest.approx(1.1 / factor, rel=0.25)
    assert found["detail"]["limited_by"] == "knife_edges"
    assert found["detail"]["figures"]["knife_edges"]["edges"] >= 6


@pytest.mark.parametrize("name", ["astronaut", "coffee", "camera"])
def test_edges_agree_that_a_sharp_picture_is_sharp(name):
    found = measured(sim.scanned(sim.picture(name), 8), 8)
    assert found["detail"]["fraction"] == 1.0
    assert found["detail"]["figures"]["knife_edges"]["fraction"] > 0.85


def test_soft_things_in_a_sharp_scan_do_not_speak_for_it():
    # Fur out of focus beside fur in focus: the spectrum ends where the scan does.
    found = measured(sim.scanned(sim.noisy(sim.ideal_scan("chelsea", 0.7), 0.5)))
    assert found["detail"]["fraction"] == pytest.approx(0.7, rel=0.1)


def test_ring_correlation_has_its_own_figure():
    picture = sim.noisy(sim.ideal_scan("coffee", 0.3, side=900, transfer="gauss"), 2.0)
    figure = measured(sim.scanned(picture))["detail"]["figures"]["ring_correlation"]
    assert figure["reliable"] is True
    assert figure["fraction"] == pytest.approx(0.3, rel=0.3)
    assert figure["ppi"] == pytest.approx(1200 * figure["fraction"], rel=1e-3)


def test_ring_correlation_does_not_trust_grain():
    picture = sim.ideal_scan("coffee", 0.3, side=900, transfer="gauss")
    grain = sim.enlarged(sim.noisy(np.zeros((450, 450, 3), np.float32), 6.0), 2.0, "bicubic")
    page = picture[:900, :900] + grain[: picture.shape[0], : picture.shape[1]]
    figure = measured(sim.scanned(page))["detail"]["figures"]["ring_correlation"]
    assert figure["reliable"] is False
    assert figure["reason"]


def test_a_halftone_over_the_page_limits_it_to_twice_its_ruling():
    page = sim.scanned(sim.noisy(sim.picture("astronaut"), 0.5))
    region = {"box": [0, 0, 512, 512], "kind": "halftone", "screens": [{"ruling_px": 8.0}]}
    whole = concluded("screen", "halftone", regions=[region | {"share": 0.95}])
    found = measured(page, before=(whole,))
    assert found["value"] == pytest.approx(300.0)
    assert found["detail"]["limited_by"] == "halftone"
    part = concluded("screen", "halftone", regions=[region | {"share": 0.2}])
    assert measured(page, before=(part,))["value"] == pytest.approx(1200.0)


def test_an_enlarged_jpeg_grid_limits_the_picture():
    page = sim.scanned(sim.noisy(sim.picture("gravel"), 0.5))
    enlarged = concluded("blocking", True, period_px=[12.0, 12.0])
    found = measured(page, before=(enlarged,))
    assert found["value"] == pytest.approx(800.0)
    assert found["detail"]["limited_by"] == "jpeg_grid"
    own = concluded("blocking", True, period_px=[8.0, 8.0])
    assert measured(page, before=(own,))["value"] == pytest.approx(1200.0)


@pytest.mark.parametrize("name", ["brick", "coins"])
def test_a_steady_fall_is_no_cliff(name):
    picture = sim.noisy(sim.ideal_scan(name, 0.3, transfer="gauss"), 0.5)
    found = measured(sim.scanned(picture))
    assert found["value"] == pytest.approx(1200 * 0.3, rel=0.2)
    assert "cliff" not in found["detail"]["ended_by"]


def test_every_figure_says_what_it_is_worth():
    found = measured(sim.scanned(sim.noisy(sim.ideal_scan("leaves7", 0.42, side=800), 1.0)))
    figures = found["detail"]["figures"]
    assert set(figures) == {
        "spectrum", "knife_edges", "ring_correlation", "halftone", "jpeg_grid",
    }  # fmt: skip
    for figure in figures.values():
        assert 0.0 <= figure["confidence"] <= 1.0
    without = {name for name, figure in figures.items() if figure["fraction"] is None}
    assert without == {"ring_correlation", "halftone", "jpeg_grid"}
    assert all(figures[name]["reason"] for name in without)
