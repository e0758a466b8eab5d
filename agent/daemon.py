"""The only file that knows every box: opens them in order, starts the actors, stops them.

Nesting is the shutdown order: actors first, then the listeners, then the connections, and last the
database, so that the last answer can still be committed. Webhooks are taken in longest.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from agent import actor
from agent.dropfolder.watcher import Watcher
from agent.events import (
    baseline,
    fetching,
    followups,
    forwarder,
    greeting,
    judge,
    resending,
    store_look,
    terms,
)
from agent.events.sender import Sender
from agent.gateway import client as gateway
from agent.gateway.heartbeat import Heartbeat
from agent.ops import http
from agent.ops.admin import Admin
from agent.ops.ageing import Ageing
from agent.ops.reload import Current, Reload
from agent.ops.watchdog import Watchdog
from agent.reconciling import Reconciling
from agent.storage import ageing, database, inbox_queue, privacy, queues, set_aside, stock
from agent.storage.open_orders import Waiting
from agent.storage.pressure import Pressure
from agent.updates import applier, holds, puller, reporter, resolver, stock_checks, writing
from agent.updates.door import Door
from agent.vitals import Vitals
from agent.woo import client as woo
from agent.woo import reads, webhook, wire
from agent.woo.translate import order_state, payload, reading, rules

if TYPE_CHECKING:
    import random
    import socket
    from collections.abc import AsyncIterator, Callable

    from agent.clock import Clock
    from agent.model.delivery import Event, Reading, Received
    from agent.ops.systemd import Notifier
    from agent.settings import Settings, TcpAddress, UnixAddress

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a daemon gets from outside; tests hand in their own."""

    clock: Clock
    rng: random.Random
    notifier: Notifier
    webhooks_socket: socket.socket | None = None


class Daemon(Vitals):
    """A running agent: where it listens, how it is, and when it ended."""

    webhooks: TcpAddress | UnixAddress
    admin: TcpAddress | UnixAddress
    supervision: asyncio.Task[None]
    """Once the actors have started."""


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
    owners = rules.of(settings.canonical, raw=not canonical)

    def read(received: Received) -> Reading:
        said = reading.read(received.webhook, homes, owners)
        return said if canonical else replace(said, data=b"")

    def encode(event: Event) -> bytes:
        return payload.encoded(
            event,
            store_id=store.id,
            payload=settings.gateway.payload,
            rules=owners,
            privacy=private,
        )

    async with AsyncExitStack() as opened:
        enter = opened.enter_async_context
        db = await enter(database.opened(settings.state.dir, clock))
        private = await db.read(privacy.of, settings.privacy)
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
        await outbox.start(store.go_live)
        inbox = inbox_queue.Inbox(db, clock=clock, pressure=room)
        woo_ = await enter(woo.opened(store, clock=clock, rng=rng))
        gate = await enter(
            gateway.opened(
                settings.gateway, store_id=store.id, instance=db.instance, clock=clock, rng=rng
            )
        )
        agreement = terms.Agreement(set_aside.SetAside(db, clock=clock))
        sender = Sender(
            outbox,
            gate,
            encode,
            settings=lambda: current().gateway,
            clock=clock,
            rng=rng,
            agreement=agreement,
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
        api = reads.Reads(woo_)
        fetcher = fetching.Fetcher(
            outbox,
            api,
            read=read,
            version=reading.VERSION,
            source=store.url,
            clock=clock,
            rng=rng,
            stored=stored,
        )
        forwarding = forwarder.Forwarder(
            outbox, sender, settings=lambda: current().gateway, clock=clock, judged=judged
        )
        shelf = stock.Stock(db, clock=clock)
        comparing = Reconciling(
            db,
            outbox,
            fetcher,
            woo_,
            settings=current,
            clock=clock,
            busy=lambda: applying.is_busy,
            stored=stored,
            asked=asked,
            judged=judged,
        )
        checking = stock_checks.StockChecks(
            shelf,
            comparing.look,
            in_flight=lambda: forwarding.in_flight,
            settings=current,
            clock=clock,
        )
        applying = applier.Applier(
            inbox,
            woo_,
            resolver.Resolver(shelf, woo_, clock=clock, lists=api),
            writing.Writing(woo_, settings=lambda: current().store, clock=clock),
            checking,
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
            drift=comparing.drift,
            lateness=comparing.lateness,
        )
        folder = settings.updates.drop_folder
        door = Door(inbox, settings=current, clock=clock, arrived=arrived)
        dropped = Watcher(folder, door.take, clock=clock) if folder else None
        daemon = Daemon(
            current, clock, db, room, gate, sender, pulling, applying, judging, comparing, dropped
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
        over = partial(order_state.is_over, rules=owners)
        waiting = Waiting(lambda: current().privacy.erase_within, over)
        actors: dict[str, actor.Actor] = {
            "writer": db.writer_ended,
            "judge": judging.run,
            "followups": followups.Followups(
                outbox,
                woo_,
                fetcher,
                read,
                budget=comparing.budget,
                clock=clock,
                asked=asked,
                judged=judged,
            ).run,
            "baseline": baseline.Baseline(
                outbox,
                api,
                fetcher,
                partial(reading.order_of, rules=owners),
                store_now=woo_.store_now,
                settings=current,
                clock=clock,
                known=arrived,
            ).run,
            **comparing.actors(shelf, checking),
            "store": store_look.StoreLook(fetcher, store_id=store.id, clock=clock).run,
            "forwarder": forwarding.run,
            "resending": resending.Resending(
                outbox, clock=clock, requeued=judged, settled=settled
            ).run,
            "heartbeat": Heartbeat(gate, health=daemon.health, clock=clock).run,
            "greeting": greeting.Greeting(outbox, gate, agreement, clock=clock, greeted=judged).run,
            "puller": pulling.run,
            "applier": applying.run,
            "holds": holds.Holds(inbox, clock=clock, settled=settled).run,
            "reporter": reporter.Reporter(inbox, gate, clock=clock, rng=rng, settled=settled).run,
            "ageing": Ageing(
                ageing.Settled(db, waiting),
                retention=lambda: current().state.retention,
                clock=clock,
            ).run,
            "watchdog": Watchdog(
                around.notifier, alive=daemon.alive, health=daemon.health, clock=clock
            ).run,
        }
        if dropped is not None:
            actors["drop folder"] = dropped.run
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
