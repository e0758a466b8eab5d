"""What a healthy agent knows of itself; a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.ops.facts import Facts, Side
from tests import agents

_GIVEN = agents.configured(Path("/var/lib/woo-agent/brand"))
_STATE = _GIVEN.state.model_copy(update={"min_free": 1000, "max_size": 5000})
SETTINGS = _GIVEN.model_copy(update={"state": _STATE})
WELL = Facts(
    at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
    store_id=agents.STORE,
    outbox={"oldest_pending_s": None, "oldest_order_s": None, "db_bytes": 4096}
    | {"dead_unresolved": 0, "dead_alarms": [], "clock_behind_s": 0.0},
    inbox={"pending": 0, "waiting": 0, "held": 0},
    gateway=Side(),
    store=Side(),
    free_bytes=1000,
)


def facts(**changes: Any) -> Facts:
    """``outbox`` and ``inbox`` are added to what stands there; the rest replaces it."""
    for name in changes.keys() & {"outbox", "inbox"}:
        changes[name] = {**getattr(WELL, name), **changes[name]}
    return replace(WELL, **changes)
