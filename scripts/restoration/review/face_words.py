"""What was decided of a face and why, in an archivist's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from restoration.condition.confidence import LEAST_CONFIDENCE
from restoration.findings.words import number
from restoration.review.wording import Record, confidence

Rows = list[tuple[str, str]]

VERDICTS = {
    "gated": "Left as recorded",
    "excluded": "Excluded by a person",
    "rejected": "Rejected",
}
"""How the label of a face begins that was not restored."""


def label(face: Record, state: str = "") -> str:
    """The decision in one line; state: ``left`` of ``face_pictures``."""
    decision = str(face["decision"])
    if decision == "restored":
        knows = (
            "a network trained on faces"
            if face.get("trained_on_faces")
            else "a general network that knows nothing of faces"
        )
        return f"Restored by {face.get('network') or 'an unnamed network'}, {knows}"
    verdict, reason = VERDICTS.get(decision, decision.capitalize()), face.get("reason")
    if decision == "gated" and state in ("changed", "resized", "unknown"):
        verdict = "Not restored"
    # The label says it already.
    said = decision == "excluded" and reason == "a person excluded it"
    return f"{verdict}: {reason}" if reason and not said else verdict


def left(state: str) -> str:
    """What became of a face that was not restored; empty where it has the master's pixels.

    state: ``left`` of ``face_pictures``.
    """
    return {
        "around": "Other stages changed what surrounds this face; eyes, nose and mouth have the "
        "master's pixels.",
        "changed": "This stage left it alone; other stages changed pixels of it.",
        "resized": "This stage left it alone; the deliverable has another size than the master.",
        "unknown": "This stage left it alone; whether others changed it cannot be told: the "
        "deliverable is in another profile, and the image before that is no longer kept.",
    }.get(state, "")


def doubts(face: Record) -> list[str]:
    """What a person should look at, each once."""
    found = [*(face.get("review") or ()), *(face.get("doubts") or ())]
    if face.get("over_limit"):
        found.append(
            "in the deliverable, after all stages, it is farther from the master's face than the "
            "limit allows"
        )
    return list(dict.fromkeys(str(text) for text in found))


def rows(face: Record) -> Rows:
    """Decision, identity, measures and checks, for a table; what is not known is left out."""
    return [*_decided(face), *_identity(face), *_measured(face), *_checked(face)]


def _decided(face: Record) -> Rows:
    found: Rows = []
    if face["decision"] == "restored":
        found.append(("Why", f"{face.get('reason')}"))
    if "tried" in face:
        tried = ", ".join(f"{number(s)} (distance {_figure(d)})" for s, d in face["tried"])
        taken = face.get("strength")
        found.append(("Strength taken", "none" if taken is None else number(taken)))
        found.append(("Strengths tried", tried or "none"))
    by = "a person" if face.get("found_by") == "a person" else "the detector"
    asked = "; a person asked for it to be restored" if face.get("asked_for") else ""
    found.append(("Found by", f"{by}{asked}"))
    return [*found, *_head(face.get("head") or {})]


def _head(oval: Record) -> Rows:
    """Where the oval lies in which no network but that of the faces works."""
    if not oval:
        return []
    (left, top), (across, along) = oval["middle"], oval["half_axes"]
    angle = oval["angle_deg"]
    turned = f", turned clockwise by {number(angle)}°" if angle else ""
    return [
        (
            "Head",
            f"an oval, {number(2 * across)} px from ear to ear and {number(2 * along)} px from "
            f"crown to neck, its middle {number(left)} px from the left and {number(top)} px from "
            f"the top of the stored master{turned}",
        )
    ]


def _identity(face: Record) -> Rows:
    found: Rows = []
    if face.get("distance") is not None:
        before = face.get("distance_before")
        stages = "" if before is None else f"{_figure(before)} before this stage, "
        # Of a rejected face the record tells what the weakest attempt came to.
        rejected = face.get("strength") is None
        where = "at the last strength that was tried" if rejected else "after it"
        limit = face.get("identity_limit")
        allowed = "" if limit is None else f"; limit {number(limit)}"
        text = f"{stages}{_figure(face['distance'])} {where}{allowed}"
        found.append(("Distance from the master's face", text))
    last = face.get("distance_final")
    if last is not None:
        over = ", over the limit" if face.get("over_limit") else ""
        found.append(("In the deliverable", f"{_figure(last)}{over}"))
    return found


def _measured(face: Record) -> Rows:
    measures: Record = face.get("measures") or {}
    found: Rows = []
    width = face.get("effective_width_px")
    if width is not None:
        found.append(("Effective width", f"{number(width)} px of picture"))
    apart = measures.get("interocular_mm")
    if apart is not None:
        found.append(("Between the eyes", f"{number(apart)} mm on the original"))
    for name, words in (
        ("pose", _pose),
        ("blur", _blur),
        ("exposure", _exposure),
        ("occlusion", _occlusion),
    ):
        if isinstance(measures.get(name), Mapping):
            found.append((name.capitalize(), words(measures[name])))
    if measures.get("score") is not None:
        found.append(("Detector's score", number(measures["score"])))
    return found


def _pose(pose: Record) -> str:
    names = {"yaw": "turned", "pitch": "nodding", "roll": "leaning"}
    known = [f"{word} {number(pose[k])}°" for k, word in names.items() if pose.get(k) is not None]
    return ", ".join(known) or "not known"


def _blur(blur: Record) -> str:
    kind = str(blur.get("kind") or "unknown")
    sure = f" (confidence {confidence(blur.get('confidence'))})"
    if kind == "unknown":
        reason = blur.get("reason")
        return f"not known: {reason}" if reason else "not known"
    if float(blur.get("confidence") or 0.0) < LEAST_CONFIDENCE:
        return "not sure" if kind == "none" else f"not sure: perhaps {kind}"
    if kind == "none":
        return f"neither moved nor out of focus{sure}"
    length = blur.get("length_px")
    by = "" if length is None else f", {number(length)} px"
    angle = blur.get("angle_deg")
    at = "" if angle is None else f" at {number(angle)}°"
    return f"{kind}{by}{at}{sure}"


def _exposure(exposure: Record) -> str:
    parts = []
    if exposure.get("median") is not None:
        parts.append(f"middle tone at {_percent(exposure['median'])}")
    for key, word in (("shadows_clipped", "black"), ("highlights_clipped", "white")):
        if exposure.get(key) is not None:
            parts.append(f"{_percent(exposure[key])} clipped to {word}")
    return ", ".join(parts) or "not known"


def _occlusion(occlusion: Record) -> str:
    share = occlusion.get("share")
    if share is None:
        return "not known"
    if float(occlusion.get("confidence") or 0.0) < LEAST_CONFIDENCE:
        return "not sure"
    return f"{_percent(share)} covered (confidence {confidence(occlusion.get('confidence'))})"


def _checked(face: Record) -> Rows:
    checks: Record = face.get("checks") or {}
    found: Rows = []
    eyes = checks.get("eye_colour")
    if eyes:
        changes = " and ".join(_figure(value) for value in eyes)
        found.append(("Eye colour", f"changed by {changes} (a* b*), left and right"))
    before, after = checks.get("symmetry_before"), checks.get("symmetry_after")
    if before is not None and after is not None:
        text = f"{_figure(before)} before, {_figure(after)} after"
        found.append(("Likeness of the halves", text))
    if checks.get("texture") is not None:
        around = checks.get("texture_around")
        beside = f", {_percent(around)} of that around it" if around else ""
        found.append(("Texture of the skin", f"{_percent(checks['texture'])} of before{beside}"))
    return [*found, *_pupils(face.get("red_eye") or {})]


def _pupils(eyes: Record) -> Rows:
    """What became of red pupils; nothing where nobody asked."""
    said = []
    for side, eye in eyes.items():
        if eye["decision"] == "corrected":
            before, after = (_percent(eye[f"saturation_{when}"]) for when in ("before", "after"))
            said.append(
                f"{side}: a red pupil lost its colour ({number(eye['pixels'])} px, saturation "
                f"{before} before, {after} after)"
            )
        else:
            said.append(f"{side}: left alone, {eye['reason']}")
    return [("Red eyes", "; ".join(said))] if said else []


def _figure(value: Any) -> str:
    return "not known" if value is None else f"{float(value):.2f}"


def _percent(value: Any) -> str:
    return f"{100.0 * float(value):.3g} %"
