"""Every step with its golden cases, its version, and where its results are kept."""

from __future__ import annotations

from pathlib import Path

from restoration.config.stages import REGISTRY
from restoration.plan.dependencies import _VERSIONS
from support.golden import Case
from support.golden_stages import STAGES
from support.golden_steps import STEPS

RESULTS = Path(__file__).parents[1] / "golden" / "results.json"

CASES: dict[str, list[Case]] = {**STEPS, **STAGES}


def declared_version(step: str) -> str:
    """What ``rerun_on: version`` looks at."""
    return REGISTRY[step].version if step in REGISTRY else _VERSIONS[step]
