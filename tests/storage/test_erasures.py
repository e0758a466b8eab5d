"""Deleted customers are erased in what is settled, whenever that is, and nobody else is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Accepted, Again, Dead, Judged, Reading, Verdict
from agent.storage import (
    ageing,
    check,
    database,
    dead_letters,
    erasures,
    open_orders,
    outbox_view,
    replay,
)
from tests.storage import seeding
from tests.storage.erasing import (
    ACCOUNT,
    DAY,
    DELETED,
    GONE,
    NAME,
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

    from agent.storage.database import Database


async def waiting(db: Database) -> list[int]:
    return [number for (number,) in await select(db, "SELECT sequence FROM to_erase")]


async def test_account_and_orders_are_erased_with_what_was_made_of_them(db: Database) -> None:
    account = await accepted(db, "customer/3", ACCOUNT)
    sold = await accepted(db, "order/7", order(7))
    skipped = await came(db, "order/7", order(7, "3"), verdict=Verdict.DUPLICATE)
    gone = await deleted(db)
    digests = await select(db, "SELECT digest FROM register")
    await erase(db)
    assert await body(db, account) == GONE
    assert await body(db, sold) == left(order(7))
    assert await body(db, skipped) == left(order(7, "3"))
    assert await body(db, gone) == {"id": 3}
    assert await select(db, "SELECT sequence FROM outbox WHERE erased ORDER BY 1") == [
        (account.sequence,),
        (sold.sequence,),
        (skipped.sequence,),
    ]
    assert await select(db, "SELECT sequence FROM translations") == []
    assert await select(db, "SELECT digest FROM register") == digests
    sizes = "SELECT 1 FROM outbox JOIN arrivals USING (sequence) WHERE size <> length(body)"
    assert await select(db, sizes) == []
    assert await waiting(db) == []
    assert await db.read(check.findings, AT) == []


async def test_nobody_else_is_erased(db: Database) -> None:
    others = [
        await accepted(db, "customer/33", ACCOUNT | {"id": 33}),
        await accepted(db, "order/8", order(8, 33)),
        await accepted(db, "order/9", order(9, 0)),
        await accepted(db, "order/3", order(3, None)),
    ]
    broken = await came(db, "order/10", b'{"customer_id":3,', verdict=Verdict.ERROR_BODY)
    before = [await body(db, event) for event in others]
    await deleted(db)
    await erase(db)
    assert [await body(db, event) for event in others] == before
    [(raw,)] = await select(db, "SELECT body FROM arrivals WHERE sequence = ?", broken.sequence)
    assert raw == b'{"customer_id":3,'


@pytest.mark.parametrize("depth", [101, 600, 900, 1500, 1990])
async def test_of_a_body_that_can_not_be_gone_through_nothing_personal_stays(
    db: Database, depth: int
) -> None:
    """As deep as SQL reads it, and finds whose it is."""
    raw = json.dumps(order(7)).encode()[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"
    deep = await accepted(db, "order/7", raw)
    sold = await accepted(db, "order/8", order(8))
    await deleted(db)
    await erase(db)
    [(kept, erased)] = await select(
        db,
        "SELECT body, erased FROM arrivals JOIN outbox USING (sequence) WHERE sequence = ?",
        deep.sequence,
    )
    assert NAME not in kept.decode()
    assert (json.loads(kept)["id"], erased) == (7, 1)
    assert await body(db, sold) == left(order(8))
    assert await waiting(db) == []


async def test_a_refund_is_its_orders_customers(db: Database) -> None:
    await accepted(db, "order/7", order(7))
    await accepted(db, "order/8", order(8, 4))
    said = {"id": 20, "reason": f"{NAME} was not at home", "amount": "1.00"}
    theirs = await accepted(db, "refund/20", said, lane="order/7")
    other = await accepted(db, "refund/21", said, lane="order/8")
    await deleted(db)
    await erase(db)
    assert await body(db, theirs) == said | {"reason": ""}
    assert await body(db, other) == said


@pytest.mark.parametrize("verdict", [Verdict.STALE, Verdict.OTHER_KIND, Verdict.DUPLICATE])
async def test_a_deletion_that_is_none_erases_nothing(db: Database, verdict: Verdict) -> None:
    account = await accepted(db, "customer/3", ACCOUNT)
    await came(db, "customer/3", {"id": 3}, verdict=verdict, type=DELETED, deletion=True)
    assert await erase(db) == 0
    assert await body(db, account) == ACCOUNT


async def test_what_waits_or_is_dead_is_erased_once_it_is_settled(db: Database) -> None:
    waits, dead = await came(db, "order/7", order(7)), await came(db, "order/8", order(8))
    await settle(db, waits, Again("busy", NAME, 1.0))
    await settle(db, dead, Dead("rejected", f"no {NAME} here"))
    await deleted(db)
    await erase(db)
    assert await waiting(db) == [waits.sequence, dead.sequence]
    assert [await body(db, waits), await body(db, dead)] == [order(7), order(8)]
    await settle(db, waits, Accepted())
    await erase(db)
    assert await body(db, waits) == left(order(7))
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT)
    )
    await erase(db)
    assert await body(db, dead) == left(order(8))
    row = await db.read(outbox_view.row, dead.id)
    assert (row["erased"], row["history"][0]["message"]) == (True, "erased")
    assert NAME not in str(row)
    assert await waiting(db) == []


async def test_what_is_taken_up_again_meanwhile_is_sent_as_it_is(db: Database) -> None:
    sold = await accepted(db, "order/7", order(7))
    await deleted(db)
    await erasures.step(db, AT, WAITING)
    await db.writer.write(lambda tx: open_orders.turn(tx, [open_orders.Turn(3, "closed", 0)]))
    chosen = await db.read(erasures.found)
    assert sold.sequence in [sequence for sequence, _, _ in chosen]
    await db.writer.write(lambda tx: replay.by_id(tx, [sold.id], who="ada", now=AT))
    await db.writer.write(lambda tx: erasures.erase(tx, chosen))
    assert await body(db, sold) == order(7)
    assert await waiting(db) == [sold.sequence]


async def test_what_was_on_its_way_is_erased_too_and_what_names_them_much_later_is_not(
    db: Database,
) -> None:
    await deleted(db)
    await erase(db)
    late = [
        await came(db, "customer/3", ACCOUNT, verdict=Verdict.STALE, at=AT + DAY / 2),
        await accepted(db, "order/7", order(7), at=AT + DAY / 2),
    ]
    await erase(db, AT + DAY / 2)
    assert [await body(db, event) for event in late] == [GONE, left(order(7))]
    assert len(await select(db, "SELECT * FROM erasures")) == 1
    again = await accepted(db, "order/7", order(7), at=AT + 2 * DAY)
    await erase(db, AT + 2 * DAY)
    assert await body(db, again) == order(7)
    assert await select(db, "SELECT * FROM erasures") == []


async def test_what_is_not_judged_yet_is_looked_at_later(db: Database) -> None:
    await deleted(db)
    raw = json.dumps(ACCOUNT).encode()
    [row] = await seeding.append(db, seeding.webhook(raw, topic="customer.updated"))
    await erase(db)
    said = seeding.reading("customer/3", resource="customer")
    await seeding.judge(db, Judged(row.sequence, Verdict.STALE, said))
    await erase(db)
    [(left,)] = await select(db, "SELECT body FROM arrivals WHERE sequence = ?", row.sequence)
    assert json.loads(left) == GONE


async def test_steps_are_small_and_go_on_after_a_crash(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "LOOKED_AT", 2)
    monkeypatch.setattr(erasures, "MOST_ROWS", 1)
    made, steps = [], 0
    async with database.opened(directory) as db:
        made = [await accepted(db, f"order/{n}", order(n)) for n in range(1, 6)]
        await deleted(db)
    while True:
        async with database.opened(directory) as db:
            if not await ageing.Settled(db, WAITING).erase(AT):
                break
            steps += 1
    assert steps == 3 + 6  # looks at six rows by two, takes on one at a time
    async with database.opened(directory) as db:
        assert [await body(db, event) for event in made] == [left(order(n)) for n in range(1, 6)]


async def test_a_customer_who_is_deleted_again_meanwhile_is_looked_for_anew(db: Database) -> None:
    await deleted(db)
    asked = await db.read(erasures.unfinished)
    assert asked is not None
    rows = await db.read(erasures.look, asked)
    between = await accepted(db, "customer/3", ACCOUNT)
    await deleted(db)
    await db.writer.write(lambda tx: erasures.note(tx, asked, rows))
    await erase(db)
    assert await body(db, between) == GONE


@pytest.mark.parametrize(
    ("subject", "raw", "expected"),
    [
        ("customer/3", b"no JSON", b'{"id":3,"erased":true}'),
        ("customer/3", b'{"id":3}', b'{"id":3}'),
        ("customer/3", b'{"id":3,"erased":true}', b'{"id":3,"erased":true}'),
        ("order/7", b'{"email": "a"}', b'{"email":""}'),
        ("order/7", b'{"email": "\xff"}', b'{"email":""}'),
        ("order/7", b'{"id": 1.10}', b'{"id": 1.10}'),
        ("order/7", b"no JSON", b"no JSON"),
        ("order/7", b"[" * 100_000 + b"]" * 100_000, b'{"id":7,"erased":true}'),
        (None, b"[" * 100_000 + b"]" * 100_000, b'{"erased":true}'),
        (None, b'{"email":"a"}', b'{"email":""}'),
    ],
)
def test_what_is_left_of_a_body(subject: str | None, raw: bytes, expected: bytes) -> None:
    assert erasures.without(subject, raw) == expected


async def test_an_unreadable_deletion_erases_nothing(db: Database) -> None:
    [row] = await seeding.append(db, seeding.webhook(b"{}", topic="customer.deleted"))
    said = Reading(resource="customer", deletion=True, untranslatable="no id")
    await seeding.judge(db, Judged(row.sequence, Verdict.EVENT, said, Dead("untranslatable", "")))
    assert await erase(db) == 0


async def test_many_customers_are_looked_for_at_once(db: Database) -> None:
    made = [await accepted(db, f"order/{n}", order(n, n)) for n in range(1, 6)]
    for number in range(1, 5):
        await deleted(db, number)
    assert await erase(db) == 1 + 1
    assert [await body(db, event) for event in made] == [
        *[left(order(n, n)) for n in range(1, 5)],
        order(5, 5),
    ]
    plan = [step for *_, step in await select(db, f"EXPLAIN QUERY PLAN {await _looked(db)}")]
    assert not any("SCAN erasures" in step for step in plan), plan


async def _looked(db: Database) -> str:
    """The statement of a search."""
    statements: list[str] = []
    await db.reader.set_trace_callback(statements.append)
    await db.read(erasures.look, erasures.Search(0, 0))
    await db.reader.set_trace_callback(None)  # type: ignore[arg-type]
    return statements[0]
