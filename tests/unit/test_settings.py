"""A mistake in the config is one line that names the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from restoration.config_docs import readme, schema
from restoration.errors import ConfigError, ScanError
from restoration.planning import make_plan
from restoration.settings import load_config

ROOT = Path(__file__).resolve().parents[2]


def stages(**given: Any) -> dict[str, Any]:
    return {"recipes": {"archive": {"stages": given}}}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"recipes": {"archive": {}}, "resluts": "x"}, "resluts: unknown key; did you mean 'res"),
        (stages(cleanup={"strenght": 1}), "recipes.archive.stages.cleanup.strenght: unknown key"),
        (stages(cleanup={"strength": 2}), "stages.cleanup.strength: input should be less than"),
        (stages(cleanup={"strength": "x"}), "stages.cleanup.strength: input should be a valid"),
        (stages(cleanup={"denoise": True}), "stages.cleanup.denoise"),
        (stages(polish={}), "recipes.archive.stages.polish: unknown key"),
        (stages(upscale={"factor": 2, "ppi": 600}), "give one of factor, print_size and ppi"),
        (stages(upscale={"factor": 0.5}), "stages.upscale.factor"),
        ({"recipes": {"mine": {}}}, "recipe: 'archive' is not among the recipes (mine)"),
        ({"recipes": {"ingest": {}}, "recipe": "ingest"}, "recipes.ingest: is a folder of the"),
        ({"recipes": {"archive": {}, "a/b": {}}}, "recipes.a/b"),
        ({}, "recipes: field required"),
        ({"recipes": {"archive": {}}, "device": "gpu"}, "device: input should be"),
    ],
)
def test_mistakes_name_their_key(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_network_is_named_before_any_job(tmp_path: Path) -> None:
    (tmp_path / "scans.tsv").write_text("scan\tpath\na\ta.tif\n")
    raw = {"scans": str(tmp_path / "scans.tsv"), **stages(cleanup={"network": "esrgan"})}
    with pytest.raises(
        ConfigError, match=r"archive\.stages\.cleanup\.network: network .esrgan. is unknown"
    ):
        make_plan(raw)


def test_documentation_and_schema_are_current() -> None:
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == readme()
    current = (ROOT / "config/schemas/config.schema.json").read_text(encoding="utf-8")
    assert current == schema(), "run `make docs`"


@pytest.mark.parametrize("name", ["config.yaml", "demo.yaml"])
def test_shipped_configs_are_valid(name: str) -> None:
    import yaml

    base = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    over = yaml.safe_load((ROOT / "config" / name).read_text())
    load_config({**base, **over, "recipes": {**base["recipes"], **over.get("recipes", {})}})


def test_switches_of_the_command_line_are_spelt_as_in_yaml() -> None:
    recipes = {"recipes": {"archive": {}}}
    assert load_config({**recipes, "scratch": "true"}).scratch is True
    assert load_config({**recipes, "ignore_disk_need": "false"}).ignore_disk_need is False
    with pytest.raises(ConfigError, match="found 'yes'"):
        load_config({**recipes, "scratch": "yes"})


def test_a_bomb_of_references_is_a_short_message() -> None:
    bomb: Any = ["ha"]
    for _ in range(40):
        bomb = [bomb] * 10
    sections: Any = {"a": 1}
    for _ in range(40):
        sections = {"a": sections, "b": sections}
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    recipes = {"archive": {}}
    for raw in (
        {"recipes": recipes, "scans": bomb},
        {"recipes": recipes, "ingest": sections},
        {"recipes": recipes, "ingest": deep},
        {"recipes": recipes, "scans": "a\0b"},
        {"recipes": recipes, "results": "\ud800"},
    ):
        with pytest.raises(ConfigError) as caught:
            load_config(raw)
        assert len(str(caught.value)) < 500
        assert str(caught.value).isprintable()


def test_what_steers_a_terminal_is_shown_as_what_it_is() -> None:
    assert str(ScanError("a\x1b[2J\u202eb\nc\xa0d\0")) == "a\\x1b[2J\\u202eb c d\\x00"
    assert len(str(ConfigError("x" * 2_000_000))) < 10_100
    assert str(ConfigError("Müller & Söhne, 1 × 2")) == "Müller & Söhne, 1 × 2"
