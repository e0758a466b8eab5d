"""A judged event becomes what the gateway gets as ``data``. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model import envelope
from agent.model import order as order_model
from agent.woo.translate import order, reading
from agent.woo.translate.errors import Untranslatable

if TYPE_CHECKING:
    from agent.model.delivery import Event
    from agent.model.privacy import Privacy


def encoded(event: Event, *, store_id: str, payload: str, privacy: Privacy | None = None) -> bytes:
    """The whole CloudEvent as JSON bytes; ``payload`` is ``canonical`` or ``raw``.

    Raises Untranslatable.
    """
    data = event.data or _translated(event, payload)
    if privacy is not None:
        try:
            data = privacy.protected(data, event.type)
        except RecursionError:  # it could just be written
            raise Untranslatable("body", "is nested too deeply") from None
    return envelope.encode(envelope.make(event, store_id=store_id), data)


def _translated(event: Event, payload: str) -> bytes:
    """Our model where there is one, else the body as WooCommerce sent it."""
    parsed = reading.parse(event.body)
    if payload == "canonical" and event.type == "retail.order.snapshot.v1":
        return order_model.encoded(order.translate(parsed))
    try:
        return envelope.encode_data(parsed)
    except RecursionError:  # it could just be parsed
        raise Untranslatable("body", "is nested too deeply") from None
