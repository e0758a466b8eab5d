"""No order is lost for one character of it that is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import agents, recordings
from tests.flows import shop as flow

if TYPE_CHECKING:
    from tests.flows.shop import Shop


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"thanks \ud83d", "thanks \N{REPLACEMENT CHARACTER}"),
        (rb"\uDE00 thanks", "\N{REPLACEMENT CHARACTER} thanks"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        (rb"thanks \ud83d\ude00", "thanks \N{GRINNING FACE}"),
    ],
)
async def test_an_order_is_sent_with_a_replacement_in_its_place(
    shop: Shop, written: bytes, read: str
) -> None:
    body: dict[str, Any] = recordings.webhook(14).json() | {"customer_note": "NOTE"}
    raw = json.dumps(body).replace("NOTE", "%s").encode() % written
    await shop.post(flow.signed_raw("order.updated", raw))
    await shop.until(lambda outbox: not outbox["pending"] and not outbox["unjudged"])
    [event] = [e for e in shop.gateway.events(agents.STORE) if e["subject"] == "order/1022"]
    assert event["data"]["customer_note"] == read
