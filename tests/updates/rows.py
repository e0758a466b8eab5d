"""Updates, inbox rows and products as the tests of this folder speak of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.model import update as updates
from agent.model.inbox import Opened
from agent.model.product import StoreProduct
from agent.model.update import Refusal, Update, UpdateState

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def stock(version: int, quantity: Any, /, **more: Any) -> dict[str, Any]:
    """An item of the feed that sets the stock of MUG-1."""
    return {
        "id": f"s-{version}",
        "kind": "stock",
        "sku": "MUG-1",
        "version": version,
        "quantity": quantity,
    } | more


def price(version: int, regular: Any = None, /, **more: Any) -> dict[str, Any]:
    """An item of the feed about the price of MUG-1."""
    set_to = {} if regular is None else {"regular_price": regular}
    common = {"id": f"p-{version}", "kind": "price", "sku": "MUG-1", "version": version}
    return common | set_to | more


def read(item: object) -> Update:
    """An item that is sound."""
    update = updates.read(item)
    assert not isinstance(update, Refusal), update
    return update


def opened(item: object, *, number: int = 1, received_at: datetime = NOW) -> Opened:
    """A pending row made of a sound item."""
    return Opened(number, read(item), received_at, UpdateState.PENDING, 0)


def nothing_held(opened: Opened, targets: object) -> Refusal | None:
    """Guardrails for tests of something else."""
    return None


def product(**more: Any) -> StoreProduct:
    """MUG-1 as the store shows it: 10 pieces at 12.50."""
    named = ("id", "parent_id", "type", "sku", "status", "manages_stock")
    shown = {
        "quantity": 10,
        "regular_price": "12.50",
        "sale_price": None,
        "sale_from": None,
        "sale_to": None,
    } | {name: value for name, value in more.items() if name not in named}
    fields: dict[str, Any] = {
        "id": 10,
        "parent_id": 0,
        "type": "simple",
        "sku": "MUG-1",
        "status": "publish",
        "manages_stock": True,
    } | {name: value for name, value in more.items() if name in named}
    return StoreProduct(values=shown | {"manage_stock": fields["manages_stock"]}, **fields)
