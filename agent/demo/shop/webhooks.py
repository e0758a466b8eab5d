"""Webhooks and the jobs they wait with (WC:includes/class-wc-webhook.php, Action Scheduler)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_MAX_FAILURES = 5  # woocommerce_max_webhook_delivery_failures


@dataclass
class Webhook:
    """One row of ``wc_webhooks``; ``failures`` is never shown over REST."""

    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    created: datetime
    modified: datetime | None = None
    status: str = "active"  # active, paused, disabled
    pending_ping: bool = True
    failures: int = 0
    user_gone: bool = False  # the account in whose name its bodies are built
    legacy: bool = False  # made in the store's admin, for the API before wc/v1

    @property
    def resource(self) -> str:
        return self.topic.split(".")[0]

    @property
    def event(self) -> str:
        return self.topic.split(".", 1)[1]

    def delivered(self, *, ok: bool) -> None:
        """Disabled by the 7th failure in a row; then, re-activated, by the very next one."""
        if ok:
            self.failures = 0
        elif self.failures > _MAX_FAILURES:
            self.status = "disabled"
        else:
            self.failures += 1


@dataclass(frozen=True)
class Job:
    """One scheduled delivery: the body is built only when it runs."""

    webhook_id: int
    resource_id: int


class Webhooks:
    """All webhooks, and their pending jobs in the order in which they were scheduled."""

    def __init__(self) -> None:
        self.by_id: dict[int, Webhook] = {}
        self._pending: OrderedDict[Job, None] = OrderedDict()
        self._next_id = 1
        self.on_emit: Callable[[], None] = lambda: None  # told that jobs may have come
        self.on_cron: Callable[[], None] = lambda: None  # told that the cron runs

    def next_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    @property
    def pending(self) -> int:
        return len(self._pending)

    def remove(self, webhook_id: int) -> None:
        """What is pending for it never comes."""
        del self.by_id[webhook_id]
        for job in [job for job in self._pending if job.webhook_id == webhook_id]:
            del self._pending[job]

    def emit(self, topic: str, resource_id: int) -> None:
        """A job for each active webhook of the topic, unless the same one is pending already."""
        for webhook in self.by_id.values():
            if webhook.topic == topic and webhook.status == "active":
                self._pending.setdefault(Job(webhook.id, resource_id))
        self.on_emit()

    def take(self) -> Job | None:
        """The oldest job, which from now on is running and no longer pending."""
        return self._pending.popitem(last=False)[0] if self._pending else None
