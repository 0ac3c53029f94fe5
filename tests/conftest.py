"""What tests of all folders share: a project that ran to its end, and Python without its start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from restoration.networks import manifest
from support.project import Project, fill_project, linked_checkout, make_checkout
from support.warm_python import Script, WarmPython, made_once

# A shell that starts the tests in its background has them ignore Ctrl-C, and so what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def manifest_parsed_once() -> Iterator[None]:
    """Every plan asks for resources/models.yaml, which takes a sixth of a second to parse."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "parse", cache(manifest.parse))
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of pytest have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def checkout(shared: Path) -> Path:
    """A copy of this checkout that nobody changes."""
    return made_once(shared / "checkout", make_checkout)


@pytest.fixture(scope="session")
def warm(shared: Path, checkout: Path) -> Iterator[WarmPython]:
    """Runs commands, those of projects among them, without the start of an interpreter."""
    python = WarmPython(shared, checkout)
    Project.warm = python
    yield python
    Project.warm = None
    python.end()


@pytest.fixture(scope="session")
def script(warm: WarmPython, checkout: Path) -> Script:
    """Runs a script of this checkout: ``script("verify.py", "--quick", folder=...)``."""

    def run(
        name: str, *arguments: object, folder: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        words = [str(checkout / "scripts" / name), *map(str, arguments)]
        given = {**os.environ, **environment}
        return warm.run(words, folder=folder or Path.cwd(), environment=given)

    return run


@pytest.fixture(scope="session")
def finished(shared: Path, checkout: Path, warm: WarmPython) -> Project:
    """A project that ran to its end; tests take copies of it."""

    def run(folder: Path) -> None:
        fill_project(linked_checkout(checkout, folder)).run()

    return Project(made_once(shared / "finished", run))


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, Snakemake's metadata and all file times included."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder, symlinks=True)
    return Project(folder)
