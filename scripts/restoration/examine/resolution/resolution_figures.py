"""The other witnesses of a scan's resolution, beside the end of its spectrum.

Each gives a figure of its own with a confidence, or says why it has none; ``resolution`` takes the
most pessimistic reliable one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from restoration.examine.resolution.falloff import plateau, smooth, typical
from restoration.examine.resolution.knife_edge import Edge, edges, transfer_end
from restoration.examine.resolution.ring_correlation import correlation_end, ring_correlation
from restoration.examine.spectrum import ring_spectra, rings
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings
from restoration.findings.blocking import Blocking
from restoration.findings.screen import Screen
from restoration.raster.boxes import Box

TILES = {1: 24, 2: 16}
"""Tiles, by scale, in which edges are looked for: enough of them, and quick."""

RELIABLE = 6
"""Edges from which the figure counts: fewer may all lie on one thing out of focus."""

SOFT = 0.18
"""Share of Nyquist below which an edge is wider than its profile has room for, and the coarser
tiles are asked."""

MEASURABLE = 0.9
"""Share of the range of the ring correlation (half of Nyquist) up to which its end is one."""

MOSTLY = 0.5
"""Share of the page from which a halftone screen limits the picture as a whole."""


@dataclass(frozen=True)
class MethodFigure:
    """What one method says about the page."""

    share: float | None
    """Of the page's Nyquist frequency, up to 1; None where it has no answer."""
    confidence: float
    reliable: bool
    """May it overrule the others?"""
    reason: str
    """Why there is no answer, or none to rely on; empty else."""
    detail: Mapping[str, Any]

    def entry(self, nominal: float | None) -> dict[str, Any]:
        """The report's entry."""
        ppi = None if self.share is None or nominal is None else self.share * nominal
        entry = {"fraction": self.share, "ppi": ppi, "confidence": self.confidence}
        entry |= {"reliable": self.reliable, **self.detail}
        return entry | ({"reason": self.reason} if self.reason else {})


def knife_edges(survey: Survey, box: Box | None) -> MethodFigure:
    """MTF10 of the picture's sharpest straight edges."""
    share, count, scale = None, 0, 1
    for finer, most in TILES.items():
        found: list[Edge] = []
        for tile in (survey.detailed(finer, box) or survey.detailed(finer))[:most]:
            found += edges(tile.luminance)
        end = transfer_end(found)
        if end is None or (finer > 1 and (len(found) < RELIABLE or 2.0 * end / finer > SOFT)):
            count = count or len(found)
            break
        share, count, scale = min(1.0, 2.0 * end / finer), len(found), finer
        if share >= SOFT:
            break
    if share is None:
        reason = f"{count} straight edges, too few for a transfer function"
        return MethodFigure(None, 0.0, False, reason, {"edges": count})
    confidence = round(min(0.9, 0.15 + count / 25.0), 2)
    reason = "" if count >= RELIABLE else f"{count} straight edges alone"
    detail = {"edges": count, "tile_scale": scale}
    return MethodFigure(share, confidence, count >= RELIABLE, reason, detail)


def rings_in_common(survey: Survey, box: Box | None, most: int) -> MethodFigure:
    """One-image Fourier ring correlation; trusted where the noise is independent per pixel."""
    tiles = [
        tile.luminance
        for tile in (survey.detailed(1, box) or survey.detailed(1))[:most]
        if tile.clipped <= 0.02
    ]
    if not tiles or tiles[0].shape[0] < 128:
        return MethodFigure(None, 0.0, False, "no tile of 128 px without clipped tones", {})
    frequency, correlation = ring_correlation(tiles)
    end = correlation_end(frequency, correlation)
    detail = {"tiles": len(tiles), "threshold": "1/7"}
    if end is None or end > MEASURABLE * float(frequency[-1]):
        reason = "the checkerboard's halves agree up to half of Nyquist, where they end"
        return MethodFigure(None, 0.0, False, reason, detail)
    side = tiles[0].shape[0]
    level = plateau(smooth(typical(ring_spectra(tiles))), rings(side).frequency)
    white = level > 0.0
    reason = "" if white else "noise that neighbours share is taken for picture"
    return MethodFigure(2.0 * end, 0.8 if white else 0.2, white, reason, detail)


def halftone_limit(earlier: EarlierFindings) -> MethodFigure:
    """What a halftone screen over most of the page can carry: twice its ruling."""
    screen = earlier.get(Screen)
    if screen is None or screen.value != "halftone":
        return MethodFigure(None, 0.0, False, "no halftone screen", {})
    regions = [region for region in screen.detail.regions if region.kind == "halftone"]
    covered = sum(region.share for region in regions)
    periods = [found.ruling_px for region in regions for found in region.screens]
    if not periods:
        return MethodFigure(None, 0.0, False, "the screen's ruling is unknown", {})
    share = min(1.0, 2.0 / float(np.median(periods)))
    detail = {"share_of_page": covered, "ruling_px": float(np.median(periods))}
    reason = "" if covered >= MOSTLY else "the screen covers a part of the page alone"
    return MethodFigure(share, screen.confidence, covered >= MOSTLY, reason, detail)


def jpeg_grid_limit(earlier: EarlierFindings) -> MethodFigure:
    """An enlargement after JPEG compression, given away by blocks of more than 8 pixels."""
    blocks = earlier.get(Blocking)
    period = None if blocks is None or not blocks.value else blocks.detail.period_px
    if blocks is None or period is None:
        return MethodFigure(None, 0.0, False, "no JPEG blocks", {})
    side = float(np.sqrt(period[0] * period[1]))
    if side <= 8.1:
        return MethodFigure(None, 0.0, False, "JPEG blocks of their own 8 px", {"period_px": side})
    return MethodFigure(
        8.0 / side, blocks.confidence, blocks.confidence >= 0.5, "", {"period_px": side}
    )
