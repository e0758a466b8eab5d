"""The webhook listener: limit, verify, append, answer. It decides nothing else.

WooCommerce sends each webhook once and waits up to 60 s for the answer while its other deliveries
queue behind: the answer comes as soon as the body is on disk, and not before.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from agent import errors, metrics, tracing
from agent.model import envelope
from agent.model.delivery import OURS, Webhook
from agent.woo import signature

if TYPE_CHECKING:
    import asyncio
    import random
    from collections.abc import Awaitable

    from agent.clock import Clock
    from agent.settings import WebhookSettings

log = logging.getLogger(__name__)

# class-wc-webhook.php, deliver_ping: unsigned, and only exactly 200 counts as an answer.
_PING = re.compile(rb"webhook_id=[0-9]+")


class Outbox(Protocol):
    """Where webhooks are kept."""

    def append(self, event_id: str, webhook: Webhook) -> Awaitable[None]:
        """Done when it is on disk; raises StorageError, at the latest after some seconds."""


class Receiver:
    """Answers ``POST <webhooks.path>``."""

    def __init__(
        self,
        settings: WebhookSettings,
        outbox: Outbox,
        *,
        clock: Clock,
        rng: random.Random,
        stored: asyncio.Event,
    ) -> None:
        secrets = (settings.secret, settings.previous_secret)
        self._secrets = tuple(s.get_secret_value().encode() for s in secrets if s is not None)
        self._max_body = settings.max_body
        self._path = settings.path
        self._outbox = outbox
        self._clock = clock
        self._rng = rng
        self._stored = stored
        self._count = {
            answer: metrics.WEBHOOKS.labels(str(answer)) for answer in (200, 400, 401, 413, 503)
        }

    def application(self) -> web.Application:
        """Nothing but this one route is served."""
        application = web.Application(client_max_size=self._max_body)
        application.router.add_post(self._path, self.receive)
        return application

    async def receive(self, request: web.Request) -> web.Response:
        """200 once the body is on disk, 401, 400, 413, or 503 when it can't be stored."""
        if (request.content_length or 0) > self._max_body:
            return self._too_large()
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._too_large()
        headers = request.headers
        given = headers.get("X-WC-Webhook-Signature")
        topic = headers.get("X-WC-Webhook-Topic", "")
        if given is None:
            if not topic and _PING.fullmatch(body):
                return self._answer(200)
            return self._answer(401, "X-WC-Webhook-Signature is missing")
        if not signature.verifies(body, given, self._secrets):
            return self._answer(401, "X-WC-Webhook-Signature does not fit body and secret")
        if not topic:
            return self._answer(400, "X-WC-Webhook-Topic is missing: not a webhook")
        received_at = self._clock.now()
        webhook = Webhook(
            received_at=received_at,
            topic=_storable(topic),
            source=_storable(headers.get("X-WC-Webhook-Source", "")),
            webhook_id=_claimed(headers.get("X-WC-Webhook-ID", "")),
            delivery_id=_storable(headers.get("X-WC-Webhook-Delivery-ID", "")),
            body=body,
        )
        event_id = envelope.event_id(received_at, self._rng.getrandbits(74))
        with tracing.working("", envelope.traceparent(event_id)):
            try:
                await self._outbox.append(event_id, webhook)
            except errors.StorageError as error:
                log.debug("%s could not be stored: %s", webhook.topic, error.message)
                return self._answer(503, "the webhook can't be stored now")
            log.debug("%s stored", webhook.topic)
        self._stored.set()
        return self._answer(200)

    def _too_large(self) -> web.Response:
        return self._answer(413, f"the body is larger than webhooks.max_body ({self._max_body} B)")

    def _answer(self, status: int, reason: str = "") -> web.Response:
        self._count[status].inc()
        return web.Response(status=status, text=reason)


def _claimed(webhook_id: str) -> str:
    """Headers are not signed: none may pass for a read of ours."""
    return "" if webhook_id in OURS else _storable(webhook_id)


def _storable(value: str) -> str:
    """Header bytes that are not UTF-8 can't be stored as text."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()
