"""YAML as people write it: read with one line for each mistake, and the place of every key.

Imported whenever the Snakefile is parsed, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from restoration.errors import ConfigError

Keys = Sequence[str | int]
"""The way to a value: keys of mappings and numbers in lists."""

_OF_COMMANDS = ".snakemake"
"""Folder of what is no person's file, but made of the words of a command line."""

_OURS = "ours: "
"""Marks what is said in plain words already."""

_BOMS = (b"\xff\xfe", b"\xfe\xff")


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice; PyYAML would take the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        _check_keys(node)
        return super().construct_mapping(node, deep)


class _WrittenOut(_Loader):
    """YAML without references, of which a few lines could stand for more than any memory holds."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, f"{_OURS}references (*) are not taken; write it out", event.start_mark
            )
        return super().compose_node(parent, index)


def _check_keys(node: yaml.MappingNode) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        # `<<` takes over another mapping and may be there several times.
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            continue
        earlier = seen.get(key.value)
        if earlier is not None:
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"{_OURS}the key '{key.value}' is given twice, first in line {earlier}; keep one",
                key.start_mark,
            )
        seen[key.value] = key.start_mark.line + 1


def parse(text: str, where: str, *, references: bool = True) -> Any:
    """What the YAML says. Raises ConfigError: where, line, column, and what to write.

    where: how the message calls the text; references: whether `*name` may stand for what `&name`
    marks.
    """
    try:
        return yaml.load(text, Loader=_Loader if references else _WrittenOut)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{where}{_place(error)}: {_in_plain_words(error, text)}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            f"{where}, line {line}: the character #x{error.character:04x} is none of a text; "
            "delete it"
        ) from None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        # What is said to be a date, a number or a truth value and is none, raises what it likes.
        raise ConfigError(f"{where} is not YAML ({error})") from None


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = _mark_of(error)
    return "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"


def _mark_of(error: yaml.MarkedYAMLError) -> Any:
    """Where the mistake is: of what is never closed, where it opens."""
    opens = (error.context or "").startswith(("while scanning a quoted", "while parsing a flow"))
    if opens or error.problem_mark is None:
        return error.context_mark or error.problem_mark
    return error.problem_mark


def _in_plain_words(error: yaml.MarkedYAMLError, text: str) -> str:
    problem, context = error.problem or "", error.context or ""
    if problem.startswith(_OURS):
        return problem.removeprefix(_OURS)
    mark = error.problem_mark
    lines = text.splitlines()
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    at = line[mark.column : mark.column + 1] if mark is not None else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or at == "\t":
        return "a tab stands here, which YAML does not take; write spaces in its place"
    for part, said in _WORDS.items():
        if part in f"{context}; {problem}":
            return said
    if "cannot start any token" in problem:
        return f"a text cannot begin with {at!r}; write it in quotes"
    return f"is not YAML ({problem or context})"


_INDENTED = (
    "this line is indented unlike those of its section; let the keys of one section begin at the "
    "same column"
)
_WORDS = {
    "unknown escape": (
        "a \\ between double quotes has a meaning of its own; write single quotes in their place"
    ),
    "while scanning a quoted": (
        "the quote that opens here is not closed; write it at the end of the text, too"
    ),
    "while parsing a flow sequence": (
        "the [ that opens here is not closed, or a comma is missing; write [a, b]"
    ),
    "while parsing a flow mapping": (
        "the { that opens here is not closed, or a comma is missing; write {a: 1, b: 2}"
    ),
    "mapping values are not allowed": (
        "a colon stands where no key can be; write a text that holds ': ' in quotes, and each key "
        "of a section on a line of its own, all at the same column"
    ),
    "could not find expected ':'": (
        "expected `key: value`; write a colon and a space behind the key of the line above"
    ),
    "expected <block end>": _INDENTED,
    "expected '<document start>'": "expected `key: value` at the beginning of this line",
    "unindent": _INDENTED,
}
"""What YAML's parser says, in plain words."""


def read_config_file(path: Path) -> Any:
    """What a config file says, JSON or YAML as Snakemake takes it.

    Raises ConfigError with one line: the file, line and column, what is wrong, what to write.
    """
    text = _text_of(path)
    try:
        found = json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, path))
    except ValueError:
        found = parse(text, f"config: '{path}'")
    if not isinstance(found, dict):
        held = "is empty" if found is None else "holds no keys"
        raise ConfigError(
            f"config: '{path}' {held}; expected `key: value` on the first line, as in "
            "config/config.yaml"
        )
    return found


def _text_of(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"config: '{path}' is no file; expected one of YAML")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"config: '{path}' cannot be read ({error.strerror})") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        kind = "is UTF-16" if data.startswith(_BOMS) else f"is not UTF-8 text (line {line})"
        raise ConfigError(f"config: '{path}' {kind}; save it as UTF-8") from None
    return text


def _once(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ConfigError(f"config: '{path}': the key '{key}' is given twice; keep one")
        found[key] = value
    return found


class YamlText:
    """A text of YAML with the place of each of its keys; of one that is none, nothing is known."""

    def __init__(self, text: str) -> None:
        try:
            self._root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, ValueError, RecursionError):
            self._root = None

    def _find(self, keys: Keys) -> tuple[yaml.Node, yaml.Node] | None:
        """The key and its value; in a list, the value twice."""
        node, key = self._root, self._root
        for part in keys:
            if isinstance(node, yaml.MappingNode):
                pairs = [(k, v) for k, v in node.value if k.value == str(part)]
                if not pairs:
                    return None
                key, node = pairs[-1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                if part >= len(node.value):
                    return None
                key = node = node.value[part]
            else:
                return None
        return None if key is None or node is None else (key, node)

    def line_of(self, keys: Keys) -> int | None:
        """The line of a key, from 1 on; None where the text does not have it."""
        found = self._find(keys)
        return None if found is None else int(found[0].start_mark.line) + 1

    def text_of(self, keys: Keys) -> str | None:
        """A plain value as it was written, `off` and not false; None for all else."""
        found = self._find(keys)
        return str(found[1].value) if found and isinstance(found[1], yaml.ScalarNode) else None


class WrittenFiles:
    """Config files in the order in which they are read; later ones win."""

    def __init__(self, files: Sequence[Path], overrides: Mapping[str, Any] | None = None) -> None:
        self._files = [_from_here(path) for path in files]
        self._overrides = overrides or {}

    def check(self) -> None:
        """Raises ConfigError where a file is not what Snakemake took it for: a key given twice."""
        for path in self._files:
            read_config_file(path)

    def place_of(self, keys: Keys) -> tuple[str, str | None]:
        """Where a value was given, for a message, and how it was spelt; ('', None): nobody knows.

        Of a key that is missing, the section that should hold it.
        """
        if keys and keys[0] in self._overrides:
            return "on the command line (--config)", None
        for length in range(len(keys), 0, -1):
            for path in reversed(self._files):
                written = YamlText(_quiet_text(path))
                line = written.line_of(keys[:length])
                if line is not None:
                    text = written.text_of(keys) if length == len(keys) else None
                    if _OF_COMMANDS in path.parts:
                        return "on the command line", text
                    return f"'{path}', line {line}", text
        return "", None


def _from_here(path: Path) -> Path:
    """The path as a person in the present folder would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _quiet_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""
