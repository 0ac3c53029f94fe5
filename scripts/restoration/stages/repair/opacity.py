"""A mark that lets the picture through is divided out: what was recorded under it is kept.

A mark of opacity a and tone t over the picture J is recorded as I = (1 - a) J + a t. Of J a guess
is known, from a fill of the mark's surroundings, and how far such guesses stray: as far as the
picture strays from its own local mean beside the mark, with the covariance of the channels, so that
colour that shows through counts as much as lightness. Each opacity then says how likely the record
is and what lies under the mark (the best linear estimate from guess and record); the estimates of
all opacities, weighted by their likelihood, are the answer. A fringe that hardly covers the picture
keeps its detail, under an opaque mark the guess remains; nothing is amplified beyond what the
noise of the record allows. The tone of a mark is that under which all its pixels are likeliest: a
grey, as dust, hairs and scratches of the emulsion are, or a colour that many of its pixels have,
as where it is opaque.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import FloatImage, Floats32, Mask, Plane

OPACITIES = np.array(
    [
        *(0.0, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.125, 0.15, 0.18, 0.21, 0.25, 0.3, 0.35),
        *(0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97, 1.0),
    ],
    np.float32,
)
"""That are tried; all are as likely beforehand, the last apart. Closest where the record is worth
most."""

OPAQUE = 0.1
"""Probability beforehand that a pixel is opaque beyond all doubt. Without it opaque marks lose as
much as 0.4 dB to opacities just below 1; with 0.4, others lose 0.2."""

TONES = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 1.0)

MARGIN = 0.1
"""Natural logarithm of the likelihood a pixel, by which one tone must be likelier than another."""

APART = 0.05
"""Least difference of a grey tone from the picture around the mark, black and white excepted, which
are tried for every mark that is darker or lighter. A tone that the picture itself has tells nothing
of opacity."""

OWN = (0.5, 0.75, 0.9)
"""Colours of a mark that are tried as its tone: those of its pixels of which this share stand out
less from the picture."""

AROUND = 0.1
"""Standard deviation of the ranks, as a share of the mark's pixels, whose weighted mean it is."""

ADVANTAGE = 2.5
"""Natural logarithm of the likelihood a pixel, by which such a colour must be likelier than the
best grey: it was fitted to the mark. Of opaque marks it is likelier by much more, of others
0.3 would cost 0.7 dB."""

STRANGE = 0.05
"""Share of the pixels of marks that are of another tone than the mark: shadows, halos of
sharpening, dirt on a scratch."""

WITNESSES = 1000
"""Pixels of a mark, at most, that its tone is chosen by: spread evenly over it."""

NOISE = 1.0 / 255.0
"""Standard deviation with which any value is recorded: rounding and compression."""

UNEVEN = 0.01
"""Standard deviation of a mark's own tone where it is opaque."""

FINE, WIDE = 2.0, 8.0
"""Of the local mean from which the picture strays, and of the neighbourhood in which its straying
is averaged: standard deviations of Gaussians, in pixels."""

REACH = 32
"""Pixels around a mark that have a part in what is computed here (four times WIDE)."""

STRAY = 1.5
"""Variance of a guess, as a multiple of that of the picture around its local mean."""

_CHUNK = 32768


@dataclass(frozen=True)
class Recovered:
    """What lies under marks; n pixels."""

    pixels: Floats32
    """float32 (n, c) in [0, 1]."""
    deviation: Floats32
    """float32 (n,): its standard deviation from the truth, root mean square of the channels."""
    kept: Floats32
    """float32 (n,): share of the guess's uncertainty that the record took away, 0 to 1."""


@dataclass(frozen=True)
class _Evidence:
    """Records and guesses turned so that a guess's errors in each component are independent."""

    axes: Floats32
    """float32 (n, c, c): a column is a component."""
    variance: Floats32
    """float32 (n, c), of the guess."""
    change: Floats32
    """float32 (n, c): the record less the guess."""
    guess: Floats32

    @classmethod
    def of(cls, record: Floats32, guess: Floats32, spread: Floats32) -> _Evidence:
        variance, axes = np.linalg.eigh(spread)

        floor = np.float32(1e-6)
        return cls(
            axes,
            np.maximum(variance, floor),
            _turned(axes, record - guess),
            _turned(axes, guess),
        )

    def some(self, chosen: npt.NDArray[np.intp] | slice) -> _Evidence:
        return _Evidence(
            self.axes[chosen],
            self.variance[chosen],
            self.change[chosen],
            self.guess[chosen],
        )

    def trials(
        self, tone: Floats32, opacities: Floats32
    ) -> Iterator[tuple[np.float32, Floats32, Floats32]]:
        """By opacity: the variance of the record about what is expected of it, and its deviation.

        tone: float32 (n, c).
        """
        over = _turned(self.axes, tone) - self.guess
        for opacity in opacities:
            unsure = np.float32(NOISE**2) + (opacity * np.float32(UNEVEN)) ** 2
            variance = (1 - opacity) ** 2 * self.variance + unsure
            yield opacity, variance, self.change - opacity * over


def straying(pixels: FloatImage, known: Mask, mask: Mask) -> Floats32:
    """Covariance of the errors that a guess of the masked pixels has, float32 (n, c, c).

    pixels: float32 (h, w, c); known: bool (h, w), what is picture beyond doubt.
    """
    sure = known.astype(np.float32)
    share = np.maximum(_blur(sure, FINE), np.float32(1e-4))
    strays = [
        (plane - _blur(plane * sure, FINE) / share) * sure for plane in np.moveaxis(pixels, 2, 0)
    ]
    total = np.maximum(_blur(sure, WIDE)[mask], np.float32(1e-6))
    count = len(strays)
    spread = np.empty((int(mask.sum()), count, count), np.float32)
    for one in range(count):
        for other in range(one + 1):
            both = _blur(strays[one] * strays[other], WIDE)[mask] / total
            spread[:, one, other] = spread[:, other, one] = np.float32(STRAY) * both
    return spread


def tones(
    record: Floats32, guess: Floats32, spread: Floats32, piece: npt.NDArray[np.intp]
) -> Floats32:
    """The likeliest tone of each pixel's mark, float32 (n, c) in [0, 1].

    piece: int (n,), the mark to which each pixel belongs, from 0; all else as in ``recovered``.
    """
    count = int(piece.max()) + 1
    chosen = _witnesses(piece, count)
    own = piece[chosen]
    some = _Evidence.of(record[chosen], guess[chosen], spread[chosen])
    opacities = OPACITIES[::2]
    widths = np.log(_widths(opacities))[:, None]
    stranger = _log_of_strangers(record.shape[1])
    size = np.bincount(own, minlength=count)
    # float32 (tones, marks, c)
    tried = np.concatenate(
        [
            np.broadcast_to(
                np.array(TONES, np.float32)[:, None, None], (len(TONES), count, record.shape[1])
            ),
            _own_colours(record[chosen], guess[chosen], own, size),
        ]
    )
    scores = np.empty(tried.shape[:2])
    for row, tone in enumerate(tried):
        logs = np.stack(
            [_log_likelihood(v, off) for _, v, off in some.trials(tone[own], opacities)]
        )
        logs = np.concatenate([logs + widths, np.full((1, len(chosen)), stranger, np.float32)])
        most = logs.max(axis=0)
        likely = most + np.log(np.exp(logs - most).sum(axis=0))
        scores[row] = np.bincount(own, likely, count)
    scores /= size
    around, seen = (
        np.bincount(own, values[chosen].mean(axis=1), count) / size for values in (guess, record)
    )
    apart = (tried.mean(axis=2) - around) * np.where(seen < around, -1.0, 1.0)
    least = np.full((len(tried), 1), -np.inf)
    least[1 : len(TONES) - 1] = APART
    least[[0, len(TONES) - 1]] = 0.0
    scores[len(TONES) :] -= ADVANTAGE
    scores[apart < least] = -np.inf
    # Of tones that are about as likely the one farthest from the picture: it asks least opacity.
    near = scores >= scores.max(axis=0) - MARGIN
    best = np.where(near, apart, -np.inf).argmax(axis=0)
    return np.asarray(tried[best, np.arange(count)][piece], np.float32)


def recovered(record: Floats32, guess: Floats32, spread: Floats32, tone: Floats32) -> Recovered:
    """What lies under marks, from what was recorded there and a guess.

    record, guess: float32 (n, c) in [0, 1]; spread: float32 (n, c, c), covariance of the guess's
    errors, of ``straying``; tone: float32 (n, c), of each pixel's mark.
    """
    evidence = _Evidence.of(record, guess, spread)
    parts = [
        _weighed(evidence.some(chosen), guess[chosen], tone[chosen])
        for start in range(0, len(record), _CHUNK)
        for chosen in [slice(start, start + _CHUNK)]
    ]
    return Recovered(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _weighed(
    evidence: _Evidence, guess: Floats32, tone: Floats32
) -> tuple[Floats32, Floats32, Floats32]:
    """Pixels, deviation, share kept: the mean over all opacities."""
    logs: list[Floats32] = []
    steps: list[Floats32] = []
    left: list[Floats32] = []
    for opacity, variance, off in evidence.trials(tone, OPACITIES):
        logs.append(_log_likelihood(variance, off))
        # What each component of the guess is moved by, and the variance that remains.
        gain = (1 - opacity) * evidence.variance / variance
        steps.append(gain * off)
        left.append((evidence.variance * (1 - (1 - opacity) * gain)).sum(axis=1))
    logs = [one + width for one, width in zip(logs, np.log(_widths(OPACITIES)), strict=True)]
    logs.append(np.full(len(guess), _log_of_strangers(guess.shape[1]), np.float32))
    steps.append(np.zeros_like(guess))
    left.append(evidence.variance.sum(axis=1))
    weight = _normalised(np.stack(logs))
    moved = np.stack(steps)
    mean = (weight[:, :, None] * moved).sum(axis=0)
    variance = (weight * (np.stack(left) + (moved**2).sum(axis=2))).sum(axis=0)
    variance = np.maximum(variance - (mean**2).sum(axis=1), 0.0)
    pixels = np.clip(guess + (evidence.axes * mean[:, None, :]).sum(axis=2), 0.0, 1.0)
    kept = np.clip(1.0 - variance / evidence.variance.sum(axis=1), 0.0, 1.0)
    deviation = np.sqrt(variance / guess.shape[1])
    return (
        pixels.astype(np.float32),
        deviation.astype(np.float32),
        kept.astype(np.float32),
    )


def _witnesses(piece: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Pixels of each mark, evenly spread in the order of reading."""
    order = np.argsort(piece, kind="stable")
    size = np.bincount(piece, minlength=count)
    place = np.arange(len(piece)) - (np.cumsum(size) - size)[piece[order]]
    step = np.maximum(1, -(-size // WITNESSES))[piece[order]]
    return np.asarray(order[place % step == 0])


def _own_colours(
    record: Floats32, guess: Floats32, piece: npt.NDArray[np.intp], size: npt.NDArray[np.intp]
) -> Floats32:
    """Colours that many pixels of each mark have, float32 (len(OWN), marks, c)."""
    strength = np.abs(record - guess).sum(axis=1)
    order = np.lexsort((strength, piece))
    rank = np.empty(len(piece))
    rank[order] = np.arange(len(piece)) - (np.cumsum(size) - size)[piece[order]]
    rank /= np.maximum(size - 1, 1)[piece]
    found = np.empty((len(OWN), len(size), record.shape[1]), np.float32)
    for row, share in enumerate(OWN):
        # The nearest in rank counts even in a mark of few pixels.
        weight = np.exp(-0.5 * ((rank - share) / AROUND) ** 2)
        total = np.bincount(piece, weight, len(size))
        for channel in range(record.shape[1]):
            found[row, :, channel] = np.bincount(piece, weight * record[:, channel], len(size))
            found[row, :, channel] /= total
    return found


def _turned(axes: Floats32, values: Floats32) -> Floats32:
    """Values in the components of a guess's errors."""
    total: Floats32 = (axes * values[:, :, None]).sum(axis=1)
    return total


def _log_likelihood(variance: Floats32, off: Floats32) -> Floats32:
    return np.asarray(-0.5 * (off * off / variance + np.log(variance)).sum(axis=1))


def _log_of_strangers(channels: int) -> float:
    """As of a pixel that is neither picture nor mark: it may have any value. Without the constant
    that ``_log_likelihood`` leaves out, too."""
    return float(np.log(STRANGE) + 0.5 * channels * np.log(2.0 * np.pi))


def _widths(opacities: Floats32) -> Floats32:
    """Of the interval for which each opacity stands; the last for what is opaque, too."""
    widths = np.gradient(opacities)
    widths[-1] += OPAQUE
    return np.asarray(widths, np.float32)


def _normalised(logs: Floats32) -> Floats32:
    likely = np.exp(logs - logs.max(axis=0))
    return np.asarray(likely / likely.sum(axis=0), np.float32)


def _blur(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
