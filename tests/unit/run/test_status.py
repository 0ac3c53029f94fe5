"""How a collection stands, and what the workers of a run tell each other."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from restoration.errors import ConfigError
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.run.run_progress import (
    LOG,
    PROGRESS,
    BatchEnd,
    read_run,
    seconds_left,
    summary,
    tell_end,
    work_of,
)
from restoration.run.status import status_of
from restoration.run.status_text import text_of
from support.begun_runs import BATCHES, STEPS, begin, do, do_all, plan, record
from support.warm_python import Script

__all__ = ["plan"]

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def counts(plan: Plan) -> list[tuple[int, int, int]]:
    """Done, problems and waiting, by step."""
    return [(s.done, s.problems, s.waiting) for s in status_of(plan.results).steps]


def test_a_finished_collection(plan: Plan) -> None:
    begin(plan)
    do_all(plan)
    status = status_of(plan.results)
    assert counts(plan) == [(3, 0, 0)] * 4
    assert (status.exit_code, status.run.state) == (0, "no run")
    assert text_of(status).endswith("\nfinished\n")


def test_after_the_run_of_one_scan_it_says_that_it_speaks_of_that_one(plan: Plan) -> None:
    begin(plan)
    do_all(plan)
    assert "alone" not in text_of(status_of(plan.results))
    replace(plan, config=plan.config.model_copy(update={"only": "a"})).save()
    status = status_of(plan.results)
    assert status.record()["only"] == "a"
    assert "the last run was of the scan 'a' alone" in text_of(status)


def test_problems_are_counted_once_and_named_with_their_reason(plan: Plan) -> None:
    begin(plan)
    do_all(plan, b="denoise: NaN in band 1")
    status = status_of(plan.results)
    assert counts(plan) == [(3, 0, 0), (3, 0, 0), (2, 1, 0), (2, 1, 0)]
    assert [(p.scan, p.step, p.reason) for p in status.problems] == [
        ("b", "denoise", "NaN in band 1")
    ]
    assert status.exit_code == 3
    assert f"  all of them: {plan.results}/plain/problems.tsv\n" in text_of(status)


def test_a_batch_without_a_table_is_counted_by_its_records(plan: Plan) -> None:
    begin(plan)
    do(plan, None, "ingest", "two")
    record(plan, None, "ingest", "a", "the file is truncated")
    assert counts(plan)[0] == (1, 1, 1)
    # What a scan that is unfit waits for will never come.
    assert counts(plan)[1] == (0, 1, 2)
    status = status_of(plan.results)
    assert [p.reason for p in status.problems] == ["the file is truncated"]
    assert status.exit_code == 4
    assert text_of(status).endswith("\nnot finished\n")


def test_the_last_page_belongs_to_a_finished_collection(plan: Plan) -> None:
    begin(plan)
    do_all(plan)
    (plan.results / "plain" / "report.html").unlink()
    assert status_of(plan.results).exit_code == 4


def test_tables_of_other_settings_are_not_taken_for_done(plan: Plan) -> None:
    begin(plan)
    do_all(plan)
    raw = plan.config.model_dump(mode="json")
    raw["recipes"]["plain"]["stages"]["denoise"]["strength"] = 0.5
    changed = make_plan(raw)
    # As the files of a run that was long ago.
    for path in plan.results.rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    begin(changed)
    assert counts(changed) == [(3, 0, 0), (3, 0, 0), (0, 0, 3), (0, 0, 3)]
    assert status_of(plan.results).exit_code == 4
    do(changed, "plain", "denoise", "one")
    # The next batch is in hand: Snakemake has taken its table away.
    Path(plan.table("plain", "denoise", "two")).unlink()
    assert counts(changed)[2] == (2, 0, 1)
    record(changed, "plain", "denoise", "c")
    assert counts(changed)[2] == (3, 0, 0)


def test_rate_and_time_left_of_the_last_hour(plan: Plan) -> None:
    begin(plan)
    do(plan, None, "ingest", "one")
    present = 1e9 + 7200
    os.utime(plan.results / "run.json", (1e9, 1e9))
    os.utime(plan.folder(None, "ingest") / "a.json", (1e9 + 60, 1e9 + 60))
    os.utime(plan.folder(None, "ingest") / "b.json", (present - 60, present - 60))
    (plan.results / ".lock").write_text(f"{os.getpid()}\n")
    status = status_of(plan.results, present)
    ingest = status.steps[0]
    assert (ingest.per_hour, ingest.seconds_left) == (1.0, 3600.0)
    assert status.steps[1].per_hour is None


def test_a_run_is_seen_without_its_lock_being_taken(plan: Plan) -> None:
    begin(plan)
    do_all(plan)
    hold = (
        "import sys; from pathlib import Path; from restoration.run.lock import lock_results as l;"
        "l(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(plan.results)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    status = status_of(plan.results)
    assert (status.run.state, status.run.process) == ("running", holder.pid)
    assert status.exit_code == 4
    holder.kill()
    holder.communicate()
    assert status_of(plan.results).run.state == "no run"


def test_a_number_that_names_another_process_by_now_is_no_run(plan: Plan) -> None:
    begin(plan)
    lock = plan.results / ".lock"
    lock.write_text(f"{os.getpid()}\n")
    assert status_of(plan.results).run.state == "running"
    os.utime(lock, (1e9, 1e9))
    assert status_of(plan.results).run.state == "no run"


def test_a_run_on_another_host_cannot_be_seen(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(plan)
    (plan.results / ".lock").write_text(f"{os.getpid()}\n")
    here = socket.gethostname()
    monkeypatch.setattr("restoration.run.status.socket.gethostname", lambda: "elsewhere")
    status = status_of(plan.results)
    assert status.run.state == "unknown"
    assert f"on {here}; whether it still runs cannot be seen from here" in text_of(status)


def test_a_run_on_another_host_is_seen_by_its_signs_of_life(plan: Plan) -> None:
    begin(plan)
    lock = plan.results / ".lock"
    lock.write_text("77 elsewhere\n")
    status = status_of(plan.results)
    assert (status.run.state, status.run.process, status.run.host) == ("running", 77, "elsewhere")
    os.utime(lock, (1e9, 1e9))
    assert status_of(plan.results).run.state == "unknown"


def test_disk_counts_a_shared_file_once(plan: Plan) -> None:
    begin(plan)
    image = plan.folder("plain", "denoise") / "a.tif"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"5" * 100_000)
    (image.parent / "same.tif").hardlink_to(image)
    (plan.folder("plain", "deliver")).mkdir()
    (plan.folder("plain", "deliver") / "a.tif").write_bytes(b"5" * 50_000)
    status = status_of(plan.results)
    assert status.intermediate_bytes == image.stat().st_blocks * 512
    assert 0 < status.deliverable_bytes < status.intermediate_bytes
    assert status.free_bytes > 0


def test_results_may_lie_elsewhere_by_now(plan: Plan, tmp_path: Path) -> None:
    begin(plan)
    do_all(plan)
    plan.results.rename(tmp_path / "moved")
    assert status_of(tmp_path / "moved").exit_code == 0


def test_no_results_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected the plan of a run"):
        status_of(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ConfigError, match="comes from another version"):
        status_of(tmp_path)


def test_the_command_line(plan: Plan, tmp_path: Path, script: Script) -> None:
    assert script("status.py", "--results", tmp_path / "none").returncode == 2
    begin(plan)
    do_all(plan, a="ingest: expected RGB, found CMYK")
    said = script("status.py", "--results", plan.results, "--json")
    assert said.returncode == 3
    found = json.loads(said.stdout)
    assert found["exit_code"] == 3
    assert found["problems"][0]["reason"] == "expected RGB, found CMYK"


# -- what the workers leave ------------------------------------------------------------------------


def test_a_first_run_has_everything_to_do(plan: Plan) -> None:
    work = work_of(plan)
    assert [(w.recipe, w.step, dict(w.batches), w.untrue) for w in work] == [
        (recipe, step, {"one": 2, "two": 1}, ()) for recipe, step in STEPS
    ]


def test_work_is_what_no_true_table_speaks_of(plan: Plan, tmp_path: Path) -> None:
    plan.save()
    do_all(plan)
    assert work_of(plan) == ()
    # Nobody waits for it, as the one after it is there.
    Path(plan.table(None, "examine", "one")).unlink()
    assert work_of(plan) == ()
    Path(plan.table("plain", "deliver", "two")).unlink()
    assert [(w.step, dict(w.batches)) for w in work_of(plan)] == [("deliver", {"two": 1})]
    (tmp_path / "a.tif").write_text("now it is there")
    # One plan looks at a master once; what runs next has a plan of its own.
    found = {w.step: (dict(w.batches), w.untrue) for w in work_of(replace(plan))}
    assert found == {
        "ingest": ({"one": 2}, ("one",)),
        "examine": ({"one": 2}, ()),
        "denoise": ({"one": 2}, ("one",)),
        "deliver": ({"one": 2, "two": 1}, ("one",)),
    }


def test_one_line_for_each_finished_job(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    begin(plan)
    do(plan, None, "ingest", "one", a="ingest: expected RGB, found CMYK")
    said = capsys.readouterr().err
    assert said.startswith("run: 1 of 8 jobs done, 0 of 3 scans finished or a problem, ")
    assert " (examine, denoise, deliver not measured yet), 1 problem so far\n" in said
    for recipe, step in STEPS:
        for batch in BATCHES:
            do(plan, recipe, step, batch)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("run: 8 of 8 jobs done, 3 of 3 scans finished or a problem, ")
    assert " left" not in last
    log = (plan.results / LOG).read_text().splitlines()
    assert log[0].endswith("run begins: 8 jobs to do, 3 scans")
    assert len(log) == 10
    begin(plan)
    run = read_run(plan.results)
    assert run is not None
    assert run.ends == ()


def test_problems_of_the_whole_run_are_told_whenever_they_were_found(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that is resumed does not forget what it found before it was stopped."""
    begin(plan)
    do(plan, None, "ingest", "one", a="ingest: damaged", b="ingest: expected RGB, found CMYK")
    do(plan, None, "ingest", "two")
    capsys.readouterr()
    begin(replace(plan))
    do(plan, None, "examine", "one", a="ingest: damaged", b="ingest: expected RGB, found CMYK")
    assert capsys.readouterr().err.endswith(", 2 problems so far\n")
    do(plan, None, "examine", "two", c="examine: too small")
    assert capsys.readouterr().err.endswith(", 3 problems so far\n")


def test_a_job_that_was_tried_again_tells_its_problems_once(plan: Plan) -> None:
    begin(plan)
    end = BatchEnd(None, "ingest", "one", scans=2, worked=2, problems=1, failed=1, seconds=1.0)
    tell_end(plan.results, end)
    tell_end(plan.results, replace(end, failed=0))
    run = read_run(plan.results)
    assert run is not None
    assert ", 1 problem so far" in summary(run, time.time())


def test_time_left_is_by_the_cost_of_each_step(plan: Plan) -> None:
    begin(plan)
    # Two jobs side by side: 40 s of work in 20 s.
    for batch, scans in (("one", 2), ("two", 1)):
        tell_end(plan.results, BatchEnd(None, "ingest", batch, scans, scans, 0, 0, 5.0 * scans))
    tell_end(plan.results, BatchEnd(None, "examine", "two", 1, 1, 0, 0, 25.0))
    run = read_run(plan.results)
    assert run is not None
    left, unknown = seconds_left(run, run.started + 20)
    # Two scans of 25 s each.
    assert left == pytest.approx(25.0)
    assert unknown == ["denoise", "deliver"]
    assert "720 scan steps an hour, at least 25 s left" in summary(run, run.started + 20)


def test_a_failed_job_is_not_done_until_it_was_tried_again(plan: Plan) -> None:
    begin(plan)
    end = BatchEnd(None, "ingest", "one", scans=2, worked=1, problems=0, failed=1, seconds=1.0)
    tell_end(plan.results, end)
    run = read_run(plan.results)
    assert run is not None
    assert "0 of 8 jobs done" in summary(run, time.time())
    assert summary(run, time.time()).endswith("1 job failed")
    tell_end(plan.results, replace(end, failed=0))
    run = read_run(plan.results)
    assert run is not None
    assert "1 of 8 jobs done" in summary(run, time.time())


def test_a_torn_line_is_passed_over(plan: Plan) -> None:
    begin(plan)
    with (plan.results / PROGRESS).open("a") as file:
        file.write('{"recipe": null, "step": "ing\n')
    do(plan, None, "ingest", "one")
    run = read_run(plan.results)
    assert run is not None
    assert [end.batch for end in run.ends] == ["one"]


def test_progress_that_cannot_be_written_stops_nobody(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_end(plan.results / "nowhere", BatchEnd(None, "ingest", "one", 2, 2, 0, 0, 1.0))
    assert "progress cannot be written" in capsys.readouterr().err
