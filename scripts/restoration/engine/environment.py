"""Environment variables that the process which runs networks must be started with.

Parsed with the Snakefile, so it knows no torch.
"""

from __future__ import annotations

import os
import platform

# Activations of hundreds of megabytes come and go with every layer. By default glibc returns each
# to the system and takes it back page by page, which costs as much time as the arithmetic. These
# settings keep freed memory in the process and back it with huge pages
# (GNU C Library manual, "Memory Allocation Tunables").
_TUNABLES = {
    "glibc.malloc.hugetlb": 1,
    "glibc.malloc.mmap_threshold": 8 << 30,
    "glibc.malloc.trim_threshold": 8 << 30,
    "glibc.malloc.top_pad": 256 << 20,
}


def allocator_environment() -> dict[str, str]:
    """What to add to the environment of a worker before it starts; read once, at its start.

    Empty where the C library is not glibc, and where ``GLIBC_TUNABLES`` is set already: the
    person who set it knows why.
    """
    if platform.libc_ver()[0] != "glibc" or "GLIBC_TUNABLES" in os.environ:
        return {}
    return {"GLIBC_TUNABLES": ":".join(f"{name}={value}" for name, value in _TUNABLES.items())}
