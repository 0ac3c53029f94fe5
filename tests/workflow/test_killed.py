"""A run that is killed loses at most the scan in hand, and ends with the same bytes.

The runs that are killed, and those that go on, are started as a person starts them; the undisturbed
one is not, so that its bytes show as well that this makes no difference.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from support.project import Project, fresh_copy, write_master

MANY = [f"s{number:02d}" for number in range(16)]


@pytest.fixture(scope="module")
def fresh(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with sixteen scans in one batch, nothing of it processed.

    The scans are large enough for the batch to outlast the time in which a worker
    notices that its run is gone.
    """
    project = fresh_copy(finished, tmp_path_factory.mktemp("fresh") / "project")
    for number, scan in enumerate(MANY):
        path = project.folder / f"masters/{scan}.tif"
        write_master(path, seed=number % 4, height=240, width=320)
    project.sheet([(scan, f"masters/{scan}.tif", "box", "") for scan in MANY])
    return project


def in_runtime(project: Project, runtime: str) -> Project:
    """The project with networks computed by that runtime."""
    project.configure({**project.config(), "engine": {"runtime": runtime}})
    return project


# What a run takes by itself, which is the native one where it was built; the other when slow tests
# are run, since a run that is killed costs as much as two.
@pytest.fixture(scope="module", params=["auto", pytest.param("torch", marks=pytest.mark.slow)])
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def unfinished(fresh: Project, runtime: str, tmp_path: Path) -> Project:
    return in_runtime(fresh_copy(fresh, tmp_path / "project"), runtime)


@pytest.fixture(scope="module")
def undisturbed(fresh: Project, runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same scans, processed without a kill."""
    folder = tmp_path_factory.mktemp("undisturbed") / "project"
    project = in_runtime(fresh_copy(fresh, folder), runtime)
    project.run()
    return project


def start(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        project.command(),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for_records(project: Project, count: int) -> None:
    """Until so many scans went through cleanup: the middle of a batch."""
    folder = project.results / "plain/cleanup"
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.json"))) < count:
        assert time.monotonic() < deadline, "the run did not get to its cleanup stage"
        time.sleep(0.01)


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


# That a worker ends with its parent is tested by itself, in seconds (test_running.py).
@pytest.mark.parametrize(
    "how", ["everything", pytest.param("the main process alone", marks=pytest.mark.slow)]
)
def test_a_run_that_a_second_one_leaves_alone_and_that_is_killed_in_the_middle_of_a_batch(
    unfinished: Project, undisturbed: Project, how: str
) -> None:
    process = start(unfinished)
    wait_for_records(unfinished, 3)
    workers = workers_of(process)
    # Held fast, so that it is still there when a second one comes.
    os.killpg(process.pid, signal.SIGSTOP)
    said = unfinished.run(check=False)
    assert f"another run (process {process.pid} on " in said
    os.killpg(process.pid, signal.SIGCONT)
    if how == "everything":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    # Nobody works on for a run that is gone.
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []

    before = unfinished.stamps()
    done = {name for name in before if name.startswith("plain/cleanup/") and "json" in name}
    assert 3 <= len(done) < len(MANY), "the kill did not hit the middle of the batch"
    assert not (unfinished.results / "plain/cleanup/box.tsv").exists()
    unfinished.run(warm=False)
    after = unfinished.stamps()
    assert {name for name in done if after[name] != before[name]} == set()
    assert unfinished.bytes_of_deliverables() == undisturbed.bytes_of_deliverables()
    assert len(undisturbed.bytes_of_deliverables()) == len(MANY)


@pytest.mark.slow
def test_one_worker_or_two_with_one_thread_or_two_make_the_same_bytes(
    fresh: Project, runtime: str, tmp_path: Path
) -> None:
    made = []
    for workers, threads in (("1", 1), ("2", 2)):
        folder = tmp_path / f"{workers}-{threads}"
        project = in_runtime(fresh_copy(fresh, folder), runtime)
        project.configure({**project.config(), "threads": threads})
        batches = ("one", "two")
        project.sheet([(s, f"masters/{s}.tif", batches[n % 2], "") for n, s in enumerate(MANY[:4])])
        project.run("--cores", workers)
        made.append(project.bytes_of_deliverables())
    assert made[0] == made[1]
    assert len(made[0]) == 4
