"""The law of a network's memory holds in real processes: it follows the width and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from restoration.engine.native import build
from restoration.run.start_run import ALLOCATOR
from support import weights_at_hand

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "network_memory.py"


def measured(runtime: str, width: int, height: int, network: str = "general") -> dict[str, Any]:
    if runtime == "native" and build.tested() is None:
        pytest.skip("the native runtime was not built: no C++ compiler")
    weights_at_hand.models_with("realesr-general-x4v3-ncnn")
    command = [sys.executable, str(SCRIPT), runtime, str(width), str(height)]
    done = subprocess.run(
        [*command, "--network", network],
        env={**os.environ, **ALLOCATOR},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["native", "torch"])
def test_the_law_holds_at_three_widths(runtime: str) -> None:
    """It is what a job is told to have: never too little, and not far too much."""
    for width in (1024, 2048, 4096):
        found = measured(runtime, width, 200)
        above = found["peak_mib"] - found["before_mib"]
        assert 0.4 * found["law_mib"] < above < 1.05 * found["law_mib"], found


@pytest.mark.slow
def test_four_times_the_height_takes_no_more() -> None:
    """PyTorch's own share varies by twice as much from run to run (``memory.FRAGMENTED``)."""
    low, high = (measured("native", 1500, height)["peak_mib"] for height in (400, 1600))
    assert high < 1.1 * low
