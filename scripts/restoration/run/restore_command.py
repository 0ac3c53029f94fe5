"""A run over a person's own scans: what they name, made into a config for Snakemake.

Only what needs no plan is judged here, so that it is said before anything is started.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from restoration.command_line.interrupt import INTERRUPTED
from restoration.config.yaml_text import read_config_file
from restoration.errors import ConfigError, RestorationError, one_line
from restoration.plan.plan import ROOT, plan_file
from restoration.run.outcome import outcome_of
from restoration.storage.text_files import write_text

BASE = ROOT / "config" / "config.yaml"
SHEET_MAKER = ROOT / "scripts" / "sheet.py"
OVERRIDES = Path(".snakemake") / "restore"
"""Where the config of what was named lies, in the folder of the run: every job reads it again.
It is called by its content, so that a second run does not change the first one's."""

_MADE = "# made of "
_DIGEST = "; SHA-256 of what follows: "


@dataclass(frozen=True)
class RestoreRequest:
    """What a person named; empty where nothing."""

    sheet: str = ""
    folder: str = ""
    config: str = ""
    results: str = ""
    recipe: str = ""
    scan: str = ""


def restore(asked: RestoreRequest, command: Sequence[str]) -> int:
    """Start the command (Snakemake) over what was asked for, and name what came of it.

    Returns its exit code. Raises ConfigError with one line where it cannot be started.
    """
    own = read_config_file(Path(asked.config)) if asked.config else {}
    results = Path(asked.results or str(own.get("results") or _default("results")))
    sheet = _sheet(asked, own, results)
    configs = [asked.config] if asked.config else []
    given = {"scans": sheet, "results": asked.results, "recipe": asked.recipe, "only": asked.scan}
    overrides = {key: value for key, value in given.items() if value}
    if overrides:
        configs.append(str(_save(overrides)))
    files = [f"./{path}" if path.startswith("-") else path for path in configs]
    before = _began(results)
    code = _run([*command, *(["--configfile", *files] if files else [])])
    if _began(results) != before:
        _tell(results, code)
    return code


def _default(key: str) -> str:
    return str(read_config_file(BASE)[key])


def _sheet(asked: RestoreRequest, own: Mapping[str, Any], results: Path) -> str:
    """The sheet that was named or made; empty where the config names one."""
    if asked.sheet and asked.folder:
        raise ConfigError(
            f"SHEET={asked.sheet} and FOLDER={asked.folder} both say which scans; give one of them"
        )
    if asked.folder:
        return str(_sheet_of(Path(asked.folder), results))
    if asked.sheet:
        if not Path(asked.sheet).is_file():
            folder = Path(asked.sheet).is_dir()
            found = "a folder: write FOLDER= for it" if folder else "no file"
            raise ConfigError(f"SHEET: expected a table of scans, '{asked.sheet}' is {found}")
        return asked.sheet
    if "scans" not in own:
        raise ConfigError(
            "which scans? expected SHEET=my.tsv, a table of them; or FOLDER=/path/to/scans, of "
            "which one is made; or CONFIG=my.yaml with the key `scans`"
        )
    return ""


def _sheet_of(folder: Path, results: Path) -> Path:
    """The sheet of a folder, beside the results; made anew as long as nobody edited it."""
    if not folder.is_dir():
        found = "a file: write SHEET= for a sheet" if folder.is_file() else "not there"
        raise ConfigError(f"FOLDER: expected the folder of the scans, '{folder}' is {found}")
    here, there = folder.resolve(), results.resolve()
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise ConfigError(
            f"FOLDER='{folder}' and the results '{results}' lie in each other: what the run writes "
            "would be taken for scans; name results elsewhere with RESULTS="
        )
    named = results if results.name not in ("", "..") else there
    sheet = named.with_name(f"{named.name}.tsv")
    _check_unedited(sheet, here, folder)
    print(f"sheet of '{folder}': {sheet}", flush=True)
    made = subprocess.run(
        [sys.executable, str(SHEET_MAKER), f"{here}"], stdout=subprocess.PIPE, check=False
    )
    if made.returncode:
        raise ConfigError(
            f"FOLDER: no whole sheet could be made of '{folder}' (see above); fix that, or make "
            f"one of what can be read, look at it, and name it with SHEET=: "
            f"python scripts/sheet.py '{folder}' > my.tsv"
        )
    text = made.stdout.decode("utf-8")
    if text.count("\n") < 2:
        raise ConfigError(f"FOLDER: '{folder}' holds no scan; expected files *.tif or *.tiff")
    head = f"{_MADE}{one_line(str(here))}{_DIGEST}{_digest(text)}\n"
    write_text(sheet, head + text)
    return sheet


def _check_unedited(sheet: Path, here: Path, folder: Path) -> None:
    """Raises ConfigError where the place of a sheet holds what would be lost by making it anew."""
    if not sheet.exists():
        return
    try:
        head, _, text = sheet.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        head, text = "", ""
    made, _, digest = head.removeprefix(_MADE).partition(_DIGEST)
    if not head.startswith(_MADE) or digest != _digest(text):
        raise ConfigError(
            f"FOLDER: '{sheet}' is there and holds what a person wrote; to go on with it: "
            f"SHEET='{sheet}'; for a new one of '{folder}' move it away, or name other results "
            "with RESULTS="
        )
    if made != one_line(str(here)):
        raise ConfigError(
            f"FOLDER: these results belong to the scans of '{made}' ('{sheet}'), not of "
            f"'{folder}'; name others with RESULTS="
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _save(overrides: Mapping[str, str]) -> Path:
    text = json.dumps(overrides, indent=1, sort_keys=True) + "\n"
    path = OVERRIDES / f"{_digest(text)[:16]}.json"
    if not path.is_file():
        write_text(path, text)
    return path


def _began(results: Path) -> int | None:
    """What changes when a run begins: the state of its plan's file."""
    try:
        return plan_file(results).stat().st_mtime_ns
    except OSError:
        return None


def _run(command: Sequence[str]) -> int:
    """The command's exit code. Ctrl-C reaches it by the terminal; other signals are handed on."""
    told: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def hand_on(number: int, frame: FrameType | None) -> None:
        told.append(number)
        if process is not None and number != signal.SIGINT:
            process.send_signal(number)

    before = {
        number: signal.signal(number, hand_on)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        process = subprocess.Popen(command)
        code = process.wait()
    except OSError as error:
        raise ConfigError(f"'{command[0]}' cannot be started ({error.strerror})") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if signal.SIGINT in told:
        return INTERRUPTED
    return 128 - code if code < 0 else code


def _tell(results: Path, code: int) -> None:
    print()
    try:
        print(outcome_of(results))
    except RestorationError as error:
        print(f"error: {error}", file=sys.stderr)
    if code:
        print(
            f"The run ended before all was done (exit code {code}; see above). What is finished "
            "stays; the same command does the rest.",
            flush=True,
        )
