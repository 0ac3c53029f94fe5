"""What jobs ask a scheduler for, attempt by attempt, and when they may go to it as job arrays.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import ceil

from restoration.errors import ConfigError
from restoration.plan.cost_model import CostModel, Need
from restoration.plan.plan import Plan

LEAST_MINUTES = 10
"""Nodes start slowly, and schedulers round up; nobody waits longer for ten minutes than for one."""


def rules_in_arrays(setting: str | None) -> frozenset[str]:
    """The rules that `slurm-array-jobs` names; ``all`` stays a name."""
    return frozenset(filter(None, ((setting or "").replace(";", ",").replace(" ", "")).split(",")))


class Requests:
    """Memory and time of a plan's jobs, by the cost model."""

    def __init__(self, plan: Plan, arrays: Callable[[], str | None] = lambda: None) -> None:
        """``arrays`` says which rules go to the scheduler as arrays: the run's settings are not
        there yet when the Snakefile is parsed."""
        self._plan = plan
        self._arrays = arrays
        self._need = cache(CostModel(plan).need)
        self._largest = cache(self._largest_of)

    def memory_mib(self, recipe: str | None, step: str, batch: str, attempt: int) -> int:
        """MiB: as expected at first, twice as much at the second attempt, and so on."""
        return attempt * self._asked(recipe, step, batch).memory_mib

    def minutes(self, recipe: str | None, step: str, batch: str, attempt: int) -> int:
        """Whole minutes, growing with the attempt likewise."""
        seconds = self._asked(recipe, step, batch).seconds
        return attempt * max(LEAST_MINUTES, ceil(seconds / 60))

    def _asked(self, recipe: str | None, step: str, batch: str) -> Need:
        # Slurm gives every job of an array what its first one asks for.
        if rules_in_arrays(self._arrays()) & {"all", step}:
            return self._largest(recipe, step)
        return self._need(recipe, step, batch)

    def _largest_of(self, recipe: str | None, step: str) -> Need:
        needs = [self._need(recipe, step, batch) for batch in self._plan.batches(recipe)]
        return Need(
            seconds=max(need.seconds for need in needs),
            memory_mib=max(need.memory_mib for need in needs),
        )


def check_arrays(plan: Plan, arrays: str | None, *, jobs: int | None, gpus: int | None) -> None:
    """Stop where job arrays could wait for each other without end.

    The executor plugin (2.8.0) holds a job back until all that are ready can go with it, while
    Snakemake takes it for submitted; under a limit the rest never comes. Raises ConfigError.
    """
    if not rules_in_arrays(arrays):
        return
    ready = sum(len(plan.batches(recipe)) for recipe in plan.recipes())
    limits = {"jobs": jobs, "gpu": None if plan.device == "cpu" else gpus}
    for name, limit in limits.items():
        if limit is not None and limit < ready:
            raise ConfigError(
                f"slurm-array-jobs: needs a limit of `{name}` of at least {ready} (batches by "
                f"recipes), found {limit}, under which the run would hang; raise it in the "
                "profile, or leave arrays out"
            )
