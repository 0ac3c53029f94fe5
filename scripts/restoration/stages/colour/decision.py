"""Whether a page is corrected, by how much and on what evidence; or why it is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from restoration.config.stages.colour import ColourSettings
from restoration.examine.tones.dye_fit import NO_MARGIN, doubt
from restoration.examine.tones.margin_stain import MarginStain
from restoration.findings.base import Others
from restoration.findings.dyes import AsDyes, AsSilver, Dyes
from restoration.records.stage_findings.colour import OfTarget
from restoration.stages.colour.correction import Correction

ByChannel = tuple[float, ...]
"""One figure a channel: shares, or densities."""

LEAST_STAIN = 0.02
LEAST_FADE = 0.03
"""A correction of less, in density and as a share, is not worth a change: nobody would see it."""

NOTHING_WORTH = "no fading and no stain was measured that would be worth a correction"

KINDS = {
    "grey": "a grey picture",
    "toned": "a toned picture",
    "hand-coloured": "a hand-coloured picture",
    "ink": "a printed picture",
    "unknown": "a picture that is neither clearly in colour nor clearly of one hue",
}


@dataclass(frozen=True)
class Decision:
    """What is to be done with a page."""

    correction: Correction | None
    reason: str
    """Why it is corrected, or why not."""
    findings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _SaidOfImage:
    """What is said of the dyes or of the silver, each figure one a channel."""

    against: str
    """Why nothing is said; empty where something is."""
    kept: ByChannel | None = None
    if_faded: ByChannel | None = None
    """Kept, if weak tones mean fading."""
    stain: ByChannel | None = None
    base: ByChannel | None = None
    balanced: bool = False
    recorded: Mapping[str, Any] = field(default_factory=dict)
    """The same as the record repeats it."""

    @classmethod
    def of(cls, said: AsDyes | AsSilver) -> _SaidOfImage:
        dumped = said.model_dump(mode="json", exclude_unset=True)
        recorded = dict(sorted(dumped.items()))
        if isinstance(said, AsDyes):
            return cls(
                said.against, said.kept, None, said.stain, said.base, said.balanced, recorded
            )
        return cls(said.against, said.kept, said.if_faded, said.stain, said.base, False, recorded)

    def with_stain(self, stain: ByChannel) -> _SaidOfImage:
        return replace(self, stain=stain, recorded={**self.recorded, "stain": list(stain)})


@dataclass(frozen=True)
class _Seen:
    """What a page's finding says, under the stage's settings."""

    image: str
    """dyes, grey, toned, hand-coloured, ink or unknown."""
    said: _SaidOfImage
    """Of dyes or of silver."""
    margin: bool
    uneven: MarginStain | None
    no_margin: str = NO_MARGIN
    """Why no margin shows the paper."""


def decide(
    report: Others,
    settings: ColourSettings,
    material: str,
    album: Sequence[Others] | None = None,
    target: OfTarget | None = None,
) -> Decision:
    """Decides for one page.

    report: with the finding `Dyes`; album: the same of every page of the batch, where all of them
    are to have one correction; target: what one that a person marked says.
    """
    if target is not None:
        return _by_target(target, settings)
    seen = _seen(report, settings)
    if seen is None:
        found = report.get(Dyes)
        why = None if found is None else found.detail.reason
        return Decision(None, why or "the condition report does not say enough")
    pooled = seen if album is None else _pooled(seen, album, settings)
    decision = _of_dyes if seen.image == "dyes" else _of_silver
    decided = decision(pooled, settings, material)
    if album is not None:
        alike = sum(_alike(seen, other) for page in album if (other := _seen(page, settings)))
        decided.findings["pages_of_the_batch"] = alike
    if seen.image == "toned" and settings.toned == "neutralise":
        return _neutralised(decided, report, seen)
    return decided


def _by_target(said: OfTarget, settings: ColourSettings) -> Decision:
    kept = np.maximum(said.kept, 1.0 / settings.most_gain)
    stain, base = np.array(said.stain), np.array(said.base)
    findings = {"image": "dyes", "white_from": "a target in the picture", "found": said.raw()}
    reason = (
        "by the target marked in the regions, on which a mean difference of "
        f"{float(said.error):.1f} (CIELAB) is left: {_shares(kept)}"
    )
    if float(np.abs(stain).max()) < LEAST_STAIN and float(np.ptp(kept)) < LEAST_FADE:
        return Decision(None, "the target in the picture shows no fading and no stain", findings)
    correction = Correction(tuple(kept.tolist()), tuple(stain.tolist()), tuple(base.tolist()))
    return Decision(correction, reason, findings)


def _shares(kept: Any) -> str:
    names = ("red", "green", "blue") if len(kept) == 3 else ("grey",)
    shares = ", ".join(f"{n} {100 * k:.0f} %" for n, k in zip(names, kept, strict=True))
    return f"the tones have kept {shares} of their density"


def _seen(report: Others, settings: ColourSettings) -> _Seen | None:
    found = report.get(Dyes)
    if found is None or found.detail.image is None:
        return None
    detail, image = found.detail, found.detail.image
    if settings.image == "dyes" and detail.as_dyes is not None:
        image = "dyes"
    elif settings.image == "silver" and image == "dyes":
        image = "hand-coloured"
    uneven = detail.uneven if settings.uneven else None
    dyes = detail.as_dyes if uneven is None else uneven.as_dyes
    chosen = dyes if image == "dyes" else detail.as_silver
    if chosen is None:
        return None
    said = _SaidOfImage.of(chosen)
    surface = None if uneven is None else MarginStain.of(uneven)
    if surface is not None and image != "dyes":
        # Of the surface the correction takes what is beyond its least; the rest is even.
        said = said.with_stain(_even(surface, said))
    why = detail.no_margin or NO_MARGIN
    return _Seen(image, said, detail.margin is not None, surface, why)


def _even(surface: MarginStain, said: _SaidOfImage) -> ByChannel:
    base = np.array(0.0 if said.base is None else said.base)
    least = surface.over_page().min(axis=0)
    return tuple(float(value) for value in np.clip(least - base, 0.0, None))


def _of_dyes(seen: _Seen, settings: ColourSettings, material: str) -> Decision:
    said, always = seen.said, settings.apply == "always"
    against = said.against
    kept, stain, base = np.array(said.kept), np.array(said.stain), np.array(said.base)
    evidence = "its margin" if seen.margin else "the lightest tones, the weakest evidence"
    findings = {"image": "dyes", "white_from": evidence, "found": dict(said.recorded)}
    if material == "positive":
        # A film has no paper, and its blacks are far deeper: only the balance can be judged.
        kept = kept / kept.max()
    if not against and not always:
        against = doubt(kept, stain, margin=seen.margin)
    if against:
        kept = np.ones(3)
        if not seen.margin and not always:
            if float(np.ptp(stain)) >= LEAST_STAIN:
                against += f"; {seen.no_margin}, and yellow light and a stain look alike"
            return Decision(None, against, findings)
    kept = np.maximum(kept, 1.0 / settings.most_gain)
    correction = _correction(kept, stain, base, seen)
    if not _worth_it(kept, stain, seen):
        return Decision(None, against or NOTHING_WORTH, findings)
    return Decision(correction, _why(kept, stain, seen), findings)


def _of_silver(seen: _Seen, settings: ColourSettings, material: str) -> Decision:
    said = seen.said
    findings: dict[str, Any] = {"image": seen.image, "found": dict(said.recorded)}
    kind = KINDS.get(seen.image, seen.image)
    if said.kept is None:
        return Decision(None, f"{kind}: {said.against}", findings)
    share = said.if_faded if settings.apply == "always" else said.kept
    kept, stain, base = (
        np.array(1.0 if each is None else each) for each in (share, said.stain, said.base)
    )
    kept = np.maximum(kept, 1.0 / settings.most_gain)
    if material == "positive" or not _worth_it(kept, stain, seen):
        why = said.against or NOTHING_WORTH
        return Decision(None, f"{kind}: {why}", findings)
    findings["white_from"] = "its margin"
    return Decision(_correction(kept, stain, base, seen), _why(kept, stain, seen), findings)


def _correction(kept: Any, stain: Any, base: Any, seen: _Seen) -> Correction:
    return Correction(
        kept=tuple(kept.tolist()),
        stain=tuple(stain.tolist()),
        base=tuple(base.tolist()),
        uneven=seen.uneven,
    )


def _worth_it(kept: Any, stain: Any, seen: _Seen) -> bool:
    return (
        float(stain.max()) >= LEAST_STAIN
        or float(kept.min()) <= 1.0 - LEAST_FADE
        or seen.uneven is not None
    )


def _why(kept: Any, stain: Any, seen: _Seen) -> str:
    """In words, for the record and the report."""
    parts = []
    names = ("red", "green", "blue") if len(kept) == 3 else ("grey",)
    if float(kept.min()) <= 1.0 - LEAST_FADE:
        parts.append(_shares(kept))
    if float(stain.max()) >= LEAST_STAIN:
        added = ", ".join(f"{n} {s:.2f}" for n, s in zip(names, stain, strict=True))
        parts.append(f"the paper has gained a density of {added}")
    if seen.uneven is not None:
        parts.append(f"unevenly, by up to {seen.uneven.span:.2f}")
    white = "" if seen.margin else " (white judged by the lightest tones, the weakest evidence)"
    return "; ".join(parts) + white


def _neutralised(decided: Decision, report: Others, seen: _Seen) -> Decision:
    """The same with the toner's hue taken out, because the recipe asks for it."""
    found = report.get(Dyes)
    toner = None if found is None else found.detail.toner
    if not toner:
        return decided
    given = decided.correction
    if given is None:
        none = (0.0, 0.0, 0.0)
        given = Correction(kept=(1.0, 1.0, 1.0), stain=none, base=none)
    # The stain is part of the hue that goes; what is left to do is the same in all channels.
    stain, base = float(np.mean(given.stain)), float(np.mean(given.base))
    correction = Correction(
        kept=given.kept,
        stain=(stain,) * 3,
        base=(base,) * 3,
        uneven=given.uneven,
        toner=toner,
    )
    why = "the hue of the toner is taken out, as the recipe asks"
    reason = f"{decided.reason}; {why}" if decided.correction is not None else why
    return Decision(correction, reason, decided.findings)


def _alike(one: _Seen, other: _Seen) -> bool:
    return (one.image == "dyes") == (other.image == "dyes") and len(one.said.base or ()) == len(
        other.said.base or ()
    )


def _pooled(seen: _Seen, album: Sequence[Others], settings: ColourSettings) -> _Seen:
    """One correction for all pages of a batch: the median of what they say.

    Of the stain pages with a margin speak, where there are any; of the dyes those with deep tones,
    the healthy ones among them included. An uneven stain is a page's own.
    """
    pages = [p for page in album if (p := _seen(page, settings)) and _alike(seen, p)]
    telling = [p for p in pages if p.margin] or [p for p in pages if not p.said.against]
    telling = [p for p in telling if p.said.stain is not None]
    if not telling:
        return seen
    stain = np.median([p.said.stain for p in telling], axis=0)
    base = np.median([p.said.base for p in telling], axis=0)
    judged = [_kept_of(p) for p in pages]
    shares = [share for share in judged if share is not None]
    kept = np.median(shares, axis=0) if shares else np.ones_like(stain)
    faded = float(kept.min()) <= 1.0 - LEAST_FADE
    against = "" if faded else "on most pages of the batch the dyes have kept their balance"
    listed = {"kept": kept.tolist(), "stain": stain.tolist(), "base": base.tolist()}
    recorded = {**listed, "if_faded": kept.tolist(), "against": against}
    same = tuple(kept.tolist())
    said = _SaidOfImage(
        against,
        same,
        same,
        tuple(stain.tolist()),
        tuple(base.tolist()),
        recorded=recorded,
    )
    return _Seen(
        image=seen.image,
        said=said,
        margin=any(p.margin for p in telling),
        uneven=seen.uneven,
        no_margin=seen.no_margin,
    )


def _kept_of(page: _Seen) -> ByChannel | None:
    """What a page says of its dyes; None where it cannot tell."""
    if page.image != "dyes":
        return page.said.if_faded
    if not page.said.against:
        return page.said.kept
    return (1.0,) * 3 if page.said.balanced else None
