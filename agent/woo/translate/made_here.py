"""Arrivals that no webhook brings: refunds that were read, the stock of products. Pure.

Their bodies are the store's own rows, with what is needed to tell what they are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model import content, money
from agent.model.delivery import Reading
from agent.woo.translate import fields
from agent.woo.translate.errors import Untranslatable

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPICS = frozenset({"refund.updated", "refund.deleted"})
_URGENT = 0


def read(topic: str, body: Mapping[str, Any]) -> Reading:
    """A reading of a body under one of ``TOPICS``; raises Untranslatable."""
    return _refund(body, deletion=topic == "refund.deleted")


def _refund(body: Mapping[str, Any], *, deletion: bool) -> Reading:
    """In the lane of its order, whose snapshot named it."""
    number = fields.essential(body, "id", fields.reference)
    order = fields.essential(body, "parent_id", fields.reference)
    said: dict[str, Any] = {
        "subject": f"refund/{number}",
        "priority": _URGENT,
        "resource": "refund",
        "parent": f"order/{order}",
    }
    if deletion:
        return Reading(
            type="retail.refund.deleted.v1",
            lane=f"order/{order}",
            digest=b"deleted",
            deletion=True,
            **said,
        )
    try:
        amount = fields.essential(body, "amount", money.canonical)
    except Untranslatable as error:
        return Reading(untranslatable=str(error), **said)
    return Reading(
        type="retail.refund.snapshot.v1",
        lane=f"order/{order}",
        changed_at=fields.moment(body.get("date_created_gmt")),
        digest=content.digest({k: value for k, value in body.items() if k != "_links"}),
        figures=amount.removeprefix("-").encode(),
        **said,
    )
