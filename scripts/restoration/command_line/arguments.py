"""The words of a command line: what is wrong with them is one line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn


def a_file(text: str) -> Path:
    """The path of a file that is there, for ``add_argument(type=a_file)``."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"'{text}' is no file")
    return path


def a_place(text: str) -> Path:
    """The path of a file or folder, for ``add_argument(type=a_place)``.

    Of `make status RESULTS=~/box` the shell hands on the tilde as it is.
    """
    return Path(text).expanduser() if text.startswith("~/") else Path(text)


class Parser(argparse.ArgumentParser):
    """Argparse that keeps the layout of its description, and tells a mistake in one line, without
    the usage before it. Exit code 2."""

    def __init__(self, **options: Any) -> None:
        form = argparse.RawDescriptionHelpFormatter
        super().__init__(formatter_class=form, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {self.prog}: {message}; --help says what there is\n")
