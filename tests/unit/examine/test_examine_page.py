"""The frame of the condition report: one pass, stable figures, findings on top of each other."""

import json
from functools import partial
from typing import ClassVar

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.registry import MEASURERS
from restoration.findings.base import Caution, Detail, Reported
from restoration.findings.report import FINDINGS
from restoration.findings.tone import Tone
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.tiff.page import open_page
from support import corpus
from support import simulated_scans as sim

SRGB = ColourSpace.from_profile(None, 3)


@pytest.fixture(scope="module")
def soft():
    return sim.scanned(sim.noisy(sim.ideal_scan("leaves7", 0.42, side=700), 2.0))


class MeanDetail(Detail):
    h: float


@pytest.fixture(scope="module")
def reported(soft):
    """Its whole report."""
    return sim.report(soft)


def codes_of(report):
    return {warning["code"] for warning in report["warnings"]}


def test_report_has_every_field_and_survives_json(reported):
    report = reported
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    for name in ("effective_resolution", "interpolated", "noise", "paper", "tone"):
        assert set(report[name]) == {"value", "unit", "confidence", "method", "detail"}
        assert 0.0 <= report[name]["confidence"] <= 1.0
    assert set(report) == {*FINDINGS, "warnings"}
    assert len(MEASURERS) == len(FINDINGS)


def test_windows_are_aligned_and_cover_the_page_once(soft):
    page = sim.SimulatedPage(soft)
    examine_page(page, ExamineSettings(window=256), SRGB, sim.measurers_until("tone"))
    seen = np.zeros(soft.shape[:2], int)
    for top, left, height, width in page.windows:
        assert top % 256 == 0
        assert left % 256 == 0
        seen[top : top + height, left : left + width] += 1
    assert (seen == 1).all()


def test_same_report_again_and_with_other_threads(soft, reported):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        assert sim.report(soft) == reported
        assert cv2.getNumThreads() == 4
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("window", [256, 333, 4096])
def test_figures_hardly_depend_on_the_window(soft, reported, window):
    one, other = reported, sim.report(soft, window=window, last="noise")
    for name in ("effective_resolution", "noise"):
        assert other[name]["value"] == pytest.approx(one[name]["value"], rel=0.1)
    assert other["tone"]["detail"]["channels"] == one["tone"]["detail"]["channels"]


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 700, 1), (700, 5, 3), (257, 64, 1)])
def test_odd_little_pages_are_examined(shape):
    page = np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16)
    report = sim.report(page, window=256)
    json.dumps(report, allow_nan=False)
    assert report["paper"]["value"] is None


def test_a_finding_is_one_class_and_reads_those_before_it(soft):
    class Mean(Reported[float, MeanDetail]):
        name: ClassVar[str] = "mean"

    class MeanMeasurer:
        def begin(self, page):
            self.total, self.pixels = 0.0, page.height * page.width

        def see(self, window):
            self.total += float(window.luminance.sum())

        def conclude(self, survey, earlier):
            caution = Caution(code="bright", text="Brighter than it should be.")
            return Mean(
                value=self.total / self.pixels,
                unit="",
                confidence=1.0,
                method="mean",
                detail=MeanDetail(h=earlier.get(Tone).value[1]),
                cautions=(caution,),
            )

    page = sim.SimulatedPage(soft)
    measurers = (*sim.measurers_until("tone"), MeanMeasurer)
    report = examine_page(page, ExamineSettings(), SRGB, measurers)
    assert report["mean"]["value"] == pytest.approx(float(soft.mean() / 65535), abs=0.05)
    assert report["mean"]["detail"]["h"] == pytest.approx(report["tone"]["value"][1])
    assert "bright" in codes_of(report)


def test_a_finding_may_look_at_windows_again_once_the_page_was_passed_over(soft):
    class Corner(Reported[int, Detail]):
        name: ClassVar[str] = "corner"

    class CornerMeasurer:
        def begin(self, page):
            self.seen = 0

        def see(self, window):
            self.seen += 1

        def conclude(self, survey, earlier):
            return Corner(value=None, unit="", confidence=0.0, method="corner", detail=Detail())

        def look_again(self, read, found, earlier):
            assert earlier.get(Tone) is not None
            corner = int(read(3, 5, 1, 1)[0, 0, 0])
            return found.model_copy(update={"value": corner, "unit": str(self.seen)})

    page = sim.SimulatedPage(soft)
    measurers = (*sim.measurers_until("tone"), CornerMeasurer)
    report = examine_page(page, ExamineSettings(window=256), SRGB, measurers)
    assert report["corner"]["value"] == soft[3, 5, 0]
    assert page.windows[-1] == (3, 5, 1, 1)
    assert len(page.windows) == int(report["corner"]["unit"]) + 1


def test_warnings_about_the_file(soft):
    soft, stated = soft[:256, :256], partial(sim.report, last="tone")
    assert codes_of(stated(soft)) >= {"no_icc"}
    assert "no_resolution" in codes_of(stated(soft, ppi=None))
    assert "below_minimum_ppi" in codes_of(stated(soft, ppi=(300.0, 300.0)))
    profiled = stated(soft, profile=corpus.PROFILES["Adobe RGB"]())
    assert not codes_of(profiled) & {"no_icc", "no_resolution", "below_minimum_ppi", "icc_unusable"}
    assert "icc_unusable" in codes_of(stated(soft, profile=b"not a profile"))


@pytest.mark.parametrize("factor", [257, 256])
def test_eight_bit_values_in_a_sixteen_bit_file(soft, reported, factor):
    narrow = (soft >> 8).astype(np.uint16) * np.uint16(factor)
    report = sim.report(narrow, last="tone")
    assert "eight_bit_in_sixteen" in codes_of(report)
    assert report["tone"]["detail"]["bits_held"] == 8
    assert "eight_bit_in_sixteen" not in codes_of(reported)


def test_eight_bit_master(soft):
    narrow = (soft >> 8).astype(np.uint16) * np.uint16(257)
    found = codes_of(sim.report(narrow, bits=8, last="tone"))
    assert "eight_bit" in found
    assert "eight_bit_in_sixteen" not in found


def test_tones_are_exact():
    page = np.zeros((100, 100, 3), np.uint16)
    page[..., 0] = np.arange(10000).reshape(100, 100)
    page[:10, :, 1] = 65535
    page[10:, :, 1] = 30000
    page[..., 2] = 20000
    report = sim.report(page)
    red, green = (report["tone"]["detail"]["channels"][name] for name in ("red", "green"))
    assert red["highest"] == pytest.approx(9999 / 65535, rel=1e-4)
    assert red["percentiles"]["50"] == pytest.approx(4999 / 65535, rel=1e-4)
    assert green["share_at_full"] == pytest.approx(0.1)
    assert "clipped_highlights" in codes_of(report)
    assert "green" in next(w["text"] for w in report["warnings"] if "high" in w["code"])
    assert report["tone"]["detail"]["grey_in_rgb"] is False


def test_grey_kept_as_colour_is_noticed(soft):
    grey = np.repeat(soft[:, :, :1], 3, axis=2)
    assert sim.found(grey, "tone")["detail"]["grey_in_rgb"] is True
    assert sim.found(soft[:, :, :1], "tone")["detail"]["grey_in_rgb"] is False


def test_a_tiff_of_the_archive_is_examined(tmp_path, soft, reported):
    path = corpus.write_tiff(tmp_path / "scan.tif", soft, ppi=1200)
    with open_page(path) as page:
        report = examine_page(page, ExamineSettings(), SRGB, sim.measurers_until("noise"))
    assert report["noise"] == reported["noise"]
    assert report["tone"] == reported["tone"]
