"""How many of something the store may sell."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel


class ManagesStock(StrEnum):
    """Who counts the units: ``parent`` is a variation's product, for all that do not count."""

    YES = "yes"
    PARENT = "parent"
    NO = "no"


class StockStatus(StrEnum):
    """What the store tells its customers."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    ON_BACKORDER = "on_backorder"


class Backorders(StrEnum):
    """Whether more may be sold than there is; ``notify``: yes, and the customer is told."""

    NO = "no"
    NOTIFY = "notify"
    YES = "yes"


class InventoryLevel(BaseModel, frozen=True, extra="forbid"):
    """The stock of one SKU as the store shows it now: a snapshot, never a difference.

    ``id`` is the subject of its events, ``inventory/MUG-1``. ``product_id`` and ``variation_id``
    are as in order lines. ``quantity`` is what may still be sold: the store has taken off what
    orders hold. It is negative if more was sold than there was, null where nobody counts, and the
    parent's where ``manages_stock`` is ``parent``. ``stock_status`` and ``backorders`` are null
    where the store uses a word of its own. ``changed_at`` is when the store last changed the
    product, UTC.
    """

    id: str
    sku: str
    product_id: int
    variation_id: int | None
    quantity: int | float | None
    manages_stock: ManagesStock
    stock_status: StockStatus | None
    backorders: Backorders | None
    changed_at: AwareDatetime | None
