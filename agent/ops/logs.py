"""Log lines on stderr: text for people, JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent import clock

if TYPE_CHECKING:
    from agent.settings import LogSettings


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """``{"time", "level", "logger", "message"}``, with ``error`` where there was a fault."""
        entry = {
            "time": clock.iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def configure(settings: LogSettings) -> None:
    """Replaces what was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    as_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)-7s %(message)s") if as_text else JsonLines()
    )
    logging.basicConfig(handlers=[handler], level=settings.level.upper(), force=True)
    # oauthlib logs base strings and signatures, asyncio every slow step: not for a journal.
    for name in ("oauthlib", "asyncio", "watchfiles", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)
