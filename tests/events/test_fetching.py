"""What is read over REST enters the line as webhooks do, and says when it was read."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agent.events.fetching import Fetcher
from agent.model.delivery import Known, Received, Webhook
from agent.woo.translate import reading
from tests import recordings
from tests.clock import FakeClock
from tests.events import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

SOURCE = "https://shop.example"
HOMES = frozenset({"shop.example"})


class Line:
    """An outbox with numbers from 100 on, and a store whose webhooks come while it is read."""

    def __init__(self, *pages: list[bytes]) -> None:
        self.pages = pages
        self.last = 100
        self.stored: dict[str, Webhook] = {}
        self.judged = True
        self.since = datetime.min.replace(tzinfo=UTC)
        self.known: dict[str, Known] = {}
        self.rows: dict[int, Received] = {}
        self.asked: list[tuple[str, object]] = []
        self.clock, self.nudged = FakeClock(), asyncio.Event()
        self.fetcher = Fetcher(
            self,
            self,
            read=lambda received: reading.read(received.webhook, HOMES),
            version=reading.VERSION,
            source=SOURCE,
            clock=self.clock,
            rng=random.Random(1),
            stored=self.nudged,
        )

    async def last_sequence(self) -> int:
        return self.last

    async def told_since(self) -> datetime:
        return self.since

    async def is_judged(self, sequence: int) -> bool:
        return self.judged

    async def contents(self, subjects: Sequence[str]) -> Mapping[str, Known]:
        return {
            name: one
            for name, one in self.known.items()
            if name in subjects or one.parent in subjects
        }

    async def received(self, sequence: int) -> Received | None:
        return self.rows.get(sequence)

    async def refunds(self, order: int, past: Sequence[bytes | None]) -> list[bytes]:
        self.asked.append((f"refunds of {order}", list(past)))
        self.last += 5
        return self.pages[0] if self.pages else []

    async def about(self, store_id: str) -> bytes:
        self.asked.append(("store", store_id))
        self.last += 5
        return self.pages[0][0]

    async def append(self, event_id: str, webhook: Webhook) -> None:
        self.last += 1
        self.stored[event_id] = webhook

    async def one(self, resource: str, number: int) -> bytes | None:
        self.asked.append((resource, number))
        self.last += 5
        return self.pages[0][0] if self.pages else None

    async def answers(self) -> bool:
        return True

    async def several(self, resource: str, numbers: Sequence[int]) -> Mapping[int, bytes]:
        self.asked.append((resource, list(numbers)))
        self.last += 5
        return {json.loads(body)["id"]: body for body in self.pages[0]}

    async def changed(self, resource: str, since: datetime) -> AsyncIterator[list[bytes]]:
        self.asked.append((resource, since))
        for page in self.pages:
            self.last += 5
            yield page


def read(topic: str, after: int, body: bytes, clock: FakeClock) -> Webhook:
    return Webhook(clock.now(), topic, SOURCE, "rest", str(after), body)


async def test_one_resource() -> None:
    line = Line([b"{}"])
    await line.fetcher.one("order/1022")
    assert line.asked == [("order", 1022)]
    assert list(line.stored.values()) == [read("order.updated", 100, b"{}", line.clock)]
    assert line.nudged.is_set()


async def test_a_resource_that_is_gone_says_nothing() -> None:
    line = Line()
    await line.fetcher.one("order/1022")
    assert (line.stored, line.nudged.is_set()) == ({}, False)


async def test_a_known_resource_that_is_gone_is_told_to_be_once() -> None:
    line = Line()
    line.known = {"order/1022": Known(7, b"", reading.VERSION, None, deleted=False)}
    await line.fetcher.one("order/1022")
    said = read("order.deleted", 100, b'{"id":1022}', line.clock)
    assert list(line.stored.values()) == [said]
    line.known = {"order/1022": Known(7, b"", reading.VERSION, None, deleted=True)}
    await line.fetcher.one("order/1022")
    assert len(line.stored) == 1


async def test_of_several_only_what_is_not_known_is_taken_in_and_history_says_so() -> None:
    other = ORDER.body.replace(b'"id":%d' % ORDER.json()["id"], b'"id":7', 1)
    line = Line([ORDER.body, other])
    line.known = known(ORDER.body, line.clock)
    asked = [SUBJECT, "order/7", "order/8"]
    shown = await line.fetcher.several("order", asked, backfill=True)
    assert shown == {SUBJECT, "order/7"}
    assert line.asked == [("order", [ORDER.json()["id"], 7, 8])]
    [stored] = line.stored.values()
    assert (stored.body, stored.webhook_id) == (other, "backfill")


async def test_what_was_saved_later_without_a_change_is_taken_in_once() -> None:
    line = Line([ORDER.body])
    line.known = known(ORDER.body, line.clock)
    before = line.known[SUBJECT].changed_at
    assert before is not None
    line.known[SUBJECT] = replace(line.known[SUBJECT], changed_at=before - timedelta(seconds=1))
    await line.fetcher.news("order", fakes.AT)
    assert len(line.stored) == 1


async def test_each_page_names_the_newest_arrival_when_its_own_read_began() -> None:
    line = Line([b"1", b"2"], [b"3"], [])
    await line.fetcher.news("product", fakes.AT)
    assert line.asked == [("product", fakes.AT)]
    assert list(line.stored.values()) == [
        read("product.updated", 100, b"1", line.clock),
        read("product.updated", 100, b"2", line.clock),
        read("product.updated", 107, b"3", line.clock),
    ]


ORDER = recordings.webhook(14)
SUBJECT = f"order/{ORDER.json()['id']}"


def known(body: bytes, clock: FakeClock, *, version: int = reading.VERSION) -> dict[str, Known]:
    said = reading.read(read("order.updated", 0, body, clock), HOMES)
    return {SUBJECT: Known(7, said.digest, version, said.changed_at, deleted=False)}


async def test_of_what_changed_only_what_is_not_known_is_taken_in() -> None:
    changed = ORDER.body.replace(b'"status":"processing"', b'"status":"completed"')
    line = Line([ORDER.body], [changed])
    line.known = known(ORDER.body, line.clock)
    assert await line.fetcher.news("order", fakes.AT) == line.last
    assert [hook.body for hook in line.stored.values()] == [changed]


async def test_while_something_waits_to_be_judged_nothing_counts_as_known() -> None:
    line = Line([ORDER.body])
    line.known = known(ORDER.body, line.clock)
    line.judged = False
    await line.fetcher.news("order", fakes.AT)
    assert [hook.body for hook in line.stored.values()] == [ORDER.body]


async def test_what_another_translator_knew_is_taken_in_again() -> None:
    line = Line([ORDER.body])
    line.known = known(ORDER.body, line.clock, version=reading.VERSION - 1)
    await line.fetcher.news("order", fakes.AT)
    assert len(line.stored) == 1


async def test_what_no_webhook_told_of_is_named_as_such_if_that_is_sure() -> None:
    changed = ORDER.body.replace(b'"status":"processing"', b'"status":"completed"')
    saved = ORDER.body.replace(b'"date_modified_gmt":"20', b'"date_modified_gmt":"21')
    draft = ORDER.body.replace(b'"status":"processing"', b'"status":"draft"')
    line = Line([ORDER.body], [saved], [draft])
    line.known = known(ORDER.body, line.clock)
    assert not await line.fetcher.untold("order", fakes.AT)
    assert [hook.body for hook in line.stored.values()] == [saved]  # as every look takes it in

    line = Line([ORDER.body], [changed])
    line.known = known(ORDER.body, line.clock)
    line.judged = False  # what waits may be its webhook
    assert not await line.fetcher.untold("order", fakes.AT)
    line.judged = True
    assert await line.fetcher.untold("order", fakes.AT)
    line.known = known(ORDER.body, line.clock, version=reading.VERSION - 1)
    assert not await line.fetcher.untold("order", fakes.AT)
    line.known = {}
    assert await line.fetcher.untold("order", fakes.AT)
    line.since = datetime.max.replace(tzinfo=UTC)  # it changed before the agent was there
    assert not await line.fetcher.untold("order", fakes.AT)


async def test_a_checkout_that_is_no_order_yet_is_no_news() -> None:
    line = Line([ORDER.body.replace(b'"status":"processing"', b'"status":"draft"')])
    await line.fetcher.news("order", fakes.AT)
    assert line.stored == {}


def refund(number: int, amount: str = "10.00") -> bytes:
    return b'{"id":%d,"parent_id":1022,"amount":"%s"}' % (number, amount.encode())


def told(amount: str, sequence: int, *, deleted: bool = False) -> Known:
    figures = amount.encode()
    return Known(sequence, b"", 1, None, deleted, figures, parent="order/1022")


async def test_refunds_that_are_not_known_as_they_are_are_taken_in_with_their_cause() -> None:
    line = Line([refund(1), refund(2, "7.00"), refund(3), b'{"id":4,"parent_id":1022}'])
    line.known = {
        "refund/1": told("10.00", 11),
        "refund/2": told("5.00", 12),
        "refund/9": told("3.00", 19, deleted=True),
    }
    line.rows[11] = Received(11, "id", read("refund.updated", 5, refund(1), line.clock))
    await line.fetcher.refunds("order/1022", "id-7")
    assert line.asked == [("refunds of 1022", [refund(1), None, None])]
    said = read("refund.updated", 100, b"", line.clock)._replace(cause="id-7")
    assert list(line.stored.values()) == [
        said._replace(body=refund(2, "7.00")),
        said._replace(body=refund(3)),
        said._replace(body=b'{"id":4,"parent_id":1022}'),  # a dead letter is better than nothing
    ]


async def test_refunds_that_are_gone_are_told_once() -> None:
    line = Line([])
    line.known = {
        "refund/1": told("10.00", 11),
        "refund/2": told("5.00", 12),
        "refund/3": told("5.00", 13, deleted=True),
    }
    line.rows[11] = Received(11, "id", read("refund.updated", 5, refund(1), line.clock))
    await line.fetcher.refunds("order/1022", "id-7")
    said = read("refund.deleted", 100, refund(1), line.clock)._replace(cause="id-7")
    lost = b'{"id":2,"parent_id":1022}'
    assert list(line.stored.values()) == [said, said._replace(body=lost)]


async def test_the_store_itself_is_taken_in_where_it_is_not_known_as_it_is() -> None:
    body = b'{"id":"brand-de","settings":[{"id":"woocommerce_currency","value":"%s"}]}'
    line = Line([body % b"EUR"])
    await line.fetcher.store("brand-de")
    assert line.asked == [("store", "brand-de")]
    stored = read("store.updated", 100, body % b"EUR", line.clock)
    assert list(line.stored.values()) == [stored]
    said = reading.read(stored, HOMES)
    line.known = {"store/brand-de": Known(7, said.digest, reading.VERSION, None, deleted=False)}
    await line.fetcher.store("brand-de")
    assert len(line.stored) == 1
    line.pages = ([body % b"USD"],)
    await line.fetcher.store("brand-de")
    assert [hook.body for hook in line.stored.values()] == [body % b"EUR", body % b"USD"]


async def test_a_look_leaves_orders_from_before_the_beginning() -> None:
    body = recordings.webhook(14).json()
    created = datetime.fromisoformat(f"{body['date_created_gmt']}+00:00")
    modified = datetime.fromisoformat(f"{body['date_modified_gmt']}+00:00")
    last = max(created, modified)
    for judged in (True, False):
        for since, is_told in ((last, True), (last + timedelta(seconds=1), False)):
            line = Line([recordings.webhook(14).body])
            line.judged, line.since = judged, since
            await line.fetcher.news("order", last - timedelta(minutes=2))
            assert bool(line.stored) is is_told
