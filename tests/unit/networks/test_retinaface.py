"""RetinaFace: weights verified and loaded like the others, its answers read right, its search."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from restoration.config.settings import Config, ExamineSettings, UserWeights
from restoration.errors import CircumstanceError, ConfigError
from restoration.examine.faces import retinaface_search
from restoration.examine.faces.faces import FacesMeasurer
from restoration.examine.page import examine_page
from restoration.networks.architectures.retinaface import RetinafaceParameters
from restoration.networks.face_detector import Detection, MeasuredFace
from restoration.networks.fetch import fetch
from restoration.networks.load import load_network
from restoration.networks.manifest import Weights, load_manifest
from restoration.networks.retinaface import RetinaFaceDetector, load_detector, prior_boxes
from restoration.plan.plan import MANIFEST, Plan
from restoration.raster.colour.colour_space import ColourSpace
from support import by_parameters, corpus, group_photographs
from support import simulated_scans as sim

SMALL = RetinafaceParameters(backbone="mobile0.25")
RESNET = RetinafaceParameters(backbone="resnet50")
SRGB = ColourSpace.from_profile(None, 3)


def seeded(parameters: RetinafaceParameters = SMALL) -> torch.nn.Module:
    torch.manual_seed(3)
    return by_parameters.build(parameters, 1).eval().requires_grad_(False)


def manifest_of(folder: Path, state: object) -> dict[str, Weights]:
    """A manifest of one set of weights of the user's, whose file lies in the folder."""
    path = folder / "own.pth"
    torch.save(state, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    own = UserWeights(architecture="retinaface", path="own.pth", sha256=sha256)
    (folder / "none.yaml").write_text("{}")
    return load_manifest(folder / "none.yaml", {"own": own})


@pytest.mark.parametrize("parameters", [SMALL, RESNET], ids=lambda p: p.backbone)
def test_a_checkpoint_of_the_official_form_becomes_a_detector(
    tmp_path: Path, parameters: RetinafaceParameters
) -> None:
    module = seeded(parameters)
    # As the official file was saved: every name begins with that of DataParallel.
    manifest = manifest_of(tmp_path, {f"module.{k}": v for k, v in module.state_dict().items()})
    assert manifest["own"].generative is False
    path = fetch("own", manifest, tmp_path)
    assert path.name == "own.safetensors"
    detector = load_detector("own", tmp_path, manifest)
    assert detector.backbone == parameters.backbone
    picture = np.ascontiguousarray(np.rint(corpus.photo("astronaut")[:64, :96] * 255), np.uint8)
    assert detector.find(picture, 0.0) == RetinaFaceDetector("", module, parameters).find(
        picture, 0.0
    )
    with pytest.raises(ConfigError, match="finds or compares faces"):
        load_network("own", tmp_path, manifest, torch.device("cpu"))


def test_weights_that_are_wrong_missing_or_another_networks_are_named(tmp_path: Path) -> None:
    state = dict(seeded().state_dict())
    manifest = manifest_of(tmp_path, state)
    with pytest.raises(CircumstanceError, match=r"fetch_model\.py own"):
        load_detector("own", tmp_path, manifest)
    torch.save({**state, "more": torch.zeros(1)}, tmp_path / "own.pth")
    with pytest.raises(CircumstanceError, match=manifest["own"].sha256):
        fetch("own", manifest, tmp_path)
    manifest = manifest_of(tmp_path, {**state, "more": torch.zeros(1)})
    with pytest.raises(ConfigError, match="more"):
        fetch("own", manifest, tmp_path)
    short = dict(state)
    del short["fpn.output1.0.weight"]
    with pytest.raises(ConfigError, match="retinaface"):
        fetch("own", manifest_of(tmp_path, short), tmp_path)
    with pytest.raises(ConfigError, match="unknown"):
        load_detector("other", tmp_path, manifest)


def test_the_official_weights_are_in_the_manifest() -> None:
    own = load_manifest(MANIFEST)["retinaface-resnet50"]
    assert own.files[0].sha256.startswith("6d1de9c2")
    assert own.parameters == RESNET


def test_the_settings_name_the_weights_or_say_what_is_wrong() -> None:
    def plan(**examine: object) -> Plan:
        body = {"recipes": {"archive": {"description": ""}}, "examine": examine}
        return Plan(Config.model_validate(body), (), "cpu")

    assert plan(faces="retinaface").dependencies.networks(None, "examine") == (
        "retinaface-resnet50",
    )
    assert "retinaface" not in str(plan(faces="cnn").dependencies.networks(None, "examine"))
    with pytest.raises(ConfigError, match=r"examine\.face_network.*unknown"):
        plan(faces="retinaface", face_network="nowhere").dependencies.networks(None, "examine")
    with pytest.raises(ConfigError, match=r"face_network.*'ffdnet-color' is ffdnet"):
        plan(faces="retinaface", face_network="ffdnet-color").dependencies.networks(None, "examine")


def test_prior_boxes_and_answers_are_read_as_facexlib_reads_them() -> None:
    module = seeded()
    from facexlib.detection import retinaface_utils as theirs

    height, width = 96, 160
    config = module.cfg
    priors = theirs.PriorBox(config, image_size=(height, width)).forward()
    side = np.array([width, height, width, height], np.float32)
    wanted = priors.numpy() * side
    own = prior_boxes(height, width)
    assert own[:, 1] == pytest.approx(wanted[:, 0], abs=1e-3)
    assert own[:, 0] == pytest.approx(wanted[:, 1], abs=1e-3)
    assert own[:, 2] == pytest.approx(wanted[:, 2], abs=1e-3)
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    blue_first = torch.from_numpy(picture[:, :, ::-1].astype(np.float32)).permute(2, 0, 1)
    planes = blue_first[None] - torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1)
    with torch.inference_mode():
        boxes, scores, points = module(planes)
    boxes = theirs.decode(boxes[0], priors, config["variance"]).numpy() * side
    points = theirs.decode_landm(points[0], priors, config["variance"]).numpy()
    points *= np.tile([width, height], 5)
    first = int(scores[0, :, 1].argmax())
    found = RetinaFaceDetector("", module, SMALL).find(picture, 0.0)[0]
    assert found.box.score == pytest.approx(float(scores[0, first, 1]), abs=1e-5)
    left, top, right, bottom = boxes[first]
    assert found.box.side**2 == pytest.approx((right - left) * (bottom - top), rel=1e-3)
    assert found.box.top + found.box.side / 2 == pytest.approx((top + bottom) / 2, abs=1e-2)
    assert np.ravel([place[::-1] for place in found.points]) == pytest.approx(
        points[first], abs=1e-2
    )


def test_the_same_values_with_any_number_of_threads() -> None:
    detector = RetinaFaceDetector("", seeded(), SMALL)
    picture = np.random.default_rng(1).integers(0, 256, (131, 157, 3), dtype=np.uint8)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(detector.find(picture, 0.0))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]


class SeesDots:
    """A face is a white square with a red upper left corner, 20 to 500 pixels wide."""

    def __init__(self) -> None:
        self.windows: list[tuple[int, ...]] = []

    def find(self, window: np.ndarray, threshold: float) -> list[MeasuredFace]:
        import cv2

        self.windows.append(window.shape)
        bright = (window[..., 0] > 150).astype(np.uint8)
        _, _, table, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
        found = []
        for left, top, width, height, _ in table[1:]:
            corner = window[top + height // 4, left + width // 4]
            if not 20 <= width <= 500 or abs(width - height) > 3 or corner[1] > 100:
                continue
            places = [(1, 1), (1, 3), (2, 2), (3, 1), (3, 3)]
            points = tuple((top + y * height / 4, left + x * width / 4) for y, x in places)
            found.append(
                MeasuredFace(Detection(float(top), float(left), float(width), 0.9), points)
            )
        return found


def dots(height: int, width: int, places: list[tuple[int, int, int]]) -> np.ndarray:
    page = np.full((height, width, 3), 60, np.uint8)
    for top, left, side in places:
        page[top : top + side, left : left + side] = 255
        page[top : top + side // 2, left : left + side // 2, 1:] = 0
    return page


@pytest.mark.parametrize("turns", range(4))
def test_faces_of_all_sizes_are_found_once_and_any_way_up(turns: int) -> None:
    # Across seams of windows, at the edge, and larger than a window.
    places = [(100, 80, 40), (1000, 1000, 60), (880, 300, 90), (1500, 1150, 1300), (3960, 10, 40)]
    upright = dots(4000, 3000, places)
    page = np.ascontiguousarray(np.rot90(upright, turns))
    detector = SeesDots()
    found = retinaface_search.search(page, detector)
    if turns:
        assert found.faces == []
        found = retinaface_search.search_turned(page, detector)
    assert {face.turned for face in found.faces} == {(360 - 90 * turns) % 360}
    assert len(found.faces) == len(places)
    corners = np.argwhere((page[..., 1] == 0) & (page[..., 0] == 255))
    for face in found.faces:
        eye = np.array(face.points[0])
        assert np.abs(corners - eye).sum(axis=1).min() <= 6
    assert max(max(shape[:2]) for shape in detector.windows) <= retinaface_search.WINDOW


def test_the_report_says_that_the_mouth_was_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from restoration.networks import retinaface

    monkeypatch.setattr(retinaface, "load_detector", lambda *asked: SeesDots())
    page = sim.SimulatedPage(dots(600, 500, [(150, 120, 200)]).astype(np.uint16) * np.uint16(257))
    settings = ExamineSettings(faces="retinaface", face_network="own")
    manifest = manifest_of(tmp_path, {})
    report = examine_page(
        page, settings, SRGB, [FacesMeasurer], models_dir=tmp_path, manifest=manifest
    )
    detail = report["faces"]["detail"]
    assert report["faces"]["value"] == 1
    assert detail["points_estimated"] == []
    assert detail["detector"] == "retinaface, own"
    assert len(detail["faces"][0]["points"]) == len(detail["point_names"]) == 5


def test_missing_weights_are_said_in_the_report() -> None:
    page = sim.SimulatedPage(dots(600, 500, []).astype(np.uint16) * np.uint16(257))
    manifest = load_manifest(MANIFEST)
    settings = ExamineSettings(faces="retinaface")
    report = examine_page(
        page, settings, SRGB, [FacesMeasurer], models_dir=Path("nowhere"), manifest=manifest
    )
    assert report["faces"]["value"] is None
    assert "fetch_model.py retinaface-resnet50" in report["faces"]["detail"]["reason"]
    assert [warning["code"] for warning in report["warnings"]] == ["faces_unknown"]


@pytest.mark.weights
def test_real_weights_find_a_group_once_and_no_cat(tmp_path: Path) -> None:
    """RETINAFACE names a file of trained weights; of any licence, so that none is fetched here."""
    placed = os.environ.get("RETINAFACE")
    if not placed or not Path(placed).is_file():
        pytest.skip("RETINAFACE names no file of trained weights")
    sha256 = hashlib.sha256(Path(placed).read_bytes()).hexdigest()
    own = UserWeights(architecture="retinaface", path=placed, sha256=sha256)
    manifest = load_manifest(MANIFEST, {"own": own})
    fetch("own", manifest, tmp_path)
    detector = load_detector("own", tmp_path, manifest)
    group, places = group_photographs.group(1000, 1400, 3, 6, 53)
    found = retinaface_search.search(np.rint(group * 255).astype(np.uint8), detector)
    assert group_photographs.times_found(places, [face.box for face in found.faces]) == [1] * 18
    assert len(found.faces) == 18
    for name in ("chelsea", "coffee", "brick"):
        picture = np.rint(corpus.photo(name) * 255).astype(np.uint8)
        assert retinaface_search.search(np.ascontiguousarray(picture), detector).faces == []
