"""Command lines without what it costs to start an interpreter: ``warm_server.py``, from a test."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from support import warm_client

Script = Callable[..., subprocess.CompletedProcess[str]]
"""How the fixture ``script`` runs one."""

HERE = Path(__file__).resolve().parent


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """One process of the tests after the other."""
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """The folder, filled by whichever process of the tests comes first; the others wait."""
    done = folder.with_name(f"{folder.name}.done")
    with alone(folder.parent, folder.name):
        if not done.exists():
            # Left half made where a first try failed.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


class WarmPython:
    """Runs ``python WORDS`` in processes forked from one that has imported the libraries.

    All workers of pytest share it: the first that needs it starts it, it ends when the last one has
    gone, and the first one waits for that. Where the system knows no descriptors of processes, as
    macOS, each command is started the usual way.
    """

    def __init__(self, folder: Path, checkout: Path) -> None:
        """folder: a common one of all workers; checkout: whose modules are to be at hand."""
        # Short: a socket's path may have 107 bytes.
        self._place = folder / "warm"
        self._server: subprocess.Popen[str] | None = None
        self._warm = hasattr(os, "pidfd_open")
        self._staying = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if not self._warm:
            return
        with alone(folder, "warm"):
            self._socket = str(self._place / "socket")
            try:
                self._staying.connect(self._socket)
            except OSError:
                # Nobody was there yet, or all have gone again.
                shutil.rmtree(self._place, ignore_errors=True)
                self._start(checkout)
                self._staying.connect(self._socket)

    @property
    def program(self) -> Path:
        """What stands for ``python`` in commands of a shell."""
        return self._place / "bin/python" if self._warm else Path(sys.executable)

    def _start(self, checkout: Path) -> None:
        self._place.mkdir()
        python = self.program
        python.parent.mkdir()
        path = self._place / "socket"
        client = f'exec {sys.executable} -IS {HERE / "warm_client.py"} {path} "$@"'
        python.write_text(f"#!/bin/sh\n{client}\n")
        python.chmod(0o755)
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._server = subprocess.Popen(
            [sys.executable, str(HERE / "warm_server.py"), str(path), str(python), str(checkout)],
            env={**os.environ, **one_thread},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "ready\n"

    def end(self) -> None:
        self._staying.close()
        if self._server is not None:
            self._server.wait(timeout=1200)

    def run(
        self,
        words: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        timeout: float = 300.0,
    ) -> subprocess.CompletedProcess[str]:
        """What ``python WORDS`` printed in that folder, and how it ended."""
        if not self._warm:
            return subprocess.run(
                [sys.executable, *words],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            Path(os.devnull).open("rb") as nothing,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
        ):
            connection.settimeout(timeout)
            connection.connect(self._socket)
            text = warm_client.message(words, str(folder), environment)
            files: tuple[IO[bytes], ...] = (nothing, out, err)
            warm_client.send(connection, text, [file.fileno() for file in files])
            process = warm_client.number(connection)
            try:
                code = warm_client.number(connection)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                raise subprocess.TimeoutExpired(
                    list(words), timeout, _text(out), _text(err)
                ) from None
            return subprocess.CompletedProcess(list(words), code, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
