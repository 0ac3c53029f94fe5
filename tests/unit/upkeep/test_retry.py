"""Problems that are tried again although nothing has changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from restoration.errors import ConfigError
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.run.lock import unlock_results
from restoration.run.run_progress import work_of
from restoration.run.status import status_of
from restoration.upkeep.retry import plan_to_retry, save_config, set_aside
from support.begun_runs import begin, do_all, plan, record
from support.own_processes import HOLD, start
from support.warm_python import Script

__all__ = ["plan"]

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture
def problems(plan: Plan) -> Iterator[Plan]:
    """One problem in each batch: one of the first step, one of a stage."""
    begin(plan)
    do_all(plan, a="ingest: expected RGB, found CMYK", c="denoise: NaN in band 1")
    yield plan
    unlock_results(plan.results)


def names(plan: Plan) -> set[str]:
    return {str(path.relative_to(plan.results)) for path in plan.results.rglob("*.*")}


def test_what_names_a_problem_is_set_aside_and_nothing_is_deleted(problems: Plan) -> None:
    before = names(problems)
    assert set_aside(problems) == ("a", "c")
    expected = {
        "ingest/a.json",
        *(f"{step}/one.tsv" for step in ("ingest", "examine", "plain/denoise", "plain/deliver")),
        "plain/denoise/c.json",
        "plain/denoise/two.tsv",
        "plain/deliver/two.tsv",
        "plain/problems.tsv",
    }
    after = names(problems) - {".lock"}
    assert after == (before - expected) | {f"{name}.retried" for name in expected}
    # What the next run has to do: neither more nor less.
    found = {w.step: set(w.batches) for w in work_of(problems)}
    assert found == {
        "ingest": {"one"},
        "examine": {"one"},
        "denoise": {"one", "two"},
        "deliver": {"one", "two"},
    }
    assert status_of(problems.results).problems == ()


def test_problems_of_an_earlier_version_are_tried_again(problems: Plan) -> None:
    for path in (*problems.results.glob("*/*.json"), *problems.results.glob("*/*/*.json")):
        record = json.loads(path.read_text())
        record.pop("record_sha256", None)
        path.write_text(json.dumps({**record, "schema": 1}))
    assert set_aside(problems) == ("a", "c")
    assert (problems.results / "ingest/a.json.retried").is_file()


def test_one_scan_alone(problems: Plan) -> None:
    assert set_aside(problems, "c") == ("c",)
    assert (problems.folder(None, "ingest") / "a.json").is_file()
    assert [p.scan for p in status_of(problems.results).problems] == ["a"]
    with pytest.raises(ConfigError, match="had no scan 'zebra'"):
        set_aside(problems, "zebra")


def test_a_batch_that_was_not_finished(problems: Plan) -> None:
    Path(problems.table(None, "ingest", "one")).unlink()
    record(problems, None, "ingest", "b", "the file is truncated")
    assert set_aside(problems) == ("a", "b", "c")


def test_a_second_time_keeps_what_the_first_set_aside(problems: Plan) -> None:
    set_aside(problems)
    do_all(problems, a="ingest: still CMYK")
    assert set_aside(problems) == ("a",)
    folder = problems.folder(None, "ingest")
    first, second = (folder / f"a.json.retried{mark}" for mark in ("", "-2"))
    assert json.loads(first.read_text())["reason"] == "ingest: expected RGB, found CMYK"
    assert json.loads(second.read_text())["reason"] == "ingest: still CMYK"


def test_without_problems_nothing_is_touched(plan: Plan) -> None:
    begin(plan)
    do_all(plan)
    before = names(plan)
    assert set_aside(plan) == ()
    unlock_results(plan.results)
    assert names(plan) - {".lock"} == before


def test_a_run_in_hand_is_left_alone(problems: Plan) -> None:
    holder, said = start(HOLD, str(problems.results))
    assert said == "held"
    before = names(problems)
    with pytest.raises(ConfigError, match=rf"another run \(process {holder.pid} on "):
        set_aside(problems)
    assert names(problems) == before
    holder.kill()
    holder.wait()


def test_the_config_is_that_of_the_last_run(problems: Plan) -> None:
    again = make_plan(json.loads(save_config(problems).read_text()))
    assert again == problems


def test_it_must_be_started_where_the_run_was(problems: Plan, tmp_path: Path) -> None:
    problems.results.rename(tmp_path / "moved")
    with pytest.raises(ConfigError, match="in which that run was started"):
        plan_to_retry(tmp_path / "moved")


def test_the_command_is_started_with_the_config(problems: Plan, script: Script) -> None:
    show = [sys.executable, "-c", "import sys; print('started', *sys.argv[1:])"]
    words = ("retry.py", "--results", problems.results, "--", *show, "--cores", "2")
    said = script(*words)
    assert said.returncode == 0
    assert said.stdout.splitlines() == [
        "to be tried again: a, c",
        f"started --cores 2 --configfile {problems.results}/retry.json",
    ]
    do_all(problems)
    said = script(*words)
    assert said.stdout == f"no problem in '{problems.results}' can be tried again\n"
