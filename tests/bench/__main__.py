"""``python -m tests.bench NAME``: prints what was measured as JSON; ratios are within one run."""

from __future__ import annotations

import importlib
import json
import sys

NAMES = (
    *("apply", "backlog", "drain", "feed", "idle", "ingest", "million", "reconcile"),
    "translate",
)


def main() -> None:
    """Runs one benchmark."""
    if len(sys.argv) != 2 or sys.argv[1] not in NAMES:
        sys.exit(f"usage: python -m tests.bench {'|'.join(NAMES)}")
    measured = importlib.import_module(f"tests.bench.{sys.argv[1]}").measure()
    sys.stdout.write(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
