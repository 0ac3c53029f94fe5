"""A clock that is set by a year, forward or back: nothing runs again, nothing breaks."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from faults.workers import STEPS, Collection, Zygote, masters_untouched, outcome
from restoration.run.run_progress import (
    BatchEnd,
    begin_progress,
    read_run,
    seconds_left,
    summary,
    tell_end,
    work_of,
)
from support.project import Project

YEAR = 365 * 24 * 3600.0


def dated(paths: list[Path], by: float) -> None:
    """As if they had been written while the clock was wrong by so many seconds."""
    for path in paths:
        moment = path.stat().st_mtime + by
        os.utime(path, (moment, moment))


@pytest.mark.slow
@pytest.mark.parametrize("by", [YEAR, -YEAR])
def test_finished_results_of_another_time(by: float, fresh: Collection, zygote: Zygote) -> None:
    with masters_untouched(fresh.folder):
        assert zygote.work(fresh.folder, STEPS[:3]).code == 0
        dated([path for path in fresh.results.rglob("*") if path.is_file()], by)
        before = fresh.stamps()
        assert zygote.work(fresh.folder).code == 0
    later = {name for name in fresh.written_since(before) if name in before}
    assert later == set()


@pytest.mark.parametrize("by", [YEAR, -YEAR])
def test_time_left_of_a_run_in_which_the_clock_was_set(
    by: float,
    fresh: Collection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(fresh.folder)
    plan = fresh.plan()
    begin_progress(plan, work_of(plan))
    wrong = time.time() + by
    monkeypatch.setattr("restoration.run.run_progress.time.time", lambda: wrong)
    for step in STEPS[:-1]:
        recipe = None if step in ("ingest", "examine") else "plain"
        tell_end(plan.results, BatchEnd(recipe, step, "box", 3, 3, 0, 0, seconds=0.5))
    run = read_run(plan.results)
    assert run is not None
    assert 0 <= run.present() - run.started < 600
    assert "deliver not measured yet" in summary(run, run.present())
    tell_end(plan.results, BatchEnd("plain", "deliver", "box", 3, 1, 0, 2, seconds=0.5))
    run = read_run(plan.results)
    assert run is not None
    left, unknown = seconds_left(run, run.present())
    assert unknown == []
    # Some seconds of work are left; by the wrong clock it would be months, or nothing.
    assert 0 < left < 3600
    said = capsys.readouterr().err
    assert " scan steps an hour" in said
    assert " 0 scan steps an hour" not in said


@pytest.mark.slow
@pytest.mark.parametrize("by", [YEAR, -YEAR])
def test_a_run_that_goes_on_after_the_clock_was_set(
    by: float, finished: Project, project: Project
) -> None:
    """Its tables seem to come from the future, or to be old: no scan is worked on again."""
    with masters_untouched(project.folder):
        before = project.stamps()
        written = [path for path in project.results.rglob("*") if path.is_file()]
        dated(written, by)
        said = project.run()
        assert "Nothing to be done" in said
        # Half of the way is to be gone anew.
        shutil.rmtree(project.results / "plain")
        dated(list(project.results.rglob("*.tsv")), by)
        project.run()
        again = project.run()
        assert "Nothing to be done" in again
    assert {name for name in before if name.startswith(("ingest/", "examine/"))}
    assert outcome(project.results) == outcome(finished.results)


@pytest.mark.slow
def test_a_clock_that_is_set_back_in_the_middle_of_a_run(
    finished: Project, project: Project
) -> None:
    """Snakemake fails a job whose input is newer than its output; the input is dated anew."""
    shutil.rmtree(project.results)
    shutil.rmtree(project.folder / ".snakemake")
    with masters_untouched(project.folder):
        for until in ("ingest", "examine", "cleanup", "deliver"):
            project.run("--until", until)
            dated(list(project.results.rglob("*.tsv")), YEAR)
        project.run()
        assert "Nothing to be done" in project.run()
    assert outcome(project.results) == outcome(finished.results)
