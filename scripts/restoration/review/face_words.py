"""What was decided of a face and why, in an archivist's words."""

from __future__ import annotations

from restoration.condition.confidence import LEAST_CONFIDENCE
from restoration.findings.faces import FaceBlur, FaceExposure, Occlusion, Pose
from restoration.findings.words import number
from restoration.records.stage_findings.base import HeadOval
from restoration.records.stage_findings.faces import FaceChecks, FaceEntry, FaceMeasures, RedEyes
from restoration.review.face_order import DecidedFace
from restoration.review.kept_pictures import FaceLeft
from restoration.review.wording import LabelledRows, confidence

VERDICTS = {
    "gated": "Left as recorded",
    "excluded": "Excluded by a person",
    "rejected": "Rejected",
}
"""How the label of a face begins that was not restored."""


def label(face: FaceEntry, state: FaceLeft = "") -> str:
    """The decision in one line; state: whether it has the master's pixels in the deliverable."""
    if face.decision == "restored":
        knows = (
            "a network trained on faces"
            if face.trained_on_faces
            else "a general network that knows nothing of faces"
        )
        return f"Restored by {face.network or 'an unnamed network'}, {knows}"
    verdict = VERDICTS[face.decision]
    if face.decision == "gated" and state in ("changed", "resized", "unknown"):
        verdict = "Not restored"
    # The label says it already.
    said = face.decision == "excluded" and face.reason == "a person excluded it"
    return f"{verdict}: {face.reason}" if face.reason and not said else verdict


def left(state: FaceLeft) -> str:
    """What became of a face that was not restored; empty where it has the master's pixels."""
    return {
        "around": "Other stages changed what surrounds this face; eyes, nose and mouth have the "
        "master's pixels.",
        "changed": "This stage left it alone; other stages changed pixels of it.",
        "resized": "This stage left it alone; the deliverable has another size than the master.",
        "unknown": "This stage left it alone; whether others changed it cannot be told: the "
        "deliverable is in another profile, and the image before that is no longer kept.",
    }.get(state, "")


def doubts(face: DecidedFace) -> list[str]:
    """What a person should look at, each once."""
    found = [*face.entry.review, *(face.entry.doubts or ())]
    if face.over_limit:
        found.append(
            "in the deliverable, after all stages, it is farther from the master's face than the "
            "limit allows"
        )
    return list(dict.fromkeys(found))


def rows(face: DecidedFace) -> LabelledRows:
    """Decision, identity, measures and checks, for a table; what is not known is left out."""
    entry = face.entry
    return [
        *_decided(entry),
        *_identity(face),
        *_measured(entry.effective_width_px, entry.measures),
        *_checked(entry.checks),
        *_pupils(entry.red_eye),
    ]


def _decided(face: FaceEntry) -> LabelledRows:
    found: LabelledRows = []
    if face.decision == "restored":
        found.append(("Why", face.reason))
    if face.tried is not None:
        tried = ", ".join(f"{number(s)} (distance {_figure(d)})" for s, d in face.tried)
        taken = "none" if face.strength is None else number(face.strength)
        found.append(("Strength taken", taken))
        found.append(("Strengths tried", tried or "none"))
    by = "a person" if face.found_by == "a person" else "the detector"
    asked = "; a person asked for it to be restored" if face.asked_for else ""
    found.append(("Found by", f"{by}{asked}"))
    return [*found, *_head(face.head)]


def _head(oval: HeadOval | None) -> LabelledRows:
    """Where the oval lies in which no network but that of the faces works."""
    if oval is None:
        return []
    (left, top), (across, along) = oval.middle, oval.half_axes
    turned = f", turned clockwise by {number(oval.angle_deg)}°" if oval.angle_deg else ""
    return [
        (
            "HeadOval",
            f"an oval, {number(2 * across)} px from ear to ear and {number(2 * along)} px from "
            f"crown to neck, its middle {number(left)} px from the left and {number(top)} px from "
            f"the top of the stored master{turned}",
        )
    ]


def _identity(face: DecidedFace) -> LabelledRows:
    entry, finished = face.entry, face.finished
    found: LabelledRows = []
    if entry.distance is not None:
        before = entry.distance_before
        stages = "" if before is None else f"{_figure(before)} before this stage, "
        # Of a rejected face the record tells what the weakest attempt came to.
        rejected = entry.strength is None
        where = "at the last strength that was tried" if rejected else "after it"
        limit = entry.identity_limit
        allowed = "" if limit is None else f"; limit {number(limit)}"
        text = f"{stages}{_figure(entry.distance)} {where}{allowed}"
        found.append(("Distance from the master's face", text))
    if finished is not None and finished.distance_final is not None:
        over = ", over the limit" if face.over_limit else ""
        found.append(("In the deliverable", f"{_figure(finished.distance_final)}{over}"))
    return found


def _measured(width: float | None, measures: FaceMeasures) -> LabelledRows:
    found: LabelledRows = []
    if width is not None:
        found.append(("Effective width", f"{number(width)} px of picture"))
    if measures.interocular_mm is not None:
        apart = f"{number(measures.interocular_mm)} mm on the original"
        found.append(("Between the eyes", apart))
    if measures.pose is not None:
        found.append(("Pose", _pose(measures.pose)))
    if measures.blur is not None:
        found.append(("Blur", _blur(measures.blur)))
    if measures.exposure is not None:
        found.append(("Exposure", _exposure(measures.exposure)))
    if measures.occlusion is not None:
        found.append(("Occlusion", _occlusion(measures.occlusion)))
    if measures.score is not None:
        found.append(("Detector's score", number(measures.score)))
    return found


def _pose(pose: Pose) -> str:
    turned = (("turned", pose.yaw), ("nodding", pose.pitch), ("leaning", pose.roll))
    return ", ".join(f"{word} {number(angle)}°" for word, angle in turned)


def _blur(blur: FaceBlur) -> str:
    kind = blur.kind or "unknown"
    sure = f" (confidence {confidence(blur.confidence)})"
    if kind == "unknown":
        return f"not known: {blur.reason}" if blur.reason else "not known"
    if blur.confidence < LEAST_CONFIDENCE:
        return "not sure" if kind == "none" else f"not sure: perhaps {kind}"
    if kind == "none":
        return f"neither moved nor out of focus{sure}"
    by = "" if blur.length_px is None else f", {number(blur.length_px)} px"
    at = "" if blur.angle_deg is None else f" at {number(blur.angle_deg)}°"
    return f"{kind}{by}{at}{sure}"


def _exposure(exposure: FaceExposure) -> str:
    parts = []
    if exposure.median is not None:
        parts.append(f"middle tone at {_percent(exposure.median)}")
    for share, word in (
        (exposure.shadows_clipped, "black"),
        (exposure.highlights_clipped, "white"),
    ):
        if share is not None:
            parts.append(f"{_percent(share)} clipped to {word}")
    return ", ".join(parts) or "not known"


def _occlusion(occlusion: Occlusion) -> str:
    if occlusion.share is None:
        return "not known"
    if occlusion.confidence < LEAST_CONFIDENCE:
        return "not sure"
    return f"{_percent(occlusion.share)} covered (confidence {confidence(occlusion.confidence)})"


def _checked(checks: FaceChecks | None) -> LabelledRows:
    if checks is None:
        return []
    changes = " and ".join(_figure(value) for value in checks.eye_colour)
    likeness = f"{_figure(checks.symmetry_before)} before, {_figure(checks.symmetry_after)} after"
    around = checks.texture_around
    beside = f", {_percent(around)} of that around it" if around else ""
    return [
        ("Eye colour", f"changed by {changes} (a* b*), left and right"),
        ("Likeness of the halves", likeness),
        ("Texture of the skin", f"{_percent(checks.texture)} of before{beside}"),
    ]


def _pupils(eyes: RedEyes | None) -> LabelledRows:
    """What became of red pupils; nothing where nobody asked."""
    if eyes is None:
        return []
    said = []
    for side, eye in (("left", eyes.left), ("right", eyes.right)):
        if eye.decision == "left alone":
            said.append(f"{side}: left alone, {eye.reason}")
            continue
        before, after = _percent(eye.saturation_before), _percent(eye.saturation_after)
        said.append(
            f"{side}: a red pupil lost its colour ({number(eye.pixels)} px, saturation "
            f"{before} before, {after} after)"
        )
    return [("Red eyes", "; ".join(said))]


def _figure(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "not known" if value is None else f"{100.0 * value:.3g} %"
