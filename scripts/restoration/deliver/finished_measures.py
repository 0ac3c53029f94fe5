"""What the finished picture shows of the master's grain and noise: measured, not meant.

A stage knows what it did itself and not what comes after it: where `denoise` left the grain,
`cleanup` may have smoothed it away and drawn texture instead. So what a deliverable says of its
grain is measured when the chain is done.

In flat places of the master, what varies faster than the picture's shading is grain and noise. The
finished picture holds ``kept`` of it, the coefficient of regression of the finished places on the
master's: what has another pattern is no grain of this photograph, whatever its strength, and is
counted as ``added``. No place is quite without picture, of which more is left: ``kept`` is at most
so much. Where nearly every pixel is the master's own, no more need be measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.condition.confidence import LEAST_CONFIDENCE
from restoration.condition.noise import ReportedNoise
from restoration.findings.base import Others
from restoration.findings.noise import Noise
from restoration.findings.paper import Paper
from restoration.raster.base import FloatImage, Raster
from restoration.raster.boxes import Box, rows_first
from restoration.raster.resample import Resampled
from restoration.records.delivery import Finished, KeptNoise

FINISHED_READS = (Noise.name, Paper.name)
"""Findings of the condition report by which a finished picture is judged."""

Spectrum = npt.NDArray[np.complex128]

SIDES = (64, 128)
"""Sides of a place in pixels: fine grain, coarse grain."""

FINE = 16.0
"""Width of grain in pixels up to which the smaller places hold enough of it. Of smaller ones there
are more that are flat."""

BANDS = 24
"""Bands of rows that are looked at, spread over the page: the cost stays that of a few tens of
places however large the page is."""

ACROSS = 64
"""Places that are looked at in each band."""

MOST = 24
"""Flattest places that are measured. On a simulated print of which 57 % of the grain was gone, 24
said 48 %, twice as many 37 %: what is left of the picture in busier ones passes for grain."""

FEWEST = 6
"""With fewer nothing is said."""

ENOUGH = 24
"""Places that carry full confidence."""

BUSY = 1.5
"""A place with more variation than this many times the reported noise is picture."""

CLIPPED = 0.01
"""Share of samples at black or white from which a place shows too little of its noise."""

LEAST = 0.05
"""Noise in 1/255 below which there is nothing to be kept or lost."""

WHOLE = 0.95
"""Share from which grain is told to be there still."""

TEXTURE = 0.25
"""Added texture is told from this share of the master's grain on, and from this many 1/255."""


def finished_page(master: Raster, final: Raster | None, report: Others, *, tones: bool) -> Finished:
    """What a deliverable's record says of its finished picture, and its history with it.

    Parameters
    ----------
    master
        The page as it was recorded.
    final
        The page as it leaves its last stage, before a tone table: tones say nothing of what is left
        of the grain. It may be larger. None where no stage made pixels.
    report
        The page's condition report, of which `Noise` and `Paper` are looked at.
    tones
        Whether a table maps the values on their way into the deliverable.

    Returns
    -------
    Of ``grain`` or ``noise``, by what the condition report takes it for, and in sentences.
    """
    noise = ReportedNoise.of(report)
    name = "noise" if noise.grain.found is False else "grain"
    if final is None:
        table = ", under a table that maps its tones" if tones else ""
        said = f"No stage made pixels anew: grain and noise are the master's{table}."
        return _finished(name, KeptNoise(kept=1.0, same=1.0, confidence=1.0), said)
    size = noise.grain.size_px or 2.0
    side = SIDES[size > FINE]
    box = _picture(master, report)
    same = _same_share(master, final, box, side)
    if same is not None and same >= WHOLE:
        share = math.floor(100.0 * same)
        said = (
            f"{share} % of the pixels looked at are the master's own, with their grain and noise."
        )
        # At least: of the few others nothing is known.
        least = math.floor(1e4 * same) / 1e4
        return _finished(name, KeptNoise(kept=least, same=least, confidence=0.9), said)
    found = _measured(master, final, noise, _PageLook(side, size, box))
    if same is not None:
        found = found.model_copy(update={"same": round(same, 4)})
    return _finished(name, found, _told(found, noise))


def _finished(name: str, found: KeptNoise, said: str) -> Finished:
    """name: grain or noise."""
    return Finished.model_validate({name: found, "said": (said,)})


@dataclass(frozen=True)
class _PageLook:
    """Where and how finely a page is looked at."""

    side: int
    """Of a place, in pixels."""
    size: float
    """Width of the grain, in pixels."""
    box: Box


@dataclass(frozen=True)
class _FlatPlace:
    """A flat place of the master, before the finished picture was looked at."""

    top: int
    left: int
    coarse: float
    """Variance of what is coarser than the grain."""
    pixels: FloatImage


def _same_share(master: Raster, final: Raster, box: Box, side: int) -> float | None:
    """Share of the pixels that are the master's own; None for another size."""
    if (final.height, final.width) != (master.height, master.width):
        return None
    same = count = 0
    for top, left in _grid(box, side):
        window = (top, left, side, side)
        same += int((master.read(*window) == final.read(*window)).all(axis=2).sum())
        count += side * side
    return same / count if count else None


def _measured(master: Raster, final: Raster, noise: ReportedNoise, look: _PageLook) -> KeptNoise:
    if noise.value is None:
        return _unmeasured(f"the master's noise is not known, {noise.reason}")
    if noise.value < LEAST:
        return _unmeasured("the master has none to speak of")
    places = _flattest(master, look, noise)
    if len(places) < FEWEST:
        return _unmeasured("too few flat places in which it could be told from the picture")
    seen = final
    if (final.height, final.width) != (master.height, master.width):
        seen = Resampled(final, master.height, master.width)
    return _compared(seen, places, look, noise)


def _unmeasured(reason: str) -> KeptNoise:
    return KeptNoise(kept=None, confidence=0.0, reason=reason)


def _picture(master: Raster, report: Others) -> Box:
    """Top, left, height and width without the empty border, which has no grain."""
    paper = report.get(Paper)
    if paper is None or paper.value is None:
        return 0, 0, master.height, master.width
    return rows_first(paper.value)


def _flattest(master: Raster, look: _PageLook, noise: ReportedNoise) -> list[_FlatPlace]:
    """The places of least coarse structure, no busier than the noise explains."""
    found: list[_FlatPlace] = []
    most = BUSY * float(noise.value or 0.0) / 255.0
    for top, left in _grid(look.box, look.side):
        pixels = _planes(master.read(top, left, look.side, look.side), noise)
        if np.mean((pixels <= 0.0) | (pixels >= 1.0)) > CLIPPED:
            continue
        if math.sqrt(_power(_spectra(pixels, look.size)) / pixels.shape[2]) > most:
            continue
        found.append(_FlatPlace(top, left, _coarse(pixels), pixels))
        if len(found) >= 2 * MOST:
            found = sorted(found, key=lambda place: place.coarse)[:MOST]
    return sorted(found, key=lambda place: place.coarse)[:MOST]


def _grid(box: Box, side: int) -> Iterator[tuple[int, int]]:
    """Corners of the places that are looked at, band by band."""
    top, left, height, width = box
    for row in _spread(height // side, BANDS):
        for column in _spread(width // side, ACROSS):
            yield top + row * side, left + column * side


def _spread(count: int, most: int) -> list[int]:
    """At most so many of 0 to count - 1, evenly spread."""
    taken = min(count, most)
    return [(2 * step + 1) * count // (2 * taken) for step in range(taken)]


def _planes(pixels: FloatImage, noise: ReportedNoise) -> FloatImage:
    """(h, w, n): the mean of the channels where they share the grain, else each of them."""
    shared = noise.grain.equal_channels and noise.grain.found is not False
    if shared and pixels.shape[2] > 1:
        return np.asarray(pixels.mean(axis=2, keepdims=True), np.float32)
    return pixels


def _spectra(pixels: FloatImage, size: float) -> Spectrum:
    """(n, side, side // 2 + 1): of each plane what is finer than shading, scaled so that the sum
    of the squares is the variance in values of [0, 1]."""
    side = pixels.shape[0]
    window = np.hanning(side + 2)[1:-1]
    window = np.outer(window, window) / np.sqrt(np.mean(window**2) ** 2)
    planes = np.moveaxis(pixels.astype(np.float64), 2, 0)
    planes = planes - planes.mean(axis=(1, 2), keepdims=True)
    spectrum = np.fft.rfft2(planes * window) / side**2
    down, across = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    radius = np.hypot(down, across)
    # Each column but the first and the last stands for two.
    weight = np.where((across == 0.0) | (across == 0.5), 1.0, np.sqrt(2.0))
    lowest = max(1.0 / (4.0 * size), 3.0 / side)
    return np.asarray(np.where(radius >= lowest, spectrum * weight, 0.0))


def _power(spectrum: Spectrum) -> float:
    return float((np.abs(spectrum) ** 2).sum())


def _coarse(pixels: FloatImage) -> float:
    """Variance between averages over an eighth of the side."""
    side, planes = pixels.shape[0], pixels.shape[2]
    blocks = pixels.reshape(8, side // 8, 8, side // 8, planes).mean(axis=(1, 3))
    return float(blocks.var(axis=(0, 1)).mean())


def _compared(
    seen: Raster, places: list[_FlatPlace], look: _PageLook, noise: ReportedNoise
) -> KeptNoise:
    own = both = now = 0.0
    values = 0
    for place in places:
        pixels = _planes(seen.read(place.top, place.left, look.side, look.side), noise)
        before, after = _spectra(place.pixels, look.size), _spectra(pixels, look.size)
        own += _power(before)
        now += _power(after)
        both += float((before.conj() * after).real.sum())
        values += pixels.shape[2]
    kept = max(both / max(own, 1e-20), 0.0)
    added = max(now - kept**2 * own, 0.0)
    strength = 255.0 * math.sqrt(own / values)
    # More than the noise that was reported is picture, which stages leave.
    explained = min(1.0, (float(noise.value or 0.0) / max(strength, 1e-9)) ** 2)
    sure = 0.9 * min(1.0, len(places) / ENOUGH) * explained
    seen_on = {"tiles": len(places), "tile_px": look.side}
    if sure < LEAST_CONFIDENCE:
        return _unmeasured("too few flat places to be sure").model_copy(update=seen_on)
    return KeptNoise(
        kept=round(kept, 4),
        master_255=round(strength, 4),
        added_255=round(255.0 * math.sqrt(added / values), 4),
        tiles=len(places),
        tile_px=look.side,
        confidence=round(sure, 2),
    )


def _told(found: KeptNoise, noise: ReportedNoise) -> str:
    """In a sentence."""
    what = {True: "grain", None: "noise that may be grain", False: "noise"}[noise.grain.found]
    if noise.value is None:
        what = "grain and noise"
    kept = found.kept
    if kept is None:
        return f"How much of the master's {what} is left was not measured: {found.reason}."
    where = f"measured in {found.tiles} flat places"
    if kept >= WHOLE:
        text = f"The master's {what} is still there, {100.0 * kept:.0f} % of its strength, {where}."
    else:
        gone = 100 - round(100.0 * kept)
        # No place is so flat that it holds no picture, and stages leave more of that.
        text = f"At least {gone} % of the master's {what} is gone, {where}."
    added, own = found.added_255, found.master_255
    if added is None or own is None or added < max(TEXTURE, TEXTURE * own):
        return text
    return f"{text} There is texture of {added:.2g}/255 that the master has not."
