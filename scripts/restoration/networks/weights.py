"""Opening converted weights: checked against their record and the manifest, then read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch

from restoration.errors import CircumstanceError, ConfigError
from restoration.networks.architecture import Parameters, State
from restoration.networks.converted import CONVERTER, record_path, tensors_path
from restoration.networks.manifest import Weights, find_weights


@dataclass(frozen=True)
class OpenedWeights:
    """Verified weights, ready for the network's class."""

    weights: Weights
    parameters: Parameters
    state: State


def open_weights(name: str, manifest: Mapping[str, Weights], models_dir: Path) -> OpenedWeights:
    """The converted weights, checked against their record and the manifest.

    Raises CircumstanceError where they were never fetched, were made from another original, or
    were altered since.
    """
    weights = find_weights(manifest, name)
    kind = weights.kind.parameters
    if kind is None:
        raise ConfigError(f"weights '{name}' are {weights.architecture}'s, which no engine runs")
    path, again = tensors_path(models_dir, name), f"fetch them again: scripts/fetch_model.py {name}"
    try:
        record = json.loads(record_path(models_dir, name).read_text(encoding="utf-8"))
        data = path.read_bytes()
        if (record.get("weights"), record.get("converter")) != (weights.sha256, CONVERTER):
            raise CircumstanceError(f"{path}: was made from another original or long ago; {again}")
        expected, found = record["safetensors"]["sha256"], hashlib.sha256(data).hexdigest()
        parameters = kind.model_validate(record["parameters"])
    except (ValueError, KeyError, TypeError, AttributeError):  # a ValidationError is a ValueError
        raise CircumstanceError(f"{path}: its record is damaged; {again}") from None
    except FileNotFoundError:
        raise CircumstanceError(f"{path}: the weights were not fetched; {again}") from None
    if found != expected:
        raise CircumstanceError(
            f"{path}: was altered since it was made: expected SHA-256 {expected}, found {found}; "
            f"{again}"
        )
    try:
        state = safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise CircumstanceError(f"{path}: is damaged ({error}); {again}") from None
    return OpenedWeights(weights, parameters, state)
