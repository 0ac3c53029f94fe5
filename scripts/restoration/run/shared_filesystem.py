"""That every process of a run sees the same results, and that their file system does what is asked.

Records, images and tables are published by rename and found by name, by jobs that may run on other
hosts. So the results must lie on a file system that all hosts share, at the same path. The main
process leaves the name of its run there; a job that finds another one, or none, does not begin.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from restoration.errors import CircumstanceError, ConfigError
from restoration.plan.plan import plan_file
from restoration.storage.publish import part_name, replace, write_failure
from restoration.storage.text_files import write_text

MARKER = ".run"
"""In the results: the run that has them, its host and process."""

VARIABLE = "RESTORATION_RUN"
"""What jobs inherit: the name of the run and its host."""

WAIT = 75.0
"""Seconds that a job on another host waits for the marker: NFS clients believe for up to 60 s that
a file is not there which another client has just made."""

NEEDED = ("input-output", "sources")
"""What Snakemake must take for shared: results and masters, and this checkout."""


def check_storage(settings: Any) -> None:
    """Raises ConfigError where Snakemake is to carry the results about (``StorageSettings``).

    Workers publish images and records that Snakemake knows nothing of, beside the tables that it
    does: a storage provider would leave them behind.
    """
    if settings.default_storage_provider is not None:
        raise ConfigError(
            f"--default-storage-provider {settings.default_storage_provider}: results cannot lie "
            "in a storage plug-in, since workers write more than Snakemake knows of; use a folder "
            "that all hosts share"
        )
    shared = {str(usage) for usage in settings.shared_fs_usage}
    missing = [usage for usage in NEEDED if usage not in shared]
    if missing:
        raise ConfigError(
            f"--shared-fs-usage: expected {' and '.join(missing)} among what is shared, found "
            f"{' '.join(sorted(shared)) or 'none'}; results, masters and this checkout must be on "
            "a file system that all hosts share"
        )


def begin_shared(results: Path) -> None:
    """Try what workers ask of the results' file system, and leave the name of this run there.

    Raises CircumstanceError where it cannot do that.
    """
    _try_file_system(results)
    run, host = uuid.uuid4().hex, socket.gethostname()
    marker = {"run": run, "host": host, "process": os.getpid(), "path": str(results.resolve())}
    write_text(results / MARKER, json.dumps(marker) + "\n", lasting=False)
    os.environ[VARIABLE] = f"{run} {host}"


def _try_file_system(results: Path) -> None:
    probe = part_name(results / ".probe")
    other = part_name(results / ".probe")
    said = b"written, flushed, renamed"
    doing = "written"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(probe, flags, 0o644)
        try:
            os.write(descriptor, said)
            doing = "flushed to the disk (fsync)"
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        doing = "renamed over another"
        with other.open("xb") as file:
            file.write(b"old")
        replace(probe, other)
        doing = "read back"
        found = other.read_bytes()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise write_failure(results, error) from None
        raise CircumstanceError(
            f"results: a file in '{results}' cannot be {doing} ({error.strerror}); workers publish "
            "by flush and rename: name a folder on another file system with `results`"
        ) from None
    finally:
        for path in (probe, other):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    if found != said:
        raise CircumstanceError(
            f"results: a file that was renamed over another in '{results}' still shows the old "
            "one; expected a rename to take effect at once: name a folder on another file system "
            "with `results`"
        )


def check_same_results(results: Path, wait: float = WAIT) -> None:
    """Called by each job before it begins.

    A job that nobody started with the name of a run is one that a person started by hand: any run
    will do. Raises CircumstanceError with one line where this is not the folder of the run.
    """
    run, _, host = os.environ.get(VARIABLE, "").partition(" ")
    here = socket.gethostname()
    deadline = time.monotonic() + (wait if host not in ("", here) else 0.0)
    while True:
        marker = _marker(results)
        if plan_file(results).is_file() and (not run or marker.get("run") == run):
            return
        if time.monotonic() >= deadline:
            break
        time.sleep(min(1.0, wait))
    place, on = results.resolve(), f" on {host}" if host else ""
    if not marker or not plan_file(results).is_file():
        raise CircumstanceError(
            f"results: '{place}' on {here} holds no run, expected the one that began{on}; results "
            "must lie on a file system that both hosts share, at the same path"
        )
    raise CircumstanceError(
        f"results: '{place}' on {here} is that of a run on {marker.get('host')} (process "
        f"{marker.get('process')}), expected the one{on} that started this job; either the folder "
        "is not shared, or a later run has begun in it"
    )


def _marker(results: Path) -> dict[str, Any]:
    try:
        found = json.loads((results / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
