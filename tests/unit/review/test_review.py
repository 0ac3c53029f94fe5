"""The review page: what a person reads on it, and that nothing in a record can break it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from restoration.findings.base import Detail, Reported
from restoration.findings.report import FINDINGS
from restoration.findings.words import number as written
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    srgb_profile,
)
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.tone_table import ToneTable
from restoration.records.delivery import DeliveryDone
from restoration.records.stage import AppliedPage
from restoration.review import findings, pictures, scores, wording
from restoration.review.provisional_pages import open_restored
from restoration.review.stage_sections import page_decision
from restoration.storage.records import write_raw
from support.condition import finding, report
from support.corpus import photo, write_tiff
from support.review_collection import Collection, Page, soft
from support.written_records import (
    applied_page,
    deliver_record,
    deliverable_of,
    delivered_page,
    ingest_record,
    master_of,
    stage_record,
)

SRGB = ColourSpace.from_profile(srgb_profile(), 3)


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    (tmp_path / "masters").mkdir()
    (tmp_path / "results" / "embedded" / "deliver").mkdir(parents=True)
    return Collection(tmp_path)


def test_page_tells_the_archivist_what_happened_and_why(collection: Collection) -> None:
    truth = photo("chelsea", 40, 60, 200, 240)
    collection.add("cat", soft(truth, 2), soft(truth, 0.8), truth=truth)
    collection.add("sharp", truth, None, truth=truth)
    collection.fail("broken", "broken.tif: expected 9 bytes; restore it from a copy")
    page = Page(collection.report())
    text = page.text
    assert "3 scans" in text
    assert "2 delivered" in text
    assert "1 problems" in text
    assert "broken.tif: expected 9 bytes; restore it from a copy" in text
    assert "Applied : soft: it holds 212 ppi of picture, less than 300" in text
    assert "Not applied : it holds 900 ppi of picture" in text
    assert "Holds about 212 ppi of picture of the 1200 ppi that its file states." in text
    assert "Not known: flat." in text
    assert "The scan states 1200 ppi." in text
    assert "a" * 64 in text
    assert "BSD-3-Clause" in text
    assert "16-bit TIFF, LZW" in text
    assert "pixels, icc" in text
    assert "alpha kept" in text
    assert "a date" in text


def test_generative_pixels_are_labelled_at_the_picture_and_at_the_scan(
    collection: Collection,
) -> None:
    pixels = photo("coffee", 40, 60, 90, 120)
    collection.add("invented", pixels, soft(pixels, 1))
    text = Page(collection.report()).text
    assert "Contains pixels made by a generative network (cleanup: realesrgan-x4plus)" in text
    # The whole sheet and each place at 100 %.
    assert text.count("A generative network made pixels of this picture.") >= 2


def test_no_generative_label_where_no_network_ran(collection: Collection) -> None:
    pixels = photo("coffee", 40, 60, 90, 120)
    collection.add("resampled", pixels, soft(pixels, 1), generative=False)
    collection.add("declined", pixels, None)
    text = Page(collection.report()).text
    assert "Contains pixels made by" not in text
    assert "A generative network made pixels" not in text
    assert "Left as it was: no stage was applied." in text
    assert "every one of them unchanged" in text


def test_a_stage_that_moved_away_from_the_truth_is_called_worse(collection: Collection) -> None:
    truth = photo("chelsea", 40, 60, 120, 140)
    collection.add("spoiled", soft(truth, 0.6), soft(truth, 3), truth=truth)
    page = collection.report()
    assert page.count('class="worse"') == 3
    assert 'class="better"' not in page


def test_page_needs_no_other_file_no_script_and_no_network(collection: Collection) -> None:
    collection.add("cat", photo("chelsea", 0, 0, 90, 90), photo("chelsea", 0, 9, 90, 90))
    source = collection.report()
    for tag, attributes in Page(source).seen:
        assert tag not in ("script", "link", "iframe")
        assert not any(name.startswith("on") for name in attributes)
        if tag == "img":
            assert str(attributes["src"]).startswith("data:image/jpeg;base64,")
        if tag == "a":
            assert str(attributes["href"]).startswith("#")
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", source)


def test_every_picture_has_words_and_every_switch_a_label(collection: Collection) -> None:
    collection.add("cat", photo("chelsea", 0, 0, 90, 90), photo("chelsea", 0, 9, 90, 90))
    seen = Page(collection.report()).seen
    labels = {attributes.get("for") for tag, attributes in seen if tag == "label"}
    ids = [attributes["id"] for _, attributes in seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    words = [str(attributes["alt"]) for tag, attributes in seen if tag == "img"]
    assert words
    assert min(map(len, words)) > 10
    switches = {attributes["id"] for tag, attributes in seen if tag == "input"}
    assert switches
    assert switches <= labels
    assert ("html", {"lang": "en"}) in seen


def test_hostile_tags_and_reasons_stay_text(collection: Collection) -> None:
    attack = '</p><script>alert("x")</script><img src=x onerror=alert(1)>'
    pixels = photo("coffee", 0, 0, 64, 64)
    collection.add("scan", pixels, soft(pixels, 1), reason=attack, description=attack[:60])
    collection.fail("bad", f"'{attack}' is missing")
    source = collection.report(description=attack)
    page = Page(source)
    assert "<script" not in source
    assert "onerror=alert(1)>" not in source
    assert html.escape(attack, quote=False) in source.replace("&#34;", '"')
    assert attack in page.text


def test_same_records_give_the_same_bytes(collection: Collection) -> None:
    truth = photo("rocket", 40, 60, 100, 140)
    collection.add("rocket", soft(truth, 2), soft(truth, 1), truth=truth)
    first = collection.report()
    kept = collection.results / "embedded" / "report" / "rocket.json"
    assert kept.is_file()
    assert collection.report() == first
    kept.unlink()
    assert collection.report() == first


def test_pictures_are_not_made_again_for_scans_that_did_not_change(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = photo("coffee", 0, 0, 64, 64)
    collection.add("one", pixels, soft(pixels, 1))
    first = collection.report()
    monkeypatch.setattr(pictures, "compare", lambda *_: pytest.fail("looked at pixels again"))
    assert collection.report() == first


def test_a_master_that_went_away_spoils_no_report(collection: Collection) -> None:
    pixels = photo("coffee", 0, 0, 64, 64)
    collection.add("gone", pixels, soft(pixels, 1))
    collection.add("here", pixels, soft(pixels, 1))
    (collection.root / "masters" / "gone.tif").unlink()
    page = Page(collection.report())
    assert "No pictures, because a file could not be read" in page.text
    assert sum(tag == "img" for tag, _ in page.seen) >= 4


def test_scans_without_a_record_are_shown_as_waiting(collection: Collection) -> None:
    collection.scans.append("later")
    text = Page(collection.report()).text
    assert "not processed yet" in text
    assert "1 not processed yet" in text


def _older(record: dict[str, Any]) -> None:
    record["schema"] = 1


def _field_of_a_newer_version(record: dict[str, Any]) -> None:
    record["deliverable"]["colour_bar"] = True


def _other_finding(record: dict[str, Any]) -> None:
    record["condition_report"][0]["effective_resolution"]["value"] = "fine"


def _other_faces(record: dict[str, Any]) -> None:
    page = record["stages"][0]["pages"][0]
    record["stages"].append({**record["stages"][0], "stage": "faces"})
    record["stages"][-1]["pages"] = [{**page, "findings": {"faces": [{"face": 1}]}}]


def _other_cautions(record: dict[str, Any]) -> None:
    record["stages"][0]["pages"][0]["findings"]["cautions"] = 3


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_older, "schema: expected 2 or 3, found 1"),
        (_field_of_a_newer_version, "deliverable.colour_bar: expected no such field, found True"),
        (_other_finding, "effective_resolution.value"),
        (_other_faces, "other.json, faces, page 1: faces.0.box: expected a value, found nothing"),
        (_other_cautions, "other.json, cleanup, page 1: cautions: expected a list, found 3"),
    ],
)
def test_a_scan_whose_record_cannot_be_read_is_on_the_page_with_the_reason(
    collection: Collection, change: Callable[[dict[str, Any]], None], found: str
) -> None:
    pixels = photo("coffee", 0, 0, 64, 64)
    collection.add("other", pixels, soft(pixels, 1))
    collection.add("read", pixels, soft(pixels, 1))
    path = collection.results / "embedded/deliver/other.json"
    record = json.loads(path.read_text("utf-8"))
    change(record)
    write_raw(path, record)
    page = Page(collection.report())
    assert ("section", "scan-other") in [(tag, a.get("id")) for tag, a in page.seen]
    assert f"{path}" in page.text
    assert found in page.text
    assert "other its record cannot be read" in page.text
    assert "1 with a record that cannot be read" in page.text
    assert "1 delivered" in page.text
    assert "The whole of read before restoration" in str(page.seen)
    assert "The whole of other before restoration" not in str(page.seen)


def test_kept_pictures_that_cannot_be_read_are_made_again(collection: Collection) -> None:
    pixels = photo("coffee", 0, 0, 64, 64)
    collection.add("scan", pixels, soft(pixels, 1))
    first = collection.report()
    kept = collection.results / "embedded/report/scan.json"
    record = json.loads(kept.read_text("utf-8"))
    del record["pages"][0]["crops"][0]["width"]
    write_raw(kept, record)
    assert collection.report() == first
    assert "width" in json.loads(kept.read_text("utf-8"))["pages"][0]["crops"][0]


def test_large_collections_are_cut_into_pages_that_the_index_links_to(
    collection: Collection,
) -> None:
    pixels = photo("coffee", 0, 0, 48, 48)
    for number in range(5):
        collection.add(f"scan-{number}", pixels, soft(pixels, 1))
    index = Page(collection.report(scans_per_page=2))
    names = [path.name for path in collection.written]
    assert names == ["report.html", "0001.html", "0002.html", "0003.html"]
    links = [a["href"] for tag, a in index.seen if tag == "a"]
    assert "report-pages/0003.html#scan-scan-4" in links
    assert not [tag for tag, _ in index.seen if tag == "img"]
    last = Page(collection.written[-1].read_text("utf-8"))
    assert ("a", {"href": "../report.html"}) in last.seen
    assert any(attributes.get("id") == "scan-scan-4" for _, attributes in last.seen)
    collection.scans = collection.scans[:2]
    collection.report(scans_per_page=2)
    assert not (collection.output.parent / "report-pages").exists()


def test_scans_with_many_pictures_are_cut_into_pages_by_size(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = photo("coffee", 0, 0, 48, 48)
    for number in range(3):
        collection.add(f"scan-{number}", pixels, soft(pixels, 1))
    collection.fail("bad", "is missing")
    monkeypatch.setattr("restoration.review.page.PAGE_BYTES", 1)
    index = Page(collection.report())
    names = [path.name for path in collection.written]
    assert names == ["report.html", "0001.html", "0002.html", "0003.html"]
    links = [a["href"] for tag, a in index.seen if tag == "a"]
    sections = [f"report-pages/000{n + 1}.html#scan-scan-{n}" for n in range(3)]
    assert links == [*sections, "#problems"]
    assert "is missing" in index.text


def test_upscaled_scans_show_the_same_place_at_the_deliverables_size(
    collection: Collection,
) -> None:
    small, large = photo("coffee", 0, 0, 100, 120), photo("coffee", 0, 0, 200, 240)
    collection.add("bigger", small, large, truth=small)
    write_tiff(collection.truth / "bigger@2x.tif", large, icc=srgb_profile())
    page = Page(collection.report())
    assert "The deliverable is 2 times as large." in page.text
    assert "of the pixels differ" not in page.text
    assert "Compared at 240 × 200 px" in page.text
    assert "Master (resampled to the truth's size)" in page.text
    assert "identical" in page.text
    sizes = {(a["width"], a["height"]) for tag, a in page.seen if tag == "img" and "width" in a}
    assert sizes == {("240", "200")}


def test_grey_and_turned_masters(collection: Collection) -> None:
    pixels = photo("camera", 100, 100, 80, 120)
    options = {"icc": grey_gamma_profile(), "orientation": 6}
    collection.add("grey", pixels, soft(pixels, 1), truth=pixels, **options)
    page = Page(collection.report())
    assert "turned upright" in page.text
    sizes = {(a["width"], a["height"]) for tag, a in page.seen if tag == "img" and "width" in a}
    assert sizes == {("80", "120")}


# Scores


def test_scores_equal_the_reference_implementations_across_window_borders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scores, "WINDOW", 37)
    truth = photo("chelsea", 40, 60, 90, 130)
    image = soft(truth, 1.5)
    found = scores.score(ArrayRaster(image), SRGB, ArrayRaster(truth), SRGB)
    a, b = image.astype(np.float64), truth.astype(np.float64)
    luma = np.array(scores.LUMA)
    expected = structural_similarity(
        a @ luma, b @ luma, data_range=1, gaussian_weights=True, use_sample_covariance=False
    )
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(b, a, data_range=1), abs=1e-4)
    assert found.ssim == pytest.approx(expected, abs=1e-6)
    assert found.delta_e == pytest.approx(deltaE_ciede2000(rgb2lab(a), rgb2lab(b)).mean(), abs=1e-4)
    assert not found.resampled


def test_scores_compare_colours_and_not_codes() -> None:
    """The same picture in two colour spaces is at no distance that could be seen."""
    truth = photo("coffee", 40, 60, 90, 130)
    adobe = ColourSpace.from_profile(adobe_rgb_profile(), 3)
    found = scores.score(ArrayRaster(adobe.from_srgb(truth)), adobe, ArrayRaster(truth), SRGB)
    assert found.delta_e < 0.01
    assert found.psnr > 80


def test_identical_pictures() -> None:
    truth = ArrayRaster(photo("coffee", 0, 0, 40, 40))
    found = scores.score(truth, SRGB, truth, SRGB)
    assert (found.psnr, found.ssim, found.delta_e) == (None, pytest.approx(1.0), 0.0)


def test_other_sizes_are_brought_to_the_truths_size() -> None:
    truth, image = photo("coffee", 0, 0, 80, 80), photo("coffee", 0, 0, 40, 40)
    found = scores.score(ArrayRaster(image), SRGB, ArrayRaster(truth), SRGB)
    assert (found.height, found.width, found.resampled) == (80, 80, True)


def test_tiny_pictures_have_no_ssim() -> None:
    truth = ArrayRaster(photo("coffee", 0, 0, 8, 8))
    assert scores.score(truth, SRGB, truth, SRGB).ssim is None


def test_verdicts_go_by_the_decimals_that_are_shown() -> None:
    before = scores.Score(30.0, 0.9, 2.0, 9, 9, resampled=False)
    after = scores.Score(30.02, 0.95, 2.2, 9, 9, resampled=False)
    assert dict(scores.verdicts(before, after)) == {
        "psnr": "same",
        "ssim": "better",
        "delta_e": "worse",
    }
    identical = replace(before, psnr=None)
    assert dict(scores.verdicts(before, identical))["psnr"] == "better"
    assert dict(scores.verdicts(identical, before))["psnr"] == "worse"


# Pictures


def test_places_are_where_the_change_and_the_detail_are() -> None:
    before = np.full((600, 800, 3), 0.5, np.float32)
    before[400:500, 600:700] = photo("gravel", 0, 0, 100, 100)
    after = before.copy()
    after[40:120, 50:130] += 0.05
    found = pictures.compare(ArrayRaster(before), ArrayRaster(after))
    (first, changed), (second, detail) = pictures.places(found, 600, 800, 120)
    assert (first, second) == ("most changed", "most detail")
    assert changed.top <= 40
    assert changed.left <= 50
    assert changed.top + 120 >= 118
    assert changed.left + 120 >= 128
    assert 380 <= detail.top <= 400
    assert 580 <= detail.left <= 600
    assert found.changed == pytest.approx(80 * 80 / (600 * 800))


def test_comparison_does_not_depend_on_its_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    before = photo("coffee", 0, 0, 400, 600)
    after = soft(before, 1)
    whole = pictures.compare(ArrayRaster(before), ArrayRaster(after))
    monkeypatch.setattr(pictures, "WINDOW", 64)
    parts = pictures.compare(ArrayRaster(before), ArrayRaster(after))
    np.testing.assert_allclose(parts.before, whole.before, atol=1e-6)
    np.testing.assert_allclose(parts.change, whole.change, atol=1e-6)
    assert parts.changed == whole.changed


def test_small_pictures_average_light_and_not_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fine halftone of half black, half white is a middle grey of half the light."""
    monkeypatch.setattr(pictures, "OVERVIEW_SIDE", 16)
    halftone = (np.indices((64, 64)).sum(axis=0) % 2).astype(np.float32)[..., None]
    found = pictures.compare(ArrayRaster(halftone), ArrayRaster(halftone))
    np.testing.assert_allclose(found.before, 0.5 ** (1 / 2.2), atol=1e-3)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    list(enumerate([(0, 0), (0, -1), (-1, -1), (-1, 0)] * 2, 1)),
)
def test_upright_puts_the_stored_first_pixel_where_tag_274_says(
    orientation: int, corner: tuple[int, int]
) -> None:
    pixels = np.zeros((2, 3, 1), np.float32)
    pixels[0, 0] = 1
    turned = pictures.upright(pixels, orientation)
    assert turned.shape[:2] == ((2, 3) if orientation < 5 else (3, 2))
    assert turned[corner] == 1


# Words


@pytest.mark.parametrize(
    ("value", "word"),
    [(0.95, "high"), (0.7, "good"), (0.4, "fair"), (0.1, "low"), (0, "none"), (None, "none")],
)
def test_confidence_in_words(value: Any, word: str) -> None:
    assert wording.confidence(value) == word


def row(name: str, said: dict[str, Any]) -> dict[str, Any]:
    return findings.finding(finding(FINDINGS[name], **said))


def test_findings_come_in_reading_order() -> None:
    known = {"value": 1.0, "confidence": 1.0}
    names = ("effective_resolution", "noise", "nominal_resolution")
    told = report(dict.fromkeys(names, known))
    shown = [row["name"] for row in findings.findings(told)]
    assert shown == ["nominal_resolution", "effective_resolution", "noise"]


def test_findings_are_whole_sentences() -> None:
    box = {"value": [48, 50, 798, 836], "detail": {"empty_share": 0.2}}
    assert row("paper", box)["text"] == (
        "The picture is 798 × 836 px, 48 px from the left edge and 50 px from the top. "
        "20 % of the scan is empty border."
    )
    assert row("paper", {"value": None})["text"] == "No empty border was found."
    tone = {"value": [0.0, 0.905], "detail": {"bits_held": 8, "bits_of_file": 16}}
    assert row("tone", tone)["text"] == (
        "From 0 % to 90.5 % of the encoded range. 8 of the file's 16 bits are used."
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not known"),
        (True, "yes"),
        (7, "7"),
        (1234, "1234"),
        (123456, "123\u202f456"),
        (0.123456, "0.1235"),
        (1199.7, "1200"),
        ([300.0, 302.5], "300, 302.5"),
        ({"width_px": 4, "x": None}, "width px 4"),
    ],
)
def test_numbers_in_words(value: Any, words: str) -> None:
    assert written(value) == words


def test_a_stage_without_a_reason_of_its_own_gets_none_that_was_made_up() -> None:
    page = AppliedPage.read(applied_page(findings={"factor": [2.0, 2.0]}), "the record")
    assert page_decision(page, "the record").why == "no reason was recorded"
    page = AppliedPage.read(applied_page(findings={"reason": "soft"}), "the record")
    assert page_decision(page, "the record").why == "soft"


@pytest.mark.parametrize(
    ("name", "value", "detail", "words"),
    [
        ("screen", "none", {}, "No halftone screen."),
        (
            "screen",
            "halftone",
            {
                "regions": [
                    {
                        "share": 0.4,
                        "screens": [
                            {"ruling_lpi": 132.8, "angle_deg": 44.9},
                            {"ruling_lpi": 133.1, "angle_deg": 45.2},
                            {"ruling_lpi": None, "angle_deg": 75.0},
                        ],
                    }
                ]
            },
            "Halftone screen on 40 % of the page: 133 lines per inch at 45°; "
            "ruling not known at 75°.",
        ),
        (
            "screen",
            "stochastic",
            {"regions": [{"share": 1.0}]},
            "Irregular (stochastic) dots on 100 % of the page: descreen cannot take out what has "
            "no lattice.",
        ),
        ("blocking", True, {"quality": 25}, "JPEG blocks, quality about 25."),
        ("blocking", False, {}, "No JPEG blocks."),
        (
            "blur",
            "motion",
            {"length_px": 12.0, "direction_deg": 30.0},
            "Moved by about 12 px at 30° while it was taken.",
        ),
        ("blur", "none", {}, "Neither moved nor out of focus."),
        ("blur", None, {"reason": "no edge"}, "Not known: no edge."),
        (
            "sharpening",
            True,
            {"overshoot": 0.12},
            "Edges overshoot by 12 % of the step: a sharpening filter ran.",
        ),
        (
            "damage",
            0.002,
            {"dust": {"count": 12}, "scratches": {"count": 1}, "cracks": {"count": 0}},
            "Dust 12, scratches 1, about 0.2 % of the page.",
        ),
        ("damage", 0.0, {}, "No damage found."),
        (
            "damage",
            0.0,
            {"searched_share": 0.02},
            "No damage found on the 2 % of the page that were searched.",
        ),
        (
            "damage",
            0.0001,
            {"dust": {"count": 2}, "searched_share": 1.0},
            "Dust 2, about 0.01 % of the page.",
        ),
        (
            "damage",
            0.0001,
            {"hairs": {"count": 2}, "suspected": {"count": 1, "area_px": 9}},
            "Hairs 2, about 0.01 % of the page; 1 more mark may be damage or picture.",
        ),
        (
            "damage",
            0.0,
            {"suspected": {"count": 5, "area_px": 90}},
            "No damage found; 5 more marks may be damage or picture.",
        ),
        (
            "damage",
            0.01,
            {"dust": {"count": 3}, "creases": {"count": 2}, "searched_share": 0.02},
            "About dust 3, creases 2, about 1 % of the page, judged by the 2 % of the page that "
            "were searched.",
        ),
        (
            "noise",
            2.7,
            {"grain": {"found": True, "sigma": 2.6, "size_px": 13.0}},
            "Standard deviation 2.7 of 255 steps, 2.6 as grain of the photograph, 13 px wide.",
        ),
        (
            "noise",
            0.51,
            {"grain": {"found": None, "sigma": 0.43, "size_px": None}},
            "Standard deviation 0.51 of 255 steps, 0.43 perhaps as grain of the photograph.",
        ),
        ("colour", "toned", {}, "Toned: one hue, as of sepia."),
        ("fading", 0.31, {}, "About 31 % of the density range is lost."),
        ("fading", 0.02, {"judged_by": "deep blacks"}, "No loss of density found: deep blacks."),
        (
            "exposure",
            "under",
            {"lightness": {"p1": 0.4, "p50": 11.6, "p99": 38.2}, "stops": 5.26},
            "Dark, perhaps underexposed: middle tone L* 12, from 0 to 38 (5.3 stops).",
        ),
        ("exposure", "normal", {}, "Tones on both sides of the middle."),
        ("text", 0.0, {}, "No text or line art."),
        ("faces", 2, {}, "2 found."),
        ("faces", 0, {}, "No face found."),
    ],
)
def test_every_finding_has_its_words(
    name: str, value: object, detail: dict[str, object], words: str
) -> None:
    assert row(name, {"value": value, "detail": detail})["text"] == words


@pytest.mark.parametrize(
    ("name", "value", "confidence", "detail", "words"),
    [
        ("fading", 0.31, 0.3, {"judged_by": "fog looks alike"}, "Not sure: fog looks alike."),
        ("noise", 3.0, 0.2, {}, "Not sure enough to say."),
        (
            "dyes",
            [0.62, 0.84, 1.0],
            0.2,
            {"image": "dyes", "as_dyes": {"against": ""}, "doubt": "a subject looks the same"},
            "Not sure: a subject looks the same.",
        ),
        (
            "dyes",
            None,
            0.0,
            {"image": "grey", "as_silver": {"against": "no margin"}},
            "Not known: no margin.",
        ),
    ],
)
def test_no_figure_without_the_confidence_to_carry_it(
    name: str, value: object, confidence: float, detail: dict[str, object], words: str
) -> None:
    record = {"value": value, "confidence": confidence, "detail": detail}
    assert row(name, record)["text"] == words


def test_fading_is_not_told_where_the_dyes_may_be_the_subjects() -> None:
    lost = {"value": 0.31, "confidence": 0.7, "detail": {}}
    dyes = {"value": None, "detail": {"image": "dyes", "as_dyes": {"against": "no common black"}}}
    rows = {row["name"]: row["text"] for row in findings.findings(report(fading=lost, dyes=dyes))}
    assert rows == {"fading": "Not sure: no common black.", "dyes": "Not known: no common black."}


def test_a_finding_that_nobody_wrote_words_for_is_still_shown() -> None:
    class Specks(Reported[float, Detail]):
        name: ClassVar[str] = "specks"
        label: ClassVar[str] = "Specks"

    specks = Specks(value=12.0, unit="per inch", confidence=0.5, method="", detail=Detail())
    shown = findings.finding(specks)
    assert (shown["label"], shown["text"]) == ("Specks", "12 per inch.")


def test_a_stage_is_not_called_by_the_finding_of_its_name() -> None:
    assert findings.stage_label("colour") == "Colour"
    assert FINDINGS["colour"].label == "Kind of picture"


def test_a_mapped_page_is_compared_in_its_masters_colours_after_a_conversion(
    tmp_path: Path,
) -> None:
    """No stage wrote an image: the master's own page, with the tones that delivery gave it."""
    pixels = np.random.default_rng(3).integers(0, 60000, (40, 50, 3)).astype(np.uint16)
    master = write_tiff(tmp_path / "m.tif", pixels, icc=srgb_profile())
    other = write_tiff(tmp_path / "d.tif", pixels[::-1], icc=adobe_rgb_profile())
    nodes = np.linspace(0.0, 1.0, 257)
    table = ToneTable(np.stack([0.5 * nodes + 0.5 * nodes**2] * 3))
    converted = {"master": "sRGB", "deliverable": "Adobe RGB", "sha256": None, "assumed": False}
    profile = {**converted, "warning": None, "converted": True}
    said = deliver_record(
        deliverable_of(pages=[delivered_page(profile=profile)]),
        ingest_record(master_of((40, 50, 3, 16)), path=str(master)),
        stage_record("colour", applied_page(tones=table.record())),
    )
    delivered = DeliveryDone.read(said, "the record")
    with ExitStack() as opened:
        shown = open_restored(opened, tmp_path, other, delivered, 1)
        codes = np.rint(shown.read(0, 0, 40, 50) * 65535)
        assert shown.profile == srgb_profile()
        assert np.array_equal(codes, table.mapped(pixels, 0, 40))
