"""`python`, as it is called from within a command of ``warm_server.py``: its words go there.

Started for every job of every run, without site-packages, so it imports next to nothing. What the
server does not know how to do, the real interpreter does.

    warm_client.py SOCKET WORDS
"""

import _signal
import _socket
import os
import sys

FORWARDED = (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP)


def message(words, folder, environment):
    """What ``warm_server.received`` reads, behind its length."""
    umask = os.umask(0)
    os.umask(umask)
    assigned = [f"{name}={value}" for name, value in environment.items()]
    parts = [str(umask), folder, str(len(words)), *words, *assigned]
    return b"\0".join(map(os.fsencode, parts))


def send(connection, text, descriptors):
    rights = b"".join(number.to_bytes(4, sys.byteorder) for number in descriptors)
    ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)]
    connection.sendmsg([len(text).to_bytes(4, "big")], ancillary)
    connection.sendall(text)


def number(connection):
    """The next answer: process id or exit code."""
    answer = b""
    while len(answer) < 4:
        piece = connection.recv(4 - len(answer))
        if not piece:
            raise EOFError("the warm Python has gone")
        answer += piece
    return int.from_bytes(answer, "big", signed=True)


def main():
    path, *words = sys.argv[1:]
    if not words or (words[0].startswith("-") and words[0] not in ("-m", "-c")):
        os.execv(sys.executable, [sys.executable, *words])
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(path)
    # Without pathlib, which would double the time that this takes.
    send(connection, message(words, os.getcwd(), os.environ), (0, 1, 2))  # noqa: PTH109
    process = number(connection)
    for one in FORWARDED:
        _signal.signal(one, lambda told, _: os.kill(process, told))
    code = number(connection)
    if code < 0:
        # As whoever started it expects it.
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
