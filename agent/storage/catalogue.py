"""Products and variations as the store showed them last: who has a SKU, and what stands there.

A SKU is known once the store was asked for it: from then on webhooks, reads and the answers to our
own writes keep its products up to date.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model.product import Shown, StoreProduct
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import aiosqlite

    from agent.storage.writer import Tx

_MANAGES: dict[str, bool | str] = {"no": False, "yes": True, "parent": "parent"}
_MANAGED = {managed: word for word, managed in _MANAGES.items()}
_COLUMNS = "product_id, parent_id, type, sku, status, manages_stock, figures, confirmed_at"
_DATES = ("sale_from", "sale_to")
SOON_S = 120
# The index on SKUs leaves out the empty one, and is used only where that is said.
RENAMED = (
    "UPDATE catalogue SET sku = '' WHERE sku = ? AND sku <> '' AND product_id NOT IN"
    " (SELECT value FROM json_each(?))"
)
_PUT = (
    f"INSERT INTO catalogue ({_COLUMNS}, written_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET parent_id = excluded.parent_id,"
    " type = CASE excluded.type WHEN '' THEN type ELSE excluded.type END,"
    " sku = excluded.sku, status = excluded.status, manages_stock = excluded.manages_stock,"
    " figures = excluded.figures, confirmed_at = excluded.confirmed_at"
)


async def by_sku(
    db: aiosqlite.Connection, skus: Sequence[str], *, complete: bool = True
) -> dict[str, list[Shown]]:
    """The products of those of the SKUs that are known to have any, trashed ones left out;
    ``complete``: only where all products with that SKU are known."""
    rows = await db.execute_fetchall(
        f"SELECT {_COLUMNS} FROM catalogue"
        " WHERE sku <> '' AND sku IN (SELECT value FROM json_each(?1)) AND status <> 'trash'"
        " AND (NOT ?2 OR EXISTS (SELECT 1 FROM sku_lookups WHERE sku_lookups.sku = catalogue.sku))"
        " ORDER BY product_id",
        (json.dumps(list(skus)), complete),
    )
    found: dict[str, list[Shown]] = {}
    for row in rows:
        shown = _shown(row)
        found.setdefault(shown.product.sku, []).append(shown)
    return found


async def by_id(db: aiosqlite.Connection, product_ids: Sequence[int]) -> dict[int, Shown]:
    """Those of the products that are known."""
    rows = await db.execute_fetchall(
        f"SELECT {_COLUMNS} FROM catalogue WHERE product_id IN ({marks(product_ids)})", product_ids
    )
    return {shown.product.id: shown for shown in map(_shown, rows)}


async def skus(db: aiosqlite.Connection, most: int) -> list[str]:
    """SKUs that are known."""
    rows = await db.execute_fetchall(
        "SELECT sku FROM catalogue WHERE sku <> '' AND status <> 'trash' LIMIT ?", (most,)
    )
    return [sku for (sku,) in rows]


async def listed(tx: Tx, products: Iterable[StoreProduct]) -> None:
    """The store has those, of which nothing need be known yet. What a list shows is older than what
    else is known: they are read before anything is written to them."""
    await tx.executemany(
        f"INSERT INTO catalogue ({_COLUMNS}, written_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)"
        " ON CONFLICT DO UPDATE SET sku = excluded.sku, confirmed_at = 0"
        " WHERE catalogue.sku <> excluded.sku",
        [_row(product, 0) for product in products],
    )


async def size(db: aiosqlite.Connection) -> int:
    """How many products and variations with a SKU it has."""
    [(count,)] = await db.execute_fetchall("SELECT count(*) FROM catalogue WHERE sku <> ''")
    return int(count)


async def looked_up(tx: Tx, found: Mapping[str, Sequence[StoreProduct]], now: datetime) -> None:
    """The store was asked for those SKUs, and has those products with them and no others."""
    await learn(tx, [product for products in found.values() for product in products], now)
    await tx.executemany(
        RENAMED,
        [
            (sku, json.dumps([product.id for product in products]))
            for sku, products in found.items()
            if sku
        ],
    )
    await tx.executemany(
        "INSERT OR REPLACE INTO sku_lookups VALUES (?, ?)",
        [(sku, clock.micros(now)) for sku, products in found.items() if products],
    )
    await tx.executemany(
        "DELETE FROM sku_lookups WHERE sku = ?",
        [(sku,) for sku, products in found.items() if not products],
    )


async def learn(
    tx: Tx, products: Iterable[StoreProduct], now: datetime, *, written: bool = False
) -> None:
    """The store shows those as they are now; ``written``: in the answer to a write of ours."""
    at = clock.micros(now)
    await tx.executemany(
        f"{_PUT}, written_at = max(written_at, excluded.written_at)",
        [(*_row(product, at), at if written else 0) for product in products],
    )


async def heard(tx: Tx, products: Sequence[StoreProduct], at: datetime, *, confirmed: bool) -> None:
    """The store said by itself that products were so at that time. Updates that wait for a SKU
    which one of them has are looked at.

    A body that came soon after a write of ours may have been built before it: unless it is
    ``confirmed`` to have the content that is known, what it says is not relied on.
    """
    told = clock.micros(at)
    await tx.executemany(
        f"{_PUT} WHERE excluded.confirmed_at >= confirmed_at",  # what is known from later stays
        [(*_row(product, told), 0) for product in products],
    )
    if not confirmed:
        await tx.executemany(
            "UPDATE catalogue SET confirmed_at = 0 WHERE product_id = ? AND written_at > ?",
            [(product.id, told - SOON_S * 1_000_000) for product in products],
        )
    await tx.executemany(
        "UPDATE inbox SET due_at = ? WHERE settled_at IS NULL AND kind IN ('stock', 'price')"
        " AND sku = ? AND state = 'waiting' AND code = 'unknown_sku'",
        [(told, product.sku) for product in products if product.sku],
    )


async def gone(tx: Tx, product_ids: Iterable[int]) -> None:
    """The store has no such products any more, nor their variations."""
    await tx.executemany(
        "DELETE FROM catalogue WHERE product_id = ?1 OR (parent_id <> 0 AND parent_id = ?1)",
        [(number,) for number in product_ids],
    )


async def distrust(tx: Tx, product_ids: Iterable[int]) -> None:
    """What they show now is not known: they are read before anything is compared with them."""
    await tx.executemany(
        "UPDATE catalogue SET confirmed_at = 0 WHERE product_id = ?",
        [(number,) for number in product_ids],
    )


def _row(product: StoreProduct, at: int) -> tuple[Any, ...]:
    return (
        product.id,
        product.parent_id,
        product.type,
        product.sku,
        product.status,
        _MANAGED[product.manages_stock],
        json.dumps({**product.values, "unreadable": dict(product.unreadable)}, default=_json),
        at,
    )


def _shown(row: Any) -> Shown:
    product_id, parent_id, kind, sku, status, manages, figures, confirmed_at = row
    values = json.loads(figures)
    for name in _DATES:
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    unreadable = values.pop("unreadable", None)
    if unreadable is None and None in (values["quantity"], values["regular_price"]):
        confirmed_at = 0  # written before it was told whether that is none, or could not be read
    product = StoreProduct(
        *(product_id, parent_id, kind, sku, status, _MANAGES[manages], values, unreadable or {})
    )
    return Shown(product, clock.from_micros(confirmed_at))


def _json(value: object) -> str:
    return clock.iso(value) if isinstance(value, datetime) else str(value)
