"""Simulated scans through the condition report and the stages, as a job would send them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np

from damage.light import Picture
from restoration.config.settings import EngineSettings, ExamineSettings
from restoration.config.stages import REGISTRY
from restoration.examine.page import examine_page
from restoration.examine.registry import MEASURERS
from restoration.findings.report import ConditionReport
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page, Restored, Stage
from support.simulated_scans import SimulatedPage, scanned
from support.weights_at_hand import folders, manifest, models_with


def quiet_threads() -> None:
    """One case runs on one core."""
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)


def as_scan(picture: Picture, ppi: float | None = 600.0, bits: int = 16) -> SimulatedPage:
    """The picture as a page of a master."""
    resolution = None if ppi is None else (ppi, ppi)
    return SimulatedPage(scanned(picture, bits), bits, resolution)


def pixels_of(scan: SimulatedPage) -> Picture:
    """All of its values, as a stage reads them."""
    return scan.read(0, 0, scan.height, scan.width)


def condition_report(scan: SimulatedPage, faces: Literal["cnn", "off"] = "off") -> dict[str, Any]:
    """The whole condition report; without faces, unless asked for: their detector takes longer
    than all the rest."""
    settings = ExamineSettings(faces=faces)
    return examine_page(scan, settings, _colour(scan), MEASURERS, models_dir=folders()[0])


def apply_stage(
    name: str,
    settings: Any,
    scan: SimulatedPage,
    report: Mapping[str, Any],
    damage: Picture | None = None,
) -> tuple[Picture, Restored | Declined]:
    """All pixels after the stage; the scan's own where the stage declined.

    damage: a user's mask, (h, w, 1).
    """
    stage = _stage(name, settings)
    page = Page(
        scan="bench",
        number=1,
        source=scan,
        colour=_colour(scan),
        ppi=scan.ppi,
        report=ConditionReport.model_validate(
            {name: report[name] for name in stage.reads if name in report}
        ),
        key="0" * 64,
        damage=None if damage is None else ArrayRaster(damage),
        master=scan,
    )
    result = stage.apply(page)
    if isinstance(result, Declined):
        return pixels_of(scan), result
    return np.concatenate(list(result.bands)), result


@cache
def _stage(name: str, settings: Any) -> Stage:
    """A stage serves all pages of a job; so does this one."""
    stage = REGISTRY[name].load()()
    stage.setup(settings, networks)
    return stage


def networks(name: str, **blend: float) -> Any:
    """The real network of that name. Ends the bench with one line where its weights are not
    at hand."""
    return _network(name, tuple(sorted(blend.items())))


@cache
def _network(name: str, blend: tuple[tuple[str, float], ...]) -> Any:
    import pytest
    import torch

    from restoration.chain.job_tools import RunningNetwork
    from restoration.networks.load import load_network

    try:
        models = models_with(name)
    except pytest.skip.Exception as missing:
        raise SystemExit(f"quality: {missing}") from None
    torch.set_num_threads(1)
    device = torch.device("cpu")
    network = load_network(name, models, manifest(), device, **dict(blend))
    return RunningNetwork(network, EngineSettings(), device)


def _colour(scan: SimulatedPage) -> ColourSpace:
    return ColourSpace.from_profile(scan.profile, scan.channels)
