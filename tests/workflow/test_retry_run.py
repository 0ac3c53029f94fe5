"""What a person sees of a run from outside, and problems that are tried again."""

from __future__ import annotations

import json
import sys

import pytest

from support.project import ROWS, Project


@pytest.mark.slow
def test_status_and_retry_of_a_collection_with_a_problem(project: Project) -> None:
    done = project.script("status")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "finished")
    (project.folder / "masters/broken.tif").write_bytes(b"II*\0")
    project.sheet([*ROWS, ("broken", "masters/broken.tif", "two", "")])
    said = project.run()
    # Batch one has nothing to do; each of the five steps of batch two ended with a line.
    assert "run: 5 of 5 jobs done, 4 of 4 scans finished or a problem" in said
    log = (project.results / "run.log").read_text().splitlines()
    assert log[-1].endswith("1 problem so far")
    assert project.script("status").returncode == 3

    before = project.stamps()
    snakemake = [sys.executable, "-m", "snakemake", "--cores", "2"]
    retried = project.script("retry", "--scan", "broken", "--", *snakemake)
    assert retried.returncode == 0, retried.stdout + retried.stderr
    # Looked at again, and no other scan with it.
    assert project.written_since(before) == {"ingest/broken", "retry"}
    status = project.script("status", "--json")
    assert status.returncode == 3
    found = json.loads(status.stdout)
    assert [problem["scan"] for problem in found["problems"]] == ["broken"]
    assert (project.results / "ingest/broken.json.retried").is_file()
    assert "broken" in (project.results / "plain/problems.tsv").read_text()
    assert "Nothing to be done" in project.run()
