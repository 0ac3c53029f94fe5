"""Every script answers wrong words with one line and an exit code, never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.warm_python import Script

HOME = Path.home()
MISSING = "/nonexistent/results"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["status.py", "--results", MISSING], 2, "run.json' is not there; expected the plan of"),
        (["status.py", "--results", "{file}"], 2, "run.json' is not there; expected the plan of"),
        (["status.py", "--jsn"], 2, "unrecognized arguments: --jsn; --help says what there is"),
        (["retry.py", "--results", MISSING, "--", "true"], 2, "expected the plan of a run"),
        (["prune.py", "--results", MISSING], 2, "name the folder of the results: RESULTS=..."),
        (["prune.py", "--keep", "all"], 2, "--keep: invalid choice: 'all'"),
        (["verify.py", "--results", MISSING], 2, "holds no run.json"),
        (["report.py"], 2, "are required: --results, --recipe, --output"),
        (
            ["report.py", MISSING, "--results", MISSING, "--recipe", "a", "--output", "x.html"],
            2,
            f"tables: '{MISSING}' is no file",
        ),
        (
            ["report.py", "--results", MISSING, "--recipe", "a", "--output", "x.html"],
            1,
            "expected the plan of a run",
        ),
        (["problems.py", "x.tsv", MISSING], 2, f"tables: '{MISSING}' is no file"),
        (["undo_colour.py", "a.json"], 2, "are required: DELIVERABLE, OUT"),
        (
            ["undo_colour.py", "{file}", "b.tif", "c.tif"],
            1,
            "expected the deliver record of a scan",
        ),
        (["fetch_model.py"], 2, "are required: name"),
        (["fetch_model.py", "nosuch"], 1, "network 'nosuch' is unknown; known are"),
        (["fetch_model.py", "x", "--extra", "{"], 1, "models: expected JSON, found '{'"),
        (["fetch_model.py", "x", "--extra", "[1]"], 1, "models: expected names, each with its"),
        (["fetch_model.py", "x", "--extra", '{"x": {}}'], 1, "models.x.architecture: is missing"),
        (["fetch_model.py", "ffdnet-color", "--models-dir", "{file}/models"], 1, "Not a directory"),
        (["make_demo.py", "{file}"], 1, "cannot be written"),
        (["sheet.py", MISSING], 2, "is not a folder"),
        (["sheet.py", "a", "b"], 2, "unrecognized arguments: b; --help says what there is"),
        (["run_step.py", "ingest"], 2, "are required: batch, --results"),
        (["keep_log.py"], 2, "are required: FILE"),
        (["run_step.py", "ingest", "box", "--results", MISSING], 1, "holds no run"),
        (["restore.py", "--", "true"], 2, "which scans? expected SHEET=my.tsv"),
        (["restore.py", "--sheet", "~/none.tsv", "--", "true"], 2, f"'{HOME}/none.tsv' is no file"),
        (["status.py", "--results", "~/none"], 2, f"'{HOME}/none/run.json' is not there"),
        (["restore.py", "--sheet", "x.tsv"], 2, "are required: command"),
        (["clean_results.py", "--results", "{file}"], 2, "is no folder"),
        (["preflight.py", "--installd"], 2, "unrecognized arguments"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_are_one_line(
    tmp_path: Path, script: Script, words: list[str], code: int, said: str
) -> None:
    file = tmp_path / "file"
    file.write_text("no more than a line\n")
    done = script(*(word.replace("{file}", str(file)) for word in words), folder=tmp_path)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code
    # What must run on old Pythons shows argparse's own two lines.
    assert done.stderr.count("\n") == (2 if words[0] == "preflight.py" else 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
