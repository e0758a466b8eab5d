"""Counts up at the end of a demo: was everything accepted exactly once, is every figure right?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from agent.demo.gateway import Gateway
    from agent.demo.scenario import Expected
    from agent.demo.store import Store

LEFT_OUT = (
    "each event once, one in flight per order",
    "orders the ERP knows as they are now",
    "stock figures right in the store",
    "prices right in the store",
    "good updates reported as done",
    "bad updates refused with a reason",
)
"""The lines that nobody can draw who does not look into the gateway, or speak for the ERP."""
_GOOD = frozenset({"applied", "unchanged", "superseded"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that must hold, and what was found."""

    what: str
    found: str
    holds: bool


def events(store: Store, gateway: Gateway, store_id: str, outbox: Mapping[str, Any]) -> list[Line]:
    """The outbound line: store, outbox and gateway compared."""
    accepted = gateway.events(store_id)
    ids = Counter(event["id"] for event in accepted)
    newest = gateway.subjects(store_id)
    orders = {number: store.order(number) for number in store.shop.orders}
    told = [n for n, body in orders.items() if _agrees(newest.get(f"order/{n}"), body)]
    repeats = sum(event["received"] - 1 for event in accepted)
    return [
        Line("orders the ERP knows as they are now", f"{len(told)} of {len(orders)}",
             len(told) == len(orders) > 0),
        Line("events accepted", f"{len(ids)}, each once; {repeats} sent again after a lost answer",
             len(ids) == len(accepted) == outbox["accepted"] and set(ids.values()) == {1}),
        Line("in order, one in flight per order", f"{_disorder(accepted)} out of order",
             not _disorder(accepted) and not gateway.overlapping(store_id)),
        *_kept(outbox),
    ]  # fmt: skip


def known(
    store: Store, outbox: Mapping[str, Any], accepted: Collection[str], out_of_order: int
) -> list[Line]:
    """The outbound line as the agent alone sees it: ``accepted`` are the subjects that the gateway
    took all events of, ``out_of_order`` counts events."""
    orders = [f"order/{number}" for number in store.shop.orders]
    told = [order for order in orders if order in accepted]
    events = {state: outbox[state] for state in ("accepted", "pending", "dead", "discarded")}
    aside = f"; {events['discarded']} of types that it does not take" if outbox["discarded"] else ""
    return [
        Line("orders of which everything was accepted", f"{len(told)} of {len(orders)}",
             len(told) == len(orders) > 0),
        Line("events accepted", f"{events['accepted']} of {sum(events.values())}{aside}",
             events["accepted"] + events["discarded"] == sum(events.values())),
        Line("accepted in order", f"{out_of_order} out of order", not out_of_order),
        *_kept(outbox),
    ]  # fmt: skip


def _kept(outbox: Mapping[str, Any]) -> list[Line]:
    skipped = sum(outbox["skipped"].values())
    return [
        Line("webhooks that were no news", f"{skipped} skipped", skipped > 0),
        Line("left over", f"{outbox['pending']} pending, {outbox['dead']} dead",
             not outbox["pending"] and not outbox["dead"]),
    ]  # fmt: skip


def figures(store: Store, gateway: Gateway, store_id: str, expected: Expected) -> list[Line]:
    """The inbound line: every figure in the store, every result at the gateway."""
    stock = [sku for sku, figure in expected.stock.items() if store.stock(sku) == figure]
    prices = [
        sku
        for sku, price in expected.price.items()
        if Decimal(store.product(sku)["regular_price"]) == Decimal(price)
    ]
    good, bad = 0, 0
    for update_id, status in expected.results.items():
        result = gateway.result(store_id, update_id) or {"status": "none"}
        if status == "good":
            good += result["status"] in _GOOD
        else:
            bad += result["status"] == status
    wanted = Counter("good" if s == "good" else "bad" for s in expected.results.values())
    return [
        Line("stock figures right in the store", f"{len(stock)} of {len(expected.stock)}",
             len(stock) == len(expected.stock)),
        Line("prices right in the store", f"{len(prices)} of {len(expected.price)}",
             len(prices) == len(expected.price)),
        Line("good updates reported as done", f"{good} of {wanted['good']}",
             good == wanted["good"]),
        Line("bad updates refused with a reason", f"{bad} of {wanted['bad']}",
             bad == wanted["bad"]),
    ]  # fmt: skip


def _agrees(event: Mapping[str, Any] | None, body: Mapping[str, Any]) -> bool:
    if event is None:
        return False
    data = event["data"]
    return bool(
        data["store_status"] == body["status"]
        and Decimal(data["totals"]["total"]) == Decimal(body["total"])
        and len(data["refunds"]) == len(body["refunds"])
    )


def _disorder(accepted: list[dict[str, Any]]) -> int:
    newest: dict[str, str] = {}
    wrong = 0
    for event in accepted:
        wrong += event["sequence"] < newest.get(event["correlationid"], "")
        newest[event["correlationid"]] = event["sequence"]
    return wrong
