"""Places at the GPUs of a node, so that the workers of one user spread over them.

Where the process sees one GPU, whoever started it has chosen: a scheduler by CUDA_VISIBLE_DEVICES,
or a machine that has no more. Where it sees several, workers of one user take turns under locks of
the kernel, which are freed when a worker dies, however it dies. Each GPU has several places; the
first worker takes the first place of the first GPU, and only when every GPU is taken is one shared,
the one with the fewest workers. How many run at once is for the resource `gpu` to say.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from restoration.errors import CircumstanceError

PLACES = 32
"""Workers of one GPU that are told apart; further ones share the first GPU, uncounted."""

_held: list[int] = []
"""Descriptors of the locks that this process holds until it ends, however it ends."""


def take_place(names: Sequence[str], folder: Path) -> int:
    """Take a place at the GPU with the fewest workers, and keep it until this process ends.

    names: of the GPUs, the same in every process of this host. Returns the position of the one
    taken. Raises CircumstanceError where the folder or its files cannot be locked.
    """
    try:
        for place in range(PLACES):
            for number, name in enumerate(names):
                path = folder / f"{re.sub('[^A-Za-z0-9-]', '_', name)}.{place}.lock"
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(descriptor)
                    continue
                _held.append(descriptor)
                return number
    except OSError as error:
        raise CircumstanceError(
            f"device: a GPU cannot be chosen, since '{folder}' cannot be locked "
            f"({error.strerror}); name one GPU with CUDA_VISIBLE_DEVICES"
        ) from None
    return 0


def lock_folder() -> Path:
    """A folder of this user on this host, the same for all of its processes.

    Not the temporary folder, which a scheduler may give to each job anew. Raises CircumstanceError
    where somebody else has made it.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    parent = Path(given) if given and _is_ours(Path(given)) else Path("/tmp")
    folder = parent / f"archival-scan-restoration-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder):
        raise CircumstanceError(
            f"device: a GPU cannot be chosen, since '{folder}' is no folder of this user's own; "
            "name one GPU with CUDA_VISIBLE_DEVICES"
        )
    return folder


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
