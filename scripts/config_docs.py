"""Write config/README.md, docs/records.md and config/schemas/ from the types (make docs)."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.interrupt import run
from restoration.config.documentation import write_all
from restoration.config.record_documentation import write_records
from restoration.networks.manifest import users_architectures


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    for path in [*write_all(root / "config", users_architectures()), *write_records(root)]:
        print(path)


if __name__ == "__main__":
    sys.exit(run(main))
