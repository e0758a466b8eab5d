"""One task writes: many callers, few commits, and every caller gets an answer that holds."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, cast

import pytest

from agent import errors, metrics
from agent.storage import writer as writer_module
from agent.storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import aiosqlite

    from agent.storage.database import Database
    from agent.storage.writer import Step, Tx


@pytest.fixture
async def notes(db: Database) -> Database:
    """A table of texts; only ``bad`` is refused by it."""

    async def create(tx: Tx) -> None:
        await tx.execute("CREATE TABLE notes (note TEXT NOT NULL CHECK (note <> 'bad')) STRICT")

    await db.writer.write(create)
    return db


def noting(text: str) -> Step[str]:
    async def step(tx: Tx) -> str:
        await tx.execute("INSERT INTO notes VALUES (?)", (text,))
        return text

    return step


def writing(writer: Writer, text: str) -> asyncio.Future[str]:
    return asyncio.ensure_future(writer.write(noting(text)))


async def note_all(tx: Tx, texts: Sequence[str]) -> None:
    await tx.execute(f"INSERT INTO notes VALUES {','.join(['(?)'] * len(texts))}", texts)


def on_disk(path: Path) -> list[str]:
    """What a connection of its own sees at this moment."""
    other = sqlite3.connect(path)
    try:
        return [note for (note,) in other.execute("SELECT note FROM notes ORDER BY rowid")]
    finally:
        other.close()


def committed() -> float:
    return metrics.REGISTRY.get_sample_value("woo_agent_commits_total") or 0.0


class Held:
    """A connection to a disk that takes nothing until ``let_go`` is set."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self.reached, self.let_go = asyncio.Event(), asyncio.Event()

    async def execute(self, statement: str, *values: Any) -> Any:
        if statement.startswith(("COMMIT", "INSERT")):
            self.reached.set()
            await self.let_go.wait()
        return await self._connection.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


async def test_callers_that_wait_together_share_commits(notes: Database) -> None:
    before = committed()
    texts = [f"{n}" for n in range(600)]
    answers = await asyncio.gather(*[notes.writer.write(noting(text)) for text in texts])
    assert answers == texts
    assert on_disk(notes.path) == texts
    assert committed() - before == 2  # 512 at most go together


@pytest.mark.parametrize("way", ["write", "add"])
async def test_a_caller_is_answered_only_after_its_row_can_be_seen(
    notes: Database, way: str
) -> None:
    held = Held(notes.writer._connection)
    writer = Writer(cast("aiosqlite.Connection", held), notes.path, notes.writer._reopen)
    running = asyncio.create_task(writer.run())
    seen = writer.add(note_all, "one") if way == "add" else writing(writer, "one")
    at_answer: list[list[str]] = []
    seen.add_done_callback(lambda _: at_answer.append(on_disk(notes.path)))
    await held.reached.wait()
    assert not seen.done()
    assert on_disk(notes.path) == []
    held.let_go.set()
    await seen
    assert at_answer == [["one"]]
    writer.close()
    await running


async def test_a_failing_step_leaves_nothing_and_does_not_harm_its_neighbours(
    notes: Database,
) -> None:
    async def half(tx: Tx) -> None:
        await tx.execute("INSERT INTO notes VALUES ('half')")
        raise ValueError("a fault of the step")

    answers = await asyncio.gather(
        notes.writer.write(noting("before")),
        notes.writer.write(half),
        notes.writer.write(noting("bad")),
        notes.writer.add(note_all, "after"),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [
        str,
        ValueError,
        errors.StorageError,
        type(None),
    ]
    assert on_disk(notes.path) == ["after", "before"]  # items go before steps


async def test_the_row_of_a_caller_that_gave_up_is_stored_and_its_neighbours_are_answered(
    notes: Database,
) -> None:
    steps = [writing(notes.writer, text) for text in "abc"]
    items = [notes.writer.add(note_all, text) for text in "def"]
    await asyncio.sleep(0)
    steps[1].cancel()
    items[1].cancel()
    assert [await steps[0], await steps[2]] == ["a", "c"]
    await asyncio.gather(items[0], items[2])
    assert (steps[1].cancelled(), items[1].cancelled()) == (True, True)
    assert on_disk(notes.path) == ["d", "e", "f", "a", "b", "c"]


@pytest.mark.parametrize("way", ["write", "add"])
async def test_closing_writes_what_waits_and_refuses_what_comes_later(
    notes: Database, way: str
) -> None:
    held = Held(notes.writer._connection)
    writer = Writer(cast("aiosqlite.Connection", held), notes.path, notes.writer._reopen)
    running = asyncio.create_task(writer.run())
    in_hand = writing(writer, "in hand")
    await held.reached.wait()
    waits = writer.add(note_all, "waits") if way == "add" else writing(writer, "waits")
    await asyncio.sleep(0)
    writer.close()
    with pytest.raises(errors.StorageError, match="closing"):
        await writer.write(noting("late"))
    with pytest.raises(errors.StorageError, match="closing"):
        await writer.add(note_all, "late")
    held.let_go.set()
    await running
    assert (in_hand.done(), waits.done()) == (True, True)
    assert on_disk(notes.path) == ["in hand", "waits"]


async def test_items_that_wait_go_first_and_steps_run_in_the_order_of_their_callers(
    notes: Database,
) -> None:
    await asyncio.gather(
        notes.writer.write(noting("1")),
        notes.writer.add(note_all, "2"),
        notes.writer.write(noting("3")),
        notes.writer.add(note_all, "2, too"),
        notes.writer.write(noting("4")),
    )
    assert on_disk(notes.path) == ["2", "2, too", "1", "3", "4"]


async def test_items_that_wait_share_commits_and_never_make_a_statement_too_long(
    notes: Database,
) -> None:
    before = committed()
    texts = [f"{n}" for n in range(1200)]
    handed: list[int] = []

    async def step(tx: Tx, items: Sequence[str]) -> None:
        handed.append(len(items))
        await note_all(tx, items)

    await asyncio.gather(*[notes.writer.add(step, text) for text in texts])
    assert on_disk(notes.path) == texts
    assert handed == [512, 512, 176]
    assert committed() - before == 3


async def test_one_bad_item_does_not_harm_the_others(notes: Database) -> None:
    answers = await asyncio.gather(
        *[notes.writer.add(note_all, text) for text in ("a", "bad", "b")], return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [type(None), errors.StorageError, type(None)]
    assert on_disk(notes.path) == ["a", "b"]


async def test_nobody_is_kept_waiting_for_a_disk_that_does_not_answer(
    notes: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "STUCK_AFTER_S", 0.01)
    held = Held(notes.writer._connection)
    writer = Writer(cast("aiosqlite.Connection", held), notes.path, notes.writer._reopen)
    running = asyncio.create_task(writer.run())
    waiting: list[asyncio.Future[Any]] = [writing(writer, "in hand")]
    await held.reached.wait()
    waiting += [writing(writer, "next"), writer.add(note_all, "item")]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [errors.StorageError] * 3
    with pytest.raises(errors.StorageError, match="has not answered"):
        await writer.write(noting("refused"))
    monkeypatch.undo()
    held.let_go.set()
    await _takes_again(writer)
    assert await writer.write(noting("again")) == "again"
    assert on_disk(notes.path) == ["in hand", "item", "next", "again"]
    writer.close()
    await running


async def _takes_again(writer: Writer) -> None:
    async def nothing(_: Tx) -> None:
        return

    for _ in range(100_000):
        with contextlib.suppress(errors.StorageError):
            return await writer.write(nothing)
        await asyncio.sleep(0)
    raise AssertionError("it stays stuck")


@pytest.mark.parametrize("trouble", ["locked", "full"])
async def test_a_database_that_can_not_be_written_is_told_to_every_caller(
    notes: Database, trouble: str
) -> None:
    """Locked by another process, or the disk is full in the middle of a transaction."""
    connection = notes.writer._connection
    blocker = sqlite3.connect(notes.path, isolation_level=None)
    texts = [f"{n}" + "x" * 5000 for n in range(40)]
    if trouble == "locked":
        await connection.execute("PRAGMA busy_timeout = 0")
        blocker.execute("BEGIN IMMEDIATE")
    else:
        [(pages,)] = await connection.execute_fetchall("PRAGMA page_count")
        await connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    answers = await asyncio.gather(
        *[writing(notes.writer, text) for text in texts],
        *[notes.writer.add(note_all, text) for text in texts],
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [errors.StorageError] * 80
    assert on_disk(notes.path) == []

    blocker.close()
    await connection.execute("PRAGMA max_page_count = 1000000")
    assert await notes.writer.write(noting("again")) == "again"
    assert on_disk(notes.path) == ["again"]


async def test_items_that_come_meanwhile_go_before_the_steps_that_still_wait(
    notes: Database,
) -> None:
    added: list[asyncio.Future[None]] = []

    async def step(tx: Tx) -> None:
        await noting("first")(tx)
        added.append(notes.writer.add(note_all, "item"))

    before = committed()
    first = asyncio.ensure_future(notes.writer.write(step))
    await asyncio.gather(first, writing(notes.writer, "second"), writing(notes.writer, "third"))
    await added[0]
    assert on_disk(notes.path) == ["first", "item", "second", "third"]
    assert committed() - before == 3
