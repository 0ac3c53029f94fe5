"""What is wrong with a value that a person wrote, and what to write in its place, in one line.

Imported whenever the Snakefile is parsed, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from restoration.config.value_synonyms import alternatives, options

# What YAML's references make of a few lines may be endless when it is written out.
_SHOWN = reprlib.Repr()
_SHOWN.maxlevel, _SHOWN.maxstring, _SHOWN.maxother, _SHOWN.maxlong = 2, 200, 200, 80

_MOST_WRITTEN = 120
"""Characters of a value that a message writes out again."""

_LIKE_A_WORD = 0.75
"""The words themselves are named as well, and `gpu` is no misspelt `cpu`."""

_BOUNDS = {
    "greater_than": ("gt", "a number above"),
    "greater_than_equal": ("ge", "a number of at least"),
    "less_than": ("lt", "a number below"),
    "less_than_equal": ("le", "a number of at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}

SpellingOf = Callable[[Sequence[str | int]], str | None]


@dataclass(frozen=True)
class Mistake:
    """One wrong value."""

    path: tuple[str | int, ...]
    """The way to it."""
    said: str

    def __str__(self) -> str:
        where = ".".join(str(part) for part in self.path)
        return f"{where}: {self.said}" if where else self.said


@dataclass(frozen=True)
class _MistakePlace:
    """What one error is about."""

    path: tuple[str | int, ...]
    value: Any
    annotation: Any
    """What the setting may be; None where there is no such setting."""


def mistake_of(
    error: ValidationError,
    model: type[BaseModel],
    given: Any,
    written: SpellingOf = lambda _: None,
) -> Mistake:
    """The first mistake that pydantic found.

    given: what was validated; written: how a plain value was spelt, where that is known.
    """
    errors = error.errors()
    first = _place(model, given, errors[0]["loc"])
    same = [e for e in errors if _place(model, given, e["loc"]).path == first.path]
    # Each alternative of a setting complains; one that knows the kind of value has more to say.
    chosen = next((e for e in same if not _is_of_kind(e["type"])), same[0])
    spelt = written(first.path)
    said = _said(chosen, first, model, spelt)
    if chosen["type"] in ("extra_forbidden", "missing") and not _in_tuple(first, chosen):
        return Mistake(_whole(first, chosen["loc"]), said)
    # What is wrong with a section as a whole may name the key of it.
    keys, _, rest = said.partition(": ")
    inner = _place(model, first.value, keys.split("."))
    if chosen["type"] == "value_error" and rest and ".".join(map(str, inner.path)) == keys:
        return Mistake((*first.path, *inner.path), rest)
    return Mistake(first.path, said)


def _is_of_kind(kind: str) -> bool:
    return kind == "literal_error" or kind.endswith(("_type", "_parsing", "_from_float"))


def _whole(place: _MistakePlace, location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The way to a key, also one that is not there."""
    last = location[-1]
    return place.path if place.path[-1:] == (last,) else (*place.path, last)


def _in_tuple(place: _MistakePlace, error: Mapping[str, Any]) -> bool:
    return error["type"] == "missing" and isinstance(error["loc"][-1], int)


def _place(model: type[BaseModel], given: Any, location: Iterable[str | int]) -> _MistakePlace:
    """As far as what was given goes: pydantic's places also name the alternatives it tried."""
    path: list[str | int] = []
    value, annotation = given, model
    for part in location:
        held = isinstance(value, Mapping) and part in value
        if not held and not (
            isinstance(value, (list, tuple)) and isinstance(part, int) and part < len(value)
        ):
            continue
        value, annotation = value[part], _inside(annotation, part)
        path.append(part)
    return _MistakePlace(tuple(path), value, annotation)


def _inside(annotation: Any, part: str | int) -> Any:
    """What may stand at a key, or a number, of a value."""
    for kind in alternatives(annotation):
        origin, arguments = get_origin(kind), get_args(kind)
        if kind in _sections(annotation):
            if part in kind.model_fields:
                return kind.model_fields[str(part)].annotation
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            return arguments[1]
        elif origin is tuple and isinstance(part, int):
            if arguments[-1:] == (Ellipsis,):
                return arguments[0]
            return arguments[part] if part < len(arguments) else None
    return None


def near(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """``; did you mean 'x'?`` where one of the known words is like it, else nothing.

    likeness: from 0 to 1, as difflib measures it, from which on a word is like another.
    """
    words = {one.casefold(): one for one in known}
    found = difflib.get_close_matches(word[:_MOST_WRITTEN].casefold(), words, 1, likeness)
    return f"; did you mean '{words[found[0]]}'?" if found else ""


def _said(
    error: Mapping[str, Any], place: _MistakePlace, model: type[BaseModel], spelt: str | None
) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown_key(error["loc"], place, model)
    if kind == "missing" and not _in_tuple(place, error):
        return "is missing; write it"
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    found = _found(place.value, spelt)
    if kind in ("too_short", "too_long", "missing"):
        found = str(len(place.value))
    elif kind in ("string_pattern_mismatch", "string_too_long"):
        # A key, where a name among a mapping's keys is meant.
        found = _SHOWN.repr(str(error["input"]))
    advice = _advice(place, spelt) if _is_of_kind(kind) else ""
    return f"expected {_expected(error, place)}, found {found}{advice}"


def _expected(error: Mapping[str, Any], place: _MistakePlace) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{words} {context[name]:,g}"
    if kind == "string_too_long":
        return f"a name of at most {context['max_length']} characters"
    told = _PATTERNS.get(context.get("pattern", "")) if kind.startswith("string_p") else None
    return told or _wanted(place.annotation, context) or "another value"


_PATTERNS = {
    r"^[0-9a-f]{64}$": "a SHA-256, 64 digits of 0 to 9 and a to f",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$": "a name of letters, digits, '_', '-' and '.'",
}


def _unknown_key(
    location: Sequence[str | int], place: _MistakePlace, model: type[BaseModel]
) -> str:
    section: Any = model
    for part in place.path[:-1]:
        section = _inside(section, part)
    known = [key for kind in _sections(section) for key in kind.model_fields]
    told = near(str(location[-1]), known)
    return f"unknown key{told}" if told else f"unknown key; known are {', '.join(known)}"


def _wanted(annotation: Any, context: Mapping[str, Any] | None = None) -> str:
    """What a setting may be, in words."""
    parts = [str(option) for option in options(annotation)]
    for kind in alternatives(annotation):
        told = _wanted_kind(kind, context or {})
        if told is not None and told not in parts:
            parts.append(told)
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _wanted_kind(kind: Any, context: Mapping[str, Any]) -> str | None:
    origin, arguments = get_origin(kind), get_args(kind)
    plain = {float: "a number", int: "a whole number", bool: "yes or no", str: "a text"}
    if kind in plain:
        return plain[kind]
    if origin is tuple and arguments[-1:] == (Ellipsis,):
        least = context.get("min_length")
        return f"a list of {least} or more" if least else f"a list of {_many(arguments[0])}"
    if origin is tuple:
        return f"a list of {len(arguments)} numbers"
    if _sections(kind):
        return f"a section of keys ({', '.join(kind.model_fields)})"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "names, each with its section"
    return None


def _many(annotation: Any) -> str:
    words = options(annotation)
    if words:
        return ", ".join(str(word) for word in words)
    return "{...}" if _sections(annotation) else "[x, y]"


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """The sections of keys that a value may be."""
    kinds = alternatives(annotation)
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _found(value: Any, spelt: str | None) -> str:
    if value is None:
        return "nothing" if not spelt else f"'{spelt}', which is nothing"
    if isinstance(value, bool):
        both = "on, yes and true" if value else "off, no and false"
        return f"'{spelt or str(value).lower()}' (to YAML {both} are the same)"
    if isinstance(value, Mapping):
        return "keys"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"'{spelt}'" if spelt else _SHOWN.repr(value)


def _advice(place: _MistakePlace, spelt: str | None) -> str:
    """What to write, where that follows from what was found."""
    kinds = list(alternatives(place.annotation))
    words = [str(word) for word in options(place.annotation)]
    key = str(place.path[-1]) if place.path else ""
    if any(get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis for kind in kinds):
        held = f"[{_flow(place.value, spelt)}]"
        shown = held if len(held) <= _MOST_WRITTEN else "[...]"
        return f"; write {key}: {shown}" if isinstance(place.path[-1], str) else f"; write {shown}"
    if isinstance(place.value, str) and words:
        return near(place.value, words, _LIKE_A_WORD)
    if str in kinds and not isinstance(place.value, (Mapping, list, tuple, type(None))):
        return f'; write it in quotes: {key}: "{spelt or place.value}"'
    if _sections(place.annotation) and isinstance(place.value, (list, tuple)):
        return "; write its keys without the [ ] or the dashes"
    return ""


def _flow(value: Any, spelt: str | None, depth: int = 4) -> str:
    """The value as YAML writes it in one line."""
    if isinstance(value, Mapping) and depth:
        held = (f"{key}: {_flow(item, None, depth - 1)}" for key, item in list(value.items())[:20])
        return f"{{{', '.join(held)}}}"
    if isinstance(value, (list, tuple)) and depth:
        return f"[{', '.join(_flow(item, None, depth - 1) for item in list(value)[:20])}]"
    if isinstance(value, (Mapping, list, tuple)):
        return "..."
    return str(spelt if spelt is not None else value)[: 2 * _MOST_WRITTEN]
