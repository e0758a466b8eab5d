"""A shop that sends signed webhooks and remembers only what was answered 200."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp

from agent.woo import signature
from tests import recordings

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

CHANGES = 4  # of each resource, one after the other
_ORDER, _PRODUCT = recordings.webhook(14), recordings.webhook(32)
_TWICE = 0.1  # WooCommerce tells the same thing again at times


class Shop:
    """``answered`` and ``sent`` hold marks: each body carries one of its own, orders as their note,
    products as their name. ``sent`` has them by subject, in order."""

    def __init__(self, url: str, rng: random.Random, *, told: Callable[[], None]) -> None:
        self._url = url
        self._rng = rng
        self._told = told
        self.sent: dict[str, list[str]] = {}
        self.answered: set[str] = set()

    async def sell(self, until: Callable[[], bool], *, side_by_side: int) -> None:
        """Resource after resource is made and changed, until that holds."""
        numbers = itertools.count(1)

        async def one(session: aiohttp.ClientSession) -> None:
            while not until():
                number = next(numbers)
                for change in range(CHANGES):
                    await self._tell(session, number, change)

        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await asyncio.gather(*(one(session) for _ in range(side_by_side)))

    async def _tell(self, session: aiohttp.ClientSession, number: int, change: int) -> None:
        kind = "product" if number % 4 == 0 else "order"
        mark = f"{number}-{change}"
        self.sent.setdefault(f"{kind}/{number}", []).append(mark)
        for _ in range(1 + (self._rng.random() < _TWICE)):
            await self._send(session, mark, kind, _body(kind, number, change, mark))

    async def _send(
        self, session: aiohttp.ClientSession, mark: str, kind: str, body: bytes
    ) -> None:
        headers = {
            **_ORDER.headers,
            "X-WC-Webhook-Topic": f"{kind}.updated",
            "X-WC-Webhook-Signature": signature.sign(body, recordings.SECRET.encode()),
        }
        try:
            async with session.post(self._url, data=body, headers=headers) as response:
                if response.status == 200:
                    self.answered.add(mark)
                    self._told()
        except (aiohttp.ClientError, TimeoutError):  # WooCommerce does not send it again
            await asyncio.sleep(self._rng.uniform(0.1, 0.3))


def mark_of(event: dict[str, Any]) -> str:
    """What the gateway got is known by the mark it carries."""
    data = event["data"]
    return str(data["customer_note"] if event["subject"].startswith("order/") else data["name"])


def _body(kind: str, number: int, change: int, mark: str) -> bytes:
    changed = datetime(2026, 11, 24, 8, tzinfo=UTC) + timedelta(seconds=change)
    own: dict[str, Any] = {
        "id": number,
        "date_modified_gmt": changed.strftime("%Y-%m-%dT%H:%M:%S"),
    }
    if kind == "order":
        return json.dumps(_ORDER.json() | own | {"customer_note": mark}).encode()
    return json.dumps(_PRODUCT.json() | own | {"name": mark}).encode()
