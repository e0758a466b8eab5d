"""A judged event becomes what the gateway gets as ``data``. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.model import content, envelope
from agent.woo.translate import canonical, reading
from agent.woo.translate.errors import Untranslatable
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from agent.model.delivery import Event
    from agent.model.privacy import Privacy
    from agent.woo.translate.rules import Rules

_ANONYMISED = b'"email":"deleted@site.invalid"'
"""The address of an order whose personal data WooCommerce removed: what WordPress's
``wp_privacy_anonymize_data`` makes of it (``includes/class-wc-privacy-erasers.php``)."""


def encoded(
    event: Event,
    *,
    store_id: str,
    payload: str,
    rules: Rules = PLAIN,
    privacy: Privacy | None = None,
) -> bytes:
    """The whole CloudEvent as JSON bytes; ``payload`` is ``canonical`` or ``raw``.

    Raises Untranslatable.
    """
    data = event.data or _translated(event, payload, rules)
    if event.type.startswith("retail.order.") and _ANONYMISED in data:
        event = replace(event, erased=True)
    if privacy is not None:
        try:
            data = privacy.protected(data, event.type)
        except RecursionError:  # it could just be written
            raise Untranslatable("body", "is nested too deeply") from None
    return envelope.encode(envelope.make(event, store_id=store_id), data)


def _translated(event: Event, payload: str, rules: Rules) -> bytes:
    """Our model where there is one, else the body as WooCommerce sent it."""
    parsed = reading.parse(event.body)
    origin, resource, kind = event.type.split(".")[:3]
    if payload == "canonical" and origin == "retail":
        if kind == "deleted":
            return content.encoded(canonical.deletion(event.subject))
        if resource in canonical.RESOURCES:
            return content.encoded(canonical.snapshot(resource, parsed, rules))
    try:
        return envelope.encode_data(parsed)
    except RecursionError:  # it could just be parsed
        raise Untranslatable("body", "is nested too deeply") from None
