"""An order that nobody placed, as the agent would tell it (the canonical model)."""

from __future__ import annotations

from typing import Any

SKU = "CONFORMANCE-1"

_LINE: dict[str, Any] = {
    "line_id": 1,
    "product_id": 1,
    "variation_id": None,
    "sku": SKU,
    "gtin": None,
    "name": "Conformance check, not a real product",
    "quantity": 1,
    "committed_units": 1,
    "restocked_units": 0,
    "unit_price": "10.00",
    "subtotal": "10.00",
    "subtotal_tax": "0.00",
    "total": "10.00",
    "total_tax": "0.00",
    "taxes": [],
    "meta": [],
}
_TOTALS = {
    "subtotal": "10.00",
    "discount": "0.00",
    "discount_tax": "0.00",
    "fees": "0.00",
    "shipping": "0.00",
    "shipping_tax": "0.00",
    "tax": "0.00",
    "total": "10.00",
    "refunded": "0.00",
}
_ORDER = {
    "order_key": None,
    "currency": "EUR",
    "prices_include_tax": False,
    "paid_at": None,
    "fulfilled_at": None,
    "store_status": "on-hold",
    "payment_status": "unpaid",
    "fulfilment_status": "unfulfilled",
    "customer": {"id": None, "customer_id": None, "kind": "guest", "email": None},
    "billing_address": None,
    "shipping_address": None,
    "lines": [_LINE],
    "shipping_lines": [],
    "fee_lines": [],
    "discount_lines": [],
    "tax_lines": [],
    "totals": _TOTALS,
    "refunds": [],
    "payment": {"method": None, "title": None, "transaction_id": None},
    "customer_note": None,
    "meta": [],
    "anomalies": [],
}


def order(number: int, at: str) -> dict[str, Any]:
    """``data`` of a snapshot of ``order/<number>``, created and changed ``at`` (RFC 3339)."""
    named = {"id": f"order/{number}", "order_id": number, "number": str(number)}
    return named | _ORDER | {"created_at": at, "modified_at": at}
