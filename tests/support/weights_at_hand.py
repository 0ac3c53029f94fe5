"""Real weights for tests marked `weights`, where there are any; tests are skipped elsewhere.

RESTORATION_MODELS names the folder of converted weights (default: ``models``), RESTORATION_WEIGHTS
a folder of original files that a person placed there. Nothing is downloaded.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

import pytest

from restoration.networks.converted import is_converted
from restoration.networks.fetch import fetch
from restoration.networks.manifest import Weights, load_manifest
from restoration.networks.originals import place_by_hand

ROOT = Path(__file__).resolve().parents[2]


@cache
def manifest() -> dict[str, Weights]:
    return load_manifest(ROOT / "resources" / "models.yaml")


def folders() -> list[Path]:
    """Where original files may lie."""
    models = Path(os.environ.get("RESTORATION_MODELS", ROOT / "models"))
    placed = os.environ.get("RESTORATION_WEIGHTS")
    return [models, *([Path(placed)] if placed else [])]


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="weights-")


def models_with(name: str) -> Path:
    """A folder that holds these weights, converted; skips the test where there is none."""
    models, *placed = folders()
    weights = manifest()[name]
    if is_converted(weights, models):
        return models
    converted = Path(_scratch().name)
    if not is_converted(weights, converted):
        original_files(name)
        fetch(name, manifest(), converted, [models, *placed])
    return converted


def original_files(name: str) -> list[Path]:
    """The original files, in the manifest's order; skips the test where one is missing."""
    found = []
    for file in manifest()[name].files:
        path = place_by_hand(file, folders())
        if path is None:
            pytest.skip(f"{file.name} is not at hand: fetch it, or set RESTORATION_WEIGHTS")
        found.append(path)
    return found
