"""The demo collection: what it holds, that it says what it is, and that it comes out the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from restoration.condition.working_resolution import EffectivePicture
from restoration.config.settings import ExamineSettings, IngestSettings, load_config
from restoration.config.sheet import Scan, read_sheet
from restoration.config.stages.cleanup import CleanupSettings
from restoration.demo import make, simulate
from restoration.demo.collection import BROKEN, COLLECTION, DemoScan, pictures
from restoration.demo.make import make_collection
from restoration.demo.photographs import PHOTOGRAPHS, Crop, load
from restoration.errors import ScanError
from restoration.examine.damage.detector import Evidence
from restoration.examine.damage.evidence import luminance
from restoration.examine.page import examine_page
from restoration.findings.damage import KINDS
from restoration.findings.report import ConditionReport
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.base import Plane
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.tiff.page import open_page
from support import condition
from support.fake_detector import fake_detector
from support.simulated_scans import measurers_until

ROOT = Path(__file__).resolve().parents[3]
BY_NAME = {demo.scan: demo for demo in COLLECTION}
LIMITS = IngestSettings.model_validate({})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    make_collection(made)
    return made


@pytest.fixture(scope="module")
def sheet(folder: Path) -> tuple[Scan, ...]:
    return read_sheet(folder / "scans.tsv", recipes=("embedded", "print"), default="embedded")


def read(path: Path) -> np.ndarray:
    with open_page(path) as page:
        return page.read(0, 0, page.height, page.width)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_scan_is_a_1200_ppi_16_bit_tiff_with_profile_and_metadata(
    folder: Path, sheet: tuple[Scan, ...]
) -> None:
    for scan in sheet:
        if scan.scan == BROKEN:
            continue
        found = inspect_master(scan.path, LIMITS)
        (page,) = found["pages"]
        assert (page["bits"], page["ppi"]) == (16, [1200.0, 1200.0])
        assert page["icc"]["description"]
        assert found["warnings"] == []
        for tag in ("Make", "Model", "Software", "Artist", "Copyright", "DateTime"):
            assert found["tags"][tag], tag
        assert found["tags"]["DocumentName"] == scan.scan
        assert any("DateTimeOriginal" in name for name in found["exif"])
        assert found["exif"]["EXIF FileSource"]


def test_every_file_says_that_it_is_a_simulated_crop(folder: Path) -> None:
    for path in sorted(folder.rglob("*.tif")):
        if path.stem == BROKEN:
            continue
        found = inspect_master(path, LIMITS)
        for text in (found["tags"]["ImageDescription"], found["xmp"]["text"]):
            assert "SIMULATED" in text
            assert "a crop of" in text
        assert "no real device" in found["tags"]["Model"]


def test_colour_spaces_byte_orders_and_batches_differ(
    folder: Path, sheet: tuple[Scan, ...]
) -> None:
    described = [inspect_master(s.path, LIMITS) for s in sheet if s.scan != BROKEN]
    names = {found["pages"][0]["icc"]["description"] for found in described}
    assert {name.split()[0] for name in names} == {"sRGB", "Adobe", "Grey"}
    assert {found["pages"][0]["channels"] for found in described} == {1, 3}
    assert {found["byte_order"] for found in described} == {"little", "big"}
    assert {scan.batch for scan in sheet} == {"album", "clippings", "loose-prints"}


def test_the_broken_file_becomes_a_problem(sheet: tuple[Scan, ...]) -> None:
    (broken,) = [scan for scan in sheet if scan.scan == BROKEN]
    with pytest.raises(ScanError, match="truncated"):
        inspect_master(broken.path, LIMITS)


def test_truth_lies_beside_every_scan_in_its_size_and_colours(
    folder: Path, sheet: tuple[Scan, ...]
) -> None:
    for scan in sheet:
        if scan.scan == BROKEN:
            continue
        with open_page(scan.path) as damaged, open_page(folder / f"truth/{scan.scan}.tif") as truth:
            assert (truth.height, truth.width) == (damaged.height, damaged.width)
            assert truth.profile == damaged.profile
            assert truth.channels == damaged.channels
            size = damaged.height, damaged.width
        larger = BY_NAME[scan.scan].truth_factor
        if larger > 1:
            with open_page(folder / f"truth/{scan.scan}@{larger}x.tif") as truth:
                assert (truth.height, truth.width) == (size[0] * larger, size[1] * larger)


def test_scans_agree_with_their_truth_in_light_and_place(folder: Path) -> None:
    """Damage is damage, and not a shift or another exposure."""
    for demo in COLLECTION:
        damaged = read(folder / demo.batch / f"{demo.scan}.tif")[..., :1]
        truth = read(folder / f"truth/{demo.scan}.tif")[..., :1]
        light = [float((picture**2.2).mean()) for picture in (damaged, truth)]
        # What fades and yellows is another exposure, by channel; of all others: grain is added to
        # encoded values, and JPEG rounds them; neither keeps light exactly.
        if not any(demo.damage.stain):
            assert light[0] == pytest.approx(light[1], rel=0.04), demo.scan
        best = min(
            ((dy, dx) for dy in (-2, 0, 2) for dx in (-2, 0, 2)),
            key=lambda shift: float(
                np.abs(np.roll(damaged, shift, (0, 1)) - truth)[8:-8, 8:-8].mean()
            ),
        )
        assert best == (0, 0), demo.scan


def examined(folder: Path, demo: DemoScan) -> dict:
    """The condition report of a scan: what these tests look at, and what it is concluded from."""
    with open_page(folder / demo.batch / f"{demo.scan}.tif") as page:
        colour = ColourSpace.from_profile(page.profile, page.channels)
        settings = ExamineSettings.model_validate({})
        report = examine_page(page, settings, colour, measurers_until("damage"))
        return report | {"pixels": page.height * page.width}


@pytest.fixture(scope="module")
def reports(folder: Path) -> dict[str, dict]:
    return {demo.scan: examined(folder, demo) for demo in COLLECTION}


def marks_found(report: dict) -> dict[str, int]:
    return {kind: report["damage"]["detail"][kind]["count"] for kind in KINDS}


def _typed(report: dict) -> ConditionReport:
    return condition.report({n: f for n, f in report.items() if n != "pixels"})


def test_the_condition_report_sees_the_damage_and_clears_the_clean_scan(
    reports: dict[str, dict],
) -> None:
    def ppi(name: str) -> float:
        return float(reports[name]["effective_resolution"]["value"])

    for name in ("astronaut-soft", "camera-grey", "rocket-noisy", "chelsea-jpeg"):
        assert ppi(name) < 290, name
    noisy, grainy = reports["rocket-noisy"]["noise"], reports["astronaut-grainy"]["noise"]
    assert noisy["value"] > 3
    assert noisy["detail"]["grain"]["found"] is False
    assert grainy["value"] > 3
    assert grainy["detail"]["grain"]["found"] is True
    assert [name for name, found in reports.items() if found["blocking"]["value"]] == [
        "chelsea-jpeg"
    ]
    screens = {name: found["screen"]["value"] for name, found in reports.items()}
    assert screens.pop("coins-halftone") == "halftone"
    assert set(screens.values()) == {"none"}
    (region,) = reports["coins-halftone"]["screen"]["detail"]["regions"]
    (screen,) = region["screens"]
    assert screen["ruling_lpi"] == pytest.approx(150.0, rel=0.01)
    assert screen["angle_deg"] == pytest.approx(45.0, abs=0.5)
    marks = {name: sum(marks_found(found).values()) for name, found in reports.items()}
    # How much of this one is found is the detector's affair: a figure of the benches.
    del marks["coffee-scratched"]
    # The tripod of camera-grey, the cat's whiskers, the dots of a halftone: no damage.
    assert set(marks.values()) == {0}
    assert ppi("coffee-clean") > 900
    assert reports["coffee-clean"]["noise"]["value"] < 1.7
    # The print's scan is healthy enough for cleanup to leave it alone; upscale does the work.
    assert 305 < ppi("coffee-print") < 700
    assert reports["coffee-print"]["noise"]["value"] < 1.7
    for name, report in reports.items():
        assert not report["interpolated"]["value"], name


@dataclass
class TruthKnown:
    """A detector that compares with the undamaged picture: all that differs is a speck."""

    truth: Plane
    pieces: int = 0
    """How many it saw on the page."""

    def search(self, plane: Plane) -> Evidence:
        # The coarse level of the page shows nothing more.
        differs = np.zeros(plane.shape, np.bool_)
        if plane.shape == self.truth.shape:
            differs = np.abs(plane - self.truth) > 0.2
            self.pieces = cv2.connectedComponents(differs.view(np.uint8), connectivity=8)[0] - 1
        return Evidence(np.where(differs, np.float32(0.9999), np.float32(0)), np.uint8(0) * differs)


def test_the_marks_of_the_scratched_scan_are_plain_and_the_report_counts_them(
    folder: Path,
) -> None:
    demo = BY_NAME["coffee-scratched"]
    truth = luminance(pictures(demo).truths[1].astype(np.float32))
    with fake_detector(TruthKnown(truth)) as detector:
        found = marks_found(examined(folder, demo))
    # Of 26; one that crosses another is no mark of its own, a crack that closes is several.
    assert found["dust"] == sum(found.values()) == detector.pieces >= 15


def test_the_demo_sends_less_than_half_a_megapixel_into_a_network(
    reports: dict[str, dict],
) -> None:
    # A network starts at most half an octave above what was measured, and half an octave is its
    # step: at worst twice the measured share, per side.
    cleanup = CleanupSettings.model_validate({"network": "realesrgan-x4plus-packaged"})
    worst = 0.0
    for name, report in reports.items():
        found = EffectivePicture.of(_typed(report), (1200.0, 1200.0))
        soft = (found.ppi or 1200.0) < cleanup.soft_below_ppi
        # The one scan that is enlarged.
        if (soft and not found.printed) or name == "coffee-print":
            worst += report["pixels"] * min(1.0, 1.68 * (found.share or 1.0)) ** 2
    assert 0 < worst < 500_000


def test_making_it_again_touches_nothing(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert make_collection(folder) == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


SMALL = replace(
    BY_NAME["chelsea-jpeg"],
    scan="small",
    crop=Crop(100, 100, 40, 60),
    damage=replace(BY_NAME["chelsea-jpeg"].damage, grain=3.0),
)


def test_same_bytes_in_another_folder(tmp_path: Path) -> None:
    make_collection(tmp_path / "a", [SMALL])
    make_collection(tmp_path / "b", [SMALL])
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_a_damaged_or_missing_file_is_made_anew_and_no_other(tmp_path: Path) -> None:
    other: DemoScan = replace(SMALL, scan="other", seed=9)
    make_collection(tmp_path, [SMALL, other])
    whole = hashes(tmp_path)
    (tmp_path / "loose-prints" / "small.tif").write_bytes(b"overwritten")
    (tmp_path / "truth" / "small.tif").unlink()
    written = make_collection(tmp_path, [SMALL, other])
    assert sorted(written) == ["loose-prints/small.tif", "truth/small.tif"]
    assert hashes(tmp_path) == whole


def test_another_definition_makes_the_scan_anew(tmp_path: Path) -> None:
    make_collection(tmp_path, [SMALL])
    written = make_collection(tmp_path, [replace(SMALL, seed=77)])
    assert "loose-prints/small.tif" in written


def test_a_damaged_manifest_is_no_obstacle(tmp_path: Path) -> None:
    make_collection(tmp_path, [SMALL])
    (tmp_path / make.MANIFEST).write_text("{", "utf-8")
    assert make_collection(tmp_path, [SMALL]) == []


def test_no_part_files_stay_behind(folder: Path) -> None:
    assert not list(folder.rglob("*.part"))


def test_noise_is_normal_enough_and_the_same_on_every_machine() -> None:
    values = simulate.SensorNoise(7).normal((400, 500))
    assert abs(values.mean()) < 0.01
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert (np.abs(values) > 1.96).mean() == pytest.approx(0.05, abs=0.004)
    np.testing.assert_array_equal(simulate.SensorNoise(7).normal((400, 500)), values)
    rounded = (values[:20, :20] * 1e6).round().astype("<i8").tobytes()
    # Pins the stream: the demo's masters must not change under a new NumPy.
    assert hashlib.sha256(rounded).hexdigest()[:16] == "dcccfcb1d0ace022"


def test_grain_has_the_strength_that_it_states() -> None:
    grey = np.full((300, 300, 1), 0.5)
    grain = simulate.grainy(grey, 6.0, 3.0, simulate.SensorNoise(1)) - grey
    assert grain.std() * 255 == pytest.approx(6.0, rel=0.05)
    colour = np.full((300, 300, 3), 0.5)
    layers = simulate.grainy(colour, 6.0, 3.0, simulate.SensorNoise(1)) - colour
    assert layers.std(axis=(0, 1)) * 255 == pytest.approx([6.0] * 3, rel=0.06)


def test_blur_keeps_light_and_not_codes() -> None:
    halves = np.zeros((8, 200, 1))
    halves[:, 100:] = 1.0
    middle = simulate.to_light(simulate.blurred(halves, 6.0))[4, 99:101, 0]
    assert middle.mean() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("kernel", [(simulate.lanczos3, 3.0), (simulate.b_spline, 2.0)])
@pytest.mark.parametrize("size", [(7, 9), (20, 31), (40, 62)])
def test_resampling_keeps_flat_areas_and_positions(kernel: tuple, size: tuple[int, int]) -> None:
    flat = np.full((20, 31, 2), 0.3)
    np.testing.assert_allclose(simulate.resample(flat, *size, *kernel), 0.3, rtol=1e-12)
    ramp = np.broadcast_to(((np.arange(31) + 0.5) / 31)[None, :, None], (20, 31, 1))
    expected = (np.arange(size[1]) + 0.5) / size[1]
    inner = slice(size[1] // 3, -(size[1] // 3))
    found = simulate.resample(ramp, *size, *kernel)[size[0] // 2, :, 0]
    np.testing.assert_allclose(found[inner], expected[inner], atol=2e-3)


def test_pictures_of_a_grey_scan_have_one_channel() -> None:
    grey = replace(BY_NAME["camera-grey"], crop=Crop(100, 100, 40, 50), border=6)
    made = pictures(grey)
    assert made.scan.shape == made.truths[1].shape == (92, 112, 1)
    assert made.truths[1][0, 0, 0] == pytest.approx(0.95)


def test_a_crop_outside_the_photograph_is_refused() -> None:
    with pytest.raises(ValueError, match="300 x 451"):
        load("chelsea", Crop(0, 0, 301, 10))


def test_credits_name_every_photograph_scan_and_damage() -> None:
    text = (ROOT / "resources/demo/README.md").read_text("utf-8")
    for demo in COLLECTION:
        photograph = PHOTOGRAPHS[demo.photograph]
        assert f"`{demo.scan}`" in text
        for words in (photograph.title, photograph.author, photograph.licence, photograph.source):
            assert words in text


def test_the_demos_config_is_valid_and_its_recipes_are_those_of_the_sheet(
    sheet: tuple[Scan, ...],
) -> None:
    import yaml

    config = load_config(yaml.safe_load((ROOT / "config/demo.yaml").read_text("utf-8")))
    assert {recipe for scan in sheet for recipe in scan.recipes} <= set(config.recipes)
    assert config.scans == "masters/demo/scans.tsv"
    assert config.truth == "masters/demo/truth"
