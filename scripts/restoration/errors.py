"""The three ways in which a run can fail, told apart because their remedies differ."""


class RestorationError(Exception):
    """Any failure of ours; its text is one line that a person can act on."""


class ConfigError(RestorationError):
    """A mistake in the config or the sheet: names the key or the row, stops before any job."""


class ScanError(RestorationError):
    """A failure of the scan itself (unreadable, unsupported, over limits).

    Final until the master, the settings or the code change: it becomes a row of the
    problems table and the batch goes on.
    """


class CircumstanceError(RestorationError):
    """A failure of circumstance (disk, memory, device, mount).

    The other scans of the batch are finished, the job exits non-zero, and the next run
    repeats only the scans that failed.
    """
