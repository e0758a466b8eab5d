"""Is this a CloudEvent 1.0 with the attributes of gateway protocol v1? Written out by hand.

A schema validator would take longer over an event than everything else the stand-in does with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES = (
    *(
        f"retail.{noun}.{what}.v1"
        for noun in ("order", "refund", "customer", "product", "coupon")
        for what in ("snapshot", "deleted")
    ),
    "retail.inventory.snapshot.v1",
    "retail.store.snapshot.v1",
    "retail.reconciliation.report.v1",
)
"""The types the contract names; other topics pass through as ``woocommerce.…``."""

_KNOWN_TYPES = frozenset(TYPES)
_PASSED_THROUGH = re.compile(r"woocommerce\.[\w-]+\.[\w-]+\.v[1-9]\d*", re.ASCII)
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SEQUENCE = re.compile(r"[0-9]{19}")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
_SUBJECT = re.compile(r"[a-z_]+/[^\ud800-\udfff]+")  # what SQLite takes as text
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_NAME = re.compile(r"[a-z0-9]+")  # CloudEvents 1.0, naming conventions


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    matches = pattern.fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


def _is_type(value: Any) -> bool:
    return isinstance(value, str) and (
        value in _KNOWN_TYPES or _PASSED_THROUGH.fullmatch(value) is not None
    )


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


_REQUIRED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "specversion": (lambda value: value == "1.0", '"1.0"'),
    "id": (_matching(_UUID7), "a UUIDv7 in lower case"),
    "type": (_is_type, "a type of the contract, or woocommerce.<resource>.<event>.v1"),
    "subject": (_matching(_SUBJECT), "<noun>/<id>"),
    "time": (_matching(_TIME), "an RFC 3339 time"),
    "datacontenttype": (lambda value: value == "application/json", '"application/json"'),
    "sequence": (_matching(_SEQUENCE), "19 digits"),
    "recordedtime": (_matching(_TIME), "an RFC 3339 time"),
    "correlationid": (_text, "a text"),
    "data": (lambda value: isinstance(value, dict), "an object"),
}
_OPTIONAL: dict[str, tuple[Callable[[Any], bool], str]] = {
    "source": (_text, "a text"),  # compared with the store's own first
    "dataschema": (_text, "a text"),
    "causationid": (_text, "a text"),
    "conflict": (_flag, "true or false"),
    "replay": (_flag, "true or false"),
    "backfill": (_flag, "true or false"),
    "erased": (_flag, "true or false"),
    "traceparent": (_matching(_TRACEPARENT), "a W3C trace context"),
}


def complaint(event: Any, store: str) -> str | None:
    """What is wrong with an event of this store, or None."""
    if not isinstance(event, dict):
        return "an event is a JSON object"
    get = event.get
    for name, (fits, expected) in _REQUIRED.items():
        if not fits(get(name)):
            return f"{name}: expected {expected}"
    if get("source") != f"urn:woo-agent:store:{store}":
        return f"source: expected urn:woo-agent:store:{store}"
    if "dataschema" not in event and event["type"].startswith("retail."):
        return "dataschema: expected the URN of the schema"
    return _extra_complaint(event)


def _extra_complaint(event: dict[str, Any]) -> str | None:
    for name in event.keys() - _REQUIRED.keys():
        if name in _OPTIONAL:
            fits, expected = _OPTIONAL[name]
            if not fits(event[name]):
                return f"{name}: expected {expected}"
        elif _NAME.fullmatch(name) is None:
            return f"{name}: attribute names are lower-case letters and digits"
    return None
