"""The demo in two copies of the checkout: one for this machine alone, one for the cluster."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "config", "envs", "profiles", "resources", "rules", "scripts", "build")
RESULTS = "results/demo"
LONG = ("astronaut-soft", "camera-grey", "rocket-noisy", "chelsea-jpeg", "coffee-print")
"""Scans of the demo that a network for whole pictures works on."""

SNAKEMAKE = (sys.executable, "-m", "snakemake", "--configfile", "config/demo.yaml")


def copy_checkout(folder: Path) -> Path:
    """What a run reads, without masters and results; weights are linked."""
    folder.mkdir()
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists():
            shutil.copy2(source, folder / name)
    (ROOT / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(ROOT / "models")
    return folder


def make_masters(folder: Path, *, quick: bool) -> None:
    """The demo's simulated scans, in a checkout; if quick, without those that take long."""
    subprocess.run(
        [sys.executable, "scripts/make_demo.py"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    if quick:
        sheet = folder / "masters" / "demo" / "scans.tsv"
        rows = sheet.read_text("utf-8").splitlines(keepends=True)
        sheet.write_text("".join(row for row in rows if row.split("\t")[0] not in LONG), "utf-8")


def environment() -> dict[str, str]:
    """A fixed time makes deliverables of two runs comparable byte for byte."""
    return {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "PYTHONNOUSERSITE": "1"}


def run_here(folder: Path) -> None:
    """The demo without a scheduler."""
    done = subprocess.run(
        [*SNAKEMAKE, "--cores", "all"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the run without a scheduler failed:\n{done.stdout}{done.stderr}")


def sums(folder: Path, pattern: str) -> dict[str, str]:
    """SHA-256 of each file below a folder, by its path there."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def differences(here: Path, cluster: Path) -> tuple[int, list[str]]:
    """How many files were compared, and the names of those that are not the same in both."""
    patterns = ("*/deliver/*.tif", "*/deliver/*.tsv", "*/problems.tsv")
    left: dict[str, str] = {}
    right: dict[str, str] = {}
    for pattern in patterns:
        left |= sums(here / RESULTS, pattern)
        right |= sums(cluster / RESULTS, pattern)
    names = sorted(left.keys() | right.keys())
    return len(names), [name for name in names if left.get(name) != right.get(name)]


def found_finished(folder: Path) -> list[str]:
    """What jobs said who found scans that an earlier try had finished."""
    said = re.compile(r"(.+): (\d+) of (\d+) up to date")
    logs = sorted((folder / RESULTS / "logs").rglob("*.log"))
    return [m[0] for log in logs for m in said.finditer(log.read_text(errors="replace"))]
