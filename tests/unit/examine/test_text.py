"""Text and line art: found beside photographs, and not in brick, grass or dust."""

import cv2
import numpy as np
import pytest

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.examine.text import text as text_module
from restoration.examine.text.text import TextMeasurer
from restoration.raster.colour.colour_space import ColourSpace
from support import corpus
from support import simulated_scans as sim

PANGRAM = "The quick brown fox jumps over the lazy dog, 1923"


def text_of(pixels, window=256):
    page = sim.SimulatedPage(sim.scanned(pixels))
    colour = ColourSpace.from_profile(None, page.channels)
    return examine_page(page, ExamineSettings(window=window), colour, [TextMeasurer])["text"]


def write(pixels, words, top, left, height, ink, font=cv2.FONT_HERSHEY_COMPLEX):
    """Writes words whose capitals are ``height`` pixels tall; gives [top, left, height, width]."""
    scale = height / 21.0
    thickness = max(1, round(height / 9))
    (width, tall), _ = cv2.getTextSize(words, font, scale, thickness)
    ink_mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.putText(ink_mask, words, (left, top + tall), font, scale, 255, thickness, cv2.LINE_AA)
    share = ink_mask[:, :, None].astype(np.float32) / 255
    pixels += share * (np.array(ink, np.float32) - pixels)
    return [top, left, tall, width]


def sheet(height, width, colour=(0.86, 0.82, 0.74)):
    return np.ones((height, width, 3), np.float32) * np.array(colour, np.float32)


def scanned(pixels, sigma=2.0):
    return sim.noisy(cv2.GaussianBlur(pixels, (0, 0), 0.7), sigma)


def covered(box, found):
    """Share of a box that the found boxes cover."""
    top, left, height, width = box
    plane = np.zeros((height, width), bool)
    for entry in found["detail"]["boxes"]:
        start, first, wide, tall = entry["box"]
        plane[
            max(0, first - top) : max(0, first + tall - top),
            max(0, start - left) : max(0, start + wide - left),
        ] = True
    return plane.mean()


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((0.86, 0.82, 0.74), (0.15, 0.12, 0.2)),
        ((0.12, 0.11, 0.1), (0.9, 0.9, 0.88)),
        ((0.78, 0.74, 0.66), (0.62, 0.6, 0.58)),
    ],
)
@pytest.mark.parametrize("font", [cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX])
def test_captions_of_an_album_page_are_found_and_its_photographs_are_not(paper, ink, font):
    page = sheet(900, 1200, paper)
    captions = []
    for top, left, name in ((40, 60, "brick"), (40, 640, "chelsea"), (470, 60, "grass")):
        picture = cv2.resize(np.repeat(sim.picture(name), 3, axis=2)[..., :3], (480, 330))
        page[top : top + 330, left : left + 480] = picture
        captions.append(write(page, "Otto and Karl, Summer", top + 350, left, 16, ink, font))
    found = text_of(scanned(page, 1.5))
    for caption in captions:
        assert covered(caption, found) > 0.8
    assert found["value"] < 0.06
    assert {entry["kind"] for entry in found["detail"]["boxes"]} == {"text"}


def letter(lines=14, height=14):
    page = sheet(700, 900)
    boxes = [write(page, PANGRAM, 60 + 40 * i, 80, height, (0.2, 0.2, 0.25)) for i in range(lines)]
    return page, boxes


def test_a_letter_is_one_block_of_text():
    page, boxes = letter()
    found = text_of(scanned(page))
    assert len(found["detail"]["boxes"]) == 1
    assert all(covered(box, found) > 0.95 for box in boxes)
    wanted = (boxes[-1][0] + boxes[-1][2] - 60) * max(box[3] for box in boxes) / (700 * 900)
    assert found["value"] == pytest.approx(wanted, abs=0.08)
    assert found["detail"]["boxes"][0]["lines"] == 14
    assert found["confidence"] > 0.9


def test_writing_on_a_page_that_lies_on_its_side_is_found():
    page, _ = letter()
    found = text_of(scanned(np.ascontiguousarray(np.rot90(page))))
    assert [entry["sideways"] for entry in found["detail"]["boxes"]] == [True]
    assert found["value"] > 0.3


def test_large_letters_and_small_ones():
    page = sheet(700, 1000)
    small = write(page, PANGRAM, 60, 60, 11, (0.1, 0.1, 0.1))
    large = write(page, "Sommerfest", 200, 60, 75, (0.1, 0.1, 0.1))
    found = text_of(scanned(page))
    assert covered(small, found) > 0.9
    assert covered(large, found) > 0.9


@pytest.mark.parametrize("window", [256, 333, 1024])
def test_boxes_of_a_large_page_are_in_its_own_pixels(monkeypatch, window):
    monkeypatch.setattr(text_module, "MOST_CELLS", 200_000)
    page = sheet(1300, 1500)
    box = write(page, "Wilhelmine vor dem Haus", 800, 200, 40, (0.1, 0.1, 0.1))
    found = text_of(scanned(page), window)
    assert found["detail"]["proxy_step_px"] == 4
    assert covered(box, found) > 0.9
    assert found["value"] < 3 * box[2] * box[3] / (1300 * 1500)


@pytest.mark.parametrize(
    "name",
    ["brick", "grass", "gravel", "astronaut", "camera", "coffee", "chelsea", "rocket", "moon"],
)
@pytest.mark.parametrize("enlarged", [1.0, 1.7])
def test_photographs_hold_no_text(name, enlarged):
    pixels = sim.picture(name)
    if enlarged > 1.0:
        pixels = sim.enlarged(pixels, enlarged, "bicubic")
    found = text_of(pixels)
    assert found["value"] == 0.0
    assert found["detail"]["boxes"] == []


@pytest.mark.parametrize("tone", [0.97, 0.05])
def test_dust_and_scratches_on_a_sky_are_not_writing(tone):
    sky = np.repeat(np.linspace(0.45, 0.6, 800, dtype=np.float32)[:, None, None], 900, axis=1)
    sky = np.repeat(sky, 3, axis=2)
    generator = np.random.default_rng(5)
    for _ in range(250):
        place = tuple(int(v) for v in generator.integers(0, 800, 2))
        cv2.circle(sky, place, int(generator.integers(1, 5)), (tone,) * 3, -1, cv2.LINE_AA)
    for _ in range(8):
        ends = generator.integers(0, 800, 4)
        cv2.line(sky, tuple(map(int, ends[:2])), tuple(map(int, ends[2:])), (tone,) * 3, 1)
    assert text_of(scanned(sky, 1.0))["value"] < 0.01


def test_a_drawing_is_line_art():
    page = sheet(800, 900)
    generator = np.random.default_rng(2)
    for _ in range(25):
        centre = tuple(int(v) for v in generator.integers(250, 550, 2))
        axes = tuple(int(v) for v in generator.integers(30, 150, 2))
        cv2.ellipse(page, centre, axes, 30.0, 0, 360, (0.15, 0.13, 0.12), 2, cv2.LINE_AA)
    found = text_of(scanned(page))
    assert "line art" in {entry["kind"] for entry in found["detail"]["boxes"]}
    assert covered([250, 250, 300, 300], found) > 0.8
    assert covered([0, 0, 60, 900], found) == 0.0


def test_a_photographed_page_of_print():
    found = text_of(corpus.photo("page"))
    assert found["value"] > 0.5
    assert found["detail"]["boxes"][0]["kind"] == "text"


def test_too_small_a_page_is_unknown():
    found = text_of(sheet(8, 300))
    assert found["value"] is None
    assert found["detail"]["reason"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 100), (7, 5), (30, 20), (20, 30)])
def test_a_page_smaller_than_a_letter_holds_none(shape):
    assert not text_of(np.full((*shape, 3), 0.5, np.float32))["value"]
