"""Golden results: what a step makes of a fixed scan, kept with the version at which it was made.

A result is compared as far as it is promised to be the same on every processor: each sample within
one code of 16 bits, each figure within the digits that are stated. Sentences are not compared:
their figures stand in the findings as well.
"""

from __future__ import annotations

import base64
import json
import lzma
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint16]
Result = dict[str, Any]
"""What is stored of one case: ``findings``, and ``pixels`` by their names."""

CLOSE = 1.01e-4
"""Share by which a figure may differ: processors add up in different orders, and the condition
report states five digits, of which the last may be rounded either way."""

BLOCK = 8
_SENTENCE = re.compile(r"\s")


@dataclass(frozen=True)
class Outcome:
    """What a step made of one scan."""

    findings: Any
    pixels: Mapping[str, Codes] = field(default_factory=dict)
    """Each uint16 (h, w, channels)."""
    every: int = 1
    """Of rows and columns one in so many is stored; of the others the means of blocks."""
    strict: bool = False
    """Whether sentences are compared too: texts of a file are no comments on it."""


@dataclass(frozen=True)
class Case:
    """One scan for one step."""

    name: str
    make: Callable[[], Outcome]
    weights: tuple[str, ...] = ()
    """Names of the weights without which the case cannot be run."""


class RefusedError(Exception):
    """A golden result is not overwritten: the version was not raised."""


# -- what is stored ---------------------------------------------------------------------------


def stored(outcome: Outcome) -> Result:
    """The outcome as it is kept, JSON types only."""
    plain = json.loads(json.dumps(outcome.findings, default=_plain))
    pixels = {name: _packed(codes, outcome.every) for name, codes in outcome.pixels.items()}
    return {"findings": _told(plain, outcome.strict), "pixels": pixels}


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else dict(value)


def _told(value: Any, strict: bool) -> Any:
    """Findings without sentences; figures to six digits."""
    if isinstance(value, dict):
        kept = {name: _told(item, strict) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not _NOTHING}
    if isinstance(value, list):
        items = [_told(item, strict) for item in value]
        return [item for item in items if item is not _NOTHING]
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, str) and not strict and _SENTENCE.search(value):
        return _NOTHING
    return value


_NOTHING = object()


def _packed(codes: Codes, every: int) -> Result:
    assert codes.dtype == np.uint16
    assert codes.ndim == 3
    thin = {"shape": list(codes.shape), "every": every, "codes": _text(codes[::every, ::every])}
    return thin if every == 1 else {**thin, "means": _text(_means(codes))}


def _means(codes: Codes) -> Codes:
    """Means of blocks of 8 x 8, those at the edge smaller."""
    rows, columns = (np.arange(0, side, BLOCK) for side in codes.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(codes.astype(np.int64), rows, 0), columns, 1)
    counts = np.add.outer(np.zeros(len(rows)), np.diff([*columns, codes.shape[1]]))
    counts *= np.diff([*rows, codes.shape[0]])[:, None]
    # Halves always upwards: means that differ by a code at most are so rounded as well.
    return np.floor(sums / counts[:, :, None] + 0.5).astype(np.uint16)


def _text(codes: Codes) -> str:
    """Losslessly: neighbours are alike, and so are the high bytes of their differences."""
    wide = codes.astype(np.int32)
    steps = np.diff(wide, axis=1, prepend=0)
    steps[:, 0] = np.diff(wide[:, 0], axis=0, prepend=0)
    folded = np.where(steps < 0, -2 * steps - 1, 2 * steps).astype("<u4")
    planes = folded.reshape(-1, 1).view(np.uint8).T.tobytes()
    packed = lzma.compress(planes, lzma.FORMAT_ALONE, preset=9 | lzma.PRESET_EXTREME)
    return base64.b64encode(packed).decode("ascii")


def _codes(text: str, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    planes = np.frombuffer(lzma.decompress(base64.b64decode(text)), np.uint8).reshape(4, -1)
    folded = planes.T.copy().view("<u4").astype(np.int64).reshape(shape)
    steps = np.where(folded % 2, -(folded + 1) // 2, folded // 2)
    steps[:, 0] = np.cumsum(steps[:, 0], axis=0)
    return np.cumsum(steps, axis=1)


# -- comparing ----------------------------------------------------------------------------------


def differences(before: Result, now: Result) -> list[str]:
    """Where two results differ by more than processors may, one line each."""
    found = list(_differing("", before["findings"], now["findings"]))
    found += _differing("pixels", sorted(before["pixels"]), sorted(now["pixels"]))
    for name in before["pixels"].keys() & now["pixels"].keys():
        found += _differing_pixels(name, before["pixels"][name], now["pixels"][name])
    return found


def _differing(place: str, before: Any, now: Any) -> Iterable[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted(before.keys() | now.keys()):
            where = f"{place}.{name}" if place else name
            if name not in before or name not in now:
                there = "is gone" if name in before else f"is new: {_short(now[name])}"
                yield f"{where} {there}"
            else:
                yield from _differing(where, before[name], now[name])
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differing(f"{place}[{number}]", one, other)
    elif not _same(before, now):
        yield f"{place}: {_short(before)} before, {_short(now)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _same(before: Any, now: Any) -> bool:
    if not isinstance(before, float) or isinstance(now, bool) or not isinstance(now, float | int):
        return type(before) is type(now) and bool(before == now)
    return bool(abs(before - now) <= max(CLOSE * abs(before), 1e-7))


def _differing_pixels(name: str, before: Result, now: Result) -> Iterable[str]:
    if (before["shape"], before["every"]) != (now["shape"], now["every"]):
        yield f"{name}: {before['shape']} before, {now['shape']} now"
        return
    height, width, channels = before["shape"]
    for kind, step in (("codes", before["every"]), ("means", BLOCK)):
        if kind in before:
            shape = (-(-height // step), -(-width // step), channels)
            beside = np.abs(_codes(before[kind], shape) - _codes(now[kind], shape))
            if beside.max() > 1:
                yield (
                    f"{name}: {int((beside > 1).sum())} of {beside.size} {kind} differ, "
                    f"by up to {int(beside.max())} of 65535"
                )


# -- the file -----------------------------------------------------------------------------------

Golden = dict[str, dict[str, Any]]
"""By step: its ``version``, and ``cases`` by name."""


def load(path: Path) -> Golden:
    found: Golden = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def save(path: Path, golden: Golden) -> None:
    """A line for each finding and each plane, so that a change of one shows as one."""
    lines = ["{"]
    for at, (step, body) in enumerate(sorted(golden.items()), 1):
        lines.append(f' "{step}": {{"version": {json.dumps(body["version"])}, "cases": {{')
        cases = sorted(body["cases"].items())
        for number, (name, result) in enumerate(cases, 1):
            lines.append(f"  {json.dumps(name)}: {{")
            for part, end in (("findings", ","), ("pixels", "")):
                rows = [
                    f"    {json.dumps(key)}: {json.dumps(value, sort_keys=True)}"
                    for key, value in sorted(result[part].items())
                ]
                inside = "\n" + ",\n".join(rows) + "\n   " if rows else ""
                lines.append(f'   "{part}": {{{inside}}}{end}')
            lines.append("  }" + ("," if number < len(cases) else ""))
        lines.append(" }}" + ("," if at < len(golden) else ""))
    path.write_text("\n".join([*lines, "}", ""]), encoding="utf-8")


def complaint(step: str, name: str, golden: Golden, version: str, now: Result) -> str | None:
    """What is wrong with a result, with the remedy; None where it is that of its version."""
    renew = f"python tests/golden/renew.py {step}"
    body = golden.get(step)
    if body is None or name not in body["cases"]:
        return f"{step}: no golden result of '{name}' is kept; make it: {renew}"
    if body["version"] != version:
        return (
            f"{step} declares version {version}, its golden results are of {body['version']}: "
            f"look at what changed, then {renew}"
        )
    found = differences(body["cases"][name], now)
    if not found:
        return None
    return (
        f"{step} makes something else of '{name}', and its version is still {version}: archives "
        "that set `rerun_on: version` would keep the old result. If the change is meant, raise "
        f"the version (Entry.version of a stage, _VERSIONS of the other steps), then {renew}\n"
        + "\n".join(f"  {line}" for line in found[:20])
    )


def renewed(
    step: str, golden: Golden, version: str, now: Mapping[str, Result]
) -> tuple[dict[str, Any], list[str]]:
    """What is to be kept of a step, and what that changes, in words.

    Raises RefusedError where a result differs and the version is the same, or lower.
    """
    before = golden.get(step, {"version": "0", "cases": {}})
    if int(version) < int(before["version"]):
        raise RefusedError(
            f"{step}: the golden results are of version {before['version']}, "
            f"the step declares {version}: a version never goes down"
        )
    kept, said = {}, []
    for name, result in now.items():
        old = before["cases"].get(name)
        found = [] if old is None else differences(old, result)
        if found and version == before["version"]:
            raise RefusedError(
                f"{step}: the result of '{name}' differs ({found[0]}), and the version is "
                f"still {version}: raise it first"
            )
        # As it was, where it is the same: another processor's last digit is no change.
        kept[name] = old if old is not None and not found else result
        said += (
            [f"{step}: '{name}' is new"]
            if old is None
            else [f"{step}: '{name}': {line}" for line in found]
        )
    said += [f"{step}: '{name}' is gone" for name in before["cases"] if name not in now]
    return {"version": version, "cases": kept}, said
