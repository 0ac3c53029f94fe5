"""Denoise: takes noise of the scanner and blocks of JPEG, leaves the grain of the photograph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from restoration.condition.noise import Pass, ReportedNoise
from restoration.config.stages.denoise import DenoiseSettings
from restoration.errors import ConfigError
from restoration.findings.blocking import Blocking
from restoration.stages.anchoring.anchored_picture import is_neutral
from restoration.stages.base import Declined, NetworkSource, Page, Restored
from restoration.stages.denoise.grain import HALF, Kept, NoiseShares, allowed
from restoration.stages.denoise.jpeg_tables import compression_noise
from restoration.stages.denoise.noise_level import noise_curve
from restoration.stages.denoise.picture import Blocks, CleanPicture, DenoiseWork
from restoration.stages.denoise.scales import Denoiser

EXACT = 0.004
"""Share by which a period of blocks may differ from 8 pixels and still be 8: over 1000 pixels that
is half a block, which an average over all grids does not notice."""

_NOTHING = NoiseShares((), 0.0, 0.0, "")


class DenoiseStage:
    """FFDNet, told how strong the noise is; JPEG blocks by shifted re-application of JPEG."""

    name: ClassVar[str] = "denoise"
    reads: ClassVar[tuple[str, ...]] = ("noise", "blocking")

    def setup(self, settings: DenoiseSettings, networks: NetworkSource) -> None:
        self._settings = settings
        self._networks = networks

    def apply(self, page: Page) -> Restored | Declined:
        """The page without its noise, or why not.

        Raises ConfigError where the network is none that can denoise.
        """
        noise = ReportedNoise.of(page.report)
        neutral = page.source.channels == 1 or is_neutral(page.source)
        likeness = 1.0 if neutral else noise.likeness
        blocks = self._blocks(page)
        quiet = self._noise(noise, likeness, blocks, page)
        if isinstance(blocks, str) and isinstance(quiet, str):
            reasons = "; ".join(reason for reason in (quiet, blocks) if reason)
            return Declined(reasons, _measured(noise))
        network = None if isinstance(quiet, str) else self._network()
        if network is not None and not isinstance(quiet, str) and not _is_told(network):
            # It judges for itself, and was trained on noise of real pictures.
            quiet = replace(quiet, passes=(Pass(1, 0.0),))
        findings = {**_measured(noise), **self._decided(blocks, quiet)}
        generative = network is not None and bool(getattr(network, "generative", True))
        findings["generative"] = generative
        if network is not None:
            findings |= {"network": network.name, "weights_sha256": network.weights_sha256}
        work = DenoiseWork(
            blocks=None if isinstance(blocks, str) else blocks,
            denoiser=None if network is None else _denoiser(network, page, noise),
            shares=_NOTHING if isinstance(quiet, str) else quiet,
            strength=self._settings.strength,
            neutral=neutral,
        )
        return Restored(
            height=page.source.height,
            width=page.source.width,
            ppi=page.ppi,
            bands=CleanPicture(page.source, work).bands(page.progress, findings),
            findings=findings,
            generative=generative,
        )

    def _network(self) -> Any:
        network = self._networks(self._settings.network)
        if network.scale != 1:
            raise ConfigError(
                f"stages.denoise.network: '{network.name}' enlarges {network.scale} times; "
                "denoise takes a network of scale 1, such as ffdnet-color"
            )
        return network

    def _noise(
        self, noise: ReportedNoise, likeness: float, blocks: Blocks | str, page: Page
    ) -> NoiseShares | str:
        """What is to be done about noise, or why nothing is."""
        settings = self._settings
        if settings.network == "none":
            return "the recipe names no network for noise"
        compressed = self._compressed(noise, blocks, page)
        if compressed and (noise.value is None or self._clean(noise.value)):
            return NoiseShares(
                (Pass(1, compressed),), 1.0, 1.0, "what compression wrote around edges"
            )
        if noise.value is None:
            return self._unknown(noise)
        if self._clean(noise.value):
            return (
                f"its noise is {noise.value:.2g}/255, denoise begins above "
                f"{settings.noisy_above:g}/255"
            )
        found = allowed(noise, settings.grain, likeness, settings.noisy_above)
        if isinstance(found, Kept):
            return found.reason
        if noise.value <= settings.noisy_above:
            found = replace(found, reason=f"the recipe asks for it at any strength: {found.reason}")
        return replace(found, passes=_at_least(found.passes, compressed)) if compressed else found

    def _unknown(self, noise: ReportedNoise) -> NoiseShares | str:
        """Noise that the report could not measure: only for a network that need not be told."""
        settings = self._settings
        asked = settings.apply == "always" and settings.grain != "keep"
        if asked and not _is_told(self._network()):
            share = HALF if settings.grain == "reduce" else 1.0
            reason = f"the recipe asks for it at any strength: its noise is unknown, {noise.reason}"
            return NoiseShares((), share, share, reason)
        return f"its noise is unknown: {noise.reason}"

    def _clean(self, value: float) -> bool:
        return self._settings.apply == "auto" and value <= self._settings.noisy_above

    def _compressed(self, noise: ReportedNoise, blocks: Blocks | str, page: Page) -> float:
        """Strength of what compression wrote around edges, 1/255; 0 where it must not be touched.

        Only where there is no grain: a denoiser cannot tell the two apart. And only on the pixels
        that were compressed: what was enlarged since is as soft as the picture, and goes with it.
        """
        if isinstance(blocks, str) or noise.grain.found is not False:
            return 0.0
        if (blocks.height, blocks.width) != (page.source.height, page.source.width):
            return 0.0
        return compression_noise(blocks.quality)

    def _blocks(self, page: Page) -> Blocks | str:
        """The blocks that are to go, or why none are; an empty reason where there are none."""
        found = page.report.get(Blocking)
        if found is None or not found.value:
            return ""
        if self._settings.blocking == "never":
            return "the recipe has denoise leave JPEG blocks"
        quality = found.detail.quality
        if quality is None:
            return "it holds JPEG blocks, but the quality at which it was stored is unknown"
        height, width = page.source.height, page.source.width
        down, across = found.detail.period_px or (8.0, 8.0)
        return Blocks(
            quality=float(quality), height=_stored(height, down), width=_stored(width, across)
        )

    def _decided(self, blocks: Blocks | str, quiet: NoiseShares | str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        reasons = []
        if isinstance(quiet, str):
            found["noise_left"] = quiet
        else:
            passes = [{"scale": p.scale, "sigma_255": round(p.sigma, 3)} for p in quiet.passes]
            found |= {"passes": passes, "strength": self._settings.strength}
            found |= {"share_grey": quiet.grey, "share_colour": quiet.colour}
            reasons.append(quiet.reason)
        if isinstance(blocks, Blocks):
            found["blocks"] = {
                "quality": blocks.quality,
                "stored_px": {"width": blocks.width, "height": blocks.height},
            }
            reasons.append(f"JPEG blocks, stored at a quality of about {blocks.quality:.0f}")
        elif blocks:
            found["blocks_left"] = blocks
        return {**found, "reason": "; ".join(reasons)}


def _measured(noise: ReportedNoise) -> dict[str, Any]:
    return {"noise_255": noise.value, "grain": noise.grain.found}


def _is_told(network: Any) -> bool:
    """Whether the network takes the noise level as a fourth channel."""
    return int(getattr(network, "channels", 3)) == 4


def _denoiser(network: Any, page: Page, noise: ReportedNoise) -> Denoiser:
    curve = noise_curve(noise, page.colour) if _is_told(network) else None
    return Denoiser(network, page.colour, curve)


def _at_least(passes: tuple[Pass, ...], sigma: float) -> tuple[Pass, ...]:
    """The passes, the one at full scale at least this strong."""
    full = next((step.sigma for step in passes if step.scale == 1), 0.0)
    coarse = tuple(step for step in passes if step.scale > 1)
    return (*coarse, Pass(1, max(full, sigma)))


def _stored(side: int, period: float) -> int:
    """Pixels that a side had when it was compressed, for a period of its blocks in pixels now."""
    return side if abs(period / 8.0 - 1.0) <= EXACT else max(1, round(side * 8.0 / period))
