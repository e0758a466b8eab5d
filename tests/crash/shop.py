"""A shop that sends signed webhooks, once each, and remembers only what was answered 200."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp

from agent.woo import signature
from tests import recordings

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_RECORDED = recordings.webhook(14)


class Shop:
    """``answered`` and ``sent`` hold marks: each body carries one of its own as its note."""

    def __init__(self, url: str, rng: random.Random, *, told: Callable[[], None]) -> None:
        self._url = url
        self._rng = rng
        self._told = told
        self.sent: dict[str, list[str]] = {}
        self.answered: set[str] = set()

    async def sell(self, *, orders: int, changes: int, side_by_side: int) -> None:
        """Every order changes that many times, its changes one after the other."""
        waiting = iter(range(1, orders + 1))

        async def one(session: aiohttp.ClientSession) -> None:
            for order in waiting:
                for change in range(changes):
                    await self._send(session, order, change)

        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await asyncio.gather(*(one(session) for _ in range(side_by_side)))

    async def _send(self, session: aiohttp.ClientSession, order: int, change: int) -> None:
        mark = f"{order}-{change}"
        self.sent.setdefault(f"order/{order}", []).append(mark)
        body = self._body(order, change, mark)
        headers = {
            **_RECORDED.headers,
            "X-WC-Webhook-Signature": signature.sign(body, recordings.SECRET.encode()),
        }
        try:
            async with session.post(self._url, data=body, headers=headers) as response:
                if response.status == 200:
                    self.answered.add(mark)
                    self._told()
        except (aiohttp.ClientError, TimeoutError):  # WooCommerce does not send it again
            await asyncio.sleep(self._rng.uniform(0.1, 0.3))

    def _body(self, order: int, change: int, mark: str) -> bytes:
        changed = datetime(2026, 11, 24, 8, tzinfo=UTC) + timedelta(seconds=change)
        body: dict[str, Any] = _RECORDED.json() | {
            "id": order,
            "number": str(order),
            "customer_note": mark,
            "date_modified_gmt": changed.strftime("%Y-%m-%dT%H:%M:%S"),
        }
        return json.dumps(body).encode()
