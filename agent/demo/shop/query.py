"""List parameters: filters by date and id, order, pages, and ``_fields``."""

from __future__ import annotations

import operator
from datetime import UTC
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlencode

from agent.demo.shop import dates, php
from agent.demo.shop.refusal import invalid_params

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from agent.demo.shop.state import Shop

T = TypeVar("T")
D = TypeVar("D", bound="_Dated")
_PER_PAGE_MAX = 100


class _Dated(Protocol):
    """A row of which it is known when it was made and when it was last saved, in UTC."""

    created: datetime
    modified: datetime


def listed(
    shop: Shop,
    path: str,
    parameters: Mapping[str, str],
    rows: Iterable[T],
    keys: Mapping[str, Callable[[T], Any]],
    *,
    orderby: str = "date",
    order: str = "desc",
) -> tuple[list[T], dict[str, str]]:
    """One page of ``rows`` and the paging headers; rows that sort alike follow their id.

    ``keys`` maps each allowed ``orderby`` to what it sorts by; ``"id"`` is always among them.
    """
    per_page = shop.quirks.capped(_whole(parameters, "per_page", 10, _PER_PAGE_MAX))
    page = _whole(parameters, "page", 1, None)
    start = php.intval(parameters.get("offset", "")) or (page - 1) * per_page
    orderby = _one_of(parameters, "orderby", orderby, [*keys, "include"])
    descending = _one_of(parameters, "order", order, ["asc", "desc"]) == "desc"
    if orderby == "include":
        places = {wanted: place for place, wanted in enumerate(ids(parameters, "include"))}
        ordered = sorted(rows, key=lambda row: places.get(keys["id"](row), 0))
    else:
        by_id = sorted(rows, key=keys["id"], reverse=descending)
        ordered = sorted(by_id, key=keys[orderby], reverse=descending)
    total, pages = len(ordered), -(-len(ordered) // per_page)
    headers = shop.quirks.told({"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)})
    link = _page_links(shop.url(path), parameters, page, pages)
    if link:
        headers["Link"] = link
    return ordered[start : start + per_page], headers


def dated(shop: Shop, parameters: Mapping[str, str], rows: Iterable[D]) -> list[D]:
    """The rows inside ``after``, ``before``, ``modified_after`` and ``modified_before``.

    All four are exclusive, to the second, and in site time unless ``dates_are_gmt``.
    """
    shift = shop.utc_offset * (not php.boolean(parameters.get("dates_are_gmt", "")))
    for prefix, column in (("", "created"), ("modified_", "modified")):
        for side, outside in (("after", operator.le), ("before", operator.ge)):
            value = parameters.get(prefix + side)
            if value:
                bound = dates.column_value(prefix + side, value, shop.utc_offset)
                limit = bound.replace(tzinfo=UTC) - shift
                rows = [row for row in rows if not outside(getattr(row, column), limit)]
    return list(rows)


def ids(parameters: Mapping[str, str], name: str) -> list[int]:
    """``include=1,2,3`` as numbers."""
    return [php.intval(part) for part in words(parameters, name)]


def words(parameters: Mapping[str, str], name: str) -> list[str]:
    """A comma-separated parameter, without the blanks around its elements."""
    return [part.strip() for part in parameters.get(name, "").split(",") if part.strip()]


def fields(body: Any, wanted: str) -> Any:
    """``rest_filter_response_fields``: an object that keeps nothing is PHP's empty array."""
    names = [name.strip() for name in wanted.split(",")]
    if isinstance(body, list):
        return [_kept(row, names) for row in body]
    return _kept(body, names)


def _kept(body: dict[str, Any], names: list[str]) -> Any:
    tops = {name.partition(".")[0] for name in names}
    kept: dict[str, Any] = {}
    for top, value in body.items():
        if top not in tops:
            continue
        inner = [n.partition(".")[2] for n in names if n.partition(".")[0] == top]
        deep = isinstance(value, dict) and all(inner)
        kept[top] = _kept(value, inner) if deep else value
    return kept or []


def _whole(parameters: Mapping[str, str], name: str, default: int, top: int | None) -> int:
    value = parameters.get(name, "") or default
    if not php.is_integer(value):
        raise invalid_params({name: ("rest_invalid_type", f"{name} is not of type integer.")})
    number = php.intval(value)
    if top is not None and not 1 <= number <= top:
        message = f"{name} must be between 1 (inclusive) and {top} (inclusive)"
        raise invalid_params({name: ("rest_out_of_bounds", message)})
    if number < 1:
        message = f"{name} must be greater than or equal to 1"
        raise invalid_params({name: ("rest_out_of_bounds", message)})
    return number


def _one_of(parameters: Mapping[str, str], name: str, default: str, allowed: Iterable[str]) -> str:
    value = parameters.get(name) or default
    if value not in allowed:
        message = f"{name} is not one of {', '.join(allowed)}."
        raise invalid_params({name: ("rest_not_in_enum", message)})
    return value


def _page_links(url: str, parameters: Mapping[str, str], page: int, pages: int) -> str:
    """``rel="prev"`` (the last page there is, from past the end) and ``rel="next"``."""
    shown = {name: value for name, value in parameters.items() if not name.startswith("oauth_")}
    found = []
    if page > 1:
        found.append((min(page - 1, max(pages, 1)), "prev"))
    if page < pages:
        found.append((page + 1, "next"))
    links = [f'<{url}?{urlencode({**shown, "page": to})}>; rel="{rel}"' for to, rel in found]
    return ", ".join(links)
