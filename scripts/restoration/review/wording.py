"""Records in an archivist's words: findings, confidence, decisions, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

LABELS = {
    "effective_resolution": "Effective resolution",
    "interpolated": "Enlarged by software",
    "noise": "Noise",
    "paper": "Paper and empty border",
    "tone": "Tone range",
    "tone_range": "Tone range",
    "depth": "Bit depth",
    "bit_depth": "Bit depth",
    "blocking": "JPEG blocks",
    "screen": "Halftone screen",
    "blur": "Blur",
    "fade": "Fading",
    "faces": "Faces",
}
"""Names of findings; one that is not here is shown by its own name, spaces for underscores."""

CONFIDENCE = ((0.85, "high"), (0.6, "good"), (0.3, "fair"), (1e-9, "low"))


def label(name: str) -> str:
    """A finding's or a stage's name for people."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def confidence(value: Any) -> str:
    """How far to trust a finding: high, good, fair, low or none."""
    number = float(value) if isinstance(value, int | float) else 0.0
    return next((word for least, word in CONFIDENCE if number >= least), "none")


def number(value: Any) -> str:
    """A value as a person writes it: four significant digits, no trailing zeros."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        if abs(value) >= 1000:
            return number(round(value))
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {number(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " × ".join(number(item) for item in value) if value else "none"
    return str(value)


def finding(name: str, record: Record) -> dict[str, Any]:
    """One row of the condition report: label, sentence, confidence, method and details."""
    detail = record.get("detail") or {}
    return {
        "name": name,
        "label": label(name),
        "text": _sentence(name, record),
        "confidence": confidence(record.get("confidence")),
        "method": record.get("method", ""),
        "detail": rows(detail),
    }


def _sentence(name: str, record: Record) -> str:
    value, unit, detail = record.get("value"), record.get("unit", ""), record.get("detail") or {}
    if value is None:
        reason = detail.get("reason")
        return f"Not known: {reason}." if reason else "Not known."
    if name == "effective_resolution":
        nominal = detail.get("nominal_ppi")
        of = f" of the {number(round(nominal))} ppi that its file states" if nominal else ""
        return f"Holds about {number(round(value))} ppi of picture{of}."
    if name == "interpolated":
        if not value:
            return "No sign that it was enlarged by software."
        factor = detail.get("factor")
        by = f" by about {number(factor)}" if factor else ""
        return f"Was enlarged{by} by software before: the file holds less than it states."
    if name == "noise" and isinstance(value, int | float):
        return f"Standard deviation {number(float(value))} of 255 steps."
    if name == "paper" and isinstance(value, list | tuple) and len(value) == 4:
        top, left, height, width = value
        return (
            f"The picture is {number(width)} × {number(height)} px, {number(left)} px from the "
            f"left edge and {number(top)} px from the top."
        )
    return f"{number(value)} {unit}".strip().capitalize() + "."


def rows(detail: Record) -> list[tuple[str, str]]:
    """Names and values of a mapping, for a table; what is not known is left out."""
    return [
        (key.replace("_", " "), number(value))
        for key, value in detail.items()
        if value is not None and value != {} and value != []
    ]


def decision(page: Record) -> dict[str, Any]:
    """What a stage did to a page, and why, with the numbers it gives."""
    findings = dict(page.get("findings") or {})
    why = page.get("reason") or findings.pop("reason", None)
    # Said by the label beside every picture, in words that no one overlooks.
    findings.pop("generative", None)
    applied = page["status"] == "applied"
    return {
        "applied": applied,
        "verdict": "Applied" if applied else "Not applied",
        "why": why or "no reason was recorded",
        "generative": bool(page.get("generative")),
        "numbers": rows(findings),
        "seconds": page.get("seconds"),
        "key": page.get("output_key") or page.get("key"),
        "page": page.get("number"),
    }


def pixels(width: Any, height: Any) -> str:
    """Size in pixels, width first."""
    return f"{number(width)} × {number(height)} px"


def ppi(value: Any) -> str:
    """Resolution; one number where both directions agree."""
    if not value:
        return "resolution not stated"
    across, down = value
    if abs(across - down) < 0.005 * across:
        return f"{number(float(across))} ppi"
    return f"{number(float(across))} × {number(float(down))} ppi"


def bytes_of(value: Any) -> str:
    """A file's size, in powers of 1000 as file managers show it."""
    size = float(value or 0)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


METRIC_LABELS = {"psnr": "PSNR", "ssim": "SSIM", "delta_e": "ΔE 2000"}


def metric(name: str, value: Any) -> str:
    """A distance to the truth, with the decimals that are worth showing."""
    if value is None:
        return "identical" if name == "psnr" else "not defined"
    return {"psnr": f"{value:.1f} dB", "ssim": f"{value:.3f}", "delta_e": f"{value:.2f}"}[name]
