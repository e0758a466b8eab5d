"""Something that is for sale: a product, or one variation of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel

from agent.model.inventory import Backorders, ManagesStock, StockStatus
from agent.model.meta import Meta
from agent.model.money import Amount


class ProductType(StrEnum):
    """``variable`` is sold through its variations only, ``other`` is of a plugin's making."""

    SIMPLE = "simple"
    VARIABLE = "variable"
    VARIATION = "variation"
    GROUPED = "grouped"
    EXTERNAL = "external"
    OTHER = "other"


class Term(BaseModel, frozen=True, extra="forbid"):
    """A category, brand or tag."""

    term_id: int | None
    name: str | None
    slug: str | None


class Attribute(BaseModel, frozen=True, extra="forbid"):
    """``Size``: S, M, L. A variation has one option, none where any will do.

    ``attribute_id`` is null where the attribute belongs to this product alone. ``for_variations``:
    variations differ in it.
    """

    attribute_id: int | None
    name: str | None
    options: tuple[str, ...]
    for_variations: bool


class Dimensions(BaseModel, frozen=True, extra="forbid"):
    """Decimal text as the store has it, in the store's unit (``retail.store.snapshot.v1``)."""

    length: str | None
    width: str | None
    height: str | None


class Product(BaseModel, frozen=True, extra="forbid"):
    """One product or variation as it stands now: a snapshot.

    ``id`` is the subject of its events, ``product/10``, and ``product_id`` the store's own id, of
    variations too. ``parent`` and ``parent_id`` are the product of a variation. ``gtin`` is a GTIN,
    EAN, UPC or ISBN. ``published``: customers can see it; ``store_type`` and ``store_status`` are
    the store's own words.

    Prices are in the store's currency and with or without tax as the store enters them
    (``retail.store.snapshot.v1``); null where there is none, as on a ``variable`` product.
    ``price`` is what is charged now, ``on_sale`` says that it is the ``sale_price``, which holds
    from ``sale_from`` to ``sale_to``. ``quantity``, ``manages_stock``, ``stock_status`` and
    ``backorders`` are as in ``retail.inventory.snapshot.v1``; at ``low_stock_amount`` the owner is
    told, null where the store's own holds. ``weight`` is decimal text as the store has it, in the
    store's unit. Descriptions are HTML. ``images`` are addresses.

    Times are UTC. ``meta`` is what the store's owner allows. ``anomalies``: ``amount_unreadable``,
    ``time_unreadable``; more may come.
    """

    id: str
    product_id: int
    type: ProductType
    store_type: str | None
    parent: str | None
    parent_id: int | None
    sku: str | None
    gtin: str | None
    name: str | None
    description: str | None
    short_description: str | None
    url: str | None
    published: bool
    store_status: str | None
    price: Amount | None
    regular_price: Amount | None
    sale_price: Amount | None
    sale_from: AwareDatetime | None
    sale_to: AwareDatetime | None
    on_sale: bool
    tax_status: str | None
    tax_class: str | None
    quantity: int | float | None
    manages_stock: ManagesStock
    stock_status: StockStatus | None
    backorders: Backorders | None
    low_stock_amount: int | None
    virtual: bool
    downloadable: bool
    weight: str | None
    dimensions: Dimensions
    shipping_class: str | None
    categories: tuple[Term, ...]
    brands: tuple[Term, ...]
    tags: tuple[Term, ...]
    images: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    variation_ids: tuple[int, ...]
    created_at: AwareDatetime | None
    modified_at: AwareDatetime | None
    meta: tuple[Meta, ...]
    anomalies: tuple[str, ...]
