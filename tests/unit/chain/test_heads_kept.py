"""Group photographs over a whole chain: no generative network touches a head that is left alone.

The networks are stand-ins that change every pixel they are shown; the chain is compared with the
same chain without them, bit for bit, inside the ovals that the record states.
"""

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
from restoration.faces.frame import BETWEEN_EYES, BOX_SIDE
from restoration.faces.head import Head, head_of
from restoration.faces.page_faces import KnownFace
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.stages.base import Restored
from support import corpus, group_photographs
from support.condition import recorded
from support.fake_faces import (
    FakeIdentity,
    FakeRestorer,
    face_on_page,
    page_of,
    picture,
    stage_with,
    stripes,
)
from support.fake_networks import FakeNetwork, sharpening

HEIGHT, WIDTH, FACE = 460, 620, 60
ROWS, COLUMNS = 2, 6

REJECTED, GATED, SMALL, TURNED, EXCLUDED = 4, 2, 9, 7, 11
"""Numbers of the faces that are not restored: by the comparison of persons, by the gate for their
score, size and pose, and by a person. Their heads overlap those of their neighbours, and the first
and last of a row reach over the page's edge."""

UNSEEN = (560.0, 392.0)
"""Middle of the face that no detector found and a person excluded."""


@dataclass(frozen=True)
class Sheet:
    """One way in which the photograph lies on the scanner."""

    quarters: int
    """Quarter turns counter-clockwise of the stored page."""
    mirrored: bool


def laid(pixels: np.ndarray, sheet: Sheet) -> np.ndarray:
    if sheet.mirrored:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(np.rot90(pixels, sheet.quarters))


def at(place: tuple[float, float], sheet: Sheet) -> tuple[float, float]:
    """Where a place (x, y) of the photograph lies on the stored page."""
    x, y, width, height = *place, float(WIDTH), float(HEIGHT)
    if sheet.mirrored:
        x = width - x
    for _ in range(sheet.quarters):
        x, y, width, height = y, width - x, height, width
    return x, y


def faces_of_group(places: list[tuple[float, float]], sheet: Sheet) -> list[KnownFace]:
    said: dict[int, dict[str, Any]] = {
        GATED: {"score": 0.2},
        SMALL: {"effective_share": 0.3},
        TURNED: {"pose": {"yaw": 55.0, "pitch": 0.0, "roll": 0.0}},
    }
    return [
        face_on_page(
            2 * HEIGHT,
            2 * WIDTH,
            BETWEEN_EYES * FACE / BOX_SIDE,
            at((right, down), sheet),
            degrees=-90.0 * sheet.quarters,
            mirrored=sheet.mirrored,
            number=number,
            **{"effective_share": 0.95, **said.get(number, {})},
        )
        for number, (down, right) in enumerate(places, 1)
    ]


class OtherPerson(FakeRestorer):
    """Draws somebody else on the face that is to be rejected, stripes on all others."""

    def __init__(self, order: list[int]) -> None:
        super().__init__(stripes)
        self._order = order

    def restore(self, face: np.ndarray, share: float) -> np.ndarray:
        number = self._order[len(self.seen)]
        made = super().restore(face, share)
        if number != REJECTED:
            return made
        y, x = np.mgrid[0:512, 0:512] // 20
        return np.repeat(((x + y) % 2)[..., None], 3, axis=2).astype(np.float32)


def denoised(pixels: np.ndarray) -> np.ndarray:
    """A generative denoiser: every pixel becomes another, by 24 codes of 8 bits."""
    made = pixels.copy()
    made[::2, ::2] += np.float32(24 / 255)
    made[1::2, 1::2] += np.float32(24 / 255)
    made[::2, 1::2] -= np.float32(24 / 255)
    made[1::2, ::2] -= np.float32(24 / 255)
    return made


RECIPES: dict[str, Any] = {
    # Every setting is the default but what names a network that no index carries.
    "cleaned": {"stages": {"repair": {}, "cleanup": {}, "faces": {}}},
    "all": {
        "stages": {
            "repair": {},
            "denoise": {"network": "own-denoiser", "grain": "remove", "apply": "always"},
            "cleanup": {},
            "faces": {},
        }
    },
    "without": {"stages": {"repair": {}}},
    "enlarged": {"stages": {"repair": {}, "upscale": {"factor": 1.5}}},
    "resampled": {"stages": {"repair": {}, "upscale": {"factor": 1.5, "network": "none"}}},
}


class Group:
    """A scan of a group photograph, and the recipes' results."""

    def __init__(self, folder: Path, sheet: Sheet, regions: str = "") -> None:
        pixels, places = group_photographs.group(HEIGHT, WIDTH, ROWS, COLUMNS, FACE)
        pixels = pixels + np.float32(0.03) * np.random.default_rng(1).standard_normal(pixels.shape)
        self.faces = faces_of_group(places, sheet)
        self.pixels = laid(np.clip(pixels, 0.0, 1.0).astype(np.float32), sheet)
        corpus.write_tiff(folder / "group.tif", self.pixels, ppi=(300, 300))
        damage = np.zeros((HEIGHT, WIDTH), np.uint8)
        # A scratch through heads, so that a stage without a network changes them.
        damage[HEIGHT // 3 : HEIGHT // 3 + 3] = 255
        tifffile.imwrite(folder / "group.damage.tif", laid(damage, sheet))
        row = f"group\t{folder}/group.tif\tone\tcleaned"
        (folder / "scans.tsv").write_text(f"scan\tpath\tbatch\trecipe\n{row}\n")
        x, y, width, height = self.faces[EXCLUDED - 1].box
        unseen_x, unseen_y = at(UNSEEN, sheet)
        self.unseen = (unseen_x - FACE / 2, unseen_y - FACE / 2, float(FACE), float(FACE))
        (folder / "regions").mkdir()
        (folder / "regions" / "group.yaml").write_text(
            regions
            or "faces:\n  exclude:\n"
            f"    - box: [{x + 10}, {y + 10}, {width - 20}, {height - 20}]\n"
            f"    - box: {list(self.unseen)}\n"
        )
        own = {"architecture": "spandrel", "path": "own.safetensors", "licence": "ours"}
        own |= {"sha256": "a" * 64, "generative": True}
        self.plan: Plan = make_plan(
            {
                "scans": str(folder / "scans.tsv"),
                "results": str(folder / "results"),
                "recipe": "cleaned",
                "recipes": RECIPES,
                "models": {"own-denoiser": own},
                "device": "cpu",
                "engine": {"runtime": "torch"},
            }
        )
        self.pages = {1: FakeNetwork(denoised, scale=1), 4: FakeNetwork(sharpening)}

    def report(self) -> dict[str, Any]:
        entries = []
        for face in self.faces:
            mirrored = bool(np.linalg.det(face.frame.matrix[:, :2]) < 0.0)
            said = face.found.model_dump(mode="json")
            entries.append({**said, "box": list(face.box), "mirrored": mirrored})
        return recorded(
            {
                "faces": {"value": len(entries), "detail": {"faces": entries}},
                "effective_resolution": {"value": 150.0, "detail": {"fraction": 0.5}},
            }
        )

    def run(self, recipe: str) -> tuple[np.ndarray, dict[str, Any]]:
        """The deliverable's codes and its record."""
        accepted = [n for n in range(1, ROWS * COLUMNS + 1) if n not in (GATED, SMALL, TURNED)]
        restorer = OtherPerson([n for n in accepted if n != EXCLUDED])

        def networks(name: str, **blend: float) -> Any:
            known = {"gfpgan-v1.4": restorer, "dlib-face-identity": FakeIdentity()}
            return known.get(name) or self.pages[1 if name == "own-denoiser" else 4]

        workshop = replace(
            make_job_tools(self.plan, threads=1),
            networks=networks,
            examine=lambda path, number, config: self.report(),
        )
        record = Chain(self.plan, recipe, self.plan.scans[0], workshop).ensure("deliver").raw()
        assert record["status"] == "done", record["reason"]
        path = self.plan.folder(recipe, "deliver") / "group.tif"
        return tifffile.imread(path).astype(int), record


def oval(head: Head, height: int, width: int, factor: float = 1.0) -> np.ndarray:
    """The pixels whose centres lie in a head, on a page that was enlarged."""
    down, across = (np.arange(height) + 0.5) / factor, (np.arange(width) + 0.5) / factor
    return head.area().holds(down, across)


def told(record: dict[str, Any], stage: str) -> dict[str, Any]:
    entry = next(one for one in record["stages"] if one["stage"] == stage)
    found: dict[str, Any] = entry["pages"][0]["findings"]
    return found


@pytest.fixture
def group(tmp_path: Path) -> Group:
    return Group(tmp_path, Sheet(0, mirrored=False))


SHEETS = (Sheet(0, mirrored=False), Sheet(1, mirrored=True))


@pytest.fixture(scope="module")
def without_networks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sheet], np.ndarray]:
    """What the same chain without networks delivers of a sheet."""

    @cache
    def once(sheet: Sheet) -> np.ndarray:
        codes, _ = Group(tmp_path_factory.mktemp("without"), sheet).run("without")
        codes.flags.writeable = False
        return codes

    return once


@pytest.mark.parametrize(
    ("recipe", "sheet"), [("cleaned", SHEETS[0]), ("all", SHEETS[0]), ("all", SHEETS[1])]
)
def test_no_generative_pixel_in_a_head_that_is_left_alone(
    tmp_path: Path, sheet: Sheet, recipe: str, without_networks: Callable[[Sheet], np.ndarray]
) -> None:
    group = Group(tmp_path, sheet)
    made, record = group.run(recipe)
    plain = without_networks(sheet)
    faces = {face["face"]: face for face in told(record, "faces")["faces"]}
    decisions = {number: face["decision"] for number, face in faces.items()}
    assert decisions[REJECTED] == "rejected"
    assert decisions[GATED] == decisions[SMALL] == decisions[TURNED] == "gated"
    assert decisions[EXCLUDED] == decisions[ROWS * COLUMNS + 1] == "excluded"
    assert list(decisions.values()).count("restored") >= 3
    # The stand-ins did work, up to the ovals.
    kept = np.zeros(made.shape[:2], bool)
    for head in told(record, "cleanup")["heads"]:
        kept |= oval(Head.of_record(head), *kept.shape)
    assert (made != plain).any(axis=2)[~kept].mean() > 0.9
    assert np.abs(made - plain)[~kept].mean() > 300
    for number, face in faces.items():
        if face["decision"] == "restored":
            continue
        place = oval(Head.of_record(face["head"]), *kept.shape)
        assert place.sum() > 3000
        assert np.count_nonzero((made != plain)[place]) == 0, (number, face["decision"])
    # Repair, which has no network, did change heads in both chains.
    assert np.abs(plain - np.rint(group.pixels * 65535.0))[kept].max() > 1000


def test_an_enlarged_page_has_its_heads_resampled_alone(group: Group) -> None:
    made, record = group.run("enlarged")
    plain, _ = group.run("resampled")
    kept = np.zeros(made.shape[:2], bool)
    for head in told(record, "upscale")["heads"]:
        kept |= oval(Head.of_record(head), *kept.shape, 1.5)
    assert np.array_equal(made[kept], plain[kept])
    assert (made != plain)[~kept].mean() > 0.9


def test_a_head_holds_a_face_with_its_hair_ears_and_chin() -> None:
    """Of a head of mean proportions, by the eyes' distance of 63 mm: the crown 110 above the eyes,
    the ears 100 aside, the chin 120 below."""
    face = face_on_page(600, 600, 63.0)
    eyes = np.array([300.0, 300.0 - 42.0 / 2.0])
    head = oval(head_of(face), 600, 600)
    for x, y in ((0, -110), (-100, 0), (100, 0), (-95, 50), (95, 50), (0, 120), (-50, 100)):
        assert head[round(eyes[1] + y), round(eyes[0] + x)], (x, y)
    # And no more than that and some hair and neck.
    assert not head[round(eyes[1] + 160), 300]
    assert not head[round(eyes[1] - 165), 300]
    assert not head[round(eyes[1]), 300 + 125]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 180.0])
def test_the_oval_leans_with_the_head(degrees: float, mirrored: bool) -> None:
    face = face_on_page(600, 600, 63.0, degrees=degrees, mirrored=mirrored)
    turn = np.deg2rad(degrees)
    crown = np.array([300.0, 300.0]) - 125.0 * np.array([-np.sin(turn), np.cos(turn)])
    head = head_of(face)
    assert oval(head, 600, 600)[round(crown[1]), round(crown[0])]
    assert abs((head.angle - degrees + 180.0) % 360.0 - 180.0) < 0.1
    recorded = Head.of_record(head.record())
    assert np.array_equal(oval(recorded, 600, 600), oval(head, 600, 600))


def test_a_turned_heads_oval_holds_the_ear_that_shows() -> None:
    """Turned to the right by 45 degrees, the ear 90 mm behind the eyes shows left of them."""
    turned = face_on_page(600, 600, 63.0, pose={"yaw": 45.0, "pitch": 0.0})
    ear = round(300.0 - 100.0 * np.cos(np.pi / 4) - 90.0 * np.sin(np.pi / 4))
    assert oval(head_of(turned), 600, 600)[290, ear]
    assert not oval(head_of(face_on_page(600, 600, 63.0)), 600, 600)[290, ear]


def test_an_oval_grows_until_it_holds_the_detectors_box() -> None:
    """Points that the predictor set on a patch of the face would give a head far too small."""
    face = face_on_page(600, 600, 12.0)
    large = replace(face, box=(200.0, 200.0, 200.0, 200.0))
    head = oval(head_of(large), 600, 600)
    assert head[300, 201]
    assert head[300, 399]
    assert head[201, 300]
    assert head[399, 300]


def pair(apart: float, **said: Any) -> list[KnownFace]:
    """Two faces side by side, of which the second is to be left alone."""
    return [
        face_on_page(400, 700, 60.0, (250.0, 200.0), number=1),
        face_on_page(400, 700, 60.0, (250.0 + apart, 200.0), number=2, **said),
    ]


def test_nothing_of_a_restored_face_is_put_on_a_neighbours_head() -> None:
    """The masks of both would overlap by a strip of cheek."""
    pixels = picture(400, 700)
    changed = []
    for said in ({}, {"score": 0.1}):
        stage, _ = stage_with(stripes)
        one, other = pair(157.0, **said)
        result = stage.apply(page_of(pixels, *([one] if not said else [one, other])))
        assert isinstance(result, Restored)
        after = np.concatenate(list(result.bands))
        assert result.mask is not None
        mask = np.concatenate(list(result.mask()))[..., 0]
        changed.append(((after != pixels).any(axis=2), mask > 0))
        assert result.findings["counts"]["restored"] == 1
    (alone, _), (beside, mask) = changed
    place = oval(head_of(other), 400, 700)
    assert alone[place].sum() > 20
    assert not beside[place].any()
    assert not mask[place].any()
    assert beside.sum() > 0.95 * alone.sum()


def test_a_face_that_such_a_head_covers_in_part_is_left_alone_as_well() -> None:
    """Else a border would run through it; and its own head may cover the next one."""
    pixels = picture(400, 700)
    third = face_on_page(400, 700, 60.0, (130.0, 200.0), number=3)
    stage, _ = stage_with(stripes)
    result = stage.apply(page_of(pixels, *pair(110.0, score=0.1), third))
    assert not isinstance(result, Restored)
    first, second, last = result.findings["faces"]
    assert (first["decision"], second["decision"]) == ("rejected", "gated")
    assert first["reason"].startswith(
        "the head of face 2, which is left as it was recorded, covers"
    )
    assert first["strength"] is None
    assert first["review"] == [first["reason"]]
    assert last["decision"] == "rejected"
    assert last["reason"].startswith("the head of face 1,")


def test_faces_that_nobody_looked_for_are_not_said_to_be_kept(group: Group) -> None:
    group.plan.regions_folder.joinpath("group.yaml").unlink()
    blind = make_plan(group.plan.config.model_dump(mode="json"))
    group.plan = blind
    reason = {"value": None, "detail": {"reason": "the settings say off", "faces": []}}
    known = group.report()
    group.report = lambda: recorded({**known, "faces": reason})  # type: ignore[method-assign]
    _, record = group.run("cleaned")
    found = told(record, "cleanup")
    assert found["faces_kept"] == 0
    assert found["faces_not_kept"] == "faces were not looked for: the settings say off"
    assert found["heads"] == []
