"""From SKUs to products: from the catalogue where it can be trusted, else from the store, up to a
hundred at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from agent.clock import Clock
    from agent.model.product import Shown, StoreProduct


class Catalogue(Protocol):
    """What is needed of the storage."""

    async def known(self, skus: Sequence[str], *, complete: bool) -> dict[str, list[Shown]]:
        """Products by SKU, without SKUs of which none is known; ``complete``: without those of
        which not all need be known."""

    async def looked_up(self, found: Mapping[str, Sequence[StoreProduct]]) -> None:
        """The store has those products with those SKUs, and no others."""

    async def learn(self, products: Sequence[StoreProduct], *, written: bool) -> None:
        """The store shows those as they are now."""

    async def gone(self, product_ids: Collection[int]) -> None:
        """The store has no such products."""


class Store(Protocol):
    """What is needed of the store. Every call raises StoreError."""

    def can_ask(self, sku: str) -> bool:
        """Whether it can be asked for that SKU; some break its query."""

    async def find(self, skus: Sequence[str]) -> dict[str, list[StoreProduct]]:
        """Products and variations by SKU; each SKU has an entry."""

    async def one(self, product_id: int, parent_id: int) -> StoreProduct | None:
        """A product or variation by its id."""


class Resolver:
    """Reads what is not known, and remembers it."""

    def __init__(self, catalogue: Catalogue, store: Store, *, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

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
            await self._catalogue.looked_up(answered)
            found |= answered
        if len(asked) < len(missing):
            found |= await self._by_id([sku for sku in missing if sku not in found])
        return found

    async def _by_id(self, skus: Sequence[str]) -> dict[str, list[StoreProduct]]:
        """SKUs that break the query: of those the catalogue knows what webhooks told."""
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
