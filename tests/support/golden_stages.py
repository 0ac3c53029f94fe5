"""Golden cases of the stages: each works on one scan at least, and declines another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from restoration.raster.base import ArrayRaster, FloatImage
from support import golden_scans as scans
from support import weights_at_hand
from support.fake_detector import FakeDetector, WhiteDetector, fake_detector
from support.fake_faces import FakeIdentity, FakeRestorer, face_on_page, stripes
from support.fake_networks import FakeNetwork, sharpening
from support.golden import Case, Codes, Outcome
from support.one_stage import (
    floats_of,
    no_network,
    only,
    packaged_network,
    run_stage,
    seeded_network,
)

REPORTS = Path(__file__).parent / "golden_reports.json"
"""Findings as ``examine`` stated them once. They stay as they are when it changes: what a stage
makes of them is compared, not what is found today."""


@cache
def reported(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REPORTS.read_text(encoding="utf-8"))[name]
    return found


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


def _descreened_in_colour() -> Outcome:
    picture = scans.photograph("astronaut", 0, 100, 144, 144, grey=False)
    picture[:, :40] = 1.0
    angles = (15.0, 75.0, 0.0)
    codes = scans.colour_halftone(picture, 5.6, angles)
    said = _screen(codes, 5.6, angles[0])
    screens = []
    for channel, degrees in zip("rgb", angles, strict=True):
        (one,) = _screen(codes, 5.6, degrees)["screen"]["detail"]["regions"][0]["screens"]
        screens.append({**one, "channel": channel})
    said["screen"]["detail"]["regions"][0]["screens"] = screens
    return run_stage("descreen", codes, said, every=4)


def _not_descreened() -> Outcome:
    codes = scans.waves(64, 64, 1)
    return run_stage("descreen", codes, _screen(codes, 6.4, 30.0))


def _repair(**settings: Any) -> Outcome:
    picture = scans.photograph("camera", 0, 60, 256, 256, grey=True)
    codes, _ = scans.dusty(scans.softened(picture, 2), 24, 3)
    report = {"damage": {"value": 0.01, "detail": {"dust": {"count": 24}}}}
    with fake_detector(FakeDetector(widest=5, least_side=100)):
        return run_stage("repair", codes, report, **settings)


def _repaired_where_marked() -> Outcome:
    """Specks, a hole too wide for the equation, and no verdict of the condition report."""
    picture = scans.photograph("camera", 0, 60, 192, 192, grey=True)
    codes, hidden = scans.dusty(scans.softened(picture, 2), 24, 3)
    mask = hidden & (np.arange(192) < 90)
    mask[100:142, 110:150] = True
    codes[100:142, 110:150] = 60000
    marked = {"damage": ArrayRaster(mask.astype(np.float32)[..., None])}
    return run_stage("repair", codes, {}, page=marked)


def _repaired_lines() -> Outcome:
    picture = scans.photograph("camera", 0, 60, 256, 256, grey=True)
    report = {"damage": {"value": 0.01, "detail": {"scratches": {"count": 2}}}}
    kinds = ["dust", "hairs", "scratches", "cracks"]
    codes = scans.scratched(scans.softened(picture, 2))
    with fake_detector(FakeDetector(widest=5, least_side=100)):
        return run_stage("repair", codes, report, kinds=kinds, apply="always", most_share=0.2)


def _repaired_by_infrared() -> Outcome:
    picture = scans.photograph("coffee", 40, 100, 128, 160, grey=False)
    codes, hidden = scans.dusty(scans.softened(picture, 2), 12, 5)
    depth = scans.softened(np.where(hidden, 0.3, 0.0)[..., None])
    # Dyes let a little through, the film's own grain shows.
    seen = 0.8 - 0.05 * picture[..., :1] - depth + scans.noise(depth.shape, 1.0, 6)
    page = {"infrared": ArrayRaster(floats_of(scans.codes_of(seen))), "material": "positive"}
    report = {"damage": None, "colour": {"value": "colour"}}
    with fake_detector(WhiteDetector()):
        return run_stage("repair", codes, report, page=page, every=2, most_share=0.2)


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
        "half": {"sigma": 4.0, "total": 5.0},
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
    report = {**_resolved(240.0, 0.4), "noise": {"value": 3.0, "detail": {}}}
    return run_stage("cleanup", codes, report, networks=only(network), every=3)


def _not_cleaned() -> Outcome:
    report = {**_resolved(560.0, 0.93), "noise": {"value": 0.5, "detail": {}}}
    return run_stage("cleanup", scans.waves(32, 32, 3), report)


def _upscale(network: str, **settings: Any) -> Outcome:
    codes = scans.codes_of(scans.photograph("coffee", 40, 100, 48, 60, grey=False))
    networks = no_network if network == "none" else only(seeded_network(network))
    asked = {"factor": 2.5, "network": network, **settings}
    report = _resolved(336.0, 0.56)
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
        page={"faces": (near, small), "master": ArrayRaster(floats_of(codes))},
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
        page={"faces": (face,), "master": ArrayRaster(floats_of(codes))},
    )


def _no_faces() -> Outcome:
    return run_stage("faces", scans.waves(32, 32, 3), {"faces": {"value": 0, "detail": {}}})


def aged_print() -> Codes:
    picture = scans.photograph("coffee", 20, 60, 300, 300, grey=False)
    return scans.aged(picture[::3, ::3], (0.62, 0.88, 0.8), (0.01, 0.03, 0.12), 14)


def healthy_print() -> Codes:
    picture = scans.photograph("coffee", 20, 60, 300, 300, grey=False)
    return scans.aged(picture[::3, ::3], (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), 14)


def _coloured(kept: list[float], stain: list[float], **settings: Any) -> Outcome:
    """The aged print, were its dyes to say something else."""
    report = json.loads(json.dumps(reported("aged")))
    report["dyes"]["detail"]["as_dyes"] |= {"kept": kept, "stain": stain}
    return run_stage("colour", aged_print(), report, every=8, **settings)


STAGES: dict[str, list[Case]] = {
    "descreen": [
        Case("a halftone", _descreen),
        Case("colours beside blank paper", _descreened_in_colour),
        Case("no dots", _not_descreened),
    ],
    "repair": [
        Case("dust", _repair),
        Case("a person's mask", _repaired_where_marked),
        Case("scratches", _repaired_lines),
        Case("colour film with infrared", _repaired_by_infrared),
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
        Case("a stain alone", lambda: _coloured([1.0, 1.0, 1.0], [0.0, 0.01, 0.03])),
        Case("lights beyond the paper", lambda: _coloured([0.6, 0.9, 0.8], [0.06, 0.09, 0.17])),
        Case("too little to see", lambda: _coloured([0.98, 1.0, 0.985], [0.0, 0.01, 0.015])),
        Case("a healthy print", lambda: run_stage("colour", healthy_print(), reported("healthy"))),
    ],
}  # fmt: skip
