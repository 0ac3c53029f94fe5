"""Memory does not grow with the scan: 115 megapixels through every step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from restoration.run.start_run import ALLOCATOR

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "large_scan.py"


def peak_of(folder: Path, height: int, width: int, faces: str = "cnn") -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), str(folder)]
    done = subprocess.run(
        [*command, "--height", str(height), "--width", str(width), "--faces", faces],
        check=True,
        # As running.plan_of_run prepares it for the workers.
        env={**os.environ, **ALLOCATOR},
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("faces", "mib"), [("off", 800), ("cnn", 1100)])
def test_115_megapixels_in_bounded_memory(tmp_path: Path, faces: str, mib: int) -> None:
    """The network that looks for faces takes 0.4 GB, whatever the size of the scan."""
    found = peak_of(tmp_path, 9600, 12000, faces)
    # A quarter of the resolution and a margin: the network never sees the scan's own pixels.
    assert 2400 * 3000 <= found["network_input_px"] < 1.1 * 2400 * 3000
    assert found["peak_mib"] < mib


@pytest.mark.slow
def test_memory_does_not_follow_the_height(tmp_path: Path) -> None:
    low = peak_of(tmp_path / "low", 2400, 4000)
    high = peak_of(tmp_path / "high", 9600, 4000)
    assert high["peak_mib"] < 1.1 * low["peak_mib"]
