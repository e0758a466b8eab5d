"""A product as the store shows it: the few fields that stock and prices touch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_BY_THEMSELVES = frozenset({"simple", "variable", "grouped", "external"})


@dataclass(frozen=True, slots=True)
class StoreProduct:
    """A product or variation.

    ``manages_stock`` is False, True, or ``"parent"`` for a variation whose parent does it.
    ``values`` has ``quantity``, ``regular_price``, ``sale_price``, ``sale_from``, ``sale_to``:
    prices as decimal text or None, dates as aware UTC or None. ``unreadable`` says of the names
    among them whose value in the store can't be read why that is: their value here is None.
    """

    id: int
    parent_id: int
    type: str
    sku: str
    status: str
    manages_stock: bool | str
    values: Mapping[str, Any]
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_variation(self) -> bool:
        """Written through its parent's batch, which makes a child of any other product that it is
        sent (WooCommerce 8.4). Rows of variations name their type since WooCommerce 9 only: who has
        a parent is one, unless its type says that it stands by itself."""
        return self.parent_id != 0 and self.type not in _BY_THEMSELVES

    def lacks(
        self, values: Mapping[str, Any], same: Callable[[str, object, object], bool]
    ) -> dict[str, Any]:
        """Those of the values that it does not show; what can't be read shows nothing."""
        return {
            name: value
            for name, value in values.items()
            if name in self.unreadable or not same(name, self.values[name], value)
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """A product as the store showed it at ``confirmed_at``."""

    product: StoreProduct
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class ItemWrite:
    """The fields to set on one product, by the names of updates."""

    product: StoreProduct
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """What the store answered for one item: what it shows now, or its error.

    ``figures`` is the digest that a webhook with the same stock and prices gives, ``stock`` that of
    the stock alone.
    """

    product: StoreProduct | None
    code: str = ""
    message: str = ""
    figures: bytes = b""
    changed_at: datetime | None = None
    stock: bytes = b""


@dataclass(frozen=True, slots=True)
class Written:
    """The figures of a product after a write of ours, as the store confirmed them.

    ``sent_after`` is the number of the newest arrival when the write was sent.
    """

    product_id: int
    figures: bytes
    changed_at: datetime | None
    sent_after: int
    stock: bytes = b""


@dataclass(frozen=True, slots=True)
class StoreProfile:
    """What all prices of the store have in common."""

    currency: str
    prices_include_tax: bool
