"""Keep the golden results of steps whose version was raised: `python tests/golden/renew.py [step]`.

Refuses to overwrite a result that differs while the version is the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import pytest  # noqa: E402

from support import golden  # noqa: E402
from support.golden_cases import CASES, RESULTS, declared_version  # noqa: E402


def main(asked: list[str]) -> int:
    """The exit code: 1 where a step was refused; the others are kept."""
    unknown = [step for step in asked if step not in CASES]
    if unknown:
        print(f"error: no step is called {', '.join(unknown)}: {', '.join(CASES)}")
        return 2
    kept, refused = golden.load(RESULTS), False
    for step in asked or CASES:
        try:
            made = {case.name: golden.stored(case.make()) for case in CASES[step]}
            body, said = golden.renewed(step, kept, declared_version(step), made)
        except (golden.RefusedError, pytest.skip.Exception) as error:
            print(f"refused: {error}")
            refused = True
            continue
        kept[step] = body
        print("\n".join(said) if said else f"{step}: as it was")
    golden.save(RESULTS, {step: body for step, body in kept.items() if step in CASES})
    return int(refused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
