"""The condition report in an archivist's words: a sentence for each finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from restoration.condition.confidence import LEAST_CONFIDENCE
from restoration.config.stages import REGISTRY
from restoration.examine.damage.search import FEWEST
from restoration.review.wording import Record, confidence, number, pixels, rows

LABELS = {
    "nominal_resolution": "Stated resolution",
    "effective_resolution": "Effective resolution",
    "interpolated": "Enlarged by software",
    "screen": "Halftone screen",
    "noise": "Noise and grain",
    "blocking": "JPEG blocks",
    "blur": "Blur",
    "sharpening": "Sharpened by the scanner",
    "damage": "Dust, scratches, creases",
    "tone": "Tones and bit depth",
    "colour": "Kind of picture",
    "fading": "Fading and cast",
    "dyes": "Dyes and paper",
    "exposure": "Exposure",
    "text": "Text and line art",
    "faces": "Faces",
    "paper": "Paper and empty border",
}
"""Names of findings in the order in which a person reads them. One that is not here comes after
these, under its own name with spaces for underscores."""

TRUSTED_LOSS = 0.45
"""The same for a loss of density: at 0.4 and less fog and a soft subject look alike."""

LOST = 0.1
"""Share of the density range that may be missing for the subject's sake."""

LEAST_FADE = 0.03
"""Loss of a dye that is within what two scans of one print differ by."""

UNSHOWN = frozenset({"faces", "map", "occupied", "toner"})
"""Details for machines alone: the report's pictures show them, and its rows of faces."""


_DETAILS = {
    ("noise", "full"): "in the quietest places, at full scale",
    ("noise", "half"): "in the quietest places, at half scale",
    ("noise", "quarter"): "in the quietest places, at quarter scale",
}
"""Details whose own name does not say of what they speak."""


def label(name: str) -> str:
    """A finding's name for people."""
    return LABELS.get(name) or stage_label(name)


def stage_label(name: str) -> str:
    """A stage's name for people; it may be that of a finding on another subject."""
    entry = REGISTRY.get(name)
    return (entry and entry.label) or name.replace("_", " ").capitalize()


def findings(report: Record) -> list[dict[str, Any]]:
    """The rows of a condition report, in the order in which a person reads them."""
    order = {name: place for place, name in enumerate(LABELS)}
    names = [name for name in report if isinstance(report[name], Mapping)]
    names.sort(key=lambda name: (order.get(name, len(order)), name))
    against = _against_fading(report.get("dyes") or {})
    return [finding(n, report[n], against if n == "fading" else "") for n in names]


def finding(name: str, record: Record, against: str = "") -> dict[str, Any]:
    """One row of the condition report: label, sentence, confidence, method and details.

    against: what another finding holds against this one.
    """
    detail = record.get("detail") or {}
    shown = {_DETAILS.get((name, k), k): v for k, v in detail.items() if k not in UNSHOWN}
    return {
        "name": name,
        "label": label(name),
        "text": _sentence(name, record, against),
        "confidence": confidence(record.get("confidence")),
        "method": record.get("method", ""),
        "detail": rows(shown),
    }


def _against_fading(dyes: Record) -> str:
    """Why weak or coloured blacks may be the subject's; empty where the dyes say no such thing."""
    detail: Record = dyes.get("detail") or {}
    said: Record = detail.get("as_dyes") or {}
    if detail.get("image") != "dyes" or said.get("balanced"):
        return ""
    return str(detail.get("doubt") or said.get("against") or "")


def _sentence(name: str, record: Record, against: str) -> str:
    value, detail = record.get("value"), record.get("detail") or {}
    if value is None and name != "paper":
        reason = detail.get("reason") or _unsaid_of_dyes(detail)
        return f"Not known: {reason}." if reason else "Not known."
    sure = float(record.get("confidence", 1.0))
    lost = name == "fading" and value is not None and value >= LOST
    if name != "paper" and (sure < LEAST_CONFIDENCE or (lost and (sure < TRUSTED_LOSS or against))):
        # No figure without the confidence to carry it.
        doubt = against or detail.get("doubt") or detail.get("judged_by") or detail.get("reason")
        return f"Not sure: {doubt}." if doubt else "Not sure enough to say."
    words = _SENTENCES.get(name)
    if words is not None:
        return words(value, detail)
    return f"{number(value)} {record.get('unit', '')}".strip().capitalize() + "."


def _unsaid_of_dyes(detail: Record) -> str:
    """Why the finding on dyes says nothing; empty for other findings."""
    said = detail.get("as_dyes" if detail.get("image") == "dyes" else "as_silver") or {}
    return str(said.get("against") or "")


def _stated(value: Any, detail: Record) -> str:
    infrared = detail.get("infrared")
    also = f" Infrared: {infrared}." if infrared else ""
    if not detail.get("colour_space"):
        return f"{number(value)} ppi.{also}"
    assumed = " (assumed: the file carries no usable profile)"
    space = f"{detail['colour_space']}{assumed if detail.get('colour_space_assumed') else ''}"
    return f"{number(value)} ppi, {detail.get('bits')} bits per sample, colours: {space}.{also}"


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


def _noise(value: Any, detail: Record) -> str:
    text = f"Standard deviation {float(value):.2g} of 255 steps"
    grain = detail.get("grain") or {}
    size, sigma = grain.get("size_px"), grain.get("sigma")
    if not sigma or grain.get("found") is False:
        return f"{text}."
    wide = f", {float(size):.2g} px wide" if size else ""
    perhaps = "" if grain.get("found") else "perhaps "
    return f"{text}, {float(sigma):.2g} {perhaps}as grain of the photograph{wide}."


def _tone(value: Any, detail: Record) -> str:
    lowest, highest = (100.0 * part for part in value)
    held, bits = detail.get("bits_held"), detail.get("bits_of_file")
    depth = f" {held} of the file's {bits} bits are used." if held and bits else ""
    return f"From {number(lowest)} % to {number(highest)} % of the encoded range.{depth}"


def _paper(value: Any, detail: Record) -> str:
    if value is None:
        return "No empty border was found."
    left, top, width, height = value
    share = detail.get("empty_share")
    empty = f" {number(100.0 * share)} % of the scan is empty border." if share else ""
    return (
        f"The picture is {pixels(width, height)}, {number(left)} px from the left edge and "
        f"{number(top)} px from the top.{empty}"
    )


def _screen(value: Any, detail: Record) -> str:
    regions = detail.get("regions") or []
    if value == "none":
        return "No halftone screen."
    share = sum(float(region.get("share") or 0.0) for region in regions)
    where = f" on {number(round(100.0 * share))} % of the page" if share else ""
    if value == "stochastic":
        return f"Irregular (stochastic) dots{where}: descreen cannot take out what has no lattice."
    screens = [screen for region in regions for screen in region.get("screens") or []]
    seen = dict.fromkeys(_ruling(screen) for screen in screens)
    return f"Halftone screen{where}: {'; '.join(seen)}."


def _ruling(screen: Record) -> str:
    lines = screen.get("ruling_lpi")
    ruling = f"{number(round(lines))} lines per inch" if lines else "ruling not known"
    return f"{ruling} at {number(round(float(screen['angle_deg'])))}°"


def _blocking(value: Any, detail: Record) -> str:
    if not value:
        return "No JPEG blocks."
    quality = detail.get("quality")
    return f"JPEG blocks{f', quality about {number(round(quality))}' if quality else ''}."


def _blur(value: Any, detail: Record) -> str:
    if value == "motion":
        length, direction = detail.get("length_px"), detail.get("direction_deg")
        return f"Moved by about {number(length)} px at {number(direction)}° while it was taken."
    if value == "defocus":
        return f"Out of focus: a disc of about {number(detail.get('radius_px'))} px radius."
    return {
        "compression": "Softened by compression.",
        "none": "Neither moved nor out of focus.",
    }.get(str(value), f"{value}.")


def _sharpening(value: Any, detail: Record) -> str:
    if not value:
        return "No halos of a sharpening filter."
    share = detail.get("overshoot")
    by = f" by {number(round(100.0 * share))} % of the step" if share else ""
    return f"Edges overshoot{by}: a sharpening filter ran."


def _damage(value: Any, detail: Record) -> str:
    kinds = ("dust", "scratches", "creases")
    counts = {kind: int((detail.get(kind) or {}).get("count") or 0) for kind in kinds}
    found = [f"{kind} {number(count)}" for kind, count in counts.items() if count]
    searched = float(detail.get("searched_share", 1.0))
    # An estimate: what pieces cover of the squares in which they were seen.
    share = f"about {100.0 * value:.2g} % of the page"
    if searched >= 1.0:
        if not found:
            return "No damage found."
        doubt = ", which may as well be picture" if sum(counts.values()) < FEWEST else ""
        return f"{', '.join(found).capitalize()}, {share}{doubt}."
    where = f"{100.0 * searched:.2g} % of the page"
    if not found:
        return f"No damage found on the {where} that were searched."
    return f"About {', '.join(found)}, {share}, judged by the {where} that were searched."


def _colour_kind(value: Any, _: Record) -> str:
    kinds = {"grey": "Grey.", "toned": "Toned: one hue, as of sepia.", "colour": "Colour."}
    return kinds.get(str(value), f"{value}.")


def _fading(value: Any, detail: Record) -> str:
    judged = detail.get("judged_by")
    if value < LOST:
        return f"No loss of density found{f': {judged}' if judged else ''}."
    return f"About {number(round(100.0 * value))} % of the density range is lost."


def _dyes(value: Any, detail: Record) -> str:
    """value: share of each channel's density that is left."""
    kind = str(detail.get("image"))
    said: Record = detail.get("as_dyes" if kind == "dyes" else "as_silver") or {}
    faded = kind == "dyes" and not said.get("against") and min(value) <= 1.0 - LEAST_FADE
    shares = " / ".join(number(round(100.0 * share)) for share in value)
    whole = "No fading found" if kind == "dyes" else "Fading is not judged"
    kept = f"Kept {shares} % of their density" if faded else whole
    stain = " / ".join(f"{added:.2f}" for added in said.get("stain") or ())
    where = "margin" if detail.get("margin") else "lightest tones"
    return f"{kept}; stain {stain}, by the {where}." if stain else f"{kept}."


def _exposure(value: Any, detail: Record) -> str:
    tones: Record = detail.get("lightness") or {}
    stops = detail.get("stops")
    said = {
        "normal": "Tones on both sides of the middle",
        "under": "Dark, perhaps underexposed",
        "over": "Light, perhaps overexposed",
        "flat": "Little contrast",
        "clipped": "Cut off at an end of the range",
    }.get(str(value), f"{value}")
    if tones.keys() >= {"p1", "p50", "p99"}:
        low, middle, high = (number(round(float(tones[key]))) for key in ("p1", "p50", "p99"))
        said += f": middle tone L* {middle}, from {low} to {high}"
    wide = f" ({number(round(float(stops), 1))} stops)" if stops is not None else ""
    return f"{said}{wide}."


def _text(value: Any, _: Record) -> str:
    if not value:
        return "No text or line art."
    return f"Text or line art on {number(round(100.0 * value, 1))} % of the page."


def _faces(value: Any, detail: Record) -> str:
    if not value:
        return "No face found."
    faces = detail.get("faces") or []
    widths = [face["effective_width_px"] for face in faces if face.get("effective_width_px")]
    blurred = sum((face.get("blur") or {}).get("kind") in ("motion", "defocus") for face in faces)
    said = [f"{value} found"]
    if widths:
        least, most = (number(round(width)) for width in (min(widths), max(widths)))
        said.append(f"{least if least == most else f'{least} to {most}'} px of detail across")
    if blurred:
        said.append(f"{blurred} blurred by motion or out of focus")
    return f"{', '.join(said)}."


_SENTENCES: Mapping[str, Callable[[Any, Record], str]] = {
    "nominal_resolution": _stated,
    "effective_resolution": _effective,
    "interpolated": _interpolated,
    "noise": _noise,
    "tone": _tone,
    "screen": _screen,
    "blocking": _blocking,
    "blur": _blur,
    "sharpening": _sharpening,
    "damage": _damage,
    "colour": _colour_kind,
    "fading": _fading,
    "dyes": _dyes,
    "exposure": _exposure,
    "text": _text,
    "faces": _faces,
    "paper": _paper,
}
