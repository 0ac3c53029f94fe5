"""The sheet: read, and refused with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from restoration.config.sheet import Scan, read_sheet
from restoration.errors import ConfigError


def read(folder: Path, text: str) -> tuple[Scan, ...]:
    (folder / "scans.tsv").write_text(text, encoding="utf-8")
    return read_sheet(folder / "scans.tsv", recipes=["archive", "print"], default="archive")


def test_columns_defaults_and_relative_paths(tmp_path: Path) -> None:
    text = "scan\tpath\trecipe\tmaterial\n# a note\n\na\tbox/a.tif\tprint archive print\tpositive\n"
    text += "b\t/elsewhere/b.tif\t\n"
    first, second = read(tmp_path, text)
    recipes = ("print", "archive")
    assert first == Scan("a", str(tmp_path / "box/a.tif"), "", recipes, "positive")
    assert second == Scan("b", "/elsewhere/b.tif", "", ("archive",), "print")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("scan\tpath\na\ta.tif\nA\tb.tif\n", "line 3: the id 'A' is already used in line 2"),
        ("scan\tpath\n../a\ta.tif\n", "line 2: the id '../a' is not safe"),
        ("scan\tpath\na/b\ta.tif\n", "line 2: the id 'a/b' is not safe"),
        ("scan\tpath\na..b\ta.tif\n", "line 2: the id 'a..b' is not safe"),
        ("scan\tpath\n\ta.tif\n", "line 2: the id '' is not safe"),
        ("scan\tpath\n" + "x" * 121 + "\ta.tif\n", "at most 120 characters"),
        ("scan\tpath\na\t\n", "line 2: scan 'a' has no path"),
        ("scan\tpath\trecipe\na\ta.tif\tcolor\n", "names the unknown recipe 'color'"),
        ("scan\tpath\tmaterial\na\ta.tif\tglass\n", "has the unknown material 'glass'"),
        ("scan\tpath\tbatch\na\ta.tif\tb/c\n", "line 2: the batch 'b/c' is not safe"),
        ("scan\tpath\tbatch\na\ta.tif\t@a\n", "line 2: the batch '@a' is not safe"),
        ("scan\tfile\na\ta.tif\n", "line 1: unknown column 'file'"),
        ("scan,path\na,a.tif\n", "line 1: the columns are separated by commas, expected tabs"),
        ('"scan";"path"\na;a.tif\n', "separated by semicolons, expected tabs; save the sheet as"),
        ("scan   path\na  a.tif\n", "separated by spaces, expected tabs"),
        ("a\ta.tif\n", "line 1: unknown column 'a' (the first line must name the columns)"),
        ("Scan\tPath\na\ta.tif\n", "line 1: unknown column 'Scan'"),
        ("Scan\tPath\na\ta.tif\n", "did you mean 'scan'?"),
        ("scan\tpath\tmateriel\na\ta.tif\n", "did you mean 'material'?"),
        ("scan\t\tpath\na\t\ta.tif\n", "line 1: a column without a name"),
        ("scan\tpath\tscan\na\ta.tif\tb\n", "each once, separated by tabs; found 'scan path scan'"),
        (
            'scan\tpath\na\t"a.tif\n',
            'line 2: the cell "a.tif opens with a quote that is not closed',
        ),
        ('scan\tpath\na\t"a "b" c.tif"\n', "those inside doubled"),
        ("path\na.tif\n", "must name the columns scan and path"),
        ("scan\tpath\na\t" + "x" * 200_000 + "\n", "line 2: cannot be read (field larger"),
        ("scan\tpath\na\ta\0.tif\n", "line 2: the path of scan 'a' holds a control character"),
        ("scan\tpath\na\t\x1b[2J.tif\n", r"('\x1b[2J.tif')"),
        ("scan\tpath\na\u202eb\ta.tif\n", "line 2: the id 'a\\u202eb' is not safe"),
        ("scan\tpath\na\t/\n", "line 2: the path of scan 'a' ('/') names no file"),
        ("scan\tpath\na\ta.tif\tx\ty\n", "4 cells, but the first line names 2 columns"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


SAVED = """\
scan\tpath\tbatch\trecipe\tmaterial\t\t
# a note, with "quotes"\t\t\t
\t\t\t
   \t
a\t"box ""1"", left/a, b.tif"\tone\t\t
"b"\t"b.tif"\t""\t"print"\t"positive"
c\tsay "c".tif
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_sheets_as_spreadsheets_save_them(tmp_path: Path, encoding: str, ends: str) -> None:
    """Cells in quotes, quotes doubled, empty cells and lines, Excel's UTF-16, any end of line."""
    header = SAVED.replace("scan\tpath\tbatch", '"scan"\t path \tbatch ', 1)
    (tmp_path / "scans.tsv").write_bytes(header.replace("\n", ends).encode(encoding))
    found = read_sheet(tmp_path / "scans.tsv", recipes=["archive", "print"], default="archive")
    assert [(scan.scan, Path(scan.path).relative_to(tmp_path)) for scan in found] == [
        ("a", Path('box "1", left/a, b.tif')),
        ("b", Path("b.tif")),
        ("c", Path('say "c".tif')),
    ]
    assert found[0].batch == "one"
    assert (found[1].recipes, found[1].material) == (("print",), "positive")


def test_a_workbook_is_no_sheet(tmp_path: Path) -> None:
    (tmp_path / "scans.tsv").write_bytes(b"PK\3\4" + b"\0" * 30)
    with pytest.raises(ConfigError, match=r"is a workbook .* save it as tab-separated"):
        read_sheet(tmp_path / "scans.tsv", recipes=["archive"], default="archive")


def test_utf_16_without_its_mark_is_said(tmp_path: Path) -> None:
    (tmp_path / "scans.tsv").write_bytes("scan\tpath\na\ta.tif\n".encode("utf-16-le"))
    with pytest.raises(ConfigError, match="is UTF-16 without a byte-order mark"):
        read_sheet(tmp_path / "scans.tsv", recipes=["archive"], default="archive")


def test_missing_sheet_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scripts/sheet\.py FOLDER"):
        read_sheet(tmp_path / "none.tsv", recipes=["archive"], default="archive")


def test_sheet_not_in_utf8(tmp_path: Path) -> None:
    (tmp_path / "scans.tsv").write_bytes(b"scan\tpath\nm\xfcller\ta.tif\n")
    with pytest.raises(ConfigError, match=r"not UTF-8 text \(line 2\)"):
        read_sheet(tmp_path / "scans.tsv", recipes=["archive"], default="archive")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scans.tsv")
    with pytest.raises(ConfigError, match="is no file"):
        read_sheet(tmp_path / "scans.tsv", recipes=["archive"], default="archive")
