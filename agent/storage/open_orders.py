"""The erasure of a deleted customer waits while an order of theirs is open: an ERP that has lost it
is told where to send the goods. It waits for so long at most.

Orders are looked at where they were found. Before it ends waiting, what came in meanwhile is
searched, too: an order may have been placed or opened again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from agent import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

LATE_US = 86_400_000_000  # what was on its way when the customer was deleted still names them
MOST_TURNS = 500
JUDGED = "sequence <= (SELECT value FROM counters WHERE name = 'judged')"
UNKNOWN, OPEN, CLOSED = "unknown", "open", "closed"
# As bytes: where the body says half a surrogate pair, that is no text.
_STATUS = (
    "CASE WHEN json_valid(CAST(body AS TEXT))"
    " THEN CAST(json_extract(CAST(body AS TEXT), '$.status') AS BLOB) END"
)
_DELETION = "retail.order.deleted.v1"


class Waiting(NamedTuple):
    """How long an erasure waits at most, and whether an order of that status needs no delivery any
    more."""

    within: Callable[[], timedelta]
    is_over: Callable[[str], bool]


NOBODY_WAITS = Waiting(timedelta, lambda _: True)


class Turn(NamedTuple):
    """What becomes of an erasure; it counts as asked for at ``asked_at`` (microseconds)."""

    customer_id: int
    orders: str
    asked_at: int


async def note(tx: Tx, found: Mapping[str, int]) -> None:
    """Those orders were found, and whose they are; whether one is open is still to be looked at."""
    await tx.executemany(
        "INSERT OR REPLACE INTO erasure_orders (subject, customer_id) VALUES (?, ?)",
        list(found.items()),
    )
    await tx.executemany(
        "UPDATE erasures SET orders = 'unknown' WHERE customer_id = ? AND orders = 'closed'",
        [(customer,) for customer in {*found.values()}],
    )


async def turns(db: aiosqlite.Connection, now: datetime, waiting: Waiting) -> list[Turn]:
    """Some of the erasures that begin to wait, or end it."""
    asked = await db.execute_fetchall(
        "SELECT customer_id, orders, asked_at FROM erasures WHERE orders <> 'closed'"
    )
    if not asked:
        return []
    statuses = await db.execute_fetchall(
        "SELECT customer_id, (SELECT CASE type WHEN ? THEN NULL"
        f"  ELSE coalesce({_STATUS}, x'') END FROM outbox"
        "  JOIN (SELECT sequence, body FROM arrivals) USING (sequence)"
        "  WHERE outbox.subject = theirs.subject AND verdict = 'event'"
        "  ORDER BY sequence DESC LIMIT 1) AS status"
        " FROM erasure_orders AS theirs JOIN erasures USING (customer_id)"
        " WHERE orders <> 'closed'",
        (_DELETION,),
    )
    is_open = {
        customer
        for customer, status in statuses
        if status is not None and not waiting.is_over(status.decode("utf-8", "replace"))
    }
    at, within = clock.micros(now), waiting.within() // timedelta(microseconds=1)
    found = []
    for customer, orders, moment in asked:
        since = min(moment, at)  # of a clock that has jumped back since
        waits = customer in is_open and at - since < within
        turned = OPEN if waits else CLOSED if orders == UNKNOWN else UNKNOWN
        if (turned, since) != (orders, moment):
            found.append(Turn(customer, turned, since))
    return found[:MOST_TURNS]


async def turn(tx: Tx, turned: Sequence[Turn]) -> None:
    """Writes that down, where all was searched. What ends waiting is searched up to a day from now,
    as at its beginning."""
    await tx.executemany(
        "UPDATE erasures SET orders = ?2, asked_at = ?3, up_to = CASE"
        "  WHEN orders = 'open' AND ?2 = 'unknown' THEN max(up_to, ?4 +"
        "   (SELECT max(value) FROM counters WHERE name IN ('judged', 'sequence'))) ELSE up_to END"
        " WHERE customer_id = ?1 AND NOT EXISTS (SELECT 1 FROM arrivals"
        f"  WHERE sequence > looked_at AND sequence <= up_to AND {JUDGED})",
        [(*one, LATE_US) for one in turned],
    )
