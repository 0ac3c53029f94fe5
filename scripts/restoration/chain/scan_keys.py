"""The key that each step's record of a scan should bear, from the plan and the records before it.

The one place where keys are put together: what is done, what may be deleted, and what today's code
would make anew are judged by them. Reads records, and the masks that a person painted; no pixel of
a scan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from restoration.chain.album import Albums
from restoration.chain.stage_inputs import StageInputs
from restoration.config.sheet import Scan
from restoration.deliver.finished_measures import FINISHED_READS
from restoration.errors import ScanError
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord
from restoration.records.examine import ExamineDone
from restoration.records.ingest import IngestDone, IngestProblem, Master
from restoration.records.stage import AppliedPage, StageDone
from restoration.storage.fixity import signature
from restoration.storage.keys import digest, stage_key
from restoration.storage.page_state import PageState


class EarlierProblemError(ScanError):
    """The scan failed in an earlier step; its record says why."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(reason)
        self.step = step


def altered_key(key: str) -> str:
    """The key of a delivery that found another master than was ingested; key: that of the delivery
    itself, which must stay free, since what was ingested may come back and be delivered."""
    return digest([key, "altered"])


class ScanKeys:
    """The keys of one scan in one recipe (None: only those of steps that carry no recipe)."""

    def __init__(
        self,
        plan: Plan,
        recipe: str | None,
        scan: Scan,
        albums: Albums,
        record: Callable[[str], AnyRecord],
    ) -> None:
        """albums: those gathered so far, which this adds to; record: gives the true record, of a
        scan that is no problem, of each step before the one that is asked about."""
        self.plan = plan
        self.recipe = recipe
        self.scan = scan
        self.inputs = StageInputs(plan, recipe, scan, albums, self.examined)
        self._on = plan.dependencies
        self._record = record

    def before(self, step: str) -> str:
        """The step from which a step takes the pages."""
        if step == "examine":
            return "ingest"
        assert self.recipe is not None
        return self.plan.step_before(self.recipe, step)

    # -- the keys ----------------------------------------------------------------------------

    def ingest_base(self) -> dict[str, Any]:
        """What an ingest depends on beside the master."""
        return {
            "settings": self._on.settings(None, "ingest"),
            "code": self._on.code(None, "ingest"),
            "material": self.scan.material,
        }

    def ingest(self, sha256: str) -> str:
        """Of the ingest of a master with this SHA-256."""
        return digest({**self.ingest_base(), "sha256": sha256})

    def ingest_problem(self, found: str) -> str:
        """Of the ingest of a master that cannot be read; found: its ``signature``."""
        return digest([self.ingest_base(), found])

    def is_ingested(self, record: IngestDone | IngestProblem, found: str) -> bool:
        """Whether a record is of the ingest of this master as it lies there; found: its
        ``signature``, so that a master is hashed again only where that changed."""
        if record.base != digest(self.ingest_base()):
            return False
        return record.signature == found and record.path == self.scan.path

    def examine_facts(self) -> dict[str, Any]:
        """What a condition report depends on beside the master."""
        return {
            "settings": self._on.settings(None, "examine"),
            "code": self._on.code(None, "examine"),
            "weights": list(self._on.weights(None, "examine")),
        }

    def examine(self) -> str:
        return digest({"input": self._record("ingest").key, **self.examine_facts()})

    def pages(self, step: str) -> list[str]:
        """Of each page as a stage leaves it."""
        assert self.recipe is not None
        marks = self.inputs.marks(step)
        return [
            stage_key(
                input_key=state.key,
                settings={**self._on.settings(self.recipe, step), **marks},
                reads=self.inputs.keyed(step, state.number),
                code=self._on.code(self.recipe, step),
                weights=self._on.weights(self.recipe, step),
                numeric=self._on.numeric(self.recipe, step),
            )
            for state in self.states(self.before(step))
        ]

    def deliver(self) -> str:
        states = self.states(self.before("deliver"))
        return digest(
            {
                "input": [state.key for state in states],
                # What was tried and declined is part of the deliverable's history.
                "chain": [record.key for record in self.stage_records()],
                # By these the finished picture is judged.
                "reports": [
                    {name: page.report.get(name) for name in FINISHED_READS}
                    for page in self.examined().pages
                ],
                "settings": self._on.settings(self.recipe, "deliver"),
                "code": self._on.code(self.recipe, "deliver"),
                "weights": self._on.weights(self.recipe, "deliver"),
                "profile": self._on.outgoing_profile(self.recipe, "deliver"),
                "actions": self._on.actions(self.recipe, "deliver"),
            }
        )

    def of(self, step: str) -> str:
        """Of the record of any step after ``ingest``, whose own follows from the master."""
        if step == "examine":
            return self.examine()
        return self.deliver() if step == "deliver" else digest(self.pages(step))

    def is_true(self, step: str, record: AnyRecord) -> bool:
        """Whether a record is what would be made today; of files it says nothing."""
        if isinstance(record, IngestDone | IngestProblem):
            return self.is_ingested(record, signature(self.scan.path))
        return record.key == self.of(step)

    # -- what they follow from ---------------------------------------------------------------

    def ingested(self) -> IngestDone:
        record = self._record("ingest")
        assert isinstance(record, IngestDone)
        return record

    def master(self) -> Master:
        """What the master says about itself."""
        return self.ingested().master

    def examined(self) -> ExamineDone:
        record = self._record("examine")
        assert isinstance(record, ExamineDone)
        return record

    def stage(self, step: str) -> StageDone:
        """The record of a stage."""
        record = self._record(step)
        assert isinstance(record, StageDone)
        return record

    def stage_records(self) -> list[StageDone]:
        """The records of the recipe's stages, in order."""
        assert self.recipe is not None
        return [self.stage(step) for step in self.plan.recipe(self.recipe).chain()]

    def states(self, step: str) -> list[PageState]:
        """Every page as the step leaves it; ``examine`` leaves the master's own pages."""
        if step != "examine":
            return [
                PageState(
                    number=page.number,
                    key=page.output_key,
                    image=page.image,
                    owner=page.owner,
                    height=page.height,
                    width=page.width,
                    ppi=page.ppi or None,
                    generated=page.generated,
                    tones=page.tones if isinstance(page, AppliedPage) else None,
                )
                for page in self.stage(step).pages
            ]
        master = self.master()
        return [
            PageState(
                number=page.number,
                key=digest([master.sha256, page.number]),
                image=None,
                owner=None,
                height=page.height,
                width=page.width,
                ppi=page.ppi or None,
            )
            for page in master.pages
        ]

    def ungenerated(self, step: str, state: PageState) -> PageState | None:
        """A page before a generative network first worked on it; None where none did. state: the
        page as it comes to the step."""
        earlier = step
        while state.generated:
            earlier = self.before(earlier)
            state = next(s for s in self.states(self.before(earlier)) if s.number == state.number)
        return None if earlier == step else state
