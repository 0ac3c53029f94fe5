"""A worker that is told to end, and a run that a person stops: nothing half done is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from faults.workers import Collection, Zygote, masters_untouched, outcome
from support.project import Project, fresh_copy, write_master

LISTENING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_worker_that_is_told_to_end(
    number: signal.Signals, fresh: Collection, zygote: Zygote, undisturbed: Collection
) -> None:
    with masters_untouched(fresh.folder):
        assert zygote.work(fresh.folder, ("ingest", "examine")).code == 0
        # At the beginning of the second scan.
        ended = zygote.work(fresh.folder, ("cleanup",), records=7, after=0.0, number=number)
        assert ended.code == 128 + number
        said = f"ended by {number.name}: what is finished is kept, the next run does the rest"
        assert ended.said.splitlines()[-1] == said
        assert said in (fresh.results / "logs/plain/cleanup/box.log").read_text()
        assert fresh.parts() == []
        assert not fresh.table("cleanup").exists()
        before = fresh.stamps()
        assert "plain/cleanup/a.json" in before
        assert zygote.work(fresh.folder).code == 0
        assert "plain/cleanup/a" not in fresh.written_since(before)
    assert outcome(fresh.results) == outcome(undisturbed.results)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_a_person_or_a_scheduler_stops(
    number: signal.Signals, finished: Project, tmp_path: Path
) -> None:
    """Ctrl-C goes to the whole process group; a scheduler may tell the main process alone."""
    project = fresh_copy(finished, tmp_path / "project")
    scans = [f"s{number:02d}" for number in range(8)]
    for seed, scan in enumerate(scans):
        write_master(project.folder / f"masters/{scan}.tif", seed % 4, height=240, width=320)
    project.sheet([(scan, f"masters/{scan}.tif", "box", "") for scan in scans])
    calm = fresh_copy(project, tmp_path / "calm")
    calm.run()
    with masters_untouched(project.folder):
        process = subprocess.Popen(
            # Whatever runs the tests may have it ignored, which children inherit.
            [sys.executable, "-c", LISTENING, *project.command()],
            cwd=project.folder,
            env=project.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + 300
        while len(list(project.results.glob("plain/cleanup/*.json"))) < 2:
            assert time.monotonic() < deadline, "the run did not get to its cleanup stage"
            time.sleep(0.01)
        workers = psutil.Process(process.pid).children(recursive=True)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        said, _ = process.communicate(timeout=120)
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert alive == []
        assert process.returncode != 0, said
        if number == signal.SIGINT:
            assert "ended by SIGINT: what is finished is kept" in said
            assert not (project.results / "plain/cleanup/box.tsv").exists()
            assert list(project.results.rglob("*.part")) == []
        before = project.stamps()
        project.run()
    done = {n for n in before if n.startswith("plain/cleanup/") and n.endswith(".json")}
    after = project.stamps()
    assert {name for name in done if after[name] != before[name]} == set()
    assert list(project.results.rglob("*.part")) == []
    assert outcome(project.results) == outcome(calm.results)
