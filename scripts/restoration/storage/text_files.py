"""Text files of the results: published whole, and dated no later than the present."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from restoration.storage.journal import note_written
from restoration.storage.publish import published, write_failure


def now() -> str:
    """The present in ISO 8601, UTC, seconds; SOURCE_DATE_EPOCH stands in where it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_text(path: Path, text: str, *, lasting: bool = True) -> None:
    """Publish a text file whole: written beside, flushed to disk, renamed.

    lasting: False for what a run goes on to change, which has no place in the list of what was
    written.

    Raises CircumstanceError where the disk fails or a master is in the way; no partial file stays
    behind.
    """
    data = text.encode("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(path, error) from error
    with published(path, folder=False) as part:
        part.write_bytes(data)
        if lasting:
            note_written(path, hashlib.sha256(data).hexdigest())


def not_in_future(paths: Iterable[Path]) -> None:
    """Give files that are dated later than the present, as after a clock was set back, its time.

    Snakemake fails a job whose output would be older than its input, and so every job until the
    clock has caught up.
    """
    for path in paths:
        with suppress(OSError):
            if path.lstat().st_mtime > time.time():
                os.utime(path, follow_symlinks=False)
