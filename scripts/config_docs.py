"""Write config/README.md and config/schemas/ from the typed settings (make docs)."""

from pathlib import Path

from restoration.config_docs import write_all


def main() -> None:
    for path in write_all(Path(__file__).resolve().parents[1] / "config"):
        print(path)


if __name__ == "__main__":
    main()
