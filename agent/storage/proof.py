"""What a proof needs beside what was told: refunds as they were accepted, and how figures stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    import aiosqlite

Refund = tuple[str, int, "datetime | None", str, str, str]
"""(subject, number of its event, made at, amount, its order, currency; empty where the body is not
kept)"""


async def accepted_refunds(db: aiosqlite.Connection, after: str, most: int) -> Sequence[Refund]:
    """Refunds that the gateway has, in the order of their subjects, behind one of them."""
    rows = await db.execute_fetchall(
        "SELECT subject, sequence, changed_at, CAST(figures AS TEXT), parent,"
        " coalesce((SELECT CAST(CAST(body AS TEXT) ->> '$.currency' AS BLOB) FROM arrivals"
        "  WHERE json_valid(CAST(body AS TEXT)) AND arrivals.sequence = register.sequence), x'')"
        " FROM register WHERE subject > ? AND subject < 'refund0' AND NOT deleted"
        " AND coalesce((SELECT CASE WHEN state = 'discarded' AND code = 'not_accepted'"
        "  THEN 'accepted' ELSE state END FROM outbox WHERE outbox.sequence = register.sequence),"
        "  'accepted') = 'accepted' ORDER BY subject LIMIT ?",
        (after or "refund/", most),
    )
    return [
        (
            *(*told, None if at is None else clock.from_micros(at), amount, parent),
            currency.decode("utf-8", "replace"),  # half a surrogate pair is no text
        )
        for *told, at, amount, parent, currency in rows
    ]


async def newest_updates(
    db: aiosqlite.Connection, kind: str, skus: Collection[str]
) -> dict[str, tuple[str, str | None]]:
    """The newest update of a kind for each of those SKUs, where it is kept: its state, and the
    quantity that it says."""
    rows = await db.execute_fetchall(
        "SELECT sku, state, body FROM inbox"
        " WHERE number IN (SELECT max(number) FROM inbox WHERE kind = ? AND NOT reverts"
        "  AND sku IN (SELECT value FROM json_each(?)) GROUP BY sku)",
        (kind, json.dumps(list(skus))),
    )
    return {str(sku): (str(state), _quantity(body)) for sku, state, body in rows}


def _quantity(body: str) -> str | None:
    """Earlier programs cut the body of what they rejected, or wrote what SQL does not read."""
    try:
        item = json.loads(body)
    except (ValueError, RecursionError):
        return None
    said = item.get("quantity") if isinstance(item, dict) else None
    return None if said is None else str(said)


async def written_at(db: aiosqlite.Connection, product_ids: Collection[int]) -> dict[int, datetime]:
    """When we wrote to those of the products last, by our clock."""
    rows = await db.execute_fetchall(
        "SELECT product_id, written_at FROM catalogue WHERE written_at > 0"
        " AND product_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(product_ids)),),
    )
    return {number: clock.from_micros(at) for number, at in rows}
