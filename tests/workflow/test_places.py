"""Where a checkout and results may lie, and what a dry run leaves as it was."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from support.project import Project, make_project

HOSTILE = "-check out $(touch pwned) `touch pwned` 'q' \"d\" & ;"


class Elsewhere(Project):
    """A checkout that is run from another folder."""

    def __init__(self, folder: Path, work: Path) -> None:
        super().__init__(work)
        self.checkout = folder
        config = Project(folder).config()
        config |= {"scans": str(folder / "scans.tsv"), "models_dir": "mod els $(touch pwned)"}
        config["results"] = "results $(touch pwned) 'x'"
        config["models"]["tiny"]["path"] = str(folder / "models/tiny.pth")
        self.configure(config)

    def command(self, *arguments: str) -> list[str]:
        snakefile = str(self.checkout / "Snakefile")
        return [*super().command(*arguments), "--snakefile", snakefile]


@pytest.fixture
def elsewhere(tmp_path: Path, warm: object) -> Elsewhere:
    checkout, work = tmp_path / HOSTILE, tmp_path / "work"
    for folder in (checkout, work):
        folder.mkdir()
    return Elsewhere(make_project(checkout).folder, work)


def test_commands_hold_paths_as_single_words(elsewhere: Elsewhere) -> None:
    said = elsewhere.run("--dry-run", "--printshellcmds", warm=False)
    commands = [line.strip() for line in said.splitlines() if "python " in line and ".py" in line]
    named = set()
    for command in commands:
        words = shlex.split(command)
        scripts = [words[at + 1] for at, word in enumerate(words) if word == "python"]
        assert scripts, command
        for script in scripts:
            assert (elsewhere.folder / script).resolve().parent.parent == elsewhere.checkout
        named.update(Path(script).name for script in scripts)
    steps = {
        "run_step.py",
        "problems.py",
        "report.py",
        "fetch_model.py",
        "keep_log.py",
        "manifest.py",
    }
    assert named == steps


@pytest.mark.slow
def test_a_checkouts_path_is_not_executed(elsewhere: Elsewhere) -> None:
    elsewhere.run()
    assert not list(elsewhere.folder.rglob("pwned"))
    assert not list(elsewhere.checkout.rglob("pwned"))
    results = elsewhere.folder / "results $(touch pwned) 'x'"
    assert len(list(results.glob("plain/deliver/*.tif"))) == 3
    assert "3 scans" in (results / "logs/plain/page.log").read_text()
    assert "licence" in next(elsewhere.folder.glob("mod els*/tiny.licence.txt")).read_text()


def test_a_checkout_in_a_folder_with_braces_is_one_line(tmp_path: Path, warm: object) -> None:
    checkout = tmp_path / "{check} out"
    checkout.mkdir()
    said = make_project(checkout).run("--dry-run", check=False)
    assert f"error: this checkout lies in '{checkout}'" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("results", ["a{b}", "-results"])
def test_results_that_cannot_be_called_so_are_one_line(project: Project, results: str) -> None:
    project.configure({**project.config(), "results": results})
    said = project.run(check=False)
    assert f"error: config: results: '{results}' cannot be the name of this folder" in said
    assert "Traceback" not in said


def listing(folder: Path) -> dict[str, tuple[int, ...]]:
    """Everything below a folder as it lies there, without what is Snakemake's own."""
    return {
        str(path.relative_to(folder)): (found.st_ino, found.st_size, found.st_mtime_ns)
        for path in folder.rglob("*")
        if ".snakemake" not in path.parts and "__pycache__" not in path.parts
        for found in [path.lstat()]
    }


def test_a_dry_run_says_what_is_untrue_and_changes_nothing(project: Project) -> None:
    """As in a fresh clone to which results were copied: Snakemake knows of no earlier run."""
    shutil.rmtree(project.folder / ".snakemake")
    project.set_factor(1.25)
    for name in ("plain/cleanup/a.tif.host.1.part", "plain/cleanup/a.json.retried", ".other"):
        (project.results / name).write_text("left")
    before = listing(project.folder)
    said = project.run("--dry-run")
    assert listing(project.folder) == before
    for count in ("upscale 2", "deliver 2", "problems 1", "page 1"):
        assert count in [" ".join(line.split()) for line in said.splitlines()]
    assert "\nrule cleanup" not in said
    # Neither does a look at the rules, or at the jobs.
    project.run("--list-rules")
    project.run("--summary")
    assert listing(project.folder) == before


def test_a_second_pass_over_deliverables_stops_before_any_job(project: Project) -> None:
    before = listing(project.folder)
    # By hand: `sheet.py` takes no deliverable for a scan.
    made = sorted((project.results / "plain/deliver").glob("*.tif"))
    sheet = "scan\tpath\n" + "".join(f"{path.stem}\t{path}\n" for path in made)
    (project.folder / "scans.tsv").write_text(sheet)
    for arguments in ((), ("--dry-run",)):
        said = project.run(*arguments, check=False)
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        assert "the master of scan 'a'" in errors[0]
        assert "and 2 more masters" in errors[0]
    after = listing(project.folder)
    assert {name for name in before if after.get(name) != before[name]} == {"scans.tsv"}
