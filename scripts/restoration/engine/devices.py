"""Where networks run: the processor or an accelerator, chosen by the config and by nothing else."""

from __future__ import annotations

import os
from typing import Any

import torch

from restoration.engine.gpu_places import lock_folder, take_place
from restoration.errors import CircumstanceError

PRECISIONS = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
"""What `engine.precision` may name, resolved."""


def dtype_of(network: Any) -> torch.dtype:
    """Of a network's weights, and so of all that it computes; float32 where it does not say."""
    dtype: torch.dtype = getattr(network, "dtype", torch.float32)
    return dtype


def choose_device(asked: str) -> torch.device:
    """The device for ``auto``, ``cpu``, ``cuda`` or ``mps``.

    ``auto`` is a CUDA GPU that CUDA_VISIBLE_DEVICES leaves visible, else the processor; of several
    the one that fewest workers have (``choose_gpu``).
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
    return torch.device("cuda", choose_gpu()) if asked == "cuda" else torch.device(asked)


_taken: int | None = None
"""The GPU that this process took: it asks once for networks and once more for each other use."""


def choose_gpu() -> int:
    """The number, among the GPUs that this process sees, of the one that it is to use.

    Only GPUs of the first one's model are chosen from: another model computes other bytes. Raises
    CircumstanceError where the locks cannot be had.
    """
    global _taken  # noqa: PLW0603 (a process has one GPU)
    if _taken is None:
        models = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
        alike = [number for number, model in enumerate(models) if model == models[0]]
        _taken = alike[0]
        if len(models) > 1:
            _taken = alike[take_place([_name(number) for number in alike], lock_folder())]
        # What asks for "cuda" without a number gets this one as well.
        torch.cuda.set_device(_taken)
    return _taken


def _name(number: int) -> str:
    """What a GPU is called whatever CUDA_VISIBLE_DEVICES makes its number."""
    found = getattr(torch.cuda.get_device_properties(number), "uuid", None)
    if found is not None:
        return f"gpu-{found}"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return f"gpu-{visible[number].strip() if number < len(visible) and visible[0] else number}"


_threads: int | None = None
"""What ``use_threads`` said."""


def use_threads(threads: int | None) -> None:
    """Let networks use that many processor threads; None leaves PyTorch's own choice.

    Networks compute in a thread of their own (``compute_here``); the calling one is left with one.
    OpenMP keeps a team of workers for each thread that ever computed in parallel, and as soon as
    there are more of them than processors they no longer wait for work but sleep: the short layers
    of a network then take 1.6 times as long (libgomp, ``gomp_throttled_spin_count_var``).
    """
    global _threads  # noqa: PLW0603 (PyTorch's own choice is as global)
    _threads = threads or torch.get_num_threads()
    torch.set_num_threads(1)


def compute_here() -> None:
    """Called by the thread that computes a network, before it begins."""
    if _threads is not None:
        torch.set_num_threads(_threads)


def threads_of_networks() -> int:
    """How many threads a network may use."""
    return _threads or torch.get_num_threads()


def exact_arithmetic() -> None:
    """Full float32 products and repeatable algorithms on CUDA, for this process.

    cuDNN's default rounds the factors of a convolution to 10 bits (TF32), which errs by more than
    one 16-bit code; its benchmark mode may choose another algorithm in each run.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
