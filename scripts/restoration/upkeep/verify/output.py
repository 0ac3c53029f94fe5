"""What ``scripts/verify.py`` prints and writes."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from restoration.config.yaml_text import read_config_file
from restoration.plan.plan import ROOT
from restoration.storage.publish import published
from restoration.upkeep.verify.current import Anew, counts, made_anew_today
from restoration.upkeep.verify.findings import COLUMNS, FixityFault, cells, line
from restoration.upkeep.verify.summary import summary
from restoration.upkeep.verify.verify import VerifyRequest, verify_results

ANEW = 3
"""The exit status of ``--current`` where something would be made anew."""


def fixity(given: argparse.Namespace) -> int:
    """Verify, print each finding and the summary; returns the exit status."""
    results = given.results.absolute()
    with _table(given.output, COLUMNS) as write:

        def tell(finding: FixityFault) -> None:
            told = cells(finding, results, scheduling=given.repair)
            print(line(told), flush=True)
            write(told)

        asked = VerifyRequest(
            quick=given.quick,
            results_only=given.results_only,
            repair=given.repair,
            anew=given.anew,
            base=given.base,
            log=given.log,
        )
        verified = verify_results(results, asked, tell)
    print(summary(verified))
    return 0 if verified.clean else 1


def current(given: argparse.Namespace) -> int:
    """Print what would be made anew, by step and reason; returns the exit status."""
    configs = [read_config_file(path) for path in given.configfile or ()]
    if configs:
        configs.insert(0, read_config_file(ROOT / "config" / "config.yaml"))
    found: Counter[tuple[str | None, str, str]] = Counter()
    scans = set()
    with _table(given.output, ("scan", "recipe", "step", "reason")) as write:
        for one in made_anew_today(given.results, configs, given.base):
            found[one.recipe, one.step, one.reason] += 1
            scans.add(one.scan)
            write(_cells(one))
    print("\n".join(counts(found)) or "nothing would be made anew")
    if found:
        print(f"{len(scans):,} scans would be worked on; nothing of this is damage")
    return ANEW if found else 0


def _cells(one: Anew) -> tuple[str, ...]:
    return one.scan, one.recipe or "", one.step, one.reason


@contextmanager
def _table(
    path: Path | None, columns: tuple[str, ...]
) -> Iterator[Callable[[tuple[str, ...]], None]]:
    """Writes rows as they come; nothing where no table is asked for."""
    if path is None:
        yield lambda row: None
        return
    with published(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:

        def write(row: tuple[str, ...]) -> None:
            file.write("\t".join(row) + "\n")

        write(columns)
        yield write
