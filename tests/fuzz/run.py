"""Fuzz the workflow for a time: hostile scans, sheets, regions, configs and weights.

Each case must end as a deliverable, a problem line, a refusal or a one-line mistake of the config,
in bounded time and memory, with nothing touched outside the results. Exit code 1 where one did not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
PATHS = (HERE.parent, HERE.parents[1] / "scripts")
sys.path[:0] = [str(path) for path in PATHS]

SECONDS_A_CASE = 90.0
MIB_A_CASE = 3072.0
CASES_A_WORKER = 400
"""After these a worker is replaced, so that what one case leaves behind cannot hide for ever."""

WORDS = ("deliverable", "problem", "config", "refused", "violation")


@dataclass
class Ended:
    """How one case ended."""

    kind: str
    number: int
    outcome: str
    seconds: float
    mib: float

    @property
    def word(self) -> str:
        return self.outcome.partition(":")[0]


class Worker:
    """A child process that runs cases one after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, PATHS)),
            "OMP_NUM_THREADS": "1",
            "PYTHONFAULTHANDLER": "1",
        }
        self._log = (folder.parent / f"{folder.name}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fuzz.worker", str(folder), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            cwd=folder,
        )
        self._rest = b""
        self.cases = 0

    def run(self, kind: str, number: int) -> Ended:
        assert self.process.stdin is not None
        self.cases += 1
        started = time.monotonic()
        try:
            self.process.stdin.write(f"{kind} {number}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return self._gone(kind, number, started)
        # The first case also pays for the imports.
        deadline = started + SECONDS_A_CASE + (60 if self.cases == 1 else 0)
        while True:
            line = self._line(deadline)
            if line is None:
                if self.process.poll() is None and time.monotonic() >= deadline:
                    self.close()
                    seconds = time.monotonic() - started
                    return Ended(kind, number, "violation: hangs", seconds, 0)
                return self._gone(kind, number, started)
            answer = json.loads(line)
            if "outcome" in answer:
                return self._judged(Ended(kind, number, **answer))

    @staticmethod
    def _judged(ended: Ended) -> Ended:
        if ended.word != "violation" and ended.mib > MIB_A_CASE:
            ended.outcome = f"violation: took {ended.mib:.0f} MiB ({ended.outcome})"
        return ended

    def _gone(self, kind: str, number: int, started: float) -> Ended:
        code = self.process.wait()
        self._log.seek(0)
        said = self._log.read()[-3000:]
        seconds = time.monotonic() - started
        return Ended(kind, number, f"violation: worker ended with {code}: {said}", seconds, 0)

    def _line(self, deadline: float) -> bytes | None:
        assert self.process.stdout is not None
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                return None
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


@dataclass
class Tally:
    """What came of all cases."""

    ended: list[Ended] = field(default_factory=list)

    def table(self) -> str:
        kinds: dict[str, list[Ended]] = defaultdict(list)
        for one in self.ended:
            kinds[one.kind].append(one)
        lines = [
            f"{'kind':<10}{'cases':>7}"
            + "".join(f"{word:>13}" for word in WORDS)
            + f"{'slowest s':>11}{'most MiB':>10}"
        ]
        for kind, cases in [*kinds.items(), ("all", self.ended)]:
            count = Counter(one.word for one in cases)
            slowest, most = max(one.seconds for one in cases), max(one.mib for one in cases)
            lines.append(
                f"{kind:<10}{len(cases):>7}"
                + "".join(f"{count[w]:>13}" for w in WORDS)
                + f"{slowest:>11.1f}{most:>10.0f}"
            )
        return "\n".join(lines)

    def violations(self) -> list[Ended]:
        return [one for one in self.ended if one.word == "violation"]


def order(seed: int) -> Iterator[tuple[str, int]]:
    """Kinds in a random order by their shares, numbered within each kind, without end."""
    from fuzz.cases import KINDS

    chance, numbers = random.Random(seed), Counter[str]()
    names, shares = list(KINDS), [share for _, share in KINDS.values()]
    yield from ((name, 0) for name in names)
    numbers.update(names)
    while True:
        (name,) = chance.choices(names, shares)
        yield name, numbers[name]
        numbers[name] += 1


def fuzz(cases: Iterator[tuple[str, int]], seed: int, seconds: float, quiet: bool = False) -> Tally:
    """Runs cases until the time is up; a worker that dies or hangs is replaced."""
    tally, until = Tally(), time.monotonic() + seconds
    with TemporaryDirectory(prefix="fuzz-") as scratch:
        worker: Worker | None = None
        for count, (kind, number) in enumerate(cases):
            if time.monotonic() >= until:
                break
            if worker is None or worker.cases >= CASES_A_WORKER:
                if worker is not None:
                    worker.close()
                folder = Path(scratch) / f"worker-{count}"
                folder.mkdir()
                worker = Worker(folder, seed)
            ended = worker.run(kind, number)
            tally.ended.append(ended)
            if worker.process.poll() is not None:
                worker = None
            if ended.word == "violation" or not quiet:
                text = ended.outcome if ended.word == "violation" else ended.outcome[:150]
                print(
                    f"{kind}:{number} {ended.seconds:.1f} s {ended.mib:.0f} MiB {text}", flush=True
                )
        if worker is not None:
            worker.close()
    return tally


def main() -> int:
    """Parse the command line, fuzz, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--case", default=None, metavar="KIND:NUMBER", help="run this one alone")
    parser.add_argument("--kind", default=None, help="only cases of this kind")
    parser.add_argument("--verbose", action="store_true", help="a line for every case")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    cases = order(seed)
    if given.case:
        kind, _, number = given.case.partition(":")
        cases = iter([(kind, int(number))])
    elif given.kind:
        cases = (case for case in cases if case[0] == given.kind)
    tally = fuzz(cases, seed, given.seconds, quiet=not (given.verbose or given.case))
    print(f"\nseed {seed}\n{tally.table()}")
    if tally.ended:
        slowest = max(tally.ended, key=lambda one: one.seconds)
        print(f"slowest: {slowest.kind}:{slowest.number}, {slowest.seconds:.1f} s")
    for one in tally.violations():
        print(f"repeat with: make fuzz SEED={seed} CASE={one.kind}:{one.number}")
    return 1 if tally.violations() else 0


if __name__ == "__main__":
    sys.exit(main())
