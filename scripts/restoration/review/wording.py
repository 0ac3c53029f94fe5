"""Records in an archivist's words: findings, confidence, decisions, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

CONFIDENCE = ((0.85, "high"), (0.6, "good"), (0.3, "fair"), (1e-9, "low"))


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
    if isinstance(value, int | float):
        return _figure(value)
    if isinstance(value, Mapping):
        parts = [f"{key} {number(item)}" for key, item in value.items() if item is not None]
        return ", ".join(parts).replace("_", " ")
    if isinstance(value, list | tuple):
        inner = "; " if any(isinstance(item, Mapping | list | tuple) for item in value) else ", "
        return inner.join(number(item) for item in value) or "none"
    return str(value)


def _figure(value: float) -> str:
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    # A narrow no-break space between thousands: neither comma nor point, which countries swap.
    return f"{round(value):,}".replace(",", "\u202f" if abs(value) >= 10_000 else "")


def rows(detail: Record) -> list[tuple[str, str]]:
    """Names and values of a mapping, for a table; what is not known is left out."""
    return [
        (key.replace("_", " "), number(value))
        for key, value in detail.items()
        if value not in (None, {}, [])
    ]


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
