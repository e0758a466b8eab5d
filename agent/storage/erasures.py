"""A customer who was deleted in the store is erased here too, in what is settled.

The judge writes down whom, in its transaction. What holds personal data of theirs is found a piece
at a time, and erased once it is settled: an event on its way is sent as it is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.model import personal
from agent.model.delivery import Verdict
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

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


async def ask(tx: Tx, judged: Sequence[Judged]) -> None:
    """Asks for what those verdicts make needful, once they are written: customers who are gone, and
    late bodies about some who are."""
    customers = [row for row in judged if row.reading.resource == "customer"]
    for row in customers:
        if row.verdict is Verdict.EVENT and row.reading.deletion and row.dead is None:
            await tx.execute(
                "INSERT INTO erasures (customer_id, up_to) VALUES (?, ?) ON CONFLICT DO UPDATE"
                " SET up_to = max(up_to, excluded.up_to), looked_at = 0",
                (int(row.reading.subject.partition("/")[2]), row.sequence),
            )
    await tx.executemany(
        "INSERT OR IGNORE INTO to_erase SELECT sequence FROM outbox WHERE sequence = ?"
        " AND (subject IN (SELECT subject FROM register WHERE deleted)"
        "  OR subject IN (SELECT 'customer/' || customer_id FROM erasures))",
        [(row.sequence,) for row in customers if row.verdict is not Verdict.EVENT],
    )


async def step(database: Database) -> bool:
    """Erases some of what was found, or looks for more; whether there was anything to do."""
    if bodies := await database.read(found):
        await database.writer.write(lambda tx: erase(tx, bodies))
        return True
    asked = await database.read(oldest)
    if asked is None:
        return False
    customer, up_to, after = asked
    rows = await database.read(look, customer, up_to, after)
    await database.writer.write(lambda tx: note(tx, asked, rows))
    return True


async def oldest(db: aiosqlite.Connection) -> tuple[int, int, int] | None:
    """Of the erasure that was asked for first: the customer, up to where it goes and how far it
    came; None if there is none."""
    rows = await db.execute_fetchall(
        "SELECT customer_id, up_to, looked_at FROM erasures ORDER BY up_to LIMIT 1"
    )
    return next((tuple(row) for row in rows), None)


async def look(
    db: aiosqlite.Connection, customer: int, up_to: int, after: int
) -> list[tuple[int, bool]]:
    """The next arrivals, and whether they hold personal data of that customer: by their subject, by
    the customer that they name, or as refunds of an order that names it."""
    rows = await db.execute_fetchall(
        "SELECT piece.sequence, coalesce(subject = ?1, 0)"
        f" OR coalesce({_named('piece.body')} = ?2, 0)"
        " OR (coalesce(subject LIKE 'refund/%', 0) AND EXISTS (SELECT 1 FROM outbox AS sale"
        "  JOIN arrivals AS said USING (sequence) WHERE sale.subject = outbox.lane"
        f"  AND {_named('said.body')} = ?2))"
        " FROM (SELECT sequence, body FROM arrivals WHERE sequence > ?3 AND sequence <= ?4"
        "  ORDER BY sequence LIMIT ?5) AS piece LEFT JOIN outbox USING (sequence)"
        " ORDER BY piece.sequence",
        (f"customer/{customer}", str(customer), after, up_to, LOOKED_AT),
    )
    return [(sequence, bool(is_theirs)) for sequence, is_theirs in rows]


def _named(body: str) -> str:
    """The customer that a body names, as text; null where it is no JSON object."""
    text = f"CAST({body} AS TEXT)"
    return (
        f"CASE WHEN json_valid({text}) THEN CAST(json_extract({text}, '$.customer_id') AS TEXT) END"
    )


async def note(tx: Tx, asked: tuple[int, int, int], rows: Sequence[tuple[int, bool]]) -> None:
    """Writes down what was found, and how far that erasure came; at its end it is done. One that
    was asked for anew meanwhile begins anew."""
    customer, up_to, after = asked
    await tx.executemany(
        "INSERT OR IGNORE INTO to_erase SELECT sequence FROM arrivals WHERE sequence = ?",
        [(sequence,) for sequence, is_theirs in rows if is_theirs],
    )
    same = "WHERE customer_id = ? AND up_to = ? AND looked_at = ?"
    if len(rows) < LOOKED_AT:
        await tx.execute(f"DELETE FROM erasures {same}", (customer, up_to, after))
    else:
        looked_at = rows[-1][0]
        await tx.execute(
            f"UPDATE erasures SET looked_at = ? {same}", (looked_at, customer, up_to, after)
        )


async def found(db: aiosqlite.Connection) -> list[tuple[int, bytes, bytes]]:
    """Some of the settled rows that are to be erased: the number, the body, and what is to be left
    of it."""
    rows = await db.execute_fetchall(
        "SELECT sequence, subject, size FROM to_erase CROSS JOIN outbox USING (sequence)"
        " WHERE settled_at IS NOT NULL ORDER BY sequence LIMIT ?",
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
    """What is left of a body about that subject; the same bytes where nothing in it is personal, or
    where it is no JSON."""
    try:
        value: Any = json.loads(body.decode("utf-8", "replace"))
        left: Any = personal.erased(value)
    except (ValueError, RecursionError):
        value = left = None
    kind, _, number = (subject or "").partition("/")
    if kind == "customer":
        customer = {"id": int(number)}
        left = customer if value == customer else customer | {"erased": True}
    return body if left == value else json.dumps(left, separators=(",", ":")).encode()


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
        " ELSE message END"
        " WHERE sequence = ?",
        [(len(left), _ERASED, sequence) for left, sequence in changed],
    )
    # What the gateway said of an event may repeat what was in it.
    await tx.executemany(
        "UPDATE attempts SET message = ? WHERE message <> '' AND sequence = ?",
        [(_ERASED, sequence) for _, sequence in changed],
    )
    await tx.executemany("DELETE FROM translations WHERE sequence = ?", done)
    await tx.executemany("DELETE FROM to_erase WHERE sequence = ?", done)
