"""What a verification says at its end."""

from __future__ import annotations

from restoration.upkeep.verify.current import counts
from restoration.upkeep.verify.findings import CLASSES
from restoration.upkeep.verify.repairs import Scheduled
from restoration.upkeep.verify.verify import Verified


def summary(verified: Verified) -> str:
    """What a person reads after the findings: what was looked at, and what that came to."""
    tally, asked = verified.tally, verified.asked
    lines = [
        f"{tally.files:,} files ({tally.bytes / 1e6:,.1f} MB), {tally.records:,} records among "
        f"them; {tally.masters:,} masters"
    ]
    if tally.unwritten:
        lines.append(f"  {tally.unwritten} tables were never written: the run did not end there")
    if tally.passed:
        lines.append(f"  results of other runs inside are not looked at: {' '.join(tally.passed)}")
    if asked.quick and not asked.results_only:
        lines.append("  masters by size and modification time only: their SHA-256 was not taken")
    if asked.results_only:
        lines.append("  neither masters nor weights were looked at")
    if verified.only is not None:
        lines.append(f"  the last run was of the scan '{verified.only}' alone")
    lines += _said_of(verified.scheduled)
    found = ", ".join(f"{verified.counts.get(kind, 0)} {kind}" for kind in CLASSES)
    where = f" ({verified.log})" if verified.log is not None else ""
    lines.append(("all as it was written" if verified.clean else found) + where)
    return "\n".join(lines)


def _said_of(scheduled: Scheduled | None) -> list[str]:
    if scheduled is None:
        return []
    if not scheduled.refused:
        return [f"{scheduled.files} files and {scheduled.tables} tables set aside for the next run"]
    counted = counts(scheduled.refused)
    return [
        "nothing was set aside: what is damaged cannot be given back as it was, since it would be "
        "made otherwise today:",
        *(f"  {line}" for line in counted),
        "REPAIR=1 ANEW=1 makes it all the same, under new InstanceIDs, and the records say so",
    ]
