"""A product showed other stock: that enters the line too, in the transaction that judges it.

So it is there once for each product event, whatever happens between the two.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agent.model import envelope
from agent.model.delivery import READ_BY_US, STOCK_TOPIC, Webhook
from agent.storage import outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agent.storage.writer import Tx


async def append(
    tx: Tx, stocked: Sequence[tuple[int, bytes]], now: datetime, last: int | None
) -> int | None:
    """Takes those bodies in, each with the number of the product event that is its cause; the last
    number given. ``last`` is as in ``outbox.append``."""
    if not stocked:
        return last
    causes = {row.sequence: row for row in await outbox.received(tx, [n for n, _ in stocked])}
    arrivals = []
    for number, body in stocked:
        cause = causes[number]
        source = cause.webhook.source
        webhook = Webhook(now, STOCK_TOPIC, source, READ_BY_US, str(number), body, cause.id)
        arrivals.append((_id(cause.id, now), webhook))
    return await outbox.append(tx, arrivals, last)


def _id(cause: str, now: datetime) -> str:
    """As random as that of its cause."""
    bits = int.from_bytes(hashlib.blake2b(cause.encode(), digest_size=10).digest())
    return envelope.event_id(now, bits >> 6)
