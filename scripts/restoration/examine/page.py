"""The one pass over a page that fills its condition report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from restoration.config.settings import ExamineSettings
from restoration.examine.measurer import Measurer, SecondPass
from restoration.examine.registry import MEASURERS
from restoration.examine.survey import Survey
from restoration.examine.window import (
    EarlierFindings,
    PageFacts,
    ScannedPage,
    Window,
)
from restoration.findings.base import AnyFinding
from restoration.networks.manifest import Weights
from restoration.raster.colour.colour_space import ColourSpace


def examine_page(
    page: ScannedPage,
    settings: ExamineSettings,
    colour: ColourSpace,
    measurers: Sequence[type[Measurer]] = MEASURERS,
    models_dir: Path | None = None,
    manifest: Mapping[str, Weights] | None = None,
) -> dict[str, Any]:
    """The condition report of one page, from one pass over it by windows.

    page: values as the file holds them, stored orientation; it must also state ``bits``, ``ppi``
        and ``read_codes`` (see ``ScannedPage``).
    settings: windows of ``settings.window`` pixels are read, aligned to multiples of it.
    colour: how the values are to be understood; only its name and warning enter the report.
    measurers: of which findings, in the order in which they conclude; each may read those before
        it.
    models_dir: folder of verified weights, for findings that need a network.
    manifest: what the weights are, for networks that are loaded by name.

    Returns ``{finding: {"value", "unit", "confidence", "method", "detail"}, ...,
    "warnings": [{"code", "text"}, ...]}``, ready for JSON. A value of None is "unknown", and
    ``detail.reason`` says why. The same page and settings give the same report, whatever the
    number of threads. What ``page`` raises when it cannot be read passes through.
    """
    facts = PageFacts(
        height=page.height,
        width=page.width,
        channels=page.channels,
        bits=page.bits,
        ppi=page.ppi,
        profile=page.profile,
        colour=colour,
        settings=settings,
        orientation=getattr(page, "orientation", 1),
        models_dir=models_dir,
        manifest=manifest,
        infrared=getattr(page, "infrared", None),
    )
    threads = cv2.getNumThreads()
    # One job examines one page after the other on one core; OpenCV's own threads would only
    # take cores from the neighbours, and could change the order of its sums.
    cv2.setNumThreads(1)
    try:
        return _report(_measure(page, facts, [measurer() for measurer in measurers]))
    finally:
        cv2.setNumThreads(threads)


def _measure(
    page: ScannedPage, facts: PageFacts, measurers: Sequence[Measurer]
) -> list[AnyFinding]:
    survey = Survey(facts)
    for measurer in measurers:
        measurer.begin(facts)
    for window in _windows(page, facts.settings.window):
        survey.see(window)
        for measurer in measurers:
            measurer.see(window)
    measured: list[AnyFinding] = []
    for measurer in measurers:
        earlier = EarlierFindings(*measured)
        found = measurer.conclude(survey, earlier)
        if isinstance(measurer, SecondPass):
            found = measurer.look_again(page.read_codes, found, earlier)
        measured.append(found)
    return measured


def _windows(page: ScannedPage, side: int) -> Iterator[Window]:
    for top in range(0, page.height, side):
        for left in range(0, page.width, side):
            height, width = min(side, page.height - top), min(side, page.width - left)
            yield Window(top, left, page.read_codes(top, left, height, width))


def _report(measured: Sequence[AnyFinding]) -> dict[str, Any]:
    report: dict[str, Any] = {found.name: _plain(found.recorded()) for found in measured}
    report["warnings"] = [
        {"code": caution.code, "text": caution.text}
        for found in measured
        for caution in found.cautions
    ]
    return report


def _plain(value: Any) -> Any:
    """JSON types only, numbers to five significant digits: enough for any decision, and few
    enough that a different order of additions does not show."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) or (hasattr(value, "dtype") and value.dtype.kind == "f"):
        return float(f"{float(value):.5g}")
    if hasattr(value, "dtype"):
        return value.item()
    return value
