"""Condition reports for tests: what a test does not care about is filled in."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from restoration.examine.measurer import Measurer
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import AnyFinding, Found
from restoration.findings.noise import NoiseAtScale
from restoration.findings.report import FINDINGS, ConditionReport

_PLAIN: dict[Any, Any] = {bool: False, int: 0, float: 0.0, str: "", dict: {}}


def report(said: Mapping[str, Any] | None = None, **more: Any) -> ConditionReport:
    """A report with these findings, each a mapping of what a test says of it, or None; of a whole
    report's mapping the warnings as they are."""
    findings = {**(said or {}), **more}
    whole = {
        name: filled(FINDINGS[name], found) if name in FINDINGS else found
        for name, found in findings.items()
    }
    return ConditionReport.model_validate(whole)


def recorded(said: Mapping[str, Any]) -> dict[str, Any]:
    """The same as a record holds it: for stand-ins of the examination."""
    return report(said).model_dump(mode="json", exclude_unset=True)


def finding(kind: type[Found], **said: Any) -> Found:
    """One finding."""
    return kind.model_validate(filled(kind, said))


def filled(kind: type[BaseModel], said: Any) -> Any:
    """The mapping with every field that the model asks for; sure where nothing is said of that."""
    if not isinstance(said, Mapping):
        return said
    out = dict(said)
    for name, field in kind.model_fields.items():
        if name in out:
            out[name] = _completed(field.annotation, out[name])
        elif name == "confidence":
            out[name] = 1.0
        elif field.is_required():
            out[name] = _neutral(field.annotation)
    if kind is NoiseAtScale and "total" not in said:
        out["total"] = out["sigma"]
    return out


def _completed(annotation: Any, value: Any) -> Any:
    """A value that may hold mappings in which something is left out."""
    if isinstance(value, BaseModel):
        return value
    for kind in _kinds(annotation):
        if isinstance(value, Mapping) and isinstance(kind, type) and issubclass(kind, BaseModel):
            return filled(kind, value)
        if isinstance(value, Mapping) and get_origin(kind) is dict:
            return {key: _completed(get_args(kind)[1], item) for key, item in value.items()}
        if isinstance(value, list | tuple) and get_origin(kind) is tuple:
            return tuple(_completed(get_args(kind)[0], item) for item in value)
    return value


def _neutral(annotation: Any) -> Any:
    kinds = _kinds(annotation)
    kind = kinds[0]
    if type(None) in kinds:
        return None
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        return () if Ellipsis in parts else tuple(_neutral(part) for part in parts)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return filled(kind, {})
    return _PLAIN[get_origin(kind) or kind]


def _kinds(annotation: Any) -> tuple[Any, ...]:
    union = get_origin(annotation) in (Union, types.UnionType)
    return get_args(annotation) if union else (annotation,)


def concluded(name: str, value: Any, **detail: Any) -> type[Measurer]:
    """What measures a finding that has already concluded so, for those that read it."""
    found = finding(FINDINGS[name], value=value, confidence=0.9, detail=detail)

    class Concluded:
        def begin(self, page: PageFacts) -> None: ...

        def see(self, window: Window) -> None: ...

        def conclude(self, survey: Survey, earlier: EarlierFindings) -> AnyFinding:
            return found

    return Concluded
