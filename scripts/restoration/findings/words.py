"""Figures as a person writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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


def pixels(width: Any, height: Any) -> str:
    """Size in pixels, width first."""
    return f"{number(width)} × {number(height)} px"
