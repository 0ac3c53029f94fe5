"""`make restore`: what a person names becomes a config, and the end names what to look at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from restoration.errors import ConfigError
from restoration.plan.make_plan import make_plan
from restoration.run.outcome import outcome_of
from restoration.run.restore_command import RestoreRequest, restore
from restoration.storage.tables import Row, write_table

ROOT = Path(__file__).resolve().parents[3]
STRANGE = 'it\'s "5" $HOME {x} `id`'

RECORD = "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(asked: RestoreRequest) -> tuple[list[str], dict[str, str]]:
    """The config files that Snakemake would read, and what the last of them says."""
    assert restore(asked, [sys.executable, "-c", RECORD, "said.json"]) == 0
    words = json.loads(Path("said.json").read_text())
    assert words[0] == "--configfile"
    return words[1:], json.loads(Path(words[-1]).read_text())


def scans_in(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"II*\0")
    return folder


def test_what_was_named_reaches_the_workflow_as_it_was_typed(place: Path) -> None:
    sheet, results = place / f"{STRANGE}.tsv", f"out/{STRANGE}"
    sheet.write_text("scan\tpath\n007\ta.tif\n")
    (place / "-my.yaml").write_text("threads: 1\n")
    asked = RestoreRequest(str(sheet), "", "-my.yaml", results, recipe="print", scan="007")
    files, said = started(asked)
    assert files[0] == "./-my.yaml"
    assert said == {"scans": str(sheet), "results": results, "recipe": "print", "only": "007"}


def test_a_config_alone_is_enough_where_it_names_the_scans(place: Path) -> None:
    (place / "my.yaml").write_text("scans: my.tsv\n")
    assert (
        restore(RestoreRequest(config="my.yaml"), [sys.executable, "-c", RECORD, "said.json"]) == 0
    )
    assert json.loads((place / "said.json").read_text()) == ["--configfile", "my.yaml"]


def test_a_folder_gets_a_sheet_beside_the_results(place: Path) -> None:
    folder = scans_in(place / STRANGE, "box 1/a.tif", "b.TIF")
    _, said = started(RestoreRequest(folder=str(folder), results="out/box"))
    assert said == {"scans": "out/box.tsv", "results": "out/box"}
    rows = [line.split("\t") for line in Path("out/box.tsv").read_text().splitlines()[2:]]
    assert sorted(path for _, path in rows) == [str(folder / "b.TIF"), str(folder / "box 1/a.tif")]
    # Scans that came since are in it the next time.
    scans_in(folder, "c.tif")
    started(RestoreRequest(folder=str(folder), results="out/box"))
    assert len(Path("out/box.tsv").read_text().splitlines()) == 5


def test_a_sheet_that_a_person_edited_is_not_made_anew(place: Path) -> None:
    asked = RestoreRequest(folder=str(scans_in(place / "box", "a.tif")), results="out")
    started(asked)
    with Path("out.tsv").open("a") as file:
        file.write("# mine\n")
    before = Path("out.tsv").read_text()
    with pytest.raises(ConfigError, match=r"'out\.tsv' is there and holds what a person wrote"):
        restore(asked, ["true"])
    assert Path("out.tsv").read_text() == before


def test_results_of_one_folder_are_not_given_to_another(place: Path) -> None:
    started(RestoreRequest(folder=str(scans_in(place / "one", "a.tif")), results="out"))
    other = RestoreRequest(folder=str(scans_in(place / "two", "a.tif")), results="out")
    with pytest.raises(ConfigError, match=r"belong to the scans of '.*/one'.*name others with RES"):
        restore(other, ["true"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (RestoreRequest(), "which scans? expected SHEET=my.tsv"),
        (RestoreRequest(config="other.yaml"), "which scans?"),
        (
            RestoreRequest(sheet="my.tsv", folder="box"),
            "SHEET=my.tsv and FOLDER=box both say which scans",
        ),
        (
            RestoreRequest(sheet="none.tsv"),
            "SHEET: expected a table of scans, 'none.tsv' is no file",
        ),
        (RestoreRequest(sheet="box"), "'box' is a folder: write FOLDER= for it"),
        (
            RestoreRequest(folder="none"),
            "FOLDER: expected the folder of the scans, 'none' is not there",
        ),
        (RestoreRequest(folder="my.tsv"), "'my.tsv' is a file: write SHEET= for a sheet"),
        (RestoreRequest(folder="empty"), "'empty' holds no scan; expected files *.tif or *.tiff"),
        (RestoreRequest(folder="."), "lie in each other"),
        (RestoreRequest(folder="box", results="box/out"), "lie in each other"),
        (RestoreRequest(folder="box", results="."), "lie in each other"),
        (RestoreRequest(folder="box", config="other.yaml"), "lie in each other"),
        (RestoreRequest(config="none.yaml"), "config: 'none.yaml' cannot be read (No such file"),
        (
            RestoreRequest(config="tab.yaml"),
            "config: 'tab.yaml', line 2, column 1: a tab stands here",
        ),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_started(
    place: Path, asked: RestoreRequest, said: str
) -> None:
    (place / "my.tsv").write_text("scan\tpath\n")
    (place / "other.yaml").write_text(f"results: {place / 'box' / 'results'}\n")
    (place / "tab.yaml").write_text("recipes:\n\tmine: {}\n")
    (place / "empty").mkdir()
    scans_in(place / "box", "a.tif")
    with pytest.raises(ConfigError) as caught:
        restore(asked, [sys.executable, "-c", "open('started', 'w')"])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (place / "started").exists()


def test_a_folder_of_which_something_cannot_be_read_stops(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = place / "maker.py"
    maker.write_text("import sys; print('scan\\tpath'); sys.exit(1)")
    monkeypatch.setattr("restoration.run.restore_command.SHEET_MAKER", maker)
    scans_in(place / "box", "a.tif")
    with pytest.raises(ConfigError, match=r"no whole sheet could be made of 'box' \(see above\)"):
        restore(RestoreRequest(folder="box"), ["true"])
    assert not (place / "results.tsv").exists()


def finished_run(place: Path, count: int, problems: int) -> Path:
    """Results as a run leaves them: so many deliverables, so many problems."""
    ids = [f"s{number:03}" for number in range(count + problems)]
    lines = [f"{scan}\t{scan}.tif\tbox" for scan in ids]
    (place / "scans.tsv").write_text("\n".join(["scan\tpath\tbatch", *lines]) + "\n")
    raw = {"scans": "scans.tsv", "results": "out", "recipes": {"archive": {}}}
    plan = make_plan(raw)
    folder = Path("out/archive")
    (folder / "deliver").mkdir(parents=True)
    plan.save()
    rows = [Row(scan, "done") for scan in ids[:count]]
    rows += [Row(scan, "problem", reason="ingest: broken") for scan in ids[count:]]
    write_table(folder / "deliver/box.tsv", rows, "0" * 64)
    (folder / "report.html").touch()
    (folder / "problems.tsv").touch()
    return Path("out")


def test_the_end_names_deliverables_report_and_problems(place: Path) -> None:
    assert outcome_of(finished_run(place, 2, 1)).splitlines() == [
        "Deliverables:",
        "  out/archive/deliver/s000.tif",
        "  out/archive/deliver/s001.tif",
        "What a person reviews:",
        "  out/archive/report.html",
        "Scans that could not be restored, and why:",
        "  out/archive/problems.tsv (1 scan)",
    ]


def test_the_end_names_scans_that_lack_some_of_their_pages(place: Path) -> None:
    results = finished_run(place, 2, 0)
    rows = [Row("s000", "done"), Row("s001", "done", reason="picture 2 of the file is left out: …")]
    write_table(results / "archive/deliver/box.tsv", rows, "0" * 64)
    assert outcome_of(results).splitlines()[-1] == (
        "  out/archive/problems.tsv (1 scan delivered without some of the pages)"
    )


def test_a_large_collection_is_told_by_folder_and_number(place: Path) -> None:
    said = outcome_of(finished_run(place, 300, 0)).splitlines()
    assert said[1] == "  out/archive/deliver: 300 TIFF files, each with its record"
    assert said[-2:] == ["Scans that could not be restored, and why:", "  none"]
    assert len(said) == 6


def test_of_a_run_that_is_not_finished_nothing_is_said_to_be_all(place: Path) -> None:
    results = finished_run(place, 1, 0)
    (results / "archive/deliver/box.tsv").unlink()
    (results / "archive/report.html").unlink()
    assert outcome_of(results).splitlines() == [
        "Deliverables:",
        "  none",
        "What a person reviews:",
        "  nothing yet",
        "Scans that could not be restored, and why:",
        "  out/archive: none so far; `make status` says more",
    ]


@pytest.mark.parametrize("code", [0, 1])
def test_a_run_ends_by_naming_what_came_of_it(
    place: Path, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    results = finished_run(place, 1, 1)
    command = [sys.executable, "-c", f"import os, sys; os.utime('out/run.json'); sys.exit({code})"]
    assert restore(RestoreRequest(sheet="scans.tsv", results=str(results)), command) == code
    said = capsys.readouterr().out
    assert "  out/archive/deliver/s000.tif\n" in said
    assert "problems.tsv (1 scan)" in said
    assert ("the same command does the rest" in said) == (code != 0)


def test_a_run_that_did_not_begin_speaks_of_no_earlier_one(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished_run(place, 1, 0)
    assert restore(RestoreRequest(sheet="scans.tsv", results="out"), ["false"]) == 1
    assert capsys.readouterr().out == ""


def test_ctrl_c_waits_for_the_run_and_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "my.tsv").write_text("scan\tpath\n")
    child = (
        "import signal, time\n"
        "def end(number, frame):\n    time.sleep(0.3); open('ended', 'w'); raise SystemExit(1)\n"
        "signal.signal(signal.SIGINT, end)\nopen('ready', 'w')\ntime.sleep(60)"
    )
    script = ROOT / "scripts" / "restore.py"
    process = subprocess.Popen(
        [sys.executable, str(script), "--sheet", "my.tsv", "--", sys.executable, "-c", child],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (tmp_path / "ended").exists()
    assert process.returncode == 130
    assert said == ""
