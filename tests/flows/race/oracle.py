"""Knows what can be sold, and looks for figures above it at quiet moments.

A moment is quiet for a figure when no write is in flight at the store, none is unchecked in the
agent's database, the agent has been alive for a while, and all orders that touch the figure have
been left alone, and read as they are, for as long.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from agent.storage import database
from tests.flows.race import goods, shoppers

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from agent.clock import Clock
    from agent.demo.site import Handler
    from agent.demo.store import Store
    from tests.flows.race.erp import Erp

QUIET_S = 4.0  # stands for ten seconds: the agent rests for two after the store failed
META_LAG_S = 0.05
_LOOK_S = 0.1
_ORDERS = re.compile(r"/orders(/[0-9]+)?$")  # not their refunds
_ON_DISK_S = 2.0  # what was read over REST before that is stored


@dataclass(frozen=True, slots=True)
class OverShown:
    """A figure that was too high, and what the ERP said then."""

    pool: str
    shown: int
    sellable: int
    said: int


class Oracle:
    """``looks`` counts by figure."""

    def __init__(self, store: Store, erp: Erp, clock: Clock, state: Path) -> None:
        self.over_shown: list[OverShown] = []
        self.looks = dict.fromkeys(goods.POOLS, 0)
        self._alive_since: float | None = None
        self._store = store
        self._erp = erp
        self._clock = clock
        self._state = state
        self._changed: dict[int, float] = {}
        self._unread: dict[int, set[str]] = {}
        self._loud_until = dict.fromkeys(goods.POOLS, 0.0)
        self._read_by_rest: dict[int, float] = {}
        store.site._app.middlewares.append(self._watching())

    def changed(self, order: int) -> None:
        """An order was placed or changed just now."""
        at = self._clock.monotonic() + META_LAG_S
        self._changed[order] = at
        self._unread[order] = set(shoppers.claimed(self._store, order))
        for pool in self._unread[order]:
            self._loud_until[pool] = at + QUIET_S

    def read(self, order: int, at: float) -> None:
        """The agent has what that order was at that time."""
        if at >= self._changed.get(order, 0.0):
            for pool in self._unread.pop(order, ()):
                self._loud_until[pool] = self._clock.monotonic() + QUIET_S

    def started(self) -> None:
        """The agent is at work."""
        self._alive_since = self._clock.monotonic()

    def killed(self) -> None:
        """It may not have stored what it was answered last."""
        self._alive_since = None
        stored = self._clock.monotonic() - _ON_DISK_S
        for order, at in self._read_by_rest.items():
            if at > stored:
                self._unread[order] = set(shoppers.claimed(self._store, order))
        self._read_by_rest.clear()

    def sellable(self) -> dict[str, int]:
        """What is on hand, without what orders claim and what was shipped whatever they claim."""
        left = dict(self._erp.on_hand)
        for pools in self.taken().values():
            for pool, units in pools.items():
                left[pool] -= units
        return left

    def taken(self) -> dict[str, dict[str, int]]:
        """Units by order and figure."""
        taken = {}
        for order in self._changed:
            subject = f"order/{order}"
            units = shoppers.claimed(self._store, order)
            for pool, shipped in self._erp.shipped.get(subject, {}).items():
                units[pool] = max(shipped, units.get(pool, 0))
            taken[subject] = units
        return taken

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self._look()
            await self._clock.sleep(_LOOK_S)

    def _look(self) -> None:
        now = self._clock.monotonic()
        if (
            self._store.host.writing
            or self._alive_since is None
            or now - self._alive_since < QUIET_S
            or self._unchecked()
        ):
            return
        loud = {pool for pool, until in self._loud_until.items() if until > now}
        loud = loud.union(*self._unread.values())
        if len(loud) == len(goods.POOLS):
            return
        sellable = self.sellable()
        for pool in set(goods.POOLS) - loud:
            self.looks[pool] += 1
            shown = self._store.stock(pool)
            assert shown is not None
            if shown > sellable[pool]:
                said = self._erp.figure(pool)
                self.over_shown.append(OverShown(pool, shown, sellable[pool], said))

    def pending(self) -> bool:
        """Whether the agent has webhooks to judge, or events to be answered."""
        return self._has("unjudged") or self._has("outbox WHERE state = 'pending'")

    def _unchecked(self) -> bool:
        return self._has("stock_checks WHERE unchecked = 1")

    def _has(self, rows: str) -> bool:
        path = self._state / database.FILE
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            (found,) = db.execute(f"SELECT EXISTS (SELECT 1 FROM {rows})").fetchone()
        return bool(found)

    def _watching(self) -> Any:
        """Orders read over REST: the agent has them once they were answered."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            at = self._clock.monotonic()
            response = await handler(request)
            if request.method == "GET" and _ORDERS.search(request.path) and response.status == 200:
                assert isinstance(response, web.Response)
                for order in _ids(response):
                    self.read(order, at)
                    self._read_by_rest[order] = self._clock.monotonic()
            return response

        return watch


def _ids(response: web.Response) -> list[int]:
    body = json.loads(bytes(response.body or b"null"))  # type: ignore[arg-type]
    rows = body if isinstance(body, list) else [body]
    return [row["id"] for row in rows if isinstance(row, dict) and "id" in row]
