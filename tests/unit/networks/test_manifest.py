"""The list of weights: what it says, what it refuses, and what a user is told without a network."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from restoration.config.settings import UserWeights
from restoration.errors import CircumstanceError, ConfigError
from restoration.networks import converted, missing, sources
from restoration.networks.fetch import fetch
from restoration.networks.manifest import (
    DAMAGE_DETECTOR,
    check_use,
    load_manifest,
    needed_weights,
    users_architectures,
    weights_key,
)
from restoration.networks.missing import missing_weights

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "resources" / "models.yaml"

ENTRY = {
    "title": "a network",
    "architecture": "srvgg",
    "parameters": {"num_feat": 8, "num_conv": 2},
    "scale": 4,
    "radius": 4,
    "licence": "CC0",
    "training_data": "none",
    "citation": "none",
    "files": [{"name": "a.pth", "sha256": "0" * 64, "source": {"url": "https://example.org/a"}}],
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "models.yaml"
    path.write_text(yaml.safe_dump({"a": {**ENTRY, **changes}}))
    return path


def test_the_list_of_weights_is_valid_and_names_what_recipes_use() -> None:
    manifest = load_manifest(MODELS)
    assert {"realesrgan-x4plus", "realesrgan-x4plus-packaged", "realesr-general-x4v3"} <= set(
        manifest
    )
    assert manifest["realesrgan-x4plus"].sha256.startswith("4fa0d389")
    assert manifest["realesrgan-x4plus"].radius == 349
    assert manifest["realesrgan-x4plus"].generative
    assert not manifest["ffdnet-color"].generative
    assert all(w.licence and w.training_data and w.citation for w in manifest.values())


def test_the_list_is_read_without_torch_and_numpy() -> None:
    """The Snakefile is parsed again in every job."""
    code = (
        "import sys; from restoration.networks import converted, manifest, missing;"
        "from restoration.networks import originals, registry;"
        "from restoration.chain import software;"
        "sys.exit(bool({'torch', 'numpy', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "scripts")}, check=False
    )
    assert done.returncode == 0


def test_a_blend_names_both_sets_in_the_key() -> None:
    manifest = load_manifest(MODELS)
    own, twin = manifest["realesr-general-x4v3"], manifest["realesr-general-wdn-x4v3"]
    assert weights_key(manifest, own.name, 0.5) == (own.sha256, twin.sha256)
    assert weights_key(manifest, own.name, 1.0) == (own.sha256,)
    assert needed_weights(manifest, own.name, 0.0) == (own.name, twin.name)
    assert needed_weights(manifest, "realesrgan-x4plus", 0.5) == ("realesrgan-x4plus",)


def test_a_users_weights_replace_those_of_the_list_and_keep_the_twin() -> None:
    own = UserWeights(architecture="srvgg", path="mine.pth", sha256="a" * 64)
    manifest = load_manifest(MODELS, {"realesr-general-x4v3": own, "mine": own})
    assert manifest["mine"].sha256 == "a" * 64
    assert manifest["mine"].denoise_twin is None
    assert manifest["realesr-general-x4v3"].sha256 == "a" * 64
    assert manifest["realesr-general-x4v3"].denoise_twin == "realesr-general-wdn-x4v3"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "a.colour"),
        ({"radius": None}, "a.radius"),
        ({"scale": 3}, "a.scale"),
        ({"parameters": {"num_feat": 8, "num_block": 2, "num_grow_ch": 4}}, "parameters"),
        ({"denoise_twin": "b"}, "'b' is unknown"),
        ({"overlap": 64}, "overlap belongs to the architecture spandrel"),
        ({"architecture": "ffdnet", "parameters": {"num_feat": 8, "num_conv": 2}}, "must be 1"),
        ({"architecture": "dlib", "scale": 1}, "parameters"),
        ({"files": [{**ENTRY["files"][0], "sha256": "xyz"}]}, "sha256"),
        ({"files": [{**ENTRY["files"][0], "name": "../a.pth"}]}, "not a plain file name"),
        ({"files": [{**ENTRY["files"][0], "source": {"url": "http://x"}}]}, "source"),
        (
            {
                "files": [
                    {
                        **ENTRY["files"][0],
                        "source": {"package": "p", "version": "1", "member": "../../evil"},
                    }
                ]
            },
            "leads out of the package",
        ),
    ],
)
def test_a_mistake_in_the_list_is_one_line_that_names_it(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load_manifest(written(tmp_path, **changes))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("a: {scale: 4, scale: 2}\n")
    with pytest.raises(ConfigError, match="given twice"):
        load_manifest(path)


def test_an_unknown_network_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known are a"):
        missing_weights(["b"], load_manifest(written(tmp_path)), tmp_path)


def test_weights_that_cannot_be_had_are_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "_probe", lambda url: "it cannot be downloaded (no route)")
    manifest = load_manifest(MODELS)
    messages = missing_weights(
        ["realesrgan-x4plus", "realesrgan-x4plus", "realesrgan-x4plus-packaged"], manifest, tmp_path
    )
    assert len(messages) == 1
    for part in (
        str(tmp_path / "RealESRGAN_x4plus.pth"),
        manifest["realesrgan-x4plus"].sha256,
        "67040989 bytes",
        "https://github.com/xinntao/Real-ESRGAN/releases/",
        "no route",
        # It has a network, FFDNet, which the package index carries.
        "`conservation` (no generative network)",
        "`embedded`",
    ):
        assert part in messages[0]
    assert "\n" not in messages[0]


def test_a_file_put_there_by_hand_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "_probe", lambda url: "offline")
    (tmp_path / "RealESRGAN_x4plus.pth").touch()
    assert missing_weights(["realesrgan-x4plus"], load_manifest(MODELS), tmp_path) == []


def test_a_users_file_that_is_not_there_is_missing_without_asking_the_network(
    tmp_path: Path,
) -> None:
    own = UserWeights(architecture="srvgg", path="mine.pth", sha256="a" * 64)
    (message,) = missing_weights(["mine"], load_manifest(MODELS, {"mine": own}), tmp_path)
    assert str(tmp_path / "mine.pth") in message
    assert "by hand" in message


def test_a_dead_address_is_noticed(tmp_path: Path) -> None:
    source = [{"name": "a.pth", "sha256": "0" * 64, "source": {"url": "https://localhost:9/a.pth"}}]
    manifest = load_manifest(written(tmp_path, files=source))
    (message,) = missing_weights(["a"], manifest, tmp_path)
    assert "cannot be downloaded" in message
    assert missing_weights(["a"], manifest, tmp_path, probe=False) == []


def test_weights_of_ones_own_know_their_scale_and_what_they_make_up() -> None:
    own = {
        kind: UserWeights(architecture=kind, path="mine.pth", sha256="a" * 64)
        for kind in ("rrdbnet", "srvgg", "ffdnet", "spandrel")
    }
    manifest = load_manifest(MODELS, own)
    assert [manifest[kind].scale for kind in own] == [4, 4, 1, 1]
    assert [manifest[kind].generative for kind in own] == [True, True, False, True]
    assert [manifest[kind].overlap for kind in own] == [None, None, None, 64]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"architecture": "spandrel", "scale": 4}, "models.mine: scale of spandrel must be 1"),
        ({"architecture": "srvgg", "overlap": 32}, "models.mine: overlap belongs"),
    ],
)
def test_what_does_not_fit_ones_own_weights_is_refused(given: dict[str, object], said: str) -> None:
    own = UserWeights.model_validate({"path": "mine.pth", "sha256": "a" * 64, **given})
    with pytest.raises(ConfigError, match=said):
        load_manifest(MODELS, {"mine": own})


def test_a_file_that_its_library_reads_as_it_is_counts_as_ready(tmp_path: Path) -> None:
    weights = load_manifest(MODELS)["dlib-face-detector"]
    assert not weights.converts
    assert not converted.is_converted(weights, tmp_path)
    path = tmp_path / weights.files[0].name
    path.write_bytes(b"cut off")
    assert not converted.is_converted(weights, tmp_path)
    path.write_bytes(bytes(weights.files[0].bytes or 0))
    assert converted.is_converted(weights, tmp_path)


# --- weights of our own, in the repository ------------------------------------------------------


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list with weights in a folder of resources, and the file."""
    resources = tmp_path / "resources"
    resources.mkdir()
    monkeypatch.setattr(sources, "RESOURCES", resources)
    (resources / "own.safetensors").write_bytes(b"our own")
    sha256 = hashlib.sha256(b"our own").hexdigest()
    written(
        resources,
        files=[
            {
                "name": "own.safetensors",
                "bytes": 7,
                "sha256": sha256,
                "source": {"resources": "own.safetensors"},
            }
        ],
    )
    return resources


def test_weights_in_the_repository_are_verified_where_they_lie(
    shipped: Path, tmp_path: Path
) -> None:
    manifest = load_manifest(shipped / "models.yaml")
    models = tmp_path / "models"
    assert fetch("a", manifest, models) == shipped / "own.safetensors"
    assert not models.exists(), "nothing is copied"
    assert converted.is_converted(manifest["a"], models)
    assert missing_weights(["a"], manifest, models) == []
    (shipped / "own.safetensors").write_bytes(b"another")
    with pytest.raises(CircumstanceError, match="is not the file that the manifest names"):
        fetch("a", manifest, models)


def test_weights_that_are_gone_from_the_repository_are_put_back(
    shipped: Path, tmp_path: Path
) -> None:
    manifest = load_manifest(shipped / "models.yaml")
    (shipped / "own.safetensors").unlink()
    (said,) = missing_weights(["a"], manifest, tmp_path / "models")
    assert "part of the repository" in said
    assert "git checkout resources" in said
    assert manifest["a"].sha256 in said
    with pytest.raises(CircumstanceError, match="part of the repository, resources/own"):
        fetch("a", manifest, tmp_path / "models")


@pytest.mark.parametrize("name", ["../own.safetensors", "/own.safetensors", ".own", ""])
def test_a_file_in_the_repository_lies_in_its_folder(tmp_path: Path, name: str) -> None:
    file = {"name": "a.safetensors", "sha256": "0" * 64, "source": {"resources": name}}
    with pytest.raises(ConfigError, match="resources"):
        load_manifest(written(tmp_path, files=[file]))


def test_no_weights_take_the_place_of_those_in_the_repository(shipped: Path) -> None:
    own = UserWeights(architecture="srvgg", path="mine.pth", sha256="a" * 64)
    with pytest.raises(ConfigError, match=r"models\.a: these weights are part of the workflow"):
        load_manifest(shipped / "models.yaml", {"a": own})


def test_what_finds_damage_is_our_own_and_no_network_for_pages() -> None:
    weights = load_manifest(MODELS)[DAMAGE_DETECTOR]
    assert weights.in_repository
    assert not weights.generative
    assert weights.licence.startswith("MIT")
    assert weights.architecture not in users_architectures()
    with pytest.raises(ConfigError, match="finds damage and restores nothing"):
        check_use(weights, faces=False)
