"""exiv2, exiftool and exempi (Adobe) read of a deliverable what they read of its master."""

from functools import cache

import pytest

import metadata_tools as tools

pytestmark = pytest.mark.skipif(
    not any(map(tools.at_hand, tools.TOOLS)), reason="neither exiv2, exiftool nor exempi is here"
)


@cache
def delivered(folder, name):
    """Master and deliverable, made once for all tools."""
    master = tools.MASTERS[name](folder / f"{name.replace(' ', '-')}.tif")
    tools.hand_over(master, master.with_suffix(".delivered.tif"))
    return master, master.with_suffix(".delivered.tif")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("masters")


def skip_without(*commands):
    for command in commands:
        if not tools.at_hand(command):
            pytest.skip(f"{command} is not installed")


@pytest.mark.parametrize("tool", tools.TOOLS)
@pytest.mark.parametrize("name", tools.MASTERS)
def test_tool_reads_the_deliverable_as_the_master(folder, name, tool):
    skip_without(tool, *(["exiftool"] if name.startswith("exiftool") else []))
    read = tools.TOOLS[tool]
    master, deliverable = delivered(folder, name)
    found = read(deliverable)
    assert found == read(master)
    words = " ".join(found.values())
    for said in (tools.CAPTION, *tools.KEYWORDS, tools.COMMENT):
        assert said in words


@pytest.mark.parametrize("tool", tools.TOOLS)
@pytest.mark.parametrize("made", ["bytes", "Photoshop", "exiftool"])
def test_tool_reads_both_byte_orders_alike(folder, made, tool):
    skip_without(tool, *(["exiftool"] if made == "exiftool" else []))
    read = tools.TOOLS[tool]
    little, big = (delivered(folder, f"{made} {order}")[1] for order in ("II", "MM"))
    assert read(little) == read(big)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exiftool_finds_no_resolution_where_the_master_states_none(tmp_path, order):
    skip_without("exiftool")
    master = tools.write_master(tmp_path / "m.tif", order, [tools.full_page(order)] * 2)
    tools.hand_over(master, tmp_path / "d.tif")
    said = tools.run("exiftool", "-a", "-G1", "-s", str(tmp_path / "d.tif"))
    assert "Resolution" not in said
    assert "Warning" not in said
    assert said.count("ImageWidth") >= 2


def test_exiftool_reads_a_big_tiff(tmp_path):
    skip_without("exiftool")
    master = tools.write_master(tmp_path / "m.tif", ">", [tools.full_page(">")], big=True)
    tools.hand_over(master, tmp_path / "d.tif", big=True)
    assert (tmp_path / "d.tif").read_bytes()[2] == 43
    assert tools.by_exiftool(tmp_path / "d.tif") == tools.by_exiftool(master)
