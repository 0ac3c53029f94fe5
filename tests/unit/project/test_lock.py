"""The lock must install on machines other than the one it was made on."""

import hashlib
import re
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[3]
ENVS = ROOT / "envs"
LOCKS = [
    "lock.txt",
    "lock-dev.txt",
    "lock-docs.txt",
    "lock-slurm.txt",
    "lock-build.txt",
    "lock-cuda.txt",
]
CONDA_LOCKS = ["lock-build.txt", "lock.txt", "lock-cuda.txt"]


PYTHONS = ["3.11", "3.12"]


def requirements(name: str, python: str = "3.11") -> dict[str, Requirement]:
    """What one version of Python is asked to install."""
    lines = (ENVS / name).read_text("utf-8").splitlines()
    asked = [Requirement(line) for line in lines if line and not line.startswith("#")]
    here = [one for one in asked if one.marker is None or one.marker.evaluate(_of(python))]
    wanted = {canonicalize_name(one.name): one for one in here}
    assert len(wanted) == len(here), f"{name}: one package twice for Python {python}"
    return wanted


def _of(python: str) -> dict[str, str]:
    return {"python_version": python, "python_full_version": f"{python}.0"}


def pinned(name: str, python: str = "3.11") -> dict[str, Version]:
    pins = {}
    for key, requirement in requirements(name, python).items():
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{name}: {requirement} is not one version"
        assert not specifier.version.endswith("*"), f"{name}: {requirement} is not one version"
        pins[key] = Version(specifier.version)
    return pins


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_public_versions_only(name: str, python: str) -> None:
    local = {key: str(pin) for key, pin in pinned(name, python).items() if pin.local}
    assert not local, f"{name} holds versions that exist on one machine only: {local}"


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_no_file_host_or_option(name: str) -> None:
    text = (ENVS / name).read_text("utf-8")
    assert not re.search(r"://|@ |^-|^/|file:", text, re.MULTILINE)


@pytest.mark.parametrize("python", PYTHONS)
def test_no_package_has_two_versions(python: str) -> None:
    names = [key for lock in LOCKS for key in pinned(lock, python)]
    assert sorted(names) == sorted(set(names))


def test_python_3_12_gets_the_tiff_libraries_that_3_11_cannot_run() -> None:
    older, newer = (pinned("lock.txt", python) for python in PYTHONS)
    assert {key for key in older if older[key] != newer[key]} == {"imagecodecs", "tifffile"}
    assert older.keys() == newer.keys()
    assert newer["tifffile"] > older["tifffile"]
    assert newer["imagecodecs"] > older["imagecodecs"]


def test_one_line_a_package_and_two_where_the_pythons_differ() -> None:
    lines = make_lock().pins_of
    assert lines("torch", "2.13.0+cpu", None) == ["torch==2.13.0"]
    assert lines("numpy", "2.4.1", "2.4.1") == ["numpy==2.4.1"]
    assert lines("tifffile", "2026.3.3", "2026.11.8") == [
        'tifffile==2026.3.3; python_version < "3.12"',
        'tifffile==2026.11.8; python_version >= "3.12"',
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("direct", "locks"),
    [
        ("requirements.txt", ["lock.txt"]),
        ("requirements-dev.txt", ["lock.txt", "lock-dev.txt"]),
        ("requirements-docs.txt", ["lock.txt", "lock-dev.txt", "lock-docs.txt"]),
        ("requirements-slurm.txt", ["lock.txt", "lock-slurm.txt"]),
    ],
)
def test_every_direct_requirement_is_pinned_within_its_range(
    direct: str, locks: list[str], python: str
) -> None:
    pins = {key: pin for lock in locks for key, pin in pinned(lock, python).items()}
    for key, requirement in requirements(direct, python).items():
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
    files = ("requirements.txt", "requirements-docs.txt", "requirements-slurm.txt")
    asked = {key for name in files for key in requirements(name)}
    missing = asked - named
    assert not missing, f"envs/README.md does not say why: {sorted(missing)}"


def test_what_mirrors_leave_out_is_not_needed() -> None:
    assert not [key for lock in LOCKS for key in pinned(lock) if "nightly" in key]


def make_lock() -> ModuleType:
    """envs/make_lock.py, which is no module of the package."""
    specification = spec_from_file_location("make_lock", ENVS / "make_lock.py")
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_pin_that_changes_is_noticed_in_the_conda_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = make_lock()
    before = (ENVS / "restoration.yaml").read_text("utf-8")
    assert f"# lock: {module.digest()}" in before, "run `make lock`"
    for name in (*CONDA_LOCKS, "restoration.yaml"):
        shutil.copy(ENVS / name, tmp_path / name)
    monkeypatch.setattr(module, "HERE", tmp_path)
    for name in CONDA_LOCKS:
        with (tmp_path / name).open("a", encoding="utf-8") as lock:
            lock.write("another==1.0\n")
        named = (tmp_path / "restoration.yaml").read_text("utf-8")
        assert f"# lock: {module.digest()}" not in named, f"{name} is not in the sum"
        module.name_in_conda_file()
        assert f"# lock: {module.digest()}" in (tmp_path / "restoration.yaml").read_text("utf-8")


def test_conda_installs_the_very_lock_that_its_file_names() -> None:
    # Snakemake runs the script of this name after it has made the environment.
    script = (ENVS / "restoration.post-deploy.sh").read_text("utf-8")
    assert 'exec sh envs/install.sh --into "$CONDA_PREFIX"' in script
    installer = (ENVS / "install.sh").read_text("utf-8")
    assert set(re.findall(r"envs/(lock[a-z-]*\.txt)", installer)) == set(CONDA_LOCKS)
    rules = "".join(path.read_text("utf-8") for path in (ROOT / "rules").glob("*.smk"))
    named = set(re.findall(r'(?m)^    conda:\n +"([^"]+)"', rules))
    assert named == {"../envs/restoration.yaml"}


def test_apptainer_and_container_make_the_same_environment() -> None:
    texts = [(ENVS / name).read_text("utf-8") for name in ("Containerfile", "restoration.def")]
    bases = [re.findall(r"(?im)^from:? (\S+)$", text) for text in texts]
    packages = [re.findall(r"--no-install-recommends (.+?)(?: \\)?\n", text) for text in texts]
    installs = [re.findall(r"sh envs/install.sh .+", text) for text in texts]
    for found in (bases, packages, installs):
        assert len(found[0]) == 1
        assert found[0] == found[1]


@pytest.mark.parametrize("name", ["Containerfile", "restoration.def", "restoration.yaml"])
def test_what_was_never_built_says_so_first(name: str) -> None:
    first = (ENVS / name).read_text("utf-8").splitlines()[0]
    assert first == "# UNBUILT: written from the lock, and by nobody built or run so far."
    assert f"| `{name}`" in (ENVS / "README.md").read_text("utf-8")


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
