"""What today's code and settings would make anew, scan by scan and step by step, with the reason.

Nothing of this is damage. Judged by the chain's own formulas for keys, over the records that are
there and without any work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restoration.chain.album import Albums
from restoration.chain.redelivery import is_delivered, time_in_file
from restoration.chain.scan_keys import ScanKeys, altered_key
from restoration.config.sheet import Scan
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord
from restoration.records.delivery import DeliveryDone
from restoration.records.ingest import IngestDone, IngestProblem
from restoration.records.stage import UsedWeights
from restoration.storage.fixity import MISSING, signature
from restoration.storage.keys import digest
from restoration.storage.recorded_copies import copy_of
from restoration.storage.records import is_unaltered, read_record, refusal
from restoration.upkeep.verify.last_run import folder_of_run, last_plan, lying_in, started_in

NEVER = "never made, or its record is lost"
LACKS = "its record lacks parts, or is of another version"


@dataclass(frozen=True)
class Anew:
    """A step that would be done again for a scan."""

    scan: str
    recipe: str | None
    step: str
    reason: str


def made_anew(
    plan: Plan,
    scan: Scan,
    albums: Albums,
    lost: frozenset[tuple[str | None, str]] = frozenset(),
) -> Iterator[Anew]:
    """Every step that the next run would do again for a scan, those without a recipe first.

    albums: those gathered so far, which this adds to. lost: places (recipe, step)
    whose own record says nothing, since it is what is to be given back; they count as done.
    """
    common: dict[str, AnyRecord] = {}
    first = yield from _way(plan, scan, None, ("ingest", "examine"), common, albums, lost)
    for recipe in scan.recipes:
        steps = plan.steps(recipe)[2:]
        known = dict(common)
        if first == "":
            continue  # a problem, and final as it is
        if first is not None:
            for step in steps:
                yield Anew(scan.scan, recipe, step, f"after {first}")
            continue
        yield from _way(plan, scan, recipe, steps, known, albums, lost)


def _way(
    plan: Plan,
    scan: Scan,
    recipe: str | None,
    steps: tuple[str, ...],
    known: dict[str, AnyRecord],
    albums: Albums,
    lost: frozenset[tuple[str | None, str]],
) -> Any:
    """Yields what is made anew; returns the first step that is, "" after a problem, else None."""
    keys = ScanKeys(plan, recipe, scan, albums, known.__getitem__)
    first: str | None = None
    for step in steps:
        if first is not None:
            yield Anew(scan.scan, recipe, step, f"after {first}")
            continue
        path = plan.folder(recipe, step) / f"{scan.scan}.json"
        record = read_record(path)
        if record is None and (recipe, step) in lost:
            record = _copy(plan, scan, recipe, step)
            if record is None:
                # What comes after it cannot be judged.
                if step == "deliver" and not _bears_key(plan, recipe, scan, keys.deliver()):
                    yield Anew(scan.scan, recipe, step, "code, settings or what it was made from")
                return None
        if record is None:
            first = step
            yield Anew(scan.scan, recipe, step, NEVER if refusal(path) is None else LACKS)
            continue
        reason = _reason(keys, plan, recipe, step, record)
        if reason:
            first = step
            yield Anew(scan.scan, recipe, step, reason)
            continue
        known[step] = record
        if record.status == "problem":
            return ""
    return first


def _copy(plan: Plan, scan: Scan, recipe: str | None, step: str) -> AnyRecord | None:
    """A lost record as a deliver record has it."""
    for name in scan.recipes if recipe is None else (recipe,):
        delivered = read_record(plan.folder(name, "deliver") / f"{scan.scan}.json")
        found = copy_of(step, delivered)
        if found is not None and found.record_sha256 and is_unaltered(found.raw()):
            return found
    return None


def _bears_key(plan: Plan, recipe: str | None, scan: Scan, key: str) -> bool:
    """Whether a deliverable without a record is what would be made today; nobody can say otherwise
    where that is gone as well."""
    path = plan.folder(recipe, "deliver") / f"{scan.scan}.tif"
    return not path.is_file() or time_in_file(path, key) is not None


def _reason(
    keys: ScanKeys, plan: Plan, recipe: str | None, step: str, record: AnyRecord
) -> str | None:
    """Why a record is not what would be made today; None where it is."""
    try:
        if isinstance(record, IngestDone | IngestProblem):
            return _of_ingest(keys, record)
        key = keys.of(step)
        made = record.key in ((key, altered_key(key)) if step == "deliver" else (key,))
    except LookupError:
        return LACKS
    if made:
        if not isinstance(record, DeliveryDone) or is_delivered(plan, record.recipe, record):
            return None
        return "a file of it is gone"
    return ", ".join(_differing(plan, recipe, step, record)) or "what it was made from"


def _of_ingest(keys: ScanKeys, record: IngestDone | IngestProblem) -> str | None:
    scan, plan = keys.scan, keys.plan
    now = signature(scan.path)
    if record.base != digest(keys.ingest_base()):
        told = {"material": (record.material, scan.material)}
        changed = [name for name, (was, is_now) in told.items() if was != is_now]
        return (
            ", ".join([*_differing(plan, None, "ingest", record), *changed]) or "code or settings"
        )
    if now == MISSING and record.status == "done":
        return "its master is missing"
    if now != record.signature or scan.path != record.path:
        return "its master has another path, size or time (it is hashed again)"
    return None


def _differing(plan: Plan, recipe: str | None, step: str, record: AnyRecord) -> Iterator[str]:
    """What of a step is no longer as a record has it."""
    today: Mapping[str, Any] = {
        "code": plan.dependencies.code(recipe, step),
        "settings": plan.dependencies.settings(recipe, step),
        "numeric": plan.dependencies.numeric(recipe, step),
        "weights": list(plan.dependencies.weights(recipe, step)),
    }
    names = {"numeric": "runtime, device or precision"}
    for name, value in today.items():
        if name not in record.model_fields_set:
            continue
        was = getattr(record, name)
        if name == "weights":
            was = [one.sha256 if isinstance(one, UsedWeights) else one for one in was]
        if was != value:
            yield names.get(name, name)


def places_before(plan: Plan, recipe: str | None, step: str) -> tuple[tuple[str | None, str], ...]:
    """A step's own place and those before it."""
    steps = ("ingest", "examine") if recipe is None else plan.steps(recipe)
    found = steps[: steps.index(step) + 1]
    return tuple((None if name in ("ingest", "examine") else recipe, name) for name in found)


def made_anew_today(
    results: Path, configs: Sequence[Mapping[str, Any]] = (), base: Path | None = None
) -> Iterator[Anew]:
    """What the next run would make anew with today's code; settings are those of the last run, or
    ``configs``, the later over the earlier.

    Raises ConfigError where there are no results, or their settings or sheet are wrong.
    """
    results = results.absolute()
    last = last_plan(results)
    with started_in(base.absolute() if base is not None else folder_of_run(results)):
        raw: dict[str, Any] = {}
        for config in configs or (last.config.model_dump(mode="json"),):
            raw = _over(raw, config)
        plan = lying_in(make_plan({**raw, "results": str(results)}), results)
        albums: Albums = {}
        for scan in plan.scans:
            yield from made_anew(plan, scan, albums)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """A config over another, as Snakemake lays them."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[name] = _over(under, value) if both else value  # type: ignore[arg-type]
    return merged


def counts(found: Sequence[Anew] | Counter[tuple[str | None, str, str]]) -> list[str]:
    """Lines by step and reason, each with the number of scans."""
    if not isinstance(found, Counter):
        found = Counter((one.recipe, one.step, one.reason) for one in found)
    return [
        f"{' '.join(part for part in (recipe, step) if part)}: {number:,} "
        f"scan{'s' * (number != 1)}: {reason}"
        for (recipe, step, reason), number in found.items()
    ]
