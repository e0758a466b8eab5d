"""Marks the products whose figure a new fact can change, in the transaction of the fact.

A mark is a row in ``stock_checks`` that is due. It outlives the doubt that it stands for: only a
comparison that leaves nothing open takes it away. A mark ``to compare`` has the store read; any
other is computed first, and the store is asked only where that gives another figure.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from agent import clock
from agent.storage.outbox import marks
from agent.storage.writer import Tx

GATHERED_FOR = timedelta(seconds=3)
"""Many orders make one comparison."""

# Only what has a figure of the ERP can differ from it, or will have one in a moment.
_HAS_FIGURE = (
    "(sku IN (SELECT sku FROM stock_in_force) OR sku <> '' AND sku IN"
    " (SELECT sku FROM inbox WHERE settled_at IS NULL AND kind = 'stock'))"
)
_PUT = (
    "INSERT INTO stock_checks (product_id, due_at, compare)"
    " SELECT product_id, ?1, ?2 FROM catalogue WHERE {where}"
    " ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at), marks = marks + 1,"
    " compare = max(compare, excluded.compare)"
)
IS_ANY_FIGURE = (
    "(EXISTS (SELECT 1 FROM stock_in_force)"
    " OR EXISTS (SELECT 1 FROM inbox WHERE settled_at IS NULL AND kind = 'stock'))"
)
"""Where there is none, nothing can be learned about it."""


async def units_changed(tx: Tx, product_ids: Collection[int], now: datetime) -> None:
    """Orders hold other units of those than before: the store has moved too."""
    if product_ids:
        where = f"product_id IN ({marks(product_ids)}) AND {_HAS_FIGURE}"
        due_at = clock.micros(now + GATHERED_FOR)
        await tx.execute(_PUT.format(where=where), (due_at, 1, *product_ids))


async def learned(tx: Tx, sequences: Iterable[int], now: datetime) -> None:
    """Something became known of how the gateway took those events, or a doubt about it ended."""
    lines = "FROM stock_ledger WHERE sequence IN (SELECT value FROM json_each(?3))"
    where = (
        f"{IS_ANY_FIGURE} AND product_id IN (SELECT item_id {lines} UNION SELECT parent_id {lines})"
        f" AND {_HAS_FIGURE}"
    )
    await tx.execute(_PUT.format(where=where), (clock.micros(now), 0, json.dumps(list(sequences))))


async def in_force(
    tx: Tx, skus: Iterable[str], doubted: Iterable[str], now: datetime, again_at: datetime
) -> None:
    """Figures were put in force: what waits for their SKUs is computed from them, and a figure that
    depends on a doubt is computed again."""
    at = clock.micros(now)
    products = (
        "(SELECT product_id FROM catalogue WHERE sku <> '' AND sku IN"
        " (SELECT value FROM json_each(?2)))"
    )
    [(any_mark,)] = await tx.execute_fetchall("SELECT EXISTS (SELECT 1 FROM stock_checks)")
    if any_mark:
        await tx.execute(
            f"UPDATE stock_checks SET due_at = min(due_at, ?1) WHERE product_id IN {products}",
            (at, json.dumps(list(skus))),
        )
    if some := list(doubted):
        await tx.execute(
            "INSERT INTO stock_checks (product_id, due_at, compare, doubted_since)"
            f" SELECT product_id, ?1, 0, ?3 FROM catalogue WHERE product_id IN {products}"
            " ON CONFLICT DO UPDATE SET marks = marks + 1,"
            " doubted_since = coalesce(doubted_since, excluded.doubted_since)",
            (clock.micros(again_at), json.dumps(some), at),
        )
