"""Real scans without a truth: what the condition report says of each, for a person to judge.

They are read from the folder that the environment variable RESTORATION_IMAGES names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from quality_scans import apply_stage, condition_report
from quality_tables import Outcome, Row, Table, shown

from restoration.config.stages.descreen import DescreenSettings
from restoration.config.stages.repair import RepairSettings
from restoration.stages.base import Declined
from support.simulated_scans import SimulatedPage

TITLE = "Real prints"
VARIABLE = "RESTORATION_IMAGES"
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def cases(quick: bool) -> list[Path]:
    """The pictures of the folder; none where the variable is not set, which the report says."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        return []
    found = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise SystemExit(f"quality: {VARIABLE} names {folder}, which holds no {SUFFIXES} file")
    return found[:2] if quick else found


def measure(path: Path) -> list[dict[str, Any]]:
    scan = page_of(path)
    report = condition_report(scan, faces="cnn")
    decisions = {}
    for name, settings in (("descreen", DescreenSettings()), ("repair", RepairSettings())):
        _, decision = apply_stage(name, settings, scan, report)
        decisions[name] = f"not: {decision.reason}" if isinstance(decision, Declined) else "applied"
    return [
        {
            "picture": path.name,
            "size": f"{scan.width} x {scan.height}",
            **{name: _said(name, found) for name, found in report.items() if name != "warnings"},
            **decisions,
            "report": report,
        }
    ]


def page_of(path: Path) -> SimulatedPage:
    pixels = np.atleast_3d(np.asarray(imagecodecs.imread(path)))
    pixels = pixels[:, :, :3] if pixels.shape[2] >= 3 else pixels[:, :, :1]
    if pixels.dtype == np.uint8:
        return SimulatedPage(pixels.astype(np.uint16) * np.uint16(257), 8, None)
    if pixels.dtype != np.uint16:
        raise SystemExit(f"quality: {path} holds {pixels.dtype}, expected 8 or 16 bits")
    return SimulatedPage(pixels, 16, None)


SAID: Mapping[str, tuple[str, ...]] = {
    "blocking": ("quality", "grid_offset"),
    "effective_resolution": ("fraction",),
    "blur": ("length_px", "direction_deg", "radius_px"),
}
"""Details that are told beside the value."""


def _said(name: str, found: Mapping[str, Any]) -> str:
    """Value, confidence and the telling details, in one cell."""
    value = shown(found["value"]).replace("–", "unknown")
    detail = found["detail"]
    if name == "screen" and detail.get("regions"):
        value += "; " + "; ".join(_region(region) for region in detail["regions"])
    if name == "noise" and detail.get("grain", {}).get("found"):
        value += f"; grain {shown(detail['grain'].get('sigma'))}"
    told = [f"{key} {shown(detail[key])}" for key in SAID.get(name, ()) if detail.get(key)]
    return ", ".join([f"{value} ({found['confidence']:.2f})", *told])


def _region(region: Mapping[str, Any]) -> str:
    screens = [
        f"{s['channel']} {s['ruling_px']:.2f} px {s['angle_deg']:.1f}°"
        for s in region.get("screens", [])
    ]
    return f"{region['kind']} {region['share']:.0%} {' '.join(screens)}"


def outcome(rows: Sequence[Row]) -> Outcome:
    if not rows:
        text = f"{VARIABLE} is not set: nothing was looked at."
        return Outcome([Table(text, ("picture",), [])], [])
    names = [key for key in rows[0] if key not in ("picture", "size", "report")]
    columns = ("picture", "size", *names)
    lines = [tuple(row[key] for key in columns) for row in rows]
    table = Table("Findings (confidence)", columns, lines)
    return Outcome([table], [], [dict(row) for row in rows])
