"""What was erased is not sent again, but for orders that a gateway has lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.storage import export, outbox, replay, rewind, set_aside
from tests.storage import seeding
from tests.storage.erasing import ACCOUNT, DAY, accepted, came, deleted, erase, order
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from agent.storage.database import Database

PENDING = "SELECT sequence FROM outbox WHERE state = 'pending' ORDER BY sequence"


async def test_what_was_erased_is_not_sent_again_on_purpose(db: Database) -> None:
    sold = await accepted(db, "order/7", order(7))
    await deleted(db)
    await erase(db)
    with pytest.raises(errors.UsageError, match="its body was erased with its customer"):
        await db.writer.write(lambda tx: replay.by_id(tx, [sold.id], who="ada", now=AT))
    done = await db.writer.write(
        lambda tx: replay.since(tx, AT, seeding.SNAPSHOT, who="ada", now=AT)
    )
    assert done.sent == 0


async def test_a_gateway_that_lost_them_gets_orders_and_the_deletion_but_no_empty_account(
    db: Database,
) -> None:
    for subject, said in (("customer/3", ACCOUNT), ("order/7", order(7))):
        await accepted(db, subject, said)
    gone = await deleted(db)
    await erase(db)
    assert [event.subject async for event in export.events(db.reader, None)] == [
        "order/7",
        "customer/3",
    ]
    since = AT - DAY
    for name in ("first", "second"):
        await db.writer.write(lambda tx, n=name: rewind.journal(tx, n, 0, retained_since=since))  # type: ignore[misc]
    heads = await db.read(outbox.heads, 10)
    assert {head.sequence for head in heads} >= {gone.sequence}
    assert [head.lane for head in heads] == ["order/7", "customer/3"]


async def test_what_is_sent_after_it_was_erased_says_so(db: Database) -> None:
    said = {"id": 20, "reason": "for Ada", "amount": "1.00"}
    await accepted(db, "order/7", order(7))
    await accepted(db, "refund/20", said, lane="order/7")
    await accepted(db, "order/8", order(8, 4))
    aside = await came(db, "order/9", order(9))
    await db.writer.write(lambda tx: set_aside.put(tx, [aside], AT))
    await deleted(db)
    await erase(db)
    await db.writer.write(lambda tx: set_aside.take(tx, seeding.SNAPSHOT))
    since = AT - DAY
    for name in ("first", "second"):
        await db.writer.write(lambda tx, n=name: rewind.journal(tx, n, 0, retained_since=since))  # type: ignore[misc]
    pending = [number for (number,) in await seeding.select(db, PENDING)]
    told = {e.subject: e.erased for e in await db.read(outbox.events, pending)}
    assert told == {
        "order/7": True,
        "refund/20": True,
        "order/8": False,
        "order/9": True,
        "customer/3": False,
    }
    exported = {event.subject: event.erased async for event in export.events(db.reader, None)}
    assert exported == told


async def test_an_account_that_was_put_aside_does_not_come_back_empty(db: Database) -> None:
    aside = [await came(db, "customer/3", ACCOUNT), await came(db, "order/7", order(7))]
    await db.writer.write(lambda tx: set_aside.put(tx, aside, AT))
    await deleted(db)
    await erase(db)
    assert await db.writer.write(lambda tx: set_aside.take(tx, seeding.SNAPSHOT)) == 1
    assert await seeding.ready(db) == ["order/7"]
