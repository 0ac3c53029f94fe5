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

TINTED = 0.05
"""The same where it is about grey, which is tried beside an even grey: paper, dirt and fibres are
never quite neutral. A tint that is not allowed for is taken for colour that shows through, and
multiplied."""

SECOND, GAIN = 0.25, 0.5
"""Share of a mark's pixels that are of another tone, where it has two; and by how much a pixel,
natural logarithm of the likelihood, two must be likelier than one. A light scratch across a dark
hair is one hole."""

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
class Tones:
    """Of the marks to which n pixels belong."""

    colours: Floats32
    """float32 (2, n, c) in [0, 1]: the first and the second, the same where there is one."""
    uneven: Floats32
    """float32 (2, n): their standard deviations."""
    two: Mask
    """bool (n,): whether there are two."""

    def of(self, chosen: npt.NDArray[np.intp] | Mask) -> Tones:
        return Tones(self.colours[:, chosen], self.uneven[:, chosen], self.two[chosen])


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
        self, tone: Floats32, opacities: Floats32, uneven: np.float32 | Floats32
    ) -> Iterator[tuple[np.float32, Floats32, Floats32]]:
        """By opacity: the variance of the record about what is expected of it, and its deviation.

        tone: float32 (n, c); uneven: standard deviation of the tone, float32 (n, 1) or one for all.
        """
        over = _turned(self.axes, tone) - self.guess
        for opacity in opacities:
            unsure = np.float32(NOISE**2) + (opacity * uneven) ** 2
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
) -> Tones:
    """The likeliest tones of each pixel's mark.

    piece: int (n,), the mark to which each pixel belongs, from 0; all else as in ``recovered``.
    """
    count = int(piece.max()) + 1
    chosen = _witnesses(piece, count)
    own = piece[chosen]
    some = _Evidence.of(record[chosen], guess[chosen], spread[chosen])
    size = np.bincount(own, minlength=count)
    # float32 (tones, marks, c)
    tried = np.concatenate(
        [
            np.broadcast_to(
                np.array(2 * TONES, np.float32)[:, None, None],
                (2 * len(TONES), count, record.shape[1]),
            ),
            _own_colours(record[chosen], guess[chosen], own, size),
        ]
    )
    uneven = np.full(len(tried), UNEVEN, np.float32)
    uneven[: len(TONES)] = TINTED
    likely = np.stack(
        [_likelihood(some, tone[own], of) for tone, of in zip(tried, uneven, strict=True)]
    )
    around, seen = (
        np.bincount(own, values[chosen].mean(axis=1), count) / size for values in (guess, record)
    )
    # A tone of the picture itself counts as any other: a veil of it takes contrast alone.
    apart = (tried.mean(axis=2) - around) * np.where(seen < around, -1.0, 1.0)
    fine = np.zeros((len(tried), 1))
    fine[2 * len(TONES) :] = ADVANTAGE
    scores = np.stack([np.bincount(own, one, count) for one in likely]) / size - fine
    # Of tones that are about as likely the one farthest from the picture: it asks least opacity.
    near = scores >= scores.max(axis=0) - MARGIN
    best = np.where(near, apart, -np.inf).argmax(axis=0)
    every = np.arange(count)
    # Marks that touch are one piece: some of its pixels may be of another mark's tone.
    first = likely[best[own], np.arange(len(own))] + np.float32(np.log(1.0 - SECOND))
    with_other = [np.logaddexp(first, one + np.float32(np.log(SECOND))) for one in likely]
    gains = np.stack([np.bincount(own, one, count) for one in with_other]) / size
    gains -= fine + fine[best, 0] + scores[best, every]
    other = gains.argmax(axis=0)
    other = np.where(gains[other, every] > GAIN, other, best)
    pair = np.stack([best, other])
    return Tones(
        np.asarray(tried[pair, every][:, piece], np.float32),
        np.asarray(uneven[pair][:, piece], np.float32),
        np.asarray((best != other)[piece]),
    )


def recovered(record: Floats32, guess: Floats32, spread: Floats32, tone: Tones) -> Recovered:
    """What lies under marks, from what was recorded there and a guess.

    record, guess: float32 (n, c) in [0, 1]; spread: float32 (n, c, c), covariance of the guess's
    errors, of ``straying``; tone: of each pixel's mark.
    """
    evidence = _Evidence.of(record, guess, spread)
    out = Recovered(np.empty_like(guess), *np.empty((2, len(guess)), np.float32))
    for several in (False, True):
        where = np.flatnonzero(tone.two == several)
        for start in range(0, len(where), _CHUNK):
            chosen = where[start : start + _CHUNK]
            part = _weighed(evidence.some(chosen), guess[chosen], tone.of(chosen))
            out.pixels[chosen], out.deviation[chosen], out.kept[chosen] = part
    return out


def _likelihood(evidence: _Evidence, tone: Floats32, uneven: np.float32) -> Floats32:
    """Logarithm, of each record under a mark of this tone, whatever its opacity; float32 (n,)."""
    opacities = OPACITIES[::2]
    logs = np.stack(
        [
            *(_log_likelihood(v, off) for _, v, off in evidence.trials(tone, opacities, uneven)),
            np.full(len(tone), _log_of_strangers(tone.shape[1]), np.float32),
        ]
    )
    logs[:-1] += np.log(_widths(opacities))[:, None]
    most = logs.max(axis=0)
    return np.asarray(most + np.log(np.exp(logs - most).sum(axis=0)), np.float32)


def _weighed(
    evidence: _Evidence, guess: Floats32, tone: Tones
) -> tuple[Floats32, Floats32, Floats32]:
    """Pixels, deviation, share kept: the mean over all opacities."""
    logs: list[Floats32] = []
    steps: list[Floats32] = []
    left: list[Floats32] = []
    widths = np.log(_widths(OPACITIES))
    shares = (1.0 - SECOND, SECOND) if tone.two.any() else (1.0,)
    for share, own, uneven in zip(shares, tone.colours, tone.uneven, strict=False):
        trials = evidence.trials(own, OPACITIES, uneven[:, None])
        for width, (opacity, variance, off) in zip(widths, trials, strict=True):
            logs.append(_log_likelihood(variance, off) + width + np.float32(np.log(share)))
            # What each component of the guess is moved by, and the variance that remains.
            gain = (1 - opacity) * evidence.variance / variance
            steps.append(gain * off)
            left.append((evidence.variance * (1 - (1 - opacity) * gain)).sum(axis=1))
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
