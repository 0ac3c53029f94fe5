"""The condition report as the page shows it: a row for each finding."""

from __future__ import annotations

import json
from typing import Any

from restoration.config.stages import REGISTRY
from restoration.findings.base import AnyFinding
from restoration.findings.report import ConditionReport
from restoration.review.wording import confidence, rows


def stage_label(name: str) -> str:
    """A stage's name for people; it may be that of a finding on another subject."""
    entry = REGISTRY.get(name)
    return (entry and entry.label) or name.replace("_", " ").capitalize()


def findings(report: ConditionReport) -> list[dict[str, Any]]:
    """The rows of a condition report, in the order in which a person reads them."""
    return [finding(found, report) for found in report.findings()]


def finding(found: AnyFinding, report: ConditionReport | None = None) -> dict[str, Any]:
    """One row of the condition report: label, sentence, confidence, method and details.

    report: all of it, since one finding may speak against another.
    """
    said = found.detail.model_dump(mode="json", exclude_unset=True)
    # By name, as records have them.
    ordered = json.loads(json.dumps(said, sort_keys=True))
    shown = {found.renamed.get(k, k): v for k, v in ordered.items() if k not in found.unshown}
    return {
        "name": found.name,
        "label": found.label,
        "text": found.sentence(report),
        "confidence": confidence(found.confidence),
        "method": found.method,
        "detail": rows(shown),
    }
