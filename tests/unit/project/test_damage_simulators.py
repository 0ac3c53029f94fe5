"""The simulators of damage tell the truth: what they say they did is in the pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import damage
from damage.light import Picture, softened, to_encoded, to_light
from damage.marks import KINDS, VISIBLE
from damage.printing import SHAPES, Screen
from support import pictures

SIDE = 256


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def ramp(channels: int, side: int = SIDE) -> Picture:
    line = np.linspace(0.15, 0.9, side, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(line[None, :, None], (side, side, channels)))


def test_light_comes_back() -> None:
    encoded = np.linspace(0, 1, 300, dtype=np.float32).reshape(10, 10, 3)
    assert np.abs(to_encoded(to_light(encoded)) - encoded).max() < 1e-5
    assert to_light(np.full((1, 1, 1), 0.5, np.float32))[0, 0, 0] == pytest.approx(0.2140, abs=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("inks", [1, 4])
def test_the_truth_of_a_print_is_its_mean_light(shape: str, inks: int) -> None:
    how = damage.draw_print(rng(), 600.0, 133.0, inks, shape)
    made = damage.printed(ramp(1 if inks == 1 else 3), how, rng())
    seen, true = (softened(to_light(p), 2.5 * how.period) for p in (made.pixels, made.truth))
    assert np.abs(seen - true)[24:-24, 24:-24].max() < 0.02
    assert np.abs(made.pixels - made.truth).max() > 0.3, "there are dots"


def test_the_screen_lies_where_its_vectors_say() -> None:
    how = damage.draw_print(rng(3), 600.0, 85.0, 1, "euclidean")
    made = damage.printed(np.full((SIDE, SIDE, 1), 0.7, np.float32), how, rng())
    light = to_light(made.pixels)[:, :, 0]
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    power = np.abs(np.fft.fft2((light - light.mean()) * window))
    row, column = np.unravel_index(int(np.argmax(power)), power.shape)
    peak = np.array([np.fft.fftfreq(SIDE)[row], np.fft.fftfreq(SIDE)[column]])
    nearest = min(
        np.hypot(*(peak - sign * np.array(f)))
        for f in how.screens[0].vectors(600.0)
        for sign in (1, -1)
    )
    assert nearest < 1 / SIDE


def test_angles_run_counter_clockwise_from_the_row() -> None:
    def first(angle: float) -> tuple[float, float]:
        return Screen("black", 100.0, angle, "line", (0.0, 0.0)).vectors(600.0)[0]

    assert first(0.0) == pytest.approx((0.0, 1 / 6))
    assert first(45.0)[0] < 0 < first(45.0)[1]


def test_a_rosette_has_four_angles_and_a_grey_print_one() -> None:
    rosette = damage.draw_print(rng(), 1200.0, 150.0, 4)
    angles = sorted(screen.angle_deg for screen in rosette.screens)
    assert len(set(angles)) == 4
    assert damage.draw_print(rng(), 1200.0, 150.0, 1).screens[0].ink == "black"
    assert 0.97 < 150.0 / (1200.0 / rosette.period) < 1.04


def test_dot_gain_darkens() -> None:
    how = damage.draw_print(rng(), 600.0, 100.0, 1)
    means = [
        damage.printed(ramp(1), _with_gain(how, gain), rng()).truth.mean() for gain in (0.0, 0.2)
    ]
    assert means[1] < means[0] - 0.02


def _with_gain(how: damage.Print, gain: float) -> damage.Print:
    from dataclasses import replace

    return replace(how, gain=gain)


def test_a_stochastic_screen_keeps_the_mean_light_and_has_no_lattice() -> None:
    flat = np.full((SIDE, SIDE, 1), 0.6, np.float32)
    made = to_light(damage.stochastic_print(flat, 2, 0.6, rng()))[:, :, 0]
    paper = 0.85 * float(to_light(flat)[0, 0, 0]) + 0.03
    assert made.mean() == pytest.approx(paper, abs=0.01)
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    power = np.abs(np.fft.rfft2((made - made.mean()) * window)) ** 2
    assert power.max() < 0.02 * power.sum()


@pytest.mark.parametrize(("direction", "quadrant"), [(45.0, 1), (135.0, -1)])
def test_motion_goes_its_way(direction: float, quadrant: int) -> None:
    kernel = damage.Motion(20.0, direction).kernel()
    reach = kernel.shape[0] // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    assert kernel.sum() == pytest.approx(1.0)
    assert np.sign((kernel * -y * x).sum()) == quadrant
    # The variance of an even distribution of length L is L^2 / 12.
    assert (kernel * (x**2 + y**2)).sum() == pytest.approx(20.0**2 / 12, rel=0.05)


def test_defocus_has_its_first_zero_where_optics_put_it() -> None:
    radius = 6.0
    kernel = damage.Defocus(radius).kernel()
    padded = np.zeros((1024, 1024), np.float32)
    padded[: kernel.shape[0], : kernel.shape[1]] = kernel
    transfer = np.abs(np.fft.rfft2(padded))[0]
    rising = int(np.argmax(np.diff(transfer) > 0))
    assert rising / 1024 == pytest.approx(0.61 / radius, rel=0.03)


def test_blur_keeps_the_light() -> None:
    picture = pictures.reduced("coffee", 2, 128)
    for cause in (damage.Motion(9.0, 20.0), damage.Defocus(4.0)):
        blurred = damage.blurred_by(picture, cause)
        assert blurred.shape == picture.shape
        assert to_light(blurred).mean() == pytest.approx(to_light(picture).mean(), abs=0.01)
        assert np.abs(np.diff(blurred, axis=1)).mean() < np.abs(np.diff(picture, axis=1)).mean()


def test_noise_is_as_strong_as_asked_in_each_channel() -> None:
    flat = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    noise = (damage.sensor_noise(flat, (2.0, 5.0, 9.0), rng()) - flat) * 255
    assert noise.std(axis=(0, 1)) == pytest.approx([2.0, 5.0, 9.0], rel=0.02)
    assert _lag(noise[:, :, 1]) == pytest.approx(0.0, abs=0.02)


def test_silver_grain_is_equal_in_the_channels_and_dye_grain_is_not() -> None:
    flat = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    silver, added = damage.grainy(flat, damage.Grain(10.0, 1.0, True), rng())
    assert np.array_equal(silver - flat, added)
    assert added.std() * 255 == pytest.approx(10.0, rel=0.05)
    assert np.abs(added[:, :, 0] - added[:, :, 2]).max() < 1e-6
    assert _lag(added[:, :, 0]) > 0.6
    _, dye = damage.grainy(flat, damage.Grain(10.0, 1.0, False), rng())
    likeness = np.corrcoef(dye[:, :, 0].ravel(), dye[:, :, 2].ravel())[0, 1]
    assert likeness == pytest.approx(1 / 3, abs=0.06)


def test_grain_is_strongest_in_the_midtones_unless_even() -> None:
    for even, ratio in ((False, 0.6), (True, 1.0)):
        tones = [
            damage.grainy(
                np.full((64, 64, 1), tone, np.float32), damage.Grain(5.0, 0.8, True, even), rng()
            )[1].std()
            for tone in (0.1, 0.5)
        ]
        assert tones[0] / tones[1] == pytest.approx(ratio, abs=0.02)


def _lag(plane: Picture) -> float:
    return float(np.corrcoef(plane[:, 1:].ravel(), plane[:, :-1].ravel())[0, 1])


@pytest.mark.parametrize("offset", [(0, 0), (3, 6)])
def test_jpeg_blocks_begin_where_the_crop_puts_them(offset: tuple[int, int]) -> None:
    picture = pictures.reduced("astronaut", 1, SIDE)
    stored = damage.jpeg_copy(picture, 12, offset)
    assert stored.shape[:2] == (SIDE - offset[0], SIDE - offset[1])
    steps = np.abs(np.diff(stored.mean(axis=2), axis=1)).mean(axis=0)
    strength = [steps[column::8].mean() for column in range(8)]
    assert (int(np.argmax(strength)) + 1) % 8 == -offset[1] % 8


def test_a_rescaled_jpeg_has_the_size_asked_for() -> None:
    stored = damage.jpeg_copy(ramp(1), 50, (1, 2), 1.5)
    assert stored.shape == (round((SIDE - 1) * 1.5), round((SIDE - 2) * 1.5), 1)


def test_an_ideal_soft_scan_holds_nothing_above_its_limit() -> None:
    picture = pictures.reduced("gravel", 2, 128)
    scan = damage.soft_scan(picture, 0.5, "ideal", 0.0, rng())
    assert scan.shape[:2] == (256, 256)
    window = np.outer(np.hanning(256), np.hanning(256))
    power = np.abs(np.fft.rfft2(scan[:, :, 0] * window)) ** 2
    down = np.abs(np.fft.fftfreq(256))[:, None]
    beyond = np.maximum(down, np.fft.rfftfreq(256)[None, :]) > 0.27
    inside = (np.maximum(down, np.fft.rfftfreq(256)[None, :]) > 0.2) & ~beyond
    assert power[beyond].mean() < 1e-3 * power[inside].mean()


def test_an_optical_soft_scan_passes_a_tenth_at_its_limit() -> None:
    columns = np.arange(256, dtype=np.float32) + 0.5
    # On a scan enlarged by one, the limit at a fraction of 1/2 is 0.25 cycles per pixel.
    wave = 0.5 + 0.3 * np.cos(2 * np.pi * 0.25 * columns)
    picture = np.ascontiguousarray(np.broadcast_to(wave[None, :, None], (64, 256, 1)))
    scan = damage.soft_scan(picture.astype(np.float32), 0.5, "optical", 0.0, rng())
    assert scan.shape == picture.shape
    assert np.ptp(scan[32, 64:192]) / np.ptp(picture[32, 64:192]) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_marks_lie_under_their_mask_and_nowhere_else(kind: str) -> None:
    picture = np.full((SIDE, SIDE, 3), 0.45, np.float32)
    made = damage.marked(picture, rng(4), (kind,))
    changed = np.abs(made.pixels - picture).max(axis=2)
    assert 0 < made.mask.mean() < 0.1
    assert np.array_equal(made.mask, made.masks[kind])
    assert changed[~made.mask].max() < VISIBLE
    assert changed[made.mask].min() >= VISIBLE
    assert changed.max() > 0.2


def test_a_crease_crosses_the_picture() -> None:
    made = damage.marked(np.full((SIDE, SIDE, 1), 0.4, np.float32), rng(2), ("creases",))
    count, _ = cv2.connectedComponents(made.mask.astype(np.uint8), connectivity=8)
    assert count == 2
    rows, columns = np.nonzero(made.mask)
    assert max(np.ptp(rows), np.ptp(columns)) > 0.7 * SIDE


def test_a_seed_gives_the_same_damage_and_another_seed_another() -> None:
    def scan(seed: int) -> Picture:
        generator = rng(seed)
        how = damage.draw_print(generator, 600.0, 120.0, 4)
        made = damage.printed(pictures.on_grid("chelsea", 128, generator), how, generator)
        return damage.marked(made.pixels, generator).pixels

    assert np.array_equal(scan(7), scan(7))
    assert not np.array_equal(scan(7), scan(8))


def test_the_pictures_are_many_free_and_different() -> None:
    assert len(pictures.PICTURES) >= 10
    free = ("public domain", "CC0", "no known copyright restrictions")
    for name, source in pictures.PICTURES.items():
        assert source.licence in free
        assert pictures.load(name).shape[2] == (3 if source.colour else 1), name
        assert 0.0 <= pictures.load(name).min() < pictures.load(name).max() <= 1.0


def test_undamaged_crops_are_many_and_fabrics_and_walls_are_among_them() -> None:
    crops = pictures.undamaged(rng(), per_picture=3, side=96)
    assert len(crops) >= 50
    names = " ".join(crop.name for crop in crops)
    for wanted in ("brick", "grass", "gravel", *(f"{weave} fabric" for weave in pictures.WEAVES)):
        assert wanted in names
    assert all(crop.pixels.dtype == np.float32 for crop in crops)
