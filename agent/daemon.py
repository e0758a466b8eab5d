"""The only file that knows every box: opens them in order, starts the actors, stops them.

Nesting is the shutdown order: actors first, then the listeners, then the connections, and last the
database, so that the last answer can still be committed. Webhooks are taken in longest.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent import actor, errors, metrics
from agent.events import fetching, followups, forwarder, greeting, judge
from agent.events.sender import Sender
from agent.gateway import client as gateway
from agent.gateway.heartbeat import Heartbeat
from agent.ops import health, http
from agent.ops.admin import Admin
from agent.ops.ageing import Ageing
from agent.ops.reload import Current, Reload
from agent.ops.watchdog import Watchdog
from agent.storage import (
    ageing,
    database,
    dead_letters,
    inbox_view,
    outbox_view,
    pauses,
    queues,
    resources,
)
from agent.storage.pressure import Pressure
from agent.updates import applier, puller, reporter
from agent.woo import client as woo
from agent.woo import reads, webhook, wire
from agent.woo.translate import payload, reading

if TYPE_CHECKING:
    import random
    import socket
    from collections.abc import AsyncIterator, Callable, Mapping

    from agent.clock import Clock
    from agent.model.delivery import Event, Reading, Received
    from agent.ops.systemd import Notifier
    from agent.settings import Settings, TcpAddress, UnixAddress

log = logging.getLogger(__name__)

_REFUSALS = frozenset({"http_401", "http_403", "tls"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a daemon gets from outside; tests hand in their own."""

    clock: Clock
    rng: random.Random
    notifier: Notifier
    webhooks_socket: socket.socket | None = None


class Daemon:
    """A running agent: where it listens, how it is, and when it ended."""

    def __init__(
        self,
        settings: Current,
        around: Surroundings,
        db: database.Database,
        room: Pressure,
        sender: Sender,
        pulling: puller.Puller,
        applying: applier.Applier,
        judging: judge.Judge,
    ) -> None:
        self._settings = settings
        self._clock = around.clock
        self._db = db
        self._room = room
        self._sender = sender
        self._pulling = pulling
        self._applying = applying
        self._judging = judging
        self.webhooks: TcpAddress | UnixAddress = settings().webhooks.listen
        self.admin: TcpAddress | UnixAddress = settings().admin.listen
        self.supervision: asyncio.Task[None]  # once the actors have started

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
        except errors.StorageError as error:
            return health.unreadable(now, settings.store.id, error.message)
        _show(outbox, inbox)
        breaker, feed = self._sender.breaker, self._pulling.trouble
        trouble = self._applying.trouble
        facts = health.Facts(
            at=now,
            store_id=settings.store.id,
            outbox=outbox,
            inbox=inbox,
            gateway=health.Side(breaker.reason or feed, breaker.refused or feed in _REFUSALS),
            store=health.Side(
                trouble.message if trouble else "",
                isinstance(trouble, errors.StoreRefusedError),
            ),
            free_bytes=figures.free,
            writes=await self.alive(),
            trouble=await self._db.trouble(),
            lost=await self._db.lost(),
            broken=broken,
            loops=self._judging.repeats.loops(now),
            pauses=paused,
        )
        return health.document(facts, settings)


@asynccontextmanager
async def running(
    settings: Settings,
    around: Surroundings,
    *,
    reload: Callable[[Current], Reload] | None = None,
    hurry: asyncio.Event | None = None,
) -> AsyncIterator[Daemon]:
    """An agent at work from entry to exit. Raises StartError or ConfigError where it can't start.

    ``Daemon.supervision`` ends early only by a fault, which it then carries.
    """
    current = Current(settings)
    clock, rng, store = around.clock, around.rng, settings.store
    homes = frozenset(reading.home(url) for url in (store.url, *store.aliases))
    stored, asked, judged, arrived, settled = (asyncio.Event() for _ in range(5))

    canonical = settings.gateway.payload == "canonical"

    def read(received: Received) -> Reading:
        said = reading.read(received.webhook, homes)
        return said if canonical else replace(said, data=b"")

    def encode(event: Event) -> bytes:
        return payload.encoded(event, store_id=store.id, payload=settings.gateway.payload)

    async with AsyncExitStack() as opened:
        enter = opened.enter_async_context
        db = await enter(database.opened(settings.state.dir, clock))
        room = Pressure(db, lambda: current().state, clock)
        outbox = queues.Outbox(
            db,
            clock=clock,
            pressure=room,
            reread=read,
            version=reading.VERSION,
            translated=canonical,
            retention=settings.state.retention,
        )
        inbox = queues.Inbox(db, clock=clock, pressure=room)
        woo_ = await enter(woo.opened(store, clock=clock, rng=rng))
        gate = await enter(
            gateway.opened(settings.gateway, store_id=store.id, instance=db.instance, clock=clock)
        )
        sender = Sender(
            outbox,
            gate,
            encode,
            settings=lambda: current().gateway,
            clock=clock,
            rng=rng,
        )
        pulling = puller.Puller(
            inbox,
            gate,
            settings=current,
            clock=clock,
            rng=rng,
            arrived=arrived,
            journal=outbox.journal,
        )
        applying = applier.Applier(
            inbox,
            woo_,
            same=wire.same,
            settings=current,
            clock=clock,
            arrived=arrived,
            settled=settled,
            usurped=lambda: pulling.usurped or sender.breaker.reason == "another_instance",
        )
        judging = judge.Judge(
            outbox,
            read,
            version=reading.VERSION,
            max_repeats=lambda: current().health.max_repeats,
            clock=clock,
            stored=stored,
            asked=asked,
            judged=judged,
        )
        daemon = Daemon(current, around, db, room, sender, pulling, applying, judging)
        fetcher = fetching.Fetcher(
            outbox, reads.Reads(woo_), source=store.url, clock=clock, rng=rng, stored=stored
        )
        receiver = webhook.Receiver(settings.webhooks, outbox, clock=clock, rng=rng, stored=stored)
        daemon.webhooks = await enter(
            http.listening(
                receiver.application(),
                settings.webhooks.listen,
                setting="webhooks.listen",
                inherited=around.webhooks_socket,
            )
        )
        admin = Admin(settings.admin, alive=daemon.alive, ready=daemon.ready, health=daemon.health)
        daemon.admin = await enter(
            http.listening(admin.application(), settings.admin.listen, setting="admin.listen")
        )
        actors: dict[str, actor.Actor] = {
            "writer": db.writer_ended,
            "judge": judging.run,
            "followups": followups.Followups(
                outbox, woo_, fetcher, read, clock=clock, asked=asked, judged=judged
            ).run,
            "forwarder": forwarder.Forwarder(
                outbox,
                sender,
                settings=lambda: current().gateway,
                clock=clock,
                judged=judged,
            ).run,
            "heartbeat": Heartbeat(gate, health=daemon.health, clock=clock).run,
            "greeting": greeting.Greeting(outbox, gate, clock=clock).run,
            "puller": pulling.run,
            "applier": applying.run,
            "reporter": reporter.Reporter(inbox, gate, clock=clock, rng=rng, settled=settled).run,
            "ageing": Ageing(
                ageing.Settled(db), retention=lambda: current().state.retention, clock=clock
            ).run,
            "watchdog": Watchdog(
                around.notifier, alive=daemon.alive, health=daemon.health, clock=clock
            ).run,
        }
        if reload is not None:
            actors["reload"] = reload(current).run
        stop = asyncio.Event()
        daemon.supervision = asyncio.create_task(
            actor.supervise(actors, stop, settings.stop_grace, hurry or asyncio.Event()),
            name="supervision",
        )
        around.notifier.ready("running")
        log.info("taking webhooks on %s, health on %s", daemon.webhooks, daemon.admin)
        try:
            yield daemon
        finally:
            around.notifier.stopping()
            stop.set()
            await asyncio.wait([daemon.supervision])
    daemon.supervision.result()


def _show(outbox: Mapping[str, Any], inbox: Mapping[str, int]) -> None:
    for state in ("pending", "accepted", "dead", "discarded"):
        metrics.OUTBOX_ROWS.labels(state, "event").set(outbox[state])
    for verdict, count in outbox["skipped"].items():
        metrics.OUTBOX_ROWS.labels("skipped", verdict).set(count)
    for state in ("pending", "waiting", "held"):
        metrics.INBOX_ROWS.labels(state).set(inbox[state])
    metrics.OLDEST_PENDING_SECONDS.set(outbox["oldest_pending_s"] or 0.0)
    metrics.DATABASE_BYTES.set(outbox["db_bytes"])
