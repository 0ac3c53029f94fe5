"""A network from its tensors: its size, and its class holding exactly them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from restoration.errors import ConfigError
from restoration.networks.architecture import Architecture, Parameters, State


def with_state(
    kind: Architecture, parameters: Parameters, scale: int, state: State
) -> torch.nn.Module:
    """The network's class holding exactly ``state``. Raises ConfigError where it does not fit."""
    if kind.build is None:
        assert kind.holding is not None
        return kind.holding(parameters, state).eval().requires_grad_(False)
    with torch.device("meta"):
        module = kind.build(parameters, scale)
    try:
        module.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        reason = str(error).split("\n")
        raise ConfigError(f"weights do not fit the network: {' '.join(reason[1:3])}") from None
    return module.eval().requires_grad_(False)


def infer_parameters(kind: Architecture, scale: int, state: Mapping[str, Any]) -> Parameters:
    """The size of the network that a state dict belongs to. Raises ConfigError if of no such."""
    assert kind.sizes is not None
    try:
        return kind.sizes(state)
    except (KeyError, ValueError, IndexError, ArithmeticError) as error:
        raise ConfigError(
            f"weights are not those of a {kind.name} network of scale {scale} "
            f"as the reference package saves it ({str(error).splitlines()[0]} not found)"
        ) from None
