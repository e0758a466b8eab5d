"""``woo-agent``, also ``python -m agent``. Errors are one line and a hint, never a traceback."""

from __future__ import annotations

import logging
import sys

import typer

from agent import errors
from agent.cli import main as cli
from agent.cli import output
from agent.cli.run import fault


def main() -> None:
    """Runs the command and exits with its code."""
    try:
        sys.exit(cli.app(prog_name="woo-agent", standalone_mode=False) or 0)
    except typer.TyperException as error:
        if not error.format_message():  # a noun without a verb: its help has been printed
            sys.exit(error.exit_code)
        _fail(_usage(error))
    except Exception as error:
        logging.getLogger(__name__).debug("where it came from", exc_info=error)
        _fail(fault(error))


def _fail(error: errors.AgentError) -> None:
    for line in error.message.splitlines():  # a configuration may have several faults
        output.say(f"error: {line}")
    output.say(f"hint: {error.hint}")
    sys.exit(error.exit_code)


def _usage(error: typer.TyperException) -> errors.UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "woo-agent"
    return errors.UsageError(" ".join(error.format_message().split()), hint=f"{command} --help")


if __name__ == "__main__":
    main()
