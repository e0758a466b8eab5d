"""Variations on a store whose rows of them do not say that they are variations (before 9.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import agents, recordings
from tests.flows import plugins

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.shop import Ends

    Shown = Callable[[pytest.MonkeyPatch, Callable[[dict[str, Any]], dict[str, Any]]], None]


def typeless(row: dict[str, Any]) -> dict[str, Any]:
    is_variation = row["parent_id"] != 0
    return {name: value for name, value in row.items() if name != "type" or not is_variation}


@pytest.mark.parametrize("shown", [plugins.variations_show, plugins.shows])
async def test_a_variation_is_written_again_and_again_by_its_parents_route(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    """Stock and prices, across restarts and after webhooks, beside a simple product."""
    shown(monkeypatch, typeless)
    ends.store.add_product("MUG-1", stock=3, price="10.00")
    shirt = ends.store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3), "SHIRT-M": ("21.00", 3)})
    skus = ("SHIRT-S", "SHIRT-M", "MUG-1")
    for versions in ((1, 2, 3), (4, 5, 6)):
        async with ends.agent() as shop:
            for topic in ("order.created", "product.updated"):
                shop.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
            for version in versions:
                said: dict[str, Any] = {"kind": "price", "regular_price": f"1{version}.50"}
                await shop.update(
                    *shop.figures(skus, version, 10 + version),
                    *(
                        said | {"id": f"p-{sku}-{version}", "sku": sku, "version": version}
                        for sku in skus
                    ),
                )
                bodies = [shop.store.product(sku) for sku in skus]
                assert [(body["stock_quantity"], body["regular_price"]) for body in bodies] == [
                    (10 + version, f"1{version}.50")
                ] * 3
                shop.store.place_order([("SHIRT-S", 1)])
                await shop.deliver()
    asked = ends.store.site.asked
    assert asked[f"POST /wp-json/wc/v3/products/{shirt}/variations/batch"] >= 6
    assert asked["POST /wp-json/wc/v3/products/batch"] >= 6
