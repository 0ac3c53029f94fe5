"""Records in an archivist's words: confidence, sizes, distances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from restoration.findings.words import number

CONFIDENCE = ((0.85, "high"), (0.6, "good"), (0.3, "fair"), (1e-9, "low"))

LabelledRows = list[tuple[str, str]]
"""Rows of a table for people: what it is, and what there is to say."""


def confidence(value: Any) -> str:
    """How far to trust a finding: high, good, fair, low or none."""
    number = float(value) if isinstance(value, int | float) else 0.0
    return next((word for least, word in CONFIDENCE if number >= least), "none")


def rows(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of a mapping, for a table; what is not known is left out."""
    return [
        (key.replace("_", " "), number(value))
        for key, value in detail.items()
        if value not in (None, {}, [])
    ]


def ppi(value: Any) -> str:
    """Resolution; one number where both directions agree."""
    if not value:
        return "resolution not stated"
    across, down = value
    if abs(across - down) < 0.005 * across:
        return f"{number(float(across))} ppi"
    return f"{number(float(across))} × {number(float(down))} ppi"


METRIC_LABELS = {"psnr": "PSNR", "ssim": "SSIM", "delta_e": "ΔE 2000"}


def metric(name: str, value: Any) -> str:
    """A distance to the truth, with the decimals that are worth showing."""
    if value is None:
        return "identical" if name == "psnr" else "not defined"
    return {"psnr": f"{value:.1f} dB", "ssim": f"{value:.3f}", "delta_e": f"{value:.2f}"}[name]
