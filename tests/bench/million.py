"""A million pending events: how long the daemon takes to be ready, and the memory it then needs."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from agent.storage import database
from tests.bench import backlog, idle

EVENTS = 1_000_000
_SETTLED_S = 10.0


def measure() -> dict[str, Any]:
    """With the gateway away: everything stays pending."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        asyncio.run(_fill(Path(folder) / "state"))
        process, seconds = idle.started(Path(folder))
        try:
            time.sleep(_SETTLED_S)
            resident = idle.resident_mb(process.pid)
        finally:
            process.terminate()
            process.wait()
    return {
        "benchmark": "million",
        "pending": EVENTS,
        "ready_s": round(seconds, 2),
        "resident_mb": round(resident, 1),
    }


async def _fill(state: Path) -> None:
    async with database.opened(state) as db:
        await backlog.fill(db, EVENTS, lambda n: (f"order/{n}", None))
