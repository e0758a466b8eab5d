"""What everything in a store has in common."""

from __future__ import annotations

from pydantic import BaseModel


class StoreVersions(BaseModel, frozen=True, extra="forbid"):
    """Of the programs that the store runs on; null where it does not tell."""

    woocommerce: str | None
    wordpress: str | None
    php: str | None
    database: str | None


class StoreStock(BaseModel, frozen=True, extra="forbid"):
    """How the store keeps stock; null where it does not tell.

    ``managed``: it counts at all. ``hold_minutes``: how long an order that is not paid holds its
    units, null also for no limit. At ``low_amount`` the owner is told, at ``out_amount`` it is out
    of stock.
    """

    managed: bool | None
    hold_minutes: int | None
    low_amount: int | None
    out_amount: int | None


class Store(BaseModel, frozen=True, extra="forbid"):
    """The store as it stands now: a snapshot, sent when one of these changes.

    ``id`` is the subject of its events, ``store/brand-de``, ``store_id`` its name in the
    configuration. ``currency`` (ISO 4217) is that of all prices, with ``decimals`` digits shown.
    ``prices_include_tax``: prices are entered with tax. ``taxes_enabled``: it works out taxes at
    all. ``country`` is ISO 3166-1 alpha-2, ``timezone`` a name (``Europe/Berlin``) or an offset
    (``+02:00``): that of people and reports, for all times here are UTC. ``weight_unit`` and
    ``dimension_unit`` are those of products. ``order_tables``: orders are kept in tables of their
    own (HPOS). Null where the store does not tell.
    """

    id: str
    store_id: str
    name: str | None
    url: str | None
    currency: str
    decimals: int | None
    prices_include_tax: bool | None
    taxes_enabled: bool | None
    country: str | None
    timezone: str | None
    language: str | None
    weight_unit: str | None
    dimension_unit: str | None
    order_tables: bool | None
    stock: StoreStock
    versions: StoreVersions
