"""Keys see every change of their parts; the same parts give the same key."""

from __future__ import annotations

from restoration.storage import keys


def test_each_part_of_a_key_counts() -> None:
    base = {
        "input_key": "i",
        "settings": {"a": 1, "b": 2},
        "reads": {"noise": 1.0},
        "code": "c",
        "weights": ("w",),
        "numeric": {"band_rows": 64},
    }
    first = keys.stage_key(**base)  # type: ignore[arg-type]
    other = {
        "input_key": "j",
        "settings": {"a": 2, "b": 1},
        "reads": {"noise": 1.5},
        "code": "d",
        "weights": (),
        "numeric": {"band_rows": 32},
    }
    changed = {keys.stage_key(**{**base, name: value}) for name, value in other.items()}  # type: ignore[arg-type]
    assert len(changed | {first}) == 7
    reordered = {**base, "settings": {"b": 2, "a": 1}}
    assert keys.stage_key(**reordered) == first  # type: ignore[arg-type]


def test_identifiers_follow_from_keys() -> None:
    # On every machine and for ever: they stand in deliverables.
    assert keys.identifier("k", "document") == "e272806f-375b-5c61-963f-272288cec9a9"
    assert keys.identifier("k", "document") != keys.identifier("k", "instance")
