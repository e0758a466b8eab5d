"""The endpoints of the gateway stand-in: protocol v1, request by request."""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.clock import Clock, iso
from agent.demo import gateway_checks, gateway_events
from agent.demo.gateway_faults import Faults
from agent.demo.gateway_problem import Problem
from agent.demo.gateway_traffic import Traffic
from agent.demo.journal_feed import CursorUnknownError, Feed, Page
from agent.model import envelope

if TYPE_CHECKING:
    from agent.demo.journal import Journal
    from agent.demo.site import Handler

_MOST_UPDATES = 1000


class Endpoints:
    """Reads and writes the file a request is about, and meets the faults that are due.

    Answers to event batches wait while ``answering`` is not set.
    """

    def __init__(
        self,
        journal: Journal,
        feed: Feed,
        clock: Clock,
        *,
        token: str,
        max_batch_bytes: int,
    ) -> None:
        self.faults = Faults()
        self.traffic = Traffic()
        self.accepts = [*gateway_checks.TYPES, "woocommerce.*"]
        self.answering = asyncio.Event()
        self.answering.set()
        self._journal = journal
        self._feed = feed
        self._clock = clock
        self._token = token.encode()
        self._max_batch_bytes = max_batch_bytes
        self._published = asyncio.Event()

    def wake_polls(self) -> None:
        """Polls that wait look again."""
        self._published.set()
        self._published = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """What a ``Site`` is to serve."""
        store = "/v1/stores/{store}"
        return [
            web.get(store, self._guarded(self._describe)),
            web.post(f"{store}/events", self._guarded(self._take_events)),
            web.get(f"{store}/updates", self._guarded(self._give_updates)),
            web.post(f"{store}/updates/results", self._guarded(self._take_results)),
            web.put(f"{store}/heartbeat", self._guarded(self._take_heartbeat)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self.faults.meet_request(request.path, request.headers.get("Woo-Agent-Instance"))
                self._authenticate(request)
                response = await handler(request)
            except Problem as problem:
                response = problem.response()
            response.headers.update(self.faults.headers)
            return response

        return guarded

    def _authenticate(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode(errors="surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
            raise Problem(401, "unauthorized", "expected Authorization: Bearer with our token")

    async def _describe(self, request: web.Request) -> web.StreamResponse:
        head = self._journal.head(request.match_info["store"])
        return self._headed(
            {
                "name": "woo-agent gateway stand-in",
                "environment": "sandbox",
                "accepts": self.accepts,
                "max_batch_bytes": self._max_batch_bytes,
                "journal": head.journal,
                "head_position": head.position,
                "last_sequence": head.last_sequence,
            }
        )

    async def _take_events(self, request: web.Request) -> web.StreamResponse:
        store = request.match_info["store"]
        if request.content_type != envelope.BATCH_CONTENT_TYPE:
            raise Problem(415, "unsupported_media_type", f"expected {envelope.BATCH_CONTENT_TYPE}")
        with self.traffic.in_flight(request) as flight:
            body = await request.read()
            if len(body) > self._max_batch_bytes:
                raise Problem(413, "too_large", f"at most {self._max_batch_bytes} bytes")
            batch = gateway_events.parsed(body)
            now = self._clock.now()
            events = [sent.event for sent in batch]
            self.traffic.arrived(store, flight, events, now)
            self.faults.meet_batch(events)
            answer = gateway_events.take(self._journal, self.faults, store, batch, iso(now))
            await self.answering.wait()
        status = self.faults.withheld_status()
        return self._headed(answer) if status is None else web.Response(status=status)

    async def _give_updates(self, request: web.Request) -> web.StreamResponse:
        limit = min(int(_number(request, "limit", 500)), _MOST_UPDATES)
        wait_s = _number(request, "wait", 0)
        try:
            page = await self._page(
                request.match_info["store"], request.query.get("after"), limit, wait_s
            )
        except CursorUnknownError as error:
            raise Problem(409, "cursor_unknown", "read from the start") from error
        return self._headed(
            {
                "updates": page.updates,
                "cursor": page.cursor,
                "journal": page.journal,
                "head_position": page.head_position,
            }
        )

    def _headed(self, document: dict[str, Any]) -> web.Response:
        if self.faults.hides_head:
            del document["head_position"]
        return web.json_response(document)

    async def _page(self, store: str, after: str | None, limit: int, wait_s: float) -> Page:
        page = self._feed.page(store, after, limit)
        until = self._clock.monotonic() + wait_s
        while wait_s and not page.updates and not self.faults.never_waits:
            published = self._published
            left_s = until - self._clock.monotonic()
            await self._clock.sleep(left_s, or_when=(published,))
            if not published.is_set():
                break
            page = self._feed.page(store, after, limit)
        return page

    async def _take_results(self, request: web.Request) -> web.StreamResponse:
        store = request.match_info["store"]
        results = (await _document(request)).get("results")
        if not isinstance(results, list) or not all(_is_result(result) for result in results):
            raise Problem(422, "invalid", "expected results, each with a text id and a number n")
        self._feed.add_results(store, results)
        taken = [{"id": each["id"], "n": each["n"], "status": "accepted"} for each in results]
        return web.json_response({"results": taken})

    async def _take_heartbeat(self, request: web.Request) -> web.StreamResponse:
        self._feed.put_heartbeat(request.match_info["store"], await _document(request))
        return web.Response(status=204)


async def _document(request: web.Request) -> dict[str, Any]:
    try:
        document = json.loads(await request.read())
    except ValueError as error:
        raise Problem(400, "invalid_json", str(error)) from error
    if not isinstance(document, dict):
        raise Problem(400, "invalid_json", "expected a JSON object")
    return document


def _is_result(result: Any) -> bool:
    return (
        isinstance(result, dict)
        and isinstance(result.get("id"), str)
        and isinstance(result.get("n"), int)
        and 0 <= result["n"] < 2**53
    )


def _number(request: web.Request, name: str, default: float) -> float:
    text = request.query.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise Problem(400, "invalid", f"{name}: expected a number")
    return number
