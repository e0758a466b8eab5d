"""Marks snapshots that show edits of what the ERP owns, and tells which products still do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.model import drift
from agent.storage import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    import aiosqlite

    from agent.clock import Clock
    from agent.model.product import StoreProduct
    from agent.settings import Settings
    from agent.storage.access import State
    from agent.storage.writer import Tx

MOST_LOOKED_AT = 1000
Marks = dict[int, tuple[str, ...]]
"""Number of the arrival → the fields that differ."""


class Drift:
    """Compares with the figures of the newest updates that were acted on."""

    def __init__(
        self,
        database: State,
        same: Callable[[str, object, object], bool],
        *,
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        """``same``: whether two values of a field are the same figure."""
        self._db = database
        self._same = same
        self._settings = settings
        self._clock = clock

    async def note(self, shown: Iterable[tuple[int, StoreProduct]]) -> Marks:
        """Which of those products, by the number of their arrival, drifted; they are marked."""
        products, fields = dict(shown), owned(self._settings())
        if not (products and fields):
            return {}
        skus = {product.sku for product in products.values() if product.sku}
        known = await self._db.read(said, skus, fields)
        now = self._clock.now()
        found = {
            number: differing
            for number, product in products.items()
            if (differing := drift.of(product, known.get(product.sku, {}), now, self._same))
        }
        if found:
            marks = [(number, products[number], differing) for number, differing in found.items()]
            await self._db.write(lambda tx: mark(tx, marks))
        return found

    async def of(self, shown: Sequence[StoreProduct]) -> dict[int, tuple[str, ...]]:
        """The fields that differ of those products, by id; nothing is marked."""
        fields, now = owned(self._settings()), self._clock.now()
        if not fields:
            return {}
        known = await self._db.read(said, {one.sku for one in shown}, fields)
        return {
            one.id: differing
            for one in shown
            if (differing := drift.of(one, known.get(one.sku, {}), now, self._same))
        }

    async def current(self) -> dict[str, tuple[str, ...]]:
        """The fields that differ now, by SKU, of what was marked before."""
        fields, now = owned(self._settings()), self._clock.now()
        numbers = await self._db.read(marked)
        if not (numbers and fields):
            return {}
        shown = (await self._db.read(catalogue.by_id, numbers)).values()
        known = await self._db.read(said, {one.product.sku for one in shown}, fields)
        return {
            one.product.sku: differing
            for one in shown
            if (differing := drift.of(one.product, known.get(one.product.sku, {}), now, self._same))
        }


def owned(settings: Settings) -> tuple[str, ...]:
    """The fields that are the ERP's; none where nothing is written."""
    if settings.updates.mode == "observe":
        return ()
    price = drift.PRICE if settings.ownership.price == "erp" else ()
    sale = drift.SALE if settings.ownership.sale == "erp" else ()
    return price + sale


async def said(
    db: aiosqlite.Connection, skus: Collection[str], fields: Sequence[str]
) -> Mapping[str, dict[str, Any]]:
    """What was said last of those fields, by SKU; what was taken back since, and what an update
    that is being written may change, is left out."""
    rows = await db.execute_fetchall(
        "SELECT sku, field, content FROM fences WHERE kind = 'price' AND NOT reverted"
        " AND sku IN (SELECT value FROM json_each(?)) AND field IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.kind = 'price'"
        "  AND inbox.sku = fences.sku AND settled_at IS NULL AND state = 'pending')",
        (json.dumps(list(skus)), json.dumps(fields)),
    )
    known: dict[str, dict[str, Any]] = {}
    for sku, field, content in rows:
        known.setdefault(sku, {})[field] = json.loads(content)
    return known


async def mark(tx: Tx, marks: Sequence[tuple[int, StoreProduct, tuple[str, ...]]]) -> None:
    """Those arrivals show edits of what is not the store's."""
    await tx.executemany(
        "INSERT OR REPLACE INTO conflicts VALUES (?, ?, ?)",
        [(number, product.id, " ".join(differing)) for number, product, differing in marks],
    )


async def marked(db: aiosqlite.Connection) -> list[int]:
    """The products that were marked last."""
    rows = await db.execute_fetchall(
        "SELECT product_id FROM conflicts GROUP BY product_id ORDER BY max(sequence) DESC LIMIT ?",
        (MOST_LOOKED_AT,),
    )
    return [number for (number,) in rows]
