"""A postal address, as a customer typed it."""

from __future__ import annotations

from pydantic import BaseModel


class Address(BaseModel, frozen=True, extra="forbid"):
    """Whom and where; null where nothing was entered.

    ``country`` is ISO 3166-1 alpha-2, ``region`` the store's code or name of a state or province.
    """

    first_name: str | None
    last_name: str | None
    company: str | None
    line_1: str | None
    line_2: str | None
    postcode: str | None
    city: str | None
    region: str | None
    country: str | None
    phone: str | None
