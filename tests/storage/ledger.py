"""Orders as the ledger sees them: judged as by the daemon, with lines and the units they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.events import verdicts
from agent.model.delivery import Reading, Received
from agent.model.stock import HeldLine, Snapshot
from agent.storage import judging, outbox, stock_ledger
from tests.storage import seeding
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from agent.model.delivery import Event
    from agent.storage.database import Database

MUG, SHIRT, SHIRT_M = 10, 11, 13


def line(
    units: int, *, line_id: int = 1, item: int = MUG, parent: int = 0, held: int | None = None
) -> HeldLine:
    return HeldLine(line_id, item, parent, f"SKU-{item}", units, units if held is None else held)


def order(*lines: HeldLine, number: int = 1022, **more: Any) -> Reading:
    """Content is what the lines say, and the ``digest`` given."""
    digest = repr([(one.line_id, one.item_id, one.units) for one in lines]).encode()
    given: dict[str, Any] = {"digest": digest, "resource": "order", "lines": lines}
    return seeding.reading(f"order/{number}", **(given | more))


def deletion(number: int = 1022) -> Reading:
    kind = "retail.order.deleted.v1"
    return order(number=number, type=kind, digest=b"deleted", deletion=True)


async def judge(db: Database, *readings: Reading, at: datetime = AT) -> list[int]:
    """Judges them as they would come in, in one batch; their numbers."""
    rows: list[Received] = await seeding.append(db, *[seeding.webhook(at=at) for _ in readings])
    batch = [verdicts.Read(row.sequence, said) for row, said in zip(rows, readings, strict=True)]
    await db.writer.write(
        lambda tx: judging.judge(
            tx,
            verdicts.subjects(batch),
            lambda known: verdicts.decide(batch, known, version=1),
            reread=lambda _: Reading(),
            version=1,
            now=at,
        )
    )
    return [row.sequence for row in rows]


async def hold(db: Database) -> None:
    """Whatever is in the outbox is an order with a line that holds a unit."""
    await write(
        db,
        "INSERT INTO stock_ledger (item_id, line_id, sequence, parent_id, sku, order_id, units,"
        f" held) SELECT {MUG}, sequence, sequence, 0, '', sequence, 1, 1 FROM outbox",
    )


async def event(db: Database, sequence: int) -> Event:
    [found] = await db.read(outbox.events, [sequence])
    return found


async def snapshots(
    db: Database, product: int = MUG, *, in_flight: Collection[int] = ()
) -> list[Snapshot]:
    """As the present journal has them."""
    found = await db.read(stock_ledger.snapshots, [product], in_flight)
    assert list(found) == [product]
    plain = [replace(one, elsewhere={}) for one in found[product]]
    return sorted(plain, key=lambda one: (one.sequence, one.line_id))


async def units(db: Database, product: int = MUG) -> list[tuple[int, int, int]]:
    """(line, units, held) of each snapshot, oldest first."""
    return [(one.line_id, one.units, one.held) for one in await snapshots(db, product)]


async def write(db: Database, *statements: str) -> None:
    async def step(tx: Any) -> None:
        for statement in statements:
            await tx.execute(statement)

    await db.writer.write(step)


async def know(db: Database, product: int, *, parent: int = 0, manages: str = "yes") -> None:
    """A product in the catalogue, with a figure of the ERP in force."""
    await write(
        db,
        f"INSERT INTO catalogue VALUES ({product}, {parent}, 'simple', 'SKU-{product}', 'publish',"
        f" '{manages}', '{{}}', 0, 0)",
        "INSERT INTO stock_in_force (sku, number, body, fetched_at)"
        f" VALUES ('SKU-{product}', 1, '{{}}', 0)",
    )
