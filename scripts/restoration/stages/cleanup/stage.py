"""Cleanup: a network removes softness, noise and compression damage; the size stays."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from restoration.condition.working_resolution import SMALLEST, EffectivePicture, grid, working_share
from restoration.config.stages.cleanup import CleanupSettings
from restoration.errors import ScanError
from restoration.findings.paper import Paper
from restoration.stages.anchoring.anchored_picture import AnchoredPicture, Target
from restoration.stages.anchoring.network_tones import (
    NetworkRunner,
    NetworkToneCurve,
    measure_tone_curve,
)
from restoration.stages.base import Declined, NetworkSource, Page, Restored


class CleanupStage:
    """Real-ESRGAN at the working resolution, anchored to the scan, back at the scan's size."""

    name: ClassVar[str] = "cleanup"
    reads: ClassVar[tuple[str, ...]] = ("effective_resolution", "noise", "paper")

    def setup(self, settings: CleanupSettings, networks: NetworkSource) -> None:
        self._settings = settings
        self._networks = networks
        self._curve: NetworkToneCurve | None = None

    def apply(self, page: Page) -> Restored | Declined:
        """The restored page, or why not.

        Raises ScanError where ``working_ppi`` is a number and the master states no resolution.
        """
        settings = self._settings
        evidence = EffectivePicture.of(page.report, page.ppi)
        if settings.apply == "auto":
            refusal = self._refusal(evidence)
            if refusal is not None:
                return Declined(refusal, _measured(evidence))
        share = self._share(page, evidence)
        network: NetworkRunner = self._networks(settings.network, denoise=settings.denoise)
        if self._curve is None:
            self._curve = measure_tone_curve(network)
        source = page.source
        picture = AnchoredPicture(
            Target(source, page.colour, source.height, source.width),
            grid(source.height, source.width, share),
            network,
            self._curve,
            settings.anchor_sigma,
            settings.strength,
            page.report.get(Paper) if settings.skip_empty_paper else None,
        )
        findings = {
            **_measured(evidence),
            "reason": self._reason(evidence),
            "working_share": share,
            "working_ppi": None if page.ppi is None else [value * share for value in page.ppi],
            "strength": settings.strength,
            "generative": True,
        }
        return Restored(
            height=source.height,
            width=source.width,
            ppi=page.ppi,
            bands=picture.bands(page.progress, findings),
            findings=findings,
            generative=True,
        )

    def _refusal(self, evidence: EffectivePicture) -> str | None:
        """Why ``auto`` does not apply; None where it does."""
        settings = self._settings
        if evidence.share is None:
            why = evidence.reason or "the condition report could not measure its resolution"
            return f"no detail to judge: {why}"
        if self._damage(evidence):
            return None
        limit = settings.noisy_above
        if evidence.ppi is None and limit is None:
            return "not to be judged: the master states no resolution"
        if evidence.ppi is None and evidence.noise is None:
            return "not to be judged: the master states no resolution and its noise is unknown"
        parts = []
        if evidence.ppi is not None and evidence.printed:
            parts.append(
                f"soft by its printing alone: a halftone screen holds {evidence.ppi:.0f} ppi of "
                "picture, and what a network adds to it was never there"
            )
        elif evidence.ppi is not None:
            parts.append(
                f"it holds {evidence.ppi:.0f} ppi of picture, cleanup begins below "
                f"{settings.soft_below_ppi:g}"
            )
        if evidence.noise is not None and limit is not None:
            beside = "" if evidence.grain is None else " beside the grain"
            parts.append(
                f"its noise{beside} is {evidence.noise:.2g}/255, cleanup begins above {limit:g}/255"
            )
        if evidence.grain is not None and limit is not None:
            parts.append(f"its grain, {evidence.grain:.2g}/255, belongs to the photograph")
        return "; ".join(parts)

    def _damage(self, evidence: EffectivePicture) -> list[str]:
        """What ``auto`` takes for a reason to apply."""
        settings = self._settings
        damage = []
        soft = evidence.ppi is not None and evidence.ppi < settings.soft_below_ppi
        if soft and not evidence.printed:
            damage.append(
                f"soft: it holds {evidence.ppi:.0f} ppi of picture, less than "
                f"{settings.soft_below_ppi:g}"
            )
        limit = settings.noisy_above
        if limit is not None and evidence.noise is not None and evidence.noise > limit:
            beside = "" if evidence.grain is None else " beside the grain"
            damage.append(f"noisy: {evidence.noise:.2g}/255{beside}, more than {limit:g}/255")
        return damage

    def _reason(self, evidence: EffectivePicture) -> str:
        damage = self._damage(evidence)
        if self._settings.apply == "always" and not damage:
            held = evidence.reason or "its resolution is unknown"
            if evidence.ppi is not None:
                held = f"it holds {evidence.ppi:.0f} ppi of picture"
            return f"the recipe asks for it whatever is measured: {held}"
        return "; ".join(damage)

    def _share(self, page: Page, evidence: EffectivePicture) -> float:
        """Share of the scan's resolution at which the network starts."""
        wanted = self._settings.working_ppi
        if wanted != "auto":
            if page.ppi is None:
                raise ScanError(
                    f"cleanup.working_ppi is {wanted:g}, expected a master that states its "
                    "resolution, found none; set working_ppi: auto for this scan"
                )
            nominal = math.sqrt(page.ppi[0] * page.ppi[1])
            return min(max(wanted / nominal, SMALLEST), 1.0)
        # Asked for and nothing measured: all of the scan may be picture.
        return 1.0 if evidence.share is None else working_share(evidence.share)


def _measured(evidence: EffectivePicture) -> dict[str, Any]:
    if evidence.grain is None:
        return {"effective_ppi": evidence.ppi, "noise_255": evidence.noise}
    return {
        "effective_ppi": evidence.ppi,
        "grain_255": evidence.grain,
        "noise_beside_grain_255": evidence.noise,
    }
