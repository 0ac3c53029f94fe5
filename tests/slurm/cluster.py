"""A Slurm cluster on this machine: one slurmctld and two slurmd, for as long as a test takes.

Debian's slurm-wlm is built with --enable-multiple-slurmd, so that two nodes can share a machine,
each with a name, a port and a folder of its own. No accounting database and no cgroups.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

PACKAGES = ("slurm-wlm", "munge")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
NODES = ("node1", "node2")

CONFIG = Path("/etc/slurm/slurm.conf")
"""Where Slurm's programs look by themselves. The executor plugin takes SLURM_CONF out of a job's
environment, so that the file cannot lie elsewhere."""

TEXT = """\
ClusterName=restoration
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
# A dead node is noticed, a cancelled job killed and a finished one remembered soon, soon and long.
SlurmdTimeout=10
KillWait=3
MinJobAge=7200
{nodes}
PartitionName=cpu Nodes=ALL Default=YES State=UP
PartitionName=gpu Nodes=ALL State=UP
"""


def install() -> bool:
    """Installs what is missing of Slurm; False where nothing was."""
    if all(shutil.which(program) for program in PROGRAMS):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", "update"], check=True)
    command = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *PACKAGES]
    subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL)
    return True


def ask(*command: str) -> str:
    """What one of Slurm's programs prints; nothing where the controller is busy."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


class Cluster:
    """Started by ``with``; every process of it is gone when that ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Cluster:
        self._configure()
        try:
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if "slurmctld" in self._daemons:
            ask("scancel", "--user=root")
            _wait_until(lambda: not ask("squeue", "--noheader"), 15)
        for node in NODES:
            for process in self.processes(node):
                _kill(process.pid)
        for daemon in reversed(list(self._daemons.values())):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        CONFIG.unlink(missing_ok=True)

    def kill_node(self, node: str) -> int:
        """SIGKILL to the node's slurmd and to all that runs on it, as when its power fails.

        Returns how many processes that were.
        """
        self._daemons[node].send_signal(signal.SIGKILL)
        self._daemons.pop(node).wait()
        doomed = self.processes(node)
        for process in doomed:
            _kill(process.pid)
        return 1 + len(doomed)

    def processes(self, node: str) -> list[psutil.Process]:
        """The steps of a node, their slurmstepd first."""
        tasks = [p for p in psutil.process_iter() if _variable(p, "SLURMD_NODENAME") == node]
        keepers = {parent for task in tasks for parent in _parents(task) if _is_keeper(parent)}
        return [*keepers, *tasks]

    def _configure(self) -> None:
        (self.folder / "state").mkdir()
        # Munge trusts no folder that others may write to.
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        host = socket.gethostname()
        controller, *ports = _free_ports(1 + len(NODES))
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 "
            "RealMemory=64000 State=UNKNOWN"
            for name, port in zip(NODES, ports, strict=True)
        )
        text = TEXT.format(host=host, controller=controller, folder=self.folder, nodes=nodes)
        CONFIG.parent.mkdir(parents=True, exist_ok=True)
        CONFIG.write_text(text)

    def _start_all(self) -> None:
        places = {name: self.folder / f"munge.{name}" for name in ("key", "socket", "log", "seed")}
        options = [f"--{name}-file={places[name]}" for name in ("key", "log", "seed")]
        options += [f"--socket={places['socket']}", f"--pid-file={self.folder}/munged.pid"]
        # --force: for root, and for a log in a folder of ours.
        self._start("munged", "munged", "--foreground", "--force", *options)
        _wait_until(places["socket"].exists, 10)
        self._start("slurmctld", "slurmctld", "-D")
        for node in NODES:
            self._start(node, "slurmd", "-D", "-N", node)
        if not _wait_until(lambda: self._idle() == set(NODES), 60):
            raise RuntimeError(f"the nodes did not come up; see {self.folder}/*.log")

    def _idle(self) -> set[str]:
        lines = ask("sinfo", "--noheader", "--Node", "--format=%N %T").splitlines()
        return {name for name, state in map(str.split, lines) if state == "idle"}

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as output:
            self._daemons[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _variable(process: psutil.Process, name: str) -> str | None:
    with suppress(psutil.Error):
        return process.environ().get(name)
    return None


def _parents(process: psutil.Process) -> Iterator[psutil.Process]:
    with suppress(psutil.Error):
        yield from process.parents()


def _is_keeper(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.name() == "slurmstepd"
    return False
