"""Effective resolution: how many pixels per inch of picture the scan really holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from restoration.examine.resolution.falloff import (
    Falloff,
    RingSpectra,
    falloff,
    plateau,
    smooth,
    tile_spectra,
    typical,
)
from restoration.examine.resolution.resolution_figures import (
    MethodFigure,
    halftone_limit,
    jpeg_grid_limit,
    knife_edges,
    rings_in_common,
)
from restoration.examine.survey import SCALES, LuminanceTile, Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import Caution
from restoration.findings.blocking import Blocking
from restoration.findings.effective_resolution import (
    EffectiveDetail,
    EffectiveResolution,
    HalftoneLimit,
    JpegGridLimit,
    KnifeEdges,
    RingCorrelation,
    Witness,
    Witnesses,
)
from restoration.findings.interpolated import Interpolated
from restoration.findings.paper import Paper
from restoration.raster.base import Floats
from restoration.raster.boxes import rows_first

MOST_TILES = 32
"""Tiles that are transformed per scale: enough for a steady mean, few enough to be quick."""

FEWEST_COARSE = 3
"""Tiles without which a coarser scale is not trusted: one alone may show anything."""

LOWER = 0.85
"""Ratio to the spectrum's figure below which another witness overrules it: nearer, they agree."""

FULL = 0.97
"""From this share of Nyquist on the scan counts as full: the last rings are not told apart."""


@dataclass(frozen=True)
class SpectrumExtent:
    """How far the picture's spectrum reaches, as a share of the page's own Nyquist frequency."""

    across: Falloff | None
    """Along the rows, at the scale that was used."""
    down: Falloff | None
    scale: int
    """Pixels of the page per pixel of the tiles that were used."""
    tiles: int
    spread: float
    """Standard deviation of the logarithm of the single tiles' figures."""

    def share(self, end: Falloff | None) -> float | None:
        """Share of the page's Nyquist frequency, 0 to 1."""
        return None if end is None else min(1.0, 2.0 * end.frequency / self.scale)

    @property
    def shares(self) -> tuple[float | None, float | None]:
        """Across and down."""
        return self.share(self.across), self.share(self.down)


def reach(survey: Survey, box: tuple[int, int, int, int] | None) -> SpectrumExtent | None:
    """How far the spectrum reaches on the tiles of most detail; None where there is no detail.

    Starts with the page as it is; where less than 0.3 of Nyquist is filled, the next coarser
    tiles see the same fall with twice as many rings below it.
    """
    found: SpectrumExtent | None = None
    for scale in SCALES:
        tiles = chosen(survey.detailed(scale, box) or survey.detailed(scale))
        if found is not None and len(tiles) < FEWEST_COARSE:
            break
        extent = _extent(tiles, scale, survey.page) if tiles else None
        if extent is None or (extent.across is None and extent.down is None):
            continue
        at_end = [end.by == "nyquist" for end in (extent.across, extent.down) if end is not None]
        if found is not None and all(at_end):
            # What the finer tiles saw lies beyond what these can show.
            break
        found = extent
        if max(share for share in extent.shares if share is not None) * scale >= 0.3:
            break
    return found


def chosen(tiles: Sequence[LuminanceTile]) -> list[LuminanceTile]:
    """The tiles that speak for the page: at least half as detailed as the richest ones.

    Clipped highlights have edges that the picture never had, so clipped tiles come last.
    """
    if not tiles:
        return []
    clean = [tile for tile in tiles if tile.clipped <= 0.02]
    pool = clean if len(clean) >= min(4, len(tiles)) else list(tiles)
    richest = float(np.percentile([tile.detail for tile in pool], 90))
    return [tile for tile in pool if tile.detail >= 0.5 * richest][:MOST_TILES]


def quantisation_floor(page: PageFacts, scale: int) -> float:
    """Density of rounding noise in luminance, (1/255)^2: a uniform error of one code."""
    step = 1.0 if page.bits == 8 else 255.0 / 65535.0
    luminance = 1.0 if page.channels == 1 else 0.299**2 + 0.587**2 + 0.114**2
    return step**2 / 12.0 * luminance / scale**2


def _extent(tiles: Sequence[LuminanceTile], scale: int, page: PageFacts) -> SpectrumExtent:
    spectra = tile_spectra([tile.luminance for tile in tiles])
    base = quantisation_floor(page, scale)
    floor = _floor(smooth(typical(spectra.round)), spectra, base)
    across, down = (
        falloff(smooth(typical(axis)), floor, spectra.frequency) for axis in spectra.axes
    )
    single = [
        end.frequency
        for axis in spectra.axes
        for spectrum in axis
        if (end := falloff(smooth(spectrum), floor, spectra.frequency)) is not None
    ]
    spread = float(np.std(np.log(single))) if len(single) > 1 else 0.5
    return SpectrumExtent(across, down, scale, len(tiles), spread)


def _floor(mean: Floats, spectra: RingSpectra, base: float) -> Floats:
    level = max(base, plateau(mean, spectra.frequency))
    return np.full(spectra.frequency.size, level)


class ResolutionMeasurer:
    """Resolution of the picture in the scan, in pixels per inch.

    Definition: twice the spatial frequency, in cycles per inch, at which the picture's spectral
    density first meets that of the noise (signal-to-noise ratio 1), or has fallen 20 dB below the
    power law that pictures follow (a transfer of 10 %, MTF10), whichever comes first; at most the
    nominal resolution, and, for an interpolated scan, nominal / factor. It is measured along the
    rows and along the columns on the 256-pixel tiles of most detail; the value is the geometric
    mean of the two, so that the picture's area in "effective pixels" is right.

    Other witnesses have an entry of their own in ``detail.figures``, and the most pessimistic
    reliable one wins (``detail.limited_by``): the picture's own straight edges (``knife_edges``;
    JPEG's errors fill the spectrum of a soft picture, not its edges), Fourier ring correlation
    (``ring_correlation``), a halftone screen (``halftone``: twice its ruling) and an enlarged JPEG
    grid (``jpeg_grid``). Edges overrule a spectrum only where it does not end or JPEG has filled
    it: an end that was seen is an end of detail, and many pictures have no sharp edge.
    """

    METHOD: ClassVar[str] = (
        "end of the radial power spectrum (noise-floor crossing or 20 dB below the pictures' power "
        "law) on Hann-windowed tiles of most detail, MTF10 of straight edges (after ISO 12233), "
        "one-image Fourier ring correlation (Koho 2019): the lowest that is reliable; at most "
        "nominal / interpolation factor"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Works on the survey's tiles alone."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> EffectiveResolution:
        box = picture_box(earlier)
        extent = reach(survey, box)
        if extent is None:
            return self._unknown("no tile with detail above the noise: nothing to measure on")
        shares = self._limited(extent, earlier)
        known = [share for share in shares if share is not None]
        if not known:
            return self._unknown("no detail along either axis")
        spectrum = float(np.sqrt(known[0] * known[-1]))
        own = MethodFigure(spectrum, self._confidence(extent, earlier, spectrum), True, "", {})
        figures = self._figures(survey, box, earlier)
        share, limited_by = _lowest(spectrum, _ended_by(extent, shares, earlier), figures)
        # JPEG's errors fill a spectrum, and nothing else was found that could tell.
        confidence = round(own.confidence * (0.5 if limited_by == "jpeg" else 1.0), 2)
        if limited_by in figures:
            confidence = figures[limited_by].confidence
            shares = (
                None if shares[0] is None else min(shares[0], share),
                None if shares[1] is None else min(shares[1], share),
            )
        nominal = self.page.nominal_ppi
        detail = EffectiveDetail(
            fraction=share,
            across_fraction=shares[0],
            down_fraction=shares[1],
            limited_by=limited_by,
            ended_by=tuple(end.by if end else None for end in (extent.across, extent.down)),
            tiles=extent.tiles,
            tile_scale=extent.scale,
            tile_spread=extent.spread,
            figures=Witnesses(
                spectrum=Witness(**own.entry(nominal)),
                knife_edges=KnifeEdges(**figures["knife_edges"].entry(nominal)),
                ring_correlation=RingCorrelation(**figures["ring_correlation"].entry(nominal)),
                halftone=HalftoneLimit(**figures["halftone"].entry(nominal)),
                jpeg_grid=JpegGridLimit(**figures["jpeg_grid"].entry(nominal)),
            ),
            **self._in_ppi(shares),
        )
        if nominal is None:
            return self._said(None, confidence, detail)
        return self._said(share * nominal, confidence, detail, *self._cautions(share, nominal))

    def _in_ppi(self, shares: tuple[float | None, float | None]) -> dict[str, Any]:
        """Of the detail: the shares of both axes in pixels per inch, or why there are none."""
        ppi = self.page.ppi
        if ppi is None:
            return {"reason": "the file states no resolution: see detail.fraction"}
        across, down = (
            None if share is None else share * stated
            for share, stated in zip(shares, ppi, strict=True)
        )
        return {"nominal_ppi": self.page.nominal_ppi, "across_ppi": across, "down_ppi": down}

    @staticmethod
    def _figures(
        survey: Survey, box: tuple[int, int, int, int] | None, earlier: EarlierFindings
    ) -> dict[str, MethodFigure]:
        return {
            "knife_edges": knife_edges(survey, box),
            "ring_correlation": rings_in_common(survey, box, MOST_TILES),
            "halftone": halftone_limit(earlier),
            "jpeg_grid": jpeg_grid_limit(earlier),
        }

    def _limited(
        self, extent: SpectrumExtent, earlier: EarlierFindings
    ) -> tuple[float | None, float | None]:
        """The two shares, each at most 1 / interpolation factor of its axis; 1 from FULL on."""
        found = earlier.get(Interpolated)
        factors = (1.0, 1.0)
        if found is not None and found.value:
            factors = (found.detail.factor_across or 1.0, found.detail.factor_down or 1.0)
        if found is not None and found.detail.kind == "nearest":
            # The copies' edges fill the whole spectrum: its end says nothing.
            return 1.0 / factors[0], 1.0 / factors[1]
        limited = [
            None if share is None else min(1.0 if share >= FULL else share, 1.0 / factor)
            for share, factor in zip(extent.shares, factors, strict=True)
        ]
        return limited[0], limited[1]

    def _confidence(self, extent: SpectrumExtent, earlier: EarlierFindings, share: float) -> float:
        found = earlier.get(Interpolated)
        if found is not None and found.value:
            return max(0.8, found.confidence)
        ends = [end for end in (extent.across, extent.down) if end is not None]
        clear = min(1.0, min(float(np.log10(end.headroom)) for end in ends) / 2.0)
        agree = float(np.exp(-2.0 * extent.spread))
        many = min(1.0, (extent.tiles + 2) / 8.0)
        one_axis = 0.6 if len(ends) == 1 else 1.0
        # Below five rings of the coarsest tiles there is no power law to fall from.
        bottom = 0.5 if share * extent.scale < 0.1 else 1.0
        return round(clear * agree * many * one_axis * bottom, 2)

    def _cautions(self, share: float, nominal: float) -> tuple[Caution, ...]:
        if share >= 0.5:
            return ()
        text = (
            f"The scan states {nominal:.0f} ppi but holds about {share * nominal:.0f} ppi of "
            "picture."
        )
        return (Caution(code="effective_below_nominal", text=text),)

    def _unknown(self, reason: str) -> EffectiveResolution:
        nominal = self.page.nominal_ppi
        detail = EffectiveDetail(reason=reason, fraction=None, nominal_ppi=nominal)
        return self._said(None, 0.0, detail)

    def _said(
        self,
        value: float | None,
        confidence: float,
        detail: EffectiveDetail,
        *cautions: Caution,
    ) -> EffectiveResolution:
        return EffectiveResolution(
            value=value,
            unit="ppi",
            confidence=confidence,
            method=self.METHOD,
            detail=detail,
            cautions=cautions,
        )


def _ended_by(
    extent: SpectrumExtent,
    shares: tuple[float | None, float | None],
    earlier: EarlierFindings,
) -> str:
    """What ends the spectrum: ``interpolation``, else the ends of the axes, the lower one first;
    ``jpeg`` where blocks make any end of it doubtful."""
    limited = [
        limit is not None and own is not None and limit < 0.999 * own and limit < FULL
        for limit, own in zip(shares, extent.shares, strict=True)
    ]
    if any(limited):
        return "interpolation"
    blocks = earlier.get(Blocking)
    if blocks is not None and blocks.value:
        return "jpeg"
    ends = [end for end in (extent.across, extent.down) if end is not None]
    lower = min(ends, key=lambda end: end.frequency)
    return "nyquist" if (extent.share(lower) or 0.0) >= FULL else lower.by


def _lowest(
    spectrum: float, ended_by: str, figures: Mapping[str, MethodFigure]
) -> tuple[float, str]:
    """The most pessimistic reliable share, and who says so."""
    share, limited_by = spectrum, ended_by
    for name, figure in figures.items():
        if figure.share is None or not figure.reliable or figure.share >= LOWER * share:
            continue
        if name == "knife_edges" and ended_by not in ("nyquist", "jpeg"):
            continue
        share, limited_by = figure.share, name
    return share, limited_by


def picture_box(earlier: EarlierFindings) -> tuple[int, int, int, int] | None:
    """The picture's box inside the sheet, 1 % narrower on each side; None where none was found."""
    paper = earlier.get(Paper)
    if paper is None or paper.value is None:
        return None
    top, left, height, width = rows_first(paper.value)
    inset = max(1, round(0.01 * min(height, width)))
    return top + inset, left + inset, height - 2 * inset, width - 2 * inset
