"""The fingerprint of the code behind a result: of a module and all of ours that it imports.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from restoration.storage.keys import digest

PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class _Source:
    """What one module's text contributes to fingerprints."""

    content: str
    """SHA-256 of its syntax tree without documentation and import lines."""
    bindings: tuple[tuple[str, str], ...]
    """Each imported name and what it stands for, as ``module`` or ``module.attribute``."""
    imports: frozenset[str]
    """Modules of ours that it may import; names of attributes are among them."""
    says_something: bool
    """False where nothing is left of it but documentation and import lines."""


def _for_type_checkers(node: ast.stmt) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, whose body never runs."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name | ast.Attribute)
        and (node.test.id if isinstance(node.test, ast.Name) else node.test.attr) == "TYPE_CHECKING"
    )


def _is_documentation(node: ast.stmt) -> bool:
    """Every bare string is documentation, attribute docstrings included."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


class _Reduced(ast.NodeTransformer):
    """A module without what cannot change its results; its imports are collected apart."""

    def __init__(self) -> None:
        self.bindings: set[tuple[str, str]] = set()
        self.imports: set[str] = set()

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                kept = self._kept(body)
                setattr(node, name, kept or [ast.Pass()])
        return super().generic_visit(node)

    def _kept(self, body: list[ast.stmt]) -> list[ast.stmt]:
        kept: list[ast.stmt] = []
        for statement in body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._collect(statement)
            elif _for_type_checkers(statement):
                assert isinstance(statement, ast.If)
                kept += self._kept(statement.orelse)
            elif not _is_documentation(statement):
                kept.append(statement)
        return kept

    def _collect(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.bindings.add((alias.asname or alias.name.partition(".")[0], alias.name))
                self.imports.add(alias.name)
            return
        if node.level or node.module is None:
            raise ValueError(
                f"line {node.lineno}: expected an absolute import, found a relative one"
            )
        self.imports.add(node.module)
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            self.bindings.add((alias.asname or alias.name, whole))
            self.imports.add(whole)


@cache
def _module_path(name: str, package: Path) -> Path | None:
    """The source file of ``restoration.a.b``; None where it is not one of our modules."""
    parts = name.split(".")
    if parts[0] != "restoration":
        return None
    base = package.joinpath(*parts[1:])
    if base.with_suffix(".py").is_file():
        return base.with_suffix(".py")
    return base / "__init__.py" if (base / "__init__.py").is_file() else None


@cache
def _source(path: Path) -> _Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reduced = _Reduced()
    left = reduced.visit(tree)
    text = ast.dump(left, include_attributes=False)
    return _Source(
        content=hashlib.sha256(text.encode()).hexdigest(),
        bindings=tuple(sorted(reduced.bindings)),
        imports=frozenset(reduced.imports),
        says_something=not all(isinstance(statement, ast.Pass) for statement in left.body),
    )


def _meaning(target: str, package: Path) -> list[str]:
    """What an imported name stands for, whatever the module that it comes from is called."""
    if not target.startswith("restoration"):
        return [target]
    if (path := _module_path(target, package)) is not None:
        return ["" if _is_left_out(target) else _source(path).content]
    module, _, attribute = target.rpartition(".")
    return [*_meaning(module, package), attribute]


# What these modules say reaches a key by another way: settings, reads and weights by their values,
# errors, record-keeping and the place where a file is made not at all, since they touch no pixel.
_NOT_PART_OF_A_RESULT = frozenset(
    {
        "restoration.config.settings",
        "restoration.config.section",
        "restoration.errors",
        "restoration.networks.manifest",
        "restoration.storage.keys",
        "restoration.storage.scratch_disk",
        "restoration.storage.journal",
        "restoration.storage.manifest",
        "restoration.storage.recorded_copies",
        "restoration.chain.withdrawn",
        "restoration",
    }
)

# The settings of each stage with its entry in the registry; models of the condition report and of
# records: a test keeps them free of computing.
_ROOMS_OF_VALUES = ("restoration.config.stages", "restoration.findings", "restoration.records")


def _is_left_out(name: str) -> bool:
    in_room = any(f"{name}.".startswith(f"{room}.") for room in _ROOMS_OF_VALUES)
    return in_room or name in _NOT_PART_OF_A_RESULT


def modules_behind(module: str, package: Path = PACKAGE) -> dict[str, Path]:
    """A module and those of ours that it imports, one after another, with their files; without
    those that say nothing of a result.

    Raises LookupError where there is no such module: the digest of nothing would never change.
    """
    if _module_path(module, package) is None:
        raise LookupError(f"'{module}' is no module of {package}, so it has no fingerprint")
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _module_path(name, package)
        if path is None or name in found or _is_left_out(name):
            continue
        found[name] = path
        waiting.extend(_source(path).imports)
    return found


def forget_sources() -> None:
    """Read sources anew from now on: a process reads each once, and a test may edit them."""
    for read_once in (code_fingerprint, _source, _module_path):
        read_once.cache_clear()


@cache
def code_fingerprint(module: str, package: Path = PACKAGE) -> str:
    """SHA-256 over the syntax trees of a module and of ours that it imports, one after another.

    Comments, documentation, layout, imports for type checkers and the names of modules do not
    change it, so that a module can be moved. An edited helper changes it for exactly the modules
    that import the helper, directly or through others; so does a name taken from elsewhere.

    Raises LookupError where there is no such module.
    """
    facts = []
    for path in modules_behind(module, package).values():
        source = _source(path)
        bindings = [[local, *_meaning(target, package)] for local, target in source.bindings]
        # A folder's __init__ that says nothing counts for nothing: a module may move into one.
        if bindings or source.says_something:
            facts.append([source.content, bindings])
    return digest(sorted(facts))
