"""Arrivals that no webhook brings: refunds that were read. Pure.

Their bodies are the store's own rows, with what is needed to tell what they are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model import content
from agent.model.delivery import Reading
from agent.woo.translate import canonical, fields, refund
from agent.woo.translate.errors import Untranslatable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.woo.translate.rules import Rules

TOPICS = frozenset({"refund.updated", "refund.deleted"})
_URGENT = 0


def read(topic: str, body: Mapping[str, Any], rules: Rules) -> Reading:
    """A reading of a body under one of ``TOPICS``; raises Untranslatable."""
    return _refund(body, rules, deletion=topic == "refund.deleted")


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
