"""What orders hold of the stock, from the store to the ledger, and how the gateway took it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agent.model.update import StockUpdate
from agent.storage import baseline, stock_ledger
from agent.updates import stock
from tests import agents, recordings

if TYPE_CHECKING:
    from agent.model.stock import Snapshot
    from tests.flows.shop import Ends, Shop

TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")


def _subscribe(shop: Shop) -> None:
    for topic in TOPICS:
        shop.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)


async def _snapshots(shop: Shop, product: int) -> list[Snapshot]:
    found = await shop.agent._db.read(stock_ledger.snapshots, [product], ())
    return sorted(found[product], key=lambda one: one.sequence)


def _unseen(snapshots: list[Snapshot], position: int) -> int:
    said = {"id": "u", "kind": "stock", "sku": "MUG-1", "quantity": 20, "seen_position": position}
    return stock.unseen_units(
        StockUpdate.model_validate(said),
        datetime.now(UTC),
        snapshots,
        uncertain=timedelta(minutes=10),
    )


async def test_the_life_of_a_line_across_a_restart_and_a_lost_answer(ends: Ends) -> None:
    mug = ends.store.add_product("MUG-1", stock=20)
    async with ends.agent() as shop:
        _subscribe(shop)
        await agents.begun(shop.agent, shop.gateway)
        await ends.gateway.until(lambda: ends.gateway.head_position(agents.STORE) == 1)  # the store
        number = ends.store.place_order([("MUG-1", 2)])
        await shop.deliver()
        [sold] = await _snapshots(shop, mug)
        assert (sold.order, sold.units, sold.held) == (f"order/{number}", 2, 2)
        assert (sold.state, sold.position, sold.doubtful) == ("accepted", 2, False)
        assert (_unseen([sold], 1), _unseen([sold], 2)) == (2, 0)
        ends.gateway.hold_answers()
        ends.store.set_status(number, "cancelled")
        await ends.store.deliver_pending()
        await ends.gateway.until(lambda: ends.gateway.head_position(agents.STORE) == 3)
        rows = (await shop.agent._db.read(stock_ledger.snapshots, [mug], range(2**63)))[mug]
        back = max(rows, key=lambda one: one.sequence)
        assert (back.units, back.held, back.state, back.doubtful) == (0, 0, "pending", True)
        ends.gateway.release_answers()
        await shop.until(lambda outbox: not outbox["pending"])
    async with ends.agent() as shop:
        _, back = rows = await _snapshots(shop, mug)
        assert (back.state, back.position, back.doubtful) == ("accepted", 3, False)
        assert [_unseen(rows, position) for position in (1, 2, 3)] == [2, 0, 0]
        assert stock.held_units(rows) == stock.committed_units(rows) == 0
        assert ends.store.stock("MUG-1") == 20


async def test_an_edit_and_the_trash(ends: Ends) -> None:
    mug = ends.store.add_product("MUG-1", stock=20)
    shirt = ends.store.add_variable("SHIRT", {"SHIRT-M": ("20.00", None)})
    async with ends.agent() as shop:
        _subscribe(shop)
        await agents.begun(shop.agent, shop.gateway)
        number = ends.store.place_order([("MUG-1", 2), ("SHIRT-M", 1)])
        await shop.deliver()
        ends.store.refund(number, {"MUG-1": 1})
        await shop.deliver()
        ends.store.trash_order(number)
        await shop.deliver()
        rows = await _snapshots(shop, mug)
        assert [(row.units, row.held) for row in rows] == [(2, 2), (1, 1), (0, 1)]
        assert [row.units for row in await _snapshots(shop, shirt)] == [1, 1, 0]
        ends.store.restore_order(number)
        await shop.deliver()
        assert [row.units for row in await _snapshots(shop, mug)] == [2, 1, 0, 1]


async def test_orders_from_before_the_beginning_count_as_seen(ends: Ends) -> None:
    mug = ends.store.add_product("MUG-1", stock=20)
    old, silent = (ends.store.place_order([("MUG-1", n)]) for n in (1, 2))
    shipped = ends.store.place_order([("MUG-1", 3)], status="completed")
    for number, days in ((old, 2), (silent, 3), (shipped, 40)):
        order = ends.store.shop.orders[number]
        order.created = order.modified = datetime.now(UTC) - timedelta(days=days)
    ends.store.maintenance = True
    async with ends.agent() as shop:
        _subscribe(shop)
        await ends.store.site.until(lambda: ends.store.site.requests > 0)
        assert not await shop.agent._db.read(baseline.is_done)
        ends.store.set_status(old, "completed")
        ends.store.set_status(shipped, "completed")
        shop.lose()
    ends.store.maintenance = False
    async with ends.agent() as shop:
        missed = ends.store.place_order([("MUG-1", 4)])
        shop.lose()
        await agents.begun(shop.agent, shop.gateway)
        rows = await _snapshots(shop, mug)
        found = {row.order: (row.units, row.baseline) for row in rows}
        assert found[f"order/{old}"] == (1, True)
        assert found[f"order/{silent}"] == (2, True)
        assert found[f"order/{shipped}"] == (3, True)  # created long ago, and changed since
        assert found[f"order/{missed}"] == (4, False)
        changed = {f"order/{number}" for number in (old, shipped, missed)}
        await ends.gateway.until(lambda: changed <= {*shop.told()})
        assert sorted(shop.told()) == sorted(changed)
