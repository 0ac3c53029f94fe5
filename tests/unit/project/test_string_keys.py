"""Records and the condition report are asked for by their types, not by keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import string_keys

MOST = 16
"""Accesses by a literal key in the modules of records and report; lower it with their number. The
goal is 50."""


def test_accesses_by_key_only_become_fewer() -> None:
    found = len(string_keys.of_records())
    assert found <= MOST, "ask a typed record instead: python tests/support/string_keys.py"


def test_exempt_modules_are_there_and_have_such_accesses() -> None:
    every = {found.module for found in string_keys.accesses()}
    for name in string_keys.NO_RECORDS:
        assert any(module == name or module.startswith(name) for module in every), name
    met = {(found.module, found.key) for found in string_keys.accesses()}
    for name, (_, keys) in string_keys.OTHER_KEYS.items():
        assert {(name, key) for key in keys} <= met, name


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        ('page["number"]', ["number"]),
        ('report.get("noise", {})["value"]', ["value", "noise"]),
        ('page["number"] = 1', []),
        ('Literal["a"]', []),
        ("page[number]", []),
    ],
)
def test_what_counts(tmp_path: Path, code: str, keys: list[str]) -> None:
    (tmp_path / "one.py").write_text(code)
    assert [found.key for found in string_keys.accesses(tmp_path)] == keys
