"""What a run computes with: device, runtime and precision, decided once, before its first job.

Parsed with the Snakefile, so it knows no torch.
"""

from __future__ import annotations

from pathlib import Path

from restoration.engine.native.build import library_path, tested
from restoration.errors import ConfigError


def resolve_device(device: str) -> str:
    """cpu, cuda or mps; `auto` takes a GPU where its driver is."""
    if device != "auto":
        return device
    # The kernel driver's own file: asking torch would cost seconds at each parse.
    return "cuda" if Path("/proc/driver/nvidia/version").exists() else "cpu"


def resolve_runtime(asked: str, device: str) -> str:
    """``torch``, or ``native`` with the digest of its sources.

    Raises ConfigError where ``native`` was asked for and cannot be had.
    """
    if asked == "torch" or (asked == "auto" and device != "cpu"):
        return "torch"
    if device != "cpu":
        raise ConfigError(
            f"engine.runtime: 'native' computes on the processor, expected `device: cpu`, found "
            f"{device}; set `runtime: auto`"
        )
    if tested() is not None:
        return f"native {library_path().stem.rpartition('-')[2]}"
    if asked == "native":
        raise ConfigError(
            "engine.runtime: 'native' was asked for and is not there; run "
            "`python scripts/build_native.py` to see why, or set `runtime: auto`"
        )
    return "torch"


def resolve_precision(asked: str, device: str) -> str:
    """float32, float16 or bfloat16.

    Raises ConfigError where the device cannot compute in what was asked for.
    """
    if asked in ("auto", "float32"):
        return "float32"
    if device == "cpu":
        raise ConfigError(
            f"engine.precision: '{asked}' is for GPUs, expected `device: cuda` or `mps`, found "
            "cpu, where it is many times slower than float32; set `precision: auto`"
        )
    return asked
