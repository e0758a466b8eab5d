"""Refunds as they were accepted, and how figures stand."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.delivery import Accepted, Dead, Judged, Known, Outcome, Verdict
from agent.storage import catalogue, inbox_intake, outbox, proof
from agent.updates import intake
from tests.storage import seeding
from tests.storage.seeding import AT, settle
from tests.updates.rows import price, product, stock

if TYPE_CHECKING:
    from agent.model.delivery import Event
    from agent.model.inbox import Intake, KnownVersions
    from agent.storage.database import Database


async def tell(
    db: Database, number: int, outcome: Outcome | None = None, **more: Any
) -> tuple[str, Event]:
    """A refund of 4.50 that was told, and how that ended; its subject and event."""
    subject, body = f"refund/{number}", {"id": number, "currency": more.pop("currency", "EUR")}
    [row] = await seeding.append(db, seeding.webhook(json.dumps(body).encode()))
    given: dict[str, Any] = {
        "changed_at": AT,
        "deleted": False,
        "figures": b"4.50",
        "parent": "order/1",
    }
    content = Known(row.sequence, b"digest", 1, **(given | more))
    judged = Judged(row.sequence, Verdict.EVENT, seeding.reading(subject, lane="order/1"))
    await seeding.judge(db, judged, learned={subject: content})
    [event] = await db.read(outbox.events, [row.sequence])
    if outcome is not None:
        await settle(db, event, outcome)
    return subject, event


async def refunds(db: Database, after: str = "", most: int = 100) -> list[proof.Refund]:
    return list(await db.read(proof.accepted_refunds, after, most))


async def test_what_was_accepted_has_its_amount_and_the_currency_of_its_body(db: Database) -> None:
    _, one = await tell(db, 5, Accepted(), currency="USD")
    _, other = await tell(db, 6, Accepted(), changed_at=None, parent="order/2")
    assert await refunds(db) == [
        ("refund/5", one.sequence, AT, "4.50", "order/1", "USD"),
        ("refund/6", other.sequence, None, "4.50", "order/2", "EUR"),
    ]


async def test_what_waits_is_dead_or_was_taken_back_is_left_out(db: Database) -> None:
    await tell(db, 5)
    await tell(db, 6, Dead("rejected", "no"))
    await tell(db, 7, Accepted(), deleted=True)
    await tell(db, 8, Accepted())
    await tell(db, 8)  # with another amount, which waits
    await seeding.events(db, "order/1")
    assert await refunds(db) == []


async def test_what_is_older_than_what_is_kept_has_no_currency_of_its_own(db: Database) -> None:
    _, event = await tell(db, 5, Accepted())
    await db.writer.write(lambda tx: tx.execute("DELETE FROM arrivals"))
    assert await refunds(db) == [("refund/5", event.sequence, AT, "4.50", "order/1", "")]


async def test_a_currency_that_is_no_text_is_told_all_the_same(db: Database) -> None:
    await tell(db, 5, Accepted(), currency="\ud83d")
    await tell(db, 6, Accepted())
    assert [row[0] for row in await refunds(db)] == ["refund/5", "refund/6"]


async def test_they_come_in_steps(db: Database) -> None:
    for number in (9, 10, 100, 1):
        await tell(db, number, Accepted())
    steps, last = [], ""
    while some := await refunds(db, last, 3):
        steps.append([row[0] for row in some])
        last = some[-1][0]
    assert steps == [["refund/1", "refund/10", "refund/100"], ["refund/9"]]


async def feed(db: Database, *items: dict[str, Any]) -> None:
    page = intake.entries(items)

    def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
        return intake.decide(page, seen, known, AT)

    ids, skus = [entry.id for entry in page], intake.skus(page)
    await db.writer.write(
        lambda tx: inbox_intake.take_in(tx, ids, skus, decide, cursor=None, now=AT)
    )


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("stock", {"MUG-1": ("rejected", "many"), "MUG-2": ("pending", "6")}),
        ("price", {"MUG-1": ("pending", None)}),
    ],
)
async def test_the_newest_update_of_each_sku(
    db: Database, kind: str, states: dict[str, tuple[str, str | None]]
) -> None:
    await feed(db, stock(1, 5), price(1, "9.00"), stock(2, 6, id="other", sku="MUG-2"))
    await feed(db, stock(2, "many"))
    assert await db.read(proof.newest_updates, kind, ["MUG-1", "MUG-2", "MUG-3"]) == states


@pytest.mark.parametrize(
    "body",
    [
        '{"quantity": "many", "note": "' + "x" * 4066,  # cut at 4,096 characters
        '{"quantity": "many", "note": NaN}',
        '{"quantity": "\\ud800"}',
        "[" * 967 + "]" * 967,
        '"text"',
    ],
)
async def test_what_earlier_programs_kept_of_a_rejected_item_may_be_anything(
    db: Database, body: str
) -> None:
    await feed(db, stock(1, "many"), stock(2, 6, id="other", sku="MUG-2"))
    await db.writer.write(
        lambda tx: tx.execute("UPDATE inbox SET body = ? WHERE sku = 'MUG-1'", (body,))
    )
    found = await db.read(proof.newest_updates, "stock", ["MUG-1", "MUG-2"])
    assert found["MUG-1"][0] == "rejected"
    assert found["MUG-2"] == ("pending", "6")


async def test_what_we_put_back_ourselves_is_no_update_of_the_erp(db: Database) -> None:
    await feed(db, stock(1, 5), stock(2, 6))
    await db.writer.write(lambda tx: tx.execute("UPDATE inbox SET reverts = 1 WHERE number = 2"))
    await db.writer.write(
        lambda tx: tx.execute(
            "UPDATE inbox SET state = 'failed', settled_at = 1, due_at = NULL WHERE number = 1"
        )
    )
    assert await db.read(proof.newest_updates, "stock", ["MUG-1"]) == {"MUG-1": ("failed", "5")}


async def test_when_we_wrote_last(db: Database) -> None:
    later = AT + timedelta(minutes=1)
    shown = [product(), product(id=11, sku="MUG-2")]
    await db.writer.write(lambda tx: catalogue.learn(tx, shown, AT, written=False))
    assert await db.read(proof.written_at, [10, 11]) == {}
    await db.writer.write(lambda tx: catalogue.learn(tx, shown[:1], AT, written=True))
    await db.writer.write(lambda tx: catalogue.learn(tx, shown, later, written=False))
    assert await db.read(proof.written_at, [10, 11]) == {10: AT}
    assert await db.read(proof.written_at, [11]) == {}
