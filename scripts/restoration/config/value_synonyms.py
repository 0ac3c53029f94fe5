"""Words of a config that mean the same: YAML makes false of `off`, a command line text of `0.5`.

Imported whenever the Snakefile is parsed, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import math
import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

OFF = ("off", "no", "false")
ON = ("on", "yes", "true")
"""What YAML 1.1 reads as false and as true."""

SWITCHES = {**dict.fromkeys(OFF, False), **dict.fromkeys(ON, True)}


def alternatives(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, unions taken apart; None left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from alternatives(part)
    elif annotation is not type(None):
        yield annotation


def options(annotation: Any) -> tuple[Any, ...]:
    """The words among which a value is chosen; empty where there are none."""
    kinds = [kind for kind in alternatives(annotation) if get_origin(kind) is Literal]
    return tuple(option for kind in kinds for option in get_args(kind))


def respelt(model: type[BaseModel], given: Any) -> Any:
    """A section's values in the spelling that its settings know; what has none stays as it is."""
    if not isinstance(given, Mapping):
        return given
    known = _kinds_of(model)
    return {
        key: _respelt(value, *known[key])
        if key in known and isinstance(value, (str, bool, int, float))
        else value
        for key, value in given.items()
    }


@cache
def _kinds_of(model: type[BaseModel]) -> dict[str, tuple[tuple[Any, ...], frozenset[Any]]]:
    """Words and plain types of each setting."""
    return {
        name: (options(field.annotation), frozenset(alternatives(field.annotation)))
        for name, field in model.model_fields.items()
    }


def _respelt(value: str | bool | int | float, words: tuple[Any, ...], kinds: frozenset[Any]) -> Any:
    if type(value) in kinds or (not isinstance(value, bool) and value in words):
        return value
    same: tuple[Any, ...] = (str(value),)
    if isinstance(value, bool):
        same = ON if value else OFF
    elif isinstance(value, str) and bool in kinds:
        return SWITCHES.get(value.casefold(), value)
    found = next((word for word in words if str(word) in same), None)
    if found is None and isinstance(value, str):
        return _number(value, kinds)
    return value if found is None else found


def _number(text: str, kinds: frozenset[Any]) -> Any:
    """The number that a text spells, as `1e1` and all of `--config key='{...}'` are texts."""
    for kind in (int, float):
        if kind in kinds:
            with suppress(ValueError):
                number = kind(text)
                return number if math.isfinite(number) else text
    return text
