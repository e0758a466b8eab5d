"""Accounts and what they bought, deleted and erased through the same steps as the daemon's."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from agent.model.delivery import Accepted, Judged, Verdict
from agent.storage import ageing, open_orders, outbox
from agent.woo.translate import order_state
from tests.storage import seeding
from tests.storage.seeding import AT, select, settle

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.delivery import Event
    from agent.storage.database import Database

DAY = timedelta(days=1)
NAME = "Lovelace"
ACCOUNT = {"id": 3, "email": "ada@example.com", "last_name": NAME}
GONE = {"id": 3, "erased": True}
DELETED = "retail.customer.deleted.v1"


WAITING = open_orders.Waiting(lambda: 30 * DAY, order_state.is_over)


def order(number: int, customer: Any = 3, *, status: str = "completed") -> dict[str, Any]:
    said = {"id": number, "status": status, "customer_id": customer, "total": "9.90"}
    return {**said, "billing": {"last_name": NAME}}


def left(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"billing": {"last_name": ""}}


async def came(
    db: Database,
    subject: str,
    body: Any,
    *,
    verdict: Verdict = Verdict.EVENT,
    at: datetime = AT,
    **more: Any,
) -> Event:
    """An event about that subject, or what another verdict makes of it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    resource = subject.partition("/")[0]
    hook = seeding.webhook(raw, topic=f"{resource}.updated", at=at)
    [row] = await seeding.append(db, hook)
    said = seeding.reading(subject, resource=resource, data=b'{"x":"Lovelace"}', **more)
    await seeding.judge(db, Judged(row.sequence, verdict, said))
    [event] = await db.read(outbox.events, [row.sequence])
    return event


async def accepted(db: Database, subject: str, body: Any, **more: Any) -> Event:
    event = await came(db, subject, body, **more)
    await settle(db, event, Accepted(7, "2026-11-24T08:00:00Z"))
    return event


async def deleted(db: Database, number: int = 3) -> Event:
    subject = f"customer/{number}"
    return await accepted(db, subject, {"id": number}, type=DELETED, deletion=True)


async def erase(db: Database, now: datetime = AT) -> int:
    """As far as it goes; how many steps."""
    steps, settled = 0, ageing.Settled(db, WAITING)
    while await settled.erase(now):
        steps += 1
    return steps


async def body(db: Database, event: Event) -> Any:
    [(raw,)] = await select(db, "SELECT body FROM arrivals WHERE sequence = ?", event.sequence)
    return json.loads(raw)
