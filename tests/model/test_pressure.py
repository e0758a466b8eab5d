"""The catalogue is refused first, orders last."""

from __future__ import annotations

import pytest

from agent.model import pressure
from agent.model.pressure import Room

ALL, ORDERS, NOTHING = Room.ENOUGH, Room.ORDERS, Room.NONE


@pytest.mark.parametrize(
    ("free", "room"), [(1000, ALL), (999, ORDERS), (250, ORDERS), (249, NOTHING), (0, NOTHING)]
)
def test_orders_go_on_down_to_a_quarter_of_what_should_be_free(free: int, room: Room) -> None:
    assert pressure.on_disk(free, 1000) is room


def test_nothing_has_to_be_free_where_that_is_not_asked_for() -> None:
    assert pressure.on_disk(0, 0) is ALL


@pytest.mark.parametrize(
    ("size", "room"), [(4999, ALL), (5000, ORDERS), (5499, ORDERS), (5500, NOTHING)]
)
def test_orders_go_on_until_a_tenth_beyond_the_largest_size(size: int, room: Room) -> None:
    assert pressure.in_database(size, 5000) is room


@pytest.mark.parametrize(
    ("topic", "needed"),
    [
        ("order.created", ORDERS),
        ("order.deleted", ORDERS),
        ("product.updated", ALL),
        ("customer.deleted", ALL),
        ("coupon.created", ALL),
        ("action.woocommerce_order_refunded", ALL),
        ("orders", ALL),
        ("", ALL),
    ],
)
def test_only_orders_may_use_the_reserve(topic: str, needed: Room) -> None:
    assert [room for room in Room if pressure.admits(topic, room)] == [
        room for room in Room if room >= needed
    ]
