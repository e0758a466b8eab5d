"""From a type of event to the translation of its body. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model.deleted import Deleted
from agent.woo.translate import coupon, customer, inventory, order, product, refund, report, store
from agent.woo.translate.errors import Untranslatable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from agent.woo.translate.rules import Rules

_TRANSLATE: Mapping[str, Callable[[Mapping[str, Any], Rules], BaseModel]] = {
    "order": order.translate,
    "refund": refund.translate,
    "customer": customer.translate,
    "product": product.translate,
    "coupon": coupon.translate,
    "inventory": inventory.translate,
    "store": store.of_body,
    "reconciliation": report.of_body,
}
RESOURCES = frozenset(_TRANSLATE)


def snapshot(resource: str, body: Mapping[str, Any], rules: Rules) -> BaseModel:
    """The model of a resource; raises Untranslatable."""
    return _TRANSLATE[resource](body, rules)


def deletion(subject: str) -> Deleted:
    """What is told of a resource that is no more."""
    resource, _, number = subject.partition("/")
    if not number.isdecimal():
        raise Untranslatable("id", "is missing")
    return Deleted(id=subject, resource=resource, resource_id=int(number))
