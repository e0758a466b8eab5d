"""A shop whose WooCommerce has no list of refunds or variations is compared all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import agents, processes
from tests.woo.test_older import without_routes

if TYPE_CHECKING:
    from tests.flows.shop import Ends


async def test_refunds_and_variations_are_compared_with_their_parents(ends: Ends) -> None:
    without_routes(ends.store, "refunds", "variations")
    store = ends.store
    store.add_product("MUG-1", price="2.00", stock=40)
    shirt = store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3)})
    async with ends.agent(reconcile={"requests_per_minute": 6000}) as shop:
        await agents.begun(shop.agent, shop.gateway)
        order = store.place_order([("MUG-1", 2)])
        refund = store.refund(order, {"MUG-1": 1})
        shop.lose()
        run = ("--config", str(shop.config))
        await processes.run("reconcile", "orders", *run)
        await shop.gateway.until(lambda: f"refund/{refund}" in shop.told())
        done = await processes.run("reconcile", "orders", *run)
        assert "refunds: 1 in the store, 1 accepted" in done.stdout, done.stdout + done.stderr
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "both ends agree")

        await shop.update(*shop.figures(["SHIRT-S"], 1, 8))
        small = store.shop.catalog.get(shirt + 1)
        assert small is not None
        small.stock = 4  # past WooCommerce: nothing tells of it
        done = await processes.run("reconcile", "stock", *run)
        assert "stock: 0 of 1 SKUs show the intended figure" in done.stdout
        assert done.exit_code == 1
