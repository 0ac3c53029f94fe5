"""What a person marked is used, or the run says so before its first job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from restoration.errors import ConfigError
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.plan.unused_marks import check_marks
from restoration.run import start_run as running

FACE = "faces: {exclude: [{box: [1, 2, 30, 40]}]}"
STAGES = {"repair": {}, "cleanup": {"network": "realesrgan-x4plus"}, "faces": {}}


class Table:
    """A sheet of three scans, with what people laid beside it and its masters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "masters").mkdir()
        for name in ("a.tif", "B.TIF", "other.tif"):
            self.lay(f"masters/{name}")
        rows = "a\tmasters/a.tif\nbox1--b\tmasters/B.TIF\nc\tgone/c.tif\n"
        (folder / "scans.tsv").write_text(f"scan\tpath\n{rows}")

    def lay(self, *names: str, text: str = "") -> None:
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or (FACE if "regions" in name else ""))

    def raw(self, **config: Any) -> dict[str, Any]:
        return {
            "scans": str(self.folder / "scans.tsv"),
            "results": str(self.folder / "results"),
            "recipes": {"archive": {"stages": STAGES}},
            "device": "cpu",
            **config,
        }

    def plan(self, **config: Any) -> Plan:
        return make_plan(self.raw(**config))

    def refused(self, **config: Any) -> str:
        """The one line with which a run is refused, without the folder."""
        with pytest.raises(ConfigError) as caught:
            check_marks(self.plan(**config))
        said = str(caught.value)
        assert "\n" not in said
        return said.replace(f"{self.folder}/", "")


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("a.yml", "a.yaml"),
        ("A.yaml", "a.yaml"),
        ("a.YAML", "a.yaml"),
        ("a.yaml.txt", "a.yaml"),
        ("a.txt", "a.yaml"),
        ("a.tif.yaml", "a.yaml"),
        ("a (1).yaml", "a.yaml"),
        ("a - Copy.yaml", "a.yaml"),
        ("a .yaml", "a.yaml"),
        ("sub/a.yaml", "a.yaml"),
        ("a.yaml.bak", "a.yaml"),
        ("a", "a.yaml"),
        ("a.json", "a.yaml"),
        ("b.yaml", "box1--b.yaml"),
        ("box1-b.yaml", "box1--b.yaml"),
        ("box1--bb.yaml", "box1--b.yaml"),
        ("elsewhere-7.yaml", None),
        ("README.md", None),
    ],
)
def test_regions_by_a_wrong_name_stop_the_run(table: Table, name: str, meant: str | None) -> None:
    table.lay(f"regions/{name}")
    said = table.refused()
    assert said.startswith(f"marks: 'regions/{name}' ")
    assert "Rename it or move it elsewhere" in said
    if meant is None:
        assert "fits no scan of the sheet 'scans.tsv'" in said
    else:
        assert f"; did you mean 'regions/{meant}'?" in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("brush.tif", "'regions/brush.tif' is a mask that no file of regions names."),
        ("sub/brush.TIFF", "'regions/sub/brush.TIFF' is a mask that no file of regions names."),
        ("a.damage.tif", "beside its master; did you mean 'masters/a.damage.tif'?"),
        ("box1--b.damage.tif", "beside its master; did you mean 'masters/B.damage.tif'?"),
    ],
)
def test_masks_in_the_folder_of_regions_that_nobody_names(
    table: Table, name: str, said: str
) -> None:
    table.lay("regions/a.yaml", f"regions/{name}")
    assert said in table.refused()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("a.damage.tiff", "a"),
        ("a.tif.damage.tif", "a"),
        ("a.damage.TIF", "a"),
        ("A.damage.tif", "a"),
        ("a.Damage.tif", "a"),
        ("a.damages.tif", "a"),
        ("a.damge.tif", "a"),
        ("a.damage.tif.tif", "a"),
        ("a.damage (1).tif", "a"),
        ("a.damage.png", "a"),
        ("a.damage.psd", "a"),
        ("a.damage", "a"),
        ("a_damage.tif", "a"),
        ("a-damage-mask.png", "a"),
        ("adamage.tif", "a"),
        ("a (damage).tif", "a"),
        ("a - Damage.png", "a"),
        ("B.damage.TIF", "B"),
        ("b.damage.tif", "B"),
        ("box1--b.damage.tif", "B"),
        ("nobody.damage.tif", None),
    ],
)
def test_masks_of_damage_by_a_wrong_name_stop_the_run(
    table: Table, name: str, meant: str | None
) -> None:
    table.lay(f"masters/{name}")
    said = table.refused()
    assert f"'masters/{name}' is not taken for a mask of damage" in said
    if meant is not None:
        assert f"; did you mean 'masters/{meant}.damage.tif'?" in said
    assert "`unused_marks: warn`" in said


def test_what_is_used_or_is_no_mark_lets_the_run_begin(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    table.lay("regions/brush.tif", "regions/sub/pen.tif")
    marked = "faces: {exclude: [{mask: brush.tif}]}\ncleanup: {only: [{mask: ./sub/pen.tif}]}"
    table.lay("regions/a.yaml", text=marked)
    table.lay("regions/box1--b.yaml", "regions/c.yaml")
    # What masks were painted in, and what editors and file managers leave.
    table.lay("regions/brush.psd", "regions/brush.tif.md5", "regions/sub/pen.xcf")
    for name in (".DS_Store", "._a.yaml", "a.yaml~", ".a.yaml.swp", "Thumbs.db", "desktop.ini"):
        table.lay(f"regions/{name}")
    table.lay("regions/a.yaml.bak", "regions/.git/config", "regions/#a.yaml#")
    table.lay("masters/a.damage.tif", "masters/a.damage.psd", "masters/B.damage.tif")
    # Of a scan that is not of this sheet, by whatever name, and masters that speak of damage.
    table.lay("masters/other.damage.tif", "masters/other.damage.TIF", "masters/other_damage.tif")
    table.lay("masters/water_damage.tif", "masters/.a.damage.tif", "masters/a.damage.txt")
    check_marks(table.plan())
    assert capsys.readouterr().err == ""


def test_regions_beside_the_masters_are_told_from_them_by_their_suffix(table: Table) -> None:
    table.lay("masters/a.yaml", "masters/notes.txt", "masters/a.jpg", text=FACE)
    place = str(table.folder / "masters")
    check_marks(table.plan(regions=place))
    table.lay("masters/A.yml", text=FACE)
    assert "did you mean 'masters/a.yaml'" in table.refused(regions=place)


def test_a_scan_whose_name_speaks_of_damage_is_a_scan(table: Table) -> None:
    table.lay("masters/lone.damage.tif", "masters/a_damage.tif")
    rows = "a\tmasters/a.tif\nlone.damage\tmasters/lone.damage.tif\na2\tmasters/a_damage.tif\n"
    (table.folder / "scans.tsv").write_text(f"scan\tpath\n{rows}")
    check_marks(table.plan())


def test_a_mask_of_damage_that_is_no_file(table: Table) -> None:
    (table.folder / "masters/a.damage.tif").symlink_to("gone.tif")
    assert "'masters/a.damage.tif' is no file; expected a TIFF" in table.refused()


def test_several_are_counted_in_the_one_line(table: Table) -> None:
    table.lay(*(f"regions/x{number}.yaml" for number in range(6)))
    said = table.refused()
    assert said.startswith("marks: 'regions/x0.yaml' fits no scan")
    assert "(5 more: " in said
    assert "'regions/x3.yaml', …)" in said.replace(str(table.folder), "")


@pytest.mark.parametrize("made", ["nothing", "file", "dangling"])
def test_a_folder_of_regions_that_is_none(table: Table, made: str) -> None:
    place = table.folder / "marks"
    if made == "file":
        place.touch()
    elif made == "dangling":
        place.symlink_to("/mnt/gone")
    said = table.refused(regions=str(place))
    assert said == "config: regions: 'marks' is no folder; expected one that holds <scan>.yaml"


def test_a_share_with_regions_that_is_not_mounted(table: Table) -> None:
    (table.folder / "regions").symlink_to("/mnt/gone")
    assert "'regions' is no folder" in table.refused()


@pytest.mark.parametrize("name", ["Regions", "region", "regoins"])
def test_regions_in_a_folder_of_nearly_the_right_name(table: Table, name: str) -> None:
    table.lay(f"{name}/a.yaml", text=FACE)
    assert f"marks: '{name}' is not read; did you mean 'regions'?" in table.refused()


def test_regions_of_another_sheet_lie_beside_it(table: Table) -> None:
    table.lay("regions-box2/x.yaml", "regions2/x.yaml", text=FACE)
    check_marks(table.plan())


def test_a_folder_of_regions_that_cannot_be_listed(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.lay("regions/a.yaml")

    def refuse(path: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    plan = table.plan()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ConfigError, match=r"regions' cannot be read \(Permission denied\)"):
        check_marks(plan)


def test_sheets_that_share_a_folder_of_regions_go_on_where_they_are_told_to(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    table.lay("regions/elsewhere-7.yaml", "regions/brush.tif", "masters/a.damage.TIF")
    assert "`unused_marks: warn`" in table.refused()
    check_marks(table.plan(unused_marks="warn"))
    said = capsys.readouterr().err.replace(f"{table.folder}/", "").splitlines()
    assert [line.split("'")[1] for line in said] == [
        "regions/brush.tif",
        "regions/elsewhere-7.yaml",
        "masters/a.damage.TIF",
    ]
    assert all(line.endswith("It is not used") for line in said)


def test_what_can_only_be_meant_for_a_scan_stops_the_run_all_the_same(table: Table) -> None:
    table.lay("regions/elsewhere-7.yaml", "regions/a.yml")
    said = table.refused(unused_marks="warn")
    assert said == (
        "marks: 'regions/a.yml' is not read by this name; did you mean 'regions/a.yaml'? Rename it "
        "or move it elsewhere"
    )


def test_one_scan_alone_minds_the_names_of_its_neighbours_and_no_mistake_of_theirs(
    table: Table,
) -> None:
    table.lay("regions/a.yaml", "regions/c.yaml", "regions/brush.tif", "masters/B.damage.tif")
    check_marks(table.plan(only="a"))
    table.lay("regions/d.yaml")
    assert "'regions/d.yaml' fits no scan" in table.refused(only="a")


def test_marks_that_a_recipe_has_no_stage_for_are_said(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "descreen: {exclude: [{box: [0, 0, 9, 9]}]}\n"
    text += "faces: {include: [{box: [0, 0, 9, 9]}]}\n"
    text += "colour: {targets: [{kind: grey, box: [0, 0, 99, 99]}]}\n"
    table.lay("regions/a.yaml", "regions/c.yaml", text=text)
    table.lay("masters/a.damage.tif")
    check_marks(table.plan(recipes={"archive": {"stages": {"denoise": {"network": "none"}}}}))
    assert capsys.readouterr().err.splitlines() == [
        "marks: recipe archive: the regions say where `descreen` may work, a stage that the recipe "
        "does not have (a, c)",
        "marks: recipe archive: the regions ask for faces to be restored: the recipe has no stage "
        "`faces` (a, c)",
        "marks: recipe archive: the regions mark faces, but no stage of the recipe restores faces "
        "or runs a generative network (a, c)",
        "marks: recipe archive: the regions mark targets of colour: the recipe has no stage "
        "`colour` (a, c)",
        "marks: recipe archive: the mask of damage is not used: the recipe has no stage `repair` "
        "(a)",
    ]


def test_a_run_looks_before_it_begins_and_a_job_of_it_does_not(table: Table) -> None:
    """What is laid beside a running one is looked at by the next."""
    table.lay("regions/a.yml")
    running.plan_of_run(table.raw(), main=False)
    with pytest.raises(ConfigError, match="is not read by this name"):
        running.plan_of_run(table.raw(), main=True)
