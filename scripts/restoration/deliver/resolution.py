"""The resolution of a deliverable: the master's own numbers, or those of its new size."""

from __future__ import annotations

from fractions import Fraction

from restoration.raster.tiff.page import TiffPage
from restoration.raster.tiff.write_intermediate import Rational, rational

_TAGS = (282, 283)
UNIT = 296


def resolution_of(
    original: TiffPage, ppi: tuple[float, float] | None, resized: bool
) -> tuple[tuple[Rational, Rational] | None, int]:
    """The resolution and its unit: the master's own numbers as long as the size is the master's."""
    if resized:
        # A resolution without unit is an aspect ratio only; it says nothing of the new size.
        return (None, 1) if ppi is None else ((rational(ppi[0]), rational(ppi[1])), 2)
    pairs = [_stated(original, code) for code in _TAGS]
    if not all(pairs):
        return None, 1
    # In lowest terms, as the file will hold it and the reading back expect it.
    across, down = (Fraction(*pair).as_integer_ratio() for pair in pairs if pair)
    unit = original.tags.number(original.directory, UNIT, 2)
    return (across, down), unit if unit in (1, 2, 3) else 1


def _stated(original: TiffPage, code: int) -> Rational | None:
    """One resolution tag of the master; None where it holds no number above 0."""
    entry = original.directory.entries.get(code)
    pair = original.tags.values(entry)[0] if entry and entry.kind == 5 and entry.count else (0, 0)
    return (pair[0], pair[1]) if pair[0] and pair[1] else None


def resolution_notes(original: TiffPage, resolution: object, resized: bool) -> list[str]:
    """What a master says of its resolution and the deliverable does not."""
    stated = [code for code in (*_TAGS, UNIT) if code in original.directory.entries]
    if resolution is None and stated:
        why = (
            "it is not known for the new size"
            if resized and all(_stated(original, code) for code in _TAGS)
            else "expected two numbers above 0 in tags 282 and 283, found others"
        )
        return [f"the resolution tags of the master are left out: {why}"]
    unit = original.tags.number(original.directory, UNIT, 2)
    if resolution is not None and not resized and unit not in (1, 2, 3):
        return [f"ResolutionUnit: expected 1, 2 or 3, found {unit}; delivered as 1, without unit"]
    return []
