"""Whatever a store answers, it is an error of the store's or a product: nothing else comes of it,
and only what an update said is ever written."""

from __future__ import annotations

import asyncio
import json
import math
import random
import tempfile
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent import errors
from agent.model.inbox import KnownVersions
from agent.model.product import ItemAnswer, ItemWrite, StoreProduct, StoreProfile
from agent.settings import OwnershipSettings, UpdateSettings
from agent.storage import catalogue, database
from agent.updates import check, plan
from agent.woo import client, wire
from tests import recordings
from tests.updates import json_values
from tests.updates.rows import NOW, nothing_held, opened, price, product, stock
from tests.woo import shops

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_FOUND: list[dict[str, Any]] = recordings.rest("products_by_skus_fields")["response"]["body"]
_BATCH: dict[str, Any] = recordings.rest("products_batch_mixed")["response"]["body"]
_UPDATES = [
    opened(stock(1, 7)),
    opened(price(2, "9.50", sale_price="4.50", sale_to="2026-11-30T23:59:59Z"), number=2),
]
_WRITES = [ItemWrite(product(id=row["id"]), {"quantity": 7}) for row in _BATCH["update"]]


class Answering:
    """A session whose every request is answered the same."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self._body = status, headers, body

    @asynccontextmanager
    async def request(self, *_: object, **__: object) -> AsyncIterator[Answering]:
        yield self

    async def read(self) -> bytes:
        return self._body


@st.composite
def _mutated(draw: st.DrawFn, sound: Any) -> Any:
    """A recorded answer, of which something was replaced by anything."""
    made = json.loads(json.dumps(sound))
    for _ in range(draw(st.integers(1, 4))):
        place = made
        while isinstance(place, dict | list) and place:
            key = draw(
                st.sampled_from(list(place) if isinstance(place, dict) else range(len(place)))
            )
            if not isinstance(place[key], dict | list) or draw(st.booleans()):
                place[key] = draw(json_values.items() | st.just(math.nan))
                break
            place = place[key]
    return made


def _bodies(sound: Any) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=60) | (_mutated(sound) | json_values.items()).map(
        lambda body: json.dumps(body).encode()
    )


_HEADERS = st.dictionaries(st.sampled_from(["Date", "Retry-After"]), st.text(max_size=30))


async def _asked(answer: Answering) -> tuple[list[StoreProduct], dict[int, ItemAnswer]]:
    """Every call, with that answer; what came of look-ups and of a write."""
    calls: Any = client.Client(
        answer,  # type: ignore[arg-type]
        shops.configured("https://shop.example"),
        clock=shops.HurriedClock(),
        rng=random.Random(1),
    )
    found: list[StoreProduct] = []
    answers: dict[int, ItemAnswer] = {}
    with suppress(errors.StoreError):
        await calls.profile()
    with suppress(errors.StoreError):
        found += (await calls.find(["MUG-1"]))["MUG-1"]
    with suppress(errors.StoreError):
        found += [one for one in [await calls.one(10, 0)] if one is not None]
    with suppress(errors.StoreError):
        answers = await calls.write(0, _WRITES)
        assert answers.keys() <= {write.product.id for write in _WRITES}
    return found, answers


@settings(deadline=None)
@given(st.sampled_from([200, 200, 200, 201, 301, 400, 404, 503, 999]), _HEADERS, _bodies(_FOUND))
def test_look_ups(status: int, headers: dict[str, str], body: bytes) -> None:
    found, _ = asyncio.run(_asked(Answering(status, headers, body)))
    rules = plan.Rules(
        UpdateSettings(enable_manage_stock=True),
        OwnershipSettings(),
        StoreProfile("EUR", prices_include_tax=False),
        wire.same,
        nothing_held,
    )
    for one in found:
        planned = plan.make(_UPDATES, {"MUG-1": [one]}, KnownVersions({}), rules, NOW)
        for target in planned.targets:
            said = {"manage_stock": True} | target.opened.update.values()
            assert target.values.items() <= said.items()
            json.dumps(wire.item(ItemWrite(target.product, target.values)))
    asyncio.run(_kept(found))


async def _kept(found: list[StoreProduct]) -> None:
    """The catalogue takes it, and gives it back."""
    if not found:
        return
    with tempfile.TemporaryDirectory() as folder:
        async with database.opened(Path(folder)) as db:
            await db.writer.write(lambda tx: catalogue.learn(tx, found, NOW, written=False))
            kept = await db.read(catalogue.by_id, [one.id for one in found])
    assert {one.id for one in found} == set(kept)


@settings(deadline=None)
@given(st.sampled_from([200, 200, 207, 413, 500]), _bodies(_BATCH))
def test_writes(status: int, body: bytes) -> None:
    _, told = asyncio.run(_asked(Answering(status, {}, body)))
    targets = [
        plan.Target(opened(stock(1, 7), number=n), write.product, write.values)
        for n, write in enumerate(_WRITES)
    ]
    for settled in check.settled(targets, told, wire.same):
        if settled.state == "applied":
            assert settled.store is not None
            assert settled.store["quantity"] == 7
