"""How a running agent is: the facts that health, readiness and the gauges are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import errors, metrics
from agent.ops import health
from agent.ops.facts import Facts, Late, Side
from agent.storage import (
    comparing,
    dead_letters,
    in_force,
    inbox_view,
    outbox_view,
    pauses,
    resources,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.clock import Clock
    from agent.dropfolder.watcher import Watcher
    from agent.events.judge import Judge
    from agent.events.sender import Sender
    from agent.gateway.client import Client
    from agent.ops.reload import Current
    from agent.reconciling import Reconciling
    from agent.storage.database import Database
    from agent.storage.pressure import Pressure
    from agent.updates.applier import Applier
    from agent.updates.puller import Puller

_REFUSALS = frozenset({"http_401", "http_403", "tls"})


class Vitals:
    """How a running agent is."""

    def __init__(
        self,
        settings: Current,
        clock: Clock,
        db: Database,
        room: Pressure,
        gate: Client,
        sender: Sender,
        pulling: Puller,
        applying: Applier,
        judging: Judge,
        comparing: Reconciling,
        dropped: Watcher | None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._db = db
        self._room = room
        self._gate = gate
        self._sender = sender
        self._pulling = pulling
        self._applying = applying
        self._judging = judging
        self._comparing = comparing
        self._dropped = dropped

    async def alive(self) -> bool:
        """The loop turns (else nobody would answer) and the writer answers a no-op commit."""
        return await self._db.answers()

    async def ready(self) -> str:
        """Empty if webhooks can be stored, else why not."""
        if not await self.alive():
            return "the database does not answer"
        if trouble := await self._db.trouble():
            return trouble.message
        try:
            figures = await self._room.figures()
        except errors.StorageError as error:
            return error.message
        return "" if figures.room else "the disk or the database is nearly full"

    async def outbox(self) -> dict[str, Any]:
        """Counts, ages and sizes of the outbox, and the dead letters that somebody must see to."""
        stats = await self._db.read(outbox_view.stats, self._clock.now())
        return stats | await self._db.read(dead_letters.unresolved)

    async def health(self) -> dict[str, Any]:
        """The health document; the gauges of the metrics follow it."""
        settings, now = self._settings(), self._clock.now()
        try:
            outbox = await self.outbox()
            inbox = await self._db.read(inbox_view.stats)
            broken = await self._db.read(resources.broken)
            paused = await self._db.read(pauses.in_force, now)
            figures = await self._room.figures()
            report = await self._db.read(comparing.last_report)
            drifted = await self._comparing.drift.current()
            uncertain = await self._db.read(in_force.uncertain, now)
        except errors.StorageError as error:
            return health.unreadable(now, settings.store.id, error.message)
        _show(outbox, inbox)
        late, cron = self._comparing.lateness, self._comparing.cron
        metrics.WEBHOOKS_UNHEARD.set(late.unheard)
        breaker, feed = self._sender.breaker, self._pulling.trouble
        trouble = self._applying.trouble
        found = Facts(
            at=now,
            store_id=settings.store.id,
            outbox=outbox,
            inbox=inbox,
            gateway=Side(breaker.reason or feed, breaker.refused or feed in _REFUSALS),
            store=Side(
                trouble.message if trouble else "",
                isinstance(trouble, errors.StoreRefusedError),
            ),
            free_bytes=figures.free,
            writes=await self.alive(),
            trouble=await self._db.trouble(),
            deprecated=self._gate.deprecated,
            suspected=await self._db.is_suspected(),
            lost=await self._db.lost(),
            broken=broken,
            loops=self._judging.repeats.loops(now),
            pauses=paused,
            drifted=drifted,
            late=Late(late.late_s(), late.unheard, cron.trouble),
            report=report,
            uncertain=uncertain,
            failing=self._applying.failing,
            behind_s=round(self._comparing.behind.total_seconds(), 1),
            drop_folder=self._dropped.trouble if self._dropped else "",
            webhooks=self._comparing.webhooks.trouble,
            cache=self._comparing.cache.told(),
        )
        return health.document(found, settings)


def _show(outbox: Mapping[str, Any], inbox: Mapping[str, int]) -> None:
    for state in ("pending", "accepted", "dead", "discarded"):
        metrics.OUTBOX_ROWS.labels(state, "event").set(outbox[state])
    for verdict, count in outbox["skipped"].items():
        metrics.OUTBOX_ROWS.labels("skipped", verdict).set(count)
    for state in ("pending", "waiting", "held"):
        metrics.INBOX_ROWS.labels(state).set(inbox[state])
    metrics.OLDEST_PENDING_SECONDS.set(outbox["oldest_pending_s"] or 0.0)
    metrics.DATABASE_BYTES.set(outbox["db_bytes"])
