"""SHA-256 of files in the background: two threads read in pieces while records are compared."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from restoration.storage.publish import sha256_of

THREADS = 2


@dataclass(frozen=True)
class Hashed:
    """What came of one file."""

    sha256: str
    """Empty where it could not be read."""
    trouble: str = ""
    """Why it could not be read."""


class Hasher:
    """Takes files to hash; closes when all are done."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="hash")

    def __enter__(self) -> Hasher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def submit(self, path: Path) -> Future[Hashed]:
        return self._pool.submit(_hashed, path)


def _hashed(path: Path) -> Hashed:
    try:
        return Hashed(sha256_of(path))
    except OSError as error:
        return Hashed("", error.strerror or str(error))
