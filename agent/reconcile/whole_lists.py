"""Lists as comparisons need them: whole, or said not to be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from agent import errors
from agent.model.listed import Listed

LACKED = frozenset({"refunds", "variations", "trashed variations"})
"""Lists that older versions do not have."""
_READS = 2  # rows that came or went while the first one lasted are in the second one


class Store(Protocol):
    """Where lists come from."""

    def listed(self, listing: str, since: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        """Pages of a whole list, or of what changed. Raises StoreError: StoreIncompleteError where
        it can't be told that these are all."""


async def read(
    store: Store,
    listing: str,
    since: datetime | None,
    take: Callable[[Sequence[Listed]], Awaitable[None]],
) -> str:
    """Takes a list in, page by page and some pages twice; empty if that was all of it, else why
    not. Raises StoreError."""
    why = ""
    for _ in range(_READS):
        try:
            async for page in store.listed(listing, since):
                await take(page)
        except errors.StoreIncompleteError as error:
            why = error.message
        except errors.StoreRefusedError as error:
            if error.status != 404 or since is not None or listing not in LACKED:
                raise
            return f"this WooCommerce has no list of {listing}"
        else:
            return ""
    return why
