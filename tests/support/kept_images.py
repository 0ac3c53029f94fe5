"""Which images a small collection of results holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from restoration.plan.plan import Plan
from support.small_results import AGAIN, CHANGES


def keeping(plan: Plan, how: str, **more: Any) -> Plan:
    """The same plan over results of its own."""
    results = str(plan.results.with_name(f"results-{how}"))
    update = {"intermediates": how, "results": results, **more}
    return replace(plan, config=plan.config.model_copy(update=update))


def images(plan: Plan) -> set[str]:
    return {
        str(path.relative_to(plan.results))
        for step in (CHANGES, AGAIN)
        for path in plan.results.glob(f"*/{step}/*.tif")
        if path.parent.name != "masks"
    }


def masks(plan: Plan) -> set[str]:
    return {str(p.relative_to(plan.results)) for p in plan.results.glob("*/*/masks/*.tif")}


def deliverables(plan: Plan) -> dict[str, bytes]:
    return {
        str(p.relative_to(plan.results)): p.read_bytes()
        for p in sorted(plan.results.glob("*/deliver/*.tif"))
    }


ALL = {f"{r}/{step}/{s}.tif" for r in ("archive", "other") for step in (CHANGES, AGAIN)
       for s in ("both", "plain")}  # fmt: skip
