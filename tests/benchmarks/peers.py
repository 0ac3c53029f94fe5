"""The same network run by this engine and by others: what the benchmarks compare.

Every runner takes float32 (h, w, 3) in [0, 1], sRGB-encoded, and gives the answer four times as
large, with the same weights. Nothing here is used by the workflow.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from restoration.config.settings import EngineSettings
from restoration.engine.devices import choose_device
from restoration.engine.run import run_network
from restoration.networks import shims
from restoration.networks.load import load_network
from restoration.raster.base import ArrayRaster
from support import weights_at_hand

Image = npt.NDArray[np.float32]
Runner = Callable[[Image], Image]

NAMES = {
    "x4plus": "realesrgan-x4plus-packaged",
    "general": "realesr-general-x4v3-ncnn",
}
SCALE = 4

OFFICIAL = (512, 10)
"""Tile and overlap of RealESRGANer's command line, with the package's own overlap."""
PLAIN = (512, 16)
"""Tile and overlap of programs that call spandrel on tiles, as chaiNNer."""
NCNN = (200, 10)
"""Tile and overlap of realesrgan-ncnn-vulkan."""


def loaded(network: str) -> Any:
    """The network as this engine takes it."""
    name = NAMES[network]
    models = weights_at_hand.models_with(name)
    return load_network(name, models, weights_at_hand.manifest(), choose_device("cpu"))


def ours(network: str, runtime: str) -> Runner:
    """This engine in one of its runtimes."""
    found, engine, device = loaded(network), EngineSettings(), choose_device("cpu")

    def run(picture: Image) -> Image:
        nothing = lambda done, unit: None  # noqa: E731
        bands = run_network(found, ArrayRaster(picture), engine, device, nothing, runtime)
        return np.concatenate(list(bands))

    return run


def official(network: str, tile: int, pad: int) -> Runner:
    """``realesrgan.RealESRGANer`` in float32, at its own 16 bits."""
    shims.install()
    from realesrgan import RealESRGANer

    module = loaded(network).module
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save({"params_ema": module.state_dict()}, path)
        # As the package makes it: not in the channels-last order that ours is loaded in.
        model = copy.deepcopy(module).to(memory_format=torch.contiguous_format)
        upsampler = RealESRGANer(
            SCALE, str(path), model=model, tile=tile, tile_pad=pad, pre_pad=0, half=False
        )

    def run(picture: Image) -> Image:
        codes = np.rint(picture[..., ::-1] * 65535).astype(np.uint16)
        answer = upsampler.enhance(codes)[0]
        return np.asarray(answer[..., ::-1], np.float32) / np.float32(65535)

    return run


def spandrel(network: str, tile: int, pad: int) -> Runner:
    """spandrel's loader and class, on plain tiles."""
    shims.install()
    from spandrel import MAIN_REGISTRY

    state = {k: v.contiguous() for k, v in loaded(network).module.state_dict().items()}
    model = MAIN_REGISTRY.load(state).model.eval()

    def call(window: Image) -> Image:
        tensor = torch.from_numpy(np.ascontiguousarray(window.transpose(2, 0, 1)))[None]
        with torch.inference_mode():
            answer: Image = model(tensor)[0].numpy().transpose(1, 2, 0)
        return answer

    return lambda picture: tiled(call, picture, tile, pad)


def ncnn(network: str, threads: int, tile: int, pad: int) -> Runner:
    """ncnn with its Winograd kernels, float32, on tiles as its own program cuts them."""
    import ncnn as library

    files = weights_at_hand.original_files(NAMES[network])
    net = library.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_storage = net.opt.use_fp16_packed = net.opt.use_bf16_storage = False
    for kind, load in ((".param", net.load_param), (".bin", net.load_model)):
        load(str(next(path for path in files if path.suffix == kind)))

    def call(window: Image) -> Image:
        # The Mat does not own its memory: the array must outlive it.
        planar = np.ascontiguousarray(window.transpose(2, 0, 1))
        extractor = net.create_extractor()
        extractor.input("data", library.Mat(planar))
        _, answer = extractor.extract("output")
        return np.array(answer).transpose(1, 2, 0)

    return lambda picture: tiled(call, picture, tile, pad)


def tiled(call: Runner, picture: Image, tile: int, pad: int) -> Image:
    """Tiles that overlap by ``pad`` on each side; what overlaps is cut off."""
    height, width = picture.shape[:2]
    whole = np.empty((height * SCALE, width * SCALE, 3), np.float32)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            first, start = max(top - pad, 0), max(left - pad, 0)
            window = picture[first : bottom + pad, start : right + pad]
            answer = call(window)
            rows = slice((top - first) * SCALE, (bottom - first) * SCALE)
            columns = slice((left - start) * SCALE, (right - start) * SCALE)
            whole[top * SCALE : bottom * SCALE, left * SCALE : right * SCALE] = answer[
                rows, columns
            ]
    return whole


def exact(network: str) -> Runner:
    """The network over the whole picture in double precision."""
    module = loaded(network).module.double()

    def run(picture: Image) -> Image:
        tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].double()
        with torch.inference_mode():
            answer: Image = module(tensor)[0].permute(1, 2, 0).numpy()
        return answer

    return run


def flop_per_pixel(network: str, side: int = 32) -> float:
    """Multiplications and additions of direct convolutions, for each input pixel."""
    module, total = loaded(network).module, 0

    def count(part: Any, given: Any, made: torch.Tensor) -> None:
        nonlocal total
        total += 2 * part.weight[0].numel() * made.numel()

    hooks = [
        part.register_forward_hook(count)
        for part in module.modules()
        if isinstance(part, torch.nn.Conv2d)
    ]
    with torch.inference_mode():
        module(torch.zeros(1, 3, side, side))
    for hook in hooks:
        hook.remove()
    return total / side**2
