"""The figures of a product are the same in the answer to a write and in the webhook after it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.model.delivery import Webhook
from agent.model.product import ItemWrite
from agent.woo import wire
from agent.woo.translate import figures, reading, store_product
from tests import recordings

HOMES = frozenset({reading.home(recordings.SOURCE)})
# (recorded batch, product id, the webhook that followed)
PAIRS = [
    ("products_batch_mixed", 10, 38),
    ("products_batch_mixed", 11, 39),
    ("variations_batch_mixed", 12, 40),
    ("variations_batch_mixed", 13, 41),
]


def _answered(name: str, product_id: int) -> Any:
    rows = recordings.rest(name)["response"]["body"]["update"]
    [row] = [row for row in rows if row["id"] == product_id and "error" not in row]
    return row


@pytest.mark.parametrize(("name", "product_id", "number"), PAIRS)
def test_recorded_answers_and_webhooks_have_the_same_figures(
    name: str, product_id: int, number: int
) -> None:
    row = _answered(name, product_id)
    shown = store_product.read(row | {"type": "simple"})
    assert shown is not None
    answers = wire.answers({"update": [row]}, [ItemWrite(shown, {})], 11)
    [answer] = answers.values()
    said = reading.read(_webhook(number), HOMES)
    assert answer.figures == said.figures
    assert answer.changed_at == said.changed_at


def test_every_figure_counts_and_nothing_else_does() -> None:
    row = _answered("products_batch_mixed", 10)
    digest = figures.digest(row)
    counted = {name for name in row if figures.digest(row | {name: "other"}) != digest}
    assert counted == {
        *("price", "regular_price", "sale_price", "on_sale", "purchasable"),
        *("date_on_sale_from_gmt", "date_on_sale_to_gmt"),
        *("manage_stock", "stock_quantity", "stock_status", "backordered"),
    }


def test_a_product_that_shows_another_figure_than_the_answer_has_other_figures() -> None:
    assert reading.read(_webhook(7), HOMES).figures != reading.read(_webhook(38), HOMES).figures


def _webhook(number: int) -> Webhook:
    hook = recordings.webhook(number)
    at = datetime(2026, 11, 24, tzinfo=UTC)
    return Webhook(at, hook.topic, recordings.SOURCE, "3", "d", hook.body)
