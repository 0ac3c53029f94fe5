"""Several GPUs in one node: workers spread over them, by real locks and a stand-in for CUDA."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from restoration.engine import devices, gpu_places
from restoration.engine.devices import choose_device
from restoration.engine.gpu_places import lock_folder, take_place
from restoration.errors import CircumstanceError
from support.own_processes import start

TAKE = """
import sys, time
from pathlib import Path
from restoration.engine.gpu_places import take_place
print(take_place(["gpu-a", "gpu-b"], Path(sys.argv[1])), flush=True)
time.sleep(120)
"""


@pytest.fixture(autouse=True)
def _nothing_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(devices, "_taken", None)
    monkeypatch.setattr(gpu_places, "_held", held := [])
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    yield
    for descriptor in held:
        os.close(descriptor)


def test_workers_spread_share_the_least_used_and_free_their_place_by_death(tmp_path: Path) -> None:
    workers: list[tuple[subprocess.Popen[str], str]] = []
    try:
        for _ in range(3):
            workers.append(start(TAKE, str(tmp_path)))
        assert Counter(said for _, said in workers) == {"0": 2, "1": 1}
        # The first of all GPUs to be taken is the first one, and the one that is shared first.
        assert workers[0][1] == "0"
        dead = workers[1][0]
        assert workers[1][1] == "1"
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert take_place(["gpu-a", "gpu-b"], tmp_path) == 1
        assert take_place(["gpu-a", "gpu-b"], tmp_path) == 1
        assert take_place(["gpu-a", "gpu-b"], tmp_path) == 0
    finally:
        for worker, _ in workers:
            worker.kill()
            worker.wait()


class Cuda:
    """What `torch.cuda` says of a node with these models."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *models: str, uuids: bool = True) -> None:
        self.current: list[int] = []
        said: dict[str, Any] = {
            "is_available": lambda: True,
            "device_count": lambda: len(models),
            "get_device_name": lambda number: models[number],
            "get_device_properties": lambda number: SimpleNamespace(
                **({"uuid": f"0000-{number}"} if uuids else {})
            ),
            "set_device": self.current.append,
        }
        for name, answer in said.items():
            monkeypatch.setattr(torch.cuda, name, answer)


def locks(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.lock"))


def test_one_gpu_is_somebody_elses_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Cuda(monkeypatch, "H100")
    assert choose_device("cuda") == torch.device("cuda", 0)
    assert locks(tmp_path) == []


def test_a_process_takes_one_gpu_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = Cuda(monkeypatch, "H100", "H100")
    other, said = start(TAKE.replace("gpu-a", "gpu-0000-0"), str(lock_folder()))
    try:
        assert said == "0"
        assert choose_device("auto") == torch.device("cuda", 1)
        assert choose_device("cuda") == torch.device("cuda", 1)
    finally:
        other.kill()
        other.wait()
    assert cuda.current == [1]
    assert locks(tmp_path) == ["gpu-0000-0.0.lock", "gpu-0000-1.0.lock"]


def test_another_model_is_not_taken_since_it_computes_other_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Cuda(monkeypatch, "H100", "T4", "H100")
    assert choose_device("cuda").index == 0
    monkeypatch.setattr(devices, "_taken", None)
    assert choose_device("cuda").index == 2
    monkeypatch.setattr(devices, "_taken", None)
    assert choose_device("cuda").index == 0


def test_without_uuids_gpus_go_by_what_makes_them_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cuda(monkeypatch, "H100", "H100", uuids=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,MIG-77/1")
    choose_device("cuda")
    monkeypatch.setattr(devices, "_taken", None)
    choose_device("cuda")
    assert locks(tmp_path) == ["gpu-4.0.lock", "gpu-MIG-77_1.0.lock"]


def test_a_folder_of_somebody_else_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"archival-scan-restoration-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CircumstanceError, match="is no folder of this user's own"):
        lock_folder()


def test_locks_that_cannot_be_had_are_told(tmp_path: Path) -> None:
    with pytest.raises(CircumstanceError, match="name one GPU with CUDA_VISIBLE_DEVICES"):
        take_place(["gpu-a", "gpu-b"], tmp_path / "missing")
