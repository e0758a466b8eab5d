"""Products and variations as they lie in the store's database, found by id and by SKU."""

from __future__ import annotations

import copy
import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(slots=True)
class Product:
    """One row; prices are the stored text, moments are UTC. Lists are replaced, never changed."""

    id: int
    type: str  # simple, variable, variation, …
    name: str
    slug: str
    created: datetime
    modified: datetime
    parent_id: int = 0
    status: str = "publish"
    sku: str = ""
    regular_price: str = ""
    sale_price: str = ""
    sale_from: datetime | None = None
    sale_to: datetime | None = None
    manage_stock: bool = False
    stock: int | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    total_sales: int = 0
    attributes: list[dict[str, Any]] = field(default_factory=list)
    variations: list[int] = field(default_factory=list)
    meta_data: list[dict[str, Any]] = field(default_factory=list)
    other: dict[str, Any] = field(default_factory=dict)  # what is stored and shown, no more

    def settle_stock_status(self) -> None:
        """``WC_Product::validate_props``: with managed stock, the figure decides the status."""
        if self.manage_stock:
            backorder = "outofstock" if self.backorders == "no" else "onbackorder"
            self.stock_status = "instock" if (self.stock or 0) > 0 else backorder


class Catalog:
    """All products; a SKU is compared as the database's collation does, without case or blanks."""

    def __init__(self) -> None:
        self._by_id: dict[int, Product] = {}
        self._by_sku: dict[str, list[int]] = {}
        self._slugs: set[str] = set()

    def get(self, product_id: int) -> Product | None:
        return self._by_id.get(product_id)

    def all(self) -> Iterable[Product]:
        return self._by_id.values()

    def with_sku(self, sku: str, *, trashed: bool = False) -> Product | None:
        """The look-up skips the trash, as ``wc_get_product_id_by_sku`` does, unless asked."""
        return next(iter(self.sharing(sku, trashed=trashed)), None)

    def sharing(self, sku: str, *, trashed: bool = False) -> list[Product]:
        """All with that SKU: translation plugins make more than one."""
        found = [self._by_id[number] for number in self._by_sku.get(_collated(sku), ())]
        return [product for product in found if trashed or product.status != "trash"]

    def add(self, product: Product) -> None:
        self._by_id[product.id] = product
        self._by_sku.setdefault(_collated(product.sku), []).append(product.id)
        self._join(product)

    def remove(self, product: Product) -> None:
        """Gone for good, with its variations."""
        for variation_id in product.variations:
            self.remove(self._by_id[variation_id])
        self._leave(product.parent_id, product)
        self._by_sku[_collated(product.sku)].remove(product.id)
        self.free_slug(product.slug)
        del self._by_id[product.id]

    def save(self, loaded: Product, draft: Product) -> None:
        """Writes what ``draft`` changed since it was ``loaded``, and nothing else.

        An order that took stock in between survives a write that leaves the stock alone, and is
        lost by one that sets it (WC_Data_Store_WP::get_props_to_update).
        """
        live = self._by_id[draft.id]
        if draft.sku != loaded.sku:
            self._by_sku[_collated(loaded.sku)].remove(live.id)
            self._by_sku.setdefault(_collated(draft.sku), []).append(live.id)
        for name in _FIELDS:
            value = getattr(draft, name)
            if value != getattr(loaded, name):
                setattr(live, name, value)
        if draft.parent_id != loaded.parent_id and live.type == "variation":
            self._leave(loaded.parent_id, live)
            self._join(live)
        if loaded.type == "variable" != live.type:
            for variation_id in live.variations:
                self.remove(self._by_id[variation_id])
            draft.variations = live.variations

    def parent(self, product: Product) -> Product | None:
        """That of a variation; a simple product with a ``parent_id`` has none all the same."""
        return self._by_id.get(product.parent_id) if product.type == "variation" else None

    def stock_holder(self, product: Product) -> Product | None:
        """Whose figure counts: the product's own, its parent's, or nobody's."""
        if product.manage_stock:
            return product
        parent = self.parent(product)
        return parent if parent is not None and parent.manage_stock else None

    def take_slug(self, name: str) -> str:
        """``Shirt - M`` is ``shirt-m``, and ``shirt-m-2`` while there is one already."""
        plain = slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
        number = 1
        while slug in self._slugs:
            number += 1
            slug = f"{plain}-{number}"
        self._slugs.add(slug)
        return slug

    def free_slug(self, slug: str) -> None:
        """What goes to the trash leaves its slug to others."""
        self._slugs.discard(slug)

    def _join(self, product: Product) -> None:
        parent = self.parent(product)
        if parent is not None:
            parent.variations = [*parent.variations, product.id]

    def _leave(self, parent_id: int, product: Product) -> None:
        parent = self._by_id.get(parent_id)
        if parent is not None:
            parent.variations = [i for i in parent.variations if i != product.id]


def loaded(product: Product) -> tuple[Product, Product]:
    """``(as it is now, a draft to change)``, both cut off from the live row."""
    return copy.copy(product), copy.copy(product)


def _collated(sku: str) -> str:
    return sku.strip().casefold()


_FIELDS = [f.name for f in dataclasses.fields(Product)]
