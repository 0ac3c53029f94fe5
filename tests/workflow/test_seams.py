"""A stage, and a file beside the deliverable, added the way `docs/adding.md` says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import yaml

from restoration.deliver.xmp.packet import read_properties
from restoration.raster.tiff.page import open_page
from restoration.storage.manifest import MANIFEST
from support.code_of_page import code_of_page
from support.project import ROOT, Project

PAGE = ROOT / "docs" / "adding.md"


def write(project: Project, place: str, code: str) -> Path:
    path = project.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    assert not path.exists()
    path.write_text(code)
    return path


def insert(project: Project, place: str, before: str, code: str) -> Path:
    """Put code into a file, before a line that is there once."""
    path = project.folder / place
    text = path.read_text()
    assert text.count(f"\n{before}") == 1
    path.write_text(text.replace(f"\n{before}", f"\n{code}{before}"))
    return path


def ask(project: Project, code: str) -> Any:
    """What a few lines print as JSON, in the project's own package, after the plan was made."""
    plan = "from restoration.plan.plan import load_plan; from pathlib import Path; import json\n"
    plan += "plan = load_plan(Path('results/run.json'))\n"
    done = project.python(["-c", plan + code], warm=False, PYTHONPATH="scripts")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def passes(project: Project, test: Path) -> None:
    """A test that the page shows passes in the project."""
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    done = project.python(command, warm=False, PYTHONPATH="scripts")
    assert done.returncode == 0, done.stdout


def add_stage(project: Project) -> set[Path]:
    """The stage of the page, between `upscale` and `colour`; returns the files touched."""
    project.own_code()
    said = code_of_page(PAGE, "Adding a stage")
    registry = "scripts/restoration/config/stages/__init__.py"
    touched = {
        write(project, place, said.pop(place))
        for place in (
            "scripts/restoration/config/stages/lighten.py",
            "scripts/restoration/stages/lighten.py",
            "tests/unit/stages/test_lighten.py",
        )
    }
    imports = said.pop(f"{registry}: with the imports")
    touched.add(insert(project, registry, "from restoration.config.stages.repair", imports))
    entry = said.pop(f"{registry}: in REGISTRY")
    touched.add(insert(project, registry, '    "colour": Entry(', entry))
    recipe = yaml.safe_load(said.pop("config: recipes.<recipe>.stages"))
    assert not said
    config = project.config()
    config["recipes"]["plain"]["stages"] |= recipe
    project.configure(config)
    return touched | {project.folder / "my.yaml"}


def history_of(path: Path) -> list[dict[str, str]]:
    with open_page(path) as page:
        found: list[dict[str, str]] = read_properties(page.tag_bytes(700))["History"]
    return found


@pytest.mark.slow
def test_a_stage_is_added_in_five_places_and_all_else_follows(project: Project) -> None:
    before = project.stamps()
    touched = add_stage(project)
    assert len(touched) == 5
    passes(project, project.folder / "tests/unit/stages/test_lighten.py")

    # As a cluster's profile sets threads for the stages that it knows.
    planned = project.run("-n", "--set-threads", "cleanup=2")
    rule = planned.partition("\nrule lighten:\n")[2].partition("\nrule ")[0].split("\n    ")
    batch = rule[1].removeprefix("output: results/plain/lighten/").removesuffix(".tsv")
    assert rule[0].strip() == f"input: results/plain/upscale/{batch}.tsv"
    assert {"threads: 2", "priority: 71"} <= set(rule)
    project.run("--until", "lighten")
    assert (project.results / "plain/lighten/one.tsv").is_file()
    assert not {name for name in project.written_since(before) if "/deliver/" in name}
    project.run()
    # What comes before it in its recipe is as it was.
    written = {name.rsplit("/", 1)[0] for name in project.written_since(before)}
    assert written == {"plain/lighten", "plain/deliver"}

    record = json.loads((project.results / "plain/lighten/a.json").read_text())
    assert record["pages"][0]["status"] == "applied"
    assert record["settings"] == {"share": 0.25}
    made = tifffile.imread(project.results / "plain/lighten/a.tif") / 65535
    given = tifffile.imread(project.results / "plain/upscale/a.tif") / 65535
    assert abs(made - (given + 0.25 * (1 - given))).max() < 1 / 65535
    delivered = tifffile.imread(project.results / "plain/deliver/a.tif")
    assert abs(delivered / 65535 - made).max() < 1 / 65535
    history = history_of(project.results / "plain/deliver/a.tif")
    assert [one["action"] for one in history] == ["filtered", "resized", "edited", "saved"]
    assert "tones go 25% of the way to white" in history[2]["parameters"]
    report = (project.results / "plain/report.html").read_text()
    assert "<strong>Lighter tones:</strong>" in report
    assert "tones go 25% of the way to white" in report

    cost = ask(
        project,
        "from restoration.plan.cost_model import CostModel\n"
        "from restoration.run.disk_need import _images_of\n"
        "model = CostModel(plan)\n"
        "print(json.dumps([model.scan_seconds('plain', 'lighten', m) for m in (0, 100)]"
        " + [_images_of(plan, 'plain', 1.0)]))",
    )
    assert cost[1] - cost[0] == pytest.approx(100 * 0.05)
    assert cost[2]["lighten"] == cost[2]["upscale"]


def said_by(project: Project, script: str, *arguments: str, expected: int = 0) -> str:
    """What one of the command lines says, on the project's results."""
    done = project.script(script, "--results", "results", *arguments)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def add_sidecar(project: Project) -> set[Path]:
    """The file beside the deliverable of the page; returns the files touched."""
    project.own_code()
    said = code_of_page(PAGE, "Adding a file beside the deliverable")
    room = "scripts/restoration/deliver/sidecars"
    registry = f"{room}/__init__.py"
    touched = {
        write(project, place, said.pop(place))
        for place in (f"{room}/size.py", "tests/unit/deliver/test_size.py")
    }
    path = project.folder / registry
    line = "SIDECARS: tuple[Sidecar, ...] = (CUBE,)\n"
    text = path.read_text()
    assert text.count(line) == 1
    path.write_text(text.replace(line, said.pop(f"{registry}: the registry")))
    imports = said.pop(f"{registry}: with the imports")
    touched.add(insert(project, registry, "from restoration.storage.journal", imports))
    assert not said
    return touched


@pytest.mark.slow
def test_a_file_beside_the_deliverable_is_added_in_three_places(project: Project) -> None:
    deliveries = project.results / "plain/deliver"
    before = tifffile.imread(deliveries / "a.tif")
    stamps = project.stamps()
    touched = add_sidecar(project)
    assert len(touched) == 3
    passes(project, project.folder / "tests/unit/deliver/test_size.py")

    # Written, recorded, listed, shown; the deliverable's pixels and every stage's as they were.
    project.run()
    assert (deliveries / "a.txt").read_text() == "a: 192 x 144 px\n"
    sha256 = hashlib.sha256(b"a: 192 x 144 px\n").hexdigest()
    record = json.loads((deliveries / "a.json").read_text())
    assert record["schema"] == 3
    assert record["deliverable"]["files"] == [{"kind": "size", "file": "a.txt", "sha256": sha256}]
    assert f"{sha256}  plain/deliver/a.txt\n" in (project.results / MANIFEST).read_text()
    report = (project.results / "plain/report.html").read_text()
    assert '<th scope="row">Size as text</th><td>a.txt</td>' in report
    assert np.array_equal(tifffile.imread(deliveries / "a.tif"), before)
    written = {name.rsplit("/", 1)[0] for name in project.written_since(stamps)}
    assert written == {"plain/deliver"}

    # Verified; named by a record, so nothing that pruning may take; damage is found.
    said_by(project, "verify")
    said_by(project, "prune", "--yes", "--keep", "none", "--orphans")
    assert (deliveries / "a.txt").is_file()
    (deliveries / "a.txt").write_text("a: 1 x 1 px\n")
    (deliveries / "c.txt").unlink()
    said = said_by(project, "verify", "--repair", expected=1)
    assert "altered size" in said
    assert "missing size" in said

    # Made again, to the byte; that of a scan which became a problem goes with its deliverable.
    delivered = (deliveries / "b.tif").read_bytes()
    (project.folder / "masters/b.tif").write_text("no TIFF")
    stamps = project.stamps()
    project.run()
    assert (deliveries / "a.txt").read_text() == "a: 192 x 144 px\n"
    assert (deliveries / "c.txt").read_text() == "c: 192 x 144 px\n"
    assert not list(deliveries.glob("b.t*"))
    withdrawn = project.results / "plain/withdrawn/b@1"
    assert (withdrawn / "b.txt").read_text() == "b: 192 x 144 px\n"
    assert (withdrawn / "b.tif").read_bytes() == delivered
    why = json.loads((withdrawn / "withdrawn.json").read_text())
    assert set(why["files"]) == {"b.tif", "b.txt"}

    # Deleted with everything else.
    said_by(project, "clean_results", "--yes")
    assert not project.results.exists()
