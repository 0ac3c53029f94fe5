"""What of the noise may go: grain is part of the photograph unless the archivist says otherwise.

Grain of a black-and-white photograph is the same in all channels of a colour scan; the noise of the
scanner is not. So where grain is kept, the noise of the colours can still go, since the mean of the
channels, which is all that holds such grain, stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from restoration.condition.noise import Pass, ReportedNoise

Wish = Literal["keep", "reduce", "remove"]

HALF = 0.5
"""Share of its strength that ``reduce`` leaves grain."""

SHARED = 0.9
"""Likeness of the channels from which on their differences hold no noise that is worth a change."""


APART = 0.3
"""Least share of the whole noise at which what is not grain counts as measured: a difference of two
large figures is worth no more."""


LEFT_HERE = "which the recipe has denoise leave"
"""Of this stage alone: what becomes of the grain after it is measured when the chain is done."""


@dataclass(frozen=True)
class NoiseShares:
    """What is done, and how much of the denoiser's change is taken, 0 to 1."""

    passes: tuple[Pass, ...]
    """Runs of the denoiser, coarsest first."""
    grey: float
    """Share of the change of the mean of the channels."""
    colour: float
    """Share of the change of the differences between the channels."""
    reason: str


@dataclass(frozen=True)
class Kept:
    """Nothing may go."""

    reason: str


def allowed(
    noise: ReportedNoise, wish: Wish, likeness: float, threshold: float
) -> NoiseShares | Kept:
    """What a recipe's wish leaves of noise like this.

    Parameters
    ----------
    noise
        As the condition report states it; its value is known.
    wish
        The setting ``grain``.
    likeness
        Correlation between the noise of the page's channels, 0 to 1; 1 for grey pages.
    threshold
        Noise in 1/255 up to which nothing is done.
    """
    grain = noise.grain
    strength = f"{noise.value:.2g}/255"
    grey = 1.0
    if wish == "remove" or grain.found is False:
        reason = f"noisy: {strength}"
    elif grain.found is None and not noise.correlated:
        reason = f"noisy: {strength}, without the correlation of grain"
    elif wish == "reduce":
        what = "grain" if grain.found else "noise that may be grain"
        grey, reason = HALF, f"{what}: {strength}; the recipe halves it"
    else:
        return _beside(noise, likeness, threshold)
    colour = 0.0 if likeness >= SHARED else grey
    passes = noise.passes(likeness)
    return (
        NoiseShares(passes, grey, colour, reason) if passes else Kept("there is no noise to remove")
    )


def _beside(noise: ReportedNoise, likeness: float, threshold: float) -> NoiseShares | Kept:
    """What may go where grain is kept."""
    grain, strength = noise.grain, f"{noise.value:.2g}/255"
    if grain.found is None:
        return Kept(
            f"its noise ({strength}) is coarser than the pixels and may be grain, {LEFT_HERE}"
        )
    size = "" if grain.size_px is None else f", {grain.size_px:.2g} px wide"
    part = "" if grain.sigma is None else f"{grain.sigma:.2g}/255 of "
    kept = f"grain of the photograph, {part}a noise of {strength}{size}, {LEFT_HERE}"
    beside = noise.beside_grain
    if beside is None or beside <= max(threshold, APART * (noise.value or 0.0)):
        return Kept(kept)
    if not grain.equal_channels or likeness >= 1.0:
        return Kept(f"{kept}; {beside:.2g}/255 of other noise cannot be told from it")
    return NoiseShares(
        # White: what is correlated is the grain.
        (Pass(1, beside),),
        0.0,
        1.0,
        f"noise of the colours: {beside:.2g}/255 beside {kept}",
    )
