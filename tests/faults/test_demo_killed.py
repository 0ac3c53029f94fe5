"""The whole demo, killed ten times at seeded moments, ends with the bytes of an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from faults.workers import masters_untouched, outcome
from support.project import ROOT, Project, make_checkout

KILLS = 10
SEED = 20260

pytestmark = [pytest.mark.slow, pytest.mark.weights]


class Demo(Project):
    """The demo in a checkout of its own, with the weights that lie in this one."""

    patience = 1800.0
    warm = None

    def command(self, *arguments: str) -> list[str]:
        snakemake = [sys.executable, "-m", "snakemake", "--cores", "2"]
        return [*snakemake, "--configfile", "config/demo.yaml", *arguments]

    @property
    def results(self) -> Path:
        return self.folder / "results/demo"

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def records(self) -> dict[Path, tuple[int, int]]:
        """When each record was written, and which file it is."""
        found = {}
        for path in self.results.rglob("*.json"):
            if path.parent.name != "report" and path.name != "run.json":
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_ino)
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Masters and weights, nothing processed."""
    needed = ("realesrgan-x4plus-packaged", "ffdnet-color", "dlib-face-detector")
    missing = [n for n in needed if not (ROOT / f"models/{n}.licence.txt").is_file()]
    if missing:
        pytest.skip(f"weights of the demo are not here: {', '.join(missing)} (make demo)")
    folder = tmp_path_factory.mktemp("demo") / "project"
    folder.mkdir()
    make_checkout(folder)
    shutil.copytree(ROOT / "models", folder / "models")
    subprocess.run([sys.executable, "scripts/make_demo.py"], cwd=folder, check=True)
    return Demo(folder)


def copy(demo: Demo, folder: Path) -> Demo:
    return Demo(shutil.copytree(demo.folder, folder))


def killed(demo: Demo, records: int, later: float) -> list[psutil.Process]:
    """Start the run and kill its whole process group ``later`` seconds after it has so many
    records; returns its processes."""
    process = demo.start()
    deadline = time.monotonic() + 900
    while len(demo.records()) < records:
        assert process.poll() is None, "the run ended before it was killed"
        assert time.monotonic() < deadline, f"the run did not get to {records} records"
        time.sleep(0.005)
    time.sleep(later)
    assert process.poll() is None, "the run ended before it was killed"
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return workers


def test_ten_kills_of_the_whole_demo(
    demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undisturbed = copy(demo, tmp_path / "undisturbed")
    undisturbed.run()
    wanted = outcome(undisturbed.results)
    total = len(undisturbed.records())
    disturbed = copy(demo, tmp_path / "disturbed")
    draw = random.Random(SEED)
    # Not in the last step: a run that ends before it is killed shows nothing.
    moments = sorted(draw.sample(range(1, total - 5), KILLS))
    said = []
    with masters_untouched(disturbed.folder):
        kept: dict[Path, tuple[int, int]] = {}
        for number in moments:
            workers = killed(disturbed, number, draw.uniform(0, 1.0))
            _, alive = psutil.wait_procs(workers, timeout=10)
            assert alive == []
            parts = len(list(disturbed.results.rglob("*.part")))
            found = disturbed.records()
            # What was finished before an earlier kill has not been done again.
            assert {p for p, stamp in kept.items() if found.get(p) != stamp} == set()
            kept = found
            said.append(f"{len(found)} of {total} records, {parts} partial files")
        disturbed.run()
    found = disturbed.records()
    assert {p for p, stamp in kept.items() if found.get(p) != stamp} == set()
    assert outcome(disturbed.results) == wanted
    assert list(disturbed.results.rglob("*.part")) == []
    problems = (disturbed.results / "embedded/problems.tsv").read_text()
    assert problems.count("\n") == 2, "one scan of the demo is broken, and no other"
    with capsys.disabled():
        print("\nkilled at: " + "; ".join(said))
