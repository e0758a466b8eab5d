"""The only file that knows every box: opens them in order, starts the actors, stops them.

Nesting is the shutdown order: actors first, then the listeners, then the connections, and last the
database, so that the last answer can still be committed. Webhooks are taken in longest.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import actor, errors, metrics
from agent.events import followups, forwarder, judge
from agent.gateway import client as gateway
from agent.ops import health, http
from agent.ops.admin import Admin
from agent.ops.reload import Current, Reload
from agent.ops.watchdog import Watchdog
from agent.storage import database, inbox_view, outbox_view, queues
from agent.updates import applier, puller, reporter
from agent.woo import client as woo
from agent.woo import webhook, wire
from agent.woo.translate import payload, reading

if TYPE_CHECKING:
    import random
    import socket
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from agent.clock import Clock
    from agent.model.delivery import Event, Reading, Received
    from agent.ops.systemd import Notifier
    from agent.settings import Settings, TcpAddress, UnixAddress

log = logging.getLogger(__name__)

ANSWERS_WITHIN_S = 5.0
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
        sender: forwarder.Forwarder,
        pulling: puller.Puller,
        applying: applier.Applier,
    ) -> None:
        self._settings = settings
        self._clock = around.clock
        self._db = db
        self._sender = sender
        self._pulling = pulling
        self._applying = applying
        self.webhooks: TcpAddress | UnixAddress = settings().webhooks.listen
        self.admin: TcpAddress | UnixAddress = settings().admin.listen
        self.supervision: asyncio.Task[None] = asyncio.create_task(asyncio.sleep(0))

    async def alive(self) -> bool:
        """The loop turns (else nobody would answer) and the writer answers a no-op commit."""
        with contextlib.suppress(TimeoutError, errors.StorageError):
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await self._db.writer.write(_nothing)
                return True
        return False

    async def ready(self) -> str:
        """Empty if webhooks can be stored, else why not."""
        if not await self.alive():
            return "the database does not answer"
        state = self._settings().state
        enough = _free_bytes(state.dir) >= state.min_free
        return "" if enough else "less than state.min_free is left on the disk"

    async def outbox(self) -> dict[str, Any]:
        """Counts, ages and sizes of the outbox."""
        return await self._db.read(outbox_view.stats, self._clock.now())

    async def health(self) -> dict[str, Any]:
        """The health document; the gauges of the metrics follow it."""
        settings, now = self._settings(), self._clock.now()
        try:
            outbox = await self.outbox()
            inbox = await self._db.read(inbox_view.stats)
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
            free_bytes=_free_bytes(settings.state.dir),
            writes=await self.alive(),
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
    stored, judged, arrived, settled = (asyncio.Event() for _ in range(4))

    def read(received: Received) -> Reading:
        return reading.read(received.webhook, homes)

    def encode(event: Event) -> bytes:
        return payload.encoded(event, store_id=store.id, payload=settings.gateway.payload)

    async with AsyncExitStack() as opened:
        enter = opened.enter_async_context
        db = await enter(database.opened(settings.state.dir))
        outbox = queues.Outbox(db, clock=clock, reread=read, version=reading.VERSION)
        inbox = queues.Inbox(db, clock=clock)
        woo_ = await enter(woo.opened(store, clock=clock, rng=rng))
        gate = await enter(
            gateway.opened(settings.gateway, store_id=store.id, instance=db.instance, clock=clock)
        )
        sender = forwarder.Forwarder(
            outbox,
            gate,
            encode,
            settings=lambda: current().gateway,
            clock=clock,
            rng=rng,
            judged=judged,
        )
        pulling = puller.Puller(
            inbox, gate, settings=current, clock=clock, rng=rng, arrived=arrived
        )
        applying = applier.Applier(
            inbox,
            woo_,
            same=wire.same,
            settings=current,
            clock=clock,
            arrived=arrived,
            settled=settled,
        )
        daemon = Daemon(current, around, db, sender, pulling, applying)
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
            "judge": judge.Judge(
                outbox, read, version=reading.VERSION, clock=clock, stored=stored, judged=judged
            ).run,
            "followups": followups.Followups(outbox, woo_, read, clock=clock, judged=judged).run,
            "forwarder": sender.run,
            "puller": pulling.run,
            "applier": applying.run,
            "reporter": reporter.Reporter(inbox, gate, clock=clock, rng=rng, settled=settled).run,
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


def _free_bytes(folder: Path) -> int:
    """0 where the disk can't be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


async def _nothing(_: object) -> None:
    """The writer answers: that is all."""


def _show(outbox: Mapping[str, Any], inbox: Mapping[str, int]) -> None:
    for state in ("pending", "accepted", "dead", "discarded"):
        metrics.OUTBOX_ROWS.labels(state, "event").set(outbox[state])
    for verdict, count in outbox["skipped"].items():
        metrics.OUTBOX_ROWS.labels("skipped", verdict).set(count)
    for state in ("pending", "waiting", "held"):
        metrics.INBOX_ROWS.labels(state).set(inbox[state])
    metrics.OLDEST_PENDING_SECONDS.set(outbox["oldest_pending_s"] or 0.0)
    metrics.DATABASE_BYTES.set(outbox["db_bytes"])
