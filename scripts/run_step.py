"""Take one batch through one step: the command of every rule that does work."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.chain.crash_guard import stand_by
from restoration.command_line.arguments import Parser


def main() -> int:
    parser = Parser(description=__doc__)
    parser.add_argument("step")
    parser.add_argument("batch")
    parser.add_argument("--recipe")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--scratch", type=Path, help="used where the config says `scratch: true`")
    given = parser.parse_args()
    hand = stand_by()
    # From here on in the worker; what it imports, the process that waits for it does without.
    from restoration.command_line.failures import in_one_line  # noqa: PLC0415
    from restoration.run.job import Job  # noqa: PLC0415

    return in_one_line(Job(**vars(given), hand=hand).run)


if __name__ == "__main__":
    sys.exit(main())
