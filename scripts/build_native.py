"""Compiles and tests the native runtime: ``python scripts/build_native.py``.

Quick where that has been done. Without a compiler networks run in PyTorch, and this says so.
"""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys

from restoration.command_line.interrupt import run
from restoration.engine.native.build import build, tested, trust
from restoration.errors import CircumstanceError


def main() -> None:
    """Builds and tests; the exit status is 0 either way, since nobody needs it."""
    known = tested()
    if known is not None:
        return
    try:
        path = build()
        from restoration.engine.native.kernels import best_kernels  # noqa: PLC0415 (loads torch)

        kernels = best_kernels()
        trust(kernels)
    except CircumstanceError as error:
        print(f"note  {error}; until then networks run in PyTorch, several times slower")
        return
    print(f"ok    native runtime {path.stem.rpartition('-')[2]}, {kernels}")


if __name__ == "__main__":
    sys.exit(run(main))
