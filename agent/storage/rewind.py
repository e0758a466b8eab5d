"""The gateway went back in time: what it lost is sent again, what it told us is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.storage import cursors, erasures, inbox, outbox, stock_ageing

if TYPE_CHECKING:
    from datetime import datetime

    from agent.storage.writer import Tx

JOURNAL = "journal"


async def journal(
    tx: Tx, name: str, head_position: int | None, *, retained_since: datetime
) -> int | None:
    """Compares the name of the gateway's journal with the one it had before.

    Another one means that it was restored from a backup: everything it had accepted above
    ``head_position`` (not told: everything settled since ``retained_since``) is pending again, with
    the same ids; positions and fences are forgotten, and the feed is read from its start. How many
    events that is; None where nothing happened.
    """
    before = await cursors.get(tx, JOURNAL)
    if before == name:
        return None
    await cursors.put(tx, JOURNAL, name)
    if before is None:
        return None
    rows = await tx.execute_fetchall(
        "SELECT sequence FROM outbox WHERE state = 'accepted' AND (position > ?1"
        " OR ((position IS NULL OR ?1 IS NULL) AND settled_at >= ?2))"
        f" AND NOT {erasures.GONE}",
        (head_position, clock.micros(retained_since)),
    )
    lost = [sequence for (sequence,) in rows]
    await outbox.requeue(tx, lost, replay=False)
    await tx.execute(
        "UPDATE outbox SET position = NULL, accepted_at = NULL WHERE position IS NOT NULL"
    )
    await stock_ageing.rewind(tx, head_position)
    await tx.execute("DELETE FROM fences")
    await inbox.start_anew(tx)
    return len(lost)
