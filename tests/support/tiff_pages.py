"""Pages of a TIFF as scanners write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from support import corpus


def write(path: Path, *pages: tuple[np.ndarray, dict[str, Any]], **options: Any) -> Path:
    """Pages of one file; ``kind`` is their NewSubfileType."""
    for number, (pixels, given) in enumerate(pages):
        own = {**options, **given}
        kind = own.pop("kind", 0)
        corpus.write_tiff(path, pixels, append=number > 0, subfiletype=1 if kind == 4 else kind,
                          **own)  # fmt: skip
        if kind == 4:
            corpus.patch_tag(path, 254, [4], page=number)
    return path
