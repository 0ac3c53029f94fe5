"""The faces on the review page: crops, decisions, and which of them a person should look at."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from restoration.examine.faces.faces import TAGS_TURN
from restoration.examine.faces.measures import mirrors
from restoration.findings.faces import Faces
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.built_in_profiles import srgb_profile
from restoration.records.delivery import DeliveryDone
from restoration.records.stage_findings.faces import FaceEntry
from restoration.review import face_pictures, face_words, pictures
from restoration.review.face_cuts import UPRIGHT, cut_of
from restoration.review.face_order import DecidedFace, FaceTotals, faces_of
from restoration.storage.records import write_raw
from support import condition
from support.corpus import photo, write_tiff
from support.review_collection import Collection, Page, soft
from support.written_records import (
    applied_page,
    declined_page,
    deliver_record,
    deliverable_of,
    ingest_record,
    master_of,
    stage_record,
)

BOX = [80, 60, 40, 40]


def face(number: int = 1, decision: str = "gated", **options: Any) -> dict[str, Any]:
    """An entry of a stage's record."""
    said: dict[str, Any] = {
        "face": number,
        "box": BOX,
        "decision": decision,
        "reason": "too small: 29 px of picture across, faces are restored from 48 px",
        "found_by": "detector",
        "asked_for": False,
        "effective_width_px": 29.0,
        "measures": {
            "score": 0.83,
            "interocular_mm": 0.74,
            "pose": {"yaw": 10.5, "pitch": 10.1, "roll": -3.3},
            "blur": {"kind": "motion", "length_px": 9.0, "angle_deg": 30.0, "confidence": 0.9},
            "exposure": {"median": 0.69, "shadows_clipped": 0.0, "highlights_clipped": 0.02},
            "occlusion": {"share": 0.25, "confidence": 0.4},
        },
        "review": [],
    }
    return {**said, **options}


def tried(number: int = 1, decision: str = "restored", **options: Any) -> dict[str, Any]:
    """An entry of a face that a network saw."""
    said = {
        "reason": "its resolution lies below what the network can show",
        "network": "gfpgan-v1.4",
        "trained_on_faces": True,
        "identity_limit": 0.3,
        "strength": 0.6,
        "distance": 0.21,
        "distance_before": 0.02,
        "tried": [[0.8, 0.34], [0.6, 0.21]],
        "checks": {
            "eye_colour": [0.4, 7.3],
            "symmetry_before": 0.61,
            "symmetry_after": 0.64,
            "texture": 0.8,
            "texture_around": 0.48,
        },
        "doubts": [],
    }
    return face(number, decision, **{**said, **options})


def entry(said: dict[str, Any]) -> FaceEntry:
    return FaceEntry.read(said, "the record")


def mark(
    collection: Collection,
    scan: str,
    faces: list[dict[str, Any]],
    *,
    result: np.ndarray | None = None,
    finding: dict[str, Any] | None = None,
    last: Any = None,
) -> None:
    """Gives the record of a scan the stage ``faces``; result: its picture, where it restored."""
    path = collection.results / "embedded" / "deliver" / f"{scan}.json"
    record = json.loads(path.read_text("utf-8"))
    image = None
    if result is not None:
        image = f"embedded/faces/{scan}.tif"
        (collection.results / image).parent.mkdir(exist_ok=True)
        write_tiff(collection.results / image, result, icc=srgb_profile())
    size = (record["deliverable"]["pages"][0][side] for side in ("height", "width"))
    more = dict(zip(("height", "width"), size, strict=True), findings={"faces": faces})
    page = (
        declined_page("no face is restored: 1 gated", **more)
        if result is None
        else applied_page(image=image, sha256="9" * 64, generative=True, generated=True, **more)
    )
    record["stages"].append({**record["stages"][0], "stage": "faces", "pages": [page]})
    said = finding or {"value": len(faces), "detail": {}}
    record["condition_report"][0] |= condition.recorded({"faces": said})
    if last is not None:
        record["faces"] = last
    write_raw(path, record)


def found(number: int, rotation: int, points: list[list[float]] | None = None) -> dict[str, Any]:
    """The condition report's field for ``number`` faces that stand alike."""
    said = {"box": BOX, "upright_rotation": rotation, "points": points or []}
    upright = {"rotation": rotation, "mirrored": False}
    return {"value": number, "detail": {"faces": [said] * number, "upright": upright}}


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    (tmp_path / "masters").mkdir()
    (tmp_path / "results" / "embedded" / "deliver").mkdir(parents=True)
    return Collection(tmp_path)


def shown(page: Page, word: str) -> list[np.ndarray]:
    """The pictures whose words hold a word, decoded."""
    sources = [a["src"] for tag, a in page.seen if tag == "img" and word in str(a["alt"])]
    return [
        np.asarray(imagecodecs.jpeg8_decode(base64.b64decode(str(source).split(",")[1])))
        for source in sources
    ]


def without_pictures(source: str) -> str:
    return re.sub(r'src="data:[^"]*"', "", source)


# What is said


def test_a_restored_face_is_shown_beside_the_master_and_the_truth(collection: Collection) -> None:
    truth = photo("chelsea", 40, 60, 160, 200)
    before, after = soft(truth, 2), soft(truth, 1)
    collection.add("cat", before, after, truth=truth)
    mark(collection, "cat", [tried()], result=after)
    page = Page(collection.report())
    text = page.text
    assert "Restored by gfpgan-v1.4, a network trained on faces" in text
    assert "A reconstructed face is not a recorded one." in text
    assert "0.02 before this stage, 0.21 after it; limit 0.3" in text
    assert "0.8 (distance 0.34), 0.6 (distance 0.21)" in text
    assert "changed by 0.40 and 7.30 (a* b*), left and right" in text
    assert "0.61 before, 0.64 after" in text
    assert "80 % of before, 48 % of that around it" in text
    assert "Faces: 1 found: 1 restored, 0 gated, 0 excluded, 0 rejected; 0 to review." in text
    assert "Faces that a person should look at" not in text
    for word, pixels in (("master", before), ("result", after), ("truth", truth)):
        (picture,) = shown(page, f", {word}, at 100 %")
        # 40 px and 30 % of it on either side.
        np.testing.assert_allclose(picture / 255, pixels[48:112, 68:132], atol=0.1)
        assert picture.shape == (64, 64, 3)


def test_a_network_that_knows_nothing_of_faces_is_called_so() -> None:
    label = face_words.label(entry(tried(network="realesrgan-x4plus", trained_on_faces=False)))
    assert label == "Restored by realesrgan-x4plus, a general network that knows nothing of faces"


def test_of_a_face_nothing_is_told_that_the_report_is_not_sure_of() -> None:
    blur = {"kind": "motion", "length_px": 9.0, "angle_deg": None, "confidence": 0.1}
    unsure = {"occlusion": {"share": 0.0, "confidence": 0.0}, "blur": blur}
    told = dict(face_words.rows(DecidedFace(1, entry(face(measures=unsure)))))
    assert (told["Occlusion"], told["Blur"]) == ("not sure", "not sure: perhaps motion")


def test_faces_that_were_left_alone_say_why(collection: Collection) -> None:
    pixels = photo("coffee", 40, 60, 160, 200)
    collection.add("table", pixels, None)
    faces = [
        face(1),
        face(2, "excluded", reason="a person excluded it"),
        tried(3, "rejected", strength=None, reason="at no strength", review=["at no strength"]),
    ]
    mark(collection, "table", faces)
    page = Page(collection.report())
    text = page.text
    assert "Left as recorded: too small: 29 px of picture across" in text
    assert "Excluded by a person" in text
    assert "Rejected: at no strength" in text
    assert "0.21 at the last strength that was tried; limit 0.3" in text
    assert "A reconstructed face" not in text
    assert "3 found: 0 restored, 1 gated, 1 excluded, 1 rejected; 1 to review" in text
    assert "Effective width 29 px of picture" in text
    assert "0.74 mm on the original" in text
    assert "turned 10.5°, nodding 10.1°, leaning -3.3°" in text
    assert "motion, 9 px at 30° (confidence high)" in text
    assert "69 %, 0 % clipped to black, 2 % clipped to white" in text
    assert "25 % covered (confidence fair)" in text
    # The same pixels are not shown twice.
    assert len(shown(page, ", master, at 100 %")) == 3
    assert not shown(page, ", deliverable, at 100 %")


@pytest.mark.parametrize(
    ("changed", "words", "label"),
    [
        ((62, 82), "Other stages changed what surrounds this face", "Left as recorded"),
        ((80, 100), "other stages changed pixels of it", "Not restored"),
    ],
)
def test_what_other_stages_did_to_a_face_is_not_hidden(
    collection: Collection, changed: tuple[int, int], words: str, label: str
) -> None:
    before = photo("coffee", 40, 60, 160, 200)
    after = before.copy()
    after[changed] = 1.0 - after[changed]
    collection.add("table", before, after)
    mark(collection, "table", [face()])
    page = Page(collection.report())
    assert words in page.text
    assert f"{label}: too small" in page.text
    assert len(shown(page, ", deliverable, at 100 %")) == 1


def test_an_enlarged_deliverable_is_shown_beside_a_face_that_was_left(
    collection: Collection,
) -> None:
    small, large = photo("coffee", 0, 0, 160, 200), photo("coffee", 0, 0, 320, 400)
    collection.add("bigger", small, large)
    mark(collection, "bigger", [face()])
    page = Page(collection.report())
    assert "the deliverable has another size than the master" in page.text
    assert "Not restored: too small" in page.text
    (picture,) = shown(page, ", deliverable, at 100 %")
    assert picture.shape == (128, 128, 3)


def test_the_deliverable_stands_in_for_a_result_that_is_no_longer_kept(
    collection: Collection,
) -> None:
    pixels = photo("chelsea", 40, 60, 160, 200)
    collection.add("cat", pixels, soft(pixels, 1))
    mark(collection, "cat", [tried()], result=soft(pixels, 1))
    (collection.results / "embedded" / "faces" / "cat.tif").unlink()
    page = Page(collection.report())
    assert "the stage's own result is no longer kept" in page.text
    assert len(shown(page, ", deliverable, at 100 %")) == 1


def test_no_section_without_faces_or_without_the_stage(collection: Collection) -> None:
    pixels = photo("coffee", 40, 60, 90, 120)
    collection.add("none", pixels, None)
    mark(collection, "none", [])
    collection.add("no-stage", pixels, None)
    page = Page(collection.report())
    assert "face-counts" not in str(page.seen)
    assert not [a for _, a in page.seen if str(a.get("id")).startswith("faces-")]


def test_a_master_that_went_away_leaves_the_decisions(collection: Collection) -> None:
    pixels = photo("coffee", 40, 60, 160, 200)
    collection.add("gone", pixels, None)
    mark(collection, "gone", [face()])
    (collection.root / "masters" / "gone.tif").unlink()
    text = Page(collection.report()).text
    assert "Left as recorded: too small" in text
    assert "No picture: see above." in text


# What a person should look at


def test_faces_to_review_come_first_and_stand_at_the_top_of_the_report(
    collection: Collection,
) -> None:
    pixels = photo("chelsea", 40, 60, 160, 200)
    collection.add("fine", pixels, None)
    mark(collection, "fine", [face()])
    collection.add("cat", pixels, soft(pixels, 1))
    doubt = "an eye changed its colour by 7.3 (a* b*)"
    faces = [face(1), tried(2, doubts=[doubt], review=[doubt])]
    mark(collection, "cat", faces, result=soft(pixels, 1))
    page = Page(collection.report())
    text = page.text
    assert text.index("Faces that a person should look at") < text.index("All scans")
    assert f"Face 2: {doubt}" in text
    links = [a["href"] for tag, a in page.seen if tag == "a"]
    assert links[0] == "#faces-cat"
    assert ("section", "faces-cat") in [(tag, a.get("id")) for tag, a in page.seen]
    assert text.count("A person should look at this face.") == 1
    assert text.count(doubt) == 2  # At the top and in its row.
    assert text.index("Face 2 Restored by") < text.index("Face 1 Not restored")
    assert "Faces: 3 found: 1 restored, 2 gated, 0 excluded, 0 rejected; 1 to review." in text


def test_the_distance_in_the_deliverable_is_shown_where_it_was_measured(
    collection: Collection,
) -> None:
    last = [{"page": 1, "face": 1, "distance_final": 0.41, "over_limit": True}]
    pixels = photo("chelsea", 40, 60, 160, 200)
    for scan, recorded in (("measured", last), ("not", None)):
        collection.add(scan, pixels, soft(pixels, 1))
        mark(collection, scan, [tried()], result=soft(pixels, 1), last=recorded)
    text = Page(collection.report()).text
    assert text.count("In the deliverable 0.41, over the limit") == 1
    assert text.count("A person should look at this face.") == 1
    assert "farther from the master's face than the limit allows" in text


def test_a_crowd_makes_no_endless_page(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = photo("coffee", 40, 60, 160, 200)
    collection.add("crowd", pixels, None)
    crowd = [face(number) for number in range(1, 301)]
    crowd[250] = tried(251, "rejected", review=["at no strength"])
    mark(collection, "crowd", crowd)
    page = Page(collection.report())
    rows = [a for tag, a in page.seen if tag == "article"]
    assert len(rows) == 40
    assert page.text.index("Face 251 Rejected") < page.text.index("Face 1 Left as recorded")
    assert "260 more faces are not shown: 260 gated." in page.text
    assert "embedded/faces/crowd.json" in page.text
    assert "300 found: 0 restored, 299 gated, 0 excluded, 1 rejected; 1 to review" in page.text
    # Fewer pictures than rows, where they are large.
    monkeypatch.setattr(face_pictures, "MOST_PIXELS", 3 * 5 * 64 * 64)
    for kept in (collection.results / "embedded" / "report").glob("*.json"):
        kept.unlink()
    page = Page(collection.report())
    assert len(shown(page, ", master, at 100 %")) == 5
    assert page.text.count("No picture, to keep this page small.") == 35


def test_the_head_of_the_report_names_a_few_faces_of_a_scan(collection: Collection) -> None:
    pixels = photo("coffee", 40, 60, 160, 200)
    collection.add("crowd", pixels, None)
    crowd = [tried(n, "rejected", review=[f"doubt {n}"]) for n in range(1, 51)]
    mark(collection, "crowd", crowd)
    page = Page(collection.report())
    head = page.text[: page.text.index("All scans")]
    assert [n for n in range(1, 51) if f"doubt {n} " in head] == [1, 2, 3]
    assert "47 more of its faces" in head
    assert "10 more faces are not shown: 10 rejected; 10 of them to review." in page.text


def test_paged_reports_link_to_the_faces_of_a_page(collection: Collection) -> None:
    pixels = photo("coffee", 40, 60, 160, 200)
    for scan in ("one", "two"):
        collection.add(scan, pixels, None)
        mark(collection, scan, [tried(decision="rejected", review=["at no strength"])])
    index = Page(collection.report(scans_per_page=1))
    links = [a["href"] for tag, a in index.seen if tag == "a"]
    assert "report-pages/0002.html#faces-two" in links


# That nothing breaks the page


def test_hostile_records_of_faces_stay_text(collection: Collection) -> None:
    attack = '</p><script>alert("x")</script><img src=x onerror=alert(1)>'
    pixels = photo("coffee", 40, 60, 160, 200)
    collection.add("scan", pixels, soft(pixels, 1))
    hostile = tried(network=attack, reason=attack, doubts=[attack], review=[attack])
    blur = {"kind": attack, "length_px": None, "angle_deg": None, "confidence": 0.5}
    hostile["measures"]["blur"] = blur
    mark(collection, "scan", [hostile, face(2, reason=attack)], result=soft(pixels, 1))
    source = collection.report()
    page = Page(source)
    assert "<script" not in source
    assert "onerror=alert(1)>" not in source
    assert html.escape(attack, quote=False) in source.replace("&#34;", '"')
    assert attack in page.text


def test_faces_are_self_contained_and_have_words(collection: Collection) -> None:
    pixels = photo("coffee", 40, 60, 160, 200)
    collection.add("scan", pixels, soft(pixels, 1), truth=pixels)
    mark(collection, "scan", [tried(1), face(2)], result=soft(pixels, 1))
    source = collection.report()
    page = Page(source)
    ids = [a["id"] for _, a in page.seen if "id" in a]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.seen:
        if tag == "img":
            assert str(attributes["src"]).startswith("data:image/jpeg;base64,")
            assert len(str(attributes["alt"])) > 10
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids
    assert "http" not in without_pictures(source)
    assert collection.report() == source


# Pictures


def test_tags_turn_pictures_as_the_condition_report_says() -> None:
    assert {(turn, mirrors(tag)): tag for tag, turn in TAGS_TURN.items()} == UPRIGHT


def test_a_face_on_a_turned_page_stands_upright(collection: Collection) -> None:
    pixels = photo("chelsea", 40, 60, 160, 200)
    stored = np.ascontiguousarray(np.rot90(pixels, -1))
    collection.add("turned", stored, None, orientation=8)
    # Of the upright page's box [80, 60, 40, 40], 160 px high.
    turned = face(box=[60, 80, 40, 40])
    mark(collection, "turned", [turned], finding=found(1, TAGS_TURN[8]))
    (picture,) = shown(Page(collection.report()), ", master, at 100 %")
    np.testing.assert_allclose(picture / 255, pixels[48:112, 68:132], atol=0.1)


def test_the_heads_oval_is_drawn_beside_the_pictures(collection: Collection) -> None:
    """Around the head, on a small picture of its own: no pixel of a picture is painted over."""
    pixels = photo("chelsea", 0, 0, 160, 200)
    collection.add("cat", pixels, None)
    head = {"middle": [100.0, 80.0], "half_axes": [30.0, 40.0], "angle_deg": 90.0}
    mark(collection, "cat", [face(head=head)])
    page = Page(collection.report())
    (svg,) = [a for tag, a in page.seen if tag == "svg"]
    (line,) = [a for tag, a in page.seen if tag == "polygon"]
    outline = np.array([[float(v) for v in p.split(",")] for p in str(line["points"]).split()])
    # Lying on its side: 80 px wide, 60 px high, with 4.8 px of room.
    assert np.ptp(outline, axis=0) == pytest.approx([80.0, 60.0], abs=0.3)
    assert outline.min(axis=0) == pytest.approx([4.8, 4.8], abs=1.0)
    assert (svg["width"], svg["height"]) == ("90", "70")
    (picture,) = [a for tag, a in page.seen if tag == "image"]
    codes = imagecodecs.jpeg8_decode(base64.b64decode(str(picture["href"]).split(",")[1]))
    np.testing.assert_allclose(codes / 255, pixels[45:115, 55:145], atol=0.1)
    assert "Inside the line no generative network worked." in page.text
    assert "an oval, 60 px from ear to ear and 80 px from crown to neck" in page.text


@pytest.mark.parametrize("orientation", range(1, 9))
def test_places_turn_with_their_picture(orientation: int) -> None:
    stored = np.zeros((5, 7, 1), np.float32)
    stored[1, 5] = 1.0
    (place,) = pictures.upright_places(np.array([[5.5, 1.5]]), 5, 7, orientation)
    shown = pictures.upright(stored, orientation)
    assert shown[int(place[1]), int(place[0]), 0] == 1.0


def test_faces_that_nobody_looked_for_are_a_warning_where_a_network_worked(
    collection: Collection,
) -> None:
    pixels = photo("chelsea", 0, 0, 160, 200)
    collection.add("cat", pixels, soft(pixels, 1))
    path = collection.results / "embedded" / "deliver" / "cat.json"
    record = json.loads(path.read_text("utf-8"))
    reason = "faces were not looked for: the settings say off"
    record["stages"][0]["pages"][0]["findings"]["faces_not_kept"] = reason
    write_raw(path, record)
    text = Page(collection.report()).text
    assert f"Cleanup worked on faces as on everything else: {reason}." in text


def test_a_face_that_a_person_drew_stands_as_the_page_does() -> None:
    upright = {"rotation": 90, "mirrored": True}
    finding = condition.finding(Faces, value=0, detail={"faces": [], "upright": upright})
    assert cut_of(entry(face()), finding, 200, 200).upright == 7
    assert cut_of(entry(face()), None, 200, 200).upright == 1


@pytest.mark.parametrize("box", [[-10, -10, 40, 40], [290, 190, 40, 40], [400, 300, 9, 9]])
def test_boxes_at_the_edge_stay_on_the_page(box: list[int]) -> None:
    place = cut_of(entry(face(box=box)), None, 200, 300).shown
    assert place.top >= 0
    assert place.left >= 0
    assert place.height >= 1
    assert place.width >= 1
    assert place.top + place.height <= 200
    assert place.left + place.width <= 300


@pytest.mark.parametrize("side", [1, 60, 500, 700])
def test_faces_of_up_to_700_pixels_are_shown_whole(side: int) -> None:
    cut = cut_of(entry(face(box=[900, 900, side, side])), None, 3000, 3000)
    assert cut.whole is None
    assert side <= cut.shown.height <= 700
    assert cut.shown.height <= 1.6 * side + 2


def test_larger_faces_show_their_middle_at_100_and_the_whole_made_smaller(
    collection: Collection,
) -> None:
    pixels = np.tile(photo("coffee", 0, 0, 250, 250), (4, 4, 1))
    collection.add("close", pixels, None)
    points = [[380.0, 350.0], [620.0, 350.0], [500.0, 500.0], [400.0, 650.0], [600.0, 650.0]]
    mark(collection, "close", [face(box=[100, 100, 800, 800])], finding=found(1, 0, points))
    page = Page(collection.report())
    (middle,) = shown(page, ", its middle, at 100 %")
    assert middle.shape[:2] == (700, 700)
    np.testing.assert_allclose(middle / 255, pixels[150:850, 150:850], atol=0.2)
    assert "700 × 700 px around eyes and mouth" in page.text
    (small,) = shown(page, "The whole of face 1 of close, master")
    assert max(small.shape) <= 240


def test_reduced_places_do_not_depend_on_their_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    raster = ArrayRaster(photo("coffee", 0, 0, 300, 400))
    place = pictures.CutOut(13, 27, 250, 331)
    whole = pictures.reduced(raster, place, 100)
    assert whole.shape == (63, 83, 3)
    monkeypatch.setattr(pictures, "WINDOW", 64)
    np.testing.assert_allclose(pictures.reduced(raster, place, 100), whole, atol=1e-6)


def test_pictures_of_faces_are_made_again_when_a_decision_changes(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = photo("coffee", 40, 60, 160, 200)
    collection.add("scan", pixels, None)
    mark(collection, "scan", [face()])
    first = collection.report()
    with monkeypatch.context() as patched:
        patched.setattr(pictures, "crop", lambda *_: pytest.fail("looked at pixels again"))
        assert collection.report() == first
    path = collection.results / "embedded" / "deliver" / "scan.json"
    record = json.loads(path.read_text("utf-8"))
    record["stages"][-1]["pages"][0]["findings"]["faces"][0]["box"] = [20, 20, 60, 60]
    write_raw(path, record)
    (picture,) = shown(Page(collection.report()), ", master, at 100 %")
    assert picture.shape[:2] == (96, 96)


def test_faces_of_all_pages_are_ordered_by_need() -> None:
    said = [
        [face(1), face(2, "excluded"), tried(3)],
        [face(1), tried(2, "rejected", review=["x"])],
        [],
    ]
    pages = [
        declined_page("as before", number, findings={"faces": faces})
        for number, faces in enumerate(said, 1)
    ]
    master = ingest_record(master_of(*[(9, 9, 3, 16)] * 3))
    record = deliver_record(deliverable_of(), master, stage_record("faces", *pages))
    ordered = faces_of(DeliveryDone.read(record, "the record"), "the record")
    assert [one.place for one in ordered] == [(2, 2), (1, 3), (1, 1), (2, 1), (1, 2)]
    assert FaceTotals.of(ordered).review == 1
