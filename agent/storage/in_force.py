"""Stock figures in force, and the products whose figure in the store is to be compared with them.

A product is *unchecked* from before a write until orders were looked at after it: an order may have
been lost in between. Others are compared because what orders hold of them changed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import aiosqlite

from agent import clock
from agent.model import update as updates
from agent.model.in_force import DOUBT_AGAIN, Check, Computed, Conclusion, InForce
from agent.model.inbox import Settlement
from agent.model.stock import Base
from agent.model.update import StockUpdate
from agent.storage import stock_marks
from agent.storage.writer import Tx

_CHECK = "product_id, marks, unchecked, ambiguous_at, compare"


async def came(tx: Tx, settlements: Sequence[Settlement], now: datetime) -> None:
    """Those stock updates are what their SKUs' figures are computed from, from now on."""
    if not settlements:
        return
    await tx.executemany(
        "INSERT OR REPLACE INTO stock_in_force (sku, number, body, fetched_at, journal, computed)"
        " SELECT sku, number, body, received_at, journal, ?1 FROM inbox WHERE number = ?2",
        [(one.computed, one.opened.number) for one in settlements],
    )
    skus = [one.opened.update.sku for one in settlements]
    doubted = [one.opened.update.sku for one in settlements if one.is_doubtful]
    await stock_marks.in_force(tx, skus, doubted, now, now + DOUBT_AGAIN)


async def went(tx: Tx, skus: Iterable[str]) -> None:
    """What stands there was put back by somebody: no figure of the ERP counts before its next."""
    await tx.executemany("DELETE FROM stock_in_force WHERE sku = ?", [(sku,) for sku in skus])


async def by_sku(db: aiosqlite.Connection, skus: Sequence[str]) -> dict[str, InForce]:
    """The updates in force of those SKUs that have one."""
    rows = await db.execute_fetchall(
        "SELECT sku, body, fetched_at, journal, number, computed FROM stock_in_force"
        " WHERE sku IN (SELECT value FROM json_each(?))",
        (json.dumps(list(skus)),),
    )
    found = {}
    for sku, body, fetched_at, *whence in rows:
        update = updates.read(json.loads(body))
        if isinstance(update, StockUpdate):  # always, but for one of a model that has changed
            found[sku] = InForce(update, clock.from_micros(fetched_at), *whence)
    return found


async def unchecked(
    tx: Tx, product_ids: Collection[int], now: datetime, *, ambiguous: bool = False
) -> None:
    """A write to those is about to be sent; ``ambiguous``: one ended without an answer, and may be
    done still. What they showed before says nothing any more."""
    at = clock.micros(now)
    await tx.executemany(
        "DELETE FROM stock_bases WHERE product_id = ?", [(number,) for number in product_ids]
    )
    await tx.executemany(
        "INSERT INTO stock_checks (product_id, due_at, unchecked, ambiguous_at)"
        " VALUES (?1, ?2, 1, ?3) ON CONFLICT DO UPDATE SET"
        " due_at = min(due_at, ?2), unchecked = 1, ambiguous_at = coalesce(?3, ambiguous_at),"
        " marks = marks + 1",
        [(number, at, at if ambiguous else None) for number in product_ids],
    )


async def bases(db: aiosqlite.Connection, product_ids: Iterable[int]) -> dict[int, Base]:
    """What those of the products showed that we wrote, as it was then."""
    rows = await db.execute_fetchall(
        "SELECT product_id, quantity, taken, unexplained, since FROM stock_bases"
        " WHERE product_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(product_ids)),),
    )
    return {
        product_id: Base(
            quantity, taken, unexplained, None if since is None else clock.from_micros(since)
        )
        for product_id, quantity, taken, unexplained, since in rows
    }


async def wrote(tx: Tx, found: Mapping[int, Base]) -> None:
    """The store confirmed those."""
    await tx.executemany(
        "INSERT OR REPLACE INTO stock_bases VALUES (?, ?, ?, ?, ?)",
        [
            (
                product_id,
                base.quantity,
                base.taken,
                base.unexplained,
                None if base.since is None else clock.micros(base.since),
            )
            for product_id, base in found.items()
        ],
    )


async def repair(
    tx: Tx, product_ids: Collection[int], missing: Mapping[int, Base], now: datetime
) -> None:
    """Those show another figure than they should: it is written once more. ``missing`` says since
    when units are gone without an order: for a while they stay subtracted."""
    await wrote(tx, missing)
    await tx.executemany(
        "INSERT INTO stock_checks (product_id, due_at, unchecked) VALUES (?1, ?2, 1)"
        " ON CONFLICT DO UPDATE SET"
        " due_at = min(due_at, ?2), unchecked = 1, marks = marks + 1",
        [(number, clock.micros(now)) for number in product_ids],
    )


async def uncertain(db: aiosqlite.Connection, now: datetime) -> int:
    """How many products have had a figure that rests on a doubt for ``DOUBT_AGAIN`` and more."""
    [(count,)] = await db.execute_fetchall(
        "SELECT count(*) FROM stock_checks WHERE doubted_since <= ?",
        (clock.micros(now - DOUBT_AGAIN),),
    )
    return int(count)


async def due(db: aiosqlite.Connection, now: datetime, most: int) -> list[Check]:
    """What is to be compared now, longest due first."""
    rows = await db.execute_fetchall(
        f"SELECT {_CHECK} FROM stock_checks WHERE due_at <= ? ORDER BY due_at LIMIT ?",
        (clock.micros(now), most),
    )
    return [_check(row) for row in rows]


async def of(db: aiosqlite.Connection, product_ids: Iterable[int]) -> list[Check]:
    """What is to be compared of those products, now or later."""
    rows = await db.execute_fetchall(
        f"SELECT {_CHECK} FROM stock_checks WHERE product_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(product_ids)),),
    )
    return [_check(row) for row in rows]


async def checked(
    tx: Tx, conclusions: Iterable[Conclusion], computed: Mapping[str, Computed], now: datetime
) -> None:
    """What became of checks; one that was marked again meanwhile stays as it is. The store is in
    line with what was ``computed``."""
    await tx.executemany(
        "UPDATE stock_in_force SET computed = ? WHERE sku = ? AND number = ?",
        [(one.quantity, sku, one.number) for sku, one in computed.items()],
    )
    for one in conclusions:
        key = (one.check.product_id, one.check.marks)
        if one.again_at is None:
            await tx.execute("DELETE FROM stock_checks WHERE product_id = ? AND marks = ?", key)
            continue
        at = clock.micros(one.again_at)
        if not one.is_right:
            await tx.execute(
                "UPDATE stock_checks SET due_at = ?3 WHERE product_id = ?1 AND marks = ?2",
                (*key, at),
            )
            continue
        await tx.execute(
            "UPDATE stock_checks SET due_at = ?3, unchecked = 0, compare = 0,"
            " ambiguous_at = CASE WHEN ?4 THEN ambiguous_at END,"
            " doubted_since = CASE WHEN ?5 THEN coalesce(doubted_since, ?6) END"
            " WHERE product_id = ?1 AND marks = ?2",
            (*key, at, one.is_ambiguous, one.is_doubtful, clock.micros(now)),
        )


def _check(row: Any) -> Check:
    product_id, marks, unchecked, ambiguous_at, compares = row
    return Check(
        product_id,
        marks,
        unchecked=bool(unchecked),
        ambiguous_at=None if ambiguous_at is None else clock.from_micros(ambiguous_at),
        compares=bool(compares),
    )
