"""Where converted weights lie, and whether they are there.

Parsed with the Snakefile, so it knows no torch.
"""

from __future__ import annotations

import json
from pathlib import Path

from restoration.networks.manifest import Weights

CONVERTER = "1"
"""Raised when conversion gives other tensors; older files are then made anew."""


def tensors_path(models_dir: Path, name: str) -> Path:
    """The converted weights."""
    return models_dir / f"{name}.safetensors"


def record_path(models_dir: Path, name: str) -> Path:
    """What the converted weights were made from, and their own SHA-256."""
    return models_dir / f"{name}.json"


def is_converted(weights: Weights, models_dir: Path) -> bool:
    """True where these weights are ready; their bytes are verified when they are loaded."""
    if not weights.converts:
        return all(file.is_kept(models_dir) for file in weights.files)
    try:
        record = json.loads(record_path(models_dir, weights.name).read_text(encoding="utf-8"))
        size = tensors_path(models_dir, weights.name).stat().st_size
        expected = record["safetensors"]["bytes"]
        made_from = (record.get("weights"), record.get("converter"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return made_from == (weights.sha256, CONVERTER) and size == expected
