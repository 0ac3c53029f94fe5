"""One job in the process of the test, so that a test can act in the middle of its work."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from faults.workers import EPOCH, Collection, job
from restoration.chain.job_tools import make_job_tools
from restoration.chain.page_restorer import JobTools
from restoration.plan.plan import load_plan, plan_file
from restoration.run.batch import run_batch

Act = Callable[[], None]


def run_job(
    collection: Collection, step: str, change: Callable[[JobTools], JobTools] = lambda shop: shop
) -> int:
    """The exit code of the job that takes the batch through a step; ``change`` puts something
    else into its workshop."""
    with chdir(collection.folder), patch.dict(os.environ, SOURCE_DATE_EPOCH=EPOCH):
        plan = load_plan(plan_file(Path("results")))
        recipe, _, batch = job(step)
        shop = change(make_job_tools(plan, threads=1))
        log = plan.results / f"logs/{recipe or ''}/{step}/{batch}.log"
        table = Path(plan.table(recipe, step, batch))
        return run_batch(plan, recipe, step, batch, shop, table=table, log=log)


def in_the_middle_of(step: str, scan: str, act: Act) -> Callable[[JobTools], JobTools]:
    """A workshop in which ``act`` happens once, while the step works on the scan."""
    done: list[str] = []

    def once(name: str) -> None:
        if name == scan and not done:
            done.append(name)
            act()

    def change(shop: JobTools) -> JobTools:
        def inspect(path: Path, limits: Any) -> Any:
            once(path.stem)
            return shop.inspect(path, limits)

        def examine(path: Path, number: int, config: Any) -> Any:
            report = shop.examine(path, number, config)
            once(path.stem)
            return report

        def write_image(path: Path, bands: Any, **given: Any) -> str:
            def drawn() -> Any:
                for number, band in enumerate(bands):
                    yield band
                    if number == 0:
                        once(path.stem)

            return shop.write_image(path, drawn(), **given)

        def deliver(**given: Any) -> Any:
            once(given["scan"].scan)
            return shop.deliver(**given)

        return replace(
            shop,
            **{
                "ingest": {"inspect": inspect},
                "examine": {"examine": examine},
                "deliver": {"deliver": deliver},
            }.get(step, {"write_image": write_image}),
        )

    return change


def touch_back(path: Path, stat: os.stat_result) -> None:
    """Give a file the times that it had."""
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
