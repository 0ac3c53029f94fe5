"""What time took from the dyes and added to the paper, from a picture's densities.

The density of a channel is c' = k c + s: of the dye's own density c a share k is left, and a stain
s has been added (Wilhelm and Brower, The Permanence and Care of Color Photographs, 1993). Of both,
a picture shows only the ends: its white says s, its black k. A healthy black is neutral, whatever
the subject, since the paper's dyes end there; so the darkest tones tell a dye that has faded from a
subject that is of one colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Densities = npt.NDArray[np.float64]
"""float64 (..., channels), -log10 of light."""

BASE = 0.05
"""Density of a healthy paper's white, in every channel; less where the scan's own white is less."""

REFERENCE = 1.65
"""Density of a healthy black above its paper: between matte papers (1.5 to 1.7) and glossy ones
(2.0 to 2.2; manufacturers' data sheets)."""

MOST_LIFT = 0.8
"""The dye that has kept most is taken to have kept this at least: a picture need not hold a black,
and a weak one is no proof by itself."""

LEAST_KEPT = 0.4
"""Less is not undone: noise grows by 1 / k."""

DARKEST, LIGHTEST = 99.7, 0.5
"""Percentiles of a channel's density, over averaged cells."""

SHADOWS = 99.0
"""Percentile of the mean density beyond which cells are the shadows."""

UNMARKED = 0.012
"""Stain below this is the paper's own tint or the scanner's white."""

SPREAD = 0.08
"""Difference between the channels' losses (natural logarithm) from which dyes have faded."""

DEEP = 1.1
"""Least density that the best kept channel must reach for its darkest tones to be blacks."""

ONE_BLACK = 0.08
"""Largest difference (natural logarithm) between the channels' darkest tones and those of the
shadows: beyond, the dark ends of the channels lie in different things."""

HUE_WIDTH = 0.08
"""Width, in density, of the distribution of natural colours about neutral."""

WHITE_AT_MOST = 0.35
"""Without a margin, lightest tones of more density than this tell nothing of the paper."""

STAIN_AT_MOST = 0.35
"""No paper yellows further; more is a colour of the subject or of its light."""

MOST_HARM = 0.6
"""Loss of the light tones' neutrality that a correction may cost: more, and its black was none."""

LIGHT_TONES = 0.45
"""Mean density above white up to which tones are light."""

YELLOW = 0.6
"""Largest share of the blue density that a yellow stain adds to green; more is pink."""

STEP = 0.03
"""Densities that differ by less are one colour where the picture's colours are counted."""


SECOND_SIGN = 0.025
"""Stain, in density, that must go with faded dyes: coloured shadows alone are one sign of two, and
no print loses its dyes on paper that stays white."""

PER_LOSS = 0.15
"""Where only the lightest tones show it: stain, in density, for a dye that were lost entirely. The
more of a dye is gone, the more the paper must have yellowed."""

NO_MARGIN = "no margin shows the paper"
DARK_BORDER = "the border is too dark to be this picture's paper"
"""Why nothing is known of the paper."""


def doubt(kept: Densities, stain: Densities, *, margin: bool) -> str:
    """Why dyes that look faded may be no more than a coloured subject; empty where they are faded.

    kept, stain: as of `Aged`; margin: whether the paper was seen.
    """
    wanted = SECOND_SIGN if margin else max(SECOND_SIGN, PER_LOSS * (1.0 - float(kept.min())))
    if float(stain.max()) >= wanted:
        return ""
    return (
        "the darkest tones are coloured, but the paper has not yellowed with them: a coloured "
        "subject looks the same"
    )


@dataclass(frozen=True)
class Aged:
    """How the densities of a picture have come about, and how much speaks for it."""

    kept: Densities
    """(3,): share of each dye's density that is left, 1 where nothing is missing."""
    stain: Densities
    """(3,): density added everywhere."""
    base: Densities
    """(3,): density of the white that is left when the stain is taken away."""
    darkest: Densities
    """(3,): density of each channel's darkest tones above the white."""
    spread: float
    """Largest difference between the channels' losses, natural logarithm."""
    disagreement: float
    """Between the channels' darkest tones and the shadows' colour, natural logarithm."""
    gain: float
    """By how much the correction brings the picture's colours towards neutral on the whole:
    negative where it would drive them away."""
    gain_of_lights: float
    """The same of the light tones alone, on which a wrong black tells first."""

    @property
    def balanced(self) -> bool:
        """Whether there are blacks, and they are neutral."""
        return self.spread <= SPREAD and float(self.darkest.max()) >= DEEP

    @property
    def reason_against(self) -> str:
        """Why the dyes are not taken to have faded; empty where they are."""
        if self.spread <= SPREAD:
            return "the darkest tones are neutral: the dyes have kept their balance"
        if float(self.darkest.max()) < DEEP:
            return "no deep tones: nothing shows what a black of this print looks like"
        if self.disagreement > ONE_BLACK:
            return "the darkest tones of the channels lie in different things: no common black"
        if self.gain <= 0.0 or self.gain_of_lights < -MOST_HARM:
            return "a correction by the shadows would colour the rest: the shadows are coloured"
        return ""


def stain_of_margin(margin: Densities) -> Densities:
    """(channels,) the stain of the paper, from the density of its empty margin."""
    stain = np.clip(margin - BASE, 0.0, None)
    return np.where(stain < UNMARKED, 0.0, stain)


def stain_of_lights(lightest: Densities) -> Densities:
    """(3,) the stain that the lightest tones may show: the weakest evidence.

    Of a stain alone the differences can be seen, and it is yellow: red gains least, blue most.
    """
    beyond = lightest - lightest.min()
    red, green, blue = min(float(beyond[0]), 0.03), float(beyond[1]), float(beyond[2])
    if float(lightest.min()) > WHITE_AT_MOST or blue > STAIN_AT_MOST or green > YELLOW * blue:
        return np.zeros(3)
    return np.array([red, green, blue])


def base_of(white: Densities, stain: Densities) -> Densities:
    """(channels,) density of the white without its stain; white: of margin or lightest tones."""
    return np.clip(white - stain, 0.0, BASE)


def aged(cells: Densities, white: Densities, stain: Densities) -> Aged:
    """The fading of a colour picture whose stain is known.

    cells: (n, 3); white: (3,) density of the margin, or of the lightest tones.
    """
    base = base_of(white, stain)
    above = np.maximum(cells - stain - base, 0.0)
    darkest = np.maximum(np.percentile(above, DARKEST, axis=0), 0.02)
    tone = above.mean(axis=1)
    shadows = np.median(above[tone >= np.percentile(tone, SHADOWS)], axis=0)
    best = float(darkest.max())
    kept = darkest / best * float(np.clip(best / REFERENCE, MOST_LIFT, 1.0))
    kept = np.clip(kept, LEAST_KEPT, 1.0)
    apart = np.log(darkest / best) - np.log(np.maximum(shadows, 0.02) / max(shadows.max(), 0.02))
    colours, weights = _distinct(above)
    light = colours.mean(axis=1) < LIGHT_TONES
    return Aged(
        kept=kept,
        stain=stain,
        base=base,
        darkest=darkest,
        spread=float(np.log(best / darkest.min())),
        disagreement=float(np.abs(apart).max()),
        gain=_gain(colours, weights, kept),
        gain_of_lights=_gain(colours[light], weights[light], kept),
    )


def _distinct(above: Densities) -> tuple[Densities, npt.NDArray[np.float64]]:
    """The picture's colours, once each, and the root of how often each occurs: a wall or a sky must
    not speak for everything."""
    steps = np.round(above / STEP).astype(np.int64)
    _, which, count = np.unique(steps, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    means = np.stack([np.bincount(which, above[:, i]) / count for i in range(3)], axis=1)
    return means, np.sqrt(count)


def _gain(colours: Densities, weights: npt.NDArray[np.float64], kept: Densities) -> float:
    before = _colourfulness(colours, weights, np.ones(3))
    return before - _colourfulness(colours, weights, 1.0 / kept)


def _colourfulness(colours: Densities, weights: npt.NDArray[np.float64], gain: Densities) -> float:
    """How far the colours lie from neutral, robustly; dark ones count more, and a gain that all
    channels share does not count."""
    seen = colours * (gain / np.exp(np.log(gain).mean()))
    apart = (seen[:, 0] - seen[:, 1]) ** 2 + (seen[:, 2] - seen[:, 1]) ** 2
    weight = weights * np.clip(colours.mean(axis=1) / 0.8, 0.0, 2.0)
    total = float(weight.sum())
    if total <= 0.0:
        return 0.0
    return float((weight * np.log1p(apart / HUE_WIDTH**2)).sum()) / total
