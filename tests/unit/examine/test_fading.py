"""Fading, cast and clipping: what is lost of a picture's tones, and what only looks like it."""

import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.paper.paper import PaperMeasurer
from restoration.examine.tones.colour import ColourMeasurer
from restoration.examine.tones.fading import FadingMeasurer
from restoration.examine.tones.tone import ToneMeasurer
from restoration.raster.colour.colour_space import ColourSpace
from support import simulated_scans as sim
from support.condition import concluded


def examined(pixels, bits=16, before=()):
    page = sim.SimulatedPage(sim.scanned(pixels, bits), bits=bits)
    colour = ColourSpace.from_profile(None, page.channels)
    findings = [ToneMeasurer, PaperMeasurer, *before, ColourMeasurer, FadingMeasurer]
    return examine_page(page, ExamineSettings(), colour, findings)


def fading_of(pixels, **given):
    return examined(pixels, **given)["fading"]


def linear(encoded):
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encoded(light):
    light = np.maximum(light, 0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def printed(name, black=1.7):
    """Densities of a healthy print of a subject with a white and a black in it: 0.05 and more than
    1.6 above, in each channel."""
    density = -np.log10(np.maximum(linear(sim.picture(name)), 1e-3))
    low, high = np.percentile(density, (1, 99), axis=(0, 1))
    return np.clip((density - low) / (high - low), 0, 1) * (black - 0.05) + 0.05


def shown(density):
    return encoded(10.0**-density).astype(np.float32)


def faded(density, kept, stain=(0.0, 0.0, 0.0)):
    """Dye fading: each channel's density above white times what is kept, and a stain."""
    return shown((density - 0.05) * np.array(kept) + 0.05 + np.array(stain))


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "leaves3"])
def test_healthy_prints_have_lost_nothing(name):
    found = fading_of(shown(printed(name)))
    assert found["value"] < 0.1
    assert found["confidence"] >= 0.5


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "leaves3"])
@pytest.mark.parametrize("kept", [(0.35, 0.85, 0.6), (0.6, 0.9, 0.75)])
def test_lost_share_of_faded_dyes_is_found_by_channel(name, kept):
    found = fading_of(faded(printed(name), kept))
    assert found["detail"]["lost"] == pytest.approx([1 - share for share in kept], abs=0.12)
    assert found["value"] == pytest.approx(1 - np.mean(kept), abs=0.1)
    assert found["confidence"] > 0.4


def test_the_cast_of_the_shadows_is_reported():
    found = fading_of(faded(printed("astronaut"), (0.35, 0.85, 0.6), (0.0, 0.02, 0.1)))
    casts = found["detail"]["cast"]
    # Faded cyan leaves red shadows; the stain leaves yellow lights.
    assert casts["shadows"][0] > 15
    assert casts["highlights"][1] > 4
    assert abs(casts["highlights"][0]) < 8


def test_more_fading_gives_a_larger_value():
    density = printed("coffee")
    values = [fading_of(faded(density, (k, k + 0.2, k + 0.1)))["value"] for k in (0.7, 0.5, 0.3)]
    assert values[0] < values[1] < values[2]


def test_fog_and_a_plain_wall_are_not_said_to_be_faded_with_confidence():
    fog = sim.picture("coffee") * 0.35 + 0.5
    wall = np.repeat(sim.picture("brick"), 3, axis=2)
    for pixels in (fog, wall):
        found = fading_of(pixels)
        assert found["confidence"] <= 0.3
        assert "look alike" in found["detail"]["judged_by"]


def test_a_dark_picture_is_not_faded():
    found = fading_of(sim.picture("astronaut") * 0.25)
    assert found["value"] < 0.1
    assert "dark picture" in found["detail"]["judged_by"]


def test_a_toned_print_is_judged_by_its_luminance():
    grey = sim.picture("astronaut").mean(axis=2, keepdims=True)
    sepia = grey * np.array([0.9, 0.75, 0.5], np.float32) + 0.02
    assert fading_of(sepia)["value"] < 0.1
    weak = grey * np.array([0.6, 0.5, 0.35], np.float32) + np.array([0.3, 0.25, 0.15], np.float32)
    found = fading_of(weak)
    assert 0.2 < found["value"] < 0.8
    assert found["confidence"] <= 0.4


def test_the_prints_own_margin_is_its_white():
    sheet = sim.on_sheet(shown(printed("coffee")), (60, 60, 60, 60), (0.93, 0.91, 0.84))
    found = fading_of(sim.noisy(sheet, 0.5))
    paper = found["detail"]["paper"]
    assert paper["density"][2] > paper["density"][0] > 0.0
    assert paper["cast"][1] > 3
    dark = sim.on_sheet(shown(printed("coffee")), (60, 60, 60, 60), (0.1, 0.1, 0.1))
    assert fading_of(sim.noisy(dark, 0.5))["detail"]["paper"] is None


def test_a_halftone_is_not_judged_by_photographic_blacks():
    found = fading_of(
        faded(printed("coffee"), (0.4, 0.8, 0.6)), before=[concluded("screen", "halftone")]
    )
    assert found["value"] is None
    assert "ink" in found["detail"]["reason"]


def test_too_little_to_see_is_unknown():
    for pixels in (np.full((200, 200, 3), 0.5, np.float32), sim.picture("coffee")[:6, :6]):
        found = fading_of(pixels)
        assert found["value"] is None
        assert found["detail"]["reason"]


def cautions(report):
    return {warning["code"]: warning["text"] for warning in report["warnings"]}


@pytest.mark.parametrize("bits", [8, 16])
def test_clipping_is_found_per_channel_at_both_ends(bits):
    pixels = sim.picture("coffee") * 0.8 + 0.1
    assert not {"clipped_shadows", "clipped_highlights"} & set(cautions(examined(pixels, bits)))
    clipped = pixels.copy()
    clipped[..., 2] = np.maximum(pixels[..., 2] - 0.25, 0.0)
    clipped[..., 0] = np.minimum(pixels[..., 0] + 0.25, 1.0)
    report = examined(clipped, bits)
    found = cautions(report)
    assert "blue" in found["clipped_shadows"]
    assert "green" not in found["clipped_shadows"]
    assert "red" in found["clipped_highlights"]
    shares = report["tone"]["detail"]["channels"]
    assert shares["blue"]["clipped_low"] == pytest.approx(
        float((clipped[..., 2] <= 0).mean()), rel=0.2
    )
    assert shares["green"]["clipped_low"] == 0.0
    assert report["fading"]["detail"]["clipped"]["red"][1] == shares["red"]["share_at_full"]


@pytest.mark.parametrize("bits", [8, 16])
def test_clipping_shows_also_where_the_tones_were_moved_afterwards(bits):
    moved = np.clip(sim.picture("astronaut"), 0.12, 0.8) * 0.8 + 0.1
    report = examined(moved, bits)
    found = cautions(report)
    assert set(found) >= {"clipped_shadows", "clipped_highlights"}
    level = 255 * (0.8 * 0.8 + 0.1)
    assert f"{level:.0f}/255" in found["clipped_highlights"]
