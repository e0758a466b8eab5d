"""A day in a shop, played on the stand-ins: orders and what becomes of them, stock and prices.

Everything follows from the seed. What it says about itself (``Expected``) is worked out from what
was played, never read back from the agent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.demo.site import Fault
from agent.model.registration import TOPICS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping

    from agent.demo.gateway import Gateway
    from agent.demo.store import Store

SIMPLE = 45
VARIABLE = 5
_SIZES = ("S", "M", "L")
_STATUSES = ("completed", "cancelled", "on-hold", "refunded")
_NAMES = ("Zoë", "O'Neil", "Łukasz", "Ann", "Þóra", "Kenji", "Müller", "Ngọc")


@dataclass
class Expected:
    """What must be true at the end: per SKU the figures, per update the status of its result."""

    stock: dict[str, int | None] = field(default_factory=dict)
    price: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)


def has_webhooks(store: Store) -> bool:
    """Whether the agent has registered all that it should have."""
    return {webhook.topic for webhook in store.shop.webhooks.by_id.values()} >= {*TOPICS}


def stock_up(store: Store) -> Expected:
    """Products."""
    expected = Expected()
    for number in range(1, SIMPLE + 1):
        price = f"{number + 4}.90"
        store.add_product(f"MUG-{number:02d}", price=price, stock=500)
        expected.stock[f"MUG-{number:02d}"], expected.price[f"MUG-{number:02d}"] = 500, price
    for number in range(1, VARIABLE + 1):
        sizes = {f"SHIRT-{number}-{size}": (f"{20 + number}.00", 500) for size in _SIZES}
        store.add_variable(f"SHIRT-{number}", sizes)
        for sku, (price, stock) in sizes.items():
            expected.stock[sku], expected.price[sku] = stock, price
    store.add_product("GIFT-CARD", price="25.00", stock=None)
    expected.stock["GIFT-CARD"], expected.price["GIFT-CARD"] = None, "25.00"
    return expected


async def take_orders(
    store: Store,
    gateway: Gateway | None,
    rng: random.Random,
    orders: int,
    *,
    told: Callable[[str], None],
    advance: Callable[[], None],
) -> None:
    """Orders with updates, refunds and cancellations; a third of the way the gateway goes away, at
    two thirds it comes back, and then it loses some of its own answers; None is somebody's own,
    which is left in peace."""
    skus = [f"MUG-{n:02d}" for n in range(1, SIMPLE + 1)] + [
        f"SHIRT-{n}-{size}" for n in range(1, VARIABLE + 1) for size in _SIZES
    ]
    placed: list[int] = []
    for number in range(orders):
        if gateway and number == orders // 3:
            await gateway.site.refuse()
            told("the gateway goes down; the shop goes on selling")
        if gateway and number == orders * 2 // 3:
            gateway.site.misbehave(Fault.DROP, times=1, under="/events")
            gateway.site.misbehave(Fault.SERVER_ERROR, times=1, under="/events")
            await gateway.site.accept()
            told("the gateway is back, and loses some of its own answers")
        lines = [(sku, rng.randint(1, 3)) for sku in rng.sample(skus, rng.randint(1, 3))]
        name = rng.choice(_NAMES)
        billing = {"first_name": name, "email": f"buyer{number}@example.com", "country": "DE"}
        status = rng.choice(("processing", "processing", "pending"))
        placed.append(store.place_order(lines, status, billing=billing))
        if rng.random() < 0.5:
            _change(store, rng, rng.choice(placed))
        advance()
        await asyncio.sleep(0)  # the deliveries' turn


def late_orders(store: Store, rng: random.Random, expected: Expected, count: int) -> Counter[str]:
    """Orders that the ERP has not booked when it says its figures; the units by SKU."""
    managed = [sku for sku, stock in expected.stock.items() if stock is not None]
    sold: Counter[str] = Counter()
    for sku in rng.sample(managed, count):
        units = rng.randint(1, 3)
        store.place_order([(sku, units)], billing={"email": "late@example.com", "country": "DE"})
        sold[sku] += units
        expected.stock[sku] = store.stock(sku)
    return sold


def _change(store: Store, rng: random.Random, order_id: int) -> None:
    order = store.order(order_id)
    if order["status"] not in ("processing", "pending", "on-hold"):
        return
    if order["status"] == "processing" and not order["refunds"] and rng.random() < 0.4:
        line = rng.choice(order["line_items"])
        store.refund(order_id, {line["id"]: 1}, restock=rng.random() < 0.7)
        return
    store.set_status(order_id, rng.choice(_STATUSES))


def updates(
    expected: Expected,
    rng: random.Random,
    count: int,
    *,
    seen_position: int,
    unseen: Mapping[str, int],
) -> Iterator[dict[str, Any]]:
    """Stock and price updates, bad ones among them; ``expected`` follows the good ones. Stock takes
    orders up to ``seen_position`` into account, ``unseen`` units of later ones it does not."""
    good = [sku for sku, stock in expected.stock.items() if stock is not None]
    usual = {sku: Decimal(price) for sku, price in expected.price.items()}
    bad = _bad(good[0], good[1])
    version = 1_000
    for number in range(count - len(bad)):
        # The first one makes sure that a late one of it is superseded.
        sku, version = rng.choice(good) if number else good[0], version + 1
        update: dict[str, Any] = {"id": f"u-{number}", "sku": sku, "version": version}
        if not number or rng.random() < 0.6:
            quantity = rng.randint(0, 400)
            update |= {"kind": "stock", "quantity": quantity, "seen_position": seen_position}
            expected.stock[sku] = quantity - unseen.get(sku, 0)
        else:
            price = f"{usual[sku] * rng.randint(81, 119) / 100:.2f}"  # no jump that is held
            update |= {"kind": "price", "regular_price": price, "currency": "EUR"}
            expected.price[sku] = price
        expected.results[update["id"]] = "good"
        yield update
    for number, (item, status) in enumerate(bad):
        name = f"bad-{number}"
        expected.results[name] = status
        yield {"id": name, "version": version + 1 + number} | item


def _bad(first: str, second: str) -> list[tuple[dict[str, Any], str]]:
    """What must change nothing, with the status that says so."""
    stock = {"kind": "stock", "sku": first, "quantity": 1}
    price = {"kind": "price", "sku": second}
    return [
        (stock | {"quantity": "12"}, "rejected"),
        (stock | {"quantity": 2.5}, "rejected"),
        (stock | {"version": None}, "rejected"),
        (stock | {"version": 1}, "superseded"),
        (stock | {"sku": "NO-SUCH-SKU"}, "waiting"),
        (stock | {"sku": "GIFT-CARD"}, "rejected"),
        (stock | {"expires_at": "2020-01-01T00:00:00Z"}, "rejected"),
        (stock | {"effective_at": "2999-01-01T00:00:00Z"}, "waiting"),
        (stock | {"kind": "fulfilment"}, "rejected"),
        (price | {"regular_price": "0"}, "held"),
        (price | {"regular_price": "15,75"}, "rejected"),
        (price | {"regular_price": "abc"}, "rejected"),
        (price | {"regular_price": "-5"}, "rejected"),
        (price | {"regular_price": 15.5}, "rejected"),
        (price | {"sale_price": "99999.00"}, "rejected"),
        (price | {"regular_price": "9.90", "currency": "USD"}, "rejected"),
        (price | {"regular_price": "9.90", "tax": "included"}, "rejected"),
        (price | {"sku": "SHIRT-1", "regular_price": "9.90"}, "rejected"),
        (price, "rejected"),
    ]
