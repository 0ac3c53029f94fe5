"""Which keys a change in the code of networks reaches: those of the steps that use it, no other."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from restoration.chain.software import recorded_weights
from restoration.errors import ConfigError
from restoration.networks.manifest import DAMAGE_DETECTOR
from restoration.plan import code_fingerprint as fingerprints
from restoration.plan.code_fingerprint import PACKAGE, code_fingerprint
from restoration.plan.dependencies import code_roots
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan

STEPS = {
    "denoise": {"network": "ffdnet-color"},
    "cleanup": {"network": "realesrgan-x4plus"},
    "faces": {"network": "gfpgan-v1.4"},
    "upscale": {"network": "realesr-general-x4v3", "factor": 2},
}
ALL = ("ingest", "examine", "descreen", "repair", *STEPS, "colour", "deliver")
NETWORKS = set(STEPS)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Every stage, each network of another architecture; faces are found with dlib."""
    return planned(tmp_path_factory.mktemp("scans"))


def planned(folder: Path, **examine: Any) -> Plan:
    (folder / "scans.tsv").write_text("scan\tpath\na\ta.tif\n")
    stages = {**STEPS, "descreen": {}, "repair": {}, "colour": {}}
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "recipes": {"archive": {"stages": stages}},
            "examine": examine,
        }
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package; what a test changes in it, it puts back."""
    copied = tmp_path_factory.mktemp("copied") / "restoration"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__", "src"))
    return copied


def codes(package: Path, plan: Plan, anew: frozenset[Path] = frozenset()) -> dict[str, list[str]]:
    """The fingerprints behind each step; anew: files that are read again."""
    read = fingerprints._source

    def source(path: Path) -> Any:
        return read.__wrapped__(path) if path in anew else read(path)

    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "_source", source)
        for step in ALL:
            recipe = None if step in ("ingest", "examine") else "archive"
            roots = (*code_roots(step), *plan.dependencies.code_of_networks(recipe, step))
            found[step] = [code_fingerprint.__wrapped__(root, package) for root in roots]
    return found


def changed(package: Path, plan: Plan, *modules: str) -> set[str]:
    """The steps whose code counts as another one when these modules say something more."""
    before = codes(package, plan)
    texts = {path: path.read_text() for path in (package / f"{name}.py" for name in modules)}
    try:
        for path, text in texts.items():
            path.write_text(text + "\nANOTHER_FIGURE = 1.0\n")
        after = codes(package, plan, frozenset(texts))
    finally:
        for path, text in texts.items():
            path.write_text(text)
    return {step for step in ALL if before[step] != after[step]}


def test_each_step_asks_for_the_code_of_the_networks_that_it_names(plan: Plan) -> None:
    named = {step: plan.dependencies.code_of_networks("archive", step) for step in NETWORKS}
    for step, module in {
        "denoise": "restoration.networks.architectures.ffdnet",
        "cleanup": "restoration.networks.architectures.rrdbnet",
        "faces": "restoration.networks.architectures.gfpgan",
        "upscale": "restoration.networks.architectures.srvgg",
    }.items():
        assert [each for each in named[step] if ".architectures." in each] == [module]
        assert len(named[step]) > 1, "what streams or runs it counts as well"


def test_one_more_architecture_changes_no_key(package: Path, plan: Plan) -> None:
    before = codes(package, plan)
    registry = package / "networks" / "registry.py"
    line = '    "restoration.networks.architectures.dlib",\n'
    assert line in registry.read_text()
    more = line.replace("dlib", "another")
    text = registry.read_text()
    another = package / "networks" / "architectures" / "another.py"
    try:
        registry.write_text(text.replace(line, line + more))
        another.write_text("ARCHITECTURE = 1\n")
        assert codes(package, plan, frozenset({registry})) == before
    finally:
        registry.write_text(text)
        another.unlink()


@pytest.mark.parametrize(
    "module",
    [
        "networks/registry",
        "networks/manifest",
        "networks/sources",
        "networks/fetch",
        "networks/originals",
        "networks/ncnn_files",
        "networks/missing",
        "config/yaml_text",
        "config/settings",
        "plan/needed_networks",
        "plan/cost_model",
    ],
)
def test_what_lists_and_fetches_weights_is_part_of_no_result(
    package: Path, plan: Plan, module: str
) -> None:
    assert changed(package, plan, module) == set()


@pytest.mark.parametrize(
    ("module", "steps"),
    [
        ("networks/architectures/ffdnet", {"denoise"}),
        ("networks/ffdnet", {"denoise"}),
        ("engine/torch_streams/ffdnet", {"denoise"}),
        ("engine/native/ffdnet", {"denoise"}),
        ("networks/architectures/rrdbnet", {"cleanup"}),
        ("engine/torch_streams/rrdbnet", {"cleanup"}),
        ("engine/torch_streams/tiled_dense", {"cleanup"}),
        ("networks/architectures/srvgg", {"upscale"}),
        ("engine/torch_streams/compact", {"upscale"}),
        ("engine/native/srvgg", {"upscale"}),
        ("networks/architectures/gfpgan", {"faces"}),
        ("engine/faces/gfpgan", {"faces"}),
        ("networks/architectures/dlib", set()),
        ("networks/architectures/spandrel", set()),
        ("networks/spandrel_faces", set()),
    ],
)
def test_an_architectures_code_reaches_the_steps_that_use_it(
    package: Path, plan: Plan, module: str, steps: set[str]
) -> None:
    assert changed(package, plan, module) == steps


@pytest.mark.parametrize(
    "module",
    ["engine/bands", "engine/memory", "engine/native/kernels", "networks/load", "networks/weights"],
)
def test_the_engine_reaches_every_network_and_no_finding(
    package: Path, plan: Plan, module: str
) -> None:
    assert changed(package, plan, module) == NETWORKS


def test_faces_found_with_dlib_know_no_other_networks_code(
    package: Path, plan: Plan, tmp_path: Path
) -> None:
    assert (
        changed(package, plan, "networks/retinaface", "networks/architectures/retinaface") == set()
    )
    (tmp_path / "other").mkdir()
    other = planned(tmp_path / "other", faces="retinaface")
    assert changed(package, other, "networks/retinaface") == {"examine"}
    assert changed(package, other, "networks/architectures/retinaface") == {"examine"}
    assert "examine" in changed(package, other, "networks/weights")
    assert changed(package, other, "networks/face_identity") == {"faces", "deliver"}


def test_every_module_that_an_object_names_is_there() -> None:
    from restoration.networks.registry import ARCHITECTURES

    assert list(ARCHITECTURES)[:3] == ["rrdbnet", "srvgg", "ffdnet"]
    for kind in ARCHITECTURES.values():
        for module in kind.code:
            assert len(code_fingerprint(module)) == 64
        assert kind.module.endswith(f".architectures.{kind.name.replace('-', '_')}")


def test_what_finds_damage_is_in_the_keys_of_what_searches_for_it(plan: Plan) -> None:
    """Its weights and its code; and nothing is fetched for it, and no engine runs it."""
    on = plan.dependencies
    sha256 = plan.manifest[DAMAGE_DETECTOR].sha256
    code = plan.manifest[DAMAGE_DETECTOR].kind.code
    assert code
    for step in ("examine", "repair", "denoise", "deliver"):
        recipe = None if step == "examine" else "archive"
        searches = step in ("examine", "repair")
        assert (sha256 in on.weights(recipe, step)) == searches, step
        assert (set(code) <= set(on.code_of_networks(recipe, step))) == searches, step
        assert DAMAGE_DETECTOR not in on.networks(recipe, step)
    assert on.numeric("archive", "repair") == {}
    (told,) = recorded_weights(plan.manifest, on.loaded("archive", "repair"))
    assert told["role"] == "finds"


def wide_holes(folder: Path, name: str) -> Plan:
    folder.mkdir()
    (folder / "scans.tsv").write_text("scan\tpath\na\ta.tif\n")
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "recipes": {"archive": {"stages": {"repair": {"wide_holes": name}}}},
        }
    )


@pytest.mark.parametrize("name", ["leave", "patches"])
def test_no_network_fills_wide_holes_unless_one_is_named(tmp_path: Path, name: str) -> None:
    on = wide_holes(tmp_path / name, name).dependencies
    assert on.networks("archive", "repair") == ()
    assert on.numeric("archive", "repair") == {}
    assert not on.keeps_faces("archive", "repair")


def test_a_network_that_fills_holes_is_in_repairs_keys_and_keeps_off_faces(
    tmp_path: Path,
) -> None:
    plan = wide_holes(tmp_path / "a", "lama")
    on = replace(plan.dependencies, precision="bfloat16")
    assert on.networks("archive", "repair") == ("lama",)
    assert plan.manifest["lama"].sha256 in on.weights("archive", "repair")
    assert "restoration.engine.hole_filler" in on.code_of_networks("archive", "repair")
    assert on.numeric("archive", "repair")["precision"] == "float32"
    assert on.keeps_faces("archive", "repair")
    roles = {told["name"]: told["role"] for told in recorded_weights(plan.manifest, ("lama",))}
    assert roles == {"lama": "restores"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ffdnet-color", r"repair\.wide_holes: network 'ffdnet-color' \(ffdnet\) fills no holes"),
        ("lama2", r"repair\.wide_holes: network 'lama2' is unknown"),
    ],
)
def test_what_fills_no_holes_is_not_to_fill_them(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        wide_holes(tmp_path / "a", name).dependencies.networks("archive", "repair")
