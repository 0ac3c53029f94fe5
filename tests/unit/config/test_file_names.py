"""Names: no two files of a run share one, and every file system can hold them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from restoration.config.scan_folder import sheet_of_folder
from restoration.config.settings import BatchSettings, load_config
from restoration.config.sheet import Scan, check_name, read_sheet
from restoration.deliver.sidecars import SIDECARS
from restoration.errors import ConfigError
from restoration.plan.batches import assign, read_assigned
from restoration.records.stage import AppliedPage
from restoration.storage.image_places import image_path, mask_path
from restoration.storage.page_state import mask_of

ENDINGS = tuple(sidecar.ending.removeprefix(".") for sidecar in SIDECARS)
SUFFIXES = ("mask", "tif", "json", "tsv", *ENDINGS, "part", "bad", "retried", "2", "masks")
"""What files of a run are called after an id; an id may end like that itself."""

DEVICES = ("CON", "prn", "Aux", "nul", "com1", "LPT9", "nul.tif", "aux.v2.final")


def sheet(folder: Path, *rows: str, header: str = "scan\tpath\tbatch") -> tuple[Scan, ...]:
    (folder / "scans.tsv").write_text("\n".join([header, *rows]) + "\n")
    return read_sheet(folder / "scans.tsv", recipes=["archive"], default="archive")


def test_no_two_scans_or_batches_share_a_file() -> None:
    names = ["a", *(f"a.{suffix}" for suffix in SUFFIXES)]
    names += [f"a.mask.{suffix}" for suffix in SUFFIXES]
    for name in names:
        check_name(name, "the id", "here")
    files: Counter[Path] = Counter()
    folder = Path("stage")
    for name in names:
        for pages, number in ((1, 1), (3, 1), (3, 2)):
            image = image_path(folder, name, number, pages)
            files.update({image, mask_path(image)})
        files.update({folder / f"{name}.json", folder / f"{name}.tsv"})
        for sidecar in SIDECARS:
            files.update(folder / sidecar.name(name, number) for number in (1, 2))
    # Pages of three share none with a scan of one page, whatever it is called.
    assert {path: count for path, count in files.items() if count > 1} == {}


def page(mask: str) -> AppliedPage:
    return AppliedPage.model_construct(mask=mask)


def test_a_mask_of_an_earlier_version_is_found_where_it_lies() -> None:
    image = Path("results/archive/repair/a.tif")
    assert mask_path(image) == Path("results/archive/repair/masks/a.tif")
    assert mask_of(page("archive/repair/masks/a.tif"), image) == mask_path(image)
    assert mask_of(page("archive/repair/a.mask.tif"), image).name == "a.mask.tif"
    assert mask_of(page("../../elsewhere.tif"), image) == mask_path(image)


@pytest.mark.parametrize("name", DEVICES)
def test_ids_and_batches_that_windows_takes_for_devices_are_refused(
    tmp_path: Path, name: str
) -> None:
    said = f"line 2: the id '{name}' is the name of a device on Windows"
    with pytest.raises(ConfigError, match=said):
        sheet(tmp_path, f"{name}\ta.tif\t")
    with pytest.raises(ConfigError, match=f"line 2: the batch '{name}' is the name of a device"):
        sheet(tmp_path, f"a\ta.tif\t{name}")


@pytest.mark.parametrize("name", ["console", "auxiliary.1", "com", "com12", "a.nul", "nul-1"])
def test_names_that_only_look_like_devices_are_taken(tmp_path: Path, name: str) -> None:
    (scan,) = sheet(tmp_path, f"{name}\ta.tif\t{name}")
    assert (scan.scan, scan.batch) == (name, name)


@pytest.mark.parametrize("name", ["a.", "a..", "a..b", ".a"])
def test_names_that_end_in_a_dot_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"line 2: the id '.*' is not safe as a file name"):
        sheet(tmp_path, f"{name}\ta.tif\t")


def test_batches_that_differ_by_case_alone_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        sheet(tmp_path, "a\ta.tif\tBox", "b\tb.tif\tbox")
    assert "line 3: the batch 'box' of scan 'b' differs from the batch 'Box'" in str(caught.value)


def test_a_batch_that_is_kept_and_one_of_the_sheet_are_told_apart() -> None:
    scans = [Scan(n, f"{n}.tif", b, ("archive",), "print") for n, b in (("a", ""), ("b", "BOX"))]
    settings = BatchSettings.model_validate({})
    with pytest.raises(ConfigError, match=r"'box' \(of scan 'a'\) and 'BOX' \(of scan"):
        assign(scans, {"a": "box"}, settings, lambda scan: 1.0)


def test_a_sheet_of_a_folder_names_no_device(tmp_path: Path) -> None:
    for name in ("aux.tif", "con.v2.tif", "nul/lpt1.tif"):
        path = tmp_path / "box" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "scans.tsv").write_text(sheet_of_folder(tmp_path / "box").text)
    scans = read_sheet(tmp_path / "scans.tsv", recipes=["archive"], default="archive")
    assert len(scans) == 3
    # And so do the batches that folders give their names to.
    folder = [Scan("a", "nul/a.tif", "", ("archive",), "print")]
    found = assign(folder, {}, BatchSettings.model_validate({}), lambda scan: 1.0)
    check_name(found.scans[0].batch, "the batch", "here")


def test_a_scan_stays_in_a_batch_that_an_earlier_version_called_like_a_device(
    tmp_path: Path,
) -> None:
    (tmp_path / "batches.tsv").write_text("scan\tbatch\na\taux\n")
    assert read_assigned(tmp_path / "batches.tsv") == {"a": "aux"}
    (tmp_path / "batches.tsv").write_text("scan\tbatch\na\taux/../../b\n")
    with pytest.raises(ConfigError, match="is not safe as a file name"):
        read_assigned(tmp_path / "batches.tsv")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["archive", "Archive"], "recipes: 'archive' and 'Archive' differ in upper and lower case"),
        (["archive", "Ingest"], "recipes.Ingest: is a folder of the results"),
        (["archive", "models"], "recipes.models: is a folder of the results"),
        (["archive", "run.log"], "recipes.run.log: ends like a file of the results"),
        (["archive", "batches.tsv"], "recipes.batches.tsv: ends like a file"),
        (["archive", "aux"], "recipes.aux: is the name of a device"),
        (["archive", "old."], "recipes.old.: ends like a file of the results"),
    ],
)
def test_recipes_that_share_a_folder_are_refused(names: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"recipes": {name: {} for name in names}})
    assert said in str(caught.value)
