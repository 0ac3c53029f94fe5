"""What a result was made with: libraries, kind of processor, weights. For records only."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from restoration import __version__
from restoration.networks.manifest import Weights

# Those whose arithmetic or coding a pixel passes through.
_LIBRARIES = (
    "torch",
    "numpy",
    "scipy",
    "opencv-python",
    "realesrgan",
    "spandrel",
    "spandrel_extra_arches",
    "basicsr",
    "tifffile",
    "imagecodecs",
)

# Networks that look at the picture and make no pixel.
_ROLES = {"comparing faces": "compares", "finding damage": "finds"}


@cache
def software_versions() -> dict[str, str]:
    """Version by name, this workflow's own included; a library that is not there is left out."""
    found = {"restoration": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def processor() -> str:
    """The processor's name as the system gives it: the same kind gives the same bytes."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def recorded_weights(manifest: Mapping[str, Weights], names: Iterable[str]) -> list[dict[str, str]]:
    """What a stage's record says of each set of weights that it may have loaded."""
    return [
        {
            "name": name,
            "sha256": manifest[name].sha256,
            "licence": manifest[name].licence,
            "role": _ROLES.get(manifest[name].kind.use, "restores"),
        }
        for name in names
    ]
