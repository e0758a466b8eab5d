"""The gateway went back in time: what it lost is sent again, what it told us is forgotten."""

from __future__ import annotations

from datetime import datetime

from agent import clock
from agent.storage import acceptances, erasures, inbox, journals, outbox
from agent.storage.writer import Tx


async def journal(
    tx: Tx,
    name: str,
    head_position: int | None,
    *,
    retained_since: datetime,
    asked_in: int | None = None,
) -> int | None:
    """Compare the name of the gateway's journal, as ``foreign.name`` gives it, with the one it had
    before.

    Another one means that it was restored from a backup: everything it had accepted above
    ``head_position`` (not told: everything settled since ``retained_since``) is pending again, with
    the same ids; fences are forgotten, and the feed is read from its start. What the old journal
    accepted stays known: the figures in force speak of it. How many events that is; None where
    nothing happened. The late answer to a request that was made in an earlier journal names that
    one (``asked_in``): it says nothing new.
    """
    number, before = await journals.current(tx)
    if before == name:
        return None
    if asked_in not in (None, number) and name == await journals.name_of(tx, asked_in):
        return None
    if not before:
        await journals.name_it(tx, number, name)
        return None
    await journals.name_it(tx, number + 1, name)
    rows = await tx.execute_fetchall(
        "SELECT sequence FROM outbox WHERE state = 'accepted' AND (position > ?1"
        " OR ((position IS NULL OR ?1 IS NULL) AND settled_at >= ?2))"
        f" AND NOT {erasures.GONE}",
        (head_position, clock.micros(retained_since)),
    )
    lost = [sequence for (sequence,) in rows]
    await acceptances.carry_over(tx, number, number + 1, head_position, lost)
    await outbox.requeue(tx, lost, replay=False)
    await tx.execute(
        "UPDATE outbox SET position = NULL, accepted_at = NULL WHERE position IS NOT NULL"
    )
    await tx.execute("DELETE FROM fences")
    await inbox.start_anew(tx)
    return len(lost)
