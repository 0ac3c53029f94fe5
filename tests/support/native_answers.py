"""The native runtime's answers, and double precision to compare them with."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from restoration.networks.load import load_network
from support import weights_at_hand
from support.engine_cases import CPU

Image = npt.NDArray[np.float32]


@cache
def real(name: str) -> Any:
    return load_network(name, weights_at_hand.models_with(name), weights_at_hand.manifest(), CPU)


def exact(network: Any, image: Image) -> npt.NDArray[np.float64]:
    """The whole image in double precision."""
    module = copy.deepcopy(network.module).double()
    tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].double()
    with torch.inference_mode():
        result: npt.NDArray[np.float64] = module(tensor)[0].permute(1, 2, 0).numpy()
    return result
