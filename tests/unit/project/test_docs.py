"""What README, docs/ and CONTRIBUTING.md say can be done: commands run, links and names exist."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from PIL import Image
from pydantic import BaseModel

from restoration.config.regions import read_regions
from restoration.config.settings import Config, Recipe, StagesSettings, load_config
from restoration.engine.native.build import tested
from restoration.findings.report import FINDINGS
from support.project import Project
from support.warm_python import WarmPython

ROOT = Path(__file__).resolve().parents[3]
BESIDE = ("README", "CONTRIBUTING", "config/README", "envs/README", "profiles/README")
PAGES = [*(ROOT / f"{name}.md" for name in BESIDE), *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
MOST_BYTES = 200_000

FENCE = re.compile(
    r"(?:^ *<!-- (?P<said>[^\n]*?) -->\n)?"
    r"^(?P<indent> *)```(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the comment on the line before it."""

    page: str
    line: int
    kind: str
    text: str
    said: str

    @property
    def commands(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.strip()]

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    found = []
    for page, name in zip(PAGES, NAMES, strict=True):
        text = page.read_text("utf-8")
        for match in FENCE.finditer(text):
            line = text[: match.start("text")].count("\n")
            found.append(
                Block(name, line, match["kind"], dedent(match["text"]), match["said"] or "")
            )
    return found


BLOCKS = blocks()
COMMANDS = [block for block in BLOCKS if block.kind == "sh"]
RUN_HERE = [block for block in COMMANDS if not block.said.startswith(("run by ", "not run: "))]
RUN_ELSEWHERE = [block for block in COMMANDS if block.said.startswith("run by ")]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_the_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    linked = set(re.findall(r"\]\(docs/([a-z-]+\.md)[)#]", text))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")}
    # Configuration is linked where it is generated.
    assert pages - linked <= {"index.md", "configuration.md"}


def test_every_block_says_what_it_is() -> None:
    known = {"sh", "yaml", "json", "text", "python", "{include} ../config/README.md", "{toctree}"}
    assert {block.id: block.kind for block in BLOCKS if block.kind not in known} == {}
    fences = [re.findall(r"(?m)^ *```", page.read_text("utf-8")) for page in PAGES]
    assert sum(map(len, fences)) == 2 * len(BLOCKS)
    # A block of the other kind, by its indentation, would be looked at by no test.
    plain = [FENCE.sub("", page.read_text("utf-8")) for page in PAGES]
    assert [text for text in plain if re.search(r"\n\n {4}\S", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_what_stands_in_angle_brackets_is_shown(page: Path) -> None:
    """Outside of code, ``<scan>`` is a tag of HTML that no browser shows."""
    text = re.sub(r"<!--.*?-->", "", FENCE.sub("", page.read_text("utf-8")), flags=re.DOTALL)
    assert re.findall(r".*<[a-z].*", re.sub(r"`[^`]*`", "", text)) == []


def test_the_configuration_is_written_for_people() -> None:
    text = (ROOT / "config/README.md").read_text("utf-8")
    assert re.findall(r"tuple\[|typing\.|`True`|`False`|\| `` \||\|  \|", text) == []


def test_what_is_not_run_has_its_reason() -> None:
    assert [b.id for b in COMMANDS if re.fullmatch(r"not run:\s*", b.said)] == []
    assert [b.id for b in RUN_HERE if b.said] == []


@pytest.mark.parametrize("block", RUN_ELSEWHERE, ids=lambda block: block.id)
def test_the_named_test_runs_the_command(block: Block) -> None:
    path, _, words = block.said.removeprefix("run by ").partition(": ")
    test = ROOT / path
    assert test.is_file()
    named = words.split(", ")
    text = test.read_text("utf-8")
    assert [word for word in named if word not in text] == []
    plain = [word.strip('"') for word in named]
    for command in block.commands:
        # All that is asked for stands in the test: the target or script, and each variable.
        script = re.search(r"make ([a-z-]+)|scripts/(\w+\.py)|--(workflow-profile)", command)
        assert script is not None, command
        asked = [next(filter(None, script.groups()))]
        if command.startswith("make"):
            asked += re.findall(r"([A-Z]+)=", command)
        text_of_test = [word for word in asked if word not in plain and f'"{word}' not in text]
        assert text_of_test == [], command


# What stands for a person's own names, and what it is in the test's folder.
OWN = {
    "/path/to/scans": "masters",
    "/data/box12": "results",
    "/tmp/fixity.jsonl": "fixity.jsonl",
    "box12-0034": "a",
}


@pytest.fixture(scope="module")
def own_checkout(
    finished: Project, warm: WarmPython, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """A checkout with results and an environment, which is this one."""
    folder = tmp_path_factory.mktemp("docs") / "checkout"
    shutil.copytree(finished.folder, folder, symlinks=True)
    shutil.copy2(ROOT / "Makefile", folder)
    (folder / "tests").symlink_to(ROOT / "tests")
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, words in (("python", ""), ("snakemake", "-m snakemake ")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{warm.program}" {words}"$@"\n')
        program.chmod(0o755)
    summed = subprocess.run(
        "cat envs/lock*.txt envs/install.sh | cksum | cut -d' ' -f1",
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / ".venv" / f"installed-{summed.stdout.strip()}").touch()
    project = Project(folder)
    if tested() is None:
        # `make restore` compiles the native runtime beside its code: not that of every project,
        # whose networks would run in another way from then on.
        project.own_code()
    return project


def test_every_command_does_what_it_should(own_checkout: Project, checkout: Path) -> None:
    """One after the other: a later page goes on with what an earlier one made."""
    masters = {path: path.read_bytes() for path in (own_checkout.folder / "masters").iterdir()}
    failed = []
    # A command that several pages give is run once.
    for block in {block.text: block for block in RUN_HERE}.values():
        text = block.text
        for name, ours in OWN.items():
            text = text.replace(name, ours)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=own_checkout.folder,
            env=own_checkout.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=own_checkout.patience,
            check=False,
        )
        if done.returncode != 0 or "Traceback" in done.stderr:
            failed.append(f"{block.id}: {done.returncode}\n{done.stdout}{done.stderr}")
    assert not failed, "\n\n".join(failed)
    assert {path: path.read_bytes() for path in masters} == masters
    assert (checkout / "build").exists() == (tested() is not None), "that of every project"
    sheet = (own_checkout.folder / "my.tsv").read_text("utf-8")
    assert "masters/a.tif" in sheet


def test_some_commands_are_run_here() -> None:
    """A pattern that finds none would pass the test above."""
    assert len(RUN_HERE) >= 10
    assert len(RUN_ELSEWHERE) >= 5


def test_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="make docs was not run")
    options = ("-W", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "trees"))
    command = [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(tmp_path / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "html" / "record.html").is_file()


# ---- links, files, pictures --------------------------------------------------------------------


def headings(page: Path) -> set[str]:
    """Anchors as GitHub makes them."""
    text = FENCE.sub("", page.read_text("utf-8"))
    found = re.findall(r"(?m)^#+ (.+)$", text)
    plain = [re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()) for heading in found]
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if not place.exists() or (anchor and anchor not in headings(place)):
            missing.append(target)
    assert missing == []


PREFIXES = ("docs", "scripts", "tests", "config", "envs", "resources", "profiles", "rules")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`([\w./-]+)`", page.read_text("utf-8"))
    package = ROOT / "scripts" / "restoration"
    missing = []
    for name in named:
        ours = name.split("/")[0] in PREFIXES and "/" in name
        modules = "/" in name and name.endswith(".py")
        if (ours or modules) and not ((ROOT / name).exists() or (package / name).exists()):
            missing.append(name)
    assert missing == []


def test_pictures_are_small_shown_and_described() -> None:
    pictures = set((ROOT / "docs" / "pictures").iterdir())
    assert len(pictures) >= 3
    assert [path.name for path in pictures if path.stat().st_size > MOST_BYTES] == []
    shown = set()
    for page in PAGES:
        for words, target in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", page.read_text("utf-8")):
            assert len(words) > 10, f"{page.name}: {target} has no description"
            shown.add((page.parent / target).resolve())
    assert shown == pictures


def test_before_and_after_fit_into_the_column_of_a_page() -> None:
    """Else a browser makes them smaller, and what is said to be 100 % is not."""
    for name in ("halftone.png", "scratches.png", "noise.jpg", "faded.jpg"):
        with Image.open(ROOT / "docs" / "pictures" / name) as picture:
            assert picture.width <= 736, name


def test_pictures_are_made_from_the_demo_alone(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs/make_pictures.py"), "--results", str(tmp_path)]
    made = tmp_path / "pictures"
    done = subprocess.run(
        [*command, "--to", str(made)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"error: '{tmp_path}' holds no results of the demo: make demo\n"
    assert not made.exists()


# ---- names of make and of the config -----------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_knows_every_target_and_variable(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    text = page.read_text("utf-8")
    spans = re.findall(r"`([^`\n]+)`", text)
    lines = [line for block in BLOCKS if ROOT / block.page == page for line in block.commands]
    for words in re.findall(
        r"(?m)\bmake ((?:[a-z-]+|[A-Z_]+=\S*)(?: [A-Z_]+=[^\s#]*)*)",
        "\n".join([span for span in spans if span.startswith("make ")] + lines),
    ):
        target, *given = words.split()
        given += [target] if "=" in target else []
        if "=" not in target:
            assert re.search(rf"(?m)^{re.escape(target)}:", makefile), f"make {target}"
        for variable in (word.partition("=")[0] for word in given):
            known = re.search(rf"(?m)^{variable} \?=|^export .*\b{variable}\b", makefile)
            assert known, f"make {target} {variable}"


# A part of a config or of the manifest says of what, in its first line.
PART = re.compile(r"# (config: [a-z]|resources/)")
YAMLS = [block for block in BLOCKS if block.kind == "yaml" and not PART.match(block.text)]


def configs() -> list[Block]:
    return [block for block in YAMLS if re.search(r"(?m)^(scans|recipes?):", block.text)]


@pytest.mark.parametrize("block", configs(), ids=lambda block: block.id)
def test_every_config_is_valid(block: Block) -> None:
    base = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
    over = yaml.safe_load(block.text)
    load_config({**base, **over, "recipes": {**base["recipes"], **over.get("recipes", {})}})


MARKS = [block for block in YAMLS if block not in configs()]


@pytest.mark.parametrize("block", MARKS, ids=lambda block: block.id)
def test_every_file_of_regions_is_valid(block: Block, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(block.text, "utf-8")
    for mask in re.findall(r"mask: ([\w.-]+)", block.text):
        (tmp_path / mask).touch()
    assert read_regions(tmp_path / "a.yaml") is not None


def sections() -> dict[str, type[BaseModel]]:
    """Sections of the config by the names that pages use: `repair.kinds`, `engine.runtime`."""
    found: dict[str, type[BaseModel]] = {}
    for model in (Config, Recipe, StagesSettings):
        for name, field in model.model_fields.items():
            for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    found[name] = part
    return found


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_key_of_the_config_that_is_named_exists(page: Path) -> None:
    known = sections()
    assert {"repair", "engine", "batches", "deliver"} <= known.keys()
    text = page.read_text("utf-8")
    wrong = []
    for names in re.findall(r"`((?:stages\.)?[a-z_]+(?:\.[a-z_]+)+)(?:: [^`]*)?`", text):
        section, key, *_ = names.removeprefix("stages.").split(".")
        # Findings have names of sections, too: what they hold is `detail`.
        if section in known and key not in ("detail", "py", "md", "tsv"):
            wrong += [names] if key not in known[section].model_fields else []
    assert wrong == []


# ---- the record --------------------------------------------------------------------------------


def test_every_finding_is_explained() -> None:
    text = (ROOT / "docs/record.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| `([a-z_]+)` \|", text)
    assert sorted(set(FINDINGS) - set(rows)) == []


# As the stages write them.
REASONS = [
    "it holds 1200 ppi of picture, cleanup begins below 300",
    "soft: it holds 228 ppi of picture, less than 300",
    "soft by its printing alone: a halftone screen holds 300 ppi of picture, and what a network "
    "adds to it was never there",
    "no detail to judge: the condition report could not measure its resolution",
    "not to be judged: the master states no resolution",
    "the recipe asks for it whatever is measured: it holds 600 ppi of picture",
    "its noise is 0.24/255, denoise begins above 1/255",
    "grain of the photograph, 7.1/255 of a noise of 7.1/255, 4.3 px wide, which the recipe has "
    "denoise leave",
    "its noise (1.1/255) is coarser than the pixels and may be grain, which the recipe has denoise "
    "leave",
    "its noise is unknown: halftone screen",
    "it holds JPEG blocks, but the quality at which it was stored is unknown",
    "noisy: 4.5/255",
    "no halftone screen was found",
    "region a: dots 8 px apart (150 lpi)",
    "a stochastic screen was found: its dots lie on no lattice and cannot be told from detail",
    "the condition report found no damage",
    "nothing was found that is certain to be damage; left: 5 only suspected",
    "dust 14, scratches 8: 1 % of the page filled",
    "dust 14 of 16, scratches 8: 1 % of the page filled; left: 2 in an eye, 5 only suspected",
    "stains 3 found, and none filled; left: 3 of stains, which the recipe has repair leave",
    "6.0 % of the page is damage, more than the 5 % that are filled without a person",
    "no face was found",
    "no face is restored: 1 gated",
    "1 of 1 restored: its resolution lies below what the network can show",
    "faces were not looked for: the condition report has no verdict",
    "a person excluded it",
    "too small: 20 px of picture across, faces are restored from 48 px",
    "perhaps no face: the detectors' score is 0.30, faces are restored from 0.5",
    "turned to the side by 70°, faces are restored up to 50°: the network would draw the hidden "
    "half from others",
    "as sharp as the scan can be: its detail goes down to the scan's own pixels, and what a "
    "network added would be finer",
    "factor 1 leaves the size as it is: 580 x 360 px",
    "factor 2; the scan holds 336 ppi of picture",
    "neither a factor nor a print size nor a resolution is set",
    "the darkest tones are neutral: the dyes have kept their balance",
    "the darkest tones are coloured, but the paper has not yellowed with them: a coloured subject "
    "looks the same",
    "the darkest tones of the channels lie in different things: no common black; no margin shows "
    "the paper, and yellow light and a stain look alike",
    "a grey picture: no margin shows the paper, and a toner and a stain look alike",
    "the tones have kept red 69 %, green 94 %, blue 84 % of their density; the paper has gained a "
    "density of red 0.00, green 0.03, blue 0.15",
    "the paper has gained a density of red 0.02, green 0.06, blue 0.20",
    "no fading and no stain was measured that would be worth a correction",
]


def explained() -> list[str]:
    """Reasons as the page writes them, with … for what varies."""
    text = (ROOT / "docs/record.md").read_text("utf-8")
    decided = text[text.index("## What a stage decided") : text.index("## The record of a stage")]
    told = re.findall(r"`([^`]+)`", " ".join(decided.split()))
    settings = re.compile(r"[a-z_.]+: [a-z]+")
    return [words for words in told if " " in words and not settings.fullmatch(words)]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_explained(reason: str) -> None:
    patterns = [re.escape(words).replace("…", ".+") for words in explained()]
    assert len(patterns) > 40
    assert any(re.search(pattern, reason) for pattern in patterns)


@cache
def said_by_the_code() -> str:
    """Every text of our programs, one a line, with … for what is put in."""
    sources = [*(ROOT / "scripts").rglob("*.py"), *(ROOT / "envs").glob("*.py")]
    trees = [ast.parse(path.read_text("utf-8")) for path in sources]
    constants = {
        target.id: str(node.value.value)
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def text_of(part: ast.AST) -> str:
        value = part.value if isinstance(part, ast.FormattedValue) else part
        if isinstance(value, ast.Constant):
            return str(value.value)
        return constants.get(value.id, "…") if isinstance(value, ast.Name) else "…"

    nodes = [node for tree in trees for node in ast.walk(tree)]
    found = ["".join(map(text_of, n.values)) for n in nodes if isinstance(n, ast.JoinedStr)]
    found += [str(n.value).replace("%s", "…") for n in nodes if isinstance(n, ast.Constant)]
    found += [(ROOT / name).read_text("utf-8") for name in ("Makefile", "envs/install.sh")]
    return "\n".join(found)


def first_cells(page: str) -> list[str]:
    """Backticked words in the first cells of a page's tables."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(r"`([^`]+)`", "\n".join(re.findall(r"(?m)^\| (`.*?) \| ", text)))


def unsaid(words: list[str]) -> list[str]:
    """Those of which a part is nowhere in the code."""
    code = said_by_the_code()
    # What was expected and what was found are put together from their own texts.
    between = re.compile(r"…|\bexpected |, found ")
    parts = {text: [part.strip(" ,;:()'") for part in between.split(text)] for text in words}
    return [text for text, pieces in parts.items() if any(p not in code for p in pieces)]


def test_the_code_writes_the_reasons_that_are_explained() -> None:
    assert unsaid(explained()) == []


def test_the_code_writes_the_messages_that_are_explained() -> None:
    messages = first_cells("docs/errors.md")
    assert len(messages) > 60
    messages.remove("No space left on device")  # is the system's own
    assert unsaid(messages) == []
