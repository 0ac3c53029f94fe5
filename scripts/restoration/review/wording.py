"""Records in an archivist's words: findings, confidence, decisions, numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Record = Mapping[str, Any]

LABELS = {
    "nominal_resolution": "Stated resolution",
    "effective_resolution": "Effective resolution",
    "interpolated": "Enlarged by software",
    "noise": "Noise",
    "tone": "Tones and bit depth",
    "paper": "Paper and empty border",
}
"""Names of findings in the order in which a person reads them. One that is not here comes after
these, under its own name with spaces for underscores."""

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


def findings(report: Record) -> list[dict[str, Any]]:
    """The rows of a condition report, in the order in which a person reads them."""
    order = {name: place for place, name in enumerate(LABELS)}
    names = [name for name in report if isinstance(report[name], Mapping)]
    names.sort(key=lambda name: (order.get(name, len(order)), name))
    return [finding(name, report[name]) for name in names]


def finding(name: str, record: Record) -> dict[str, Any]:
    """One row of the condition report: label, sentence, confidence, method and details."""
    return {
        "name": name,
        "label": label(name),
        "text": _sentence(name, record),
        "confidence": confidence(record.get("confidence")),
        "method": record.get("method", ""),
        "detail": rows(record.get("detail") or {}),
    }


def _sentence(name: str, record: Record) -> str:
    value, detail = record.get("value"), record.get("detail") or {}
    if value is None and name != "paper":
        reason = detail.get("reason")
        return f"Not known: {reason}." if reason else "Not known."
    words = _SENTENCES.get(name)
    if words is not None:
        return words(value, detail)
    return f"{number(value)} {record.get('unit', '')}".strip().capitalize() + "."


def _stated(value: Any, detail: Record) -> str:
    if not detail.get("colour_space"):
        return f"{number(value)} ppi."
    assumed = " (assumed: the file carries no usable profile)"
    space = f"{detail['colour_space']}{assumed if detail.get('colour_space_assumed') else ''}"
    return f"{number(value)} ppi, {detail.get('bits')} bits per sample, colours: {space}."


def _effective(value: Any, detail: Record) -> str:
    nominal = detail.get("nominal_ppi")
    of = f" of the {number(round(nominal))} ppi that its file states" if nominal else ""
    return f"Holds about {number(round(value))} ppi of picture{of}."


def _interpolated(value: Any, detail: Record) -> str:
    if not value:
        return "No sign that it was enlarged by software."
    factor = detail.get("factor")
    by = f" by about {number(factor)}" if factor else ""
    return f"Was enlarged{by} by software before: the file holds less than it states."


def _noise(value: Any, _: Record) -> str:
    return f"Standard deviation {number(value)} of 255 steps."


def _tone(value: Any, detail: Record) -> str:
    lowest, highest = (100.0 * part for part in value)
    held, bits = detail.get("bits_held"), detail.get("bits_of_file")
    depth = f" {held} of the file's {bits} bits are used." if held and bits else ""
    return f"From {number(lowest)} % to {number(highest)} % of the encoded range.{depth}"


def _paper(value: Any, detail: Record) -> str:
    if value is None:
        return "No empty border was found."
    top, left, height, width = value
    share = detail.get("empty_share")
    empty = f" {number(100.0 * share)} % of the scan is empty border." if share else ""
    return (
        f"The picture is {pixels(width, height)}, {number(left)} px from the left edge and "
        f"{number(top)} px from the top.{empty}"
    )


_SENTENCES: Mapping[str, Callable[[Any, Record], str]] = {
    "nominal_resolution": _stated,
    "effective_resolution": _effective,
    "interpolated": _interpolated,
    "noise": _noise,
    "tone": _tone,
    "paper": _paper,
}


def rows(detail: Record) -> list[tuple[str, str]]:
    """Names and values of a mapping, for a table; what is not known is left out."""
    return [
        (key.replace("_", " "), number(value))
        for key, value in detail.items()
        if value not in (None, {}, [])
    ]


def decision(page: Record) -> dict[str, Any]:
    """What a stage did to a page, and why, with the numbers it gives."""
    findings = dict(page.get("findings") or {})
    why = page.get("reason") or findings.pop("reason", None)
    # Said by the label beside every picture, in words that no one overlooks.
    findings.pop("generative", None)
    applied = page["status"] == "applied"
    unsaid = "as the recipe asks" if applied else "no reason was recorded"
    return {
        "applied": applied,
        "verdict": "Applied" if applied else "Not applied",
        "why": why or unsaid,
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
