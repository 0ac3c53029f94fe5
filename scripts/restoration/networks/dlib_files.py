"""dlib and its own files of weights, opened; what is missing is named in one line."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from restoration.errors import CircumstanceError


def library() -> Any:
    """The module dlib. Raises CircumstanceError where it cannot be imported."""
    try:
        return importlib.import_module("dlib")
    except ImportError as error:
        raise CircumstanceError(f"dlib cannot be imported ({error})") from None


def opened(kind: Any, path: Path) -> Any:
    """What dlib makes of a file of weights.

    kind: the class of dlib that reads it.

    Raises CircumstanceError where the file is missing or dlib refuses it.
    """
    if not path.is_file():
        raise CircumstanceError(f"{path.name} is not in the folder of weights")
    try:
        return kind(str(path))
    except RuntimeError as error:
        raise CircumstanceError(f"{path.name} cannot be opened by dlib ({error})") from None
