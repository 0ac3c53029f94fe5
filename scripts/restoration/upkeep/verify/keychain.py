"""Which keys a scan's records should bear, by the chain's own formulas and without any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from restoration.chain.chain import Chain
from restoration.chain.page_restorer import Workshop
from restoration.config.sheet import Scan
from restoration.plan.plan import Plan
from restoration.storage.keys import digest
from restoration.storage.page_state import Record


@dataclass(frozen=True)
class SteadyPlan(Plan):
    """A plan whose facts about steps are worked out once.

    Fingerprints of code cost milliseconds, and verification asks for them with every record. The
    sources do not change while it runs.
    """

    def __post_init__(self) -> None:
        for name in ("code", "settings", "weights", "numeric", "networks", "keeps_faces"):
            object.__setattr__(self, name, cache(getattr(self, name)))


class _KeyError(Exception):
    """Carries the key that a step's record should bear out of the chain, before it works."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _no_work(*given: Any, **named: Any) -> NoReturn:
    raise AssertionError("verification runs no stage")


def idle_workshop() -> Workshop:
    """A workshop in which nothing can be done; it keeps the albums that were gathered."""
    return Workshop(
        networks=_no_work,
        inspect=_no_work,
        examine=_no_work,
        open_image=_no_work,
        colour_of=_no_work,
        write_image=_no_work,
        deliver=_no_work,
    )


class KeyChain(Chain):
    """The chain of one scan over records that were read already."""

    def __init__(
        self,
        plan: Plan,
        recipe: str | None,
        scan: Scan,
        albums: Workshop,
        records: Mapping[str, Record],
    ) -> None:
        """records: by step; only those before the step that is asked about are looked at."""
        super().__init__(plan, recipe, scan, albums)
        self._records = records

    def ensure(self, step: str) -> Record:
        return self._records[step]

    def _true(self, step: str, key: str) -> NoReturn:
        raise _KeyError(key)

    def _publish(self, step: str, record: Record) -> NoReturn:
        raise AssertionError("verification writes no record")

    def ingest_base(self) -> str:
        """Digest of what an ingest record depends on beside the master."""
        return digest(self._base())

    def _base(self) -> Record:
        # As in `Chain._ingest`.
        return {
            "settings": self.plan.settings(None, "ingest"),
            "code": self.plan.code("ingest"),
            "material": self.scan.material,
        }

    def examine_key(self) -> str:
        self._known["ingest"] = self._records["ingest"]
        try:
            self._examine()
        except _KeyError as found:
            return found.key
        raise AssertionError("the chain asks for a true record before it examines")

    def page_keys(self, step: str) -> list[str]:
        """The key of each page as a stage leaves it."""
        return self._stage_keys(step)

    def deliver_key(self) -> str:
        return self._deliver_key()
