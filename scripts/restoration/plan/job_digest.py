"""One hash for each job over everything that its results depend on: Snakemake's rerun trigger.

Read with the plan, so it knows no NumPy. A collection of 100,000 scans has 20,000 jobs; what
several of them depend on is looked at once.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Protocol

from restoration.config.regions import StageMarks
from restoration.config.sheet import Scan
from restoration.plan.dependencies import Dependencies
from restoration.storage.fixity import MISSING, signature
from restoration.storage.keys import digest


class Jobs(Protocol):
    """What a digest asks a plan."""

    @property
    def dependencies(self) -> Dependencies:
        """What each step depends on beside the scans."""

    def steps(self, recipe: str) -> tuple[str, ...]:
        """Every step of a scan's way."""

    def members(self, recipe: str | None, batch: str) -> tuple[Scan, ...]:
        """The scans of a batch."""

    def may_be_marked(self, step: str) -> bool:
        """Whether a scan can have marks for a step."""

    def marks(self, recipe: str | None, scan: Scan, step: str) -> StageMarks:
        """What people marked on a scan for a step."""


class JobDigests:
    """The digests of a plan's jobs, for as long as one process parses or works.

    Of the masters they take path, size and modification time, which cost one ``stat`` each, once;
    the worker decides by SHA-256 whether there is any work behind a changed time.
    """

    def __init__(self, plan: Jobs) -> None:
        self._plan = plan
        self._signature = cache(signature)
        self._masters = cache(self._masters_of)
        self._step = cache(self._step_facts)
        self._marks = cache(self._marked)

    def of(self, recipe: str | None, step: str, batch: str) -> str:
        """The digest of the job that takes a batch through a step."""
        return digest(
            {
                "masters": self._masters(recipe, batch),
                "marks": [self._marks(recipe, batch, name) for name in self._passed(recipe, step)],
                "steps": [self._step(recipe, name) for name in self._passed(recipe, step)],
            }
        )

    def bytes_of(self, scan: Scan) -> int:
        """Bytes of a scan's master; 0 where it is missing."""
        found = self._signature(scan.path)
        return 0 if found == MISSING else int(found.partition(":")[0])

    def is_missing(self, scan: Scan) -> bool:
        """Whether a scan's master cannot be found, or not be looked at."""
        return self._signature(scan.path) == MISSING

    def _passed(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """The steps up to this one."""
        if recipe is None:
            return ("ingest",) if step == "ingest" else ("ingest", "examine")
        steps = self._plan.steps(recipe)
        return steps[: steps.index(step) + 1]

    def _masters_of(self, recipe: str | None, batch: str) -> str:
        """SHA-256 over the members of a batch, and the state of their masters."""
        scans = self._plan.members(recipe, batch)
        return digest([(s.scan, s.material, s.path, self._signature(s.path)) for s in scans])

    def _marked(self, recipe: str | None, batch: str, step: str) -> str | None:
        """SHA-256 over what people marked on the scans of a batch for a step; None: nothing."""
        if not self._plan.may_be_marked(step):
            return None
        marked = [
            [scan.scan, facts]
            for scan in self._plan.members(recipe, batch)
            if (facts := self._plan.marks(recipe, scan, step).facts(self._stamp))
        ]
        return digest(marked) if marked else None

    def _stamp(self, path: Path) -> str:
        return self._signature(str(path))

    def _step_facts(self, recipe: str | None, step: str) -> str:
        """SHA-256 over all of a step that is the same for every batch."""
        on = self._plan.dependencies
        return digest(
            [
                step,
                on.settings(recipe, step),
                on.code(recipe, step),
                on.weights(recipe, step),
                on.numeric(recipe, step),
                on.outgoing_profile(recipe, step),
                on.actions(recipe, step),
            ]
        )
