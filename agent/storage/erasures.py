"""A customer who was deleted in the store is erased here too, in what is settled.

The judge writes down whom, in its transaction. What holds personal data of theirs is found a piece
at a time, and erased once none of their orders is open (``open_orders``) and it is settled: an
event on its way is sent as it is. Numbers are given by the clock: what comes in up to a day later
counts too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from agent import clock
from agent.model import personal
from agent.model.delivery import Verdict
from agent.storage import open_orders
from agent.storage.open_orders import JUDGED, LATE_US
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.model.delivery import Judged
    from agent.storage.database import Database
    from agent.storage.writer import Tx

LOOKED_AT = 500  # a few milliseconds of a reader
MOST_ROWS = 100
MOST_BYTES = 2**20
GONE = "(erased AND subject LIKE 'customer/%')"
"""Rows of the outbox whose body says nothing any more: they are never sent again."""
_ERASED = "erased"
_OVER = "orders = 'closed' AND up_to < ?"
_ORDER = (
    "CASE WHEN outbox.subject LIKE 'order/%' THEN outbox.subject"
    " WHEN outbox.subject LIKE 'refund/%' THEN outbox.lane END"
)
"""The order that a row of the outbox is about, or whose refund."""


class Search(NamedTuple):
    """Which arrivals come next, and the erasures that were asked for until now."""

    after: int
    newest: int


class Found(NamedTuple):
    """An arrival, and the customer whose personal data it holds, None if nobody's; ``order`` is its
    subject where it is about one."""

    sequence: int
    customer_id: int | None
    order: str | None


async def ask(tx: Tx, judged: Sequence[Judged]) -> None:
    """Asks for the erasure of customers who are gone, by those verdicts."""
    for row in judged:
        reading = row.reading
        is_deletion = reading.resource == "customer" and reading.deletion and row.dead is None
        if is_deletion and row.verdict is Verdict.EVENT:
            await tx.execute(
                "INSERT INTO erasures (customer_id, up_to, asked_at) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET up_to = max(up_to, excluded.up_to), looked_at = 0,"
                " orders = excluded.orders, asked_at = min(asked_at, excluded.asked_at)",
                (int(reading.subject.partition("/")[2]), row.sequence + LATE_US, row.sequence),
            )


async def step(database: Database, now: datetime, waiting: open_orders.Waiting) -> bool:
    """Erases some of what was found, or looks for more; whether there was anything to do."""
    if await _erase_some(database):
        return True
    search = await database.read(unfinished)
    if search is not None:
        rows = await database.read(look, search)
        await database.writer.write(lambda tx: note(tx, search, rows))
        return True
    if turned := await database.read(open_orders.turns, now, waiting):
        await database.writer.write(lambda tx: open_orders.turn(tx, turned))
        goes_on = any(one.orders == open_orders.UNKNOWN for one in turned)
        is_more = goes_on or len(turned) == open_orders.MOST_TURNS
        return await _erase_some(database) or is_more or bool(await database.read(unfinished))
    if not await database.read(is_any_over, now):
        return False
    await database.writer.write(lambda tx: end(tx, now))
    return True


async def _erase_some(database: Database) -> bool:
    bodies = await database.read(found)
    if bodies:
        await database.writer.write(lambda tx: erase(tx, bodies))
    return bool(bodies)


async def unfinished(db: aiosqlite.Connection) -> Search | None:
    """One search for all erasures that have something to look at; None if none has."""
    [(after, newest)] = await db.execute_fetchall(
        "SELECT min(looked_at), (SELECT max(up_to) FROM erasures) FROM erasures WHERE looked_at <"
        f" (SELECT max(sequence) FROM arrivals WHERE sequence <= up_to AND {JUDGED})"
    )
    return None if after is None else Search(after, newest)


async def is_any_over(db: aiosqlite.Connection, now: datetime) -> bool:
    """Whether ``end`` would find something to do."""
    over = f"SELECT 1 FROM erasures WHERE {_OVER} LIMIT 1"
    return bool(list(await db.execute_fetchall(over, (clock.micros(now),))))


async def end(tx: Tx, now: datetime) -> None:
    """Erasures whose time is over are done."""
    await tx.execute(f"DELETE FROM erasures WHERE {_OVER}", (clock.micros(now),))
    await tx.execute(
        "DELETE FROM erasure_orders WHERE customer_id NOT IN (SELECT customer_id FROM erasures)"
    )


async def look(db: aiosqlite.Connection, search: Search) -> list[Found]:
    """The next judged arrivals, and whose personal data they hold: by their subject, by the
    customer that they name, or, where they name nobody, by the order that they are about and who
    was named in it before."""
    named = _named("piece.body")
    whose = "(SELECT min(customer_id) FROM erasures WHERE up_to >= piece.sequence AND customer_id"
    rows = await db.execute_fetchall(
        f"SELECT piece.sequence, coalesce({whose} IN (CASE WHEN outbox.subject LIKE 'customer/%'"
        f"  THEN CAST(substr(outbox.subject, 10) AS INTEGER) END, {named})),"
        f" CASE WHEN coalesce({named}, 0) = 0 THEN coalesce({whose} IN"
        f"  (SELECT customer_id FROM erasure_orders WHERE subject = {_ORDER})), {whose} IN"
        f"  (SELECT {_named('said.body')} FROM outbox AS sale"
        f"   JOIN arrivals AS said USING (sequence) WHERE sale.subject = {_ORDER}"
        f"    AND (sale.sequence < piece.sequence OR outbox.subject <> {_ORDER})))) END),"
        " CASE WHEN outbox.subject LIKE 'order/%' THEN outbox.subject END"
        f" FROM (SELECT sequence, body FROM arrivals WHERE sequence > ? AND {JUDGED}"
        "  ORDER BY sequence LIMIT ?) AS piece LEFT JOIN outbox USING (sequence)"
        " ORDER BY piece.sequence",
        (search.after, LOOKED_AT),
    )
    return [Found(*row) for row in rows]


def _named(body: str) -> str:
    """The number of the customer that a body names; null where it is no JSON object."""
    text = f"CAST({body} AS TEXT)"
    number = f"CAST(json_extract({text}, '$.customer_id') AS INTEGER)"
    return f"CASE WHEN json_valid({text}) THEN {number} END"


async def note(tx: Tx, search: Search, rows: Sequence[Found]) -> None:
    """Writes down what was found, and how far the search came. What was asked for meanwhile has its
    own still before it."""
    await tx.executemany(
        "INSERT INTO to_erase (sequence, customer_id) SELECT sequence, ?2 FROM arrivals"
        " WHERE sequence = ?1 ON CONFLICT DO UPDATE SET customer_id = excluded.customer_id",
        [(row.sequence, row.customer_id) for row in rows if row.customer_id is not None],
    )
    await open_orders.note(
        tx, {row.order: row.customer_id for row in rows if row.order and row.customer_id}
    )
    if rows:
        last = rows[-1].sequence
        await tx.execute(
            "UPDATE erasures SET looked_at = ?1 WHERE looked_at BETWEEN ?2 AND ?1 AND up_to <= ?3",
            (last, *search),
        )


async def found(db: aiosqlite.Connection) -> list[tuple[int, bytes, bytes]]:
    """Some of the settled rows that are to be erased now: the number, the body, and what is to be
    left of it."""
    rows = await db.execute_fetchall(
        "SELECT sequence, subject, size FROM to_erase CROSS JOIN outbox USING (sequence)"
        " WHERE settled_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasures"
        "  WHERE erasures.customer_id = to_erase.customer_id AND orders <> 'closed')"
        " ORDER BY sequence LIMIT ?",
        (MOST_ROWS,),
    )
    chosen: dict[int, str | None] = {}
    total = 0
    for sequence, subject, size in rows:
        total += size
        if chosen and total > MOST_BYTES:
            break
        chosen[sequence] = subject
    bodies = await db.execute_fetchall(
        f"SELECT sequence, body FROM arrivals WHERE sequence IN ({marks(chosen)})", [*chosen]
    )
    return [(sequence, body, without(chosen[sequence], body)) for sequence, body in bodies]


def without(subject: str | None, body: bytes) -> bytes:
    """What is left of a body about that subject: the same bytes where nothing in it is personal, or
    where it is no JSON; no more than its id where it is nested too deeply to be gone through."""
    kind, _, number = (subject or "").partition("/")
    alone: dict[str, Any] = {"id": int(number)} if number.isdecimal() else {}
    try:
        value: Any = json.loads(body.decode("utf-8", "replace"))
        left: Any = personal.erased(value)
        if kind == "customer":
            left = alone if value == alone else alone | {"erased": True}
        return body if left == value else _encoded(left)
    except ValueError:
        return _encoded(alone | {"erased": True}) if kind == "customer" else body
    except RecursionError:
        return _encoded(alone | {"erased": True})


def _encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


async def erase(tx: Tx, bodies: Sequence[tuple[int, bytes, bytes]]) -> None:
    """Puts what is left in place of those bodies, but for what was taken up again since: that waits
    until it is settled. What was made or said of them goes too."""
    rows = await tx.execute_fetchall(
        "SELECT sequence FROM outbox WHERE settled_at IS NOT NULL"
        f" AND sequence IN ({marks(bodies)})",
        [sequence for sequence, _, _ in bodies],
    )
    settled = {sequence for (sequence,) in rows}
    done = [(sequence,) for sequence in settled]
    changed = [
        (left, sequence)
        for sequence, body, left in bodies
        if sequence in settled and left is not body
    ]
    await tx.executemany("UPDATE arrivals SET body = ? WHERE sequence = ?", changed)
    await tx.executemany(
        "UPDATE outbox SET erased = 1, size = ?, message = CASE WHEN message <> '' THEN ?"
        " ELSE message END WHERE sequence = ?",
        [(len(left), _ERASED, sequence) for left, sequence in changed],
    )
    # What the gateway said of an event may repeat what was in it.
    await tx.executemany(
        "UPDATE attempts SET message = ? WHERE message <> '' AND sequence = ?",
        [(_ERASED, sequence) for _, sequence in changed],
    )
    await tx.executemany("DELETE FROM translations WHERE sequence = ?", done)
    await tx.executemany("DELETE FROM to_erase WHERE sequence = ?", done)
