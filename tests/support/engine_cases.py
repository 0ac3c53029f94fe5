"""Networks with seeded weights and pictures for them, and how far an engine's answer is off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from skimage import data

from restoration.config.settings import EngineSettings
from restoration.engine.run import run_network
from restoration.networks.architecture import Architecture
from restoration.networks.architectures.rrdbnet import RrdbnetParameters
from restoration.networks.architectures.srvgg import SrvggParameters
from restoration.raster.base import ArrayRaster
from support import by_parameters

CPU = torch.device("cpu")


CODE = 1 / 65535
"""One 16-bit code: what is exact at 16 bit differs by less."""


Image = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """A network as the engine sees it."""

    module: Any
    scale: int
    radius: int
    architecture: Architecture | None = None
    multiple: int = 1
    calls: list[tuple[int, ...]] = field(default_factory=list)


def seeded(parameters: RrdbnetParameters | SrvggParameters, scale: int = 4) -> Case:
    torch.manual_seed(11)
    module = by_parameters.build(parameters, scale).eval().requires_grad_(False)
    for part in module.modules():
        # Fresh weights of the reference class are a tenth of the usual size: a dense block would
        # hardly matter, and a mistake in it would hide below the tolerance.
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.kaiming_uniform_(part.weight, a=0.6)
            torch.nn.init.uniform_(part.bias, -0.1, 0.1)
    module = module.to(memory_format=torch.channels_last)
    radius = by_parameters.receptive_radius(parameters, scale)
    kind = by_parameters.kind_of(parameters)
    return Case(module, scale, radius, kind, by_parameters.multiple(parameters, scale))


RRDB = RrdbnetParameters(num_feat=12, num_block=2, num_grow_ch=6)


COMPACT = SrvggParameters(num_feat=12, num_conv=6)


def photograph(height: int, width: int) -> Image:
    crop = data.astronaut()[60 : 60 + height, 150 : 150 + width]
    return np.ascontiguousarray(crop / 255, dtype=np.float32)


def halftone(height: int, width: int) -> Image:
    """A clustered-dot screen of 6 px at 45 degrees over a ramp: the worst case for seams."""
    y, x = np.mgrid[:height, :width]
    screen = np.sin((x + y) * np.pi / 6) * np.sin((x - y) * np.pi / 6)
    dots = (screen < np.linspace(-0.8, 0.8, width)).astype(np.float32)
    return np.ascontiguousarray(np.repeat(dots[..., None], 3, 2))


def run(network: Any, image: Image, band_rows: int = 16, strip_columns: int = 8192) -> Image:
    # Strips of a few columns are for tests alone; the config's own limit is 256.
    settings = EngineSettings(band_rows=band_rows).model_copy(
        update={"strip_columns": strip_columns}
    )
    pieces = list(run_network(network, ArrayRaster(image), settings, CPU))
    assert all(piece.dtype == np.float32 for piece in pieces)
    return np.concatenate(pieces)


def worst(a: Image, b: Image) -> float:
    assert a.shape == b.shape
    return float(np.abs(a - b).max())


class Failing(torch.nn.Module):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        raise self.error
