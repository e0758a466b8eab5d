"""The erasure of a deleted customer waits for their open orders, and not for ever."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.delivery import Dead, Judged, Verdict
from agent.storage import (
    ageing,
    check,
    database,
    erasures,
    migrate,
    open_orders,
    outbox,
    rewind,
)
from tests.storage import seeding
from tests.storage.erasing import (
    ACCOUNT,
    DAY,
    GONE,
    WAITING,
    accepted,
    body,
    came,
    deleted,
    erase,
    left,
    order,
)
from tests.storage.seeding import AT, select, settle

if TYPE_CHECKING:
    from pathlib import Path

    from agent.model.delivery import Event
    from agent.storage.database import Database

GUEST = 0  # what WooCommerce makes of the orders of an account that it deletes
HOUR = timedelta(hours=1)
REMOVED = "retail.order.deleted.v1"


def placed(number: int = 7, customer: Any = 3) -> dict[str, Any]:
    return order(number, customer, status="processing")


async def states(db: Database) -> list[tuple[int, str]]:
    return await select(db, "SELECT customer_id, orders FROM erasures ORDER BY 1")


async def test_nothing_of_them_is_erased_while_an_order_is_open(db: Database) -> None:
    account = await accepted(db, "customer/3", ACCOUNT)
    done, sold = await accepted(db, "order/6", order(6)), await accepted(db, "order/7", placed())
    other = await accepted(db, "order/8", order(8, 4))
    await deleted(db)
    await deleted(db, 4)
    await erase(db)
    await erase(db, AT + 29 * DAY)
    assert [await body(db, event) for event in (account, done, sold)] == [
        ACCOUNT,
        order(6),
        placed(),
    ]
    assert await body(db, other) == left(order(8, 4))
    assert await db.read(check.findings, AT) == []


async def test_a_gateway_that_lost_an_open_order_is_told_where_it_goes(db: Database) -> None:
    await accepted(db, "order/7", placed())
    await deleted(db)
    await erase(db)
    for name in ("first", "second"):
        await db.writer.write(
            lambda tx, n=name: rewind.journal(tx, n, 0, retained_since=AT - DAY)  # type: ignore[misc]
        )
    pending = await select(db, "SELECT sequence FROM outbox WHERE state = 'pending'")
    events = await db.read(outbox.events, [number for (number,) in pending])
    [sold] = [event for event in events if event.subject == "order/7"]
    assert (sold.erased, b"Lovelace" in sold.body + sold.data) == (False, True)


@pytest.mark.parametrize("status", ["completed", "cancelled", "refunded", "failed", "trash"])
@pytest.mark.parametrize("customer", [3, GUEST])
async def test_it_goes_on_when_the_last_of_them_is_closed(
    db: Database, status: str, customer: int
) -> None:
    first, second = [await accepted(db, f"order/{n}", placed(n)) for n in (7, 8)]
    await deleted(db)
    await erase(db)
    later = AT + 10 * DAY
    closed = [await accepted(db, "order/7", order(7, customer, status=status), at=later)]
    await erase(db, later)
    assert await body(db, first) == placed(7)
    closed.append(await accepted(db, "order/8", order(8, customer, status=status), at=later))
    await erase(db, later)
    assert [await body(db, event) for event in (first, second)] == [
        left(placed(7)),
        left(placed(8)),
    ]
    assert [await body(db, event) for event in closed] == [
        left(order(n, customer, status=status)) for n in (7, 8)
    ]


@pytest.mark.parametrize("status", ["pending", "on-hold", "processing", "shipped", "checkout", ""])
async def test_what_is_not_known_to_be_over_is_open(db: Database, status: str) -> None:
    sold = await accepted(db, "order/7", order(7, status=status))
    await deleted(db)
    await erase(db)
    assert await body(db, sold) == order(7, status=status)


async def test_an_order_that_is_deleted_is_closed(db: Database) -> None:
    sold = await accepted(db, "order/7", placed())
    await deleted(db)
    await erase(db)
    await accepted(db, "order/7", {"id": 7}, type=REMOVED, deletion=True, at=AT + DAY * 3)
    await erase(db, AT + 3 * DAY)
    assert await body(db, sold) == left(placed())


async def test_what_is_no_event_does_not_close_an_order(db: Database) -> None:
    sold = await accepted(db, "order/7", placed())
    await deleted(db)
    await came(db, "order/7", order(7), verdict=Verdict.STALE)
    await erase(db)
    assert await body(db, sold) == placed()


async def test_a_guests_order_with_the_same_address_is_not_theirs(db: Database) -> None:
    account = await accepted(db, "customer/3", ACCOUNT)
    guest = await accepted(db, "order/7", placed(customer=GUEST))
    await deleted(db)
    await erase(db)
    assert (await body(db, account), await body(db, guest)) == (GONE, placed(customer=GUEST))


async def test_when_the_time_is_over_it_waits_no_longer(db: Database) -> None:
    sold = await accepted(db, "order/7", placed())
    await deleted(db)
    await erase(db)
    await erase(db, AT + 30 * DAY - HOUR)
    assert await body(db, sold) == placed()
    now = AT + 30 * DAY + HOUR
    again = await accepted(db, "order/7", order(7, GUEST, status="on-hold"), at=now)
    await erase(db, now)
    assert await body(db, sold) == left(placed())
    assert await body(db, again) == left(order(7, GUEST, status="on-hold"))
    later = await accepted(db, "order/7", order(7, GUEST), at=now + 2 * DAY)
    await erase(db, now + 2 * DAY)
    assert await body(db, later) == order(7, GUEST)
    assert await select(db, "SELECT * FROM erasures") == []
    assert await select(db, "SELECT * FROM erasure_orders") == []


async def test_no_time_is_no_wait(db: Database) -> None:
    sold = await accepted(db, "order/7", placed())
    await deleted(db)
    settled = ageing.Settled(db, WAITING._replace(within=timedelta))
    while await settled.erase(AT):
        pass
    assert await body(db, sold) == left(placed())


async def test_a_clock_that_was_ahead_makes_it_wait_no_longer_than_from_now(db: Database) -> None:
    ahead = AT + 3650 * DAY
    sold = await accepted(db, "order/7", placed(), at=ahead)
    await deleted(db)
    await erase(db, ahead)
    await erase(db, AT)  # set right
    await erase(db, AT + 29 * DAY)
    assert await body(db, sold) == placed()
    await erase(db, AT + 31 * DAY)
    assert await body(db, sold) == left(placed())


async def test_it_goes_on_after_a_restart(directory: Path) -> None:
    async with database.opened(directory) as db:
        sold = await accepted(db, "order/7", placed())
        await deleted(db)
        await erase(db)
    async with database.opened(directory) as db:
        await erase(db, AT + DAY)
        assert await body(db, sold) == placed()
        assert await states(db) == [(3, "open")]
        await accepted(db, "order/7", order(7, GUEST), at=AT + 2 * DAY)
    async with database.opened(directory) as db:
        await erase(db, AT + 2 * DAY)
        assert await body(db, sold) == left(placed())


async def test_an_order_that_comes_late_is_waited_for(db: Database) -> None:
    account = await accepted(db, "customer/3", ACCOUNT)
    await deleted(db)
    await erase(db)
    assert await body(db, account) == GONE
    late = await accepted(db, "order/7", placed(), at=AT + HOUR)
    await erase(db, AT + HOUR)
    assert (await body(db, late), await states(db)) == (placed(), [(3, "open")])
    await accepted(db, "order/7", order(7, GUEST), at=AT + 5 * DAY)
    await erase(db, AT + 5 * DAY)
    assert await body(db, late) == left(placed())


async def test_an_order_that_is_opened_again_before_it_goes_on_is_waited_for(db: Database) -> None:
    sold = await accepted(db, "order/7", placed())
    await deleted(db)
    await erase(db)
    await accepted(db, "order/7", order(7, GUEST), at=AT + 5 * DAY)
    await accepted(db, "order/8", placed(8), at=AT + 5 * DAY)  # of a list that was read late
    await erase(db, AT + 5 * DAY)
    assert (await body(db, sold), await states(db)) == (placed(), [(3, "open")])
    await accepted(db, "order/8", order(8), at=AT + 6 * DAY)
    await erase(db, AT + 6 * DAY)
    assert await body(db, sold) == left(placed())


async def test_a_refund_waits_with_its_order(db: Database) -> None:
    said = {"id": 20, "reason": "for Ada", "amount": "1.00"}
    await accepted(db, "order/7", placed())
    refund = await accepted(db, "refund/20", said, lane="order/7")
    await deleted(db)
    await erase(db)
    assert await body(db, refund) == said
    await accepted(db, "order/7", order(7, GUEST), at=AT + 5 * DAY)
    late = await accepted(db, "refund/21", said, lane="order/7", at=AT + 5 * DAY)
    await erase(db, AT + 5 * DAY)
    erased = said | {"reason": ""}
    assert [await body(db, event) for event in (refund, late)] == [erased, erased]


async def test_an_order_of_which_nothing_is_left_is_not_waited_for(db: Database) -> None:
    account = await came(db, "customer/3", ACCOUNT)
    await accepted(db, "order/7", placed())
    await deleted(db)
    await erase(db)
    assert await states(db) == [(3, "open")]
    while await ageing.Settled(db).forget(AT + DAY):
        pass
    await settle(db, account, Dead("rejected", ""))
    await erase(db)
    assert await states(db) == [(3, "closed")]
    assert await body(db, account) == ACCOUNT  # until somebody has decided


async def test_an_unreadable_order_is_open(db: Database) -> None:
    sold = await accepted(db, "order/7", order(7))
    [row] = await seeding.append(db, seeding.webhook(b'{"customer_id":3}', topic="order.updated"))
    said = seeding.reading("order/7", resource="order", untranslatable="status: missing")
    await seeding.judge(db, Judged(row.sequence, Verdict.EVENT, said, Dead("untranslatable", "")))
    await deleted(db)
    await erase(db)
    assert await body(db, sold) == order(7)


async def test_a_customer_who_is_deleted_again_meanwhile_waits_from_the_first_time(
    db: Database,
) -> None:
    sold = await accepted(db, "order/7", placed())
    await deleted(db)
    await erase(db)
    await accepted(db, "customer/3", ACCOUNT, at=AT + 20 * DAY)
    await accepted(
        db,
        "customer/3",
        {"id": 3},
        type="retail.customer.deleted.v1",
        deletion=True,
        at=AT + 20 * DAY,
    )
    await erase(db, AT + 20 * DAY)
    assert await body(db, sold) == placed()
    await erase(db, AT + 31 * DAY)
    assert await body(db, sold) == left(placed())


async def test_what_comes_between_a_look_and_its_turn_is_looked_at_first(db: Database) -> None:
    await deleted(db)
    await erasures.step(db, AT, WAITING)
    turned = await db.read(open_orders.turns, AT, WAITING)
    assert [one.orders for one in turned] == [open_orders.CLOSED]
    sold = await accepted(db, "order/7", placed())
    await db.writer.write(lambda tx: open_orders.turn(tx, turned))
    await erase(db)
    assert (await body(db, sold), await states(db)) == (placed(), [(3, "open")])


async def test_many_customers_turn_in_steps(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_orders, "MOST_TURNS", 2)
    made = [await accepted(db, f"order/{n}", order(n, n)) for n in range(1, 6)]
    for number in range(1, 6):
        await deleted(db, number)
    await erase(db)
    assert [await body(db, event) for event in made] == [left(order(n, n)) for n in range(1, 6)]


async def test_erasures_in_progress_are_taken_over(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what an older version left half done is erased before its time, or never."""
    async with database.opened(directory) as db:
        sold, done = [
            await accepted(db, "order/7", placed()),
            await accepted(db, "order/8", order(8, 4)),
        ]
        refund = await accepted(db, "refund/20", {"id": 20, "reason": "x"}, lane="order/8")
        account = await accepted(db, "customer/4", ACCOUNT | {"id": 4})
        await deleted(db)
        await deleted(db, 4)
        made: list[Event] = [sold, done, refund, account]
    with closing(sqlite3.connect(directory / database.FILE, isolation_level=None)) as old:
        for statement in (
            "DROP TABLE erasure_orders",
            "ALTER TABLE to_erase DROP COLUMN customer_id",
            "CREATE TABLE older AS SELECT customer_id, up_to, looked_at FROM erasures",
            "DROP TABLE erasures",
            "CREATE TABLE erasures (customer_id INTEGER PRIMARY KEY, up_to INTEGER NOT NULL,"
            " looked_at INTEGER NOT NULL DEFAULT 0) STRICT",
            "INSERT INTO erasures SELECT customer_id, up_to, 9e15 FROM older",
            "DROP TABLE older",
            "INSERT INTO to_erase SELECT sequence FROM arrivals",
        ):
            old.execute(statement)
        newest = [sql for sql in migrate._migrations() if "erasure_orders" in sql]
        version = migrate._migrations().index(newest[0])
        old.execute(f"PRAGMA user_version = {version}")
    async with database.opened(directory) as db:
        await erase(db)
        assert [await body(db, event) for event in made] == [
            placed(),
            left(order(8, 4)),
            {"id": 20, "reason": ""},
            {"id": 4, "erased": True},
        ]
        await erase(db, AT + 31 * DAY)
        assert await body(db, sold) == left(placed())


async def test_a_status_that_is_no_text_stops_no_erasure(db: Database) -> None:
    await accepted(db, "order/7", order(7, status="completed\ud83d"))
    account = await accepted(db, "customer/3", ACCOUNT)
    await deleted(db)
    await erase(db, AT + 31 * DAY)
    assert await body(db, account) == GONE
