"""A stand-in for the ERP's gateway: protocol v1 over real HTTP, for any number of stores.

Tests, ``woo-agent demo`` and ``woo-agent sandbox gateway`` run the same one. It keeps its books in
a SQLite file, so that it can be closed and opened again like the real thing.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from agent.demo.gateway_http import Endpoints
from agent.demo.journal import Journal
from agent.demo.journal_feed import Feed
from agent.demo.journal_file import JournalFile
from agent.demo.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from agent.clock import Clock
    from agent.demo.gateway_traffic import Batch


class Gateway:
    """Configure a client with ``url`` and the token; break it with ``site`` and ``faults``.

    What it was told stays readable until ``serving`` ends. A store exists once it is spoken of.
    """

    def __init__(
        self, path: Path, clock: Clock, *, token: str, max_batch_bytes: int = 1 << 20
    ) -> None:
        self._file = JournalFile(path)
        self._journal = Journal(self._file)
        self._feed = Feed(self._file)
        self._endpoints = Endpoints(
            self._journal, self._feed, clock, token=token, max_batch_bytes=max_batch_bytes
        )
        self.faults = self._endpoints.faults
        self.site = Site(self._endpoints.routes())

    @property
    def url(self) -> str:
        """The base a client is configured with, without a slash at the end."""
        return self.site.url

    @property
    def max_concurrent(self) -> int:
        """The most event batches that were in flight at a time."""
        return self._endpoints.traffic.max_concurrent

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Gateway]:
        """Listens from entry to exit, then closes the file."""
        try:
            async with self.site.serving(host, port):
                yield self
        finally:
            self._file.close()

    def until(self, condition: Callable[[], bool], timeout: float = 10) -> Awaitable[None]:
        """Waits for ``condition``, looked at whenever a request came in or was dealt with."""
        return self.site.until(condition, timeout)

    def behave(self) -> None:
        """Everything is answered properly again."""
        self.site.behave()
        self.faults.clear()
        self.release_answers()

    def hold_answers(self) -> None:
        """Batches of events are stored, but the answers wait until ``release_answers``."""
        self._endpoints.answering.clear()

    def release_answers(self) -> None:
        """What was held is answered now."""
        self._endpoints.answering.set()

    def accept(self, *types: str) -> None:
        """Tells whoever asks that it takes these types of events; it does take others."""
        self._endpoints.accepts = list(types)

    def publish(self, store: str, *updates: dict[str, Any]) -> None:
        """Appends updates to the store's feed, as they are, and wakes the polls that wait."""
        self._feed.publish(store, updates)
        self._endpoints.wake_polls()

    def forget_cursors(self, store: str) -> None:
        """Every cursor given out so far meets ``cursor_unknown``; the updates stay."""
        self._feed.forget_cursors(store)
        self._endpoints.wake_polls()

    def rewind(self, store: str, to_position: int) -> None:
        """As restored from a backup: forgets the events above, under a new journal id.

        Cursors are unknown afterwards; the updates and the results stay.
        """
        self._journal.rewind(store, to_position)
        self._endpoints.wake_polls()

    def head_position(self, store: str) -> int:
        """The highest position given: cheaper to ask than ``events``."""
        return self._journal.head(store).position

    def journal(self, store: str) -> str:
        """The id of the store's journal."""
        return self._journal.head(store).journal

    def events(self, store: str, after: int = 0) -> list[dict[str, Any]]:
        """Above position ``after``, in order: each with ``position``, ``accepted_at`` and
        ``received`` (times).

        An event sent again with ``replay`` stands there once more.
        """
        return self._journal.events(store, after)

    def subjects(self, store: str) -> dict[str, dict[str, Any]]:
        """The event with the highest ``sequence`` of every subject, deletions included."""
        return self._journal.subjects(store)

    def results(self, store: str) -> list[dict[str, Any]]:
        """Results in order of arrival; a repeated (``id``, ``n``) counts once."""
        return self._feed.results(store)

    def result(self, store: str, update_id: str) -> dict[str, Any] | None:
        """The result with the highest ``n`` of one update."""
        return self._feed.result(store, update_id)

    def answered(self, store: str) -> int:
        """How many updates have a result: cheaper to ask than ``results``."""
        return self._feed.answered(store)

    def heartbeat(self, store: str) -> dict[str, Any] | None:
        """The last health document."""
        return self._feed.heartbeat(store)

    def batches(self, store: str) -> list[Batch]:
        """Every batch of events that came, in order, since this object was made."""
        return self._endpoints.traffic.batches(store)

    def overlapping(self, store: str) -> set[str]:
        """Correlation ids of which two events were in flight at a time: there should be none."""
        return self._endpoints.traffic.overlapping(store)
