"""Fetch, verify and convert one set of weights of resources/models.yaml (or of the config)."""

from __future__ import annotations

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser
from restoration.command_line.interrupt import run
from restoration.config.settings import own_weights
from restoration.errors import RestorationError
from restoration.networks.fetch import fetch
from restoration.networks.manifest import load_manifest

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Parse the command line and fetch."""
    parser = Parser(description=__doc__)
    parser.add_argument("name", help="name of the weights, as in resources/models.yaml")
    parser.add_argument("--manifest", type=Path, default=ROOT / "resources" / "models.yaml")
    parser.add_argument("--models-dir", type=Path, default=ROOT / "models")
    parser.add_argument("--originals", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--extra", default="{}", help="the config's `models` section, as JSON")
    given = parser.parse_args()
    try:
        extra = own_weights(given.extra)
        manifest = load_manifest(given.manifest, extra)
        path = fetch(given.name, manifest, given.models_dir, given.originals)
    except RestorationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    weights = manifest[given.name]
    if weights.in_repository:
        print("in the repository: nothing is fetched")
    print(f"{path}\nlicence: {weights.licence}\ntraining data: {weights.training_data}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
