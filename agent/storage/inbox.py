"""The inbox: what is known of it, what is due, how it is settled; ``inbox_intake`` takes in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model import update as updates
from agent.model.inbox import (
    Fence,
    FenceKey,
    KnownVersions,
    Opened,
    Settlement,
)
from agent.model.update import Rank, Refusal, Update, UpdateState
from agent.storage import cursors, fences, in_force, journals, register, results
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

FARTHEST_LOOK_S = 900
KINDS = ("stock", "price")
FEED = "feed"
ROW = "number, body, received_at, state, results, approved, reverts, journal"
NEWEST_OF_A_SKU = 20  # looked at together; what is older is overtaken by then
CATCHING_UP = "catching_up"
# As ``Update.rank`` has it. An earlier program stored NaN, which SQL does not read: the rank of
# such a row shows when it is read; until then it counts as the oldest.
_GIVEN = "CASE WHEN json_valid(inbox.body) THEN inbox.body ->> '$.rank_given[{}]' END"
RANK = (
    f"coalesce(inbox.version, {_GIVEN.format(0)}, -1),"
    f" CASE WHEN inbox.version IS NULL THEN coalesce({_GIVEN.format(1)}, 0) ELSE 0 END"
)
_IN_FORCE = frozenset({UpdateState.APPLIED, UpdateState.UNCHANGED})
OPEN = frozenset({UpdateState.PENDING, UpdateState.WAITING, UpdateState.HELD})


async def look(
    db: aiosqlite.Connection,
    ids: Sequence[str],
    skus: Sequence[str],
    *,
    versions: Sequence[int] | None = None,
    unversioned: Sequence[str] = (),
) -> tuple[frozenset[str], KnownVersions]:
    """The ids that were taken in before, and what is known of ``skus``: of their open updates those
    that are named again, those with one of ``versions``, which is all that can conflict (None:
    all), and of those that are ``unversioned`` the newest."""
    seen = await db.execute_fetchall(
        "SELECT id, CASE WHEN settled_at IS NULL AND NOT reverts AND kind IN ('stock', 'price')"
        " THEN body END FROM inbox"
        f" WHERE id IN ({marks(ids)})",
        ids,
    )
    again = {row[0]: _update(row[1]) for row in seen if row[1] is not None}
    found = replace(await known(db, skus, versions=versions), again=again)
    if unversioned:
        found = replace(found, newest=await _newest(db, unversioned))
    return frozenset(row[0] for row in seen), found


async def _newest(db: aiosqlite.Connection, skus: Sequence[str]) -> dict[tuple[str, str], Rank]:
    """The highest rank among the open updates of each kind and SKU. Of those without version the
    last one is the newest, which is the one whose body SQLite gives beside ``max(number)``."""
    rows = await db.execute_fetchall(
        "SELECT kind, sku, version, body, max(number) FROM inbox WHERE settled_at IS NULL"
        f" AND kind IN ('stock', 'price') AND sku IN ({marks(skus)}) AND version IS NULL"
        " AND NOT reverts GROUP BY kind, sku UNION ALL"
        " SELECT kind, sku, max(version), '', 0 FROM inbox WHERE settled_at IS NULL"
        f" AND kind IN ('stock', 'price') AND sku IN ({marks(skus)}) AND version IS NOT NULL"
        " GROUP BY kind, sku",
        (*skus, *skus),
    )
    highest: dict[tuple[str, str], Rank] = {}
    for kind, sku, version, body, _ in rows:
        rank = (version, 0) if version is not None else _update(body).rank
        highest[kind, sku] = max(highest.get((kind, sku), rank), rank)
    return highest


async def start_anew(tx: Tx) -> None:
    """The feed is read from its start, and nothing is applied until it was read to its end."""
    await cursors.forget(tx, FEED)
    await cursors.put(tx, CATCHING_UP, "1")


async def caught_up(tx: Tx, asked_in: int) -> bool:
    """The feed was read to its end, unless the gateway was restored since that was asked for."""
    if asked_in != (await journals.current(tx))[0]:
        return False
    await cursors.forget(tx, CATCHING_UP)
    return True


async def known(
    db: aiosqlite.Connection,
    skus: Sequence[str],
    *,
    versions: Sequence[int] | None = None,
    waiting: bool = False,
) -> KnownVersions:
    """Fences and open updates of those SKUs: all of them, those with one of ``versions``, or those
    that are waiting."""
    opened = await db.execute_fetchall(
        "SELECT body FROM inbox WHERE settled_at IS NULL AND kind IN ('stock', 'price')"
        f" AND sku IN ({marks(skus)})"
        + ("" if versions is None else f" AND version IN ({marks(versions)})")
        + (" AND state = 'waiting'" if waiting else ""),
        (*skus, *(versions or ())),
    )
    return KnownVersions(await fences.of(db, skus), tuple(_update(body) for (body,) in opened))


async def due(
    db: aiosqlite.Connection,
    now: datetime,
    most: int,
    kinds: Collection[str] = KINDS,
    skip: Collection[str] = (),
) -> list[Opened]:
    """Open updates whose time has come: those of the SKUs that wait longest, but for those in
    ``skip``. Of each SKU the newest versions are among them, so that an old figure never goes out
    while a newer one waits.

    One that should be looked at later than any look is put off was written before the clock jumped
    back, unless it waits for its ``effective_at``: it is due too.
    """
    at, skipped = clock.micros(now), json.dumps(list(skip))
    far = at + FARTHEST_LOOK_S * 1_000_000
    rows = list(
        await db.execute_fetchall(
            f"SELECT sku FROM inbox WHERE due_at <= ? AND kind IN ({marks(kinds)}) AND sku NOT IN"
            " (SELECT value FROM json_each(?)) ORDER BY due_at, number LIMIT ?",
            (at, *kinds, skipped, most),
        )
    )
    if len(rows) < most:
        rows += await db.execute_fetchall(
            "SELECT sku FROM inbox WHERE due_at > ? AND code IS NOT 'not_due'"
            f" AND kind IN ({marks(kinds)}) AND sku NOT IN"
            " (SELECT value FROM json_each(?)) ORDER BY due_at, number LIMIT ?",
            (far, *kinds, skipped, most - len(rows)),
        )
    return await due_of(db, now, list(dict.fromkeys(sku for (sku,) in rows)), kinds)


async def due_of(
    db: aiosqlite.Connection,
    now: datetime,
    skus: Sequence[str],
    kinds: Collection[str] = KINDS,
) -> list[Opened]:
    """What is due of those SKUs, the newest versions of each."""
    at = clock.micros(now)
    far = at + FARTHEST_LOOK_S * 1_000_000
    newest = await db.execute_fetchall(
        f"SELECT {ROW} FROM (SELECT *, row_number() OVER (PARTITION BY kind, sku"
        f"  ORDER BY coalesce(version, {_GIVEN.format(0)}) DESC, number DESC)"
        f"  AS place FROM inbox WHERE settled_at IS NULL AND kind IN ({marks(kinds)})"
        "  AND sku IN (SELECT value FROM json_each(?))"
        "  AND (due_at <= ? OR (due_at > ? AND code IS NOT 'not_due')))"
        " WHERE place <= ? ORDER BY due_at, number",
        (*kinds, json.dumps(list(skus)), at, far, NEWEST_OF_A_SKU),
    )
    return [opened(row) for row in newest]


def opened(row: Any) -> Opened:
    """A row with the columns of ``ROW``."""
    number, body, at, state, results, approved, reverts, journal = row
    return Opened(
        number,
        _update(body),
        clock.from_micros(at),
        UpdateState(state),
        results,
        bool(approved),
        bool(reverts),
        journal,
    )


async def settle(
    tx: Tx, settlements: Sequence[Settlement], raised: Mapping[FenceKey, Fence], now: datetime
) -> None:
    """Writes what became of open updates, a result for each that has news, and the figures that
    the store confirmed: their webhooks are echoes. One that was approved meanwhile is not held."""
    held = [one.opened.number for one in settlements if one.state is UpdateState.HELD]
    approved = await _approved(tx, held) if held else set[int]()
    written = [one for one in settlements if one.opened.number not in approved]
    await tx.executemany(
        "UPDATE inbox SET state = ?, code = ?, message = ?, due_at = ?, settled_at = ?,"
        " results = results + ?, held_until = ?, before = ? WHERE number = ?",
        [_settled_row(one, clock.micros(now)) for one in written],
    )
    told = [one for one in written if _is_news(one) and not one.opened.reverts]
    await results.report(tx, [results.of_settlement(one, now) for one in told])
    await register.wrote(tx, [product for one in settlements for product in one.written])
    await fences.put_up(tx, raised)
    stock = [
        settlement
        for settlement in settlements
        if settlement.state in _IN_FORCE and settlement.opened.update.kind == "stock"
    ]
    await in_force.came(tx, [one for one in stock if not one.opened.reverts], now)
    await in_force.went(tx, [one.opened.update.sku for one in stock if one.opened.reverts])


def _is_news(settlement: Settlement) -> bool:
    """Whether the gateway does not know yet that it stands so."""
    return settlement.state not in OPEN or settlement.opened.state is not settlement.state


def _settled_row(settlement: Settlement, at: int) -> tuple[Any, ...]:
    state = settlement.state
    expires_at = settlement.opened.update.expires_at if state is UpdateState.HELD else None
    applied = state is UpdateState.APPLIED
    return (
        state,
        settlement.code,
        settlement.message,
        clock.micros(settlement.due_at) if settlement.due_at else None,
        None if state in OPEN else at,
        int(_is_news(settlement)),
        clock.micros(expires_at) if expires_at else None,
        results.figures(settlement.before or {}) if applied else None,
        settlement.opened.number,
    )


async def _approved(tx: Tx, numbers: Sequence[int]) -> set[int]:
    rows = await tx.execute_fetchall(
        f"SELECT number FROM inbox WHERE approved AND number IN ({marks(numbers)})", numbers
    )
    return {number for (number,) in rows}


def _update(body: str) -> Update:
    update = updates.read(json.loads(body))
    if isinstance(update, Refusal):  # stored rows were read before: only a changed model does this
        raise TypeError(f"a stored update can't be read any more: {update.message}")
    return update
