"""One folder of results for all hosts: what is tried at the start, and what a job checks."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from restoration.errors import CircumstanceError, ConfigError
from restoration.run import shared_filesystem as shared_fs
from restoration.run.shared_filesystem import (
    MARKER,
    VARIABLE,
    begin_shared,
    check_same_results,
    check_storage,
)
from support.warm_python import Script


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, "")
    (tmp_path / "run.json").write_text("{}")
    begin_shared(tmp_path)
    return tmp_path


def test_a_job_of_the_run_begins(results: Path) -> None:
    check_same_results(results)
    assert sorted(path.name for path in results.iterdir()) == [MARKER, "run.json"]


def test_a_job_on_a_host_without_the_folder_says_where_it_should_be(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = os.environ[VARIABLE].split()[0]
    monkeypatch.setenv(VARIABLE, f"{run} headnode")
    monkeypatch.setattr(shared_fs.socket, "gethostname", lambda: "node7")
    other = tmp_path / "empty"
    with pytest.raises(CircumstanceError) as caught:
        check_same_results(other, wait=0.01)
    said = str(caught.value)
    assert f"'{other.resolve()}' on node7 holds no run" in said
    assert "the one that began on headnode" in said
    assert "\n" not in said


def test_a_job_of_an_earlier_run_does_not_begin(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = os.environ[VARIABLE]
    begin_shared(results)
    check_same_results(results)
    monkeypatch.setenv(VARIABLE, earlier)
    with pytest.raises(CircumstanceError, match="or a later run has begun in it"):
        check_same_results(results)


def test_a_marker_that_comes_late_is_waited_for(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, os.environ[VARIABLE].split()[0] + " headnode")
    marker = (results / MARKER).read_text()
    (results / MARKER).unlink()
    monkeypatch.setattr(
        shared_fs.time, "sleep", lambda seconds: (results / MARKER).write_text(marker)
    )
    check_same_results(results, wait=30.0)


def test_a_job_started_by_hand_takes_any_run(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    (results / MARKER).unlink()
    check_same_results(results)


def test_the_worker_says_it_in_one_line(tmp_path: Path, script: Script) -> None:
    words = ("run_step.py", "ingest", "one", "--results", tmp_path)
    done = script(*words, **{VARIABLE: ""})
    assert done.returncode == 1
    assert done.stderr.startswith("error: results: ")
    assert len(done.stderr.splitlines()) == 1


def failing(number: int) -> Callable[..., Any]:
    def fail(*given: Any, **named: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("where", "name", "number", "said"),
    [
        (os, "fsync", errno.EINVAL, "cannot be flushed to the disk"),
        (os, "write", errno.ENOSPC, "cannot be written"),
        (Path, "replace", errno.EPERM, "cannot be renamed over another"),
        (Path, "read_bytes", errno.EIO, "cannot be read back"),
    ],
)
def test_a_file_system_that_cannot_do_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, number: int, said: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(where, name, failing(number))
        with pytest.raises(CircumstanceError, match=said):
            begin_shared(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_rename_that_shows_the_old_file_is_no_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", lambda self, target: target)
    with pytest.raises(CircumstanceError, match="still shows the old one"):
        begin_shared(tmp_path)


def test_the_marker_names_host_and_place(results: Path) -> None:
    marker = json.loads((results / MARKER).read_text())
    assert marker["path"] == str(results.resolve())
    assert marker["process"] == os.getpid()


def storage(provider: str | None = None, *shared: str) -> Any:
    return SimpleNamespace(default_storage_provider=provider, shared_fs_usage=shared)


def test_results_in_a_storage_plug_in_are_refused() -> None:
    check_storage(storage(None, "input-output", "sources", "persistence"))
    with pytest.raises(ConfigError, match="--default-storage-provider s3: results cannot lie in"):
        check_storage(storage("s3", "input-output", "sources"))
    with pytest.raises(ConfigError, match="expected sources among what is shared"):
        check_storage(storage(None, "input-output"))


def test_snakemake_calls_it_what_we_call_it() -> None:
    from snakemake.settings.types import SharedFSUsage, StorageSettings

    assert set(shared_fs.NEEDED) <= {str(usage) for usage in SharedFSUsage}
    check_storage(StorageSettings())
