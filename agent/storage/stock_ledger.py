"""What each order line held at each snapshot: the units that the ERP may not have seen yet.

Every snapshot has its row, also where it changed no units: whether the ERP has seen it is told by
snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import aiosqlite

from agent import clock
from agent.model import stock
from agent.model.delivery import Judged, Known, Reading, State, Verdict
from agent.model.stock import HeldLine, Snapshot
from agent.storage import acceptances, cursors, journals, stock_marks
from agent.storage.outbox import marks
from agent.storage.writer import Tx

Lines = dict[tuple[int, int], HeldLine]

GO_LIVE = "go_live"
"""The cursor: orders created before count as seen by the ERP. Microseconds."""

_INSERT = (
    "INSERT INTO stock_ledger (item_id, line_id, sequence, parent_id, sku, order_id, units, held,"
    " baseline, aged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_HELD = (
    "UPDATE stock_ledger SET held = ?3 WHERE item_id = ?1 AND line_id = ?2 AND sequence ="
    " (SELECT max(sequence) FROM stock_ledger WHERE item_id = ?1 AND line_id = ?2)"
)
_COLUMNS = "sequence, order_id, line_id, item_id, units, held, baseline, aged"
_OUTCOMES = (
    "SELECT product, l.sequence, order_id, line_id, item_id, units, held, baseline, aged, o.state,"
    " head.head <= (SELECT value FROM counters WHERE name = 'started')"
    " FROM ({lines}) AS l"
    " LEFT JOIN outbox AS o ON o.sequence = l.sequence AND l.aged = 0"
    " LEFT JOIN lanes AS head ON head.lane = o.lane AND head.head = o.sequence"
)
_OF_PRODUCTS = _OUTCOMES.format(
    lines=f"SELECT item_id AS product, {_COLUMNS} FROM stock_ledger WHERE item_id IN ({{ids}})"
    f" UNION ALL SELECT parent_id, {_COLUMNS} FROM stock_ledger WHERE parent_id <> 0"
    "  AND parent_id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM catalogue"
    "   WHERE product_id = item_id AND manages_stock <> 'parent')"
)
_OUTDATED = (
    "SELECT DISTINCT sku FROM catalogue AS shown WHERE sku <> '' AND status <> 'trash'"
    " AND sku IN (SELECT value FROM json_each(?)) AND (EXISTS (SELECT 1 FROM stock_ledger"
    "  WHERE item_id = shown.product_id AND sequence > shown.confirmed_at)"
    " OR EXISTS (SELECT 1 FROM stock_ledger WHERE parent_id <> 0"
    "  AND parent_id = shown.product_id AND sequence > shown.confirmed_at"
    "  AND NOT EXISTS (SELECT 1 FROM catalogue"
    "   WHERE product_id = item_id AND manages_stock <> 'parent')))"
)
_OF_LINE = (
    _OUTCOMES.format(
        lines=f"SELECT item_id AS product, {_COLUMNS} FROM stock_ledger"
        " WHERE item_id = ? AND line_id = ?"
    )
    + " ORDER BY l.sequence"
)


async def record(
    tx: Tx, judged: Iterable[Judged], known: Mapping[str, Known], now: datetime
) -> None:
    """Writes what the orders among those show, and marks the products whose units changed for a
    compare. ``known`` is what was known of their subjects before."""
    orders = [row for row in judged if _tells_lines(row)]
    if not orders:
        return
    before = await _shown(tx, [_number(row.reading) for row in orders])
    go_live = int(await cursors.get(tx, GO_LIVE) or 0)
    gone = await _gone(tx, orders, known)
    rows: list[tuple[Any, ...]] = []
    held: list[tuple[int, int, int]] = []
    changed: set[int] = set()
    known_before: list[int] = []
    for row in orders:
        reading = row.reading
        lines = before.setdefault(_number(reading), {})
        content = known.get(reading.subject)
        sequence, seen, aged = row.sequence, False, False
        if row.verdict is Verdict.DUPLICATE:
            held += _held_otherwise(reading, lines)
            if lines or content is None:
                continue
            # From before there was a ledger: how the gateway took it, the event itself tells.
            sequence = content.sequence
            seen = aged = sequence in gone
            known_before.append(sequence)
        elif not lines and content is None:
            seen = _is_before(reading, go_live)
        for line in stock.shown(reading.lines, lines, deletion=reading.deletion):
            key = (line.item_id, line.line_id)
            if not seen and line.units != (lines[key].units if key in lines else 0):
                changed |= {line.item_id, line.parent_id}
            lines[key] = line
            rows.append(_row(line, _number(reading), sequence, seen=seen, aged=aged))
    await tx.executemany(_INSERT, rows)
    await tx.executemany(_HELD, held)
    if known_before:
        await acceptances.adopt(tx, marks(known_before), known_before)
    await stock_marks.units_changed(tx, changed, now)


async def assume_seen(tx: Tx, readings: Sequence[Reading], sequence: int) -> None:
    """Orders of which no lines are known yet count as seen by the ERP with what they show."""
    known = await _shown(tx, [_number(reading) for reading in readings])
    await tx.executemany(
        _INSERT,
        [
            _row(line, _number(reading), sequence, seen=True, aged=True)
            for reading in readings
            if _number(reading) not in known
            for line in stock.shown(reading.lines, {}, deletion=False)
        ],
    )


async def snapshots(
    db: aiosqlite.Connection, product_ids: Iterable[int], in_flight: Collection[int]
) -> dict[int, list[Snapshot]]:
    """The snapshots of all lines that lower the stock of those products, by product: their own,
    and those of variations whose stock a product manages, or that nobody knows.

    ``in_flight`` are the numbers of events that are being sent, asked for before this.
    """
    ids = list(product_ids)
    found: dict[int, list[Snapshot]] = {number: [] for number in ids}
    rows = await db.execute_fetchall(_OF_PRODUCTS.format(ids=marks(ids)), (*ids, *ids))
    for product, snapshot, _ in await _known(db, list(rows), in_flight):
        found[product].append(snapshot)
    return found


async def outdated(db: aiosqlite.Connection, skus: Sequence[str]) -> list[str]:
    """Those of the SKUs with a product whose lines have a snapshot from after it was shown last:
    numbers are given by the clock."""
    rows = await db.execute_fetchall(_OUTDATED, (json.dumps(list(skus)),))
    return [sku for (sku,) in rows]


async def of_line(db: aiosqlite.Connection, item: int, line: int) -> list[tuple[Snapshot, bool]]:
    """The snapshots of one line, oldest first, each with whether its event has aged."""
    rows = await db.execute_fetchall(_OF_LINE, (item, line))
    return [(snapshot, is_aged) for _, snapshot, is_aged in await _known(db, list(rows), ())]


async def _known(
    db: aiosqlite.Connection, rows: Sequence[Sequence[Any]], in_flight: Collection[int]
) -> list[tuple[int, Snapshot, bool]]:
    """Product, snapshot and whether its event has aged, of each row."""
    known = await acceptances.of(db, {sequence for _, sequence, *_ in rows})
    journal, _ = await journals.current(db)
    found = []
    for product, sequence, *row in rows:
        everywhere = known.get(sequence, {})
        snapshot = _snapshot(sequence, row, is_sending=sequence in in_flight)
        snapshot = replace(snapshot, elsewhere=everywhere)
        found.append((product, snapshot.known_as(everywhere.get(journal), journal), bool(row[6])))
    return found


def _snapshot(sequence: int, row: Sequence[Any], *, is_sending: bool) -> Snapshot:
    """As the row alone has it, whatever a journal knows."""
    order, line, item, units, held, baseline, aged, state, is_old_head = row
    is_lost = state is None and not aged
    return Snapshot(
        *(sequence, f"order/{order}", line, item, units, held),
        state=state or (State.DISCARDED if aged else State.PENDING),
        baseline=bool(baseline),
        maybe_sent=bool(is_lost or is_old_head or (is_sending and state == State.PENDING)),
    )


def _is_before(reading: Reading, go_live: int) -> bool:
    """Whether the order was created before then."""
    return reading.created_at is not None and clock.micros(reading.created_at) < go_live


def _tells_lines(row: Judged) -> bool:
    """A late deletion says nothing new, and what can't be read says nothing."""
    if row.reading.resource != "order" or row.dead is not None:
        return False
    duplicate = row.verdict is Verdict.DUPLICATE and not row.reading.deletion
    return duplicate or row.verdict is Verdict.EVENT


def _number(reading: Reading) -> int:
    return int(reading.subject.partition("/")[2])


def _held_otherwise(reading: Reading, lines: Lines) -> list[tuple[int, int, int]]:
    """WooCommerce takes the stock a moment after the order says that it commits it, and gives it
    back a moment after it says that it does not: the content is the same both times."""
    return [
        (line.item_id, line.line_id, line.held)
        for line in stock.shown(reading.lines, lines, deletion=False)
        if (known := lines.get((line.item_id, line.line_id))) and known.held != line.held
    ]


def _row(line: HeldLine, order: int, sequence: int, *, seen: bool, aged: bool) -> tuple[Any, ...]:
    who = (line.item_id, line.line_id, sequence, line.parent_id, line.sku, order)
    return (*who, line.units, line.held, seen, aged)


async def _shown(db: aiosqlite.Connection, orders: Sequence[int]) -> dict[int, Lines]:
    """What the lines of those orders showed last."""
    found: dict[int, Lines] = {}
    for order, *line in await db.execute_fetchall(
        "SELECT order_id, line_id, item_id, parent_id, sku, units, held FROM stock_ledger"
        f" WHERE order_id IN ({marks(orders)}) ORDER BY order_id, sequence",
        orders,
    ):
        shown = HeldLine(*line)
        found.setdefault(order, {})[shown.item_id, shown.line_id] = shown
    return found


async def _gone(
    db: aiosqlite.Connection, orders: Iterable[Judged], known: Mapping[str, Known]
) -> set[int]:
    """Of the events of which some of those are duplicates, those that have aged."""
    told = {
        known[row.reading.subject].sequence
        for row in orders
        if row.verdict is Verdict.DUPLICATE and row.reading.subject in known
    }
    rows = await db.execute_fetchall(
        f"SELECT sequence FROM outbox WHERE sequence IN ({marks(told)})", list(told)
    )
    return told - {sequence for (sequence,) in rows}
