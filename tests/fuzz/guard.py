"""What a worker may do while it looks at hostile input, told by Python's own audit events.

Libraries in C write without such events: the snapshot of the folders sees what they did.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Modules may be imported while a case is run; that must write nothing.
sys.dont_write_bytecode = True

_NULL = Path(os.devnull)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS = {
    "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.remove": 1, "os.rmdir": 1, "os.mkdir": 1,
    "os.truncate": 1, "os.chmod": 1, "os.chown": 1, "os.utime": 1, "os.setxattr": 1,
}  # fmt: skip
_FORBIDDEN = (
    "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.",
    "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "urllib.", "ftplib.",
    "webbrowser.",
)  # fmt: skip


class ForbiddenError(BaseException):
    """Nothing that handles exceptions may take this for one of its own."""


class Guard:
    """Watches this process from now on, whenever it is told to."""

    def __init__(self, allowed: list[Path]) -> None:
        self._roots = [path.resolve() for path in allowed]
        self._watching = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While a case is run; ``seen`` then says what was forbidden."""
        self.seen, self._watching = [], True
        try:
            yield
        finally:
            self._watching = False

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watching:
            return
        if event == "open":
            path, mode, flags = arguments
            written = any(letter in (mode or "") for letter in "wax+") or (flags or 0) & _WRITING
            if written and not self._allowed(path):
                self._refuse(f"writes to {path}")
        elif event in _PATHS:
            for path in arguments[: _PATHS[event]]:
                if not self._allowed(path):
                    self._refuse(f"{event} {path}")
        elif event == "pickle.find_class" and arguments[0] not in ("collections", "numpy"):
            self._refuse(f"unpickles {arguments[0]}.{arguments[1]}")
        elif event.startswith(_FORBIDDEN):
            self._refuse(f"{event} {str(arguments)[:200]}")

    def _allowed(self, path: Any) -> bool:
        if isinstance(path, int):
            return True
        # A link is followed but for its last part: removing or renaming it is about the link.
        given = Path(os.fsdecode(path))
        place = given.parent.resolve() / given.name
        return place == _NULL or any(place.is_relative_to(root) for root in self._roots)

    def _refuse(self, what: str) -> None:
        self.seen.append(what)
        raise ForbiddenError(what)


def snapshot(*folders: Path) -> dict[str, str]:
    """Every file below the folders: size, time and SHA-256; links and special files by kind."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            stat = path.lstat()
            text = f"{stat.st_mode:o} {stat.st_size if not path.is_dir() else ''} "
            if path.is_file() and not path.is_symlink():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                text += f"{stat.st_mtime_ns} {digest}"
            found[str(path)] = text
    return found
