"""Deleting a folder of results, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from restoration.errors import ConfigError
from restoration.plan.plan import plan_file
from restoration.run.lock import lock_results
from restoration.run.status import plan_of_results


def clear_results(results: Path) -> None:
    """Delete a folder that ``check_results`` found to be one of results.

    Raises ConfigError where a run holds it, OSError where something cannot be deleted.
    """
    for folder in _runs(results):
        lock_results(folder)
    shutil.rmtree(results)


def check_results(results: Path) -> None:
    """Raises ConfigError with one line where this is no folder of results, or holds more."""
    if results.is_symlink():
        raise ConfigError(
            f"'{results}' is a link to '{results.resolve()}'; name the folder itself, or delete "
            "the link"
        )
    if not results.is_dir():
        raise ConfigError(f"'{results}' is no folder; expected one of results")
    here = results.resolve()
    for place, said in ((Path.cwd(), "the folder you are in"), (Path.home(), "your home folder")):
        if place.resolve().is_relative_to(here):
            raise ConfigError(f"'{results}' is or holds {said} ('{place}'); nothing was deleted")
    runs = _runs(results)
    if not runs:
        raise ConfigError(
            f"'{results}' holds no run ('{plan_file(results)}' is missing), so that it may be "
            "anything; delete it yourself if it is what you mean"
        )
    for folder in runs:
        _check_nothing_else(folder, here)


def _runs(results: Path) -> list[Path]:
    """The folder itself and those in it that hold a run; none where it holds anything else, too.

    As in `results`, where that has the demo alone.
    """
    inside = [path for path in sorted(results.iterdir()) if plan_file(path).is_file()]
    if plan_file(results).is_file():
        return [results, *inside]
    return inside if inside == sorted(results.iterdir()) else []


def _check_nothing_else(run: Path, here: Path) -> None:
    """Raises ConfigError where what a run read lies in the folder: masters, what people wrote."""
    plan = plan_of_results(run)
    if plan.results.resolve() != run.resolve():
        raise ConfigError(
            f"the run of '{run}' called its results '{plan.results}', so that its masters may be "
            "anywhere; start this in the folder in which that run was started, or delete it "
            "yourself"
        )
    own = [weights.path for weights in plan.config.models.values()]
    read = {
        "a master": [scan.path for scan in plan.scans],
        "the sheet": [plan.config.scans],
        "the folder of regions": [str(plan.regions_folder)],
        "the folder of weights": [plan.config.models_dir, *own],
    }
    for what, paths in read.items():
        for path in paths:
            if Path(path).exists() and _lies_in(Path(path), here):
                raise ConfigError(
                    f"{what} lies in it ('{path}'); nothing was deleted: move it elsewhere first"
                )


def _lies_in(path: Path, folder: Path) -> bool:
    # A link among the results to a master elsewhere is no master; a folder that is a link is.
    return path.resolve().is_relative_to(folder) or path.absolute().is_relative_to(folder)
