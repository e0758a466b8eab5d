"""A judged event becomes what the gateway gets as ``data``. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model import envelope
from agent.model.order import data as order_data
from agent.woo.translate import order, reading
from agent.woo.translate.errors import Untranslatable

if TYPE_CHECKING:
    from agent.model.delivery import Event


def encoded(event: Event, *, store_id: str, payload: str) -> bytes:
    """The whole CloudEvent as JSON bytes; ``payload`` is ``canonical`` or ``raw``.

    Raises Untranslatable.
    """
    carried = data(event.type, event.body, payload=payload)
    try:
        return envelope.encode(envelope.make(event, store_id=store_id, data=carried))
    except RecursionError:  # it could just be parsed
        raise Untranslatable("body", "is nested too deeply") from None


def data(kind: str, body: bytes, *, payload: str) -> Any:
    """What the event carries: our model where there is one, else the body as WooCommerce sent it.

    Raises Untranslatable.
    """
    parsed = reading.parse(body)
    if payload == "canonical" and kind == "retail.order.snapshot.v1":
        return order_data(order.translate(parsed))
    return parsed
