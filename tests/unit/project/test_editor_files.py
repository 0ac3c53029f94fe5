"""Files that other programs read: editors of the config, the Snakemake workflow catalog."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))


def schema_of(path: Path) -> Path:
    """The schema by which an editor checks the file and completes its keys."""
    first = path.read_text("utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None, f"{path.name} begins with: {first}"
    return path.parent / named[1]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_an_editor_finds_the_schema_of_a_config_and_nothing_wrong(path: Path) -> None:
    schema = json.loads(schema_of(path).read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    config = yaml.safe_load(path.read_text("utf-8"))
    assert [error.message for error in validator.iter_errors(config)] == []
    config["recipe_"] = "typed by mistake"
    assert [error.message for error in validator.iter_errors(config)] != []


def test_both_configs_are_looked_at() -> None:
    assert [path.name for path in CONFIGS] == ["config.yaml", "demo.yaml"]


def test_the_catalog_is_told_what_it_asks_for() -> None:
    """By its page on adding workflows, and where its generator reads ``report``."""
    told = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text("utf-8"))
    assert told.keys() == {"usage"}
    usage = told["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["mandatory-flags"].keys() == {"desc", "flags"}
    assert usage["mandatory-flags"]["flags"] == []
    ways = usage["software-stack-deployment"]
    assert ways.keys() == {"conda", "apptainer", "apptainer+conda"}
    assert usage["report"] is True


@pytest.mark.parametrize(
    ("way", "file"), [("conda", "restoration.yaml"), ("apptainer", "restoration.def")]
)
def test_the_catalog_is_promised_nothing_that_was_never_built(way: str, file: str) -> None:
    told = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text("utf-8"))
    first = (ROOT / "envs" / file).read_text("utf-8").splitlines()[0]
    if first.startswith("# UNBUILT"):
        assert told["usage"]["software-stack-deployment"][way] is False


def test_snakemake_s_own_report_can_be_made() -> None:
    """Snakemake imports pygments for it, and does not ask for it."""
    runtime = (ROOT / "envs" / "lock.txt").read_text("utf-8").casefold()
    assert re.search(r"(?m)^pygments==", runtime)
