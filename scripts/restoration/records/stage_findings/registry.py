"""The findings of every stage that has a type for them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

import restoration.records.stage_findings
from restoration.records.stage_findings.base import StageFindings


def _stages() -> dict[str, type[StageFindings]]:
    found: dict[str, type[StageFindings]] = {}
    package = restoration.records.stage_findings
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name == __name__:
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and issubclass(kind, StageFindings) and "stage" in vars(kind):
                found[kind.stage] = kind
    return found


STAGE_FINDINGS: Mapping[str, type[StageFindings]] = _stages()
"""By the stage's name."""
