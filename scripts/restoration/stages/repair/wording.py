"""What the repair stage says in a sentence: what was filled, what was left, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from restoration.findings.damage import KINDS
from restoration.findings.words import number
from restoration.records.stage_findings.repair import FoundPieces, LeftMarks, RepairFindings
from restoration.stages.repair.wide import FillsHoles

_LEFT = {
    "a person excluded it": "excluded by a person",
    "eye": "in an eye",
    "mouth": "in a mouth",
    "head outline": "along the outline of a head",
    "lettering": "in lettering",
    "edge of the sheet": "along the edge of the sheet",
    "halftone screen": "on a halftone screen, which descreen takes out first",
    "too wide": "too wide to be filled unasked",
    "suspected": "only suspected",
}
"""By reason: what follows a number of marks."""


def filled(said: RepairFindings, share: float) -> str:
    """What was filled, who found it, and what was left; share: of the page, 0 to 1."""
    taken = said.filled_marks or {}
    by_looks = ", ".join(_of(kind, count, said.of(kind)) for kind, count in taken.items())
    found = [by_looks] if by_looks else []
    if said.infrared_used:
        found.append("told by infrared as well as by looks" if by_looks else "infrared")
    if said.user_regions is not None:
        found.append("what lies in regions that a person marked")
    if said.user_mask:
        found.append("what a person marked")
    wide = ""
    if said.wide_px:
        wide = f", {number(said.wide_px)} px of it wide holes by patches from around them"
    if said.wide_px and said.network is not None:
        wide = f", {number(said.wide_px)} px of it wide holes by the network '{said.network}'"
    return f"{' and '.join(found)}: {100.0 * share:.2g} % of the page filled{wide}{_left(said)}"


def declined(said: RepairFindings) -> str:
    """Why nothing was filled."""
    if said.found_left:
        return said.found_left
    left = _left(said)
    sure = [f"{kind} {one.count}" for kind in KINDS if (one := said.of(kind)) and one.count]
    if sure:
        return f"{', '.join(sure)} found, and none filled{left}"
    return f"nothing was found that is certain to be damage{left}"


def by(filler: FillsHoles | None) -> str:
    """What fills wide holes; None: patches."""
    if filler is None:
        return "with patches of the picture around it"
    return f"by the network '{filler.name}', which makes up what was there"


def warned_of_wide(pixels: int, filler: FillsHoles | None) -> str:
    """What a person should know of wide holes that are filled; pixels: of all of them."""
    made = by(filler).replace("around it", "around them")
    return (
        f"wide holes ({number(pixels)} px) were filled {made}: nothing of what was there is "
        "recorded; look at them at full size"
    )


def told_of_wide(pixels: int, filler: FillsHoles | None) -> dict[str, Any]:
    """What the record says of them."""
    said: dict[str, Any] = {"wide_px": pixels}
    if filler is None:
        return said
    return {
        **said,
        "generative": True,
        "network": filler.name,
        "weights_sha256": filler.weights_sha256,
    }


def polarity(kinds: Sequence[FoundPieces]) -> str:
    """Whether damage is lighter or darker than its surroundings."""
    light = sum(kind.light for kind in kinds)
    dark = sum(kind.dark for kind in kinds)
    if light + dark == 0:
        return "none"
    return "light" if dark == 0 else "dark" if light == 0 else "both"


def _of(kind: str, count: int, found: FoundPieces | None) -> str:
    """A kind and how many of it; of how many, where some were left."""
    whole = 0 if found is None else found.count
    return f"{kind} {count} of {whole}" if whole > count else f"{kind} {count}"


def _left(said: RepairFindings) -> str:
    """What was left, after a semicolon; empty where nothing was."""
    if said.left:
        return f"; {said.left}"
    counts: dict[str, int] = {}
    for one in said.left_marks or ():
        words = _words(one)
        counts[words] = counts.get(words, 0) + one.count
    if not counts:
        return ""
    return f"; left: {', '.join(f'{count} {words}' for words, count in counts.items())}"


def _words(one: LeftMarks) -> str:
    if one.reason == "kind not asked for":
        return f"of {one.kind}, which the recipe has repair leave"
    return _LEFT.get(one.reason, one.reason)
