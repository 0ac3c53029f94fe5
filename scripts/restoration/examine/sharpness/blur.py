"""Blur of the picture: motion, defocus, compression or none, from the zeros of its spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.resolution.resolution import chosen, picture_box, quantisation_floor
from restoration.examine.screen.screen_mask import Screened, without_screens
from restoration.examine.sharpness.blur_fit import FEWEST, Fit, LogSpectra, SpectrumFit
from restoration.examine.sharpness.blur_models import SIDE
from restoration.examine.sharpness.edges import HALF, Edges, rises
from restoration.examine.sharpness.edges import edges as tile_edges
from restoration.examine.survey import SCALES, Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.blocking import Blocking
from restoration.findings.blur import Blur, BlurAtScale, BlurDetail, BlurFit
from restoration.raster.base import Plane

TILES = 16
"""Tiles whose spectra are averaged per scale."""

SEEN = 0.8
"""Largest ratio of the first zero to the reach of the spectrum: beyond the zero the next lobe must
rise out of the noise, or a soft picture's end would pass for a zero."""

GAIN = {"motion": 0.2, "defocus": 0.14}
"""Least share of the spectrum's structure that the zeros explain. Sharp pictures: up to 0.1 (brick
and a launch tower up to 0.4, on one part of the plane only), true blurs 0.15 to 0.7."""

AMPLITUDE = (0.45, 1.9)
"""Depth of the zeros against the model's, 1 in theory."""

SUPPORT = 0.38
"""Least depth on each part of the plane. Brick, fences and launch towers: -0.1 to 0.2."""

AGREEMENT = 0.75
"""Share of the tiles that must show the zeros on their own."""

SHORTEST = 4.5
"""Motion shorter than this, in pixels of the tiles, has its zero next to Nyquist: not told."""

STRONG = 0.3
"""Gain from which zeros of too little depth still leave a doubt."""

APART = 1.25
"""A kind counts when it explains this many times what the other explains."""

DOUBTFUL = 0.5
"""Weakest evidence, as a share of each of the limits above, that makes "none" unsure."""

COMPRESSED = 1.0
"""Mean step at JPEG's block borders, in 1/255, from which the loss of detail is put down to it."""

LONGEST = 26.0
"""Motion longer than this, in pixels of the tiles, is left to the next coarser scale: near the end
of the table anything with a ridge fits."""

RECHECKED = 10.0
"""Length in pixels of the tiles from which the next coarser scale must see the same motion."""

WIDE = 0.42
"""Least median width of the edges that the blur would have spread, as a share of what it makes of
them (true blurs: 0.5 to 0.95; sharp pictures of fences, dots and bricks: 0.1 to 0.3). The median,
because dust and captions are sharp on the blurred picture, too."""

FEW_EDGES = 6
"""Edges without which their width says nothing."""

TALL = 20.0 / 255.0
"""Least height of an edge whose width counts."""

BEST_SHARE = 0.9
"""Scales whose fit explains this share of what the best one's does; the finest of them counts."""


@dataclass(frozen=True)
class Seen:
    """The fits of one scale."""

    scale: int
    squares: int
    fits: tuple[Fit, Fit]
    """Motion and defocus."""
    edges: Edges
    widths: npt.NDArray[np.float64]
    """Pixels of the scale in which each edge rises; NaN for low ones."""

    def width_share(self, fit: Fit, scale: int) -> float | None:
        """Median width of these edges as a share of what a blur, found at some scale, makes of
        them; None with few edges, or where they would be wider than profiles are long."""
        size = fit.size * scale / self.scale
        if fit.kind == "motion":
            along = np.abs(np.cos(np.deg2rad(self.edges.normals - fit.direction)))
            expected = np.where(along > 0.75, size * along, np.nan)
        else:
            # The steepest slope of a disc's edge is that of a box 1.57 R wide.
            expected = np.full(self.widths.shape, 1.57 * size)
        shares = self.widths / expected
        shares = shares[np.isfinite(shares)]
        if shares.size < FEW_EDGES or size > HALF:
            return None
        return float(np.median(shares))


def _spread(fit: Fit, scale: int, seen: Sequence[Seen]) -> bool:
    """Whether the edges are as wide as a blur would make them, on every scale that can tell."""
    shares = [one.width_share(fit, scale) for one in seen]
    return all(share is None or share >= WIDE for share in shares)


class BlurMeasurer:
    """What blurred the picture: ``motion``, ``defocus``, ``compression``, ``none``; None = unknown.

    Straight motion of length L multiplies the spectrum by a sinc, with zeros at k/L along its
    direction all over the plane; a defocus disc of radius R has rings of zeros, the first at 0.61/R
    cycles per pixel (Cannon 1976). The logarithmic spectra of the most detailed tiles are averaged
    at full, 1/2 and 1/4 scale, freed of their smooth trend, and compared with all lengths,
    directions and radii. A kind counts where its zeros are as deep as they must be, on all parts of
    the frequency plane and in most tiles, which those of fences, bricks and grass are not. Ordinary
    softness has no zeros: it is ``none``, with ``detail.softness_px``, or unknown where a blur too
    small to show its zeros could be behind it.
    """

    METHOD: ClassVar[str] = (
        "zeros of sinc and disc in the mean logarithmic spectrum of the tiles of most detail "
        "(Cannon 1976), at full, 1/2 and 1/4 scale"
    )

    def begin(self, page: PageFacts) -> None:
        self._page = page

    def see(self, window: Window) -> None:
        """Works on the survey's tiles alone."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Blur:
        seen = self._seen(survey, earlier)
        if not seen:
            screened = Screened.of(earlier)
            reason = "too small, or no detail, for a spectrum"
            why = f"{screened.kind} screen" if screened else reason
            return self._said(None, 0.0, BlurDetail(reason=why))
        found = self._found(seen)
        if found is not None:
            return self._blurred(found[0], found[1], seen)
        block = earlier.get(Blocking)
        if block is not None and block.value and (block.detail.strength or 0.0) >= COMPRESSED:
            return self._said("compression", 0.8, _detail(seen))
        doubt = [
            fit
            for one in seen
            for fit in one.fits
            if _doubtful(fit) and _spread(fit, one.scale, seen)
        ]
        if doubt:
            worst = max(doubt, key=lambda fit: fit.gain)
            reason = f"falls like {worst.kind}, but no zero stands clear of the noise"
            return self._unknown(reason, seen)
        if max(one.fits[0].reach for one in seen) < 0.2:
            return self._unknown("too little detail above the noise", seen)
        squares = max(one.squares for one in seen)
        sure = min(0.9, 0.55 + 0.1 * float(np.log2(squares / FEWEST + 1.0)))
        return self._said("none", round(sure, 2), _detail(seen))

    def _seen(self, survey: Survey, earlier: EarlierFindings) -> list[Seen]:
        """The fits at each scale that has detail enough."""
        box, seen = picture_box(earlier), []
        finer: list[Plane] = []
        for scale in SCALES:
            own = survey.detailed(scale, box) or survey.detailed(scale)
            kept = chosen(without_screens(own, earlier))[:TILES]
            tiles = [tile.luminance for tile in kept]
            halves = [_halved(tile) for tile in finer]
            if len(tiles) < FEWEST and len(halves) > len(tiles):
                # A small page has few tiles of its own at this scale.
                tiles = halves
            finer = tiles
            if not tiles or tiles[0].shape[0] < SIDE:
                continue
            spectra = LogSpectra(tiles)
            if spectra.count < FEWEST:
                continue
            fit = SpectrumFit(spectra, quantisation_floor(self._page, scale))
            edges = tile_edges(tiles)
            height, width = rises(edges.profiles)
            widths = np.where(height >= TALL, width, np.nan)
            seen.append(Seen(scale, spectra.count, (fit.motion(), fit.defocus()), edges, widths))
        return seen

    def _found(self, seen: list[Seen]) -> tuple[Seen, Fit] | None:
        """The blur that explains most, at the finest scale that shows it nearly as well."""
        proved = [
            (one, fit)
            for one in seen
            for fit, other in (one.fits, one.fits[::-1])
            if _proved(fit)
            and fit.gain >= APART * other.gain
            and _seen_again(fit, one, seen)
            and _spread(fit, one.scale, seen)
        ]
        if not proved:
            return None
        most = max(fit.gain for _, fit in proved)
        kind = max(proved, key=lambda pair: pair[1].gain)[1].kind
        good = [pair for pair in proved if pair[1].kind == kind]
        return next(pair for pair in good if pair[1].gain >= BEST_SHARE * most)

    def _blurred(self, one: Seen, fit: Fit, seen: list[Seen]) -> Blur:
        size = fit.size * one.scale
        if fit.kind == "motion":
            detail = _detail(seen, length_px=size, direction_deg=fit.direction % 180.0)
        else:
            detail = _detail(seen, radius_px=size)
        clear = min(1.0, fit.gain / (2.0 * GAIN[fit.kind]))
        sure = 0.5 + 0.45 * clear * min(1.0, fit.support / 0.6)
        return self._said(fit.kind, round(sure, 2), detail)

    def _unknown(self, reason: str, seen: list[Seen]) -> Blur:
        return self._said(None, 0.0, _detail(seen).model_copy(update={"reason": reason}))

    def _said(self, value: str | None, confidence: float, detail: BlurDetail) -> Blur:
        return Blur(value=value, unit="", confidence=confidence, method=self.METHOD, detail=detail)


def _proved(fit: Fit) -> bool:
    return (
        fit.zero <= SEEN * fit.reach
        and fit.gain >= GAIN[fit.kind]
        and AMPLITUDE[0] <= fit.amplitude <= AMPLITUDE[1]
        and fit.support >= SUPPORT
        and fit.agreement >= AGREEMENT
        and (fit.kind != "motion" or SHORTEST <= fit.size <= LONGEST)
    )


def _seen_again(fit: Fit, one: Seen, seen: list[Seen]) -> bool:
    """Whether the next coarser scale, where there is one, sees the same long motion."""
    coarser = next((other for other in seen if other.scale == 2 * one.scale), None)
    if fit.kind != "motion" or fit.size < RECHECKED or coarser is None:
        return True
    again = coarser.fits[0]
    turned = abs((again.direction - fit.direction + 90.0) % 180.0 - 90.0)
    return turned <= 15.0 and 0.8 <= 2.0 * again.size / fit.size <= 1.25


def _doubtful(fit: Fit) -> bool:
    """Whether a blur of this kind could be there although it was not proved: it explains part of
    the spectrum everywhere, or its zeros lie where the picture already ends."""
    part = (
        fit.gain >= DOUBTFUL * GAIN[fit.kind]
        and (fit.amplitude >= AMPLITUDE[0] or fit.gain >= STRONG)
        and fit.support >= DOUBTFUL * SUPPORT
        and fit.agreement >= DOUBTFUL
    )
    return part and fit.zero < 2.5 * fit.reach


def _detail(
    seen: list[Seen],
    length_px: float | None = None,
    direction_deg: float | None = None,
    radius_px: float | None = None,
) -> BlurDetail:
    """What each scale showed, for those who want to judge by themselves."""
    return BlurDetail(
        length_px=length_px,
        direction_deg=direction_deg,
        radius_px=radius_px,
        softness_px=_softness(seen),
        reach=max(one.fits[0].reach / one.scale for one in seen),
        scales=tuple(
            BlurAtScale(
                scale=one.scale,
                squares=one.squares,
                motion=_fit(one, one.fits[0]),
                defocus=_fit(one, one.fits[1]),
            )
            for one in seen
        ),
    )


def _fit(one: Seen, fit: Fit) -> BlurFit:
    return BlurFit(
        gain=fit.gain,
        amplitude=fit.amplitude,
        support=fit.support,
        agreement=fit.agreement,
        zero_of_reach=fit.zero / max(fit.reach, 1e-6),
        size_px=fit.size * one.scale,
        edge_width_share=one.width_share(fit, one.scale),
    )


def _softness(seen: list[Seen]) -> float | None:
    """Deviation of the Gaussian that makes edges as wide as the page's, in its pixels: median over
    the edges of the finest scale; None where there are few."""
    widths = seen[0].widths[np.isfinite(seen[0].widths)]
    return float(np.median(widths)) / 2.51 * seen[0].scale if widths.size >= FEW_EDGES else None


def _halved(plane: Plane) -> Plane:
    """Area averages over 2 x 2 pixels of a tile of even side."""
    height, width = plane.shape[0] // 2, plane.shape[1] // 2
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))
