"""The log of verifications: a dated line for each, appended and never changed."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restoration import __version__
from restoration.records.fixity import FixityLine
from restoration.storage.publish import is_own
from restoration.storage.records import now


def append(path: Path, said: Mapping[str, Any]) -> None:
    """Append a line: when, by which version, and what is said, by the fields of ``FixityLine``.

    Raises OSError where it cannot be written; a link at ``path`` is not followed, and a file with
    another name is not touched.
    """
    line = FixityLine.model_validate({"when": now(), "software": __version__, **said})
    text = json.dumps(line.raw(), ensure_ascii=False) + "\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o644)
    try:
        if not is_own(os.fstat(descriptor)):
            raise OSError(errno.EMLINK, "it has another name elsewhere")
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
