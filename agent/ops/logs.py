"""Log lines on stderr: text for people, JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent import clock, tracing

if TYPE_CHECKING:
    from agent.settings import LogSettings


class Text(logging.Formatter):
    """A line for people; of a unit of work it ends in what that is about."""

    def format(self, record: logging.LogRecord) -> str:
        """``… WARNING dead letter … [order/1022 0af7651916cd43dd8448eb211c80319c]``."""
        work = tracing.current()
        about = " ".join(part for part in (work.correlation_id, work.trace_id) if part)
        record.__dict__["work"] = f" [{about}]" if about else ""
        return super().format(record)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """``{"time", "level", "logger", "message"}``, with ``error`` where there was a fault, and
        with ``correlation_id`` and ``traceparent`` of the unit of work that it belongs to."""
        work = tracing.current()
        entry = {
            "time": clock.iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if work.correlation_id:
            entry["correlation_id"] = work.correlation_id
        if work.traceparent:
            entry["traceparent"] = work.traceparent
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def configure(settings: LogSettings) -> None:
    """Replaces what was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    as_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    handler.setFormatter(
        Text("%(asctime)s %(levelname)-7s %(message)s%(work)s") if as_text else JsonLines()
    )
    logging.basicConfig(handlers=[handler], level=settings.level.upper(), force=True)
    # oauthlib logs base strings and signatures, asyncio every slow step: not for a journal.
    for name in ("oauthlib", "asyncio", "watchfiles", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)
