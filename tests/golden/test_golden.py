"""No step makes something else under the same version: `rerun_on: version` may be relied on.

What each step makes of small fixed scans lies in results.json, with the version at which it was
made. A change that is meant: raise the version, then `python tests/golden/renew.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from restoration.config.stages import CHAIN
from support import golden, weights_at_hand
from support.golden import Case, Outcome, RefusedError
from support.golden_cases import CASES, RESULTS, declared_version

PAIRS = [
    pytest.param(
        step, case, id=f"{step}, {case.name}", marks=[pytest.mark.weights] if case.weights else []
    )
    for step, cases in CASES.items()
    for case in cases
]


@pytest.mark.parametrize(("step", "case"), PAIRS)
def test_a_step_makes_what_its_version_made(step: str, case: Case) -> None:
    for name in case.weights:
        weights_at_hand.original_files(name)
    now = golden.stored(case.make())
    said = golden.complaint(step, case.name, golden.load(RESULTS), declared_version(step), now)
    assert said is None, said


def test_every_step_has_cases_and_nothing_is_kept_of_others() -> None:
    assert set(CASES) == {"ingest", "examine", *CHAIN, "deliver"}
    kept = golden.load(RESULTS)
    assert {step: set(body["cases"]) for step, body in kept.items()} == {
        step: {case.name for case in cases} for step, cases in CASES.items()
    }


def test_every_stage_works_on_one_scan_and_leaves_another_alone() -> None:
    for step in CHAIN:
        met = [r["findings"]["status"] for r in golden.load(RESULTS)[step]["cases"].values()]
        assert "declined" in met
        assert set(met) & {"restored", "mapped"}


def test_the_file_is_small() -> None:
    assert RESULTS.stat().st_size < 300_000


# -- what is told apart ------------------------------------------------------------------------


def outcome(shift: int = 0, share: float = 0.25, reason: str = "it is soft") -> Outcome:
    pixels = np.arange(24 * 30 * 3, dtype=np.uint16).reshape(24, 30, 3) * np.uint16(29)
    return Outcome({"share": share, "reason": reason}, {"result": pixels + np.uint16(shift)}, 3)


def kept(**made: float) -> golden.Golden:
    return {"denoise": {"version": "2", "cases": {"noise": golden.stored(outcome(**made))}}}


@pytest.mark.parametrize("made", [{}, {"shift": 1}, {"share": 0.250002}, {"reason": "so soft"}])
def test_what_processors_or_words_change_is_no_change(made: dict[str, float]) -> None:
    now = golden.stored(outcome(**made))
    assert golden.complaint("denoise", "noise", kept(), "2", now) is None


@pytest.mark.parametrize("made", [{"shift": 2}, {"share": 0.251}])
def test_a_result_that_changed_is_told_until_the_version_is_raised(made: dict[str, float]) -> None:
    now = golden.stored(outcome(**made))
    said = golden.complaint("denoise", "noise", kept(), "2", now)
    assert said is not None
    assert "its version is still 2" in said
    with pytest.raises(RefusedError, match="still 2: raise it first"):
        golden.renewed("denoise", kept(), "2", {"noise": now})
    body, changed = golden.renewed("denoise", kept(), "3", {"noise": now})
    assert changed
    assert golden.complaint("denoise", "noise", {"denoise": body}, "3", now) is None


def test_a_version_that_was_raised_asks_for_new_results() -> None:
    now = golden.stored(outcome())
    said = golden.complaint("denoise", "noise", kept(), "3", now)
    assert said is not None
    assert "declares version 3, its golden results are of 2" in said
    assert "python tests/golden/renew.py denoise" in said


def test_a_version_never_goes_down_nor_is_a_case_without_result() -> None:
    now = golden.stored(outcome())
    with pytest.raises(RefusedError, match="never goes down"):
        golden.renewed("denoise", kept(), "1", {"noise": now})
    said = golden.complaint("denoise", "grain", kept(), "2", now)
    assert said is not None
    assert "no golden result of 'grain'" in said


def test_renewing_leaves_the_last_digit_of_the_processor_that_made_it(tmp_path: Path) -> None:
    now = {"noise": golden.stored(outcome(shift=1)), "grain": golden.stored(outcome())}
    body, changed = golden.renewed("denoise", kept(), "2", now)
    assert body["cases"]["noise"] == kept()["denoise"]["cases"]["noise"]
    assert changed == ["denoise: 'grain' is new"]
    golden.save(tmp_path / "results.json", {"denoise": body})
    assert golden.load(tmp_path / "results.json") == {"denoise": body}


def test_a_change_between_the_rows_that_are_kept_shows_in_the_means() -> None:
    changed = outcome()
    pixels = changed.pixels["result"].copy()
    pixels[1::3, 1::3] += np.uint16(40)
    now = golden.stored(Outcome(changed.findings, {"result": pixels}, 3))
    said = golden.complaint("denoise", "noise", kept(), "2", now)
    assert said is not None
    assert "means differ" in said
    assert "codes differ" not in said
