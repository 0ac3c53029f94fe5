"""The lock must install on machines other than the one it was made on."""

import hashlib
import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "envs"
LOCKS = ["lock.txt", "lock-dev.txt", "lock-build.txt", "lock-cuda.txt"]
CONDA_LOCKS = ["lock-build.txt", "lock.txt", "lock-cuda.txt"]


def requirements(name: str) -> dict[str, Requirement]:
    lines = (ENVS / name).read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(item.name): item for item in wanted}


def pinned(name: str) -> dict[str, Version]:
    pins = {}
    for key, requirement in requirements(name).items():
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{name}: {requirement} is not one version"
        assert not specifier.version.endswith("*"), f"{name}: {requirement} is not one version"
        pins[key] = Version(specifier.version)
    return pins


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_public_versions_only(name: str) -> None:
    local = {key: str(pin) for key, pin in pinned(name).items() if pin.local}
    assert not local, f"{name} holds versions that exist on one machine only: {local}"


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_no_file_host_or_option(name: str) -> None:
    text = (ENVS / name).read_text("utf-8")
    assert not re.search(r"://|@ |^-|^/|file:", text, re.MULTILINE)


def test_no_package_has_two_versions() -> None:
    names = [key for lock in LOCKS for key in pinned(lock)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("direct", "locks"),
    [
        ("requirements.txt", ["lock.txt"]),
        ("requirements-dev.txt", ["lock.txt", "lock-dev.txt"]),
    ],
)
def test_every_direct_requirement_is_pinned_within_its_range(direct: str, locks: list[str]) -> None:
    pins = {key: pin for lock in locks for key, pin in pinned(lock).items()}
    for key, requirement in requirements(direct).items():
        assert key in pins, f"{requirement} of {direct} is in none of {locks}: run `make lock`"
        assert requirement.specifier.contains(pins[key]), (
            f"{requirement}, but {pins[key]} is pinned"
        )


def test_every_direct_requirement_has_its_reason() -> None:
    table = (ENVS / "README.md").read_text("utf-8")
    named = {
        name.strip()
        for row in re.findall(r"^\| ([a-z0-9, -]+) \|", table, re.MULTILINE)
        for name in row.split(",")
    }
    missing = set(requirements("requirements.txt")) - named
    assert not missing, f"envs/README.md does not say why: {sorted(missing)}"


def test_what_mirrors_leave_out_is_not_needed() -> None:
    assert not [key for lock in LOCKS for key in pinned(lock) if "nightly" in key]


def test_conda_and_container_agree_with_the_lock() -> None:
    conda = yaml.safe_load((ENVS / "restoration.yaml").read_text("utf-8"))
    locked = {key for lock in LOCKS for key in pinned(lock)} - {"pip"}
    names = {re.split(r"[=<> ]", str(item))[0] for item in conda["dependencies"]}
    assert not names & locked, "two sources for one version"
    installed = b"".join((ENVS / lock).read_bytes() for lock in CONDA_LOCKS)
    named = f"# lock: {hashlib.sha256(installed).hexdigest()}"
    assert named in (ENVS / "restoration.yaml").read_text("utf-8"), "run `make lock`"
    (python,) = [item for item in conda["dependencies"] if item.startswith("python=")]
    container = (ENVS / "Containerfile").read_text("utf-8")
    assert python == "python=3.11"
    assert "FROM python:3.11-" in container
    assert "sh envs/install.sh" in container


def test_torch_and_torchvision_are_those_that_belong_together() -> None:
    pins = pinned("lock.txt")
    # torchvision 0.N goes with torch 2.(N - 15) (the release table of pytorch/vision).
    assert pins["torchvision"].minor == pins["torch"].minor + 15
