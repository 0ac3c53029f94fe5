"""Effective resolution: what an archivist is told about how much picture a scan really holds."""

import numpy as np
import pytest

from support import simulated_scans as sim

# Fractions, pictures and noise that the thresholds were not chosen on.
IDEAL = [
    ("leaves7", 0.7, 0.5, 16),
    ("leaves7", 0.42, 3.0, 8),
    ("leaves11", 0.29, 1.0, 16),
    ("leaves11", 0.19, 2.0, 8),
    ("chelsea", 0.42, 0.3, 16),
    ("chelsea", 0.29, 2.0, 8),
    ("coins", 0.6, 1.0, 16),
    ("coffee", 0.22, 1.5, 8),
    ("gravel", 0.37, 4.0, 16),
]


@pytest.mark.parametrize(("name", "fraction", "sigma", "bits"), IDEAL)
def test_band_limited_scan_is_measured_within_20_percent(name, fraction, sigma, bits):
    picture = sim.noisy(sim.ideal_scan(name, fraction), sigma)
    found = sim.found(sim.scanned(picture, bits), "effective_resolution", bits=bits)
    assert found["value"] == pytest.approx(1200 * fraction, rel=0.2)
    assert found["detail"]["fraction"] == pytest.approx(found["value"] / 1200, rel=1e-3)
    assert found["confidence"] > 0.2


@pytest.mark.parametrize(("name", "fraction"), [("leaves7", 0.42), ("leaves11", 0.21)])
def test_soft_scan_is_measured_at_its_mtf10(name, fraction):
    picture = sim.noisy(sim.ideal_scan(name, fraction, transfer="gauss"), 0.5)
    found = sim.found(sim.scanned(picture), "effective_resolution")
    assert found["value"] == pytest.approx(1200 * fraction, rel=0.2)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "gravel", "leaves7"])
def test_sharp_picture_fills_the_scan(name):
    found = sim.found(sim.scanned(sim.noisy(sim.picture(name), 0.5)), "effective_resolution")
    assert found["value"] == pytest.approx(1200.0)
    assert found["detail"]["fraction"] == 1.0


def test_noise_that_drowns_detail_lowers_the_figure():
    picture = sim.ideal_scan("chelsea", 0.6, transfer="gauss")
    quiet, loud = (
        sim.found(sim.scanned(sim.noisy(picture, sigma)), "effective_resolution")["value"]
        for sigma in (0.3, 8.0)
    )
    assert loud < 0.85 * quiet


@pytest.mark.parametrize("quality", [95, 85])
def test_jpeg_does_not_raise_the_figure(quality):
    picture = sim.jpeg(sim.noisy(sim.ideal_scan("leaves7", 0.29, side=800), 1.0), quality)
    found = sim.found(sim.scanned(picture, 8), "effective_resolution", bits=8)
    assert found["value"] == pytest.approx(1200 * 0.29, rel=0.2)


@pytest.mark.parametrize("bits", [8, 16])
def test_ramp_is_unknown_with_a_reason(bits):
    found = sim.found(sim.scanned(sim.ramp(), bits), "effective_resolution", bits=bits)
    assert found["value"] is None
    assert found["confidence"] == 0.0
    assert "detail" in found["detail"]["reason"]


def test_blank_paper_with_scanner_noise_is_unknown():
    blank = sim.noisy(np.full((600, 700, 3), 0.9, np.float32), 1.5)
    assert sim.found(sim.scanned(blank), "effective_resolution")["value"] is None


def test_without_stated_ppi_the_fraction_is_given():
    picture = sim.noisy(sim.ideal_scan("leaves7", 0.42, side=800), 1.0)
    found = sim.found(sim.scanned(picture), "effective_resolution", ppi=None)
    assert found["value"] is None
    assert found["detail"]["fraction"] == pytest.approx(0.42, rel=0.2)
    assert "resolution" in found["detail"]["reason"]


def test_different_resolution_of_the_two_directions_is_kept():
    picture = sim.noisy(sim.ideal_scan("leaves7", 0.42, side=800), 1.0)
    found = sim.found(sim.scanned(picture), "effective_resolution", ppi=(1200.0, 600.0))
    assert found["detail"]["nominal_ppi"] == pytest.approx(np.sqrt(1200 * 600), rel=1e-3)
    assert found["detail"]["across_ppi"] == pytest.approx(0.42 * 1200, rel=0.2)
    assert found["detail"]["down_ppi"] == pytest.approx(0.42 * 600, rel=0.2)


def test_far_less_than_nominal_is_a_warning():
    soft, sharp = (
        sim.report(sim.scanned(sim.noisy(picture, 1.0)), last="effective_resolution")
        for picture in (sim.ideal_scan("leaves7", 0.29, side=800), sim.picture("leaves7"))
    )
    assert "effective_below_nominal" in {warning["code"] for warning in soft["warnings"]}
    assert "effective_below_nominal" not in {warning["code"] for warning in sharp["warnings"]}


def test_a_sharp_sheet_edge_does_not_speak_for_a_soft_picture():
    picture = sim.ideal_scan("leaves7", 0.29, side=1000)
    sheet = sim.noisy(sim.on_sheet(picture, (150, 170, 160, 150)), 0.7)
    found = sim.found(sim.scanned(sheet), "effective_resolution")
    assert found["value"] == pytest.approx(1200 * 0.29, rel=0.2)


def test_a_page_too_small_for_tiles_is_unknown():
    tiny = sim.scanned(sim.centre(sim.picture("chelsea"), 40, 50))
    assert sim.found(tiny, "effective_resolution")["value"] is None
