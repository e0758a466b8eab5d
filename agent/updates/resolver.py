"""From SKUs to products: from the catalogue where it can be trusted, else from the store, up to a
hundred at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from agent import errors
from agent.model import sku as names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from agent.clock import Clock
    from agent.model.listed import Listed
    from agent.model.product import Shown, StoreProduct

log = logging.getLogger(__name__)

LISTED_EVERY_S = 3600.0
_LISTS = ("products", "variations")
_MOST_COMPARED = 50_000


class Catalogue(Protocol):
    """What is needed of the storage."""

    async def known(self, skus: Sequence[str], *, complete: bool) -> dict[str, list[Shown]]:
        """Products by SKU, without SKUs of which none is known; ``complete``: without those of
        which not all need be known."""

    async def looked_up(self, found: Mapping[str, Sequence[StoreProduct]]) -> None:
        """The store has those products with those SKUs, and no others."""

    async def learn(self, products: Sequence[StoreProduct], *, written: bool) -> None:
        """The store shows those as they are now."""

    async def listed(self, products: Sequence[StoreProduct]) -> None:
        """The store has those; what is known of them already stays."""

    async def skus(self, most: int) -> Sequence[str]:
        """SKUs of the store that are known."""

    async def gone(self, product_ids: Collection[int]) -> None:
        """The store has no such products."""


class Store(Protocol):
    """What is needed of the store. Every call raises StoreError."""

    def can_ask(self, sku: str) -> bool:
        """Whether it can be asked for that SKU; some break its query."""

    async def find(self, skus: Sequence[str]) -> dict[str, list[StoreProduct]]:
        """Products and variations by SKU; each SKU has an entry, and so have others that look like
        one of them."""

    async def one(self, product_id: int, parent_id: int) -> StoreProduct | None:
        """A product or variation by its id."""


class Lists(Protocol):
    """Where all that the store has is listed."""

    def listed(self, listing: str) -> AsyncIterator[Sequence[Listed]]:
        """Pages of a whole list. Raises StoreError."""


class Resolver:
    """Reads what is not known, and remembers it."""

    def __init__(
        self, catalogue: Catalogue, store: Store, *, clock: Clock, lists: Lists | None = None
    ) -> None:
        """Without ``lists``, SKUs that can't be asked for are learnt from webhooks alone."""
        self._catalogue = catalogue
        self._store = store
        self._lists = lists
        self._clock = clock
        self._listed_at: float | None = None
        self._near: Mapping[str, Sequence[str]] = {}

    def near(self, sku: str) -> Sequence[str]:
        """SKUs of the store that look like one of the last round, which no product has."""
        return self._near.get(sku, ())

    async def products(
        self, skus: Sequence[str], trust_for: timedelta, *, unchecked: Collection[str] = ()
    ) -> dict[str, list[StoreProduct]]:
        """The products of every SKU as the store shows them, an empty list where it has none.

        What was confirmed within ``trust_for`` is not read again, unless it is ``unchecked``.
        Raises StoreError.
        """
        now = self._clock.now()
        known = await self._catalogue.known(skus, complete=True)
        found = {
            sku: [one.product for one in shown]
            for sku, shown in known.items()
            if sku not in unchecked and all(_is_fresh(one, now, trust_for) for one in shown)
        }
        missing = [sku for sku in skus if sku not in found]
        asked = [sku for sku in missing if self._store.can_ask(sku)]
        if asked:
            answered = await self._store.find(asked)
            await self._catalogue.looked_up({sku: answered[sku] for sku in asked})
            alike = [one for sku, rows in answered.items() if sku not in asked for one in rows]
            if alike:
                await self._catalogue.listed(alike)
            found |= {sku: answered[sku] for sku in asked}
        if unasked := [sku for sku in missing if sku not in found]:
            found |= await self._by_id(unasked)
        await self._look_for_near([sku for sku in missing if not found[sku]])
        return found

    async def _look_for_near(self, unknown: Sequence[str]) -> None:
        if any(not sku.isascii() for sku in unknown):
            await self._learn()
        there = await self._catalogue.skus(_MOST_COMPARED) if unknown else ()
        by_look: dict[str, set[str]] = {}
        for one in there:
            by_look.setdefault(names.folded(one), set()).add(one)
        self._near = {sku: sorted(by_look.get(names.folded(sku), ())) for sku in unknown}

    async def _learn(self) -> bool:
        """All that the store has, once in a while; whether it was read now."""
        now = self._clock.monotonic()
        if self._lists is None or (
            self._listed_at is not None and now < self._listed_at + LISTED_EVERY_S
        ):
            return False
        self._listed_at = now
        for listing in _LISTS:
            try:
                async for page in self._lists.listed(listing):
                    await self._catalogue.listed([row.product for row in page if row.product])
            except errors.StoreError as error:  # some have no list of variations
                log.info("SKUs can't be learnt from the list of %s: %s", listing, error.message)
        return True

    async def _by_id(self, skus: Sequence[str]) -> dict[str, list[StoreProduct]]:
        """SKUs that break the query: of those the catalogue knows what webhooks and lists told."""
        known = await self._catalogue.known(skus, complete=False)
        if len(known) < len(skus) and await self._learn():
            known = await self._catalogue.known(skus, complete=False)
        found: dict[str, list[StoreProduct]] = {sku: [] for sku in skus}
        for sku, shown in known.items():
            for product in (one.product for one in shown):
                parent_id = product.parent_id if product.is_variation else 0
                read = await self._store.one(product.id, parent_id)
                if read is None:
                    await self._catalogue.gone([product.id])
                    continue
                await self._catalogue.learn([read], written=False)
                if read.sku == sku and read.status != "trash":
                    found[sku].append(read)
        return found


def _is_fresh(shown: Shown, now: datetime, trust_for: timedelta) -> bool:
    """What could not be read, in a webhook perhaps, is asked for; a time that has not come yet is
    that of a clock that jumped."""
    return (
        not shown.product.unreadable and shown.confirmed_at <= now < shown.confirmed_at + trust_for
    )
