"""A Python that has imported all that a run needs, and forks itself for each command line.

An interpreter that starts Snakemake or a script of ours spends a second or two on PyTorch, OpenCV,
our own modules and the fingerprints of these, and often less on its work. Here that is paid once.

What is ours is that of one checkout, which no test may change. A command that belongs to another
checkout, such as one in which a test edited the code, imports it from there.

A command comes over a Unix socket: its length, and with that the descriptors of its standard input,
output and error; then, between zero bytes, its umask, folder, number of words, words, and the
environment. It is answered with its process id, and once it has ended with its exit code (a
signal's number, negative, where one ended it).

    warm_server.py SOCKET PYTHON CHECKOUT

PYTHON is what `python` is to be for whatever a command starts: it calls ``warm_client.py``.
"""

from __future__ import annotations

import _thread
import array
import atexit
import gc
import importlib
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

LIBRARIES = ("snakemake.cli", "snakemake.executors.local", "snakemake.executors.dryrun")
LIBRARIES += ("snakemake.scheduling.greedy", "snakemake.scheduling.milp", "exifread")
"""What commands import and no module of ours does at its top."""

OURS = "restoration"


@dataclass(frozen=True)
class Command:
    words: list[str]
    folder: str
    environment: dict[str, str]
    umask: int
    descriptors: list[int]


def import_all(scripts: Path) -> None:
    """The libraries, then every module of ours, and what it reads of its own source once."""
    for name in LIBRARIES:
        importlib.import_module(name)
    sys.path.insert(0, str(scripts))
    package = importlib.import_module(OURS)
    for module in pkgutil.walk_packages(package.__path__, f"{OURS}."):
        # A library that is not installed everywhere is none that a test needs here.
        with suppress(ImportError):
            importlib.import_module(module.name)
    warm_fingerprints()
    del sys.path[0]
    # OpenCV's own threads do not survive a fork.
    sys.modules["cv2"].setNumThreads(1)


def warm_fingerprints() -> None:
    """Have the code of every module read; each fingerprint is then a matter of milliseconds."""
    from restoration.plan.code_fingerprint import code_fingerprint

    for name in [name for name in sys.modules if name.startswith(f"{OURS}.")]:
        with suppress(LookupError):
            code_fingerprint(name)


def received(connection: socket.socket) -> Command | None:
    """The next command of a connection with its descriptors; None where it was closed."""
    size = array.array("i").itemsize
    try:
        head, ancillary, *_ = connection.recvmsg(4, socket.CMSG_SPACE(3 * size))
    except OSError:
        return None
    if len(head) < 4:
        return None
    descriptors = array.array("i")
    for _, _, content in ancillary:
        descriptors.frombytes(content[: len(content) - len(content) % size])
    text = b""
    while len(text) < int.from_bytes(head, "big"):
        text += connection.recv(1 << 16)
    umask, folder, count, *rest = map(os.fsdecode, text.split(b"\0"))
    words, assigned = rest[: int(count)], rest[int(count) :]
    environment = dict(one.split("=", 1) for one in assigned)
    return Command(words, folder, environment, int(umask), list(descriptors))


class Server:
    """Takes commands and forks until everybody has gone who ever connected."""

    def __init__(self, path: str) -> None:
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listening.bind(path)
        self.listening.listen(64)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listening, selectors.EVENT_READ)
        self.connections: set[socket.socket] = set()
        self.working: dict[int, tuple[int, socket.socket]] = {}
        """Of each process at work, by its descriptor: its id, and whom to tell that it ended."""

    def serve(self) -> Command | None:
        """Returns in each forked process its command; None in the server, at its end."""
        met = False
        while self.connections or self.working or not met:
            for key, _ in self.selector.select():
                if key.fileobj is self.listening:
                    met = True
                    connection, _ = self.listening.accept()
                    self.connections.add(connection)
                    self.selector.register(connection, selectors.EVENT_READ)
                elif isinstance(key.fileobj, int):
                    self._tell_end(key.fileobj)
                elif (command := self._next(key.fileobj)) is not None:
                    return command
        return None

    def _next(self, connection: Any) -> Command | None:
        """The command in the process forked for it."""
        command = received(connection)
        if command is None:
            self.selector.unregister(connection)
            self.connections.discard(connection)
            connection.close()
            return None
        process = os.fork()
        if process == 0:
            self._let_go()
            return command
        for descriptor in command.descriptors:
            os.close(descriptor)
        watched = os.pidfd_open(process)
        self.working[watched] = process, connection
        self.selector.register(watched, selectors.EVENT_READ)
        self._say(connection, process)
        return None

    def _tell_end(self, watched: int) -> None:
        process, connection = self.working.pop(watched)
        self.selector.unregister(watched)
        os.close(watched)
        _, status = os.waitpid(process, 0)
        self._say(connection, os.waitstatus_to_exitcode(status))

    def _say(self, connection: socket.socket, number: int) -> None:
        try:
            connection.sendall(number.to_bytes(4, "big", signed=True))
        except OSError:
            # Whoever asked has gone.
            return

    def _let_go(self) -> None:
        for descriptor in (*self.working, *self.connections, self.listening):
            descriptor.close() if isinstance(descriptor, socket.socket) else os.close(descriptor)
        self.selector.close()


def become(command: Command, python: str) -> None:
    """Have this process stand as an interpreter that was just started with the command."""
    for number, descriptor in enumerate(command.descriptors):
        os.dup2(descriptor, number)
    for descriptor in command.descriptors:
        os.close(descriptor)
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.environment)
    os.umask(command.umask)
    sys.executable = python
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path[:] = [*os.environ.get("PYTHONPATH", "").split(os.pathsep), *sys.path]
    sys.path[:] = [entry for entry in sys.path if entry]
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = os.fdopen(0, encoding=encoding, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding=encoding, closefd=False, errors="backslashreplace")


def forget_ours(words: list[str], scripts: Path) -> None:
    """Unless the command belongs to the checkout whose modules are there."""
    own = Path("scripts") if words[0] in ("-m", "-c") else Path(words[0]).parent
    if own.resolve() == scripts:
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == OURS]:
        del sys.modules[name]


def run(words: list[str]) -> None:
    """As ``python WORDS``."""
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        return
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    if words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        sys.path.insert(0, "")
        code = compile(words[1], "<string>", "exec")
    else:
        sys.argv = words
        script = Path(words[0]).absolute()
        sys.path.insert(0, str(script.parent))
        main.__file__ = str(script)
        code = compile(script.read_bytes(), str(script), "exec")
    exec(code, main.__dict__)


def end(code: int) -> NoReturn:
    """As an interpreter ends, but for taking its modules apart, which nobody sees."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 120
    os._exit(code)


def main() -> None:
    path, python, checkout = sys.argv[1:]
    scripts = Path(checkout).resolve() / "scripts"
    # What lies beside this file is nobody's library.
    del sys.path[0]
    import_all(scripts)
    assert _thread._count() == 0, "threads do not survive a fork"
    gc.collect()
    gc.freeze()
    server = Server(path)
    print("ready", flush=True)
    command = server.serve()
    if command is None:
        return
    code = 1
    try:
        become(command, python)
        forget_ours(command.words, scripts)
        run(command.words)
        code = 0
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            code = ending.code or 0
        else:
            print(ending.code, file=sys.stderr)
    except KeyboardInterrupt:
        # As an interpreter ends itself then.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    end(code & 0xFF)


if __name__ == "__main__":
    main()
