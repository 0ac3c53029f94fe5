"""One job in its worker process: how it begins, and how it ends when it is told to."""

from __future__ import annotations

import faulthandler
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from restoration.chain.crash_guard import CrashGuard
from restoration.chain.job_tools import make_job_tools
from restoration.errors import ConfigError
from restoration.plan.master_locations import protect_masters
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.run.batch import folders_written, run_batch
from restoration.run.shared_filesystem import check_same_results
from restoration.run.start_run import die_with_parent
from restoration.run.termination import end_when_told
from restoration.storage.partial_files import remove_own
from restoration.storage.scratch_disk import use_scratch


@dataclass(frozen=True)
class Job:
    """What a rule's command line says."""

    step: str
    batch: str
    recipe: str | None
    results: Path
    threads: int
    log: Path | None
    scratch: Path | None
    """Folder on a disk of the node, used where the config asks for it."""
    hand: CrashGuard

    def run(self) -> int:
        """The exit code. Raises RestorationError where the job cannot begin."""
        written: list[Path] = []
        abandon = partial(remove_own, written)
        die_with_parent(clean=abandon)
        end_when_told(abandon, self.log)
        faulthandler.enable()
        check_same_results(self.results)
        plan = load_plan(plan_file(self.results))
        protect_masters(plan)
        self._check(plan)
        written += folders_written(plan, self.recipe, self.step)
        if plan.config.scratch and self.scratch is not None:
            use_scratch(self.scratch)
        table = Path(plan.table(self.recipe, self.step, self.batch))
        workshop = make_job_tools(plan, threads=self.threads, hand=self.hand)
        return run_batch(
            plan, self.recipe, self.step, self.batch, workshop, table=table, log=self.log
        )

    def _check(self, plan: Plan) -> None:
        """Raises ConfigError where the run has no such job."""
        if self.recipe is not None and self.recipe not in plan.recipes():
            known = ", ".join(plan.recipes())
            raise ConfigError(f"recipe '{self.recipe}' is not in this run; it has {known}")
        own = ("ingest", "examine")
        steps = own if self.recipe is None else plan.steps(self.recipe)[len(own) :]
        if self.step not in steps:
            of = "no recipe" if self.recipe is None else f"the recipe '{self.recipe}'"
            raise ConfigError(f"step '{self.step}' is not one of {of}: {', '.join(steps)}")
        if not plan.members(self.recipe, self.batch):
            raise ConfigError(f"batch '{self.batch}' is not in this run")
