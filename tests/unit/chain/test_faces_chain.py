"""Faces over a whole chain: where one is left alone, no network's pixel is in the deliverable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from restoration.chain.chain import Chain
from restoration.chain.job_tools import make_job_tools
from restoration.config.regions import FaceRegions
from restoration.faces.head import Head, head_of
from restoration.faces.page_faces import KnownFace, where_faces_lie
from restoration.faces.sampling import in_frame
from restoration.faces.unmatched_marks import unmet_marks
from restoration.findings.faces import Faces
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.raster.base import ArrayRaster
from restoration.review.dossier import gather
from support import corpus
from support.condition import finding, recorded
from support.fake_faces import FakeIdentity, FakeRestorer, face_on_page, picture, stripes
from support.fake_networks import FakeNetwork, sharpening

SIDE = 600
QUARTERS = {1: (150.0, 150.0), 2: (450.0, 150.0), 3: (150.0, 450.0), 4: (450.0, 450.0)}
"""Middles of a restored, a gated, an excluded and a rejected face."""

FACES = {
    number: face_on_page(
        SIDE,
        SIDE,
        40.0,
        middle,
        number=number,
        score=0.2 if number == 2 else 0.9,
        effective_share=0.9,
    )
    for number, middle in QUARTERS.items()
}

RECIPES = {
    "all": {
        "stages": {
            "cleanup": {"network": "realesrgan-x4plus", "apply": "always"},
            "faces": {"network": "gfpgan-v1.4", "identity_limit": 0.15},
            "upscale": {"factor": 2},
        }
    },
    "same-size": {
        "stages": {
            "cleanup": {"network": "realesrgan-x4plus", "apply": "always"},
            "faces": {"network": "gfpgan-v1.4", "identity_limit": 0.15},
        }
    },
    "enlarged": {"stages": {"upscale": {"factor": 2}}},
    "resampled": {"stages": {"upscale": {"factor": 2, "network": "none"}}},
    "faces-alone": {"stages": {"faces": {"network": "gfpgan-v1.4", "smallest": 400}}},
}


def entry(face: KnownFace) -> dict[str, Any]:
    return {**face.found.model_dump(mode="json"), "box": list(face.box)}


REPORT = recorded(
    {
        "faces": {"value": 4, "detail": {"faces": [entry(face) for face in FACES.values()]}},
        "effective_resolution": {"value": 300.0, "detail": {"fraction": 0.5}},
    }
)


def changed(face: np.ndarray) -> np.ndarray:
    """Another person for the dark face, stripes for the others."""
    if face[240:330, 200:310].mean() > 0.35:
        return stripes(face)
    y, x = np.mgrid[0:512, 0:512] // 20
    return np.asarray(face + 0.4 * (((x + y) % 2) * 2.0 - 1.0)[..., None], np.float32)


class Sources:
    """Networks by name, as a workshop gives them."""

    def __init__(self) -> None:
        self.page = FakeNetwork(sharpening)
        self.face = FakeRestorer(changed)

    def __call__(self, name: str, **blend: float) -> Any:
        known = {"gfpgan-v1.4": self.face, "dlib-face-identity": FakeIdentity()}
        return known.get(name, self.page)


def plan_in(tmp_path: Path) -> Plan:
    noise = np.random.default_rng(4).standard_normal((SIDE, SIDE, 3)).astype(np.float32)
    pixels = picture(SIDE, SIDE) + 0.03 * noise
    pixels[300:, 300:] *= 0.4
    corpus.write_tiff(tmp_path / "group.tif", pixels, ppi=(1200, 1200))
    rows = ["scan\tpath\tbatch\trecipe", f"group\t{tmp_path}/group.tif\tone\tall"]
    (tmp_path / "scans.tsv").write_text("\n".join([*rows, ""]))
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "group.yaml").write_text(
        "faces:\n  exclude:\n    - box: [100, 400, 100, 100]\n"
    )
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipe": "all",
            "recipes": RECIPES,
            "device": "cpu",
            "engine": {"runtime": "torch"},
        }
    )


def run(plan: Plan, recipe: str) -> tuple[np.ndarray, dict[str, Any], Sources]:
    """The deliverable's codes and its record."""
    sources = Sources()
    workshop = replace(
        make_job_tools(plan, threads=1),
        networks=sources,
        examine=lambda path, number, config: REPORT,
    )
    record = Chain(plan, recipe, plan.scans[0], workshop).ensure("deliver").raw()
    assert record["status"] == "done", record["reason"]
    path = plan.folder(recipe, "deliver") / "group.tif"
    return tifffile.imread(path).astype(int), record, sources


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_in(tmp_path)


@dataclass(frozen=True)
class Delivered:
    """What a recipe made of the scan, in results of its own."""

    plan: Plan
    codes: np.ndarray
    record: dict[str, Any]
    sources: Sources


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Delivered]:
    """Each recipe runs once; what it made is looked at and never changed."""

    @cache
    def once(recipe: str) -> Delivered:
        plan = plan_in(tmp_path_factory.mktemp(recipe))
        made = Delivered(plan, *run(plan, recipe))
        made.codes.flags.writeable = False
        return made

    return once


Deliver = Callable[[str], Delivered]


def master(plan: Plan) -> np.ndarray:
    return tifffile.imread(plan.scans[0].path).astype(int)


def inside(number: int, factor: int = 1, smaller: float = 0.0) -> np.ndarray:
    """Pixels of a face's head; smaller: by how many pixels of the master its half axes."""
    head = head_of(FACES[number])
    across, along = head.half
    centres = (np.arange(SIDE * factor) + 0.5) / factor
    cut = Head(head.middle, (across - smaller, along - smaller), head.angle)
    return cut.area().holds(centres, centres)


def mask_of(plan: Plan, recipe: str) -> np.ndarray:
    """Where the stage put restored faces."""
    return tifffile.imread(plan.folder(recipe, "faces") / "masks/group.tif") > 0


def faces_of(record: dict[str, Any]) -> dict[int, dict[str, Any]]:
    stage = next(stage for stage in record["stages"] if stage["stage"] == "faces")
    return {face["face"]: face for face in stage["pages"][0]["findings"]["faces"]}


def test_no_network_touches_an_excluded_a_gated_or_a_rejected_face(delivered: Deliver) -> None:
    same_size = delivered("same-size")
    plan, made, sources = same_size.plan, same_size.codes, same_size.sources
    decisions = {number: face["decision"] for number, face in faces_of(same_size.record).items()}
    assert decisions == {1: "restored", 2: "gated", 3: "excluded", 4: "rejected"}
    # The fakes did work: the page is changed all over, and two faces were shown.
    recorded = master(plan)
    assert sources.page.pixels > 0
    assert len(sources.face.seen) == 2
    corner = np.s_[:40, 280:320]
    assert np.abs(made - recorded)[corner].max() > 500
    for number in (2, 3, 4):
        place = inside(number)
        assert place.sum() > 20_000
        assert np.array_equal(made[place], recorded[place]), decisions[number]
    # Of the restored face the face network's own mask is all that changed.
    restored = mask_of(plan, "same-size")
    assert (made != recorded)[restored].mean() > 0.9
    own = inside(1) & ~restored
    assert np.array_equal(made[own], recorded[own])


def test_cleanup_leaves_every_head_alone_and_says_which(delivered: Deliver) -> None:
    """Also of the face that will be restored: whether it is, nobody knows before."""
    plan, record = delivered("same-size").plan, delivered("same-size").record
    cleaned = tifffile.imread(plan.folder("same-size", "cleanup") / "group.tif").astype(int)
    recorded = master(plan)
    found = record["stages"][0]["pages"][0]["findings"]
    assert found["faces_kept"] == 4
    assert [head["face"] for head in found["heads"]] == [1, 2, 3, 4]
    kept = np.zeros((SIDE, SIDE), bool)
    centres = np.arange(SIDE) + 0.5
    for head in found["heads"]:
        kept |= Head.of_record(head).area().holds(centres, centres)
    assert np.array_equal(kept, np.logical_or.reduce([inside(number) for number in FACES]))
    assert np.array_equal(cleaned[kept], recorded[kept])
    assert (cleaned != recorded)[~kept].mean() > 0.5
    # The stage of the faces tells of the same ovals.
    told = {number: face["head"] for number, face in faces_of(record).items()}
    assert told == {h["face"]: {k: v for k, v in h.items() if k != "face"} for h in found["heads"]}


def test_the_face_network_sees_the_page_before_another_network_sharpened_it(
    delivered: Deliver,
) -> None:
    """Beside sharp hair a soft face looks like one out of focus, and a network leaves it so."""
    plan, sources = delivered("same-size").plan, delivered("same-size").sources
    recorded = ArrayRaster((master(plan) / 65535.0).astype(np.float32))
    shown, _ = sources.face.seen[0]
    assert np.abs(shown - np.clip(in_frame(recorded, FACES[1].frame), 0, 1)).max() < 1e-4
    path = plan.folder("same-size", "cleanup") / "group.tif"
    cleaned = ArrayRaster((tifffile.imread(path) / 65535.0).astype(np.float32))
    assert np.abs(shown - in_frame(cleaned, FACES[1].frame)).max() > 5.0 / 255.0


def test_upscale_resamples_every_face_even_accepted_ones(delivered: Deliver) -> None:
    enlarged, resampled = delivered("enlarged"), delivered("resampled").codes
    by_network = enlarged.codes
    assert enlarged.sources.page.pixels > 0
    assert by_network.shape == resampled.shape == (2 * SIDE, 2 * SIDE, 3)
    assert np.abs(by_network - resampled)[:40, 560:640].max() > 500
    for number in FACES:
        place = inside(number, 2)
        assert np.array_equal(by_network[place], resampled[place]), number
    page = enlarged.record["stages"][0]["pages"][0]
    assert page["findings"]["faces_kept"] == 4


def test_limits_of_masters_are_none_of_what_was_made_larger(plan: Plan) -> None:
    ingest = plan.config.ingest.model_copy(update={"max_side": SIDE})
    smaller = replace(plan, config=plan.config.model_copy(update={"ingest": ingest}))
    made, record, _ = run(smaller, "resampled")
    assert made.shape == (2 * SIDE, 2 * SIDE, 3)
    assert record["deliverable"]["pages"][0]["finished"]["said"]


def test_after_cleanup_upscale_asks_no_network_at_all(delivered: Deliver) -> None:
    made, recorded = delivered("all").codes, delivered("resampled").codes
    for number in (2, 3, 4):
        # Resampling looks 3 pixels around: not up to the oval's own edge.
        place = inside(number, 2, smaller=8.0)
        assert place.sum() > 5000
        assert np.array_equal(made[place], recorded[place]), number


def test_the_deliverable_says_what_made_it(delivered: Deliver) -> None:
    with_networks, without = delivered("same-size").record, delivered("faces-alone").record
    said = [r["deliverable"]["pages"][0]["digital_source_type"] for r in (with_networks, without)]
    assert said[0].endswith("compositeWithTrainedAlgorithmicMedia")
    # Every stage declined: the pixels are the master's, and nothing is claimed.
    assert said[1] is None
    assert {face["decision"] for face in faces_of(without).values()} == {"gated", "excluded"}


def test_restored_faces_are_compared_once_more_in_the_finished_picture(delivered: Deliver) -> None:
    record = delivered("all").record
    (found,) = record["faces"]
    face = faces_of(record)[1]
    assert (found["page"], found["face"]) == (1, 1)
    assert found["distance_final"] == pytest.approx(face["distance"], abs=0.05)
    assert found["over_limit"] is False


def test_the_xmp_counts_faces_and_tells_nothing_more_of_them(delivered: Deliver) -> None:
    path = delivered("same-size").plan.folder("same-size", "deliver") / "group.tif"
    with tifffile.TiffFile(path) as file:
        packet = file.pages[0].tags[700].value.decode()
    assert '"restored":1' in packet
    assert "gfpgan-v1.4" in packet
    assert "dlib-face-identity" not in packet
    assert "distance_before" not in packet
    assert "interocular" not in packet


def test_what_a_person_says_of_faces_is_part_of_the_keys(plan: Plan, tmp_path: Path) -> None:
    before = run(plan, "same-size")[1]
    (tmp_path / "regions" / "group.yaml").write_text("faces:\n  none: true\n")
    again = make_plan(plan.config.model_dump(mode="json"))
    made, record, _ = run(again, "same-size")
    assert record["key"] != before["key"]
    # What was found are no faces: nothing is restored as one, and nothing protected.
    stage = next(stage for stage in record["stages"] if stage["stage"] == "faces")
    assert stage["pages"][0]["reason"] == "what was found are no faces: a person said so"
    assert (made != master(plan))[inside(2)].mean() > 0.5


def marked_again(plan: Plan, text: str) -> Plan:
    """The plan after a person wrote other regions."""
    (plan.regions_folder / "group.yaml").write_text(text)
    return make_plan(plan.config.model_dump(mode="json"))


def warnings_of(record: dict[str, Any], stage: str) -> list[str]:
    (found,) = (entry for entry in record["stages"] if entry["stage"] == stage)
    return list(found["pages"][0].get("warnings", ()))


def test_where_no_faces_were_looked_for_no_stage_says_that_none_was_found() -> None:
    reason = "the settings have no detector"
    unknown = finding(Faces, value=None, detail={"reason": reason, "faces": []})
    regions = FaceRegions.model_validate({"include": [{"box": [10.0, 10.0, 40.0, 40.0]}]})
    (said,) = unmet_marks(where_faces_lie(unknown), regions, 1, lambda shape, place: False)
    assert "meets no face, since none was looked for" in said


def test_marks_that_meet_no_face_are_said_in_the_record_and_the_report(plan: Plan) -> None:
    """Face 3 lies from 130, 430 to 170, 470 or so; the first box covers its upper left alone."""
    left, top, width, height = FACES[3].box
    text = f"""
faces:
  exclude:
    - box: [{left - 20}, {top - 20}, {20 + width / 4}, {20 + height / 4}]
    - box: [290, 10, 20, 20]
  include:
    - box: [280, 280, 40, 40]
    - box: [{left}, {top}, {width}, {height}]
    - box: [{left - 5}, {top - 5}, {width + 10}, {height + 10}]
"""
    _, record, _ = run(marked_again(plan, text), "same-size")
    expected = [
        "faces.exclude.0 touches face 3, whose middle lies outside of it, and so does not mean "
        "that face: what it marks is left alone all the same",
        "faces.exclude.1 meets no face that was found: what it marks is left alone all the same",
        "faces.include.0 meets no face that was found: what it marks counts as a face of its own",
        "faces.include.2 marks face 3, and so does faces.include.1, whose strength counts",
    ]
    assert warnings_of(record, "faces") == expected
    assert warnings_of(record, "cleanup") == expected
    # Two marks over one face are no second face.
    asked_for = [number for number, face in faces_of(record).items() if face["asked_for"]]
    assert asked_for == [3, 5]
    told = gather(plan.results, "same-size", "group", {}, None).warnings
    assert [text for text in told if text.startswith("marks: ")] == [
        f"marks: {text}" for text in expected
    ]


def test_marks_that_meet_their_faces_are_not_warned_of(delivered: Deliver) -> None:
    record = delivered("same-size").record
    assert warnings_of(record, "faces") == warnings_of(record, "cleanup") == []
    assert "unheeded_marks" not in record


def test_marks_for_a_stage_that_the_recipe_lacks_are_in_the_record_and_the_report(
    plan: Plan,
) -> None:
    text = "descreen: {exclude: [{box: [0, 0, 9, 9]}]}\nfaces: {include: [{box: [9, 9, 9, 9]}]}"
    _, record, _ = run(marked_again(plan, text), "resampled")
    expected = [
        "the regions say where `descreen` may work, a stage that the recipe does not have",
        "the regions ask for faces to be restored: the recipe has no stage `faces`",
        "the regions mark faces, but no stage of the recipe restores faces or runs a generative "
        "network",
    ]
    assert record["unheeded_marks"] == expected
    told = gather(plan.results, "resampled", "group", {}, None).warnings
    assert [f"marks: {text}" for text in expected] == [t for t in told if t.startswith("marks: ")]


def test_a_mark_beside_the_page_is_a_problem_of_the_scan_until_it_is_corrected(plan: Plan) -> None:
    """An excluded face is not restored because its box was drawn on a larger copy."""
    wrong = marked_again(plan, "faces: {exclude: [{box: [2100, 2400, 100, 100]}]}")
    workshop = replace(
        make_job_tools(wrong, threads=1),
        networks=Sources(),
        examine=lambda path, number, config: REPORT,
    )
    record = Chain(wrong, "same-size", wrong.scans[0], workshop).ensure("cleanup").raw()
    assert record["status"] == "problem"
    assert (
        "group.yaml': faces.exclude.0: the box 2100, 2400, 100, 100 (left, top, width, height) "
        "lies beside page 1, which is 600 x 600 px; correct it, or take it out"
    ) in record["reason"]
    right = marked_again(plan, "faces: {exclude: [{box: [100, 400, 100, 100]}]}")
    run(right, "same-size")


def test_an_empty_mask_of_damage_is_said(plan: Plan, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "group.damage.tif", np.zeros((SIDE, SIDE), np.uint8))
    raw = plan.config.model_dump(mode="json")
    raw["recipes"]["same-size"]["stages"] = {"repair": {}}
    again = make_plan(raw)
    _, record, _ = run(again, "same-size")
    assert warnings_of(record, "repair") == [
        f"the mask of damage '{tmp_path}/group.damage.tif' marks nothing: it is 0 all over"
    ]
