"""Whether the process that left a file behind still runs."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any

import psutil
import pytest

from restoration.storage.processes import is_alive

NOBODYS = 4194305
"""Above any number that a process can have."""


def test_ourselves_now_and_somebody_before_us() -> None:
    assert is_alive(os.getpid(), time.time())
    assert not is_alive(os.getpid(), psutil.Process().create_time() - 3600.0)
    assert not is_alive(NOBODYS, time.time())


def test_one_that_has_ended_unawaited() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(child.pid, time.time())


def test_another_users_that_this_system_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(process: int) -> Any:
        raise psutil.NoSuchProcess(process)

    def refused(process: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(psutil, "Process", hidden)
    assert not is_alive(os.getpid(), time.time())
    monkeypatch.setattr(os, "kill", refused)
    assert is_alive(NOBODYS, time.time())
