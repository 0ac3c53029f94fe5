"""Workers on demand: a process that has imported everything, and forks one for each command.

A worker's imports take seconds, its work on a small scan milliseconds: started the usual way, a
hundred workers that are killed would spend an hour on imports, and most kills would hit them. Each
command is one line of JSON on standard input, each answer one on standard output.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import torch

import run_step
from restoration.chain.job_tools import make_job_tools
from restoration.command_line.failures import in_one_line
from restoration.config.stages import REGISTRY
from restoration.plan.plan import load_plan, plan_file
from restoration.run.batch import run_batch

SAID = "said.txt"


def work(command: dict[str, Any]) -> int:
    """In the forked process: the real command line, once for each step."""
    if command["memory"] is not None:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = used + command["memory"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for recipe, step, batch in command["jobs"]:
        log = f"results/logs/{recipe or ''}/{step}/{batch}.log"
        given = [step, batch, "--results", "results", "--log", log]
        sys.argv = ["run_step.py", *given, *(["--recipe", recipe] if recipe else [])]
        code = in_one_line(run_step.main)
        if code:
            return code
    return 0


def warm(folder: Path) -> None:
    """Take a collection through its steps in this very process.

    What is loaded, measured and compiled once for each process is then there in every worker. One
    thread alone does it all: threads do not survive a fork.
    """
    os.chdir(folder)
    plan = load_plan(plan_file(Path("results")))
    for recipe in plan.recipes():
        for step in plan.steps(recipe):
            carried = None if step in ("ingest", "examine") else recipe
            for batch in plan.batches(carried):
                table = Path(plan.table(carried, step, batch))
                workshop = make_job_tools(plan, threads=1)
                assert run_batch(plan, carried, step, batch, workshop, table=table) == 0


def fork(command: dict[str, Any]) -> int:
    worker = os.fork()
    if worker:
        return worker
    code = 70
    try:
        os.chdir(command["folder"])
        said = os.open(SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(said, 1)
        os.dup2(said, 2)
        code = work(command)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait_for_records(folder: Path, count: int, worker: int) -> None:
    """Until so many records are there, or the worker has ended."""
    while sum(1 for _ in folder.glob("results/*/**/*.json")) < count:
        if os.waitid(os.P_PID, worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.002)


def answer(command: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    worker = fork(command)
    if command["after"] is not None:
        wait_for_records(Path(command["folder"]), command["records"], worker)
        time.sleep(command["after"])
        # Until it is waited for, its number is nobody else's.
        os.kill(worker, command["signal"])
    _, status = os.waitpid(worker, 0)
    code = os.waitstatus_to_exitcode(status)
    said = (Path(command["folder"]) / SAID).read_text(errors="replace")
    return {"code": code, "seconds": time.monotonic() - began, "said": said}


def main() -> None:
    cv2.setNumThreads(1)
    for entry in REGISTRY.values():
        entry.load()
    # Whatever runs the tests may have this ignored; a worker is to be seen as a shell starts it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warm(Path(sys.argv[1]))
    print(json.dumps({"threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
