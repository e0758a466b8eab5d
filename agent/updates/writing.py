"""Writes items to the store in batches, at the store's own pace.

Never two requests for one product or for the variations of one parent at a time: WooCommerce would
let one overwrite the other.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from agent import errors
from agent.model.product import ItemAnswer, ItemWrite
from agent.updates.pace import Pace
from agent.updates.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from agent.clock import Clock
    from agent.settings import StoreSettings

_MOST_NAMED = 5
_MOST_FAILED = 2  # requests of a round while none is answered: then it is the store


class Store(Protocol):
    """What is needed of the store."""

    async def write(self, parent_id: int, writes: Sequence[ItemWrite]) -> dict[int, ItemAnswer]:
        """One batch of products (parent 0) or variations of a parent: what it answered, by product
        id. Raises StoreError where it answered nothing."""


class Answers:
    """What a round of writing brought: ``answered`` by product id.

    ``trouble`` is why it is not complete; ``ambiguous`` are the products that were sent and not
    answered, with their request or alone: they may have been done, or be done still. ``failed`` are
    the requests that the store broke on.
    """

    def __init__(self) -> None:
        self.answered: dict[int, ItemAnswer] = {}
        self.ambiguous: list[int] = []
        self.failed: list[tuple[list[int], errors.StoreFailedError]] = []
        self.trouble: errors.StoreError | None = None


class Writing:
    """Remembers the pace from round to round."""

    def __init__(
        self, store: Store, *, settings: Callable[[], StoreSettings], clock: Clock
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self.suspects = Suspects()
        self._pace = Pace.first(settings().batch_size, settings().write_concurrency)

    @property
    def pace(self) -> Pace:
        """How fast it goes at present."""
        settings = self._settings()
        self._pace = self._pace.within(settings.batch_size, settings.write_concurrency)
        return self._pace

    async def write(self, items: Iterable[ItemWrite]) -> Answers:
        """Each product once. Never raises for what the store does."""
        answers = Answers()
        lanes = by_parent(items)
        left, suspected = self.suspects.apart(lanes.pop(0, []))
        while left and answers.trouble is None:  # a parent that manages stock goes first
            pace = self.pace
            batches = [left[at : at + pace.batch] for at in range(0, len(left), pace.batch)]
            await self._together([self._send(0, batch, answers) for batch in batches[: pace.width]])
            left = left[pace.batch * pace.width :]
        await self._one_by_one(0, suspected, answers)
        parents = list(lanes.items())
        while parents and answers.trouble is None:
            width = self.pace.width
            await self._together(
                [self._chain(parent_id, own, answers) for parent_id, own in parents[:width]]
            )
            parents = parents[width:]
        self._judge(answers)
        broken = {number for failed, _ in answers.failed for number in failed}
        unsaid = [number for number in answers.ambiguous if number not in broken]
        if answers.trouble is None and unsaid:
            answers.trouble = _unsaid(unsaid)
        return answers

    def _judge(self, answers: Answers) -> None:
        self.suspects.taken(answers.answered)
        takes_others = bool(answers.answered)
        now = self._clock.now()
        for product_ids, error in answers.failed:
            if not (takes_others or self.suspects.are_found(product_ids)):
                self._pace = self._pace.failed()
                answers.trouble = error
            self.suspects.failed(product_ids, error.message, now, takes_others=takes_others)

    async def _one_by_one(
        self, parent_id: int, groups: Iterable[Sequence[ItemWrite]], answers: Answers
    ) -> None:
        for group in groups:
            for at in range(0, len(group), most := self.pace.batch):
                if answers.trouble is None:
                    await self._send(parent_id, group[at : at + most], answers)

    async def _together(self, requests: Sequence[Coroutine[None, None, None]]) -> None:
        async with asyncio.TaskGroup() as sending:
            for request in requests:
                sending.create_task(request, name="write")

    async def _chain(self, parent_id: int, writes: Sequence[ItemWrite], answers: Answers) -> None:
        left, suspected = self.suspects.apart(writes)
        while left and answers.trouble is None:
            most = self.pace.batch
            await self._send(parent_id, left[:most], answers)
            left = left[most:]
        await self._one_by_one(parent_id, suspected, answers)

    async def _send(self, parent_id: int, writes: Sequence[ItemWrite], answers: Answers) -> None:
        """A batch that the store refuses as a whole is halved until the guilty item is alone: its
        limit may be lower than ours, or one item beyond what it can read."""
        started = self._clock.monotonic()
        try:
            answered = await self._store.write(parent_id, writes)
        except errors.StoreRejectedError as error:
            if len(writes) == 1:
                answers.answered[writes[0].product.id] = ItemAnswer(None, error.code, error.message)
                return
            middle = len(writes) // 2
            for half in (writes[:middle], writes[middle:]):
                if answers.trouble is None:
                    await self._send(parent_id, half, answers)
        except errors.StoreFailedError as error:
            product_ids = [write.product.id for write in writes]
            answers.ambiguous += product_ids
            answers.failed.append((product_ids, error))
            unknown = [ids for ids, _ in answers.failed if not self.suspects.are_found(ids)]
            if len(unknown) >= _MOST_FAILED and not answers.answered:
                answers.trouble = error
        except errors.StoreUnavailableError as error:
            self._pace = self._pace.failed()
            answers.ambiguous += [write.product.id for write in writes]
            answers.trouble = error
        except errors.StoreError as error:
            answers.trouble = error
        else:
            self._pace = self._pace.after(len(writes), self._clock.monotonic() - started)
            answers.answered |= answered
            sent = (write.product.id for write in writes)
            answers.ambiguous += [number for number in sent if number not in answered]


def _unsaid(product_ids: Sequence[int]) -> errors.StoreError:
    """It ends the round, not the requests of it: one product that is never answered for must not
    keep the others from being written."""
    named = ", ".join(str(number) for number in product_ids[:_MOST_NAMED])
    more = f" and {len(product_ids) - _MOST_NAMED} more" if len(product_ids) > _MOST_NAMED else ""
    return errors.StoreUnavailableError(
        f"the store does not say what became of products {named}{more}: they are read again",
        hint="a plugin may change what WooCommerce answers to products/batch",
    )


def merged(items: Iterable[ItemWrite]) -> list[ItemWrite]:
    """Items of one product as one item, the fields of the last counting."""
    found: dict[int, ItemWrite] = {}
    for item in items:
        before = found.get(item.product.id)
        values = {**before.values, **item.values} if before else item.values
        found[item.product.id] = ItemWrite(item.product, values)
    return list(found.values())


def by_parent(items: Iterable[ItemWrite]) -> dict[int, list[ItemWrite]]:
    """Variations under their parent, because ``products/batch`` refuses their ids; all else under
    0. Items of one product are one item."""
    lanes: dict[int, list[ItemWrite]] = {}
    for write in merged(items):
        parent_id = write.product.parent_id if write.product.is_variation else 0
        lanes.setdefault(parent_id, []).append(write)
    return lanes
