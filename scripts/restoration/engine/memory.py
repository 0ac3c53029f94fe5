"""What a network's memory grows with: the columns of a strip, never the rows of an image.

The law: ``Law.of(columns)`` bytes above the loaded network, whatever the height. From it and the
config's ``engine.memory_gib`` follows how wide a strip may be, so that the geometry, and with it
the result, depends on the scan and the recipe alone and never on the memory of the day. A job that
has less than the law says is told what it needs before it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from restoration.config.settings import EngineSettings
from restoration.engine.by_architecture import stream_code
from restoration.engine.native.kernels import best_kernels
from restoration.engine.native.stream import native_bytes
from restoration.engine.packed import described
from restoration.errors import CircumstanceError
from restoration.networks.architecture import Architecture

LEAST_COLUMNS = 256
"""Kept columns of a strip: below, nearly all of the work is overlap."""

UNKNOWN_COLUMNS = 2048
"""Kept columns where nobody knows what a network's layers hold."""

FRAGMENTED = 2.5
"""What PyTorch's tensors, made and freed in turn, take of the system for each byte that they hold,
at most: small ones that live longer come to lie between the large ones. 1.1 to 2.4 were measured,
in no order (``run.start_run.ALLOCATOR`` says what would mend it, and at what price)."""


@dataclass(frozen=True)
class Law:
    """Memory of one strip, in bytes, above that of the loaded network."""

    column: int
    """For each input column: the rows that layers keep, those in work, and what comes out."""
    fixed: int
    """Whatever the width: packed weights and scratch memory."""

    def of(self, columns: int) -> int:
        return self.fixed + columns * self.column

    def columns(self, memory: int) -> int:
        """The most columns that fit."""
        return max(0, memory - self.fixed) // self.column


def memory_law(network: Any, engine: EngineSettings, runtime: str) -> Law | None:
    """The law of a network as ``run.run_network`` runs it; None where nobody knows its layers."""
    module = network.module
    kind: Architecture | None = getattr(network, "architecture", None)
    if kind is None:
        return None
    if runtime == "native":
        packed = described(module, kind)
        fixed, column = native_bytes(packed, engine.band_rows, best_kernels())
        return Law(column, kind.scratch + fixed)
    code = stream_code(kind)
    if code is None:
        return None
    return Law(int(FRAGMENTED * code.column_bytes(module)), kind.scratch)


def strip_columns(law: Law | None, engine: EngineSettings, radius: int, width: int) -> int:
    """Kept columns of a strip, for an image of that width; radius: the network's, in its input.

    Raises CircumstanceError where ``engine.memory_gib`` holds no strip worth computing.
    """
    if engine.strip_columns != "auto":
        return engine.strip_columns
    if law is None:
        return UNKNOWN_COLUMNS
    most = law.columns(int(engine.memory_gib * 2**30))
    if width <= most:
        return width
    kept = most - 2 * radius
    if kept < LEAST_COLUMNS:
        least = law.of(LEAST_COLUMNS + 2 * radius) / 2**30
        raise CircumstanceError(
            f"engine.memory_gib is {engine.memory_gib:g}, expected at least {least:.2f} for the "
            f"network's strips ({LEAST_COLUMNS} columns and {radius} more on either side); "
            "set as much"
        )
    return kept


def check_memory(law: Law | None, columns: int, device: torch.device) -> None:
    """Raises CircumstanceError where this job has less memory than a strip will take."""
    if law is None:
        return
    needed, free = law.of(columns), available(device)
    if needed > free:
        raise CircumstanceError(
            f"a network over {columns} columns needs {needed / 2**30:.1f} GiB and this job may use "
            f"{free / 2**30:.1f} GiB more; give the job more memory, or set a lower "
            "engine.memory_gib (narrower strips, whose overlap is computed twice)"
        )


def available(device: torch.device) -> int:
    """Bytes that this process may still take, as far as the system says."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(min([psutil.virtual_memory().available, *_left_in_groups()]))


def _left_in_groups() -> list[int]:
    """What the control groups around this process leave, in bytes; schedulers set their limits.

    Linux alone has them. Files in the cache are given back when memory runs short, so they count
    as free (kernel documentation, admin-guide/cgroup-v2, memory.stat).
    """
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    left = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount, names = Path("/sys/fs/cgroup"), ("memory.max", "memory.current", "")
        elif "memory" in controllers.split(","):
            mount = Path("/sys/fs/cgroup/memory")
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
        else:
            continue
        group = mount / path.lstrip("/")
        for folder in (group, *group.parents):
            found = _left_in(folder, *names)
            if found is not None:
                left.append(found)
            if folder == mount:
                break
    return left


def _left_in(folder: Path, limit: str, usage: str, prefix: str) -> int | None:
    try:
        most = (folder / limit).read_text().strip()
        if most == "max":
            return None
        used = int((folder / usage).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    cached = sum(int(stat.get(f"{prefix}{kind}_file", 0)) for kind in ("inactive", "active"))
    return max(0, int(most) - used + cached)
