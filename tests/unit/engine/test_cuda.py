"""The engine on a real GPU; skipped where there is none. Nothing here was ever measured on one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from restoration.config.settings import EngineSettings
from restoration.engine.run import run_network
from restoration.networks.architectures.rrdbnet import RrdbnetParameters
from restoration.raster.base import ArrayRaster
from support.engine_cases import CODE, COMPACT, CPU, RRDB, Case, Image, photograph, seeded, worst

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="PyTorch sees no CUDA GPU on this machine"
    ),
]

WIDE = RrdbnetParameters(num_feat=64, num_block=3, num_grow_ch=32)


class Typed(Case):
    dtype = torch.float32


class Halved(Case):
    dtype = torch.float16


def run(case: Case, device: torch.device, kind: type[Case], image: Image) -> Image:
    module = case.module.to(device, getattr(kind, "dtype", None))
    module = module.to(memory_format=torch.channels_last)
    network: Any = kind(module, case.scale, case.radius, case.architecture, case.multiple)
    engine = EngineSettings(band_rows=16)
    return np.concatenate(list(run_network(network, ArrayRaster(image), engine, device)))


@pytest.mark.parametrize("parameters", [RRDB, WIDE, COMPACT])
def test_float32_on_the_gpu_is_that_of_the_processor(parameters: Any) -> None:
    """Two codes of 16 bits: no TF32, whatever cuDNN's defaults are."""
    image = photograph(75, 58)
    here = run(seeded(parameters), CPU, Typed, image)
    there = run(seeded(parameters), torch.device("cuda", 0), Typed, image)
    assert worst(here, there) <= 2 * CODE * max(1.0, float(np.abs(here).max()))


@pytest.mark.parametrize("parameters", [RRDB, WIDE, COMPACT])
def test_two_runs_on_the_gpu_give_the_same_bytes(parameters: Any) -> None:
    device, image = torch.device("cuda", 0), photograph(75, 58)
    runs = [run(seeded(parameters), device, Typed, image) for _ in range(2)]
    assert runs[0].tobytes() == runs[1].tobytes()


@pytest.mark.parametrize("parameters", [RRDB, WIDE, COMPACT])
def test_float16_errs_by_what_the_config_says(parameters: Any) -> None:
    """float16 carries 11 bits; the packaged networks err by up to 1.5/255 on a processor."""
    image = photograph(75, 58)
    here = run(seeded(parameters), CPU, Typed, image)
    half = run(seeded(parameters), torch.device("cuda", 0), Halved, image)
    assert 0 < worst(here, half) < 2 / 255 * max(1.0, float(np.abs(here).max()))


def test_nothing_is_left_on_the_gpu() -> None:
    device = torch.device("cuda", 0)
    run(seeded(COMPACT), device, Typed, photograph(75, 58))
    torch.cuda.synchronize(device)
    assert torch.cuda.memory_allocated(device) < 2**20
