"""A small project in a folder of its own: the real Snakefile, tiny masters, a tiny network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tifffile
import yaml

from restoration.engine.native.build import library_path, tested
from support.warm_python import WarmPython

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "envs", "rules", "scripts", "config", "resources", "profiles")
SHARED = ("scripts", "build")
"""What the projects of a session have from one checkout, by links, until ``Project.own_code``."""

Stamp = dict[str, tuple[int, int]]


@dataclass
class Project:
    """A checkout of its own that a test may edit, with what it takes to run it."""

    folder: Path
    patience: ClassVar[float] = 300.0
    """Seconds after which a run is taken to hang."""
    warm: ClassVar[WarmPython | None] = None
    """What runs its commands where they need no interpreter of their own."""

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def run(self, *arguments: str, check: bool = True, warm: bool = True) -> str:
        """Snakemake's whole output; a run is expected to succeed unless told otherwise.

        warm: by a process that has imported everything; else as a person starts it.
        """
        done = self.python(self.command(*arguments)[1:], warm=warm)
        text = done.stdout + done.stderr
        if check:
            assert done.returncode == 0, text
        else:
            assert done.returncode != 0, text
        return text

    def script(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A script of this checkout, run in its folder."""
        return self.python([f"scripts/{name}.py", *arguments])

    def python(
        self,
        words: Sequence[str],
        *,
        folder: Path | None = None,
        warm: bool = True,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """``python WORDS`` in this folder or another, and in this environment and more."""
        folder = folder or self.folder
        given = {**self.environment(), **environment}
        if warm and self.warm is not None:
            return self.warm.run(words, folder=folder, environment=given, timeout=self.patience)
        return subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env=given,
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        snakemake = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "my.yaml"]
        return [*snakemake, *arguments]

    def environment(self) -> dict[str, str]:
        # A fixed time makes deliverables of two runs comparable byte for byte.
        return {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}

    def own_code(self) -> None:
        """Have this project's code be its own, before a test edits it."""
        for part in SHARED:
            folder = self.folder / part
            if folder.is_symlink():
                shared = folder.resolve()
                folder.unlink()
                shutil.copytree(shared, folder)

    def config(self) -> dict[str, Any]:
        return yaml.safe_load((self.folder / "my.yaml").read_text())

    def configure(self, config: dict[str, Any]) -> None:
        (self.folder / "my.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def set_factor(self, factor: float) -> None:
        """Change the one setting of the last stage."""
        config = self.config()
        config["recipes"]["plain"]["stages"]["upscale"]["factor"] = factor
        self.configure(config)

    def sheet(self, rows: list[tuple[str, ...]]) -> None:
        lines = ["scan\tpath\tbatch\trecipe", *("\t".join(row) for row in rows)]
        (self.folder / "scans.tsv").write_text("\n".join(lines) + "\n")

    def stamps(self) -> Stamp:
        """When each record and image was written last."""
        return {
            str(path.relative_to(self.results)): (path.stat().st_mtime_ns, path.stat().st_ino)
            for pattern in ("*.json", "*.tif")
            for path in self.results.rglob(pattern)
            # The plan of the run, and what the report page shows, are no results.
            if path.name != "run.json" and path.parent.name != "report"
        }

    def written_since(self, before: Stamp) -> set[str]:
        """``recipe/stage/scan`` of the records written since, images and records alike."""
        changed = {name for name, stamp in self.stamps().items() if before.get(name) != stamp}
        return {str(Path(name).with_suffix("")) for name in changed}

    def bytes_of_deliverables(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.results)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.results.glob("*/deliver/*.tif"))
        }


NOTHING = "Nothing to be done"
"""What Snakemake says where everything is as it should be."""


def of(scans: str, *steps: str, recipe: str = "plain") -> set[str]:
    """The records of some steps for some scans, as ``Project.written_since`` names them."""
    return {
        f"{step}/{scan}" if step in ("ingest", "examine") else f"{recipe}/{step}/{scan}"
        for step in steps
        for scan in scans
    }


def picture(seed: int, height: int = 96, width: int = 128) -> np.ndarray:
    """A smooth picture with some detail, uint16 RGB."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (5 + c) + seed) + np.cos(y / (7 + c)) for c in range(3)]
    pixels = 0.5 + 0.15 * np.stack(waves, axis=-1) + random.normal(0, 0.02, (height, width, 3))
    return np.rint(np.clip(pixels, 0, 1) * 65535).astype(np.uint16)


def write_master(path: Path, seed: int, height: int = 96, width: int = 128) -> None:
    """A scan of `picture` as scanners write it: RGB, 16 bit, 1200 ppi."""
    tifffile.imwrite(
        path,
        picture(seed, height, width),
        photometric="rgb",
        resolution=(1200, 1200),
        resolutionunit=2,
    )


def tiny_weights(path: Path, seed: int) -> str:
    """A seeded SRVGGNetCompact in the official checkpoint format; returns its SHA-256.

    Random weights restore nothing: they are here to be run, not to be looked at.
    """
    import torch

    from restoration.networks.shims import install

    install()
    from realesrgan.archs.srvgg_arch import SRVGGNetCompact

    torch.manual_seed(seed)
    network = SRVGGNetCompact(num_feat=8, num_conv=2, upscale=4, act_type="prelu")
    torch.save({"params": network.state_dict()}, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def default_config(sha256: str) -> dict[str, Any]:
    cleanup = {"network": "tiny", "apply": "always", "working_ppi": 300.0}
    return {
        "scans": "scans.tsv",
        "results": "results",
        "recipe": "plain",
        "device": "cpu",
        "threads": 1,
        "examine": {"faces": "off"},
        "models": {"tiny": {"architecture": "srvgg", "path": "tiny.pth", "sha256": sha256}},
        "recipes": {
            "plain": {
                "stages": {
                    "cleanup": dict(cleanup),
                    "upscale": {"factor": 1.5, "network": "none"},
                }
            },
            "other": {"stages": {"cleanup": dict(cleanup)}},
        },
    }


ROWS = [
    ("a", "masters/a.tif", "one", ""),
    ("b", "masters/b.tif", "one", ""),
    ("c", "masters/c.tif", "two", ""),
]


def make_checkout(folder: Path) -> Path:
    """A copy of what a checkout holds, with what was compiled and installed in this one."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # With what is compiled of it: 200 modules in each of a run's processes are not free.
            shutil.copytree(source, folder / part)
        else:
            shutil.copy2(source, folder / part)
    if tested() is not None:
        native = folder / library_path().relative_to(ROOT)
        native.parent.mkdir(parents=True)
        for path in (library_path(), library_path().with_suffix(".tested")):
            shutil.copy2(path, native.parent)
    return folder


def linked_checkout(checkout: Path, folder: Path) -> Path:
    """The same for a project that edits no code: that of another checkout, by links."""
    for part in PARTS:
        if part in SHARED:
            continue
        source = checkout / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy2(source, folder / part)
    for part in SHARED:
        if (checkout / part).is_dir():
            (folder / part).symlink_to(checkout / part)
    return folder


def fill_project(folder: Path) -> Project:
    """Masters, a network, a config and a sheet, in a checkout."""
    (folder / "masters").mkdir()
    (folder / "models").mkdir()
    for seed, name in enumerate("abcd"):
        write_master(folder / f"masters/{name}.tif", seed)
    project = Project(folder)
    project.configure(default_config(tiny_weights(folder / "models/tiny.pth", seed=1)))
    project.sheet(ROWS)
    return project


def make_project(folder: Path) -> Project:
    """A whole checkout in a folder that is there, ready to be run."""
    return fill_project(make_checkout(folder))


def fresh_copy(project: Project, folder: Path) -> Project:
    """The project without anything of an earlier run."""
    ignored = shutil.ignore_patterns("results", ".snakemake")
    return Project(Path(shutil.copytree(project.folder, folder, symlinks=True, ignore=ignored)))
