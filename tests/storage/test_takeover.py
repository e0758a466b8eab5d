"""A database of the first edition is taken over: what it no longer knows counts as uncertain."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.clock import micros
from agent.model.stock import Snapshot
from agent.storage import database, in_force, journals, migrate, stock_ledger
from tests.storage import ledger
from tests.storage.seeding import AT, select

FIRST_EDITION = 16
AT_US = micros(AT)
TOLD = "2026-11-24T08:00:01+00:00"


def _written_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders of one product: accepted, accepted after a replay, in doubt, waiting, aged, and one
    whose place in the journal was never told."""
    path.parent.mkdir(mode=0o700)
    whole = migrate._migrations()
    with monkeypatch.context() as before:
        before.setattr(migrate, "_migrations", lambda: whole[:FIRST_EDITION])
        migrate.migrate(path)
    outbox = (
        "INSERT INTO outbox (sequence, id, received_at, topic, size, state, verdict, type, subject,"
        " lane, priority, position, accepted_at, settled_at, doubtful)"
        " VALUES (?1, 'id-' || ?1, ?2, 'order.updated', 2, ?3, 'event', 't', 'order/' || ?1,"
        " 'order/' || ?1, 0, ?4, ?5, ?6, ?7)"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for sequence, state, position, told, settled, doubtful in (
            (1, "accepted", 5, TOLD, AT_US, 0),
            (2, "accepted", 9, None, AT_US, 1),
            (3, "pending", None, None, None, 1),
            (4, "pending", None, None, None, 0),
            (6, "accepted", None, None, AT_US, 0),
        ):
            db.execute(
                "INSERT INTO arrivals VALUES (?1, 'id-' || ?1, ?2, 'order.updated', '', '', '',"
                " x'7b7d', '')",
                (sequence, AT_US),
            )
            db.execute(outbox, (sequence, AT_US, state, position, told, settled, doubtful))
        for sequence in range(1, 7):
            db.execute(
                "INSERT INTO stock_ledger (item_id, line_id, sequence, parent_id, sku, order_id,"
                " units, held, aged, position, accepted_at) VALUES (10, ?1, ?1, 0, 'SKU-10', ?1, 1,"
                " 1, ?2, ?3, ?4)",
                (sequence, sequence == 5, *((7, AT_US) if sequence == 5 else (None, None))),
            )
        db.execute("INSERT INTO cursors VALUES ('journal', 'j-1')")
        db.execute(
            "INSERT INTO catalogue VALUES (10, 0, 'simple', 'SKU-10', 'publish', 'yes', '{}', 0, 0)"
        )
        db.execute(
            "INSERT INTO stock_in_force VALUES ('SKU-10', 1, ?, 0)",
            ('{"id":"u","kind":"stock","sku":"SKU-10","quantity":9,"seen_position":6}',),
        )
        db.execute("INSERT INTO stock_bases VALUES (10, 5, 4, 0, NULL)")


def _told(snapshot: Snapshot) -> tuple[str, int | None, bool]:
    return (str(snapshot.state), snapshot.position, snapshot.doubtful)


async def test_what_it_knew_is_kept_and_what_it_did_not_know_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written_before(tmp_path / "state" / database.FILE, monkeypatch)
    async with database.opened(tmp_path / "state") as db:
        rows = (await db.read(stock_ledger.snapshots, [ledger.MUG], ()))[ledger.MUG]
        assert [_told(row) for row in sorted(rows, key=lambda one: one.sequence)] == [
            ("accepted", 5, False),
            ("accepted", 9, True),  # it may have been accepted before its replay
            ("pending", None, True),
            ("pending", None, False),
            ("accepted", 7, True),  # aged: a bound, as it was
            ("accepted", None, True),
        ]
        assert await db.read(journals.current) == (0, "j-1")
        force = (await db.read(in_force.by_sku, ["SKU-10"]))["SKU-10"]
        assert (force.journal, force.computed) == (0, None)
        # What was written before an answer came may be too low: it is compared once.
        checks = await select(db, "SELECT product_id, unchecked, due_at FROM stock_checks")
        assert checks == [(10, 1, 0)]
