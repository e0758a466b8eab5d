"""Data that plugins keep beside an order, a product or a person."""

from __future__ import annotations

from pydantic import BaseModel


class Meta(BaseModel, frozen=True, extra="forbid"):
    """One entry. ``value`` is text as it stands, and compact JSON where it is more than text.

    A key may be there more than once. Only keys that the store's owner allows by name are told.
    """

    key: str
    value: str
