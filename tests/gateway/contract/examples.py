"""The contract's examples: recorded bodies, translated and put into envelopes as the agent does it,
and the documents that go with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model import content, envelope
from agent.model.delivery import Event
from agent.model.report import (
    Compared,
    DriftCause,
    Drifted,
    NotAccepted,
    ReconciliationReport,
    RefundDay,
)
from agent.woo.translate import canonical, inventory, order, product, refund, store
from agent.woo.translate.rules import PLAIN
from tests import recordings

if TYPE_CHECKING:
    from pydantic import BaseModel

STORE = "brand-de"
_AT = datetime(2026, 11, 23, 20, 22, 51, tzinfo=UTC)


def events() -> dict[str, Any]:
    """A CloudEvent per type."""
    found: dict[str, Any] = {}
    for number, (kind, (model, lane)) in enumerate(_models().items()):
        data = json.loads(content.encoded(model))
        event = Event(
            sequence=clock.micros(_AT) + number,
            id=envelope.event_id(_AT + timedelta(milliseconds=number), 2**70 + number),
            type=kind,
            subject=data["id"],
            lane=lane or data["id"],
            topic="",
            received_at=_AT + timedelta(milliseconds=number),
            changed_at=getattr(model, "modified_at", None),
            attempts=0,
            replay=False,
            body=b"",
        )
        found[kind] = envelope.make(event, store_id=STORE) | {"data": data}
    return found


def _models() -> dict[str, tuple[BaseModel, str]]:
    """By type: the model, and its lane where that is not its subject."""
    paid, refunded = recordings.webhook(14).json(), recordings.webhook(25).json()
    [given_back] = refund.of_order(refunded, recordings.rest("refund_list")["response"]["body"])
    mug = product.translate(recordings.webhook(33).json())
    level = inventory.level(mug)
    assert level is not None
    status = recordings.rest("system_status_fields")["response"]["body"]
    return {
        "retail.order.snapshot.v1": (order.translate(paid), ""),
        "retail.order.deleted.v1": (canonical.deletion("order/1022"), ""),
        "retail.refund.snapshot.v1": (refund.translate(given_back), "order/1022"),
        "retail.refund.deleted.v1": (canonical.deletion("refund/1024"), "order/1022"),
        "retail.customer.snapshot.v1": (
            canonical.snapshot("customer", recordings.webhook(12).json(), PLAIN),
            "",
        ),
        "retail.customer.deleted.v1": (canonical.deletion("customer/3"), ""),
        "retail.product.snapshot.v1": (mug, ""),
        "retail.product.deleted.v1": (canonical.deletion("product/10"), ""),
        "retail.coupon.deleted.v1": (canonical.deletion("coupon/7"), ""),
        "retail.inventory.snapshot.v1": (level, ""),
        "retail.reconciliation.report.v1": (_report(), ""),
        "retail.store.snapshot.v1": (store.translate(STORE, status=status), ""),
    }


def _report() -> ReconciliationReport:
    """A day on which an order waits for somebody, and one figure was changed in the store."""
    waits = NotAccepted(subject="order/1021", reason="bad_total")
    return ReconciliationReport(
        id="report/2026-11-23",
        store_id=STORE,
        made_at=_AT,
        since=datetime(2026, 11, 1, tzinfo=UTC),
        agreed=False,
        orders=Compared(in_store=412, accepted=411, not_accepted=(waits,), gone=1),
        refunds=Compared(in_store=9, accepted=9, not_accepted=(), gone=0),
        refund_days=(
            RefundDay(
                day="2026-11-23",
                currency="EUR",
                store_count=2,
                store_amount="27.48",
                gateway_count=2,
                gateway_amount="27.48",
            ),
        ),
        products=Compared(in_store=1204, accepted=1204, not_accepted=(), gone=0),
        customers=Compared(in_store=310, accepted=310, not_accepted=(), gone=0),
        coupons=Compared(in_store=4, accepted=4, not_accepted=(), gone=0),
        skus=1200,
        accurate=1199,
        accuracy=0.9992,
        drifted=(
            Drifted(
                sku="MUG-1",
                product_id=10,
                field="quantity",
                shown="20",
                intended="18",
                cause=DriftCause.CHANGED_IN_STORE,
            ),
        ),
        drifted_count=1,
        hidden=(),
        unchecked_skus=0,
        oldest_unsettled_seconds=0.4,
        held_updates=1,
        requests=31,
    )


def documents() -> dict[str, Any]:
    """What else goes over the wire, by the name of its schema."""
    event = events()["retail.order.snapshot.v1"]
    stock = {
        "id": "u-1",
        "kind": "stock",
        "sku": "MUG-1",
        "version": 1042,
        "quantity": 18,
        "seen_position": 48811,
        "unseen": ["order/1019"],
    }
    price = {
        "id": "u-2",
        "kind": "price",
        "sku": "MUG-1",
        "version": 77,
        "currency": "EUR",
        "tax": "excluded",
        "regular_price": "12.90",
        "sale_price": "9.90",
        "sale_from": "2026-11-27T00:00:00Z",
        "sale_to": "2026-11-30T23:59:59Z",
        "effective_at": "2026-11-27T00:00:00Z",
    }
    resend = {"id": "r-1", "kind": "resend", "since_position": 48790}
    applied = {
        "id": "u-1",
        "sku": "MUG-1",
        "kind": "stock",
        "version": 1042,
        "n": 1,
        "status": "applied",
        "message": "less 2 in orders that the ERP has not seen",
        "store": {"id": 10, "quantity": 16},
        "before": {"id": 10, "quantity": 19},
        "at": "2026-11-23T20:22:56Z",
    }
    held = {
        "id": "u-2",
        "sku": "MUG-1",
        "kind": "price",
        "version": 77,
        "n": 2,
        "status": "held",
        "code": "price_change",
        "message": "regular_price from 35.00 to 12.90 (prices.max_change_percent is 50)",
        "store": {"regular_price": "12.90"},
        "before": {"id": 10, "regular_price": "35.00"},
        "at": "2026-11-27T00:00:01Z",
    }
    journal = {"journal": "7f3a52c0", "head_position": 48811}
    return {
        "update.stock.v1": stock,
        "update.price.v1": price,
        "update.resend.v1": resend,
        "updates-page.v1": {"updates": [stock, price], "cursor": "812", "journal": "7f3a52c0"},
        "results.v1": {"results": [applied, held]},
        "events-answer.v1": {
            "results": [
                {
                    "id": event["id"],
                    "status": "accepted",
                    "position": 48811,
                    "accepted_at": "2026-11-23T20:22:52Z",
                }
            ],
            **journal,
        },
        "store-description.v1": {
            "name": "ERP of Brand GmbH",
            "environment": "production",
            "max_batch_bytes": 1048576,
            **journal,
            "last_sequence": event["sequence"],
        },
        "problem.v1": {
            "type": "urn:woo-agent:problem:cursor_unknown",
            "title": "Conflict",
            "status": 409,
            "code": "cursor_unknown",
            "detail": "read from the start",
        },
    }


def everything() -> dict[str, Any]:
    """All examples by their names."""
    return events() | documents()
