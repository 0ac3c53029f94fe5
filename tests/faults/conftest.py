"""What the tests of faults share: a small collection, warm workers, a disk that can be filled."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.workers import Collection, Mount, Zygote, make_collection

SCANS = ("a", "b", "c")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Three scans; the zygote has gone through them. Tests take fresh copies."""
    return make_collection(tmp_path_factory.mktemp("faults") / "collection", SCANS)


@pytest.fixture(scope="session")
def zygote(template: Collection) -> Iterator[Zygote]:
    zygote = Zygote(template.folder)
    yield zygote
    zygote.end()


@pytest.fixture(scope="session")
def undisturbed(
    template: Collection, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> Collection:
    """The same scans, processed without any fault."""
    collection = template.fresh(tmp_path_factory.mktemp("undisturbed") / "collection")
    assert zygote.work(collection.folder).code == 0
    return collection


@pytest.fixture
def fresh(template: Collection, tmp_path: Path) -> Collection:
    """Nothing of it processed."""
    return template.fresh(tmp_path / "collection")


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mounts a small disk in memory at a folder: ``mount(folder, "size=1m")``."""
    mounted: list[Path] = []

    def at(folder: Path, options: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", None) or error
            pytest.skip(f"no small disk can be mounted here: {said}")
        mounted.append(folder)
        return folder

    yield at
    for folder in reversed(mounted):
        subprocess.run(["umount", str(folder)], check=True)
