"""Where networks run: the processor or an accelerator, chosen by the config and by nothing else."""

from __future__ import annotations

import platform
from typing import Any

import torch

from restoration.engine.native.build import library_path
from restoration.engine.native.describe import known
from restoration.engine.native.library import available, best_kernels
from restoration.errors import CircumstanceError, ConfigError


def choose_device(asked: str) -> torch.device:
    """The device for ``auto``, ``cpu``, ``cuda`` or ``mps``.

    ``auto`` is the first CUDA GPU that CUDA_VISIBLE_DEVICES leaves visible, else the processor.
    Raises CircumstanceError where the device that was asked for is not there; nothing else is
    taken in its place.
    """
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise CircumstanceError(
            f"device: 'cuda' was asked for, and PyTorch {torch.__version__} sees no CUDA GPU; "
            "set `device: cpu`, or install a CUDA build of PyTorch and check CUDA_VISIBLE_DEVICES"
        )
    if asked == "mps" and not torch.backends.mps.is_available():
        raise CircumstanceError(
            "device: 'mps' was asked for, and PyTorch sees no Apple GPU; set `device: cpu`"
        )
    return torch.device("cuda", 0) if asked == "cuda" else torch.device(asked)


def choose_runtime(asked: str, architecture: str | None, device: torch.device) -> str:
    """``torch`` or ``native`` for ``auto``, ``torch`` or ``native``, when a run is planned.

    ``auto`` is the native runtime on a processor for an architecture that it knows, where it was
    built and passes its test; else PyTorch. Raises ConfigError where ``native`` was asked for and
    cannot run this network there, CircumstanceError where it was not built or fails its test;
    nothing else is taken in its place.
    """
    suits = device.type == "cpu" and known(architecture)
    if asked == "native":
        if not suits:
            raise ConfigError(
                f"engine.runtime: 'native' runs on the processor only, and does not know every "
                f"architecture (here: {architecture} on {device.type}); set `auto`"
            )
        best_kernels()
    if asked == "auto":
        return "native" if suits and available()[0] else "torch"
    return asked


def use_threads(threads: int | None) -> None:
    """Let networks use that many processor threads; None leaves PyTorch's own choice."""
    if threads is not None:
        torch.set_num_threads(threads)


def exact_arithmetic() -> None:
    """Full float32 products and repeatable algorithms on CUDA, for this process.

    cuDNN's default rounds the factors of a convolution to 10 bits (TF32), which errs by more than
    one 16-bit code; its benchmark mode may choose another algorithm in each run.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def numeric_class(device: torch.device, runtime: str = "torch") -> dict[str, Any]:
    """What, beside the settings, decides the last bits of a result: for keys and records."""
    if runtime == "native":
        return {
            "runtime": f"native {library_path().stem.rpartition('-')[2]}",
            "device": device.type,
            "unit": f"{platform.machine()} {best_kernels()}",
            "precision": "float32",
        }
    if device.type == "cuda":
        unit = torch.cuda.get_device_name(device)
    elif device.type == "cpu":
        unit = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    else:
        unit = platform.machine()
    return {
        "runtime": f"torch {torch.__version__.split('+')[0]}",
        "device": device.type,
        "unit": unit,
        "precision": "float32",
    }
