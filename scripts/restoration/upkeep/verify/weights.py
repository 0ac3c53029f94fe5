"""Weights of networks against their records and the manifest of models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from restoration.networks.converted import record_path, tensors_path
from restoration.networks.manifest import DAMAGE_DETECTOR, Weights
from restoration.plan.plan import Plan
from restoration.upkeep.verify.findings import MISSING, FixityFault


def weights_of(plan: Plan) -> Iterator[tuple[Path, str, str]]:
    """Path, SHA-256 and name of every file of weights that the last run could load.

    A file of converted weights whose record cannot be read has an empty SHA-256.
    """
    folder = Path(plan.config.models_dir).absolute()
    for weights in _used(plan):
        if not weights.converts:
            for file in weights.files:
                yield file.path(folder), file.sha256, weights.name
            continue
        try:
            record = json.loads(record_path(folder, weights.name).read_text(encoding="utf-8"))
            sha256 = str(record["safetensors"]["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            sha256 = ""
        yield tensors_path(folder, weights.name), sha256, weights.name


def _used(plan: Plan) -> Iterator[Weights]:
    names = dict.fromkeys(plan.dependencies.loaded(None, "examine"))
    for recipe in plan.recipes():
        for step in plan.recipe(recipe).chain():
            names.update(dict.fromkeys(plan.dependencies.loaded(recipe, step)))
    for name in names:
        yield plan.manifest[name]


def advice(name: str) -> str:
    """What to do about weights that are damaged or gone."""
    if name == DAMAGE_DETECTOR:
        return "nothing is scheduled; put it back: git checkout resources"
    return f"nothing is scheduled; delete it, then scripts/fetch_model.py {name}"


def lost_record(path: Path, name: str) -> FixityFault:
    """Where converted weights have no record that says what they are."""
    record = path.with_suffix(".json")
    return FixityFault(MISSING, "weights", record, "their record", "none", advice=advice(name))
