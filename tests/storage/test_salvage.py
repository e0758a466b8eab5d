"""Broken files, for real: what can be read of them is kept, and nothing is set aside in error."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.delivery import Again, Dead, Followup, Look
from agent.storage import check, cursors, database, followups, outbox, register, salvage
from tests.clock import FakeClock
from tests.storage import ledger, seeding
from tests.storage.seeding import AT, select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.storage.database import Database

LATER = AT + timedelta(days=10_000)  # than the numbers of any salvage
COUNT = 60
BODY = b'{"id":1,"note":"' + b"x" * 3000 + b'"}'
KEPT = ("cursors", "counters", "outbox", "attempts", "arrivals", "lanes", "outbox_tally")


def files(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def content(path: Path) -> bytes:
    return path.read_bytes()


def crash(directory: Path, into: Path) -> None:
    """The files as they are now, with the end of the log cut off."""
    into.mkdir()
    for name in ("agent.db", "agent.db-wal"):
        content = (directory / name).read_bytes()
        (into / name).write_bytes(content[:-100] if name.endswith("-wal") else content)


async def filled(directory: Path) -> Path:
    """A state with a bit of everything, closed: all of it is in the one file."""
    async with database.opened(directory) as db:
        events = await seeding.events(db, *[f"order/{n}" for n in range(COUNT)])
        await seeding.settle(db, events[0], Dead("bad", "no"))
        await seeding.settle(db, events[1], Again("busy", "later", after_s=60))
        await db.writer.write(lambda tx: cursors.put(tx, "feed", "cursor-7"))
        await seeding.append(db, *[seeding.webhook(BODY) for _ in range(COUNT)])
    return directory / database.FILE


async def everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    lanes = "SELECT lane, head, priority FROM lanes ORDER BY 1"
    found = {name: await select(db, f"SELECT * FROM {name} ORDER BY 1, 2") for name in KEPT}
    return found | {"lanes": await select(db, lanes)}


def overwrite(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))


def root(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        [(page,)] = db.execute(query, (table,)).fetchall()
    return int(page)


def garbage_in_arrivals(path: Path) -> None:
    """One body a page: this is one in the middle."""
    with closing(sqlite3.connect(path)) as db:
        [(body,)] = db.execute(
            "SELECT body FROM arrivals ORDER BY sequence LIMIT 1"
            " OFFSET (SELECT count(*) / 2 FROM arrivals)"
        ).fetchall()
    overwrite(path, path.read_bytes().index(body) // 4096 + 1)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 4096 * 4096 * 2 // 3)


@pytest.mark.parametrize(("damage", "end_is_kept"), [(garbage_in_arrivals, True), (cut, False)])
async def test_what_can_be_read_of_a_broken_file_is_kept_with_id_and_number(
    directory: Path, damage: Callable[[Path], None], end_is_kept: bool
) -> None:
    path = await filled(directory)
    async with database.opened(directory) as db:
        before = await everything(db)
        name = db.instance
    damage(path)
    salvage.suspect(path)
    async with database.opened(directory, FakeClock(AT + timedelta(hours=1))) as db:
        after = await everything(db)
        assert db.instance == name
        lost = dict(after["cursors"])[salvage.LOST]
        assert "of arrivals" in lost
        assert dict(after["cursors"])["feed"] == "cursor-7"
        assert 0 < len(after["arrivals"]) < len(before["arrivals"])
        assert set(after["arrivals"]) < set(before["arrivals"])
        assert (after["arrivals"][-1] == before["arrivals"][-1]) is end_is_kept
        assert set(after["outbox"]) < set(before["outbox"]) or after["outbox"] == before["outbox"]
        assert await db.read(check.findings, LATER) == []
        [row] = await seeding.append(db, seeding.webhook(at=AT - timedelta(days=1)))
        assert row.sequence > before["arrivals"][-1][0]
    [aside] = salvage.set_aside(path)
    assert aside.startswith("agent.db.corrupt-")
    logs = [f"{aside}-shm", f"{aside}-wal"]
    assert [f for f in files(directory) if f not in logs] == ["agent.db", aside, "agent.lock"]


async def test_no_table_is_forgotten(directory: Path) -> None:
    async with database.opened(directory) as db:
        tables = await select(db, "SELECT name FROM sqlite_schema WHERE type = 'table'")
        keys = {
            name: ", ".join(
                column
                for (column,) in await select(
                    db, "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", name
                )
            )
            for (name,) in tables
        }
    for follows_from_others in ("lanes", "outbox_tally", "translations"):
        del keys[follows_from_others]
    assert keys == salvage._TABLES


async def test_webhooks_whose_row_is_lost_are_judged_again_under_their_ids(
    directory: Path,
) -> None:
    path = await filled(directory)
    async with database.opened(directory) as db:
        ids = await select(db, "SELECT id FROM arrivals ORDER BY sequence")
    overwrite(path, root(path, "outbox"))
    salvage.suspect(path)
    async with database.opened(directory) as db:
        assert [(row.id,) for row in await db.read(outbox.unjudged, 1000)] == ids
        assert await db.read(check.findings, LATER) == []


async def test_a_file_that_is_no_database_is_set_aside_and_a_fresh_one_made(
    directory: Path,
) -> None:
    path = await filled(directory)
    path.write_bytes(b"a letter, not a database" * 1000)
    async with database.opened(directory) as db:
        assert await db.read(outbox.unjudged, 10) == []
        [(lost,)] = await select(db, "SELECT value FROM cursors WHERE name = 'lost'")
        assert lost.count("some of") == len(salvage._TABLES)
    assert (directory / salvage.set_aside(path)[0]).read_bytes().startswith(b"a letter")


async def test_orders_whose_events_are_lost_are_read_again_and_sent(directory: Path) -> None:
    async with database.opened(directory) as db:
        kept, lost = await ledger.judge(
            db,
            *(ledger.order(ledger.line(2, line_id=n), number=n) for n in (1, 2)),
        )
        await ledger.know(db, ledger.MUG)
        await ledger.write(
            db,
            "INSERT INTO cursors VALUES ('baseline', 'done')",
            f"DELETE FROM arrivals WHERE sequence = {lost}",
        )
    path = directory / database.FILE
    salvage.salvage(path, AT)
    async with database.opened(directory) as db:
        [finding] = await db.read(check.findings, AT)
        assert f"lines of order 2 came with webhook {lost}" in finding.what
        [asked] = await db.read(followups.due, AT, 10)
        assert asked == Followup(Look.RESOURCE, "order/2", lost)
        assert list(await db.read(register.known, ["order/1", "order/2"])) == ["order/1"]
        rows = await ledger.snapshots(db)
        assert [(row.sequence, row.doubtful) for row in rows] == [(kept, False), (lost, True)]
        assert await db.read(cursors.get, "baseline") == "done"
        assert len(await select(db, "SELECT * FROM stock_in_force")) == 1
        await ledger.judge(db, ledger.order(ledger.line(2, line_id=2), number=2))
        assert await db.read(check.findings, AT) == []


async def test_where_lines_are_lost_orders_are_read_as_at_the_beginning(directory: Path) -> None:
    async with database.opened(directory) as db:
        orders = [ledger.order(ledger.line(2, line_id=n), number=n) for n in range(1, 400)]
        await ledger.judge(db, *orders)
        await ledger.write(db, "INSERT INTO cursors VALUES ('baseline', 'done')")
    path = directory / database.FILE
    overwrite(path, root(path, "stock_ledger"))
    salvage.suspect(path)
    async with database.opened(directory) as db:
        [(told,)] = await select(db, "SELECT value FROM cursors WHERE name = 'lost'")
        assert "of stock_ledger" in told
        assert await db.read(cursors.get, "baseline") is None


async def test_a_log_that_was_cut_costs_what_was_cut_and_nothing_is_set_aside(
    directory: Path, tmp_path: Path
) -> None:
    """SQLite takes a log up to its last whole commit."""
    async with database.opened(directory) as db:
        for _ in range(3):
            await seeding.append(db, seeding.webhook())
        crashed = tmp_path / "crashed"
        crash(directory, crashed)
    async with database.opened(crashed) as db:
        assert await select(db, "SELECT count(*) FROM arrivals") == [(2,)]
        assert await db.read(check.findings, LATER) == []
    assert salvage.set_aside(crashed / database.FILE) == []


async def test_a_suspicion_that_is_not_confirmed_changes_nothing(directory: Path) -> None:
    path = await filled(directory)
    salvage.suspect(path)
    async with database.opened(directory) as db:
        assert len(await select(db, "SELECT 1 FROM outbox")) == COUNT
    assert files(directory) == ["agent.db", "agent.lock"]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PERM])
async def test_a_suspicion_that_can_not_be_looked_into_stays_one(
    directory: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = await filled(directory)
    salvage.suspect(path)
    monkeypatch.setattr(salvage, "_opened", failing(code))
    await nothing_is_set_aside(path)
    assert files(directory) == ["agent.db", "agent.db.suspect", "agent.lock"]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT])
async def test_a_fault_that_a_second_look_does_not_confirm_sets_nothing_aside(
    directory: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = await filled(directory)
    monkeypatch.setattr(database, "_migrated", failing(code))
    await nothing_is_set_aside(path)


def failing(code: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        error = sqlite3.DatabaseError("a fault")
        error.sqlite_errorcode = code
        raise error

    return fail


async def nothing_is_set_aside(path: Path) -> None:
    before = content(path)
    with pytest.raises(errors.StartError, match="a fault"):
        async with database.opened(path.parent):
            raise AssertionError
    assert content(path) == before
    assert salvage.set_aside(path) == []


async def test_a_salvage_that_was_interrupted_is_ended_at_the_next_start(directory: Path) -> None:
    path = await filled(directory)
    path.rename(directory / "agent.db.salvaged")
    (directory / "agent.db-wal").write_bytes(b"of the broken one")
    async with database.opened(directory) as db:
        assert len(await select(db, "SELECT 1 FROM outbox")) == COUNT
    assert not (directory / "agent.db.salvaged").exists()


async def test_corruption_met_while_running_is_looked_at_by_the_next_start(
    directory: Path,
) -> None:
    path = await filled(directory)
    garbage_in_arrivals(path)
    async with database.opened(directory) as db:
        with pytest.raises(errors.StorageError, match="malformed") as caught:
            await db.read(_bodies)
        assert "woo-agent outbox check" in caught.value.hint
    async with database.opened(directory):
        pass
    assert len(salvage.set_aside(path)) == 1


async def _bodies(db: Any) -> None:
    await db.execute_fetchall("SELECT sum(length(hex(body))) FROM arrivals")
