"""``woo-agent``, also ``python -m agent``. Errors are one line and a hint, never a traceback."""

from __future__ import annotations

import logging
import sys

from agent.cli import main as cli
from agent.cli import output
from agent.cli.run import fault


def main() -> None:
    """Runs the command and exits with its code."""
    try:
        cli.app()
    except Exception as error:
        shown = fault(error)
        logging.getLogger(__name__).debug("where it came from", exc_info=error)
        output.say(f"error: {shown.message}\nhint: {shown.hint}")
        sys.exit(shown.exit_code)


if __name__ == "__main__":
    main()
