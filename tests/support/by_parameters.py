"""What networks of small sizes are and how far they see, by their parameters alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from restoration.networks.architecture import Architecture, Parameters
from restoration.networks.registry import ARCHITECTURES
from restoration.networks.with_tensors import infer_parameters


def kind_of(parameters: Parameters) -> Architecture:
    """The architecture that the parameters are of."""
    (found,) = (each for each in ARCHITECTURES.values() if each.parameters is type(parameters))
    return found


def build(parameters: Parameters, scale: int) -> torch.nn.Module:
    """The network's class with arbitrary weights."""
    kind = kind_of(parameters)
    assert kind.build is not None
    return kind.build(parameters, scale)


def read_off(name: str, scale: int, state: Mapping[str, Any]) -> Parameters:
    """The parameters of the network that has these tensors."""
    return infer_parameters(ARCHITECTURES[name], scale, state)


def multiple(parameters: Parameters, scale: int) -> int:
    """Side of the blocks that the network folds."""
    return kind_of(parameters).multiple(parameters, scale)


def receptive_radius(parameters: Parameters, scale: int) -> int:
    """How far the network sees, in input pixels."""
    kind = kind_of(parameters)
    assert kind.radius is not None
    return kind.radius(parameters, scale)
