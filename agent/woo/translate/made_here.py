"""Arrivals that no webhook brings: refunds and the store itself, which were read, the stock that a
product shows, and the report of a comparison. Pure.

Their bodies are the store's own rows, with what is needed to tell what they are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model import content, envelope
from agent.model.delivery import STOCK_TOPIC, Reading
from agent.woo.translate import canonical, fields, inventory, refund, report, store
from agent.woo.translate.errors import Untranslatable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.woo.translate.rules import Rules

TOPICS = frozenset(
    {"refund.updated", "refund.deleted", "store.updated", "report.updated", STOCK_TOPIC}
)
_URGENT = 0
_INVENTORY = 2
_LOWEST = 4
_OF_STOCK = (
    *("id", "parent_id", "type", "sku", "date_modified_gmt"),
    *("manage_stock", "stock_quantity", "stock_status", "backorders"),
)


def read(topic: str, body: Mapping[str, Any], rules: Rules) -> Reading:
    """A reading of a body under one of ``TOPICS``; raises Untranslatable."""
    if topic == STOCK_TOPIC:
        return _inventory(body, rules)
    if topic == "store.updated":
        return _store(body)
    if topic == "report.updated":
        return _report(body)
    return _refund(body, rules, deletion=topic == "refund.deleted")


def stock_of(product: Mapping[str, Any]) -> bytes:
    """The body of the arrival that tells the stock of a product alone; empty without a SKU, and in
    the trash, which shows none (recording 34)."""
    if fields.text(product.get("sku")) is None or product.get("status") == "trash":
        return b""
    return envelope.encode_data({name: product.get(name) for name in _OF_STOCK})


def _store(body: Mapping[str, Any]) -> Reading:
    translated = store.of_body(body)
    return Reading(
        type="retail.store.snapshot.v1",
        subject=translated.id,
        lane=translated.id,
        priority=_LOWEST,
        digest=content.digest_of_model(translated),
        resource="store",
        data=content.encoded(translated),
    )


def _report(body: Mapping[str, Any]) -> Reading:
    made = report.of_body(body)
    return Reading(
        type="retail.reconciliation.report.v1",
        subject=made.id,
        lane=made.id,
        priority=_LOWEST,
        changed_at=made.made_at,
        digest=content.digest_of_model(made, without=frozenset({"made_at", "requests"})),
        resource="report",
        data=content.encoded(made),
    )


def _inventory(body: Mapping[str, Any], rules: Rules) -> Reading:
    """What is new about it was found where its product was judged: it always is an event."""
    translated = inventory.translate(body, rules)
    return Reading(
        type="retail.inventory.snapshot.v1",
        subject=translated.id,
        lane=translated.id,
        priority=_INVENTORY,
        changed_at=translated.changed_at,
        snapshot=False,
        data=content.encoded(translated),
    )


def _refund(body: Mapping[str, Any], rules: Rules, *, deletion: bool) -> Reading:
    """In the lane of its order, whose snapshot named it."""
    number = fields.essential(body, "id", fields.reference)
    order = f"order/{fields.essential(body, 'parent_id', fields.reference)}"
    said: dict[str, Any] = {
        "subject": f"refund/{number}",
        "priority": _URGENT,
        "resource": "refund",
        "parent": order,
        "deletion": deletion,
    }
    if deletion:
        return Reading(
            type="retail.refund.deleted.v1",
            lane=order,
            digest=b"deleted",
            data=content.encoded(canonical.deletion(said["subject"])),
            **said,
        )
    try:
        translated = refund.translate(body, rules)
    except Untranslatable as error:
        return Reading(untranslatable=str(error), **said)
    return Reading(
        type="retail.refund.snapshot.v1",
        lane=order,
        changed_at=translated.created_at,
        digest=content.digest_of_model(translated),
        figures=translated.amount.encode(),
        data=content.encoded(translated),
        **said,
    )
