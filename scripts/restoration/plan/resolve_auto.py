"""What a run computes with: device, runtime and precision, decided once, before its first job.

Parsed with the Snakefile, so it knows no torch.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from restoration.engine.native.build import library_path, tested
from restoration.errors import ConfigError


def resolve_device(device: str) -> str:
    """cpu, cuda or mps; `auto` takes a GPU where its driver is and PyTorch was built for it."""
    if device != "auto":
        return device
    # The kernel driver's own file: asking torch would cost seconds at each parse.
    return "cuda" if NVIDIA.exists() and _built_for_cuda() else "cpu"


NVIDIA = Path("/proc/driver/nvidia/version")
"""What the NVIDIA driver shows of itself where it is loaded."""


def _built_for_cuda() -> bool:
    """Whether the PyTorch that is installed is a build for CUDA, by the file that says so."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return False
    try:
        said = Path(found.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return False
    stated = re.search(r"^cuda\b[^=\n]*=\s*(.+)$", said, re.MULTILINE)
    return stated is not None and stated[1].strip() != "None"


_PROBE = """
import json, torch
mps = getattr(torch.backends, "mps", None)
print(json.dumps({
    "version": torch.__version__,
    "built for CUDA": torch.version.cuda,
    "cuda": torch.cuda.is_available(),
    "mps": mps is not None and mps.is_available(),
}))
"""


def what_torch_sees() -> dict[str, Any]:
    """``version``, ``built for CUDA`` (a release or None), ``cuda`` and ``mps`` (usable here).

    Asked of a process of its own, which takes seconds. Raises ConfigError where torch cannot be
    loaded.
    """
    asked = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False
    )
    try:
        found: dict[str, Any] = json.loads(asked.stdout)
    except ValueError:
        said = asked.stderr.strip().splitlines()
        raise ConfigError(
            f"device: PyTorch cannot be loaded ({said[-1] if said else asked.returncode}); install "
            "it anew: make again env"
        ) from None
    return found


def check_device(device: str, asked: str, *, here: bool) -> None:
    """See, before any job, that networks can be computed on the device.

    device: as resolved; asked: as in the config; here: whether jobs run on this machine, not on the
    nodes of a cluster, of which this one may have no GPU. Raises ConfigError with one line.
    """
    if device == "cpu":
        return
    found = what_torch_sees()
    if found[device] or (device == "cuda" and not here and found["built for CUDA"]):
        return
    build = found["built for CUDA"]
    seen = f"PyTorch {found['version']}, "
    seen += f"built for CUDA {build}" if build else "a build without CUDA"
    if device == "cuda":
        driver = NVIDIA.exists()
        seen += f", {'an' if driver else 'no'} NVIDIA driver"
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        seen += "" if visible is None else f", CUDA_VISIBLE_DEVICES={visible!r}"
    said = f"'{device}' was asked for" if asked == device else f"'{asked}' took {device}"
    kind = "a CUDA GPU" if device == "cuda" else "an Apple GPU"
    mend = "" if device != "cuda" or build else ", or install a build for CUDA (envs/README.md)"
    raise ConfigError(
        f"device: {said}, expected {kind} that PyTorch sees, found none ({seen}); set "
        f"`device: cpu`{mend}"
    )


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
