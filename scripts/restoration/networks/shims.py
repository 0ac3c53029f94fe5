"""What the reference packages need before their first import, and why.

``basicsr 1.4.2`` and ``gfpgan 1.3.8`` are the last releases and predate the current torch:

* they import ``torchvision.transforms.functional_tensor``, which torchvision removed in 0.17;
  the one function that they use, ``rgb_to_grayscale``, lives on in ``transforms.functional``;
* torchvision registers fake kernels for its operators ``nms`` and ``qnms`` at import. Where torch
  is a build for the processor alone and torchvision the index's CUDA build, torchvision's compiled
  library cannot load, the operators are missing and the import fails. Declaring their schemas is
  enough: nothing here calls them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import torch

_REMOVED = "torchvision.transforms.functional_tensor"

# As torchvision's compiled library declares them (csrc/ops/nms.cpp, csrc/ops/quantized).
_SCHEMAS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _compiled_operators_load() -> bool:
    """True where torchvision's compiled operators fit this torch."""
    specification = importlib.util.find_spec("torchvision")
    if specification is None or specification.origin is None:
        raise ImportError("torchvision is not installed; see envs/requirements.txt")
    libraries = sorted(Path(specification.origin).parent.glob("_C*.*"))
    try:
        for library in libraries:
            torch.ops.load_library(library)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return bool(libraries)


def install() -> None:
    """Make realesrgan, basicsr, gfpgan and facexlib importable; once is enough."""
    if _REMOVED in sys.modules:
        return
    if "torchvision" not in sys.modules and not _compiled_operators_load():
        for name in _SCHEMAS:
            torch.library.define(f"torchvision::{name}", _SIGNATURE)
    functional = importlib.import_module("torchvision.transforms.functional")
    alias = types.ModuleType(_REMOVED)
    alias.rgb_to_grayscale = functional.rgb_to_grayscale  # type: ignore[attr-defined]
    sys.modules[_REMOVED] = alias
