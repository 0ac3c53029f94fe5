"""A mistake in the config is one line that names the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from restoration.config.documentation import readme, schema
from restoration.config.settings import load_config
from restoration.config.yaml_text import WrittenFiles
from restoration.errors import ConfigError, ScanError
from restoration.networks.manifest import users_architectures
from restoration.plan.make_plan import make_plan

ROOT = Path(__file__).resolve().parents[3]


def stages(**given: Any) -> dict[str, Any]:
    return {"recipes": {"archive": {"stages": given}}}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"recipes": {"archive": {}}, "resluts": "x"}, "resluts: unknown key; did you mean 'res"),
        (stages(cleanup={"strenght": 1}), "recipes.archive.stages.cleanup.strenght: unknown key"),
        (
            stages(cleanup={"strength": 2}),
            "stages.cleanup.strength: expected a number of at most 1, found 2",
        ),
        (
            stages(cleanup={"strength": "x"}),
            "stages.cleanup.strength: expected a number, found 'x'",
        ),
        (stages(cleanup={"denoise": True}), "stages.cleanup.denoise"),
        (stages(polish={}), "recipes.archive.stages.polish: unknown key"),
        (stages(upscale={"factor": 2, "ppi": 600}), "give one of factor, print_size and ppi"),
        (stages(upscale={"factor": 0.5}), "stages.upscale.factor"),
        ({"recipes": {"mine": {}}}, "recipe: 'archive' is not among the recipes (mine)"),
        ({"recipes": {"ingest": {}}, "recipe": "ingest"}, "recipes.ingest: is a folder of the"),
        ({"recipes": {"archive": {}, "a/b": {}}}, "recipes.a/b"),
        ({}, "recipes: is missing"),
        (
            {"recipes": {"archive": {}}, "device": "gpu"},
            "device: expected auto, cpu, cuda or mps, found 'gpu'",
        ),
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
    known = users_architectures()
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == readme(known)
    current = (ROOT / "config/schemas/config.schema.json").read_text(encoding="utf-8")
    assert current == schema(known), "run `make docs`"


@pytest.mark.parametrize("name", ["config.yaml", "demo.yaml"])
def test_shipped_configs_are_valid(name: str) -> None:
    base = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    over = yaml.safe_load((ROOT / "config" / name).read_text())
    load_config({**base, **over, "recipes": {**base["recipes"], **over.get("recipes", {})}})


@pytest.mark.parametrize("word", ["yes", "on", "true", "Yes", "TRUE", True])
def test_switches_take_every_spelling_of_yaml(word: object) -> None:
    """Of `scratch: "yes"` and `--config scratch=yes` a text arrives, of `scratch: yes` True."""
    recipes = {"recipes": {"archive": {"stages": {"repair": {"grain": word}}}}}
    config = load_config({**recipes, "scratch": word})
    assert config.scratch is True
    repair = config.recipes["archive"].stages.repair
    assert repair is not None
    assert repair.grain is True


@pytest.mark.parametrize("word", ["off", "no", "false", "No", False])
def test_what_is_off_is_off_in_every_spelling(word: object) -> None:
    raw = {"recipes": {"archive": {"stages": {"descreen": word, "faces": {"red_eye": word}}}}}
    config = load_config({**raw, "ignore_disk_need": word, "examine": {"faces": "off"}})
    stages_of = config.recipes["archive"].stages
    assert config.ignore_disk_need is False
    assert stages_of.descreen is None
    assert stages_of.faces is not None
    assert stages_of.faces.red_eye is False
    assert config.recipes["archive"].chain() == ("faces",)


def test_every_setting_with_the_word_off_takes_what_yaml_makes_of_it() -> None:
    """`examine: {faces: off}` arrives as False."""
    raw = yaml.safe_load("{recipes: {archive: {stages: {cleanup: on}}}, examine: {faces: off}}")
    config = load_config(raw)
    assert config.examine.faces == "off"
    assert config.recipes["archive"].chain() == ("cleanup",)


def test_numbers_that_yaml_and_the_command_line_take_for_texts() -> None:
    """YAML 1.1 reads `1e-1` as a text, and of `--config engine='{memory_gib: 2}'` all is text."""
    given = {"engine": {"memory_gib": "2", "band_rows": "32", "strip_columns": "512"}}
    recipes = stages(cleanup={"strength": "1e-1", "working_ppi": "300"})["recipes"]
    recipes["archive"]["deliver"] = {"depth": 16}
    config = load_config({"recipes": recipes, **given, "threads": "2"})
    engine = config.engine
    assert (engine.memory_gib, engine.band_rows, engine.strip_columns) == (2.0, 32, 512)
    cleanup = config.recipes["archive"].stages.cleanup
    assert cleanup is not None
    assert (cleanup.strength, cleanup.working_ppi) == (0.1, 300.0)
    assert config.recipes["archive"].deliver.depth == "16"
    assert config.threads == 2


BEGIN = "recipes:\n  archive:\n    stages:\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            BEGIN + "      repair:\n        kinds: scratches\n",
            "'my.yaml', line 5: recipes.archive.stages.repair.kinds: expected a list of dust, "
            "hairs, scratches, cracks, stains, losses, found 'scratches'; write kinds: [scratches]",
        ),
        (BEGIN + "      repair: {kinds: {a: b}}", "found keys; write kinds: [{a: b}]"),
        (
            BEGIN + "      repair: {kinds: [scratch]}",
            "line 4: recipes.archive.stages.repair.kinds.0",
        ),
        (
            BEGIN + "      denoise:\n        grain: no\n",
            "line 5: recipes.archive.stages.denoise.grain: expected keep, reduce or remove, found "
            "'no' (to YAML off, no and false are the same)",
        ),
        (BEGIN + "      denoise: {grain: Keep}", "found 'Keep'; did you mean 'keep'?"),
        (BEGIN + "      repair: {grain: some}", "repair.grain: expected yes or no, found 'some'"),
        (BEGIN + "      repair: [dust]", "repair: expected a section of keys (apply, "),
        (
            BEGIN + "      repair: {grian: on}",
            "line 4: recipes.archive.stages.repair.grian: unknown",
        ),
        (BEGIN + "      repiar: {}", "stages.repiar: unknown key; did you mean 'repair'?"),
        ("recipes: {archive: {satges: {}}}", "archive.satges: unknown key; did you mean 'stages'"),
        ("recipes: {archive: {deliver: {dpeth: 16}}}", "deliver.dpeth: unknown key; did you mean"),
        ("recipes: {archive: {}}\nmodels: {own: {pth: x}}", "line 2: models.own.architecture: is"),
        ("recipes: {archive: {}}\nonly: 007", "line 2: only: expected a text, found '007'; write"),
        ("recipes: {archive: {}}\nexamine: off", "examine: expected a section of keys (window, "),
        (
            "recipes: {archive: {}}\nrecipe: archiv",
            "line 2: recipe: 'archiv' is not among the recipes (archive); did you mean 'archive'?",
        ),
        ("recipes:\n  archive: {}\n  ingest: {}", "line 3: recipes.ingest: is a folder of the"),
        ("recipes: archive", "recipes: expected names, each with its section, found 'archive'"),
        ("recipes: {archive: {}}\nthreads: 1.5", "threads: expected a whole number, found '1.5'"),
        (
            "recipes: {archive: {}}\nthreads:\n  - 1",
            "threads: expected a whole number, found a list",
        ),
    ],
)
def test_a_mistake_in_a_file_names_line_and_remedy(
    tmp_path: Path, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = tmp_path / "base.yaml"
    base.write_text("recipes: {archive: {}}\nscans: base.tsv\n")
    (tmp_path / "my.yaml").write_text(text)
    files = WrittenFiles([base, tmp_path / "my.yaml"])
    files.check()
    with pytest.raises(ConfigError) as caught:
        load_config(yaml.safe_load(text), files)
    assert str(caught.value).startswith("config: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_on_the_command_line_is_said_to_be_there() -> None:
    given = {"threads": "two"}
    with pytest.raises(ConfigError, match=r"--config\): threads: expected a whole number"):
        load_config({"recipes": {"archive": {}}, **given}, WrittenFiles([], given))


def test_what_make_was_told_is_said_to_be_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / ".snakemake" / "restore" / "0123.json"
    path.parent.mkdir(parents=True)
    path.write_text('{\n "recipe": "archiv"\n}')
    given = {"recipes": {"archive": {}}, "recipe": "archiv"}
    with pytest.raises(ConfigError, match=r"^config: on the command line: recipe: 'archiv' is not"):
        load_config(given, WrittenFiles([path]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"scans: a\nrecipes:\n\tarchive: {}\n", "line 3, column 1: a tab stands here"),
        (b"scans:\ta.tsv\n", "line 1, column 7: a tab stands here"),
        (b"scans: a\nresults: b\nscans: c\n", "line 3, column 1: the key 'scans' is given twice"),
        (b"recipes:\n  a: {}\n  a: {}\n", "line 3, column 3: the key 'a' is given twice, first in"),
        (b"{a: 1, a: 2}", "line 1, column 8: the key 'a' is given twice, first in line 1"),
        (b'{"scans": "a", "scans": "b"}', "the key 'scans' is given twice"),
        (b'a: 1\nscans: "my.tsv\nresults: b\n', "line 2, column 8: the quote that opens here"),
        (b'scans: "C:\\scans"\n', "a \\ between double quotes has a meaning"),
        (b"scans: a: b\n", "line 1, column 9: a colon stands where no key can be"),
        (b"scans: [a, b\nresults: c\n", "line 1, column 8: the [ that opens here is not closed"),
        (b"a: {b: 1\nc: 2\n", "line 1, column 4: the { that opens here is not closed"),
        (b"scans: a\n  results: b\n", "line 2, column 10: a colon stands where no key can be"),
        (b"a:\n   b: 1\n  c: 2\n", "line 3, column 3: this line is indented unlike"),
        (b"scans: @a\n", "line 1, column 8: a text cannot begin with '@'"),
        (b"scans\nresults: b\n", "line 2, column 8: a colon stands"),
        (b"scans: a\nresults\n", "expected `key: value`"),
        (b"scans: m\xfcller.tsv\n", "is not UTF-8 text (line 1)"),
        ("scans: a\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (b"scans: a\0b\n", "line 1: the character #x0000"),
        (b"", "is empty; expected `key: value`"),
        (b"- a\n", "holds no keys"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_is_no_yaml_says_where_and_what_to_write(
    tmp_path: Path, text: bytes | None, said: str
) -> None:
    path = tmp_path / "my.yaml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(ConfigError, match=r"^config: '.*my\.yaml'") as caught:
        WrittenFiles([path]).check()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize(
    ("found", "advice"), [("rrdbnt", "; did you mean 'rrdbnet'?"), ("dlib", "")]
)
def test_an_architecture_that_there_is_not_is_one_line(
    tmp_path: Path, found: str, advice: str
) -> None:
    (tmp_path / "scans.tsv").write_text("scan\tpath\na\ta.tif\n")
    lines = [
        f"scans: {tmp_path}/scans.tsv",
        "recipes: {archive: {}}",
        "models:",
        f"  own: {{path: own.pth, sha256: {'a' * 64},",
        f"    architecture: {found}}}",
    ]
    (tmp_path / "own.yaml").write_text("\n".join(lines))
    raw = yaml.safe_load((tmp_path / "own.yaml").read_text())
    with pytest.raises(ConfigError) as caught:
        make_plan(raw, WrittenFiles([tmp_path / "own.yaml"]))
    assert str(caught.value) == (
        f"config: '{tmp_path}/own.yaml', line 5: models.own.architecture: expected rrdbnet, "
        "srvgg, ffdnet, spandrel, gfpgan, spandrel-face, retinaface or lama, "
        f"found '{found}'{advice}"
    )
