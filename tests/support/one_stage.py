"""One stage on one small scan, as the worker runs it; and tiny networks through the engine."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from restoration.config.stages import REGISTRY, StagesSettings
from restoration.raster.base import ArrayRaster, FloatImage, to_uint16
from restoration.raster.colour.colour_space import ColourSpace
from restoration.records.stage_findings.registry import STAGE_FINDINGS
from restoration.stages.base import Declined, Mapped, NetworkSource, Page, Restored
from support import condition, weights_at_hand
from support.golden import Codes, Outcome


def floats_of(codes: Codes) -> FloatImage:
    return codes.astype(np.float32) / np.float32(65535)


def no_network(name: str, **blend: float) -> Any:
    raise AssertionError(f"asks for the network {name}, and the case has none")


def _check_type(stage: str, findings: Mapping[str, Any]) -> None:
    """What a stage says fits its type; read after the last band, since a stage may complete it."""
    said = json.loads(json.dumps(findings))
    if stage in STAGE_FINDINGS:
        assert STAGE_FINDINGS[stage].read(said, stage).raw() == said


def run_stage(
    stage: str,
    codes: Codes,
    report: dict[str, Any],
    *,
    networks: NetworkSource = no_network,
    every: int = 1,
    ppi: float | None = 600.0,
    page: dict[str, Any] | None = None,
    **settings: Any,
) -> Outcome:
    """One stage on one page, as the worker runs it.

    codes: uint16 (h, w, 1 or 3), sRGB. report: the findings that the stage reads. page: further
    fields of the page; settings: those of the stage. Of the result every sample in so many rows
    and columns is kept, as its difference from the scan where the size is the same.
    """
    section = StagesSettings.model_validate({stage: settings})
    made = REGISTRY[stage].load()()
    made.setup(getattr(section, stage), networks)
    pixels = floats_of(codes)
    given = Page(
        scan="golden",
        number=1,
        source=ArrayRaster(pixels),
        colour=ColourSpace.from_profile(None, pixels.shape[2]),
        ppi=None if ppi is None else (ppi, ppi),
        report=condition.report(**{name: report.get(name) for name in made.reads}),
        key="0" * 64,
        **(page or {}),
    )
    result = made.apply(given)
    bands = list(result.bands) if isinstance(result, Restored) else []
    _check_type(stage, result.findings)
    if isinstance(result, Declined):
        return Outcome({"status": "declined", **result.findings})
    if isinstance(result, Mapped):
        curves = np.rint(np.clip(result.tones.curves, 0.0, 1.0) * 65535).astype(np.uint16)
        return Outcome(
            {"status": "mapped", **result.findings},
            {"curves": curves.T[None], "mapped": result.tones.mapped(codes, 0, len(codes))},
            every,
        )
    drawn = to_uint16(np.concatenate(bands))
    assert drawn.shape[:2] == (result.height, result.width)
    same = drawn.shape == codes.shape
    assert not same or (drawn != codes).any(), "the case was to change the page"
    planes = {"result": drawn}
    if same:
        # Around the middle: what is not changed packs to nothing.
        planes = {"change": (32768 + drawn.astype(np.int32) - codes).clip(0, 65535)}
        planes["change"] = planes["change"].astype(np.uint16)
    if result.mask is not None:
        planes["mask"] = np.concatenate(list(result.mask())).astype(np.uint16) * 257
    findings = {
        "status": "restored",
        "ppi": result.ppi,
        "generated": result.generative,
        **result.findings,
    }
    return Outcome(findings, planes, every)


# -- networks -----------------------------------------------------------------------------------


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="golden-")


def _seeded(module: Any) -> dict[str, Any]:
    """Weights of whole numbers, the same everywhere, that bend a picture and do not tear it: all
    of a network's way but its dense blocks hands three of its channels on."""
    import torch

    rng = np.random.default_rng(3)
    state = {}
    for name, value in module.state_dict().items():
        drawn = rng.integers(-1000, 1001, tuple(value.shape)) / 1000.0
        drawn *= 0.3 / np.sqrt(np.prod(value.shape[1:])) if value.ndim > 1 else 0.02
        if value.ndim == 4 and name.startswith(("conv_first", "conv_up", "conv_hr", "conv_last")):
            for channel in range(3):
                drawn[channel, channel, 1, 1] += 1.0
        state[name] = torch.from_numpy(drawn.astype(np.float32))
    return state


@cache
def seeded_network(kind: str) -> Any:
    """A tiny network of Real-ESRGAN's, from a checkpoint through the engine: it restores nothing,
    and what the engine makes of it shows."""
    import torch

    from restoration.config.settings import EngineSettings, UserWeights
    from restoration.engine.run import run_network
    from restoration.networks.architectures.rrdbnet import RrdbnetParameters
    from restoration.networks.architectures.srvgg import SrvggParameters
    from restoration.networks.fetch import fetch
    from restoration.networks.load import load_network
    from restoration.networks.manifest import load_manifest
    from support import by_parameters

    parameters: Any = {
        "rrdbnet": RrdbnetParameters(num_feat=8, num_block=1, num_grow_ch=4),
        "srvgg": SrvggParameters(num_feat=8, num_conv=3),
    }[kind]
    folder = Path(_folder().name)
    path = folder / f"{kind}.pth"
    torch.save({"params": _seeded(by_parameters.build(parameters, 4))}, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    own = UserWeights(architecture=kind, path=path.name, sha256=sha256)
    (folder / "none.yaml").write_text("{}")
    manifest = load_manifest(folder / "none.yaml", {kind: own})
    fetch(kind, manifest, folder)
    return _running(load_network(kind, folder, manifest, torch.device("cpu")), run_network,
                    EngineSettings(band_rows=16))  # fmt: skip


def _running(network: Any, run_network: Callable[..., Any], engine: Any) -> Any:
    import torch

    def run(source: Any, progress: Any) -> Iterator[FloatImage]:
        torch.set_num_threads(1)
        bands: Iterator[FloatImage] = run_network(
            network, source, engine, torch.device("cpu"), progress
        )
        return bands

    return SimpleNamespace(
        run=run,
        name=network.name,
        # The file's own sum depends on how torch writes it.
        weights_sha256="0" * 64,
        licence=network.licence,
        scale=network.scale,
        radius=network.radius,
        channels=network.channels,
        generative=network.generative,
    )


def only(network: Any) -> NetworkSource:
    source: NetworkSource = lambda name, **blend: network  # noqa: E731
    return source


@cache
def packaged_network(name: str) -> Any:
    import torch

    from restoration.config.settings import EngineSettings
    from restoration.engine.run import run_network
    from restoration.networks.load import load_network

    folder, manifest = weights_at_hand.models_with(name), weights_at_hand.manifest()
    network = load_network(name, folder, manifest, torch.device("cpu"))
    return _running(network, run_network, EngineSettings())
