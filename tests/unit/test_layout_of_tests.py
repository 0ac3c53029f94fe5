"""What tests share lies in tests/support: each test module stands by itself."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def imported(path: Path) -> set[str]:
    """The modules that a file imports, also within functions, and the names taken from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return found


def test_no_module_imports_a_test_module() -> None:
    modules = sorted(TESTS.rglob("*.py"))
    tests = {path.stem for path in modules if path.stem.startswith("test_")} | {"conftest"}
    assert len(tests) > 100
    wrong = {
        f"{path.relative_to(TESTS)}: {name}"
        for path in modules
        for name in imported(path)
        if tests & set(name.split("."))
    }
    assert wrong == set()


def test_loose_modules_are_command_lines() -> None:
    """Helpers lie in tests/support; what lies beside the folders is run by people."""
    loose = {path.name: path.read_text(encoding="utf-8") for path in TESTS.glob("*.py")}
    del loose["conftest.py"]
    assert set(loose) == {"contradictions.py", "metadata_tools.py"}
    assert all('if __name__ == "__main__":' in text for text in loose.values())
