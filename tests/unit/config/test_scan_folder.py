"""A sheet made from a folder: every scan is in it, and what is not is named with its reason."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from restoration.config.regions import damage_mask_of
from restoration.config.scan_folder import FolderSheet, sheet_of_folder
from restoration.config.sheet import read_sheet
from restoration.errors import ConfigError
from restoration.storage.records import write_raw
from support.warm_python import Script

ROOT = Path(__file__).resolve().parents[3]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"II*\0")


def ids(sheet: FolderSheet) -> list[str]:
    return [line.split("\t")[0] for line in sheet.text.splitlines()[1:]]


def make(folder: Path, *names: str) -> dict[str, tuple[str, str]]:
    """Id and batch by path, of a sheet made from these files."""
    touch(folder, *names)
    sheet = folder.parent / "scans.tsv"
    sheet.write_text(sheet_of_folder(folder).text, encoding="utf-8")
    scans = read_sheet(sheet, recipes=["archive"], default="archive")
    return {str(Path(s.path).relative_to(folder.resolve())): (s.scan, s.batch) for s in scans}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "masters"
    made.mkdir()
    return made


def test_folder_to_sheet(folder: Path) -> None:
    made = make(folder, "box1/IMG_1.TIF", "box1/b.tiff", "c.tif", "notes.txt", "box1/._b.tif")
    assert made["box1/IMG_1.TIF"] == ("box1--IMG_1", "")
    assert made["box1/b.tiff"] == ("box1--b", "")
    assert set(made) == {"box1/IMG_1.TIF", "box1/b.tiff", "c.tif"}


def test_ids_are_safe_unique_and_stable(folder: Path) -> None:
    names = ["Müller & Söhne/a b.tif", "x/a.tif", "x/a.tiff", "x--a.tif", "x/b..c.tif", "x/-.tif"]
    first = make(folder, *names)
    found = [scan for scan, _ in first.values()]
    assert len(set(found)) == len(names)
    later = make(folder, "x/another.tif", "y/a.tif")
    assert {path: later[path] for path in first} == first


def results_of_a_run(folder: Path) -> None:
    """As a run leaves them."""
    touch(folder, "results/archive/deliver/a.tif", "results/archive/cleanup/a.tif")
    (folder / "results/run.json").write_text(json.dumps({"config": {}, "scans": [], "device": ""}))


def copied_deliverables(folder: Path) -> None:
    """The folder of a stage without the results around it."""
    touch(folder, "out/a.tif", "out/a@2.tif", "out/a.mask.tif", "out/own.tif")
    touch(folder, "out/masks/a.tif", "out/masks/a@2.tif")
    record = {"schema": 1, "scan": "a", "stage": "deliver", "status": "done", "key": "k"}
    write_raw(folder / "out/a.json", record)


def other_peoples_json(folder: Path) -> None:
    touch(folder, "a.tif")
    (folder / "a.json").write_text('{"title": "a"}')
    (folder / "run.json").write_text('{"config": 1}')


def linked_folder(folder: Path) -> None:
    touch(folder.parent, "elsewhere/deep/b.tif")
    (folder / "box").symlink_to(folder.parent / "elsewhere")


def linked_inside(folder: Path) -> None:
    touch(folder, "box/b.tif")
    # Sorts before the folder itself, which yet gives the id.
    (folder / "album").symlink_to("box")
    (folder / "box/loop").symlink_to("..")


def linked_above(folder: Path) -> None:
    touch(folder, "a.tif")
    touch(folder.parent, "neighbour/n.tif")
    (folder / "up").symlink_to("..")


def linked_to_each_other(folder: Path) -> None:
    touch(folder.parent, "one/a.tif", "two/b.tif")
    (folder.parent / "one/two").symlink_to(folder.parent / "two")
    (folder.parent / "two/one").symlink_to(folder.parent / "one")
    (folder / "in").symlink_to(folder.parent / "one")


def linked_trash(folder: Path) -> None:
    touch(folder.parent, "#recycle/a.tif")
    (folder / "old").symlink_to(folder.parent / "#recycle")


def linked_file(folder: Path) -> None:
    touch(folder, "b.tif")
    (folder / "a.tif").symlink_to("b.tif")


def linked_file_elsewhere(folder: Path) -> None:
    touch(folder.parent, "objects/SHA256-1.tif")
    (folder / "a.tif").symlink_to(folder.parent / "objects/SHA256-1.tif")


def hard_links(folder: Path) -> None:
    touch(folder, "a.tif")
    (folder / "b.tif").hardlink_to(folder / "a.tif")


def dangling(folder: Path) -> None:
    touch(folder, "b.tif")
    (folder / "a.tif").symlink_to("gone.tif")
    (folder / "box").symlink_to("/mnt/gone")


def circle(folder: Path) -> None:
    touch(folder, "b.tif")
    (folder / "a.tif").symlink_to("a.tif")


def bad_names(folder: Path) -> None:
    touch(folder, "a\tb.tif", "c\nd.tif", "e.tif")
    os.close(os.open(os.fsencode(folder) + b"/m\xfcller.tif", os.O_CREAT))


def linked_to_bad_name(folder: Path) -> None:
    touch(folder.parent, "else\twhere/a.tif")
    (folder / "box").symlink_to(folder.parent / "else\twhere")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "a.tif")


def empty(folder: Path) -> None:
    (folder / "a.tif").touch()


SYSTEMS = (
    ".Trash-1000", ".snapshot", "@eaDir", "#recycle", "@Recycle", "$RECYCLE.BIN", ".AppleDouble",
    "lost+found", ".git", ".Spotlight-V100", ".zfs", "~snapshot", "__MACOSX", ".@__thumb",
)  # fmt: skip

CASES: list[tuple[str, Callable[[Path], None], list[str], str, bool]] = [
    ("jpeg", lambda f: touch(f, "a.tif", "a.JPG", "b.jpeg"), ["a"],
     "left out: JPEG files: 2 (a.JPG, b.jpeg)", True),
    ("png", lambda f: touch(f, "x/a.png"), [], "left out: PNG files: 1 (x/a.png)", True),
    ("jp2", lambda f: touch(f, "a.jp2"), [], "left out: JPEG 2000 files: 1 (a.jp2)", True),
    ("pdf", lambda f: touch(f, "a.pdf"), [], "left out: PDF files: 1 (a.pdf)", True),
    ("raw", lambda f: touch(f, "a.dng", "b.NEF", "c.cr3"), [],
     "left out: DNG and raw camera files: 3 (a.dng, b.NEF, c.cr3)", True),
    ("psd", lambda f: touch(f, "a.psd", "b.psb"), [], "Photoshop files: 2 (a.psd, b.psb)", True),
    ("bmp", lambda f: touch(f, "a.bmp"), [], "left out: BMP files: 1 (a.bmp)", True),
    ("heic", lambda f: touch(f, "a.HEIC"), [], "HEIF and AVIF files: 1 (a.HEIC)", True),
    ("others", lambda f: touch(f, "a.xml", "noname", "b.md5", "c.txt"), [],
     "left out: other files, no images by their suffix: 4 (a.xml, b.md5, c.txt, …)", True),
    ("upper case", lambda f: touch(f, "a.TIF", "b.Tiff"), ["a", "b"], "listed: 2 scans", True),
    ("apple", lambda f: touch(f, "a.tif", "._a.tif"), ["a"],
     "left out: side files of macOS (._…): 1 (._a.tif)", True),
    ("hidden", lambda f: touch(f, ".a.tif"), [], "left out: hidden files: 1 (.a.tif)", True),
    *((name, lambda f, name=name: touch(f, "a.tif", f"box/{name}/b.tif"), ["a"],
       "left out: folders of trash, snapshots, thumbnails or a system's own, hidden ones: "
       f"1 (box/{name})", True) for name in (*SYSTEMS, "System Volume Information")),
    ("masks", lambda f: touch(f, "a.tif", "a.damage.tif", "b.tiff", "b.damage.tif", "c.damage.tif"),
     ["a", "b", "c.damage"], "left out: masks of damage: 2 (a.damage.tif, b.damage.tif)", True),
    ("misnamed masks",
     lambda f: touch(f, "A.TIF", "A.damage.TIF", "b.tif", "b.damage.tiff", "b.tif.damage.tif"),
     ["A", "b"], "must be named <master>.damage.tif: 3 (A.damage.TIF, b.damage.tiff, b.tif.", True),
    ("perhaps a mask", lambda f: touch(f, "a.tif", "a_damage.tif", "b-damage.tif"),
     ["a", "a_damage", "b-damage"], "may be masks of damage (<master>.damage.tif): 1 (a_dam", True),
    ("results", results_of_a_run, [],
     "left out: folders of results of this workflow: 1 (results)", True),
    ("deliverables", copied_deliverables, ["out--own"],
     "left out: images that this workflow made, by the records beside them: "
     "5 (out/a.mask.tif, out/a.tif, out/a@2.tif, …)", True),
    ("other json", other_peoples_json, ["a"], "listed: 1 scan", True),
    ("linked folder", linked_folder, ["box--deep--b"], "listed: 1 scan", True),
    ("linked inside", linked_inside, ["box--b"],
     "left out: links to folders that are listed already: 2 (album, box/loop)", True),
    ("linked above", linked_above, ["a"],
     "left out: links to a folder that holds this one: 1 (up)", True),
    ("linked in a ring", linked_to_each_other, ["in--a", "in--two--b"],
     "left out: links to folders that are listed already: 1 (in/two/one)", True),
    ("linked trash", linked_trash, [], "a system's own, hidden ones: 1 (old)", True),
    ("linked file", linked_file, ["b"],
     "left out: links to a file that is listed under its own name: 1 (a.tif)", True),
    ("linked file elsewhere", linked_file_elsewhere, ["a"], "listed: 1 scan", True),
    ("hard links", hard_links, ["a", "b"],
     "listed, but look at them: names of one and the same file: 2 (a.tif, b.tif)", True),
    ("linked to a bad name", linked_to_bad_name, [], "so that no sheet can hold it", False),
    ("dangling links", dangling, ["b"],
     "could not be read: links that lead nowhere: 2 (a.tif, box)", False),
    ("a link to itself", circle, ["b"], "could not be read: ", False),
    ("names", bad_names, ["e"], r"hold it; rename it: 3 ('a\tb.tif', 'c\nd.tif', 'm\udcfcller.",
     False),
    ("pipe", pipe, [], "left out: no plain files (devices, pipes, sockets): 1 (a.tif)", True),
    ("empty", empty, ["a"], "listed, but look at them: files of 0 bytes: 1 (a.tif)", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lay", "listed", "said", "whole"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_what_is_listed_and_what_is_said(
    folder: Path, lay: Callable[[Path], None], listed: list[str], said: str, whole: bool
) -> None:
    lay(folder)
    sheet = sheet_of_folder(folder)
    assert sorted(ids(sheet)) == listed
    assert any(said in line for line in sheet.lines), sheet.lines
    assert sheet.lines[0].split()[:2] == ["listed:", str(len(listed))]
    assert not any("\n" in line or "\t" in line for line in sheet.lines)
    assert sheet.whole is whole


def test_a_mask_beside_a_linked_master_is_found_by_the_run(folder: Path) -> None:
    """The row names the link, not what it leads to, where nobody puts a mask."""
    linked_file_elsewhere(folder)
    touch(folder, "a.damage.tif")
    path = sheet_of_folder(folder).text.splitlines()[1].split("\t")[1]
    assert path == str(folder.resolve() / "a.tif")
    assert damage_mask_of(path).is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folders_and_files_that_may_not_be_read(folder: Path) -> None:
    touch(folder, "a.tif", "box/b.tif", "c.tif")
    (folder / "box").chmod(0)
    (folder / "c.tif").chmod(0)
    try:
        sheet = sheet_of_folder(folder)
    finally:
        (folder / "box").chmod(0o755)
    assert ids(sheet) == ["a", "c"]
    assert "could not be read: folders: 1 (box: Permission denied)" in sheet.lines
    assert "could not be read: files that are listed all the same: 1 (c.tif)" in sheet.lines
    assert not sheet.whole


def test_a_folder_that_cannot_be_listed_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(folder, "a.tif", "box/b.tif")
    real = os.scandir

    def refused(path: str) -> object:
        if str(path).endswith("box"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refused)
    sheet = sheet_of_folder(folder)
    assert ids(sheet) == ["a"]
    assert "could not be read: folders: 1 (box: Permission denied)" in sheet.lines
    assert not sheet.whole


def test_results_are_no_masters(folder: Path) -> None:
    results_of_a_run(folder)
    with pytest.raises(ConfigError, match="holds results of this workflow"):
        sheet_of_folder(folder / "results")
    with pytest.raises(ConfigError, match="is not a folder"):
        sheet_of_folder(folder / "none")


@pytest.mark.parametrize(("name", "code"), [("whole", 0), ("gaps", 1), ("none", 2)])
def test_exit_codes_and_the_sheet_that_is_written_all_the_same(
    tmp_path: Path, script: Script, name: str, code: int
) -> None:
    touch(tmp_path, "whole/ł.tif", "whole/b.jpg", "gaps/ł.tif")
    (tmp_path / "gaps/b.tif").symlink_to("gone.tif")
    done = script("sheet.py", tmp_path / name, PYTHONIOENCODING="latin-1")
    assert done.returncode == code, done.stderr
    path = str(tmp_path.resolve() / name / "ł.tif")
    paths = [line.split("\t")[1] for line in done.stdout.splitlines()]
    assert paths == (["path", path] if code < 2 else [])
    said = {
        0: "left out: JPEG files: 1 (b.jpg)",
        1: "could not be read: links that lead nowhere: 1 (b.tif)",
        2: "is not a folder",
    }
    assert said[code] in done.stderr
