"""The condition report of a page: one field a finding, and the warnings of all together.

Every module of this room that holds a finding gives the report a field: nothing lists them here.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError, create_model

import restoration.findings
from restoration.errors import RestorationError
from restoration.findings.base import AnyFinding, Caution, Found, Reported, ReportPart


def _findings() -> dict[str, type[AnyFinding]]:
    """The findings that there are, by name, in the order in which a person reads them."""
    found: dict[str, type[AnyFinding]] = {}
    for module in pkgutil.iter_modules(restoration.findings.__path__):
        held = vars(importlib.import_module(f"restoration.findings.{module.name}")).values()
        for kind in held:
            if isinstance(kind, type) and issubclass(kind, Reported) and "name" in vars(kind):
                found[kind.name] = kind
    return dict(sorted(found.items(), key=lambda item: (item[1].place, item[0])))


FINDINGS: Mapping[str, type[AnyFinding]] = _findings()
"""Every finding by its name, in the order in which a person reads them."""

if TYPE_CHECKING:
    _OneFieldAFinding = ReportPart
else:
    _OneFieldAFinding = create_model(
        "_OneFieldAFinding",
        __base__=ReportPart,
        **{
            name: (
                kind | None,
                Field(default=None, title=kind.label, description=inspect.getdoc(kind)),
            )
            for name, kind in FINDINGS.items()
        },
    )


class ConditionReport(_OneFieldAFinding):
    """What was measured of one page. A finding that the report lacks is null or left out."""

    warnings: tuple[Caution, ...] = Field(
        default=(),
        description="What a person should know before the scan is restored, of all findings.",
    )

    def get(self, kind: type[Found]) -> Found | None:
        """The finding of this kind; None where the report has none."""
        found: Found | None = getattr(self, kind.name)
        return found

    def findings(self) -> tuple[AnyFinding, ...]:
        """The findings that the report has, in the order in which a person reads them."""
        held = (getattr(self, name) for name in FINDINGS)
        return tuple(finding for finding in held if finding is not None)


def read_report(raw: Mapping[str, Any], source: str) -> ConditionReport:
    """A page's report as it stands in a record.

    source: the record, as a person finds it. Raises RestorationError, in one line, where this
    version cannot read it.
    """
    try:
        return ConditionReport.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RestorationError(
            f"{source}: this version cannot read the condition report ({place}: {first['msg']}); "
            "examine the scan again"
        ) from error
