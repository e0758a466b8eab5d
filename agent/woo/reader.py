"""What reading the store needs of a client: its own one, or one that waits for its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Reader(Protocol):
    """Each read raises StoreError."""

    def store_now(self) -> datetime:
        """The time by the store's clock."""

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """A body."""

    async def listed(self, path: str, query: Mapping[str, str]) -> tuple[Any, int | None]:
        """A page of a list, and how many rows the whole list has; None where that is not told."""

    async def index(self) -> Any:
        """What the site tells anybody of itself; None where it does not."""
