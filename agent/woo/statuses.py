"""The statuses that orders of a store can have: one that is not asked for by name is left out.

``any`` leaves the trash out, and so does ``any,trash``; plugins add statuses of their own, which
``reports/orders/totals`` lists with WooCommerce's
(class-wc-rest-report-orders-totals-controller.php).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from agent import errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agent.woo.reader import Reader

KNOWN_FOR = timedelta(hours=1)
TRASH = "trash"
DRAFT = "checkout-draft"
_IN_TWO: Sequence[str] = ("any", TRASH)


class Statuses:
    """Asks for them now and then: a plugin may have come."""

    def __init__(self, client: Reader) -> None:
        self._client = client
        self._known: Sequence[str] = ()
        self._asked_at: datetime | None = None

    async def filters(self) -> Sequence[str]:
        """What to ask for as ``status``, one list after the other, to see every order; checkouts
        that are no orders yet may be among them. Raises StoreError."""
        now = self._client.store_now()
        if self._asked_at is None or not self._asked_at <= now < self._asked_at + KNOWN_FOR:
            self._known, self._asked_at = await self._ask(), now
        return self._known

    def forget(self) -> None:
        """The store did not take them."""
        self._known, self._asked_at = _IN_TWO, self._client.store_now()

    async def _ask(self) -> Sequence[str]:
        try:
            rows = await self._client.read("reports/orders/totals", {"_skip_cache": "1"})
        except (errors.StoreRejectedError, errors.StoreRefusedError):
            return _IN_TWO
        found = {_slug(row) for row in rows} if isinstance(rows, list) else set()
        named = sorted(found - {"", DRAFT})
        return (",".join([*named, TRASH]),) if named else _IN_TWO


def _slug(row: Any) -> str:
    slug = row.get("slug") if isinstance(row, dict) else None
    return slug if isinstance(slug, str) and "," not in slug else ""
