"""Light channel by channel: neutral is equal in all channels, and the way back is exact."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.raster.colour.channel_light import channel_light
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.matrix_profile import MatrixConversion, srgb_to_d50
from restoration.raster.colour.tone_curve import ToneCurve, srgb_tone
from support import corpus
from support.profile_samples import lut_profile

HALF_CODE = 0.5 / 65535


def unbalanced() -> ColourSpace:
    """A scanner whose white is not equal in its channels, each with a tone curve of its own."""
    curves = tuple(ToneCurve.sampled(lambda x, g=g: x**g) for g in (1.8, 2.2, 2.0))
    conversion = MatrixConversion(curves, srgb_to_d50() * np.array([1.25, 1.0, 1.6]))
    return ColourSpace("a scanner of its own", 3, False, None, conversion)


SPACES = {
    "none": lambda: ColourSpace.from_profile(None, 3),
    "sRGB": lambda: ColourSpace.from_profile(corpus.srgb_profile(), 3),
    "Adobe RGB": lambda: ColourSpace.from_profile(corpus.adobe_rgb_profile(), 3),
    "wide gamut": lambda: ColourSpace.from_profile(corpus.wide_gamut_profile(), 3),
    "table": lambda: ColourSpace.from_profile(lut_profile(), 3),
    "unbalanced": unbalanced,
}


@pytest.fixture(params=list(SPACES))
def space(request: pytest.FixtureRequest) -> ColourSpace:
    return SPACES[request.param]()


def test_there_and_back_within_half_a_code(space: ColourSpace) -> None:
    light = channel_light(space)
    encoded = np.random.default_rng(0).uniform(0.0, 1.0, (50, 40, 3))
    assert np.abs(light.encoded(light.light(encoded)) - encoded).max() < HALF_CODE


def test_values_beyond_white_are_not_clipped(space: ColourSpace) -> None:
    light = channel_light(space)
    beyond = np.array([[[1.0, 1.05, 1.1]]])
    assert np.abs(light.encoded(light.light(beyond)) - beyond).max() < 1e-3
    assert (light.light(beyond)[0, 0, 1:] > light.light(np.ones((1, 1, 3)))[0, 0, 1:]).all()


def test_white_is_one_and_what_is_neutral_has_equal_light(space: ColourSpace) -> None:
    grey = np.linspace(0.05, 1.0, 60, dtype=np.float32)
    srgb = np.repeat(grey[None, :, None], 3, axis=2)
    found = channel_light(space).light(space.from_srgb(srgb))
    # A table counts by the matrix nearest to it, so that its neutral holds to a few percent.
    tolerance = 0.04 if space.conversion is not None and hasattr(space.conversion, "near") else 2e-3
    assert np.ptp(found / found.mean(axis=2, keepdims=True), axis=2).max() < tolerance
    assert found[0, -1] == pytest.approx([1.0] * 3, abs=tolerance)


def test_light_is_that_of_the_tone_curve_over_white() -> None:
    encoded = np.array([[[0.25, 0.5, 0.75]]])
    found = channel_light(unbalanced()).light(encoded)
    # 1.25 times as strong a red needs 1 / 1.25 of the channel at white.
    wanted = np.array([0.25**1.8 * 1.25, 0.5**2.2, 0.75**2.0 * 1.6])
    assert found.ravel() == pytest.approx(wanted, rel=1e-3)


def test_without_a_profile_light_is_that_of_srgb() -> None:
    for channels in (1, 3):
        encoded = np.linspace(0, 1, 33).reshape(-1, 1).repeat(channels, axis=1)
        found = channel_light(ColourSpace.from_profile(None, channels)).light(encoded)
        assert np.array_equal(found, srgb_tone().decode(encoded))


def test_one_channel_follows_its_own_curve() -> None:
    light = channel_light(ColourSpace.from_profile(corpus.grey_gamma_profile(2.2), 1))
    found = light.light(np.array([[0.5], [1.0]]))
    assert found.ravel() == pytest.approx([0.5 ** (563 / 256), 1.0], abs=1e-3)
    assert len(light.curves) == 1
