"""Pages, infrared pictures and what is left out: nothing of a file goes without a word."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from restoration.config.settings import IngestSettings
from restoration.deliver.deliver_scan import PageToDeliver
from restoration.errors import ScanError
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.colour.tone_table import NODES, ToneTable
from restoration.raster.tiff.page import open_infrared, open_page
from restoration.records.delivery import DeliveryDone
from restoration.review.provisional_pages import open_restored
from restoration.storage.records import write_raw
from restoration.upkeep.undo_colour import undo
from support import corpus
from support.delivery_by_hand import hand_over, result_of
from support.tiff_pages import write
from support.written_records import applied_page, deliver_record, ingest_record, stage_record

LIMITS = IngestSettings.model_validate({})
COLOUR = corpus.codes(60, 80, seed=3)
INFRARED = corpus.codes(60, 80, 1, seed=5)


def silverfast(path: Path, **options: Any) -> Path:
    """An HDRi file: the infrared picture says that it is a mask."""
    return write(
        path, (COLOUR, {}), (INFRARED, {"kind": 4, "description": "as it was"}),
        software="SilverFast 8.8", **options,
    )  # fmt: skip


def vuescan(path: Path, number: int = 1, **options: Any) -> Path:
    """Pairs of a colour and a grey page, of which only the software tells."""
    pages = [(COLOUR, {}), (INFRARED, {})] * number
    return write(path, *pages, software="VueScan 9 x64 (9.8.32)", **options)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("make", [silverfast, vuescan])
def test_infrared_on_a_page_of_its_own_belongs_to_its_page(
    tmp_path: Path, make: Callable[..., Path], byteorder: str
) -> None:
    path = make(tmp_path / "i.tif", byteorder=byteorder)
    with open_page(path) as page:
        assert (page.pages, page.channels) == (1, 3)
        assert page.infrared == "a page of its own, picture 2 of 2 in the file"
    with pytest.raises(ScanError, match="expected a page 2, found 1 page"):
        open_page(path, 2)
    found = open_infrared(path, 1)
    assert found is not None
    with found:
        np.testing.assert_array_equal(found.read_codes(0, 0, 60, 80), INFRARED)
    record = inspect_master(path, LIMITS)
    assert [page["number"] for page in record["pages"]] == [1]
    (infrared,) = record["infrared"]
    assert (infrared["page"], infrared["directory"]) == (1, 1)
    assert (infrared["width"], infrared["height"], infrared["bits"]) == (80, 60, 16)
    assert record["set_aside"] == []
    told = [text for text in record["warnings"] if "infrared" in text]
    # A page that does not say itself what it is: a person should know that it was taken for one.
    assert told == (
        []
        if make is silverfast
        else [
            "picture 2 of 2 in the file: taken for the infrared picture: it is grey, of the size "
            "of page 1, and written by VueScan 9 x64 (9.8.32)"
        ]
    )


@pytest.mark.parametrize("compression", ["none", "lzw"])
@pytest.mark.parametrize("make", [silverfast, vuescan])
def test_infrared_is_delivered_as_it_was(
    tmp_path: Path, make: Callable[..., Path], compression: str
) -> None:
    path = make(tmp_path / "i.tif", byteorder=">", icc=None, orientation=6)
    output, record = hand_over(tmp_path, path, compression=compression, depth="master")
    with tifffile.TiffFile(path) as master, tifffile.TiffFile(output) as made:
        assert len(made.pages) == 2
        was, now = master.pages[1], made.pages[1]
        np.testing.assert_array_equal(now.asarray(), INFRARED[..., 0])
        np.testing.assert_array_equal(made.pages[0].asarray(), COLOUR)
        for code in (254, 256, 257, 258, 262, 270, 274, 277, 282, 283, 296, 305, 34675):
            assert (code in now.tags) == (code in was.tags), code
            if code in was.tags:
                assert now.tags[code].value == was.tags[code].value, code
        assert 700 not in now.tags
    assert [page["number"] for page in record["pages"]] == [1]
    (infrared,) = record["infrared"]
    assert (infrared["page"], infrared["directory"], infrared["bits"]) == (1, 1, 16)
    assert infrared["conversions"] == []
    assert record["left_out"] == []
    # A deliverable is read as its master is.
    again = inspect_master(output, LIMITS)
    assert (len(again["pages"]), len(again["infrared"])) == (1, 1)


def test_damage_of_an_infrared_picture_names_it(tmp_path: Path) -> None:
    path = silverfast(tmp_path / "i.tif")
    corpus.patch_tag(path, 273, [path.stat().st_size - 10], page=1)
    with pytest.raises(ScanError, match=r"i\.tif, picture 2 of 2 in the file: expected at least"):
        inspect_master(path, LIMITS)


def test_grey_film_has_its_infrared_too(tmp_path: Path) -> None:
    pages = [(INFRARED[::-1], {}), (INFRARED, {"kind": 4})]
    path = write(tmp_path / "i.tif", *pages, software="SilverFast 8.8")
    record = inspect_master(path, LIMITS)
    assert [(i["page"], i["directory"]) for i in record["infrared"]] == [(1, 1)]
    output, _ = hand_over(tmp_path, path)
    np.testing.assert_array_equal(tifffile.imread(output, key=1), INFRARED[..., 0])


def test_deeper_pages_do_not_deepen_their_infrared(tmp_path: Path) -> None:
    eight = corpus.codes(60, 80, 1, 8)
    path = write(
        tmp_path / "i.tif", (corpus.codes(60, 80, 3, 8), {}), (eight, {"kind": 4}),
        software="SilverFast 9",
    )  # fmt: skip
    output, record = hand_over(tmp_path, path, depth="16")
    with tifffile.TiffFile(output) as made:
        assert made.pages[0].dtype == np.uint16
        np.testing.assert_array_equal(made.pages[1].asarray(), eight[..., 0])
    assert record["infrared"][0]["bits"] == 8


def test_a_page_that_grew_still_has_its_infrared(tmp_path: Path) -> None:
    """Nothing in an enlarged deliverable tells by its size what the grey page is: the record does,
    and what reads deliverables goes by it."""
    path = vuescan(tmp_path / "i.tif", 2)
    larger = COLOUR.repeat(2, axis=0).repeat(2, axis=1)
    image = result_of(tmp_path, larger)
    pages = [PageToDeliver(n, image, (2400.0, 2400.0)) for n in (1, 2)]
    output, record = hand_over(tmp_path, path, pages=pages)
    with tifffile.TiffFile(output) as made:
        for at, pixels in enumerate([larger, INFRARED[..., 0]] * 2):
            np.testing.assert_array_equal(made.pages[at].asarray(), pixels)
    master = ingest_record(inspect_master(path, LIMITS), path=str(path))
    delivered = DeliveryDone.read(deliver_record(record, master), "the record")
    for number in (1, 2):
        with ExitStack() as opened:
            shown = open_restored(opened, tmp_path, output, delivered, number)
            np.testing.assert_array_equal(shown.read_codes(0, 0, 120, 160), larger)


def test_undoing_colour_gives_the_infrared_back_too(tmp_path: Path) -> None:
    path = vuescan(tmp_path / "i.tif", 2)
    grid = np.arange(NODES) / (NODES - 1)
    table = ToneTable(np.stack([0.9 * grid + 0.02] * 3))
    pages = [PageToDeliver(1, None, None), PageToDeliver(2, None, None, tones=table)]
    output, deliverable = hand_over(tmp_path, path, pages=pages)
    tones = applied_page(2, tones=table.record())
    ingest = ingest_record(inspect_master(path, LIMITS))
    record = deliver_record(deliverable, ingest, stage_record("colour", tones))
    write_raw(tmp_path / "s.json", record)
    undo(tmp_path / "s.json", output, tmp_path / "undone.tif")
    with tifffile.TiffFile(tmp_path / "undone.tif") as undone:
        assert len(undone.pages) == 4
        for at, pixels in enumerate([COLOUR, INFRARED[..., 0]] * 2):
            found = undone.pages[at].asarray().astype(int)
            assert np.abs(found - pixels).max() <= (1 if at == 2 else 0)


def test_several_pages_each_keep_their_own_infrared(tmp_path: Path) -> None:
    path = vuescan(tmp_path / "i.tif", 3)
    record = inspect_master(path, LIMITS)
    assert [page["directory"] for page in record["pages"]] == [0, 2, 4]
    assert [(i["page"], i["directory"]) for i in record["infrared"]] == [(1, 1), (2, 3), (3, 5)]
    output, made = hand_over(tmp_path, path)
    assert [page["directory"] for page in made["pages"]] == [0, 2, 4]
    assert [page["directory"] for page in made["infrared"]] == [1, 3, 5]
    with tifffile.TiffFile(output) as tif:
        assert [page.samplesperpixel for page in tif.pages] == [3, 1] * 3


PAIR = [(COLOUR, {}), (INFRARED, {})]


@pytest.mark.parametrize(
    ("pages", "software", "numbers"),
    [
        (PAIR, "An editor 1.0", 2),
        ([*PAIR, (COLOUR, {})], "VueScan 9", 3),
        ([(COLOUR, {}), (corpus.codes(30, 40, 1), {})], "VueScan 9", 2),
        ([(COLOUR, {}), (corpus.codes(60, 80, 1, 8), {})], "VueScan 9", 2),
        ([(INFRARED, {}), (INFRARED, {})], "VueScan 9", 2),
        ([(COLOUR, {}), (COLOUR, {})], "SilverFast 8.8", 2),
        ([*PAIR, (COLOUR, {})], "an archive's own (infrared)", 3),
    ],
)
def test_an_ordinary_grey_page_is_a_page(
    tmp_path: Path, pages: list[Any], software: str, numbers: int
) -> None:
    path = write(tmp_path / "p.tif", *pages, software=software)
    record = inspect_master(path, LIMITS)
    assert (len(record["pages"]), record["infrared"]) == (numbers, [])


def test_a_page_that_calls_itself_infrared_is_it_among_others(tmp_path: Path) -> None:
    pages = [(COLOUR, {}), (COLOUR, {}), (INFRARED, {"description": "Infrared"})]
    record = inspect_master(write(tmp_path / "p.tif", *pages, software="VueScan"), LIMITS)
    assert [(i["page"], i["directory"]) for i in record["infrared"]] == [(2, 2)]
    assert record["infrared"][0]["why"] == "it says that it is infrared"
    assert not any("taken for" in text for text in record["warnings"])


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ([(INFRARED, {"kind": 4}), (COLOUR, {})], "an infrared picture that follows no page"),
        (
            [(COLOUR, {}), (INFRARED, {"kind": 4}), (INFRARED, {"kind": 4})],
            "a second infrared picture of page 1",
        ),
        ([(COLOUR, {}), (np.eye(60, 80, dtype=bool), {"kind": 4})], "a mask"),
        ([(COLOUR, {}), (corpus.codes(60, 80, 1, 8), {"kind": 4})], "a mask"),
        ([(COLOUR, {}), (INFRARED, {"kind": 16})], "an auxiliary picture"),
        ([(COLOUR, {}), (COLOUR, {"kind": 1})], "a reduced version"),
        ([(COLOUR, {}), (np.eye(16, dtype=bool), {})], "found bilevel"),
        ([(COLOUR, {}), (corpus.codes(9, 9, 4, 8), {"photometric": "separated"})], "found CMYK"),
        ([(COLOUR, {}), (np.zeros((8, 8, 3), np.float32), {"photometric": "float"})], "float"),
        ([(np.eye(16, dtype=bool), {}), (COLOUR, {})], "found bilevel"),
    ],
)
def test_what_is_not_delivered_is_told_and_the_rest_is_delivered(
    tmp_path: Path, pages: list[Any], said: str
) -> None:
    path = write(tmp_path / "p.tif", *pages)
    record = inspect_master(path, LIMITS)
    lost = [one for one in record["set_aside"] if one["lost"]]
    assert len(lost) == 1
    assert said in lost[0]["reason"]
    place = lost[0]["directory"] + 1
    told = [text for text in record["warnings"] if "is not delivered" in text]
    assert len(told) == 1
    assert told[0].startswith(f"picture {place} of {len(pages)} in the file is not delivered: ")
    output, made = hand_over(tmp_path, path)
    assert len(made["left_out"]) == 1
    assert made["left_out"][0].startswith(f"picture {place} of the file is left out: ")
    kept = [pixels for at, (pixels, _) in enumerate(pages) if at + 1 != place]
    with tifffile.TiffFile(output) as tif:
        assert len(tif.pages) == len(kept)
        for page, pixels in zip(tif.pages, kept, strict=True):
            np.testing.assert_array_equal(page.asarray().reshape(pixels.shape), pixels)


def test_pages_behind_one_that_is_left_out_say_where_they_were(tmp_path: Path) -> None:
    pages = [(COLOUR, {}), (np.eye(16, dtype=bool), {}), (COLOUR, {})]
    record = inspect_master(write(tmp_path / "p.tif", *pages), LIMITS)
    assert [page["directory"] for page in record["pages"]] == [0, 2]
    assert "page 2 of the scan is picture 3 of 3 in the file" in record["warnings"]


def test_a_thumbnail_is_no_loss(tmp_path: Path) -> None:
    pages = [(COLOUR, {}), (corpus.codes(6, 8), {"kind": 1})]
    record = inspect_master(write(tmp_path / "p.tif", *pages), LIMITS)
    assert record["set_aside"] == [{"directory": 1, "reason": "a reduced version", "lost": False}]
    assert not any("delivered" in text for text in record["warnings"])


def test_a_file_of_nothing_but_unsupported_pages_says_why_of_the_first(tmp_path: Path) -> None:
    pages = [(np.eye(16, dtype=bool), {}), (np.zeros((8, 8), np.uint32), {})]
    with pytest.raises(
        ScanError, match=r"p\.tif, picture 1 of 2 in the file: .* found bilevel"
    ) as caught:
        inspect_master(write(tmp_path / "p.tif", *pages), LIMITS)
    assert "\n" not in str(caught.value)
