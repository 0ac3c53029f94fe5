"""The plan of the last run, over the results where they lie now, and the folder from which its
relative paths are to be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from restoration.config.sheet import Scan, read_sheet
from restoration.errors import ConfigError
from restoration.plan.batches import ASSIGNED, read_assigned
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.records.ingest import IngestDone, IngestProblem
from restoration.storage.records import read_record
from restoration.upkeep.verify.orphans import KnownScans


def last_plan(results: Path) -> Plan:
    """The plan of the last run, over the results where they lie now."""
    path = plan_file(results)
    if not path.is_file():
        raise ConfigError(
            f"results: '{results}' holds no run.json, so no run was ever begun there; name the "
            "folder of the results: RESULTS=..."
        )
    try:
        plan = load_plan(path)
    except (ValueError, KeyError, TypeError, ConfigError) as error:
        raise ConfigError(
            f"results: '{path}' cannot be read ({type(error).__name__}: {error}); expected the "
            "plan of the last run, which any run writes again: snakemake --until ingest"
        ) from None
    return lying_in(plan, results)


def lying_in(plan: Plan, results: Path) -> Plan:
    """The plan over the results where they lie now."""
    config = plan.config.model_copy(update={"results": str(results)})
    return replace(plan, config=config)


def known_scans(plan: Plan) -> KnownScans:
    """Whom the sheet names; after the run of a single scan, the sheet is read again."""
    scans = plan.scans if plan.config.only is None else _scans_of_sheet(plan)
    return KnownScans(
        recipes_of={scan.scan: scan.recipes for scan in scans},
        batches=frozenset(scan.batch for scan in scans),
    )


def whole_plan(plan: Plan) -> Plan:
    """The plan of all scans of the sheet, each in the batch that a whole run puts it into.

    After the run of a single scan that one stands there twice, also in its batch of one.
    """
    if plan.config.only is None:
        return plan
    return replace(plan, scans=(*plan.scans, *_scans_of_sheet(plan)), album=())


def _scans_of_sheet(plan: Plan) -> tuple[Scan, ...]:
    """Read anew; the batch of a scan that has none yet is empty."""
    config = plan.config
    scans = read_sheet(Path(config.scans), recipes=config.recipes, default=config.recipe)
    assigned: Mapping[str, str] = read_assigned(plan.results / ASSIGNED)
    return tuple(replace(scan, batch=scan.batch or assigned.get(scan.scan, "")) for scan in scans)


def folder_of_run(results: Path) -> Path:
    """The folder in which the last run was started; results: absolute.

    Where results and masters were moved together, that is the folder in which they lie now in the
    same way; where there is no plan that says it, the present one.
    """
    try:
        raw: dict[str, Any] = json.loads(plan_file(results).read_text(encoding="utf-8"))
        recorded, named = raw.get("folder"), Path(raw["config"]["results"])
        sheet = Path(raw["config"]["scans"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _by_masters(results)
    found = [Path(recorded)] if isinstance(recorded, str) else []
    depth = len(named.parts)
    if not named.is_absolute() and results.parts[-depth:] == named.parts:
        found.insert(0, results.parents[depth - 1])
    for folder in found:
        if (folder / sheet).is_file():
            return folder
    return next((folder for folder in reversed(found) if folder.is_dir()), Path.cwd())


def _by_masters(results: Path) -> Path:
    """Without a plan: the folder among those above in which the first master that can be found
    lies; else the present one."""
    for path in sorted((results / "ingest").glob("*.json")):
        record = read_record(path)
        if isinstance(record, IngestDone | IngestProblem):
            found = [one for one in (Path.cwd(), *results.parents) if (one / record.path).is_file()]
            return found[0] if found else Path.cwd()
    return Path.cwd()


@contextmanager
def started_in(folder: Path) -> Iterator[None]:
    """Within the block, relative paths mean what they meant to the run."""
    from contextlib import chdir  # noqa: PLC0415 (its name would say less here)

    with chdir(folder):
        yield
