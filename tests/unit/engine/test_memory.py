"""How much memory a network takes: stated before it runs, and the geometry follows from it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from restoration.config.settings import EngineSettings
from restoration.engine import memory
from restoration.engine.memory import LEAST_COLUMNS, UNKNOWN_COLUMNS, Law, strip_columns
from restoration.errors import CircumstanceError
from support.engine_cases import COMPACT, CPU, RRDB, photograph, run, seeded

GIB = 1 << 30
LAW = Law(column=400_000, fixed=50_000_000)


def test_a_scan_that_fits_is_one_strip() -> None:
    engine = EngineSettings(memory_gib=4.0)
    most = LAW.columns(4 * GIB)
    assert LAW.of(most) <= 4 * GIB < LAW.of(most + 1)
    assert strip_columns(LAW, engine, 349, most) == most


def test_a_wider_scan_is_cut_into_strips_that_fit_with_their_overlap() -> None:
    engine = EngineSettings(memory_gib=4.0)
    kept = strip_columns(LAW, engine, 349, 40_000)
    assert LAW.of(kept + 2 * 349) <= 4 * GIB
    assert kept + 2 * 349 == LAW.columns(4 * GIB)


def test_the_geometry_knows_nothing_of_the_machine(monkeypatch: Any) -> None:
    monkeypatch.setattr(memory, "available", lambda device: pytest.fail("asked for"))
    assert strip_columns(LAW, EngineSettings(), 349, 40_000) > 8000


def test_what_is_set_is_taken_and_what_nobody_knows_is_modest() -> None:
    assert strip_columns(LAW, EngineSettings(strip_columns=300), 349, 40_000) == 300
    assert strip_columns(None, EngineSettings(), 18, 40_000) == UNKNOWN_COLUMNS


def test_too_little_for_any_strip_says_how_much_to_set() -> None:
    heavy = Law(column=4_000_000, fixed=0)
    with pytest.raises(CircumstanceError, match=r"engine\.memory_gib is 0\.5, expected at least 3"):
        strip_columns(heavy, EngineSettings(memory_gib=0.5), 349, 40_000)
    needed = heavy.of(LEAST_COLUMNS + 2 * 349) / GIB
    enough = EngineSettings(memory_gib=round(needed + 0.01, 2))
    assert strip_columns(heavy, enough, 349, 40_000) >= LEAST_COLUMNS


def test_a_job_with_less_memory_says_what_it_needs_before_it_begins(monkeypatch: Any) -> None:
    network = seeded(RRDB)
    monkeypatch.setattr(memory, "available", lambda device: 1000)
    with pytest.raises(CircumstanceError, match=r"a network over 40 columns needs .* GiB"):
        run(network, photograph(20, 40))


def test_a_network_of_unknown_layers_is_not_judged(monkeypatch: Any) -> None:
    monkeypatch.setattr(memory, "available", lambda device: 0)
    unknown = seeded(COMPACT)
    memory.check_memory(memory.memory_law(_anonymous(unknown), EngineSettings(), "torch"), 9, CPU)


def _anonymous(network: Any) -> Any:
    return SimpleNamespace(module=network.module, architecture=None)


def test_the_groups_around_a_process_limit_it(monkeypatch: Any, tmp_path: Path) -> None:
    """As a scheduler sets them: the tightest counts, and files in the cache count as free."""
    outer, inner = tmp_path / "job", tmp_path / "job" / "step"
    inner.mkdir(parents=True)
    for folder, limit, used, cached in ((outer, "3000", 1000, 400), (inner, "max", 900, 0)):
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\nactive_file 100\n")
    assert memory._left_in(outer, "memory.max", "memory.current", "") == 2500
    assert memory._left_in(inner, "memory.max", "memory.current", "") is None
    assert memory._left_in(tmp_path, "memory.max", "memory.current", "") is None


def test_the_system_says_what_is_available() -> None:
    assert 0 < memory.available(torch.device("cpu")) < 1 << 50
