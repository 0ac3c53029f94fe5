"""What a master says is said by its deliverable: in either byte order, as far as readers go."""

import io
import struct

import exifread
import numpy as np
import pytest
import tifffile

import metadata_tools as tools
from metadata_tools import (
    ASCII,
    BYTE,
    EXIF,
    GPS,
    IFD,
    INTEROPERABILITY,
    LONG,
    LONG8,
    RATIONAL,
    SHORT,
    UNDEFINED,
    field,
    unicode_text,
)
from restoration.config.settings import IngestSettings
from restoration.errors import ScanError
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.tiff import byte_order
from restoration.raster.tiff.encoded_text import utf16_order
from restoration.raster.tiff.page import open_page
from support import corpus

LIMITS = IngestSettings.model_validate({})
ORDERS = pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
FORMS = pytest.mark.parametrize("big", [False, True], ids=["classic", "bigtiff"])


def deliver(tmp_path, order, pages, *, big=False, big_master=False):
    """Writes a master of these pages and delivers it: path and record."""
    master = tools.write_master(tmp_path / "m.tif", order, pages, big=big_master)
    output = tmp_path / "d.tif"
    return output, tools.hand_over(master, output, big=big)


def notes(record, page=0):
    return record["pages"][page]["notes"]


def stored(path, code, page=0):
    """A tag's value, bytes where it is bytes, as tifffile reads it."""
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages[page].tags.get(code)
        return None if tag is None else tag.value


def below(path, pointer, code, number=1):
    """The stored bytes of a tag of EXIF or GPS, by our reader of masters."""
    with open_page(path, number) as page:
        inner = page.tags.subdirectory(page.tags.number(page.directory, pointer))
        entry = inner.entries.get(code)
        return None if entry is None else page.tags.raw(entry)


@ORDERS
@FORMS
@pytest.mark.parametrize("kind", [BYTE, UNDEFINED, LONG, ASCII])
def test_iptc_is_bytes_whatever_its_field_type(tmp_path, order, big, kind):
    output, record = deliver(
        tmp_path, order, [(tools.image_fields(order, kind), {})], big=big, big_master=big
    )
    assert bytes(stored(output, 33723)).startswith(tools.IPTC)
    fields = inspect_master(output, LIMITS)["iptc"]["fields"]
    assert fields["2:25 Keywords"] == tools.KEYWORDS
    assert not any("IPTC" in note for note in notes(record))


@ORDERS
def test_iptc_that_a_writer_swapped_is_delivered_in_order_and_said(tmp_path, order):
    padded = tools.IPTC + bytes(-len(tools.IPTC) % 4)
    swapped = np.frombuffer(padded, ">u4").astype("<u4").tobytes()
    output, record = deliver(tmp_path, order, [([field(order, 33723, LONG, swapped)], {})])
    assert bytes(stored(output, 33723)) == padded
    assert any("IPTC" in note and "swapped" in note for note in notes(record))


def test_what_is_no_iptc_stays_as_it_is(tmp_path):
    raw = b"abc\x1cdefg"
    output, _ = deliver(tmp_path, ">", [([field(">", 33723, LONG, raw)], {})])
    assert bytes(stored(output, 33723)) == raw


@FORMS
@pytest.mark.parametrize("big_master", [False, True], ids=["from classic", "from bigtiff"])
def test_both_byte_orders_give_the_same_directories(tmp_path, big, big_master):
    """Every field type of EXIF and GPS, and contents with numbers or texts of their own."""
    found = []
    for order in "<>":
        folder = tmp_path / {"<": "little", ">": "big"}[order]
        folder.mkdir()
        output, _ = deliver(folder, order, [tools.full_page(order)], big=big, big_master=big_master)
        with open_page(output) as page:
            tags, values = page.tags, {}
            exif = tags.subdirectory(tags.number(page.directory, EXIF))
            for name, directory in {
                "exif": exif,
                "gps": tags.subdirectory(tags.number(page.directory, GPS)),
                "interoperability": tags.subdirectory(tags.number(exif, INTEROPERABILITY)),
            }.items():
                for code, entry in directory.entries.items():
                    values[name, code] = (entry.kind, tags.raw(entry))
        del values["exif", INTEROPERABILITY]
        found.append(values)
        meant = {code: (kind, raw) for code, kind, _, raw in tools.exif_fields("<")}
        meant.pop(37500)
        meant[40962] = (LONG, struct.pack("<I", 20))
        assert {code: value for (name, code), value in values.items() if name == "exif"} == meant
    assert found[0] == found[1]


@ORDERS
def test_exif_of_a_deliverable_as_exifread_reads_the_file_itself(tmp_path, order):
    output, _ = deliver(tmp_path, order, [tools.full_page(order)])
    found = exifread.process_file(io.BytesIO(output.read_bytes()), details=True)
    assert str(found["EXIF ExposureTime"]) == "1/125"
    assert str(found["EXIF ExposureBiasValue"]) == "-1/3"
    assert str(found["GPS GPSLatitude"]) == "[54, 26, 63/2]"
    assert str(found["Interoperability InteroperabilityIndex"]) == "R98"
    assert found["EXIF Tag 0xFDEC"].values == [(-2.25,), (1e300,)]


@ORDERS
def test_record_of_a_master_shows_its_texts(tmp_path, order):
    """exifread makes nothing of UTF-16; people read the record."""
    master = tools.write_master(tmp_path / "m.tif", order, [tools.full_page(order)])
    exif = inspect_master(master, LIMITS)["exif"]
    assert exif["EXIF UserComment"] == tools.COMMENT
    assert exif["GPS GPSProcessingMethod"] == tools.METHOD
    assert exif["Image XPTitle"] == tools.TITLE


@pytest.mark.parametrize("text", [tools.COMMENT, "昭和六年七月、家族と海岸にて", "Größe"])
@pytest.mark.parametrize("written", ["<", ">"])
@ORDERS
def test_comment_in_the_wrong_byte_order_is_understood_and_said(tmp_path, order, written, text):
    """Some writers put little-endian text into big-endian files, and the other way round."""
    fields = [field(order, 36864, UNDEFINED, b"0232"),
              field(order, 37510, UNDEFINED, unicode_text(text, written))]  # fmt: skip
    output, record = deliver(tmp_path, order, [([], {EXIF: fields})])
    assert below(output, EXIF, 37510) == unicode_text(text, "<")
    assert any("UserComment" in note for note in notes(record)) == (written != order)


@ORDERS
@pytest.mark.parametrize("mark", ["<", ">"])
def test_byte_order_mark_decides(tmp_path, order, mark):
    # Ideographs that would be others in the other order.
    raw = unicode_text("\ufeff一丁", mark)
    fields = [field(order, 36864, UNDEFINED, b"0232"), field(order, 37510, UNDEFINED, raw)]
    output, _ = deliver(tmp_path, order, [([], {EXIF: fields})])
    assert below(output, EXIF, 37510) == unicode_text("\ufeff一丁", "<")


def test_text_that_is_plausible_in_both_orders_is_taken_as_the_standard_says(tmp_path):
    assert utf16_order("一".encode("utf-16-be"), ">") == (">", False)
    fields = [field(">", 36864, UNDEFINED, b"0232"),
              field(">", 37510, UNDEFINED, unicode_text("一", ">"))]  # fmt: skip
    output, record = deliver(tmp_path, ">", [([], {EXIF: fields})])
    assert below(output, EXIF, 37510) == unicode_text("一", "<")
    assert any("UserComment" in note and "both byte orders" in note for note in notes(record))


@pytest.mark.parametrize("damage", ["\uffff", "\ue123", "\x01", "\ud800"])
@ORDERS
def test_one_damaged_character_does_not_turn_a_text(order, damage):
    codec = "utf-16-le" if order == "<" else "utf-16-be"
    text = f"Familie {damage}ller".encode(codec, "surrogatepass")
    assert utf16_order(text, order) == (order, True)
    assert utf16_order("山\ue000田".encode(codec), order).order == order


@pytest.mark.parametrize(
    "raw",
    [b"ASCII\0\0\0On the back: 1931", b"JIS\0\0\0\0\0\x1b$B%F%9%H", bytes(8) + b"plain", b"short"],
)
def test_texts_that_have_no_byte_order_are_left_alone(tmp_path, raw):
    fields = [field(">", 36864, UNDEFINED, b"0232"), field(">", 37510, UNDEFINED, raw)]
    output, _ = deliver(tmp_path, ">", [([], {EXIF: fields})])
    assert below(output, EXIF, 37510) == raw


@ORDERS
@pytest.mark.parametrize("kind", [BYTE, SHORT])
def test_windows_texts_are_little_endian_bytes_in_every_file(tmp_path, order, kind):
    text = "Familie Müller\0"
    # As SHORT they are numbers in the order of the file.
    raw = text.encode("utf-16-be" if (kind, order) == (SHORT, ">") else "utf-16-le")
    output, record = deliver(tmp_path, order, [([field(order, 40091, kind, raw)], {})])
    assert bytes(stored(output, 40091)) == text.encode("utf-16-le")
    assert notes(record) == []


def test_positions_in_the_master_are_left_and_large_numbers_narrowed(tmp_path):
    fields = [
        field("<", 36864, UNDEFINED, b"0232"),
        field("<", 330, LONG, 8),
        field("<", 65001, IFD, 8),
        field("<", 65002, LONG8, 70_000),
        field("<", 65003, LONG8, 2**40),
    ]
    output, record = deliver(tmp_path, "<", [([], {EXIF: fields})], big_master=True)
    said = record["pages"][0]["not_carried"]
    for code in (330, 65001, 65003):
        assert below(output, EXIF, code) is None
        assert any(f"EXIF tag {code}:" in line for line in said)
    assert below(output, EXIF, 65002) == struct.pack("<I", 70_000)


def test_a_directory_that_is_left_with_what_held_it_is_named(tmp_path):
    # metadata_tools links interoperability below what has an ExifVersion: here it is of no type.
    fields = [field("<", 36864, IFD, 8)]
    below_it = {EXIF: fields, INTEROPERABILITY: tools.interoperability_fields("<")}
    output, record = deliver(tmp_path, "<", [([], below_it)])
    assert stored(output, EXIF) is None
    assert any("Interoperability" in line for line in record["pages"][0]["not_carried"])


def test_utf8_fields_of_exif_3_are_delivered_as_text(tmp_path):
    text = "Jürgen Müller\0".encode()
    page = (
        [(315, 129, len(text), text)],
        {EXIF: [field(">", 36864, UNDEFINED, b"0300"), (42032, 129, len(text), text)]},
    )
    output, record = deliver(tmp_path, ">", [page])
    assert inspect_master(output, LIMITS)["tags"]["Artist"] == "Jürgen Müller"
    assert below(output, EXIF, 42032) == text
    assert record["pages"][0]["not_carried"] == []


@FORMS
def test_each_page_keeps_its_own_directories(tmp_path, big):
    plain = ([field(">", 282, RATIONAL, (300, 1)), field(">", 283, RATIONAL, (300, 1)),
              field(">", 296, SHORT, 2)], {})  # fmt: skip
    output, _ = deliver(tmp_path, ">", [plain, tools.full_page(">")], big=big)
    assert below(output, EXIF, 37510, 2) == unicode_text(tools.COMMENT, "<")
    assert below(output, GPS, 27, 2) == unicode_text(tools.METHOD, "<")
    with tifffile.TiffFile(output) as tif:
        assert len(tif.pages) == 2
        assert EXIF not in tif.pages[0].tags
        assert tif.pages[0].tags[282].value == (300, 1)
        assert not {282, 283, 296} & {tag.code for tag in tif.pages[1].tags}
        for number, page in enumerate(tif.pages, 1):
            assert np.array_equal(page.asarray(), corpus.codes(20, 20, 1, seed=number)[..., 0])


@ORDERS
@FORMS
def test_master_without_resolution_is_delivered_without(tmp_path, order, big):
    output, record = deliver(tmp_path, order, [([], {})] * 2, big=big)
    for page in (0, 1):
        assert [stored(output, code, page) for code in (282, 283, 296)] == [None] * 3
        assert record["pages"][page]["resolution"] is None
        assert record["pages"][page]["resolution_unit"] is None
        assert notes(record, page) == []
    assert "XResolution" not in inspect_master(output, LIMITS)["xmp"]["text"]


@pytest.mark.parametrize(
    ("across", "unit", "delivered", "said"),
    [
        ((0, 1), 2, (None, None), "left out"),
        ((0, 0), 2, (None, None), "left out"),
        ((1, 1), 1, ((1, 1), 1), None),
        ((4, 3), 1, ((4, 3), 1), None),
        ((300, 1), 3, ((300, 1), 3), None),
        ((300, 1), 0, ((300, 1), 1), "ResolutionUnit"),
    ],
)
def test_resolution_is_what_the_master_states(tmp_path, across, unit, delivered, said):
    fields = [field("<", 282, RATIONAL, across), field("<", 283, RATIONAL, across),
              field("<", 296, SHORT, unit)]  # fmt: skip
    output, record = deliver(tmp_path, "<", [(fields, {})])
    assert (stored(output, 282), stored(output, 296)) == delivered
    assert [said in note for note in notes(record)] == ([] if said is None else [True])


@pytest.mark.parametrize(
    "date",
    ["2019-05-06 07:08:09", "2019:02:30 07:08:09", "0000:00:00 00:00:00", "    :  :     :  :  ",
     "2019:05:06", "yesterday", "2019:05:06 25:08:09", ""],
)  # fmt: skip
def test_malformed_date_is_handed_on_and_said_once(tmp_path, date):
    page = ([field("<", 306, ASCII, date)],
            {EXIF: [field("<", 36864, UNDEFINED, b"0232"), field("<", 36867, ASCII, date)],
             GPS: [field("<", 29, ASCII, "12 July")]})  # fmt: skip
    output, record = deliver(tmp_path, "<", [page])
    # tifffile takes blanks away.
    assert stored(output, 306) == date.strip()
    assert below(output, EXIF, 36867) == date.encode() + b"\0"
    assert below(output, GPS, 29) == b"12 July\0"
    for name in ("DateTime:", "EXIF DateTimeOriginal:", "GPS GPSDateStamp:"):
        (said,) = [note for note in notes(record) if note.startswith(name)]
        assert "YYYY:MM:DD" in said
        assert (date if "GPS" not in name else "12 July") in said
    packet = inspect_master(output, LIMITS)["xmp"]["text"]
    for name in ("DateTimeOriginal", "DateTimeDigitized", "CreateDate", "DateCreated"):
        assert name not in packet


def test_sound_date_is_nothing_to_speak_of(tmp_path):
    _, record = deliver(tmp_path, ">", [tools.full_page(">")])
    assert notes(record) == []


@pytest.mark.parametrize("code", [270, 305, 315, 33432])
@pytest.mark.parametrize(
    "raw",
    [b"Gr\xf6\xdfe\0", "Größe\0".encode(), b"two\0texts\0", b"padded to the end\0\0\0\0\0\0\0\0",
     b"\0\0\0\0\0\0\0\0\0", b"abc\0\0", b"\0"],
    ids=["latin-1", "utf-8", "two", "padded", "nothing", "short", "empty"],
)  # fmt: skip
@FORMS
def test_texts_are_handed_on_byte_for_byte(tmp_path, code, raw, big):
    output, _ = deliver(tmp_path, ">", [([field(">", code, ASCII, raw)], {})], big=big)
    with open_page(output) as page:
        assert page.tag_bytes(code) == raw


def photoshop(iptc, digest):
    resources = tools.resource(0x0404, iptc) + tools.resource(0x0425, digest)
    return [field(">", 33723, UNDEFINED, tools.IPTC), field(">", 34377, BYTE, resources)]


def test_photoshop_resources_that_contradict_the_iptc_are_said(tmp_path):
    _, record = deliver(tmp_path, ">", [tools.photoshop_page(">")])
    assert notes(record) == []
    other = corpus.iptc_block({(2, 120): "Another caption"})
    output, record = deliver(tmp_path, ">", [(photoshop(other, b"x" * 16), {})])
    assert any("two that differ" in note for note in notes(record))
    assert any("digest" in note for note in notes(record))
    assert other in bytes(stored(output, 34377))


def test_reading_back_does_not_compare_two_equal_errors(tmp_path, monkeypatch):
    """A writer that forgets to swap writes what it meant; only another reader sees it."""
    monkeypatch.setattr(byte_order, "_swapped", lambda raw, _word: raw)
    with pytest.raises(ScanError, match="to say as in the master"):
        deliver(tmp_path, ">", [tools.full_page(">")])
    assert not (tmp_path / "d.tif").exists()


def test_iptc_in_disorder_is_found_when_reading_back(tmp_path, monkeypatch):
    def wrong(_kind, raw, _order):
        return byte_order.TagValue(UNDEFINED, np.frombuffer(raw, ">u4").astype("<u4").tobytes())

    monkeypatch.setitem(byte_order._CONTENTS, 33723, wrong)
    with pytest.raises(ScanError, match="tag 33723"):
        deliver(tmp_path, ">", [tools.full_page(">")])


def test_damaged_exif_does_not_lose_the_scan(tmp_path):
    fields = [field(">", 36864, UNDEFINED, b"0232"), (37510, UNDEFINED, 2**30, b"12345678")]
    output, record = deliver(tmp_path, ">", [([], {EXIF: fields})])
    assert below(output, EXIF, 36864) == b"0232"
    assert any("37510" in line for line in record["pages"][0]["not_carried"])
