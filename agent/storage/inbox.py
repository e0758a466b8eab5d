"""The inbox: take a page in with its cursor, hand out what is due, settle, report."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model import update as updates
from agent.model.update import (
    Fence,
    FenceKey,
    Intake,
    KnownVersions,
    NewRow,
    Opened,
    Refusal,
    Settlement,
    Update,
    UpdateState,
)
from agent.storage import cursors, register
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import aiosqlite

    from agent.storage.writer import Tx

FARTHEST_LOOK_S = 900
FEED = "feed"
NEWEST_OF_A_SKU = 20  # looked at together; what is older is overtaken by then
CATCHING_UP = "catching_up"
_OPEN = frozenset({UpdateState.PENDING, UpdateState.WAITING, UpdateState.HELD})


async def take_in(
    tx: Tx,
    ids: Sequence[str],
    skus: Sequence[str],
    decide: Callable[[frozenset[str], KnownVersions], Intake],
    *,
    cursor: str | None,
    now: datetime,
    versions: Sequence[int] | None = None,
) -> Intake:
    """Stores a page and its cursor in one transaction: neither is ever there without the other.

    ``decide`` gets the ids that were taken in before, and what is known of ``skus``; of their open
    updates those with one of ``versions``, which is all that can conflict (None: all).
    """
    seen = await tx.execute_fetchall(f"SELECT id FROM inbox WHERE id IN ({marks(ids)})", ids)
    intake = decide(frozenset(row[0] for row in seen), await known(tx, skus, versions=versions))
    for row in intake.rows:
        await _insert(tx, row, now)
    if cursor is not None:
        await cursors.put(tx, FEED, cursor)
    return intake


async def start_anew(tx: Tx) -> None:
    """The feed is read from its start, and nothing is applied until it was read to its end."""
    await cursors.forget(tx, FEED)
    await cursors.put(tx, CATCHING_UP, "1")


async def known(
    db: aiosqlite.Connection,
    skus: Sequence[str],
    *,
    versions: Sequence[int] | None = None,
    waiting: bool = False,
) -> KnownVersions:
    """Fences and open updates of those SKUs: all of them, those with one of ``versions``, or those
    that are waiting."""
    fences = await db.execute_fetchall(
        "SELECT kind, sku, field, version, effective_at, content FROM fences"
        f" WHERE kind IN ('stock', 'price') AND sku IN ({marks(skus)})",
        skus,
    )
    opened = await db.execute_fetchall(
        "SELECT body FROM inbox WHERE settled_at IS NULL AND kind IN ('stock', 'price')"
        f" AND sku IN ({marks(skus)})"
        + ("" if versions is None else f" AND version IN ({marks(versions)})")
        + (" AND state = 'waiting'" if waiting else ""),
        (*skus, *(versions or ())),
    )
    return KnownVersions(
        {
            (kind, sku, field): Fence(
                version, clock.from_micros(effective_at) if effective_at else None, content
            )
            for kind, sku, field, version, effective_at, content in fences
        },
        tuple(_update(body) for (body,) in opened),
    )


async def raise_fences(tx: Tx, fences: Mapping[FenceKey, Fence]) -> None:
    """Keeps the newest version of each field: a fence is never lowered."""
    await tx.executemany(
        "INSERT INTO fences VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " content = CASE WHEN excluded.version >= version THEN excluded.content ELSE content END,"
        " version = max(version, excluded.version),"
        " effective_at = max(effective_at, excluded.effective_at)",
        [
            (*key, f.version, clock.micros(f.effective_at) if f.effective_at else 0, f.content)
            for key, f in fences.items()
        ],
    )


async def due(db: aiosqlite.Connection, now: datetime, most: int) -> list[Opened]:
    """Open updates whose time has come: those of the SKUs that wait longest. Of each SKU the newest
    versions are among them, so that an old figure never goes out while a newer one waits.

    One that should be looked at later than any look is put off was written before the clock jumped
    back, unless it waits for its ``effective_at``: it is due too.
    """
    at = clock.micros(now)
    far = at + FARTHEST_LOOK_S * 1_000_000
    rows = list(
        await db.execute_fetchall(
            "SELECT sku FROM inbox WHERE due_at <= ? AND kind IN ('stock', 'price')"
            " ORDER BY due_at, number LIMIT ?",
            (at, most),
        )
    )
    if len(rows) < most:
        rows += await db.execute_fetchall(
            "SELECT sku FROM inbox WHERE due_at > ? AND code IS NOT 'not_due'"
            " ORDER BY due_at, number LIMIT ?",
            (far, most - len(rows)),
        )
    skus = list(dict.fromkeys(sku for (sku,) in rows))
    newest = await db.execute_fetchall(
        "SELECT number, body, received_at, state, results FROM"
        " (SELECT *, row_number() OVER (PARTITION BY kind, sku ORDER BY version DESC, number DESC)"
        "  AS place FROM inbox WHERE settled_at IS NULL AND kind IN ('stock', 'price')"
        f"  AND sku IN ({marks(skus)})"
        "  AND (due_at <= ? OR (due_at > ? AND code IS NOT 'not_due')))"
        " WHERE place <= ? ORDER BY due_at, number",
        (*skus, at, far, NEWEST_OF_A_SKU),
    )
    return [
        Opened(number, _update(body), clock.from_micros(at), UpdateState(state), results)
        for number, body, at, state, results in newest
    ]


async def settle(
    tx: Tx, settlements: Sequence[Settlement], fences: Mapping[FenceKey, Fence], now: datetime
) -> None:
    """Writes what became of open updates, a result for each that has news, and the figures that
    the store confirmed: their webhooks are echoes."""
    at = clock.micros(now)
    for settlement in settlements:
        opened, state = settlement.opened, settlement.state
        is_open = state in _OPEN
        news = not (is_open and opened.state is state)
        await tx.execute(
            "UPDATE inbox SET state = ?, code = ?, message = ?, due_at = ?, settled_at = ?,"
            " results = results + ? WHERE number = ?",
            (
                state,
                settlement.code,
                settlement.message,
                clock.micros(settlement.due_at) if settlement.due_at else None,
                None if is_open else at,
                int(news),
                opened.number,
            ),
        )
        if news:
            await _report(tx, _of_settlement(settlement, now))
        await register.wrote(tx, settlement.written)
    await raise_fences(tx, fences)


async def unreported(db: aiosqlite.Connection, most: int) -> list[tuple[int, Any]]:
    """(number, result) pairs that the gateway has not taken yet, oldest first."""
    rows = await db.execute_fetchall(
        "SELECT number, body FROM results ORDER BY number LIMIT ?", (most,)
    )
    return [(number, json.loads(body)) for number, body in rows]


async def reported(tx: Tx, numbers: Sequence[int]) -> None:
    """The gateway has taken those."""
    await tx.executemany("DELETE FROM results WHERE number = ?", [(n,) for n in numbers])


async def _insert(tx: Tx, row: NewRow, now: datetime) -> None:
    at = clock.micros(now)
    is_open, has_news = row.state in _OPEN, row.state is not UpdateState.PENDING
    await tx.execute(
        "INSERT INTO inbox (id, kind, sku, version, body, state, code, message, received_at,"
        " due_at, results, settled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.id,
            row.kind,
            row.sku,
            row.version,
            row.body,
            row.state,
            row.code,
            row.message,
            at,
            clock.micros(row.due_at) if row.due_at else None,
            int(has_news),
            None if is_open else at,
        ),
    )
    if has_news:
        await _report(
            tx,
            {
                "id": row.id,
                "sku": row.sku,
                "kind": row.kind,
                "version": row.version,
                "n": 1,
                "status": row.state,
                "code": row.code,
                "message": row.message,
                "at": clock.iso(now),
            },
        )


def _of_settlement(settlement: Settlement, now: datetime) -> dict[str, Any]:
    update = settlement.opened.update
    result = {
        "id": update.id,
        "sku": update.sku,
        "kind": update.kind,
        "version": update.version,
        "n": settlement.opened.results + 1,
        "status": settlement.state,
        "code": settlement.code,
        "message": settlement.message,
        "store": settlement.store,
        "before": settlement.before,
        "correlation_id": update.correlation_id,
        "at": clock.iso(now),
    }
    return {name: value for name, value in result.items() if value is not None}


async def _report(tx: Tx, result: Mapping[str, Any]) -> None:
    await tx.execute(
        "INSERT INTO results (update_id, n, body) VALUES (?, ?, ?)",
        (result["id"], result["n"], json.dumps(result, default=_json)),
    )


def _json(value: object) -> str:
    return clock.iso(value) if isinstance(value, datetime) else str(value)


def _update(body: str) -> Update:
    update = updates.read(json.loads(body))
    if isinstance(update, Refusal):  # stored rows were read before: only a changed model does this
        raise TypeError(f"a stored update can't be read any more: {update.message}")
    return update
