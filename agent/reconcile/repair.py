"""Does what is to be done about the store's webhooks: the daemon every minute, a person by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agent import errors, metrics
from agent.model.registration import Found
from agent.reconcile import webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from agent.model import registration
    from agent.model.registration import Registration
    from agent.reconcile.webhooks import Topic

_STILL_BLIND = "the fresh one sends error objects too: what may the account of our key read?"
_IN_VAIN = "a fresh one was made less than an hour ago and did not help: see the store's own list"


class Registry(Protocol):
    """The store's list of webhooks. Every call raises StoreError."""

    async def all(self) -> list[Registration]:
        """All that are registered."""

    async def create(self, topic: str) -> Registration:
        """A fresh one, to our address; never repeated by itself."""

    async def activate(self, webhook_id: int) -> None:
        """It delivers again."""

    async def delete(self, webhook_id: int) -> None:
        """It is gone, or was."""


class Book(Protocol):
    """What is needed of the storage. What is missing since a topic's last good delivery is asked
    for in the transaction that remembers its repair."""

    async def records(self) -> registration.Records:
        """What is remembered."""

    async def made(self, webhook_id: int, topic: str, found: Found) -> None:
        """We made it."""

    async def activated(self, webhook_id: int, topic: str) -> None:
        """It had been paused."""

    async def deleted(self, webhook_id: int, topic: str) -> None:
        """It is gone."""


async def look(registry: Registry, book: Book, delivery_url: str, now: datetime) -> list[Topic]:
    """How it stands with each topic. Raises StoreError."""
    listed = await registry.all()
    return webhooks.plan(listed, await book.records(), delivery_url, now)


async def repair(
    registry: Registry, book: Book, topics: Sequence[Topic], tell: Callable[[Topic], None]
) -> dict[str, str]:
    """Repairs what is repairable and tells of each; the topics that still lose events, and why.

    Raises StoreUnavailableError: what was told of until then is done.
    """
    left: dict[str, str] = {}
    refused = ""
    for one in topics:
        if refused or not one.is_repairable:
            if one.is_losing:
                blind = one.found is Found.ERROR_BODIES
                left[one.topic] = refused or (_STILL_BLIND if blind else _IN_VAIN)
            continue
        try:
            await _mend(registry, book, one)
        except errors.StoreRejectedError as error:
            if one.is_losing:
                left[one.topic] = error.message
        except errors.StoreRefusedError as error:  # it would say the same of all others
            left[one.topic] = refused = error.message
        else:
            metrics.WEBHOOK_REPAIRS.labels(one.found).inc()
            tell(one)
    return left


async def _mend(registry: Registry, book: Book, one: Topic) -> None:
    """The old one goes last: until then it may still deliver."""
    if one.make and one.found is not None:
        fresh = await registry.create(one.topic)
        await book.made(fresh.id, one.topic, one.found)
    elif one.record and one.webhook is not None and one.found is not None:
        await book.made(one.webhook.id, one.topic, one.found)
    elif one.activate and one.webhook is not None:
        await registry.activate(one.webhook.id)
        await book.activated(one.webhook.id, one.topic)
    for number in one.delete:
        await registry.delete(number)
        await book.deleted(number, one.topic)
