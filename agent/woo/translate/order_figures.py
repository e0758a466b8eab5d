"""What of an order a list can tell: whether its sums, lines or refunds are as they were told. Pure.

Where orders are posts, dates move only with status, note, dates or parent: who edits a line or the
total leaves them as they were (recording order_edit_moves_no_date of 8.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.model import content, money
from agent.woo.translate import fields

NAMES = ("total", "total_tax", "refunds", "line_items")


def digest(order: Mapping[str, Any]) -> bytes:
    """Equal for equal sums, refunds, and lines with their quantities; empty where one of those is
    not shown."""
    if any(name not in order for name in NAMES):
        return b""
    return content.digest(
        [
            *(money.canonical(order[name]) for name in ("total", "total_tax")),
            sorted(_pairs(order["refunds"], "total")),
            sorted(_pairs(order["line_items"], "quantity")),
        ]
    )


def _pairs(rows: object, name: str) -> list[tuple[int, str]]:
    return [
        (fields.reference(row.get("id")) or 0, money.canonical(row.get(name)) or "")
        for row in fields.rows(rows)
    ]
