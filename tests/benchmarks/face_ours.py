"""Our faces in the bench: the condition report finds them, the stage `faces` restores them.

The aligned faces that the network made are handed out, so that the package's paste-back gets the
same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from quality_scans import apply_stage, as_scan, condition_report, pixels_of

from damage.light import Picture
from restoration.chain.job_tools import Networks
from restoration.config.settings import Config, load_config
from restoration.config.stages.denoise import DenoiseSettings
from restoration.config.stages.descreen import DescreenSettings
from restoration.config.stages.faces import FacesSettings
from restoration.engine.native.build import library_path, tested
from restoration.faces import IDENTITY
from restoration.faces.frame import SIDE
from restoration.faces.page_faces import KnownFace, known_faces, where_faces_lie
from restoration.findings.faces import FacesStage as FacesFound
from restoration.findings.report import ConditionReport
from restoration.networks.face_detector import PicturePlace
from restoration.networks.face_identity import TEMPLATE
from restoration.plan.plan import Plan
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page
from restoration.stages.faces.enlarged_face import face_runner
from restoration.stages.faces.stage import FacesStage
from support.simulated_scans import SimulatedPage
from support.weights_at_hand import folders

PPI = 600.0

NETWORK = "realesrgan-x4plus-packaged"
"""No weights of a network that was trained on faces can be had from the package index."""


@dataclass(frozen=True)
class FacePage:
    """A damaged page with one face of known place."""

    scan: SimulatedPage
    """uint16 RGB codes at a stated resolution."""
    points: tuple[PicturePlace, ...]
    """Five points of the face as the truth has them, in the order of ``POINT_NAMES``."""
    width: float
    """Of the face, in pixels of the page."""


@dataclass(frozen=True)
class OurFace:
    """What was done with one face."""

    crop: Picture
    """Restored and aligned, float32 (512, 512, 3), sRGB-encoded, before it went back."""
    points: tuple[PicturePlace, ...]
    """The five points it was aligned by, on the page."""
    eligible: bool
    """Not too small, too unsure or forbidden: the stage looked at it."""
    changed: bool
    reason: str = ""
    strength: float | None = None
    distance: float | None = None
    """From the scan's own face, as the stage measured it."""


@dataclass(frozen=True)
class Record:
    """What the stage says of a page."""

    faces: Sequence[OurFace]
    reason: str = ""
    """Why nothing was applied, where that is so."""


class Watched:
    """A face runner that keeps what it made, so that others can be fed with the same."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self.made: list[Picture] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    def restore(self, face: Picture, share: float) -> Picture:
        (made,) = self.restore_all(iter([(face, share)]))
        return made

    def restore_all(self, faces: Iterator[tuple[Picture, float]]) -> Iterator[Picture]:
        for made in self._runner.restore_all(faces):
            self.made.append(made)
            yield made


@cache
def _networks() -> dict[str, Any]:
    """By name; the general network is the one that the demo's recipe uses."""
    recipe = {"recipe": "faces", "recipes": {"faces": {"stages": {}}}}
    models = {"models_dir": str(folders()[0]), "device": "cpu"}
    networks = Networks(make_plan_of(load_config({**recipe, **models})), threads=2)
    return {
        NETWORK: Watched(face_runner(networks(NETWORK))),
        IDENTITY: networks(IDENTITY),
    }


def make_plan_of(config: Config) -> Plan:
    """A plan without scans."""
    runtime = "torch" if tested() is None else f"native {library_path().stem}"
    return Plan(config=config, scans=(), device="cpu", runtime=runtime)


BEFORE = (("descreen", DescreenSettings()), ("denoise", DenoiseSettings()))
"""What runs before faces in every recipe that restores them, with its defaults. Cleanup is left
out: it keeps off faces."""


def restored(page: FacePage, alone: bool = False, **settings: Any) -> tuple[Picture, Record]:
    """The page after our stages, float32 (h, w, 3), and what was done to its faces.

    Nothing is told: the condition report finds and measures the face. alone: the stage `faces` and
    no other. settings: of that stage.
    """
    report = condition_report(page.scan, "cnn")
    scan = page.scan
    for name, before in () if alone else BEFORE:
        pixels, _ = apply_stage(name, before, scan, report)
        scan = as_scan(pixels, PPI)
    known = known_faces(
        where_faces_lie(FacesFound.model_validate(report["faces"])),
        None,
        1,
        lambda shape, place: False,
    )
    stage, networks = FacesStage(), _networks()
    watched: Watched = networks[NETWORK]
    watched.made.clear()
    chosen = FacesSettings(network=NETWORK, **settings)
    stage.setup(chosen, lambda name, **blend: networks[name])
    result = stage.apply(
        Page(
            scan="bench",
            number=1,
            source=scan,
            colour=ColourSpace.from_profile(None, 3),
            ppi=scan.ppi,
            report=ConditionReport.model_validate({name: report[name] for name in stage.reads}),
            key="0" * 64,
            faces=tuple(known),
            master=None if alone else page.scan,
        )
    )
    faces = _faces(known, result.findings.get("faces", ()), watched.made)
    if isinstance(result, Declined):
        return pixels_of(scan), Record(faces, result.reason)
    return np.concatenate(list(result.bands)), Record(faces)


def _faces(
    known: Sequence[KnownFace], said: Sequence[Any], made: Sequence[Picture]
) -> list[OurFace]:
    """The stage's faces with the networks' crops, which come in the order of the accepted ones."""
    crops = iter(made)
    found = []
    for face, record in zip(known, said, strict=True):
        eligible = record["decision"] in ("restored", "rejected")
        # The places of the template on the page: whoever aligns by them gets this very frame.
        places = face.frame.to_page(np.asarray(TEMPLATE) + 0.5)
        found.append(
            OurFace(
                crop=next(crops) if eligible else np.zeros((SIDE, SIDE, 3), np.float32),
                points=tuple((float(y), float(x)) for x, y in places),
                eligible=eligible,
                changed=record["decision"] == "restored",
                reason=record["reason"],
                strength=record.get("strength"),
                distance=record.get("distance"),
            )
        )
    return found
