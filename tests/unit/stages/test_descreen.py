"""Descreen: dots become tones, detail between the peaks stays, all else keeps its bits.

Prints are simulated here from known pictures: a screen function of its own is compared with the
picture at sixteen points per pixel, the light is blurred by the scanner's optics and given its
noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates
from skimage.metrics import structural_similarity

from restoration.config.stages.descreen import DescreenSettings
from restoration.findings.screen import Screen
from restoration.raster.base import ArrayRaster, FloatImage
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.tone_curve import srgb_tone
from restoration.stages.base import Declined, Page, Restored
from restoration.stages.descreen import pages, regions
from restoration.stages.descreen.stage import DescreenStage
from support import condition, corpus

Floats = npt.NDArray[np.float64]

OPTICS = 0.6
PAPER, BLACK = 0.9, 0.03
INKS = np.array([[0.08, 0.72, 0.88], [0.8, 0.1, 0.45], [0.92, 0.85, 0.1], [0.05, 0.05, 0.05]])
"""Share of red, green and blue light that cyan, magenta, yellow and black let through."""
ANGLES = (15.0, 75.0, 0.0, 45.0)


def light(encoded: npt.NDArray[Any]) -> Floats:
    return srgb_tone().decode(np.asarray(encoded, np.float64))


def encoded(linear: npt.NDArray[Any]) -> Floats:
    return srgb_tone().encode(np.clip(linear, 0.0, 1.0))


def vectors(period: float, angle: float) -> tuple[Floats, Floats]:
    """f1, f2 of a screen at an angle counter-clockwise from the rows, as displayed."""
    turn = np.deg2rad(angle)
    f1 = np.array([-np.sin(turn), np.cos(turn)]) / period
    return f1, np.array([-f1[1], f1[0]])


@cache
def thresholds(side: int = 128) -> Floats:
    """An elliptical dot: the coverage at which each place of the cell is inked."""
    axis = 2.0 * np.pi * np.arange(side) / side
    height = np.add.outer(np.cos(axis), 0.8 * np.cos(axis))
    order = np.empty(side * side)
    order[np.argsort(-height.ravel(), kind="stable")] = np.arange(side * side) / side**2
    return order.reshape(side, side)


def inked(coverage: Floats, period: float, angle: float, start: tuple[float, float]) -> Floats:
    """Share of each pixel that is inked."""
    f1, f2 = vectors(period, angle)
    rows, columns = np.mgrid[: coverage.shape[0], : coverage.shape[1]].astype(np.float64)
    table, total = thresholds(), np.zeros(coverage.shape)
    for down in (-0.375, -0.125, 0.125, 0.375):
        for right in (-0.375, -0.125, 0.125, 0.375):
            y, x = rows + down, columns + right
            wanted = map_coordinates(coverage, [y, x], order=1, mode="nearest")
            u = ((f1[0] * y + f1[1] * x + start[0]) % 1.0 * len(table)).astype(int)
            v = ((f2[0] * y + f2[1] * x + start[1]) % 1.0 * len(table)).astype(int)
            total += wanted > table[u % len(table), v % len(table)]
    return total / 16.0


def scanned(reflected: Floats, seed: int = 7) -> FloatImage:
    """16-bit values of the light that a print reflects."""
    seen = gaussian_filter(reflected, (OPTICS, OPTICS, 0.0), mode="nearest")
    noise = np.random.default_rng(seed).normal(0.0, 0.004, seen.shape)
    codes = np.rint(encoded(seen + noise * np.sqrt(np.maximum(seen, 0.01))) * 65535.0)
    return codes.astype(np.float32) / np.float32(65535.0)


@cache
def grey_print(
    name: str, period: float, angle: float, enlarge: int = 1, side: int = 320
) -> tuple[FloatImage, Floats]:
    """A scan of a grey print and the picture that was screened."""
    small = side // enlarge
    picture = corpus.photo(name, 60, 60, small, small, grey=True)[:, :, 0]
    if enlarge > 1:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC).clip(0.0, 1.0)
    wanted = light(picture)
    dots = inked(1.0 - wanted, period, angle, (0.13, 0.57))
    truth = BLACK + (PAPER - BLACK) * wanted
    return scanned((PAPER + (BLACK - PAPER) * dots)[:, :, None]), encoded(truth)[:, :, None]


@cache
def colour_print(name: str, period: float, side: int = 256) -> tuple[FloatImage, Floats]:
    """A scan of a four-colour print and the picture that was screened."""
    wanted = light(corpus.photo(name, 60, 60, side, side))
    black = 0.6 * np.clip((1.0 - wanted).min(axis=2) - 0.3, 0.0, None) / 0.7
    inks = [*np.moveaxis(np.clip(1.0 - wanted / (1.0 - black[:, :, None]), 0.0, 1.0), 2, 0), black]
    print_, truth = np.full(wanted.shape, PAPER), np.full(wanted.shape, PAPER)
    for number, ink in enumerate(inks):
        dots = inked(ink, period, ANGLES[number], (0.1 + 0.2 * number, 0.7 - 0.2 * number))
        print_ *= 1.0 - dots[:, :, None] * (1.0 - INKS[number])
        truth *= 1.0 - ink[:, :, None] * (1.0 - INKS[number])
    return scanned(print_), encoded(truth)


def screen(channel: str, f: Sequence[Floats], strength: float = 0.2) -> dict[str, Any]:
    return {"channel": channel, "f1": list(f[0]), "f2": list(f[1]), "strength": strength}


def report(
    screens: list[dict[str, Any]],
    shape: tuple[int, ...],
    inside: npt.NDArray[np.bool_] | None = None,
    cell: int = 32,
    kind: str = "halftone",
) -> dict[str, Any]:
    """What the condition report says of a page with one region."""
    rows, columns = -(-shape[0] // cell), -(-shape[1] // cell)
    cells = np.ones((rows, columns), bool) if inside is None else inside
    where = np.argwhere(cells) * cell
    top, left = (int(value) for value in where.min(axis=0))
    bottom, right = (int(value) + cell for value in where.max(axis=0))
    region = {
        "id": "a",
        "box": [left, top, right - left, bottom - top],
        "share": float(cells.mean()),
        "kind": kind,
        "screens": screens,
    }
    written = ["".join("a" if there else "." for there in row) for row in cells]
    detail = {"regions": [region], "cell_px": cell, "map": written}
    return {"screen": {"value": kind, "detail": detail}}


def page(scan: FloatImage, said: dict[str, Any], ppi: float | None = 600.0) -> Page:
    colour = ColourSpace.from_profile(None, scan.shape[2])
    resolution = None if ppi is None else (ppi, ppi)
    return Page("box-1", 1, ArrayRaster(scan), colour, resolution, condition.report(said), "0" * 64)


def apply(scan: FloatImage, said: dict[str, Any], **settings: Any) -> Restored | Declined:
    stage = DescreenStage()
    stage.setup(DescreenSettings.model_validate(settings), lambda name, **blend: None)
    return stage.apply(page(scan, said))


def drawn(result: Restored | Declined) -> tuple[FloatImage, Restored]:
    assert isinstance(result, Restored)
    return np.concatenate(list(result.bands)), result


def descreened(scan: FloatImage, period: float, angle: float, **settings: Any) -> FloatImage:
    said = report([screen("grey", vectors(period, angle))], scan.shape)
    return drawn(apply(scan, said, **settings))[0]


def psnr(image: npt.NDArray[Any], truth: Floats, rim: int = 16) -> float:
    inner = np.s_[rim:-rim, rim:-rim]
    return float(-10.0 * np.log10(np.mean((image[inner] - truth[inner]) ** 2)))


def ssim(image: npt.NDArray[Any], truth: Floats, rim: int = 16) -> float:
    inner = np.s_[rim:-rim, rim:-rim]
    there = np.asarray(image[inner], np.float64)
    return float(structural_similarity(there, truth[inner], data_range=1.0, channel_axis=2))


def rivals(scan: FloatImage, period: float) -> dict[str, Floats]:
    """The obvious alternatives over the range of their one parameter, all in linear light."""
    linear = light(scan)
    made = {}
    for share in (0.25, 0.3, 0.35, 0.4, 0.5):
        blurred = gaussian_filter(linear, (share * period, share * period, 0.0), mode="reflect")
        made[f"gaussian {share}"] = encoded(blurred)
    spectrum = np.fft.fft2(np.pad(linear, ((64, 64), (64, 64), (0, 0)), "symmetric"), axes=(0, 1))
    down = np.fft.fftfreq(spectrum.shape[0])[:, None]
    radius = np.hypot(down, np.fft.fftfreq(spectrum.shape[1])[None])

    def filtered(gain: Floats) -> Floats:
        back = np.fft.ifft2(spectrum * gain[:, :, None], axes=(0, 1)).real
        return encoded(back[64:-64, 64:-64])

    for share in (0.5, 0.6, 0.7, 0.8, 0.9):
        made[f"low-pass {share}"] = filtered(np.clip((1.15 - radius * period / share) / 0.3, 0, 1))
    power = np.abs(spectrum).mean(axis=2)
    for threshold in (3.0, 6.0, 10.0):
        rings = (radius * 200).astype(int)
        typical = np.array([np.median(power[rings == r]) for r in range(rings.max() + 1)])[rings]
        peaks = (power > threshold * typical) & (radius > 0.6 / period)
        made[f"notch {threshold}"] = filtered(1.0 - np.minimum(gaussian_filter(peaks * 3.0, 1), 1))
    return made


# 65, 100, 133 and 200 lpi at 600 ppi; 133 lpi at 1200 ppi.
PRINTS = [
    ("camera", 600 / 65, 45.0, 1),
    ("brick", 600 / 100, 22.0, 1),
    ("camera", 600 / 133, 70.0, 1),
    ("astronaut", 600 / 200, 45.0, 1),
    ("coffee", 1200 / 133, 15.0, 2),
]


@pytest.mark.parametrize(("name", "period", "angle", "enlarge"), PRINTS)
def test_it_comes_nearer_to_the_picture_than_every_alternative(
    name: str, period: float, angle: float, enlarge: int
) -> None:
    scan, truth = grey_print(name, period, angle, enlarge)
    ours = descreened(scan, period, angle)
    others = rivals(scan, period).values()
    assert psnr(ours, truth) > max(psnr(other, truth) for other in others)
    assert ssim(ours, truth) > max(ssim(other, truth) for other in others)


@pytest.mark.parametrize("period", [600 / 100, 600 / 175])
def test_a_four_colour_print_too(period: float) -> None:
    scan, truth = colour_print("astronaut", period)
    cyan, magenta, yellow, black = (vectors(period, angle) for angle in ANGLES)
    said = report(
        [
            screen("r", cyan, 0.2),
            screen("r", black, 0.1),
            screen("g", magenta, 0.2),
            screen("g", black, 0.1),
            screen("b", yellow, 0.2),
        ],
        scan.shape,
    )
    ours, result = drawn(apply(scan, said))
    others = rivals(scan, period).values()
    assert psnr(ours, truth) > max(psnr(other, truth) for other in others)
    assert ssim(ours, truth) > max(ssim(other, truth) for other in others)
    # Inks absorb in all channels: the report named two screens for green, the scan shows more.
    named = [entry["channel"] for entry in result.findings["regions"][0]["screens"]]
    assert named.count("g") >= 3


def energies(image: npt.NDArray[Any], period: float, angle: float) -> tuple[float, float]:
    """Energy in linear light at the screen's peaks, and between them below its ruling."""
    linear = light(image)[:, :, 0]
    window = np.outer(np.hanning(linear.shape[0]), np.hanning(linear.shape[1]))
    power = np.abs(np.fft.fft2((linear - linear.mean()) * window)) ** 2
    down = np.fft.fftfreq(linear.shape[0])[:, None]
    right = np.fft.fftfreq(linear.shape[1])[None]
    f1, f2 = vectors(period, angle)
    at_peaks, near_peaks = np.zeros(power.shape, bool), np.zeros(power.shape, bool)
    for k in range(-4, 5):
        for l_ in range(-4, 5):
            place = k * f1 + l_ * f2
            if (k or l_) and np.abs(place).max() <= 0.5:
                apart = np.hypot(down - place[0], right - place[1])
                at_peaks |= apart < 2.2 / linear.shape[0]
                near_peaks |= apart < 0.12 / period
    radius = np.hypot(down, right) * period
    between = (radius > 0.1) & (radius < 1.0) & ~near_peaks
    return float(power[at_peaks].sum()), float(power[between].sum())


@pytest.mark.parametrize(("name", "period", "angle", "enlarge"), PRINTS)
def test_the_peaks_go_and_the_detail_between_them_stays(
    name: str, period: float, angle: float, enlarge: int
) -> None:
    scan, truth = grey_print(name, period, angle, enlarge)
    peaks, _ = energies(scan, period, angle)
    left, kept = energies(descreened(scan, period, angle), period, angle)
    assert 10.0 * np.log10(peaks / left) >= 30.0
    # What the scanner's optics let through of the picture is what there is to keep.
    seen = gaussian_filter(light(truth), (OPTICS, OPTICS, 0.0), mode="nearest")
    _, there = energies(encoded(seen), period, angle)
    assert abs(10.0 * np.log10(kept / there)) <= 1.0


def test_a_report_that_errs_by_one_per_cent_and_half_a_degree_will_do() -> None:
    period, angle = 600 / 133, 33.0
    scan, truth = grey_print("camera", period, angle)
    exact = psnr(descreened(scan, period, angle), truth)
    said = report([screen("grey", vectors(period / 1.01, angle + 0.5))], scan.shape)
    ours, result = drawn(apply(scan, said))
    assert psnr(ours, truth) > exact - 0.1
    (found,) = result.findings["regions"][0]["screens"]
    assert found["period_px"] == pytest.approx(period, rel=0.002)
    assert found["ruling_lpi"] == pytest.approx(133, rel=0.002)


def test_paper_that_stretched_unevenly_is_followed() -> None:
    period, angle = 600 / 133, 33.0
    scan, truth = grey_print("camera", period, angle)
    rows, columns = np.mgrid[: scan.shape[0], : scan.shape[1]].astype(np.float32)
    across, down = columns + np.sin(rows / 100), rows + np.sin(columns / 120)

    def stretched(image: npt.NDArray[Any]) -> Floats:
        warped = cv2.remap(np.float32(image), across, down, cv2.INTER_CUBIC, borderMode=2)
        return np.clip(warped, 0.0, 1.0).reshape(image.shape)

    warped, wanted = np.float32(stretched(scan)), stretched(truth)
    ours = descreened(warped, period, angle)
    assert psnr(ours, wanted) > max(psnr(o, wanted) for o in rivals(warped, period).values()) + 1.0


def test_tones_are_means_of_light_and_keep_16_bits() -> None:
    period = 5.3
    wanted = np.tile(np.linspace(0.05, 0.8, 256), (256, 1))
    scan = scanned((PAPER * (1.0 - inked(1.0 - wanted, period, 30.0, (0.0, 0.0))))[:, :, None])
    ours = light(descreened(scan, period, 30.0))[:, :, 0]
    inner = np.s_[24:-24, 24:-24]
    assert np.abs(ours[inner].mean(axis=0) - PAPER * wanted[0, 24:-24]).max() < 0.01
    # The ramp is smooth: no dots of 8 bits, and no ripple.
    assert np.abs(ours[inner] - PAPER * wanted[inner]).std() < 0.006
    assert len(np.unique(np.rint(ours * 65535.0))) > 5000


def album_page() -> tuple[FloatImage, npt.NDArray[np.bool_], npt.NDArray[np.bool_], float]:
    """A clipping on a page with a caption close below: scan, picture, cells, period."""
    period = 600 / 133
    picture, _ = grey_print("camera", period, 45.0, 1, 256)
    paper = np.random.default_rng(3).normal(0.0, 0.004, (448, 384, 1)) + PAPER
    scan = np.float32(np.rint(encoded(paper) * 65535.0)) / np.float32(65535.0)
    type_ = np.zeros(scan.shape[:2], np.uint8)
    cv2.putText(type_, "Harbour, 1934", (70, 350), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1)
    scan[type_ > 128] = 0.15
    inside = np.zeros(scan.shape[:2], bool)
    inside[70:326, 60:316] = True
    scan[inside] = picture.reshape(-1, 1)
    cells = inside.reshape(14, 32, 12, 32).mean(axis=(1, 3)) > 0.5
    return scan, inside, cells, period


def test_captions_edges_and_margins_keep_their_bits() -> None:
    scan, inside, cells, period = album_page()
    said = report([screen("grey", vectors(period, 45.0))], scan.shape, cells)
    ours, result = drawn(apply(scan, said))
    changed = (ours != scan)[:, :, 0]
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    assert not changed[away > 3.0 * period].any()
    caption = np.s_[336:360, 60:316]
    assert scan[caption].min() < 0.2
    assert np.array_equal(ours[caption], scan[caption])
    assert changed[inside].mean() > 0.98
    # Nor does the border ring: next to it, the paper stays within its own noise.
    paper = (away > 1.5 * period) & (away < 20.0)
    assert np.abs(ours - scan)[paper].max() < 0.06
    assert result.mask is not None
    mask = np.concatenate(list(result.mask()))
    assert mask.shape == (*scan.shape[:2], 1)
    assert not changed[mask[:, :, 0] == 0].any()


def framed(period: float, angle: float, margin: int) -> tuple[FloatImage, Floats, FloatImage]:
    """A print amid blank paper: scan, truth, distance of pixels to the border (paper: below 0)."""
    side = 256
    wanted = light(corpus.photo("camera", 60, 60, side, side, grey=True)[:, :, 0])
    dots = inked(1.0 - wanted, period, angle, (0.13, 0.57))
    reflected = np.full((side + 2 * margin,) * 2, PAPER)
    truth, inside = reflected.copy(), np.zeros(reflected.shape, np.uint8)
    picture = np.s_[margin : margin + side, margin : margin + side]
    reflected[picture] = PAPER + (BLACK - PAPER) * dots
    truth[picture] = BLACK + (PAPER - BLACK) * wanted
    inside[picture] = 1
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    height = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return scanned(reflected[:, :, None]), encoded(truth), np.asarray(depth - height)


@pytest.mark.parametrize(("period", "angle"), [(4.5, 45.0), (9.2, 30.0)])
def test_no_rim_of_dots_is_left_where_a_print_ends_at_blank_paper(
    period: float, angle: float
) -> None:
    scan, truth, depth = framed(period, angle, 64)
    ours = descreened(scan, period, angle)
    error = (ours[:, :, 0] - truth) ** 2

    def rms(low: float, high: float) -> float:
        return float(255.0 * np.sqrt(error[(depth > low) & (depth <= high)].mean()))

    # Not worse than within the picture, where the scan's own edge is past; a rim of half dots was
    # 12 and 18 there, its halo on the paper 1.
    assert rms(2.0, period) < rms(period, np.inf)
    assert rms(-period, -2.0) < 0.6
    assert np.array_equal(ours[depth < -6.0], scan[depth < -6.0])


def test_windows_of_paper_alone_keep_their_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "CORE", 128)
    scan, _, depth = framed(4.5, 45.0, 192)
    ours = descreened(scan, 4.5, 45.0)
    assert np.array_equal(ours[depth < -6.0], scan[depth < -6.0])


def test_half_the_strength_is_half_way_at_a_border_too() -> None:
    scan, _, depth = framed(6.0, 45.0, 48)
    full = light(descreened(scan, 6.0, 45.0))
    half = light(descreened(scan, 6.0, 45.0, strength=0.5))
    assert np.abs(full - light(scan))[np.abs(depth) <= 2.0].mean() > 0.01
    assert np.abs(half - 0.5 * (full + light(scan))).max() < 2e-3


def test_the_result_does_not_depend_on_the_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    scan, _, cells, period = album_page()
    said = report([screen("grey", vectors(period, 45.0))], scan.shape, cells)
    whole, _ = drawn(apply(scan, said))
    again, _ = drawn(apply(scan, said))
    assert np.array_equal(whole, again)
    monkeypatch.setattr(pages, "CORE", 128)
    pieces, _ = drawn(apply(scan, said))
    difference = np.abs(whole - pieces) * 65535.0
    # A phase that lies on the border of two steps may be rounded either way.
    assert difference.max() < 30.0
    assert np.quantile(difference, 0.999) < 0.5


def test_half_the_strength_is_half_way_in_light() -> None:
    scan, _ = grey_print("camera", 6.0, 45.0)
    full = light(descreened(scan, 6.0, 45.0))
    half = light(descreened(scan, 6.0, 45.0, strength=0.5))
    assert np.abs(half - 0.5 * (full + light(scan))).max() < 1e-4


def test_the_record_says_where_what_and_how_much() -> None:
    scan, _, cells, period = album_page()
    said = report([screen("grey", vectors(period, 45.0))], scan.shape, cells)
    dots = {"id": "b", "box": [0, 0, 32, 32], "share": 0.01, "kind": "stochastic", "screens": []}
    said["screen"]["detail"]["regions"].append(dots)
    _, result = drawn(apply(scan, said, strength=0.8))
    found = result.findings
    (region,) = found["regions"]
    assert region["id"] == "a"
    assert region["changed_share"] == pytest.approx(256 * 256 / (448 * 384), rel=0.1)
    (removed,) = region["screens"]
    assert removed["channel"] == "grey"
    assert removed["orders"] >= 10
    assert removed["amplitude"] > 0.1
    assert removed["removed_db"] == pytest.approx(-20.0 * np.log10(0.2), abs=2.5)
    assert found["strength"] == 0.8
    assert found["generative"] is False
    assert "133 lpi" in found["reason"]
    (left,) = found["left"]
    assert left["id"] == "b"
    assert "stochastic" in left["reason"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"screen": {"value": "none", "detail": {"regions": []}}}, "no halftone screen was found"),
        ({"screen": {"value": None, "detail": {"reason": "too small"}}}, "unknown: too small"),
        ({}, "unknown"),
        ({"screen": {"value": "stochastic", "detail": {}}}, "stochastic"),
    ],
)
def test_without_a_screen_it_declines(said: dict[str, Any], words: str) -> None:
    result = apply(corpus.photo("brick", 0, 0, 96, 96), said)
    assert isinstance(result, Declined)
    assert words in result.reason


def test_always_says_that_there_was_nothing() -> None:
    said = {"screen": {"value": "none", "detail": {}}}
    result = apply(corpus.photo("brick", 0, 0, 96, 96), said, apply="always")
    assert isinstance(result, Declined)
    assert "asked for by the recipe" in result.reason


def test_stochastic_screens_and_dots_too_fine_are_left() -> None:
    scan = corpus.photo("camera", 0, 0, 96, 96)
    fine = report([screen("grey", vectors(2.1, 45.0))], scan.shape)
    stochastic = report([], scan.shape, kind="stochastic")
    for said, words in ((fine, "too fine"), (stochastic, "stochastic")):
        result = apply(scan, said)
        assert isinstance(result, Declined)
        assert words in result.reason
        assert result.findings["left"][0]["id"] == "a"


def test_a_lattice_that_is_not_there_is_not_taken_away() -> None:
    even = np.full((160, 160, 1), 0.5, np.float32)
    result = apply(even, report([screen("grey", vectors(5.0, 45.0))], even.shape))
    assert isinstance(result, Declined)
    assert "no dots" in result.reason


def test_a_page_of_odd_size_without_a_stated_resolution() -> None:
    scan, truth = grey_print("camera", 5.0, 45.0)
    odd = np.ascontiguousarray(scan[:203, :177])
    stage = DescreenStage()
    stage.setup(DescreenSettings(), lambda name, **blend: None)
    said = report([screen("grey", vectors(5.0, 45.0))], odd.shape)
    ours, result = drawn(stage.apply(page(odd, said, ppi=None)))
    assert ours.shape == odd.shape
    assert result.findings["regions"][0]["screens"][0]["ruling_lpi"] is None
    assert psnr(ours, truth[:203, :177], 2) > psnr(odd, truth[:203, :177], 2) + 9.0


@cache
def line_print(
    name: str, period: float, angle: float, side: int = 320
) -> tuple[FloatImage, Floats]:
    """A scan of a print in parallel lines, and the picture that was screened."""
    wanted = light(corpus.photo(name, 60, 60, side, side, grey=True)[:, :, 0])
    f1, _ = vectors(period, angle)
    rows, columns = np.mgrid[:side, :side].astype(np.float64)
    total = np.zeros(wanted.shape)
    steps = (np.arange(8) + 0.5) / 8.0 - 0.5
    for down in steps:
        for right in steps:
            place = f1[0] * (rows + down) + f1[1] * (columns + right)
            total += np.abs(place % 1.0 - 0.5) < 0.5 * (1.0 - wanted)
    truth = BLACK + (PAPER - BLACK) * wanted
    return scanned((PAPER + (BLACK - PAPER) * total / 64.0)[:, :, None]), encoded(truth)[:, :, None]


@pytest.mark.parametrize(("period", "angle"), [(7.3, 31.0), (4.6, 118.0)])
def test_a_line_screen_goes_as_dots_do(period: float, angle: float) -> None:
    scan, truth = line_print("camera", period, angle)
    said = report([{**screen("grey", vectors(period, angle)), "shape": "line"}], scan.shape)
    ours, result = drawn(apply(scan, said))
    others = rivals(scan, period).values()
    assert psnr(ours, truth) > max(psnr(other, truth) for other in others)
    assert ssim(ours, truth) > max(ssim(other, truth) for other in others)
    (found,) = result.findings["regions"][0]["screens"]
    assert found["shape"] == "line"
    # Orders of f1 alone, no cross-terms.
    assert found["orders"] == int(0.6 * period)
    assert found["removed_db"] > 25.0


def test_lines_across_each_other_are_two_screens() -> None:
    first, second = vectors(6.0, 20.0)
    said = report(
        [
            {**screen("grey", (first, second)), "shape": "line"},
            {**screen("grey", (second, first)), "shape": "line"},
            {**screen("grey", (-first, second)), "shape": "line"},
        ],
        (64, 64),
    )
    (region,) = regions.regions_of(condition.report(said).get(Screen).detail, 1)
    assert len(region.lattices[0]) == 2
