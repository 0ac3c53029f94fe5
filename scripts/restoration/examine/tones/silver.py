"""Grey and toned prints: no dyes, but paper that yellows and silver that bleaches."""

from __future__ import annotations

import numpy as np

from restoration.examine.tones import dye_fit
from restoration.examine.tones.dye_fit import NO_MARGIN, Densities, base_of, stain_of_margin
from restoration.findings.dyes import AsSilver

HEALTHY = 1.4
"""Density above its paper of the weakest healthy silver print: matte papers reach 1.4 to 1.6."""

WEAK = 1.2
"""Darkest tones of less density than this are weak for a print."""

LEAST_KEPT = 0.6
"""A print of silver is not given more than this back: a soft subject looks the same."""

NODES = 24
"""Steps of the tone scale at which the hue of a toned print is described."""


def silver_image(
    cells: Densities, margin: Densities | None, fades: bool, no_margin: str = NO_MARGIN
) -> AsSilver:
    """What the paper has gained and, perhaps, the tones have lost, for the finding's detail.

    cells: (n, channels) densities; fades: False for inks and for what is not known to be silver,
    of which the paper alone is judged. All channels have kept the same share: the hue of a toner
    is part of the picture. ``if_faded`` is the share if weak tones mean fading; a soft subject and
    fog look the same, so that nothing proves it. no_margin: why there is no margin.
    """
    if margin is None:
        return AsSilver(against=f"{no_margin}, and a toner and a stain look alike")
    stain = stain_of_margin(margin)
    base = base_of(margin, stain)
    above = np.maximum(cells - stain - base, 0.0).mean(axis=1)
    darkest = float(np.percentile(above, dye_fit.DARKEST))
    weak = fades and darkest < WEAK
    kept = float(np.clip(darkest / HEALTHY, LEAST_KEPT, 1.0)) if weak else 1.0
    return AsSilver(
        kept=(1.0,) * cells.shape[1],
        if_faded=(round(kept, 4),) * cells.shape[1],
        stain=rounded(stain),
        base=rounded(base),
        darkest_above=round(darkest, 4),
        against="" if stain.any() else "the paper is white: nothing shows that it has aged",
    )


def rounded(values: Densities) -> tuple[float, ...]:
    """As the report gives densities."""
    return tuple(round(float(value), 4) for value in values)


def toner(cells: Densities) -> tuple[tuple[float, ...], ...]:
    """(nodes, 3) densities along the tone scale, light to dark: the hue of each tone."""
    tone = cells.mean(axis=1)
    edges = np.quantile(tone, np.linspace(0.0, 1.0, NODES + 1))
    step = np.clip(np.searchsorted(edges, tone, side="right") - 1, 0, NODES - 1)
    nodes = [
        np.median(cells[step == index], axis=0) for index in range(NODES) if (step == index).any()
    ]
    return tuple(rounded(node) for node in nodes)
