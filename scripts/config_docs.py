"""Write config/README.md and config/schemas/ from the typed settings (make docs)."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.interrupt import run
from restoration.config.documentation import write_all
from restoration.networks.manifest import users_architectures


def main() -> None:
    for path in write_all(Path(__file__).resolve().parents[1] / "config", users_architectures()):
        print(path)


if __name__ == "__main__":
    sys.exit(run(main))
