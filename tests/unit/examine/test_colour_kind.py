"""Grey, toned or colour: what an archivist would call the picture."""

import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.paper.paper import PaperMeasurer
from restoration.examine.tones.colour import ColourMeasurer
from restoration.examine.tones.tone import ToneMeasurer
from restoration.raster.colour.colour_space import ColourSpace
from support import simulated_scans as sim


def colour_of(pixels):
    page = sim.SimulatedPage(sim.scanned(pixels))
    colour = ColourSpace.from_profile(None, page.channels)
    return examine_page(
        page, ExamineSettings(), colour, [ToneMeasurer, PaperMeasurer, ColourMeasurer]
    )["colour"]


def grey(name):
    return sim.picture(name).mean(axis=2, keepdims=True)


def toned(pixels, tone, black=(0.06, 0.05, 0.03)):
    return pixels.mean(axis=2, keepdims=True) * np.array(tone, np.float32) + np.array(
        black, np.float32
    )


@pytest.mark.parametrize(
    "name", ["astronaut", "coffee", "chelsea", "rocket", "motorcycle_left", "leaves3"]
)
def test_colour_photographs_are_in_colour(name):
    pixels = sim.picture(name) if name != "motorcycle_left" else motorcycle()
    found = colour_of(pixels)
    assert found["value"] == "colour"
    assert found["confidence"] > 0.7


def motorcycle():
    from skimage import data

    return data.stereo_motorcycle()[0][..., :3].astype(np.float32) / 255


@pytest.mark.parametrize("name", ["astronaut", "coffee", "camera", "brick"])
@pytest.mark.parametrize(
    ("tone", "black", "hue"),
    [
        ((0.9, 0.75, 0.5), (0.06, 0.05, 0.03), 80),
        ((0.75, 0.85, 0.9), (0.02, 0.05, 0.25), 280),
    ],
)
def test_sepia_and_blue_prints_are_toned(name, tone, black, hue):
    found = colour_of(sim.noisy(toned(sim.picture(name), tone, black), 2.0))
    assert found["value"] == "toned"
    assert found["detail"]["chroma"] > 5
    turn = (found["detail"]["hue_deg"] - hue + 180) % 360 - 180
    assert abs(turn) < 30


def test_grey_files_are_grey_beyond_doubt():
    one = colour_of(grey("astronaut"))
    assert (one["value"], one["confidence"]) == ("grey", 1.0)
    three = colour_of(np.repeat(grey("astronaut"), 3, axis=2))
    assert (three["value"], three["confidence"]) == ("grey", 1.0)


@pytest.mark.parametrize("name", ["astronaut", "camera", "brick"])
def test_a_neutral_print_scanned_in_colour_is_grey(name):
    cast = np.repeat(grey(name), 3, axis=2) * np.array([1.0, 0.99, 0.97], np.float32)
    found = colour_of(sim.noisy(cast, 4.0))
    assert found["value"] == "grey"
    assert found["confidence"] < 1.0


@pytest.mark.parametrize(
    ("name", "said"), [("astronaut", "colour"), ("coffee", None), ("rocket", None)]
)
def test_faded_colours_are_never_taken_for_grey_or_toned(name, said):
    faded = sim.picture(name) * np.array([0.25, 0.5, 0.4], np.float32) + np.array(
        [0.6, 0.35, 0.3], np.float32
    )
    assert colour_of(faded)["value"] == said


def test_a_grey_picture_with_one_red_thing_is_not_called_grey():
    pixels = np.repeat(grey("camera"), 3, axis=2)
    pixels[200:260, 300:360] *= np.array([1.0, 0.3, 0.3], np.float32)
    assert colour_of(pixels)["value"] != "grey"


def test_yellowed_rims_and_stains_are_not_colours():
    pixels = np.repeat(grey("camera"), 3, axis=2)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]] / pixels.shape[0]
    stain = np.exp(-((rows - 0.3) ** 2 + (columns - 0.3) ** 2) / 0.02)[..., None]
    pixels = pixels * np.array([0.95, 0.92, 0.8]) * (1 - stain * np.array([0.02, 0.08, 0.22]))
    assert colour_of(pixels.astype(np.float32))["value"] == "toned"


def test_the_colour_of_the_album_page_is_not_the_pictures():
    picture = np.repeat(grey("camera"), 3, axis=2)
    sheet = sim.on_sheet(picture, (60, 60, 60, 60), (0.3, 0.1, 0.1))
    assert colour_of(sim.noisy(sheet, 0.6))["value"] == "grey"


def test_nothing_to_judge_by_is_unknown():
    flat = np.full((200, 200, 3), (0.5, 0.4, 0.3), np.float32)
    for pixels in (flat, sim.picture("astronaut")[:6, :6]):
        found = colour_of(pixels)
        assert found["value"] is None
        assert found["confidence"] == 0.0
        assert found["detail"]["reason"]
