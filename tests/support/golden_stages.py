"""Golden cases of the stages: each works on one scan at least, and declines another."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import weights_at_hand
from fake_faces import FakeIdentity, FakeRestorer, face_on_page, stripes
from fake_networks import FakeNetwork, sharpening
from restoration.config.stage_settings import StagesSettings

from restoration.raster.base import ArrayRaster, FloatImage, to_uint16
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages import REGISTRY
from restoration.stages.base import Declined, Mapped, NetworkSource, Page
from support import condition
from support import golden_scans as scans
from support.golden import Case, Codes, Outcome

REPORTS = Path(__file__).parent / "golden_reports.json"
"""Findings as ``examine`` stated them once. They stay as they are when it changes: what a stage
makes of them is compared, not what is found today."""


@cache
def reported(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REPORTS.read_text(encoding="utf-8"))[name]
    return found


def _floats(codes: Codes) -> FloatImage:
    return codes.astype(np.float32) / np.float32(65535)


def _no_network(name: str, **blend: float) -> Any:
    raise AssertionError(f"asks for the network {name}, and the case has none")


def run_stage(
    stage: str,
    codes: Codes,
    report: dict[str, Any],
    *,
    networks: NetworkSource = _no_network,
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
    pixels = _floats(codes)
    given = Page(
        scan="golden",
        number=1,
        source=ArrayRaster(pixels),
        colour=ColourSpace.from_profile(None, pixels.shape[2]),
        ppi=None if ppi is None else (ppi, ppi),
        report=condition.report({name: report.get(name) for name in made.reads}),
        key="0" * 64,
        **(page or {}),
    )
    result = made.apply(given)
    if isinstance(result, Declined):
        return Outcome({"status": "declined", **result.findings})
    if isinstance(result, Mapped):
        curves = np.rint(np.clip(result.tones.curves, 0.0, 1.0) * 65535).astype(np.uint16)
        return Outcome(
            {"status": "mapped", **result.findings},
            {"curves": curves.T[None], "mapped": result.tones.mapped(codes, 0, len(codes))},
            every,
        )
    bands = list(result.bands)
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
    from restoration.networks import architectures
    from restoration.networks.load import load_network
    from restoration.networks.manifest import RrdbnetParameters, SrvggParameters, load_manifest
    from restoration.networks.weights import fetch

    parameters: Any = {
        "rrdbnet": RrdbnetParameters(num_feat=8, num_block=1, num_grow_ch=4),
        "srvgg": SrvggParameters(num_feat=8, num_conv=3),
    }[kind]
    folder = Path(_folder().name)
    path = folder / f"{kind}.pth"
    torch.save({"params": _seeded(architectures.build(parameters, 4))}, path)
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


@dataclass
class _Smoothing(FakeNetwork):
    """The more noise it is told of, the more it smooths."""

    scale: int = 1
    channels: int = 4
    generative: bool = False

    def __post_init__(self) -> None:
        self.answer = self._smooth

    @staticmethod
    def _smooth(pixels: FloatImage) -> FloatImage:
        picture = pixels[..., :3]
        share = np.minimum(pixels[..., 3:] * np.float32(20), np.float32(1))
        around = scans.softened(picture.astype(np.float64), 2).astype(np.float32)
        return np.asarray(picture + share * (around - picture), np.float32)


# -- the cases ----------------------------------------------------------------------------------


def _screen(codes: Codes, period: float, degrees: float, kind: str = "halftone") -> dict[str, Any]:
    f1, f2 = scans.screen_vectors(period, degrees)
    rows, columns = -(-codes.shape[0] // 32), -(-codes.shape[1] // 32)
    region = {
        "id": "a",
        "box": [0, 0, columns * 32, rows * 32],
        "share": 1.0,
        "kind": kind,
        "screens": [{"channel": "grey", "f1": list(f1), "f2": list(f2), "strength": 0.2}],
    }
    detail = {"regions": [region], "cell_px": 32, "map": ["a" * columns] * rows}
    return {"screen": {"value": kind, "detail": detail}}


def _descreen() -> Outcome:
    picture = scans.photograph("camera", 60, 100, 160, 160, grey=True)
    codes = scans.halftone(picture, 6.4, 30.0)
    return run_stage("descreen", codes, _screen(codes, 6.4, 30.0), every=2)


def _not_descreened() -> Outcome:
    codes = scans.waves(64, 64, 1)
    return run_stage("descreen", codes, _screen(codes, 6.4, 30.0))


def _repair(**settings: Any) -> Outcome:
    picture = scans.photograph("camera", 0, 60, 256, 256, grey=True)
    codes, hidden = scans.dusty(scans.softened(picture, 2), 24, 3)
    marked = None
    if settings.pop("marked", False):
        mask = (hidden & (np.arange(256) < 90)).astype(np.float32)
        marked = {"damage": ArrayRaster(mask[..., None])}
    report = {"damage": {"value": 0.01, "detail": {"dust": {"count": 24}}}}
    if marked:
        report = {}
    return run_stage("repair", codes, report, page=marked, **settings)


def _not_repaired() -> Outcome:
    report = {"damage": {"value": 0.0, "detail": {"dust": {"count": 0}}}}
    return run_stage("repair", scans.waves(64, 64, 1), report)


def _noisy(height: int = 72, width: int = 84) -> Codes:
    picture = scans.photograph("coffee", 40, 100, height, width, grey=False)
    return scans.codes_of(picture + scans.noise(picture.shape, 8.0, 2))


NOISE: dict[str, Any] = {
    "value": 8.0,
    "detail": {
        "full": {"sigma": 8.0, "total": 8.0},
        "half": {"sigma": 4.0, "total": 4.2},
        "quarter": {"sigma": 2.0, "total": 2.2},
        "channels": [8.2, 8.0, 7.9],
        "tones": [7.0, 8.0, 8.5, 8.0, None, None],
        "grain": {"found": False, "sigma": 0.0, "channel_correlation": 0.0},
    },
}
GRAINY: dict[str, Any] = {
    "value": 8.0,
    "detail": {
        **NOISE["detail"],
        "full": {"sigma": 5.0, "total": 8.0},
        "half": {"sigma": 4.0, "total": 6.0},
        "grain": {
            "found": True,
            "sigma": 5.0,
            "equal_channels": True,
            "size_px": 2.0,
            "channel_correlation": 0.6,
        },
    },
}


def _denoise(noise: dict[str, Any], network: Any, codes: Codes, **settings: Any) -> Outcome:
    report = {"noise": noise, "blocking": None}
    return run_stage("denoise", codes, report, networks=only(network), every=3, **settings)


def _deblocked() -> Outcome:
    picture = scans.photograph("coffee", 40, 100, 72, 88, grey=False)
    rows, columns = np.arange(72) // 8 * 8 + 3, np.arange(88) // 8 * 8 + 3
    mixed = 0.7 * picture + 0.3 * picture[rows][:, columns]
    detail = {"quality": 30.0, "grid_offset": [0, 0], "period_px": [8.0, 8.0], "rescaled": None}
    report = {
        "noise": {"value": 0.2, "detail": {}},
        "blocking": {"value": True, "detail": detail},
    }
    return run_stage("denoise", scans.codes_of(mixed), report, every=3)


def _not_denoised() -> Outcome:
    report = {"noise": {**NOISE, "value": 0.6}, "blocking": {"value": False, "detail": {}}}
    return run_stage("denoise", scans.waves(32, 32, 3), report)


def _resolved(ppi: float, share: float) -> dict[str, Any]:
    return {"effective_resolution": {"value": ppi, "detail": {"fraction": share}}}


def _cleanup(network: Any) -> Outcome:
    picture = scans.photograph("coffee", 40, 100, 72, 84, grey=False)
    codes = scans.codes_of(scans.softened(picture, 3))
    report = {**_resolved(200.0, 1 / 3), "noise": {"value": 3.0, "detail": {}}}
    return run_stage("cleanup", codes, report, networks=only(network), every=3)


def _not_cleaned() -> Outcome:
    report = {**_resolved(560.0, 0.93), "noise": {"value": 0.5, "detail": {}}}
    return run_stage("cleanup", scans.waves(32, 32, 3), report)


def _upscale(network: str, **settings: Any) -> Outcome:
    codes = scans.codes_of(scans.photograph("coffee", 40, 100, 48, 60, grey=False))
    networks = _no_network if network == "none" else only(seeded_network(network))
    asked = {"factor": 2.5, "network": network, **settings}
    report = _resolved(300.0, 0.5)
    return run_stage("upscale", codes, report, networks=networks, every=4, **asked)


def _not_upscaled() -> Outcome:
    return run_stage("upscale", scans.waves(32, 32, 3), _resolved(300.0, 0.5), ppi=None, factor=1.0)


def _faces(restorer: Any, **settings: Any) -> Outcome:
    codes = scans.codes_of(
        scans.softened(scans.waves(220, 200, 3) / 65535.0) + scans.noise((220, 200, 3), 1.0, 4)
    )
    networks = {settings.setdefault("network", "gfpgan-v1.4"): restorer}
    known = {"dlib-face-identity": FakeIdentity(), **networks}
    near = face_on_page(220, 200, 50.0, (110.0, 120.0), degrees=8.0, effective_ppi=300.0)
    small = face_on_page(220, 200, 9.0, (28.0, 30.0), number=2)
    report = {"faces": {"value": 2, "detail": {}}, "noise": {"value": 1.0, "detail": {}}}
    return run_stage(
        "faces",
        codes,
        report,
        networks=lambda name, **blend: known[name],
        every=3,
        page={"faces": (near, small), "master": ArrayRaster(_floats(codes))},
        **settings,
    )


def _known_face() -> Outcome:
    """A photograph's face, known again by dlib."""
    from restoration.networks.face_identity import face_identity

    codes = scans.codes_of(scans.photograph("astronaut", 0, 60, 240, 300, grey=False))
    folder = weights_at_hand.models_with("dlib-face-identity")
    networks = {"gfpgan-v1.4": FakeRestorer(stripes), "dlib-face-identity": face_identity(folder)}
    face = face_on_page(240, 300, 43.1, (164.7, 118.1), degrees=3.3, effective_ppi=300.0)
    return run_stage(
        "faces",
        codes,
        {"faces": {"value": 1, "detail": {}}, "noise": {"value": 1.0, "detail": {}}},
        networks=lambda name, **blend: networks[name],
        every=4,
        page={"faces": (face,), "master": ArrayRaster(_floats(codes))},
    )


def _no_faces() -> Outcome:
    return run_stage("faces", scans.waves(32, 32, 3), {"faces": {"value": 0, "detail": {}}})


def aged_print() -> Codes:
    picture = scans.photograph("coffee", 20, 60, 300, 300, grey=False)
    return scans.aged(picture[::3, ::3], (0.62, 0.88, 0.8), (0.01, 0.03, 0.12), 14)


def healthy_print() -> Codes:
    picture = scans.photograph("coffee", 20, 60, 300, 300, grey=False)
    return scans.aged(picture[::3, ::3], (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), 14)


STAGES: dict[str, list[Case]] = {
    "descreen": [Case("a halftone", _descreen), Case("no dots", _not_descreened)],
    "repair": [
        Case("dust", _repair),
        Case("a person's mask", lambda: _repair(marked=True, grain=False)),
        Case("a sound page", _not_repaired),
    ],
    "denoise": [
        Case("noise", lambda: _denoise(NOISE, _Smoothing(), _noisy())),
        Case("grain", lambda: _denoise(GRAINY, _Smoothing(), _noisy(), grain="reduce")),
        Case("blocks", _deblocked),
        Case(
            "FFDNet",
            lambda: _denoise(NOISE, packaged_network("ffdnet-color"), _noisy()),
            ("ffdnet-color",),
        ),
        Case("a quiet page", _not_denoised),
    ],
    "cleanup": [
        Case("a soft scan", lambda: _cleanup(FakeNetwork(sharpening))),
        Case("through the engine", lambda: _cleanup(seeded_network("rrdbnet"))),
        Case("a sharp scan", _not_cleaned),
    ],
    "faces": [
        Case("a face network", lambda: _faces(FakeRestorer(stripes))),
        Case(
            "a general network",
            lambda: _faces(seeded_network("rrdbnet"), network="realesrgan-x4plus", strength=0.2,
                           identity_limit=0.6),
        ),
        Case("a photograph", _known_face, ("dlib-face-identity", "dlib-face-points")),
        Case("nobody", _no_faces),
    ],
    "upscale": [
        Case("a network", lambda: _upscale("srvgg")),
        Case("resampled", lambda: _upscale("none")),
        Case("its own size", _not_upscaled),
    ],
    "colour": [
        Case("an aged print", lambda: run_stage("colour", aged_print(), reported("aged"), every=8)),
        Case("a healthy print", lambda: run_stage("colour", healthy_print(), reported("healthy"))),
    ],
}  # fmt: skip
