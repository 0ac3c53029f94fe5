"""Rerun exactly what changed: every kind of change, and which records it wrote again."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from support.project import NOTHING, ROWS, Project, of, tiny_weights

STEPS = ("ingest", "examine", "cleanup", "upscale", "deliver")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_touched_files_rerun_nothing(project: Project) -> None:
    before = project.stamps()
    project.own_code()
    touched = [
        *project.folder.glob("scripts/**/*.py"),
        *project.folder.glob("rules/*"),
        *project.folder.glob("models/*"),
        *project.folder.glob("resources/**/*"),
        *project.results.rglob("*.tsv"),
        project.folder / "Snakefile",
        project.folder / "my.yaml",
        project.folder / "scans.tsv",
    ]
    # Upstream tables get the newest times: what a file-time trigger would fall for.
    for age, path in enumerate(sorted(touched, reverse=True)):
        os.utime(path, (2_000_000_000 + age, 2_000_000_000 + age))
    assert NOTHING in project.run(warm=False)
    assert project.written_since(before) == set()


@pytest.mark.slow
def test_touched_master_recomputes_no_stage(project: Project) -> None:
    before = project.stamps()
    os.utime(project.folder / "masters/a.tif")
    project.run()
    assert project.written_since(before) == of("a", "ingest")
    assert NOTHING in project.run()


def test_changed_master_reruns_its_scan_alone(project: Project) -> None:
    before = project.stamps()
    shutil.copy(project.folder / "masters/d.tif", project.folder / "masters/a.tif")
    project.run()
    assert project.written_since(before) == of("a", *STEPS)


def test_one_upscale_setting(project: Project) -> None:
    before = project.stamps()
    project.set_factor(1.25)
    project.run()
    assert project.written_since(before) == of("abc", "upscale", "deliver")


@pytest.mark.slow
def test_two_settings_swapped(project: Project) -> None:
    config = project.config()
    cleanup = config["recipes"]["plain"]["stages"]["cleanup"]
    cleanup["strength"], cleanup["denoise"] = 0.25, 0.75
    project.configure(config)
    project.run()
    before = project.stamps()
    cleanup["strength"], cleanup["denoise"] = 0.75, 0.25
    project.configure(config)
    project.run()
    assert project.written_since(before) == of("abc", "cleanup", "upscale", "deliver")


@pytest.mark.slow
def test_reordered_keys_rerun_nothing(project: Project) -> None:
    config = project.config()

    def reverse(value: object) -> object:
        if isinstance(value, dict):
            return {key: reverse(item) for key, item in reversed(value.items())}
        return value

    project.configure(reverse(config))  # type: ignore[arg-type]
    assert list(project.config()) == list(reversed(config))
    assert NOTHING in project.run()


@pytest.mark.slow
def test_edited_docstring_reruns_nothing(project: Project) -> None:
    project.own_code()
    edit(project.folder / "scripts/restoration/stages/cleanup/stage.py", '"""', '"""Edited. ')
    edit(project.folder / "scripts/restoration/raster/resample.py", '"""', '"""Edited. ')
    assert NOTHING in project.run()


EDITED = {
    "stages/upscale/stage.py": ("upscale", "deliver"),
    "stages/cleanup/stage.py": ("cleanup", "upscale", "deliver"),
    "engine/run.py": ("cleanup", "upscale", "deliver"),
    "deliver/xmp/packet.py": ("deliver",),
    "review/page.py": (),
    "plan/cost_model.py": (),
    "config/sheet.py": (),
    "networks/registry.py": (),
    "chain/scan_keys.py": (),
}


def test_edited_code_reruns_only_its_importers(project: Project) -> None:
    """Each module by itself, as a dry run tells; see below for what then runs."""
    project.own_code()
    code, kept = project.folder / "scripts/restoration", project.folder / "kept.py"
    for module, steps in EDITED.items():
        shutil.copy2(code / module, kept)
        with (code / module).open("a") as file:
            file.write("\n_EDITED = 1\n")
        said = project.run("--dry-run", "--quiet", "rules")
        counted = dict(re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE))
        # Of both batches, and of no other step.
        ours = {step: count for step, count in counted.items() if step in STEPS}
        assert ours == dict.fromkeys(steps, "2"), module
        assert (NOTHING in said) == (not steps)
        shutil.copy2(kept, code / module)


def test_edited_code_is_the_code_that_runs(project: Project) -> None:
    before = project.stamps()
    project.own_code()
    edit(
        project.folder / "scripts/restoration/stages/upscale/stage.py",
        "from __future__ import annotations\n",
        'from __future__ import annotations\n\nprint("edited")\n',
    )
    said = project.run(warm=False)
    assert project.written_since(before) == of("abc", "upscale", "deliver")
    assert "\nedited\n" in said


def test_replaced_weights(project: Project) -> None:
    before = project.stamps()
    config = project.config()
    config["models"]["tiny"]["sha256"] = tiny_weights(project.folder / "models/tiny.pth", seed=2)
    project.configure(config)
    project.run()
    assert project.written_since(before) - {"models/tiny"} == of(
        "abc", "cleanup", "upscale", "deliver"
    )


@pytest.mark.slow
def test_added_row(project: Project) -> None:
    before = project.stamps()
    project.sheet([*ROWS, ("d", "masters/d.tif", "one", "")])
    project.run()
    assert project.written_since(before) == of("d", *STEPS)


@pytest.mark.slow
def test_removed_row(project: Project) -> None:
    before = project.stamps()
    project.sheet(ROWS[:1] + ROWS[2:])
    project.run()
    assert project.written_since(before) == set()
    assert "\nb\t" not in (project.results / "plain/deliver/one.tsv").read_text()
    assert NOTHING in project.run()


@pytest.mark.slow
def test_moved_row(project: Project) -> None:
    before = project.stamps()
    project.sheet([ROWS[0], ("b", "masters/b.tif", "two", ""), ROWS[2]])
    project.run()
    assert project.written_since(before) == set()
    assert "\nb\t" in (project.results / "plain/deliver/two.tsv").read_text()
    assert NOTHING in project.run()


@pytest.mark.slow
def test_added_recipe_shares_what_it_can(project: Project) -> None:
    before = project.stamps()
    project.sheet([("a", "masters/a.tif", "one", "plain other"), *ROWS[1:]])
    output = project.run()
    # The cleaned image is the other recipe's, under a second name: linked, not computed.
    assert project.written_since(before) >= of("a", "cleanup", "deliver", recipe="other")
    shared = [project.results / r / "cleanup/a.tif" for r in ("plain", "other")]
    assert shared[0].samefile(shared[1])
    changed = project.written_since(before) - {"plain/cleanup/a"}
    assert changed == of("a", "cleanup", "deliver", recipe="other")
    assert "band" not in output


def test_results_in_a_fresh_clone_without_snakemakes_metadata(project: Project) -> None:
    shutil.rmtree(project.folder / ".snakemake")
    for path in sorted(project.results.rglob("*"), reverse=True):
        os.utime(path)
    before = project.stamps()
    project.run()
    assert project.written_since(before) == set()
    assert NOTHING in project.run()
    # And a change is still seen.
    project.set_factor(1.25)
    shutil.rmtree(project.folder / ".snakemake")
    project.run()
    assert project.written_since(before) == of("abc", "upscale", "deliver")


def test_results_of_another_checkout_in_one_that_has_run_before(project: Project) -> None:
    """Whoever tries a new version on the demo, and then on the collection that the old one made."""
    project.set_factor(1.25)
    recorded = project.folder / ".snakemake/metadata"
    for path in recorded.iterdir():
        path.unlink()
    (recorded / "b3RoZXIvcmVzdWx0cy9pbmdlc3QvYS50c3Y=").write_text("{}")
    before = project.stamps()
    project.run()
    assert project.written_since(before) == of("abc", "upscale", "deliver")
    assert NOTHING in project.run()


def test_a_backup_of_earlier_results_that_was_put_back(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.results, tmp_path / "backup")
    project.set_factor(1.25)
    project.run()
    shutil.rmtree(project.results)
    shutil.copytree(tmp_path / "backup", project.results)
    before = project.stamps()
    project.run()
    assert project.written_since(before) == of("abc", "upscale", "deliver")
    assert NOTHING in project.run()


@pytest.mark.slow
def test_pruned_intermediates_are_made_again_only_when_needed(project: Project) -> None:
    for image in (project.results / "plain/cleanup").glob("*.tif"):
        image.unlink()
    before = project.stamps()
    (project.results / "plain/deliver/one.tsv").unlink()
    project.run()
    assert project.written_since(before) == set()
    project.set_factor(1.25)
    project.run()
    assert project.written_since(before) == of("abc", "cleanup", "upscale", "deliver")
